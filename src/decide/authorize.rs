//! Whether a principal may do what a request asks (O-7, O-9, O-11, O-12), and whether the back end must be asked first (EX-5). In: the
//! access rules as the principal meets them, the operation, where its resources are, and what is known to be there. Out: granted,
//! refused with all that is missing, or the resources whose state would make a difference.

use crate::access::{AccessOf, Ace, Privilege, Scope};
use crate::request::State;
use crate::request::operation::{Need, Needs, Operation, Subject};

/// Where the resources of a request are: keys relative to the route.
#[derive(Clone, Debug, Default)]
pub struct Places<'a> {
    /// T.
    pub target: &'a str,
    /// D, of COPY and MOVE; of BIND, UNBIND and REBIND the member.
    pub destination: Option<&'a str>,
    /// What the body names.
    pub named: Vec<&'a str>,
    /// The root of the lock, if it is known: UNLOCK.
    pub lock_root: Option<&'a str>,
    /// The collection that gets the new member: POST to its add-member URL.
    pub add_member_collection: Option<&'a str>,
}

/// What access rules say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// Everything needed is granted, whatever is there.
    Granted,
    /// This is missing, and something would be whatever is there.
    Refused(Vec<Missing<'a>>),
    /// It depends on what is there.
    Ask {
        /// What is at T.
        target: bool,
        /// What is at D.
        destination: bool,
    },
}

/// A privilege that is needed and not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing<'a> {
    /// On which resource.
    pub subject: Subject,
    /// Its key; `None`: it is outside of the route, where nothing is granted.
    pub key: Option<String>,
    /// Whether it is missing there or may be missing below.
    pub scope: Scope,
    /// What.
    pub privilege: Privilege,
    /// The rule that denies it; `None`: no rule grants it.
    pub by: Option<&'a Ace>,
}

/// Judges `operation`, where `target` and `destination` are at T and D as far as is known. What is unknown is asked for only if
/// the verdict depends on it; if the back end does not say, [`missing`] with the needs of an unknown state is the verdict (EX-3).
/// `None`: the method is never forwarded.
pub fn authorize<'a>(
    access: &AccessOf<'a>,
    operation: &Operation,
    places: &Places<'_>,
    target: State,
    destination: State,
) -> Option<Authorization<'a>> {
    // What is granted in all states together is granted in each: the common case, and the only look.
    if missing(access, &operation.needs(target, destination)?, places).is_empty() {
        return Some(Authorization::Granted);
    }
    let mut verdicts = Vec::new();
    for target in target.possible() {
        for destination in destination.possible() {
            let needs = operation.needs(*target, *destination)?;
            verdicts.push((*target, *destination, missing(access, &needs, places)));
        }
    }
    let granted = |verdict: &(State, State, Vec<Missing<'a>>)| verdict.2.is_empty();
    if !verdicts.iter().any(granted) {
        // Whichever state it is, the same is said, so that the refusal does not tell which.
        return verdicts
            .into_iter()
            .next()
            .map(|(_, _, missing)| Authorization::Refused(missing));
    }
    // Whether two states of one, with the other as it is, make a difference.
    let differs = |same: fn(&(State, State, Vec<Missing<'a>>)) -> State| {
        let pairs = verdicts
            .iter()
            .flat_map(|one| verdicts.iter().map(move |other| (one, other)));
        let mut alike = pairs.filter(|(one, other)| same(one) == same(other));
        alike.any(|(one, other)| granted(one) != granted(other))
    };
    Some(Authorization::Ask {
        target: differs(|verdict| verdict.1),
        destination: differs(|verdict| verdict.0),
    })
}

/// A privilege that is needed, and what the rules say of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a, 'k> {
    /// On which resource.
    pub subject: Subject,
    /// Its key; `None`: it is outside of the route, where nothing is granted.
    pub key: Option<&'k str>,
    /// There, or below.
    pub scope: Scope,
    /// What.
    pub privilege: Privilege,
    /// Whether it is granted.
    pub granted: bool,
    /// The rule that decides; `None`: none does.
    pub by: Option<&'a Ace>,
}

/// What of `needs` is not granted, in their order.
pub fn missing<'a>(access: &AccessOf<'a>, needs: &Needs, places: &Places<'_>) -> Vec<Missing<'a>> {
    let mut found = Vec::new();
    ask(access, needs, places, &mut |asked| {
        if !asked.granted {
            found.push(Missing {
                subject: asked.subject,
                key: asked.key.map(str::to_owned),
                scope: asked.scope,
                privilege: asked.privilege,
                by: asked.by,
            });
        }
    });
    found
}

/// Tells every privilege of `needs`, in their order, and what the rules say of it. Below a collection only that is asked which is
/// granted at the collection itself.
pub fn ask<'a, 'k>(access: &AccessOf<'a>, needs: &Needs, places: &Places<'k>, tell: &mut impl FnMut(Asked<'a, 'k>)) {
    for need in needs.iter() {
        for key in places.keys(need.subject) {
            ask_at(access, need, key, tell);
        }
    }
}

fn ask_at<'a, 'k>(access: &AccessOf<'a>, need: &Need, key: Option<&'k str>, tell: &mut impl FnMut(Asked<'a, 'k>)) {
    let mut tell = |scope, (privilege, granted, by)| {
        tell(Asked {
            subject: need.subject,
            key,
            scope,
            privilege,
            granted,
            by,
        });
    };
    let Some(at) = key else {
        let nothing = |privilege| tell(Scope::Itself, (privilege, false, None));
        return need.privileges.iter().for_each(nothing);
    };
    let itself = access.judge(at, need.privileges);
    itself.leaves().for_each(|leaf| tell(Scope::Itself, leaf));
    if need.scope == Scope::Tree {
        let below = access.judge_below(at, itself.granted());
        below.leaves().for_each(|leaf| tell(Scope::Tree, leaf));
    }
}

impl<'a> Places<'a> {
    /// The keys of `subject`; `None` is outside of the route, or not known.
    fn keys(&self, subject: Subject) -> Vec<Option<&'a str>> {
        match subject {
            Subject::Target => vec![Some(self.target)],
            Subject::Parent => vec![parent(self.target)],
            Subject::Destination => vec![self.destination],
            Subject::DestinationParent => vec![self.destination.and_then(parent)],
            Subject::Named => self.named.iter().map(|key| Some(*key)).collect(),
            Subject::NamedParent => self.named.iter().map(|key| parent(key)).collect(),
            Subject::LockRoot => vec![self.lock_root],
            Subject::AddMemberCollection => vec![self.add_member_collection],
        }
    }
}

/// The key of the collection that holds `key`; the root's is not in the route.
fn parent(key: &str) -> Option<&str> {
    key.rsplit_once('/').map(|(parent, _)| parent)
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
