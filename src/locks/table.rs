//! Locks and writes under way, in memory: the rules of every store in one place (L-80, L-84, L-85). In: operations, each with the time.
//! Out: what became of them. Each is whole by itself; whoever holds the table alone runs them one after the other.
//!
//! A look-up costs what the path is deep, however many locks there are.

use std::{collections::HashMap, sync::Arc};

use super::{
    Claim, Creator, Lock, LockDepth, LockPath, Reach,
    claim::{MOST_NAMED, conflicts, in_the_way},
    index::LockIndex,
};
use crate::xml::lockinfo::LockScope;

/// A lock that somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLock {
    /// The token it will have.
    pub token: String,
    /// Its root.
    pub root: LockPath,
    /// Whether the root is a collection.
    pub collection: bool,
    /// How far it is to reach.
    pub depth: LockDepth,
    /// How many may hold one.
    pub scope: LockScope,
    /// Who asks: the name of a principal.
    pub creator: String,
    /// The `owner` element, as XML that stands by itself.
    pub owner: Option<String>,
    /// How long it is to last, in milliseconds.
    pub timeout: u64,
    /// What is changed by making it: the collection that gets a new member (L-31).
    pub claims: Vec<Claim>,
    /// Every token that the request submits.
    pub submitted: Vec<String>,
    /// How many locks the creator may have, this one too (L-68).
    pub most: u32,
}

impl NewLock {
    /// The lock, granted at `now`.
    pub fn into_lock(self, now: u64) -> Lock {
        Lock {
            token: self.token,
            root: self.root,
            collection: self.collection,
            depth: self.depth,
            scope: self.scope,
            creator: Some(self.creator),
            owner: self.owner,
            timeout: self.timeout,
            created_at: now,
            expires_at: now.saturating_add(self.timeout),
        }
    }
}

/// Why a lock is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockRefusal {
    /// Others conflict with it: these, or the first of them (L-55 to L-57).
    Conflict(Vec<Lock>),
    /// Others keep the resource from being made: these, or the first of them.
    Locked(Vec<Lock>),
    /// Somebody else is writing there just now (L-84): it may be asked for again soon.
    Writing,
    /// The creator has as many as one may have (L-68).
    TooMany,
}

/// A write that is about to go on (L-84).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWrite {
    /// What it changes.
    pub claims: Vec<Claim>,
    /// Who writes; anonymous has no name.
    pub creator: Option<String>,
    /// Every token that the request submits.
    pub submitted: Vec<String>,
    /// Of these, the locks that its conditions were found true with: were one gone, they would have to be judged again.
    pub relied_on: Vec<String>,
    /// How long it may take, in milliseconds; then it is forgotten, whatever became of it.
    pub time: u64,
}

/// Why a write may not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteRefusal {
    /// These locks are in the way, or these are the first of them.
    Locked(Vec<Lock>),
    /// A lock that it relied on has ended meanwhile: its conditions must be judged again.
    Changed,
}

/// A write under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WriteId(pub u64);

/// What a write that was done means for locks (L-4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Those with a root at or below this path are gone.
    Gone(LockPath),
    /// Those with a root strictly below this path are gone.
    GoneBelow(LockPath),
}

/// All locks of one store.
#[derive(Debug, Default)]
pub struct LockTable {
    locks: LockIndex,
    writes: HashMap<WriteId, Write>,
    last_write: u64,
}

#[derive(Debug)]
struct Write {
    claims: Vec<Claim>,
    creator: Option<String>,
    until: u64,
}

impl LockTable {
    /// The live locks that concern any of `claims`, each once, ordered by root.
    pub fn survey(&self, claims: &[Claim], now: u64) -> Vec<Lock> {
        sorted(self.near(claims, now))
    }

