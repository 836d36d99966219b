//! PROPPATCH (RFC 4918 section 14.19): shape, grammar (B-67) and which properties it changes.

use super::name::ExpandedName;
use super::refusal::XmlRefusal;
use super::shape::{Content, Shape, dav};
use super::tree::Element;

/// `set` holds values, with URLs only in live properties; a dead property is never touched.
pub(super) const SET: Shape = dav("set", Content::Elements(&[dav("prop", Content::PropertyValues)]));

const REMOVE: Shape = dav("remove", Content::Elements(&[dav("prop", Content::PropertyNames)]));

pub(super) static ROOTS: [Shape; 1] = [dav("propertyupdate", Content::Elements(&[SET, REMOVE]))];

/// One property that a PROPPATCH, MKCOL or MKCALENDAR changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyChange<'a> {
    /// It is given a value.
    Set(ExpandedName<'a>),
    /// It is removed.
    Remove(ExpandedName<'a>),
}

impl<'a> PropertyChange<'a> {
    /// The property.
    pub fn name(&self) -> ExpandedName<'a> {
        match self {
            Self::Set(name) | Self::Remove(name) => *name,
        }
    }
}

/// Checks that every `set` and `remove` of `root` holds exactly one `prop`: of two, one back end takes the first and another both.
///
/// # Errors
/// `ChangeWithoutProp`.
pub(super) fn verify_changes(root: &Element) -> Result<(), XmlRefusal> {
    if root.elements().all(|change| change.elements().count() == 1) {
        Ok(())
    } else {
        Err(XmlRefusal::ChangeWithoutProp)
    }
}

/// Checks a `propertyupdate` that fits its shape.
///
/// # Errors
/// B-67: `EmptyPropertyUpdate` or `ChangeWithoutProp`.
pub(super) fn verify(root: &Element) -> Result<(), XmlRefusal> {
    if root.elements().next().is_none() {
        return Err(XmlRefusal::EmptyPropertyUpdate);
    }
    verify_changes(root)
}

/// The properties that the `set` and `remove` elements of `root` change, in document order, which is the order they are done in.
pub(super) fn changes(root: &Element) -> impl Iterator<Item = PropertyChange<'_>> {
    root.elements().flat_map(|change| {
        let removes = change.name().is_dav("remove");
        change.elements().flat_map(Element::elements).map(move |property| {
            let name = property.name();
            if removes {
                PropertyChange::Remove(name)
            } else {
                PropertyChange::Set(name)
            }
        })
    })
}
