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

/// The locks that stand in the way of `claims`: of `locks`, which are live and hold all that concern any of them, an exclusive one that is
/// not satisfied, and a shared one where none on the same resource is.
pub fn in_the_way<'a>(claims: &[Claim], locks: &'a [Lock], creator: Creator<'_>) -> Vec<&'a Lock> {
    let bars = |claim: &Claim, lock: &Lock| match lock.scope {
        _ if !claim.concerns(lock) => false,
        LockScope::Exclusive => !creator.satisfies(lock),
        LockScope::Shared => {
            // Each resource needs one: so one that helps with a tree covers the tree.
            let (path, reach) = claim.shared_with(lock);
            let wide = |other: &Lock| reach == Reach::Itself || other.depth == LockDepth::Infinity;
            let helps = |other: &Lock| other.scope == LockScope::Shared && other.covers(path) && wide(other);
            !locks.iter().any(|other| helps(other) && creator.satisfies(other))
        }
    };
    let any = |lock: &&Lock| claims.iter().any(|claim| bars(claim, lock));
    locks.iter().filter(any).collect()
}

/// The locks that a new one of this scope conflicts with (RFC 4918 section 9.10.5; L-55 to L-57): `locks` concern what it would cover.
pub fn conflicts(scope: LockScope, locks: &[Lock]) -> impl Iterator<Item = &Lock> {
    locks
        .iter()
        .filter(move |lock| scope == LockScope::Exclusive || lock.scope == LockScope::Exclusive)
}
