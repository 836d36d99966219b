//! The way of a request through the stages, in their order, in one function. Policy is elsewhere: here facts are read, [`Gate`] decides,
//! and what it permits is carried out by one of the two exchanges.
//!
//! [`Gate`]: crate::decide::Gate

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use http::header;
use pingora::proxy::Session;

use crate::{
    decide::{
        Admission, Arrival, BodyPlan, Cleared, Decision, Denial, OwnAnswer, Permit, Request, discarding,
        own::{Ancestor, Told},
        permit::PermittedBody,
        privileges::Asker,
    },
    identity::Principal,
    rewrite::request as outgoing,
};

use super::{
    ask::Asked,
    context::Context,
    downstream::{ReadError, read_capped, read_spooled},
    emulate,
    fair::Share,
    http2,
    incoming::Incoming,
    respond::Reply,
    server::Gateway,
    tls,
    transact::{HeldBody, Outgoing},
    upstream_error::UpstreamError,
};

/// Where the stages lead.
pub(super) enum Onward {
    /// An answer of the gateway's own.
    Own(Reply),
    /// pingora forwards the request and streams the answer.
    Stream(Box<Cleared>),
    /// The gateway sends this itself.
    Transact(Box<(Cleared, Outgoing)>),
    /// What the back end answered to a question is the answer: it wants credentials first.
    Challenge(Box<Permit>, Box<Incoming>),
}

/// Why the stages lead nowhere.
pub(super) enum Halt {
    /// It is refused.
    Denied(Denial),
    /// The back end failed.
    Failed(UpstreamError),
}

impl From<Denial> for Halt {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<UpstreamError> for Halt {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error)
    }
}

