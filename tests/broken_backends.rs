//! Back ends that are slow, dead or break off: 502, 504 or an answer that is visibly incomplete, never one that looks whole
//! (spec B-100, R-13, and the timeouts of a route).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::{Lab, shared};
use support::samples::{PROPFIND, propfind_answer};
use support::wire::{Answer, Client, Req, req};

fn send(text: &str) -> Step {
    Step::Send(text.as_bytes().to_vec())
}

fn propfind(name: &str, target: &str) -> Req {
    req(name, "PROPFIND", target).with("Depth", "0").xml(PROPFIND)
}

/// The back end answers `METHOD /slow-in/NAME` like this; what a client of `/slow/NAME` gets.
fn through(name: &str, method: &str, steps: Vec<Step>) -> (Answer, Duration) {
    shared().backend.on(&format!("{method} /slow-in/{name}"), steps);
    let target = format!("/slow/{name}");
    let case = format!("{name} {method}");
    let request = match method {
        "PROPFIND" => propfind(&case, &target),
        "PUT" => req(&case, "PUT", target).body("x"),
        _ => req(&case, method, target),
    };
    let start = Instant::now();
    (shared().ask(&request), start.elapsed())
}

#[test]
fn a_dead_back_end_is_502() {
    each([("dead GET", "GET"), ("dead DELETE", "DELETE")], |(name, method)| {
        let got = shared().ask(&req(name, method, "/dead/x"));
        assert!(matches!(got.status, 502 | 503), "{name}: {}", got.status);
        assert!(!got.text().contains("127.0.0.1"), "ERR-3: {}", got.text());
    });
    assert!(matches!(
        shared().ask(&req("dead PUT", "PUT", "/dead/x").body("x")).status,
        502 | 503
    ));
    assert!(matches!(
        shared().ask(&propfind("dead PROPFIND", "/dead/x")).status,
        502 | 503
    ));
}

#[test]
fn a_silent_back_end_is_504() {
    each(["GET", "PUT", "PROPFIND", "DELETE"], |method| {
        let (got, took) = through(
            &format!("silent-{method}"),
            method,
            vec![Step::Pause(Duration::from_secs(6)), Step::Close],
        );
        assert_eq!(got.status, 504, "{method}: {}", got.text());
        assert!(
            took < Duration::from_secs(5),
            "{method}: the route says 1 s, 2 s for long methods; took {took:?}"
        );
    });
    let (got, _) = through(
        "late",
        "GET",
        [
            vec![Step::Pause(Duration::from_millis(300))],
            answer("200 OK", &[], "ok"),
        ]
        .concat(),
    );
    assert_eq!(
        (got.status, got.text().as_str()),
        (200, "ok"),
        "a short wait is no timeout"
    );
}

#[test]
fn a_broken_answer_never_looks_whole() {
    let body = propfind_answer("/slow-in/x", false);
    let half = &body[..body.len() / 2];
    let head =
        |framing: &str| format!("HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\n{framing}\r\n\r\n");
    let pause = || Step::Pause(Duration::from_secs(4));
    each(
        [
            ("no-answer", vec![Step::Close]),
            ("garbage", vec![send("hello\r\n\r\n"), Step::Close]),
            ("half-head", vec![send("HTTP/1.1 207 Multi"), Step::Close]),
            (
                "short-length",
                vec![
                    send(&head(&format!("Content-Length: {}", body.len()))),
                    send(half),
                    Step::Close,
                ],
            ),
            (
                "no-last-chunk",
                vec![
                    send(&head("Transfer-Encoding: chunked")),
                    send(&format!("{:x}\r\n{half}\r\n", half.len())),
                    Step::Close,
                ],
            ),
            (
                "half-chunk",
                vec![
                    send(&head("Transfer-Encoding: chunked")),
                    send(&format!("ffff\r\n{half}")),
                    Step::Close,
                ],
            ),
            (
                "bad-chunk",
                vec![
                    send(&head("Transfer-Encoding: chunked")),
                    send("zz\r\nxx\r\n"),
                    Step::Close,
                ],
            ),
            (
                "whole-body-no-last-chunk",
                vec![
                    send(&head("Transfer-Encoding: chunked")),
                    send(&format!("{:x}\r\n{body}\r\n", body.len())),
                    Step::Close,
                ],
            ),
            (
                "stalls",
                vec![send(&head("Content-Length: 100000")), send(half), pause(), Step::Close],
            ),
            (
                "half-close-delimited",
                vec![
                    send(&head("Connection: close").replace("1.1", "1.0")),
                    send(half),
                    Step::Close,
                ],
            ),
            (
                "two-lengths",
                vec![
                    send(&head("Content-Length: 5\r\nContent-Length: 6")),
                    send("hello!"),
                    Step::Close,
                ],
            ),
        ],
        |(name, steps)| {
            for method in ["PROPFIND", "GET"] {
                if method == "GET" && name == "half-close-delimited" {
                    return; // a download without framing has no visible end
                }
                let (got, _) = through(&format!("{name}-{method}"), method, steps.clone());
                let broken = got.status == 0 || got.status >= 500 || !got.whole;
                assert!(
                    broken,
                    "{name} {method}: {} {:?} {}",
                    got.status,
                    got.headers,
                    got.text()
                );
            }
        },
    );
}

