//! Who is asking (O-5): the sources of `identity` asked about one request, and the back end asked for one of them. In: a session. Out:
//! whoever asks, or the refusal.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use pingora::proxy::Session;

use crate::{
    decide::{Denial, privileges::Asker},
    identity::{Asking, Principal, Refusal, backend::Ask},
    policy::Method,
    rewrite::request::probe_headers,
    xml::probe::PROBE_BODY,
};

use super::{
    server::Gateway,
    tls::client_certificate,
    transact::{HeldBody, Outgoing, Transactor},
    upstream::Upstream,
};

impl Gateway {
    /// The principal of the request; anonymous where no source is configured, or nothing is presented.
    pub(super) async fn identify(&self, session: &Session) -> Result<Asker, Denial> {
        let Some(authenticator) = self.authenticator() else {
            return Ok(Asker {
                principal: Arc::new(Principal::anonymous()),
                may_prove: false,
                gateway_asks: false,
            });
        };
        let peer = session.client_addr().and_then(|address| address.as_inet());
        let asking = Asking {
            peer: peer.map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip()),
            certificate: client_certificate(session),
            headers: &session.req_header().headers,
        };
        let may_prove = !authenticator.challenges(None).is_empty();
        let refuse = |refusal: Refusal| match refusal.status() {
            StatusCode::UNAUTHORIZED if !may_prove => Denial::Unprovable(refusal),
            _ => Denial::Credentials(refusal),
        };
        let principal = authenticator.identify(&asking).await.map_err(|refusal| {
            // RM-6. No name and no part of the credentials is in it; who is slowed down failed before.
            if refusal.status() != StatusCode::TOO_MANY_REQUESTS {
                tracing::info!(client = %asking.peer, "a login is refused: {refusal}");
            }
            refuse(refusal)
        })?;
        Ok(Asker {
            principal: Arc::new(principal),
            gateway_asks: true,
            may_prove,
        })
    }

    /// What a 401 could ask of `principal`: nothing where it is known.
    pub(super) fn challenges_for(&self, principal: &Principal) -> Vec<HeaderValue> {
        let authenticator = self.authenticator().filter(|_| principal.is_anonymous());
        authenticator.map_or_else(Vec::new, |authenticator| authenticator.challenges(None).to_vec())
    }

    /// What a 401 asks for (ERR-4).
    pub(super) fn challenges(&self, denial: &Denial) -> &[HeaderValue] {
        let refusal = match denial {
            Denial::Credentials(refusal) => Some(refusal),
            _ => None,
        };
        self.authenticator()
            .map_or(&[], |authenticator| authenticator.challenges(refusal))
    }
}

/// Asks a back end who is right, at the place that `identity.backend.verify` names.
pub struct AskBackEnd {
    /// Sends the question.
    pub transactor: Arc<Transactor>,
    /// The back end.
    pub upstream: Arc<Upstream>,
    /// Its own path of the place.
    pub target: String,
    /// The Host to say.
    pub host: String,
}

#[async_trait]
impl Ask for AskBackEnd {
    async fn ask(&self, authorization: Option<&HeaderValue>) -> Option<StatusCode> {
        let mut headers = probe_headers(&HeaderMap::new());
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        // Not GET: of a folder without an index page that is refused to everybody, and Plone answers it with a login page.
        let request = Outgoing {
            method: Method::Propfind,
            target: self.target.clone(),
            headers,
            host: self.host.clone(),
            body: HeldBody::Bytes(Bytes::from_static(PROBE_BODY.as_bytes())),
        };
        // The body is not read: the connection goes with it.
        self.transactor
            .send(&self.upstream, &request)
            .await
            .ok()
            .map(|incoming| incoming.status)
    }
}

/// Where nobody is asked: a configuration without `identity.backend`.
pub struct AskNobody;

#[async_trait]
impl Ask for AskNobody {
    async fn ask(&self, _authorization: Option<&HeaderValue>) -> Option<StatusCode> {
        None
    }
}
