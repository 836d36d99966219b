//! HTTP/1.0 as such: when connections stay open, how answers end, what a body is, what it does not know (B-4, B-14, B-15; RFC 9112
//! sections 6.1, 9.3, appendix C.2).

use std::time::Duration;

use super::support::backend::{Step, answer, multistatus};
use super::support::each;
use super::support::lab::shared;
use super::support::samples::{PROPFIND, propfind_answer};
use super::support::wire::{Answer, Client};

const SECOND: Duration = Duration::from_secs(1);

/// A head in HTTP/1.0.
fn head(name: &str, line: &str, lines: &str) -> String {
    format!("{line} HTTP/1.0\r\nHost: dav.test\r\nX-Case: {name}\r\n{lines}\r\n")
}

fn send(bytes: &str) -> (Client, Answer) {
    let mut client = Client::connect(shared().gateway.address);
    client.send(bytes.as_bytes());
    let answer = client.answer(bytes.starts_with("HEAD "));
    (client, answer)
}

// A connection stays open only where the client asks for it, and then only if the end of the answer can be seen without closing.
#[test]
fn connections_close_unless_asked() {
    each(
        [
            ("1.0 says nothing", "", false),
            ("1.0 says close", "Connection: close\r\n", false),
            ("1.0 says keep-alive", "Connection: keep-alive\r\n", true),
            ("1.0 in other letters", "connection: Keep-Alive\r\n", true),
        ],
        |(name, lines, open)| {
            let (mut client, got) = send(&head(name, "GET /files/a", lines));
            assert_eq!((got.status, got.whole), (200, true), "{name}");
            assert_eq!(shared().backend.case(name).len(), 1, "{name}");
            assert_eq!(got.lists("Connection", "keep-alive"), open, "{name}: {:?}", got.headers);
            if open {
                let second = format!("{name}, again");
                client.send(head(&second, "GET /files/a", "").as_bytes());
                assert_eq!(client.answer(false).status, 200, "{name}");
            }
            assert!(client.closed_within(2 * SECOND), "{name}");
        },
    );
}

// What has no length ends with the connection, and never in chunks; half of it does not look whole.
#[test]
fn answers_end_as_http_1_0_can_see_it() {
    let backend = &shared().backend;
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    backend.on("/dav/chunked", vec![Step::Send(chunked.into())]);
    backend.on("/dav/old-list", multistatus(propfind_answer("/dav/old-list", false)));
    backend.on("/dav/interim", {
        let mut steps = vec![Step::Send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec())];
        steps.extend(answer("200 OK", &[], "late"));
        steps
    });
    each(
        [
            ("1.0 chunks", "GET /files/chunked", "hello world"),
            ("1.0 rewritten", "PROPFIND /files/old-list", "href>/files/old-list<"),
            ("1.0 interim", "GET /files/interim", "late"),
        ],
        |(name, line, text)| {
            let (mut client, got) = send(&head(name, line, "Depth: 0\r\nConnection: keep-alive\r\n"));
            assert!(matches!(got.status, 200 | 207) && got.whole, "{name}: {}", got.status);
            assert!(got.interim.is_empty(), "{name}");
            assert_eq!(got.header("transfer-encoding"), None, "{name}");
            assert!(got.text().contains(text), "{name}: {}", got.text());
            if got.header("content-length").is_none() {
                assert!(!got.lists("Connection", "keep-alive"), "{name}: {:?}", got.headers);
                assert!(client.closed_within(2 * SECOND), "{name}");
            }
        },
    );
}

// B-15: a client of HTTP/1.0 that expects 100 has not asked for it; it sends its body, and that is taken.
#[test]
fn expectations_are_not_of_http_1_0() {
    let lines = "Content-Length: 5\r\nExpect: 100-continue\r\n";
    let (_client, got) = send(&format!("{}hello", head("1.0 expects", "PUT /files/e", lines)));
    assert_eq!((got.status, got.interim.len()), (201, 0));
    assert_eq!(shared().backend.case("1.0 expects")[0].text(), "hello");
    let lines = format!(
        "Depth: 0\r\nExpect: 100-continue\r\nContent-Length: {}\r\n",
        PROPFIND.len()
    );
    let (_client, got) = send(&format!(
        "{}{PROPFIND}",
        head("1.0 expects, XML", "PROPFIND /files/e", &lines)
    ));
    assert_eq!((got.status, got.interim.len()), (207, 0));
}

// A request without a length has no body: what follows is a request of its own, and judged as that.
#[test]
fn bodies_need_a_length() {
    let smuggled = "DELETE /ro/victim HTTP/1.0\r\nHost: dav.test\r\nX-Case: 1.0 victim\r\n\r\n";
    let lines = "Connection: keep-alive\r\n";
    let (mut client, got) = send(&format!("{}{smuggled}", head("1.0 no length", "PUT /files/n", lines)));
    assert_eq!(got.status, 201);
    let seen = shared().backend.case("1.0 no length");
    assert!(seen.len() == 1 && seen[0].whole && seen[0].body.is_empty(), "{seen:?}");
    assert_eq!(client.answer(false).status, 405, "the method filter has it");
    assert!(shared().backend.case("1.0 victim").is_empty());
    let (mut client, got) = send(&format!("{}hello", head("1.0 loose text", "PUT /files/n", lines)));
    assert_eq!(got.status, 201);
    assert!(shared().backend.case("1.0 loose text")[0].body.is_empty());
    client.half_close();
    assert!(client.closed_within(2 * SECOND), "five bytes are no request");
}

// The version of one request says nothing of the next: each is answered in its own.
#[test]
fn versions_may_change_on_a_connection() {
    let new =
        |name: &str| format!("PROPFIND /files/v HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\nDepth: 0\r\n\r\n");
    let old = head("mixed 2", "GET /files/v", "Connection: keep-alive\r\n");
    let last = "GET /files/v HTTP/1.1\r\nX-Case: mixed 4\r\n\r\n";
    let (mut client, first) = send(&[new("mixed 1"), old, new("mixed 3"), last.to_owned()].concat());
    let rest: Vec<u16> = (0..3).map(|_| client.answer(false).status).collect();
    assert_eq!(
        (first.status, rest),
        (207, vec![200, 207, 400]),
        "the last one has no Host"
    );
    assert!(client.closed_within(2 * SECOND));
    assert!(shared().backend.case("mixed 4").is_empty());
    // In HTTP/1.0 `TE` and trailers mean nothing, and nothing is upgraded.
    let lines = "TE: trailers\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n";
    let (_client, got) = send(&head("1.0 upgrade", "GET /files/v", lines));
    assert_eq!(got.status, 200);
    let seen = &shared().backend.case("1.0 upgrade")[0];
    assert!(
        seen.header("upgrade")
            .or(seen.header("http2-settings"))
            .or(seen.header("te"))
            .is_none(),
        "{seen:?}"
    );
}
