//! `Depth` and `Overwrite` over the wire: checked on every method, and always said to the back end, which would guess differently
//! (spec 5.2 B-20 to B-26).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::lab::shared;
use support::samples::{LOCKINFO, PROPFIND, SYNC};
use support::wire::{Req, req};

fn put(name: &str) -> Req {
    req(name, "PUT", "/files/h").body("x")
}

fn copy(name: &str) -> Req {
    req(name, "COPY", "/files/h").with("Destination", "http://dav.test/files/h2")
}

fn propfind(name: &str) -> Req {
    req(name, "PROPFIND", "/files/h").xml(PROPFIND)
}

// B-20, B-23, B-24.
#[test]
fn depth_is_checked_everywhere() {
    each(
        [
            "2",
            "-1",
            "",
            "one",
            "0, 1",
            "infinity,",
            "1,noroot",
            "00",
            "0x0",
            "inf",
        ],
        |value| {
            shared().refuse(400, &propfind(&format!("B-20 {value}")).with("Depth", value));
            shared().refuse(400, &put(&format!("B-24 {value}")).with("Depth", value));
        },
    );
    shared().refuse(400, &copy("B-23 COPY 1").with("Depth", "1"));
    let sync = |name: &str| req(name, "REPORT", "/files/col/").xml(SYNC);
    shared().refuse(400, &sync("RP-21 infinity").with("Depth", "infinity"));
    shared().refuse(
        400,
        &req("B-23 LOCK 1", "LOCK", "/files/h").with("Depth", "1").xml(LOCKINFO),
    );
    each(["0", "1"], |depth| {
        let request = req(&format!("B-23 DELETE {depth}"), "DELETE", "/files/col/").with("Depth", depth);
        shared().refuse_after_probe(400, &request);
        let request = req(&format!("B-23 MOVE {depth}"), "MOVE", "/files/col/").with("Depth", depth);
        shared().refuse_after_probe(400, &request.with("Destination", "http://dav.test/files/col2/"));
    });
    shared().pass(&req("B-23 DELETE 0 of a file", "DELETE", "/files/h").with("Depth", "0"));
    shared().pass(&put("B-24 valid and ignored").with("Depth", "1"));
    shared().settle();
}

// B-21, B-26: what a back end would guess differently is said.
#[test]
fn depth_and_overwrite_are_always_said() {
    let lab = shared();
    each(
        [
            ("0", "0"),
            ("1", "1"),
            ("infinity", "infinity"),
            ("Infinity", "infinity"),
            ("INFINITY", "infinity"),
        ],
        |(depth, expected)| {
            let request = req(&format!("B-20 forwards {depth}"), "PROPFIND", "/all/col/")
                .with("Depth", depth)
                .xml(PROPFIND);
            assert_eq!(lab.pass(&request).0.header("depth"), Some(expected));
        },
    );
    let collection =
        |name: &str, method: &str| req(name, method, "/all/col/").with("Destination", "http://dav.test/all/c2/");
    each(
        [
            (
                "B-21 PROPFIND",
                req("B-21 PROPFIND", "PROPFIND", "/all/col/"),
                "infinity",
            ),
            ("B-21 COPY", collection("B-21 COPY", "COPY"), "infinity"),
            ("B-21 COPY 0", collection("B-21 COPY 0", "COPY").with("Depth", "0"), "0"),
            ("B-21 MOVE", collection("B-21 MOVE", "MOVE"), "infinity"),
            ("B-21 DELETE", req("B-21 DELETE", "DELETE", "/all/col/"), "infinity"),
            (
                "B-21 LOCK",
                req("B-21 LOCK", "LOCK", "/all/col/").xml(LOCKINFO),
                "infinity",
            ),
            (
                "B-21 REPORT",
                req("B-21 REPORT", "REPORT", "/files/col/").xml(SYNC),
                "0",
            ),
            (
                "RP-21",
                req("RP-21", "REPORT", "/files/col/").with("Depth", "1").xml(SYNC),
                "0",
            ),
        ],
        |(name, request, expected)| {
            assert_eq!(lab.pass(&request).0.all("depth"), [expected], "{name}");
        },
    );
    each(
        [
            (None, "T"),
            (Some("T"), "T"),
            (Some("F"), "F"),
            (Some("t"), "T"),
            (Some("f"), "F"),
        ],
        |(sent, expected)| {
            for method in ["COPY", "MOVE"] {
                let mut request = req(&format!("B-26 {method} {sent:?}"), method, "/files/h")
                    .with("Destination", "http://dav.test/files/h2");
                if let Some(value) = sent {
                    request = request.with("Overwrite", value);
                }
                assert_eq!(lab.pass(&request).0.all("overwrite"), [expected], "{method} {sent:?}");
            }
        },
    );
    each(["X", "TF", "", "true", "T, F"], |value| {
        lab.refuse(400, &copy(&format!("B-25 {value}")).with("Overwrite", value));
    });
    lab.settle();
}

// B-20, option `noroot`.
#[test]
fn noroot_is_an_option_and_drops_the_root() {
    each(["1,noroot", "infinity,noroot"], |depth| {
        let request = req(&format!("B-20 option {depth}"), "PROPFIND", "/all/noroot/")
            .with("Depth", depth)
            .xml(PROPFIND);
        let (_, answer) = shared().pass(&request);
        assert!(!answer.text().contains("/all/noroot/"), "{depth}: {}", answer.text());
        assert!(answer.whole && answer.status == 207);
    });
}
