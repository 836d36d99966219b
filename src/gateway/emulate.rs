//! LOCK and UNLOCK where the gateway locks (LM-C; sections 4.5 and 4.6). In: a permit. Out: the answer, which is the gateway's own; the back
//! end is asked what is there, and to make an empty resource where nothing is (L-81). It hears nothing of locks.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use pingora::proxy::Session;
use uuid::Uuid;

use crate::{
    decide::{
        Denial, Permit,
        granting::{self, Granting},
    },
    identity::outbound,
    locks::{
        Lock,
        table::{LockRefusal, NewLock},
    },
    policy::{Locking, Method},
    request::{State, single::text, timeout::lock_time},
    rewrite::request::probe_headers,
    store::Down,
    url::UpstreamPath,
    xml::activelock::lock_answer,
};

use super::{
    ask::Probed,
    context::Context,
    incoming::Incoming,
    intent::{left_open, milliseconds},
    passage::{Halt, Onward},
    respond::Reply,
    server::Gateway,
    transact::HeldBody,
    upstream_error::UpstreamError,
};

/// How long LOCK waits for writes of others that are under way (L-84).
const PATIENCE: Duration = Duration::from_secs(5);
/// The first of the pauses in which it waits; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(10);

impl From<Down> for Halt {
    fn from(down: Down) -> Self {
        tracing::warn!(%down, "locks");
        Denial::LockStoreDown.into()
    }
}

/// Whether the gateway itself answers a request with this permit.
pub(super) fn answers(permit: &Permit) -> bool {
    permit.route().locks.locking == Locking::Emulate && matches!(permit.method(), Method::Lock | Method::Unlock)
}

impl Gateway {
    /// The answer to a permit for LOCK or UNLOCK.
    ///
    /// # Errors
    /// There is no such lock, or others conflict with it; or back end or store failed.
    pub(super) async fn emulate(&self, permit: Permit, session: &Session, ctx: &mut Context) -> Result<Onward, Halt> {
        if permit.method() == Method::Unlock {
            self.conditions_hold(&permit, session, ctx).await?;
            self.unlock(&permit).await.map(Onward::Own)
        } else if permit.read_body().is_some() {
            self.conditions_hold(&permit, session, ctx).await?;
            self.lock(permit, session, ctx).await
        } else {
            self.refresh(&permit, session, ctx).await.map(Onward::Own)
        }
    }

    /// L-54 to L-60, L-80, L-81.
    async fn lock(&self, permit: Permit, session: &Session, ctx: &mut Context) -> Result<Onward, Halt> {
        let creator = granting::creator(&permit)?.to_owned();
        let (state, parent) = match self.surroundings(&permit, session, ctx).await? {
            Ok(states) => states,
            Err(incoming) => return Ok(Onward::Challenge(Box::new(permit), incoming)),
        };
        let granting = granting::granting(&permit, state, parent)?;
        let scope = permit.read_body().and_then(|body| body.lock_scope());
        let scope = scope.ok_or(Denial::MissingBody)?;
        let timeout = self.lock_time(session);
        let root = granting::lock_path(&permit);
        let new = NewLock {
            token: format!("urn:uuid:{}", Uuid::new_v4()),
            collection: state == State::Collection,
            depth: granting::depth(&permit),
            scope,
            creator,
            owner: permit.read_body().and_then(|body| body.lock_owner()),
            timeout: match granting {
                // Until it is made, or cannot be any more: a look and a PUT (L-81).
                Granting::Making => milliseconds(self.time_for(&permit)?.saturating_mul(2)),
                Granting::Existing | Granting::Name => timeout,
            },
            claims: granting::claims(&root, granting),
            submitted: granting::submitted(&permit),
            most: self.lock_settings().per_principal,
            root,
        };
        let lock = self
            .insert(new)
            .await?
            .map_err(|refusal| granting::refused(&permit, &refusal))?;
        match granting {
            Granting::Existing => Ok(granted(&permit, StatusCode::OK, &lock)),
            Granting::Name => Ok(granted(&permit, StatusCode::CREATED, &lock)),
            Granting::Making => self.make(permit, lock, timeout, session, ctx).await,
        }
    }

