//! Questions to the back end about what is at a resource (EX-1), and the verdict that rests on the answers. In: a question. Out: a
//! permit, with what was found; or the back end's wish to know who asks.

use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use pingora::proxy::Session;

use crate::{
    decide::{Denial, Found, Permit, Question},
    identity::outbound,
    policy::{BackEnd, Method, Profile},
    request::State,
    rewrite::{
        answer::leads_away,
        request::{adds_slash, end_connection, probe_headers},
    },
    url::UpstreamPath,
    xml::probe::{PROBE_BODY, PROBE_BYTES, ProbeState, parse_probe},
};

use super::{
    context::Context, incoming::Incoming, passage::Halt, server::Gateway, state_memory::Place, transact::HeldBody,
    upstream_error::UpstreamError,
};

/// What a question leads to.
pub(super) enum Asked {
    /// The request may go on.
    Permit(Box<Permit>),
    /// The back end wants credentials first.
    Challenge(Box<Permit>, Box<Incoming>),
}

/// A question and what was found: what a permitted write rests on.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The question.
    pub question: Question,
    /// What was found at its resources, in their order.
    pub found: Vec<Found>,
    /// Whether no other write passes there meanwhile.
    pub alone: bool,
}

/// What one probe came to.
pub(super) enum Probed {
    /// This is there.
    Found(Found),
    /// The back end wants credentials first.
    Challenge(Box<Incoming>),
}

impl Gateway {
    /// The states that a verdict waits for (EX-1), asked with the credentials that the back end would see of the client. Where no
    /// condition can hold the back end to what it said, no other write passes from here to the answer.
    pub(super) async fn ask(&self, question: Question, session: &Session, ctx: &mut Context) -> Result<Asked, Halt> {
        let mut alone = question.needs_turn();
        loop {
            self.take_turn(question.permit(), alone.then_some(&question), ctx)
                .await?;
            let found = match self.look(&question, session, ctx).await? {
                Ok(found) => found,
                Err(incoming) => return Ok(Asked::Challenge(Box::new(question.permit().clone()), incoming)),
            };
            let permit = question.clone().answer(&found)?;
            if permit.is_open() && !alone {
                alone = true;
                continue;
            }
            ctx.answered_question = Some(Box::new(Answered { question, found, alone }));
            return Ok(Asked::Permit(Box::new(permit)));
        }
    }

    /// Waits for the turn of a write: alone at what is in `question`, together with others elsewhere.
    ///
    /// # Errors
    /// [`Denial::Busy`]: it did not come in time.
    pub(super) async fn take_turn(
        &self,
        permit: &Permit,
        question: Option<&Question>,
        ctx: &mut Context,
    ) -> Result<(), Denial> {
        if permit.method().is_safe() {
            return Ok(());
        }
        ctx.writing = self.states().write(permit);
        // One's own turn must be over before another can be had.
        ctx.turn = None;
        // Two routes may lead to one resource.
        let back_end = permit.route().backend.location.id();
        let key = |path: &UpstreamPath| format!("{back_end}/{}", path.0.key());
        let places = match question {
            Some(question) => question.places().map(|(path, asked)| (key(path), asked)).collect(),
            None => {
                let destination = permit.destination().map(|found| &found.upstream);
                let paths = std::iter::once(permit.upstream()).chain(destination);
                paths.map(|path| (key(path), false)).collect()
            }
        };
        ctx.turn = Some(self.turns().take(places).await.ok_or(Denial::Busy)?);
        Ok(())
    }

