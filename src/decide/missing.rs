//! What a request needs and its principal does not have (O-7, O-9, O-11, O-12). In: the access rules as the principal meets them, what
//! the operation needs, where its resources are. Out: all that is missing, in the order of the table.

use crate::access::{AccessOf, Ace, Privilege, Scope};
use crate::request::operation::{Need, Needs, Subject};

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
        }
    }
}

/// The key of the collection that holds `key`; the root's is not in the route.
fn parent(key: &str) -> Option<&str> {
    key.rsplit_once('/').map(|(parent, _)| parent)
}

#[cfg(test)]
#[path = "missing_tests.rs"]
mod tests;
