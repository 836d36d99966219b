//! Homes that the gateway makes (RM-20). In: a request whose head has passed every check. Out: the home of its principal, if the request is for
//! that, or for something in it: what may be made there, with the gateway's own account, if nothing is.

use std::sync::Arc;

use crate::{
    identity::Principal,
    locks::{Claim, LockPath},
    policy::{Locking, Method, Route},
    request::operation::Subject,
    url::{PublicPath, UpstreamPath, path_rules::PathUse},
};

use super::{Admitted, claims::parts};

/// A home that may be made. Only a request that its rules have let in has one.
#[derive(Clone, Debug)]
pub struct Home {
    route: Arc<Route>,
    number: usize,
    principal: Arc<Principal>,
    public: PublicPath,
    upstream: UpstreamPath,
}

impl Admitted {
    /// The home of the principal, if the target is in it. That the rules let the principal make collections there is not asked for: it is
    /// the gateway that makes this one, because the file says so.
    pub fn home(&self) -> Option<Home> {
        let target = &self.target;
        let (route, principal) = (&target.route, &target.asker.principal);
        let home = route.auto_home.as_ref()?.of(principal.name()?)?;
        let public = home.below(&route.map.public().0).ok()?;
        // Reserved names are nobody's (P-8), and letter case is as the route has it.
        let public = route.path_rules.apply(public, PathUse::Target).ok()?;
        let itself = target.public.0.key() == public.key();
        if !target.public.0.starts_with(&public) || (itself && means_its_absence(target.method)) {
            return None;
        }
        let public = PublicPath(public);
        Some(Home {
            upstream: route.map.to_upstream(&public)?,
            public,
            route: Arc::clone(route),
            number: target.number,
            principal: Arc::clone(principal),
        })
    }
}

/// Whether a client that says so of its home makes it itself, or would have it gone.
fn means_its_absence(method: Method) -> bool {
    use Method::{Copy, Delete, Mkcalendar, Mkcol, Move, Unlock};
    matches!(method, Mkcol | Mkcalendar | Delete | Move | Copy | Unlock)
}

impl Home {
    /// The route that it is in.
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// The number of the route in the policy.
    pub fn route_number(&self) -> usize {
        self.number
    }

    /// Whose it is.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// Its path for clients.
    pub fn public(&self) -> &PublicPath {
        &self.public
    }

    /// Its path at the back end.
    pub fn upstream(&self) -> &UpstreamPath {
        &self.upstream
    }

    /// What making it changes, as locks of the gateway's know it (L-31): with a lock on any of that it is not made, whoever has the lock.
    pub fn claims(&self) -> Vec<Claim> {
        if self.route.locks.locking != Locking::Emulate {
            return Vec::new();
        }
        let back_end: Arc<str> = self.route.backend.location.id().into();
        let place = |path| LockPath::new(Arc::clone(&back_end), &path);
        let changed = parts(Method::Mkcol, None, false).iter().filter_map(|part| {
            let path = match part.subject {
                Subject::Target => Some(self.upstream.clone()),
                Subject::Parent => self.upstream.0.parent().map(UpstreamPath),
                Subject::Destination
                | Subject::DestinationParent
                | Subject::Named
                | Subject::NamedParent
                | Subject::LockRoot => None,
            };
            let (path, reach) = (place(path?), part.reach);
            Some(Claim { path, reach })
        });
        changed.collect()
    }
}
