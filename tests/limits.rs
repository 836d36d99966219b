//! Size limits: what is over a limit is refused before the back end has a whole request, at the limit it passes (spec 5.1 B-8, B-9,
//! B-15, 5.2 B-22, 5.3 B-69 and B-70, 5.4 B-90 to B-93, ERR-4).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::Seen;
use support::each;
use support::lab::shared;
use support::samples::{PROPFIND, PROPPATCH};
use support::wire::{Client, Req, req};

const MIB: usize = 1 << 20;

/// Sends only the header of a request that announces `length` bytes, and reads the answer.
fn announce(request: &Req, length: usize) -> (support::wire::Answer, bool) {
    let mut client = Client::connect(shared().gateway.address);
    let head = request.clone().with("Content-Length", &length.to_string()).bytes();
    client.send(&head);
    let answer = client.answer(false);
    let closed = client.closed_within(Duration::from_secs(5));
    (answer, closed)
}

// B-69, B-90, ERR-4: refused by the announcement alone, before any byte of the body.
#[test]
fn announced_bodies_over_the_limit_are_refused_unread() {
    each(
        [
            (
                "B-69 XML",
                req("B-69 XML", "PROPPATCH", "/files/big").with("Content-Type", "text/xml"),
                64 * 1024,
            ),
            (
                "B-69 PROPFIND",
                req("B-69 PROPFIND", "PROPFIND", "/files/big")
                    .with("Depth", "0")
                    .with("Content-Type", "text/xml"),
                64 * 1024,
            ),
            ("B-90 PUT", req("B-90 PUT", "PUT", "/files/big"), MIB),
            (
                "B-90 PUT on a rule of its own",
                req("B-90 PUT on a rule of its own", "PUT", "/rules/inbox/a"),
                100,
            ),
            ("B-90 huge", req("B-90 huge", "PUT", "/files/big"), 1 << 40),
        ],
        |(name, request, limit)| {
            let (answer, closed) = announce(&request, limit + 1);
            assert_eq!(answer.status, 413, "{name}: {}", answer.text());
            assert!(
                answer.lists("Connection", "close") && closed,
                "{name}: ERR-4: {:?}",
                answer.headers
            );
            assert!(!shared().backend.saw(name), "{name}: reached the back end");
        },
    );
    // After O-6: what the method filter refuses is refused as such, however large.
    assert_eq!(
        announce(&req("B-90 after the filter", "PUT", "/ro/big"), MIB * 2)
            .0
            .status,
        405
    );
}

#[test]
fn bodies_at_the_limit_pass() {
    let (seen, _) = shared().pass(&req("B-90 at the limit", "PUT", "/files/fits").body(vec![b'x'; MIB]));
    assert!(seen.whole && seen.body.len() == MIB);
    let (seen, _) = shared().pass(
        &req("B-91 at the limit", "PUT", "/files/fits")
            .body(vec![b'x'; MIB])
            .chunked(),
    );
    assert!(seen.whole && seen.body.len() == MIB);
    shared().pass(&req("B-90 rule at the limit", "PUT", "/rules/inbox/b").body([b'x'; 100]));
    shared().pass(&req("B-90 beside the rule", "PUT", "/rules/other").body([b'x'; 101]));
    let padded = |length: usize| format!("{}{PROPPATCH}", " ".repeat(length - PROPPATCH.len()));
    shared().pass(&req("B-69 at the limit", "PROPPATCH", "/files/fits").xml(padded(64 * 1024)));
    shared().pass(
        &req("B-70 at the limit", "PROPPATCH", "/files/fits")
            .xml(padded(64 * 1024))
            .chunked(),
    );
}

/// Whether the back end has a whole request of this case.
fn stored(all: &[Seen], name: &str) -> bool {
    all.iter().any(|seen| seen.header("x-case") == Some(name) && seen.whole)
}

