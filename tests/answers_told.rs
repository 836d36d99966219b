//! Answers that depend on who asks, and what of the back end's own goes no further (spec F-6, F-7, A-32, A-37, A-38, P-11).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, lock_answer};
use support::wire::{Answer, Req, req};

/// Ann may do everything, bob too but for what begins with `hid`; everybody may read what is in `open`.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /at/files/
    backend: { url: "http://@BACK@/dav/", profile: generic, credentials: pass }
    methods:
      - { path: /d/kept*, allow: [GET] }
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
    hide_lock_owner: true
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

fn multiget(members: &[&str]) -> String {
    let hrefs: String = members
        .iter()
        .map(|member| format!("<D:href>{member}</D:href>"))
        .collect();
    format!(
        "<C:calendar-multiget xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:prop><D:getetag/></D:prop>{hrefs}\
         </C:calendar-multiget>"
    )
}

// F-7
#[test]
fn members_that_may_not_be_read_are_not_asked_for() {
    let lab = lab();
    let of_a = "<multistatus xmlns='DAV:'><response><href>/dav/d/a</href><propstat><prop><getetag>\"1\"</getetag></prop>\
        <status>HTTP/1.1 200 OK</status></propstat></response></multistatus>";
    lab.backend.on("REPORT /dav/d/", multistatus(of_a));
    let ask = |name: &str, user: &str, members: &[&str]| {
        req(&format!("F-7 {name}"), "REPORT", "/at/files/d/")
            .by(user)
            .with("Depth", "0")
            .xml(multiget(members))
    };
    let members = [
        "/at/files/d/a",
        "http://dav.test/at/files/d/%68id",
        "/at/files/d/hidden/x",
        "/at/files/d/kept",
    ];
    let (seen, got) = lab.pass(&ask("some", "bob", &members));
    assert!(seen.text().contains(">/dav/d/a<"), "{}", seen.text());
    for gone in ["hid", "%68", "kept"] {
        assert!(!seen.text().contains(gone), "{gone} went on: {}", seen.text());
    }
    for told in [
        "<href>/at/files/d/a</href><propstat>",
        "<response><href>/at/files/d/hid</href><status>HTTP/1.1 404 Not Found</status></response>",
        "<response><href>/at/files/d/hidden/x</href><status>HTTP/1.1 404 Not Found</status></response>",
        "<response><href>/at/files/d/kept</href><status>HTTP/1.1 403 Forbidden</status></response></multistatus>",
    ] {
        assert!(got.text().contains(told), "no {told} in {}", got.text());
    }
    // Her twin may read them all.
    let (seen, got) = lab.pass(&ask("some, twin", "ann", &members[..3]));
    assert!(
        seen.text().contains("/dav/d/hidden/x") && !got.text().contains("404"),
        "{}",
        got.text()
    );
    // Nothing left: a 207 without the back end.
    let got = lab.refuse(207, &ask("none", "bob", &members[1..3]));
    assert_eq!(
        got.text().matches("HTTP/1.1 404 Not Found").count(),
        2,
        "{}",
        got.text()
    );
    assert!(got.header("content-type").unwrap().starts_with("application/xml"));
    // The target itself is judged first, and a member that is no URL of ours is no member.
    let hidden = req("F-7 hidden target", "REPORT", "/at/files/d/hid/")
        .by("bob")
        .with("Depth", "0");
    lab.refuse(404, &hidden.xml(multiget(&members[1..2])));
    lab.refuse_for(
        400,
        "url-in-body",
        &ask("elsewhere", "bob", &["/at/files/d/hid", "/other/x"]),
    );
    lab.settle();
}

/// What LOCK of `path` and a PROPFIND of it would answer.
fn lock_at(lab: &Lab, path: &str) {
    let headers = [
        ("Content-Type", "application/xml"),
        ("Lock-Token", "<opaquelocktoken:b1>"),
    ];
    lab.backend.on(
        &format!("LOCK {path}"),
        answer("200 OK", &headers, lock_answer(path, "me", "/x")),
    );
    let lock = lock_answer(path, "me", "/x").replace("<?xml version=\"1.0\" encoding=\"utf-8\"?>", "");
    let lock = lock.replace("<D:prop xmlns:D=\"DAV:\">", "<D:prop>");
    let body = format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{path}</D:href><D:propstat>{lock}<D:status>HTTP/1.1 200 OK\
         </D:status></D:propstat></D:response></D:multistatus>"
    );
    lab.backend.on(&format!("PROPFIND {path}"), multistatus(body));
}

fn shows_token(answer: &Answer) -> bool {
    assert!(
        answer.text().contains("activelock"),
        "{} {}",
        answer.status,
        answer.text()
    );
    answer.text().contains("opaquelocktoken:b1")
}

// F-6
#[test]
fn lock_tokens_are_for_who_made_the_lock() {
    let lab = lab();
    lock_at(&lab, "/dav/d/a");
    let at = |name: &str, method: &str, user: &str| req(&format!("F-6 {name}"), method, "/at/files/d/a").by(user);
    let find = |name: &str, user: &str| lab.ask(&at(name, "PROPFIND", user).with("Depth", "0"));
    assert!(!shows_token(&find("nobody knows whose", "bob")));
    assert!(shows_token(&find("who may unlock", "ann")));
    let locked = lab.ask(&at("lock", "LOCK", "bob").xml(LOCKINFO));
    assert!(shows_token(&locked) && locked.header("lock-token") == Some("<opaquelocktoken:b1>"));
    assert!(shows_token(&find("bob's own", "bob")));
    lab.ask(&at("unlock", "UNLOCK", "bob").with("Lock-Token", "<opaquelocktoken:b1>"));
    assert!(!shows_token(&find("after UNLOCK", "bob")));
    // A refresh tells the token that it named, and makes nobody the lock's creator.
    let refresh = at("refresh", "LOCK", "bob").with("If", "(<opaquelocktoken:b1>)");
    assert!(shows_token(&lab.ask(&refresh)));
    assert!(!shows_token(&find("after a refresh", "bob")));
    // A refusal makes none either.
    lab.backend.on(
        "LOCK /dav/d/a",
        answer("423 Locked", &[("Lock-Token", "<opaquelocktoken:b1>")], ""),
    );
    assert_eq!(lab.ask(&at("locked", "LOCK", "bob").xml(LOCKINFO)).status, 423);
    assert!(!shows_token(&find("after a refusal", "bob")));
}

// F-6: an option of the route.
#[test]
fn owners_of_locks_are_hidden_where_the_route_says_so() {
    let lab = lab();
    for (prefix, back, user, shows) in [
        ("/at/files/d/a", "/dav/d/a", "bob", true),
        ("/header/d/a", "/header-in/d/a", "bob", false),
        ("/header/d/a", "/header-in/d/a", "ann", true),
    ] {
        lock_at(&lab, back);
        let request = req(&format!("F-6 owner {prefix} {user}"), "PROPFIND", prefix)
            .by(user)
            .with("Depth", "0");
        let got = lab.ask(&request);
        shows_token(&got);
        assert_eq!(
            got.text().contains("<D:owner>me"),
            shows,
            "{prefix} {user}: {}",
            got.text()
        );
    }
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
                401,
                Some(""),
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
                401,
                Some(""),
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
            ("/deep/", "", 401),
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
