//! LOCK (RFC 4918 section 14.11): shape, grammar (L-61) and the scope that is asked for. The owner is the client's own text and goes
//! through untouched.

use super::name::ExpandedName;
use super::refusal::XmlRefusal;
use super::shape::{Content, Shape, dav};
use super::tree::Element;

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
