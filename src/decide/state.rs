//! What only the back end knows (O-12, EX-5): what is at a resource. The verdict is a pure function of it. It is worked out for every
//! state there could be; only where the verdicts differ is the back end asked, and only about the resource that makes the difference.

use crate::{
    policy::{MaxDepth, Method},
    request::Depth,
    url::UpstreamPath,
};

use super::{Admitted, Denial, Permit};

pub use crate::request::State;

/// What a request may do, as far as is known without the back end.
#[derive(Clone, Debug)]
pub enum Decision {
    /// All that was asked.
    Permit(Permit),
    /// It depends.
    Ask(Question),
}

/// What is at the target and at Destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct States {
    target: State,
    destination: State,
}

impl States {
    const UNKNOWN: Self = Self {
        target: State::Unknown,
        destination: State::Unknown,
    };

    /// Every pair of states that this may be in truth.
    fn possible(self) -> impl Iterator<Item = Self> {
        let destinations = self.destination.possible();
        self.target.possible().iter().flat_map(move |target| {
            destinations.iter().map(move |destination| Self {
                target: *target,
                destination: *destination,
            })
        })
    }
}

impl Decision {
    /// Decides about `permit` as far as that is possible now.
    pub(super) fn about(permit: Permit) -> Result<Self, Denial> {
        let verdicts: Vec<(States, Result<(), Denial>)> = States::UNKNOWN
            .possible()
            .map(|states| (states, judge(permit.admitted(), states)))
            .collect();
        let Some((_, first)) = verdicts.first() else {
            return Ok(Self::Permit(permit));
        };
        if verdicts.iter().all(|(_, verdict)| verdict == first) {
            return first.clone().map(|()| Self::Permit(permit));
        }
        let differs = |by: fn(&States) -> State, other: fn(&States) -> State| {
            verdicts.iter().any(|(a, first)| {
                let mut twins = verdicts.iter().filter(|(b, _)| other(a) == other(b) && by(a) != by(b));
                twins.any(|(_, second)| first != second)
            })
        };
        Ok(Self::Ask(Question {
            target: differs(|states| states.target, |states| states.destination),
            destination: differs(|states| states.destination, |states| states.target),
            permit,
            judged: None,
        }))
    }
}

/// The verdict where both states are known.
fn judge(admitted: &Admitted, states: States) -> Result<(), Denial> {
    let target = &admitted.target;
    if states.target == State::Collection {
        match target.method {
            Method::Propfind if admitted.depth > Some(deepest(admitted)) => return Err(Denial::PropfindDepth),
            Method::Delete | Method::Move if admitted.depth == Some(Depth::Zero) => return Err(Denial::Depth),
            Method::Delete | Method::Move if target.refuses_below(&target.public, target.method) => {
                return Err(Denial::RefusedBelow);
            }
            Method::Copy
                if admitted.depth == Some(Depth::Infinity) && target.refuses_below(&target.public, Method::Copy) =>
            {
                return Err(Denial::RefusedBelow);
            }
            Method::Put
                if target.route.backend.profile.habits().put_replaces
                    && target.refuses_below(&target.public, Method::Delete) =>
            {
                return Err(Denial::RefusedBelow);
            }
            // RFC 3253: with a Depth, or always, they change what a collection holds.
            Method::Update | Method::Merge | Method::Uncheckout | Method::Label | Method::BaselineControl
                if target.refuses_below(&target.public, target.method) =>
            {
                return Err(Denial::RefusedBelow);
            }
            _ => {}
        }
    }
    if let Some(destination) = &admitted.destination {
        let whole = [states.target, states.destination].contains(&State::Collection);
        if whole && target.refuses_below(&destination.public, target.method) {
            return Err(Denial::RefusedBelow);
        }
        if states.destination == State::Collection && target.refuses_below(&destination.public, Method::Delete) {
            return Err(Denial::RefusedBelow);
        }
    }
    super::privileges::judge(admitted, states.target, states.destination)
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
    pub(super) permit: Permit,
    pub(super) target: bool,
    pub(super) destination: bool,
    /// In report mode the permit that the rules would give: their refusal is only told.
    pub(super) judged: Option<Box<Permit>>,
}

impl Question {
    /// What the permit will be for, to know where to ask.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The resources whose state must be known, in order.
    pub fn resources(&self) -> impl Iterator<Item = &UpstreamPath> {
        let target = self.target.then(|| self.permit.upstream());
        let destination = self.permit.destination().filter(|_| self.destination);
        target.into_iter().chain(destination.map(|found| &found.upstream))
    }

    /// The verdict, with the states in the order of [`Self::resources`]. What is not known counts as everything it could be, the strict
    /// reading; but for PROPFIND, which is then harmless: it asks for the resource alone.
    ///
    /// # Errors
    /// The first refusal that the states lead to.
    pub fn answer(self, states: &[State]) -> Result<Permit, Denial> {
        let mut states = states.iter().copied();
        let mut next = |asked: bool| match asked {
            true => states.next().unwrap_or(State::Unknown),
            false => State::Unknown,
        };
        let mut known = States {
            target: next(self.target),
            destination: next(self.destination),
        };
        let finite = self.permit.method() == Method::Propfind;
        if finite && known.target == State::Unknown {
            known.target = State::Resource;
        }
        let judge = |permit: &Permit| known.possible().try_for_each(|states| judge(permit.admitted(), states));
        judge(&self.permit)?;
        let reported = self.judged.and_then(|judged| judge(&judged).err());
        let permit = match reported {
            Some(denial) => self.permit.reporting(denial),
            None => self.permit,
        };
        // B-22: on anything but a collection every Depth means the same, and 0 is the one that all back ends serve.
        Ok(if finite && known.target != State::Collection {
            permit.at_depth(Depth::Zero)
        } else {
            permit
        })
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
