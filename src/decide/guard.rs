//! What holds a write to the state of resources that it was permitted for. In: what a probe found, and the states in which the
//! request would have been refused. Out: conditions that make the back end refuse it then; or nothing, where the back end has none that
//! says so: the gateway must then keep other writes off until the answer is there.
//!
//! What a collection needs includes what a file needs (a test pins it), so a verdict about a collection is wrong only if the collection
//! is gone: that it exists is all that must hold. So it does not matter that collections have no entity tag one could rely on.

use crate::{
    policy::{Method, profile::Conditions},
    request::{If, State, if_header, single::is_entity_tag_list},
};

/// What a probe found at a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Whether it is there, and what it is.
    pub state: State,
    /// Its entity tag as the back end writes it.
    pub etag: Option<String>,
}

impl From<State> for Found {
    fn from(state: State) -> Self {
        Self { state, etag: None }
    }
}

/// A condition that the gateway adds to a request; the client's own stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing is at the target: `If-None-Match: *`.
    Absent,
    /// Something is at the target: `If-Match: *`.
    Present,
    /// The target has this strong entity tag: `If-Match`.
    Version(String),
    /// The target has this weak entity tag, which `If-Match` never matches (RFC 9110 section 13.1.1): `If`, in every list.
    WeakVersion(String),
    /// Nothing is at Destination: `Overwrite: F`.
    NotReplacing,
}

/// A state that was found, and others that would be refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race<'a> {
    /// What was found.
    pub found: &'a Found,
    /// The states in which the request is refused.
    pub refused: &'a [State],
}

/// What holds `method` to what was found at its target. `None`: these conditions cannot. `here` is the target as a tag of If names it.
pub(super) fn at_target(
    method: Method,
    can: Conditions,
    race: Race<'_>,
    own: Option<&If>,
    here: &str,
) -> Option<Guard> {
    let makes = matches!(method, Method::Put | Method::Patch | Method::Post | Method::Lock);
    match race.found.state {
        State::Unmapped => (makes && can.absent).then_some(Guard::Absent),
        State::Resource if makes || method == Method::Delete => version(method, can, race, own, here),
        State::Collection => (makes && can.present && race.refused == [State::Unmapped]).then_some(Guard::Present),
        State::Resource | State::Unknown => None,
    }
}

/// What holds COPY or MOVE to what was found at Destination.
pub(super) fn at_destination(method: Method, race: Race<'_>) -> Option<Guard> {
    let replaces = matches!(method, Method::Copy | Method::Move);
    (replaces && race.found.state == State::Unmapped).then_some(Guard::NotReplacing)
}

fn version(method: Method, can: Conditions, race: Race<'_>, own: Option<&If>, here: &str) -> Option<Guard> {
    let present = || (can.present && race.refused == [State::Unmapped]).then_some(Guard::Present);
    let Some(etag) = race.found.etag.as_deref() else {
        return present();
    };
    if etag.starts_with('"') && can.version && is_entity_tag_list(etag.as_bytes(), false) {
        return Some(Guard::Version(etag.to_owned()));
    }
    let weak = can.weak_version && if_header::is_entity_tag(etag);
    // A list about another resource cannot be made to speak of this one as well; and where DELETE has one without a tag, mod_dav holds
    // it against the collection around it, too.
    let speaks_of_it = |tag: Option<&str>| tag.map_or(method != Method::Delete, |tag| tag == here);
    let speaks_of_it = own.is_none_or(|own| own.lists().iter().all(|list| speaks_of_it(list.tag.as_deref())));
    if weak && speaks_of_it {
        return Some(Guard::WeakVersion(etag.to_owned()));
    }
    present()
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
