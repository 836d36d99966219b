//! Requests one behind the other on a connection, and what the HTTP library makes of a message before anybody sees it: pinned, since
//! what is judged is what arrives (B-4, B-5, P-2).

use std::time::Duration;

use super::SMUGGLED;
use super::support::each;
use super::support::lab::{Lab, shared};
use super::support::wire::{Client, Req, raw, req};

// Each request of a connection is judged for itself, however the bytes come.
#[test]
fn pipelined_requests_are_judged_one_by_one() {
    let lab = Lab::with_routes(
        r#"
  - { name: a, hosts: [dav.test], path: /files/, backend: { url: "http://@BACK@/dav/", profile: apache } }
  - { name: b, hosts: [dav.test], path: /ro/, methods: [read], backend: { url: "http://@BACK@/ro-in/", profile: apache } }"#,
    );
    let all = [
        req("pipe 1", "PUT", "/files/p").body("hello"),
        req("pipe 2", "DELETE", "/ro/p"),
        req("pipe 3", "GET", "/ro/p"),
        req("pipe 4", "PUT", "/ro/p").body(SMUGGLED),
        req("pipe 5", "GET", "/files/p"),
    ];
    let bytes: Vec<u8> = all.iter().flat_map(Req::bytes).collect();
    for pieces in [vec![bytes.as_slice()], bytes.chunks(97).collect::<Vec<_>>()] {
        let mut client = Client::connect(lab.gateway.address);
        client.send_pieces(&pieces, Duration::from_millis(2));
        let mut got = Vec::new();
        for _ in 0..5 {
            match client.answer(false).status {
                0 => break,
                status => got.push(status),
            }
        }
        // A refusal may close the connection; what was answered is right, and nothing refused arrived.
        let expected = [201, 405, 200, 405, 200];
        assert_eq!(got, expected[..got.len()], "{got:?}");
        assert!(got.len() >= 2, "{got:?}");
    }
    std::thread::sleep(Duration::from_millis(100));
    each(lab.backend.requests(), |seen| {
        assert!(matches!(seen.method.as_str(), "PUT" | "GET" | "PROPFIND"), "{seen:?}");
        assert!(!(seen.method == "PUT" && seen.target.starts_with("/ro-in")), "{seen:?}");
    });
    assert!(
        !lab.backend.saw("DELETE"),
        "neither the refused nor the smuggled DELETE arrived"
    );
}

// Deliberately accepted: pingora encodes blanks inside the target before anything else sees the request (P-2). It is one path, for
// the rules as for the back end.
#[test]
fn blanks_in_a_target_are_part_of_it() {
    each(
        [
            ("line two blanks after", "GET /files/line  HTTP/1.1", "/dav/line%20"),
            (
                "line second target",
                "GET /files/line /files/other HTTP/1.1",
                "/dav/line%20/files/other",
            ),
            (
                "line two blanks after on 1.0",
                "GET /files/line  HTTP/1.0",
                "/dav/line%20",
            ),
        ],
        |(name, line, target)| {
            let bytes = format!("{line}\r\nHost: dav.test\r\nX-Case: {name}\r\n\r\n");
            let answer = raw(shared().gateway.address, bytes.as_bytes());
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            let seen = shared().backend.case(name);
            assert!(seen.len() == 1 && seen[0].target == target, "{name}: {seen:?}");
        },
    );
}

// A chunk size of no digits is read as 0 by pingora, the rest as trailers, and nothing of it can be seen from outside. Deliberately
// pinned: what arrives is framed anew and says the same to everybody, and what follows is judged as a request of its own.
#[test]
fn a_chunk_size_without_digits_is_the_end() {
    let name = "chunk empty size";
    let head =
        format!("PUT /files/empty HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let bytes = [head.as_bytes(), b"\r\nhello\r\n0\r\n\r\n", SMUGGLED].concat();
    let mut client = Client::connect(shared().gateway.address);
    client.send(&bytes);
    assert_eq!(client.answer(false).status, 201);
    let next = client.answer(false).status;
    assert!(
        next == 0 || next == 404,
        "{next}: judged for itself, outside every route"
    );
    let seen = shared().backend.case(name);
    assert_eq!(seen.len(), 1);
    assert!(seen[0].whole && seen[0].body.is_empty(), "{:?}", seen[0]);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!shared().backend.saw("X-Smuggled") && !shared().backend.saw("x-smuggled"));
}
