//! What goes out of a back end's answer depends on who asks (spec 3.6, F-1 to F-15 but for what tests/answers_members.rs has): each row is an answer of the back end, and what a
//! principal who may not see all of it gets. The twin is somebody who may.
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
use support::samples::{CALENDAR_QUERY as QUERY, search};
use support::wire::{Answer, req};

/// Ann may do everything. Bob may not read what begins with `hid`, and has neither `read-acl` nor `unlock`.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: generic }
    methods: [dav, SEARCH]
    limits: { propfind_depth: infinity }
    access:
      - { path: /d/hid*/**, deny: [read], to: user:bob }
      - { path: /**, allow: [all], to: user:ann }
      - { path: /**, allow: [read, write], to: user:bob }
"#;

const SYNC: &str = "<D:sync-collection xmlns:D='DAV:'><D:sync-token>urn:t1</D:sync-token><D:sync-level>1</D:sync-level>\
    <D:prop><D:getetag/></D:prop></D:sync-collection>";
/// Which of the two counts is the back end's to know: if it is the first, all members are new.
const TWO_TOKENS: &str = "<D:sync-collection xmlns:D='DAV:'><D:sync-token/><D:sync-token>urn:t1</D:sync-token><D:sync-level>1</D:sync-level>\
    <D:prop><D:getetag/></D:prop></D:sync-collection>";
const INITIAL_SYNC: &str = "<D:sync-collection xmlns:D='DAV:'><D:sync-token/><D:sync-level>1</D:sync-level>\
    <D:prop><D:getetag/></D:prop></D:sync-collection>";
const EXPAND: &str = "<D:expand-property xmlns:D='DAV:'><D:property name='version-set'/></D:expand-property>";
const ALLPROP: &str = "<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>";
const GUARDED: &str = "<D:propfind xmlns:D='DAV:'><D:prop><D:acl/><D:getetag/></D:prop></D:propfind>";
const PRIVILEGES: &str = "<D:propfind xmlns:D='DAV:'><D:prop><D:current-user-privilege-set/></D:prop></D:propfind>";

/// A multistatus with these children.
fn status(children: &[&str]) -> String {
    format!(
        "<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\">{}</D:multistatus>",
        children.concat()
    )
}

/// A response with a propstat 200.
fn found(path: &str, properties: &str) -> String {
    format!(
        "<D:response><D:href>/dav/{path}</D:href><D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 200 OK</D:status>\
         </D:propstat></D:response>"
    )
}

/// A response with a status.
fn told(path: &str, status: &str) -> String {
    format!("<D:response><D:href>/dav/{path}</D:href><D:status>HTTP/1.1 {status}</D:status></D:response>")
}

/// What is in an answer: `/d/a` (with a 200), `/d/a 404`; in the order of the answer.
fn resources(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let response = |part: &str| {
        let href = part.split("<D:href>").nth(1)?.split("</D:href>").next()?;
        let code = part.split("HTTP/1.1 ").nth(1)?.split(' ').next()?;
        let path = href.strip_prefix("/files").unwrap_or(href);
        Some(if code == "200" {
            path.to_owned()
        } else {
            format!("{path} {code}")
        })
    };
    text.split("<D:response>").skip(1).filter_map(response).collect()
}

struct Row {
    name: &'static str,
    method: &'static str,
    depth: &'static str,
    body: String,
    from: Vec<Step>,
    bob: &'static [&'static str],
    ann: &'static [&'static str],
}

fn row(
    name: &'static str,
    method: &'static str,
    depth: &'static str,
    body: &str,
    from: Vec<Step>,
    bob: &'static [&'static str],
    ann: &'static [&'static str],
) -> Row {
    let body = body.to_owned();
    Row {
        name,
        method,
        depth,
        body,
        from,
        bob,
        ann,
    }
}

#[test]
fn responses() {
    let lab = Lab::with_users(ROUTES);
    let etag = "<D:getetag>\"1\"</D:getetag>";
    let listing = status(&[
        &found("", etag),
        &found("d/", etag),
        &found("d/a", etag),
        &found("d/hid", etag),
        &found("d/hid/x", etag),
        &found("d/%68idden", etag),
        &found("d/b", etag),
        "<D:sync-token>urn:t2</D:sync-token>",
    ]);
    let hidden = status(&[&found("d/hid/x", etag), &found("d/hidden", etag)]);
    let changes = status(&[
        &found("d/a", etag),
        &found("d/hid", etag),
        &told("d/b", "404 Not Found"),
        &told("d/hidden", "404 Not Found"),
        &told("d/", "507 Insufficient Storage"),
        "<D:sync-token>urn:t2</D:sync-token>",
    ]);
    let failures = status(&[
        &told("d/a", "403 Forbidden"),
        "<D:response><D:href>/dav/d/hid/x</D:href><D:status>HTTP/1.1 423 Locked</D:status><D:error><D:lock-token-submitted>\
         <D:href>/dav/d/hid/x</D:href></D:lock-token-submitted></D:error></D:response>",
    ]);
    let nested = status(&[&found(
        "d/",
        &format!(
            "<D:version-set>{}{}</D:version-set>",
            found("d/a", etag),
            found("d/hid/x", etag)
        ),
    )]);
    let in_error = answer(
        "424 Failed Dependency",
        &[("Content-Type", "text/xml")],
        status(&[&told("d/a", "424 Failed Dependency"), &told("d/hid", "403 Forbidden")]),
    );
    let all: &[&str] = &["/d/", "/d/a", "/d/hid", "/d/hid/x", "/d/hidden", "/d/b"];
    let anything: &[&str] = &["/d/hid/x", "/d/hidden"];
    let rows = [
        row(
            "F-1 F-2 F-3 PROPFIND",
            "PROPFIND",
            "1",
            ALLPROP,
            multistatus(&listing),
            &["/d/", "/d/a", "/d/b"],
            all,
        ),
        row(
            "F-1 infinity",
            "PROPFIND",
            "infinity",
            "",
            multistatus(&listing),
            &["/d/", "/d/a", "/d/b"],
            all,
        ),
        row(
            "F-1 whatever the status",
            "PROPFIND",
            "1",
            "",
            in_error,
            &["/d/a 424"],
            &["/d/a 424", "/d/hid 403"],
        ),
        row(
            "F-4 DELETE",
            "DELETE",
            "infinity",
            "",
            multistatus(&failures),
            &["/d/a 403", "/d/ 423"],
            &["/d/a 403", "/d/hid/x 423"],
        ),
        row(
            "F-8 changes",
            "REPORT",
            "0",
            SYNC,
            multistatus(&changes),
            &["/d/a", "/d/hid 404", "/d/b 404", "/d/ 507"],
            &["/d/a", "/d/hid", "/d/b 404", "/d/hidden 404", "/d/ 507"],
        ),
        row(
            "F-8 initial",
            "REPORT",
            "0",
            INITIAL_SYNC,
            multistatus(&changes),
            &["/d/a", "/d/b 404", "/d/ 507"],
            &["/d/a", "/d/hid", "/d/b 404", "/d/hidden 404", "/d/ 507"],
        ),
        row(
            "F-8 perhaps initial",
            "REPORT",
            "0",
            TWO_TOKENS,
            multistatus(&changes),
            &["/d/a", "/d/b 404", "/d/ 507"],
            &["/d/a", "/d/hid", "/d/b 404", "/d/hidden 404", "/d/ 507"],
        ),
        row(
            "F-10 expand-property",
            "REPORT",
            "0",
            EXPAND,
            multistatus(&nested),
            &["/d/a"],
            &["/d/a", "/d/hid/x"],
        ),
        row("F-11 query", "REPORT", "1", QUERY, multistatus(&hidden), &[], anything),
        row(
            "F-11 SEARCH",
            "SEARCH",
            "",
            &search("<D:getetag/>"),
            multistatus(&hidden),
            &[],
            anything,
        ),
    ];
    each(rows, |row| {
        lab.backend.on(&format!("{} /dav/d/", row.method), row.from);
        for (user, expected) in [("bob", row.bob), ("ann", row.ann)] {
            let mut request = req(&format!("{} {user}", row.name), row.method, "/files/d/").by(user);
            if !row.depth.is_empty() {
                request = request.with("Depth", row.depth);
            }
            if !row.body.is_empty() {
                request = request.xml(&row.body);
            }
            let got = lab.ask(&request);

            let resources = resources(&got);
            assert_eq!(
                resources,
                expected,
                "{} {user}: {} {}",
                row.name,
                got.status,
                got.text()
            );
            assert_eq!(lab.backend.case(&request.name).len(), 1, "{} {user}", row.name);
            assert!(got.text().ends_with("</D:multistatus>"), "{} {user}", row.name);
            let hides = got.text().contains("hid") && !expected.iter().any(|path| path.contains("hid"));
            assert!(!hides, "{} {user}: {}", row.name, got.text());
        }
    });
}

// F-2: what is no response stays.
#[test]
fn the_sync_token_stays() {
    let lab = Lab::with_users(ROUTES);
    let body = status(&[&told("d/hid", "404 Not Found"), "<D:sync-token>urn:t2</D:sync-token>"]);
    lab.backend.on("REPORT /dav/d/", multistatus(body));
    let request = req("F-2", "REPORT", "/files/d/").by("bob").with("Depth", "0").xml(SYNC);
    let (_, got) = lab.pass(&request);
    assert!(
        got.text().contains("<D:sync-token>urn:t2</D:sync-token>"),
        "{}",
        got.text()
    );
    assert!(!got.text().contains("hid"), "{}", got.text());
}

// F-5
#[test]
fn guarded_properties() {
    let lab = Lab::with_users(ROUTES);
    let privilege = |name: &str| format!("<D:privilege><D:{name}/></D:privilege>");
    let set = ["all", "read", "write", "read-acl", "unlock", "bind"]
        .map(privilege)
        .concat();
    let acl = "<D:acl><D:ace>bob reads</D:ace></D:acl>";
    let set = format!("<D:current-user-privilege-set>{set}</D:current-user-privilege-set>");
    let properties = format!("{acl}<D:getetag>\"1\"</D:getetag>{set}");
    lab.backend
        .on("PROPFIND /dav/d/a", multistatus(status(&[&found("d/a", &properties)])));
    let forbidden = "<D:propstat><D:prop><D:acl/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat>";
    let narrow = "<D:current-user-privilege-set><D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege>\
        <D:privilege><D:bind/></D:privilege></D:current-user-privilege-set>";
    for (name, user, body, has, lacks) in [
        (
            "by name",
            "bob",
            GUARDED,
            &[forbidden, "getetag"][..],
            &["bob reads"][..],
        ),
        ("by name, twin", "ann", GUARDED, &[acl], &["403"]),
        ("all", "bob", ALLPROP, &["getetag", narrow], &["acl>", "403"]),
        ("all, twin", "ann", ALLPROP, &[acl, &set], &["403"]),
        ("privileges", "bob", PRIVILEGES, &[narrow], &["all", "unlock"]),
    ] {
        let request = req(&format!("F-5 {name}"), "PROPFIND", "/files/d/a")
            .by(user)
            .with("Depth", "0")
            .xml(body);
        let (_, got) = lab.pass(&request);
        for text in has {
            assert!(got.text().contains(text), "{name}: no {text} in {}", got.text());
        }
        for text in lacks {
            assert!(!got.text().contains(text), "{name}: {text} in {}", got.text());
        }
    }
}

// F-13, F-14, F-15: what cannot be filtered is not passed on.
#[test]
fn answers_that_cannot_be_filtered() {
    let lab = Lab::with_users(ROUTES);
    let xml = [("Content-Type", "application/xml")];
    let long = found(
        "d/a",
        &format!("<D:displayname>{}</D:displayname>", "x".repeat(5 << 20)),
    );
    each(
        [
            ("F-13", "PROPFIND", multistatus(status(&[&long])), 502),
            (
                "F-14 cut off",
                "PROPFIND",
                multistatus("<D:multistatus xmlns:D=\"DAV:\"><D:response>"),
                502,
            ),
            ("F-14 prefix", "REPORT", multistatus("<D:multistatus/>"), 502),
            (
                "F-15 text",
                "PROPFIND",
                answer("200 OK", &[("Content-Type", "text/plain")], "d/hid"),
                502,
            ),
            (
                "F-15 root",
                "REPORT",
                answer("200 OK", &xml, "<D:prop xmlns:D=\"DAV:\"/>"),
                502,
            ),
            ("F-15 empty", "SEARCH", answer("204 No Content", &[], ""), 502),
            (
                "F-15 multistatus",
                "PROPFIND",
                multistatus(status(&[&found("d/a", "")])),
                207,
            ),
        ],
        |(name, method, from, expected)| {
            lab.backend.on(&format!("{method} /dav/d/"), from);
            let body = match method {
                "PROPFIND" => ALLPROP.to_owned(),
                "REPORT" => QUERY.to_owned(),
                _ => search("<D:getetag/>"),
            };
            let request = req(name, method, "/files/d/").by("bob").with("Depth", "1").xml(body);
            let got = lab.ask(&request);
            assert_eq!(got.status, expected, "{name}: {}", got.text());
            assert!(!got.text().contains("hid"), "{name}: {}", got.text());
        },
    );
}
