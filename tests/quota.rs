//! How much a user may upload in a time, over the wire (B-96).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::{Step, answer};
use support::lab::Lab;
use support::samples::PROPFIND;
use support::wire::{Req, req};

/// Streamed at `/s/`, spooled at `/p/`, without locks at `/o/`: 100 bytes each, in `per`.
fn lab(per: &str) -> Lab {
    Lab::with_users(&format!(
        r#"
  - name: streamed
    hosts: [dav.test]
    path: /s/
    backend: {{ url: "http://@BACK@/s-in/", profile: apache }}
    quota: {{ bytes: 100, per: {per} }}
    access: [{{ path: /closed/**, deny: [all], to: everyone }}, {{ path: /**, allow: [all], to: everyone }}]
  - name: spooled
    hosts: [dav.test]
    path: /p/
    backend: {{ url: "http://@BACK@/p-in/", profile: generic }}
    quota: {{ bytes: 100, per: {per} }}
    limits: {{ body: 90 }}
  - name: without-locks
    hosts: [dav.test]
    path: /o/
    backend: {{ url: "http://@BACK@/o-in/", profile: apache }}
    locking: off
    quota: {{ bytes: 100, per: {per} }}
"#
    ))
}

fn put(name: &str, path: &str, user: &str, bytes: usize) -> Req {
    req(name, "PUT", path).by(user).body("x".repeat(bytes))
}

// B-96: up to the last byte, for each user and route by itself; nothing of more reaches the back end.
#[test]
fn uploads_count() {
    let lab = lab("1h");
    for route in ["s", "p"] {
        let path = |name: &str| format!("/{route}/{name}");
        lab.pass(&put(&format!("{route} first"), &path("a"), "ann", 60));
        let over = lab.refuse_for(
            507,
            "quota-not-exceeded",
            &put(&format!("{route} over"), &path("b"), "ann", 41),
        );
        assert!(over.text().contains(":quota-not-exceeded"), "{}", over.text());
        let wait: u64 = over.header("retry-after").unwrap().parse().unwrap();
        assert!((3500..=3600).contains(&wait), "{wait}");
        lab.pass(&put(&format!("{route} last"), &path("b"), "ann", 40));
        lab.refuse_for(
            507,
            "quota-not-exceeded",
            &put(&format!("{route} one more"), &path("c"), "ann", 1),
        );
        lab.pass(&put(&format!("{route} nothing"), &path("c"), "ann", 0));
        lab.pass(&put(&format!("{route} bob"), &path("c"), "bob", 80));
        lab.pass(&put(&format!("{route} nobody"), &path("c"), "", 80));
        lab.refuse(507, &put(&format!("{route} nobody else"), &path("d"), "", 21));
        let listing = req(&format!("{route} read"), "PROPFIND", path(""))
            .by("ann")
            .with("Depth", "1")
            .xml(PROPFIND);
        lab.pass(&listing);
        lab.pass(&req(&format!("{route} delete"), "DELETE", path("b")).by("ann"));
    }
    let line = lab.gateway.log_of("\"path\":\"/s/d\"");
    assert_eq!(
        (&line["rule"], &line["status"]),
        (&"B-96".into(), &507.into()),
        "{line}"
    );
    lab.settle();
}

// B-96: a body without a length stops where the room does, and its upload is broken off (B-91).
#[test]
fn chunked_uploads_count() {
    let lab = lab("1h");
    for route in ["s", "p"] {
        let path = |name: &str| format!("/{route}/{name}");
        lab.pass(&put(&format!("{route} chunked"), &path("a"), "ann", 60).chunked());
        let over = put(&format!("{route} chunked over"), &path("b"), "ann", 41).chunked();
        let got = lab.ask(&over);
        assert_eq!(got.status, 507, "{}", got.text());
        assert!(got.has_condition("quota-not-exceeded"), "{}", got.text());
        assert!(lab.backend.case(&over.name).iter().all(|seen| !seen.whole), "{route}");
        // What was broken off was not taken.
        lab.pass(&put(&format!("{route} chunked rest"), &path("c"), "ann", 40).chunked());
    }
    // The limit of a body is still one of its own.
    let got = lab.ask(&put("over the limit", "/p/d", "bob", 91).chunked());
    assert_eq!(got.status, 413);
}

// B-96: what is refused, here or there, is not counted.
#[test]
fn refused_uploads_do_not_count() {
    let lab = lab("1h");
    lab.refuse(403, &put("denied", "/s/closed/a", "ann", 80));
    for route in ["s", "p"] {
        lab.backend.on(
            &format!("PUT /{route}-in/full"),
            answer("507 Insufficient Storage", &[], ""),
        );
        for number in 0..3 {
            let got = lab.ask(&put(
                &format!("{route} full {number}"),
                &format!("/{route}/full"),
                "ann",
                80,
            ));
            assert_eq!((got.status, got.header("retry-after")), (507, None));
        }
        lab.pass(&put(&format!("{route} then"), &format!("/{route}/a"), "ann", 90));
    }
    let never = lab.refuse(507, &put("more than all", "/s/b", "carl", 101));
    assert_eq!(never.header("retry-after"), None);
}

// B-96: what the back end may have taken counts though nobody saw its answer, wherever locks are judged.
#[test]
fn unanswered_uploads_count() {
    let lab = lab("1h");
    for route in ["s", "p", "o"] {
        lab.backend.on(&format!("PUT /{route}-in/lost"), vec![Step::Close]);
        let lost = put(&format!("{route} lost"), &format!("/{route}/lost"), "ann", 80);
        assert_eq!(lab.ask(&lost).status, 502, "{route}");
        let path = format!("/{route}/more");
        lab.refuse(507, &put(&format!("{route} after it"), &path, "ann", 21));
        lab.pass(&put(&format!("{route} the rest"), &path, "ann", 20));
    }
}

// B-96: the time ends.
#[test]
fn time_ends() {
    let lab = lab("2s");
    lab.pass(&put("before", "/s/a", "ann", 100));
    lab.refuse(507, &put("within", "/s/a", "ann", 1));
    std::thread::sleep(Duration::from_millis(2100));
    lab.pass(&put("after", "/s/a", "ann", 100));
}
