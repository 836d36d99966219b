//! What only the back end knows (O-12, EX-5): whether a resource is a collection. It is asked only where the answer could change the
//! verdict, and every question here is of that one kind: if this is a collection, the request is refused.

use crate::{
    policy::{MaxDepth, Method},
    request::Depth,
    url::UpstreamPath,
};

use super::{Admitted, Denial, Permit};

/// What a request may do, as far as is known without the back end.
#[derive(Clone, Debug)]
pub enum Decision {
    /// All that was asked.
    Permit(Permit),
    /// It depends.
    Ask(Question),
}

/// What the back end says of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is nothing.
    Unmapped,
    /// There is something that is no collection.
    Resource,
    /// There is a collection.
    Collection,
    /// It did not say.
    Unknown,
}

/// One resource to ask of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    at: UpstreamPath,
    if_collection: Denial,
}

impl Ask {
    /// All that must be known before `admitted` may go on.
    pub(super) fn all(admitted: &Admitted) -> Vec<Self> {
        let (target, mut asks) = (&admitted.target, Vec::new());
        let mut ask = |at: &UpstreamPath, if_collection: Denial| {
            // One question is enough for two reasons.
            if asks.iter().all(|asked: &Self| asked.at != *at) {
                asks.push(Self {
                    at: at.clone(),
                    if_collection,
                });
            }
        };
        match target.method {
            Method::Propfind if admitted.depth > Some(deepest(admitted)) => {
                ask(&target.upstream, Denial::PropfindDepth)
            }
            Method::Delete | Method::Move if admitted.depth == Some(Depth::Zero) => {
                ask(&target.upstream, Denial::Depth)
            }
            Method::Delete | Method::Move if target.refuses_below(&target.public, target.method) => {
                ask(&target.upstream, Denial::RefusedBelow);
            }
            Method::Copy
                if admitted.depth == Some(Depth::Infinity) && target.refuses_below(&target.public, Method::Copy) =>
            {
                ask(&target.upstream, Denial::RefusedBelow);
            }
            Method::Put
                if target.route.backend.profile.habits().put_replaces
                    && target.refuses_below(&target.public, Method::Delete) =>
            {
                ask(&target.upstream, Denial::RefusedBelow);
            }
            // RFC 3253: with a Depth, or always, they change what a collection holds.
            Method::Update | Method::Merge | Method::Uncheckout | Method::Label | Method::BaselineControl
                if target.refuses_below(&target.public, target.method) =>
            {
                ask(&target.upstream, Denial::RefusedBelow);
            }
            _ => {}
        }
        if let Some(destination) = &admitted.destination {
            let writes = target.refuses_below(&destination.public, target.method);
            if writes {
                ask(&target.upstream, Denial::RefusedBelow);
            }
            if writes || target.refuses_below(&destination.public, Method::Delete) {
                ask(&destination.upstream, Denial::RefusedBelow);
            }
        }
        asks
    }
}

/// B-22: the Depth up to which a PROPFIND on a collection is served.
fn deepest(admitted: &Admitted) -> Depth {
    let route = &admitted.target.route;
    match route.limits.propfind_depth {
        MaxDepth::Zero => Depth::Zero,
        MaxDepth::Infinity if !route.backend.profile.habits().no_infinity => Depth::Infinity,
        MaxDepth::One | MaxDepth::Infinity => Depth::One,
    }
}

/// A permit that waits for the state of some resources.
#[derive(Clone, Debug)]
pub struct Question {
    permit: Permit,
    asks: Vec<Ask>,
}

impl Question {
    pub(super) fn new(permit: Permit, asks: Vec<Ask>) -> Self {
        Self { permit, asks }
    }

    /// What the permit will be for, to know where to ask.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The resources whose state must be known, in order.
    pub fn resources(&self) -> impl Iterator<Item = &UpstreamPath> {
        self.asks.iter().map(|ask| &ask.at)
    }

    /// The verdict, with the states in the order of [`Self::resources`]. What is not known counts as a collection, but for PROPFIND,
    /// which is then harmless: it asks for the resource alone.
    ///
    /// # Errors
    /// The refusal of the first resource that is a collection.
    pub fn answer(self, states: &[State]) -> Result<Permit, Denial> {
        let finite = self.permit.method() == Method::Propfind;
        for (number, ask) in self.asks.into_iter().enumerate() {
            match states.get(number).copied().unwrap_or(State::Unknown) {
                State::Collection => return Err(ask.if_collection),
                State::Unknown if !finite => return Err(ask.if_collection),
                State::Unknown | State::Unmapped | State::Resource => {}
            }
        }
        // B-22: on anything but a collection every Depth means the same, and 0 is the one that all back ends serve.
        Ok(if finite {
            self.permit.at_depth(Depth::Zero)
        } else {
            self.permit
        })
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
