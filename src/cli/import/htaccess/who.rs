//! Sets of requesters. In: principals. Out: sets, with union, intersection and complement, of the one form that rules can say:
//! first some, then all but some. Passes: every result is held between two such sets: who is surely in it, and who may be. What
//! depends on an address is surely nobody and maybe everyone, and stays so through every operation.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::import::rules::Principal;

/// The members of groups, where they are known.
pub type Members = BTreeMap<String, Vec<String>>;

type Set = BTreeSet<Principal>;

/// `first`, and `then` but for `except`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// These in any case.
    pub first: Set,
    /// Not these.
    pub except: Set,
    /// These otherwise.
    pub then: Set,
}

/// A set that is not known exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Surely in it.
    pub sure: Who,
    /// Surely no others are.
    pub may: Who,
}

impl Who {
    /// Exactly these.
    pub fn these(principals: impl IntoIterator<Item = Principal>) -> Self {
        Self {
            first: principals.into_iter().collect(),
            ..Self::default()
        }
        .tidy()
    }

    /// Whether nobody is.
    pub fn is_nobody(&self) -> bool {
        self.first.is_empty() && self.then.is_empty()
    }

    /// Whether everyone is.
    pub fn is_everyone(&self) -> bool {
        self.first.contains(&Principal::Everyone)
    }

    fn tidy(mut self) -> Self {
        for set in [&mut self.first, &mut self.then, &mut self.except] {
            *set = merged(std::mem::take(set));
        }
        self.then
            .retain(|who| !self.first.iter().any(|known| holds(known, who)));
        if self
            .then
            .iter()
            .all(|who| self.except.iter().any(|not| holds(not, who)))
        {
            self.then.clear();
        }
        self.except.retain(|not| self.then.iter().any(|who| who.overlaps(not)));
        self.except.retain(|not| !self.first.iter().any(|who| holds(who, not)));
        if self.except.is_empty() {
            self.first.append(&mut self.then);
            self.first = merged(self.first);
        }
        if self.first.contains(&Principal::Everyone) {
            self.then.clear();
        }
        if self.then.is_empty() {
            self.except.clear();
        }
        self
    }

    fn or(&self, other: &Self, generous: bool) -> Self {
        let join = |ours: &Set, theirs: &Set| ours.union(theirs).cloned().collect::<Set>();
        let first = join(&self.first, &other.first);
        let except = match (self.then.is_empty(), other.then.is_empty()) {
            (false, false) if self.except == other.except => self.except.clone(),
            // Some are excepted from one and not from the other: a smaller set, or a larger one.
            (false, false) if generous => self.except.intersection(&other.except).cloned().collect(),
            _ => join(&self.except, &other.except),
        };
        Self {
            first,
            except,
            then: join(&self.then, &other.then),
        }
        .tidy()
    }

    fn and(&self, other: &Self, generous: bool, members: &Members) -> Self {
        let meet = |ours: &Set, theirs: &Set| -> Set {
            let pairs = ours.iter().flat_map(|our| theirs.iter().map(move |their| (our, their)));
            pairs
                .flat_map(|(our, their)| meet(our, their, generous, members))
                .collect()
        };
        let part = |then: Set, except: &[&Set]| {
            Self {
                first: Set::new(),
                except: except.iter().flat_map(|set| set.iter().cloned()).collect(),
                then,
            }
            .tidy()
        };
        [
            part(meet(&self.first, &other.first), &[]),
            part(meet(&self.first, &other.then), &[&other.except]),
            part(meet(&self.then, &other.first), &[&self.except]),
            part(meet(&self.then, &other.then), &[&self.except, &other.except]),
        ]
        .iter()
        .fold(Self::default(), |sum, part| sum.or(part, generous))
    }

    fn not(&self, generous: bool) -> Self {
        let everyone: Set = [Principal::Everyone].into();
        let others = Self {
            first: Set::new(),
            except: self.first.union(&self.then).cloned().collect(),
            then: everyone.clone(),
        };
        if self.except.is_empty() {
            return others.tidy();
        }
        // The excepted are out of this set, unless named first; so they are in the other.
        let excepted = Self {
            first: if self.first.is_empty() || generous {
                self.except.clone()
            } else {
                Set::new()
            },
            ..Self::default()
        };
        others.tidy().or(&excepted.tidy(), generous)
    }
}

impl Estimate {
    /// Exactly these.
    pub fn these(principals: impl IntoIterator<Item = Principal>) -> Self {
        let who = Who::these(principals);
        Self {
            sure: who.clone(),
            may: who,
        }
    }

    /// Everyone.
    pub fn everyone() -> Self {
        Self::these([Principal::Everyone])
    }

    /// Nobody.
    pub fn nobody() -> Self {
        Self::these([])
    }

    /// It cannot be said.
    pub fn unknown() -> Self {
        Self {
            sure: Who::default(),
            may: Who::these([Principal::Everyone]),
        }
    }

    /// In either.
    pub fn or(&self, other: &Self) -> Self {
        Self {
            sure: self.sure.or(&other.sure, false),
            may: self.may.or(&other.may, true),
        }
    }

