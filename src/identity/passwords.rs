//! Names and passwords, over all sources that know any. In: what Basic carried, and from where. Out: whom it names and
//! the place of the source that says so; or that it is wrong, comes too often, or that there is no telling. What was
//! proved within the last minute is not proved again; hashes are made off the async threads, a few at once.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::HeaderValue;
use tokio::sync::Semaphore;

use super::{
    backend::{Answer, BackEnd, Unsound},
    basic::PasswordFile,
    claim::Claim,
    credentials::NameAndPassword,
    keyed::{Digest, Key},
    principal::judge_name,
    proved::Proved,
    refusal::Refusal,
    throttle::Throttle,
};

/// How long a password counts without being hashed again.
const PROVED: Duration = Duration::from_secs(60);
/// How long right credentials are known to have been right: who shows them again is not slowed down by others' failures.
const FAMILIAR: Duration = Duration::from_secs(24 * 3600);
/// How long a request waits for its turn to be hashed.
const TURN: Duration = Duration::from_secs(10);

/// Somebody who knows passwords.
#[derive(Debug)]
pub enum PasswordSource {
    /// An htpasswd file.
    File(PasswordFile),
    /// The back end.
    BackEnd {
        /// Who asks it.
        source: BackEnd,
        /// It takes names in any letter case.
        fold: bool,
    },
}

impl PasswordSource {
    /// Whom this source means by `name`.
    fn claim(&self, name: &str) -> Claim {
        Claim::name(match self {
            Self::BackEnd { fold: true, .. } => name.to_lowercase(),
            Self::BackEnd { fold: false, .. } | Self::File(_) => name.to_owned(),
        })
    }
}

/// Everybody who knows passwords.
#[derive(Debug)]
pub struct Passwords {
    /// With their places in the file.
    sources: Vec<(usize, PasswordSource)>,
    key: Key,
    proved: Proved,
    familiar: Proved,
    throttle: Throttle,
    /// So many hashes are made at once: logins must not take all processors from everybody else.
    slots: Arc<Semaphore>,
}