// 1.5, B-12: nothing of an interim answer passes but that it came, and no back end switches the protocol under a client.
#[test]
fn interim_answers() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </slow-in/x.css>; rel=preload\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    for method in ["GET", "DELETE"] {
        let (got, _) = through(&format!("switch-{method}"), method, vec![send(switching), send(ok)]);
        assert_eq!((got.status, got.interim.len()), (502, 0), "{method}: {}", got.text());
        let (got, _) = through(&format!("hints-{method}"), method, vec![send(early), send(ok)]);
        assert_eq!((got.status, got.text().as_str()), (200, "ok"), "{method}");
    }
    // Of an upload they are handed on, without their fields; others end here.
    for (method, statuses) in [("PUT", &[103][..]), ("GET", &[])] {
        shared()
            .backend
            .on(&format!("{method} /slow-in/hints"), vec![send(early), send(ok)]);
        let mut client = Client::connect(shared().gateway.address);
        client.send(&req("hints", method, "/slow/hints").bytes());
        for status in statuses {
            let first = client.read_head();
            assert_eq!((first.status, first.headers.len()), (*status, 0), "{:?}", first.headers);
        }
        let last = client.answer(false);
        assert_eq!((last.status, last.interim.len()), (200, 0), "{method}");
    }
}

// Framings that are legal and must pass.
#[test]
fn old_framings_pass() {
    let body = propfind_answer("/slow-in/x", false);
    let head = "HTTP/1.0 207 Multi-Status\r\nContent-Type: application/xml\r\n";
    each(
        [
            ("old-close", vec![send(&format!("{head}\r\n{body}")), Step::Close]),
            (
                "old-length",
                vec![
                    send(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())),
                    Step::Close,
                ],
            ),
            (
                "new-close",
                vec![
                    send(&format!("{head}Connection: close\r\n\r\n{body}").replace("/1.0", "/1.1")),
                    Step::Close,
                ],
            ),
            (
                "chunked",
                vec![send(
                    &format!(
                        "{head}Transfer-Encoding: chunked\r\n\r\n{:x};x=y\r\n{body}\r\n0\r\nX-Trailer: 1\r\n\r\n",
                        body.len()
                    )
                    .replace("/1.0", "/1.1"),
                )],
            ),
        ],
        |(name, steps)| {
            let (got, _) = through(name, "PROPFIND", steps);
            assert!(
                got.status == 207 && got.whole && got.text().contains("href>/slow/x<"),
                "{name}: {} {}",
                got.status,
                got.text()
            );
        },
    );
}

// B-100: what may have happened is not done twice.
#[test]
fn writes_are_not_repeated() {
    each(["PUT", "DELETE", "MKCOL"], |method| {
        let name = format!("once-{method}");
        let (got, _) = through(&name, method, vec![Step::Close]);
        assert_eq!(got.status, 502, "{method}");
        assert_eq!(
            shared().backend.case(&format!("{name} {method}")).len(),
            1,
            "{method}: sent once"
        );
    });
}

// An answer of the back end before it has read the upload is passed on.
#[test]
fn an_early_refusal_of_the_back_end_is_passed() {
    shared().backend.on(
        "PUT /dav/full",
        answer(
            "507 Insufficient Storage",
            &[("Content-Type", "application/xml")],
            "<D:error xmlns:D=\"DAV:\"><D:quota-not-exceeded/></D:error>",
        ),
    );
    let got = shared().ask(&req("B-95", "PUT", "/files/full").body(vec![b'x'; 300_000]));
    assert_eq!(got.status, 507);
    assert!(got.text().contains("quota-not-exceeded"), "{}", got.text());
}

// A client of HTTP/1.0 understands neither chunks nor interim answers.
#[test]
fn clients_of_http_1_0_are_served() {
    shared()
        .backend
        .on("PROPFIND /dav/old", multistatus(propfind_answer("/dav/old", false)));
    let mut client = Client::connect(shared().gateway.address);
    client.send(b"PROPFIND /files/old HTTP/1.0\r\nHost: dav.test\r\nDepth: 0\r\n\r\n");
    let got = client.answer(false);
    assert_eq!(got.status, 207);
    assert!(got.header("transfer-encoding").is_none(), "{:?}", got.headers);
    assert!(
        got.text().trim_end().ends_with("multistatus>") && got.text().contains("href>/files/old<"),
        "{}",
        got.text()
    );
}

// B-15, RFC 9110 section 10.1.1: a client that got a final answer instead of 100 may leave its body out, so nothing that follows on the
// connection can be told from it.
#[test]
fn a_final_answer_instead_of_100_closes_the_connection() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            let answer =
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).unwrap();
            std::thread::sleep(std::time::Duration::from_secs(5));
        }
    });
    let lab = Lab::with_routes(&format!(
        "  - path: /files/\n    backend: {{ url: \"http://{address}/dav/\", profile: apache }}"
    ));
    let mut client = Client::connect(lab.gateway.address);
    client.send(b"PUT /files/a HTTP/1.1\r\nHost: dav.test\r\nContent-Length: 50\r\nExpect: 100-continue\r\n\r\n");
    let got = client.answer(false);
    assert_eq!(got.status, 401);
    assert!(
        got.header("www-authenticate").is_some() && got.lists("Connection", "close"),
        "{:?}",
        got.headers
    );
    assert!(client.closed_within(Duration::from_secs(5)));
}
