//! How a back end that writes public URLs is told of them, and of resources (R-8, Z-17, section 2.1). In: a path of the back end's, and the
//! origin that clients use. Out: the request target, and the URL that stands for that resource everywhere else in a request.

use super::{Route, profile::PublicUrls};
use crate::url::{CanonicalPath, Origin, UpstreamPath};

/// Names that Zope's VirtualHostMonster takes out of a path (Z-17).
const BASE: &str = "VirtualHostBase";
const ROOT: &str = "VirtualHostRoot";

impl Route {
    /// The URL by which the back end is told of `path` in Destination, If and bodies.
    pub fn told_url(&self, clients: &Origin, path: &UpstreamPath) -> (Origin, CanonicalPath) {
        let own = self.backend.location.origin();
        let public = self.map.to_public(path).map(|public| public.0);
        match (self.public_urls(), public) {
            (PublicUrls::VirtualHost, Some(public)) => (clients.clone(), public),
            // It compares the host with the one that was asked.
            (PublicUrls::ScriptName, Some(public)) => (own, public),
            (PublicUrls::Configured, _) | (_, None) => (own, path.0.clone()),
        }
    }

    /// The target of a request for `path`.
    pub fn request_target(&self, clients: &Origin, path: &UpstreamPath) -> String {
        let target = path.to_string();
        if self.public_urls() != PublicUrls::VirtualHost {
            return target;
        }
        let Origin { scheme, authority } = clients;
        let (host, port) = (authority.host(), authority.port_or_default(*scheme));
        let site = self.map.upstream().to_string();
        // The site itself may lack its slash.
        let rest = target.strip_prefix(&site).unwrap_or_default();
        let public = self.map.public().to_string();
        let prefix: String = public
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| format!("_vh_{segment}/"))
            .collect();
        let target = format!("/{BASE}/{}/{host}:{port}{site}{ROOT}/{prefix}{rest}", scheme.as_str());
        match path.0.slash() {
            true => target,
            false => target.trim_end_matches('/').to_owned(),
        }
    }

    /// The origin of public URLs in requests that no client asked for.
    pub fn usual_origin(&self) -> Origin {
        let first = self.origins.first().cloned();
        first.unwrap_or_else(|| self.backend.location.origin())
    }

    /// The value of X-Script-Name, where the back end is told so: the public prefix without its slash.
    pub fn script_name(&self) -> Option<String> {
        let told = self.public_urls() == PublicUrls::ScriptName;
        let prefix = self.map.public().to_string();
        let name = prefix.trim_end_matches('/');
        (told && !name.is_empty()).then(|| name.to_owned())
    }

    fn public_urls(&self) -> PublicUrls {
        match self.backend.external_urls {
            true => self.backend.profile.public_urls,
            false => PublicUrls::Configured,
        }
    }
}

