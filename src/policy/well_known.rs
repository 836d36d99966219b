//! Where clients are sent that look for calendars and address books (RM-15, RFC 6764 section 5). In: a path. Out: the path that it stands
//! for, if it is one of the two names. Every other path below `/.well-known/` is a route's, or nobody's.

use crate::url::{CanonicalPath, PublicPath};

/// The names, and the public paths that they stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WellKnown {
    /// `/.well-known/caldav`.
    pub caldav: Option<PublicPath>,
    /// `/.well-known/carddav`.
    pub carddav: Option<PublicPath>,
}

impl WellKnown {
    /// What `path` stands for, with a slash at its end or without.
    pub fn place(&self, path: &CanonicalPath) -> Option<&PublicPath> {
        match path.key() {
            "/.well-known/caldav" => self.caldav.as_ref(),
            "/.well-known/carddav" => self.carddav.as_ref(),
            _ => None,
        }
    }

    /// The names that stand for something, with what that is.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &PublicPath)> {
        let both = [("caldav", &self.caldav), ("carddav", &self.carddav)];
        both.into_iter()
            .filter_map(|(name, place)| Some((name, place.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RM-15
    #[test]
    fn names() {
        let path = |text: &str| CanonicalPath::parse(text.as_bytes()).unwrap();
        let well_known = WellKnown {
            caldav: Some(PublicPath(path("/radicale/"))),
            carddav: None,
        };
        for (asked, expected) in [
            ("/.well-known/caldav", Some("/radicale/")),
            ("/.well-known/caldav/", Some("/radicale/")),
            ("/.well-known/%63aldav", Some("/radicale/")),
            ("/.well-known/carddav", None),
            ("/.well-known/CalDAV", None),
            ("/.well-known/caldav/x", None),
            ("/.well-known/", None),
            ("/.well-known/acme-challenge/caldav", None),
            ("/x/.well-known/caldav", None),
        ] {
            let found = well_known.place(&path(asked)).map(ToString::to_string);
            assert_eq!(found.as_deref(), expected, "{asked}");
        }
        assert_eq!(well_known.named().count(), 1);
    }
}
