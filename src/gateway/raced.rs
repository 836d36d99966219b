//! A write that the back end refused because what it rests on has changed. In: a permit whose conditions were answered with 412.
//! Out: whether that is the client's own affair, and if not, the verdict about what is there now.

use http::{StatusCode, header};
use pingora::{Result, proxy::Session};

use crate::{
    decide::{Cleared, Denial, Permit},
    rewrite::answer::is_moved_away,
    telemetry::access::Exchange,
};

use super::{
    ask::Answered, context::Context, incoming::Incoming, observe, passage::Halt, replacing::Fit, respond::Reply,
    server::Gateway, transact::Outgoing, upstream_error::UpstreamError,
};

/// What becomes of a 412.
enum Raced {
    /// It answers a condition of the client's.
    Own,
    /// The request is permitted for what is there now, with conditions that say so.
    Again(Box<Permit>),
}

impl Gateway {
    /// Sends a request that the gateway holds, a second time if it must be decided again, and relays the answer.
    ///
    /// # Errors
    /// As for [`Gateway::relay`].
    pub(super) async fn carry_out(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        mut permit: Cleared,
        mut request: Outgoing,
    ) -> Result<()> {
        ctx.exchange = Exchange::Transact;
        let mut fits = false;
        let halt = loop {
            ctx.upstream.begin();
            self.adjust(&permit, session, ctx, &mut request);
            self.sending(ctx);
            let sent = self.while_under_way(ctx, self.send(&permit, &request)).await;
            let incoming = match sent {
                Ok(incoming) => incoming,
                Err(error) => {
                    self.unsent(error, ctx);
                    break Halt::Failed(error);
                }
            };
            let mut incoming = if fits {
                incoming
            } else {
                match self.fit(&permit, incoming, session, ctx).await {
                    Ok(Fit::Answer(incoming)) => *incoming,
                    Ok(Fit::Again(fitted)) => {
                        fits = true;
                        request = self.assemble(&fitted, session, request.body);
                        permit = *fitted;
                        continue;
                    }
                    Err(halt) => break halt,
                }
            };
            if is_moved_away(&permit, incoming.status.as_u16(), &incoming.headers) {
                incoming.status = StatusCode::NOT_FOUND;
                incoming.headers.remove(header::LOCATION);
            }
            match self.refused_answer(&permit, incoming.status, session, ctx).await {
                Ok(None) => {
                    self.settle(&permit, incoming.status, session, ctx).await;
                    if incoming.status == StatusCode::NOT_FOUND
                        && let Some(text) = self.locked_name(&permit).await
                    {
                        incoming.release().await;
                        ctx.upstream.end();
                        return Reply::multistatus(text).write(session).await;
                    }
                    return if observe::watches(&permit) {
                        self.learn(session, ctx, &permit, incoming).await
                    } else {
                        self.relay(session, ctx, &permit, incoming).await
                    };
                }
                Ok(Some(again)) => {
                    request = self.assemble(&again, session, request.body);
                    permit = *again;
                }
                Err(halt) => break halt,
            }
        };
        match halt {
            Halt::Denied(denial) => self.deny(session, ctx, denial).await,
            Halt::Failed(error) => self.fail(session, ctx, error).await,
        }
    }

    async fn send(&self, permit: &Permit, request: &Outgoing) -> Result<Incoming, UpstreamError> {
        self.transactor().send(self.upstream(permit)?, request).await
    }

    /// What an answer with this status tells before anything of it is passed on: nothing, that the request is to be sent again with
    /// this permit, or that it is refused after all.
    ///
    /// # Errors
    /// It is refused, or the back end failed.
    pub(super) async fn refused_answer(
        &self,
        permit: &Cleared,
        status: StatusCode,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Option<Box<Cleared>>, Halt> {
        if status == StatusCode::PRECONDITION_FAILED {
            self.undone(ctx);
        }
        if status == StatusCode::PRECONDITION_FAILED
            && !permit.guards().is_empty()
            && let Raced::Again(again) = self.raced(permit, session, ctx).await?
        {
            return Ok(Some(Box::new(permit.again(*again))));
        }
        let Some(denial) = permit.collision(status.as_u16()) else {
            return Ok(None);
        };
        self.settle(permit, status, session, ctx).await;
        Err(denial.into())
    }

    /// Asks once more, and decides again.
    async fn raced(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<Raced, Halt> {
        let own = has_conditions(permit, session);
        let Some(before) = ctx.answered_question.take() else {
            // The second time.
            return if own {
                Ok(Raced::Own)
            } else {
                Err(Denial::Changed.into())
            };
        };
        let Answered { question, found, alone } = *before;
        let now = match self.look(&question, session, ctx).await? {
            Ok(now) => now,
            Err(_challenge) => return Err(Denial::Changed.into()),
        };
        if own && now == found {
            return Ok(Raced::Own);
        }
        let permit = question.answer(&now)?;
        if permit.is_open() && !alone {
            Err(Denial::Changed.into())
        } else {
            Ok(Raced::Again(Box::new(permit)))
        }
    }
}

/// Whether the client sent conditions of its own.
fn has_conditions(permit: &Permit, session: &Session) -> bool {
    let headers = &session.req_header().headers;
    let conditions = [
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
    ];
    permit.overwrite() == Some(false)
        // It may be judged already, and not go on.
        || headers.contains_key("if")
        || conditions.iter().any(|name| headers.contains_key(name))
}
