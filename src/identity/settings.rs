//! `identity:` compiled: who may say who is asking, in the order of the file; and `backend.credentials`, what a back
//! end is told of it. Data only: the identity room opens the files and judges. No secret stands here but as a `Secret`.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use http::HeaderName;
use ipnet::IpNet;

use super::Secret;

/// Who may say who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySettings {
    /// The realm of the challenges: visible ASCII and blanks.
    pub realm: String,
    /// The sources in the order of the file; the first that knows the requester decides who it is.
    pub sources: Vec<SourceSettings>,
    /// Groups of the file: name and members.
    pub groups: BTreeMap<String, Vec<Member>>,
}

impl IdentitySettings {
    /// Whether every name that there can be is in lower case.
    pub fn folds_names(&self) -> bool {
        let folds = |source: &SourceSettings| matches!(source, SourceSettings::BackEnd(settings) if settings.fold);
        !self.sources.is_empty() && self.sources.iter().all(folds)
    }
}

/// A member of a group of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// A user by name.
    User(String),
    /// Everybody in another group.
    Group(String),
}

/// One source of identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceSettings {
    /// Basic, against an htpasswd file.
    Basic(BasicSettings),
    /// Bearer, a signed token.
    Bearer(BearerSettings),
    /// The client's TLS certificate.
    ClientCertificate(CertificateUser),
    /// A header that a listed peer sets.
    TrustedHeader(TrustedHeaderSettings),
    /// Basic, against the back end.
    BackEnd(BackEndSettings),
}

impl SourceSettings {
    /// Its key in the configuration file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Basic(_) => "basic",
            Self::Bearer(_) => "bearer",
            Self::ClientCertificate(_) => "client_certificate",
            Self::TrustedHeader(_) => "trusted_header",
            Self::BackEnd(_) => "backend",
        }
    }
}

/// Basic credentials and the file that knows them (RFC 7617).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicSettings {
    /// Lines of `name:hash`.
    pub htpasswd: PathBuf,
}

/// Signed tokens (RFC 6750, RFC 7519).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerSettings {
    /// The `iss` a token must have.
    pub issuer: String,
    /// The token must be meant for one of these (`aud`).
    pub audience: Vec<String>,
    /// Where the public keys are.
    pub keys: KeySource,
    /// The claim that holds the user's name.
    pub user_claim: String,
    /// The claim that holds the names of groups, if any does.
    pub groups_claim: Option<String>,
    /// How far the clocks of issuer and gateway may be apart.
    pub clock_skew: Duration,
}

/// Where a JSON Web Key Set is (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In a file, read again when it changes.
    File(PathBuf),
    /// At a URL, fetched again after `refresh` and when a token names a key that is not known.
    Url {
        /// https, or http to this machine.
        url: String,
        /// After this time the keys are fetched again.
        refresh: Duration,
    },
}

/// Which part of a certificate is the user's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateUser {
    /// The common name of the subject.
    SubjectCn,
    /// The e-mail address among the alternative names.
    SanEmail,
    /// The DNS name among the alternative names.
    SanDns,
    /// The URI among the alternative names.
    SanUri,
}

/// A header that says who is asking, where the TCP peer may say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedHeaderSettings {
    /// The header with the user's name.
    pub user: HeaderName,
    /// The header with the names of groups, between commas.
    pub groups: Option<HeaderName>,
    /// The peers that are believed.
    pub from: Vec<IpNet>,
}

/// Asking the back end who is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackEndSettings {
    /// The public path that the question is for.
    pub verify: String,
    /// How long an answer counts.
    pub cache: Duration,
    /// The back end does not tell upper from lower case in names: they are taken in lower case, so that no other
    /// spelling of a name gets around a rule.
    pub fold: bool,
}

/// Who a back end sees.
#[derive(Clone, Debug, Default)]
pub enum BackEndCredentials {
    /// The client, by its own credentials.
    #[default]
    Pass,
    /// Always the same account.
    Service(ServiceAccount),
    /// The gateway, which names the user in this header.
    Header(HeaderName),
}

impl BackEndCredentials {
    /// The header that names the user, if one does.
    pub fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header(name) => Some(name),
            Self::Pass | Self::Service(_) => None,
        }
    }

    /// Whether the back end sees one client apart from another.
    pub fn tells_user(&self) -> bool {
        !matches!(self, Self::Service(_))
    }
}

/// The account of the gateway at a back end.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its name; no colon.
    pub user: String,
    /// Its password.
    pub password: Secret,
}
