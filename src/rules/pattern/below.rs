//! What a pattern says of everything below a collection: DELETE, MOVE and an overwriting COPY act on all of it at once, and
//! nobody has listed it. In: the collection's relative key. Out: whether the pattern may match something strictly below, and
//! whether it matches all of it. Where it cannot be known, it may match, and does not match all.

use super::{Kind, Part, PathPattern, segments};
use crate::rules::wildcard::GlobByte;

/// What may follow the literal beginning of a regex and take its last character back.
const QUANTIFIERS: [char; 4] = ['*', '+', '?', '{'];

impl PathPattern {
    /// Whether it can match a key strictly below `key`. For a regex only its literal beginning can say no.
    pub fn may_match_below(&self, key: &str, user: Option<&str>) -> bool {
        match &self.kind {
            Kind::Regex(_, beginning) => {
                let collection = format!("{key}/");
                collection.starts_with(&**beginning) || beginning.starts_with(&collection)
            }
            Kind::Segments(parts) => {
                let possible = |rest: &[Part]| !rest.is_empty() && (user.is_some() || !rest.contains(&Part::User));
                self.rests(parts, key, user).any(possible)
            }
        }
    }

    /// Whether it surely matches every key strictly below `key`.
    pub fn covers_below(&self, key: &str, user: Option<&str>) -> bool {
        match &self.kind {
            Kind::Regex(..) => false,
            Kind::Segments(parts) => self.rests(parts, key, user).any(matches_any_names),
        }
    }

    /// What is left of the pattern after `key`, in every way in which its beginning can match `key`. Costs at most segments
    /// times parts.
    fn rests<'a>(&self, parts: &'a [Part], key: &str, user: Option<&str>) -> impl Iterator<Item = &'a [Part]> {
        // The rests as numbers of parts already used; `**` may always be left, and is stayed in by every segment.
        let mut used = skip_depths(parts, vec![0]);
        for segment in segments(key) {
            let mut next = Vec::new();
            for at in used {
                match parts.get(at) {
                    Some(Part::AnyDepth) => next.push(at),
                    Some(part) if part.fits(segment, user) => next.push(at + 1),
                    Some(Part::Literal(_) | Part::User | Part::Glob(_)) | None => {}
                }
            }
            used = skip_depths(parts, next);
        }
        used.into_iter().filter_map(|at| parts.get(at..))
    }
}

/// `used`, and with each `**` that comes next also what is behind it; in order, each once.
fn skip_depths(parts: &[Part], used: Vec<usize>) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::with_capacity(used.len() + 1);
    for mut at in used {
        while all.last().is_none_or(|last| *last < at) {
            all.push(at);
            if parts.get(at) == Some(&Part::AnyDepth) {
                at += 1;
            }
        }
    }
    all
}

/// Whether `rest` matches any names, if there is at least one.
fn matches_any_names(rest: &[Part]) -> bool {
    let depths = rest.iter().filter(|part| **part == Part::AnyDepth).count();
    let anything = |part: &&Part| matches!(part, Part::Glob(bytes) if **bytes == [GlobByte::Star]);
    let names = rest.iter().filter(anything).count();
    depths > 0 && names < 2 && depths + names == rest.len()
}

