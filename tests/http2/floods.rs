//! Clients of HTTP/2 that ask for much and give nothing: each is bounded, and others are served meanwhile (B-8, B-17, B-101, B-102).

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    client::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY, Peer,
        RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, ask, fields, frame,
    },
    lab,
    support::{
        backend::{Step, answer},
        lab::Lab,
    },
};

const SECOND: Duration = Duration::from_secs(1);

fn head(method: &[u8]) -> Vec<u8> {
    fields(&[
        (b":method", method),
        (b":scheme", b"http"),
        (b":authority", b"dav.test"),
        (b":path", b"/files/a"),
    ])
}

/// Somebody else is served at once.
fn others_are_served(lab: &Lab) {
    let begun = Instant::now();
    assert_eq!(
        Peer::connect(lab.gateway.address)
            .ask(&ask("GET", "/files/other"))
            .status,
        200
    );
    assert!(begun.elapsed() < 5 * SECOND, "{:?}", begun.elapsed());
}

// CVE-2023-44487: streams that are reset as soon as they are opened
#[test]
fn rapid_reset() {
    let lab = lab("", "");
    lab.backend.on("GET /dav/a", vec![Step::Pause(5 * SECOND), Step::Close]);
    let mut raw = Raw::open(lab.gateway.address);
    let head = head(b"GET");
    for number in 0..5_000 {
        let stream = 2 * number + 1;
        let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        if !raw.send(&[open, frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat()) {
            break;
        }
    }
    assert!(raw.goes_away().is_none_or(|code| code == ENHANCE_YOUR_CALM));
    others_are_served(&lab);
    assert!(lab.backend.requests().len() < 300, "{}", lab.backend.requests().len());
}

// CVE-2024-27316: fields without an end
#[test]
fn continuations() {
    let lab = lab("", "");
    let mut raw = Raw::open(lab.gateway.address);
    raw.send(&frame(HEADERS, END_STREAM, 1, &head(b"GET")));
    let more = fields(&[(b"x-a", &[b'x'; 1000])]);
    let mut sent = 0;
    while sent < 100_000 && raw.send(&frame(CONTINUATION, 0, 1, &more)) {
        sent += 1;
    }
    assert!(sent < 100_000, "a head of 100 MB");
    assert!(lab.backend.requests().is_empty());
    others_are_served(&lab);
    // Too much in one head: 431, from the gateway or from the library, and the connection goes on.
    let mut peer = Peer::connect(lab.gateway.address);
    for kilobytes in [68, 76] {
        let long = "x".repeat((kilobytes << 10) / 5);
        let much = ["a", "b", "c", "d", "e"]
            .iter()
            .fold(ask("GET", "/files/a"), |ask, name| ask.with(name, &long));
        assert_eq!(peer.ask(&much).status, 431, "{kilobytes}");
        assert!(!lab.backend.requests().iter().any(|seen| seen.target == "/dav/a"));
        assert_eq!(peer.ask(&ask("GET", "/files/b")).status, 200);
    }
    let long = "x".repeat(12 << 10);
    let most = ["a", "b", "c", "d", "e"]
        .iter()
        .fold(ask("GET", "/files/a"), |ask, name| ask.with(name, &long));
    assert_eq!(peer.ask(&most).status, 200);
}

// Frames that cost their sender nothing: whether the connection goes on or not, others are served.
#[test]
fn frames_of_no_use() {
    let lab = lab("", "");
    for (name, bytes) in [
        ("SETTINGS", frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])),
        ("PING", frame(PING, 0, 0, &[0; 8])),
        ("PRIORITY", frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1])),
        ("empty DATA", frame(DATA, 0, 1, &[])),
        ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])),
        ("unknown", frame(0xbe, 0, 0, &[0; 8])),
    ] {
        let mut raw = Raw::open(lab.gateway.address);
        raw.send(&frame(HEADERS, END_HEADERS, 1, &head(b"PUT")));
        // Nothing is read of what is answered.
        let many = bytes.repeat(1000);
        let begun = Instant::now();
        for _ in 0..100 {
            if begun.elapsed() > 3 * SECOND || !raw.send(&many) {
                break;
            }
        }
        others_are_served(&lab);
        assert!(
            !lab.backend
                .requests()
                .iter()
                .any(|seen| seen.whole && seen.method == "PUT"),
            "{name}"
        );
    }
}

