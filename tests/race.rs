//! A verdict that rests on what a probe found, and what happens when that changes before the write arrives (spec A-12, EX-5): the back
//! end appears to be overtaken on purpose. Every refused row has its twin.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Req, req};

/// `maker` may make what is not there, `editor` may write what is, `cleaner` may delete what does not hold a folder `kept`.
const CONFIGURATION: &str = r#"
listeners: [{ address: "@LISTEN@" }]
identity: { trusted_header: { user: X-Remote-User, from: [127.0.0.1] } }
routes:
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access: &rules
      - { path: "/*/kept/**", deny: [unbind], to: "user:cleaner" }
      - { path: "/**", allow: [all], to: "user:owner" }
      - { path: "/**", allow: [read, bind], to: "user:maker" }
      - { path: "/**", allow: [read, write-content], to: "user:editor" }
      - { path: "/**", allow: [read, unbind], to: "user:cleaner" }
  - name: deaf
    path: /deaf/
    backend: { url: "http://@BACK@/deaf-in/", profile: nginx }
    access: *rules
"#;

fn lab() -> Lab {
    Lab::with_configuration(CONFIGURATION)
}

fn by(user: &str, request: Req) -> Req {
    request.with("X-Remote-User", user)
}

fn put(name: &str, user: &str, path: &str) -> Req {
    by(user, req(name, "PUT", path).body("text"))
}

fn nothing() -> Vec<Step> {
    answer("404 Not Found", &[], "")
}

fn refused() -> Vec<Step> {
    answer("412 Precondition Failed", &[("ETag", "\"hidden\"")], "<h1>412</h1>")
}

fn file(path: &str, etag: &str) -> Vec<Step> {
    multistatus(propfind_answer(path, false).replace("\"e1\"", etag))
}

const CONDITIONS: [&str; 4] = ["If-None-Match", "If-Match", "If", "Overwrite"];

// A-12: what goes with the write, for each method and state.
#[test]
fn the_write_is_held_to_what_was_found() {
    let lab = lab();
    lab.backend.on("PROPFIND /dav/new", nothing());
    lab.backend.on("PROPFIND /dav/strong", file("/dav/strong", "\"s\""));
    lab.backend.on("PROPFIND /dav/weak", file("/dav/weak", "W/\"w\""));
    lab.backend.on("PROPFIND /deaf-in/new", nothing());
    let name_only = propfind_answer("/dav/locked", false).replace("<D:getetag>\"e1\"</D:getetag>", "");
    lab.backend.on("PROPFIND /dav/locked", multistatus(name_only));
    let lock = |name: &str, user: &str, path: &str| by(user, req(name, "LOCK", path).xml(LOCKINFO));
    let copy = by(
        "maker",
        req("copied", "COPY", "/files/strong").with("Destination", "http://dav.test/files/new"),
    );
    let one = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    each(
        [
            (put("made", "maker", "/files/new"), one("If-None-Match", "*")),
            (
                lock("lock of nothing", "maker", "/files/new"),
                one("If-None-Match", "*"),
            ),
            (
                put("made, own condition", "maker", "/files/new").with("If-None-Match", "\"x\""),
                one("If-None-Match", "*"),
            ),
            (put("strong", "editor", "/files/strong"), one("If-Match", "\"s\"")),
            (
                put("strong, own star", "editor", "/files/strong").with("If-Match", "*"),
                one("If-Match", "\"s\""),
            ),
            (
                put("strong, own tags", "editor", "/files/strong").with("If-Match", "\"a\", \"s\""),
                one("If-Match", "\"a\", \"s\""),
            ),
            (
                put("weak", "editor", "/files/weak"),
                one("If", &format!("<{}/dav/weak> ([W/\"w\"])", lab.origin())),
            ),
            (
                put("weak, own tokens", "editor", "/files/weak").with("If", "(<urn:a>) (Not <urn:b>)"),
                one("If", "(<urn:a> [W/\"w\"]) (Not <urn:b> [W/\"w\"])"),
            ),
            (
                by("cleaner", req("deleted", "DELETE", "/files/strong")),
                one("If-Match", "\"s\""),
            ),
            (copy, one("Overwrite", "F")),
            // mod_dav: locked, and not there.
            (put("locked", "maker", "/files/locked"), one("If-None-Match", "*")),
            (put("nginx", "maker", "/deaf/new"), Vec::new()),
        ],
        |(request, expected)| {
            let before = lab.backend.requests().len();
            let (seen, _) = lab.pass(&request);
            let sent: Vec<(String, String)> = CONDITIONS
                .iter()
                .flat_map(|name| {
                    seen.all(name)
                        .into_iter()
                        .map(|value| ((*name).to_owned(), value.to_owned()))
                })
                .collect();
            assert_eq!(sent, expected, "{}", request.name);
            assert_eq!(
                lab.backend.requests().len(),
                before + 2,
                "{}: one question",
                request.name
            );
        },
    );
}

