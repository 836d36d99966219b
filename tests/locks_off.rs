//! Where nobody locks (LM-D): no LOCK, no UNLOCK, and no word of locks in any answer, whatever the back end says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::backend::{answer, multistatus};
use support::lab::Lab;
use support::samples::{APACHE_ALLOW, APACHE_DAV, LOCKINFO, propfind_answer};
use support::wire::req;

const ROUTES: &str = r#"
  - name: off
    hosts: [dav.test]
    path: /off/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    locking: off
  - name: observed
    hosts: [dav.test]
    path: /on/
    backend: { url: "http://@BACK@/dav/", profile: apache }
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_routes(ROUTES))
}

#[test]
fn neither_lock_nor_unlock() {
    let lab = lab();
    for request in [
        req("lock", "LOCK", "/off/a").xml(LOCKINFO),
        req("unlock", "UNLOCK", "/off/a").with("Lock-Token", "<urn:a>"),
    ] {
        let answer = lab.refuse_for(405, "method-not-allowed", &request);
        assert!(!answer.lists("Allow", "LOCK") && !answer.lists("Allow", "UNLOCK") && answer.lists("Allow", "PUT"));
    }
    lab.pass(&req("lock, twin", "LOCK", "/on/a").xml(LOCKINFO));
    lab.settle();
}

#[test]
fn nothing_is_announced() {
    let lab = lab();
    let headers = [("Allow", APACHE_ALLOW), ("DAV", APACHE_DAV), ("Lock-Token", "<urn:a>")];
    lab.backend.on("OPTIONS /dav/o", answer("200 OK", &headers, ""));
    let off = lab.ask(&req("options", "OPTIONS", "/off/o"));
    assert_eq!(off.header("DAV"), Some("1, <http://apache.org/dav/propset/fs/1>"));
    assert!(
        !off.lists("Allow", "LOCK") && off.lists("Allow", "PUT"),
        "{:?}",
        off.header("Allow")
    );
    assert_eq!(off.header("Lock-Token"), None);
    let on = lab.ask(&req("options, twin", "OPTIONS", "/on/o"));
    assert!(on.lists("Allow", "LOCK") && on.header("DAV").unwrap().starts_with("1,2"));
}

#[test]
fn no_properties_of_locks() {
    let lab = lab();
    let theirs = "<D:lockdiscovery><D:activelock><D:locktoken><D:href>urn:theirs</D:href></D:locktoken></D:activelock></D:lockdiscovery>\
                  <D:supportedlock><D:lockentry/></D:supportedlock>";
    let body = propfind_answer("/dav/p", false).replace("<D:getetag>", &format!("{theirs}<D:getetag>"));
    lab.backend.on("PROPFIND /dav/p", multistatus(body));
    let ask = |name: &str, route: &str, props: &str| {
        let body = format!("<D:propfind xmlns:D=\"DAV:\">{props}</D:propfind>");
        let answer = lab.ask(
            &req(name, "PROPFIND", format!("/{route}/p"))
                .with("Depth", "0")
                .xml(body),
        );
        assert_eq!(answer.status, 207, "{name}");
        answer.text()
    };
    let text = ask("everything", "off", "<D:allprop/>");
    assert!(!text.contains("lock") && text.contains("getetag"), "{text}");
    let text = ask(
        "by name",
        "off",
        "<D:prop><D:getetag/><D:lockdiscovery/><D:supportedlock/></D:prop>",
    );
    let (found, missing) = text.split_once("</D:propstat>").unwrap();
    assert!(!found.contains("lock") && !text.contains("urn:theirs"), "{text}");
    assert!(
        missing.contains("<D:lockdiscovery xmlns:D=\"DAV:\"/><D:supportedlock xmlns:D=\"DAV:\"/></D:prop>")
            && missing.contains("404 Not Found"),
        "{text}"
    );
    let text = ask("twin", "on", "<D:allprop/>");
    assert!(
        text.contains("lockdiscovery") && text.contains("supportedlock"),
        "{text}"
    );
}