// B-70, B-91: chunked bodies are counted while they come.
#[test]
fn chunked_bodies_over_the_limit_are_never_whole() {
    each(
        [
            (
                "B-91 streamed",
                req("B-91 streamed", "PUT", "/files/c1")
                    .body(vec![b'x'; MIB + 1])
                    .chunked(),
            ),
            (
                "B-91 streamed far over",
                req("B-91 streamed far over", "PUT", "/files/c1")
                    .body(vec![b'x'; 5 * MIB])
                    .chunked(),
            ),
            (
                "B-91 rule",
                req("B-91 rule", "PUT", "/rules/inbox/c").body([b'x'; 101]).chunked(),
            ),
        ],
        |(name, request)| {
            let mut client = Client::connect(shared().gateway.address);
            client.send(&request.bytes());
            let answer = client.answer(false);
            assert_eq!(answer.status, 413, "{name}: {}", answer.text());
            assert!(client.closed_within(Duration::from_secs(5)), "{name}: closed");
            std::thread::sleep(Duration::from_millis(200));
            assert!(
                !stored(&shared().backend.requests(), name),
                "{name}: the back end has a whole request"
            );
        },
    );
    // A back end that may keep what it got hears nothing before the end is seen.
    shared().refuse(
        413,
        &req("B-91 spooled", "PUT", "/strict/c1")
            .body(vec![b'x'; MIB + 1])
            .with("X-Mode", "spool")
            .chunked(),
    );
    let big = format!("{}{PROPPATCH}", " ".repeat(64 * 1024));
    shared().refuse(
        413,
        &req("B-70 chunked XML", "PROPPATCH", "/files/c1").xml(big).chunked(),
    );
    let small = format!("{}{PROPFIND}", " ".repeat(200));
    shared().refuse(
        413,
        &req("B-70 limit of the route", "PROPFIND", "/strict/c1")
            .with("Depth", "0")
            .xml(small)
            .chunked(),
    );
    shared().settle();
}

// B-92: half an upload is no upload.
#[test]
fn a_client_that_goes_away_stores_nothing() {
    each(
        [
            ("B-92 length", "Content-Length: 100000", "/files/gone1"),
            ("B-92 chunked", "Transfer-Encoding: chunked", "/files/gone2"),
            ("B-92 spooled", "Transfer-Encoding: chunked", "/all/gone3"),
        ],
        |(name, framing, target)| {
            let mut client = Client::connect(shared().gateway.address);
            let head = format!("PUT {target} HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n{framing}\r\n\r\n");
            client.send(head.as_bytes());
            client.send(if framing.contains("chunked") {
                b"5\r\nhello\r\n"
            } else {
                b"hello"
            });
            std::thread::sleep(Duration::from_millis(200));
            drop(client);
            std::thread::sleep(Duration::from_millis(500));
            assert!(
                !stored(&shared().backend.requests(), name),
                "{name}: the back end has a whole request"
            );
        },
    );
    // Twin: the same upload, ended.
    let (seen, _) = shared().pass(&req("B-92 complete", "PUT", "/files/gone1").body("hello").chunked());
    assert!(seen.whole && seen.text() == "hello");
}

// B-8.
#[test]
fn headers_have_limits() {
    let get = |name: &str| req(name, "GET", "/files/hd");
    let many = |name: &str, target: &str, count: usize, size: usize| {
        (0..count).fold(req(name, "GET", target), |request, n| {
            request.with(&format!("X-H{n:04}"), &"v".repeat(size))
        })
    };
    shared().pass(&get("B-8 line fits").with("X-Long", &"a".repeat(16_000)));
    shared().refuse(431, &get("B-8 line").with("X-Long", &"a".repeat(17_000)));
    shared().pass(&many("B-8 total fits", "/files/hd", 60, 1000));
    shared().refuse(431, &many("B-8 total", "/files/hd", 70, 1000));
    shared().pass(&many("B-8 count fits", "/files/hd", 120, 5));
    shared().refuse(431, &many("B-8 count", "/files/hd", 130, 5));
    shared().pass(&many("B-8 route fits", "/strict/hd", 15, 5));
    shared().refuse(431, &many("B-8 route count", "/strict/hd", 21, 5));
    shared().refuse(431, &many("B-8 route line", "/strict/hd", 1, 1001));
    shared().refuse(431, &many("B-8 route total", "/strict/hd", 6, 900));
    shared().settle();
}

