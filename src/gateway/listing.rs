//! GET of a collection that the gateway answers itself. In: a permit that says so. Out: a page of what a PROPFIND Depth 1 of the
//! same principal would show, and GET would reach. The back end sees the question alone.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use pingora::proxy::Session;

use crate::{
    decide::{Denial, DeniedBy, Permit},
    identity::outbound,
    policy::Method,
    rewrite::{
        answer::{AnswerContext, BodyPlan, rewrite},
        listing::{Member, page},
        request::probe_headers,
        visibility::Asked,
    },
    url::{CanonicalPath, PublicPath, UpstreamPath},
    xml::probe::{LISTING_BYTES, PROBE_BODY, ProbeState, parse_listing},
};

use super::{
    context::Context,
    incoming::Incoming,
    passage::{Halt, Onward},
    respond::Reply,
    server::Gateway,
    transact::HeldBody,
    upstream_error::UpstreamError,
};

impl Gateway {
    /// The answer to a permit that [lists](Permit::lists).
    ///
    /// # Errors
    /// There is no such collection, the back end shows it to nobody, or failed.
    pub(super) async fn list(&self, permit: Permit, session: &Session, ctx: &mut Context) -> Result<Onward, Halt> {
        let client = &session.req_header().headers;
        let mut headers = probe_headers(client);
        headers.insert("depth", HeaderValue::from_static("1"));
        outbound::changes(&permit.route().backend.credentials, permit.principal(), client).apply(&mut headers);
        let body = HeldBody::Bytes(Bytes::from_static(PROBE_BODY.as_bytes()));
        let target = UpstreamPath(permit.upstream().0.clone().with_slash(true));
        let request = self.own_request(&permit, Method::Propfind, &target, headers, body);
        ctx.upstream.begin();
        let mut incoming = self.transactor().send(self.upstream(&permit)?, &request).await?;
        match incoming.status {
            StatusCode::MULTI_STATUS => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Denial::Hidden(DeniedBy::default()).into()),
            StatusCode::FORBIDDEN => return Err(Denial::Listing.into()),
            StatusCode::UNAUTHORIZED => return Ok(Onward::Challenge(Box::new(permit), Box::new(incoming))),
            _ => return Err(UpstreamError::Broken.into()),
        }
        let shown = self.shown(&permit, &mut incoming).await?;
        ctx.upstream.end();
        incoming.release().await;
        ctx.ways = None;
        let here = permit.public();
        let reaches = |path: &PublicPath| permit.route().judge(path).0.contains(permit.method());
        let mut members = Vec::new();
        for state in shown.into_iter().filter(|state| state.exists) {
            let path = CanonicalPath::parse(state.href.as_bytes()).map(PublicPath);
            let Ok(path) = path else { continue };
            if path.0.key() != here.0.key() {
                if reaches(&path) {
                    members.push(Member::new(&path, state.collection, state.last_modified));
                }
            } else if !state.collection {
                // A slash after the name of a file.
                return Err(Denial::Hidden(DeniedBy::default()).into());
            }
        }
        Ok(Onward::Own(Reply::page(page(here, members))))
    }

    /// What of the back end's listing the principal may see, with public URLs.
    async fn shown(&self, permit: &Permit, incoming: &mut Incoming) -> Result<Vec<ProbeState>, UpstreamError> {
        let public = PublicPath(permit.public().0.clone().with_slash(true));
        let mut headers = std::mem::take(&mut incoming.headers);
        let mut context = AnswerContext {
            method: Method::Propfind,
            upstream: UpstreamPath(permit.upstream().0.clone().with_slash(true)),
            public: public.clone(),
            ..self.answer_context(permit, Vec::new())
        };
        if let Some(filter) = &mut context.filter {
            filter.asked = Asked::new(Method::Propfind, public);
        }
        let plan = rewrite(&Arc::new(context), incoming.status.as_u16(), &mut headers);
        // Whatever is not rewritten is not filtered either.
        let Ok(BodyPlan::Rewrite(plan)) = plan else {
            return Err(UpstreamError::Broken);
        };
        let mut rewriting = plan.start();
        let mut text = Vec::new();
        while let Some(piece) = incoming.read_body().await? {
            rewriting.push(&piece, &mut text).map_err(|_| UpstreamError::Broken)?;
            if text.len() > LISTING_BYTES {
                return Err(UpstreamError::TooLong);
            }
        }
        rewriting.finish(&mut text).map_err(|_| UpstreamError::Broken)?;
        parse_listing(&text).ok_or(UpstreamError::Broken)
    }
}
