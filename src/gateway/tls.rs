//! TLS of the listeners, with pingora's own acceptor. In: what a listener works with. Out: pingora's settings, and the verified
//! certificate of a connection.

use std::{any::Any, sync::Arc};

use async_trait::async_trait;
use pingora::{
    listeners::{TlsAccept, tls::TlsSettings},
    protocols::{ALPN, tls::TlsRef},
    proxy::Session,
};
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{tls::ListenerTls, url::Scheme};

/// The certificate that a client has proved to be its own and that one of the listener's authorities has issued: DER.
struct ClientCertificate(Vec<u8>);

/// What pingora accepts connections with; `http2`: clients may choose HTTP/2 (RFC 7301).
///
/// # Errors
/// Why it cannot; it makes no files out of it, so there is no reason known.
pub(super) fn settings(tls: ListenerTls, http2: bool) -> pingora::Result<TlsSettings> {
    let mut settings = TlsSettings::with_callbacks(Box::new(KeepCertificate))?;
    settings.set_cert_resolver(Arc::new(OneCertificate(tls.certified)));
    // A client that can nothing else than HTTP/2 learns in the handshake where it is not spoken (RFC 7301 section 3.2).
    settings.set_alpn(if http2 { ALPN::H2H1 } else { ALPN::H1 });
    if let Some(clients) = tls.clients {
        settings.set_client_cert_verifier(clients);
    }
    Ok(settings)
}

/// The certificate of the client at the other end of a connection; `None` where it has shown none.
pub(super) fn client_certificate(session: &Session) -> Option<&[u8]> {
    let tls = session.digest()?.ssl_digest.as_ref()?;
    tls.extension
        .get::<ClientCertificate>()
        .map(|ClientCertificate(der)| der.as_slice())
}

/// How the client came.
pub(super) fn scheme(session: &Session) -> Scheme {
    match session.digest().and_then(|digest| digest.ssl_digest.as_ref()) {
        Some(_) => Scheme::Https,
        None => Scheme::Http,
    }
}

/// Keeps the certificate with the connection once the handshake is done, and so is its verification.
struct KeepCertificate;

#[async_trait]
impl TlsAccept for KeepCertificate {
    async fn handshake_complete_callback(&self, tls: &TlsRef) -> Option<Arc<dyn Any + Send + Sync>> {
        let der = tls.peer_certificate_der()?.to_vec();
        Some(Arc::new(ClientCertificate(der)))
    }
}

/// The same certificate for every name a client asks for.
#[derive(Debug)]
struct OneCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for OneCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