impl Passwords {
    /// Over `sources`, each with its place in the file.
    pub fn new(sources: Vec<(usize, PasswordSource)>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            sources,
            key: Key::random(),
            proved: Proved::new(PROVED),
            familiar: Proved::new(FAMILIAR),
            throttle: Throttle::default(),
            slots: Arc::new(Semaphore::new(processors.div_ceil(2))),
        }
    }

    /// Whether nobody knows any.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whom `credentials` name, and the place of the first source that says so. `authorization` is what they were read
    /// from.
    ///
    /// # Errors
    /// Why they name nobody.
    pub async fn verify(
        &self,
        credentials: &NameAndPassword,
        authorization: &HeaderValue,
        peer: IpAddr,
    ) -> Result<(usize, Claim), Refusal> {
        judge_name(&credentials.name)?;
        if credentials.name.trim() != credentials.name {
            return Err(Refusal::Blank);
        }
        if let Some(found) = self.remembered(credentials, authorization) {
            return Ok(found);
        }
        // Other spellings are no further tries, where the back end takes them for one name.
        let who = Throttle::who(&self.key, &credentials.name.to_lowercase(), peer);
        let _turn = self.throttle.turn(&who).await;
        // Somebody may have proved it, or failed, while this one waited.
        if let Some(found) = self.remembered(credentials, authorization) {
            return Ok(found);
        }
        let now = Instant::now();
        let wait = self
            .throttle
            .wait(&who, now)
            .filter(|_| !self.is_familiar(credentials, authorization, now));
        if let Some(wait) = wait {
            return Err(Refusal::Throttled(wait));
        }
        let mut refusal = Refusal::Password;
        let mut wrong = false;
        for (place, source) in &self.sources {
            match self.ask(source, credentials, authorization).await {
                Ok(true) => {
                    self.throttle.succeeded(&who);
                    if let Some(fingerprint) = self.fingerprint(source, credentials, authorization) {
                        self.familiar.keep(fingerprint, Instant::now());
                    }
                    return Ok((*place, source.claim(&credentials.name)));
                }
                Ok(false) => wrong = true,
                Err(unavailable) => refusal = unavailable,
            }
        }
        // Where another source is silent, this one can be guessed at all the same.
        if wrong {
            self.throttle.failed(&who, Instant::now());
        }
        if refusal == Refusal::Password {
            // They were right once and are not any more.
            let fingerprints = self.sources.iter();
            fingerprints
                .filter_map(|(_, source)| self.fingerprint(source, credentials, authorization))
                .for_each(|fingerprint| self.familiar.remove(&fingerprint));
        }
        Err(refusal)
    }

    fn remembered(&self, credentials: &NameAndPassword, authorization: &HeaderValue) -> Option<(usize, Claim)> {
        let now = Instant::now();
        let knows = |source: &PasswordSource| {
            let fingerprint = self.fingerprint(source, credentials, authorization);
            fingerprint.is_some_and(|fingerprint| match source {
                PasswordSource::File(_) => self.proved.knows(&fingerprint, now),
                PasswordSource::BackEnd { source, .. } => source.remembers(&fingerprint, now),
            })
        };
        let (place, source) = self.sources.iter().find(|(_, source)| knows(source))?;
        Some((*place, source.claim(&credentials.name)))
    }

    /// Whether a source found these right within the last day.
    fn is_familiar(&self, credentials: &NameAndPassword, authorization: &HeaderValue, now: Instant) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|(_, source)| {
            self.fingerprint(source, credentials, authorization)
                .is_some_and(|fingerprint| self.familiar.knows(&fingerprint, now))
        })
    }

    /// What stands for these credentials at `source`; `None` for a name that it does not have.
    fn fingerprint(
        &self,
        source: &PasswordSource,
        credentials: &NameAndPassword,
        authorization: &HeaderValue,
    ) -> Option<Digest> {
        match source {
            PasswordSource::File(file) => file.fingerprint(&self.key, credentials),
            PasswordSource::BackEnd { .. } => Some(BackEnd::fingerprint(&self.key, authorization)),
        }
    }

    async fn ask(
        &self,
        source: &PasswordSource,
        credentials: &NameAndPassword,
        authorization: &HeaderValue,
    ) -> Result<bool, Refusal> {
        match source {
            PasswordSource::File(file) => self.hash(file, credentials).await,
            PasswordSource::BackEnd { source, .. } => {
                let fingerprint = BackEnd::fingerprint(&self.key, authorization);
                match source.verify(fingerprint, authorization).await {
                    Answer::Right => Ok(true),
                    Answer::Wrong => Ok(false),
                    Answer::Unknown => Err(Refusal::Unavailable("the back end cannot say who is right")),
                }
            }
        }
    }

    async fn hash(&self, file: &PasswordFile, credentials: &NameAndPassword) -> Result<bool, Refusal> {
        const BUSY: Refusal = Refusal::Unavailable("too many logins at once");
        let slot = tokio::time::timeout(TURN, Arc::clone(&self.slots).acquire_owned());
        let slot = slot.await.map_err(|_| BUSY)?.map_err(|_| BUSY)?;
        let check = file.check(&self.key, credentials);
        let key = self.key.clone();
        let hashing = tokio::task::spawn_blocking(move || {
            let found = check.run(&key);
            // The slot is taken until the work is done, even if nobody waits for it any more.
            drop(slot);
            found
        });
        match hashing.await {
            Ok(Some(fingerprint)) => {
                self.proved.keep(fingerprint, Instant::now());
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(_) => Err(Refusal::Unavailable("a password could not be hashed")),
        }
    }

    /// Whether the back end is one of them.
    pub fn ask_back_end(&self) -> bool {
        let asks = |source: &PasswordSource| match source {
            PasswordSource::BackEnd { .. } => true,
            PasswordSource::File(_) => false,
        };
        self.sources.iter().any(|(_, source)| asks(source))
    }

    /// Tests the back end, if it is a source.
    ///
    /// # Errors
    /// Why its word cannot be taken.
    pub async fn self_test(&self) -> Result<(), Unsound> {
        for (_, source) in &self.sources {
            match source {
                PasswordSource::BackEnd { source, .. } => source.self_test().await?,
                PasswordSource::File(_) => {}
            }
        }
        Ok(())
    }
}
