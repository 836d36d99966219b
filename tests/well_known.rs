//! Where the well-known URLs of calendars and address books lead, over the wire (RM-15, RFC 6764).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::each;
use support::lab::Lab;
use support::samples::PROPFIND;
use support::wire::{Req, req};

const CONFIGURATION: &str = r#"
listeners:
  - address: @LISTEN@
admin: { address: '@ADMIN@' }
identity:
  trusted_header: { user: X-User, from: [127.0.0.1] }
well_known: { caldav: /cal/, carddav: /cal/books/ }
routes:
  - name: calendars
    hosts: [dav.test]
    path: /cal/
    backend: { url: "http://@BACK@/cal-in/", profile: radicale, credentials: { header: X-Remote-User } }
    access: [{ path: /**, allow: [read], to: authenticated }]
  - name: acme
    hosts: [dav.test]
    path: /.well-known/acme-challenge/
    backend: { url: "http://@BACK@/acme-in/" }
    methods: [web]
  - name: site
    hosts: [site.test]
    path: /
    backend: { url: "http://@BACK@/site-in/" }
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_configuration(CONFIGURATION))
}

// RM-15: for every method, without a word about who asks, and nothing of it reaches the back end.
#[test]
fn every_method_is_sent_on() {
    let methods = [
        "GET",
        "HEAD",
        "OPTIONS",
        "PROPFIND",
        "REPORT",
        "PUT",
        "POST",
        "MKCALENDAR",
        "DELETE",
    ];
    each(methods, |method| {
        let asked = req(&format!("well-known {method}"), method, "/.well-known/caldav");
        let answer = lab().refuse(301, &asked);
        assert_eq!(answer.header("location"), Some("/cal/"));
        assert_eq!(answer.header("www-authenticate"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    });
    let with_body = req("well-known body", "PROPFIND", "/.well-known/carddav/")
        .with("Depth", "0")
        .xml(PROPFIND);
    assert_eq!(lab().refuse(301, &with_body).header("location"), Some("/cal/books/"));
    lab().settle();
}

const PRINCIPAL: &str = "<propfind xmlns='DAV:'><prop><resourcetype/><current-user-principal/></prop></propfind>";
const INCLUDED: &str = "<propfind xmlns='DAV:'><allprop/><include><current-user-principal/></include></propfind>";

/// All services at one place, on one of two hosts.
const ONE_PLACE: &str = r#"
listeners:
  - address: @LISTEN@
admin: { address: '@ADMIN@' }
identity:
  trusted_header: { user: X-User, from: [127.0.0.1] }
well_known: { caldav: /a/one/, carddav: /a/one/ }
routes:
  - name: one
    hosts: [dav.test]
    path: /a/one/
    backend: { url: "http://@BACK@/one-in/", profile: radicale, credentials: { header: X-Remote-User } }
    access: [{ path: /**, allow: [read], to: authenticated }]
  - name: other
    hosts: [dav.test]
    path: /b/other/
    backend: { url: "http://@BACK@/other-in/" }
  - name: plain
    hosts: [plain.test]
    path: /a/plain/
    backend: { url: "http://@BACK@/plain-in/" }
"#;

fn above(name: &str, path: &str, body: &str) -> Req {
    req(name, "PROPFIND", path).by("ann").with("Depth", "0").xml(body)
}

// P-11: who looks for a principal above the routes is sent where services begin.
#[test]
fn who_looks_for_a_principal_is_sent_on() {
    let lab = Lab::with_configuration(ONE_PLACE);
    each([PRINCIPAL, INCLUDED], |body| {
        for path in ["/", "/a", "/a/"] {
            let answer = lab.refuse(307, &above("one place", path, body));
            assert_eq!(answer.header("location"), Some("/a/one/"), "{path}");
        }
        // Elsewhere there is nothing to be found, which is told as it was.
        for asked in [
            above("beside", "/b/", body),
            above("another host", "/", body).host("plain.test"),
        ] {
            let answer = lab.refuse(207, &asked);
            assert!(answer.text().contains("404 Not Found"), "{}", answer.text());
        }
    });
    lab.refuse(207, &above("something else", "/", PROPFIND));
    let names = "<propfind xmlns='DAV:'><propname/></propfind>";
    lab.refuse(207, &above("names alone", "/", names));
    let nobody = req("nobody", "PROPFIND", "/b/").with("Depth", "0").xml(PRINCIPAL);
    lab.refuse(207, &nobody);
    lab.settle();
}

// P-11: services that begin at several places have names of their own, which the client is to ask.
#[test]
fn who_looks_for_a_principal_of_several_places_finds_none() {
    each([PRINCIPAL, INCLUDED], |body| {
        let answer = lab().refuse(404, &above("two places", "/", body));
        assert!(answer.has_condition("no-route"), "{}", answer.text());
    });
    // All that is there for nobody is hidden, and so is what is above it.
    let nobody = req("nobody", "PROPFIND", "/cal").with("Depth", "0").xml(PRINCIPAL);
    lab().refuse(404, &nobody);
    lab().refuse(207, &above("something else", "/", PROPFIND));
    lab().settle();
}

// RM-15: the other names are no names of the gateway's.
#[test]
fn other_names() {
    each(
        [
            "/.well-known/",
            "/.well-known/dnt-policy.txt",
            "/.well-known/caldav/x",
            "/.well-known/CALDAV",
        ],
        |path| {
            let answer = lab().refuse(404, &req(&format!("not known {path}"), "GET", path));
            assert!(answer.has_condition("no-route"), "{path}: {}", answer.text());
        },
    );
    lab().refuse(501, &req("not known method", "propfind", "/.well-known/caldav"));
    lab().refuse(405, &req("TRACE is never served", "TRACE", "/.well-known/caldav"));
    // Certificates are a route's affair.
    lab().pass_to(
        "/acme-in/token",
        &req("acme", "GET", "/.well-known/acme-challenge/token"),
    );
    // Where the name leads, as ever: it is hidden from who is nobody.
    lab().refuse(404, &req("the place itself", "GET", "/cal/"));
}

// RM-15: a host that does not serve the place has no such name, and a route that is there keeps its paths.
#[test]
fn other_hosts() {
    let site = |name: &str, path: &str| req(name, "GET", path).host("site.test");
    lab().pass_to(
        "/site-in/.well-known/caldav",
        &site("site caldav", "/.well-known/caldav"),
    );
    lab().pass_to(
        "/site-in/.well-known/security.txt",
        &site("site other", "/.well-known/security.txt"),
    );
    lab().refuse(
        421,
        &req("no host", "GET", "/.well-known/caldav").host("elsewhere.test"),
    );
}
