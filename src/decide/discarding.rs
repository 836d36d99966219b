//! PROPPATCH where the gateway answers it and nothing is kept (`dead_properties: discard`). In: a permit that the locks let pass, and what is
//! at its target. Out: the multistatus that says what would have been set.
//!
//! It is meant for clients that set properties of their own after each upload and take a refusal for a failed upload, Windows
//! Explorer among them, in front of back ends that keep none.

use crate::{
    policy::{DeadProperties, Method},
    request::State,
    xml::{
        multistatus::change_answer,
        name::{DAV, ExpandedName},
    },
};

use super::{Cleared, Denial, Permit};

/// What of `DAV:` RFC 4918 section 15 wants a client to be able to set. All else in that namespace is live, its value computed: a client may
/// not be told that it was changed.
const SETTABLE: [&str; 3] = ["displayname", "getcontentlanguage", "getcontenttype"];

/// Whether the gateway itself answers a request with this permit.
pub fn discards(permit: &Permit) -> bool {
    permit.route().dead_properties == DeadProperties::Discard && permit.method() == Method::Proppatch
}

/// The body of the 207, where `state` is at the target; `None`: nothing is there (404).
///
/// # Errors
/// Nothing is there and the principal may not know; or If depends on what only a back end knows (L-25).
pub fn answer(cleared: &Cleared, state: State) -> Result<Option<String>, Denial> {
    // What is left of it would be the back end's to judge, and that is not asked.
    if cleared.if_header().is_some() {
        return Err(Denial::IfFalse);
    }
    let slash = match state {
        State::Unmapped => return cleared.collision(404).map_or(Ok(None), Err),
        State::Collection => true,
        State::Resource | State::Unknown => cleared.public().0.slash(),
    };
    let href = cleared.public().0.clone().with_slash(slash).to_string();
    let changes = cleared.read_body().map(|body| body.property_changes());
    let names: Vec<ExpandedName<'_>> = changes.iter().flatten().map(|change| change.name()).collect();
    Ok(Some(change_answer(&href, &names, is_protected)))
}

fn is_protected(name: ExpandedName<'_>) -> bool {
    name.namespace == DAV && !SETTABLE.contains(&name.local)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4918 section 15
    #[test]
    fn what_is_protected() {
        for (local, expected) in [
            ("displayname", false),
            ("getcontentlanguage", false),
            ("getcontenttype", false),
            ("creationdate", true),
            ("getcontentlength", true),
            ("getetag", true),
            ("getlastmodified", true),
            ("lockdiscovery", true),
            ("resourcetype", true),
            ("supportedlock", true),
            ("acl", true),
            ("sync-token", true),
        ] {
            assert_eq!(is_protected(ExpandedName::dav(local)), expected, "{local}");
            assert!(
                !is_protected(ExpandedName::new("urn:x", local)),
                "{local} of another namespace"
            );
        }
    }
}
