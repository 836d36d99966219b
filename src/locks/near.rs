//! The locks that concern what an answer tells of (L-82), so that each resource in it finds its own without a question. In: what a store
//! found at and below a path, and around it. Out: the locks that cover a resource.

use super::{Lock, LockDepth, LockPath};

/// Locks in the order of their roots, and the time at which they were live.
#[derive(Clone, Debug, Default)]
pub struct Near {
    locks: Vec<Lock>,
    now: u64,
}

impl Near {
    /// These locks, by the store's time `now`.
    pub fn new(mut locks: Vec<Lock>, now: u64) -> Self {
        locks.sort_by(|a, b| a.root.cmp(&b.root));
        Self { locks, now }
    }

    /// Only those that cover `target` or a member of it, which is all that an answer of Depth 1 tells of.
    pub fn of_members(mut self, target: &LockPath) -> Self {
        let member = |root: &LockPath| root.ancestors().next().is_some_and(|parent| parent == *target);
        self.locks.retain(|lock| lock.covers(target) || member(&lock.root));
        self
    }

    /// The store's time, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.locks.is_empty()
    }

    /// The locks that cover `path`, those of its own first. Costs what the path is deep, however many locks there are.
    pub fn covering(&self, path: &LockPath) -> Vec<&Lock> {
        let mut found = Vec::new();
        if self.locks.is_empty() {
            return found;
        }
        found.extend(self.rooted_at(path));
        for ancestor in path.ancestors() {
            found.extend(
                self.rooted_at(&ancestor)
                    .filter(|lock| lock.depth == LockDepth::Infinity),
            );
        }
        found
    }

    fn rooted_at<'a>(&'a self, root: &LockPath) -> impl Iterator<Item = &'a Lock> {
        let first = self.locks.partition_point(|lock| lock.root < *root);
        let last = self.locks.partition_point(|lock| lock.root <= *root);
        self.locks.get(first..last).unwrap_or_default().iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::lockinfo::LockScope;

    fn at(path: &str) -> LockPath {
        LockPath::stored("b", path).unwrap()
    }

    fn lock(root: &str, depth: LockDepth) -> Lock {
        Lock {
            token: format!("urn:{root}"),
            root: at(root),
            collection: true,
            depth,
            scope: LockScope::Shared,
            creator: Some("ann".into()),
            owner: None,
            timeout: 1,
            created_at: 0,
            expires_at: 1,
        }
    }

    #[test]
    fn found_by_resource() {
        // L-82
        use LockDepth::{Infinity, Zero};
        let locks = vec![
            lock("/a/b/c/", Zero),
            lock("/a/", Infinity),
            lock("/a/b/", Zero),
            lock("/a/b/", Infinity),
            lock("/ab/", Infinity),
            lock("/a/b/c/d/", Zero),
        ];
        let near = Near::new(locks, 7);
        for (path, want) in [
            ("/", &[] as &[&str]),
            ("/a/", &["urn:/a/"]),
            ("/a/b/", &["urn:/a/b/", "urn:/a/b/", "urn:/a/"]),
            ("/a/b/c/", &["urn:/a/b/c/", "urn:/a/b/", "urn:/a/"]),
            ("/a/x/", &["urn:/a/"]),
            ("/ab/x/", &["urn:/ab/"]),
            ("/a-/", &[]),
        ] {
            let found: Vec<&str> = near
                .covering(&at(path))
                .iter()
                .map(|lock| lock.token.as_str())
                .collect();
            assert_eq!(found, want, "{path}");
            let elsewhere = LockPath::stored("c", path).unwrap();
            assert!(near.covering(&elsewhere).is_empty(), "{path}");
        }
        assert_eq!(near.now(), 7);
        let members = near.of_members(&at("/a/"));
        assert_eq!(members.covering(&at("/a/b/c/d/")).len(), 2);
        assert_eq!(members.covering(&at("/a/b/")).len(), 3);
    }
}
