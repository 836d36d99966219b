//! What a request itself asks for and may not have: members of a multiget, properties to select by, tokens and owners of locks (spec
//! F-6, F-7, F-12).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{answer, multistatus};
use support::lab::Lab;
use support::samples::{CALENDAR_QUERY as QUERY, LOCKINFO, lock_answer, multiget, search};
use support::wire::{Answer, req};

/// Ann may do everything, bob too but for what begins with `hid`, and `unlock`.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: generic }
    methods:
      - { path: /d/kept*, allow: [GET, SEARCH] }
      - { path: /**, allow: [dav, SEARCH] }
    access: &access
      - { path: /d/hid*/**, deny: [all], to: user:bob }
      - { path: /**, allow: [all], to: user:ann }
      - { path: /**, allow: [read, write], to: user:bob }
  - name: header
    hosts: [dav.test]
    path: /header/
    backend: { url: "http://@BACK@/header-in/", profile: generic, credentials: { header: X-Remote-User } }
    access: *access
    hide_lock_owner: true
  - name: times
    hosts: [dav.test]
    path: /times/
    backend: { url: "http://@BACK@/times-in/", profile: generic }
    access: [{ path: /**, allow: [read-free-busy], to: user:bob }]
"#;

// RP-22
#[test]
fn who_may_know_when_somebody_is_busy_may_know_nothing_else() {
    let lab = Lab::with_users(ROUTES);
    let busy = "<C:free-busy-query xmlns:C='urn:ietf:params:xml:ns:caldav'><C:time-range start='20260104T140000Z' \
        end='20260105T220000Z'/></C:free-busy-query>";
    let report = |user: &str, body: &str| {
        let name = format!("RP-22 {user} {}", body.len());
        req(&name, "REPORT", "/times/cal").by(user).with("Depth", "0").xml(body)
    };
    lab.refuse(404, &report("ann", busy));
    lab.refuse(404, &report("bob", QUERY));
    lab.refuse(
        404,
        &req("RP-22 propfind", "PROPFIND", "/times/cal")
            .by("bob")
            .with("Depth", "0"),
    );
    lab.refuse(404, &req("RP-22 get", "GET", "/times/cal").by("bob"));
    drop(lab.pass(&report("bob", busy)));
}

// F-7
#[test]
fn members_that_may_not_be_read_are_not_asked_for() {
    let lab = Lab::with_users(ROUTES);
    let of_a = "<multistatus xmlns='DAV:'><response><href>/dav/d/a</href><propstat><prop><getetag>\"1\"</getetag></prop>\
        <status>HTTP/1.1 200 OK</status></propstat></response></multistatus>";
    lab.backend.on("REPORT /dav/d/", multistatus(of_a));
    let ask = |name: &str, user: &str, members: &[&str]| {
        req(&format!("F-7 {name}"), "REPORT", "/files/d/")
            .by(user)
            .with("Depth", "0")
            .xml(multiget(members))
    };
    let members = [
        "/files/d/a",
        "http://dav.test/files/d/%68id",
        "/files/d/hidden/x",
        "/files/d/kept",
    ];
    let (seen, got) = lab.pass(&ask("some", "bob", &members));
    assert!(seen.text().contains(">/dav/d/a<"), "{}", seen.text());
    for gone in ["hid", "%68", "kept"] {
        assert!(!seen.text().contains(gone), "{gone} went on: {}", seen.text());
    }
    for told in [
        "<href>/files/d/a</href><propstat>",
        "<response><href>/files/d/hid</href><status>HTTP/1.1 404 Not Found</status></response>",
        "<response><href>/files/d/hidden/x</href><status>HTTP/1.1 404 Not Found</status></response>",
        "<response><href>/files/d/kept</href><status>HTTP/1.1 403 Forbidden</status></response></multistatus>",
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
    let hidden = req("F-7 hidden target", "REPORT", "/files/d/hid/")
        .by("bob")
        .with("Depth", "0");
    lab.refuse(404, &hidden.xml(multiget(&members[1..2])));
    lab.refuse_for(
        400,
        "url-in-body",
        &ask("elsewhere", "bob", &["/files/d/hid", "/other/x"]),
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
    let lab = Lab::with_users(ROUTES);
    lock_at(&lab, "/dav/d/a");
    let at = |name: &str, method: &str, user: &str| req(&format!("F-6 {name}"), method, "/files/d/a").by(user);
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
    let lab = Lab::with_users(ROUTES);
    for (prefix, back, user, shows) in [
        ("/files/d/a", "/dav/d/a", "bob", true),
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

// F-12: nothing reaches the back end, but the same by another property does.
#[test]
fn nothing_is_selected_by_what_is_guarded() {
    let lab = Lab::with_users(ROUTES);
    let query = |name: &str| {
        QUERY.replace(
            "'VCALENDAR'/>",
            &format!("'VCALENDAR'><C:prop-filter name='{name}'/></C:comp-filter>"),
        )
    };
    let principals = |name: &str| {
        format!(
            "<D:principal-property-search xmlns:D='DAV:'><D:property-search><D:prop>{name}</D:prop><D:match>x</D:match>\
             </D:property-search></D:principal-property-search>"
        )
    };
    for (name, method, refused, twin) in [
        ("where", "SEARCH", search("<D:acl/>"), search("<D:getetag/>")),
        (
            "locks",
            "SEARCH",
            search("<D:lockdiscovery/>"),
            search("<D:displayname/>"),
        ),
        ("prop-filter", "REPORT", query("ACL"), query("SUMMARY")),
        (
            "principals",
            "REPORT",
            principals("<D:acl/>"),
            principals("<D:displayname/>"),
        ),
    ] {
        let ask = |name: &str, body: &str| {
            let request = req(&format!("F-12 {name}"), method, "/files/d/").by("ann").xml(body);
            if method == "REPORT" {
                request.with("Depth", "0")
            } else {
                request
            }
        };
        lab.refuse_for(403, "selection-by-guarded-property", &ask(name, &refused));
        lab.pass(&ask(&format!("{name}, twin"), &twin));
    }
    lab.settle();
}