// A-12: what has neither tag nor date is there, but with mod_dav.
#[test]
fn what_is_locked_and_not_there() {
    let lab = lab();
    let name_only = propfind_answer("/deaf-in/a", false).replace("<D:getetag>\"e1\"</D:getetag>", "");
    lab.backend.on("PROPFIND /deaf-in/a", multistatus(name_only));
    let got = lab.refuse_after_probe(403, &put("there", "maker", "/deaf/a"));
    assert!(got.has_condition("need-privileges"), "{}", got.text());
    lab.pass(&put("there, and may be written", "editor", "/deaf/a"));
}

// EX-5: who may do it whatever is there costs no question, and nothing is added.
#[test]
fn who_may_anyway_is_not_asked_about() {
    let lab = lab();
    let to = "http://dav.test/files/b";
    each(
        [
            put("free PUT", "owner", "/files/a"),
            by("owner", req("free DELETE", "DELETE", "/files/a")),
            by("owner", req("free MOVE", "MOVE", "/files/a").with("Destination", to)),
            by("owner", req("free LOCK", "LOCK", "/files/a").xml(LOCKINFO)),
            put("free PUT, deaf", "owner", "/deaf/a"),
        ],
        |request| {
            let before = lab.backend.requests().len();
            let (seen, _) = lab.pass(&request);
            assert_eq!(lab.backend.requests().len(), before + 1, "{}", request.name);
            for name in ["If-None-Match", "If-Match", "If"] {
                assert!(seen.header(name).is_none(), "{}: {name}", request.name);
            }
        },
    );
}

// A-12: the resource appears, or changes, between question and write.
#[test]
fn what_was_overtaken_is_decided_again() {
    let lab = lab();
    let ask = |request: &Req, status: u16, condition: &str, times: usize| {
        let got = lab.ask(request);
        assert_eq!(got.status, status, "{}: {}", request.name, got.text());
        assert!(
            condition.is_empty() || got.has_condition(condition),
            "{}: {}",
            request.name,
            got.text()
        );
        assert!(status == 412 || got.header("etag").is_none());
        assert_eq!(lab.backend.case(&request.name).len(), times, "{}", request.name);
    };
    let lock = |name: &str, path: &str| by("maker", req(name, "LOCK", path).xml(LOCKINFO));
    let made = || answer("201 Created", &[("Lock-Token", "<urn:uuid:1>")], "");

    // It appeared, and may not be written.
    lab.backend
        .on_each("PROPFIND /dav/a", [nothing(), file("/dav/a", "\"1\"")]);
    lab.backend.on("PUT /dav/a", refused());
    ask(&put("appeared", "maker", "/files/a"), 403, "need-privileges", 1);
    // It was there for a moment only: what streamed by cannot be sent again.
    lab.backend.on("PROPFIND /dav/b", nothing());
    lab.backend.on("PUT /dav/b", refused());
    ask(&put("was there", "maker", "/files/b"), 409, "changed-meanwhile", 1);
    // The client's own condition fails.
    ask(&put("own", "maker", "/files/b").with("If-None-Match", "*"), 412, "", 1);
    // The same where the gateway holds the body: it is sent again.
    lab.backend.on("PROPFIND /dav/c", nothing());
    lab.backend.on_each("LOCK /dav/c", [refused(), made()]);
    ask(&lock("again", "/files/c"), 201, "", 2);
    lab.backend.on("LOCK /dav/c", refused());
    ask(&lock("again and again", "/files/c"), 409, "changed-meanwhile", 2);
    // A version that was overtaken by another.
    lab.backend
        .on_each("PROPFIND /dav/d", [file("/dav/d", "\"1\""), file("/dav/d", "\"2\"")]);
    lab.backend
        .on_each("DELETE /dav/d", [refused(), answer("204 No Content", &[], "")]);
    let deletes = by("cleaner", req("overtaken", "DELETE", "/files/d"));
    ask(&deletes, 204, "", 2);
    let sent = lab.backend.case("overtaken");
    assert_eq!(sent[0].header("if-match"), Some("\"1\""));
    assert_eq!(sent[1].header("if-match"), Some("\"2\""));
    // A file that became a folder.
    let folder = multistatus(propfind_answer("/dav/e/", true));
    lab.backend
        .on_each("PROPFIND /dav/e", [file("/dav/e", "\"1\""), folder]);
    lab.backend.on("DELETE /dav/e", refused());
    ask(
        &by("cleaner", req("became a folder", "DELETE", "/files/e")),
        403,
        "need-privileges",
        1,
    );
    // What was to be made by COPY.
    lab.backend
        .on_each("PROPFIND /dav/to", [nothing(), file("/dav/to", "\"1\"")]);
    lab.backend.on("COPY /dav/from", refused());
    let copy = |name: &str| {
        by(
            "maker",
            req(name, "COPY", "/files/from").with("Destination", "http://dav.test/files/to"),
        )
    };
    ask(&copy("overtaken copy"), 403, "need-privileges", 1);
    lab.backend.on("PROPFIND /dav/to", nothing());
    lab.backend.on_each("COPY /dav/from", [refused(), made()]);
    ask(&copy("copy again"), 201, "", 2);
}

