//! A lock that a back end granted and that ended past the gateway (L-6): which answers end it here, too, which leave it to the back end, and which
//! keep it in force. A lock that still stands may never be forgotten because of what one user may not see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{Step, answer, multistatus};
use support::lab::Lab;
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Req, req};

const TOKEN: &str = "opaquelocktoken:b1";

/// `/each/`: the back end sees who asks. `/one/`: it sees one account.
fn lab() -> Lab {
    let password = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/good/service.password");
    Lab::with_users(&format!(
        "
  - name: each
    path: /each/
    backend: {{ url: 'http://@BACK@/each-in/', profile: apache }}
    access: [{{ path: /**, allow: [read, write], to: authenticated }}]
  - name: one
    path: /one/
    backend:
      url: 'http://@BACK@/one-in/'
      profile: apache
      credentials: {{ service: {{ user: gateway, password_file: '{password}' }} }}
    access: [{{ path: /**, allow: [read, write], to: authenticated }}]
"
    ))
}

/// The answer to the question after locks: these tokens, or a status in the place of properties.
fn discovery(inside: &str) -> Vec<Step> {
    multistatus(format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/x</D:href>{inside}</D:response></D:multistatus>"
    ))
}

fn held_by(token: &str) -> Vec<Step> {
    let active = format!(
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>0</D:depth>\
         <D:timeout>Second-600</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken></D:activelock>"
    );
    discovery(&propstat(if token.is_empty() { "" } else { &active }))
}

fn propstat(locks: &str) -> String {
    format!(
        "<D:propstat><D:prop><D:lockdiscovery>{locks}</D:lockdiscovery></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    )
}

fn status(line: &str) -> Vec<Step> {
    answer(line, &[("Location", "/elsewhere/")], "")
}

/// ann locks `target`.
fn locked(lab: &Lab, target: &str) {
    let lock = req(&format!("lock {target}"), "LOCK", target)
        .by("ann")
        .with("Depth", "0");
    assert_eq!(lab.ask(&lock.xml(LOCKINFO)).status, 200, "{target}");
}

/// bob's write, with her token.
fn write(name: &str, target: &str) -> Req {
    let stolen = format!("(<{TOKEN}>)");
    let method = if target.ends_with('/') { "PROPPATCH" } else { "PUT" };
    let request = req(name, method, target).by("bob").with("If", &stolen);
    if method == "PUT" {
        return request.body("x");
    }
    request.xml(
        "<D:propertyupdate xmlns:D='DAV:'><D:remove><D:prop><x xmlns='urn:x'/></D:prop></D:remove></D:propertyupdate>",
    )
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Becomes {
    /// It is refused.
    Refused,
    /// It goes on, and the lock stays known.
    BackEnds,
    /// It goes on, and the lock is forgotten.
    Free,
}

// L-6, L-39
#[test]
fn what_the_back_end_says_of_it() {
    use Becomes::{BackEnds, Free, Refused};
    let lab = lab();
    let gone = "<D:status>HTTP/1.1 404 Not Found</D:status>";
    let kept = "<D:status>HTTP/1.1 403 Forbidden</D:status>";
    for (name, first, other, each, one) in [
        ("still there", held_by(TOKEN), None, Refused, Refused),
        ("not there", held_by(""), None, Free, Free),
        ("another one", held_by("urn:uuid:2"), None, Free, Free),
        ("404", status("404 Not Found"), None, BackEnds, Free),
        ("410", status("410 Gone"), None, BackEnds, Free),
        ("404 in a 207", discovery(gone), None, BackEnds, Free),
        ("403 in a 207", discovery(kept), None, Refused, Refused),
        ("403", status("403 Forbidden"), None, Refused, Refused),
        ("500", status("500 Internal Server Error"), None, Refused, Refused),
        // A folder in the place of a file, and the other way round.
        ("301", status("301 Moved Permanently"), Some(held_by("")), Free, Free),
        (
            "301, locked",
            status("301 Moved Permanently"),
            Some(held_by(TOKEN)),
            Refused,
            Refused,
        ),
        (
            "302 to a login",
            status("302 Found"),
            Some(status("302 Found")),
            Refused,
            Refused,
        ),
        (
            "301, 404",
            status("301 Moved Permanently"),
            Some(status("404 Not Found")),
            Refused,
            Refused,
        ),
        ("folder, 400", status("400 Bad Request"), Some(held_by("")), Free, Free),
        (
            "folder, 400, locked",
            status("400 Bad Request"),
            Some(held_by(TOKEN)),
            Refused,
            Refused,
        ),
        (
            "folder, 400, 403",
            status("400 Bad Request"),
            Some(status("403 Forbidden")),
            Refused,
            Refused,
        ),
        (
            "file, 400",
            status("400 Bad Request"),
            Some(held_by("")),
            Refused,
            Refused,
        ),
    ] {
        for (route, expected) in [("each", each), ("one", one)] {
            let named = format!("{route}{}", name.replace([' ', ','], "-"));
            let slash = if name.starts_with("folder") { "/" } else { "" };
            let target = format!("/{route}/{named}{slash}");
            locked(&lab, &target);
            let inside = format!("PROPFIND /{route}-in/{named}");
            lab.backend.on(&format!("{inside}{slash}"), first.clone());
            if let Some(other) = &other {
                let turned = if slash.is_empty() { "/" } else { "" };
                lab.backend.on(&format!("{inside}{turned}"), other.clone());
            }
            let request = write(&named, &target);
            if expected == Refused {
                let answer = lab.refuse_after_probe(423, &request);
                assert!(
                    answer.has_condition("lock-token-submitted"),
                    "{named}: {}",
                    answer.text()
                );
            } else {
                let seen = lab.pass(&request).0;
                // The token is still not bob's to use, unless nobody has it any more.
                assert!(
                    seen.header("if").is_none_or(|text| !text.contains(TOKEN)) || expected == Free,
                    "{named}"
                );
            }
            // Whether it is still known shows once the back end tells of it.
            lab.backend.on(&format!("{inside}{slash}"), held_by(TOKEN));
            let again = req(&format!("{named} again"), "PUT", &target).by("bob").body("x");
            let again = if slash.is_empty() {
                again
            } else {
                write(&again.name, &target)
            };
            if expected != Free {
                lab.refuse_after_probe(423, &again);
            } else if route == "each" {
                // Nobody knows whose it is: that back end decides.
                lab.pass(&again);
            }
        }
    }
}

// L-6: below what has become a file, nothing is left; what may be anything else keeps its lock
#[test]
fn of_what_was_in_a_folder() {
    let lab = lab();
    let nothing_below = status("400 Bad Request");
    let folder = multistatus(propfind_answer("/x", true));
    for (name, above, freed) in [
        ("file", multistatus(propfind_answer("/x", false)), true),
        ("folder", folder, false),
        ("redirected", status("301 Moved Permanently"), false),
        ("forbidden", status("403 Forbidden"), false),
        ("missed", status("404 Not Found"), false),
    ] {
        for (deep, path) in [("", "t"), ("deep ", "in/t")] {
            let root = format!("/each/{name}/{path}");
            locked(&lab, &root);
            for inner in ["in", path] {
                lab.backend
                    .on(&format!("PROPFIND /each-in/{name}/{inner}"), nothing_below.clone());
            }
            lab.backend.on(&format!("PROPFIND /each-in/{name}"), above.clone());
            let over = req(&format!("{deep}{name}"), "COPY", "/each/source").by("bob");
            let over = over.with("Destination", &format!("/each/{name}"));
            if freed {
                lab.pass(&over);
            } else {
                let answer = lab.refuse_after_probe(423, &over);
                assert!(
                    answer.has_condition("lock-token-submitted"),
                    "{name}: {}",
                    answer.text()
                );
            }
        }
    }
}

// L-55, L-6: the same for LOCK, which goes on where its requester is shown nothing
#[test]
fn another_lock() {
    let lab = lab();
    for (name, said, goes_on) in [
        ("stands", held_by(TOKEN), false),
        ("forbidden", status("403 Forbidden"), false),
        ("missed", status("404 Not Found"), true),
        ("ended", held_by(""), true),
    ] {
        let target = format!("/each/{name}");
        locked(&lab, &target);
        lab.backend.on(&format!("PROPFIND /each-in/{name}"), said);
        let lock = req(name, "LOCK", &target).by("bob").with("Depth", "0").xml(LOCKINFO);
        lab.backend.on(
            &format!("LOCK /each-in/{name}"),
            answer(
                "200 OK",
                &[("Lock-Token", "<urn:uuid:2>"), ("Content-Type", "application/xml")],
                "",
            ),
        );
        if goes_on {
            assert_eq!(lab.pass(&lock).1.status, 200, "{name}");
        } else {
            let answer = lab.refuse_after_probe(423, &lock);
            assert!(answer.has_condition("no-conflicting-lock"), "{name}: {}", answer.text());
        }
    }
}
