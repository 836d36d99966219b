//! The URLs of answers: every form in every place; and the route that the tests of this room share.

use crate::backend::{EMBEDDED, GENERIC, SABREDAV};
use std::time::Duration;

use super::*;
use crate::policy::{BackEnd, Limits, Location, MethodFilter, MethodRule, Timeouts};
use crate::rules::PathPattern;
use crate::url::{PathRules, PrefixMap, Scheme, path_rules::ReservedName};
use proptest::prelude::*;

pub fn path(text: &str) -> CanonicalPath {
    CanonicalPath::parse(text.as_bytes()).unwrap()
}

pub fn origin(scheme: Scheme, authority: &str) -> Origin {
    Origin {
        scheme,
        authority: Authority::parse(authority).unwrap(),
    }
}

/// The methods of `methods: [read, write, lock]`.
pub const PLAIN: MethodSet = {
    use Method::{Copy, Delete, Get, Head, Lock, Mkcol, Move, Options, Propfind, Proppatch, Put, Report, Unlock};
    MethodSet::of(&[
        Options, Get, Head, Propfind, Report, Put, Delete, Mkcol, Copy, Move, Proppatch, Lock, Unlock,
    ])
};

/// `https://pub.test/files/` in front of `http://back:8081/dav/`, also known as `http://dav.internal`; `/files/inner/` is another
/// route's.
pub fn route(allowed: MethodSet) -> Route {
    let rule = MethodRule {
        allowed,
        body: None,
        line: 1,
        index: 0,
    };
    let second = Duration::from_secs(1);
    Route {
        name: "files".to_owned(),
        hosts: Vec::new(),
        map: PrefixMap::new(path("/files/"), path("/dav/")),
        origins: Vec::new(),
        backend: BackEnd {
            location: Location::Url(origin(Scheme::Http, "back:8081")),
            profile: &GENERIC,
            credentials: crate::identity::BackEndCredentials::Pass,
            timeouts: Timeouts {
                connect: second,
                read: second,
                write: second,
                long: second,
            },
            aliases: vec![origin(Scheme::Http, "dav.internal")],
            external_urls: false,
            sources: false,
            acquisition: crate::policy::Acquisition::Trust,
            elsewhere_allowed: false,
        },
        methods: MethodFilter::new(vec![(PathPattern::parse("/**").unwrap(), rule)]),
        access: None,
        mode: crate::policy::Mode::Enforce,
        collection_get: crate::policy::CollectionGet::Pass,
        limits: Limits::default(),
        quota: None,
        reports: Vec::new(),
        path_rules: PathRules {
            reserved: vec![ReservedName::parse(".DAV")],
            ..PathRules::default()
        },
        noroot: false,
        public_options: false,
        locks: crate::policy::RouteLocks::of(&EMBEDDED, true),
        dead_properties: crate::policy::DeadProperties::Pass,
        hide_lock_owner: false,
        sync_epochs: None,
        pass_error_bodies: false,
        require_length: false,
        strict_override: false,
        refuse_underscore: false,
        unprefixed: false,
        compress: None,
        auto_home: None,
        added: Vec::new(),
        query: MethodSet::default(),
        line: 1,
    }
}

/// The request `method /files/c/d` on `route`.
pub fn context_on(route: Route, method: Method) -> AnswerContext {
    let allowed = route
        .methods
        .judge("/c/d")
        .map_or(MethodSet::default(), |rule| rule.allowed);
    AnswerContext {
        route: Arc::new(route),
        method,
        public: PublicPath(path("/files/c/d")),
        upstream: UpstreamPath(path("/dav/c/d")),
        public_origin: origin(Scheme::Https, "pub.test"),
        inner: vec![PublicPath(path("/files/inner/"))],
        allowed,
        noroot: false,
        filter: None,
        locks: None,
        challenges: Vec::new(),
        sync_epoch: None,
    }
}

/// The request `method /files/c/d`.
pub fn context(method: Method) -> AnswerContext {
    context_on(route(PLAIN), method)
}

fn shown(mapped: Mapped) -> String {
    match mapped {
        Mapped::Unchanged => "=".to_owned(),
        Mapped::To(url) => url,
        Mapped::Outside => "-".to_owned(),
    }
}

