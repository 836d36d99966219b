//! What serves requests: the gate with its routes, their back ends, and where everything is told. One for all connections.

use std::{collections::HashMap, sync::Arc, time::Instant};

use http::{HeaderMap, HeaderName, StatusCode};

use crate::{
    decide::{Gate, Permit},
    identity::{Authenticator, outbound},
    policy::Method,
    rewrite::{
        answer::AnswerContext,
        request as outgoing,
        visibility::{Asked, Filter},
    },
    telemetry::{
        lines::LineLog,
        metrics::{Metrics, NO_ROUTE, RouteMetrics},
    },
    url::{Origin, Scheme},
};

use super::{
    lock_memory::LockMemory,
    state_memory::StateMemory,
    transact::{HeldBody, Outgoing, Transactor},
    turns::Turns,
    upstream::Upstream,
    upstream_error::UpstreamError,
    view::View,
};

/// All that serves requests.
pub struct Gateway {
    gate: Gate,
    upstreams: Vec<Arc<Upstream>>,
    transactor: Arc<Transactor>,
    authenticator: Option<Arc<Authenticator>>,
    /// The header fields that name the user to the back end of some route: another route may lead to the same server.
    naming: Vec<HeaderName>,
    turns: Arc<Turns>,
    locks: Arc<LockMemory>,
    states: Arc<StateMemory>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) by_route: HashMap<String, Arc<RouteMetrics>>,
    pub(super) outside: Arc<RouteMetrics>,
    pub(super) access_log: LineLog,
    pub(super) audit_log: LineLog,
}

impl Gateway {
    /// A gateway of these routes; `upstreams` are their back ends in the same order, the two logs those of access and audit.
    pub fn new(
        gate: Gate,
        upstreams: Vec<Arc<Upstream>>,
        transactor: Arc<Transactor>,
        authenticator: Option<Arc<Authenticator>>,
        metrics: Arc<Metrics>,
        (access_log, audit_log): (LineLog, LineLog),
    ) -> Self {
        let by_route = gate
            .routes()
            .iter()
            .map(|route| (route.name.clone(), metrics.route(&route.name)));
        let naming = gate
            .routes()
            .iter()
            .filter_map(|route| route.backend.credentials.header());
        Self {
            by_route: by_route.collect(),
            naming: naming.cloned().collect(),
            locks: Arc::new(LockMemory::new(gate.routes().len())),
            outside: metrics.route(NO_ROUTE),
            transactor,
            authenticator,
            turns: Arc::default(),
            // Nobody else writes: this process shares no store with others.
            states: Arc::new(StateMemory::new(true)),
            gate,
            upstreams,
            metrics,
            access_log,
            audit_log,
        }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn authenticator(&self) -> Option<&Authenticator> {
        self.authenticator.as_deref()
    }

    pub(super) fn turns(&self) -> &Arc<Turns> {
        &self.turns
    }

    pub(super) fn states(&self) -> &Arc<StateMemory> {
        &self.states
    }

    pub(super) fn transactor(&self) -> &Transactor {
        &self.transactor
    }

    pub(super) fn upstream(&self, permit: &Permit) -> Result<&Upstream, UpstreamError> {
        self.upstreams
            .get(permit.route_number())
            .map(Arc::as_ref)
            .ok_or(UpstreamError::Connect)
    }

    /// A request of the gateway's own making to the back end of `permit`.
    pub(super) fn outgoing(
        &self,
        permit: &Permit,
        method: Method,
        target: String,
        headers: HeaderMap,
        body: HeldBody,
    ) -> Outgoing {
        Outgoing {
            method,
            target,
            headers,
            host: permit.route().backend.location.origin().authority.to_string(),
            body,
        }
    }

    /// What the answer to `permit`, with this head, is rewritten with; `scheme` is the one the client speaks.
    pub(super) fn answer_context(
        &self,
        permit: &Permit,
        scheme: Scheme,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> AnswerContext {
        let route = permit.route();
        let asked = || Origin {
            scheme,
            authority: permit.host().clone(),
        };
        AnswerContext {
            route: Arc::clone(route),
            method: permit.method(),
            public: permit.public().clone(),
            upstream: permit.upstream().clone(),
            public_origin: route.origins.first().cloned().unwrap_or_else(asked),
            inner: self.gate.inside(permit),
            allowed: permit.allowed(),
            noroot: permit.noroot(),
            filter: route.access.is_some().then(|| self.filter(permit, status, headers)),
            challenges: self.challenges_for(permit.principal()),
            sync_epoch: route
                .sync_epochs
                .as_ref()
                .map(|epochs| epochs.for_principal(permit.principal())),
        }
    }

    /// The header fields for the back end, with the credentials that it is to see.
    pub(super) fn fields(&self, permit: &Permit, client: &HeaderMap) -> HeaderMap {
        let mut headers = outgoing::headers(permit, client);
        for name in self
            .authenticator()
            .into_iter()
            .flat_map(Authenticator::private_headers)
            .chain(&self.naming)
        {
            headers.remove(name);
        }
        outbound::changes(&permit.route().backend.credentials, permit.principal(), client).apply(&mut headers);
        headers
    }

    /// What of the answer the principal may see (3.6).
    fn filter(&self, permit: &Permit, status: StatusCode, headers: &HeaderMap) -> Filter {
        let view = View {
            route: Arc::clone(permit.route()),
            number: permit.route_number(),
            principal: Arc::clone(permit.principal()),
            locks: Arc::clone(&self.locks),
            tokens: self.locks.learn(permit, status, headers, Instant::now()),
        };
        let mut asked = Asked::new(permit.method(), permit.public().clone());
        if let Some(body) = permit.read_body() {
            asked = asked.with_body(body);
        }
        if let Some(destination) = permit.destination() {
            asked = asked.with_destination(destination.public.clone());
        }
        Filter {
            answers: permit.members().to_vec(),
            hide_lock_owner: permit.route().hide_lock_owner,
            ..Filter::new(Arc::new(view), asked)
        }
    }

    pub(super) fn count_unmapped(&self, permit: &Permit, hrefs: u64) {
        if let (Some(route), 1..) = (self.by_route.get(&permit.route().name), hrefs) {
            route.unmapped_hrefs(hrefs);
        }
    }
}
