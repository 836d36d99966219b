//! The resource that a request names, what the method filter says there and below, and what is needed to read further URLs of the same
//! request.

use std::sync::Arc;

use crate::{
    policy::{Method, MethodSet, Route, RouteTable, filter::Below},
    request::Neighbourhood,
    url::{Authority, KnownAs, Origin, PublicPath, UpstreamPath},
};

use super::{Denial, gate::Request, privileges::Asker};

/// The resource that a request names, and what the filter says there.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub route: Arc<Route>,
    pub number: usize,
    pub method: Method,
    pub public: PublicPath,
    pub upstream: UpstreamPath,
    pub query: Option<String>,
    pub allowed: MethodSet,
    pub body_limit: Option<u64>,
    pub asker: Asker,
}

/// The URL by which the back end is told of `path` in header fields; `clients`: the origin that clients use.
pub(super) fn told_url(target: &Target, clients: &Origin, path: &UpstreamPath) -> String {
    let (origin, path) = target.route.told_url(clients, path);
    format!("{origin}{path}")
}

impl Target {
    /// Its key relative to the route.
    pub(super) fn key(&self) -> &str {
        self.route.map.relative_key(&self.public)
    }

    /// Whether something below `path` may not be treated with `method`.
    pub(super) fn refuses_below(&self, path: &PublicPath, method: Method) -> bool {
        let key = self.route.map.relative_key(path);
        matches!(self.route.methods.refuses_below(key, method), Below::Refused(_))
    }

    /// Refuses what would take another route's prefix away with it.
    pub(super) fn holds_no_route(&self, path: &PublicPath, near: &Neighbourhood<'_>) -> Result<(), Denial> {
        match near.table.below(near.host, &path.0).next() {
            Some(_) => Err(Denial::HoldsRoute),
            None => Ok(()),
        }
    }
}

/// What is needed to read further URLs of the same request.
#[derive(Clone, Debug)]
pub(super) struct Near {
    pub table: Arc<RouteTable>,
    pub host: Authority,
    /// What stands in absolute URLs for clients: the first of the route's origins, else scheme and host of the request.
    pub origin: Origin,
    pub known_as: KnownAs,
}

impl Near {
    /// The names under which clients of this request may know the server (B-32).
    pub(super) fn new(table: &Arc<RouteTable>, host: Authority, request: &Request<'_>, route: &Route) -> Self {
        let mut known_as = KnownAs::new(vec![host.clone()]);
        if route.hosts.is_empty() {
            let at_listener = request
                .local
                .and_then(|local| Authority::parse(&format!("{}:{}", host.host(), local.port())));
            at_listener.into_iter().for_each(|authority| known_as.add(authority));
        }
        // The configuration gives hosts no ports: whatever port a client reaches them by, they are this server.
        route.hosts.iter().for_each(|name| known_as.add_host(name));
        for origin in &route.origins {
            known_as.add(origin.authority.clone());
        }
        let asked = || Origin {
            scheme: request.scheme,
            authority: host.clone(),
        };
        Self {
            table: Arc::clone(table),
            origin: route.origins.first().cloned().unwrap_or_else(asked),
            host,
            known_as,
        }
    }

    pub(super) fn of<'a>(&'a self, target: &'a Target) -> Neighbourhood<'a> {
        Neighbourhood {
            route: &target.route,
            number: target.number,
            table: &self.table,
            host: &self.host,
            origin: &self.origin,
            known_as: &self.known_as,
        }
    }
}
