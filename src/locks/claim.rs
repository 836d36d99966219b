//! What a write changes, and whether the locks there let it (section 4.4).

use super::{Lock, LockDepth, LockPath};
use crate::xml::lockinfo::LockScope;

/// How far below a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The resource: its content and properties; of a collection, which members it has.
    Itself,
    /// All below, too.
    Tree,
}

/// A part of W, what a write changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Where.
    pub path: LockPath,
    /// How far below.
    pub reach: Reach,
}

impl Claim {
    /// The resource alone.
    pub fn itself(path: LockPath) -> Self {
        let reach = Reach::Itself;
        Self { path, reach }
    }

    /// The resource with all below.
    pub fn tree(path: LockPath) -> Self {
        let reach = Reach::Tree;
        Self { path, reach }
    }

    /// Whether `lock` concerns it.
    pub fn concerns(&self, lock: &Lock) -> bool {
        lock.covers(&self.path) || self.reach == Reach::Tree && lock.root.is_below(&self.path)
    }

    /// What of it `lock`, which concerns it, covers: from which path, and how far below.
    fn shared_with<'a>(&'a self, lock: &'a Lock) -> (&'a LockPath, Reach) {
        if lock.root.is_below(&self.path) {
            let reach = match lock.depth {
                LockDepth::Zero => Reach::Itself,
                LockDepth::Infinity => Reach::Tree,
            };
            (&lock.root, reach)
        } else if lock.depth == LockDepth::Infinity {
            (&self.path, self.reach)
        } else {
            (&self.path, Reach::Itself)
        }
    }
}

/// Who asks, and which tokens the request submits (L-23).
#[derive(Clone, Copy, Debug)]
pub struct Creator<'a> {
    /// The principal's name; anonymous has none, and satisfies nothing.
    pub name: Option<&'a str>,
    /// Every token that stands in the If header, wherever it stands.
    pub submitted: &'a [String],
}

impl Creator<'_> {
    /// Whether the request may use `lock`: it submits the token, and the principal made the lock (L-39).
    pub fn satisfies(&self, lock: &Lock) -> bool {
        self.name.is_some() && self.name == lock.creator.as_deref() && self.submitted.contains(&lock.token)
    }
}

/// How many locks a refusal names at most: one is enough to refuse, and nobody reads more.
pub const MOST_NAMED: usize = 100;

/// The locks that stand in the way of `claims`: of `locks`, which are live, an exclusive one that is not satisfied, and a shared one where
/// none on the same resource is. `satisfied` are those that the request may use and that concern any of `claims`.
///
/// It looks at one lock after the other, as far as they are wanted: there may be very many below a folder.
pub fn in_the_way<'a>(
    claims: &[Claim],
    locks: impl Iterator<Item = &'a Lock>,
    satisfied: &[&Lock],
) -> impl Iterator<Item = &'a Lock> {
    let is_satisfied = |lock: &Lock| {
        let same = |other: &Lock| other.token == lock.token && other.root.back_end == lock.root.back_end;
        satisfied.iter().any(|other| same(other))
    };
    let bars = move |claim: &Claim, lock: &Lock| match lock.scope {
        _ if !claim.concerns(lock) => false,
        LockScope::Exclusive => !is_satisfied(lock),
        LockScope::Shared => {
            // Each resource needs one: so one that helps with a tree covers the tree.
            let (path, reach) = claim.shared_with(lock);
            let wide = |other: &Lock| reach == Reach::Itself || other.depth == LockDepth::Infinity;
            let helps = |other: &Lock| other.scope == LockScope::Shared && other.covers(path) && wide(other);
            !satisfied.iter().any(|other| helps(other))
        }
    };
    locks.filter(move |lock| claims.iter().any(|claim| bars(claim, lock)))
}

/// The locks that a new one of this scope conflicts with (RFC 4918 section 9.10.5; L-55 to L-57): `locks` concern what it would cover.
pub fn conflicts<'a>(scope: LockScope, locks: impl Iterator<Item = &'a Lock>) -> impl Iterator<Item = &'a Lock> {
    locks.filter(move |lock| scope == LockScope::Exclusive || lock.scope == LockScope::Exclusive)
}
