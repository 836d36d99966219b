//! What is above all routes (P-11). In: a path where no route is but some begin below, and who asks. Out: the gateway's own answer, if one
//! of those routes may be seen; else it is as if there were none.

use std::sync::Arc;

use http::HeaderMap;

use crate::{
    access::{Privilege, PrivilegeSet},
    policy::{Method, Mode, Route},
    url::{CanonicalPath, PublicPath},
};

use super::{
    Denial, DeniedBy, OwnAnswer,
    dav_headers::asks_depth_0,
    own::{self, Ancestor},
    privileges::Asker,
};

/// A request for an ancestor of routes.
#[derive(Clone, Debug)]
pub struct Above {
    pub(super) path: CanonicalPath,
    pub(super) method: Method,
    /// The routes below.
    pub(super) routes: Vec<Arc<Route>>,
    /// The places below for which well-known URLs stand.
    pub(super) services: Vec<PublicPath>,
}

impl Above {
    /// Judges it for `asker`.
    ///
    /// # Errors
    /// None of the routes may be seen, or the method does not work there.
    pub fn admit(self, headers: &HeaderMap, asker: &Asker) -> Result<OwnAnswer, Denial> {
        let shown = self.routes.iter().any(|route| shows_itself(route, asker));
        match self.method {
            Method::Options | Method::Propfind if !shown => Err(if asker.principal.is_anonymous() && asker.may_prove {
                Denial::Unauthenticated(DeniedBy::default())
            } else {
                Denial::Outside
            }),
            Method::Options => Ok(OwnAnswer::AncestorOptions),
            Method::Propfind if asks_depth_0(headers)? => {
                let ancestor = Ancestor::new(self.path, self.services);
                Ok(OwnAnswer::AncestorPropfind(ancestor))
            }
            method if method.is_off() && shown => Err(Denial::MethodNotAllowed(own::ON_ANCESTORS)),
            _ => Err(Denial::Outside),
        }
    }
}

/// Whether `asker` may read the collection that the route is to clients, or would be refused in a report only.
fn shows_itself(route: &Route, asker: &Asker) -> bool {
    let key = route.map.relative_key(route.map.public());
    let read = PrivilegeSet::of(&[Privilege::Read]);
    let opened = route.mode == Mode::Report && asker.is_answered_for();
    let access = route.access.as_ref().filter(|_| !opened);
    access.is_none_or(|access| access.of(&asker.principal).judge(key, read).is_granted())
}
