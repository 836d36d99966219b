//! Back ends that are told the public URLs and write them themselves (spec R-8, Z-17, section 2.1): in the request line for Zope's
//! VirtualHostMonster, in X-Script-Name for Radicale. What a client tells is never passed on.
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
use support::samples::{PROPFIND, multiget, propfind_answer};
use support::wire::req;

const ROUTES: &str = r#"
  - name: site
    hosts: [dav.test]
    path: /pub/team/
    backend: { url: "http://@BACK@/Plone/", profile: plone, urls: external }
    locking: off
  - name: root
    hosts: [plone.test]
    origins: ["https://plone.example:8443"]
    path: /
    backend: { url: "http://@BACK@/", profile: zope, urls: external }
    locking: off
  - name: calendars
    hosts: [dav.test]
    path: /cal/
    backend: { url: "http://@BACK@/", profile: radicale, urls: external }
  - name: internal
    hosts: [dav.test]
    path: /in/
    backend: { url: "http://@BACK@/Plone/", profile: plone }
    locking: off
"#;

/// What davgate writes before paths of the first route.
const SITE: &str = "/VirtualHostBase/http/dav.test:80/Plone/VirtualHostRoot/_vh_pub/_vh_team";

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_routes(ROUTES))
}

// Z-17
#[test]
fn the_virtual_host_is_told() {
    each(
        [
            ("file", "/pub/team/a%20b.txt", format!("{SITE}/a%20b.txt")),
            ("folder", "/pub/team/x/", format!("{SITE}/x/")),
            ("site", "/pub/team/", format!("{SITE}/")),
            ("query", "/pub/team/x?a=b", format!("{SITE}/x?a=b")),
            ("another spelling", "/pub/te%61m/%78", format!("{SITE}/x")),
        ],
        |(name, target, expected)| {
            let (seen, _) = lab().pass(&req(&format!("told {name}"), "GET", target));
            assert_eq!(seen.target, expected);
        },
    );
    let (seen, _) = lab().pass(&req("told origin", "GET", "/x").host("plone.test"));
    assert_eq!(
        seen.target,
        "/VirtualHostBase/https/plone.example:8443/VirtualHostRoot/x"
    );
    let (seen, _) = lab().pass(&req("not told", "GET", "/in/x"));
    assert_eq!(seen.target, "/Plone/x");
}

// Z-17, B-31, L-22: what Zope hears in header fields is public too
#[test]
fn urls_in_requests_stay_public() {
    let (seen, _) = lab().pass(
        &req("public destination", "MOVE", "/pub/team/a")
            .with("Destination", "http://dav.test/pub/t%65am/b")
            .with("Overwrite", "F"),
    );
    assert_eq!(seen.target, format!("{SITE}/a"));
    assert_eq!(seen.header("destination"), Some("http://dav.test/pub/team/b"));
    let (seen, _) =
        lab().pass(&req("public if", "DELETE", "/pub/team/c").with("If", "</pub/team/c> (Not <DAV:no-lock>)"));
    assert_eq!(
        seen.header("if"),
        Some("<http://dav.test/pub/team/c> (Not <DAV:no-lock>)")
    );
}

// R-8: answers name public URLs; what they name outside is not shown
#[test]
fn answers_are_public_already() {
    let body = propfind_answer("/pub/team/x/", true).replace(
        "</D:multistatus>",
        "<D:response><D:href>/Plone/x/secret</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response></D:multistatus>",
    );
    lab().backend.on(&format!("PROPFIND {SITE}/x/"), multistatus(body));
    let request = req("public answer", "PROPFIND", "/pub/team/x/")
        .with("Depth", "1")
        .xml(PROPFIND);
    let (_, got) = lab().pass(&request);
    assert!(got.text().contains("href>/pub/team/x/<"), "{}", got.text());
    assert!(!got.text().contains("secret"), "{}", got.text());
    let moved = answer("302 Found", &[("Location", "http://dav.test/pub/team/y")], "");
    lab().backend.on(&format!("GET {SITE}/z"), moved);
    let (_, got) = lab().pass(&req("public location", "GET", "/pub/team/z"));
    assert_eq!(got.header("location"), Some("http://dav.test/pub/team/y"));
}

// Z-17: what tells Zope its URLs is davgate's alone to write
#[test]
fn clients_tell_nothing() {
    each(
        [
            "/pub/team/VirtualHostRoot/x",
            "/pub/team/VirtualHostBase/http/evil.test:80/VirtualHostRoot/x",
            "/pub/team/_vh_evil/x",
            "/pub/team/%5fvh_evil/x",
        ],
        |target| {
            lab().refuse(404, &req(&format!("tells {target}"), "GET", target));
        },
    );
    lab().settle();
    let twin = lab().pass(&req("tells nothing", "GET", "/pub/team/vh_evil/x"));
    assert_eq!(twin.0.target, format!("{SITE}/vh_evil/x"));
}

// R-8, section 2.1: Radicale wants the path without the prefix, and everything else with it
#[test]
fn the_prefix_is_told_in_a_header() {
    let (seen, _) = lab().pass(&req("script name", "GET", "/cal/ann/work/").with("X-Script-Name", "/evil"));
    assert_eq!(
        (seen.target.as_str(), seen.all("x-script-name")),
        ("/ann/work/", vec!["/cal"])
    );
    let (seen, _) = lab().pass(&req("script name kept out", "GET", "/in/x").with("X-Script-Name", "/evil"));
    assert_eq!(seen.header("x-script-name"), None);
    let own = lab().backend.address;
    let (seen, _) = lab().pass(
        &req("script destination", "MOVE", "/cal/ann/work/a.ics")
            .with("Destination", "http://dav.test/cal/ann/work/b.ics")
            .with("Overwrite", "F"),
    );
    assert_eq!(seen.target, "/ann/work/a.ics");
    assert_eq!(
        seen.header("destination"),
        Some(format!("http://{own}/cal/ann/work/b.ics").as_str())
    );
    let body = multiget(&["/cal/ann/work/a.ics"]);
    let (seen, _) = lab().pass(
        &req("script body", "REPORT", "/cal/ann/work/")
            .with("Depth", "1")
            .xml(&body),
    );
    assert_eq!(
        (seen.target.as_str(), seen.header("x-script-name")),
        ("/ann/work/", Some("/cal"))
    );
    assert!(seen.text().contains(">/cal/ann/work/a.ics<"), "{}", seen.text());
}

// EX-1: a question of the gateway's own is told the same
#[test]
fn questions_are_told_too() {
    let (_, _) = lab().pass(&req("question", "PUT", "/cal/ann/new.ics").with("Content-Length", "0"));
    let questions = lab().backend.case("question");
    assert!(!questions.is_empty());
    for seen in questions {
        assert_eq!(
            seen.header("x-script-name"),
            Some("/cal"),
            "{} {}",
            seen.method,
            seen.target
        );
    }
}