    /// The same, one after the other as they are wanted; one may come twice.
    fn near<'a>(&'a self, claims: &'a [Claim], now: u64) -> impl Iterator<Item = &'a Lock> {
        let near = claims.iter().flat_map(move |claim| {
            let (back_end, path) = (&*claim.path.back_end, claim.path.path());
            let above = claim.path.above().flat_map(move |above| {
                let here = self.locks.rooted_at(back_end, above);
                here.filter(|lock| lock.depth == LockDepth::Infinity)
            });
            let below = (claim.reach == Reach::Tree).then(|| self.locks.rooted_below(back_end, path));
            self.locks
                .rooted_at(back_end, path)
                .chain(above)
                .chain(below.into_iter().flatten())
        });
        near.map(|lock| &**lock).filter(move |lock| lock.is_live(now))
    }

    /// The first of those that stand in the way of `claims`, ordered by root.
    fn barring(&self, claims: &[Claim], creator: Creator<'_>, now: u64) -> Vec<Lock> {
        let Some(first) = claims.first() else { return Vec::new() };
        let tokens = creator.submitted.iter();
        let named = tokens.filter_map(|token| self.locks.get(&first.path.back_end, token));
        let named = named.map(|lock| &**lock).filter(|lock| lock.is_live(now));
        let satisfied: Vec<&Lock> = named.filter(|lock| creator.satisfies(lock)).collect();
        sorted(in_the_way(claims, self.near(claims, now), &satisfied).take(MOST_NAMED))
    }

    /// Grants a lock, or says why not.
    ///
    /// # Errors
    /// [`LockRefusal`].
    pub fn lock(&mut self, new: NewLock, now: u64) -> Result<Lock, LockRefusal> {
        self.sweep(now);
        let reach = match new.depth {
            LockDepth::Zero => Reach::Itself,
            LockDepth::Infinity => Reach::Tree,
        };
        let covered = Claim {
            path: new.root.clone(),
            reach,
        };
        let near = self.near(std::slice::from_ref(&covered), now);
        let conflicting = sorted(conflicts(new.scope, near).take(MOST_NAMED));
        if !conflicting.is_empty() {
            return Err(LockRefusal::Conflict(conflicting));
        }
        let creator = Creator {
            name: Some(&new.creator),
            submitted: &new.submitted,
        };
        let barring = self.barring(&new.claims, creator, now);
        if !barring.is_empty() {
            return Err(LockRefusal::Locked(barring));
        }
        if self.locks.count(&new.creator) >= new.most {
            return Err(LockRefusal::TooMany);
        }
        let lock = new.into_lock(now);
        let others = |write: &&Write| write.creator.is_none() || write.creator != lock.creator;
        if self.writes.values().filter(others).any(|write| write.touches(&lock)) {
            return Err(LockRefusal::Writing);
        }
        self.put(lock.clone());
        Ok(lock)
    }

    /// Makes a live lock last `timeout` milliseconds from now; `None` if there is none with this token.
    pub fn refresh(&mut self, back_end: &str, token: &str, timeout: u64, now: u64) -> Option<Lock> {
        let mut lock = self.find(back_end, token, now)?;
        (lock.timeout, lock.expires_at) = (timeout, now.saturating_add(timeout));
        self.put(lock.clone());
        Some(lock)
    }

    /// The live lock with this token.
    pub fn find(&self, back_end: &str, token: &str, now: u64) -> Option<Lock> {
        let lock = self.locks.get(back_end, token)?;
        lock.is_live(now).then(|| Lock::clone(lock))
    }

    /// Takes the lock with this token away, live or not.
    pub fn remove(&mut self, back_end: &str, token: &str) -> Option<Lock> {
        self.locks.remove(back_end, token)
    }

    /// Puts a lock in as it is, in place of one with the same token: what a back end granted, or what was stored.
    pub fn put(&mut self, lock: Lock) {
        self.locks.put(lock);
    }

    /// These locks in place of all that are there; writes under way stay.
    pub fn replace(&mut self, locks: Vec<Lock>) {
        self.locks = LockIndex::default();
        locks.into_iter().for_each(|lock| self.put(lock));
    }

