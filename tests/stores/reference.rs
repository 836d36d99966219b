//! Locks as slowly as they can be kept: lists of them, and every resource of a small tree asked one by one. Written from RFC 4918 and not
//! from the code, so that the two can disagree.

use davgate::{
    locks::{
        Claim, Lock, LockDepth, LockPath, Reach,
        table::{Effect, LockRefusal, NewLock, NewWrite, WriteRefusal},
    },
    xml::lockinfo::LockScope,
};

/// What locks and writes may name.
pub const PATHS: [&str; 8] = ["/", "/a/", "/b/", "/a/a/", "/a/b/", "/b/a/", "/a0/", "/a-/"];
pub const BACK_ENDS: [&str; 2] = ["http://one", "http://two"];

/// A set of resources: one bit for each path at each back end, and one for a member of it that nothing names.
type Resources = u64;

fn set(root: &LockPath, tree: bool) -> Resources {
    let mut found = 0;
    let places = BACK_ENDS
        .iter()
        .flat_map(|back_end| PATHS.iter().map(move |path| (back_end, path)));
    for (number, (back_end, path)) in places.enumerate() {
        if **back_end == *root.back_end && tree && path.starts_with(root.path()) {
            found |= 0b11 << (2 * number); // with its member
        } else if **back_end == *root.back_end && *path == root.path() {
            found |= 0b01 << (2 * number);
        }
    }
    found
}

fn covered(lock: &Lock) -> Resources {
    set(&lock.root, lock.depth == LockDepth::Infinity)
}

fn written(claims: &[Claim]) -> Resources {
    let one = |claim: &Claim| set(&claim.path, claim.reach == Reach::Tree);
    claims.iter().map(one).fold(0, |all, one| all | one)
}

/// All that is known. What has no time left is never in it.
#[derive(Default)]
pub struct Reference {
    pub locks: Vec<Lock>,
    /// Writes under way: which, what, by whom.
    pub writes: Vec<(u64, Vec<Claim>, Option<String>)>,
}

impl Reference {
    fn sorted(mut found: Vec<Lock>) -> Vec<Lock> {
        found.sort_by_key(|lock| {
            (
                lock.root.back_end.to_string(),
                lock.root.path().to_owned(),
                lock.token.clone(),
            )
        });
        found
    }

    pub fn survey(&self, claims: &[Claim]) -> Vec<Lock> {
        let written = written(claims);
        let near = |lock: &&Lock| covered(lock) & written != 0;
        Self::sorted(self.locks.iter().filter(near).cloned().collect())
    }

    fn in_the_way(&self, claims: &[Claim], creator: Option<&str>, submitted: &[String]) -> Vec<Lock> {
        let satisfied =
            |lock: &Lock| creator.is_some() && lock.creator.as_deref() == creator && submitted.contains(&lock.token);
        let bars = |lock: &Lock, resource: Resources| match lock.scope {
            LockScope::Exclusive => !satisfied(lock),
            LockScope::Shared => !self
                .locks
                .iter()
                .any(|other| other.scope == LockScope::Shared && covered(other) & resource != 0 && satisfied(other)),
        };
        let written = written(claims);
        let each = |resources: Resources| {
            (0..Resources::BITS)
                .map(|bit| 1 << bit)
                .filter(move |one| resources & one != 0)
        };
        let barring = |lock: &&Lock| each(covered(lock) & written).any(|resource| bars(lock, resource));
        Self::sorted(self.locks.iter().filter(barring).cloned().collect())
    }

    pub fn lock(&mut self, new: &NewLock) -> Result<Lock, LockRefusal> {
        let lock = new.clone().into_lock(0);
        let clash = |other: &&Lock| {
            covered(other) & covered(&lock) != 0
                && (lock.scope == LockScope::Exclusive || other.scope == LockScope::Exclusive)
        };
        let conflicting: Vec<Lock> = self.locks.iter().filter(clash).cloned().collect();
        if !conflicting.is_empty() {
            return Err(LockRefusal::Conflict(Self::sorted(conflicting)));
        }
        let barring = self.in_the_way(&new.claims, Some(&new.creator), &new.submitted);
        if !barring.is_empty() {
            return Err(LockRefusal::Locked(barring));
        }
        let held = self
            .locks
            .iter()
            .filter(|lock| lock.creator.as_ref() == Some(&new.creator))
            .count();
        if held >= new.most as usize {
            return Err(LockRefusal::TooMany);
        }
        let others = |(_, claims, creator): &&(u64, Vec<Claim>, Option<String>)| {
            creator.as_ref() != Some(&new.creator) && written(claims) & covered(&lock) != 0
        };
        if self.writes.iter().any(|write| others(&write)) {
            return Err(LockRefusal::Writing);
        }
        self.put(lock.clone());
        Ok(lock)
    }

    pub fn put(&mut self, lock: Lock) {
        self.remove(&lock.root.back_end, &lock.token);
        if lock.timeout > 0 {
            self.locks.push(lock);
        }
    }

    pub fn find(&self, back_end: &str, token: &str) -> Option<Lock> {
        let same = |lock: &&Lock| *lock.root.back_end == *back_end && lock.token == token;
        self.locks.iter().find(same).cloned()
    }

    pub fn refresh(&mut self, back_end: &str, token: &str, timeout: u64) -> Option<Lock> {
        let mut lock = self.find(back_end, token)?;
        lock.timeout = timeout;
        self.put(lock.clone());
        Some(lock)
    }

    pub fn remove(&mut self, back_end: &str, token: &str) -> Option<Lock> {
        let found = self.find(back_end, token);
        self.locks
            .retain(|lock| !(*lock.root.back_end == *back_end && lock.token == token));
        found
    }

    pub fn begin(&self, write: &NewWrite) -> Result<(), WriteRefusal> {
        let barring = self.in_the_way(&write.claims, write.creator.as_deref(), &write.submitted);
        if !barring.is_empty() {
            return Err(WriteRefusal::Locked(barring));
        }
        let back_end = &*write.claims[0].path.back_end;
        if write.relied_on.iter().any(|token| self.find(back_end, token).is_none()) {
            return Err(WriteRefusal::Changed);
        }
        Ok(())
    }

    pub fn end(&mut self, id: u64, effects: &[Effect]) {
        self.writes.retain(|(other, ..)| *other != id);
        for effect in effects {
            let gone = |root: &LockPath| match effect {
                Effect::Gone(path) => root.back_end == path.back_end && root.path().starts_with(path.path()),
                Effect::GoneBelow(path) => {
                    root.back_end == path.back_end && root.path().starts_with(path.path()) && root != path
                }
            };
            self.locks.retain(|lock| !gone(&lock.root));
        }
    }

    pub fn list(&self, within: Option<&LockPath>) -> Vec<Lock> {
        let wanted = |lock: &&Lock| {
            within.is_none_or(|path| lock.root.back_end == path.back_end && lock.root.path().starts_with(path.path()))
        };
        Self::sorted(self.locks.iter().filter(wanted).cloned().collect())
    }
}