/// The text with which everything begins that the regex `inner` (without `^` and `$`) matches; may be shorter than it could be.
pub(super) fn literal_beginning(inner: &str) -> &str {
    if inner.contains('|') {
        return "";
    }
    let literal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
    let end = inner.find(|c| !literal(c)).unwrap_or(inner.len());
    let (beginning, rest) = inner.split_at(end);
    if rest.starts_with(QUANTIFIERS) {
        beginning.get(..beginning.len().saturating_sub(1)).unwrap_or_default()
    } else {
        beginning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_collection() {
        // pattern, key, may match something below, matches all below
        let rows: &[(&str, &str, bool, bool)] = &[
            ("/**", "", true, true),
            ("/**", "/a/b", true, true),
            ("/", "", false, false),
            ("/a", "", true, false),
            ("/a", "/a", false, false),
            ("/a", "/b", false, false),
            ("/a/b/c", "/a", true, false),
            ("/a/b/c", "/a/c", false, false),
            ("/archive/**", "", true, false),
            ("/archive/**", "/archive", true, true),
            ("/archive/**", "/archive/x/y", true, true),
            ("/archive/**", "/archives", false, false),
            ("/inbox/*", "/rules", false, false),
            ("/inbox/*", "/inbox", true, false),
            ("/inbox/*", "/inbox/a", false, false),
            ("/*/**", "", true, true),
            ("/*/**", "/a", true, true),
            ("/**/*", "", true, true),
            ("/**/*/**", "/a", true, true),
            ("/*/*/**", "", true, false),
            ("/*/*/**", "/a", true, true),
            ("/a*/**", "", true, false),
            ("/a*/**", "/ab", true, true),
            ("/a/*/x", "/a", true, false),
            ("/a/*/x", "/a/b", true, false),
            ("/a/*/x", "/a/b/c", false, false),
            ("/a/*/x", "/a/b/x", false, false),
            ("/a/**/x", "/a/b/x", true, false),
            ("/a/**/x", "/b", false, false),
            ("/**/a/**", "/b/a/c", true, true),
            ("/**/a/**", "/b", true, false),
            ("/**/*.exe", "/a/b", true, false),
            ("~^/.*$", "", true, false),
            ("~^/a/[a-z]+$", "/a", true, false),
            ("~^/a/[a-z]+$", "/b", false, false),
            ("~^/a/[a-z]+$", "", true, false),
            ("~^/ab*/c$", "/a", true, false),
            ("~^/ab*/c$", "/x", false, false),
            ("~^/a|/b/c$", "/b", true, false),
            ("~^(?i)/a$", "/b", true, false),
        ];
        for (text, key, may, all) in rows {
            let pattern = PathPattern::parse(text).unwrap();
            assert_eq!(
                pattern.may_match_below(key, None),
                *may,
                "{text} may match below {key:?}"
            );
            assert_eq!(pattern.covers_below(key, None), *all, "{text} covers below {key:?}");
        }
        // A regex that ignores case has no beginning that could be compared.
        let folded = PathPattern::parse_folded("~^/A/.*$", str::to_lowercase, true).unwrap();
        assert!(folded.may_match_below("/a", None));
    }

    // A-20: `{user}` is one name, and nobody's where there is none
    #[test]
    fn below_with_the_requesters_name() {
        // pattern, key, who, may match something below, matches all below
        let rows: &[(&str, &str, Option<&str>, bool, bool)] = &[
            ("/home/{user}/**", "/home", Some("ann"), true, false),
            ("/home/{user}/**", "/home", None, false, false),
            ("/home/{user}/**", "/home/ann", Some("ann"), true, true),
            ("/home/{user}/**", "/home/ann/x", Some("ann"), true, true),
            ("/home/{user}/**", "/home/ann", Some("bob"), false, false),
            ("/home/{user}/**", "/home/ann", None, false, false),
            ("/home/{user}/**", "/home/a*", Some("a*"), true, true),
            ("/home/{user}/**", "/home/ann", Some("*"), false, false),
            ("/{user}/{user}", "/ann", Some("ann"), true, false),
            ("/{user}/{user}", "/ann/ann", Some("ann"), false, false),
            ("/**/{user}", "/x", Some("ann"), true, false),
            ("/**/{user}", "/x", None, false, false),
            ("/**/{user}/**", "/x/ann", Some("ann"), true, true),
        ];
        for (text, key, user, may, all) in rows {
            let pattern = PathPattern::parse_for_users(text, str::to_owned, false).unwrap();
            assert_eq!(
                pattern.may_match_below(key, *user),
                *may,
                "{text} may match below {key} for {user:?}"
            );
            assert_eq!(
                pattern.covers_below(key, *user),
                *all,
                "{text} covers below {key} for {user:?}"
            );
        }
    }

    #[test]
    fn beginnings_of_regexes() {
        let rows = [
            ("/a/b.*", "/a/b"),
            ("/a/b*", "/a/"),
            ("/ab?c", "/a"),
            ("/ab+", "/a"),
            ("/a{2}", "/"),
            (r"/a\.b", "/a"),
            ("/a|/b", ""),
            ("(/a)?", ""),
            ("a", "a"),
            ("", ""),
            ("/\u{e9}?", "/"),
        ];
        for (regex, beginning) in rows {
            assert_eq!(literal_beginning(regex), beginning, "{regex}");
        }
    }
}
