//! The checks in their order (O-1 to O-10), named in one function. In: the head of a request. Out: what may go on to its body, an
//! answer of the gateway's own, or the first refusal.

use std::{net::SocketAddr, sync::Arc};

use http::HeaderMap;

use crate::{
    policy::{Limits, Method, MethodSet, Mode, Route, RouteTable, WellKnown},
    request::{
        Depth,
        framing::{BodyLength, Head, HeadSize},
        published::names_a_method,
    },
    url::{Authority, CanonicalPath, PublicPath, Scheme, UpstreamPath, path_rules::PathUse},
};

use super::{
    Account, Admission, Admitted, Denial, OwnAnswer, Permit,
    above::Above,
    dav_headers::{self, DavHeaders},
    own,
    privileges::{self, Asker},
    report,
    target::{Near, Target},
    target_form::TargetForm,
};

/// A request as the listener read it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The bytes of its head.
    pub raw: &'a [u8],
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// The address the client connected to.
    pub local: Option<SocketAddr>,
    /// What the client speaks.
    pub scheme: Scheme,
}

/// All routes, ready to decide.
#[derive(Debug)]
pub struct Gate {
    routes: Vec<Arc<Route>>,
    /// The routes as requests meet them whose refusals are only told.
    opened: Vec<Option<Arc<Route>>>,
    table: Arc<RouteTable>,
    loosest: HeadSize,
    well_known: WellKnown,
}

impl Gate {
    /// The gate of these routes.
    pub fn new(routes: Vec<Route>) -> Self {
        let table = Arc::new(RouteTable::new(&routes));
        let loosest = routes
            .iter()
            .map(|route| ceilings(&route.limits))
            .fold(HeadSize::default(), |a, b| HeadSize {
                line: a.line.max(b.line),
                all: a.all.max(b.all),
                count: a.count.max(b.count),
                target: a.target.max(b.target),
            });
        Self {
            opened: routes.iter().map(report::opened).collect(),
            routes: routes.into_iter().map(Arc::new).collect(),
            table,
            loosest,
            well_known: WellKnown::default(),
        }
    }

    /// The same, where the well-known URLs lead to these places.
    pub fn with_well_known(self, well_known: WellKnown) -> Self {
        Self { well_known, ..self }
    }

    /// The route whose prefix is not in the paths of requests to `host` any more (RM-2).
    pub(super) fn unprefixed(&self, host: &Authority) -> Option<&Arc<Route>> {
        self.table.unprefixed(host).and_then(|number| self.routes.get(number))
    }

    /// What `path` stands for, if it is a well-known URL.
    pub(super) fn well_known(&self, path: &CanonicalPath) -> Option<&PublicPath> {
        self.well_known.place(path)
    }

    /// Whether `host` has the resource that a well-known URL stands for (RM-15): of all routes that hold the path, one with the longest
    /// prefix is there. A site that only happens to hold it, by a shorter prefix, keeps its well-known URLs.
    fn has_place(&self, host: &Authority, place: &PublicPath) -> bool {
        let depth = |route: &Arc<Route>| route.map.public().0.segments().count();
        let holding = self
            .routes
            .iter()
            .filter(|route| route.map.to_upstream(place).is_some());
        let found = self
            .table
            .find(host, &place.0)
            .and_then(|number| self.routes.get(number));
        found.is_some_and(|found| holding.map(depth).max() == Some(depth(found)))
    }

    /// The routes, in the order of the policy.
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// More bytes than any head has that could pass.
    pub fn head_size(&self) -> usize {
        let HeadSize { all, count, target, .. } = self.loosest;
        // Each line has its end, and the request line a method and a version.
        let most = all.saturating_add(count.saturating_mul(2)).saturating_add(target);
        usize::try_from(most).unwrap_or(usize::MAX).saturating_add(1024)
    }

    /// The public prefixes of the routes that lie inside the one of `permit`: what is there is theirs.
    pub fn inside(&self, permit: &Permit) -> Vec<PublicPath> {
        let prefix = &permit.route().map.public().0;
        let routes = self
            .table
            .below(permit.host(), prefix)
            .filter_map(|number| self.routes.get(number));
        routes.map(|route| route.map.public().clone()).collect()
    }

