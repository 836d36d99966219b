//! LOCK (RFC 4918 section 14.11): shape, grammar (L-61) and the scope that is asked for. The owner is the client's own text and goes
//! through untouched.

use super::lock_mark;
use super::name::ExpandedName;
use super::refusal::XmlRefusal;
use super::shape::{Content, Shape, dav};
use super::tree::Element;
use super::writer::standing_alone;

/// The longest owner that is kept with a lock, in bytes.
pub const LONGEST_OWNER: usize = 8 << 10;

pub(super) static ROOTS: [Shape; 1] = [dav(
    "lockinfo",
    Content::Elements(&[
        dav("lockscope", Content::PropertyNames),
        dav("locktype", Content::PropertyNames),
        dav("owner", Content::Opaque),
    ]),
)];

/// The two scopes of RFC 4918 section 6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockScope {
    /// No other lock beside it.
    Exclusive,
    /// Other shared locks beside it.
    Shared,
}

/// Reads a `lockinfo` that fits its shape: the scope of the write lock it asks for.
///
/// # Errors
/// L-61: `MalformedLockInfo`, or a scope or type that does not exist.
pub(super) fn read(root: &Element) -> Result<LockScope, XmlRefusal> {
    let scope = choice(root, "lockscope")?;
    let kind = choice(root, "locktype")?;
    if root.named(ExpandedName::dav("owner")).count() > 1 {
        return Err(XmlRefusal::MalformedLockInfo);
    }
    if !kind.is_dav("write") {
        return Err(XmlRefusal::UnsupportedLockType);
    }
    if scope.is_dav("exclusive") {
        Ok(LockScope::Exclusive)
    } else if scope.is_dav("shared") {
        Ok(LockScope::Shared)
    } else {
        Err(XmlRefusal::UnsupportedLockScope)
    }
}

/// The `owner` in it, as XML that stands by itself: every prefix that was declared around it is declared on it.
pub(super) fn owner(root: &Element) -> Option<String> {
    let mut owner = root.named(ExpandedName::dav("owner")).next()?.clone();
    // A client's own is worth nothing, and would not come back (L-8).
    lock_mark::take(&mut owner);
    let text = standing_alone(&owner, &[root]);
    (text.len() <= LONGEST_OWNER).then_some(text)
}

/// The name of the only element in the only `holder`.
fn choice<'a>(root: &'a Element, holder: &'static str) -> Result<ExpandedName<'a>, XmlRefusal> {
    only(root.named(ExpandedName::dav(holder)))
        .and_then(|holder| only(holder.elements()))
        .map(Element::name)
        .ok_or(XmlRefusal::MalformedLockInfo)
}

fn only<'a>(mut elements: impl Iterator<Item = &'a Element>) -> Option<&'a Element> {
    let first = elements.next()?;
    elements.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::{body, kind::BodyKind, limits::XmlLimits};

    #[test]
    fn owner_by_itself() {
        // L-9: verbatim from the request, and whole wherever it is put
        let lockinfo = |declared: &str, owner: &str| {
            let text = format!(
                "<D:lockinfo xmlns:D='DAV:'{declared}><D:lockscope><D:exclusive/></D:lockscope>\
                 <D:locktype><D:write/></D:locktype>{owner}</D:lockinfo>"
            );
            let body = body::parse(BodyKind::LockInfo, text.as_bytes(), None, &XmlLimits::default()).unwrap();
            body.lock_owner()
        };
        let long = format!("<D:owner>{}</D:owner>", "x".repeat(super::LONGEST_OWNER));
        for (name, declared, owner, expected) in [
            ("none", "", "", None),
            (
                "text",
                "",
                "<D:owner>a&amp;b</D:owner>",
                Some("<D:owner xmlns:D=\"DAV:\">a&amp;b</D:owner>"),
            ),
            ("empty", "", "<D:owner/>", Some("<D:owner xmlns:D=\"DAV:\"/>")),
            (
                "an inner prefix from outside",
                " xmlns:q='urn:q'",
                "<D:owner><q:x a='1'/></D:owner>",
                Some("<D:owner xmlns:D=\"DAV:\" xmlns:q=\"urn:q\"><q:x a=\"1\"/></D:owner>"),
            ),
            (
                "its own goes before one from outside",
                " xmlns:q='urn:q'",
                "<D:owner xmlns:q='urn:r'><q:x/></D:owner>",
                Some("<D:owner xmlns:q=\"urn:r\" xmlns:D=\"DAV:\"><q:x/></D:owner>"),
            ),
            (
                "no namespace stays none",
                "",
                "<D:owner><x/></D:owner>",
                Some("<D:owner xmlns:D=\"DAV:\" xmlns=\"\"><x/></D:owner>"),
            ),
            ("too long to be kept", "", &long, None),
        ] {
            assert_eq!(lockinfo(declared, owner).as_deref(), expected, "{name}");
        }
    }
}