impl Gateway {
    /// Every stage up to the exchange with the back end.
    pub(super) async fn pass(&self, session: &mut Session, ctx: &mut Context) -> Result<Onward, Halt> {
        let raw = http2::head(session);
        let request = Request {
            raw: &raw,
            headers: &session.req_header().headers,
            local: session.server_addr().and_then(|address| address.as_inet().copied()),
            scheme: tls::scheme(session),
        };
        let arrived = match self.gate().arrive(&request, &mut ctx.account) {
            Err(denial) => return Err(self.stranger(denial, session).into()),
            Ok(arrived) => arrived,
        };
        let arrived = match arrived {
            Arrival::Own(answer) => {
                ctx.share = self.share(&Principal::anonymous(), session)?;
                return self.own(answer, session, ctx).await.map(Onward::Own);
            }
            Arrival::Above(above) => {
                let asker = self.asker(session, ctx).await?;
                let answer = above.admit(&session.req_header().headers, &asker)?;
                return self.own(answer, session, ctx).await.map(Onward::Own);
            }
            Arrival::At(arrived) => arrived,
        };
        let asker = self.asker(session, ctx).await?;
        let admitted = match arrived.admit(&session.req_header().headers, asker, &mut ctx.account)? {
            Admission::Own(answer) => return self.own(answer, session, ctx).await.map(Onward::Own),
            Admission::Forward(admitted) => admitted,
        };
        let upload = admitted.upload();
        let charge = upload.map(|upload| self.quotas().charge(&upload, Instant::now()));
        ctx.charge = charge.transpose()?;
        let unframed = *admitted.body() == BodyPlan::Empty;
        let held = self.hold(session, ctx, admitted.body()).await?;
        let headers = &session.req_header().headers;
        let field = |name| headers.get(name).map(http::HeaderValue::as_bytes);
        let home = admitted.home();
        let decision = admitted.decide(&held, field(header::CONTENT_TYPE), field(header::CONTENT_ENCODING))?;
        // Before anything is asked of it, or made in it: what is elsewhere is nothing to decide about.
        let asked = decision.permit();
        // A write holds it later, when nothing is left to wait for.
        let home_first = match asked.method().is_safe() || emulate::answers(asked) {
            true => self.held_at_home(asked, session, ctx).await?,
            false => self.at_home(asked, session, ctx).await?,
        };
        if let Some(incoming) = home_first {
            return Ok(Onward::Challenge(Box::new(asked.clone()), incoming));
        }
        if let Some(home) = home {
            self.make_home(&home, session, ctx).await;
        }
        let permit = match decision {
            Decision::Permit(permit) => permit,
            Decision::Ask(question) => match self.ask(question, session, ctx).await? {
                Asked::Permit(permit) => *permit,
                Asked::Challenge(permit, incoming) => return Ok(Onward::Challenge(permit, incoming)),
            },
        };
        ctx.reported = permit.reported().cloned();
        if permit.lists() {
            return self.list(permit, session, ctx).await;
        }
        if emulate::answers(&permit) {
            return self.emulate(permit, session, ctx).await;
        }
        self.watch(&permit, session, ctx).await?;
        if ctx.turn.is_none() {
            self.take_turn(&permit, None, ctx).await?;
        }
        let permit = self.clear(permit, session, ctx).await?;
        ctx.reported = ctx.reported.take().or_else(|| permit.reported().cloned());
        if discarding::discards(&permit) {
            return self.discard(permit, session, ctx).await;
        }
        // It may have waited for its turn, and with a body it will wait for that: then nobody knows any more where it leads to.
        if !matches!(permit.body(), PermittedBody::Spool(_))
            && let Some(challenge) = self.still_at_home(&permit, session, ctx).await?
        {
            return Ok(challenge);
        }
        let body = match permit.body() {
            PermittedBody::Stream(_) => return Ok(Onward::Stream(Box::new(permit))),
            PermittedBody::None if permit.method().streams() && !unframed => {
                return Ok(Onward::Stream(Box::new(permit)));
            }
            PermittedBody::Answered(text) => return Ok(Onward::Own(Reply::multistatus(text.clone()))),
            PermittedBody::None => HeldBody::None,
            PermittedBody::Xml(xml) => HeldBody::Bytes(Bytes::copy_from_slice(xml)),
            PermittedBody::Spool(limit) => {
                // Without a length, it may be as long as the quota has room.
                let room = ctx.charge.as_ref().and_then(|charge| charge.room(Instant::now()));
                let (limit, too_large) = match (*limit, room) {
                    (limit, Some(room)) if limit.is_none_or(|limit| room < limit) => {
                        (Some(room), Denial::QuotaExceeded(None))
                    }
                    (limit, _) => (limit, Denial::BodyTooLarge),
                };
                let file = read_spooled(session, limit, self.fair().bounds().pace)
                    .await
                    .map_err(|error| unread(error, too_large))?;
                if let Some(charge) = &mut ctx.charge {
                    charge.came(file.length(), Instant::now())?;
                }
                self.still_clear(&permit, ctx).await?;
                if let Some(challenge) = self.still_at_home(&permit, session, ctx).await? {
                    return Ok(challenge);
                }
                HeldBody::File(file)
            }
        };
        let request = self.assemble(&permit, session, body);
        Ok(Onward::Transact(Box::new((permit, request))))
    }

