//! Failed logins, slowed down. In: who tried, from where, and how it ended. Out: how long that one has to wait. A name
//! is slowed down only at the address that failed: the rightful user comes in from another one, and here too while an
//! earlier login is still remembered. Tries for one name from one address are made one after the other, so that many at
//! once count as many.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use super::{
    keyed::{Digest, Key},
    watched::lock,
};

/// So many may fail before the next has to wait: a client with an old password tries a few times.
const FREE: u32 = 5;
/// The first wait; each further failure doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);
/// After this time without a failure all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// So many names and addresses are remembered; then the ones that failed longest ago go.
const MAX: usize = 20_000;

/// A name at an address.
pub type Who = Digest;

/// Who failed how often.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<Who, Failures>>,
    lanes: Mutex<HashMap<Who, Weak<tokio::sync::Mutex<()>>>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// `name` at `address`. An IPv6 client has a whole /64 to choose its address from: that counts as one.
    pub fn who(key: &Key, name: &str, address: IpAddr) -> Who {
        match address.to_canonical() {
            IpAddr::V4(address) => key.digest(&[b"who", name.as_bytes(), &address.octets()]),
            IpAddr::V6(address) => {
                let octets = address.octets();
                key.digest(&[b"who", name.as_bytes(), octets.get(..8).unwrap_or(&octets)])
            }
        }
    }

    /// How long `who` has to wait before the next try; `None` where it may be made.
    pub fn wait(&self, who: &Who, now: Instant) -> Option<Duration> {
        let failures = lock(&self.failures).get(who).copied()?;
        let over = failures.count.checked_sub(FREE)?;
        let wait = FIRST.saturating_mul(1 << over.min(16)).min(LONGEST);
        let since = now.duration_since(failures.last);
        wait.checked_sub(since).filter(|left| !left.is_zero())
    }

    /// A try of `who` failed.
    pub fn failed(&self, who: Who, now: Instant) {
        let mut failures = lock(&self.failures);
        if failures.len() >= MAX {
            failures.retain(|_, one| now.duration_since(one.last) < FORGOTTEN);
        }
        if failures.len() >= MAX {
            let mut times: Vec<Instant> = failures.values().map(|one| one.last).collect();
            let (_, middle, _) = times.select_nth_unstable(MAX / 2);
            let middle = *middle;
            failures.retain(|_, one| one.last > middle);
        }
        let one = failures.entry(who).or_insert(Failures { count: 0, last: now });
        if now.duration_since(one.last) >= FORGOTTEN {
            one.count = 0;
        }
        one.count = one.count.saturating_add(1);
        one.last = now;
    }

    /// A try of `who` did not fail.
    pub fn succeeded(&self, who: &Who) {
        lock(&self.failures).remove(who);
    }

    /// The turn of `who`; it ends when the guard goes.
    pub async fn turn(&self, who: Who) -> tokio::sync::OwnedMutexGuard<()> {
        let lane = {
            let mut lanes = lock(&self.lanes);
            if lanes.len() >= MAX {
                lanes.retain(|_, lane| lane.strong_count() > 0);
            }
            match lanes.get(&who).and_then(Weak::upgrade) {
                Some(lane) => lane,
                None => {
                    let lane = Arc::new(tokio::sync::Mutex::new(()));
                    lanes.insert(who, Arc::downgrade(&lane));
                    lane
                }
            }
        };
        lane.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(key: &Key, name: &str, address: &str) -> Who {
        Throttle::who(key, name, address.parse().unwrap())
    }

    #[test]
    fn waits_grow_and_end() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let ann = who(&key, "ann", "192.0.2.1");
        let mut now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(throttle.wait(&ann, now), None);
            throttle.failed(ann, now);
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(throttle.wait(&ann, now), Some(wait));
            assert_eq!(throttle.wait(&ann, now + wait / 2), Some(wait / 2));
            now += wait;
            assert_eq!(throttle.wait(&ann, now), None, "after {seconds} s");
            throttle.failed(ann, now);
        }
        now += FORGOTTEN;
        throttle.failed(ann, now);
        assert_eq!(throttle.wait(&ann, now), None);
    }

    // the rightful user is not locked out from another address, nor another user from this one
    #[test]
    fn only_that_name_there() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let now = Instant::now();
        let ann = who(&key, "ann", "2001:db8::1");
        (0..20).for_each(|_| throttle.failed(ann, now));
        let rows = [
            ("ann", "2001:db8::1", true),
            ("ann", "2001:db8::ffff:1", true),
            ("ann", "2001:db8:0:1::1", false),
            ("ann", "192.0.2.1", false),
            ("bob", "2001:db8::1", false),
        ];
        for (name, address, waits) in rows {
            let wait = throttle.wait(&who(&key, name, address), now);
            assert_eq!(wait.is_some(), waits, "{name} {address}");
        }
        assert_eq!(who(&key, "ann", "192.0.2.1"), who(&key, "ann", "::ffff:192.0.2.1"));
        throttle.succeeded(&ann);
        assert_eq!(throttle.wait(&ann, now), None);
    }

    // memory is bounded, and who failed last is still known
    #[test]
    fn not_without_end() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let start = Instant::now();
        for number in 0..=MAX {
            let at = start + Duration::from_micros(number as u64);
            throttle.failed(who(&key, &number.to_string(), "192.0.2.1"), at);
        }
        assert!(lock(&throttle.failures).len() <= MAX / 2 + 1);
        assert!(lock(&throttle.failures).contains_key(&who(&key, &MAX.to_string(), "192.0.2.1")));
    }

    #[tokio::test]
    async fn one_after_the_other() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let ann = who(&key, "ann", "192.0.2.1");
        let first = throttle.turn(ann).await;
        let second = throttle.turn(ann);
        tokio::pin!(second);
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, &mut second).await.is_err());
        let other = throttle.turn(who(&key, "bob", "192.0.2.1"));
        assert!(tokio::time::timeout(soon, other).await.is_ok());
        drop(first);
        assert!(tokio::time::timeout(soon, second).await.is_ok());
    }
}
