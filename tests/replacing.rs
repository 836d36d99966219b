//! Writes that a back end refuses for the kinds of what is at their ends (RFC 4918 sections 9.8.4, 9.9.3; spec B-38, P-7): nginx puts no file in
//! the place of a collection, and wants the slash of a collection. They are sent again as it can carry them out, and only then is anything
//! deleted; whoever may not, whoever meets a lock and whoever said Overwrite: F deletes nothing.
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
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Answer, Req, req};

const CONFIGURATION: &str = r#"
listeners: [{ address: "@LISTEN@" }]
identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }
routes:
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: nginx, credentials: { header: X-Remote-User } }
    locking: emulate
    methods:
      - { path: /filtered/d/**, allow: [COPY, MOVE, PUT] }
      - { path: /**, allow: [dav] }
    access:
      - { path: /**, deny: [unbind], to: "user:adder" }
      - { path: /blind/d/**, deny: [read], to: "user:bob" }
      - { path: /**, allow: [all], to: authenticated }
  - name: unlocked
    path: /unlocked/
    backend: { url: "http://@BACK@/dav/", profile: nginx }
    locking: off
  - name: others
    path: /others/
    backend: { url: "http://@BACK@/others-in/", profile: generic }
"#;

const CONFLICT: &str = "409 Conflict";

/// A back end with a file `f` and a collection `d` in each of the folders, which refuses the first COPY, MOVE and DELETE of either.
fn lab() -> Lab {
    let lab = Lab::with_configuration(CONFIGURATION);
    for folder in ["/dav/a", "/dav/filtered", "/dav/blind", "/others-in"] {
        let (file, collection) = (format!("{folder}/f"), format!("{folder}/d"));
        for path in [&collection, &format!("{collection}/")] {
            let body = multistatus(propfind_answer(&format!("{collection}/"), true));
            lab.backend.on(&format!("PROPFIND {path}"), body);
        }
        for path in [&file, &format!("{file}/")] {
            lab.backend
                .on(&format!("PROPFIND {path}"), multistatus(propfind_answer(&file, false)));
        }
        for method in ["COPY", "MOVE"] {
            for path in [&file, &collection] {
                refuse_once(&lab, &format!("{method} {path}"), CONFLICT);
            }
        }
    }
    lab
}

fn refuse_once(lab: &Lab, key: &str, status: &str) {
    lab.backend
        .on_each(key, [answer(status, &[], ""), answer("204 No Content", &[], "")]);
}

fn onto(method: &str, user: &str, from: &str, to: &str) -> Req {
    let destination = format!("http://dav.test{to}");
    req(&format!("{method} {from} {to} by {user}"), method, from)
        .by(user)
        .with("Destination", &destination)
}

/// The answer, and what of it reached the back end: methods with targets, without questions.
fn sent(lab: &Lab, request: &Req) -> (Answer, Vec<String>) {
    let before = lab.backend.requests().len();
    let answer = lab.ask(request);
    let seen = lab.backend.requests().split_off(before);
    let writes = seen.iter().filter(|seen| seen.method != "PROPFIND");
    (
        answer,
        writes.map(|seen| format!("{} {}", seen.method, seen.target)).collect(),
    )
}

#[test]
fn a_file_in_the_place_of_a_collection() {
    // B-38: deleted first, whole, as the one that asks
    each(["COPY", "MOVE"], |method| {
        let lab = lab();
        let (answer, seen) = sent(&lab, &onto(method, "ann", "/files/a/f", "/files/a/d"));
        let whole = [
            format!("{method} /dav/a/f"),
            "DELETE /dav/a/d/".into(),
            format!("{method} /dav/a/f"),
        ];
        assert_eq!((answer.status, seen), (204, whole.to_vec()), "{method}");
        let deleted = &lab.backend.at("/dav/a/d/")[..];
        let delete = deleted.iter().find(|seen| seen.method == "DELETE").unwrap();
        assert_eq!(
            (delete.header("Depth"), delete.header("X-Remote-User")),
            (Some("infinity"), Some("ann"))
        );
        assert_eq!((delete.header("Destination"), delete.header("Overwrite")), (None, None));
    });
}

#[test]
fn what_is_not_to_be_replaced_is_not_deleted() {
    // B-38, L-38, A-20: by Overwrite, by a lock, by rights, by the filter
    let overwrite = |request: Req| request.with("Overwrite", "F");
    each(
        [
            (412, overwrite(onto("COPY", "ann", "/files/a/f", "/files/a/d")), 1),
            (412, overwrite(onto("MOVE", "ann", "/files/a/f", "/files/a/d")), 1),
            (403, onto("MOVE", "adder", "/files/a/f", "/files/a/d"), 0),
            (403, onto("COPY", "ann", "/files/a/f", "/files/filtered/d"), 0),
            // A-34: that something is there is not told to whoever may not see it.
            (403, overwrite(onto("COPY", "bob", "/files/a/f", "/files/blind/d")), 1),
        ],
        |(status, request, arrives)| {
            let (answer, seen) = sent(&lab(), &request);
            assert_eq!(
                (answer.status, seen.len()),
                (status, arrives),
                "{}: {seen:?}",
                request.name
            );
            assert!(
                !seen.iter().any(|line| line.starts_with("DELETE")),
                "{}: {seen:?}",
                request.name
            );
        },
    );
}

#[test]
fn what_a_condition_was_to_save_is_not_deleted() {
    // Nobody has judged it: nginx refused before, and knows none of them for COPY, MOVE and DELETE.
    let copy = |to: &str| onto("COPY", "ann", &format!("/{to}/a/f"), &format!("/{to}/a/d"));
    let token = "(Not <DAV:no-lock>)";
    each(
        [
            (409, copy("files").with("If-Match", "\"x\""), 1),
            (409, copy("files").with("If-None-Match", "*"), 1),
            (
                409,
                copy("files").with("If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT"),
                1,
            ),
            (409, copy("unlocked").with("If", token), 1),
            // The twins: it was judged here, and there is none.
            (204, copy("files").with("If", token), 3),
            (204, copy("unlocked"), 3),
        ],
        |(status, request, arrives)| {
            let (answer, seen) = sent(&lab(), &request);
            assert_eq!(
                (answer.status, seen.len()),
                (status, arrives),
                "{}: {seen:?}",
                request.name
            );
        },
    );
}

#[test]
fn what_is_locked_is_not_deleted() {
    // L-33, L-34
    for inside in ["/files/a/d", "/files/a/d/inside"] {
        let lab = lab();
        let lock = req("LOCK", "LOCK", inside).by("bob").with("Depth", "0").xml(LOCKINFO);
        let locked = lab.ask(&lock);
        assert_eq!(locked.status, 200, "{}", locked.text());
        let (answer, seen) = sent(&lab, &onto("COPY", "ann", "/files/a/f", "/files/a/d"));
        assert_eq!((answer.status, seen), (423, Vec::new()), "{inside}");
        let token = locked.header("Lock-Token").unwrap();
        let own =
            onto("COPY", "bob", "/files/a/f", "/files/a/d").with("If", &format!("<http://dav.test{inside}> ({token})"));
        let (answer, seen) = sent(&lab, &own);
        assert_eq!((answer.status, seen.len()), (204, 3), "{inside}: {seen:?}");
    }
}

#[test]
fn a_delete_that_fails() {
    // RFC 4918 section 9.9.3: its answer is the answer, and nothing else happens
    let body = "<D:multistatus xmlns:D='DAV:'><D:response><D:href>/dav/a/d/kept</D:href><D:status>HTTP/1.1 403 Forbidden</D:status>\
                </D:response></D:multistatus>";
    let rows: [(u16, Vec<Step>); 3] = [
        (403, answer("403 Forbidden", &[], "")),
        (507, answer("507 Insufficient Storage", &[], "")),
        (207, multistatus(body)),
    ];
    for (status, refusal) in rows {
        let lab = lab();
        lab.backend.on("DELETE /dav/a/d/", refusal);
        let (answer, seen) = sent(&lab, &onto("MOVE", "ann", "/files/a/f", "/files/a/d"));
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(seen, ["MOVE /dav/a/f", "DELETE /dav/a/d/"]);
        assert_eq!(
            answer.text().contains("/files/a/d/kept"),
            status == 207,
            "{}",
            answer.text()
        );
    }
    // It went by itself: then nothing stands in the way.
    let lab = lab();
    lab.backend.on("DELETE /dav/a/d/", answer("404 Not Found", &[], ""));
    let (answer, seen) = sent(&lab, &onto("MOVE", "ann", "/files/a/f", "/files/a/d"));
    assert_eq!((answer.status, seen.len()), (204, 3), "{seen:?}");
    // No answer: nobody knows what became of it.
    lab.backend.on("DELETE /dav/a/d/", vec![Step::Close]);
    refuse_once(&lab, "MOVE /dav/a/f", CONFLICT);
    let (answer, seen) = sent(&lab, &onto("MOVE", "ann", "/files/a/f", "/files/a/d"));
    assert_eq!((answer.status, seen.len()), (502, 2), "{seen:?}");
}

#[test]
fn a_conflict_of_another_kind_stands() {
    // B-39: the same kinds, nothing at one end, no answer to the question; and it is not tried for ever
    let unmapped = || answer("404 Not Found", &[], "");
    each(
        [
            (
                "file onto file",
                "/dav/a/d",
                multistatus(propfind_answer("/dav/a/d", false)),
            ),
            ("nothing at the target", "/dav/a/f", unmapped()),
            ("nothing at Destination", "/dav/a/d", unmapped()),
            ("nobody knows", "/dav/a/d", answer("500 Internal Server Error", &[], "")),
        ],
        |(name, path, found)| {
            let lab = lab();
            lab.backend.on(&format!("PROPFIND {path}"), found);
            let (answer, seen) = sent(&lab, &onto("COPY", "ann", "/files/a/f", "/files/a/d"));
            assert_eq!((answer.status, seen), (409, vec!["COPY /dav/a/f".to_owned()]), "{name}");
        },
    );
    let lab = lab();
    lab.backend.on("COPY /dav/a/f", answer(CONFLICT, &[], ""));
    let (answer, seen) = sent(&lab, &onto("COPY", "ann", "/files/a/f", "/files/a/d"));
    assert_eq!((answer.status, seen.len()), (409, 3), "{seen:?}");
}

#[test]
fn others_say_so_themselves() {
    // Without the habit nothing is asked and nothing deleted.
    let lab = lab();
    let before = lab.backend.requests().len();
    let (answer, seen) = sent(&lab, &onto("COPY", "ann", "/others/f", "/others/d"));
    assert_eq!((answer.status, seen), (409, vec!["COPY /others-in/f".to_owned()]));
    assert_eq!(lab.backend.requests().len(), before + 1);
}

#[test]
fn a_slash_that_was_not_said() {
    // P-7, B-38: as it is there; where that is as the client says, the refusal stands
    let delete = |target: &str| req(target, "DELETE", target).by("ann");
    each(
        [
            (
                204,
                delete("/files/a/d"),
                "DELETE /dav/a/d",
                "DELETE /dav/a/d/",
                CONFLICT,
            ),
            (
                204,
                delete("/files/a/f/"),
                "DELETE /dav/a/f/",
                "DELETE /dav/a/f",
                CONFLICT,
            ),
            (
                204,
                delete("/files/a/f/"),
                "DELETE /dav/a/f/",
                "DELETE /dav/a/f",
                "404 Not Found",
            ),
            (409, delete("/files/a/f"), "DELETE /dav/a/f", "", CONFLICT),
            (409, delete("/files/a/d/"), "DELETE /dav/a/d/", "", CONFLICT),
            (404, delete("/files/a/f"), "DELETE /dav/a/f", "", "404 Not Found"),
            (
                204,
                onto("MOVE", "ann", "/files/a/d", "/files/a/missing"),
                "MOVE /dav/a/d",
                "MOVE /dav/a/d/",
                "400 Bad Request",
            ),
        ],
        |(status, request, first, then, refusal)| {
            let lab = lab();
            refuse_once(&lab, first, refusal);
            if !then.is_empty() {
                lab.backend.on(then, answer("204 No Content", &[], ""));
            }
            let (answer, seen) = sent(&lab, &request);
            let lines = [first, then].map(str::to_owned);
            let lines = lines.into_iter().filter(|line| !line.is_empty());
            assert_eq!((answer.status, seen), (status, lines.collect()), "{}", request.name);
        },
    );
    // A collection takes the place of a file by itself.
    let lab = lab();
    let (answer, seen) = sent(&lab, &onto("COPY", "ann", "/files/a/d", "/files/a/f"));
    assert_eq!(
        (answer.status, seen),
        (201, vec!["COPY /dav/a/d".to_owned(), "COPY /dav/a/d/".to_owned()])
    );
    sent(&lab, &onto("MOVE", "ann", "/files/a/d", "/files/a/missing"));
    let moved = lab.backend.at("/dav/a/d/");
    let moved = moved.iter().find(|seen| seen.method == "MOVE").unwrap();
    assert!(
        moved.header("Destination").unwrap().ends_with("/dav/a/missing/"),
        "{moved:?}"
    );
}
