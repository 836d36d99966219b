//! Chunked bodies that are none, trailers, and bodies that are answered before they are read (B-5, B-14, B-15, B-70, B-91).

use std::time::Duration;

use super::SMUGGLED;
use super::support::each;
use super::support::lab::shared;
use super::support::samples::PROPFIND;
use super::support::table::{rows, text};
use super::support::wire::{Client, req};

fn head(name: &str, line: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\nDepth: 0\r\nTransfer-Encoding: chunked\r\n\r\n")
        .into_bytes()
}

/// Case, and a body in chunks that cannot be read.
const BROKEN: &str = r#"
bare LF                 | 5\nhello\n0\n\n
bare LF after the size  | 5\nhello\r\n0\r\n\r\n
bare LF after the data  | 5\r\nhello\n0\r\n\r\n
bare CR after the size  | 5\rhello\r\n0\r\n\r\n
hex prefix              | 0x5\r\nhello\r\n0\r\n\r\n
plus                    | +5\r\nhello\r\n0\r\n\r\n
minus                   | -5\r\nhello\r\n0\r\n\r\n
overflow of 64 bits     | 10000000000000005\r\nhello\r\n0\r\n\r\n
wraps to 5              | 100000000000000005\r\nhello\r\n0\r\n\r\n
letters                 | zz\r\nhello\r\n0\r\n\r\n
another script          | \xd9\xa5\r\nhello\r\n0\r\n\r\n
longer than it says     | 5\r\nhello!!\r\n0\r\n\r\n
no CRLF after the data  | 5\r\nhello0\r\n\r\n
size in quotes          | "5"\r\nhello\r\n0\r\n\r\n
underscore in the size  | 0_5\r\nhello\r\n0\r\n\r\n
NUL behind the size     | 5\0\r\nhello\r\n0\r\n\r\n
"#;

// Streamed, the back end may have the beginning and never the end; where the gateway reads the body itself, it has nothing.
#[test]
fn broken_chunks_never_end_a_body() {
    each(rows::<2>(BROKEN), |[name, body]| {
        let name = text(&name);
        for (line, streamed) in [
            ("PUT /files/chunks", true),
            ("PUT /all/chunks", false),
            ("PROPFIND /files/chunks", false),
        ] {
            let name = format!("chunks, {name}, {line}");
            let mut client = Client::connect(shared().gateway.address);
            client.send(&[&head(&name, line), body.as_slice(), SMUGGLED].concat());
            let answer = client.answer(false);
            assert_eq!((answer.status, answer.whole), (400, true), "{name}: {}", answer.text());
            assert!(answer.has_condition("body-broken"), "{name}: {}", answer.text());
            assert!(client.closed_within(Duration::from_secs(5)), "{name}");
            let seen = shared().backend.case(&name);
            assert!(seen.iter().all(|seen| streamed && !seen.whole), "{name}: {seen:?}");
        }
    });
    std::thread::sleep(Duration::from_millis(200));
    let whole = shared()
        .backend
        .requests()
        .into_iter()
        .filter(|seen| seen.target.contains("chunks") && seen.whole);
    assert_eq!(
        whole
            .filter(|seen| seen.method == "PUT" && seen.text() != "hello")
            .count(),
        0
    );
    assert!(!shared().backend.saw("X-Smuggled") && !shared().backend.saw("x-smuggled"));
}

/// Case, and a body in chunks that is `hello`; what stands behind it must be dropped (B-14).
const FINE: &str = r#"
plain                    | 5\r\nhello\r\n0\r\n\r\n
pieces                   | 1\r\nh\r\n4\r\nello\r\n0\r\n\r\n
leading zeros            | 0000000005\r\nhello\r\n0000\r\n\r\n
extension                | 5;a=b\r\nhello\r\n0;c\r\n\r\n
extension in quotes      | 5;a="b;c"\r\nhello\r\n0\r\n\r\n
trailer                  | 5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n
trailer Content-Length   | 5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n
trailer TE               | 5\r\nhello\r\n0\r\nTransfer-Encoding: identity\r\n\r\n
trailer Host             | 5\r\nhello\r\n0\r\nHost: trailer.test\r\n\r\n
trailer Destination      | 5\r\nhello\r\n0\r\nDestination: /trailer\r\nIf: (<urn:trailer>)\r\n\r\n
trailer Authorization    | 5\r\nhello\r\n0\r\nAuthorization: Basic dHJhaWxlcg==\r\nX-Remote-User: trailer\r\n\r\n
trailer like a request   | 5\r\nhello\r\n0\r\nDELETE /dav/trailer HTTP/1.1\r\nX-Smuggled: trailer\r\n\r\n
"#;

