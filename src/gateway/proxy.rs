//! The gateway as pingora sees it: which of our stages runs when. It holds no policy and decides nothing.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header};
use pingora::{
    Error, ErrorSource, ErrorType, Result,
    http::{RequestHeader, ResponseHeader},
    modules::http::HttpModules,
    prelude::HttpPeer,
    proxy::{FailToProxy, ProxyHttp, Session},
};

use crate::{
    decide::Denial,
    policy::Method,
    rewrite::{answer::rewrite, answer_body::BodyPlan, request as outgoing},
    telemetry::access::Exchange,
};

use super::{
    added::{AddedBuilder, answers_for},
    compressing::{CompressingBuilder, may_compress},
    context::Context,
    http2,
    http10::{NoChunksBuilder, ends_with_connection},
    passage::{Halt, Onward},
    refusing::refuse,
    respond::{LINGER, Reply, is_whole, linger, replace},
    server::Gateway,
    stream::{AnswerBody, Streaming},
    upstream_error::UpstreamError,
    watch::Watch,
};

/// How long a client may pause while it sends or receives.
pub(super) const CLIENT_PAUSE: Duration = Duration::from_secs(60);

#[async_trait]
impl ProxyHttp for Gateway {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::new(self.metrics.enter())
    }

    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        modules.add_module(Box::new(NoChunksBuilder));
        modules.add_module(Box::new(AddedBuilder));
        modules.add_module(Box::new(CompressingBuilder));
    }

    fn on_connection_reuse(&self, _session: &mut Session, ctx: &mut Context, from: Box<dyn Any + Send + Sync>) {
        // The door hands the watch of the connection to every request on it.
        if let Ok(watch) = from.downcast::<Arc<Watch>>() {
            watch.head_read();
            ctx.watch = Some(*watch);
        }
    }

    async fn early_request_filter(&self, session: &mut Session, ctx: &mut Context) -> Result<()> {
        linger(session);
        if http2::is_spoken(session) {
            http2::normalise(session)?;
        }
        let old = session.req_header().version < Version::HTTP_11;
        let connect = session.req_header().method == http::Method::CONNECT;
        let downstream = session.as_downstream_mut();
        // A byte after the body must not abort the request it follows.
        downstream.set_pipelining_enabled(true);
        // A client may close its half of the connection and still wait for the answer.
        downstream.set_abort_on_close(false);
        downstream.set_ignore_info_resp(old);
        downstream.set_read_timeout(Some(CLIENT_PAUSE));
        // The watch has a bound on that, which lets a large piece take its time.
        downstream.set_write_timeout(ctx.watch.is_none().then_some(CLIENT_PAUSE));
        if connect {
            // What follows it was never meant for this server.
            downstream.set_keepalive(None);
        }
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Context) -> Result<bool> {
        let onward = self.pass(session, ctx).await;
        answers_for(session, ctx.account.route.as_ref());
        match onward {
            Ok(Onward::Own(reply)) => reply.write(session).await?,
            Ok(Onward::Stream(permit)) => {
                may_compress(session, &permit);
                self.stream(session, ctx, *permit);
                return Ok(false);
            }
            Ok(Onward::Transact(held)) => {
                let (permit, request) = *held;
                may_compress(session, &permit);
                self.carry_out(session, ctx, permit, request).await?;
            }
            Ok(Onward::Challenge(permit, incoming)) => {
                ctx.exchange = Exchange::Transact;
                self.relay(session, ctx, &permit, *incoming).await?;
            }
            Err(Halt::Denied(denial)) => self.deny(session, ctx, denial).await?,
            Err(Halt::Failed(error)) => self.fail(session, ctx, error).await?,
        }
        Ok(true)
    }

    async fn upstream_peer(&self, _session: &mut Session, ctx: &mut Context) -> Result<Box<HttpPeer>> {
        ctx.upstream.begin();
        let streaming = streaming(ctx)?;
        // A retry sends the body from its beginning.
        streaming.received = 0;
        let permit = Arc::clone(&streaming.permit);
        let peer = async {
            let upstream = self.upstream(&permit)?;
            upstream.peer(upstream.timeouts().answer(permit.method())).await
        };
        peer.await.map(Box::new).map_err(|error| {
            ctx.failed(error);
            Error::explain(ErrorType::ConnectError, error.name()).into_up()
        })
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Context,
    ) -> Result<()> {
        self.sending(ctx);
        let streaming = streaming(ctx)?;
        let permit = &streaming.permit;
        let target = outgoing::target(permit);
        let mut built = RequestHeader::build(
            permit.method().as_str(),
            target.as_bytes(),
            Some(streaming.headers.len()),
        )?;
        let host = permit.route().backend.location.origin().authority.to_string();
        built.append_header(header::HOST, host)?;
        for (name, value) in &streaming.headers {
            built.append_header(name.clone(), value.clone())?;
        }
        *request = built;
        Ok(())
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Context,
    ) -> Result<()> {
        // pingora would end the body twice: https://github.com/cloudflare/pingora/issues/935
        if end && body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
        if let Some(watch) = &ctx.watch {
            if end { watch.body_ended() } else { watch.body_begins() }
        }
        self.renew(ctx).await;
        let bytes = body.as_ref().map_or(0, Bytes::len);
        if streaming(ctx)?
            .arriving
            .as_mut()
            .is_some_and(|arriving| !end && arriving.came(bytes).is_err())
        {
            ctx.denial = Some(Denial::Slow);
            return Err(Error::explain(ErrorType::HTTPStatus(408), "the body comes too slowly").into_down());
        }
        if let Err(denial) = ctx.charged(bytes) {
            ctx.denial = Some(denial);
            return Err(Error::explain(ErrorType::HTTPStatus(507), "the body is over the quota").into_down());
        }
        if !streaming(ctx)?.takes(body.as_ref(), end) {
            // The request to the back end is broken off without an end (B-91).
            ctx.denial = Some(Denial::BodyTooLarge);
            return Err(Error::explain(ErrorType::HTTPStatus(413), "the body is over its limit").into_down());
        }
        Ok(())
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> Result<()> {
        if response.status == StatusCode::SWITCHING_PROTOCOLS {
            // Nobody asked for it, and what follows would pass unread, both ways.
            ctx.failed(UpstreamError::Broken);
            return Err(Error::explain(ErrorType::InvalidHTTPHeader, "switching protocols").into_up());
        }
        if response.status.is_informational() {
            if let Some(watch) = ctx.watch.as_ref().filter(|_| response.status == StatusCode::CONTINUE) {
                watch.body_begins();
            }
            self.renew(ctx).await;
            // No field of an interim answer is needed, and the links of a 103 are the back end's own URLs.
            return replace(response, &HeaderMap::new());
        }
        if session.req_header().headers.contains_key(header::EXPECT) && !session.as_downstream_mut().is_body_done() {
            // The client may send the body or its next request now, and nobody could say which it is.
            session.set_keepalive(None);
            session.as_downstream_mut().set_read_timeout(Some(LINGER));
        }
        let permit = Arc::clone(&streaming(ctx)?.permit);
        match self.refused_answer(&permit, response.status, session, ctx).await {
            Ok(None) => {}
            Err(Halt::Failed(error)) => {
                ctx.failed(error);
                return Err(Error::explain(ErrorType::ConnectionClosed, error.name()).into_up());
            }
            Err(Halt::Denied(denial)) => return Err(refuse(ctx, denial)),
            // Its body went by.
            Ok(Some(_)) => return Err(refuse(ctx, Denial::Changed)),
        }
        self.settle(&permit, response.status, session, ctx).await;
        // A proxy speaks its own version (RFC 9110 section 2.5); what has no length gets chunks.
        response.set_version(Version::HTTP_11);
        let answer = Arc::new(self.answer_context(&permit, Vec::new()));
        let mut headers = response.headers.clone();
        let plan = rewrite(&answer, response.status.as_u16(), &mut headers).map_err(|bad| {
            ctx.failure = Some(bad.name());
            Error::explain(ErrorType::InvalidHTTPHeader, bad.name()).into_up()
        })?;
        replace(response, &headers)?;
        streaming(ctx)?.answer = match plan {
            BodyPlan::AsIs => AnswerBody::AsIs,
            BodyPlan::Empty => {
                response.insert_header(header::CONTENT_LENGTH, 0)?;
                AnswerBody::Empty
            }
            BodyPlan::Rewrite(plan) => {
                response.remove_header(&header::CONTENT_LENGTH);
                AnswerBody::Rewrite(Box::new(plan.start()))
            }
        };
        if ends_with_connection(session.req_header(), response) {
            session.set_keepalive(None);
        }
        streaming(ctx)?.begins_answer(response)
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Context,
    ) -> Result<Option<Duration>> {
        let streaming = streaming(ctx)?;
        match &mut streaming.answer {
            AnswerBody::AsIs => {}
            AnswerBody::Empty => *body = Some(Bytes::new()),
            AnswerBody::Rewrite(rewriting) => {
                let mut out = Vec::new();
                let piece = body.take().unwrap_or_default();
                let done = rewriting.push(&piece, &mut out).and_then(|()| match end {
                    true => rewriting.finish(&mut out),
                    false => Ok(()),
                });
                if let Err(error) = done {
                    ctx.failure = Some(error.name());
                    return Err(Error::explain(ErrorType::ConnectionClosed, error.name()).into_up());
                }
                let (permit, hrefs) = (Arc::clone(&streaming.permit), rewriting.unmapped_hrefs());
                *body = Some(Bytes::from(out));
                if end {
                    self.count_unmapped(&permit, hrefs);
                }
            }
        }
        streaming.answers(body, end)?;
        if end {
            ctx.upstream.end();
        }
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        peer: &HttpPeer,
        ctx: &mut Context,
        mut error: Box<Error>,
    ) -> Box<Error> {
        let Some(streaming) = &mut ctx.stream else { return error };
        streaming.refused = streaming.refused.saturating_add(1);
        let addresses = self
            .upstream(&streaming.permit)
            .map_or(0, |upstream| upstream.turn_from(peer));
        if streaming.refused < addresses {
            error.set_retry(true);
        } else {
            // Whatever it is but a timeout: there is no connection.
            let timeout = UpstreamError::of(&error) == UpstreamError::Timeout;
            ctx.failed(if timeout {
                UpstreamError::Timeout
            } else {
                UpstreamError::Connect
            });
        }
        error
    }

    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        ctx: &mut Context,
        reused: bool,
    ) -> Box<Error> {
        let mut error = error.more_context(format!("back end {peer}"));
        let safe = ctx.account.method.is_some_and(Method::is_safe);
        if !safe || ctx.denial.is_some() || ctx.failure.is_some() || session.as_ref().retry_buffer_truncated() {
            error.set_retry(false);
        } else {
            error.retry.decide_reuse(reused);
        }
        error
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut Context) -> FailToProxy {
        let ended = !ctx.upstream.runs();
        ctx.upstream.end();
        if self.written_early(session, ctx).await {
            return FailToProxy {
                error_code: 0,
                can_reuse_downstream: false,
            };
        }
        let begun = session
            .response_written()
            .is_some_and(|response| !response.status.is_informational());
        // A client that has its answer before it sent its whole body may close: that is no failure.
        let untaken = ctx.watch.as_ref().is_some_and(|watch| watch.is_untaken());
        let whole = !untaken && is_whole(session).unwrap_or(ended);
        ctx.answered = begun && whole && *error.esource() == ErrorSource::Downstream;
        let reply = if let Some(denial) = &ctx.denial {
            Some(Reply::denial(denial, &ctx.account, self.challenges(denial)))
        } else if ctx.answered {
            None
        } else if ctx.client_is_slow() {
            self.client_failed(ctx, error)
        } else {
            match error.esource() {
                // The library does not say so of all that it cannot write. The back end's part was told by its own name.
                ErrorSource::Unset if ctx.exchange == Exchange::Transact && ctx.failure.is_none() => {
                    self.client_failed(ctx, error)
                }
                ErrorSource::Upstream | ErrorSource::Internal | ErrorSource::Unset => {
                    let cause = UpstreamError::of(error);
                    ctx.failure.get_or_insert(cause.name());
                    Some(Reply::failure(cause))
                }
                ErrorSource::Downstream => self.client_failed(ctx, error),
            }
        };
        let mut sent = 0;
        if let Some(reply) = reply.filter(|_| !begun) {
            sent = reply.status().as_u16();
            reply.closing().write(session).await.ok();
        }
        FailToProxy {
            error_code: sent,
            can_reuse_downstream: false,
        }
    }

    fn suppress_error_log(&self, _session: &Session, _ctx: &Context, _error: &Error) -> bool {
        // The access log tells of it.
        true
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Context) {
        self.give_up(ctx).await;
        self.tell(session, error, ctx);
    }
}

/// The streaming exchange, which pingora's later callbacks belong to.
fn streaming(ctx: &mut Context) -> Result<&mut Streaming> {
    ctx.stream
        .as_mut()
        .ok_or_else(|| Error::explain(ErrorType::InternalError, "no permit"))
}
