//! A write that the back end refused for the kinds of what is at its ends (B-38), sent again as it can carry it out. In: a permit and the
//! refusal. Out: the refusal, where it has other reasons; or the request to send, once what stood in its way is deleted.
//!
//! What is deleted is what COPY and MOVE with Overwrite replace (RFC 4918 section 9.9.3): privileges and locks were judged for that, and the
//! verdict is worked out once more for what is found, with nobody else writing there meanwhile.

use http::{HeaderValue, StatusCode, header};
use pingora::proxy::Session;

use crate::{
    decide::{Cleared, Permit, Question, kinds::Fitting},
    policy::{Locking, Method},
    url::UpstreamPath,
};

use super::{
    context::Context, emulate::bare_fields, incoming::Incoming, passage::Halt, server::Gateway, transact::HeldBody,
    upstream_error::UpstreamError,
};

/// Whether a write has conditions that were the back end's to judge: it refused before it came to them, if it knows them at all, and what they
/// were to save would be deleted.
fn has_open_conditions(question: &Question, session: &Session) -> bool {
    let (permit, client) = (question.permit(), &session.req_header().headers);
    let judged = permit.route().locks.locking == Locking::Emulate;
    let conditions = [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_UNMODIFIED_SINCE];
    (permit.if_header().is_some() && !judged) || conditions.iter().any(|name| client.contains_key(name))
}

/// What becomes of a refusal.
pub(super) enum Fit {
    /// It stands, or a DELETE that had to come first was refused so.
    Answer(Box<Incoming>),
    /// The request is to be sent again with this permit.
    Again(Box<Cleared>),
}

impl Gateway {
    /// Makes what the back end refused with `refusal` into what it can carry out, if that is why.
    ///
    /// # Errors
    /// It is not permitted for what is there, or the back end failed.
    pub(super) async fn fit(
        &self,
        permit: &Cleared,
        refusal: Incoming,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Fit, Halt> {
        let mut refusal = Box::new(refusal);
        let Some(question) = permit.kinds_in_question(refusal.status.as_u16()) else {
            return Ok(Fit::Answer(refusal));
        };
        self.undone(ctx);
        self.take_turn(question.permit(), Some(&question), ctx).await?;
        let Ok(found) = self.look(&question, session, ctx).await? else {
            return Ok(Fit::Answer(refusal));
        };
        let conditional = has_open_conditions(&question, session);
        let (fitted, away) = match question.fitted(&found)? {
            Fitting::Other => return Ok(Fit::Answer(refusal)),
            Fitting::Taken => {
                refusal.status = StatusCode::PRECONDITION_FAILED;
                return Ok(Fit::Answer(refusal));
            }
            Fitting::Fitted { permit, away } => (permit, away),
        };
        if away.is_some() && conditional {
            return Ok(Fit::Answer(refusal));
        }
        refusal.release().await;
        if let Some(away) = away {
            self.sending(ctx);
            let deleting = self.delete(&fitted, &away, session);
            let answer = match self.while_under_way(ctx, deleting).await {
                Ok(answer) => answer,
                Err(error) => {
                    self.unsent(error, ctx);
                    return Err(error.into());
                }
            };
            // A 207 says that something is still there.
            let gone = answer.status.is_success() && answer.status != StatusCode::MULTI_STATUS;
            if !gone && answer.status != StatusCode::NOT_FOUND {
                return Ok(Fit::Answer(Box::new(answer)));
            }
            answer.release().await;
        }
        Ok(Fit::Again(Box::new(permit.again(*fitted))))
    }

    async fn delete(&self, permit: &Permit, path: &UpstreamPath, session: &Session) -> Result<Incoming, UpstreamError> {
        let mut headers = bare_fields(permit, session);
        headers.insert("depth", HeaderValue::from_static("infinity"));
        let request = self.own_request(permit, Method::Delete, path, headers, HeldBody::None);
        self.transactor().send(self.upstream(permit)?, &request).await
    }
}
