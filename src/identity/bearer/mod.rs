//! Bearer tokens (RFC 6750) that are JWTs. In: a token. Out: whom it names. The keys are in a file that may change, or
//! at a URL.

pub mod fetch;
pub mod keys;
pub mod remote;
pub mod signatures;
pub mod token;

use std::sync::Arc;

use super::{
    claim::Claim,
    settings::{BearerSettings, KeySource},
    watched::{FileProblem, Watched},
};
use fetch::FetchError;
use keys::Keys;
use remote::Remote;
use token::{Refused, Rules};

/// Why the source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file of keys.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The URL of keys.
    #[error("identity.bearer.jwks_url: {0}")]
    Url(#[from] FetchError),
}

/// Why a token names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It counts for nothing.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There are no keys to say.
    #[error("the issuer's keys cannot be had")]
    NoKeys,
}

/// Tokens of one issuer.
#[derive(Debug)]
pub struct Bearer {
    rules: Rules,
    keys: Source,
}

#[derive(Debug)]
enum Source {
    File(Watched<Keys>),
    Url(Arc<Remote>),
}

impl Bearer {
    /// Opens the file of keys; a URL is asked when the first token comes.
    ///
    /// # Errors
    /// Why there can be no keys.
    pub fn open(settings: &BearerSettings) -> Result<Self, OpenError> {
        signatures::install();
        let keys = match &settings.keys {
            KeySource::File(path) => Source::File(Watched::open(path, keys::parse)?),
            KeySource::Url { url, refresh } => Source::Url(Arc::new(Remote::new(url, *refresh)?)),
        };
        Ok(Self {
            rules: Rules::new(settings),
            keys,
        })
    }

    /// Whom `token` names.
    ///
    /// # Errors
    /// Why it names nobody.
    pub async fn verify(&self, token: &str) -> Result<Claim, Failure> {
        let picks = token::picks(token)?;
        match &self.keys {
            Source::File(file) => Ok(self.rules.verify(token, &picks, &file.current())?),
            Source::Url(remote) => {
                let keys = remote.keys().await.ok_or(Failure::NoKeys)?;
                match self.rules.verify(token, &picks, &keys) {
                    Err(Refused::UnknownKey) => match remote.newer(&keys).await {
                        Some(keys) => Ok(self.rules.verify(token, &picks, &keys)?),
                        None => Err(Refused::UnknownKey.into()),
                    },
                    other => Ok(other?),
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
