//! A key set at a URL. In: when keys are asked for, and a key that is not among them. Out: the newest keys that could
//! be had. They are fetched again after `refresh`, and when a token names an unknown key (the issuer may have changed
//! its keys), but never more often than a minimum interval: tokens with invented keys must not become requests to the
//! issuer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;

use super::{
    fetch::{FetchError, Fetcher},
    keys::{self, Keys},
};

/// Between two fetches.
const MIN_INTERVAL: Duration = Duration::from_secs(30);
/// The same while there are no keys at all.
const FIRST_INTERVAL: Duration = Duration::from_secs(3);
/// Keys that could not be fetched again for so long count no more: the issuer may have withdrawn them.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// The key set of an issuer.
#[derive(Debug)]
pub struct Remote {
    fetcher: Fetcher,
    refresh: Duration,
    min_interval: Duration,
    current: ArcSwapOption<Fetched>,
    /// When the last fetch began.
    last: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Fetched {
    keys: Arc<Keys>,
    at: Instant,
}

impl Remote {
    /// The keys at `url`, which is not asked yet.
    ///
    /// # Errors
    /// Why it can never be fetched.
    pub fn new(url: &str, refresh: Duration) -> Result<Self, FetchError> {
        Ok(Self {
            fetcher: Fetcher::new(url)?,
            refresh,
            min_interval: MIN_INTERVAL,
            current: ArcSwapOption::empty(),
            last: tokio::sync::Mutex::new(None),
        })
    }

    /// The keys; `None` where none could be had.
    pub async fn keys(self: &Arc<Self>) -> Option<Arc<Keys>> {
        match self.current.load_full() {
            None => self.fetch_unless(None).await,
            Some(fetched) => {
                let age = fetched.at.elapsed();
                if age >= self.refresh && self.may_fetch() {
                    // The old ones serve until the new ones are there.
                    let this = Arc::clone(self);
                    let keys = Arc::clone(&fetched.keys);
                    tokio::spawn(async move { this.fetch_unless(Some(&keys)).await });
                }
                (age < MAX_AGE.max(self.refresh.saturating_mul(2))).then(|| Arc::clone(&fetched.keys))
            }
        }
    }

    /// Newer keys than `known`, which lack one, if there are any.
    pub async fn newer(&self, known: &Arc<Keys>) -> Option<Arc<Keys>> {
        let keys = self.fetch_unless(Some(known)).await?;
        (!Arc::ptr_eq(&keys, known)).then_some(keys)
    }

    /// Whether nobody is fetching, and nobody did just now.
    fn may_fetch(&self) -> bool {
        let last = self.last.try_lock();
        last.is_ok_and(|last| last.is_none_or(|last| last.elapsed() >= self.min_interval))
    }

    /// Fetches, unless there are other keys than `known` meanwhile, or the last fetch was just now. One fetch at a
    /// time.
    async fn fetch_unless(&self, known: Option<&Arc<Keys>>) -> Option<Arc<Keys>> {
        let mut last = self.last.lock().await;
        let current = self.current.load_full().map(|fetched| Arc::clone(&fetched.keys));
        let changed = match (&current, known) {
            (Some(current), Some(known)) => !Arc::ptr_eq(current, known),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let interval = match current {
            Some(_) => self.min_interval,
            None => self.min_interval.min(FIRST_INTERVAL),
        };
        if changed || last.is_some_and(|last| last.elapsed() < interval) {
            return current;
        }
        *last = Some(Instant::now());
        let what = match self.fetcher.fetch().await {
            Ok(bytes) => match keys::parse(&bytes) {
                Ok(keys) => {
                    let keys = Arc::new(keys);
                    self.current.store(Some(Arc::new(Fetched {
                        keys: Arc::clone(&keys),
                        at: Instant::now(),
                    })));
                    return Some(keys);
                }
                Err(problems) => problems.into_iter().map(|problem| problem.what).collect(),
            },
            Err(error) => error.to_string(),
        };
        tracing::error!("identity.bearer.jwks_url: {what}");
        current
    }
}

#[cfg(test)]
impl Remote {
    /// With another minimum interval.
    pub fn every(mut self, min_interval: Duration) -> Self {
        self.min_interval = min_interval;
        self
    }
}
