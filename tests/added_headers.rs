//! Header fields that a route adds to its answers, over the wire (RM-16).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::backend::{answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{PROPFIND, propfind_answer};
use support::wire::{Answer, req};

const ROUTES: &str = r#"
  - name: added
    hosts: [dav.test]
    path: /a/
    backend: { url: "http://@BACK@/a-in/", profile: apache }
    headers: { X-Frame-Options: DENY, Strict-Transport-Security: "max-age=1; preload" }
    methods:
      - { path: /closed/**, allow: [none] }
      - { path: /**, allow: [read, write] }
    reserved: [private]
    limits: { body: 10 }
  - name: hidden
    hosts: [dav.test]
    path: /h/
    backend: { url: "http://@BACK@/h-in/", profile: apache }
    headers: { X-Frame-Options: DENY }
    collection_get: synthetic
    access: [{ path: /open/**, allow: [read], to: everyone }, { path: /, allow: [read], to: "user:ann" }]
  - name: plain
    hosts: [dav.test]
    path: /p/
    backend: { url: "http://@BACK@/p-in/", profile: apache }
  - name: dead
    hosts: [dav.test]
    path: /dead/
    backend: { url: "http://127.0.0.1:1/", timeouts: { connect: 1s } }
    headers: { X-Frame-Options: DENY }
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_users(ROUTES))
}

/// Every value of the header.
fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    lines.map(|(_, value)| value.as_str()).collect()
}

// RM-16: whatever the exchange, and in place of what the back end says.
#[test]
fn answers_of_the_back_end() {
    let lab = lab();
    let own = [
        ("X-Frame-Options", "SAMEORIGIN"),
        ("X-Frame-Options", "ALLOW"),
        ("X-Else", "kept"),
    ];
    lab.backend.on("/a-in/x", answer("200 OK", &own, "hello"));
    lab.backend
        .on("PROPFIND /a-in/", multistatus(propfind_answer("/a-in/", true)));
    lab.backend.on("PUT /a-in/x", answer("201 Created", &own, ""));
    lab.backend.on("/a-in/gone", answer("404 Not Found", &own, "no"));
    for request in [
        req("added GET", "GET", "/a/x"),
        req("added HEAD", "HEAD", "/a/x"),
        req("added PUT", "PUT", "/a/x").body("x"),
        req("added PROPFIND", "PROPFIND", "/a/")
            .with("Depth", "1")
            .xml(PROPFIND),
        req("added 404", "GET", "/a/gone"),
        req("added old", "GET", "/a/x").old(),
    ] {
        let got = lab.ask(&request);
        assert_eq!(
            lab.backend.case(&request.name).len(),
            1,
            "{}: {}",
            request.name,
            got.status
        );
        assert_eq!(all(&got, "x-frame-options"), ["DENY"], "{}", request.name);
        assert_eq!(
            all(&got, "strict-transport-security"),
            ["max-age=1; preload"],
            "{}",
            request.name
        );
    }
    assert_eq!(
        lab.ask(&req("added else", "GET", "/a/x")).header("x-else"),
        Some("kept")
    );
    lab.backend.on("/p-in/x", answer("200 OK", &own, "hello"));
    let plain = lab.ask(&req("other route", "GET", "/p/x"));
    assert_eq!(all(&plain, "x-frame-options"), ["SAMEORIGIN", "ALLOW"]);
    assert_eq!(plain.header("strict-transport-security"), None);
}

// RM-16: refusals too, at whatever stage, and failures.
#[test]
fn answers_of_the_gateway() {
    let lab = lab();
    each(
        [
            (405, req("added method", "GET", "/a/closed/x")),
            (404, req("added path", "GET", "/a/private")),
            (400, req("added header", "PROPFIND", "/a/").with("Depth", "7")),
            (413, req("added body", "PUT", "/a/x").body("more than ten bytes")),
            (400, req("added xml", "PROPFIND", "/a/").with("Depth", "0").xml("<no")),
            (404, req("added hidden", "GET", "/h/secret")),
            (404, req("added hidden of ann", "GET", "/h/secret").by("ann")),
        ],
        |(status, request)| {
            let got = lab.refuse(status, &request);
            assert_eq!(all(&got, "x-frame-options"), ["DENY"], "{}", request.name);
        },
    );
    let got = lab.ask(&req("added failure", "GET", "/dead/x"));
    assert_eq!((got.status, all(&got, "x-frame-options")), (502, vec!["DENY"]));
    // Where there is no route, nobody says what to add.
    let got = lab.refuse(404, &req("added nowhere", "GET", "/nowhere"));
    assert_eq!(got.header("x-frame-options"), None);
    lab.settle();
}

// A-32: what is hidden and what is missing stay alike.
#[test]
fn hidden_and_missing_are_alike() {
    let lab = lab();
    let own = [("X-Frame-Options", "SAMEORIGIN"), ("X-Powered-By", "it")];
    lab.backend.on("/h-in/open/gone", answer("404 Not Found", &own, "no"));
    let missing = lab.ask(&req("really missing", "GET", "/h/open/gone").by("ann"));
    let hidden = lab.refuse(404, &req("as if missing", "GET", "/h/secret").by("ann"));
    let fields = |answer: &Answer| -> Vec<(String, String)> {
        let mut fields = answer.headers.clone();
        fields.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
        fields.sort();
        fields
    };
    assert_eq!(fields(&missing), fields(&hidden));
}
