//! SEARCH (RFC 5323): shape of a basic search and of query schema discovery. Each scope is a URL reference that needs `read`; a
//! grammar whose scopes cannot be found is refused, because it could search anywhere.

use super::href::HrefUse;
use super::name::ExpandedName;
use super::refusal::XmlRefusal;
use super::shape::{Content, Shape, dav};
use super::tree::Element;

const BASIC_SEARCH: Shape = dav(
    "basicsearch",
    Content::Elements(&[
        dav(
            "select",
            Content::Elements(&[dav("allprop", Content::Empty), dav("prop", Content::PropertyNames)]),
        ),
        dav(
            "from",
            Content::Elements(&[dav(
                "scope",
                Content::Elements(&[
                    dav("href", Content::Url(HrefUse::SearchScope)),
                    dav("depth", Content::Text),
                    dav("include-versions", Content::Empty),
                ]),
            )]),
        ),
        // Operators may come from any namespace, and literals are data.
        dav("where", Content::Opaque),
        dav("orderby", Content::Opaque),
        dav("limit", Content::Elements(&[dav("nresults", Content::Text)])),
    ]),
);

pub(super) static ROOTS: [Shape; 2] = [
    dav("searchrequest", Content::Elements(&[BASIC_SEARCH])),
    dav("query-schema-discovery", Content::Elements(&[BASIC_SEARCH])),
];

/// Checks a search that fits its shape: exactly one basic search.
///
/// # Errors
/// `UnsupportedSearchGrammar`.
pub(super) fn verify(root: &Element) -> Result<(), XmlRefusal> {
    if root.named(ExpandedName::dav("basicsearch")).count() == 1 {
        Ok(())
    } else {
        Err(XmlRefusal::UnsupportedSearchGrammar)
    }
}
