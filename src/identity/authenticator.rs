//! All sources together (O-5). In: the connection's peer and certificate, and the header fields. Out: a principal,
//! anonymous where nothing is presented, or the refusal. Whatever is presented must be right: one wrong credential is
//! 401, even on public resources and beside a right one. Among the right ones, the source that stands first in the file
//! says who it is.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Principal,
    backend::{Ask, BackEnd, Unsound},
    basic::PasswordFile,
    bearer::{self, Bearer, Failure},
    challenge::Challenges,
    claim::Claim,
    client_certificate,
    credentials::{self, Presented},
    groups::Groups,
    passwords::{PasswordSource, Passwords},
    refusal::Refusal,
    settings::{CertificateUser, IdentitySettings, SourceSettings, TrustedHeaderSettings},
    trusted_header,
    watched::FileProblem,
};

/// What a request shows of its sender.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The other end of the TCP connection.
    pub peer: IpAddr,
    /// The client's certificate (DER, the first of its chain), if the TLS layer has verified one.
    pub certificate: Option<&'a [u8]>,
    /// The header fields as they came.
    pub headers: &'a HeaderMap,
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The htpasswd file.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The keys for tokens.
    #[error(transparent)]
    Bearer(#[from] bearer::OpenError),
}

/// Every source of identity, in order.
#[derive(Debug)]
pub struct Authenticator {
    passwords: Passwords,
    /// With its place in the file.
    bearer: Option<(usize, Bearer)>,
    certificate: Option<(usize, CertificateUser)>,
    trusted: Option<(usize, TrustedHeaderSettings)>,
    groups: Groups,
    challenges: Challenges,
}

impl Authenticator {
    /// Opens the sources. `asks` puts the questions of `identity.backend`.
    ///
    /// # Errors
    /// Why the first one cannot be opened.
    pub fn open(settings: &IdentitySettings, asks: &Arc<dyn Ask>) -> Result<Self, OpenError> {
        let mut passwords = Vec::new();
        let (mut bearer, mut certificate, mut trusted) = (None, None, None);
        for (place, source) in settings.sources.iter().enumerate() {
            match source {
                SourceSettings::Basic(basic) => {
                    passwords.push((place, PasswordSource::File(PasswordFile::open(basic)?)));
                }
                SourceSettings::BackEnd(back_end) => {
                    let source = BackEnd::new(Arc::clone(asks), back_end.cache);
                    let fold = back_end.fold;
                    passwords.push((place, PasswordSource::BackEnd { source, fold }));
                }
                SourceSettings::Bearer(settings) => bearer = Some((place, Bearer::open(settings)?)),
                SourceSettings::ClientCertificate(user) => certificate = Some((place, *user)),
                SourceSettings::TrustedHeader(settings) => trusted = Some((place, settings.clone())),
            }
        }
        Ok(Self {
            passwords: Passwords::new(passwords),
            bearer,
            certificate,
            trusted,
            groups: Groups::new(&settings.groups),
            challenges: Challenges::new(settings),
        })
    }

    /// Who is asking.
    ///
    /// # Errors
    /// The refusal, where something is presented and it is not right, or nobody can say now.
    pub async fn identify(&self, asking: &Asking<'_>) -> Result<Principal, Refusal> {
        let mut claims = Vec::new();
        if let (Some((place, user)), Some(der)) = (self.certificate, asking.certificate) {
            claims.push((place, client_certificate::read(user, der, SystemTime::now())?));
        }
        if let Some((place, settings)) = &self.trusted
            && let Some(claim) = trusted_header::read(settings, asking.peer, asking.headers)?
        {
            claims.push((*place, claim));
        }
        claims.extend(self.by_authorization(asking).await?);
        match claims.into_iter().min_by_key(|(place, _)| *place) {
            Some((_, claim)) => self.principal(claim),
            None => Ok(Principal::anonymous()),
        }
    }

    /// Whom the Authorization header names. Where no source reads that header, it is the back end's and says nothing
    /// here.
    async fn by_authorization(&self, asking: &Asking<'_>) -> Result<Option<(usize, Claim)>, Refusal> {
        if self.bearer.is_none() && self.passwords.is_empty() {
            return Ok(None);
        }
        let Some(presented) = credentials::read(asking.headers)? else {
            return Ok(None);
        };
        match (presented, &self.bearer) {
            (Presented::Basic(credentials), _) if !self.passwords.is_empty() => {
                let authorization = asking
                    .headers
                    .get(http::header::AUTHORIZATION)
                    .ok_or(Refusal::Password)?;
                let found = self.passwords.verify(&credentials, authorization, asking.peer).await?;
                Ok(Some(found))
            }
            (Presented::Bearer(token), Some((place, bearer))) => match bearer.verify(token.expose()).await {
                Ok(claim) => Ok(Some((*place, claim))),
                Err(Failure::Refused(reason)) => Err(reason.into()),
                Err(Failure::NoKeys) => Err(Refusal::Unavailable("the issuer's keys cannot be had")),
            },
            (Presented::Basic(_) | Presented::Bearer(_) | Presented::Other, _) => Err(Refusal::Scheme),
        }
    }

    fn principal(&self, claim: Claim) -> Result<Principal, Refusal> {
        let blank = |name: &str| name.trim() != name;
        if blank(&claim.name) || claim.groups.iter().any(|group| blank(group)) {
            return Err(Refusal::Blank);
        }
        let groups = self.groups.of(&claim.name, claim.groups);
        Ok(Principal::user(claim.name, groups)?)
    }

    /// The values of WWW-Authenticate for a 401: after `refusal`, or for a principal that must be known (ERR-4, A-30).
    pub fn challenges(&self, refusal: Option<&Refusal>) -> &[HeaderValue] {
        match refusal {
            Some(Refusal::Token(_)) => self.challenges.after_bad_token(),
            Some(_) | None => self.challenges.values(),
        }
    }

    /// The header fields that only a trusted peer may set; no copy of them goes to the back end, whoever sent it
    ///
    pub fn private_headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.trusted
            .iter()
            .flat_map(|(_, settings)| trusted_header::names(settings))
    }

    /// Whether the back end is a source.
    pub fn asks_back_end(&self) -> bool {
        self.passwords.ask_back_end()
    }

    /// Whether the back end's word can be taken, tested now. `Ok` where it is no source.
    ///
    /// # Errors
    /// Why it cannot.
    pub async fn self_test(&self) -> Result<(), Unsound> {
        self.passwords.self_test().await
    }
}

#[cfg(test)]
#[path = "authenticator_tests.rs"]
mod tests;
