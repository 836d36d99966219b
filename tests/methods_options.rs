//! What a route announces: `Allow`, `DAV`, `Public` and `MS-Author-Via` are recomputed, and a route for browsers shows no trace
//! of WebDAV (spec M-44, Z-1, ERR-4).
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
use support::lab::shared;
use support::samples::{PROPFIND, propfind_answer};
use support::wire::{Answer, req};

/// The members of a comma-separated header.
fn members(answer: &Answer, name: &str) -> Vec<String> {
    let lines = answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    lines
        .flat_map(|(_, value)| value.split(',').map(|part| part.trim().to_owned()))
        .collect()
}

// M-44: what the back end has and the route allows.
#[test]
fn allow_is_the_intersection() {
    let (_, answer) = shared().pass(&req("M-44 default", "OPTIONS", "/files/o"));
    let mut allow = members(&answer, "Allow");
    allow.sort();
    let expected = "COPY DELETE GET HEAD LOCK MKCOL MOVE OPTIONS PROPFIND PROPPATCH PUT UNLOCK";
    assert_eq!(allow, expected.split(' ').collect::<Vec<_>>());

    let (_, answer) = shared().pass(&req("M-44 read only", "OPTIONS", "/ro/o"));
    let mut allow = members(&answer, "Allow");
    allow.sort();
    assert_eq!(allow, ["GET", "HEAD", "OPTIONS", "PROPFIND"]);

    let (_, answer) = shared().pass(&req("M-44 below a rule", "OPTIONS", "/rules/archive/o"));
    assert!(
        !members(&answer, "Allow").contains(&"PUT".to_owned()),
        "{:?}",
        answer.headers
    );
    let (_, answer) = shared().pass(&req("M-44 beside a rule", "OPTIONS", "/rules/o"));
    assert!(
        members(&answer, "Allow").contains(&"PUT".to_owned()),
        "{:?}",
        answer.headers
    );
}

// M-44: class 2 needs LOCK.
#[test]
fn classes_shrink_with_the_methods() {
    let (_, answer) = shared().pass(&req("M-44 class 2 stays", "OPTIONS", "/files/d"));
    assert!(
        answer.lists("DAV", "1") && answer.lists("DAV", "2"),
        "{:?}",
        answer.headers
    );
    assert!(
        answer.lists("DAV", "<http://apache.org/dav/propset/fs/1>"),
        "{:?}",
        answer.headers
    );
    let (_, answer) = shared().pass(&req("M-44 class 2 goes", "OPTIONS", "/ro/d"));
    assert!(
        answer.lists("DAV", "1") && !answer.lists("DAV", "2"),
        "{:?}",
        answer.headers
    );

    // Radicale announces class 2 and has no LOCK; it says so on PROPFIND too.
    let headers = [
        ("Allow", "OPTIONS, GET, PUT, PROPFIND"),
        ("DAV", "1, 2, 3, calendar-access"),
    ];
    shared().backend.on("OPTIONS /dav/radicale", answer_with(&headers));
    let (_, answer) = shared().pass(&req("M-44 no LOCK at the back end", "OPTIONS", "/files/radicale"));
    assert!(
        !answer.lists("DAV", "2") && answer.lists("DAV", "calendar-access"),
        "{:?}",
        answer.headers
    );
}

fn answer_with(headers: &[(&str, &str)]) -> Vec<support::backend::Step> {
    answer("200 OK", headers, "")
}

// M-44: on every answer, not only on OPTIONS.
#[test]
fn announcements_are_recomputed_on_every_answer() {
    let body = propfind_answer("/ro-in/p", false);
    let headers = [
        ("Content-Type", "application/xml"),
        ("DAV", "1, 2"),
        ("Allow", "GET, PUT, LOCK"),
        ("Public", "GET, PUT, LOCK"),
    ];
    shared()
        .backend
        .on("/ro-in/p", answer("207 Multi-Status", &headers, body));
    let (_, answer) = shared().pass(
        &req("M-44 PROPFIND", "PROPFIND", "/ro/p")
            .with("Depth", "0")
            .xml(PROPFIND),
    );
    each(["DAV", "Allow", "Public"], |name| {
        for member in ["2", "PUT", "LOCK"] {
            assert!(!answer.lists(name, member), "{name}: {:?}", answer.headers);
        }
    });
}