#[test]
fn trailers_and_extensions_are_dropped() {
    each(rows::<2>(FINE), |[name, body]| {
        for line in ["PUT /files/chunks", "PUT /all/chunks"] {
            let name = format!("chunks, {}, {line}", text(&name));
            let mut client = Client::connect(shared().gateway.address);
            let next = req(&format!("{name}, next"), "GET", "/files/next").bytes();
            client.send(&[&head(&name, line), body.as_slice(), &next].concat());
            let statuses = [client.answer(false).status, client.answer(false).status];
            let seen = shared().backend.case(&name);
            assert_eq!(statuses, [201, 200], "{name}");
            assert!(
                seen.len() == 1 && seen[0].whole && seen[0].text() == "hello",
                "{name}: {seen:?}"
            );
            let framings = seen[0].all("content-length").len() + seen[0].all("transfer-encoding").len();
            assert_eq!(framings, 1, "{name}: {seen:?}");
            assert_eq!(shared().backend.case(&format!("{name}, next")).len(), 1, "{name}");
        }
    });
    for trace in [
        "X-Trailer",
        "trailer.test",
        "/trailer",
        "urn:trailer",
        "dHJhaWxlcg",
        "X-Remote-User",
        "X-Smuggled",
    ] {
        assert!(!shared().backend.saw(trace), "{trace}: B-14");
    }
}

// The name of the coding has no letter case.
#[test]
fn chunked_in_other_letters() {
    let head =
        "PUT /files/chunks HTTP/1.1\r\nHost: dav.test\r\nX-Case: CHUNKED\r\ntransfer-encoding:\tCHUNKED \r\n\r\n";
    let mut client = Client::connect(shared().gateway.address);
    client.send(&[head.as_bytes(), b"5\r\nhello\r\n0\r\n\r\n"].concat());
    assert_eq!(client.answer(false).status, 201);
    let seen = shared().backend.case("CHUNKED");
    assert!(
        seen.len() == 1 && seen[0].whole && seen[0].text() == "hello",
        "{seen:?}"
    );
}

// An XML body is read by the gateway; its trailers are as little of the back end's concern.
#[test]
fn trailers_of_xml_are_dropped() {
    let name = "XML with trailers";
    let body = format!(
        "{:x};x=y\r\n{PROPFIND}\r\n0\r\nX-Late: 1\r\nDepth: infinity\r\n\r\n",
        PROPFIND.len()
    );
    let mut client = Client::connect(shared().gateway.address);
    client.send(&[head(name, "PROPFIND /files/late").as_slice(), body.as_bytes()].concat());
    assert_eq!(client.answer(false).status, 207);
    let seen = shared().backend.case(name);
    assert!(seen.len() == 1 && seen[0].all("depth") == ["0"], "{seen:?}");
    assert!(!shared().backend.saw("X-Late"));
}

// What is refused by its head has its body read and dropped, or the connection ends: never is the body taken for a request.
#[test]
fn refused_bodies_are_no_requests() {
    let inner = "DELETE /files/inner-victim HTTP/1.1\r\nHost: dav.test\r\nX-Case: inner\r\n\r\n";
    each(
        [
            ("length", format!("Content-Length: {}\r\n\r\n{inner}", inner.len())),
            (
                "chunks",
                format!(
                    "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
                    inner.len()
                ),
            ),
            (
                "broken chunks",
                format!("Transfer-Encoding: chunked\r\n\r\nzz\r\n{inner}"),
            ),
            ("no end", format!("Content-Length: {}\r\n\r\n{inner}", inner.len() + 1)),
            (
                "expects",
                format!("Content-Length: {}\r\nExpect: 100-continue\r\n\r\n{inner}", inner.len()),
            ),
            ("too long", format!("Content-Length: 99999999999\r\n\r\n{inner}")),
        ],
        |(how, rest)| {
            for (status, line) in [
                (405, "PUT /ro/a"),
                (404, "PUT /nowhere"),
                (400, "PUT /files/%00"),
                (501, "BREW /files/a"),
            ] {
                let name = format!("refused {how} {line}");
                let text = format!("{line} HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n{rest}");
                let mut client = Client::connect(shared().gateway.address);
                client.send(text.as_bytes());
                let answer = client.answer(false);
                assert_eq!((answer.status, answer.interim.len()), (status, 0), "{name}");
                assert!(shared().backend.case(&name).is_empty(), "{name}");
                client.half_close();
                assert!(client.closed_within(Duration::from_secs(5)), "{name}");
            }
        },
    );
    std::thread::sleep(Duration::from_millis(200));
    assert!(!shared().backend.saw("inner-victim") && shared().backend.case("inner").is_empty());
}
