//! Answers that depend on who asks, and what of the back end's own goes no further (spec A-32, A-37, A-38, P-11).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::answer;
use support::each;
use support::lab::Lab;
use support::samples::multiget;
use support::wire::{Answer, Req, req};

/// Ann may do everything, bob too but for what begins with `hid`; everybody may read what is in `open`.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /at/files/
    backend: { url: "http://@BACK@/dav/", profile: generic, credentials: pass }
    methods:
      - { path: /**, allow: [dav] }
    pass_error_bodies: true
    access: &access
      - { path: /d/hid*/**, deny: [all], to: user:bob }
      - { path: /**, allow: [all], to: user:ann }
      - { path: /**, allow: [read, write], to: user:bob }
      - { path: /open/**, allow: [read], to: everyone }
  - name: service
    hosts: [dav.test]
    path: /service/
    backend:
      url: "http://@BACK@/service-in/"
      profile: generic
      credentials: { service: { user: gateway, password_env: PATH } }
    access: *access
  - name: header
    hosts: [dav.test]
    path: /header/
    backend: { url: "http://@BACK@/header-in/", profile: generic, credentials: { header: X-Remote-User } }
    access: *access
  - name: hidden
    hosts: [dav.test]
    path: /deep/er/
    backend: { url: "http://@BACK@/deep-in/", profile: generic }
    access:
      - { path: /**, allow: [read], to: user:ann }
  - name: open
    hosts: [dav.test]
    path: /public/er/
    backend: { url: "http://@BACK@/public-in/", profile: generic }
"#;

fn lab() -> Lab {
    Lab::with_users(ROUTES)
}

// A-38
#[test]
fn cookies_of_the_gateways_account_stay_with_it() {
    let lab = lab();
    for (target, back, shows) in [
        ("/at/files/d/c", "/dav/d/c", true),
        ("/service/d/c", "/service-in/d/c", false),
        ("/header/d/c", "/header-in/d/c", false),
    ] {
        let cookies = [("Set-Cookie", "session=gateway"), ("Set-Cookie", "b=c")];
        lab.backend.on(back, answer("200 OK", &cookies, "x"));
        let (_, got) = lab.pass(&req(&format!("A-38 {target}"), "GET", target).by("bob"));
        assert_eq!(got.header("set-cookie").is_some(), shows, "{target}");
    }
}

// A-37
#[test]
fn challenges_that_nobody_could_meet_are_not_told() {
    let lab = lab();
    let digest = "Digest realm=\"back\", nonce=\"n\"";
    let both = "Digest realm=\"back\", nonce=\"n\", Basic realm=\"back\"";
    each(
        [
            (
                "known, one of two",
                "/at/files/d/q",
                "/dav/d/q",
                "bob",
                both,
                401,
                Some("Basic realm=\"back\""),
            ),
            ("known, none", "/at/files/d/q", "/dav/d/q", "bob", digest, 502, None),
            (
                "unknown, none",
                "/at/files/open/q",
                "/dav/open/q",
                "",
                digest,
                502,
                None,
            ),
            (
                "account refused",
                "/service/d/q",
                "/service-in/d/q",
                "bob",
                both,
                502,
                None,
            ),
            (
                "account refused, unknown",
                "/service/open/q",
                "/service-in/open/q",
                "",
                both,
                502,
                None,
            ),
            ("named", "/header/d/q", "/header-in/d/q", "bob", both, 502, None),
            (
                "nobody named",
                "/header/open/q",
                "/header-in/open/q",
                "",
                both,
                502,
                None,
            ),
        ],
        |(name, target, back, user, asks, status, told)| {
            lab.backend
                .on(back, answer("401 Unauthorized", &[("WWW-Authenticate", asks)], "no"));
            for method in ["GET", "PROPFIND"] {
                let request = req(&format!("A-37 {name} {method}"), method, target)
                    .by(user)
                    .with("Depth", "0");
                let got = lab.ask(&request);
                assert_eq!(got.status, status, "{name} {method}: {}", got.text());
                let challenge = got.header("www-authenticate");
                assert_eq!(challenge.is_some(), told.is_some(), "{name} {method}: {challenge:?}");
                assert!(
                    !challenge.is_some_and(|text| text.contains("Digest")),
                    "{name} {method}: {challenge:?}"
                );
                if let Some(told) = told.filter(|told| !told.is_empty()) {
                    assert_eq!(challenge, Some(told), "{name} {method}");
                }
            }
        },
    );
    // The client's own never pass either.
    let request = req("A-37 Digest", "GET", "/at/files/d/a")
        .by("bob")
        .with("Authorization", "Digest username=\"bob\"");
    let (seen, _) = lab.pass(&request);
    assert_eq!(seen.header("authorization"), None);
    let request = req("A-37 Basic", "GET", "/at/files/d/a")
        .by("bob")
        .with("Authorization", "Basic Ym9iOng=");
    let (seen, _) = lab.pass(&request);
    assert_eq!(seen.header("authorization"), Some("Basic Ym9iOng="));
}

// A-32: what is hidden and what is missing cannot be told apart, whatever the back end says of what is missing.
#[test]
fn hidden_and_missing_look_the_same() {
    let lab = lab();
    let page = [
        ("Content-Type", "text/html"),
        ("Server", "back/1.0"),
        ("ETag", "\"e\""),
        ("Set-Cookie", "a=b"),
        ("Allow", "GET"),
        ("DAV", "1"),
        ("Last-Modified", "Sun, 22 Nov 2026 10:00:00 GMT"),
    ];
    lab.backend
        .on("/dav/d/gone", answer("404 Not Found", &page, "<h1>no d/gone here</h1>"));
    let everything = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        headers.sort();
        (answer.status, headers, answer.text(), answer.header("date").is_some())
    };
    each(["GET", "HEAD", "PROPFIND", "REPORT", "COPY", "OPTIONS"], |method| {
        let ask = |name: &str, path: &str| {
            let request = req(&format!("A-32 {name} {method}"), method, format!("/at/files/d/{path}")).by("bob");
            match method {
                "PROPFIND" => request.with("Depth", "0"),
                "REPORT" => request.with("Depth", "0").xml(multiget(&["/at/files/d/a"])),
                "COPY" => request.with("Destination", "http://dav.test/at/files/d/new"),
                _ => request,
            }
        };
        let hidden = lab.refuse(404, &ask("hidden", "hid"));
        let missing = lab.ask(&ask("missing", "gone"));
        assert_eq!(lab.backend.case(&format!("A-32 missing {method}")).len(), 1);
        assert_eq!(everything(&hidden), everything(&missing), "{method}");
        assert_eq!(hidden.text(), "", "{method}");
    });
    // On other routes, and for what is written, the back end's own answer passes.
    lab.backend
        .on("PROPPATCH /dav/d/gone", answer("404 Not Found", &page, "<h1>gone</h1>"));
    let write = req("A-32 write", "PROPPATCH", "/at/files/d/gone")
        .by("bob")
        .xml(support::samples::PROPPATCH);
    assert!(lab.ask(&write).text().contains("gone"));
    lab.settle();
}

// PV-2: OPTIONS is for everybody where the route says so, and the back end is not asked.
#[test]
fn options_for_everybody() {
    let lab = Lab::with_users(
        r#"
  - name: open
    path: /open/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    public_options: true
    methods:
      - { path: "/fixed/**", allow: [read] }
      - { path: "/**", allow: [dav] }
    access:
      - { path: "/**", allow: [all], to: "user:ann" }
  - name: closed
    path: /closed/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access:
      - { path: "/**", allow: [all], to: "user:ann" }
"#,
    );
    for (path, classes, locks) in [
        ("/open/x", "1, 2", true),
        ("/open/", "1, 2", true),
        ("/open/fixed/x", "1", false),
    ] {
        let case = req(&format!("PV-2 {path}"), "OPTIONS", path);
        let told = lab.refuse(200, &case);
        assert_eq!(told.header("dav"), Some(classes), "{path}");
        let allow = told.header("allow").unwrap_or_default().to_owned();
        assert_eq!(
            allow.split(", ").any(|method| method == "LOCK"),
            locks,
            "{path}: {allow}"
        );
    }
    // Only OPTIONS, and only there.
    lab.refuse(404, &req("PV-2 other method", "PROPFIND", "/open/x").with("Depth", "0"));
    lab.refuse(404, &req("PV-2 other route", "OPTIONS", "/closed/x"));
    lab.pass(&req("PV-2 twin", "OPTIONS", "/closed/x").by("ann"));
}

// A-32: clients look for many things that are not there; the connection to the back end outlives it.
#[test]
fn missing_resources_cost_no_connection() {
    let lab = lab();
    let page = [("Content-Type", "text/html")];
    lab.backend
        .on("/dav/d/gone", answer("404 Not Found", &page, "<h1>gone</h1>"));
    for number in 0..10 {
        let request = req(&format!("A-32 connection {number}"), "PROPFIND", "/at/files/d/gone")
            .by("bob")
            .with("Depth", "0");
        assert_eq!(lab.ask(&request).status, 404);
    }
    // The next request may come before the connection is back.
    assert!(lab.backend.connections() < 5);
}

// P-11: above routes, what is there is told only to those who may see it.
#[test]
fn above_routes_only_what_may_be_seen_counts() {
    let lab = lab();
    let ask = |method: &str, target: &str, user: &str| -> Req {
        req(&format!("P-11 {method} {target} {user}"), method, target)
            .by(user)
            .with("Depth", "0")
    };
    each(
        [
            ("/deep/", "ann", 207),
            ("/deep/", "bob", 404),
            ("/deep/", "", 404),
            ("/public/", "bob", 207),
            ("/public/", "", 207),
            ("/", "", 207),
            ("/", "bob", 207),
            ("/nowhere/", "ann", 404),
            ("/nowhere/", "", 404),
        ],
        |(target, user, status)| {
            let got = lab.refuse(status, &ask("PROPFIND", target, user));
            let options = lab.refuse(if status == 207 { 200 } else { status }, &ask("OPTIONS", target, user));
            assert_eq!(options.header("dav").is_some(), status == 207, "{target} {user}");
            assert_eq!(
                got.header("www-authenticate").is_some(),
                status == 401,
                "{target} {user}"
            );
            // Of what is below, nothing is told to anybody.
            assert!(!got.text().contains("/er"), "{target} {user}: {}", got.text());
        },
    );
    // To bob a hidden route is as no route at all, method by method.
    for method in ["GET", "PROPFIND", "OPTIONS", "MKCOL", "BIND", "POST"] {
        let at = |target| {
            let got = lab.refuse(404, &ask(method, target, "bob"));
            let headers: Vec<_> = got
                .headers
                .iter()
                .filter(|(name, _)| !name.eq_ignore_ascii_case("date"))
                .cloned()
                .collect();
            (headers, got.text())
        };
        assert_eq!(at("/deep/"), at("/nowhere/"), "{method}");
    }
    lab.refuse(405, &ask("BIND", "/deep/", "ann"));
    lab.settle();
}
