//! Uploads and what is said of where they go (spec 5.4): half a body is no body, in both versions; rows that nothing else pins (B-98,
//! B-99).

use std::time::Duration;

use super::support::backend::answer;
use super::support::each;
use super::support::lab::shared;
use super::support::wire::{Client, req};
use super::{in_1_0, refused};

fn put(name: &str, target: &str, lines: &str) -> String {
    format!("PUT {target} HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n{lines}\r\n\r\n")
}

/// What the client sends of a request, and then closes, or only closes its half of the connection.
fn half(bytes: &[u8], only_half: bool) {
    let mut client = Client::connect(shared().gateway.address);
    client.send(bytes);
    std::thread::sleep(Duration::from_millis(100));
    if only_half {
        client.half_close();
        client.closed_within(Duration::from_secs(5));
    }
}

// B-92: streamed or spooled, by length or in chunks, in both versions; nowhere is half of it stored.
#[test]
fn half_an_upload_is_none() {
    let mut names = Vec::new();
    for target in ["/files/half", "/all/half"] {
        for (how, lines, body) in [
            ("length", "Content-Length: 100000", "hello"),
            ("one byte less", "Content-Length: 6", "hello"),
            ("chunks", "Transfer-Encoding: chunked", "5\r\nhello\r\n"),
            ("in a chunk", "Transfer-Encoding: chunked", "9\r\nhello"),
            (
                "before the last line",
                "Transfer-Encoding: chunked",
                "5\r\nhello\r\n0\r\n",
            ),
            (
                "in a trailer",
                "Transfer-Encoding: chunked",
                "5\r\nhello\r\n0\r\nX-A: 1",
            ),
        ] {
            for only_half in [false, true] {
                let name = format!("half, {how} {target} {only_half}");
                let bytes = put(&name, target, lines) + body;
                half(bytes.as_bytes(), only_half);
                if !lines.contains("chunked") {
                    let old = format!("{name} (HTTP/1.0)");
                    half(&in_1_0(bytes.as_bytes(), &name, &old), only_half);
                    names.push(old);
                }
                names.push(name);
            }
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    each(names, |name| {
        let seen = shared().backend.case(&name);
        assert!(
            seen.iter().all(|seen| !seen.whole),
            "{name}: the back end has a whole request"
        );
        assert!(
            seen.is_empty() || name.contains("/files/"),
            "{name}: heard of before its end"
        );
    });
}

// B-90, B-2: lengths that nobody can mean.
#[test]
fn impossible_lengths() {
    each(["9223372036854775807", "1048577", "4611686018427387904"], |length| {
        let name = format!("B-90 {length}");
        let bytes = put(&name, "/files/huge", &format!("Content-Length: {length}")).into_bytes();
        refused(413, "body-too-large", &name, &bytes);
        let old = format!("{name} (HTTP/1.0)");
        refused(413, "body-too-large", &old, &in_1_0(&bytes, &name, &old));
    });
    shared().settle();
}

// B-91: a chunk may say that it is as long as it likes; what counts is what comes.
#[test]
fn a_chunk_that_promises_too_much() {
    each(["7fffffffffffffff", "ffffffff", "100001"], |size| {
        let name = format!("B-91 chunk of {size}");
        let bytes = put(&name, "/files/promise", "Transfer-Encoding: chunked");
        let mut client = Client::connect(shared().gateway.address);
        client.send(format!("{bytes}{size}\r\n").as_bytes());
        client.send(&vec![b'x'; (1 << 20) + 1]);
        let answer = client.answer(false);
        assert_eq!(answer.status, 413, "{name}: {}", answer.text());
        drop(client);
        std::thread::sleep(Duration::from_millis(100));
        assert!(shared().backend.case(&name).iter().all(|seen| !seen.whole), "{name}");
    });
}

// B-97: a collection is no place for an upload, however it is spelt.
#[test]
fn uploads_to_collections() {
    each(["/files/", "/files/col//", "/files/%63ol/", "//files//"], |target| {
        let answer = shared().refuse_for(
            405,
            "put-to-collection",
            &req(&format!("B-97 {target}"), "PUT", target).body("x"),
        );
        assert!(answer.header("allow").is_some(), "ERR-4: {:?}", answer.headers);
    });
    shared().pass(&req("B-97 beside it", "PUT", "/files/col/a").body("x"));
    shared().settle();
}

// B-98, B-99: the back end knows what is there, and its word reaches the client with what ERR-4 wants beside it.
#[test]
fn what_is_there_already_and_what_is_not() {
    let backend = &shared().backend;
    let allow = [("Allow", "OPTIONS, GET, PROPFIND, BIND")];
    backend.on("MKCOL /dav/there/", answer("405 Method Not Allowed", &allow, ""));
    backend.on("MKCALENDAR /dav/there/", answer("409 Conflict", &[], ""));
    backend.on("MKCOL /dav/no/parent/", answer("409 Conflict", &[], ""));
    backend.on("PUT /dav/no/parent", answer("409 Conflict", &[], ""));
    for old in [false, true] {
        for (status, method, target) in [
            (405, "MKCOL", "/files/there/"),
            (409, "MKCALENDAR", "/files/there/"),
            (409, "MKCOL", "/files/no/parent/"),
            (409, "PUT", "/files/no/parent"),
        ] {
            let mut request = req(&format!("B-98 {method} {target} {old}"), method, target);
            request.old = old;
            let answer = shared().ask(&request);
            assert_eq!(answer.status, status, "{}: {}", request.name, answer.text());
            assert_eq!(shared().backend.case(&request.name).len(), 1, "{}", request.name);
            if status == 405 {
                assert!(
                    answer.lists("Allow", "PROPFIND") && !answer.lists("Allow", "BIND"),
                    "{:?}",
                    answer.headers
                );
            }
        }
    }
}
