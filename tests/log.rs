//! What the gateway tells: one JSON line per request on standard output, never a secret in it, and the admin listener with health and
//! metrics (spec 0.2 ERR-3, RM-18).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::{Step, answer};
use support::each;
use support::lab::{Lab, shared};
use support::samples::PROPFIND;
use support::wire::{Client, raw, req};

/// Asks the admin listener.
fn admin(lab: &Lab, path: &str) -> support::wire::Answer {
    raw(
        lab.gateway.admin,
        format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            lab.gateway.admin
        )
        .as_bytes(),
    )
}

#[test]
fn a_served_request_has_one_line_with_its_facts() {
    shared().ask(&req("log put", "PUT", "/files/log-put").body("hello"));
    let line = shared().gateway.log_of("log-put");
    assert_eq!(line["method"], "PUT", "{line}");
    assert_eq!(line["path"], "/files/log-put", "{line}");
    assert_eq!(line["route"], "files", "{line}");
    assert_eq!(line["status"], 201, "{line}");
    assert_eq!(line["bytes_in"], 5, "{line}");
    assert!(line["rule"].is_null(), "nothing was refused: {line}");
    assert!(
        line["client"]
            .as_str()
            .is_some_and(|client| client.starts_with("127.0.0.1")),
        "{line}"
    );
    assert!(
        line["time"].as_str().is_some_and(|time| time.starts_with("20")),
        "{line}"
    );
    assert!(
        line["duration_ms"].is_number() && line["upstream_ms"].is_number(),
        "{line}"
    );
    assert!(line["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
    shared().pass(&req("log get", "GET", "/files//log%2dget?secret=1"));
    let line = shared().gateway.log_of("log-get");
    assert_eq!(
        (&line["path"], &line["status"]),
        (&"/files/log-get".into(), &200.into()),
        "canonical, without the query: {line}"
    );
    assert!(line["bytes_out"].as_u64().is_some_and(|bytes| bytes > 0), "{line}");
    std::thread::sleep(Duration::from_millis(200));
    let lines = shared().gateway.lines();
    assert_eq!(
        lines.iter().filter(|line| line.contains("log-put")).count(),
        1,
        "one line a request"
    );
}

// B-100: whoever has the whole answer before the body is sent may close, as curl does after `Expect: 100-continue`.
#[test]
fn an_answer_before_the_body_is_no_failure() {
    let lab = shared();
    let locked = answer("423 Locked", &[], "held by somebody");
    let broken = vec![Step::Send(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n".into(),
    )];
    for (path, steps) in [
        ("/dav/log-early", locked),
        ("/dav/log-part", broken.clone()),
        ("/dav/log-reset", broken),
    ] {
        lab.backend.on(path, [vec![Step::Early], steps].concat());
    }
    let start = |path: &str| {
        let mut client = Client::connect(lab.gateway.address);
        let framing = "Content-Length: 9000\r\nExpect: 100-continue";
        client.send(format!("PUT /files/{path} HTTP/1.1\r\nHost: dav.test\r\n{framing}\r\n\r\n").as_bytes());
        client
    };
    let early = start("log-early").answer(false);
    assert_eq!((early.status, early.text().as_str()), (423, "held by somebody"));
    let line = lab.gateway.log_of("log-early");
    assert_eq!(
        (&line["status"], &line["verdict"]),
        (&423.into(), &"permit".into()),
        "{line}"
    );
    assert!(line["rule"].is_null(), "{line}");
    // Half an answer is not the whole one.
    assert_eq!(start("log-part").read_head().status, 200);
    // Closing with bytes unread resets the connection.
    let unread = start("log-reset");
    std::thread::sleep(Duration::from_millis(300));
    drop(unread);
    for path in ["log-part", "log-reset"] {
        let line = lab.gateway.log_of(path);
        assert_eq!(
            (&line["verdict"], &line["rule"]),
            (&"error".into(), &"client-gone".into()),
            "{line}"
        );
    }
}

#[test]
fn a_refusal_names_its_rule() {
    each(
        [
            ("log-method", req("log method", "PUT", "/ro/log-method").body("x")),
            (
                "log-destination",
                req("log destination", "COPY", "/files/log-destination").with("Destination", "http://evil.test/x"),
            ),
            (
                "log-depth",
                req("log depth", "PROPFIND", "/files/log-depth").with("Depth", "7"),
            ),
            (
                "log-xml",
                req("log xml", "PROPFIND", "/files/log-xml")
                    .with("Depth", "0")
                    .xml("<a>"),
            ),
            (
                "log-size",
                req("log size", "PUT", "/rules/inbox/log-size").body([b'x'; 101]),
            ),
            ("log-outside", req("log outside", "GET", "/nowhere/log-outside")),
            ("log-host", req("log host", "GET", "/files/log-host").host("evil.test")),
        ],
        |(name, request)| {
            let answer = shared().ask(&request);
            let line = shared().gateway.log_of(name);
            assert_eq!(line["status"], answer.status, "{line}");
            assert!(
                line["rule"].as_str().is_some_and(|rule| !rule.is_empty()),
                "{name}: {line}"
            );
            assert!(
                !line["upstream_ms"].is_number() || line["upstream_ms"] == 0,
                "{name}: no back end was asked: {line}"
            );
        },
    );
    // A path that could not be read is logged as one line all the same.
    shared().ask(&req("log bad path", "GET", "/files/log-bad%0a%0d{\"time\":1}"));
    shared().ask(&req("log control path", "GET", "/files/log-control%0A%22"));
    let line = shared().gateway.log_of("log-control");
    assert_eq!(line["status"], 400, "{line}");
    assert!(
        shared()
            .gateway
            .lines()
            .iter()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
}

// RM-18.
#[test]
fn secrets_stay_out_of_the_log() {
    let lab = shared();
    let secret = "5ecret";
    let put = req("log secrets", "PUT", format!("/files/log-{}", "secrets"))
        .with("Authorization", &format!("Basic {secret}1"))
        .with("Cookie", &format!("session={secret}2"))
        .with("If", &format!("(<opaquelocktoken:{secret}3>)"))
        .with("User-Agent", "tester")
        .body(format!("{secret}4"));
    lab.pass(&put);
    lab.pass(
        &req("log unlock", "UNLOCK", "/files/log-unlock").with("Lock-Token", &format!("<opaquelocktoken:{secret}5>")),
    );
    lab.pass(&req("log query", "GET", format!("/files/log-query?token={secret}6")));
    lab.pass(
        &req("log xml body", "PROPFIND", "/files/log-body")
            .with("Depth", "0")
            .xml(PROPFIND.replace("resourcetype", &format!("x{secret}"))),
    );
    lab.ask(
        &req("log refused", "PUT", "/ro/log-refused")
            .with("Authorization", &format!("Bearer {secret}7"))
            .body("x"),
    );
    lab.ask(
        &req("log refused If", "PUT", "/files/log-if")
            .with("If", &format!("(<urn:{secret}8>"))
            .body("x"),
    );
    lab.ask(&req("log refused query", "PUT", format!("/files/log-q2?{secret}9")).body("x"));
    each(
        [
            "log-secrets",
            "log-unlock",
            "log-query",
            "log-body",
            "log-refused",
            "log-if",
            "log-q2",
        ],
        |name| {
            lab.gateway.log_of(name);
        },
    );
    each(lab.gateway.lines().iter().chain(&lab.gateway.errors()), |line| {
        assert!(!line.contains(secret), "{line}");
    });
    assert!(!admin(lab, "/metrics").text().contains(secret));
}

#[test]
fn the_admin_listener_tells_health_and_metrics() {
    let lab = shared();
    let health = admin(lab, "/healthz");
    assert_eq!(health.status, 200, "{}", health.text());
    lab.pass(&req("metrics pass", "GET", "/files/metrics"));
    lab.refuse(405, &req("metrics refuse", "PUT", "/ro/metrics").body("x"));
    lab.gateway.log_of("/ro/metrics");
    let metrics = admin(lab, "/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain")),
        "{:?}",
        metrics.headers
    );
    let text = metrics.text();
    assert!(text.contains("# TYPE davgate_"), "{text}");
    assert!(text.contains("files") && text.contains("read-only"), "by route: {text}");
    // Names of paths never become labels: their number has no end.
    assert!(!text.contains("/files/metrics"), "{text}");
    assert_eq!(admin(lab, "/nothing").status, 404);
    // The public listener knows none of this, and the admin listener serves no route.
    lab.refuse(404, &req("metrics in public", "GET", "/metrics"));
    lab.refuse(404, &req("health in public", "GET", "/healthz"));
    assert_eq!(admin(lab, "/files/metrics").status, 404);
}

#[test]
fn request_ids_differ() {
    each(0..3, |n| {
        shared().pass(&req(&format!("id {n}"), "GET", format!("/files/log-id-{n}")));
    });
    let ids: Vec<String> = (0..3)
        .map(|n| shared().gateway.log_of(&format!("log-id-{n}"))["request_id"].to_string())
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}