// P-14: URL, in a structural place, in a property; `=` is unchanged, `-` is outside.
#[test]
fn every_form() {
    let urls = AnswerUrls::new(Arc::new(context(Method::Propfind)));
    let rows = [
        //
        ("/dav/a", "/files/a", "/files/a"),
        ("/dav/a/", "/files/a/", "/files/a/"),
        ("/dav/", "/files/", "/files/"),
        ("/dav", "/files/", "/files/"),
        ("/davx/a", "-", "-"),
        ("/", "-", "-"),
        ("/private", "-", "-"),
        ("/dav/dav/a", "/files/dav/a", "/files/dav/a"),
        //
        ("/dav/files/a", "/files/files/a", "/files/files/a"),
        ("/files/a", "-", "-"),
        //
        ("http://back:8081/dav/a", "/files/a", "https://pub.test/files/a"),
        ("https://back:8081/dav/a", "/files/a", "https://pub.test/files/a"),
        (
            "HTTP://Back:8081/dav/a?x#y",
            "/files/a?x#y",
            "https://pub.test/files/a?x#y",
        ),
        ("http://dav.internal/dav/a", "/files/a", "https://pub.test/files/a"),
        ("https://dav.internal:443/dav/a", "/files/a", "https://pub.test/files/a"),
        ("http://dav.internal:81/dav/a", "-", "="),
        ("http://back/dav/a", "-", "="),
        ("http://back:8081/private", "-", "-"),
        ("http://back:8081", "-", "-"),
        ("http://other/dav/a", "-", "="),
        ("http://back.evil:8081/dav/a", "-", "="),
        ("http://u@back:8081/dav/a", "-", "-"),
        ("http://back:8081@evil/dav/a", "-", "="),
        //
        ("//back:8081/dav/a", "/files/a", "//pub.test/files/a"),
        ("//evil/dav/a", "-", "="),
        ("e", "/files/c/e", "="),
        ("", "/files/c/d", "="),
        ("?q", "/files/c/d?q", "="),
        ("./e/", "/files/c/e/", "="),
        ("..", "/files/", "="),
        ("../../private", "-", "="),
        ("../../../..", "-", "="),
        ("%2e%2e/e", "-", "="),
        //
        ("mailto:a@back", "-", "="),
        ("urn:uuid:1", "-", "="),
        ("opaquelocktoken:/dav/a", "-", "="),
        // P-14
        ("/dav/../private", "-", "-"),
        ("/dav/%2e%2e/private", "-", "-"),
        ("/dav/a%2Fb", "-", "-"),
        ("/dav/%ff", "-", "-"),
        ("/dav/100%", "-", "-"),
        ("/dav/%61%20b;c", "/files/a%20b%3Bc", "/files/a%20b%3Bc"),
        ("/%64av/a", "/files/a", "/files/a"),
        // not canonical, but of one meaning
        ("/dav/a b\u{e9}", "/files/a%20b%C3%A9", "/files/a%20b%C3%A9"),
        // P-8
        ("/dav/.DAV/a", "-", "-"),
        // P-11: another route's
        ("/dav/inner/a", "-", "-"),
        ("/dav/inner", "-", "-"),
        ("/dav/innerx", "/files/innerx", "/files/innerx"),
    ];
    for (url, structural, property) in rows {
        assert_eq!(
            shown(urls.map(Place::Structural, url)),
            structural,
            "{url:?} structural"
        );
        for place in [Place::Property, Place::Error, Place::Recipient, Place::RelativeStays] {
            assert_eq!(shown(urls.map(place, url)), property, "{url:?} {place:?}");
        }
    }
}

// where errors leave out what the back end's URLs begin with; its own may begin anywhere above the route
#[test]
fn errors_without_their_base() {
    let mut route = route(PLAIN);
    route.backend.profile = &SABREDAV;
    let urls = AnswerUrls::new(Arc::new(context_on(route, Method::Put)));
    for (url, expected) in [
        ("c/d", "/files/c/d"),
        ("d", "/files/c/d"),
        ("dav/c/d", "/files/c/d"),
        ("c", "/files/c/"),
        ("c/", "/files/c/"),
        ("%64", "/files/c/d"),
        ("e", "="),
        ("", "="),
        ("../d", "="),
        ("/dav/c/d", "/files/c/d"),
    ] {
        assert_eq!(shown(urls.map(Place::Error, url)), expected, "{url}");
        if !url.starts_with('/') {
            assert_eq!(shown(urls.map(Place::Property, url)), "=", "{url}");
        }
    }
}

