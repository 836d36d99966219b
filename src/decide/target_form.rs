//! The forms of a request target (P-1 to P-4). In: its raw bytes. Out: what it addresses, taken apart, the path not yet judged.

use crate::url::{Authority, CanonicalPath, PathError, Scheme};

use super::Denial;

/// A request target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetForm<'a> {
    /// `*`.
    Asterisk,
    /// `/path?query`.
    Origin(Resource<'a>),
    /// `http://authority/path?query`.
    Absolute(&'a str, Resource<'a>),
}

/// Path and query.
pub(super) type Resource<'a> = (&'a [u8], Option<&'a str>);

impl<'a> TargetForm<'a> {
    /// Takes `raw` apart.
    pub(super) fn read(raw: &'a [u8]) -> Result<Self, Denial> {
        if raw.contains(&b'#') {
            return Err(Denial::Path(PathError::Fragment));
        }
        if raw == b"*" {
            return Ok(Self::Asterisk);
        }
        if raw.first() == Some(&b'/') {
            return Ok(Self::Origin(resource(raw)?));
        }
        let colon = raw.iter().position(|b| *b == b':').ok_or(Denial::TargetForm)?;
        let (scheme, rest) = raw.split_at_checked(colon).ok_or(Denial::TargetForm)?;
        let scheme = std::str::from_utf8(scheme).ok().and_then(Scheme::parse);
        let rest = rest
            .strip_prefix(b"://")
            .filter(|_| scheme.is_some())
            .ok_or(Denial::TargetForm)?;
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).ok_or(Denial::TargetForm)?;
        let authority = std::str::from_utf8(authority).map_err(|_| Denial::Authority)?;
        Ok(Self::Absolute(authority, resource(rest)?))
    }

    /// What is addressed; `None` is the server as a whole.
    pub(super) fn resource(&self) -> Option<Resource<'a>> {
        match self {
            Self::Asterisk => None,
            Self::Origin(resource) | Self::Absolute(_, resource) => Some(*resource),
        }
    }

    /// The authority of the absolute form.
    pub(super) fn authority(&self) -> Result<Option<Authority>, Denial> {
        match self {
            Self::Asterisk | Self::Origin(_) => Ok(None),
            Self::Absolute(text, _) => Authority::parse(text).map(Some).ok_or(Denial::Authority),
        }
    }
}

/// What is wrong with a head that is framed well, and that the HTTP library cannot read, by its target: if that is good, then it is no
/// match for Host, letter by letter, or Host is no authority.
pub fn unreadable(raw: &[u8]) -> Denial {
    match TargetForm::read(raw) {
        Err(denial) => denial,
        Ok(form) => match form.resource().map(|(path, _)| CanonicalPath::parse(path)) {
            Some(Err(error)) => Denial::Path(error),
            Some(Ok(_)) => Denial::Authority,
            None => Denial::TargetForm,
        },
    }
}

fn resource(raw: &[u8]) -> Result<Resource<'_>, Denial> {
    let mut parts = raw.splitn(2, |b| *b == b'?');
    let path = parts.next().filter(|path| !path.is_empty()).unwrap_or(b"/");
    // Deliberately any visible ASCII in a query: browsers write `{`, `|` and `\` there as they are, and no part of a query is ever
    // a path (P-13).
    let query = parts.next().map(|query| {
        let legal = query.iter().all(u8::is_ascii_graphic);
        std::str::from_utf8(query).ok().filter(|_| legal).ok_or(Denial::Query)
    });
    Ok((path, query.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // P-1, P-3, P-4
    #[test]
    fn forms() {
        let read = |raw: &'static str| {
            TargetForm::read(raw.as_bytes()).map(|form| {
                form.resource()
                    .map(|(path, query)| (std::str::from_utf8(path).unwrap(), query))
            })
        };
        assert_eq!(read("*"), Ok(None));
        assert_eq!(read("/a?b?c"), Ok(Some(("/a", Some("b?c")))));
        assert_eq!(read("//h/a"), Ok(Some(("//h/a", None))));
        assert_eq!(read("HTTP://h:1/a?b"), Ok(Some(("/a", Some("b")))));
        assert_eq!(read("https://h"), Ok(Some(("/", None))));
        assert_eq!(read("/a#b"), Err(Denial::Path(PathError::Fragment)));
        for bad in ["a", "h:80", "http:/a", "ftp://h/a", "://h/a", "%20/a"] {
            assert_eq!(read(bad), Err(Denial::TargetForm), "{bad}");
        }
        assert_eq!(read("/a?\u{e9}"), Err(Denial::Query));
        let userinfo = TargetForm::read(b"http://u@h/a").unwrap();
        assert_eq!(userinfo.authority(), Err(Denial::Authority));
        assert_eq!(unreadable(b"http://h/a"), Denial::Authority);
        assert_eq!(unreadable(b"http:/h/a"), Denial::TargetForm);
        assert_eq!(unreadable(b"/\xe9"), Denial::Path(PathError::NotUtf8));
        assert_eq!(unreadable(b"/a"), Denial::Authority);
        assert_eq!(unreadable(b"*"), Denial::TargetForm);
    }
}
