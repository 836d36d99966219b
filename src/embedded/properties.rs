//! Dead properties of the embedded back end (RFC 4918 section 4), in memory like its locks: they go with the process.
//!
//! In: what PROPPATCH changes, and what becomes of files and folders. Out: the properties of a resource. They go with what they belong to:
//! renamed with it, copied with it, gone with it. The bounds are there so that nobody fills the memory: a change that would
//! exceed one is refused as a whole (507, section 9.2.1).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dav_server::fs::{DavProp, FsError, FsResult};
use http::StatusCode;

/// Bytes that the properties of one resource may take.
const MOST_OF_ONE: usize = 64 * 1024;
/// Bytes that all of them may take.
const MOST_OF_ALL: usize = 16 * 1024 * 1024;
/// What a property takes beside its text, about.
const OVERHEAD: usize = 128;

/// Namespace and local name.
type Name = (String, String);
/// The properties of one resource, as `DavProp`s with their whole element as XML.
type Set = BTreeMap<Name, DavProp>;

/// The properties of all resources. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Properties {
    kept: Arc<Mutex<Kept>>,
}

/// Paths are relative to the directory that is served, without a slash at the end. A `PathBuf` sorts by its segments, so
/// that what lies below a folder follows it.
#[derive(Default)]
struct Kept {
    sets: BTreeMap<PathBuf, Set>,
    bytes: usize,
}

impl Properties {
    /// Changes the properties at `path`, in order: `true` sets, `false` removes. All are changed or none (section 9.2). Removing what is not
    /// there is no error. The answer has a status for each.
    pub(super) fn change(&self, path: &Path, changes: Vec<(bool, DavProp)>) -> Vec<(StatusCode, DavProp)> {
        // dav-server answers removing these with 200 and never calls for it: then none may be there.
        if changes.iter().any(|(_, property)| is_live(property)) {
            return answer(changes, |_, property| {
                if is_live(property) {
                    StatusCode::FORBIDDEN
                } else {
                    StatusCode::FAILED_DEPENDENCY
                }
            });
        }
        let mut kept = self.kept();
        let mut set = kept.sets.get(path).cloned().unwrap_or_default();
        for (sets, property) in &changes {
            if *sets {
                set.insert(name(property), property.clone());
            } else {
                set.remove(&name(property));
            }
        }
        let (before, after) = (kept.size_at(path), size(path, &set));
        let grows = after > before;
        if grows && (after > MOST_OF_ONE || kept.bytes - before + after > MOST_OF_ALL) {
            return answer(changes, |sets, _| {
                if sets {
                    StatusCode::INSUFFICIENT_STORAGE
                } else {
                    StatusCode::FAILED_DEPENDENCY
                }
            });
        }
        kept.put(path, set);
        answer(changes, |_, _| StatusCode::OK)
    }

    /// All properties at `path`.
    pub(super) fn of(&self, path: &Path) -> Vec<DavProp> {
        let kept = self.kept();
        kept.sets
            .get(path)
            .map(|set| set.values().cloned().collect())
            .unwrap_or_default()
    }

    /// The element of the property with the name of `wanted` at `path`.
    ///
    /// # Errors
    /// `NotFound`: it has none.
    pub(super) fn get(&self, path: &Path, wanted: &DavProp) -> FsResult<Vec<u8>> {
        let kept = self.kept();
        let found = kept.sets.get(path).and_then(|set| set.get(&name(wanted)));
        found.and_then(|property| property.xml.clone()).ok_or(FsError::NotFound)
    }

    /// What is at `path`, with all below it, is gone.
    pub(super) fn forget(&self, path: &Path) {
        self.kept().take(path);
    }

    /// What was at `from`, with all below it, is at `to` now, in place of what was there.
    pub(super) fn rename(&self, from: &Path, to: &Path) {
        let mut kept = self.kept();
        let moved = kept.take(from);
        kept.take(to);
        for (path, set) in moved {
            if let Ok(below) = path.strip_prefix(from) {
                kept.put(&joined(to, below), set);
            }
        }
    }

    /// Whether there is room for the properties at `from` a second time.
    ///
    /// # Errors
    /// `InsufficientStorage`.
    pub(super) fn may_copy(&self, from: &Path) -> FsResult<()> {
        let kept = self.kept();
        if kept.bytes + kept.size_at(from) > MOST_OF_ALL {
            Err(FsError::InsufficientStorage)
        } else {
            Ok(())
        }
    }

    /// What is at `to` has the properties of `from` now; neither with what is below.
    pub(super) fn copy(&self, from: &Path, to: &Path) {
        let mut kept = self.kept();
        let set = kept.sets.get(from).cloned().unwrap_or_default();
        kept.put(to, set);
    }

    /// Nothing is left half done under the lock that a panic could break off.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn size_at(&self, path: &Path) -> usize {
        self.sets.get(path).map_or(0, |set| size(path, set))
    }

    fn put(&mut self, path: &Path, set: Set) {
        self.bytes -= self.size_at(path);
        self.bytes += size(path, &set);
        if set.is_empty() {
            self.sets.remove(path);
        } else {
            self.sets.insert(path.to_owned(), set);
        }
    }

    /// Takes out what is at and below `path`.
    fn take(&mut self, path: &Path) -> Vec<(PathBuf, Set)> {
        let from_here = self.sets.range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        let paths: Vec<PathBuf> = from_here
            .map(|(at, _)| at)
            .take_while(|at| at.starts_with(path))
            .cloned()
            .collect();
        let taken = paths.into_iter().filter_map(|at| {
            let set = self.sets.remove(&at)?;
            self.bytes -= size(&at, &set);
            Some((at, set))
        });
        taken.collect()
    }
}

/// Live properties that dav-server offers to keep.
fn is_live(property: &DavProp) -> bool {
    property.namespace.as_deref() == Some("DAV:")
}

fn name(property: &DavProp) -> Name {
    (property.namespace.clone().unwrap_or_default(), property.name.clone())
}

/// What a set at `path` takes; an empty one takes nothing.
fn size(path: &Path, set: &Set) -> usize {
    let of_one = |((namespace, local), property): (&Name, &DavProp)| {
        OVERHEAD + 2 * (namespace.len() + local.len()) + property.xml.as_ref().map_or(0, Vec::len)
    };
    let properties: usize = set.iter().map(of_one).sum();
    if set.is_empty() {
        0
    } else {
        properties + path.as_os_str().len()
    }
}

/// `Path::join` of nothing would add a slash.
fn joined(to: &Path, below: &Path) -> PathBuf {
    to.iter().chain(below.iter()).collect()
}

fn answer(changes: Vec<(bool, DavProp)>, status: impl Fn(bool, &DavProp) -> StatusCode) -> Vec<(StatusCode, DavProp)> {
    let without_value = |property: DavProp| DavProp { xml: None, ..property };
    changes
        .into_iter()
        .map(|(sets, property)| (status(sets, &property), without_value(property)))
        .collect()
}
