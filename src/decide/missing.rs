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
    /// The collection that gets the new member: POST to its add-member URL.
    pub add_member_collection: Option<&'a str>,
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

/// What of `needs` is not granted, in their order.
pub fn missing<'a>(access: &AccessOf<'a>, needs: &Needs, places: &Places<'_>) -> Vec<Missing<'a>> {
    let mut found = Vec::new();
    for need in needs.iter() {
        for key in places.keys(need.subject) {
            missing_at(access, need, key, &mut found);
        }
    }
    found
}

fn missing_at<'a>(access: &AccessOf<'a>, need: &Need, key: Option<&str>, found: &mut Vec<Missing<'a>>) {
    let mut lacks = |privilege, scope, by| {
        found.push(Missing {
            subject: need.subject,
            key: key.map(str::to_owned),
            scope,
            privilege,
            by,
        });
    };
    let Some(at) = key else {
        return need
            .privileges
            .iter()
            .for_each(|privilege| lacks(privilege, Scope::Itself, None));
    };
    let itself = access.judge(at, need.privileges);
    let refused = |(privilege, granted, by): (Privilege, bool, Option<&'a Ace>)| (!granted).then_some((privilege, by));
    for (privilege, by) in itself.leaves().filter_map(refused) {
        lacks(privilege, Scope::Itself, by);
    }
    if need.scope == Scope::Tree {
        for (privilege, by) in access.judge_below(at, itself.granted()).leaves().filter_map(refused) {
            lacks(privilege, Scope::Tree, by);
        }
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
#[path = "missing_tests.rs"]
mod tests;