// B-17: neither the opening nor a request may take for ever
#[test]
fn stalls() {
    let lab = lab("clients: { head: 1s, idle: 2s }", "");
    let address = lab.gateway.address;
    for (name, said, least, most) in [
        ("nothing", Vec::new(), 0, 4),
        ("half a preface", PREFACE[..12].to_vec(), 0, 4),
        ("no settings", PREFACE.to_vec(), 0, 4),
        (
            "half its settings",
            [PREFACE, &frame(SETTINGS, 0, 0, &[])[..5]].concat(),
            0,
            4,
        ),
        ("no request", [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat(), 1, 6),
        (
            "half a head",
            [
                PREFACE,
                &frame(SETTINGS, 0, 0, &[]),
                &frame(HEADERS, END_STREAM, 1, &head(b"GET")),
            ]
            .concat(),
            1,
            6,
        ),
    ] {
        let mut raw = Raw::silent(address);
        raw.send(&said);
        let begun = Instant::now();
        assert!(raw.closes_within(Duration::from_secs(most)), "{name}");
        assert!(
            begun.elapsed() >= Duration::from_secs(least),
            "{name}: {:?}",
            begun.elapsed()
        );
    }
    // A PING now and then is no request.
    let mut raw = Raw::open(address);
    let begun = Instant::now();
    while begun.elapsed() < 8 * SECOND && raw.send(&frame(PING, 0, 0, &[0; 8])) {
        std::thread::sleep(SECOND / 4);
    }
    assert!(begun.elapsed() < 7 * SECOND);
    assert!(lab.backend.requests().is_empty());
    // The twin: somebody who comes back in time.
    let mut peer = Peer::connect(address);
    for _ in 0..3 {
        assert_eq!(peer.ask(&ask("GET", "/files/a")).status, 200);
        std::thread::sleep(SECOND);
    }
}

// B-17: bodies that trickle or stop end their stream with 408, streamed or held
#[test]
fn slow_bodies() {
    let lab = lab("clients: { pace: 2s }", "");
    for (method, pause) in [("PUT", true), ("PUT", false), ("PROPPATCH", true), ("PROPPATCH", false)] {
        let mut raw = Raw::open(lab.gateway.address);
        raw.send(&frame(HEADERS, END_HEADERS, 1, &head(method.as_bytes())));
        let begun = Instant::now();
        let name = format!("{method}, pause {pause}");
        if pause {
            raw.send(&frame(DATA, 0, 1, b"x"));
        } else {
            while begun.elapsed() < 4 * SECOND && raw.send(&frame(DATA, 0, 1, b"x")) {
                std::thread::sleep(SECOND / 5);
            }
        }
        if pause && method == "PUT" {
            // Nothing wakes the gateway before the back end's own time is over.
            continue;
        }
        assert_eq!(raw.end_of(1), Some(Ok(())), "{name}");
        assert!(begun.elapsed() < 10 * SECOND, "{name}: {:?}", begun.elapsed());
        lab.gateway.log_of("\"rule\":\"B-17\"");
    }
    let whole = lab
        .backend
        .requests()
        .into_iter()
        .filter(|seen| seen.whole && seen.method != "GET");
    assert_eq!(whole.count(), 0);
    // The twin: slow, but not too slow.
    let mut raw = Raw::open(lab.gateway.address);
    raw.send(&frame(HEADERS, END_HEADERS, 1, &head(b"PUT")));
    for number in 0..20 {
        raw.send(&frame(DATA, if number == 19 { END_STREAM } else { 0 }, 1, &[b'x'; 500]));
        std::thread::sleep(SECOND / 5);
    }
    assert_eq!(raw.end_of(1), Some(Ok(())));
    assert!(
        lab.backend
            .requests()
            .iter()
            .any(|seen| seen.whole && seen.body.len() == 10_000)
    );
}

// B-101, B-102: a stream is a request, and a connection has no more of them at once than it was told
#[test]
fn streams_are_requests() {
    let lab = lab("clients: { rate: { requests: 10, per: 1m, burst: 10 } }", "");
    let mut peer = Peer::connect(lab.gateway.address);
    let statuses: Vec<u16> = (0..15).map(|_| peer.ask(&ask("GET", "/files/a")).status).collect();
    assert_eq!(statuses[..10], [200; 10]);
    assert_eq!(statuses[10..], [429; 5]);
    assert_eq!(lab.backend.requests().len(), 10);
    let lab = crate::lab("", "");
    lab.backend.on(
        "GET /dav/a",
        vec![Step::Pause(2 * SECOND), answer("200 OK", &[], "late").remove(0)],
    );
    let mut raw = Raw::open(lab.gateway.address);
    let head = head(b"GET");
    for number in 0..300 {
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &head));
    }
    let refused = (0..400)
        .map_while(|_| raw.next())
        .filter(|(kind, ..)| [RST_STREAM, GOAWAY].contains(kind))
        .count();
    assert!(refused > 0);
    assert!(lab.backend.requests().len() <= 100, "{}", lab.backend.requests().len());
}