    /// Asks of a write once more, just before it goes out, what [`Self::at_home`] asks; `Some`: the back end wants to know who asks.
    async fn still_at_home(
        &self,
        permit: &Cleared,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Option<Onward>, Halt> {
        if permit.method().is_safe() {
            return Ok(None);
        }
        let challenge = self.held_at_home(permit, session, ctx).await?;
        Ok(challenge.map(|incoming| Onward::Challenge(Box::new(Permit::clone(permit)), incoming)))
    }

    /// Who asks (O-5), noted for the log.
    async fn asker(&self, session: &Session, ctx: &mut Context) -> Result<Asker, Denial> {
        let asker = match self.identify(session).await {
            Ok(asker) => asker,
            Err(denial) => return Err(self.stranger(denial, session)),
        };
        ctx.account.principal = Some(Arc::clone(&asker.principal));
        ctx.share = self.share(&asker.principal, session)?;
        Ok(asker)
    }

    /// Room for the request among those of `principal` (B-101, B-102).
    fn share(&self, principal: &Principal, session: &Session) -> Result<Option<Share>, Denial> {
        let peer = session.client_addr().and_then(|address| address.as_inet());
        self.fair().share(principal, peer.map(|peer| peer.ip()))
    }

    /// What becomes of a request that is refused with `denial` before anybody knows who asks: it counts, too. Where the connection
    /// must end with it, it does.
    fn stranger(&self, denial: Denial, session: &Session) -> Denial {
        match self.share(&Principal::anonymous(), session) {
            Err(more) if !denial.closes() => more,
            Ok(_) | Err(_) => denial,
        }
    }

    /// The request as the back end is to get it.
    pub(super) fn assemble(&self, permit: &Cleared, session: &Session, body: HeldBody) -> Outgoing {
        let headers = self.fields(permit, &session.req_header().headers);
        Outgoing {
            method: permit.method(),
            target: outgoing::target(permit),
            headers,
            host: permit.route().backend.location.origin().authority.to_string(),
            body,
        }
    }

    /// An answer without the back end.
    async fn own(&self, answer: OwnAnswer, session: &mut Session, ctx: &mut Context) -> Result<Reply, Halt> {
        match &answer {
            OwnAnswer::Options(_) | OwnAnswer::DavOptions(_) | OwnAnswer::AncestorOptions => {
                Ok(Reply::options(&answer))
            }
            OwnAnswer::Moved(place) => Ok(Reply::moved(place)),
            OwnAnswer::AncestorPropfind(ancestor) => {
                let body = self.hold_xml(session, ctx, Ancestor::body_limit()).await?;
                let content_type = session.req_header().headers.get(header::CONTENT_TYPE);
                Ok(
                    match ancestor.answer(&body, content_type.map(http::HeaderValue::as_bytes))? {
                        Told::Properties(text) => Reply::multistatus(text),
                        Told::SentOn(place) => Reply::sent_on(&place),
                    },
                )
            }
        }
    }

    /// What of the body must be read before anything is decided.
    async fn hold(&self, session: &mut Session, ctx: &mut Context, plan: &BodyPlan) -> Result<Bytes, Halt> {
        match plan {
            BodyPlan::Nothing | BodyPlan::Stream(_) | BodyPlan::Spool(_) => Ok(Bytes::new()),
            BodyPlan::Empty => self.hold_up_to(session, ctx, 0, Denial::UnexpectedBody).await,
            BodyPlan::Xml(plan) => self.hold_xml(session, ctx, plan.limit()).await,
        }
    }

    async fn hold_xml(&self, session: &mut Session, ctx: &mut Context, limit: u64) -> Result<Bytes, Halt> {
        let too_large = Denial::Xml(crate::xml::refusal::XmlRefusal::TooLarge);
        self.hold_up_to(session, ctx, limit, too_large).await
    }

    async fn hold_up_to(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        limit: u64,
        too_large: Denial,
    ) -> Result<Bytes, Halt> {
        let room = (self.fair().room(), &mut ctx.held);
        read_capped(session, limit, self.fair().bounds().pace, room)
            .await
            .map_err(|error| unread(error, too_large))
    }
}

fn unread(error: ReadError, too_large: Denial) -> Halt {
    match error {
        ReadError::TooLarge => Halt::Denied(too_large),
        ReadError::Slow => Halt::Denied(Denial::Slow),
        ReadError::Full => Halt::Denied(Denial::TooMuchHeld),
        ReadError::Broken => Halt::Denied(Denial::BrokenBody),
        ReadError::Spool(error) => {
            tracing::error!(%error, "a request body could not be spooled");
            Halt::Denied(Denial::NoRoom)
        }
    }
}
