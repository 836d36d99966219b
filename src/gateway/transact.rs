//! Requests that the gateway holds whole and sends itself. In: such a request, framed here. Out: the head of the answer, and a
//! hold on the rest of it.
//!
//! The connections come from pingora's connector and go back to its pool when an answer was read to its end. A request is sent a
//! second time only if its method is safe and a pooled connection broke before any answer (B-100): nothing else may happen twice.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use pingora::{Error, connectors::http::Connector, protocols::http::client::HttpSession, upstreams::peer::HttpPeer};

use super::{
    exchange::{Failure, exchange},
    incoming::Incoming,
    spool::SpooledFile,
    upstream::Upstream,
    upstream_error::UpstreamError,
};
use crate::policy::Method;

/// Makes of a group key one under which no connection is kept.
const FRESH: u64 = 1 << 63;

/// A request as it goes to the back end.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Path and query, in the back end's URL space.
    pub target: String,
    /// Every header but `Host` and those that frame the body: these are written here, and not taken from this map.
    pub headers: HeaderMap,
    /// The value of `Host`.
    pub host: String,
    /// The body.
    pub body: HeldBody,
}

/// A whole body.
#[derive(Clone, Debug)]
pub enum HeldBody {
    /// None, and no `Content-Length` either.
    None,
    /// These bytes, which may be empty.
    Bytes(Bytes),
    /// One that was spooled.
    File(SpooledFile),
}

/// Sends held requests. One per process, made inside the runtime that will use it.
pub struct Transactor {
    connector: Arc<Connector>,
}

impl Default for Transactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Transactor {
    /// A transactor with an empty pool. The certificates of the system, or of `SSL_CERT_FILE`, are read now; pingora panics if
    /// that file cannot be read.
    pub fn new() -> Self {
        Self {
            connector: Arc::new(Connector::new(None)),
        }
    }

    /// Sends `request` and waits for the head of the answer. 1xx answers are read over.
    ///
    /// # Errors
    /// No connection, no complete head in time, or a request that cannot be put on the wire.
    pub async fn send(&self, upstream: &Upstream, request: &Outgoing) -> Result<Incoming, UpstreamError> {
        let timeouts = upstream.timeouts();
        let (peer, mut session, reused) = self.connect(upstream, timeouts.answer(request.method)).await?;
        let whole = match exchange(&mut session, request, timeouts).await {
            Ok(whole) => whole,
            Err(Failure::Unanswered) if reused && request.method.is_safe() => {
                // Not another pooled connection: what closed this one may have closed them all.
                let mut fresh = peer.clone();
                fresh.group_key ^= FRESH;
                let made = self.connector.get_http_session(&fresh).await;
                (session, _) = made.map_err(|error| connect_failure(&error))?;
                let again = exchange(&mut session, request, timeouts).await;
                again.map_err(Failure::cause)?
            }
            Err(failure) => return Err(failure.cause()),
        };
        Incoming::new(session, peer, Arc::clone(&self.connector), whole)
    }

    /// A connection to the first address of the back end that accepts one, and whether it was used before.
    async fn connect(
        &self,
        upstream: &Upstream,
        answer: Duration,
    ) -> Result<(HttpPeer, HttpSession, bool), UpstreamError> {
        let mut tried = 0;
        loop {
            let peer = upstream.peer(answer).await?;
            match self.connector.get_http_session(&peer).await {
                Ok((session, reused)) => return Ok((peer, session, reused)),
                Err(error) => {
                    tried += 1;
                    if upstream.turn_from(&peer) <= tried {
                        return Err(connect_failure(&error));
                    }
                }
            }
        }
    }
}

/// Whatever fails while connecting, other than by taking too long, is a refusal.
fn connect_failure(error: &Error) -> UpstreamError {
    match UpstreamError::of(error) {
        UpstreamError::Timeout => UpstreamError::Timeout,
        UpstreamError::Connect
        | UpstreamError::Name
        | UpstreamError::Broken
        | UpstreamError::TooLong
        | UpstreamError::Unsendable => UpstreamError::Connect,
    }
}

#[cfg(test)]
#[path = "transact_tests.rs"]
mod tests;
