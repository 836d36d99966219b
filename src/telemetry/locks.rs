//! What the lock store does, in numbers. In: every operation of a store. Out: how many there were and what came of them, how long they
//! took, and whether the store answers. The labels are names of operations and stores: nothing a client chooses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry};

use crate::{
    locks::{
        Claim, Lock, LockPath,
        table::{Effect, LockRefusal, NewLock, NewWrite, WriteId, WriteRefusal},
    },
    policy::locking::StoreSettings,
    store::{Down, Found, LockStore, Page},
};

/// From a look-up in memory to the deadline of a store, in seconds.
const BUCKETS: [f64; 12] = [
    0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5,
];

/// The families.
#[derive(Clone)]
pub struct LockFamilies {
    operations: IntCounterVec,
    seconds: HistogramVec,
    up: IntGaugeVec,
    locks: IntGaugeVec,
}

impl LockFamilies {
    /// The families, in `registry`.
    ///
    /// # Errors
    /// A name is taken or not legal: a mistake in this file.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let seconds = HistogramOpts::new("davgate_lock_store_seconds", "How long the lock store took.");
        let gauge = |name: &str, help: &str| IntGaugeVec::new(Opts::new(name, help), &["store"]);
        let families = Self {
            operations: IntCounterVec::new(
                Opts::new(
                    "davgate_lock_operations_total",
                    "Operations of the lock store, by what came of them.",
                ),
                &["operation", "result"],
            )?,
            seconds: HistogramVec::new(seconds.buckets(BUCKETS.to_vec()), &["operation"])?,
            up: gauge(
                "davgate_lock_store_up",
                "Whether the lock store answered when it was last asked; at 0 writes are answered 503.",
            )?,
            locks: gauge("davgate_locks", "Locks in the store.")?,
        };
        registry.register(Box::new(families.operations.clone()))?;
        registry.register(Box::new(families.seconds.clone()))?;
        registry.register(Box::new(families.up.clone()))?;
        registry.register(Box::new(families.locks.clone()))?;
        Ok(families)
    }
}

/// What came of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// There was no such lock.
    Absent,
    /// Another lock is in the way.
    Locked,
    /// A write is under way where a lock was asked for.
    Writing,
    /// One who has too many.
    TooMany,
    /// A lock has ended that was relied on.
    Changed,
    Down,
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Absent => "absent",
            Self::Locked => "locked",
            Self::Writing => "writing",
            Self::TooMany => "too-many",
            Self::Changed => "changed",
            Self::Down => "down",
        }
    }

    fn of_lock(result: &Result<Lock, LockRefusal>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(LockRefusal::Conflict(_) | LockRefusal::Locked(_)) => Self::Locked,
            Err(LockRefusal::Writing) => Self::Writing,
            Err(LockRefusal::TooMany) => Self::TooMany,
        }
    }

    fn of_write(result: &Result<WriteId, WriteRefusal>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(WriteRefusal::Locked(_)) => Self::Locked,
            Err(WriteRefusal::Changed) => Self::Changed,
        }
    }

    fn of_one(result: &Option<Lock>) -> Self {
        if result.is_some() { Self::Done } else { Self::Absent }
    }
}

/// A store that is counted.
pub struct MeasuredStore {
    inner: Arc<dyn LockStore>,
    families: LockFamilies,
    kind: &'static str,
    /// [`UNKNOWN`], [`UP`] or [`DOWN`].
    state: AtomicU8,
}

const UNKNOWN: u8 = 0;
const UP: u8 = 1;
const DOWN: u8 = 2;

impl std::fmt::Debug for MeasuredStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl MeasuredStore {
    /// `inner`, which is of the kind that `settings` say.
    pub fn new(inner: Arc<dyn LockStore>, settings: &StoreSettings, families: LockFamilies) -> Self {
        let kind = match settings {
            StoreSettings::Memory => "memory",
            StoreSettings::File(_) => "file",
            StoreSettings::Redis(_) => "redis",
        };
        Self {
            inner,
            families,
            kind,
            state: AtomicU8::new(UNKNOWN),
        }
    }

