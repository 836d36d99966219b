//! The back end as the one who knows: credentials are right if it says so. In: what the client's Authorization says,
//! and somebody who can ask. Out: right, wrong, or that there is no telling. Only 2xx proves a user, and only at a
//! place that is known to ask for credentials: it must answer 401 without any and with made-up ones, at the start and
//! every ten minutes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode};

use super::{
    keyed::{self, Digest, Key},
    proved::Proved,
};

/// How long a good test of the place counts.
const TEST_LASTS: Duration = Duration::from_secs(600);
/// How long a bad one does: the back end may only just be starting.
const RETEST: Duration = Duration::from_secs(5);

/// Somebody who can ask the back end about credentials, at the place that the configuration names.
#[async_trait]
pub trait Ask: Send + Sync {
    /// The status of the answer to a harmless request with this Authorization, or without one. `None`: no answer in
    /// time.
    async fn ask(&self, authorization: Option<&HeaderValue>) -> Option<StatusCode>;
}

/// What an answer says about credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They are right.
    Right,
    /// They are wrong, or nothing shows that they are right.
    Wrong,
    /// The back end cannot be asked now, or its word is worth nothing.
    Unknown,
}

/// What `status` says: only 2xx proves a user; a refusal to somebody who may be known, a redirect to a login page or a
/// missing page does not.
pub fn meaning(status: Option<StatusCode>) -> Answer {
    match status {
        Some(status) if status.is_success() => Answer::Right,
        Some(status) if status.is_server_error() => Answer::Unknown,
        Some(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) | None => Answer::Unknown,
        Some(_) => Answer::Wrong,
    }
}

/// Why the back end's word is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// It does not answer.
    #[error("identity.backend.verify: the back end does not answer")]
    Silent,
    /// It lets everybody in.
    #[error("identity.backend.verify: the back end answers {0} without credentials; expected 401")]
    Open(StatusCode),
    /// It lets everybody in who has any credentials.
    #[error("identity.backend.verify: the back end answers {0} to made-up credentials; expected 401")]
    Believes(StatusCode),
}

/// The back end as a source of identity.
pub struct BackEnd {
    asks: Arc<dyn Ask>,
    proved: Proved,
    tested: tokio::sync::Mutex<Option<Tested>>,
}

#[derive(Clone, Copy)]
struct Tested {
    at: Instant,
    result: Result<(), Unsound>,
}

impl Tested {
    fn counts(&self, now: Instant) -> bool {
        let lasts = if self.result.is_ok() { TEST_LASTS } else { RETEST };
        now.duration_since(self.at) < lasts
    }
}

impl BackEnd {
    /// A source that asks through `asks`; an answer counts for `cache`.
    pub fn new(asks: Arc<dyn Ask>, cache: Duration) -> Self {
        Self {
            asks,
            proved: Proved::new(cache),
            tested: tokio::sync::Mutex::new(None),
        }
    }

    /// What stands for this Authorization, byte for byte.
    pub fn fingerprint(key: &Key, authorization: &HeaderValue) -> Digest {
        key.digest(&[b"back end", authorization.as_bytes()])
    }

    /// Whether the back end said a short while ago that this is right.
    pub fn remembers(&self, fingerprint: &Digest, now: Instant) -> bool {
        self.proved.knows(fingerprint, now)
    }

    /// Asks the back end.
    pub async fn verify(&self, fingerprint: Digest, authorization: &HeaderValue) -> Answer {
        if self.test(false).await.is_err() {
            return Answer::Unknown;
        }
        let answer = meaning(self.asks.ask(Some(authorization)).await);
        if answer == Answer::Right {
            self.proved.keep(fingerprint, Instant::now());
        }
        answer
    }

    /// Tests the place now; what was proved there before counts no more if it fails.
    ///
    /// # Errors
    /// Why the back end's word is worth nothing.
    pub async fn self_test(&self) -> Result<(), Unsound> {
        self.test(true).await
    }

    async fn test(&self, again: bool) -> Result<(), Unsound> {
        let mut tested = self.tested.lock().await;
        if let Some(last) = tested.as_ref().filter(|last| !again && last.counts(Instant::now())) {
            return last.result;
        }
        let result = self.examine().await;
        if result.is_err() {
            self.proved.forget();
        }
        match (result, tested.as_ref().map(|last| last.result)) {
            (Err(reason), last) if last != Some(Err(reason)) => {
                tracing::error!("{reason}; logins that it would have to prove are answered 503");
            }
            (Ok(()), Some(Err(_))) => tracing::info!("identity.backend.verify: the back end's word can be taken again"),
            (Ok(()) | Err(_), _) => {}
        }
        *tested = Some(Tested {
            at: Instant::now(),
            result,
        });
        result
    }

    async fn examine(&self) -> Result<(), Unsound> {
        match self.asks.ask(None).await {
            Some(StatusCode::UNAUTHORIZED) => {}
            Some(status) if meaning(Some(status)) != Answer::Unknown => return Err(Unsound::Open(status)),
            _ => return Err(Unsound::Silent),
        }
        match self.asks.ask(Some(&made_up())).await {
            Some(StatusCode::UNAUTHORIZED) => Ok(()),
            Some(status) if meaning(Some(status)) != Answer::Unknown => Err(Unsound::Believes(status)),
            _ => Err(Unsound::Silent),
        }
    }
}

impl std::fmt::Debug for BackEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackEnd").finish_non_exhaustive()
    }
}

/// Credentials that nobody has.
fn made_up() -> HeaderValue {
    let random = STANDARD.encode(keyed::random_bytes());
    let text = format!("davgate-test-{}:{random}", random.replace(['/', '+', '='], ""));
    let value = format!("Basic {}", STANDARD.encode(text));
    HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static("Basic Og=="))
}

#[cfg(test)]
#[path = "backend_tests.rs"]
mod tests;