    /// Judges what reveals nothing of any resource (O-1 to O-4). `account` is filled with what was learnt on the way.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn arrive(&self, request: &Request<'_>, account: &mut Account) -> Result<Arrival, Denial> {
        let head = Head::read(request.raw).map_err(Denial::Framing)?;
        within(&head.size, &self.loosest)?;
        if head.method == b"CONNECT" {
            // M-8: its target is no path, and its host somebody else's.
            account.method = Some(Method::Connect);
            return Err(Denial::MethodNotAllowed(MethodSet::default()));
        }
        let target = TargetForm::read(head.target)?;
        let host = host(request, &target)?;
        account.host = Some(host.clone());
        if !self.table.knows_host(&host) {
            return Err(Denial::Misdirected);
        }
        let method = std::str::from_utf8(head.method).ok().and_then(Method::parse);
        let method = method.ok_or(Denial::UnknownMethod)?;
        account.method = Some(method);
        if method == Method::Trace {
            return Err(Denial::MethodNotAllowed(MethodSet::default()));
        }
        let Some((path, query)) = target.resource() else {
            return match method {
                Method::Options => Ok(Arrival::Own(OwnAnswer::Options(own::ON_EVERYTHING))),
                _ => Err(Denial::TargetForm),
            };
        };
        let path = CanonicalPath::parse(path).map_err(Denial::Path)?;
        account.path = Some(path.clone());
        if let Some(place) = self.well_known(&path).filter(|place| self.has_place(&host, place)) {
            return Ok(Arrival::Own(OwnAnswer::Moved(place.clone())));
        }
        let path = self.public(&host, path)?;
        account.path = Some(path.clone());
        let Some((number, route)) = self
            .table
            .find(&host, &path)
            .and_then(|n| Some((n, self.routes.get(n)?)))
        else {
            dav_headers::once(request.headers)?;
            return self.above_routes(&host, path, method).map(Arrival::Above);
        };
        account.route = Some(Arc::clone(route));
        within(&head.size, &ceilings(&route.limits))?;
        let path = route.path_rules.apply(path, PathUse::Target).map_err(Denial::Path)?;
        account.path = Some(path.clone());
        let public = PublicPath(path);
        Ok(Arrival::At(Box::new(Arrived {
            upstream: route.map.to_upstream(&public).ok_or(Denial::Outside)?,
            near: Near::new(&self.table, host, request, route),
            route: Arc::clone(route),
            opened: self.opened.get(number).cloned().flatten(),
            number,
            method,
            public,
            query: query.map(str::to_owned),
            length: head.length,
        })))
    }

    /// The public path of a request to `host`, which may have lost its prefix on the way (RM-2).
    fn public(&self, host: &Authority, path: CanonicalPath) -> Result<CanonicalPath, Denial> {
        let Some(map) = self.unprefixed(host).map(|route| &route.map) else {
            return Ok(path);
        };
        // Either the prefix is still there, or a resource below it has the same name: nobody can tell.
        if map.to_upstream(&PublicPath(path.clone())).is_some() {
            return Err(Denial::Prefixed);
        }
        path.below(&map.public().0).map_err(Denial::Path)
    }

    /// P-11: where no route is, but one is below.
    fn above_routes(&self, host: &Authority, path: CanonicalPath, method: Method) -> Result<Above, Denial> {
        let below = self.table.below(host, &path);
        let routes: Vec<Arc<Route>> = below.filter_map(|number| self.routes.get(number).cloned()).collect();
        if routes.is_empty() {
            return Err(Denial::Outside);
        }
        let named = self.well_known.named().map(|(_, place)| place);
        let services = named.filter(|place| place.0.is_below(&path) && self.has_place(host, place));
        Ok(Above {
            services: services.cloned().collect(),
            path,
            method,
            routes,
        })
    }
}

/// Where a request leads, before anybody asks who sent it.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// An answer without the back end.
    Own(OwnAnswer),
    /// An ancestor of routes.
    Above(Above),
    /// A resource of a route.
    At(Box<Arrived>),
}

/// A request for a resource of a route.
#[derive(Clone, Debug)]
pub struct Arrived {
    route: Arc<Route>,
    opened: Option<Arc<Route>>,
    number: usize,
    method: Method,
    public: PublicPath,
    upstream: UpstreamPath,
    query: Option<String>,
    near: Near,
    length: BodyLength,
}

impl Arrived {
    /// The same, by the rules that requests meet whose refusals are only told; `None`: the route enforces its rules.
    pub(super) fn as_opened(&self) -> Option<Self> {
        let route = Arc::clone(self.opened.as_ref()?);
        Some(Self { route, ..self.clone() })
    }

    /// Judges by the rules of the route everything else that the head decides.
    pub(super) fn enforce(self, headers: &HeaderMap, asker: Asker, account: &mut Account) -> Result<Admission, Denial> {
        let (route, method) = (&self.route, self.method);
        let (allowed, body_limit) = filter(route, &self.public, method, account)?;
        if method == Method::Options && !route.speaks_dav() {
            return Ok(Admission::Own(OwnAnswer::Options(allowed)));
        }
        if method == Method::Options && route.public_options {
            return Ok(Admission::Own(OwnAnswer::DavOptions(allowed)));
        }
        let query = self.query.as_deref();
        if query.is_some() && !route.accepts_query(method) {
            return Err(Denial::Query);
        }
        published(route, method, query, headers)?;
        subversion(route, method, headers)?;
        let (target, near, length) = self.asked_by(asker, allowed, body_limit);
        privileges::at_target(&target, Depth::Infinity)?;
        let read = DavHeaders::read(headers, &target)?;
        Admitted::judge(target, read, near, length, account).map(|admitted| Admission::Forward(Box::new(admitted)))
    }

