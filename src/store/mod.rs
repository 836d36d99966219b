//! Where locks are kept (section 4.7). In: operations on locks. Out: what became of them, or [`Down`]. Each operation is atomic, and the
//! store's clock is the only clock (L-94).

pub mod file;
pub mod memory;
pub mod record;
pub mod redis;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::locks::{
    Claim, Lock, LockPath,
    table::{Effect, LockRefusal, LockTable, NewLock, NewWrite, WriteId, WriteRefusal},
};
use crate::policy::locking::StoreSettings;

/// The store that `settings` describe. It need not answer yet: until it does, every operation is [`Down`].
pub fn open(settings: &StoreSettings) -> Arc<dyn LockStore> {
    match settings {
        StoreSettings::Memory => Arc::<memory::MemoryStore>::default(),
        StoreSettings::File(path) => Arc::new(file::FileStore::new(path.clone())),
        StoreSettings::Redis(settings) => Arc::new(redis::RedisStore::new(settings.clone())),
    }
}

/// The store does not answer, or not in time (L-91, L-92).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lock store does not answer: {0}")]
pub struct Down(pub String);

/// What a store found, and its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The locks, all of them live, ordered by root.
    pub locks: Vec<Lock>,
    /// The store's time, in milliseconds since 1970.
    pub now: u64,
}

/// A part of the list of all locks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Those of this page.
    pub found: Found,
    /// Where the next page begins; `None`: this is the last one.
    pub next: Option<String>,
}

impl Page {
    /// A page of at most `most` of `locks`, which hold one more if there is a next page.
    fn cut(mut locks: Vec<Lock>, most: usize, now: u64) -> Self {
        let more = locks.len() > most;
        locks.truncate(most);
        let next = locks.last().filter(|_| more).map(|lock| Mark::of(lock).text());
        let found = Found { locks, now };
        Self { found, next }
    }
}

/// The last lock of a page, as `list` is told where to go on.
#[derive(Clone, Debug)]
struct Mark {
    root: LockPath,
    token: String,
}

impl Mark {
    fn of(lock: &Lock) -> Self {
        Self {
            root: lock.root.clone(),
            token: lock.token.clone(),
        }
    }

    fn text(&self) -> String {
        format!("{}\n{}\n{}", self.root.back_end, self.root.path(), self.token)
    }

    fn parse(text: &str) -> Option<Self> {
        let (back_end, rest) = text.split_once('\n')?;
        let (path, token) = rest.rsplit_once('\n')?;
        Some(Self {
            root: LockPath::stored(back_end, path)?,
            token: token.to_owned(),
        })
    }
}

/// A page of `table` as `LockStore::list` has it.
fn page(table: &LockTable, within: Option<&LockPath>, after: Option<&str>, most: usize, now: u64) -> Page {
    let after = after.map(Mark::parse);
    if matches!(after, Some(None)) {
        return Page::default();
    }
    let after = after.flatten();
    let after = after.as_ref().map(|mark| (&mark.root, &*mark.token));
    let locks = table.list(within, after, now).take(most.saturating_add(1));
    Page::cut(locks.cloned().collect(), most, now)
}

/// Keeps locks.
///
/// # Errors
/// Every operation: [`Down`], after at most the deadline of L-92. Whether it took effect is then unknown.
#[async_trait]
pub trait LockStore: fmt::Debug + Send + Sync {
    /// The live locks that concern any of `claims`.
    async fn survey(&self, claims: &[Claim]) -> Result<Found, Down>;
    /// Grants a lock, or says why not (L-80).
    async fn lock(&self, new: NewLock) -> Result<Result<Lock, LockRefusal>, Down>;
    /// Makes a live lock last `timeout` milliseconds from now; `None` if there is none.
    async fn refresh(&self, back_end: &str, token: &str, timeout: u64) -> Result<Option<Lock>, Down>;
    /// The live lock with this token.
    async fn find(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down>;
    /// Takes a lock away; `None` if there was none.
    async fn remove(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down>;
    /// Notes a lock as a back end granted it, in place of one with the same token: `timeout` counts from now, the other times do not.
    async fn put(&self, lock: Lock) -> Result<Lock, Down>;
    /// Notes a write, unless a lock is in its way (L-84).
    async fn begin(&self, write: NewWrite) -> Result<Result<WriteId, WriteRefusal>, Down>;
    /// The write is over, with these effects.
    async fn end(&self, write: WriteId, effects: Vec<Effect>) -> Result<(), Down>;
    /// Live locks in the order of their roots, at most `most`: of those at or below `within`, if it is given, from where `after` says.
    async fn list(&self, within: Option<&LockPath>, after: Option<&str>, most: usize) -> Result<Page, Down>;
    /// How many locks there are; of those that have ended, some may still be counted.
    async fn count(&self) -> Result<u64, Down>;
    /// How many the principal `creator` has (L-68); those that have ended may still count for a while.
    async fn held(&self, creator: &str) -> Result<u32, Down>;
    /// Whether it answers.
    async fn ping(&self) -> Result<(), Down>;
}
