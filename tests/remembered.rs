//! What the gateway asked a moment ago for a read, it does not ask again (spec EX-4): counted is what the back end saw. Every row
//! that is spared a question has a twin that is not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::propfind_answer;
use support::wire::{Req, req};

/// GET without a slash asks whether it is of a folder; PUT by `maker`, whether something is there.
const CONFIGURATION: &str = r#"
listeners: [{ address: "@LISTEN@" }]
identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }
routes:
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    collection_get: deny
    methods: [dav, POST]
    access: &rules
      - { path: "/**", allow: [read, bind], to: "user:maker" }
      - { path: "/**", deny: [all], to: "user:maker" }
      - { path: "/**", allow: [all], to: authenticated }
  - name: again
    path: /again/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    collection_get: deny
    access: *rules
  - name: service
    path: /service/
    backend:
      url: http://@BACK@/served/
      profile: apache
      credentials: { service: { user: gateway, password_env: PATH } }
    collection_get: deny
    access: *rules
  - name: named
    path: /named/
    backend: { url: "http://@BACK@/named-in/", profile: apache, credentials: { header: X-Remote-User } }
    collection_get: deny
    access: *rules
"#;

fn lab() -> Lab {
    let lab = Lab::with_configuration(CONFIGURATION);
    for folder in ["dav", "served", "named-in"] {
        for file in ["file", "dir/file", "other"] {
            let path = format!("/{folder}/{file}");
            lab.backend
                .on(&format!("PROPFIND {path}"), multistatus(propfind_answer(&path, false)));
        }
    }
    lab
}

fn by(user: &str, method: &str, path: &str) -> Req {
    req(&format!("{user} {method} {path}"), method, path).with("X-User", user)
}

/// How many questions this request costs; it arrives.
fn questions(lab: &Lab, request: &Req) -> usize {
    let before = lab.backend.requests().len();
    let answer = lab.ask(request);
    assert!(
        answer.status < 400,
        "{}: {} {}",
        request.name,
        answer.status,
        answer.text()
    );
    let seen = lab.backend.requests().split_off(before);
    assert!(
        seen.iter().any(|seen| seen.header("x-case") == Some(&request.name)),
        "arrives"
    );
    seen.iter().filter(|seen| seen.header("x-case").is_none()).count()
}

// EX-4: asked once in two seconds, by each for himself where he asks with credentials of his own.
#[test]
fn who_need_not_ask_again() {
    let lab = lab();
    let basic = |request: Req, words: &str| request.with("Authorization", &format!("Basic {words}"));
    each(
        [
            ("the first", by("ann", "GET", "/files/file"), 1),
            ("again", by("ann", "GET", "/files/file"), 0),
            ("HEAD", by("ann", "HEAD", "/files/file"), 0),
            ("another", by("ann", "GET", "/files/other"), 1),
            ("other credentials", basic(by("ann", "GET", "/files/file"), "YTpi"), 1),
            (
                "other credentials again",
                basic(by("ann", "GET", "/files/file"), "YTpi"),
                0,
            ),
            ("and others", basic(by("ann", "GET", "/files/file"), "YTpj"), 1),
            (
                "another session",
                by("ann", "GET", "/files/file").with("Cookie", "a=b"),
                1,
            ),
            ("another route", by("ann", "GET", "/again/file"), 1),
            // The same account asks for everybody.
            ("account", by("ann", "GET", "/service/file"), 1),
            ("account, another user", by("bob", "GET", "/service/file"), 0),
            // The back end is told the user.
            ("named", by("ann", "GET", "/named/file"), 1),
            ("named, another user", by("bob", "GET", "/named/file"), 1),
            ("named, nobody new", by("bob", "GET", "/named/file"), 0),
        ],
        |(name, request, expected)| assert_eq!(questions(&lab, &request), expected, "{name}"),
    );
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(
        questions(&lab, &by("ann", "GET", "/files/file")),
        1,
        "two seconds later"
    );
}

// EX-4: what is refused without a question was found to be a folder a moment ago; what is not there is asked for each time.
#[test]
fn what_is_there_is_remembered() {
    let lab = lab();
    lab.backend
        .on("PROPFIND /dav/dir", multistatus(propfind_answer("/dav/dir/", true)));
    lab.backend.on("PROPFIND /dav/gone", answer("404 Not Found", &[], ""));
    lab.backend.on("GET /dav/gone", answer("404 Not Found", &[], ""));
    for (path, status, asked) in [("dir", 403, 1), ("gone", 404, 4)] {
        let before = lab.backend.requests().len();
        for _ in 0..2 {
            assert_eq!(lab.ask(&by("ann", "GET", &format!("/files/{path}"))).status, status);
        }
        assert_eq!(lab.backend.requests().len() - before, asked, "{path}");
    }
}

