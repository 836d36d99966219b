//! Whether an If header holds (RFC 4918 section 10.4; L-24, L-25). In: its lists, the locks near the resources they speak of, the entity
//! tags that are known so far. Out: a verdict, or what must be known first: an entity tag is asked for only if the verdict depends on it
//! (L-86).

use std::collections::HashMap;

use super::{Lock, LockPath};
use crate::request::{
    If,
    if_header::{Condition, List, State},
};

/// What conditions are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    /// The conditions.
    pub header: &'a If,
    /// The resource that untagged lists speak of: the target.
    pub target: &'a LockPath,
    /// The resource of each tag.
    pub tagged: &'a [(String, LockPath)],
    /// The live locks that concern any of these resources.
    pub locks: &'a [Lock],
    /// The entity tags known so far; `None`: it has none.
    pub etags: &'a HashMap<LockPath, Option<String>>,
    /// Whether the back end can be asked about tokens that are no lock tokens (L-25).
    pub knows_tokens: bool,
}

/// What became of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A list holds.
    Holds(Reason),
    /// None does.
    Fails,
    /// It depends on the entity tags of these resources.
    Ask(Vec<LockPath>),
    /// It depends on tokens that are no lock tokens of ours: the conditions that are left for the back end.
    Forward(If),
}

/// Why a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// The lock tokens that it names without `Not`.
    pub tokens: Vec<String>,
    /// An entity tag of the target that it names without `Not`.
    pub etag: Option<String>,
}

/// The worth of a condition or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    True,
    False,
    /// An entity tag that nobody has asked for yet.
    Unasked,
    /// A token that only the back end may know.
    Foreign,
}

impl Comparison<'_> {
    /// The verdict as far as it can be given.
    pub fn outcome(&self) -> Outcome {
        let worths: Vec<(&List, Worth)> = self.header.lists().iter().map(|list| (list, self.list(list))).collect();
        if let Some((list, _)) = worths.iter().find(|(_, worth)| *worth == Worth::True) {
            return Outcome::Holds(self.reason(list));
        }
        let of = |wanted| {
            worths
                .iter()
                .filter(move |(_, worth)| *worth == wanted)
                .map(|(list, _)| *list)
        };
        let mut asked: Vec<LockPath> = Vec::new();
        for list in of(Worth::Unasked) {
            let place = self.place(list);
            if let Some(place) = place.filter(|place| !asked.contains(place)) {
                asked.push(place.clone());
            }
        }
        if !asked.is_empty() {
            return Outcome::Ask(asked);
        }
        let rest = of(Worth::Foreign).map(|list| List {
            tag: list.tag.clone(),
            conditions: self.of_worth(list, Worth::Foreign).cloned().collect(),
        });
        If::of(rest.collect()).map_or(Outcome::Fails, Outcome::Forward)
    }

    fn place(&self, list: &List) -> Option<&LockPath> {
        match &list.tag {
            None => Some(self.target),
            Some(tag) => self.tagged.iter().find(|(name, _)| name == tag).map(|(_, place)| place),
        }
    }

    /// All of its conditions together: what is false decides, then what can still be asked.
    fn list(&self, list: &List) -> Worth {
        let has = |worth| self.of_worth(list, worth).next().is_some();
        [Worth::False, Worth::Unasked, Worth::Foreign]
            .into_iter()
            .find(|worth| has(*worth))
            .unwrap_or(Worth::True)
    }

    fn of_worth<'l>(&self, list: &'l List, worth: Worth) -> impl Iterator<Item = &'l Condition> {
        let place = self.place(list);
        list.conditions
            .iter()
            .filter(move |condition| self.condition(condition, place) == worth)
    }

    fn condition(&self, condition: &Condition, place: Option<&LockPath>) -> Worth {
        let found = match (&condition.state, place) {
            (State::Token(token), place) => self.token(token, place),
            (State::EntityTag(etag), Some(place)) => match self.etags.get(place) {
                None => Worth::Unasked,
                Some(Some(current)) if opaque(current) == opaque(etag) => Worth::True,
                Some(_) => Worth::False,
            },
            (State::EntityTag(_), None) => Worth::False,
        };
        match found {
            Worth::True if condition.not => Worth::False,
            Worth::False if condition.not => Worth::True,
            found => found,
        }
    }

    fn token(&self, token: &str, place: Option<&LockPath>) -> Worth {
        let live = |lock: &&Lock| lock.token == token && place.is_some_and(|place| lock.covers(place));
        if self.locks.iter().any(|lock| live(&lock)) {
            Worth::True
        } else if self.knows_tokens && !is_lock_token(token) {
            Worth::Foreign
        } else {
            Worth::False
        }
    }

    fn reason(&self, list: &List) -> Reason {
        let positive = |condition: &&Condition| !condition.not;
        let mut reason = Reason::default();
        for condition in list.conditions.iter().filter(positive) {
            match &condition.state {
                State::Token(token) => reason.tokens.push(token.clone()),
                State::EntityTag(etag) if self.place(list) == Some(self.target) => reason.etag = Some(etag.clone()),
                State::EntityTag(_) => {}
            }
        }
        reason
    }
}

/// Weak comparison (RFC 9110 section 8.8.3.2): the opaque part alone counts.
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// Whether nothing but a lock could have that token: `DAV:no-lock` never has one, the others are forms of lock tokens (RFC 4918 section
/// 6.5 and appendix C). Where the gateway locks, all tokens of these forms are its own.
fn is_lock_token(token: &str) -> bool {
    ["DAV:no-lock", "urn:uuid:", "opaquelocktoken:"].iter().any(|form| {
        token
            .get(..form.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(form))
    })
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
