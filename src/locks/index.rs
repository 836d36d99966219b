//! Locks by token, by root and by end, each lock kept once. In: locks. Out: those with a token, at a path, below it. No rules.
//!
//! A look-up compares texts where they lie and allocates nothing, so that a million locks cost little more than ten.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
    hash::{Hash, Hasher},
    ops::Bound,
    sync::Arc,
};

use super::Lock;

/// What an index orders by: borrowed texts, or those of a lock.
type Key<'a> = (&'a str, &'a str, &'a str);

trait Keyed {
    fn key(&self) -> Key<'_>;
}

impl Keyed for Key<'_> {
    fn key(&self) -> Key<'_> {
        *self
    }
}

impl PartialEq for dyn Keyed + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for dyn Keyed + '_ {}

impl PartialOrd for dyn Keyed + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Keyed + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for dyn Keyed + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// A lock, found by one of its keys.
macro_rules! keyed {
    ($name:ident, $lock:ident => $key:expr) => {
        #[derive(Debug)]
        struct $name(Arc<Lock>);

        impl Keyed for $name {
            fn key(&self) -> Key<'_> {
                let $lock = &self.0;
                $key
            }
        }

        impl<'a> Borrow<dyn Keyed + 'a> for $name {
            fn borrow(&self) -> &(dyn Keyed + 'a) {
                self
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.key().cmp(&other.key())
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.key().hash(state);
            }
        }
    };
}

keyed!(ByToken, lock => (&lock.root.back_end, &lock.token, ""));
keyed!(ByRoot, lock => (&lock.root.back_end, lock.root.path(), &lock.token));

/// When a lock ends, and which it is.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct End(u64, ByToken);

/// Locks, each found in four ways.
#[derive(Debug, Default)]
pub(super) struct LockIndex {
    by_token: HashSet<ByToken>,
    by_root: BTreeSet<ByRoot>,
    by_end: BTreeSet<End>,
    by_creator: HashMap<String, u32>,
    back_ends: HashSet<Arc<str>>,
}

impl LockIndex {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_token.len()
    }

    /// Puts one in, in place of one with the same token.
    pub(super) fn put(&mut self, mut lock: Lock) {
        self.remove(&lock.root.back_end, &lock.token);
        match self.back_ends.get(&lock.root.back_end) {
            Some(back_end) => lock.root.back_end = Arc::clone(back_end),
            None => drop(self.back_ends.insert(Arc::clone(&lock.root.back_end))),
        }
        if let Some(creator) = &lock.creator {
            let count = self.by_creator.entry(creator.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let lock = Arc::new(lock);
        self.by_end.insert(End(lock.expires_at, ByToken(Arc::clone(&lock))));
        self.by_root.insert(ByRoot(Arc::clone(&lock)));
        self.by_token.insert(ByToken(lock));
    }

    /// The one with this token.
    pub(super) fn get(&self, back_end: &str, token: &str) -> Option<&Arc<Lock>> {
        let key: Key<'_> = (back_end, token, "");
        self.by_token.get(&key as &dyn Keyed).map(|found| &found.0)
    }

    /// Takes the one with this token out.
    pub(super) fn remove(&mut self, back_end: &str, token: &str) -> Option<Lock> {
        let key: Key<'_> = (back_end, token, "");
        let ByToken(lock) = self.by_token.take(&key as &dyn Keyed)?;
        self.by_root.remove(&ByRoot(Arc::clone(&lock)) as &dyn Keyed);
        self.by_end.remove(&End(lock.expires_at, ByToken(Arc::clone(&lock))));
        if let Some(creator) = &lock.creator
            && let Some(count) = self.by_creator.get_mut(creator)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_creator.remove(creator);
            }
        }
        Some(Arc::unwrap_or_clone(lock))
    }

    /// How many the principal `creator` has.
    pub(super) fn count(&self, creator: &str) -> u32 {
        self.by_creator.get(creator).copied().unwrap_or_default()
    }

    /// Those with this root.
    pub(super) fn rooted_at<'a>(&'a self, back_end: &'a str, path: &'a str) -> impl Iterator<Item = &'a Arc<Lock>> {
        let same = move |lock: &&Arc<Lock>| *lock.root.back_end == *back_end && lock.root.path() == path;
        self.from(Some((back_end, path, "")), false).take_while(same)
    }

    /// Those with a root strictly below this path, which ends with a slash.
    pub(super) fn rooted_below<'a>(&'a self, back_end: &'a str, path: &'a str) -> impl Iterator<Item = &'a Arc<Lock>> {
        let below = move |lock: &&Arc<Lock>| *lock.root.back_end == *back_end && lock.root.path().starts_with(path);
        self.from(Some((back_end, path, "")), false)
            .take_while(below)
            .filter(move |lock| lock.root.path().len() > path.len())
    }

    /// All in the order of back end, root and token, from `start` or right behind it.
    pub(super) fn from(&self, start: Option<Key<'_>>, behind: bool) -> impl Iterator<Item = &Arc<Lock>> {
        let start: Key<'_> = start.unwrap_or_default();
        let start: &dyn Keyed = &start;
        let start = if behind {
            Bound::Excluded(start)
        } else {
            Bound::Included(start)
        };
        self.by_root
            .range::<dyn Keyed, _>((start, Bound::Unbounded))
            .map(|found| &found.0)
    }

    /// The one that ends first.
    pub(super) fn first_to_end(&self) -> Option<&Arc<Lock>> {
        self.by_end.first().map(|End(_, found)| &found.0)
    }
}
