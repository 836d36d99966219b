//! Homes made on the first request for them (RM-20). In: the home of a principal, from a request that was let in. Out: nothing; the request
//! goes on whether the home could be made or not. It is looked for, and made, once for each principal, by the account of the gateway; requests
//! that come meanwhile wait. What failed is tried again after a minute.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use lru::LruCache;
use pingora::proxy::Session;

use crate::{
    decide::Home,
    identity::outbound,
    locks::table::NewWrite,
    policy::Method,
    rewrite::request::{probe_headers, tell_prefix},
    telemetry::audit::{self, HomeLine},
    xml::probe::{PROBE_BODY, PROBE_BYTES, parse_probe},
};

use super::{
    context::Context,
    incoming::Incoming,
    intent::{end_later, milliseconds},
    server::Gateway,
    transact::{HeldBody, Outgoing},
    upstream_error::UpstreamError,
};

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a request waits for another one that makes its home.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many principals are remembered; of one that was forgotten, the home is looked for again.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// What is known of homes.
pub struct Homes(Mutex<LruCache<Whose, SharedFate>>);

/// The number of a route, and the name of a principal there.
type Whose = (usize, String);
/// What is known of one home, for one request at a time.
type SharedFate = Arc<tokio::sync::Mutex<Fate>>;

/// What is known of one home.
#[derive(Clone, Copy, Debug, Default)]
enum Fate {
    /// Nothing.
    #[default]
    Unknown,
    /// It is there, or was: one that somebody took away stays away.
    There,
    /// It could not be made then.
    Failed(Instant),
}

impl Fate {
    fn is_settled(self) -> bool {
        match self {
            Self::Unknown => false,
            Self::There => true,
            Self::Failed(when) => when.elapsed() < AGAIN,
        }
    }
}

impl Default for Homes {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl Homes {
    /// What is known of `home`; whoever holds it is the only one to make it.
    fn fate(&self, home: &Home) -> Option<SharedFate> {
        let key = (home.route_number(), home.principal().name()?.to_owned());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(known.get_or_insert(key, Arc::default)))
    }
}

/// What became of it.
enum Outcome {
    /// It was there.
    There,
    /// It was made; the back end answered so.
    Made(StatusCode),
    /// It was not, for this reason.
    Failed(String),
}

impl Gateway {
    /// Sees to it that `home` is there, if it can be.
    pub(super) async fn make_home(&self, home: &Home, session: &Session, ctx: &mut Context) {
        let Some(fate) = self.homes().fate(home) else { return };
        let Ok(mut fate) = tokio::time::timeout(PATIENCE, fate.lock()).await else {
            return;
        };
        if fate.is_settled() {
            return;
        }
        ctx.upstream.begin();
        let outcome = self.look_and_make(home).await;
        ctx.upstream.end();
        let (made, answer) = match outcome {
            Outcome::There => {
                *fate = Fate::There;
                return;
            }
            Outcome::Made(status) => (true, status.as_u16().to_string()),
            Outcome::Failed(reason) => (false, reason),
        };
        *fate = if made {
            Fate::There
        } else {
            Fate::Failed(Instant::now())
        };
        if !made {
            tracing::warn!(home = %home.public(), %answer, "a home was not made");
        }
        let client = session.client_addr().map(ToString::to_string).unwrap_or_default();
        self.audit_log.write(&HomeLine {
            log: audit::KIND,
            time: SystemTime::now(),
            client: &client,
            by: "davgate",
            action: "make-home",
            principal: home.principal().name(),
            path: &home.public().to_string(),
            route: &home.route().name,
            made,
            back_end_answer: &answer,
        });
    }

    async fn look_and_make(&self, home: &Home) -> Outcome {
        match self.is_there(home).await {
            Ok(Ok(true)) => return Outcome::There,
            Ok(Ok(false)) => {}
            Ok(Err(status)) => return Outcome::Failed(status.as_u16().to_string()),
            Err(error) => return Outcome::Failed(error.name().to_owned()),
        }
        // A write like any other: not while one rests on what was found there, nor where a lock is (L-31).
        let place = format!("{}/{}", home.route().backend.location.id(), home.upstream().0.key());
        let Some(turn) = self.turns().take(vec![(place, false)]).await else {
            return Outcome::Failed("busy".to_owned());
        };
        let timeouts = home.route().backend.timeouts;
        let time = timeouts.connect.saturating_add(timeouts.read).saturating_add(PATIENCE);
        let write = NewWrite {
            claims: home.claims(),
            creator: home.principal().name().map(str::to_owned),
            submitted: Vec::new(),
            relied_on: Vec::new(),
            time: milliseconds(time),
        };
        let known = if write.claims.is_empty() {
            None
        } else {
            match self.store().begin(write).await {
                Ok(Ok(id)) => Some(id),
                Ok(Err(_)) => return Outcome::Failed("locked".to_owned()),
                Err(down) => return Outcome::Failed(down.to_string()),
            }
        };
        let sent = self.say(home, Method::Mkcol, HeaderMap::new(), HeldBody::None).await;
        // Of what may still come to pass, the store is told no end (L-93).
        let over = sent.as_ref().err().is_none_or(|error| error.is_unsent());
        if let Some(id) = known.filter(|_| over)
            && self.store().end(id, Vec::new()).await.is_err()
        {
            end_later(Arc::clone(self.store()), id, milliseconds(time));
        }
        drop(turn);
        match sent {
            Err(error) => Outcome::Failed(error.name().to_owned()),
            Ok(incoming) => {
                let status = incoming.status;
                incoming.release().await;
                match status {
                    status if status.is_success() => Outcome::Made(status),
                    // Somebody else has made it.
                    StatusCode::METHOD_NOT_ALLOWED => Outcome::There,
                    status => Outcome::Failed(status.as_u16().to_string()),
                }
            }
        }
    }

    /// Whether the home is there already; or a status that says neither.
    async fn is_there(&self, home: &Home) -> Result<Result<bool, StatusCode>, UpstreamError> {
        let body = HeldBody::Bytes(Bytes::from_static(PROBE_BODY.as_bytes()));
        let headers = probe_headers(&HeaderMap::new());
        let mut incoming = self.say(home, Method::Propfind, headers, body).await?;
        let there = match incoming.status {
            StatusCode::MULTI_STATUS => {
                let body = incoming.read_all(PROBE_BYTES).await?;
                Ok(parse_probe(&body).is_none_or(|found| found.exists))
            }
            // Where it knows no PROPFIND, MKCOL will tell.
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                Ok(false)
            }
            status => Err(status),
        };
        incoming.release().await;
        Ok(there)
    }

    /// A request of the gateway's own for `home`, as `backend.credentials` has it.
    async fn say(
        &self,
        home: &Home,
        method: Method,
        mut headers: HeaderMap,
        body: HeldBody,
    ) -> Result<Incoming, UpstreamError> {
        let backend = &home.route().backend;
        outbound::changes(&backend.credentials, home.principal(), &HeaderMap::new()).apply(&mut headers);
        let route = home.route();
        tell_prefix(route, &mut headers);
        let request = Outgoing {
            method,
            target: route.request_target(&route.usual_origin(), home.upstream()),
            headers,
            host: backend.location.origin().authority.to_string(),
            body,
        };
        let upstream = self.upstream_of(home.route_number())?;
        self.transactor().send(upstream, &request).await
    }
}
