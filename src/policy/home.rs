//! Where the principals of a route have their homes (RM-20). In: a pattern of the configuration, and a name. Out: the path of the home, below
//! the route. Names that are no segment of a path have none (RM-6).

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::url::CanonicalPath;

/// What stands for the name.
const USER: &str = "{user}";

/// `/{user}/` or `/home/{user}/`: a collection below the route, and in it one for each principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomePattern {
    parent: CanonicalPath,
}

impl HomePattern {
    /// Reads a pattern; `None`: it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let parent = text.strip_suffix('/')?.strip_suffix(USER)?;
        let plain = parent.ends_with('/') && !parent.contains(['{', '}', '*', '?', '#']);
        let parent = plain.then(|| CanonicalPath::parse(parent.as_bytes()).ok()).flatten()?;
        // Read again from the wire form, so that non-ASCII in the file does not count as raw bytes in a request (P-2).
        let parent = CanonicalPath::parse(parent.to_string().as_bytes()).ok()?;
        Some(Self { parent })
    }

    /// The home of `name`, relative to the route.
    pub fn of(&self, name: &str) -> Option<CanonicalPath> {
        let segment = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let home = CanonicalPath::parse(format!("/{segment}/").as_bytes()).ok()?;
        let one = home.segments().eq([name]);
        one.then(|| home.below(&self.parent).ok()).flatten()
    }
}

impl fmt::Display for HomePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{USER}/", self.parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RM-20
    #[test]
    fn patterns() {
        for (text, expected) in [
            ("/{user}/", Some("/ann/")),
            ("/home/{user}/", Some("/home/ann/")),
            ("/h\u{f6}me/a b/{user}/", None),
            ("/h\u{f6}me/{user}/", Some("/h%C3%B6me/ann/")),
            ("/{user}", None),
            ("{user}/", None),
            ("/", None),
            ("/home/", None),
            ("/x{user}/", None),
            ("/{user}/calendars/", None),
            ("/{user}/{user}/", None),
            ("/*/{user}/", None),
            ("/../{user}/", None),
        ] {
            let home = HomePattern::parse(text).and_then(|pattern| pattern.of("ann"));
            assert_eq!(home.map(|home| home.to_string()).as_deref(), expected, "{text}");
        }
        assert_eq!(
            HomePattern::parse("/home/{user}/").unwrap().to_string(),
            "/home/{user}/"
        );
    }

    // RM-6: one segment, and the same name
    #[test]
    fn names() {
        let pattern = HomePattern::parse("/{user}/").unwrap();
        for (name, expected) in [
            ("ann", Some("/ann/")),
            ("ann@example.org", Some("/ann@example.org/")),
            ("a b", Some("/a%20b/")),
            ("\u{fc}", Some("/%C3%BC/")),
            ("{user}", Some("/%7Buser%7D/")),
            ("..", None),
            (".", None),
            ("", None),
            ("a/b", None),
            ("a\\b", None),
            ("%2e%2e", None),
            ("u\u{308}", None),
        ] {
            let home = pattern.of(name).map(|home| home.to_string());
            assert_eq!(home.as_deref(), expected, "{name:?}");
        }
    }
}
