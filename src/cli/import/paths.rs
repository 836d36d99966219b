//! Path patterns as text. In: names of segments, patterns of rules. Out: patterns, and whether two of them can meet. A regex may
//! meet anything: what is not known counts as the stricter answer of each question.

/// `name` as a literal segment of a rule's path: letters of URLs as they are, the rest percent-encoded, also what patterns
/// give a meaning to.
pub fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Whether some key may match both patterns; `true` may be wrong.
pub fn overlap(ours: &str, theirs: &str) -> bool {
    match (segments(ours), segments(theirs)) {
        (Some(ours), Some(theirs)) => meet(&ours, &theirs),
        _ => true,
    }
}

/// Whether `outer` surely matches all that `inner` matches; `false` may be wrong.
pub fn covers(outer: &str, inner: &str) -> bool {
    match (segments(outer), segments(inner)) {
        (Some(outer), Some(inner)) => cover(&outer, &inner),
        (Some(outer), None) => outer == ["**"],
        (None, _) => outer == inner,
    }
}

/// The pattern's segments; `None` for a regex.
fn segments(pattern: &str) -> Option<Vec<&str>> {
    let path = pattern.strip_prefix('/')?;
    Some(path.split('/').filter(|segment| !segment.is_empty()).collect())
}

fn meet(ours: &[&str], theirs: &[&str]) -> bool {
    match (ours, theirs) {
        ([], []) => true,
        (["**", rest @ ..], other) | (other, ["**", rest @ ..]) => {
            (0..=other.len()).any(|skipped| meet(rest, other.get(skipped..).unwrap_or_default()))
        }
        ([our, our_rest @ ..], [their, their_rest @ ..]) => {
            (our == their || is_open(our) || is_open(their)) && meet(our_rest, their_rest)
        }
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

fn is_open(segment: &str) -> bool {
    segment.contains('*') || segment == "{user}"
}

fn cover(outer: &[&str], inner: &[&str]) -> bool {
    match (outer, inner) {
        ([], []) => true,
        (["**", rest @ ..], other) => {
            (0..=other.len()).any(|skipped| cover(rest, other.get(skipped..).unwrap_or_default()))
        }
        (_, ["**", ..]) => false,
        ([our, our_rest @ ..], [their, their_rest @ ..]) => {
            (our == their || *our == "*") && cover(our_rest, their_rest)
        }
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_and_cover() {
        // (a, b, overlap, a covers b, b covers a)
        let rows = [
            ("/**", "/a", true, true, false),
            ("/**", "/", true, true, false),
            ("/**", "/**", true, true, true),
            ("/a/**", "/a", true, true, false),
            ("/a/**", "/b/**", false, false, false),
            ("/a/**", "/a/b/**", true, true, false),
            ("/*", "/a", true, true, false),
            ("/*", "/", false, false, false),
            ("/*", "/a/b", false, false, false),
            ("/{user}", "/a", true, false, false),
            ("/*/**", "/{user}/x", true, true, false),
            ("/*/x", "/a/*", true, false, false),
            ("/*/x", "/a/y", false, false, false),
            ("/**/x", "/a/b/x", true, true, false),
            ("/**/x", "/a/**", true, false, false),
            ("~^/a$", "/b", true, false, false),
            ("~^/a$", "/**", true, false, true),
        ];
        for (a, b, meet, over, under) in rows {
            assert_eq!(overlap(a, b), meet, "{a} {b}");
            assert_eq!(overlap(b, a), meet, "{b} {a}");
            assert_eq!(covers(a, b), over, "{a} covers {b}");
            assert_eq!(covers(b, a), under, "{b} covers {a}");
        }
    }

    #[test]
    fn names_are_encoded() {
        let rows = [
            ("a b", "a%20b"),
            ("a*", "a%2A"),
            ("{user}", "%7Buser%7D"),
            ("100%", "100%25"),
            ("ö?", "%C3%B6%3F"),
        ];
        for (name, expected) in rows {
            assert_eq!(segment(name), expected);
            assert!(
                crate::rules::PathPattern::parse(&format!("/{}", segment(name))).is_ok(),
                "{name}"
            );
        }
    }
}
