//! The answer to a held exchange, on its way to the client. In: the back end's answer. Out: the same, made public, with the length of its
//! body where that is known before the head must go out, and in chunks where it is not. What breaks before the head went out is a 502;
//! after that the connection is broken off, so that no half answer looks whole (B-100).

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use pingora::{ErrorType, Result, http::ResponseHeader, proxy::Session};

use crate::{
    decide::Permit,
    rewrite::{
        answer::rewrite,
        answer_body::{BodyPlan, Rewriting},
    },
};

use super::{
    context::Context, http10::ends_with_connection, incoming::Incoming, respond::Reply, server::Gateway,
    upstream_error::UpstreamError,
};

/// How much of a rewritten body is held back to know its length before its head goes out.
const HELD_BACK: usize = 64 * 1024;

/// How long a body that nobody gets may take to come.
const REST: Duration = Duration::from_millis(50);

impl Gateway {
    /// Sends the answer `incoming` to the client.
    ///
    /// # Errors
    /// The client is gone, or must be cut off because the back end broke its answer.
    pub(super) async fn relay(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        permit: &Permit,
        mut incoming: Incoming,
    ) -> Result<()> {
        let mut headers = std::mem::take(&mut incoming.headers);
        let tokens = self.own_tokens(permit).await;
        let mut answer = self.answer_context(permit, tokens);
        answer.locks = self.lock_properties(permit).await;
        let answer = Arc::new(answer);
        let plan = match rewrite(&answer, incoming.status.as_u16(), &mut headers) {
            Ok(plan) => plan,
            Err(bad) => return self.bad_gateway(session, ctx, bad.name()).await,
        };
        remove_framing(&mut headers);
        let has_body = !matches!(incoming.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        match plan {
            _ if !has_body => {
                respond(session, incoming.status, headers, None, true).await?;
            }
            BodyPlan::Empty => {
                headers.remove(header::CONTENT_LENGTH);
                respond(session, incoming.status, headers, Some(0), true).await?;
                // What is left out is mostly short: once it is read, the connection can serve again.
                tokio::time::timeout(REST, incoming.read_all(HELD_BACK)).await.ok();
            }
            BodyPlan::AsIs => pass_on(session, ctx, &mut incoming, headers).await?,
            BodyPlan::Rewrite(plan) => {
                let mut body = Outflow::new(plan.start());
                match body.fill(&mut incoming).await {
                    Err(failure) => return self.bad_gateway(session, ctx, failure).await,
                    Ok(whole) => {
                        let length = whole.then_some(body.ready.len());
                        headers.remove(header::CONTENT_LENGTH);
                        respond(session, incoming.status, headers, length, false).await?;
                        if let Err((error, reason)) = body.pour(session, &mut incoming, whole).await {
                            ctx.failure = reason;
                            return Err(error);
                        }
                    }
                }
                self.count_unmapped(permit, body.rewriting.unmapped_hrefs());
            }
        }
        ctx.upstream.end();
        incoming.release().await;
        Ok(())
    }

    /// Sends an answer of which the gateway wrote the body: in XML, and with nothing in it that is not public.
    ///
    /// # Errors
    /// The client is gone.
    pub(super) async fn relay_written(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        permit: &Permit,
        (status, mut headers, body): (StatusCode, HeaderMap, String),
    ) -> Result<()> {
        let answer = Arc::new(self.answer_context(permit, Vec::new()));
        if let Err(bad) = rewrite(&answer, status.as_u16(), &mut headers) {
            return self.bad_gateway(session, ctx, bad.name()).await;
        }
        remove_framing(&mut headers);
        headers.remove(header::CONTENT_LENGTH);
        respond(session, status, headers, Some(body.len()), false).await?;
        session.write_response_body(Some(Bytes::from(body)), true).await?;
        ctx.upstream.end();
        Ok(())
    }

    /// 502, with the reason in the log.
    pub(super) async fn bad_gateway(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        reason: &'static str,
    ) -> Result<()> {
        ctx.upstream.end();
        ctx.failure = Some(reason);
        Reply::failure(UpstreamError::Broken).write(session).await
    }
}

/// Takes away what is about the connection to the back end.
fn remove_framing(headers: &mut HeaderMap) {
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TRAILER,
    ] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

/// A body that is rewritten while it is read.
struct Outflow {
    rewriting: Rewriting,
    ready: Vec<u8>,
}

/// Why the client must be cut off, and the name of it.
type Broken = (Box<pingora::Error>, Option<&'static str>);

impl Outflow {
    fn new(rewriting: Rewriting) -> Self {
        Self {
            rewriting,
            ready: Vec::new(),
        }
    }

    /// Reads until there is enough to begin with, or all; says whether it is all.
    async fn fill(&mut self, incoming: &mut Incoming) -> Result<bool, &'static str> {
        while self.ready.len() < HELD_BACK {
            if !self.step(incoming).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Rewrites the next piece; `false` at the end.
    async fn step(&mut self, incoming: &mut Incoming) -> Result<bool, &'static str> {
        match incoming.read_body().await.map_err(UpstreamError::name)? {
            Some(piece) => {
                self.rewriting
                    .push(&piece, &mut self.ready)
                    .map_err(|error| error.name())?;
                Ok(true)
            }
            None => {
                self.rewriting.finish(&mut self.ready).map_err(|error| error.name())?;
                Ok(false)
            }
        }
    }

    /// Writes what is ready, and the rest while it comes.
    async fn pour(&mut self, session: &mut Session, incoming: &mut Incoming, whole: bool) -> Result<(), Broken> {
        let mut ended = whole;
        loop {
            let ready = std::mem::take(&mut self.ready);
            if !ready.is_empty() || ended {
                let written = session.write_response_body(Some(Bytes::from(ready)), ended).await;
                written.map_err(|error| (error, None))?;
            }
            if ended {
                return Ok(());
            }
            ended = !self.step(incoming).await.map_err(|name| (cut(name), Some(name)))?;
        }
    }
}

/// A body that passes byte for byte.
async fn pass_on(session: &mut Session, ctx: &mut Context, incoming: &mut Incoming, headers: HeaderMap) -> Result<()> {
    let chunked = !headers.contains_key(header::CONTENT_LENGTH);
    let mut piece = match incoming.read_body().await {
        Ok(piece) => piece,
        Err(error) => {
            ctx.failed(error);
            return Reply::failure(error).write(session).await;
        }
    };
    let length = (chunked && piece.is_none()).then_some(0);
    respond(session, incoming.status, headers, length, piece.is_none()).await?;
    while let Some(bytes) = piece {
        session.write_response_body(Some(bytes), false).await?;
        piece = incoming.read_body().await.map_err(|error| {
            ctx.failed(error);
            cut(error.name())
        })?;
        if piece.is_none() {
            session.write_response_body(None, true).await?;
        }
    }
    Ok(())
}

/// Writes the head. Without a length, and where none is in `headers`, the body comes in chunks, or ends with the connection for clients
/// that know none.
async fn respond(
    session: &mut Session,
    status: StatusCode,
    headers: HeaderMap,
    length: Option<usize>,
    end: bool,
) -> Result<()> {
    let mut response = ResponseHeader::build(status, Some(headers.len().saturating_add(4)))?;
    let framed = headers.contains_key(header::CONTENT_LENGTH);
    for (name, value) in &headers {
        response.append_header(name.clone(), value.clone())?;
    }
    if let Some(length) = length {
        response.insert_header(header::CONTENT_LENGTH, length)?;
    } else if !framed && !end {
        response.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    if !end && ends_with_connection(session.req_header(), &response) {
        session.set_keepalive(None);
    }
    session.write_response_header(Box::new(response), end).await
}

/// The error that makes pingora close the client's connection without an end of the body.
fn cut(reason: &'static str) -> Box<pingora::Error> {
    pingora::Error::explain(ErrorType::ConnectionClosed, reason).into_up()
}
