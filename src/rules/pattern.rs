//! The path pattern of a rule. In: the text of the file and whether the route folds case. Out: a matcher for keys relative
//! to the route: "/a/b", decoded segments in NFC as RFC 3986 section 6 and the canonical path give them; "" is the route's
//! root. A trailing slash never counts. Passes: what can be a path; the rest is an error, since a rule that matches nothing
//! by mistake is a hole.

mod below;

use std::borrow::Cow;

use regex::Regex;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::wildcard::{GlobByte, glob, wild_match};
use crate::url::{CanonicalPath, PathError};

/// A compiled pattern: literal segments, `*` for one segment or part of one, `**` for any number of segments (also none),
/// `{user}` for the segment that the requester's name is; or `~^...$`, a regex over the whole relative key.
#[derive(Clone, Debug)]
pub struct PathPattern {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Segments(Box<[Part]>),
    /// The regex, and the text that everything it matches begins with.
    Regex(Regex, Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    AnyDepth,
    Literal(Box<str>),
    /// The requester's name, compared as a whole.
    User,
    Glob(Box<[GlobByte]>),
}

/// What stands for the requester's name.
const USER: &str = "{user}";

/// Why a text is no pattern; each message says what is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Neither a path nor a regex.
    #[error("expected a path that begins with /, such as /archive/**, or a regex such as ~^/[a-z]+$")]
    NotAPath,
    /// `{user}` where rules do not know of a requester.
    #[error("{{user}} can stand in access rules only")]
    NoUserHere,
    /// `{user}` inside a name or a regex.
    #[error("{{user}} must stand alone between slashes; expected a path such as /home/{{user}}/**")]
    PartialUser,
    /// A character with a meaning of its own in URLs or patterns.
    #[error("{0:?} cannot stand in a path; expected its percent-encoded form")]
    Character(char),
    /// A brace elsewhere than in `{user}`.
    #[error("{{ and }} stand in {{user}} only, the name of who is asking; expected that, or %7B and %7D")]
    Brace,
    /// No canonical path is so, and the rule could never match.
    #[error("{0}; expected a path as it stands in a URL, without ., .., // or encoded separators")]
    NotCanonical(PathError),
    /// `//`, which canonical paths never hold.
    #[error("the path holds an empty segment; expected one slash between names")]
    EmptySegment,
    /// `a**` or the like.
    #[error("** must stand alone between slashes; expected * for a part of a name")]
    PartialDepth,
    /// The regex does not say where it begins and ends.
    #[error("expected a regex over the whole path: ~^...$")]
    Unanchored,
    /// A character of a regex that is several once letter case is ignored, as names are compared then.
    #[error("{0:?} cannot stand in a regex where letter case is ignored; expected {1:?}")]
    Folded(char, String),
    /// The regex does not compile.
    #[error("not a valid regex: {0}")]
    Regex(String),
}

