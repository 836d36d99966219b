//! Locks in a file of this process alone, which survive it (L-96). In: operations. Out: what became of them, when it is on the disk.
//!
//! All look-ups are made in memory. The file is a log of the locks: changes are written by one thread, in their order, as many at once as
//! came meanwhile. Writes under way stay in memory, so a PUT waits for no disk.

mod log;
mod writer;

use std::{path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use async_trait::async_trait;
use tokio::time::timeout;

use self::{
    log::{Change, Name},
    writer::{Receipt, Shared},
};
use super::{Down, Found, LockStore, Page, page};
use crate::locks::{
    Claim, Lock, LockPath,
    table::{Effect, LockRefusal, NewLock, NewWrite, WriteId, WriteRefusal},
};

/// How long an operation may take (L-92).
const DEADLINE: Duration = Duration::from_secs(2);

/// The store.
#[derive(Debug)]
pub struct FileStore {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl FileStore {
    /// The store in the file at `path`, which is opened soon, and as often as it takes.
    pub fn new(path: PathBuf) -> Self {
        let shared = Arc::new(Shared::new(path));
        let its = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("locks".to_owned())
            .spawn(move || its.run());
        // Without a thread nothing is ever opened: the store stays down.
        let thread = thread.ok();
        Self { shared, thread }
    }

    fn now(&self) -> u64 {
        self.shared.clock.now()
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        self.shared.close();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Waits until it is durable.
async fn durable(receipt: Receipt) -> Result<(), Down> {
    match timeout(DEADLINE, receipt).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Down("it was closed".to_owned())),
        Err(_) => Err(Down(format!("the disk takes more than {} s", DEADLINE.as_secs()))),
    }
}

#[async_trait]
impl LockStore for FileStore {
    async fn survey(&self, claims: &[Claim]) -> Result<Found, Down> {
        let now = self.now();
        let locks = self.shared.with(|state| state.table.survey(claims, now))?;
        Ok(Found { locks, now })
    }

    async fn lock(&self, new: NewLock) -> Result<Result<Lock, LockRefusal>, Down> {
        let now = self.now();
        let granted = self.shared.with(|state| {
            state.sweep(now);
            let lock = state.table.lock(new, now)?;
            state.queue(Change::Put(lock.clone()));
            Ok((lock, state.receipt()))
        })?;
        let (lock, receipt) = match granted {
            Ok(granted) => granted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(down) = durable(receipt).await {
            // Nobody will know its token, so it must not keep others out. If this fails, the file is read again anyway.
            drop(self.shared.with(|state| state.leave(Name::of(&lock))));
            return Err(down);
        }
        Ok(Ok(lock))
    }

    async fn refresh(&self, back_end: &str, token: &str, time: u64) -> Result<Option<Lock>, Down> {
        let now = self.now();
        let refreshed = self.shared.with(|state| {
            if state.leaving.contains(&Name::new(back_end, token)) {
                return None;
            }
            let lock = state.table.refresh(back_end, token, time, now)?;
            state.queue(Change::Put(lock.clone()));
            Some((lock, state.receipt()))
        })?;
        let Some((lock, receipt)) = refreshed else {
            return Ok(None);
        };
        durable(receipt).await.map(|()| Some(lock))
    }

    async fn find(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let now = self.now();
        self.shared.with(|state| {
            let here = !state.leaving.contains(&Name::new(back_end, token));
            state.table.find(back_end, token, now).filter(|_| here)
        })
    }

    async fn remove(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let now = self.now();
        let removed = self.shared.with(|state| {
            let name = Name::new(back_end, token);
            state.sweep(now);
            if state.leaving.contains(&name) {
                return None;
            }
            let lock = state.table.find(back_end, token, now)?;
            state.leave(name);
            Some((lock, state.receipt()))
        })?;
        let Some((lock, receipt)) = removed else {
            return Ok(None);
        };
        durable(receipt).await.map(|()| Some(lock))
    }

    async fn put(&self, mut lock: Lock) -> Result<Lock, Down> {
        let now = self.now();
        (lock.created_at, lock.expires_at) = (now, now.saturating_add(lock.timeout));
        let receipt = self.shared.with(|state| {
            state.leaving.remove(&Name::of(&lock));
            state.table.put(lock.clone());
            state.queue(Change::Put(lock.clone()));
            state.receipt()
        })?;
        durable(receipt).await.map(|()| lock)
    }

    async fn begin(&self, write: NewWrite) -> Result<Result<WriteId, WriteRefusal>, Down> {
        let now = self.now();
        self.shared.with(|state| {
            state.sweep(now);
            state.table.begin(write, now)
        })
    }

    async fn end(&self, write: WriteId, effects: Vec<Effect>) -> Result<(), Down> {
        if !effects.is_empty() {
            let receipt = self.shared.with(|state| {
                for lock in state.table.affected(&effects) {
                    let name = Name::of(&lock);
                    if !state.leaving.contains(&name) {
                        state.leave(name);
                    }
                }
                state.receipt()
            })?;
            // Until then the write keeps others from locking what may be gone (L-93).
            durable(receipt).await?;
        }
        self.shared.with_writes(|table| table.end(write, &[]));
        Ok(())
    }

    async fn list(&self, within: Option<&LockPath>, after: Option<&str>, most: usize) -> Result<Page, Down> {
        let now = self.now();
        self.shared.with(|state| page(&state.table, within, after, most, now))
    }

    async fn count(&self) -> Result<u64, Down> {
        self.shared.with(|state| state.table.len() as u64)
    }

    async fn held(&self, creator: &str) -> Result<u32, Down> {
        let now = self.now();
        self.shared.with(|state| {
            // Where the back end locks, nothing else need ever sweep.
            state.sweep(now);
            state.table.held(creator)
        })
    }

    async fn ping(&self) -> Result<(), Down> {
        self.shared.with(|_| ())
    }
}