// ERR-4: what the gateway's own 405 offers is what the route allows.
#[test]
fn allow_of_a_refusal_names_what_works() {
    let answer = shared().refuse(405, &req("ERR-4 read only", "PUT", "/ro/a").body("x"));
    each(["GET", "HEAD", "OPTIONS", "PROPFIND"], |method| {
        assert!(answer.lists("Allow", method), "{method}: {:?}", answer.headers);
    });
    let answer = shared().refuse(405, &req("ERR-4 browsers", "PROPFIND", "/web/a").with("Depth", "0"));
    let mut allow = members(&answer, "Allow");
    allow.sort();
    assert_eq!(allow, ["GET", "HEAD", "OPTIONS", "POST"]);
    // A 405 of the back end is recomputed as well.
    shared().backend.on("/dav/coll/", answer_405());
    let answer = shared().ask(&req("ERR-4 back end", "MKCOL", "/files/coll/"));
    assert_eq!(answer.status, 405);
    assert!(
        answer.lists("Allow", "GET") && !answer.lists("Allow", "TRACE"),
        "{:?}",
        answer.headers
    );
}

fn answer_405() -> Vec<support::backend::Step> {
    answer("405 Method Not Allowed", &[("Allow", "GET, TRACE, BIND, PUT")], "")
}

// Z-1: `methods: [web]`.
#[test]
fn a_route_for_browsers_shows_no_webdav() {
    let lab = shared();
    let webdav = ["DAV", "MS-Author-Via", "Public", "DASL"];
    let clean = |name: &str, answer: &Answer| {
        for header in webdav {
            assert!(answer.header(header).is_none(), "{name}: {:?}", answer.headers);
        }
        for verb in ["PROPFIND", "PUT", "LOCK", "MKCOL", "DELETE"] {
            assert!(!answer.lists("Allow", verb), "{name}: {:?}", answer.headers);
        }
    };
    let announced = [
        ("DAV", "1,2"),
        ("MS-Author-Via", "DAV"),
        ("Public", "PUT, PROPFIND"),
        ("Allow", "GET, PUT, PROPFIND"),
    ];
    lab.backend.on("/web-in/page", answer("200 OK", &announced, "page"));
    each(["GET", "HEAD"], |method| {
        let (_, answer) = lab.pass(&req(&format!("Z-1 {method}"), method, "/web/page"));
        clean(method, &answer);
    });
    let (_, answer) = lab.pass(
        &req("Z-1 POST", "POST", "/web/page")
            .with("Content-Type", "text/plain")
            .body("x"),
    );
    clean("POST", &answer);
    assert_eq!(answer.text(), "page");
    let own = lab.refuse(200, &req("Z-1 OPTIONS", "OPTIONS", "/web/page"));
    clean("OPTIONS", &own);
    let mut allow = members(&own, "Allow");
    allow.sort();
    assert_eq!(allow, ["GET", "HEAD", "OPTIONS", "POST"]);
    let answer = lab.refuse(
        405,
        &req("Z-1 PROPFIND", "PROPFIND", "/web/page")
            .with("Depth", "0")
            .xml(PROPFIND),
    );
    clean("PROPFIND", &answer);
    lab.backend
        .on("/web-in/odd", multistatus(propfind_answer("/web-in/odd", false)));
    let answer = lab.refuse(200, &req("Z-1 OPTIONS with a body", "OPTIONS", "/web/odd"));
    clean("OPTIONS again", &answer);
    lab.settle();
}