// B-17: who says half of how HTTP/2 begins, which may be HTTP/1, hears of it once
#[test]
fn half_a_beginning() {
    let lab = lab("clients: { head: 1s }", "");
    for half in ["P", "PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut stream = TcpStream::connect(lab.gateway.address).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        assert_eq!(all.matches("HTTP/1.1 408").count(), 1, "{half:?}: {all}");
    }
    assert!(lab.backend.requests().is_empty());
}

// B-17: an upload that is answered before its end is over with its answer, whether its client sends the rest or not
#[test]
fn answered_before_the_end() {
    let lab = lab("clients: { in_flight: 2 }", "");
    let early = |answer: Vec<Step>| [vec![Step::Early], answer].concat();
    let status = "412 Precondition Failed";
    let long = "x".repeat(100_000);
    let rows = [
        ("a body", early(answer(status, &[], "no")), "no"),
        ("no body", early(answer(status, &[], "")), ""),
        ("a long body", early(answer(status, &[], &long)), &long),
        (
            "in pieces",
            early(vec![
                Step::Send(b"HTTP/1.1 412 No\r\nContent-Length: 4\r\n\r\nno".to_vec()),
                Step::Pause(SECOND / 2),
                Step::Send(b"no".to_vec()),
            ]),
            "nono",
        ),
    ];
    for (name, steps, body) in rows {
        lab.backend.on("PUT /dav/a", steps);
        let mut raw = Raw::open(lab.gateway.address);
        raw.send(&frame(WINDOW_UPDATE, 0, 0, &[0, 2, 0, 0]));
        // More than a client may have at once, one after the other.
        for stream in [1, 3, 5] {
            raw.send(&frame(HEADERS, END_HEADERS, stream, &head(b"PUT")));
            raw.send(&frame(WINDOW_UPDATE, 0, stream, &[0, 2, 0, 0]));
            raw.send(&frame(DATA, 0, stream, b"the beginning"));
            let begun = Instant::now();
            let (mut found, mut answered) = (Vec::new(), None);
            loop {
                let (kind, of, payload) = raw.next().unwrap();
                match kind {
                    HEADERS if of == stream => answered = Some(payload),
                    DATA if of == stream => found.extend(payload),
                    // 0: without an error (RFC 9113 section 8.1)
                    RST_STREAM if of == stream => break assert_eq!(payload, [0; 4], "{name}"),
                    _ => {}
                }
                if body.len() > 65_536 && found.len() == body.len() {
                    break;
                }
            }
            assert!(answered.is_some(), "{name}");
            assert_eq!(found, body.as_bytes(), "{name}");
            assert!(begun.elapsed() < 5 * SECOND, "{name}: {:?}", begun.elapsed());
            if body.len() > 65_536 {
                break;
            }
        }
        if body.len() < 65_536 {
            lab.gateway.log_of("\"status\":412,\"verdict\":\"permit\"");
        }
    }
    // The twin: the end comes.
    lab.backend
        .on("PUT /dav/a", early(answer("412 Precondition Failed", &[], "no")));
    let mut peer = Peer::connect(lab.gateway.address);
    let found = peer.ask(&ask("PUT", "/files/a").body(&["hello"]).ends_empty());
    assert_eq!((found.status, found.body.as_str()), (412, "no"));
}