// B-22.
#[test]
fn propfind_infinity_is_refused_on_collections() {
    let lab = shared();
    let ask = |name: &str, target: &str| req(name, "PROPFIND", target).xml(PROPFIND);
    each(
        [
            ("B-22 said", ask("B-22 said", "/files/col/").with("Depth", "infinity")),
            ("B-22 meant", ask("B-22 meant", "/files/col/")),
            (
                "B-22 upper case",
                ask("B-22 upper case", "/files/col/").with("Depth", "INFINITY"),
            ),
            ("B-22 root", ask("B-22 root", "/files").with("Depth", "infinity")),
        ],
        |(name, request)| {
            let answer = lab.refuse_after_probe(403, &request);
            assert!(
                answer.has_condition("propfind-finite-depth"),
                "{name}: {}",
                answer.text()
            );
        },
    );
    each(
        [
            ("B-22 file", ask("B-22 file", "/files/plain").with("Depth", "infinity")),
            ("B-22 file, meant", ask("B-22 file, meant", "/files/plain")),
        ],
        |(name, request)| {
            assert_eq!(lab.pass(&request).0.header("depth"), Some("0"), "{name}");
        },
    );
    lab.pass(&ask("B-22 depth 1", "/files/col/").with("Depth", "1"));
    let (seen, _) = lab.pass(&ask("B-22 allowed", "/all/col/").with("Depth", "infinity"));
    assert_eq!(seen.header("depth"), Some("infinity"));
    let asked = lab.backend.requests();
    let deep = asked
        .iter()
        .filter(|seen| seen.target.starts_with("/dav/") && seen.header("depth") == Some("infinity"));
    assert_eq!(
        deep.filter(|seen| seen.method == "PROPFIND").count(),
        0,
        "no infinite PROPFIND on that route, not even a probe"
    );
}

// B-15.
#[test]
fn expect_is_answered_early() {
    let send = |request: &Req, body: &[u8]| {
        let mut client = Client::connect(shared().gateway.address);
        client.send(
            &request
                .clone()
                .with("Expect", "100-continue")
                .with("Content-Length", &body.len().to_string())
                .bytes(),
        );
        let first = client.read_head();
        if first.status == 100 {
            client.send(body);
            return (100, client.answer(false).status);
        }
        (first.status, 0)
    };
    each(
        [
            (
                "over the limit",
                req("B-15 over the limit", "PUT", "/files/ex"),
                vec![b'x'; MIB + 1],
                413,
            ),
            ("method", req("B-15 method", "PUT", "/ro/ex"), vec![b'x'; 10], 405),
            ("path", req("B-15 path", "PUT", "/files/%00"), vec![b'x'; 10], 400),
            ("outside", req("B-15 outside", "PUT", "/nowhere"), vec![b'x'; 10], 404),
            (
                "If",
                req("B-15 If", "PUT", "/files/ex").with("If", "("),
                vec![b'x'; 10],
                400,
            ),
        ],
        |(name, request, body, status)| {
            assert_eq!(send(&request, &body), (status, 0), "{name}");
            assert!(!shared().backend.saw(&request.name), "{name}: reached the back end");
        },
    );
    let put = req("B-15 fine", "PUT", "/files/ex");
    assert_eq!(send(&put, b"hello"), (100, 201));
    assert!(
        shared()
            .backend
            .case("B-15 fine")
            .iter()
            .any(|seen| seen.text() == "hello" && seen.whole)
    );
    let xml = req("B-15 XML", "PROPFIND", "/files/ex")
        .with("Depth", "0")
        .with("Content-Type", "text/xml");
    assert_eq!(send(&xml, PROPFIND.as_bytes()), (100, 207));
}

// B-93, B-97.
#[test]
fn uploads_have_a_length_and_a_name() {
    let (seen, _) = shared().pass(&req("B-93 no length", "PUT", "/files/nolen"));
    assert!(seen.body.is_empty() && seen.whole);
    shared().refuse(411, &req("B-93 option", "PUT", "/strict/nolen"));
    shared().pass(&req("B-93 option, empty", "PUT", "/strict/nolen").body(""));
    let answer = shared().refuse_after_probe(405, &req("B-97 slash", "PUT", "/files/col/").body("x"));
    assert!(
        answer.header("allow").is_some() && !answer.lists("Allow", "PUT"),
        "{:?}",
        answer.headers
    );
    shared().settle();
}
