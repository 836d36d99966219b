//! Requests that lead nowhere: what is answered, and what is noted for the log. In: a refusal, a failure of the back end, an error of the
//! client's. Out: the answer.

use pingora::{Error, ErrorType, Result, proxy::Session};

use crate::decide::Denial;

use super::{context::Context, respond::Reply, server::Gateway, upstream_error::UpstreamError};

impl Gateway {
    /// Answers with a refusal.
    pub(super) async fn deny(&self, session: &mut Session, ctx: &mut Context, denial: Denial) -> Result<()> {
        let reply = Reply::denial(&denial, &ctx.account, self.challenges(&denial));
        ctx.denial = Some(denial);
        reply.write(session).await
    }

    /// Answers that the back end failed.
    pub(super) async fn fail(&self, session: &mut Session, ctx: &mut Context, error: UpstreamError) -> Result<()> {
        ctx.upstream.end();
        ctx.failed(error);
        Reply::failure(error).write(session).await
    }

    /// What a client that failed in mid-request is told, if it can still hear it.
    pub(super) fn client_failed(&self, ctx: &mut Context, error: &Error) -> Option<Reply> {
        let denial = match error.etype() {
            ErrorType::ReadTimedout => Denial::Slow,
            _ if ctx.client_is_slow() => Denial::Slow,
            // A client that closes with bytes unread resets the connection: the read then fails instead of ending.
            // Over HTTP/2 it resets the stream.
            ErrorType::ConnectionClosed
            | ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::WriteTimedout
            | ErrorType::H2Error => {
                ctx.failure.get_or_insert("client-gone");
                return None;
            }
            _ => Denial::BrokenBody,
        };
        let reply = Reply::denial(&denial, &ctx.account, self.challenges(&denial));
        ctx.denial = Some(denial);
        Some(reply)
    }
}

/// Ends a streaming exchange with a refusal in place of the back end's answer.
pub(super) fn refuse(ctx: &mut Context, denial: Denial) -> Box<Error> {
    let error = Error::explain(ErrorType::HTTPStatus(denial.status()), "refused after all").into_up();
    ctx.denial = Some(denial);
    error
}
