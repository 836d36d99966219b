//! How many requests of one connection of HTTP/2 are worked on at once (B-101). In: streams. Out: the same, or a stream that is refused, which
//! its client may send again (RFC 9113 section 8.7).
//!
//! The library bounds the streams that are open. One that its client resets is open no more, but its request may be at the back end, and is
//! not given up half-way: without a bound of its own, one connection could have any number of them there.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use h2::Reason;
use pingora::{
    apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream},
    protocols::http::{ServerSession, v2::server::H2Options},
    server::ShutdownWatch,
};
use tokio::sync::Semaphore;

use crate::decide::Denial;

use super::tell::Outside;

/// More than the streams that may be open (100), so that whoever gives up some need not wait for them.
const MOST: usize = 128;

/// One connection's requests, on their way to `app`.
pub(super) struct Streams<A> {
    app: Arc<A>,
    peer: Option<SocketAddr>,
    outside: Outside,
    running: Semaphore,
}

impl<A> Streams<A> {
    /// For the connection of `peer`; what is refused is told `outside`.
    pub fn new(app: Arc<A>, peer: Option<SocketAddr>, outside: Outside) -> Self {
        Self {
            app,
            peer,
            outside,
            running: Semaphore::new(MOST),
        }
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> HttpServerApp for Streams<A> {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let Ok(_running) = self.running.try_acquire() else {
            self.outside.tell(self.peer, &Denial::TooManyInFlight, &[]);
            if let ServerSession::H2(mut stream) = session {
                stream.shutdown_with_reason(Reason::REFUSED_STREAM);
            }
            return None;
        };
        self.app.process_new_http(session, shutdown).await
    }

    fn h2_options(&self) -> Option<H2Options> {
        self.app.h2_options()
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.app.server_options()
    }
}