impl PathPattern {
    /// Reads a pattern for routes whose back end tells upper from lower case.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::parse_folded(text, str::to_owned, false)
    }

    /// Reads a pattern whose literals go through `fold`, the same function that folds the keys it will meet (P-8).
    /// `ignore_case` does the same for a regex.
    pub fn parse_folded(text: &str, fold: impl Fn(&str) -> String, ignore_case: bool) -> Result<Self, PatternError> {
        if text.contains(USER) {
            return Err(PatternError::NoUserHere);
        }
        Self::parse_for_users(text, fold, ignore_case)
    }

    /// As [`Self::parse_folded`], where `{user}` may stand for the requester's name.
    pub fn parse_for_users(text: &str, fold: impl Fn(&str) -> String, ignore_case: bool) -> Result<Self, PatternError> {
        if text.starts_with('~') && text.contains(USER) {
            return Err(PatternError::PartialUser);
        }
        let kind = match (text.strip_prefix('~'), text.strip_prefix('/')) {
            (Some(regex), _) => {
                let mut folded = regex.nfc().map(|c| (c, fold(c.encode_utf8(&mut [0; 4]))));
                if let Some((c, folded)) = folded.find(|(_, folded)| folded.chars().count() > 1) {
                    return Err(PatternError::Folded(c, folded));
                }
                whole_regex(regex, ignore_case)?
            }
            (None, Some(path)) => Kind::Segments(parts(path, &fold)?),
            (None, None) => return Err(PatternError::NotAPath),
        };
        Ok(Self {
            text: text.into(),
            kind,
        })
    }

    /// The text as the file has it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `{user}` is in it: then it matches nothing for whoever has no name.
    pub fn names_user(&self) -> bool {
        match &self.kind {
            Kind::Regex(..) => false,
            Kind::Segments(parts) => parts.contains(&Part::User),
        }
    }

    /// Whether the relative key `key` ("" or "/a/b") matches, where `{user}` stands for the segment `user`, if for anything.
    /// Costs at most segments times parts of the pattern.
    pub fn matches(&self, key: &str, user: Option<&str>) -> bool {
        match &self.kind {
            Kind::Regex(regex, _) => regex.is_match(key),
            Kind::Segments(parts) => wild_match(
                parts.iter(),
                segments(key),
                |part| **part == Part::AnyDepth,
                |part, segment| part.fits(segment, user),
            ),
        }
    }

    /// Whether every key matches.
    pub fn covers_everything(&self) -> bool {
        match &self.kind {
            Kind::Regex(..) => false,
            Kind::Segments(parts) => !parts.is_empty() && parts.iter().all(|part| *part == Part::AnyDepth),
        }
    }

    /// Whether `other` surely matches all that this one matches. Best effort: `true` is proved, `false` may be wrong.
    pub fn is_covered_by(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Regex(ours, _), Kind::Regex(theirs, _)) => ours.as_str() == theirs.as_str(),
            (Kind::Segments(_), Kind::Regex(..)) => false,
            (Kind::Regex(..), Kind::Segments(_)) => other.covers_everything(),
            // A `**` of ours is a letter that only their `**` can spell, so one algorithm answers both questions.
            (Kind::Segments(ours), Kind::Segments(theirs)) => wild_match(
                theirs.iter(),
                ours.iter(),
                |part| **part == Part::AnyDepth,
                |theirs, ours| theirs.covers(ours),
            ),
        }
    }

    /// The literal segments the pattern begins with: no key without them can match.
    pub fn literal_prefix(&self) -> impl Iterator<Item = &str> {
        let parts: &[Part] = match &self.kind {
            Kind::Regex(..) => &[],
            Kind::Segments(parts) => parts,
        };
        parts.iter().map_while(|part| match part {
            Part::Literal(name) => Some(&**name),
            Part::AnyDepth | Part::User | Part::Glob(_) => None,
        })
    }
}

impl Part {
    fn fits(&self, segment: &str, user: Option<&str>) -> bool {
        match self {
            Self::AnyDepth => false,
            Self::User => user == Some(segment),
            Self::Literal(name) => **name == *segment,
            Self::Glob(bytes) => wild_match(
                bytes.iter(),
                segment.bytes(),
                |byte| byte.is_star(),
                |byte, found| **byte == GlobByte::Is(*found),
            ),
        }
    }

    fn covers(&self, narrower: &Self) -> bool {
        match (self, narrower) {
            (Self::Literal(_) | Self::Glob(_), Self::Literal(name)) => self.fits(name, None),
            (Self::Glob(ours), Self::Glob(theirs)) => wild_match(
                ours.iter(),
                theirs.iter(),
                |byte| byte.is_star(),
                |ours, theirs| ours == theirs,
            ),
            // Whatever the name is, one star matches it; a glob with letters may not.
            (Self::Glob(ours), Self::User) => **ours == [GlobByte::Star],
            (Self::User, Self::User) => true,
            (Self::AnyDepth, _) | (_, Self::AnyDepth) => false,
            (Self::User, Self::Literal(_) | Self::Glob(_)) | (Self::Literal(_), Self::User | Self::Glob(_)) => false,
        }
    }
}

