//! The streaming exchange: a request that pingora forwards while it comes (PUT, POST, PATCH, and HEAD). In: a permit. Out: what pingora's
//! callbacks need to carry it out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use pingora::{Error, ErrorType, Result, http::ResponseHeader, proxy::Session};

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

/// How much of an answer's body is held where it comes before the end of the request's.
const MOST_EARLY: usize = 64 << 10;

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
    /// The answer, where it comes before the end of the body (HTTP/2).
    pub early: Option<Early>,
}

/// An answer that came before the end of the request's body. pingora would wait for that end as long as a stream of HTTP/2 lasts, so the
/// request ends with the answer. It is held until it is known which comes first.
pub struct Early {
    head: Box<ResponseHeader>,
    body: BytesMut,
    whole: bool,
}

impl Early {
    /// Writes what is not written yet. What still comes of the request's body is dropped for a moment, so that a client that goes on sending
    /// sees the answer first.
    async fn write(self, session: &mut Session) -> Result<()> {
        if session.response_written().is_none() {
            session.write_response_header(self.head, self.body.is_empty()).await?;
        }
        if !self.body.is_empty() {
            session.write_response_body(Some(self.body.freeze()), true).await?;
        }
        session.as_downstream_mut().finish_body().await?;
        session.as_downstream_mut().drain_request_body().await.ok();
        Ok(())
    }
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

    /// Notes the head of the final answer, which its client is to have.
    ///
    /// # Errors
    /// It is the whole answer, and comes before the end of the body: it is to be written with [`Gateway::written_early`].
    pub fn begins_answer(&mut self, head: &ResponseHeader) -> Result<()> {
        if self.whole || self.arriving.is_none() {
            return Ok(());
        }
        let length = head.headers.get(header::CONTENT_LENGTH);
        let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&head.status)
            || length.is_some_and(|length| length == "0");
        self.early = Some(Early {
            head: Box::new(head.clone()),
            body: BytesMut::new(),
            whole: bodiless,
        });
        if bodiless { Err(early()) } else { Ok(()) }
    }

    /// Notes a piece of the answer's body; what is left of it is passed on.
    ///
    /// # Errors
    /// As for [`Self::begins_answer`].
    pub fn answers(&mut self, piece: &mut Option<Bytes>, last: bool) -> Result<()> {
        let Some(held) = &mut self.early else { return Ok(()) };
        held.body.extend_from_slice(piece.as_deref().unwrap_or_default());
        if self.whole || held.body.len() > MOST_EARLY {
            *piece = self.early.take().map(|held| held.body.freeze());
            return Ok(());
        }
        *piece = Some(Bytes::new());
        held.whole = last;
        if last { Err(early()) } else { Ok(()) }
    }

    /// Whether nothing can come of it any more, now that its connection is closed: the back end has not had the end of an upload, and stores
    /// no upload without its end (B-91).
    pub fn is_broken_off(&self) -> bool {
        !self.whole && self.permit.method() == Method::Put && self.permit.route().backend.profile.atomic_put
    }
}

fn early() -> Box<Error> {
    Error::explain(ErrorType::ConnectionClosed, "answered before the end of the body").into_up()
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

    /// Writes the answer that came before the end of the body, if that is why the exchange ended.
    pub(super) async fn written_early(&self, session: &mut Session, ctx: &mut Context) -> bool {
        let held = ctx.stream.as_mut().and_then(|stream| stream.early.take());
        let Some(held) = held.filter(|held| held.whole) else {
            return false;
        };
        ctx.answered = held.write(session).await.is_ok();
        true
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
            early: None,
        });
    }
}
