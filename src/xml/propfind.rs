//! PROPFIND (RFC 4918 section 14.20): shape, grammar (B-66) and what it asks for.

use super::name::ExpandedName;
use super::refusal::XmlRefusal;
use super::shape::{Content, Shape, dav};
use super::tree::Element;

pub(super) static ROOTS: [Shape; 1] = [dav(
    "propfind",
    Content::Elements(&[
        dav("propname", Content::Empty),
        dav("allprop", Content::Empty),
        dav("include", Content::PropertyNames),
        dav("prop", Content::PropertyNames),
    ]),
)];

/// What a PROPFIND asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Propfind<'a> {
    /// All dead properties and those RFC 4918 defines, and the included ones. An empty body asks for this too.
    AllProp {
        /// The names in `include`, in order.
        include: Vec<ExpandedName<'a>>,
    },
    /// The names of all properties.
    PropName,
    /// These properties, in order.
    Prop(Vec<ExpandedName<'a>>),
}

impl Propfind<'static> {
    /// What a PROPFIND without a body asks for (RFC 4918 section 9.1).
    pub fn without_body() -> Self {
        Self::AllProp { include: Vec::new() }
    }
}

/// Reads a `propfind` that fits its shape.
///
/// # Errors
/// B-66: not exactly one of prop, allprop and propname, or a misplaced include.
pub(super) fn read(root: &Element) -> Result<Propfind<'_>, XmlRefusal> {
    let mut choice = None;
    let mut include = None;
    for element in root.elements() {
        let names = || element.elements().map(Element::name).collect();
        let earlier = match element.name().local {
            "include" => include.replace(names()).is_some(),
            "propname" => choice.replace(Propfind::PropName).is_some(),
            "allprop" => choice.replace(Propfind::without_body()).is_some(),
            _ => choice.replace(Propfind::Prop(names())).is_some(),
        };
        if earlier {
            return Err(XmlRefusal::PropfindAmbiguous);
        }
    }
    match (choice, include) {
        (None, _) => Err(XmlRefusal::PropfindWithoutChoice),
        (Some(Propfind::AllProp { .. }), Some(include)) => Ok(Propfind::AllProp { include }),
        (Some(Propfind::PropName | Propfind::Prop(_)), Some(_)) => Err(XmlRefusal::IncludeWithoutAllprop),
        (Some(choice), None) => Ok(choice),
    }
}