    /// In both.
    pub fn and(&self, other: &Self, members: &Members) -> Self {
        Self {
            sure: self.sure.and(&other.sure, false, members),
            may: self.may.and(&other.may, true, members),
        }
    }

    /// In none.
    pub fn not(&self) -> Self {
        Self {
            sure: self.may.not(false),
            may: self.sure.not(true),
        }
    }
}

/// Whether all of `inner` are `outer`, by what they are called.
fn holds(outer: &Principal, inner: &Principal) -> bool {
    use Principal::{Anonymous, Authenticated, Everyone, Group, User};
    match (outer, inner) {
        (Everyone, _) | (Authenticated, Authenticated | User(_) | Group(_)) => true,
        (Anonymous | User(_) | Group(_) | Authenticated, _) => outer == inner,
    }
}

fn merged(mut set: Set) -> Set {
    if set.contains(&Principal::Authenticated) && set.contains(&Principal::Anonymous) {
        set.insert(Principal::Everyone);
    }
    let all = set.clone();
    set.retain(|who| !all.iter().any(|other| other != who && holds(other, who)));
    set
}

/// Who is both. Whether a user is in a group, or who is in two, is known only with the group's file.
fn meet(ours: &Principal, theirs: &Principal, generous: bool, members: &Members) -> Vec<Principal> {
    if holds(ours, theirs) {
        return vec![theirs.clone()];
    }
    if holds(theirs, ours) {
        return vec![ours.clone()];
    }
    if !ours.overlaps(theirs) {
        return Vec::new();
    }
    let names = |who: &Principal| match who {
        Principal::User(name) => Some(vec![name.clone()]),
        Principal::Group(group) => members.get(group).cloned(),
        Principal::Everyone | Principal::Authenticated | Principal::Anonymous => None,
    };
    match (names(ours), names(theirs)) {
        (Some(ours), Some(theirs)) => ours
            .into_iter()
            .filter(|name| theirs.contains(name))
            .map(Principal::User)
            .collect(),
        _ if generous => vec![ours.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Principal::{Anonymous, Authenticated, Everyone, Group, User};

    /// Everybody there can be: no name, or a name in any of the groups.
    fn worlds() -> Vec<(Option<&'static str>, Vec<&'static str>)> {
        let mut worlds = vec![(None, vec![])];
        for name in ["a", "b", "c"] {
            for groups in [vec![], vec!["g"], vec!["h"], vec!["g", "h"]] {
                worlds.push((Some(name), groups));
            }
        }
        worlds
    }

    fn is(who: &Principal, world: &(Option<&str>, Vec<&str>)) -> bool {
        match who {
            Everyone => true,
            Authenticated => world.0.is_some(),
            Anonymous => world.0.is_none(),
            User(name) => world.0 == Some(name),
            Group(name) => world.1.contains(&name.as_str()),
        }
    }

    fn contains(who: &Who, world: &(Option<&str>, Vec<&str>)) -> bool {
        let any = |set: &Set| set.iter().any(|who| is(who, world));
        any(&who.first) || (!any(&who.except) && any(&who.then))
    }

    // Whatever is put together: who is surely in is in, and who is in may be.
    #[test]
    fn estimates_hold_what_is_true() {
        let user = |name: &str| User(name.to_owned());
        let group = |name: &str| Group(name.to_owned());
        type Truth = Box<dyn Fn(&(Option<&str>, Vec<&str>)) -> bool>;
        let mut sets: Vec<(Estimate, std::rc::Rc<Truth>)> = Vec::new();
        for atom in [
            Everyone,
            Authenticated,
            Anonymous,
            user("a"),
            user("b"),
            group("g"),
            group("h"),
        ] {
            let truth: Truth = Box::new({
                let atom = atom.clone();
                move |world| is(&atom, world)
            });
            sets.push((Estimate::these([atom]), std::rc::Rc::new(truth)));
        }
        let unknown: Truth = Box::new(|_| true);
        sets.push((Estimate::unknown(), std::rc::Rc::new(unknown)));
        let members = Members::new();
        for round in 0..3 {
            let known = sets.clone();
            for (at, (ours, our_truth)) in known.iter().enumerate() {
                let truth = our_truth.clone();
                sets.push((ours.not(), std::rc::Rc::new(Box::new(move |world| !truth(world)))));
                for (theirs, their_truth) in known.iter().skip(at + 1 + round * 3).step_by(1 + round * 7) {
                    let (left, right) = (our_truth.clone(), their_truth.clone());
                    sets.push((
                        ours.or(theirs),
                        std::rc::Rc::new(Box::new(move |world| left(world) || right(world))),
                    ));
                    let (left, right) = (our_truth.clone(), their_truth.clone());
                    let and = ours.and(theirs, &members);
                    sets.push((
                        and,
                        std::rc::Rc::new(Box::new(move |world| left(world) && right(world))),
                    ));
                }
                if sets.len() > 6000 {
                    break;
                }
            }
        }
        for (estimate, truth) in &sets {
            for world in worlds() {
                let real = truth(&world);
                assert!(!contains(&estimate.sure, &world) || real, "{world:?} {estimate:?}");
                assert!(contains(&estimate.may, &world) || !real, "{world:?} {estimate:?}");
            }
        }
    }
}
