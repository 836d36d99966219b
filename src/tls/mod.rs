//! TLS of a listener (RFC 8446). In: the files that the configuration names. Out: a certificate with its key, and who may come with
//! certificates of their own; or what is wrong with which file. Only files are read here: connections are the gateway's.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring as provider},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
};

use crate::identity::watched::{FileProblem, LineProblem, read_once};

/// The files of a listener's TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The listener's certificate and those between it and its authority, PEM.
    pub certificate: PathBuf,
    /// The key of the first of them, PEM.
    pub key: PathBuf,
    /// Whether clients are asked for certificates.
    pub clients: Option<ClientCertificates>,
}

/// Certificates of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities that may have issued them, PEM.
    pub authorities: PathBuf,
    /// Nobody gets in without one.
    pub required: bool,
}

/// What a listener works with.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// Its certificate with its key.
    pub certified: Arc<CertifiedKey>,
    /// Judges the certificates of clients; `None` where none are asked for.
    pub clients: Option<Arc<dyn ClientCertVerifier>>,
}

/// Why TLS cannot be offered, with the key of `tls` that it is about. No value of a file is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The certificate.
    #[error("certificate: {0}")]
    Certificate(FileProblem),
    /// The key, or that it is another certificate's.
    #[error("key: {0}")]
    Key(FileProblem),
    /// The authorities of clients.
    #[error("client_ca: {0}")]
    Authorities(FileProblem),
}

impl TlsError {
    /// The messages, `file: what is wrong`.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Certificate(problem) | Self::Key(problem) | Self::Authorities(problem) => problem.lines(),
        }
    }
}

/// Reads the files of `settings`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn open(settings: &TlsSettings) -> Result<ListenerTls, Vec<TlsError>> {
    let suites = Arc::new(provider::default_provider());
    let chain = read_once(&settings.certificate, certificates).map_err(TlsError::Certificate);
    let key = read_once(&settings.key, key).map_err(TlsError::Key);
    let clients = settings.clients.as_ref().map(|clients| verifier(clients, &suites));
    let clients = clients.transpose();
    let (chain, key, clients) = match (chain, key, clients) {
        (Ok(chain), Ok(key), Ok(clients)) => (chain, key, clients),
        (chain, key, clients) => return Err([chain.err(), key.err(), clients.err()].into_iter().flatten().collect()),
    };
    let certified = CertifiedKey::from_der(chain, key, &suites).map_err(|error| {
        let wrong_key = |what| TlsError::Key(FileProblem::whole(&settings.key, what));
        vec![match error {
            rustls::Error::InconsistentKeys(_) => wrong_key("is not the key of tls.certificate"),
            rustls::Error::InvalidCertificate(_) => TlsError::Certificate(FileProblem::whole(
                &settings.certificate,
                "the first certificate cannot be read",
            )),
            _ => wrong_key("is of no kind that is known; expected RSA, ECDSA P-256 or P-384, or Ed25519"),
        }]
    })?;
    Ok(ListenerTls {
        certified: Arc::new(certified),
        clients,
    })
}

fn verifier(
    clients: &ClientCertificates,
    suites: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let path = &clients.authorities;
    let wrong = |what| TlsError::Authorities(FileProblem::whole(path, what));
    let mut roots = RootCertStore::empty();
    for certificate in read_once(path, certificates).map_err(TlsError::Authorities)? {
        let added = roots.add(certificate);
        added.map_err(|_| wrong("holds a certificate that cannot be read"))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(suites));
    let builder = if clients.required {
        builder
    } else {
        builder.allow_unauthenticated()
    };
    builder
        .build()
        .map_err(|_| wrong("holds no authority that can be used"))
}

fn problem(what: &str) -> Vec<LineProblem> {
    vec![LineProblem {
        line: None,
        what: what.to_owned(),
    }]
}

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Vec<LineProblem>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(problem(
            "holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----",
        )),
        Err(_) => Err(problem("is no PEM; expected -----BEGIN CERTIFICATE-----")),
    }
}

fn key(bytes: &[u8]) -> Result<PrivateKeyDer<'static>, Vec<LineProblem>> {
    PrivateKeyDer::from_pem_slice(bytes).map_err(|_| problem("holds no key; expected PEM, -----BEGIN PRIVATE KEY-----"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
