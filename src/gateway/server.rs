//! What serves requests: the gate with its routes, their back ends, and where everything is told. One for all connections.

use std::{collections::HashMap, sync::Arc};

use http::{HeaderMap, HeaderName};

use crate::{
    decide::{Cleared, Gate, Permit, granting},
    identity::{Authenticator, outbound},
    locks::{Claim, seal::SealKey},
    policy::{ClientBounds, LockSettings, Locking, Method, locking::StoreSettings},
    request::Depth,
    rewrite::{
        answer::AnswerContext,
        request as outgoing,
        visibility::{Asked, Filter},
    },
    store::LockStore,
    telemetry::{
        lines::LineLog,
        metrics::{Metrics, NO_ROUTE, RouteMetrics},
    },
    url::UpstreamPath,
};

use super::{
    fair::Fair,
    homes::Homes,
    quotas::Quotas,
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
    fair: Fair,
    store: Arc<dyn LockStore>,
    lock_settings: LockSettings,
    states: Arc<StateMemory>,
    homes: Homes,
    quotas: Arc<Quotas>,
    seal_key: Option<SealKey>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) by_route: HashMap<String, Arc<RouteMetrics>>,
    pub(super) outside: Arc<RouteMetrics>,
    pub(super) access_log: LineLog,
    pub(super) audit_log: LineLog,
}

impl Gateway {
    /// A gateway of these routes; `upstreams` are their back ends in the same order, the two logs those of access and audit; `store` is where
    /// locks are kept, with their bounds and the key of their seal.
    pub fn new(
        gate: Gate,
        upstreams: Vec<Arc<Upstream>>,
        transactor: Arc<Transactor>,
        authenticator: Option<Arc<Authenticator>>,
        metrics: Arc<Metrics>,
        (access_log, audit_log): (LineLog, LineLog),
        (store, lock_settings, seal_key): (Arc<dyn LockStore>, LockSettings, Option<SealKey>),
    ) -> Self {
        let by_route = gate
            .routes()
            .iter()
            .map(|route| (route.name.clone(), metrics.route(&route.name)));
        let naming = gate
            .routes()
            .iter()
            .filter_map(|route| route.backend.credentials.header());
        // What other gateways on the same store write cannot be seen here (EX-4).
        let alone = !matches!(lock_settings.store, StoreSettings::Redis(_));
        Self {
            by_route: by_route.collect(),
            naming: naming.cloned().collect(),
            store,
            lock_settings,
            seal_key,
            outside: metrics.route(NO_ROUTE),
            transactor,
            authenticator,
            turns: Arc::default(),
            fair: Fair::new(ClientBounds::default()),
            states: Arc::new(StateMemory::new(alone)),
            homes: Homes::default(),
            quotas: Arc::default(),
            gate,
            upstreams,
            metrics,
            access_log,
            audit_log,
        }
    }

    /// The same, where clients may have at most what `bounds` says.
    pub fn bounded(self, bounds: ClientBounds) -> Self {
        Self {
            fair: Fair::new(bounds),
            ..self
        }
    }

    /// What divides the gateway among its clients.
    pub(super) fn fair(&self) -> &Fair {
        &self.fair
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

    /// Where locks are kept.
    pub(super) fn store(&self) -> &Arc<dyn LockStore> {
        &self.store
    }

    /// The bounds of locks.
    pub(super) fn lock_settings(&self) -> &LockSettings {
        &self.lock_settings
    }

    /// What principals have uploaded.
    pub(super) fn quotas(&self) -> &Arc<Quotas> {
        &self.quotas
    }

    /// What is known of homes.
    pub(super) fn homes(&self) -> &Homes {
        &self.homes
    }

    pub(super) fn states(&self) -> &Arc<StateMemory> {
        &self.states
    }

    /// What proves who made a lock that a back end keeps (L-8).
    pub(super) fn seal_key(&self) -> Option<&SealKey> {
        self.seal_key.as_ref()
    }

    pub(super) fn transactor(&self) -> &Transactor {
        &self.transactor
    }

    pub(super) fn upstream(&self, permit: &Permit) -> Result<&Upstream, UpstreamError> {
        self.upstream_of(permit.route_number())
    }

    /// The back end of the route with this number.
    pub(super) fn upstream_of(&self, route_number: usize) -> Result<&Upstream, UpstreamError> {
        self.upstreams
            .get(route_number)
            .map(Arc::as_ref)
            .ok_or(UpstreamError::Connect)
    }

    /// A request of the gateway's own making about `resource`, at the back end of `permit`.
    pub(super) fn own_request(
        &self,
        permit: &Permit,
        method: Method,
        resource: &UpstreamPath,
        mut headers: HeaderMap,
        body: HeldBody,
    ) -> Outgoing {
        outgoing::tell_prefix(permit.route(), &mut headers);
        Outgoing {
            method,
            target: permit.route().request_target(permit.public_origin(), resource),
            headers,
            host: permit.route().backend.location.origin().authority.to_string(),
            body,
        }
    }

    /// What the answer to `permit` is rewritten with; `tokens` are those of the requester's own locks.
    pub(super) fn answer_context(&self, permit: &Permit, tokens: Vec<String>) -> AnswerContext {
        let route = permit.route();
        AnswerContext {
            route: Arc::clone(route),
            method: permit.method(),
            public: permit.public().clone(),
            upstream: permit.upstream().clone(),
            public_origin: permit.public_origin().clone(),
            inner: self.gate.inside(permit),
            allowed: permit.allowed(),
            noroot: permit.noroot(),
            filter: route.access.is_some().then(|| self.filter(permit, tokens)),
            locks: None,
            challenges: self.challenges_for(permit.principal()),
            sync_epoch: route
                .sync_epochs
                .as_ref()
                .map(|epochs| epochs.for_principal(permit.principal())),
        }
    }

    /// The header fields for the back end, with the credentials that it is to see.
    pub(super) fn fields(&self, permit: &Cleared, client: &HeaderMap) -> HeaderMap {
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

    /// The tokens of the requester's own locks that the answer may tell of: those that concern the target, or what is below it (F-6). Where
    /// the store does not answer, none is shown.
    pub(super) async fn own_tokens(&self, permit: &Permit) -> Vec<String> {
        let route = permit.route();
        let tells = matches!(permit.method(), Method::Propfind | Method::Report | Method::Search);
        let asked = tells && route.access.is_some() && route.locks.locking == Locking::Observe;
        if !asked || permit.principal().name().is_none() {
            return Vec::new();
        }
        let path = granting::lock_path(permit);
        let claim = match permit.depth() {
            Some(Depth::Zero) if permit.method() == Method::Propfind => Claim::itself(path),
            Some(Depth::Zero | Depth::One | Depth::Infinity) | None => Claim::tree(path),
        };
        let found = self.store.survey(&[claim]).await.unwrap_or_default();
        let told = |lock| granting::told(permit, lock, found.now).token;
        found.locks.iter().filter_map(told).collect()
    }

    /// What of the answer the principal may see (3.6).
    fn filter(&self, permit: &Permit, tokens: Vec<String>) -> Filter {
        let view = View {
            route: Arc::clone(permit.route()),
            principal: Arc::clone(permit.principal()),
            tokens,
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
