//! What the head of a request decided: which resource, which method, how deep, and what must be known of its body before it may go on.

use std::{net::SocketAddr, sync::Arc};

use crate::{
    policy::{Method, MethodSet, Route, RouteTable, filter::Below},
    request::{Depth, If, LocateError, Located, Neighbourhood, framing::BodyLength, lock_token::LockToken},
    url::{Authority, KnownAs, PublicPath, UpstreamPath, path_rules::PathUse},
};

use super::{BodyPlan, Denial, OwnAnswer, dav_headers::DavHeaders, destination};

/// What the head of a request leads to.
#[derive(Clone, Debug)]
pub enum Admission {
    /// An answer without the back end.
    Own(OwnAnswer),
    /// It may go on to its body.
    Forward(Box<Admitted>),
}

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
}

impl Target {
    /// What the filter lets pass at another path of the route.
    pub(super) fn allowed_at(&self, path: &PublicPath) -> MethodSet {
        let rule = self.route.methods.judge(self.route.map.relative_key(path));
        rule.map(|rule| rule.allowed)
            .unwrap_or_default()
            .intersection(self.route.backend.profile.habits().methods)
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
    pub known_as: KnownAs,
}

impl Near {
    /// The names under which clients of this request may know the server (B-32).
    pub(super) fn new(table: &Arc<RouteTable>, host: Authority, local: Option<SocketAddr>, route: &Route) -> Self {
        let mut known_as = KnownAs::new(vec![host.clone()]);
        if route.hosts.is_empty() {
            let at_listener = local.and_then(|local| Authority::parse(&format!("{}:{}", host.host(), local.port())));
            at_listener.into_iter().for_each(|authority| known_as.add(authority));
        }
        // The configuration gives hosts no ports: whatever port a client reaches them by, they are this server.
        route.hosts.iter().for_each(|name| known_as.add_host(name));
        for origin in &route.origins {
            known_as.add(origin.authority.clone());
        }
        Self {
            table: Arc::clone(table),
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
            known_as: &self.known_as,
        }
    }
}

/// A request whose head has passed every check; its body has not been seen.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub(super) target: Target,
    pub(super) near: Near,
    pub(super) depth: Option<Depth>,
    pub(super) noroot: bool,
    pub(super) overwrite: Option<bool>,
    pub(super) destination: Option<Located>,
    pub(super) if_header: Option<If>,
    pub(super) lock_token: Option<LockToken>,
    pub(super) body: BodyPlan,
}

impl Admitted {
    /// Judges what the headers say together (O-9), and what of the body its announcement decides (O-10).
    pub(super) fn judge(target: Target, headers: DavHeaders, near: Near, length: BodyLength) -> Result<Self, Denial> {
        let neighbourhood = near.of(&target);
        if target.method == Method::Put && target.public.0.slash() {
            return Err(Denial::PutToCollection(
                target.allowed.without(MethodSet::of(&[Method::Put])),
            ));
        }
        let if_header = match headers.if_header {
            Some(parsed) => Some(parsed.map_tags(|tag| if_tag(tag, &target, &neighbourhood))?),
            None => None,
        };
        let destination = match &headers.destination {
            Some(text) => Some(destination::judge(text, headers.depth, &target, &neighbourhood)?),
            None => None,
        };
        let takes_all = match target.method {
            Method::Delete | Method::Move => true,
            Method::Copy => headers.depth == Some(Depth::Infinity),
            _ => false,
        };
        if takes_all {
            target.holds_no_route(&target.public, &neighbourhood)?;
        }
        let body = BodyPlan::of(&target, length)?;
        Ok(Self {
            depth: headers.depth,
            noroot: headers.noroot,
            overwrite: headers.overwrite,
            lock_token: headers.lock_token,
            destination,
            if_header,
            body,
            target,
            near,
        })
    }

    /// How the body is to be treated.
    pub fn body(&self) -> &BodyPlan {
        &self.body
    }
}

/// A tag of If as the back end must see it (L-22, B-38): absolute, with the authority of the Host that is sent.
fn if_tag(tag: &str, target: &Target, near: &Neighbourhood<'_>) -> Result<String, Denial> {
    let found = near.locate(tag, PathUse::Target).map_err(|error| match error {
        LocateError::Form | LocateError::Path(_) | LocateError::Foreign | LocateError::OtherRoute => Denial::If,
    })?;
    Ok(format!("{}{}", target.route.backend.location.origin(), found.upstream))
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
