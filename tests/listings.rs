//! GET and HEAD of a collection, of which not everything may be read (spec A-24). Every refused row has its twin.
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
use support::samples::propfind_answer;
use support::wire::{Req, req};

/// `owner` may read everything, `reader` not what is in `dir/secret`, `single` one file, `lister` nothing that is deeper.
const CONFIGURATION: &str = r#"
listeners: [{ address: "@LISTEN@" }]
identity: { trusted_header: { user: X-Remote-User, from: [127.0.0.1] } }
routes:
  - name: pass
    path: /pass/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access: &rules
      - { path: "/dir/secret/**", deny: [read], to: "user:reader" }
      - { path: "/**", allow: [read], to: ["user:owner", "user:reader"] }
      - { path: "/dir/doc", allow: [read], to: "user:single" }
      - { path: "/*", allow: [read], to: "user:lister" }
  - name: deny
    path: /deny/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    collection_get: deny
    access: *rules
  - name: own
    path: /own/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    collection_get: synthetic
    methods:
      - { path: "/dir/unseen", allow: [PROPFIND, PUT] }
      - { path: "/dir/unlisted", allow: [GET] }
      - { path: "/**", allow: [read] }
    access: *rules
"#;

fn lab() -> Lab {
    let lab = Lab::with_configuration(CONFIGURATION);
    let member = |path: &str, collection: bool| {
        let kind = if collection { "<D:collection/>" } else { "" };
        format!(
            "<D:response><D:href>/dav/{path}</D:href><D:propstat><D:prop><D:resourcetype>{kind}</D:resourcetype>\
             <D:getlastmodified>Mon, 01 Jan 2001 01:01:01 GMT</D:getlastmodified></D:prop>\
             <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    let members = [
        member("dir/", true),
        member("dir/secret/", true),
        member("dir/%3Cscript%3E%26", false),
        member("dir/sub/", true),
        member("dir/unseen", false),
        member("dir/unlisted", false),
    ];
    let listing = multistatus(format!(
        "<D:multistatus xmlns:D=\"DAV:\">{}</D:multistatus>",
        members.concat()
    ));
    lab.backend
        .on("PROPFIND /dav/dir", multistatus(propfind_answer("/dav/dir/", true)));
    lab.backend.on("PROPFIND /dav/dir/", listing);
    let index = answer("200 OK", &[("Content-Type", "text/html")], "<a href=secret/>secret</a>");
    lab.backend.on("GET /dav/dir/", index.clone());
    lab.backend.on("GET /dav/dir", index);
    lab
}

fn get(name: &str, user: &str, path: &str) -> Req {
    req(name, "GET", path).with("X-Remote-User", user)
}

// A-24: what may be read by some only in part is shown to them not at all, and to the others as it is.
#[test]
fn what_may_not_be_read_as_a_whole() {
    let lab = lab();
    each(
        [
            ("folder", "reader", "/pass/dir/"),
            ("its parent", "reader", "/pass/"),
            ("the prefix", "reader", "/pass"),
            ("what may be a folder", "single", "/pass/dir/doc/"),
            ("nobody", "owner", "/deny/dir/"),
            ("nobody at all", "owner", "/deny/other/"),
        ],
        |(name, user, path)| {
            lab.refuse_for(403, "collection-listing", &get(name, user, path));
            let head = Req {
                method: "HEAD".to_owned(),
                ..get(&format!("HEAD {name}"), user, path)
            };
            let head = lab.refuse(403, &head);
            assert!(head.body.is_empty());
        },
    );
    for (name, user, path) in [
        ("no slash", "reader", "/pass/dir"),
        ("nobody, no slash", "owner", "/deny/dir"),
    ] {
        let got = lab.refuse_after_probe(403, &get(name, user, path));
        assert!(got.has_condition("collection-listing"), "{}", got.text());
    }
    assert!(lab.backend.at("/dav/dir").iter().all(|seen| seen.method == "PROPFIND"));
    // The twins, and how much each of them asks.
    each(
        [
            ("folder, all of it", "owner", "/pass/dir/", 1),
            ("folder, all of it, no slash", "owner", "/pass/dir", 1),
            ("another folder", "reader", "/pass/other/", 1),
            ("a file beside", "reader", "/pass/dir/file", 1),
            ("a file that could be a folder", "single", "/pass/dir/doc", 2),
            ("a file, no folders", "owner", "/deny/file", 2),
        ],
        |(name, user, path, requests)| {
            let before = lab.backend.requests().len();
            assert_eq!(lab.pass(&get(name, user, path)).1.status, 200);
            assert_eq!(lab.backend.requests().len() - before, requests, "{name}");
        },
    );
    lab.settle();
}

// RP-12: the busy times of a folder are those of all it holds, and nobody can filter them.
#[test]
fn what_sums_up_what_may_not_be_read() {
    let lab = lab();
    let calendar = answer("200 OK", &[("Content-Type", "text/calendar")], "BEGIN:VCALENDAR");
    lab.backend.on("REPORT /dav/dir", calendar);
    let ask = |user: &str| {
        let body = "<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
            <C:time-range start=\"20260101T000000Z\" end=\"20270101T000000Z\"/></C:free-busy-query>";
        let request = req(user, "REPORT", "/pass/dir").with("X-Remote-User", user);
        request.with("Depth", "infinity").xml(body)
    };
    let got = lab.refuse_after_probe(403, &ask("reader"));
    assert!(got.has_condition("need-privileges"), "{}", got.text());
    assert_eq!(lab.pass(&ask("owner")).1.status, 200);
    lab.settle();
}

// A-24: the listing of the gateway's own.
#[test]
fn what_may_be_read_is_listed() {
    let lab = lab();
    let page = lab.refuse_after_probe(200, &get("own", "reader", "/own/dir/"));
    let text = page.text();
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(
        page.header("content-security-policy")
            .is_some_and(|policy| policy.starts_with("default-src 'none'"))
    );
    for shown in [
        "<title>/own/dir/</title>",
        "href=\"/own/dir/sub/\"",
        "<bdi>&lt;script&gt;&amp;</bdi>",
        "Mon, 01 Jan 2001",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for hidden in ["secret", "unseen", "unlisted", "<script", "/dav/"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    let asked = lab.backend.at("/dav/dir/");
    assert_eq!(asked.len(), 1, "one question");
    assert_eq!(
        (asked[0].method.as_str(), asked[0].header("depth")),
        ("PROPFIND", Some("1"))
    );
    assert_eq!(
        lab.refuse_after_probe(200, &get("own, no slash", "reader", "/own/dir"))
            .text(),
        text
    );
    let head = Req {
        method: "HEAD".to_owned(),
        ..get("own HEAD", "reader", "/own/dir/")
    };
    let head = lab.refuse_after_probe(200, &head);
    assert_eq!(head.header("content-length"), Some(text.len().to_string().as_str()));
    // Whoever may read everything gets what the back end shows.
    assert!(
        lab.pass(&get("theirs", "owner", "/own/dir/"))
            .1
            .text()
            .contains("secret")
    );
}

// A-24: where there is no listing.
#[test]
fn what_cannot_be_listed() {
    let lab = lab();
    let at = |path: &str, steps| lab.backend.on(&format!("PROPFIND {path}"), steps);
    at("/dav/missing/", answer("404 Not Found", &[], ""));
    at("/dav/file/", multistatus(propfind_answer("/dav/file", false)));
    at("/dav/closed/", answer("403 Forbidden", &[], ""));
    at("/dav/broken/", answer("500 Internal Server Error", &[], ""));
    at("/dav/torn/", multistatus("<D:multistatus xmlns:D=\"DAV:\">"));
    at(
        "/dav/html/",
        answer("207 Multi-Status", &[("Content-Type", "text/html")], "<a href=secret>"),
    );
    at(
        "/dav/asks/",
        answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"files\"")], ""),
    );
    each(
        [
            ("missing", 404),
            ("file", 404),
            ("closed", 403),
            ("broken", 502),
            ("torn", 502),
            ("html", 502),
            ("asks", 401),
        ],
        |(name, status)| {
            let request = get(name, "lister", &format!("/own/{name}/"));
            let got = lab.refuse_after_probe(status, &request);
            assert!(!got.text().contains("secret"), "{name}");
        },
    );
}