// EX-4: a write through this gateway, at, above or below, makes it void, whatever route it takes.
#[test]
fn writes_come_between() {
    let lab = lab();
    let to = |method: &str, from: &str, to: &str| {
        by("owner", method, from).with("Destination", &format!("http://dav.test{to}"))
    };
    each(
        [
            (by("owner", "PUT", "/files/dir/file").body("x"), 1),
            (by("owner", "PUT", "/again/dir/file").body("x"), 1),
            (by("owner", "DELETE", "/files/dir"), 1),
            (by("owner", "PUT", "/files/dir/file/below").body("x"), 1),
            (to("MOVE", "/files/dir/file", "/files/away"), 1),
            (to("COPY", "/files/else", "/files/dir/file"), 1),
            (to("MOVE", "/files/else", "/files/dir"), 1),
            (by("owner", "POST", "/files/form").body("x"), 1),
            (by("owner", "PUT", "/files/dir/file2").body("x"), 0),
            (by("owner", "DELETE", "/files/di"), 0),
            (by("owner", "PUT", "/named/dir/file").body("x"), 0),
            (by("owner", "PROPFIND", "/files/dir").with("Depth", "1"), 0),
        ],
        |(write, expected)| {
            let read = by("ann", "GET", "/files/dir/file");
            questions(&lab, &read);
            assert_eq!(questions(&lab, &read), 0, "{}: before", write.name);
            lab.ask(&write);
            assert_eq!(lab.backend.case(&write.name).len(), 1, "{}: arrives", write.name);
            assert_eq!(questions(&lab, &read), expected, "{}: after", write.name);
        },
    );
}

// EX-4: what was asked before a write ended may be old when it is answered.
#[test]
fn writes_that_last() {
    let lab = lab();
    let mut slow = vec![Step::Pause(Duration::from_millis(600))];
    slow.extend(answer("204 No Content", &[], ""));
    lab.backend.on("PUT /dav/file", slow);
    let write = by("owner", "PUT", "/files/file").body("x");
    let read = by("ann", "GET", "/files/file");
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| lab.ask(&write).status);
        assert!(
            lab.backend
                .wait_for(|seen| seen.iter().any(|seen| seen.method == "PUT"))
        );
        assert_eq!(questions(&lab, &read), 1, "while it lasts");
        assert_eq!(questions(&lab, &read), 1, "and it is not remembered");
        assert_eq!(writing.join().unwrap(), 204);
    });
    // The other way round: the question takes longer than the write.
    lab.backend.on("PUT /dav/other", answer("204 No Content", &[], ""));
    let mut slow = vec![Step::Pause(Duration::from_millis(600))];
    slow.extend(multistatus(propfind_answer("/dav/other", false)));
    lab.backend.on("PROPFIND /dav/other", slow);
    let read = by("ann", "GET", "/files/other");
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| questions(&lab, &read));
        let asked = |seen: &support::backend::Seen| seen.method == "PROPFIND" && seen.target == "/dav/other";
        assert!(lab.backend.wait_for(|seen| seen.iter().any(asked)));
        assert_eq!(lab.ask(&by("owner", "PUT", "/files/other").body("x")).status, 204);
        reading.join().unwrap();
    });
    assert_eq!(questions(&lab, &read), 1, "asked before the write");
    assert_eq!(questions(&lab, &read), 0, "asked after it");
}

// EX-4: a write asks for itself, whatever a read learnt.
#[test]
fn no_write_rests_on_it() {
    let lab = lab();
    let maker = |name: &str, method: &str| by("maker", method, "/files/file").with("X-Try", name);
    assert_eq!(questions(&lab, &maker("learns", "GET")), 1);
    assert_eq!(questions(&lab, &maker("knows", "GET")), 0);
    let before = lab.backend.requests().len();
    let refused = lab.refuse_after_probe(403, &maker("writes", "PUT").body("x"));
    assert!(refused.has_condition("need-privileges"), "{}", refused.text());
    assert_eq!(lab.backend.requests().len() - before, 1, "asked");
    // The twin: it went meanwhile, and so may be made.
    assert_eq!(questions(&lab, &maker("knows again", "GET")), 1);
    lab.backend.on("PROPFIND /dav/file", answer("404 Not Found", &[], ""));
    let (seen, _) = lab.pass(&maker("makes", "PUT").body("x"));
    assert_eq!(seen.header("if-none-match"), Some("*"));
}
