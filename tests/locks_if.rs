//! If before back ends that read it in their own way. To Zope it is one token (L-26): it looks for that of a lock in its way and at nothing
//! else, refuses an If where something is made in a collection that is not locked, and wants one where it is. So the gateway judges, and
//! sends what is understood. What only a back end can know is left to it, if it can (L-25).
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
use support::samples::LOCKINFO;
use support::wire::{Req, req};

const ROUTES: &str = r#"
  - name: zope
    path: /z/
    backend: { url: "http://@BACK@/z-in/", profile: zope, credentials: { header: X-Remote-User } }
    orphan_locks: deny
    access: [{ path: /**, allow: [read, write], to: authenticated }]
  - name: knows
    path: /k/
    backend: { url: "http://@BACK@/k-in/", profile: apache }
    locking: emulate
  - name: plain
    path: /p/
    backend: { url: "http://@BACK@/p-in/", profile: nginx }
    locking: emulate
  - name: other
    path: /g/
    backend: { url: "http://@BACK@/g-in/", profile: generic, credentials: { header: X-Remote-User } }
    access: [{ path: /**, allow: [read, write], to: authenticated }]
"#;

const TOKEN: &str = "opaquelocktoken:c";
const KEY: &str = "(<opaquelocktoken:c>)";

fn active(token: &str) -> String {
    format!(
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>infinity</D:depth>\
         <D:timeout>Second-600</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken></D:activelock>"
    )
}

/// `path` is there, with these locks.
fn there(lab: &Lab, path: &str, locks: &str) {
    let kind = if path.ends_with('/') { "<D:collection/>" } else { "" };
    let body = format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{path}</D:href><D:propstat><D:prop><D:resourcetype>{kind}</D:resourcetype>\
         <D:lockdiscovery>{locks}</D:lockdiscovery></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    );
    lab.backend.on(&format!("PROPFIND {path}"), multistatus(body));
}

/// `/z/c/` and `/g/c/` are locked by ann, with all in them; `old` is in each, `missing` is not.
fn lab() -> Lab {
    let lab = Lab::with_users(ROUTES);
    for (route, token) in [("z", TOKEN), ("g", "opaquelocktoken:g")] {
        let inside = format!("/{route}-in/c/");
        let body = format!(
            "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>{}</D:lockdiscovery></D:prop>",
            active(token)
        );
        let headers = [
            ("Content-Type", "application/xml"),
            ("Lock-Token", &*format!("<{token}>")),
        ];
        lab.backend
            .on(&format!("LOCK {inside}"), answer("200 OK", &headers, body));
        let request = req(&format!("lock of {route}"), "LOCK", format!("/{route}/c/")).by("ann");
        assert_eq!(lab.ask(&request.xml(LOCKINFO)).status, 200);
        there(&lab, &inside, &active(token));
        there(&lab, &format!("{inside}old"), &active(token));
        there(&lab, &format!("/{route}-in/d/"), "");
        there(&lab, &format!("/{route}-in/d/old"), "");
    }
    lab
}

fn ask(name: &str, method: &str, path: &str, condition: &str) -> Req {
    let request = req(name, method, path).by("ann").with("If", condition);
    if method == "PUT" { request.body("x") } else { request }
}

#[test]
fn what_goes_on() {
    let lab = lab();
    let tagged = format!("</z/c/> {KEY}");
    let true_anyway = "(Not <DAV:no-lock>)";
    let either = format!("(<DAV:no-lock>) {KEY}");
    let no_lock = format!("(<data:x>) {true_anyway}");
    let elsewhere = format!("</z/c/> {KEY}");
    let or_not = format!("{KEY} {true_anyway}");
    let rows = [
        ("new, tagged", "PUT", "/z/c/missing", tagged.as_str(), Some(KEY)),
        ("new, untagged", "PUT", "/z/c/missing", KEY, Some(KEY)),
        ("new, one of two lists", "PUT", "/z/c/missing", &either, Some(KEY)),
        ("new folder", "MKCOL", "/z/c/missing/", &tagged, Some(KEY)),
        ("new, in no locked folder", "PUT", "/z/d/missing", true_anyway, None),
        (
            "new folder, in no locked one",
            "MKCOL",
            "/z/d/missing/",
            true_anyway,
            None,
        ),
        ("there, by the token", "PUT", "/z/c/old", KEY, Some(KEY)),
        // To Zope any If opens a lock: one of which nobody but Zope knows must hold.
        ("there, by no token", "PUT", "/z/d/old", true_anyway, None),
        ("there, by one of no lock", "DELETE", "/z/d/old", &no_lock, None),
        (
            "there, by one of another's lock",
            "DELETE",
            "/z/d/old",
            &elsewhere,
            None,
        ),
        ("there, and more", "PUT", "/z/c/old", &or_not, Some(KEY)),
        (
            "another back end",
            "PUT",
            "/g/d/missing",
            true_anyway,
            Some(true_anyway),
        ),
        (
            "another back end, false",
            "PUT",
            "/g/d/old",
            "(<DAV:no-lock>)",
            Some("(<DAV:no-lock>)"),
        ),
    ];
    each(rows, |(name, method, path, condition, sent)| {
        let (seen, _) = lab.pass(&ask(name, method, path, condition));
        assert_eq!(seen.header("if"), sent, "{name}");
    });
}

// L-24, L-27: what Zope would take for true is judged before it hears of it.
#[test]
fn what_is_false() {
    let lab = lab();
    let negated = format!("(Not <{TOKEN}>)");
    for condition in ["(<DAV:no-lock>)", "(<urn:uuid:bogus>)", negated.as_str()] {
        for (method, path) in [("PUT", "/z/c/old"), ("PUT", "/z/c/missing"), ("MKCOL", "/z/c/missing/")] {
            // Of MKCOL, the list speaks of what is to be made, which the lock covers, too.
            let name = format!("{method} {path} {condition}");
            let answer = lab.refuse_after_probe(412, &ask(&name, method, path, condition));
            assert!(answer.has_condition("if-false"), "{name}: {}", answer.text());
        }
    }
    // Her own lock, and its token is not there; and that of somebody else's.
    let neither = "(<urn:uuid:bogus>) (Not <DAV:no-lock>)";
    let bob = |name: &str, condition: &str| {
        req(name, "PUT", "/z/c/missing")
            .by("bob")
            .with("If", condition)
            .body("x")
    };
    for (name, condition) in [("bob's", neither), ("bob's, with hers", KEY)] {
        let answer = lab.refuse_after_probe(423, &bob(name, condition));
        assert!(
            answer.has_condition("lock-token-submitted"),
            "{name}: {}",
            answer.text()
        );
    }
    lab.pass(&ask("her own", "PUT", "/z/c/missing", KEY));
    lab.settle();
}

// L-25: of a token that is none of a lock, only a back end can know whether it holds; one that does not read such has none.
#[test]
fn what_the_back_end_knows() {
    let lab = lab();
    let locked = |route: &str| {
        let request = req(&format!("lock in {route}"), "LOCK", format!("/{route}/t")).by("ann");
        let answer = lab.ask(&request.with("Depth", "0").xml(LOCKINFO));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("Lock-Token").unwrap().to_owned()
    };
    let (known, plain) = (locked("k"), locked("p"));
    let sync = "<http://sabre.io/ns/sync/5>";
    let rows = [
        (
            "depends on it",
            "/k/t",
            format!("({known} {sync})"),
            Some(format!("({sync})")),
        ),
        ("does not depend on it", "/k/t", format!("({known}) ({sync})"), None),
        ("alone", "/k/u", format!("({sync})"), Some(format!("({sync})"))),
        ("true without it", "/p/t", format!("({plain} Not {sync})"), None),
        ("one of two", "/p/t", format!("({sync}) ({plain})"), None),
    ];
    each(rows, |(name, path, condition, sent)| {
        let (seen, _) = lab.pass(&ask(name, "PUT", path, &condition));
        assert_eq!(seen.header("if").map(str::to_owned), sent, "{name}");
    });
    for (name, path, condition) in [
        ("nobody knows", "/p/u", format!("({sync})")),
        ("nobody knows the other half", "/p/t", format!("({plain} {sync})")),
        ("false without it", "/k/t", format!("({sync} <DAV:no-lock>)")),
    ] {
        lab.refuse_for(412, "if-false", &ask(name, "PUT", path, &condition));
    }
    lab.settle();
}
