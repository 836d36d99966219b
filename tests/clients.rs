//! How much clients may have at once, and how long they may take: slow heads (B-17), connections and requests at once (B-101),
//! requests in a time (B-102), and what the HTTP library refuses before anybody is asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::backend::{BackEnd, Step, answer};
use support::each;
use support::lab::Lab;
use support::wire::{Answer, Client, req};

const SECOND: Duration = Duration::from_secs(1);

/// A gateway with these bounds, which believes `X-User`.
fn lab(clients: &str) -> Lab {
    scripted(clients, |_| {})
}

fn scripted(clients: &str, script: impl FnOnce(&BackEnd)) -> Lab {
    let configuration = format!(
        "listeners: [{{ address: '@LISTEN@' }}]\nadmin: {{ address: '@ADMIN@' }}\nclients: {{ {clients} }}\n\
         identity: {{ trusted_header: {{ user: X-User, from: [127.0.0.1] }} }}\n\
         routes:\n  - name: files\n    path: /files/\n    hosts: [dav.test]\n    backend: {{ url: 'http://@BACK@/dav/', profile: apache }}\n"
    );
    Lab::with_script(&configuration, script)
}

fn head(name: &str, rest: &str) -> String {
    format!("GET /files/a HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n{rest}")
}

fn metric(lab: &Lab, line: &str) -> bool {
    let mut client = Client::connect(lab.gateway.admin);
    client.send(b"GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    client.answer(false).text().lines().any(|found| found == line)
}

/// Waits for a line of the metrics, which are counted after the answer has gone out.
fn counts(lab: &Lab, line: &str) {
    let until = Instant::now() + 5 * SECOND;
    while !metric(lab, line) {
        assert!(Instant::now() < until, "{line} is not in the metrics");
        std::thread::sleep(Duration::from_millis(50));
    }
}

// B-17: a byte now and then does not keep a connection
#[test]
fn a_slow_head_ends() {
    let lab = lab("head: 1s");
    let mut client = Client::connect(lab.gateway.address);
    let begun = Instant::now();
    for byte in head("slow head", "X-A: bcdefghijklmnopqrstuvwxyz").as_bytes().chunks(9) {
        client.send(byte);
        std::thread::sleep(Duration::from_millis(250));
        if begun.elapsed() > 2 * SECOND {
            break;
        }
    }
    let answer = client.answer(false);
    assert_eq!((answer.status, answer.whole), (408, true));
    assert!(answer.has_condition("too-slow"), "{}", answer.text());
    assert!(client.closed_within(SECOND));
    assert!(!lab.backend.saw("slow head"));
    let line = lab.gateway.log_of("\"rule\":\"B-17\"");
    assert_eq!(
        (&line["status"], &line["method"], &line["path"]),
        (&408.into(), &"GET".into(), &"/files/a".into())
    );
    assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    lab.gateway.audit_of("\"rule\":\"B-17\"");
    counts(&lab, "davgate_refusals_total{route=\"-\",rule=\"B-17\"} 1");

    // In pieces, but in time.
    let mut client = Client::connect(lab.gateway.address);
    let text = head("pieces", "\r\n");
    let (one, two) = text.split_at(30);
    client.send_pieces(&[one.as_bytes(), two.as_bytes()], Duration::from_millis(300));
    assert_eq!(client.answer(false).status, 200);
    // The time between two requests is not a head's.
    std::thread::sleep(Duration::from_millis(1500));
    client.send(head("later", "\r\n").as_bytes());
    assert_eq!(client.answer(false).status, 200);
    assert!(lab.backend.saw("pieces") && lab.backend.saw("later"));
    // The second head of a connection has its time, too.
    client.send(head("slow second", "X-A: b").as_bytes());
    assert_eq!(client.answer(false).status, 408);
    assert!(!lab.backend.saw("slow second"));
}

// B-17: who says nothing hears nothing
#[test]
fn a_silent_connection_ends() {
    let lab = lab("head: 1s, idle: 2s");
    let mut silent = Client::connect(lab.gateway.address);
    assert!(silent.closed_within(3 * SECOND));
    let mut client = Client::connect(lab.gateway.address);
    client.send(head("once", "\r\n").as_bytes());
    assert_eq!(client.answer(false).status, 200);
    assert!(
        !client.closed_within(SECOND),
        "it may be idle for longer than a head may take"
    );
    assert!(client.closed_within(4 * SECOND));
}

/// A connection on which one request has been answered, and that stays open.
fn open(lab: &Lab, name: &str) -> (Client, Answer) {
    let mut client = Client::connect(lab.gateway.address);
    client.send(head(name, "\r\n").as_bytes());
    let answer = client.answer(false);
    (client, answer)
}

// B-101: in all, and from one address
#[test]
fn connections_have_a_bound() {
    each(["connections: 3", "connections_per_address: 3"], |clients| {
        let lab = lab(clients);
        // The admin listener has none; what waited for the public one is gone by now.
        let until = Instant::now() + 5 * SECOND;
        while !metric(&lab, "davgate_connections 0") {
            assert!(Instant::now() < until);
        }
        let mut held: Vec<Client> = Vec::new();
        for number in 0..3 {
            let (client, answer) = open(&lab, &format!("held {number}"));
            assert_eq!(answer.status, 200, "{clients}");
            held.push(client);
        }
        counts(&lab, "davgate_connections 3");
        let (mut fourth, answer) = open(&lab, "one too many");
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("5")),
            "{clients}"
        );
        assert!(answer.has_condition("too-many-connections"), "{}", answer.text());
        assert!(fourth.closed_within(2 * SECOND));
        assert!(!lab.backend.saw("one too many"));
        assert_eq!(lab.gateway.log_of("\"rule\":\"B-101\"")["status"], 503);
        drop(held.pop());
        counts(&lab, "davgate_connections 2");
        let (_client, answer) = open(&lab, "room again");
        assert_eq!(answer.status, 200, "{clients}");
    });
}

