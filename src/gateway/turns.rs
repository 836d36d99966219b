//! Keeps writes to one resource apart, as far as they pass through this gateway. In: the resources of a write, and which of them
//! its verdict rests on. Out: a turn, which lasts until it is dropped.
//!
//! A write that was permitted for what was found takes the resource for itself, from the question to the answer. Any other write takes it
//! together with its like: such writes wait only for the former, and the former for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock},
    time::timeout_at,
};

/// How long a write waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// The resources that are being written to.
#[derive(Debug)]
pub struct Turns {
    patience: Duration,
    places: Mutex<HashMap<String, Arc<RwLock<()>>>>,
}

/// The turn of one write. Others may follow when it is dropped.
#[derive(Debug)]
pub struct Turn {
    _holds: Vec<Hold>,
}

/// A hold on one resource. The fields are dropped in their order.
#[derive(Debug)]
struct Hold {
    _guard: HeldGuard,
    _ticket: Ticket,
}

#[derive(Debug)]
enum HeldGuard {
    Shared(#[expect(dead_code, reason = "held, never looked at")] OwnedRwLockReadGuard<()>),
    Alone(#[expect(dead_code, reason = "held, never looked at")] OwnedRwLockWriteGuard<()>),
}

/// Keeps a place in the map while somebody holds or awaits it.
#[derive(Debug)]
struct Ticket {
    turns: Arc<Turns>,
    key: String,
    lock: Arc<RwLock<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            patience: PATIENCE,
            places: Mutex::default(),
        }
    }
}

impl Turns {
    /// Waits for the resources of a write, each with whether it must be had alone. `None`: they were not free in time.
    pub async fn take(self: &Arc<Self>, mut places: Vec<(String, bool)>) -> Option<Turn> {
        // All in one order, so that two writes never wait for each other.
        places.sort();
        let until = tokio::time::Instant::now() + self.patience;
        let mut holds = Vec::with_capacity(places.len());
        for (key, alone) in places {
            let ticket = self.ticket(key);
            let lock = Arc::clone(&ticket.lock);
            let guard = if alone {
                HeldGuard::Alone(timeout_at(until, lock.write_owned()).await.ok()?)
            } else {
                HeldGuard::Shared(timeout_at(until, lock.read_owned()).await.ok()?)
            };
            holds.push(Hold {
                _guard: guard,
                _ticket: ticket,
            });
        }
        Some(Turn { _holds: holds })
    }

    fn ticket(self: &Arc<Self>, key: String) -> Ticket {
        let lock = Arc::clone(self.locked().entry(key.clone()).or_default());
        Ticket {
            turns: Arc::clone(self),
            key,
            lock,
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Arc<RwLock<()>>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut places = self.turns.locked();
        // The map's own and this one.
        if Arc::strong_count(&self.lock) <= 2 {
            places.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(key: &str, alone: bool) -> Vec<(String, bool)> {
        vec![(key.to_owned(), alone)]
    }

    // who waits for whom, and nothing is left behind.
    #[tokio::test]
    async fn apart() {
        let turns = Arc::new(Turns {
            patience: Duration::from_millis(20),
            ..Turns::default()
        });
        for (first, second, together) in [
            (false, false, true),
            (true, false, false),
            (false, true, false),
            (true, true, false),
        ] {
            let held = turns.take(place("/a", first)).await.unwrap();
            let other = turns.take(place("/b", true)).await;
            assert!(other.is_some(), "another resource is free");
            assert_eq!(
                turns.take(place("/a", second)).await.is_some(),
                together,
                "{first} {second}"
            );
            drop(held);
            assert!(turns.take(place("/a", second)).await.is_some());
            drop(other);
            assert!(turns.locked().is_empty());
        }
    }

    // whoever waits gets its turn, and two that want the same two in either order both do.
    #[tokio::test]
    async fn one_after_the_other() {
        let turns = Arc::new(Turns::default());
        let both = |a: &str, b: &str| vec![(a.to_owned(), true), (b.to_owned(), true)];
        let work = |places| {
            let turns = Arc::clone(&turns);
            tokio::spawn(async move {
                let turn = turns.take(places).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                turn.is_some()
            })
        };
        let (one, other) = (work(both("/a", "/b")), work(both("/b", "/a")));
        assert!(one.await.unwrap() && other.await.unwrap());
        assert!(turns.locked().is_empty());
    }
}
