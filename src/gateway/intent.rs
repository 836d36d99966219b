//! What a store is told of a write under way (L-84, L-93), beyond its beginning and end. In: the store and the write. Out: nothing but what
//! it is known by from then on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    locks::{
        Claim, Lock,
        table::{Effect, NewWrite, WriteId},
    },
    store::{Down, LockStore},
};

/// How long until a store that was down is told again that a write is over.
const AGAIN: Duration = Duration::from_secs(1);

/// Lets others lock again what a write has changed, as soon as the store answers: else they would have to wait until `time`, in
/// milliseconds, is over, though nobody writes any more.
pub(super) fn end_later(store: Arc<dyn LockStore>, id: WriteId, time: u64) {
    tokio::spawn(async move {
        let until = Instant::now() + Duration::from_millis(time);
        while Instant::now() < until {
            tokio::time::sleep(AGAIN).await;
            if store.end(id, Vec::new()).await.is_ok() {
                return;
            }
        }
    });
}

/// Tells the store anew of a write that it knows under `id`, and gives it a new number.
pub(super) async fn again(store: &dyn LockStore, id: WriteId, told: NewWrite) -> Option<(WriteId, NewWrite)> {
    let told = NewWrite {
        // It was judged; what it rested on may end while it goes on.
        relied_on: Vec::new(),
        ..told
    };
    let next = store.begin(told.clone()).await.ok()?.ok()?;
    store.end(id, Vec::new()).await.ok()?;
    Some((next, told))
}

/// Stores effects of a write that the store did not know of.
pub(super) async fn ended(store: &dyn LockStore, effects: Vec<Effect>) -> Result<(), Down> {
    let unclaimed = NewWrite {
        claims: Vec::new(),
        creator: None,
        submitted: Vec::new(),
        relied_on: Vec::new(),
        time: milliseconds(Duration::from_secs(1)),
    };
    match store.begin(unclaimed).await? {
        Ok(id) => store.end(id, effects).await,
        // It claims nothing.
        Err(_) => Ok(()),
    }
}

/// Nobody saw what became of the resource that `lock` was to have: for `time` its PUT of nothing may come to pass yet, and is a write under way
/// (L-93), else it would empty what the next one writes under a lock.
pub(super) async fn left_open(store: &dyn LockStore, lock: &Lock, time: Duration) -> Result<(), Down> {
    let write = NewWrite {
        claims: vec![Claim::itself(lock.root.clone())],
        creator: lock.creator.clone(),
        submitted: vec![lock.token.clone()],
        relied_on: Vec::new(),
        time: milliseconds(time),
    };
    // Where it is refused, the lock is another's by now.
    store.begin(write).await.map(drop)
}

/// A time as stores take it.
pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
