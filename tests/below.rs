//! Methods that act on a whole collection, where a rule refuses them for something below it: the back end is asked whether there is a
//! collection, and nothing else reaches it (spec 0.1 O-12). Every refused row has an accepted twin.
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
use support::samples::propfind_answer;
use support::wire::{Req, req};

/// A folder that may only be read, at the root and one level down, and a kind of file that nobody may touch.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    methods:
      - { path: /archive/**, allow: [read] }
      - { path: /team/archive/**, allow: [read] }
      - { path: /**, allow: [read, write, lock] }
  - name: programs
    hosts: [dav.test]
    path: /programs/
    backend: { url: "http://@BACK@/bin/", profile: apache }
    methods:
      - { path: /**/*.exe, allow: [none] }
      - { path: /**, allow: [read, write, lock] }
"#;

/// A gateway of its own, so that what the back end hears belongs to one test.
fn lab() -> Lab {
    let lab = Lab::with_routes(ROUTES);
    // Collections without a slash, as many clients name them.
    for path in ["/dav/team", "/dav/folder", "/bin/folder"] {
        let collection = multistatus(propfind_answer(&format!("{path}/"), true));
        lab.backend.on(&format!("PROPFIND {path}"), collection);
    }
    lab
}

fn to(name: &str, method: &str, from: &str, destination: &str) -> Req {
    req(name, method, from).with("Destination", &format!("http://dav.test{destination}"))
}

/// Refused with the condition of O-12; the back end heard questions about properties only, and these resources were in question.
fn refused(lab: &Lab, request: &Req, asked: &[&str]) {
    let before = lab.backend.requests().len();
    let got = lab.ask(request);
    assert_eq!(got.status, 403, "{}: {}", request.name, got.text());
    assert!(got.has_condition("method-not-allowed-below"), "{}", got.text());
    let heard = lab.backend.requests().split_off(before);
    let targets: Vec<&str> = heard.iter().map(|seen| seen.target.as_str()).collect();
    assert_eq!(targets, asked, "{}", request.name);
    for seen in &heard {
        assert_eq!(
            (seen.method.as_str(), seen.header("depth")),
            ("PROPFIND", Some("0")),
            "{}: {seen:?}",
            request.name
        );
    }
}

#[test]
fn what_holds_something_that_may_not() {
    let lab = lab();
    each(
        [
            (req("DELETE the root", "DELETE", "/files/"), &["/dav/"][..]),
            (req("DELETE the parent", "DELETE", "/files/team"), &["/dav/team"]),
            (
                req("DELETE the parent, slash", "DELETE", "/files/team/"),
                &["/dav/team/"],
            ),
            (
                to("MOVE the parent", "MOVE", "/files/team", "/files/other"),
                &["/dav/team"],
            ),
            (
                to("COPY the parent", "COPY", "/files/team", "/files/other"),
                &["/dav/team"],
            ),
            (
                to(
                    "COPY, one question for two reasons",
                    "COPY",
                    "/programs/folder",
                    "/programs/folder2",
                ),
                &["/bin/folder", "/bin/folder2"],
            ),
            (
                to("COPY a file onto the parent", "COPY", "/files/sibling", "/files/team"),
                &["/dav/sibling", "/dav/team"],
            ),
            (
                to("COPY a folder onto the parent", "COPY", "/files/folder", "/files/team"),
                &["/dav/folder", "/dav/team"],
            ),
            (
                to("MOVE a file onto the parent", "MOVE", "/files/sibling", "/files/team"),
                &["/dav/sibling", "/dav/team"],
            ),
            (
                req("DELETE a folder that may hold one", "DELETE", "/programs/folder"),
                &["/bin/folder"],
            ),
        ],
        |(request, asked)| refused(&lab, &request, asked),
    );
}

#[test]
fn what_holds_nothing_such_passes() {
    let lab = lab();
    each(
        [
            (req("DELETE beside", "DELETE", "/files/folder"), "/dav/folder"),
            (req("DELETE a file", "DELETE", "/programs/file"), "/bin/file"),
            (
                to("MOVE beside", "MOVE", "/files/folder", "/files/other"),
                "/dav/folder",
            ),
            (
                to("MOVE a file", "MOVE", "/programs/file", "/programs/other"),
                "/bin/file",
            ),
            (
                to("COPY alone", "COPY", "/files/team", "/files/other").with("Depth", "0"),
                "/dav/team",
            ),
            (
                to("COPY onto a file", "COPY", "/programs/file", "/programs/file2"),
                "/bin/file",
            ),
        ],
        |(request, target)| {
            lab.pass_to(target, &request);
        },
    );
    // What is not there holds nothing either: the 404 is the back end's.
    let nothing = req("DELETE nothing", "DELETE", "/programs/missing");
    assert_eq!(lab.ask(&nothing).status, 404);
    assert_eq!(lab.backend.case(&nothing.name).len(), 1);
    // What the rule names is refused as such, unasked.
    lab.refuse(405, &req("DELETE the program", "DELETE", "/programs/a/b.exe"));
    lab.refuse(405, &req("DELETE the archive", "DELETE", "/files/archive/"));
}

/// What the back end may answer when it is asked: whether it will be called a collection.
#[test]
fn what_is_not_known_is_refused() {
    let lab = lab();
    let head = |line: &str| {
        vec![Step::Send(
            format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        )]
    };
    each(
        [
            ("slash", head("301 Moved Permanently\r\nLocation: /bin/slash/")),
            ("elsewhere", head("302 Found\r\nLocation: /login")),
            ("forbidden", head("403 Forbidden")),
            ("broken", multistatus("<D:multistatus xmlns:D=\"DAV:\">")),
            ("silent", head("500 Internal Server Error")),
        ],
        |(name, steps)| {
            lab.backend.on(&format!("PROPFIND /bin/{name}"), steps);
            let request = req(&format!("unknown {name}"), "DELETE", format!("/programs/{name}"));
            let got = lab.refuse_after_probe(403, &request);
            assert!(got.has_condition("method-not-allowed-below"), "{}", got.text());
        },
    );
}

// EX-1: the question is asked with the client's own credentials, and a challenge is the client's to answer.
#[test]
fn a_challenge_is_handed_on() {
    let lab = lab();
    let challenge = answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"files\"")], "");
    lab.backend.on("PROPFIND /bin/private", challenge);
    let anonymous = req("challenged", "DELETE", "/programs/private");
    let got = lab.refuse_after_probe(401, &anonymous);
    assert_eq!(got.header("www-authenticate"), Some("Basic realm=\"files\""));
    lab.pass(&req("known", "DELETE", "/programs/known").with("Authorization", "Basic YTpi"));
    let asked = lab.backend.at("/bin/known");
    assert_eq!(asked.len(), 2, "{asked:?}");
    for seen in asked {
        assert_eq!(seen.header("authorization"), Some("Basic YTpi"), "{seen:?}");
    }
}
