//! Which resource a URL in a request names: the Destination, a tag of If, an href in a body. All go through the same
//! canonicalisation and the same prefix map as the request line (P-12, B-31 to B-33, L-22).

use crate::{
    policy::{Route, RouteTable},
    url::{CanonicalPath, KnownAs, PathError, PublicPath, Reference, Target, UpstreamPath, path_rules::PathUse},
};

/// A resource of the route in both URL spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Where clients see it.
    pub public: PublicPath,
    /// Where the back end has it.
    pub upstream: UpstreamPath,
}

/// Why a URL names no resource of the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocateError {
    /// It is not of the form that is allowed there: relative, another scheme, userinfo, a query or a fragment.
    Form,
    /// Its path is refused.
    Path(PathError),
    /// Another server's.
    Foreign,
    /// This server's, but not this route's.
    OtherRoute,
}

/// What is needed to tell a route's URLs from others'.
#[derive(Clone, Copy, Debug)]
pub struct Neighbourhood<'a> {
    /// The route of the request.
    pub route: &'a Route,
    /// Its number in the policy.
    pub number: usize,
    /// All routes.
    pub table: &'a RouteTable,
    /// The host of the request.
    pub host: &'a crate::url::Authority,
    /// The names of this server.
    pub known_as: &'a KnownAs,
}

impl Neighbourhood<'_> {
    /// The resource that the absolute URL or absolute path `text` names.
    pub fn locate(&self, text: &str, used_as: PathUse) -> Result<Located, LocateError> {
        match Reference::parse(text) {
            Reference::Absolute { authority, .. } if authority.is_empty() || authority.contains('@') => {
                Err(LocateError::Form)
            }
            Reference::Absolute { authority, target, .. } => {
                if !self.known_as.includes(authority) {
                    return Err(LocateError::Foreign);
                }
                self.locate_target(target, used_as)
            }
            Reference::AbsolutePath(target) => self.locate_target(target, used_as),
            Reference::OtherScheme | Reference::NetworkPath { .. } | Reference::Relative(_) => Err(LocateError::Form),
        }
    }

    fn locate_target(&self, target: Target<'_>, used_as: PathUse) -> Result<Located, LocateError> {
        if !target.is_bare() {
            return Err(LocateError::Form);
        }
        self.locate_path(target.canonical().map_err(LocateError::Path)?, used_as)
    }

    /// The resource at `path`, which must be this route's and no other's.
    pub fn locate_path(&self, path: CanonicalPath, used_as: PathUse) -> Result<Located, LocateError> {
        if self.table.find(self.host, &path) != Some(self.number) {
            return Err(LocateError::OtherRoute);
        }
        let path = self.route.path_rules.apply(path, used_as).map_err(LocateError::Path)?;
        let public = PublicPath(path);
        let upstream = self.route.map.to_upstream(&public).ok_or(LocateError::OtherRoute)?;
        Ok(Located { public, upstream })
    }
}