/// Whether a back end can be told that `public` is what begins at `site`, where it is told (`external`): what is wrong there, and what is expected. `Ok` is about the
/// route's path, `Err` about the back end's URL.
pub fn unfit(
    public_urls: PublicUrls,
    external: bool,
    public: &CanonicalPath,
    site: &CanonicalPath,
) -> Option<Result<[&'static str; 2], [&'static str; 2]>> {
    match public_urls {
        PublicUrls::VirtualHost if site.segments().any(|name| name == BASE || name == ROOT) => Some(Err([
            "has names of VirtualHostMonster, which davgate writes by itself",
            "the path of the site alone, such as http://127.0.0.1:8081/Plone/, and urls: external",
        ])),
        PublicUrls::ScriptName if external && !site.is_root() => Some(Err([
            "has a path, which cannot be told in X-Script-Name beside the public one",
            "an address without path, or urls: internal",
        ])),
        // It is taken as it stands there, and encoded once more.
        PublicUrls::ScriptName if external && public.to_string().contains('%') => Some(Ok([
            "has characters that must be encoded, which X-Script-Name does not take",
            "a prefix of letters and digits, or urls: internal",
        ])),
        PublicUrls::VirtualHost | PublicUrls::ScriptName | PublicUrls::Configured => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        policy::Profile,
        url::{Authority, PrefixMap, Scheme},
    };

    const MONSTER: Profile = Profile {
        public_urls: PublicUrls::VirtualHost,
        ..Profile::PLAIN
    };
    const SCRIPT: Profile = Profile {
        public_urls: PublicUrls::ScriptName,
        ..Profile::PLAIN
    };

    fn path(text: &str) -> CanonicalPath {
        CanonicalPath::parse(text.as_bytes()).unwrap()
    }

    fn route(profile: &'static Profile, external_urls: bool, [public, site]: [&str; 2]) -> Route {
        let mut route = Route::sample(public, &[], false);
        route.map = PrefixMap::new(path(public), path(site));
        route.backend.profile = profile;
        route.backend.external_urls = external_urls;
        route
    }

    fn clients(scheme: Scheme, authority: &str) -> Origin {
        let authority = Authority::parse(authority).unwrap();
        Origin { scheme, authority }
    }

    // Z-17, R-8
    #[test]
    fn targets() {
        let https = clients(Scheme::Https, "dav.test");
        let http = clients(Scheme::Http, "[::1]:8080");
        let site = ["/pub/team%20a/", "/Plone/"];
        for (profile, external, prefixes, origin, of, expected) in [
            (
                &MONSTER,
                true,
                site,
                &https,
                "/Plone/x%20y/",
                "/VirtualHostBase/https/dav.test:443/Plone/VirtualHostRoot/_vh_pub/_vh_team%20a/x%20y/",
            ),
            (
                &MONSTER,
                true,
                site,
                &http,
                "/Plone/x",
                "/VirtualHostBase/http/[::1]:8080/Plone/VirtualHostRoot/_vh_pub/_vh_team%20a/x",
            ),
            (
                &MONSTER,
                true,
                site,
                &https,
                "/Plone",
                "/VirtualHostBase/https/dav.test:443/Plone/VirtualHostRoot/_vh_pub/_vh_team%20a",
            ),
            (
                &MONSTER,
                true,
                ["/", "/"],
                &https,
                "/",
                "/VirtualHostBase/https/dav.test:443/VirtualHostRoot/",
            ),
            (&MONSTER, false, site, &https, "/Plone/x", "/Plone/x"),
            (&SCRIPT, true, ["/cal/", "/"], &https, "/x/", "/x/"),
        ] {
            let target = route(profile, external, prefixes).request_target(origin, &UpstreamPath(path(of)));
            assert_eq!(target, expected);
        }
    }

    // R-8, section 2.1
    #[test]
    fn urls_in_requests() {
        let https = clients(Scheme::Https, "dav.test");
        let own = Route::sample("/", &[], false).backend.location.origin().to_string();
        for (profile, external, prefixes, of, expected) in [
            (
                &MONSTER,
                true,
                ["/pub/", "/Plone/"],
                "/Plone/x",
                "https://dav.test/pub/x".to_owned(),
            ),
            (
                &MONSTER,
                false,
                ["/pub/", "/Plone/"],
                "/Plone/x",
                format!("{own}/Plone/x"),
            ),
            (&SCRIPT, true, ["/cal/", "/"], "/x/", format!("{own}/cal/x/")),
        ] {
            let route = route(profile, external, prefixes);
            let (origin, told) = route.told_url(&https, &UpstreamPath(path(of)));
            assert_eq!(format!("{origin}{told}"), expected);
        }
        for (profile, external, public, expected) in [
            (&SCRIPT, true, "/cal/", Some("/cal")),
            (&SCRIPT, true, "/a/b%20c/", Some("/a/b%20c")),
            (&SCRIPT, true, "/", None),
            (&SCRIPT, false, "/cal/", None),
            (&MONSTER, true, "/cal/", None),
        ] {
            let name = route(profile, external, [public, "/"]).script_name();
            assert_eq!(name.as_deref(), expected);
        }
    }
}