    /// What is at the target, and if that is nothing, at the collection that would hold it.
    async fn surroundings(
        &self,
        permit: &Permit,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Result<(State, State), Box<Incoming>>, Halt> {
        let state = match self.state_at_target(permit, session, ctx).await? {
            Ok(state) => state,
            Err(incoming) => return Ok(Err(incoming)),
        };
        if state != State::Unmapped {
            return Ok(Ok((state, State::Unknown)));
        }
        let parent = permit.upstream().0.parent().map(UpstreamPath);
        // The route's own collection is not in another one that is any of ours.
        let inside = parent.filter(|parent| parent.0.starts_with(&permit.route().map.upstream().0));
        let Some(parent) = inside else {
            return Ok(Ok((state, State::Unmapped)));
        };
        let parent = self.state_of(permit, &parent, session, ctx).await?;
        Ok(parent.map(|parent| (state, parent)))
    }

    /// What is at the target, if a question has not found it out before; or the back end's wish to know who asks.
    pub(super) async fn state_at_target(
        &self,
        permit: &Permit,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Result<State, Box<Incoming>>, UpstreamError> {
        let known = ctx
            .answered_question
            .as_ref()
            .filter(|answered| answered.question.about().0);
        let known = known.and_then(|answered| answered.found.first());
        match known.map(|found| found.state) {
            Some(state) => Ok(Ok(state)),
            None => self.state_of(permit, permit.upstream(), session, ctx).await,
        }
    }

    /// What is at `resource`; or the back end's wish to know who asks.
    pub(super) async fn state_of(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Result<State, Box<Incoming>>, UpstreamError> {
        ctx.upstream.begin();
        let deadline = self.upstream(permit)?.timeouts().read;
        let probed = tokio::time::timeout(deadline, self.probe(permit, resource, session)).await;
        let probed = probed.map_err(|_| UpstreamError::Timeout)??;
        ctx.upstream.end();
        Ok(match probed {
            Probed::Found(found) => Ok(found.state),
            Probed::Challenge(incoming) => Err(incoming),
        })
    }

    /// Puts a lock in; waits for writes of others that are under way (L-84).
    async fn insert(&self, new: NewLock) -> Result<Result<Lock, LockRefusal>, Down> {
        let mut waited = Duration::ZERO;
        let mut pause = PAUSE;
        loop {
            match self.store().lock(new.clone()).await? {
                Err(LockRefusal::Writing) if waited < PATIENCE => {
                    tokio::time::sleep(pause).await;
                    waited = waited.saturating_add(pause);
                    pause = pause.saturating_mul(2).min(PATIENCE.saturating_sub(waited)).max(PAUSE);
                }
                done => return Ok(done),
            }
        }
    }

    /// Makes the resource of a new lock (L-81), and has the lock last for `timeout` milliseconds. If it cannot be made there is no lock.
    async fn make(
        &self,
        permit: Permit,
        lock: Lock,
        timeout: u64,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Onward, Halt> {
        let began = Instant::now();
        let made = self.make_empty(&permit, None, session, ctx).await;
        let (back_end, token) = (Arc::clone(&lock.root.back_end), &lock.token);
        // What looks whether anything is there does not empty what others wrote meanwhile.
        let blind = !permit.route().backend.profile.conditions.absent;
        match made {
            Ok(Made::Empty(version)) => match self.store().refresh(&back_end, token, timeout).await {
                Ok(Some(lock)) => Ok(granted(&permit, StatusCode::CREATED, &lock)),
                // There is no lock to make it for. As long as the first one holds, nobody else can have written there.
                refused => {
                    let alone = refused.is_err() && began.elapsed() < Duration::from_millis(lock.timeout) / 2;
                    self.unmake(&permit, version, alone, session).await;
                    Err(refused.err().map_or(Denial::Busy.into(), Halt::from))
                }
            },
            // Somebody else made it, who could not have been seen: past this gateway.
            Ok(Made::Exists) => {
                let lasting = self.store().refresh(&back_end, token, timeout).await?;
                let lock = lasting.ok_or(Denial::Busy)?;
                Ok(granted(&permit, StatusCode::OK, &lock))
            }
            Ok(Made::Refused(incoming)) => {
                if blind && matches!(incoming.status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) {
                    left_open(&**self.store(), &lock, self.time_for(&permit)?).await?;
                }
                self.store().remove(&back_end, token).await?;
                match incoming.status {
                    StatusCode::NOT_FOUND => Err(Denial::LockWithoutParent.into()),
                    _ => Ok(Onward::Challenge(Box::new(permit), incoming)),
                }
            }
            Err(error) => {
                if blind && !error.is_unsent() {
                    left_open(&**self.store(), &lock, self.time_for(&permit)?).await?;
                }
                self.store().remove(&back_end, token).await?;
                Err(error.into())
            }
        }
    }

    /// Takes away what was made for a lock that is not granted, if no harm can come of it: nobody else can have written there (`alone`), or
    /// the back end looks whether anybody has.
    async fn unmake(&self, permit: &Permit, version: Option<HeaderValue>, alone: bool, session: &Session) {
        let version = version.filter(|_| permit.route().backend.profile.conditions.version);
        if !alone && version.is_none() {
            return;
        }
        let resource = UpstreamPath(permit.upstream().0.clone().with_slash(false));
        let mut headers = bare_fields(permit, session);
        if let Some(version) = version {
            headers.insert(header::IF_MATCH, version);
        }
        let request = self.own_request(permit, Method::Delete, &resource, headers, HeldBody::None);
        let Ok(upstream) = self.upstream(permit) else { return };
        let sent = tokio::time::timeout(upstream.timeouts().read, self.transactor().send(upstream, &request)).await;
        match sent {
            Ok(Ok(incoming)) if incoming.status.is_success() => incoming.release().await,
            _ => tracing::warn!(%resource, "an empty resource is left of a lock that was not granted"),
        }
    }

    /// PUT of nothing, where nothing is; under the lock `token`, if it is the back end's.
    pub(super) async fn make_empty(
        &self,
        permit: &Permit,
        token: Option<&str>,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Made, UpstreamError> {
        let route = permit.route();
        let resource = UpstreamPath(permit.upstream().0.clone().with_slash(false));
        // Some back ends do not look at the condition. The lock is there by now, so only what passes by the gateway could come between.
        if !route.backend.profile.conditions.absent {
            match self.state_of(permit, &resource, session, ctx).await? {
                Ok(State::Unmapped) => {}
                Ok(State::Resource | State::Collection | State::Unknown) => return Ok(Made::Exists),
                Err(incoming) => return Ok(Made::Refused(incoming)),
            }
        }
        let mut headers = bare_fields(permit, session);
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        if let Some(Ok(lists)) = token.map(|token| HeaderValue::from_str(&format!("(<{token}>)"))) {
            headers.insert("if", lists);
        }
        let body = HeldBody::Bytes(Bytes::new());
        let request = self.own_request(permit, Method::Put, &resource, headers, body);
        ctx.upstream.begin();
        let incoming = self.transactor().send(self.upstream(permit)?, &request).await?;
        ctx.upstream.end();
        match incoming.status {
            StatusCode::PRECONDITION_FAILED => {
                incoming.release().await;
                Ok(Made::Exists)
            }
            status if status.is_success() => {
                let strong = |version: &&HeaderValue| version.as_bytes().starts_with(b"\"");
                let version = incoming.headers.get(header::ETAG).filter(strong).cloned();
                incoming.release().await;
                Ok(Made::Empty(version))
            }
            status if status.is_client_error() || status.is_server_error() => Ok(Made::Refused(Box::new(incoming))),
            _ => Err(UpstreamError::Broken),
        }
    }

    /// L-50 to L-53.
    async fn refresh(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<Reply, Halt> {
        granting::creator(permit)?;
        let token = granting::refreshed(permit)?;
        let back_end = granting::lock_path(permit).back_end;
        let found = self.store().find(&back_end, &token).await?;
        let gone = Denial::RefreshTokenMatchesRequestUri;
        if !found.is_some_and(|lock| granting::may_refresh(permit, &lock)) {
            return Err(gone.into());
        }
        // That it names its lock is true by now; it may say more.
        self.conditions_hold(permit, session, ctx).await?;
        let timeout = self.lock_time(session);
        let lock = self.store().refresh(&back_end, &token, timeout).await?.ok_or(gone)?;
        Ok(Reply::locked(StatusCode::OK, None, body(permit, &lock)))
    }

    /// L-63 to L-66.
    async fn unlock(&self, permit: &Permit) -> Result<Reply, Halt> {
        let here = granting::lock_path(permit);
        let token = permit.lock_token().ok_or(Denial::LockToken)?;
        let found = self.store().find(&here.back_end, token.as_str()).await?;
        let lock = found
            .filter(|lock| lock.covers(&here))
            .ok_or(Denial::LockTokenMatchesRequestUri)?;
        granting::may_unlock(permit, &lock)?;
        let removed = self.store().remove(&here.back_end, token.as_str()).await?;
        removed.ok_or(Denial::LockTokenMatchesRequestUri)?;
        Ok(Reply::unlocked())
    }

    /// How long the lock is to last, in milliseconds (L-67).
    pub(super) fn lock_time(&self, session: &Session) -> u64 {
        let wished = text(&session.req_header().headers, "timeout")
            .ok()
            .flatten()
            .and_then(lock_time);
        milliseconds(self.lock_settings().granted(wished))
    }
}

/// What became of making a resource.
pub(super) enum Made {
    /// It is there, and empty; with this strong entity tag, if the back end told one.
    Empty(Option<HeaderValue>),
    /// It was there already.
    Exists,
    /// The back end does not make it.
    Refused(Box<Incoming>),
}

/// The header fields of a request of the gateway's own that is no question, with the credentials that the back end would see of the client.
pub(super) fn bare_fields(permit: &Permit, session: &Session) -> HeaderMap {
    let client = &session.req_header().headers;
    let mut headers = probe_headers(client);
    headers.remove(header::CONTENT_TYPE);
    headers.remove("depth");
    outbound::changes(&permit.route().backend.credentials, permit.principal(), client).apply(&mut headers);
    headers
}

/// The answer to a LOCK that made `lock`.
fn granted(permit: &Permit, status: StatusCode, lock: &Lock) -> Onward {
    Onward::Own(Reply::locked(status, Some(&lock.token), body(permit, lock)))
}

/// The body that tells of a lock which was made to last just now.
fn body(permit: &Permit, lock: &Lock) -> String {
    let now = lock.expires_at.saturating_sub(lock.timeout);
    lock_answer(&granting::told(permit, lock, now))
}
