//! Which resource a URL in a request names: the Destination, a tag of If, an href in a body. All go through the same
//! canonicalisation and the same prefix map as the request line (P-12, B-31 to B-33, L-22).

use crate::{
    policy::{Route, RouteTable},
    url::{
        Authority, CanonicalPath, KnownAs, Origin, PathError, PublicPath, Reference, Target, UpstreamPath,
        path_rules::PathUse,
    },
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
    pub host: &'a Authority,
    /// What stands in absolute URLs for clients.
    pub origin: &'a Origin,
    /// The names of this server.
    pub known_as: &'a KnownAs,
}

impl Neighbourhood<'_> {
    /// The resource that the absolute URL or absolute path `text` names.
    pub fn locate(&self, text: &str, used_as: PathUse) -> Result<Located, LocateError> {
        match Reference::parse(text) {
            Reference::Absolute { authority, target, .. } => {
                // Userinfo, a bad port, a host that is none: no URL of anybody's (B-31).
                let authority = Authority::parse(authority).ok_or(LocateError::Form)?;
                if !self.known_as.includes(&authority) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the back end's path of what `text` names, asked from a request of route `number`.
    fn located(number: usize, text: &str) -> Result<(String, String), LocateError> {
        let routes = [
            Route::sample("/Files/", &[], false),
            Route::sample("/Win/", &[], true),
            Route::sample("/Win/Inner/", &[], true),
        ];
        let host = Authority::parse("dav.test").unwrap();
        let neighbourhood = Neighbourhood {
            route: &routes[number],
            number,
            table: &RouteTable::new(&routes),
            host: &host,
            origin: &routes[number].backend.location.origin(),
            known_as: &KnownAs::new(vec![host.clone()]),
        };
        let found = neighbourhood.locate(text, PathUse::Destination)?;
        Ok((found.public.0.key().to_owned(), found.upstream.to_string()))
    }

    // B-31 to B-33, P-11
    #[test]
    fn only_what_is_the_routes_own() {
        let rows: &[(usize, &str, Result<&str, LocateError>)] = &[
            (0, "/Files/a", Ok("/dav/a")),
            (0, "http://dav.test/Files/a%2Eb/", Ok("/dav/a.b/")),
            (0, "http://other.test/Files/a", Err(LocateError::Foreign)),
            (0, "http://me@dav.test/Files/a", Err(LocateError::Form)),
            (0, "http://dav.test:x/Files/a", Err(LocateError::Form)),
            (0, "http:///Files/a", Err(LocateError::Form)),
            (0, "http://dav.test:8080/Files/a", Err(LocateError::Foreign)),
            (0, "//dav.test/Files/a", Err(LocateError::Form)),
            (0, "a", Err(LocateError::Form)),
            (0, "/Files/a?b", Err(LocateError::Form)),
            (0, "/Files/%2e%2e/a", Err(LocateError::Path(PathError::DotSegment))),
            (0, "/files/a", Err(LocateError::OtherRoute)),
            (0, "/Win/a", Err(LocateError::OtherRoute)),
            (1, "/Win/a", Ok("/dav/a")),
            (1, "http://dav.test/win/A", Ok("/dav/A")),
            (1, "/WIN/inner", Err(LocateError::OtherRoute)),
            (1, "/WIN/innermost", Ok("/dav/innermost")),
            (2, "/win/INNER/x", Ok("/dav/x")),
            (2, "/win/x", Err(LocateError::OtherRoute)),
        ];
        for (number, text, expected) in rows {
            let upstream = located(*number, text).map(|(_, upstream)| upstream);
            assert_eq!(upstream, expected.map(str::to_owned), "{number} {text}");
        }
    }

    // B-34, P-8, P-9: the same resource in another spelling has the same key, and keeps its spelling for the back end
    #[test]
    fn letter_case_of_a_folding_route() {
        let spellings = ["/Win/Name", "/win/nAME", "http://dav.test/WIN/NAME/", "/Win/%4eame"];
        for text in spellings {
            assert_eq!(located(1, text).unwrap().0, "/win/name", "{text}");
        }
        assert_eq!(located(1, "/win/nAME").unwrap().1, "/dav/nAME");
        assert_ne!(
            located(0, "/Files/Name").unwrap().0,
            located(0, "/Files/nAME").unwrap().0
        );
        let neighbour = Route::sample("/Win/", &[], true);
        assert_eq!(
            neighbour
                .map
                .relative_key(&PublicPath(CanonicalPath::parse(b"/win/a/b").unwrap())),
            "/a/b"
        );
    }
}
