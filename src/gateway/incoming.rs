//! A back end's answer to a held request. In: a connection on which the head was read. Out: status, headers, the body in pieces
//! or whole, and the connection back to the pool.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use pingora::{connectors::http::Connector, protocols::http::client::HttpSession, upstreams::peer::HttpPeer};

use super::upstream_error::UpstreamError;

/// An answer whose body is still to be read. Dropping it closes the connection.
pub struct Incoming {
    /// The status, never a 1xx.
    pub status: StatusCode,
    /// The headers as they came, with those that frame the body between back end and gateway.
    pub headers: HeaderMap,
    session: HttpSession,
    peer: HttpPeer,
    connector: Arc<Connector>,
    /// Whether the connection may serve another request once the body is read.
    sound: bool,
    failure: Option<UpstreamError>,
}

impl Incoming {
    /// The answer on `session`, which belongs to the pool of `connector` under `peer`. `whole`: the request was sent to its end.
    ///
    /// # Errors
    /// No head was read.
    pub(super) fn new(
        session: HttpSession,
        peer: HttpPeer,
        connector: Arc<Connector>,
        whole: bool,
    ) -> Result<Self, UpstreamError> {
        let head = session.response_header().ok_or(UpstreamError::Broken)?;
        Ok(Self {
            status: head.status,
            headers: head.headers.clone(),
            session,
            peer,
            connector,
            sound: whole,
            failure: None,
        })
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// The body broke off before its end, is not well framed, or no piece came within the read timeout. After an error there are
    /// only errors: pingora itself would say that the body is at its end.
    pub async fn read_body(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let read = self.session.read_response_body().await;
        read.map_err(|error| {
            let failure = UpstreamError::of(&error);
            self.failure = Some(failure);
            failure
        })
    }

    /// The rest of the body, if it is not longer than `cap` bytes.
    ///
    /// # Errors
    /// As for [`Incoming::read_body`], and [`UpstreamError::TooLong`].
    pub async fn read_all(&mut self, cap: usize) -> Result<Bytes, UpstreamError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.read_body().await? {
            if piece.len() > cap - whole.len() {
                self.failure = Some(UpstreamError::TooLong);
                return Err(UpstreamError::TooLong);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Gives the connection back, if the whole body was read and the back end keeps it open. Else it is closed.
    pub async fn release(mut self) {
        if self.sound && self.failure.is_none() && self.session.response_done() {
            let idle = self.peer.options.idle_timeout;
            self.connector
                .release_http_session(self.session, &self.peer, idle)
                .await;
        }
    }
}