// A-12: where the back end has no conditions, writes to one resource wait for each other; those that need no question too.
#[test]
fn writes_take_turns_where_there_are_no_conditions() {
    let lab = lab();
    lab.backend.on("PROPFIND /deaf-in/turn", nothing());
    let slow = |seconds: f64| {
        let mut steps = vec![Step::Pause(Duration::from_secs_f64(seconds))];
        steps.extend(answer("201 Created", &[], ""));
        steps
    };
    lab.backend.on_each("PUT /deaf-in/turn", [slow(1.0), slow(0.0)]);
    let started = Instant::now();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| lab.pass(&put("first", "maker", "/deaf/turn")));
        assert!(
            lab.backend
                .wait_for(|seen| seen.iter().any(|one| one.header("x-case") == Some("first")))
        );
        lab.pass(&put("elsewhere", "owner", "/deaf/other"));
        assert!(
            started.elapsed() < Duration::from_millis(900),
            "another resource does not wait"
        );
        lab.pass(&put("second", "owner", "/deaf/turn"));
        assert!(
            started.elapsed() > Duration::from_secs(1),
            "it came before the answer to the first"
        );
        first.join().unwrap();
    });
    // Two that need no question do not wait for each other, and whoever waits too long is told so.
    lab.backend.on_each("PUT /deaf-in/turn", [slow(6.5), slow(0.0)]);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| lab.pass(&put("long", "owner", "/deaf/turn")));
        assert!(
            lab.backend
                .wait_for(|seen| seen.iter().any(|one| one.header("x-case") == Some("long")))
        );
        lab.pass(&put("beside", "owner", "/deaf/turn"));
        let got = lab.refuse_for(503, "busy", &put("too long", "maker", "/deaf/turn"));
        assert_eq!(got.header("retry-after"), Some("5"));
        first.join().unwrap();
    });
    lab.settle();
}

// EX-2: a back end without PROPFIND is asked by HEAD.
#[test]
fn head_tells_where_propfind_does_not_work() {
    let lab = lab();
    let unable = || answer("405 Method Not Allowed", &[("Allow", "GET, HEAD, PUT")], "");
    let moved = |path: &str| answer("301 Moved Permanently", &[("Location", path)], "");
    for (name, head) in [
        ("new", nothing()),
        ("file", answer("200 OK", &[("ETag", "\"e\"")], "")),
        ("folder", moved("/deaf-in/folder/")),
        ("elsewhere", moved("/login")),
        ("silent", answer("403 Forbidden", &[], "")),
    ] {
        lab.backend.on(&format!("PROPFIND /deaf-in/{name}"), unable());
        lab.backend.on(&format!("HEAD /deaf-in/{name}"), head);
        lab.backend
            .on(&format!("PUT /deaf-in/{name}"), answer("204 No Content", &[], ""));
    }
    let rows = [
        ("maker", "new", true),
        ("maker", "file", false),
        ("maker", "folder", false),
        ("maker", "elsewhere", false),
        ("maker", "silent", false),
        ("editor", "new", false),
        ("editor", "file", true),
        ("editor", "silent", false),
    ];
    each(rows, |(user, name, passes)| {
        let case = format!("EX-2 {user} {name}");
        let answer = lab.ask(&put(&case, user, &format!("/deaf/{name}")));
        let wrote = lab.backend.case(&case).iter().any(|seen| seen.method == "PUT");
        assert_eq!(
            (answer.status, wrote),
            if passes { (204, true) } else { (403, false) },
            "{case}"
        );
    });
}

// EX-2, A-37: the challenge that answers the question by HEAD has no body, whatever length it names.
#[test]
fn a_challenge_to_head_is_whole() {
    let lab = lab();
    let asks = [
        ("WWW-Authenticate", "Basic realm=\"x\""),
        ("Content-Type", "text/plain"),
        ("Content-Length", "381"),
    ];
    let head = asks.map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    lab.backend
        .on("PROPFIND /deaf-in/x", answer("405 Method Not Allowed", &[], ""));
    lab.backend.on(
        "HEAD /deaf-in/x",
        vec![Step::Send(format!("HTTP/1.1 401 Unauthorized\r\n{head}\r\n").into())],
    );
    let told = lab.ask(&put("EX-2 challenge", "maker", "/deaf/x"));
    assert_eq!((told.status, told.text().as_str()), (401, ""));
    assert_eq!(told.header("content-length"), Some("0"));
    assert!(told.header("www-authenticate").is_some());
}
