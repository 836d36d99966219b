//! Habits of back ends that no RFC knows, and what clients see in their place: redirects of what was moved away (P-15), connections that do not
//! outlive HEAD (RFC 9110 section 9.3.2), owners of locks as Python prints them (F-14). Each with a back end that has no such habit.
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
use support::samples::{LOCKINFO, PROPFIND, PROPPATCH, propfind_answer};
use support::wire::{Req, req};

const ROUTES: &str = r#"
  - name: plone
    path: /plone/
    backend: { url: "http://@BACK@/site/", profile: plone, acquisition: trust, credentials: { header: X-Remote-User } }
    methods: [dav, POST]
    access: &rules
      - { path: "/drop/**", deny: [write-content, unbind], to: "user:adder" }
      - { path: "/**", allow: [all], to: authenticated }
  - name: plain
    path: /plain/
    backend: { url: "http://@BACK@/plain-in/", profile: generic, credentials: { header: X-Remote-User } }
    methods: [dav, POST]
    access: *rules
  - name: emulated
    path: /emulated/
    backend: { url: "http://@BACK@/emulated-in/", profile: plone, acquisition: trust, credentials: { header: X-Remote-User } }
    locking: emulate
    access: *rules
  - name: again
    path: /again/
    backend: { url: "http://@BACK@/again-in/", profile: rclone, credentials: { header: X-Remote-User } }
    access:
      - { path: "/hidden/*/**", deny: [read], to: "user:bob" }
      - { path: "/closed/**", deny: [bind], to: "user:bob" }
      - { path: "/**", allow: [all], to: authenticated }
"#;

fn lab() -> Lab {
    Lab::with_users(ROUTES)
}

fn redirect(status: &str, location: &str) -> Vec<Step> {
    answer(status, &[("Location", location), ("X-Told", "yes")], "")
}

fn destined(request: Req) -> Req {
    request.with("Destination", "http://dav.test/plone/there")
}

#[test]
fn moved_away() {
    // P-15: 404, whoever asks for more than a page
    let lab = lab();
    let there = format!("{}/site/new", lab.origin());
    let ask = |method: &str| req(method, method, "/plone/old").by("ann");
    each(
        [
            (
                ask("PROPFIND").with("Depth", "0").xml(PROPFIND),
                "307 Temporary Redirect",
                404,
            ),
            (ask("PROPPATCH").xml(PROPPATCH), "307 Temporary Redirect", 404),
            (ask("DELETE"), "307 Temporary Redirect", 404),
            (ask("LOCK").xml(LOCKINFO), "302 Found", 404),
            (destined(ask("COPY")), "301 Moved Permanently", 404),
            (destined(ask("MOVE")), "308 Permanent Redirect", 404),
            (ask("OPTIONS"), "307 Temporary Redirect", 404),
            (ask("GET"), "302 Found", 302),
            (ask("HEAD"), "302 Found", 302),
            (ask("POST").body("x"), "302 Found", 302),
        ],
        |(request, status, seen)| {
            lab.backend.on("/site/old", redirect(status, &there));
            let answer = lab.ask(&request);
            let location = answer.header("Location").unwrap_or_default();
            assert_eq!(answer.status, seen, "{}: {}", request.name, answer.text());
            assert_eq!(
                location.ends_with("/plone/new"),
                seen != 404,
                "{}: {location}",
                request.name
            );
            assert_eq!(
                lab.backend.at("/site/new").len(),
                0,
                "{}: nobody goes there",
                request.name
            );
        },
    );
}

#[test]
fn redirects_that_say_something_else() {
    // P-15: the slash of a collection, a form for a password; and back ends that do not redirect what was moved
    let lab = lab();
    let delete = |target: &str| req(target, "DELETE", target).by("ann");
    each(
        [
            ("/site/slash", "/site/slash/", delete("/plone/slash")),
            (
                "/site/form",
                "/site/login?came_from=%2Fsite%2Fform",
                delete("/plone/form"),
            ),
            ("/site/away", "http://login.example/site/away", delete("/plone/away")),
            ("/plain-in/old", "/plain-in/new", delete("/plain/old")),
        ],
        |(path, location, request)| {
            lab.backend.on(path, redirect("307 Temporary Redirect", location));
            let answer = lab.ask(&request);
            assert_eq!(answer.status, 307, "{}: {}", request.name, answer.text());
        },
    );
}

#[test]
fn what_was_moved_away_is_free() {
    // EX-1, P-15: whoever may only add may add there; elsewhere nobody knows what such a redirect says
    let lab = lab();
    let put = |target: &str| req(target, "PUT", target).by("adder").body("x");
    for folder in ["/site/drop", "/plain-in/drop"] {
        let key = format!("PROPFIND {folder}/old");
        lab.backend
            .on(&key, redirect("307 Temporary Redirect", &format!("{folder}/new")));
    }
    lab.pass(&put("/plone/drop/old"));
    lab.refuse_after_probe(403, &put("/plain/drop/old"));
    lab.refuse_after_probe(403, &put("/plone/drop/there"));
}

