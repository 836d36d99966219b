//! Locks in this process: they end with it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;

use super::{Down, Found, LockStore, Page, page};
use crate::locks::{
    Claim, Lock, LockPath,
    table::{Effect, LockRefusal, LockTable, NewLock, NewWrite, WriteId, WriteRefusal},
};

/// Milliseconds since 1970, which never go back, whatever becomes of the machine's clock meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    began_at: u64,
}

impl Default for Clock {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            began_at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl Clock {
    /// The time.
    pub fn now(&self) -> u64 {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.began_at.saturating_add(passed)
    }
}

/// The store.
#[derive(Debug, Default)]
pub struct MemoryStore {
    table: Mutex<LockTable>,
    clock: Clock,
}

impl MemoryStore {
    fn table(&self) -> MutexGuard<'_, LockTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LockStore for MemoryStore {
    async fn survey(&self, claims: &[Claim]) -> Result<Found, Down> {
        let now = self.clock.now();
        let locks = self.table().survey(claims, now);
        Ok(Found { locks, now })
    }

    async fn lock(&self, new: NewLock) -> Result<Result<Lock, LockRefusal>, Down> {
        Ok(self.table().lock(new, self.clock.now()))
    }

    async fn refresh(&self, back_end: &str, token: &str, timeout: u64) -> Result<Option<Lock>, Down> {
        Ok(self.table().refresh(back_end, token, timeout, self.clock.now()))
    }

    async fn find(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        Ok(self.table().find(back_end, token, self.clock.now()))
    }

    async fn remove(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let now = self.clock.now();
        Ok(self.table().remove(back_end, token).filter(|lock| lock.is_live(now)))
    }

    async fn put(&self, mut lock: Lock) -> Result<Lock, Down> {
        let now = self.clock.now();
        (lock.created_at, lock.expires_at) = (now, now.saturating_add(lock.timeout));
        self.table().put(lock.clone());
        Ok(lock)
    }

    async fn begin(&self, write: NewWrite) -> Result<Result<WriteId, WriteRefusal>, Down> {
        Ok(self.table().begin(write, self.clock.now()))
    }

    async fn end(&self, write: WriteId, effects: Vec<Effect>) -> Result<(), Down> {
        self.table().end(write, &effects);
        Ok(())
    }

    async fn list(&self, within: Option<&LockPath>, after: Option<&str>, most: usize) -> Result<Page, Down> {
        let now = self.clock.now();
        Ok(page(&self.table(), within, after, most, now))
    }

    async fn count(&self) -> Result<u64, Down> {
        Ok(self.table().len() as u64)
    }

    async fn held(&self, creator: &str) -> Result<u32, Down> {
        let mut table = self.table();
        table.sweep(self.clock.now());
        Ok(table.held(creator))
    }

    async fn ping(&self) -> Result<(), Down> {
        Ok(())
    }
}
