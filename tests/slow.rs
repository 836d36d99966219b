//! Bodies that come too slowly, whatever becomes of them, and answers that are taken too slowly (B-17).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::backend::{BackEnd, Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::PROPPATCH;
use support::wire::{Answer, Client, req};

const SECOND: Duration = Duration::from_secs(1);

/// More than the buffers of the system between two processes hold.
const BIG: usize = 24 << 20;

/// A gateway whose clients must send 1 KiB/s over one second, and take as much over two; /spool/ is spooled.
fn lab(script: impl FnOnce(&BackEnd)) -> Lab {
    let route = |path: &str, profile: &str| {
        format!(
            "  - {{ path: {path}, hosts: [dav.test], limits: {{ propfind_depth: infinity }},\n\
             \x20     backend: {{ url: 'http://@BACK@/dav/', profile: {profile} }} }}\n"
        )
    };
    let configuration = format!(
        "listeners: [{{ address: '@LISTEN@' }}]\nadmin: {{ address: '@ADMIN@' }}\nclients: {{ head: 5s, pace: 1s }}\nroutes:\n{}{}",
        route("/files/", "apache"),
        route("/spool/", "generic"),
    );
    Lab::with_script(&configuration, script)
}

/// How often rule B-17 was counted.
fn counted(lab: &Lab) -> usize {
    let mut client = Client::connect(lab.gateway.admin);
    client.send(b"GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    let text = client.answer(false).text();
    let lines = text
        .lines()
        .filter(|line| line.starts_with("davgate_refusals_total") && line.contains("rule=\"B-17\""));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

/// Waits until something is so; what is told is told after the answer.
fn until(what: &str, check: impl Fn() -> bool) {
    let end = Instant::now() + 10 * SECOND;
    while !check() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends `bytes` a piece every 100 ms, as far as the gateway lets it.
fn feed(lab: &Lab, bytes: &[u8], piece: usize) -> (Client, Answer) {
    let mut client = Client::connect(lab.gateway.address);
    let head = memchr::memmem::find(bytes, b"\r\n\r\n").unwrap() + 4;
    client.send(&bytes[..head]);
    for piece in bytes[head..].chunks(piece) {
        if !client.send(piece) || client.hears_within(Duration::from_millis(100)) {
            break;
        }
    }
    let answer = client.answer(false);
    (client, answer)
}

// B-17: of XML that is held, of an upload that streams, of one that is spooled; by length and in chunks
#[test]
fn slow_bodies_end() {
    let lab = lab(|_| {});
    let xml = format!("{}{PROPPATCH}", " ".repeat(6000));
    let rows = [
        ("PROPPATCH", "/files/held", "/dav/held", xml.as_str(), 207),
        ("PUT", "/files/streamed", "/dav/streamed", &xml, 201),
        ("PUT", "/spool/spooled", "/dav/spooled", &xml, 201),
    ];
    let mut slow = 0;
    each(rows, |(method, target, at, body, status)| {
        for chunked in [false, true] {
            let request = |name: &str| {
                let plain = req(&format!("{method} {chunked} {name}"), method, target);
                let plain = if method == "PUT" {
                    plain.body(body)
                } else {
                    plain.xml(body)
                };
                if chunked { plain.chunked() } else { plain }
            };
            let bytes = request("slow").bytes();
            let (mut client, answer) = feed(&lab, &bytes, 20);
            assert_eq!((answer.status, answer.whole), (408, true), "{target}");
            assert!(answer.has_condition("too-slow"), "{}", answer.text());
            assert!(client.closed_within(3 * SECOND));
            let seen = lab.backend.at(at);
            assert!(seen.iter().all(|seen| !seen.whole), "{target}");
            assert!(seen.is_empty() || target == "/files/streamed", "{target}");
            slow += 1;
            until("B-17 in the metrics", || counted(&lab) == slow);
        }
        // As slow as may be, for longer than the time over which it is taken.
        let request = req("steady", method, target);
        let request = if method == "PUT" {
            request.body(body)
        } else {
            request.xml(body)
        };
        let (_client, answer) = feed(&lab, &request.bytes(), 300);
        assert_eq!(answer.status, status, "{target}");
        assert!(lab.backend.at(at).iter().any(|seen| seen.whole), "{target}");
    });
}

// B-15, B-17: who waits for the word of a slow back end is not slow.
#[test]
fn waiting_to_be_told_to_go_on_is_not_slow() {
    let late = vec![
        Step::Early,
        Step::Pause(3 * SECOND),
        Step::Send(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
    ];
    let mut late = late;
    late.push(Step::Pause(SECOND));
    late.extend(answer("201 Created", &[], ""));
    let lab = lab(|backend| backend.on("/dav/late", late));
    let mut client = Client::connect(lab.gateway.address);
    let request = req("waits", "PUT", "/files/late")
        .with("Expect", "100-continue")
        .body("abc");
    let bytes = request.bytes();
    let head = bytes.len() - 3;
    client.send(&bytes[..head]);
    assert_eq!(client.read_head().status, 100);
    client.send(&bytes[head..]);
    assert_eq!(client.answer(false).status, 201);
}

// B-17: an answer that streams, and one that is held and rewritten
#[test]
fn answers_that_are_not_taken_end() {
    let lab = lab(|backend| {
        backend.on("/dav/big", answer("200 OK", &[], vec![b'x'; BIG]));
        let one = "<D:response><D:href>/dav/many/x</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>";
        let many = format!(
            "<D:multistatus xmlns:D='DAV:'>{}</D:multistatus>",
            one.repeat(BIG / one.len())
        );
        backend.on("PROPFIND /dav/many/", multistatus(many));
    });
    let mut slow = 0;
    for request in [
        req("big", "GET", "/files/big"),
        req("many", "PROPFIND", "/files/many/").with("Depth", "infinity"),
    ] {
        let mut client = Client::connect(lab.gateway.address);
        client.send(&request.bytes());
        assert!(matches!(client.read_head().status, 200 | 207));
        slow += 1;
        until("B-17 in the metrics", || counted(&lab) == slow);
        let taken = client.take_slowly(2 * BIG, 1 << 20, Duration::ZERO);
        assert!(taken < BIG, "{taken} of {BIG}");
        let line = lab.gateway.log_of(&format!("\"method\":\"{}\"", request.method));
        assert_eq!((&line["rule"], &line["verdict"]), (&"B-17".into(), &"deny".into()));
    }
    // Slowly, but all of it.
    let mut client = Client::connect(lab.gateway.address);
    client.send(&req("steady", "GET", "/files/big").bytes());
    assert_eq!(client.read_head().status, 200);
    let begun = Instant::now();
    assert_eq!(client.take_slowly(BIG, 64 << 10, Duration::from_millis(15)), BIG);
    assert!(begun.elapsed() > 4 * SECOND, "{:?}", begun.elapsed());
    // So slowly that for longer than the bound no room shows in the buffers between, which is made in large steps; then all of it.
    let mut client = Client::connect(lab.gateway.address);
    client.send(&req("slower", "GET", "/files/big").bytes());
    assert_eq!(client.read_head().status, 200);
    let slowly = client.take_slowly(3 << 20, 64 << 10, Duration::from_millis(250));
    let rest = client.take_slowly(BIG - slowly, 1 << 20, Duration::ZERO);
    assert_eq!(slowly + rest, BIG, "{slowly} slowly");
    assert_eq!(counted(&lab), slow);
}
