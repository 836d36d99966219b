//! What only the back end knows (O-12, EX-5): what is at a resource. The verdict is a pure function of it. It is worked out for every
//! state there could be; only where the verdicts differ is the back end asked, and only about the resource that makes the difference.

use crate::{
    policy::{MaxDepth, Method, profile::Conditions},
    request::Depth,
    url::{PublicPath, UpstreamPath},
};

use super::{
    Admitted, Denial, Found, Permit, collision,
    guard::{self, Guard, Race},
    listing::{self, Way},
    privileges,
};

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
pub(super) struct States {
    /// At T.
    pub target: State,
    /// At D.
    pub destination: State,
}

impl States {
    const UNKNOWN: Self = Self {
        target: State::Unknown,
        destination: State::Unknown,
    };

    /// Every pair of states that this may be in truth.
    pub fn possible(self) -> impl Iterator<Item = Self> {
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
    /// What is permitted, as far as that is known.
    pub fn permit(&self) -> &Permit {
        match self {
            Self::Permit(permit) => permit,
            Self::Ask(question) => question.permit(),
        }
    }

    /// Decides about `permit` as far as that is possible now.
    pub(super) fn about(permit: Permit) -> Result<Self, Denial> {
        let known = States {
            target: at_target(permit.admitted()),
            ..States::UNKNOWN
        };
        let verdicts: Vec<(States, Result<Way, Denial>)> = known
            .possible()
            .map(|states| (states, judge(permit.admitted(), states)))
            .collect();
        let ways = verdicts.first().and_then(|(_, verdict)| verdict.as_ref().ok().copied());
        if let Some(way) = ways.filter(|way| verdicts.iter().all(|(_, verdict)| verdict.as_ref() == Ok(way))) {
            return Ok(Self::Permit(permit.by(way)));
        }
        // Whatever it is, the same is said, so that the refusal does not tell.
        if let (Some((_, Err(first))), true) = (verdicts.first(), verdicts.iter().all(|(_, verdict)| verdict.is_err()))
        {
            return Err(first.clone());
        }
        let differs = |by: fn(&States) -> State, other: fn(&States) -> State| {
            verdicts.iter().any(|(a, first)| {
                let mut twins = verdicts.iter().filter(|(b, _)| other(a) == other(b) && by(a) != by(b));
                twins.any(|(_, second)| first.as_ref().ok() != second.as_ref().ok())
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

/// What is at the target as far as its URL says: where GET asks for a path with a slash, or for the root of the route, it is taken for a
/// collection. If it is none, no more is refused than what nobody asks for.
fn at_target(admitted: &Admitted) -> State {
    let target = &admitted.target;
    let collection = target.public.0.slash() || target.key().is_empty();
    if matches!(target.method, Method::Get | Method::Head) && collection {
        State::Collection
    } else {
        State::Unknown
    }
}

/// The verdict where both states are known.
fn judge(admitted: &Admitted, states: States) -> Result<Way, Denial> {
    let target = &admitted.target;
    if states.target == State::Collection && matches!(target.method, Method::Get | Method::Head) {
        // That it may be read at all is judged as of a file.
        privileges::judge(admitted, State::Resource, states.destination)?;
        return listing::judge(admitted);
    }
    let collection = states.target == State::Collection;
    if collection && target.method == Method::Propfind && admitted.depth > Some(deepest(admitted)) {
        return Err(Denial::PropfindDepth);
    }
    if below(admitted, states).any(|(path, method)| target.refuses_below(path, method)) {
        return Err(Denial::RefusedBelow);
    }
    privileges::judge(admitted, states.target, states.destination)?;
    // Not before: to whoever may not make it, it would tell what is there.
    if target.method == Method::Mkcol && states.target != State::Unmapped && target.route.backend.profile.makes_again {
        return Err(collision::taken(target));
    }
    // Not before: to whoever may not delete it, it would tell what it is.
    let whole = matches!(target.method, Method::Delete | Method::Move);
    if collection && whole && admitted.depth == Some(Depth::Zero) {
        return Err(Denial::Depth);
    }
    Ok(Way::Forward)
}

/// Who answers where the states are known as far as this.
fn way_of(permit: &Permit, known: States) -> Result<Way, Denial> {
    let mut ways = known.possible().map(|states| judge(permit.admitted(), states));
    let first = ways.next().unwrap_or(Ok(Way::Forward))?;
    ways.try_for_each(|way| match way? {
        way if way == first => Ok(()),
        // A listing of what may be no collection.
        Way::Forward | Way::List => Err(Denial::Listing),
    })?;
    Ok(first)
}

/// Below which resources the filter must let which methods pass everywhere, with these states.
pub(super) fn below(admitted: &Admitted, states: States) -> impl Iterator<Item = (&PublicPath, Method)> {
    let target = &admitted.target;
    let of_target = match target.method {
        Method::Delete | Method::Move => Some(target.method),
        Method::Copy if admitted.depth == Some(Depth::Infinity) => Some(Method::Copy),
        Method::Put if target.route.backend.profile.put_replaces => Some(Method::Delete),
        // RFC 3253: with a Depth, or always, they change what a collection holds.
        Method::Update | Method::Merge | Method::Uncheckout | Method::Label | Method::BaselineControl => {
            Some(target.method)
        }
        _ => None,
    };
    let of_target = of_target.filter(|_| states.target == State::Collection);
    let whole = [states.target, states.destination].contains(&State::Collection);
    let replaced = states.destination == State::Collection;
    let of_destination = [(whole, target.method), (replaced, Method::Delete)];
    let destination = admitted.destination.iter().flat_map(move |found| {
        let applies = of_destination.into_iter().filter(|(applies, _)| *applies);
        applies.map(|(_, method)| (&found.public, method))
    });
    of_target
        .map(|method| (&target.public, method))
        .into_iter()
        .chain(destination)
}

/// B-22: the Depth up to which a PROPFIND on a collection is served.
fn deepest(admitted: &Admitted) -> Depth {
    let route = &admitted.target.route;
    match route.limits.propfind_depth {
        MaxDepth::Zero => Depth::Zero,
        MaxDepth::Infinity if !route.backend.profile.no_infinity => Depth::Infinity,
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

    /// Whether the state of target and Destination must be known.
    pub fn about(&self) -> (bool, bool) {
        (self.target, self.destination)
    }

    /// The resources whose state must be known, in order.
    pub fn resources(&self) -> impl Iterator<Item = &UpstreamPath> {
        let target = self.target.then(|| self.permit.upstream());
        let destination = self.permit.destination().filter(|_| self.destination);
        target.into_iter().chain(destination.map(|found| &found.upstream))
    }

    /// The resources of the request, and whether each is in question: first the target, then Destination if there is one.
    pub fn places(&self) -> impl Iterator<Item = (&UpstreamPath, bool)> {
        let destination = self.permit.destination();
        let destination = destination.map(|found| (&found.upstream, self.destination));
        std::iter::once((self.permit.upstream(), self.target)).chain(destination)
    }

    /// Whether no condition could hold the back end to the state that a write is permitted for, whatever it is: then other
    /// writes must be kept off before the question is asked.
    pub fn needs_turn(&self) -> bool {
        let can = self.permit.route().backend.profile.conditions;
        let method = self.permit.method();
        let replaces = matches!(method, Method::Copy | Method::Move);
        // Rules that are only told hold nothing.
        let enforced = self.judged.is_none();
        enforced && !method.is_safe() && self.target && (replaces || can == Conditions::NONE)
    }

    /// The verdict, with what was found in the order of [`Self::resources`]. What is not known counts as everything it could be, the
    /// strict reading; but for PROPFIND, which is then harmless: it asks for the resource alone.
    ///
    /// # Errors
    /// The first refusal that the states lead to.
    pub fn answer(self, found: &[Found]) -> Result<Permit, Denial> {
        let mut rest = found.iter();
        let unknown = Found::from(State::Unknown);
        let mut next = |asked: bool| match asked {
            true => rest.next().unwrap_or(&unknown),
            false => &unknown,
        };
        let (target, destination) = (next(self.target), next(self.destination));
        let mut known = States {
            target: target.state,
            destination: destination.state,
        };
        let finite = self.permit.method() == Method::Propfind;
        if finite && known.target == State::Unknown {
            known.target = State::Resource;
        }
        let way = way_of(&self.permit, known)?;
        let (guards, open) = self.guards(known, target, destination);
        let elsewise = self.elsewise(known);
        let reported = self.judged.and_then(|judged| way_of(&judged, known).err());
        let permit = match reported {
            Some(denial) => self.permit.reporting(denial),
            None => self.permit,
        };
        // B-22: on anything but a collection every Depth means the same, and 0 is the one that all back ends serve.
        Ok(if finite && known.target != State::Collection {
            permit.at_depth(Depth::Zero)
        } else {
            permit.guarded(guards, open).by(way).concealing(elsewise)
        })
    }

    /// What would have refused the write, were something else at a resource in question that the principal may not read: the first such.
    fn elsewise(&self, known: States) -> Option<Denial> {
        let target = &self.permit.admitted().target;
        if target.method.is_safe() {
            return None;
        }
        let hidden = |path: &PublicPath| !privileges::reads(target, path);
        let all = [State::Resource, State::Collection, State::Unmapped];
        let at_target = all.iter().filter(|_| self.target && hidden(&target.public));
        let at_target = at_target.map(|state| States {
            target: *state,
            ..known
        });
        let destination = self
            .permit
            .destination()
            .filter(|found| self.destination && hidden(&found.public));
        let at_destination = destination.into_iter().flat_map(|_| all.iter());
        let at_destination = at_destination.map(|state| States {
            destination: *state,
            ..known
        });
        let mut others = at_target.chain(at_destination);
        others.find_map(|states| way_of(&self.permit, states).err())
    }

    /// What holds the permitted write to what was found, and whether something is left that no condition holds.
    fn guards(&self, known: States, target: &Found, destination: &Found) -> (Vec<Guard>, bool) {
        let (mut guards, mut open) = (Vec::new(), false);
        let method = self.permit.method();
        if method.is_safe() {
            return (guards, open);
        }
        let refused = |other: fn(State, States) -> States| -> Vec<State> {
            let all = State::Unknown.possible().iter().copied();
            let refused = |state: &State| {
                let mut truths = other(*state, known).possible();
                truths.any(|states| judge(self.permit.admitted(), states).is_err())
            };
            all.filter(refused).collect()
        };
        let mut hold = |guard: Option<Guard>| match guard {
            Some(guard) => guards.push(guard),
            None => open = true,
        };
        let at_target = refused(|target, known| States { target, ..known });
        if self.target && !at_target.is_empty() {
            let route = self.permit.route();
            let race = Race {
                found: target,
                refused: &at_target,
            };
            let can = route.backend.profile.conditions;
            let here = self.permit.told_url(self.permit.upstream());
            hold(guard::at_target(method, can, race, self.permit.if_header(), &here));
        }
        let at_destination = refused(|destination, known| States { destination, ..known });
        if self.destination && !at_destination.is_empty() {
            let race = Race {
                found: destination,
                refused: &at_destination,
            };
            hold(guard::at_destination(method, race));
        }
        (guards, open)
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
