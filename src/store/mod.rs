//! Where locks are kept (section 4.7). In: operations on locks. Out: what became of them, or [`Down`]. Each operation is atomic, and the
//! store's clock is the only clock (L-94).

pub mod memory;

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::locks::{
    Claim, Lock, LockPath,
    table::{Effect, LockRefusal, NewLock, NewWrite, WriteId, WriteRefusal},
};
use crate::policy::locking::StoreSettings;

/// The store that `settings` describe. It need not answer yet: until it does, every operation is [`Down`].
pub fn open(settings: &StoreSettings) -> Arc<dyn LockStore> {
    match settings {
        StoreSettings::Memory | StoreSettings::File(_) | StoreSettings::Redis(_) => {
            Arc::<memory::MemoryStore>::default()
        }
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
    async fn count(&self) -> Result<u64, Down> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.list(None, after.as_deref(), 1000).await?;
            count += page.found.locks.len() as u64;
            after = Some(match page.next {
                Some(next) => next,
                None => return Ok(count),
            });
        }
    }
    /// Whether it answers.
    async fn ping(&self) -> Result<(), Down>;
}
