//! The ACL method (RFC 3744 section 8.1): shape and grammar (AM-1). Whether the principals and privileges exist is policy, not grammar.

use super::href::HrefUse;
use super::name::ExpandedName;
use super::refusal::XmlRefusal;
use super::shape::{Content, Shape, dav};
use super::tree::Element;

const PRINCIPAL: Shape = dav(
    "principal",
    Content::Elements(&[
        dav("href", Content::Url(HrefUse::AclPrincipal)),
        dav("all", Content::Empty),
        dav("authenticated", Content::Empty),
        dav("unauthenticated", Content::Empty),
        dav("property", Content::PropertyNames),
        dav("self", Content::Empty),
    ]),
);

/// Privileges of any namespace are kept: refusing an unknown one is the judge's business, dropping it would grant less than was said.
const PRIVILEGES: Content = Content::Elements(&[dav("privilege", Content::PropertyNames)]);

pub(super) static ROOTS: [Shape; 1] = [dav(
    "acl",
    Content::Elements(&[dav(
        "ace",
        Content::Elements(&[
            PRINCIPAL,
            dav("invert", Content::Elements(&[PRINCIPAL])),
            dav("grant", PRIVILEGES),
            dav("deny", PRIVILEGES),
            dav("protected", Content::Empty),
            dav(
                "inherited",
                Content::Elements(&[dav("href", Content::Url(HrefUse::AclInherited))]),
            ),
        ]),
    )]),
)];

/// Checks an `acl` that fits its shape.
///
/// # Errors
/// AM-1: `MalformedAcePrincipal`, `MalformedAceAction` or `MalformedPrivilege`.
pub(super) fn verify(root: &Element) -> Result<(), XmlRefusal> {
    root.elements().try_for_each(|ace| {
        let count = |local| ace.named(ExpandedName::dav(local)).count();
        let principals = ace
            .named(ExpandedName::dav("principal"))
            .chain(ace.named(ExpandedName::dav("invert")).flat_map(Element::elements));
        let mut kinds = principals.map(|principal| principal.elements().count());
        if count("principal") + count("invert") != 1 || kinds.next() != Some(1) || kinds.next().is_some() {
            return Err(XmlRefusal::MalformedAcePrincipal);
        }
        if count("grant") + count("deny") != 1 {
            return Err(XmlRefusal::MalformedAceAction);
        }
        let actions = ace
            .named(ExpandedName::dav("grant"))
            .chain(ace.named(ExpandedName::dav("deny")));
        let mut privileges = actions
            .flat_map(Element::elements)
            .map(|privilege| privilege.elements().count())
            .peekable();
        if privileges.peek().is_some() && privileges.all(|named| named == 1) {
            Ok(())
        } else {
            Err(XmlRefusal::MalformedPrivilege)
        }
    })
}
