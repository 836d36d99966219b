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

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, PROPPATCH, propfind_answer};
use support::wire::{Answer, Req, req};

/// `blind` may change everything in `drop` and read nothing of it; `deaf` may not even make anything there; `maker` may do nothing else, and
/// take away no folder.
const CONFIGURATION: &str = r#"
listeners: [{ address: "@LISTEN@" }]
identity: { trusted_header: { user: X-Remote-User, from: [127.0.0.1] } }
routes:
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    methods: [dav, MKCALENDAR]
    access:
      - { path: "/**", allow: [all], to: "user:owner" }
      - { path: "/drop/**", allow: [write], to: "user:blind" }
      - { path: "/drop/**", allow: [write-properties, unbind], to: "user:deaf" }
      - { path: "/drop/**", allow: [bind], to: "user:maker" }
      - { path: "/drop/x/**", deny: [unbind], to: "user:maker" }
      - { path: "/drop/**", deny: [read], to: ["user:blind", "user:deaf", "user:maker"] }
      - { path: "/cal/taken/**", deny: [read], to: "user:maker" }
      - { path: "/cal/**", allow: [bind], to: "user:maker" }
      - { path: "/**", allow: [read, unbind], to: ["user:blind", "user:deaf", "user:maker"] }
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
    // An entity tag is compared for nobody who may not read it, so that the back end is not asked; for others it is.
    let guess = |name: &str| put(name).with("If", "([\"a\"])");
    lab.backend.on("PUT /dav/drop/x", taken("412 Precondition Failed"));
    let answer = lab.refuse(412, &by("blind", guess("If of blind")));
    assert!(answer.has_condition("if-false"), "{}", answer.text());
    lab.refuse(403, &by("deaf", guess("If of deaf")));
    let own = lab.ask(&by("owner", guess("If of owner")));
    assert!(own.status == 412 && lab.backend.saw("If of owner"), "{}", own.status);
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

// A-33: other failures tell of it too: a redirect that it is a collection, 404 that it is not there, and to UNLOCK everything.
#[test]
fn what_fails_tells_nothing() {
    let lab = Lab::with_configuration(CONFIGURATION);
    let unlock = || req("UNLOCK", "UNLOCK", "/files/drop/x").with("Lock-Token", "<urn:uuid:1>");
    let patch = req("PROPPATCH", "PROPPATCH", "/files/drop/x").xml(PROPPATCH);
    let put = req("PUT", "PUT", "/files/drop/x").body("text");
    each(
        [
            (req("MKCOL", "MKCOL", "/files/drop/x"), "301 Moved Permanently"),
            (put, "301 Moved Permanently"),
            (unlock(), "301 Moved Permanently"),
            (unlock(), "400 Bad Request"),
            (unlock(), "404 Not Found"),
            (unlock(), "409 Conflict"),
            (req("DELETE", "DELETE", "/files/drop/x"), "404 Not Found"),
            (patch, "404 Not Found"),
        ],
        |(request, status)| {
            lab.backend.on(
                &format!("{} /dav/drop/x", request.method),
                answer(status, &[("Location", "/dav/drop/x/")], ""),
            );
            let own = lab.ask(&by("owner", request.clone()));
            assert!(
                status.starts_with(&own.status.to_string()),
                "{}: {}",
                request.name,
                own.status
            );
            let blind = lab.ask(&by("blind", request.clone()));
            assert_eq!(blind.status, 403, "{} {status}: {}", request.name, blind.text());
            assert!(
                blind.has_condition("need-privileges") && blind.header("location").is_none(),
                "{status}"
            );
        },
    );
    lab.settle();
}

// A-34: what a calendar server says of a taken name, or of one without a folder around it (RFC 4791 section 5.3.1.1).
#[test]
fn a_calendar_that_is_taken() {
    let lab = Lab::with_configuration(CONFIGURATION);
    for (path, status) in [("cal/taken", 403), ("drop/none/new", 409)] {
        let key = format!("MKCALENDAR /dav/{path}");
        lab.backend.on(&key, answer("409 Conflict", &[], ""));
        let request = req(path, "MKCALENDAR", format!("/files/{path}"));
        assert_eq!(lab.ask(&by("maker", request)).status, status, "{path}");
    }
    lab.settle();
}

// A-33: where the verdict rests on what is there, whatever fails without it looks like the refusal with it.
#[test]
fn what_fails_looks_refused() {
    let lab = Lab::with_configuration(CONFIGURATION);
    let to = |name: &str, method: &str, from: &str| {
        let request = req(name, method, from).with("Destination", "http://dav.test/files/drop/x");
        by("maker", request)
    };
    let put = by("maker", req("PUT", "PUT", "/files/drop/x").body("text"));
    let states = [
        ("nothing", answer("404 Not Found", &[], "")),
        ("a file", multistatus(propfind_answer("/dav/drop/x", false))),
        ("a folder", multistatus(propfind_answer("/dav/drop/x/", true))),
    ];
    each(
        [
            (
                by("maker", req("DELETE", "DELETE", "/files/drop/x")),
                "DELETE /dav/drop/x",
                "404 Not Found",
                "a folder",
            ),
            (
                by("maker", req("DELETE, Depth 0", "DELETE", "/files/drop/x")).with("Depth", "0"),
                "DELETE /dav/drop/x",
                "404 Not Found",
                "a folder",
            ),
            (
                to("COPY of nothing", "COPY", "/files/none"),
                "COPY /dav/none",
                "404 Not Found",
                "a file",
            ),
            (
                to("MOVE of nothing", "MOVE", "/files/none"),
                "MOVE /dav/none",
                "404 Not Found",
                "a file",
            ),
            (
                to("COPY, If-Match", "COPY", "/files/a").with("If-Match", "\"a\""),
                "COPY /dav/a",
                "412 Precondition Failed",
                "a file",
            ),
            (
                put.clone().with("If-Match", "\"a\""),
                "PUT /dav/drop/x",
                "412 Precondition Failed",
                "a file",
            ),
        ],
        |(request, key, status, refused)| {
            lab.backend.on(key, answer(status, &[], ""));
            let mut answers = Vec::new();
            for (state, found) in &states {
                if ["nothing", refused].contains(state) {
                    lab.backend.on("PROPFIND /dav/drop/x", found.clone());
                    answers.push(told(&lab.ask(&request)));
                }
            }
            assert_eq!(answers[0].0, 403, "{}: {}", request.name, answers[0].1);
            assert_eq!(answers[0], answers[1], "{}", request.name);
        },
    );
    // The twin: what is permitted, and works.
    let [(_, nothing), ..] = states;
    lab.backend.on("PROPFIND /dav/drop/x", nothing);
    lab.backend.on("PUT /dav/drop/x", answer("201 Created", &[], ""));
    assert_eq!(lab.ask(&put).status, 201);
    lab.backend.on("PUT /dav/drop/x", answer("409 Conflict", &[], ""));
    assert_eq!(lab.ask(&put).status, 409, "there is no such folder");
    lab.settle();
}

// A-32: nobody is shown by the answer to a write what is there (RFC 8144 section 2).
#[test]
fn no_representation_of_what_may_not_be_read() {
    let lab = Lab::with_configuration(CONFIGURATION);
    let put = |user: &str| {
        by(
            user,
            req("PUT", "PUT", "/files/drop/x")
                .with("Prefer", "return=representation")
                .body("x"),
        )
    };
    assert_eq!(lab.pass(&put("blind")).0.header("prefer"), None);
    assert_eq!(
        lab.pass(&put("owner")).0.header("prefer"),
        Some("return=representation")
    );
    lab.settle();
}
