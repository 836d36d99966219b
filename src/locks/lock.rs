//! A lock, and the place of its root.

use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_normalization::UnicodeNormalization;

use crate::{
    url::{CanonicalPath, UpstreamPath},
    xml::lockinfo::LockScope,
};

/// A resource as locks know it (section 4.1): the back end, and the path there. So what can be reached through two routes, hosts or
/// gateways has one lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockPath {
    /// Which back end: the same text for every route to it.
    pub back_end: Arc<str>,
    /// The key of the path (P-9) with a slash at the end, whatever it is: `/a/b/`, `/`. So what is below has it as its beginning.
    path: Arc<str>,
}

impl LockPath {
    /// The place of `path` at `back_end`.
    pub fn new(back_end: Arc<str>, path: &UpstreamPath) -> Self {
        let path = format!("{}/", path.0.key()).into();
        Self { back_end, path }
    }

    /// As it was stored: `path` is what [`Self::path`] said. `None`: no path.
    pub fn stored(back_end: &str, path: &str) -> Option<Self> {
        (path.starts_with('/') && path.ends_with('/')).then(|| Self {
            back_end: back_end.into(),
            path: path.into(),
        })
    }

    /// The key with a slash at the end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path at the back end, with the slash of a collection or without; `None`: no path can have this key.
    pub fn upstream(&self, collection: bool) -> Option<UpstreamPath> {
        Self::encoded(&self.path, collection)
    }

    /// The same in the other normal form, if it has one: a back end may keep a name as a client has sent it, while the key is always composed.
    pub fn decomposed(&self, collection: bool) -> Option<UpstreamPath> {
        let text: String = self.path.nfd().collect();
        (*text != *self.path)
            .then(|| Self::encoded(&text, collection))
            .flatten()
    }

    fn encoded(path: &str, collection: bool) -> Option<UpstreamPath> {
        let mut encoded = String::with_capacity(path.len());
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            encoded.push('/');
            encoded.extend(utf8_percent_encode(segment, NON_ALPHANUMERIC));
        }
        encoded.push('/');
        let path = CanonicalPath::parse(encoded.as_bytes()).ok()?;
        Some(UpstreamPath(path.with_slash(collection)))
    }

    /// Whether this is strictly below `other`.
    pub fn is_below(&self, other: &Self) -> bool {
        self.back_end == other.back_end && self.path.len() > other.path.len() && self.path.starts_with(&*other.path)
    }

    /// The paths of the collections that hold it, the nearest first.
    pub fn above(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(parent(&self.path), |path| parent(path))
    }

    /// The collections that hold it, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        self.above().map(|path| Self {
            back_end: Arc::clone(&self.back_end),
            path: path.into(),
        })
    }
}

/// The path of the collection that holds `path`.
fn parent(path: &str) -> Option<&str> {
    let inner = path.strip_suffix('/')?;
    path.get(..=inner.rfind('/')?)
}

/// How far a lock reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockDepth {
    /// The resource, and of a collection which members it has (L-37).
    Zero,
    /// All below, too.
    Infinity,
}

/// A lock that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Its token without brackets, compared as exact text (L-70).
    pub token: String,
    /// Its root.
    pub root: LockPath,
    /// Whether the root is a collection, as far as is known.
    pub collection: bool,
    /// How far it reaches.
    pub depth: LockDepth,
    /// How many may hold one.
    pub scope: LockScope,
    /// Who made it: the name of a principal; `None`: a lock of the back end of which nobody knows (L-7).
    pub creator: Option<String>,
    /// What the client wrote into `owner`: the element, as XML that stands by itself.
    pub owner: Option<String>,
    /// The time it was granted for, in milliseconds.
    pub timeout: u64,
    /// When it was made, in milliseconds since 1970 by the store's clock.
    pub created_at: u64,
    /// When it ends, in milliseconds since 1970 by the store's clock (L-94).
    pub expires_at: u64,
}

impl Lock {
    /// Whether the state of `path` is under it: its root, or below it where it reaches there.
    pub fn covers(&self, path: &LockPath) -> bool {
        self.root == *path || self.depth == LockDepth::Infinity && path.is_below(&self.root)
    }

    /// Whether it has not ended at `now`.
    pub fn is_live(&self, now: u64) -> bool {
        now < self.expires_at
    }

    /// Milliseconds until it ends.
    pub fn remaining(&self, now: u64) -> u64 {
        self.expires_at.saturating_sub(now)
    }
}