    /// Asks for everything that is in question; what a read asked a moment ago need not be asked again (EX-4).
    pub(super) async fn look(
        &self,
        question: &Question,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Result<Vec<Found>, Box<Incoming>>, UpstreamError> {
        let mut all = Vec::new();
        ctx.upstream.begin();
        let permit = question.permit();
        for resource in question.resources() {
            let words = if permit.method().is_safe() {
                let fields = probe_fields(Method::Propfind, permit, session);
                self.states().words(permit, &resource.to_string(), &fields)
            } else {
                None
            };
            if let Some(state) = words.and_then(|words| self.states().recall(&words, Instant::now())) {
                all.push(state.into());
                continue;
            }
            let asking = words.and_then(|words| {
                let asking = self.states().ask(Place::of(permit, resource), Instant::now());
                asking.map(|asking| (asking, words))
            });
            match self.probe_in_time(permit, resource, session).await? {
                Probed::Found(found) => {
                    if let Some((asking, words)) = asking {
                        asking.answered(words, found.state);
                    }
                    all.push(found);
                }
                // A PROPFIND brings its own challenge back.
                Probed::Challenge(_) if permit.method() == Method::Propfind => all.push(State::Unknown.into()),
                Probed::Challenge(incoming) => return Ok(Err(incoming)),
            }
        }
        ctx.upstream.end();
        Ok(Ok(all))
    }

    /// What is at `resource`. Each piece of an answer has its own deadline; a question, which is small, has one for the whole.
    pub(super) async fn probe_in_time(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
    ) -> Result<Probed, UpstreamError> {
        let deadline = self.upstream(permit)?.timeouts().read;
        let probed = tokio::time::timeout(deadline, self.probe(permit, resource, session)).await;
        probed.map_err(|_| UpstreamError::Timeout)?
    }

    /// What is at `resource`: PROPFIND tells (EX-1), or HEAD where the back end knows no PROPFIND (EX-2).
    pub(super) async fn probe(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
    ) -> Result<Probed, UpstreamError> {
        let body = HeldBody::Bytes(Bytes::from_static(PROBE_BODY.as_bytes()));
        let mut incoming = self
            .send_probe(Method::Propfind, permit, resource, session, body)
            .await?;
        let backend = &permit.route().backend;
        let found = match incoming.status {
            StatusCode::MULTI_STATUS => match incoming.read_all(PROBE_BYTES).await {
                Ok(body) => described(&body, backend.profile),
                Err(UpstreamError::TooLong) => State::Unknown.into(),
                Err(error) => return Err(error),
            },
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                incoming.release().await;
                incoming = self
                    .send_probe(Method::Head, permit, resource, session, HeldBody::None)
                    .await?;
                // It may become the answer to another method (a challenge), where its length would be taken at its word.
                incoming.headers.insert(header::CONTENT_LENGTH, 0.into());
                let etag = incoming.headers.get(header::ETAG);
                let etag = etag.and_then(|value| value.to_str().ok()).map(str::to_owned);
                // A server that tells collections by their slash would have redirected a name without one.
                let by_slash = backend.profile.matches_slashes;
                match (incoming.status.is_success(), resource.0.slash()) {
                    (true, true) => State::Collection.into(),
                    (true, false) if by_slash => Found {
                        state: State::Resource,
                        etag,
                    },
                    (true, false) => State::Unknown.into(),
                    (false, _) => bare(&incoming, resource, backend).into(),
                }
            }
            _ => bare(&incoming, resource, backend).into(),
        };
        if incoming.status == StatusCode::UNAUTHORIZED {
            return Ok(Probed::Challenge(Box::new(incoming)));
        }
        incoming.release().await;
        Ok(Probed::Found(found))
    }

    /// The same, with the entity tag that HEAD tells, where PROPFIND told none of a resource (L-86: nginx).
    ///
    /// # Errors
    /// The back end did not answer, or not in time.
    pub(super) async fn with_entity_tag(
        &self,
        found: Found,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
    ) -> Result<Found, UpstreamError> {
        if found.state != State::Resource || found.etag.is_some() {
            return Ok(found);
        }
        let asking = self.send_probe(Method::Head, permit, resource, session, HeldBody::None);
        let answer = tokio::time::timeout(self.upstream(permit)?.timeouts().read, asking).await;
        let incoming = answer.map_err(|_| UpstreamError::Timeout)??;
        let told = incoming.status.is_success().then(|| incoming.headers.get(header::ETAG));
        let told = told.flatten().and_then(|value| value.to_str().ok());
        let etag = told.map(str::to_owned);
        incoming.release().await;
        Ok(Found { etag, ..found })
    }

    async fn send_probe(
        &self,
        method: Method,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
        body: HeldBody,
    ) -> Result<Incoming, UpstreamError> {
        let mut headers = probe_fields(method, permit, session);
        end_connection(permit, method, &mut headers);
        let request = self.own_request(permit, method, resource, headers, body);
        self.transactor().send(self.upstream(permit)?, &request).await
    }
}

/// The header fields of a question, with the credentials that the back end would see of the client.
pub(super) fn probe_fields(method: Method, permit: &Permit, session: &Session) -> HeaderMap {
    let client = &session.req_header().headers;
    let mut headers = probe_headers(client);
    if method != Method::Propfind {
        headers.remove(header::CONTENT_TYPE);
        headers.remove("depth");
    }
    outbound::changes(&permit.route().backend.credentials, permit.principal(), client).apply(&mut headers);
    headers
}

/// What the properties in the answer to a probe say.
fn described(body: &[u8], habits: &Profile) -> Found {
    match parse_probe(body) {
        Some(found) if !found.exists => State::Unmapped.into(),
        // Whoever locked what is not there goes on to make it.
        Some(found) if habits.lock_null && is_lock_null(&found) => State::Unmapped.into(),
        Some(found) => Found {
            state: if found.collection {
                State::Collection
            } else {
                State::Resource
            },
            // Some servers forget the quotes here, and nowhere else: dav-server, of the embedded back end.
            etag: found
                .etag
                .map(|tag| match tag.ends_with('"') || habits.bare_entity_tags {
                    true => tag,
                    false => format!("\"{tag}\""),
                }),
        },
        None => State::Unknown.into(),
    }
}

/// What the head of an answer says that describes nothing.
fn bare(incoming: &Incoming, resource: &UpstreamPath, backend: &BackEnd) -> State {
    match incoming.status {
        StatusCode::NOT_FOUND | StatusCode::GONE => State::Unmapped,
        status if leads_away(backend, status.as_u16(), &incoming.headers, resource) => State::Unmapped,
        status if status.is_redirection() => {
            let location = incoming
                .headers
                .get(header::LOCATION)
                .and_then(|value| value.to_str().ok());
            match location {
                Some(location) if adds_slash(location, resource) => State::Collection,
                Some(_) | None => State::Unknown,
            }
        }
        _ => State::Unknown,
    }
}

/// Whether that is a name and nothing else.
fn is_lock_null(found: &ProbeState) -> bool {
    !found.collection && found.etag.is_none() && found.last_modified.is_none()
}