// Some clients take a stream that is reset for one without an answer, even without an error: one whose upload is refused may end it first.
#[test]
fn refused_uploads_may_end() {
    let lab = lab("", "");
    let mut raw = Raw::open(lab.gateway.address);
    let mut next = 1;
    let mut refused = |raw: &mut Raw, target: &[u8]| {
        let stream = next;
        next += 2;
        let elsewhere = fields(&[
            (b":method", b"PUT"),
            (b":scheme", b"http"),
            (b":authority", b"dav.test"),
            (b":path", target),
        ]);
        raw.send(&frame(HEADERS, END_HEADERS, stream, &elsewhere));
        raw.send(&frame(DATA, 0, stream, b"the beginning"));
        assert_eq!(raw.end_of(stream), Some(Ok(())));
        for last in [0, END_STREAM] {
            std::thread::sleep(SECOND / 5);
            raw.send(&frame(DATA, last, stream, b"more"));
            raw.send(&frame(PING, 0, 0, &[1; 8]));
            loop {
                let (kind, _, payload) = raw.next().unwrap();
                assert_ne!(kind, RST_STREAM, "{payload:?}");
                if kind == PING && payload == [1; 8] {
                    break;
                }
            }
        }
    };
    refused(&mut raw, b"/elsewhere");
    refused(&mut raw, b"/files/%00");
    assert!(lab.backend.requests().is_empty());
}

// Nobody was refused where a client wants its answer no more.
#[test]
fn cancelled() {
    let lab = lab("", "");
    let late = answer("200 OK", &[], "late").remove(0);
    lab.backend.on("GET /dav/a", vec![Step::Pause(SECOND), late]);
    let mut raw = Raw::open(lab.gateway.address);
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &head(b"GET")));
    assert!(lab.backend.wait_for(|seen| !seen.is_empty()));
    raw.send(&frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes()));
    let line = lab.gateway.log_of("\"path\":\"/files/a\"");
    assert_eq!(
        (&line["verdict"], &line["rule"]),
        (&"error".into(), &"client-gone".into()),
        "{line}"
    );
}

// B-101: a request whose stream was reset may still be at the back end, and counts until it is over.
#[test]
fn reset_streams_count() {
    let lab = lab("", "");
    let late = answer("200 OK", &[], "late").remove(0);
    lab.backend.on("GET /dav/a", vec![Step::Pause(4 * SECOND), late]);
    let mut raw = Raw::open(lab.gateway.address);
    let head = head(b"GET");
    let (mut stream, mut seen) = (1, 0);
    for round in 0..6 {
        for _ in 0..40 {
            raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head));
            stream += 2;
        }
        seen = (seen + 40).min(128);
        assert!(lab.backend.wait_for(|found| found.len() >= seen), "round {round}");
        std::thread::sleep(SECOND / 4);
        for number in 0..40 {
            raw.send(&frame(RST_STREAM, 0, stream - 2 - 2 * number, &8_u32.to_be_bytes()));
        }
    }
    let refused = std::iter::from_fn(|| raw.next()).find(|(kind, ..)| *kind == RST_STREAM);
    assert_eq!(refused.unwrap().2, 7_u32.to_be_bytes(), "REFUSED_STREAM");
    assert_eq!(lab.backend.requests().len(), 128);
    others_are_served(&lab);
    let line = lab.gateway.log_of("\"rule\":\"B-101\"");
    assert_eq!(line["status"], 503, "{line}");
    // The twin: they are over, and as many may come again.
    std::thread::sleep(5 * SECOND);
    let begun = lab.backend.requests().len();
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &head));
    assert!(lab.backend.wait_for(|found| found.len() > begun));
}