// a back end that writes public URLs.
#[test]
fn external_urls() {
    let mut route = route(PLAIN);
    route.backend.external_urls = true;
    let urls = AnswerUrls::new(Arc::new(context_on(route, Method::Propfind)));
    let rows = [
        ("/files/a%20b", "/files/a%20b"),
        ("/files/dav/a", "/files/dav/a"),
        ("https://pub.test/files/a", "/files/a"),
        ("http://back:8081/files/a", "/files/a"),
        ("e", "/files/c/e"),
        ("/dav/a", "-"),
        ("/files/inner/a", "-"),
        ("/files/../a", "-"),
        ("http://evil/files/a", "-"),
    ];
    for (url, structural) in rows {
        assert_eq!(shown(urls.map(Place::Structural, url)), structural, "{url}");
        assert_eq!(shown(urls.map(Place::Property, url)), "=", "{url}");
    }
}

// where both prefixes are the same, paths are what they were.
#[test]
fn transparent() {
    let mut route = route(PLAIN);
    route.map = PrefixMap::new(path("/dav/"), path("/dav/"));
    let urls = AnswerUrls::new(Arc::new(context_on(route, Method::Propfind)));
    for url in ["/dav/a%20b", "/dav/", "/dav/a?x"] {
        assert_eq!(urls.map(Place::Structural, url), Mapped::To(url.to_owned()));
        assert_eq!(urls.map(Place::Property, url), Mapped::To(url.to_owned()));
    }
    assert_eq!(urls.map(Place::Structural, "/a"), Mapped::Outside);
}

// P-8, P-9, R-6: keys fold, what is shown keeps its letters.
#[test]
fn folding() {
    let mut route = route(PLAIN);
    route.path_rules.fold = true;
    route.map = PrefixMap::folding(path("/files/"), path("/dav/"));
    let mut context = context_on(route, Method::Propfind);
    let shown_by = |context: &AnswerContext, url: &str| {
        shown(AnswerUrls::new(Arc::new(context.clone())).map(Place::Structural, url))
    };
    assert_eq!(shown_by(&context, "/DAV/Name"), "/files/Name");
    assert_eq!(shown_by(&context, "/dav/Inner/x"), "-");
    context.noroot = true;
    assert!(!AnswerUrls::new(Arc::new(context.clone())).shows("/files/C/D/"));
    let route = Arc::make_mut(&mut context.route);
    route.backend.external_urls = true;
    assert_eq!(shown_by(&context, "/Files/Name"), "/Files/Name");
    assert_eq!(shown_by(&context, "/Files/INNER"), "-");
    assert_eq!(shown_by(&context, "/DAV/Name"), "-");
}

// B-20
#[test]
fn noroot_hides_the_target_alone() {
    let mut context = context(Method::Propfind);
    let all = AnswerUrls::new(Arc::new(context.clone()));
    context.noroot = true;
    let members = AnswerUrls::new(Arc::new(context));
    for (public, member) in [
        ("/files/c/d", false),
        ("/files/c/d/", false),
        ("/files/c/d/e", true),
        ("/files/c", true),
    ] {
        assert!(all.shows(public), "{public}");
        assert_eq!(members.shows(public), member, "{public}");
    }
}

proptest! {
    /// public to upstream, and back through an answer in any form, is the identity.
    #[test]
    fn there_and_back(rest in "([a-cü %;.]{1,3}/){0,4}[a-c]?", absolute: bool) {
        let rest = rest.replace('%', "%25").replace(';', "%3B").replace(' ', "%20").replace('ü', "%C3%BC");
        let Ok(public) = CanonicalPath::parse(format!("/files/{rest}").as_bytes()) else { return Ok(()) };
        let context = context(Method::Propfind);
        let upstream = context.route.map.to_upstream(&PublicPath(public.clone())).unwrap();
        let origin = if absolute { "http://back:8081" } else { "" };
        let urls = AnswerUrls::new(Arc::new(context));
        prop_assert_eq!(
            urls.map(Place::Structural, &format!("{origin}{upstream}")),
            Mapped::To(public.to_string())
        );
    }
}

// F-4: what could not be deleted is told under a name the client knows, else the answer would say that all went well.
#[test]
fn failures_stay_failures() {
    for (method, outside) in [
        (Method::Propfind, "-"),
        (Method::Delete, "/files/c/d"),
        (Method::Move, "/files/c/d"),
    ] {
        let urls = AnswerUrls::new(Arc::new(context_on(route(PLAIN), method)));
        for (url, public) in [
            ("/dav/c/d/e", "/files/c/d/e"),
            ("/dav/c/d/a%5Cb", outside),
            ("/secret", outside),
        ] {
            assert_eq!(shown(urls.map(Place::Structural, url)), public, "{method:?} {url}");
        }
    }
}