// Addresses that stand for many clients have no bound of one address.
#[test]
fn shared_addresses_are_not_counted() {
    let bounds = "connections_per_address: 1, in_flight: 1, rate: { requests: 1, per: 1h }, shared: [127.0.0.0/8]";
    let lab = lab(bounds);
    let held: Vec<(Client, Answer)> = (0..3).map(|number| open(&lab, &format!("shared {number}"))).collect();
    assert!(held.iter().all(|(_, answer)| answer.status == 200));
    // Users are.
    assert_eq!(lab.ask(&req("first", "GET", "/files/a").by("alice")).status, 200);
    assert_eq!(
        lab.refuse(429, &req("second", "GET", "/files/a").by("alice"))
            .header("retry-after"),
        Some("3600")
    );
}

// B-102: by name, wherever it comes from; else by address
#[test]
fn requests_have_a_rate() {
    let lab = lab("rate: { requests: 3600, per: 1h, burst: 3 }");
    let of = |name: &str, user: &str| req(name, "GET", "/files/a").by(user);
    for name in ["alice 1", "alice 2", "alice 3"] {
        lab.pass(&of(name, "alice"));
    }
    let early = of("alice too early", "alice");
    let answer = lab.refuse(429, &early);
    assert!(answer.has_condition("too-many-requests"), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("1"));
    // The connection is as good as before.
    assert_ne!(answer.header("connection"), Some("close"));
    lab.pass(&of("bob in time", "bob"));
    for name in ["nobody 1", "nobody 2", "nobody 3"] {
        lab.pass(&req(name, "GET", "/files/a"));
    }
    lab.refuse(429, &req("nobody too early", "OPTIONS", "/files/a"));
    lab.refuse(429, &req("nobody too early again", "PUT", "/files/b").body("x"));
    std::thread::sleep(Duration::from_millis(1200));
    lab.pass(&of("alice later", "alice"));
    counts(&lab, "davgate_refusals_total{route=\"files\",rule=\"B-102\"} 3");
}

