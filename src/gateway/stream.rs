//! The streaming exchange: a request that pingora forwards while it comes (PUT, POST, PATCH, and HEAD). In: a permit. Out: what pingora's
//! callbacks need to carry it out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use pingora::proxy::Session;

use crate::{
    decide::{Cleared, permit::PermittedBody},
    policy::Method,
    rewrite::answer_body::Rewriting,
    telemetry::access::Exchange,
};

use super::{
    context::Context,
    downstream::expects_continue,
    http2,
    pace::{Pace, TooSlow},
    server::Gateway,
};

/// A request that pingora forwards.
pub struct Streaming {
    /// What is forwarded.
    pub permit: Arc<Cleared>,
    /// Its header fields for the back end.
    pub headers: HeaderMap,
    /// The bytes of its body that have come.
    pub received: u64,
    /// Whether the back end may have all of it.
    pub whole: bool,
    /// The most that may come.
    pub limit: Option<u64>,
    /// How many addresses of the back end accepted no connection.
    pub refused: usize,
    /// How fast the body comes, where no watch is on its connection (HTTP/2).
    pub arriving: Option<Arriving>,
    /// The answer's body, where it is not passed as it comes.
    pub answer: AnswerBody,
}

/// How fast a body comes (B-17), seen from where it is passed on: what the back end takes its time for is held against the client, too.
/// That is seldom: what waits comes in large pieces.
pub struct Arriving {
    pace: Pace,
    last: Instant,
}

impl Arriving {
    /// From now on, over each `window`.
    pub fn over(window: Duration) -> Self {
        Self {
            pace: Pace::over(window),
            last: Instant::now(),
        }
    }

    /// A piece of so many bytes has come.
    ///
    /// # Errors
    /// It comes too slowly.
    pub fn came(&mut self, bytes: usize) -> Result<(), TooSlow> {
        let waited = std::mem::replace(&mut self.last, Instant::now()).elapsed();
        self.pace.waited(waited, bytes)
    }

    /// Whether nothing came for as long as a slow body may take.
    pub fn is_late(&self) -> bool {
        self.last.elapsed() >= self.pace.patience()
    }
}

impl Streaming {
    /// Notes a piece of the body, and whether it is the last one; `false`: it is over the limit, and may not go on.
    pub fn takes(&mut self, piece: Option<&Bytes>, last: bool) -> bool {
        let length = u64::try_from(piece.map_or(0, Bytes::len)).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(length);
        if self.limit.is_some_and(|limit| self.received > limit) {
            return false;
        }
        self.whole |= last;
        true
    }

    /// Whether nothing can come of it any more, now that its connection is closed: the back end has not had the end of an upload, and stores
    /// no upload without its end (B-91).
    pub fn is_broken_off(&self) -> bool {
        !self.whole && self.permit.method() == Method::Put && self.permit.route().backend.profile.habits().atomic_put
    }
}

/// What happens to the body of an answer that streams.
pub enum AnswerBody {
    /// It passes.
    AsIs,
    /// It is left out.
    Empty,
    /// It is rewritten.
    Rewrite(Box<Rewriting>),
}

impl Gateway {
    /// The request is over, whatever became of it: a write of which no answer was seen may still be under way.
    pub(super) async fn give_up(&self, ctx: &mut Context) {
        if ctx.stream.as_ref().is_some_and(Streaming::is_broken_off) {
            self.undone(ctx);
        }
        self.abandon(ctx).await;
    }

    /// Prepares an exchange that pingora carries out.
    pub(super) fn stream(&self, session: &Session, ctx: &mut Context, permit: Cleared) {
        let client = &session.req_header().headers;
        let mut headers = self.fields(&permit, client);
        let uploads = matches!(permit.method(), Method::Put | Method::Post | Method::Patch);
        let mut whole = true;
        if uploads {
            // One number in one spelling, or chunks: never what the client wrote.
            let length = client
                .get(header::CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
            whole = length.unwrap_or_default() == 0;
            if client.contains_key(header::TRANSFER_ENCODING) {
                whole = false;
                headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            } else {
                headers.insert(header::CONTENT_LENGTH, length.unwrap_or_default().into());
            }
            // Where no body comes there is nothing to wait for: waitress would wait for it all the same (RFC 9110 section 10.1.1).
            if !whole && expects_continue(session.req_header().version, client) {
                headers.insert(header::EXPECT, HeaderValue::from_static("100-continue"));
            }
        }
        // A client may wait for the back end's word before it sends anything (RFC 9110 section 10.1.1).
        if let (Some(watch), PermittedBody::Stream(_), false) =
            (&ctx.watch, permit.body(), client.contains_key(header::EXPECT))
        {
            watch.body_begins();
        }
        ctx.exchange = Exchange::Stream;
        ctx.stream = Some(Streaming {
            limit: match permit.body() {
                PermittedBody::Stream(limit) => *limit,
                PermittedBody::None | PermittedBody::Xml(_) | PermittedBody::Spool(_) | PermittedBody::Answered(_) => {
                    None
                }
            },
            permit: Arc::new(permit),
            headers,
            received: 0,
            whole,
            refused: 0,
            arriving: http2::is_spoken(session).then(|| Arriving::over(self.fair().bounds().pace)),
            answer: AnswerBody::AsIs,
        });
    }
}
