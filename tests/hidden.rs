//! What a method tells or does of resources that it may not be used on, by way of another resource: listings, reports with contents,
//! and back ends that replace a whole collection by one PUT (spec O-6, F-2, M-44, A-13). Every row has its twin.
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
use support::samples::{PROPFIND, propfind_answer};
use support::wire::req;

const ROUTES: &str = r#"
  - name: closed
    hosts: [dav.test]
    path: /closed/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    methods:
      - { path: /private/**, allow: [none] }
      - { path: /write-only/**, allow: [PUT] }
      - { path: /**, allow: [read] }
  - name: open
    hosts: [dav.test]
    path: /open/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    methods: [read]
  - name: calendars
    hosts: [dav.test]
    path: /cal/
    backend: { url: "http://@BACK@/cal-in/", profile: radicale }
    methods:
      - { path: /me/kept/**, allow: [read] }
      - { path: /**, allow: [read, write] }
  - name: versions
    hosts: [dav.test]
    path: /v/
    backend: { url: "http://@BACK@/v-in/", profile: generic }
    methods:
      - { path: /kept/fixed/**, allow: [read] }
      - { path: /**, allow: [read, UPDATE, LABEL] }
"#;

const QUERY: &str = "<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:prop><C:calendar-data/></D:prop>\
    <C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter></C:calendar-query>";

fn listing() -> String {
    let member = |path: &str| {
        format!(
            "<D:response><D:href>/dav/{path}</D:href><D:propstat><D:prop><D:displayname>text of {path}</D:displayname></D:prop>\
             <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    let members = [
        "",
        "a",
        "private/",
        "private/secret",
        "%70rivate/coded",
        "privateer",
        "write-only/in",
    ]
    .map(member);
    format!("<D:multistatus xmlns:D=\"DAV:\">{}</D:multistatus>", members.concat())
}

// O-6, F-2: a listing and a report show what the same method would at each member, and the target.
#[test]
fn an_answer_shows_only_what_the_method_may_see() {
    let lab = Lab::with_routes(ROUTES);
    for method in ["PROPFIND", "REPORT"] {
        lab.backend.on(&format!("{method} /dav/"), multistatus(listing()));
        let ask = |prefix: &str, body: &str| {
            let name = format!("O-6 {method} {prefix}");
            lab.pass(&req(&name, method, prefix).with("Depth", "1").xml(body))
                .1
                .text()
        };
        let body = if method == "PROPFIND" { PROPFIND } else { QUERY };
        let shown = ask("/closed/", body);
        for name in ["secret", "coded", "text of private/", "write-only"] {
            assert!(!shown.contains(name), "{method}: {name} in {shown}");
        }
        for name in ["text of a<", "text of privateer<", "href>/closed/<"] {
            assert!(shown.contains(name), "{method}: no {name} in {shown}");
        }
        let open = ask("/open/", body);
        assert!(
            open.contains("secret") && open.contains("coded") && open.contains("write-only"),
            "{open}"
        );
    }
}

// A-13: there a PUT replaces the collection, and with it what may only be read.
#[test]
fn a_put_that_would_replace_a_collection() {
    let lab = Lab::with_routes(ROUTES);
    for path in ["/cal-in/me", "/cal-in/other"] {
        let collection = multistatus(propfind_answer(&format!("{path}/"), true));
        lab.backend.on(&format!("PROPFIND {path}"), collection);
    }
    let put = |name: &str, path: &str| {
        req(name, "PUT", path)
            .with("Content-Type", "text/calendar")
            .body("BEGIN:VCALENDAR")
    };
    let got = lab.refuse_after_probe(403, &put("A-13 holds what may be read only", "/cal/me"));
    assert!(got.has_condition("method-not-allowed-below"), "{}", got.text());
    lab.pass(&put("A-13 holds nothing such", "/cal/other"));
    lab.pass(&put("A-13 an item", "/cal/me/item.ics"));
}

// M-44: OPTIONS is offered where it passes, and WebDAV where a method of it does.
#[test]
fn nothing_is_offered_that_does_not_pass() {
    let lab = Lab::with_routes(
        r#"
  - name: mixed
    hosts: [dav.test]
    path: /mixed/
    backend: { url: "http://@BACK@/mixed-in/", profile: apache }
    methods:
      - { path: /pages/**, allow: [GET] }
      - { path: /**, allow: [read] }"#,
    );
    let announced = [
        ("DAV", "1"),
        ("MS-Author-Via", "DAV"),
        ("Allow", "OPTIONS, GET, PROPFIND"),
    ];
    each(["/mixed-in/pages/a", "/mixed-in/a"], |path| {
        lab.backend
            .on(&format!("GET {path}"), answer("200 OK", &announced, "x"));
    });
    let (_, page) = lab.pass(&req("M-44 page", "GET", "/mixed/pages/a"));
    assert_eq!(page.header("allow"), Some("GET"));
    assert!(
        page.header("dav").is_none() && page.header("ms-author-via").is_none(),
        "{:?}",
        page.headers
    );
    let refused = lab.refuse(405, &req("M-44 page refused", "OPTIONS", "/mixed/pages/a"));
    assert!(!refused.lists("Allow", "OPTIONS"));
    let (_, file) = lab.pass(&req("M-44 file", "GET", "/mixed/a"));
    assert!(
        file.lists("Allow", "OPTIONS") && file.lists("DAV", "1"),
        "{:?}",
        file.headers
    );
}

// O-12: methods of RFC 3253 that change what a collection holds.
#[test]
fn an_update_of_what_holds_something_fixed() {
    let lab = Lab::with_routes(ROUTES);
    for path in ["/v-in/kept", "/v-in/other"] {
        let collection = multistatus(propfind_answer(&format!("{path}/"), true));
        lab.backend.on(&format!("PROPFIND {path}"), collection);
    }
    let bodies = [
        (
            "UPDATE",
            "<D:update xmlns:D='DAV:'><D:version><D:href>/v/v1</D:href></D:version></D:update>",
        ),
        (
            "LABEL",
            "<D:label xmlns:D='DAV:'><D:set><D:label-name>a</D:label-name></D:set></D:label>",
        ),
    ];
    each(bodies, |(method, body)| {
        let ask = |path: &str| {
            req(&format!("O-12 {method} {path}"), method, path)
                .with("Depth", "infinity")
                .xml(body)
        };
        let got = lab.refuse_after_probe(403, &ask("/v/kept"));
        assert!(got.has_condition("method-not-allowed-below"), "{}", got.text());
        lab.pass(&ask("/v/other"));
        lab.pass(&ask("/v/kept/file"));
    });
}
