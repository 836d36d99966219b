//! The thread that writes the file of the locks. In: changes, from the state that it shares with the store. Out: that they are durable, or
//! that the store is down; then it opens the file again and again, until it works, and takes what stands there for the truth.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::log::{Change, Log, Name};
use crate::{
    locks::table::LockTable,
    store::{Down, memory::Clock},
};

/// How long to wait before the file is opened once more.
const RETRY: Duration = Duration::from_secs(1);

/// Tells whether a change is durable.
pub type Receipt = oneshot::Receiver<Result<(), Down>>;

/// What store and thread share.
#[derive(Debug)]
pub struct Shared {
    /// The file.
    pub path: PathBuf,
    /// The time.
    pub clock: Clock,
    state: Mutex<State>,
    wake: Condvar,
}

/// The locks, and what of them is not durable yet.
#[derive(Debug)]
pub struct State {
    /// All locks. A new one is here before it is durable, one that was taken away until that is durable: both keep others out meanwhile.
    pub table: LockTable,
    /// Those that were taken away.
    pub leaving: HashSet<Name>,
    /// Why the file cannot be used.
    trouble: Option<Down>,
    queue: Vec<Change>,
    waiting: Vec<oneshot::Sender<Result<(), Down>>>,
    closing: bool,
}

impl Shared {
    /// For the file at `path`, which was not opened yet.
    pub fn new(path: PathBuf) -> Self {
        let state = State {
            table: LockTable::default(),
            leaving: HashSet::new(),
            trouble: Some(Down("it is being opened".to_owned())),
            queue: Vec::new(),
            waiting: Vec::new(),
            closing: false,
        };
        Self {
            path,
            clock: Clock::default(),
            state: Mutex::new(state),
            wake: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the state, and has what it queued written.
    ///
    /// # Errors
    /// [`Down`] where the file cannot be used.
    pub fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, Down> {
        let mut state = self.lock();
        if let Some(trouble) = &state.trouble {
            return Err(trouble.clone());
        }
        let done = act(&mut state);
        if !state.queue.is_empty() {
            self.wake.notify_one();
        }
        Ok(done)
    }

    /// Does something with the table that concerns no lock, in trouble too.
    pub fn with_writes<T>(&self, act: impl FnOnce(&mut LockTable) -> T) -> T {
        act(&mut self.lock().table)
    }

    /// Writes what is queued and ends the thread.
    pub fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    /// What the thread does.
    pub fn run(&self) {
        while let Some(log) = self.open() {
            if self.write(&log) {
                return;
            }
        }
    }

    /// Opens the file and loads what stands there, as often as it takes; `None`: the store was closed.
    fn open(&self) -> Option<Log> {
        loop {
            match Log::open(&self.path).and_then(|log| self.load(&log).map(|()| log)) {
                Ok(log) => return Some(log),
                Err(why) => {
                    let mut state = self.lock();
                    let now = Some(Down(why));
                    if state.trouble != now {
                        if let Some(down) = &now {
                            log::warn!("{down}");
                        }
                        state.trouble = now;
                    }
                    if state.closing {
                        return None;
                    }
                    drop(self.wake.wait_timeout(state, RETRY));
                }
            }
        }
    }

    fn load(&self, log: &Log) -> Result<(), String> {
        let mut locks = Vec::new();
        log.read(|lock| locks.push(lock))?;
        let mut state = self.lock();
        state.table.replace(locks);
        state.leaving.clear();
        state.sweep(self.clock.now());
        state.trouble = None;
        Ok(())
    }

    /// Writes what comes until the store is closed (`true`) or writing fails (`false`).
    fn write(&self, log: &Log) -> bool {
        let mut state = self.lock();
        loop {
            let changes = std::mem::take(&mut state.queue);
            let waiting = std::mem::take(&mut state.waiting);
            if changes.is_empty() {
                if state.closing {
                    return true;
                }
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            let outcome = log.commit(&changes);
            state = self.lock();
            match outcome {
                Ok(()) => {
                    state.took_effect(&changes);
                    waiting.into_iter().for_each(|waiting| drop(waiting.send(Ok(()))));
                }
                Err(why) => {
                    let down = Down(format!("{}: {why}", self.path.display()));
                    log::warn!("{down}");
                    state.queue.clear();
                    let all = waiting.into_iter().chain(std::mem::take(&mut state.waiting));
                    all.for_each(|waiting| drop(waiting.send(Err(down.clone()))));
                    state.trouble = Some(down);
                    return false;
                }
            }
        }
    }
}

impl State {
    /// Has `change` written.
    pub fn queue(&mut self, change: Change) {
        self.queue.push(change);
    }

    /// Tells when everything queued so far is durable.
    pub fn receipt(&mut self) -> Receipt {
        let (sender, receipt) = oneshot::channel();
        if self.queue.is_empty() {
            drop(sender.send(Ok(())));
        } else {
            self.waiting.push(sender);
        }
        receipt
    }

    /// Takes away the lock of this name: for those who ask for it now, for all others once that is durable.
    pub fn leave(&mut self, name: Name) {
        self.queue(Change::Remove(name.clone()));
        self.leaving.insert(name);
    }

    /// Forgets what has ended.
    pub fn sweep(&mut self, now: u64) {
        for lock in self.table.sweep(now) {
            self.queue(Change::Remove(Name::of(&lock)));
        }
    }

    fn took_effect(&mut self, changes: &[Change]) {
        for change in changes {
            if let Change::Remove(name) = change
                && self.leaving.remove(name)
            {
                self.table.remove(&name.back_end, &name.token);
            }
        }
    }
}