// B-101: requests at once
#[test]
fn requests_at_once_have_a_bound() {
    let late = || {
        let mut steps = vec![Step::Pause(3 * SECOND)];
        steps.extend(answer("200 OK", &[], "late"));
        steps
    };
    let lab = scripted("in_flight: 2", |backend| backend.on("/dav/late", late()));
    let ask = |name: &'static str, target: &'static str, user: &'static str| {
        let mut client = Client::connect(lab.gateway.address);
        client.send(&req(name, "GET", target).by(user).bytes());
        client
    };
    let mut held = [
        ask("late 1", "/files/late", "alice"),
        ask("late 2", "/files/late", "alice"),
    ];
    assert!(
        lab.backend
            .wait_for(|seen| seen.iter().filter(|seen| seen.target == "/dav/late").count() == 2)
    );
    let answer = ask("third at once", "/files/a", "alice").answer(false);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert!(answer.has_condition("too-many-requests-at-once"), "{}", answer.text());
    assert!(!lab.backend.saw("third at once"));
    assert_eq!(ask("bob's", "/files/a", "bob").answer(false).status, 200);
    for client in &mut held {
        assert_eq!(client.answer(false).status, 200);
    }
    lab.pass(&req("alice again", "GET", "/files/a").by("alice"));
}

// What the library refuses before anybody is asked has a body, a rule and a line as everything else (ERR-1, ERR-2).
#[test]
fn unreadable_heads_are_answered_and_told() {
    let lab = lab("head: 5s");
    let many = "X-A: b\r\n".repeat(300);
    let long = format!("X-A: {}\r\n", "b".repeat(2 << 20));
    let rows: &[(&str, Vec<u8>, u16, &str, &str)] = &[
        (
            "no name",
            head("no name", ": 1\r\n\r\n").into_bytes(),
            400,
            "header-line",
            "B-5",
        ),
        (
            "NUL",
            head("NUL", "X-A: a\0b\r\n\r\n").into_bytes(),
            400,
            "header-line",
            "B-5",
        ),
        (
            "many lines",
            head("many lines", &format!("{many}\r\n")).into_bytes(),
            431,
            "header-too-large",
            "B-8",
        ),
        (
            "2 MiB",
            head("2 MiB", &long).into_bytes(),
            431,
            "header-too-large",
            "B-8",
        ),
        (
            "HTTP/2.0",
            b"GET /files/a HTTP/2.0\r\nHost: dav.test\r\nX-Case: HTTP/2.0\r\n\r\n".to_vec(),
            505,
            "http-version",
            "B-18",
        ),
        (
            "no version",
            b"GET /files/a\r\nX-Case: no version\r\n\r\n".to_vec(),
            400,
            "request-line",
            "B-5",
        ),
        (
            "garbage",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
            400,
            "request-line",
            "B-5",
        ),
    ];
    each(rows, |(name, bytes, status, condition, rule)| {
        let mut client = Client::connect(lab.gateway.address);
        client.send(bytes);
        let answer = client.answer(false);
        assert_eq!((answer.status, answer.whole), (*status, true), "{name}");
        assert!(answer.has_condition(condition), "{name}: {}", answer.text());
        assert!(client.closed_within(3 * SECOND), "{name}");
        assert!(!lab.backend.saw(&format!("X-Case: {name}")), "{name}");
        assert_eq!(
            lab.gateway.log_of(&format!("\"rule\":\"{rule}\""))["status"],
            *status,
            "{name}"
        );
    });
    // And its neighbour passes.
    let (_client, answer) = open(&lab, "readable");
    assert_eq!(answer.status, 200);
    // Behind a good request on the same connection.
    let mut client = Client::connect(lab.gateway.address);
    client.send(format!("{}{}", head("first", "\r\n"), head("second", "X-A: a\0b\r\n\r\n")).as_bytes());
    assert_eq!(client.answer(false).status, 200);
    let answer = client.answer(false);
    assert_eq!(answer.status, 400);
    assert!(answer.has_condition("header-line"), "{}", answer.text());
}
