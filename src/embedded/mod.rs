//! The back end in the box: a directory served over WebDAV (RFC 4918 class 1 and 2), for a first try and for tests.
//!
//! In: a directory. Out: an HTTP/1.1 server on a Unix domain socket inside a private directory (mode 0700). The gateway
//! reaches it as it reaches any other back end, so streaming, held requests and probes are the same code for all.
//!
//! It runs on a tokio runtime of its own: neither the gateway's shutdown order nor its load decides over its life.
//! Bodies stream both ways. Locks and dead properties live in memory and are gone with the process.
//! What is promised about files (uploads whole or not at all, no way out through symbolic links) is in [`files`].

mod errand;
mod files;
mod properties;
#[cfg(test)]
mod tests;
mod upload;

use std::convert::Infallible;
use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dav_server::memls::MemLs;
use dav_server::{DavConfig, DavHandler, DavMethod, DavMethodSet, body::Body};
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Runtime};

use errand::Errand;
use files::Files;

/// Bytes read from a file at once while it is sent.
const READ_SIZE: usize = 64 * 1024;
/// What a connection may hold of an answer that is not taken: two pieces, and one that is being made.
const BUFFER: usize = 2 * READ_SIZE;
/// How long to wait after `accept` failed, which is nearly always "too many open files".
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A running embedded back end. It stops, and its socket goes, when the value is dropped.
pub struct EmbeddedServer {
    runtime: Option<Runtime>,
    service: Service,
    directory: PathBuf,
    socket: PathBuf,
    /// Removes the socket and its directory when dropped.
    _private: TempDir,
}

/// Serves `dir` on a new Unix domain socket.
///
/// # Errors
/// The directory does not exist or is not a directory, no runtime could be started, or the socket could not be made.
pub fn spawn(dir: &Path) -> io::Result<EmbeddedServer> {
    let directory = dir.canonicalize()?;
    if !directory.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "not a directory"));
    }
    let private = tempfile::Builder::new()
        .prefix("davgate-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()?;
    let socket = private.path().join("dav.sock");
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("embedded-dav")
        .enable_all()
        .build()?;
    upload::sweep(&directory);
    let service = Service::new(&directory);
    let listener = {
        let _entered = runtime.enter();
        UnixListener::bind(&socket)?
    };
    runtime.spawn(accept_unix(listener, service.clone()));
    Ok(EmbeddedServer {
        runtime: Some(runtime),
        service,
        directory,
        socket,
        _private: private,
    })
}

impl EmbeddedServer {
    /// The socket to connect to. It lies in a directory that only this user can enter.
    pub fn socket_path(&self) -> &Path {
        &self.socket
    }

    /// The directory that is served, as an absolute path without symbolic links.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Serves the same directory, with the same locks, on a loopback TCP address as well: for running a conformance suite
    /// against the back end itself. No policy applies there, so other addresses are refused. Port 0 takes a free port.
    /// Returns the address that is listened on.
    ///
    /// # Errors
    /// The address is not a loopback address, or it cannot be bound.
    pub fn also_listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{address} is not a loopback address; the embedded back end knows no policy and listens on no other"
                ),
            ));
        }
        let Some(runtime) = &self.runtime else {
            return Err(io::Error::other("the embedded back end has stopped"));
        };
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)?
        };
        runtime.spawn(accept_tcp(listener, self.service.clone()));
        Ok(bound)
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not the blocking kind: the value may be dropped inside another runtime, where waiting is not allowed.
            runtime.shutdown_background();
        }
        upload::tidy(&self.directory);
    }
}

/// What answers requests. Clones share locks and properties.
#[derive(Clone)]
struct Service {
    handler: DavHandler,
    files: Files,
}

impl Service {
    fn new(directory: &Path) -> Self {
        let mut methods = DavMethodSet::all();
        // PATCH would write into the file in place, so an interrupted one would leave half of it.
        methods.remove(DavMethod::Patch);
        let files = Files::new(directory);
        let handler = DavHandler::builder()
            .filesystem(Box::new(files.clone()))
            .locksystem(MemLs::new())
            .methods(methods)
            .read_buf_size(READ_SIZE)
            .build_handler();
        Self { handler, files }
    }

    /// The settings of one request: dav-server takes all others from its handler.
    fn on(&self, errand: Errand) -> DavConfig {
        DavHandler::builder().filesystem(Box::new(self.files.on(errand)))
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let ranged = request.headers().contains_key(header::CONTENT_RANGE);
        if let Some(status) = refusal(request.method(), request.uri().path(), ranged) {
            return only(status);
        }
        match request.method().as_str() {
            "PROPFIND" => match Errand::of_propfind(request).await {
                Ok((errand, request)) => self.handler.handle_with(self.on(errand), request).await,
                Err(status) => only(status),
            },
            "COPY" => {
                let errand = Errand::of_copy(request.uri(), request.headers());
                self.handler.handle_with(self.on(errand), request).await
            }
            _ => self.handler.handle(request).await,
        }
    }
}

fn only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

async fn accept_unix(listener: UnixListener, service: Service) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve(stream, service.clone()),
            Err(error) => pause(&error).await,
        }
    }
}

async fn accept_tcp(listener: TcpListener, service: Service) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve(stream, service.clone()),
            Err(error) => pause(&error).await,
        }
    }
}

async fn pause(error: &io::Error) {
    tracing::warn!(%error, "embedded back end: cannot accept a connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// One connection, served in a task of its own.
///
/// No timeouts here: the only peer is the gateway, which has them, and an idle connection closed by this side would be a
/// race the gateway loses for methods that cannot be sent twice.
fn serve<S>(stream: S, service: Service)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request).await) }
    });
    tokio::spawn(async move {
        // The handler runs inside the connection's task on purpose: when the connection breaks, the upload is dropped
        // with it, and nothing can take the silence for the end of the body.
        let mut server = hyper::server::conn::http1::Builder::new();
        server.max_buf_size(BUFFER);
        let connection = server.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "embedded back end: connection ended");
        }
    });
}

/// What dav-server would do but must not: empty the whole directory and remove it, or write into the middle of a file.
fn refusal(method: &Method, path: &str, has_content_range: bool) -> Option<StatusCode> {
    let is_root = path.split('/').all(|segment| segment.is_empty() || segment == ".");
    match method.as_str() {
        "DELETE" | "MOVE" if is_root => Some(StatusCode::FORBIDDEN),
        // RFC 9110 section 14.5: a server that does not support partial PUT answers 400.
        "PUT" if has_content_range => Some(StatusCode::BAD_REQUEST),
        _ => None,
    }
}
