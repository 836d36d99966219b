//! `dead_properties: discard`: PROPPATCH is answered by the gateway and nothing is kept (RFC 4918 sections 9.2 and 15). Who may, what is
//! locked and what is not there count as ever; the back end hears nothing of properties.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::backend::answer;
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, PROPPATCH};
use support::wire::{Answer, Req, req};

const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: nginx, credentials: { header: X-Remote-User } }
    locking: emulate
    dead_properties: discard
    limits: { xml: 2KiB }
    access:
      - { path: /kept/**, deny: [write], to: everyone }
      - { path: /ann/**, allow: [all], to: "user:ann" }
      - { path: /ann/**, deny: [all], to: everyone }
      - { path: /blind/**, deny: [read], to: everyone }
      - { path: /**, allow: [read, write], to: authenticated }
  - name: passed
    hosts: [dav.test]
    path: /passed/
    backend: { url: "http://@BACK@/passed-in/", profile: nginx, credentials: { header: X-Remote-User } }
    locking: emulate
    access: [{ path: /**, allow: [all], to: authenticated }]
  - name: tokens
    hosts: [dav.test]
    path: /tokens/
    backend: { url: "http://@BACK@/tokens-in/", profile: apache, credentials: { header: X-Remote-User } }
    locking: emulate
    dead_properties: discard
    access: [{ path: /**, allow: [all], to: authenticated }]
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let configuration = format!(
            "listeners:\n  - address: @LISTEN@\nidentity:\n  trusted_header: {{ user: X-User, from: [127.0.0.1] }}\n\
             routes:\n{ROUTES}\n"
        );
        Lab::with_configuration(&configuration)
    })
}

fn patch(name: &str, user: &str, path: &str) -> Req {
    req(name, "PROPPATCH", path).by(user).xml(PROPPATCH)
}

/// It is said to be set, and the back end heard nothing of it.
fn accepted(request: &Req) -> Answer {
    let answer = lab().ask(request);
    assert_eq!(answer.status, 207, "{}: {}", request.name, answer.text());
    assert!(
        !answer.text().contains("HTTP/1.1 4"),
        "{}: {}",
        request.name,
        answer.text()
    );
    unheard(&request.name);
    answer
}

fn unheard(name: &str) {
    let requests = lab().backend.requests();
    let heard = requests.iter().any(|seen| {
        seen.method == "PROPPATCH" && !seen.target.starts_with("/passed-in/") || seen.header("x-case") == Some(name)
    });
    assert!(!heard, "{name}: {requests:?}");
}

fn update(changes: &str) -> String {
    format!("<D:propertyupdate xmlns:D=\"DAV:\" xmlns:z=\"urn:schemas-microsoft-com:\">{changes}</D:propertyupdate>")
}

fn locked(name: &str, user: &str, path: &str) -> String {
    let answer = lab().ask(&req(name, "LOCK", path).by(user).with("Depth", "0").xml(LOCKINFO));
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    answer.header("Lock-Token").unwrap().to_owned()
}

// RFC 4918 section 9.2.1: what is set and removed, in its order, under the public URL.
#[test]
fn accepted_and_forgotten() {
    let body = update(
        "<D:set><D:prop><z:Win32LastModifiedTime>x</z:Win32LastModifiedTime><D:displayname>n</D:displayname></D:prop></D:set>\
         <D:remove><D:prop><z:Old/></D:prop></D:remove>",
    );
    let patch_windows = |path: &str| req("windows", "PROPPATCH", path).by("ann").xml(&body);
    let text = accepted(&patch_windows("/files/a%20b")).text();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(at("<D:href>/files/a%20b</D:href>") < at("Win32LastModifiedTime"));
    assert!(at("Win32LastModifiedTime") < at("<D:displayname/>") && at("<D:displayname/>") < at("Old"));
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 1, "{text}");
    assert!(!lab().backend.saw("Win32LastModifiedTime"));
    // A folder by its own name.
    assert!(
        accepted(&patch("folder", "ann", "/files/c/"))
            .text()
            .contains("<D:href>/files/c/</D:href>")
    );
    // Where the option is not set, it is the back end's.
    let (seen, _) = lab().pass(&patch("passed", "ann", "/passed/a"));
    assert_eq!(seen.method, "PROPPATCH");
}

// RFC 4918 sections 9.2 (all or nothing), 15 and 16.
#[test]
fn protected_properties() {
    let both = "<D:set><D:prop><z:Mine>1</z:Mine><D:getetag>x</D:getetag></D:prop></D:set>";
    let answer = lab().ask(&req("protected", "PROPPATCH", "/files/p").by("ann").xml(update(both)));
    let text = answer.text();
    assert_eq!(answer.status, 207, "{text}");
    unheard("protected");
    let (refused, other) = text.split_once("</D:propstat>").unwrap();
    for part in [
        "<D:getetag/>",
        "HTTP/1.1 403 ",
        "<D:error><D:cannot-modify-protected-property/></D:error>",
    ] {
        assert!(refused.contains(part) && !other.contains(part), "{part} in {text}");
    }
    assert!(
        other.contains("Mine") && other.contains("HTTP/1.1 424 ") && !text.contains("200 OK"),
        "{text}"
    );
    let mine = both.replace("<D:getetag>x</D:getetag>", "");
    accepted(
        &req("not protected", "PROPPATCH", "/files/p")
            .by("ann")
            .xml(update(&mine)),
    );
}

// L-30, L-39, L-84: a lock holds.
#[test]
fn locks_hold() {
    let lab = lab();
    let token = locked("lock", "ann", "/files/l");
    let with_token = format!("({token})");
    for (name, user, conditions) in [
        ("without token", "ann", None),
        ("somebody else", "bob", None),
        ("somebody else with the token", "bob", Some(&with_token)),
    ] {
        let request = patch(name, user, "/files/l");
        let request = conditions.map_or(request.clone(), |text| request.with("If", text));
        lab.refuse_for(423, "lock-token-submitted", &request);
    }
    accepted(&patch("with token", "ann", "/files/l").with("If", &with_token));
    // It is over with its answer: nothing keeps a lock out.
    accepted(&patch("before a lock", "ann", "/files/l2"));
    locked("after it", "bob", "/files/l2");
}

// O-13, L-24, L-25: If counts as a whole, and what only a back end knows is not true.
#[test]
fn conditions_count() {
    let lab = lab();
    let with = |name: &str, path: &str, text: &str| patch(name, "ann", path).with("If", text);
    for (name, path, conditions) in [
        ("another version", "/files/i", "([\"other\"])"),
        ("no lock", "/files/i", "(<DAV:no-lock>)"),
        ("no token of ours", "/tokens/i", "(<http://back.test/sync/1>)"),
    ] {
        let answer = lab.refuse_after_probe(412, &with(name, path, conditions));
        assert!(answer.has_condition("if-false"), "{name}: {}", answer.text());
        unheard(name);
    }
    accepted(&with("this version", "/files/i", "([\"e1\"])"));
    accepted(&with("not no lock", "/tokens/i", "(Not <DAV:no-lock>)"));
}

// PV-4, A-31 to A-34: who may not, may not; and what is not there is not told of to who may not know.
#[test]
fn access_counts() {
    let lab = lab();
    lab.refuse_for(403, "need-privileges", &patch("kept", "ann", "/files/kept/a"));
    let hidden = lab.refuse(403, &patch("hidden", "bob", "/files/ann/a"));
    let missing = lab.refuse(403, &patch("hidden and missing", "bob", "/files/ann/missing"));
    assert!(hidden.has_condition("need-privileges") && missing.has_condition("need-privileges"));
    accepted(&patch("not hidden", "ann", "/files/ann/a"));
    let answer = lab.ask(&patch("missing", "ann", "/files/missing"));
    assert_eq!((answer.status, answer.text().as_str()), (404, ""));
    unheard("missing");
    // Who may write and not read is not told what is there.
    accepted(&patch("blind", "ann", "/files/blind/a"));
    let answer = lab.ask(&patch("blind and missing", "ann", "/files/blind/missing"));
    assert_ne!(answer.status, 404, "{}", answer.text());
    unheard("blind and missing");
}

// B-62, B-67, B-69: bodies are held to the same limits.
#[test]
fn bodies_are_read_as_ever() {
    let lab = lab();
    let long = update(&format!(
        "<D:set><D:prop><z:a>{}</z:a></D:prop></D:set>",
        "x".repeat(4096)
    ));
    let rows = [
        ("too long", 413, long.as_str()),
        ("broken", 400, "<D:propertyupdate xmlns:D=\"DAV:\">"),
        ("no change", 400, "<D:propertyupdate xmlns:D=\"DAV:\"/>"),
        (
            "another root",
            400,
            "<D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>",
        ),
    ];
    each(rows, |(name, status, body)| {
        lab.refuse(status, &req(name, "PROPPATCH", "/files/b").by("ann").xml(body));
    });
    accepted(&patch("read", "ann", "/files/b"));
}

// M-44: what davgate does itself is announced; ERR-4.
#[test]
fn announced() {
    let lab = lab();
    let options = [("Allow", "GET,HEAD,PUT,PROPFIND,OPTIONS"), ("DAV", "1")];
    for (path, upstream, expected) in [("/files/o", "/dav/o", true), ("/passed/o", "/passed-in/o", false)] {
        lab.backend
            .on(&format!("OPTIONS {upstream}"), answer("200 OK", &options, ""));
        let answer = lab.ask(&req(path, "OPTIONS", path).by("ann"));
        assert_eq!(
            answer.lists("Allow", "PROPPATCH"),
            expected,
            "{path}: {:?}",
            answer.header("Allow")
        );
        assert!(answer.lists("Allow", "LOCK"), "{path}");
    }
}

// The logs tell of it as of any other write.
#[test]
fn told() {
    let lab = lab();
    accepted(&patch("told", "ann", "/files/told"));
    let line = lab.gateway.audit_of("/files/told");
    assert_eq!(
        (&line["method"], &line["principal"], &line["status"], &line["verdict"]),
        (&"PROPPATCH".into(), &"ann".into(), &207.into(), &"permit".into()),
        "{line}"
    );
}