/// The segments of a relative key; none for the root.
pub(super) fn segments(key: &str) -> impl Iterator<Item = &str> + Clone {
    key.split('/').skip(1)
}

fn whole_regex(text: &str, ignore_case: bool) -> Result<Kind, PatternError> {
    // Keys are in NFC: what is not would never match.
    let text: String = text.nfc().collect();
    let inner = text
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix('$'))
        .ok_or(PatternError::Unanchored)?;
    let build = |pattern: &str| {
        regex::RegexBuilder::new(pattern)
            .case_insensitive(ignore_case)
            .build()
            .map_err(|error| match error {
                // The crate draws the pattern over several lines; the last one says what is wrong.
                regex::Error::Syntax(drawing) => PatternError::Regex(
                    drawing
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .trim_start_matches("error: ")
                        .to_owned(),
                ),
                other => PatternError::Regex(other.to_string()),
            })
    };
    // Alone first: `a)(?:b` is balanced only inside our group. The group: `^a|b$` means all of `a` or all of `b`.
    build(inner)?;
    // One letter has several forms when case is ignored, and then no text is the beginning of all matches.
    let beginning = if ignore_case {
        ""
    } else {
        below::literal_beginning(inner)
    };
    Ok(Kind::Regex(build(&format!(r"\A(?:{inner})\z"))?, beginning.into()))
}

fn parts(path: &str, fold: &impl Fn(&str) -> String) -> Result<Box<[Part]>, PatternError> {
    // A name for each requester; what is left of it stands inside a name.
    let mut plain = Cow::Borrowed(path);
    if path.contains(USER) {
        let segments = path.split('/');
        let segments = segments.map(|segment| if segment == USER { "_" } else { segment });
        plain = segments.collect::<Vec<_>>().join("/").into();
        if plain.contains(USER) {
            return Err(PatternError::PartialUser);
        }
    }
    if let Some(found) = plain.chars().find(|c| matches!(c, '{' | '}' | '?' | '#')) {
        return Err(match found {
            '{' | '}' => PatternError::Brace,
            other => PatternError::Character(other),
        });
    }
    // People write blanks as they are. Whether the rest can be a path, the one path algorithm says, with a letter for each star.
    let escaped = |path: &str| path.strip_suffix('/').unwrap_or(path).replace(' ', "%20");
    CanonicalPath::parse(format!("/{}", escaped(&plain).replace('*', "_")).as_bytes())
        .map_err(PatternError::NotCanonical)?;
    let path = escaped(path);
    if path.is_empty() {
        return Ok(Box::default());
    }
    path.split('/').map(|segment| part(segment, fold)).collect()
}

fn part(segment: &str, fold: &impl Fn(&str) -> String) -> Result<Part, PatternError> {
    if segment == "**" {
        return Ok(Part::AnyDepth);
    }
    if segment == USER {
        return Ok(Part::User);
    }
    if segment.contains("**") {
        return Err(PatternError::PartialDepth);
    }
    if segment.is_empty() {
        return Err(PatternError::EmptySegment);
    }
    // Only a raw `*` is a wildcard, `%2A` is a name's own: so split before decoding, as P-4 does with slashes.
    if !segment.contains('*') {
        return Ok(Part::Literal(literal(segment, fold)?.into()));
    }
    let pieces = segment
        .split('*')
        .map(|piece| literal(piece, fold))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Part::Glob(glob(&pieces)))
}

fn literal(piece: &str, fold: &impl Fn(&str) -> String) -> Result<String, PatternError> {
    let decoded = percent_encoding::percent_decode_str(piece)
        .decode_utf8()
        .map_err(|_| PatternError::NotCanonical(PathError::NotUtf8))?;
    // What is in NFC, nearly everything, is not copied for it.
    Ok(if is_nfc(&decoded) {
        fold(&decoded)
    } else {
        fold(&decoded.nfc().collect::<String>())
    })
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
