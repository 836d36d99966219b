//! What was proved a short while ago, so that a password is not hashed, or the back end not asked, for each request.
//! In: digests of credentials, never credentials. Out: whether one was proved within the time.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{keyed::Digest, watched::lock};

/// So many are remembered; then the oldest half goes.
const MAX: usize = 20_000;

/// Digests that were proved.
#[derive(Debug)]
pub struct Proved {
    since: Mutex<HashMap<Digest, Instant>>,
    lasts: Duration,
}

impl Proved {
    /// Nothing is proved yet; a proof lasts for `lasts`.
    pub fn new(lasts: Duration) -> Self {
        Self {
            since: Mutex::new(HashMap::new()),
            lasts,
        }
    }

    /// Whether `digest` was proved within the time before `now`.
    pub fn knows(&self, digest: &Digest, now: Instant) -> bool {
        let since = lock(&self.since).get(digest).copied();
        since.is_some_and(|since| now.duration_since(since) < self.lasts)
    }

    /// `digest` was proved at `now`.
    pub fn keep(&self, digest: Digest, now: Instant) {
        let mut since = lock(&self.since);
        if since.len() >= MAX {
            since.retain(|_, at| now.duration_since(*at) < self.lasts);
        }
        if since.len() >= MAX {
            let mut times: Vec<Instant> = since.values().copied().collect();
            let (_, middle, _) = times.select_nth_unstable(MAX / 2);
            let middle = *middle;
            since.retain(|_, at| *at > middle);
        }
        since.insert(digest, now);
    }

    /// `digest` is not proved any more.
    pub fn remove(&self, digest: &Digest) {
        lock(&self.since).remove(digest);
    }

    /// Nothing is proved any more.
    pub fn forget(&self) {
        lock(&self.since).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::keyed::Key;

    #[test]
    fn for_a_while() {
        let proved = Proved::new(Duration::from_secs(60));
        let key = Key::random();
        let [one, other] = [b"one", b"two"].map(|text| key.digest(&[text]));
        let start = Instant::now();
        assert!(!proved.knows(&one, start));
        proved.keep(one, start);
        assert!(proved.knows(&one, start + Duration::from_millis(59_999)));
        assert!(!proved.knows(&one, start + Duration::from_secs(60)));
        assert!(!proved.knows(&other, start));
        proved.forget();
        assert!(!proved.knows(&one, start));
    }

    // memory is bounded, and the newest stay
    #[test]
    fn not_for_everybody() {
        let proved = Proved::new(Duration::from_secs(60));
        let key = Key::random();
        let digest = |number: usize| key.digest(&[&number.to_be_bytes()]);
        let start = Instant::now();
        for number in 0..=MAX {
            proved.keep(digest(number), start + Duration::from_micros(number as u64));
        }
        let now = start + Duration::from_secs(1);
        assert!(!proved.knows(&digest(0), now) && proved.knows(&digest(MAX), now));
        assert!(proved.knows(&digest(MAX - 100), now));
        assert!(lock(&proved.since).len() <= MAX / 2 + 1);
    }
}
