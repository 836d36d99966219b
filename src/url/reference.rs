//! URL references: what a piece of text is, and what it names under an origin and a prefix (R-4 to R-9, B-31 to B-33).

use super::{
    authority::{Authority, Origin, Scheme},
    path::{CanonicalPath, PathError},
};

/// A URL reference taken apart without judging its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A scheme other than http and https: never ours.
    OtherScheme,
    /// `http://authority/…` or `https://…`.
    Absolute {
        /// The scheme.
        scheme: Scheme,
        /// The authority as written, userinfo included.
        authority: &'a str,
        /// Path, query and fragment.
        target: Target<'a>,
    },
    /// `//authority/…`: an authority form, not a path.
    NetworkPath {
        /// The authority as written.
        authority: &'a str,
        /// Path, query and fragment.
        target: Target<'a>,
    },
    /// `/…`.
    AbsolutePath(Target<'a>),
    /// Anything else, the empty text included.
    Relative(Target<'a>),
}

/// Path, query and fragment as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path; empty when an authority stands alone.
    pub path: &'a str,
    /// What follows `?`.
    pub query: Option<&'a str>,
    /// What follows `#`.
    pub fragment: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn split(text: &'a str) -> Self {
        let (rest, fragment) = match text.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (text, None),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        Self { path, query, fragment }
    }

    /// Whether there is neither query nor fragment.
    pub fn is_bare(&self) -> bool {
        self.query.is_none() && self.fragment.is_none()
    }

    /// The canonical path; an empty one (authority alone) is the root.
    pub fn canonical(&self) -> Result<CanonicalPath, PathError> {
        if self.path.is_empty() {
            Ok(CanonicalPath::root())
        } else {
            CanonicalPath::parse(self.path.as_bytes())
        }
    }

    /// Query and fragment as they were, to be put behind a mapped path.
    pub fn suffix(&self) -> String {
        let mut out = String::new();
        for (mark, part) in [('?', self.query), ('#', self.fragment)] {
            if let Some(part) = part {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }
}

impl<'a> Reference<'a> {
    /// Takes `text` apart after stripping XML white space.
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if let Some(rest) = text.strip_prefix("//") {
            let (authority, target) = split_authority(rest);
            return Self::NetworkPath { authority, target };
        }
        if text.starts_with('/') {
            return Self::AbsolutePath(Target::split(text));
        }
        let Some((scheme, rest)) = split_scheme(text) else {
            return Self::Relative(Target::split(text));
        };
        match (Scheme::parse(scheme), rest.strip_prefix("//")) {
            (Some(scheme), Some(rest)) => {
                let (authority, target) = split_authority(rest);
                Self::Absolute {
                    scheme,
                    authority,
                    target,
                }
            }
            (Some(_), None) | (None, _) => Self::OtherScheme,
        }
    }
}

fn split_authority(rest: &str) -> (&str, Target<'_>) {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at_checked(end).unwrap_or((rest, ""));
    (authority, Target::split(target))
}

fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let legal = bytes.next()?.is_ascii_alphabetic()
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    legal.then_some((scheme, rest))
}

/// The names under which one server is known (R-4, B-32).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownAs {
    authorities: Vec<Authority>,
    hosts: Vec<String>,
}

impl KnownAs {
    /// The given names, each with its port; under either scheme.
    pub fn new(authorities: Vec<Authority>) -> Self {
        Self {
            authorities,
            hosts: Vec::new(),
        }
    }

    /// Adds a name with its port.
    pub fn add(&mut self, authority: Authority) {
        if !self.authorities.contains(&authority) {
            self.authorities.push(authority);
        }
    }

    /// Adds a host name, lower case, that is this server's under every port.
    pub fn add_host(&mut self, name: &str) {
        self.hosts.push(name.to_owned());
    }

    /// Whether `authority` is one of them.
    pub fn includes(&self, authority: &Authority) -> bool {
        self.hosts.iter().any(|name| name == authority.host())
            || self.authorities.iter().any(|known| known.same_as(authority))
    }
}

/// Writes a path the way the reference it replaces was written: absolute with `origin`, or path-absolute.
pub fn in_the_form_of(reference: &Reference<'_>, origin: &Origin, path: &CanonicalPath, suffix: &str) -> String {
    match reference {
        Reference::Absolute { .. } => format!("{origin}{path}{suffix}"),
        Reference::NetworkPath { .. } => format!("//{}{path}{suffix}", origin.authority),
        Reference::AbsolutePath(_) | Reference::Relative(_) | Reference::OtherScheme => format!("{path}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn kinds() {
        let kind = |text: &'static str| match Reference::parse(text) {
            Reference::OtherScheme => "other".to_owned(),
            Reference::Absolute {
                scheme,
                authority,
                target,
            } => {
                format!("{} {authority} {}{}", scheme.as_str(), target.path, target.suffix())
            }
            Reference::NetworkPath { authority, target } => format!("net {authority} {}", target.path),
            Reference::AbsolutePath(t) => format!("abs {}{}", t.path, t.suffix()),
            Reference::Relative(t) => format!("rel {}{}", t.path, t.suffix()),
        };
        let rows = [
            ("mailto:a@b", "other"),
            ("opaquelocktoken:x/y", "other"),
            ("DAV:", "other"),
            ("urn:uuid:1", "other"),
            ("http:/x", "other"),
            ("HTTP://A/b?c#d", "http A /b?c#d"),
            (" https://a ", "https a "),
            ("http://a?q", "http a ?q"),
            ("//h/x", "net h /x"),
            ("/x?y", "abs /x?y"),
            ("x/y", "rel x/y"),
            ("", "rel "),
            ("1a:b", "rel 1a:b"),
        ];
        for (text, expected) in rows {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    // R-4, B-32
    #[test]
    fn names() {
        let authority = |text: &str| Authority::parse(text).unwrap();
        let mut known = KnownAs::new(vec![authority("127.0.0.1:8081")]);
        known.add(authority("plain.test"));
        known.add_host("dav.test");
        for (text, ours) in [
            ("127.0.0.1:8081", true),
            ("127.0.0.1", false),
            ("plain.test", true),
            ("plain.test:443", true),
            ("plain.test:8080", false),
            ("dav.test", true),
            ("DAV.test:8080", true),
            ("dav.test.evil", false),
            ("evil.dav.test", false),
        ] {
            assert_eq!(known.includes(&authority(text)), ours, "{text}");
        }
    }
}
