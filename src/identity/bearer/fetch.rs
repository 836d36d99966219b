//! Fetching a key set. In: its URL. Out: the bytes of a 200 answer, at most 1 MiB, within ten seconds. No redirect is
//! followed: keys come from where the configuration says.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls::{RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

const TIME: Duration = Duration::from_secs(10);
const MAX_BYTES: usize = 1 << 20;

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an absolute http or https URL.
    #[error("not an http or https URL")]
    Url,
    /// No certificates to verify a server with.
    #[error("the system's certificates cannot be read: {0}")]
    Certificates(String),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(#[from] std::io::Error),
    /// Broken off.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// Not 200.
    #[error("answered {0}; expected 200")]
    Status(StatusCode),
    /// Larger than 1 MiB, or broken off.
    #[error("the answer is larger than 1 MiB or incomplete")]
    Body,
    /// Not within ten seconds.
    #[error("no answer within 10 s")]
    Late,
}

/// A URL that can be fetched.
pub struct Fetcher {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
}

impl Fetcher {
    /// For `url`; for https this reads the system's certificates (or those of `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// Why it can never be fetched.
    pub fn new(url: &str) -> Result<Self, FetchError> {
        Self::with_roots(url, system_roots)
    }

    fn with_roots(url: &str, roots: impl FnOnce() -> Result<RootCertStore, FetchError>) -> Result<Self, FetchError> {
        let uri: Uri = url.parse().map_err(|_| FetchError::Url)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(FetchError::Url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (port, tls) = match uri.scheme_str() {
            Some("http") => (80, None),
            Some("https") => (443, Some(connector(roots()?)?)),
            _ => return Err(FetchError::Url),
        };
        Ok(Self {
            port: uri.port_u16().unwrap_or(port),
            uri,
            host,
            tls,
        })
    }

    /// Fetches it.
    ///
    /// # Errors
    /// Why nothing came.
    pub async fn fetch(&self) -> Result<Bytes, FetchError> {
        tokio::time::timeout(TIME, self.fetch_slowly())
            .await
            .map_err(|_| FetchError::Late)?
    }

    async fn fetch_slowly(&self) -> Result<Bytes, FetchError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            None => self.ask(stream).await,
            Some(connector) => {
                let name = ServerName::try_from(self.host.clone()).map_err(|_| FetchError::Url)?;
                self.ask(connector.connect(name, stream).await?).await
            }
        }
    }

    async fn ask<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) -> Result<Bytes, FetchError> {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the sender; what goes wrong in it is told there.
        let connection = tokio::spawn(async move { drop(connection.await) });
        let _end = AbortOnDrop(connection);
        let authority = self
            .uri
            .authority()
            .map_or(self.host.as_str(), http::uri::Authority::as_str);
        let target = self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let request = Request::get(target)
            .header(header::HOST, authority)
            .header(header::ACCEPT, "application/jwk-set+json, application/json")
            .header(header::USER_AGENT, concat!("davgate/", env!("CARGO_PKG_VERSION")))
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|_| FetchError::Url)?;
        let answer = sender.send_request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        Ok(body.map_err(|_| FetchError::Body)?.to_bytes())
    }
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Path and query may hold a key.
        f.debug_struct("Fetcher")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn system_roots() -> Result<RootCertStore, FetchError> {
    let mut roots = RootCertStore::empty();
    let certificates = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(certificates.map_err(|error| FetchError::Certificates(error.to_string()))?);
    if roots.is_empty() {
        return Err(FetchError::Certificates("there are none".to_owned()));
    }
    Ok(roots)
}

fn connector(roots: RootCertStore) -> Result<TlsConnector, FetchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| FetchError::Certificates(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const SERVER: &[u8] = include_bytes!("../../../tests/data/identity/server.der");
    const SERVER_KEY: &[u8] = include_bytes!("../../../tests/data/identity/server.pkcs8.der");
    const STRANGER: &[u8] = include_bytes!("../../../tests/data/identity/ann.der");

    async fn server() -> u16 {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(SERVER)],
                PrivatePkcs8KeyDer::from(SERVER_KEY).into(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                    .await;
                let _ = stream.shutdown().await;
            }
        });
        port
    }

    fn roots(der: &'static [u8]) -> impl FnOnce() -> Result<RootCertStore, FetchError> {
        move || {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(der)).unwrap();
            Ok(roots)
        }
    }

    // the server is who the URL says, by somebody who is trusted
    #[tokio::test]
    async fn https() {
        let port = server().await;
        let url = format!("https://localhost:{port}/keys");
        let found = Fetcher::with_roots(&url, roots(SERVER)).unwrap().fetch().await;
        assert_eq!(found.unwrap(), "{}");
        let found = Fetcher::with_roots(&url, roots(STRANGER)).unwrap().fetch().await;
        assert!(matches!(found, Err(FetchError::Connect(_))), "{found:?}");
        let url = format!("https://127.0.0.1:{port}/keys");
        let found = Fetcher::with_roots(&url, roots(SERVER)).unwrap().fetch().await;
        assert!(matches!(found, Err(FetchError::Connect(_))), "{found:?}");
    }
}
