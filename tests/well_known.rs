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
use support::wire::req;

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