    /// Asks the store how many locks it has, for the next reader of the numbers. While it is down it has no number.
    pub async fn take_stock(&self) {
        match self.count().await {
            Ok(count) => {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.families.locks.with_label_values(&[self.kind]).set(count);
            }
            Err(_) => {
                self.families.locks.remove_label_values(&[self.kind]).ok();
            }
        }
    }

    fn tell<T>(
        &self,
        operation: &str,
        began: Instant,
        result: Result<T, Down>,
        outcome: impl Fn(&T) -> Outcome,
    ) -> Result<T, Down> {
        let took: Duration = began.elapsed();
        let came = result.as_ref().map_or(Outcome::Down, &outcome);
        self.families
            .operations
            .with_label_values(&[operation, came.label()])
            .inc();
        self.families
            .seconds
            .with_label_values(&[operation])
            .observe(took.as_secs_f64());
        let up = self.families.up.with_label_values(&[self.kind]);
        up.set(i64::from(result.is_ok()));
        let is = if result.is_ok() { UP } else { DOWN };
        let was = self.state.swap(is, Ordering::Relaxed);
        match &result {
            Err(down) if was != DOWN => tracing::error!("{down}: writes are answered 503 until it does"),
            Ok(_) if was == DOWN => tracing::info!(store = self.kind, "the lock store answers"),
            Ok(_) | Err(_) => {}
        }
        result
    }
}

fn done<T>(_: &T) -> Outcome {
    Outcome::Done
}

#[async_trait]
impl LockStore for MeasuredStore {
    async fn survey(&self, claims: &[Claim]) -> Result<Found, Down> {
        let began = Instant::now();
        self.tell("survey", began, self.inner.survey(claims).await, done)
    }

    async fn lock(&self, new: NewLock) -> Result<Result<Lock, LockRefusal>, Down> {
        let began = Instant::now();
        self.tell("lock", began, self.inner.lock(new).await, Outcome::of_lock)
    }

    async fn refresh(&self, back_end: &str, token: &str, timeout: u64) -> Result<Option<Lock>, Down> {
        let began = Instant::now();
        let result = self.inner.refresh(back_end, token, timeout).await;
        self.tell("refresh", began, result, Outcome::of_one)
    }

    async fn find(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let began = Instant::now();
        self.tell("find", began, self.inner.find(back_end, token).await, Outcome::of_one)
    }

    async fn remove(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let began = Instant::now();
        let result = self.inner.remove(back_end, token).await;
        self.tell("remove", began, result, Outcome::of_one)
    }

    async fn put(&self, lock: Lock) -> Result<Lock, Down> {
        let began = Instant::now();
        self.tell("put", began, self.inner.put(lock).await, done)
    }

    async fn begin(&self, write: NewWrite) -> Result<Result<WriteId, WriteRefusal>, Down> {
        let began = Instant::now();
        self.tell("begin", began, self.inner.begin(write).await, Outcome::of_write)
    }

    async fn end(&self, write: WriteId, effects: Vec<Effect>) -> Result<(), Down> {
        let began = Instant::now();
        self.tell("end", began, self.inner.end(write, effects).await, done)
    }

    async fn list(&self, within: Option<&LockPath>, after: Option<&str>, most: usize) -> Result<Page, Down> {
        let began = Instant::now();
        let result = self.inner.list(within, after, most).await;
        self.tell("list", began, result, done)
    }

    async fn count(&self) -> Result<u64, Down> {
        let began = Instant::now();
        self.tell("count", began, self.inner.count().await, done)
    }

    async fn held(&self, creator: &str) -> Result<u32, Down> {
        let began = Instant::now();
        self.tell("held", began, self.inner.held(creator).await, done)
    }

    async fn ping(&self) -> Result<(), Down> {
        let began = Instant::now();
        self.tell("ping", began, self.inner.ping().await, done)
    }
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
