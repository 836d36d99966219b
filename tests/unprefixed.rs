//! A route whose public prefix a proxy in front has taken off, over the wire (RM-2).
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
use support::wire::{Req, req};

const ROUTES: &str = r#"
  - name: calendars
    hosts: [inner.test]
    path: /radicale/
    accept_unprefixed: true
    backend: { url: "http://@BACK@/in/", profile: apache }
    methods:
      - { path: /closed/**, allow: [none] }
      - { path: /**, allow: [read, write, lock] }
    case: fold
  - name: books
    hosts: [inner.test]
    path: /radicale/books/
    backend: { url: "http://@BACK@/books-in/", profile: apache }
    methods: [read]
    case: fold
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/files-in/", profile: apache }
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_routes(ROUTES))
}

fn asked(name: &str, method: &str, path: &str) -> Req {
    req(name, method, path).host("inner.test")
}

// RM-2: what comes is below the prefix, and public URLs keep it, both ways.
#[test]
fn without_the_prefix() {
    let lab = lab();
    each(
        [
            ("/", "/in/"),
            ("/ann/cal/", "/in/ann/cal/"),
            ("/a%20b", "/in/a%20b"),
            ("/radicalex", "/in/radicalex"),
        ],
        |(path, expected)| drop(lab.pass_to(expected, &asked(&format!("stripped {path}"), "GET", path))),
    );
    lab.backend
        .on("PROPFIND /in/ann/", multistatus(propfind_answer("/in/ann/", true)));
    let listing = asked("stripped listing", "PROPFIND", "/ann/")
        .with("Depth", "0")
        .xml(PROPFIND);
    let (_, got) = lab.pass(&listing);
    assert!(got.text().contains("href>/radicale/ann/<"), "{}", got.text());
    lab.backend
        .on("PUT /in/new", answer("201 Created", &[("Location", "/in/new")], ""));
    let (_, got) = lab.pass(&asked("stripped Location", "PUT", "/new").body("x"));
    assert_eq!(got.header("location"), Some("/radicale/new"));
}

// RM-2: Destination and If are as clients wrote them.
#[test]
fn headers_keep_the_prefix() {
    let lab = lab();
    let moved = |name: &str, to: &str| asked(name, "MOVE", "/a").with("Destination", to);
    let (seen, _) = lab.pass(&moved("stripped MOVE", "http://inner.test/radicale/b"));
    assert_eq!(seen.target, "/in/a");
    assert!(
        seen.header("destination").unwrap().ends_with("/in/b"),
        "{:?}",
        seen.headers
    );
    lab.refuse(502, &moved("Destination without prefix", "http://inner.test/b"));
    let tagged = |name: &str, tag: &str| {
        asked(name, "PUT", "/a")
            .with("If", &format!("<{tag}> ([\"x\"])"))
            .body("x")
    };
    let (seen, _) = lab.pass(&tagged("stripped If", "http://inner.test/radicale/a"));
    assert!(seen.header("if").unwrap().contains("/in/a>"), "{:?}", seen.headers);
    lab.refuse(400, &tagged("If without prefix", "http://inner.test/a"));
    lab.settle();
}

// RM-2: a path that has the prefix has not lost it, or names a resource of the same name: nobody can tell.
#[test]
fn with_the_prefix() {
    each(
        [
            "/radicale",
            "/radicale/",
            "/radicale/ann/",
            "/r%61dicale/ann/",
            "/RADICALE/x",
            "/radicale/books/x",
            "//radicale/x",
        ],
        |path| {
            drop(lab().refuse_for(
                400,
                "prefix-not-stripped",
                &asked(&format!("prefix {path}"), "GET", path),
            ))
        },
    );
    lab().settle();
}

// RM-2, O-6: rules are those of the public path, also where another route is inside.
#[test]
fn rules_count() {
    let lab = lab();
    lab.refuse(405, &asked("stripped closed", "GET", "/closed/x"));
    lab.refuse(405, &asked("stripped closed folded", "GET", "/CLOSED/x"));
    lab.pass_to("/books-in/x", &asked("stripped inner", "GET", "/books/x"));
    lab.refuse(405, &asked("stripped inner write", "PUT", "/books/x").body("x"));
    // The log tells the public path.
    let line = lab.gateway.log_of("/radicale/books/x");
    assert_eq!(
        (&line["path"], &line["route"]),
        (&"/radicale/books/x".into(), &"books".into()),
        "{line}"
    );
    // P-2: a raw byte stays one.
    let raw = Req {
        target: b"/\xc3\xbc".to_vec(),
        ..asked("stripped raw", "GET", "/")
    };
    lab.refuse(400, &raw);
    // Other hosts keep their ways.
    lab.pass_to("/files-in/x", &req("other host", "GET", "/files/x"));
    lab.refuse(404, &req("other host without prefix", "GET", "/x"));
    lab.refuse(404, &req("other host, its prefix", "GET", "/radicale/x"));
    lab.settle();
}
