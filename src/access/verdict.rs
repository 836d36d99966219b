//! What the rules say of some privileges. In: for each leaf whether it is granted, and the rule that decided. Out: the sum, and
//! who was it. No rule is a refusal too.

use super::ace::Ace;
use super::privilege::{Privilege, PrivilegeSet};

/// The verdict about the privileges that were needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    needed: PrivilegeSet,
    granted: PrivilegeSet,
    by: [Option<&'a Ace>; Privilege::ALL.len()],
}

/// A privilege that is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// Which.
    pub privilege: Privilege,
    /// The rule that denies it; `None`: no rule grants it.
    pub by: Option<&'a Ace>,
}

impl<'a> Verdict<'a> {
    /// The verdict about `needed`, asking `decide` about each leaf: whether it is granted, and by which rule.
    pub(super) fn about(needed: PrivilegeSet, mut decide: impl FnMut(Privilege) -> (bool, Option<&'a Ace>)) -> Self {
        let mut granted = PrivilegeSet::default();
        let by = Privilege::ALL.map(|leaf| {
            if !needed.has(leaf) {
                return None;
            }
            let (is_granted, by) = decide(leaf);
            if is_granted {
                granted = granted.union(PrivilegeSet::of(&[leaf]));
            }
            by
        });
        Self { needed, granted, by }
    }

    /// Whether all that was needed is granted.
    pub fn is_granted(&self) -> bool {
        self.granted == self.needed
    }

    /// What of the needed is granted.
    pub fn granted(&self) -> PrivilegeSet {
        self.granted
    }

    /// What of the needed is not granted.
    pub fn missing(&self) -> PrivilegeSet {
        self.needed.without(self.granted)
    }

    /// Each needed leaf, whether it is granted, and the rule that decided, if one did; in the order of A-1.
    pub fn leaves(&self) -> impl Iterator<Item = (Privilege, bool, Option<&'a Ace>)> {
        let (needed, granted) = (self.needed, self.granted);
        let all = Privilege::ALL.into_iter().zip(self.by);
        all.filter(move |(leaf, _)| needed.has(*leaf))
            .map(move |(leaf, by)| (leaf, granted.has(leaf), by))
    }

    /// The first leaf that is not granted.
    pub fn refusal(&self) -> Option<Refusal<'a>> {
        let refused = self.leaves().find(|(_, granted, _)| !granted);
        refused.map(|(privilege, _, by)| Refusal { privilege, by })
    }
}
