//! Where connections come in (B-17, B-101). In: a connection. Out: the same, watched, handed to pingora request by request; or a refusal of
//! the connection, because there are too many. What pingora never shows the gateway, because it could not read it, is told here.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use pingora::{
    Error, ErrorType,
    apps::{HttpServerApp, ServerApp},
    listeners::PreTlsProcess,
    protocols::{ALPN, GetSocketDigest, Peek, Ssl, Stream, http::ServerSession, l4::stream::Stream as RawStream},
    server::ShutdownWatch,
    upstreams::peer::{Tracer, Tracing},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
};

use crate::{decide::Denial, policy::ClientBounds, telemetry::metrics::InFlight};

use super::{
    places::{Place, Places},
    respond::plain,
    streams::Streams,
    tell::Outside,
    watch::{Watch, WatchBounds},
    wire::{PARTING, Wire},
};

/// To how many clients at once is said why their connection is refused; more find it closed.
const PARTINGS: usize = 128;

/// What accepts the connections of clients for `app`.
pub(super) struct Door<A> {
    app: Arc<A>,
    watched: WatchBounds,
    partings: Semaphore,
    entry: Arc<Entry>,
    /// Where clients may begin with HTTP/2 in the clear.
    http2_at: Vec<SocketAddr>,
}

impl<A> Door<A> {
    /// The door to `app`, which takes no head of more than `head_size` bytes; what is refused here is told `outside`.
    pub fn new(app: A, bounds: ClientBounds, head_size: usize, outside: Outside) -> Self {
        Self {
            app: Arc::new(app),
            watched: WatchBounds::new(&bounds, head_size),
            partings: Semaphore::new(PARTINGS),
            entry: Arc::new(Entry {
                bounds,
                places: Arc::default(),
                outside,
            }),
            http2_at: Vec::new(),
        }
    }

    /// The same, where clients may begin with HTTP/2 at these addresses, which have no TLS.
    pub fn with_http2_at(self, http2_at: Vec<SocketAddr>) -> Self {
        Self { http2_at, ..self }
    }

    /// Whether the connection speaks HTTP/2.
    ///
    /// # Errors
    /// It ended, or was told that it is over, before that showed.
    async fn speaks_http2(&self, wire: &mut Wire) -> io::Result<bool> {
        if wire.get_ssl_digest().is_some() {
            return Ok(matches!(wire.selected_alpn_proto(), Some(ALPN::H2)));
        }
        let local = wire
            .get_socket_digest()
            .and_then(|digest| digest.local_addr()?.as_inet().copied());
        let here = |listener: &SocketAddr| {
            local.is_some_and(|local| {
                listener.port() == local.port() && (listener.ip() == local.ip() || listener.ip().is_unspecified())
            })
        };
        Ok(self.http2_at.iter().any(here) && wire.begins_http2().await?)
    }

    /// Tells of a request that ended the connection before the gateway saw it.
    fn tell_unheard(&self, peer: Option<SocketAddr>, watch: &Watch) {
        if let Some(denial) = watch.unheard() {
            self.entry.outside.tell(peer, &denial, &watch.head());
        }
    }

    /// What connections must pass before TLS.
    pub fn entry(&self) -> Arc<Entry> {
        Arc::clone(&self.entry)
    }
}

/// What gives places to connections: where TLS is spoken, before anything of it is.
pub(super) struct Entry {
    bounds: ClientBounds,
    places: Arc<Places>,
    outside: Outside,
}

/// A connection that has its place, while it lives.
struct Inside {
    _place: Place,
    _open: InFlight,
}

impl Entry {
    fn admit(&self, peer: Option<SocketAddr>) -> Result<Inside, Denial> {
        let address = peer.and_then(|peer| self.bounds.counted(peer.ip()));
        match self.places.take(address, &self.bounds) {
            Ok(place) => Ok(Inside {
                _place: place,
                _open: self.outside.metrics.connected(),
            }),
            Err(denial) => {
                self.outside.tell(peer, &denial, &[]);
                Err(denial)
            }
        }
    }
}

#[async_trait]
impl PreTlsProcess for Entry {
    async fn process(&self, stream: &mut RawStream) -> pingora::Result<()> {
        let refused = |cause| Error::explain(ErrorType::AcceptError, cause).into_down();
        let peer = stream.get_socket_digest();
        let peer = peer.and_then(|digest| digest.peer_addr()?.as_inet().copied());
        let inside = self.admit(peer).map_err(|_| refused("too many connections"))?;
        // The place is that of the connection, whatever becomes of the handshake.
        let held = Held {
            _inside: Arc::new(inside),
        };
        stream.tracer = Some(Tracer(Box::new(held)));
        match tokio::time::timeout(self.bounds.head, stream.try_peek(&mut [0])).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(refused("nothing came")),
        }
    }
}

/// The place of a connection, held by its stream.
#[derive(Clone)]
struct Held {
    _inside: Arc<Inside>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

impl Tracing for Held {
    fn on_connected(&self) {}

    fn on_disconnected(&self) {}

    fn boxed_clone(&self) -> Box<dyn Tracing> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> ServerApp for Door<A> {
    async fn process_new(self: &Arc<Self>, stream: Stream, shutdown: &ShutdownWatch) -> Option<Stream> {
        let peer = peer(&stream);
        // With TLS it has its place already.
        let admitted = stream.get_ssl_digest().is_none().then(|| self.entry.admit(peer));
        let _inside = match admitted.transpose() {
            Ok(inside) => inside,
            Err(denial) => {
                if let Ok(_one) = self.partings.try_acquire() {
                    turn_away(stream, &denial).await;
                }
                return None;
            }
        };
        let watch = Arc::new(Watch::new(self.watched, self.entry.outside.room.clone()));
        let mut wire = Wire::new(stream, Arc::clone(&watch));
        match self.speaks_http2(&mut wire).await {
            Ok(true) => {
                let streams = Streams::new(Arc::clone(&self.app), peer, self.entry.outside.clone());
                return Arc::new(streams).process_new(Box::new(wire.http2()), shutdown).await;
            }
            Ok(false) => {}
            Err(_) => {
                self.tell_unheard(peer, &watch);
                return None;
            }
        }
        let mut session = ServerSession::new_http1(Box::new(wire));
        let ending = *shutdown.borrow();
        session.set_keepalive((!ending).then_some(self.entry.bounds.idle.as_secs()));
        loop {
            session.set_connection_user_context(Some(Box::new(Arc::clone(&watch))));
            let reused = self.app.process_new_http(session, shutdown).await;
            let Some((stream, settings)) = reused.map(|reused| reused.consume()) else {
                break;
            };
            watch.next();
            session = ServerSession::new_http1(stream);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
        }
        self.tell_unheard(peer, &watch);
        None
    }

    async fn cleanup(&self) {
        self.app.http_cleanup().await;
    }
}

fn peer(stream: &Stream) -> Option<SocketAddr> {
    stream.get_socket_digest()?.peer_addr()?.as_inet().copied()
}

/// Says why a connection is not served.
async fn turn_away(mut stream: Stream, denial: &Denial) {
    let words = async {
        stream.write_all(&plain(denial)).await?;
        stream.flush().await?;
        stream.shutdown().await?;
        // Closed with bytes unread, the connection would be reset, and the words with it.
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    tokio::time::timeout(PARTING, words).await.ok();
}
