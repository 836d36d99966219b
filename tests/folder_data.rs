//! `_data` in folders of Plone (spec Z-11): the folder itself, as a document. Whoever writes it changes the folder, so the folder's rules and locks
//! are its own; and it stays where it is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::each;
use support::lab::Lab;
use support::samples::PROPFIND;
use support::wire::{Req, req};

const ROUTES: &str = r#"
  - name: plone
    hosts: [dav.test]
    path: /p/
    backend: { url: "http://@BACK@/site/", profile: plone, acquisition: trust, credentials: { header: X-Remote-User } }
    locking: emulate
    access:
      - { path: /kept/*, allow: [all], to: authenticated }
      - { path: /kept/**, deny: [write], to: authenticated }
      - { path: /hidden/, deny: [all], to: everyone }
      - { path: /**, allow: [all], to: authenticated }
  - name: other
    hosts: [dav.test]
    path: /o/
    backend: { url: "http://@BACK@/other/", profile: apache, credentials: { header: X-Remote-User } }
    locking: off
    access: [{ path: /**, allow: [all], to: authenticated }]
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_users(ROUTES))
}

fn put(name: &str, path: &str) -> Req {
    req(name, "PUT", path).body("title: x").by("ann")
}

// Z-11: the members of /kept/ may be written, the folder may not
#[test]
fn the_rules_are_the_folders() {
    lab().refuse_after_probe(403, &put("data of kept", "/p/kept/_data"));
    lab().pass(&put("member of kept", "/p/kept/data"));
    lab().pass(&put("data of open", "/p/open/_data"));
    lab().refuse_after_probe(404, &req("data of hidden", "GET", "/p/hidden/_data").by("ann"));
    lab().pass(&req("data of open read", "GET", "/p/open/_data").by("ann"));
    // To others it is a name.
    lab().pass(&put("a name", "/o/open/_data"));
}

#[test]
fn it_stays_where_it_is() {
    let to = |name: &str, method, from: &str, to: &str| req(name, method, from).with("Destination", to).by("ann");
    each(
        [
            req("delete", "DELETE", "/p/open/_data").by("ann"),
            to("move", "MOVE", "/p/open/_data", "/p/open/x"),
            to("copy", "COPY", "/p/open/_data", "/p/open/x"),
            to("onto", "COPY", "/p/open/x", "/p/open/_data"),
            to("encoded", "MOVE", "/p/open/%5Fdata", "/p/open/x"),
        ],
        |request| {
            let got = lab().refuse(403, &request);
            assert!(got.has_condition("folder-data"), "{}", got.text());
        },
    );
    lab().settle();
    lab().pass(&req("its twin", "DELETE", "/p/open/data").by("ann"));
    lab().pass(&req("to others", "DELETE", "/o/open/_data").by("ann"));
}

// A lock on the folder alone is one on its data, and the other way round
#[test]
fn the_locks_are_the_folders() {
    let lock = |name: &str, path: &str| {
        let body = "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>";
        let got = lab().ask(&req(name, "LOCK", path).with("Depth", "infinity").xml(body).by("ann"));
        assert_eq!(got.status, 200, "{}", got.text());
        got.header("lock-token").unwrap().to_owned()
    };
    let by_bob = |name: &str, path: &str| req(name, "PUT", path).body("x").by("bob");
    let token = lock("lock data", "/p/one/_data");
    lab().refuse_after_probe(423, &by_bob("bob writes the data", "/p/one/_data"));
    let proppatch = "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set></D:propertyupdate>";
    let changes = req("bob changes the folder", "PROPPATCH", "/p/one/")
        .xml(proppatch)
        .by("bob");
    lab().refuse_after_probe(423, &changes);
    // It is one of Depth 0, whatever was asked: members that are there are free.
    lab().pass(&by_bob("bob writes a member", "/p/one/member"));
    let own = req("ann writes the data", "PUT", "/p/one/_data")
        .with("If", &format!("({token})"))
        .body("x")
        .by("ann");
    lab().pass(&own);
    let _ = lab().ask(
        &req("see", "PROPFIND", "/p/one/")
            .with("Depth", "1")
            .xml(PROPFIND)
            .by("bob"),
    );
    let other = lab().ask(
        &req("unlock", "UNLOCK", "/p/one/_data")
            .with("Lock-Token", &token)
            .by("ann"),
    );
    assert_eq!(other.status, 204, "{}", other.text());
    lab().pass(&by_bob("bob writes the data then", "/p/one/_data"));
}
