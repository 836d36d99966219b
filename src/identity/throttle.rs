//! Failed logins, slowed down. In: who tried, from where, and how it ended. Out: how long that one has to wait. A name
//! is slowed down only at the address that failed: the rightful user comes in from another one. An address is slowed
//! down, less, when it fails for many names. Who shows credentials that were right within the last day is not slowed
//! down at all (`passwords.rs`): behind a proxy all clients have one address. Tries for one name from one address are
//! made one after the other, so that many at once count as many.

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

/// How many failures are free, and how the next tries are slowed down.
struct Pace {
    /// So many may fail before the next has to wait.
    free: u32,
    /// The longest wait. The first is [`FIRST`], and each further failure doubles it.
    longest: Duration,
}

/// A client with an old password tries a few times.
const OF_A_NAME: Pace = Pace {
    free: 5,
    longest: Duration::from_secs(60),
};
/// Names that failed from one address: behind one address there may be a whole office, or a proxy.
const OF_AN_ADDRESS: Pace = Pace {
    free: 20,
    longest: Duration::from_secs(10),
};
/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// After this time without a failure all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// So many names and addresses are remembered; then the ones that failed longest ago go.
const MAX: usize = 20_000;

/// A name at an address, and the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    name: Digest,
    address: Digest,
}

/// Who failed how often.
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<Digest, Failures>>,
    lanes: Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// `name` at `address`. An IPv6 client has a whole /64 to choose its address from: that counts as one.
    pub fn who(key: &Key, name: &str, address: IpAddr) -> Who {
        let octets = match address.to_canonical() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
        };
        Who {
            name: key.digest(&[b"who", name.as_bytes(), &octets]),
            address: key.digest(&[b"address", &octets]),
        }
    }

    /// How long `who` has to wait before the next try; `None` where it may be made.
    pub fn wait(&self, who: &Who, now: Instant) -> Option<Duration> {
        let failures = lock(&self.failures);
        let left = |digest, pace: &Pace| {
            let failures = failures.get(digest)?;
            let over = failures.count.checked_sub(pace.free)?;
            let wait = FIRST.saturating_mul(1 << over.min(16)).min(pace.longest);
            let since = now.duration_since(failures.last);
            wait.checked_sub(since).filter(|left| !left.is_zero())
        };
        left(&who.name, &OF_A_NAME).max(left(&who.address, &OF_AN_ADDRESS))
    }

    /// A try of `who` failed.
    pub fn failed(&self, who: &Who, now: Instant) {
        let mut failures = lock(&self.failures);
        if failures.len() + 1 >= MAX {
            failures.retain(|_, one| now.duration_since(one.last) < FORGOTTEN);
        }
        if failures.len() + 1 >= MAX {
            let mut times: Vec<Instant> = failures.values().map(|one| one.last).collect();
            let (_, middle, _) = times.select_nth_unstable(MAX / 2);
            let middle = *middle;
            failures.retain(|_, one| one.last > middle);
        }
        let mut count = |digest| {
            let one = failures.entry(digest).or_insert(Failures { count: 0, last: now });
            if now.duration_since(one.last) >= FORGOTTEN {
                one.count = 0;
            }
            one.count = one.count.saturating_add(1);
            one.last = now;
            one.count
        };
        // The same name again says nothing new of the address.
        if count(who.name) == 1 {
            count(who.address);
        }
    }

    /// A try of `who` did not fail. The address stays what it was: else one account of its own would set free who tries
    /// many others.
    pub fn succeeded(&self, who: &Who) {
        lock(&self.failures).remove(&who.name);
    }

    /// The turn of `who`; it ends when the guard goes.
    pub async fn turn(&self, who: &Who) -> tokio::sync::OwnedMutexGuard<()> {
        let lane = {
            let mut lanes = lock(&self.lanes);
            if lanes.len() >= MAX {
                lanes.retain(|_, lane| lane.strong_count() > 0);
            }
            match lanes.get(&who.name).and_then(Weak::upgrade) {
                Some(lane) => lane,
                None => {
                    let lane = Arc::new(tokio::sync::Mutex::new(()));
                    lanes.insert(who.name, Arc::downgrade(&lane));
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
    use std::net::Ipv4Addr;

    fn who(key: &Key, name: &str, address: &str) -> Who {
        Throttle::who(key, name, address.parse().unwrap())
    }

    #[test]
    fn waits_grow_and_end() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let ann = who(&key, "ann", "192.0.2.1");
        let mut now = Instant::now();
        for _ in 0..OF_A_NAME.free {
            assert_eq!(throttle.wait(&ann, now), None);
            throttle.failed(&ann, now);
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(throttle.wait(&ann, now), Some(wait));
            assert_eq!(throttle.wait(&ann, now + wait / 2), Some(wait / 2));
            now += wait;
            assert_eq!(throttle.wait(&ann, now), None, "after {seconds} s");
            throttle.failed(&ann, now);
        }
        now += FORGOTTEN;
        throttle.failed(&ann, now);
        assert_eq!(throttle.wait(&ann, now), None);
    }

    // the rightful user is not locked out from another address, nor another user from this one
    #[test]
    fn only_that_name_there() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let now = Instant::now();
        let ann = who(&key, "ann", "2001:db8::1");
        (0..20).for_each(|_| throttle.failed(&ann, now));
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

    // one address that tries many names is slowed down too, and its own account does not set it free
    #[test]
    fn many_names_of_an_address() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let mut now = Instant::now();
        let name = |number: u32| who(&key, &format!("user{number}"), "192.0.2.1");
        for number in 0..OF_AN_ADDRESS.free {
            assert_eq!(throttle.wait(&name(number), now), None);
            // Twice: the second says nothing new.
            throttle.failed(&name(number), now);
            throttle.failed(&name(number), now);
        }
        let own = who(&key, "mallory", "192.0.2.1");
        for (number, seconds) in (100..).zip([1, 2, 4, 8, 10, 10]) {
            throttle.succeeded(&own);
            assert_eq!(throttle.wait(&name(number), now), Some(Duration::from_secs(seconds)));
            assert_eq!(throttle.wait(&who(&key, "user1", "192.0.2.2"), now), None);
            now += Duration::from_secs(seconds);
            throttle.failed(&name(number), now);
        }
        assert_eq!(throttle.wait(&name(1), now + FORGOTTEN), None);
    }

    // memory is bounded, and who failed last is still known
    #[test]
    fn not_without_end() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let start = Instant::now();
        for number in 0..=MAX / 2 {
            let at = start + Duration::from_micros(number as u64);
            let address = Ipv4Addr::from(number as u32).to_string();
            throttle.failed(&who(&key, "ann", &address), at);
        }
        assert!(lock(&throttle.failures).len() <= MAX / 2 + 2);
        let last = who(&key, "ann", &Ipv4Addr::from((MAX / 2) as u32).to_string());
        assert!(lock(&throttle.failures).contains_key(&last.name));
    }

    #[tokio::test]
    async fn one_after_the_other() {
        let (key, throttle) = (Key::random(), Throttle::default());
        let ann = who(&key, "ann", "192.0.2.1");
        let first = throttle.turn(&ann).await;
        let second = throttle.turn(&ann);
        tokio::pin!(second);
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, &mut second).await.is_err());
        let bob = who(&key, "bob", "192.0.2.1");
        let other = throttle.turn(&bob);
        assert!(tokio::time::timeout(soon, other).await.is_ok());
        drop(first);
        assert!(tokio::time::timeout(soon, second).await.is_ok());
    }
}