    /// The resource as `asker` asks for it, where the filter lets `allowed` pass with bodies up to `body_limit`; what is needed to read
    /// further URLs; how long the body is.
    pub(super) fn asked_by(
        self,
        asker: Asker,
        allowed: MethodSet,
        body_limit: Option<u64>,
    ) -> (Target, Near, BodyLength) {
        let target = Target {
            route: self.route,
            number: self.number,
            method: self.method,
            public: self.public,
            upstream: self.upstream,
            query: self.query,
            allowed,
            body_limit,
            asker,
        };
        (target, self.near, self.length)
    }

    /// What becomes of refusals by the rules of the route.
    pub(super) fn mode(&self) -> Mode {
        self.route.mode
    }

    /// What the filter lets pass at the target.
    pub(super) fn allowed(&self) -> MethodSet {
        self.route.judge(&self.public).0
    }
}

/// The method filter (O-6): what passes at this path, and the limit of a body there.
fn filter(
    route: &Route,
    public: &PublicPath,
    method: Method,
    account: &mut Account,
) -> Result<(MethodSet, Option<u64>), Denial> {
    let (allowed, rule) = route.judge(public);
    account.rule = rule.map(|rule| (rule.index, rule.line));
    if method.is_off() || !allowed.contains(method) {
        return Err(Denial::MethodNotAllowed(allowed));
    }
    Ok((allowed, rule.and_then(|rule| rule.body).or(route.limits.body)))
}

/// Z-3, Z-20: what calls a method of the back end by another door than the request's own method.
fn published(route: &Route, method: Method, query: Option<&str>, headers: &HeaderMap) -> Result<(), Denial> {
    if route.backend.profile.published.is_empty() {
        return Ok(());
    }
    if query.is_some_and(names_a_method) {
        return Err(Denial::PublishedMethod);
    }
    // Whatever is called XML in any way: which types are taken for a call is the back end's affair.
    let kind = headers
        .get(http::header::CONTENT_TYPE)
        .map(|value| value.as_bytes().to_ascii_lowercase());
    if method == Method::Post && kind.is_some_and(|kind| memchr::memmem::find(&kind, b"xml").is_some()) {
        return Err(Denial::XmlRpc);
    }
    Ok(())
}

/// PO-5: Subversion's calls by POST name paths in a body that is not read here, unless paths are not mapped at all.
fn subversion(route: &Route, method: Method, headers: &HeaderMap) -> Result<(), Denial> {
    let kind = headers
        .get(http::header::CONTENT_TYPE)
        .map(|value| value.as_bytes().to_ascii_lowercase());
    let call = method == Method::Post && kind.is_some_and(|kind| memchr::memmem::find(&kind, b"svn-skel").is_some());
    if call && (route.access.is_some() || route.map.public().0.key() != route.map.upstream().0.key()) {
        return Err(Denial::Subversion);
    }
    Ok(())
}

fn host(request: &Request<'_>, target: &TargetForm<'_>) -> Result<Authority, Denial> {
    let named = match request.headers.get(http::header::HOST) {
        Some(value) => {
            let text = value.to_str().map_err(|_| Denial::Authority)?;
            Some(Authority::parse(text).ok_or(Denial::Authority)?)
        }
        None => None,
    };
    match (named, target.authority()?) {
        (Some(named), Some(target)) if !named.same_as(&target) => Err(Denial::Authority),
        (Some(named), _) => Ok(named),
        (None, Some(target)) => Ok(target),
        // HTTP/1.0 without a Host: the address is the only name there is.
        (None, None) => request
            .local
            .and_then(|local| Authority::parse(&local.to_string()))
            .ok_or(Denial::Authority),
    }
}

fn ceilings(limits: &Limits) -> HeadSize {
    HeadSize {
        line: limits.header_line,
        all: limits.headers,
        count: u64::from(limits.header_count),
        target: limits.target,
    }
}

fn within(size: &HeadSize, limit: &HeadSize) -> Result<(), Denial> {
    if size.target > limit.target {
        Err(Denial::TargetTooLong)
    } else if size.line > limit.line || size.all > limit.all || size.count > limit.count {
        Err(Denial::HeaderTooLarge)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