#[test]
fn nothing_comes_after_head() {
    // RFC 9110 section 9.3.2: waitress closes the connection, or sends a body, of which the next request would get the answer
    let lab = lab();
    let told = "HTTP/1.1 404 Not Found\r\nContent-Length: 26\r\n\r\n";
    let body = "HTTP/1.1 200 Not Yours\r\n\r\n";
    for path in ["/site/gone", "/plain-in/kept"] {
        lab.backend
            .on(path, vec![Step::Send(told.into()), Step::Send(body.into())]);
    }
    let head = |target: &str| req(target, "HEAD", target).by("ann");
    let closes = |target: &str, path: &str| {
        let answer = lab.ask(&head(target));
        assert_eq!(answer.status, 404, "{target}");
        let seen = &lab.backend.at(path)[0];
        seen.header("Connection").map(str::to_owned)
    };
    assert_eq!(closes("/plone/gone", "/site/gone").as_deref(), Some("close"));
    assert_eq!(closes("/plain/kept", "/plain-in/kept"), None);
    let connections = lab.backend.connections();
    lab.pass(&req("PUT after HEAD", "PUT", "/plone/a").by("ann").body("x"));
    assert_eq!(lab.backend.connections(), connections + 1);
}

#[test]
fn nor_after_a_head_of_the_gateways_own() {
    // L-86: which looks for an entity tag
    let lab = lab();
    let bare = propfind_answer("/emulated-in/a", false).replace("<D:getetag>\"e1\"</D:getetag>", "");
    lab.backend.on("PROPFIND /emulated-in/a", multistatus(bare));
    let put = req("PUT", "PUT", "/emulated/a")
        .by("ann")
        .with("If", "([\"e1\"])")
        .body("x");
    lab.pass(&put);
    let seen = lab.backend.at("/emulated-in/a");
    let head = seen.iter().find(|seen| seen.method == "HEAD").unwrap();
    assert_eq!(head.header("Connection"), Some("close"));
}

#[test]
fn made_again() {
    // B-98, A-34: asked for first, where the back end says that it made what is there
    let lab = lab();
    let mkcol = |target: &str, user: &str| req(target, "MKCOL", target).by(user);
    for there in ["/again/there/", "/again/file"] {
        let answer = lab.refuse_after_probe(405, &mkcol(there, "ann"));
        assert!(answer.has_condition("mkcol-on-mapped"), "{}", answer.text());
        assert!(
            answer.lists("Allow", "PROPFIND") && !answer.lists("Allow", "MKCOL"),
            "{:?}",
            answer.headers
        );
    }
    let hidden = lab.refuse_after_probe(403, &mkcol("/again/hidden/there/", "bob"));
    let closed = lab.refuse_after_probe(403, &mkcol("/again/closed/there/", "bob"));
    assert!(hidden.has_condition("need-privileges") && closed.has_condition("need-privileges"));
    lab.pass(&mkcol("/again/missing/", "ann"));
    lab.pass(&mkcol("/again/hidden/missing/", "bob"));
    // The others say so themselves, and are not asked.
    lab.pass(&mkcol("/plain/there/", "ann"));
    let asked = lab.backend.requests();
    assert!(
        !asked
            .iter()
            .any(|seen| seen.method == "PROPFIND" && seen.target.starts_with("/plain-in/there"))
    );
}

#[test]
fn owners() {
    // F-14: read as what a client wrote
    let lab = lab();
    let found = |path: &str, owner: &str| {
        multistatus(format!(
            "<d:multistatus xmlns:d='DAV:'><d:response><d:href>{path}</d:href><d:propstat><d:prop><d:lockdiscovery><d:activelock>\
             <d:locktype><d:write/></d:locktype><d:lockscope><d:exclusive/></d:lockscope><d:depth>0</d:depth>\
             <d:owner>{owner}</d:owner></d:activelock></d:lockdiscovery></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>\
             </d:response></d:multistatus>"
        ))
    };
    let ask = |target: &str| {
        req(target, "PROPFIND", target)
            .by("ann")
            .with("Depth", "0")
            .xml(PROPFIND)
    };
    each(
        [
            ("b'ann'", "<d:owner>ann</d:owner>"),
            (
                "b'<D:href>mailto:ann@example.org</D:href>'",
                "<d:owner><D:href xmlns:D=\"DAV:\">mailto:ann@example.org</D:href></d:owner>",
            ),
            (r"b'Zo\xc3\xab'", "<d:owner>Zo\u{eb}</d:owner>"),
            ("bob", "<d:owner>bob</d:owner>"),
        ],
        |(printed, owner)| {
            lab.backend.on("PROPFIND /site/a", found("/site/a", printed));
            let answer = lab.ask(&ask("/plone/a"));
            assert!(
                answer.text().contains(owner),
                "{printed}: {} {}",
                answer.status,
                answer.text()
            );
        },
    );
    lab.backend.on("PROPFIND /plain-in/a", found("/plain-in/a", "b'ann'"));
    let text = lab.ask(&ask("/plain/a")).text();
    assert!(
        text.contains("<d:owner>b'ann'</d:owner>"),
        "elsewhere it is what the client wrote: {text}"
    );
}