    /// Notes a write, unless a lock is in its way.
    ///
    /// # Errors
    /// [`WriteRefusal`].
    pub fn begin(&mut self, new: NewWrite, now: u64) -> Result<WriteId, WriteRefusal> {
        self.sweep(now);
        let creator = Creator {
            name: new.creator.as_deref(),
            submitted: &new.submitted,
        };
        let barring = self.barring(&new.claims, creator, now);
        if !barring.is_empty() {
            return Err(WriteRefusal::Locked(barring));
        }
        let back_end = new.claims.first().map(|claim| Arc::clone(&claim.path.back_end));
        let lives = |token: &String| {
            back_end
                .as_ref()
                .is_some_and(|back_end| self.find(back_end, token, now).is_some())
        };
        if !new.relied_on.iter().all(lives) {
            return Err(WriteRefusal::Changed);
        }
        self.last_write = self.last_write.wrapping_add(1);
        let id = WriteId(self.last_write);
        self.writes.insert(
            id,
            Write {
                claims: new.claims,
                creator: new.creator,
                until: now.saturating_add(new.time),
            },
        );
        Ok(id)
    }

    /// The write is over, with these effects; says which locks are gone.
    pub fn end(&mut self, write: WriteId, effects: &[Effect]) -> Vec<Lock> {
        self.writes.remove(&write);
        let gone = self.affected(effects);
        gone.iter()
            .filter_map(|lock| self.remove(&lock.root.back_end, &lock.token))
            .collect()
    }

    /// The locks that `effects` take away, live or not; one may be named twice.
    pub fn affected(&self, effects: &[Effect]) -> Vec<Arc<Lock>> {
        let mut gone: Vec<Arc<Lock>> = Vec::new();
        for effect in effects {
            let (Effect::Gone(path) | Effect::GoneBelow(path)) = effect;
            let (back_end, path) = (&*path.back_end, path.path());
            if matches!(effect, Effect::Gone(_)) {
                gone.extend(self.locks.rooted_at(back_end, path).cloned());
            }
            gone.extend(self.locks.rooted_below(back_end, path).cloned());
        }
        gone
    }

    /// Live locks in the order of roots and tokens: those at or below `within`, if it is given, and behind `after`, a root and a token.
    pub fn list<'a>(
        &'a self,
        within: Option<&'a LockPath>,
        after: Option<(&'a LockPath, &'a str)>,
        now: u64,
    ) -> impl Iterator<Item = &'a Lock> {
        let wanted = move |root: &LockPath| within.is_none_or(|path| root == path || root.is_below(path));
        let (start, behind) = match (after, within) {
            (Some((root, token)), _) => (Some((&*root.back_end, root.path(), token)), true),
            (None, Some(path)) => (Some((&*path.back_end, path.path(), "")), false),
            (None, None) => (None, false),
        };
        self.locks
            .from(start, behind)
            .take_while(move |lock| wanted(&lock.root))
            .map(|lock| &**lock)
            .filter(move |lock| lock.is_live(now))
    }

    /// Takes away what has ended; says which locks.
    pub fn sweep(&mut self, now: u64) -> Vec<Lock> {
        self.writes.retain(|_, write| now < write.until);
        let mut gone = Vec::new();
        while let Some(lock) = self.locks.first_to_end().filter(|lock| !lock.is_live(now)).cloned() {
            gone.extend(self.remove(&lock.root.back_end, &lock.token));
        }
        gone
    }

    /// How many locks there are, with those that have ended and were not swept.
    pub fn len(&self) -> usize {
        self.locks.len()
    }

    /// How many the principal `creator` has, with those that have ended and were not swept.
    pub fn held(&self, creator: &str) -> u32 {
        self.locks.count(creator)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Locks in the order of their roots, each once.
fn sorted<'a>(locks: impl Iterator<Item = &'a Lock>) -> Vec<Lock> {
    let mut found: Vec<&Lock> = locks.collect();
    found.sort_by(|a, b| (&a.root, &a.token).cmp(&(&b.root, &b.token)));
    found.dedup_by(|a, b| a.root == b.root && a.token == b.token);
    found.into_iter().cloned().collect()
}

impl Write {
    /// Whether a lock would cover something of what is being written.
    fn touches(&self, lock: &Lock) -> bool {
        self.claims.iter().any(|claim| claim.concerns(lock))
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
