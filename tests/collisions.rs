//! Names that are taken by what the principal may not read (spec A-34, A-35): whoever may make something there learns no more than that it
//! cannot be made. Every row has a twin for somebody who may read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{Step, answer};
use support::each;
use support::lab::Lab;
use support::samples::LOCKINFO;
use support::wire::{Answer, Req, req};

/// `blind` may change everything in `drop` and read nothing of it; `deaf` may not even make anything there.
const CONFIGURATION: &str = r#"
listeners: [{ address: "@LISTEN@" }]
identity: { trusted_header: { user: X-Remote-User, from: [127.0.0.1] } }
routes:
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access:
      - { path: "/**", allow: [all], to: "user:owner" }
      - { path: "/drop/**", allow: [write], to: "user:blind" }
      - { path: "/drop/**", allow: [write-properties, unbind], to: "user:deaf" }
      - { path: "/drop/**", deny: [read], to: ["user:blind", "user:deaf"] }
      - { path: "/**", allow: [read, unbind], to: ["user:blind", "user:deaf"] }
"#;

fn taken(status: &str) -> Vec<Step> {
    answer(
        status,
        &[
            ("ETag", "\"hidden\""),
            ("Allow", "GET, PROPFIND"),
            ("Content-Type", "text/html"),
            ("X-Told", "yes"),
        ],
        "<h1>taken</h1>",
    )
}

fn by(user: &str, request: Req) -> Req {
    let name = format!("{} by {user}", request.name);
    Req { name, ..request }.with("X-Remote-User", user)
}

/// What of an answer can be told apart, but for whether the connection stays open.
fn told(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let aside = ["date", "connection"];
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !aside.contains(&name.to_lowercase().as_str()));
    (answer.status, answer.text(), headers.cloned().collect())
}

// A-34
#[test]
fn what_is_taken_by_something_hidden() {
    let lab = Lab::with_configuration(CONFIGURATION);
    let to = |request: Req| {
        request
            .with("Destination", "http://dav.test/files/drop/x")
            .with("Overwrite", "F")
    };
    let put = |name: &str| req(name, "PUT", "/files/drop/x").body("text");
    each(
        [
            (
                req("MKCOL", "MKCOL", "/files/drop/x"),
                "MKCOL /dav/drop/x",
                "405 Method Not Allowed",
            ),
            (
                to(req("COPY", "COPY", "/files/a")),
                "COPY /dav/a",
                "412 Precondition Failed",
            ),
            (
                to(req("MOVE", "MOVE", "/files/a")),
                "MOVE /dav/a",
                "412 Precondition Failed",
            ),
            (
                put("If-None-Match").with("If-None-Match", "*"),
                "PUT /dav/drop/x",
                "412 Precondition Failed",
            ),
            (
                put("If-Match").with("If-Match", "\"a\""),
                "PUT /dav/drop/x",
                "412 Precondition Failed",
            ),
            (put("locked"), "PUT /dav/drop/x", "423 Locked"),
            (
                put("If").with("If", "([\"a\"])"),
                "PUT /dav/drop/x",
                "412 Precondition Failed",
            ),
            (
                req("LOCK", "LOCK", "/files/drop/x")
                    .with("If", "(<urn:t>)")
                    .xml(LOCKINFO),
                "LOCK /dav/drop/x",
                "412 Precondition Failed",
            ),
        ],
        |(request, key, status)| {
            lab.backend.on(key, taken(status));
            let owner = by("owner", request.clone());
            let own = lab.ask(&owner);
            assert!(
                status.starts_with(&own.status.to_string()),
                "{}: {}",
                owner.name,
                own.status
            );
            let blind = lab.ask(&by("blind", request.clone()));
            assert_eq!(blind.status, 403, "{}: {}", request.name, blind.text());
            assert!(blind.has_condition("need-privileges"), "{}", blind.text());
            // The same is said to whoever may make nothing there, whatever is there; the back end does not hear of that.
            let deaf = by("deaf", request.clone());
            let deaf = lab.refuse(403, &deaf);
            assert_eq!(told(&blind), told(&deaf), "{}", request.name);
            for name in ["etag", "allow", "x-told"] {
                assert!(blind.header(name).is_none(), "{}: {name}", request.name);
            }
        },
    );
    lab.settle();
}

// A-34: what is not taken can be made, without a question; and what the back end says otherwise passes.
#[test]
fn what_is_not_taken() {
    let lab = Lab::with_configuration(CONFIGURATION);
    lab.backend
        .on("MKCOL /dav/drop/full", answer("507 Insufficient Storage", &[], ""));
    for user in ["owner", "blind"] {
        each(
            [
                req("made", "MKCOL", "/files/drop/new"),
                req("put", "PUT", "/files/drop/new")
                    .with("If-None-Match", "*")
                    .body("text"),
                req("copied", "COPY", "/files/a")
                    .with("Destination", "http://dav.test/files/drop/new")
                    .with("Overwrite", "F"),
            ],
            |request| {
                assert_eq!(lab.pass(&by(user, request)).1.status, 201);
            },
        );
        assert_eq!(lab.ask(&by(user, req("full", "MKCOL", "/files/drop/full"))).status, 507);
    }
}
