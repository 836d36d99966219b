//! The release of a lock by an administrator, at the back end. In: the lock. Out: what the back end said to an UNLOCK by the gateway's own
//! account; where it has none, nothing is sent.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{
    transact::{HeldBody, Outgoing, Transactor},
    upstream::Upstream,
};
use crate::{
    admin::{
        lock_view::upstream,
        locks::{BackEndTold, Unlock},
    },
    identity::{BackEndCredentials, Principal, outbound},
    locks::Lock,
    policy::{Locking, Method, Route},
    rewrite::request::tell_prefix,
};

/// Sends the UNLOCK.
pub struct Release {
    /// The routes and their back ends.
    pub routes: Vec<(Arc<Route>, Arc<Upstream>)>,
    /// What sends it.
    pub transactor: Arc<Transactor>,
}

#[async_trait]
impl Unlock for Release {
    async fn unlock(&self, lock: &Lock) -> BackEndTold {
        let here = |(route, _): &&(Arc<Route>, Arc<Upstream>)| route.backend.location.id() == *lock.root.back_end;
        let mut observed = self
            .routes
            .iter()
            .filter(here)
            .filter(|(route, _)| route.locks.locking == Locking::Observe);
        let service = |(route, _): &&(Arc<Route>, Arc<Upstream>)| {
            matches!(route.backend.credentials, BackEndCredentials::Service(_))
        };
        let Some((route, back_end)) = observed.find(service) else {
            return BackEndTold::NoAccount;
        };
        let token = HeaderValue::try_from(format!("<{}>", lock.token));
        let (Some(path), Ok(token)) = (upstream(lock), token) else {
            return BackEndTold::Silent;
        };
        let mut headers = HeaderMap::from_iter([(http::HeaderName::from_static("lock-token"), token)]);
        outbound::changes(&route.backend.credentials, &Principal::anonymous(), &headers.clone()).apply(&mut headers);
        tell_prefix(route, &mut headers);
        let request = Outgoing {
            method: Method::Unlock,
            target: route.request_target(&route.usual_origin(), &path),
            headers,
            host: route.backend.location.origin().authority.to_string(),
            body: HeldBody::None,
        };
        match self.transactor.send(back_end, &request).await {
            Ok(answer) if answer.status.is_success() => BackEndTold::Unlocked,
            // It had ended there already (RFC 4918 section 9.11.1).
            Ok(answer) if answer.status == StatusCode::CONFLICT => BackEndTold::Unlocked,
            Ok(answer) => BackEndTold::Refused(answer.status.as_u16()),
            Err(_) => BackEndTold::Silent,
        }
    }
}
