//! That no client has all of the gateway (B-101, B-102): how many requests one has under way, and how many it may send in a time. In: who
//! asks. Out: a place until the request is over, or a refusal.
//!
//! Who is known counts by name, wherever the requests come from; who is nobody counts by address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::{decide::Denial, identity::Principal, policy::ClientBounds};

use super::room::Room;

/// After so many requests those who have not come for a while are forgotten.
const SWEEP: u32 = 4096;

/// Who has how much.
pub(super) struct Fair {
    bounds: ClientBounds,
    under_way: Arc<Mutex<HashMap<Who, u32>>>,
    rate: Option<DefaultKeyedRateLimiter<Who>>,
    requests: AtomicU32,
    room: Room,
}

/// Who counts as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Name(Arc<str>),
    Address(IpAddr),
}

/// A request under way, while it lives.
pub struct Share {
    under_way: Arc<Mutex<HashMap<Who, u32>>>,
    who: Who,
}

impl Fair {
    /// What keeps to `bounds`.
    pub fn new(bounds: ClientBounds) -> Self {
        let quota = bounds.rate.and_then(|rate| {
            let every = rate.per.checked_div(rate.requests.get())?;
            Some(Quota::with_period(every)?.allow_burst(rate.burst))
        });
        Self {
            room: Room::new(bounds.held),
            bounds,
            under_way: Arc::default(),
            rate: quota.map(RateLimiter::keyed),
            requests: AtomicU32::new(0),
        }
    }

    /// What is kept to.
    pub fn bounds(&self) -> &ClientBounds {
        &self.bounds
    }

    /// The room for what must be whole before they are judged.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Room for one more request of `principal` from `address`; `None`: it is not counted.
    ///
    /// # Errors
    /// There is none now.
    pub fn share(&self, principal: &Principal, address: Option<IpAddr>) -> Result<Option<Share>, Denial> {
        if self.rate.is_none() && self.bounds.in_flight.is_none() {
            return Ok(None);
        }
        let who = match principal.name() {
            Some(name) => Who::Name(name.into()),
            None => match address.and_then(|address| self.bounds.counted(address)) {
                Some(address) => Who::Address(address),
                None => return Ok(None),
            },
        };
        if let Some(rate) = &self.rate {
            if self.requests.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
                rate.retain_recent();
                rate.shrink_to_fit();
            }
            if let Err(early) = rate.check_key(&who) {
                let wait = early.wait_time_from(DefaultClock::default().now());
                let part = u64::from(wait.subsec_nanos() > 0);
                return Err(Denial::TooManyRequests(wait.as_secs().saturating_add(part).max(1)));
            }
        }
        let Some(most) = self.bounds.in_flight else {
            return Ok(None);
        };
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(who.clone()).or_default();
        if *count >= most {
            return Err(Denial::TooManyInFlight);
        }
        *count = count.saturating_add(1);
        drop(under_way);
        Ok(Some(Share {
            under_way: Arc::clone(&self.under_way),
            who,
        }))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                under_way.remove(&self.who);
            }
        }
    }
}
