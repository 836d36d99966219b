//! Request headers over the wire: what is removed, what is made explicit, what is refused (spec 1.4 Q-4 to Q-10, 5.1 B-10 to B-16,
//! 5.2 B-20 to B-26 and B-40 to B-50).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::lab::shared;
use support::samples::{LOCKINFO, PROPFIND, PROPPATCH, SYNC};
use support::wire::{Req, raw, req};

fn get(name: &str) -> Req {
    req(name, "GET", "/files/h")
}

fn put(name: &str) -> Req {
    req(name, "PUT", "/files/h").body("x")
}

fn copy(name: &str) -> Req {
    req(name, "COPY", "/files/h").with("Destination", "http://dav.test/files/h2")
}

fn propfind(name: &str) -> Req {
    req(name, "PROPFIND", "/files/h").xml(PROPFIND)
}

// Q-6 to Q-10, B-44, B-45, B-50, L-40: headers that a back end or a layer between would obey.
#[test]
fn dangerous_headers_are_removed() {
    each(
        [
            ("New-uri", "http://dav.test/files/evil"),
            ("X-MSDAVEXT", "PROPPATCH"),
            ("X-MSDAVEXTLockTimeout", "Second-60"),
            ("Ms-Echo-Request", "1"),
            ("Lock-Token", "<opaquelocktoken:b1>"),
            ("X-Script-Name", "/evil"),
            ("X-Forwarded-For", "6.6.6.6"),
            ("X-Forwarded-Host", "evil.test"),
            ("X-Forwarded-Proto", "gopher"),
            ("X-Forwarded-Prefix", "/evil"),
            ("Forwarded", "for=6.6.6.6"),
            ("X-Original-URL", "/evil"),
            ("X-Rewrite-URL", "/evil"),
            ("X-Accel-Redirect", "/evil"),
            ("X-Accel-Buffering", "evil"),
            ("X-Remote-User", "evil"),
            ("Remote-User", "evil"),
            ("X-Sabre-Original-Method", "DELETE"),
            ("Proxy", "http://evil.test/"),
            ("X_Remote_User", "evil"),
            ("Remote_User", "evil"),
            ("Depth_", "evil"),
            ("Label", "evil"),
            ("Content-Location", "/evil"),
            ("X-Update-Range", "evil"),
            ("Translate", "f"),
            ("Timeout", "Second-66"),
        ],
        |(header, value)| {
            let (seen, _) = shared().pass(&put(&format!("Q-10 {header}")).with(header, value));
            assert!(!seen.all(header).contains(&value), "{header}: {:?}", seen.headers);
            let (seen, _) = shared().pass(&get(&format!("Q-10 {header} on GET")).with(&header.to_uppercase(), value));
            assert!(!seen.all(header).contains(&value), "{header}: {:?}", seen.headers);
        },
    );
    // Twin: ordinary headers arrive.
    each(
        [
            ("Referer", "http://dav.test/"),
            ("X-Ordinary", "1"),
            ("If-Match", "\"e1\""),
            ("User-Agent", "davfs2"),
        ],
        |(header, value)| {
            let (seen, _) = shared().pass(&put(&format!("Q-7 {header} stays")).with(header, value));
            assert_eq!(seen.header(header), Some(value));
        },
    );
    let (seen, _) = shared()
        .pass(&req("Q-3 Lock-Token on UNLOCK", "UNLOCK", "/files/h").with("Lock-Token", "<opaquelocktoken:b1>"));
    assert_eq!(seen.header("lock-token"), Some("<opaquelocktoken:b1>"));
    let (seen, _) = shared().pass(
        &req("Timeout on LOCK", "LOCK", "/files/h")
            .with("Timeout", "Second-66")
            .xml(LOCKINFO),
    );
    assert!(
        seen.header("timeout").is_some_and(|value| value.contains("Second-66")),
        "{:?}",
        seen.headers
    );
}

// B-13, option.
#[test]
fn underscores_may_be_refused() {
    shared().refuse(
        400,
        &req("B-13 refuse", "GET", "/strict/h").with("X_Remote_User", "evil"),
    );
    shared().pass(&req("B-13 dashes are fine", "GET", "/strict/h").with("X-Fine", "1"));
}

// B-11: a client must not have the checked headers stripped at the next hop.
#[test]
fn connection_names_no_header_of_ours() {
    each(
        [
            "Overwrite",
            "If",
            "Depth",
            "Destination",
            "close, If",
            "Authorization",
            "Content-Length",
            "keep-alive, Host",
            "X-Case",
            "Transfer-Encoding",
            "Lock-Token",
            "content-type",
            "X-Remote-User",
        ],
        |value| {
            shared().refuse(
                400,
                &copy(&format!("B-11 {value}"))
                    .with("Overwrite", "F")
                    .with("Connection", value),
            );
        },
    );
    each(["keep-alive", "close", "Keep-Alive, TE", "close, te"], |value| {
        let (seen, _) = shared().pass(
            &copy(&format!("B-11 fine {value}"))
                .with("Overwrite", "F")
                .with("Connection", value),
        );
        assert_eq!(seen.header("overwrite"), Some("F"));
    });
    shared().settle();
}

// B-12.
#[test]
fn no_upgrade_reaches_the_back_end() {
    let request = get("B-12 h2c")
        .with("Connection", "Upgrade, HTTP2-Settings")
        .with("Upgrade", "h2c")
        .with("HTTP2-Settings", "AAMAAABk");
    let (seen, answer) = shared().pass(&request);
    assert_eq!(answer.status, 200);
    assert!(
        seen.header("upgrade").is_none() && seen.header("http2-settings").is_none(),
        "{:?}",
        seen.headers
    );
    let request = get("B-12 websocket")
        .with("Connection", "Upgrade")
        .with("Upgrade", "websocket");
    let (seen, _) = shared().pass(&request);
    assert!(seen.header("upgrade").is_none(), "{:?}", seen.headers);
}

// B-10.
#[test]
fn single_headers_come_once() {
    each(
        [
            ("Depth", "0", "0"),
            ("Depth", "0", "infinity"),
            ("Destination", "http://dav.test/files/h3", "http://dav.test/files/h4"),
            ("If", "(<urn:a>)", "(<urn:b>)"),
            ("Overwrite", "T", "F"),
            ("Timeout", "Second-1", "Second-2"),
            ("Lock-Token", "<urn:a>", "<urn:b>"),
            ("Content-Type", "text/xml", "text/plain"),
            ("Content-Range", "bytes 0-1/2", "bytes 0-1/2"),
            ("Authorization", "Basic YTpi", "Basic YTpj"),
            ("Expect", "100-continue", "100-continue"),
        ],
        |(header, first, second)| {
            let name = format!("B-10 {header} {first} {second}");
            let mut request = req(&name, "COPY", "/files/h")
                .with(header, first)
                .with(&header.to_lowercase(), second);
            if header != "Destination" {
                request = request.with("Destination", "http://dav.test/files/h2");
            }
            shared().refuse(400, &request);
        },
    );
    shared().pass(
        &get("B-10 lists may repeat")
            .with("Accept", "text/plain")
            .with("Accept", "text/html"),
    );
    shared().settle();
}

// B-15, RFC 9110 section 10.1.1: the back end is told to wait for a body only if one comes, and only where the client may wait.
#[test]
fn only_who_has_a_body_expects_to_be_told_to_go_on() {
    each(
        [
            (
                "B-15 with a body",
                "1.1",
                "Content-Length: 2\r\n",
                "ab",
                Some("100-continue"),
            ),
            (
                "B-15 in chunks",
                "1.1",
                "Transfer-Encoding: chunked\r\n",
                "2\r\nab\r\n0\r\n\r\n",
                Some("100-continue"),
            ),
            ("B-15 nothing said", "1.1", "", "", None),
            ("B-15 no bytes", "1.1", "Content-Length: 0\r\n", "", None),
            ("B-15 HTTP/1.0", "1.0", "Content-Length: 2\r\n", "ab", None),
        ],
        |(name, version, lines, body, expected)| {
            let head = format!("PUT /files/expect HTTP/{version}\r\nHost: dav.test\r\nX-Case: {name}\r\n");
            let bytes = format!("{head}Expect: 100-continue\r\n{lines}\r\n{body}");
            let answer = raw(shared().gateway.address, bytes.as_bytes());
            assert_eq!(answer.status, 201, "{name}");
            assert_eq!(shared().backend.case(name)[0].header("expect"), expected, "{name}");
        },
    );
    shared().settle();
}

// B-16.
#[test]
fn unknown_expectations_fail() {
    shared().refuse(417, &put("B-16 other").with("Expect", "200-ok"));
    shared().refuse(417, &put("B-16 list").with("Expect", "100-continue, x"));
    shared().settle();
}

// B-42.
#[test]
fn unlock_needs_a_token() {
    let unlock = |name: &str| req(name, "UNLOCK", "/files/h");
    shared().refuse(400, &unlock("B-42 none"));
    each(
        [
            "opaquelocktoken",
            "<opaquelocktoken:b1",
            "",
            "<>",
            "<a> <b>",
            "(<urn:a>)",
        ],
        |value| {
            shared().refuse(400, &unlock(&format!("B-42 {value}")).with("Lock-Token", value));
        },
    );
    // L-63: Windows forgets the brackets; mod_dav wants them.
    each(
        [
            ("opaquelocktoken:b1", "<opaquelocktoken:b1>"),
            ("<opaquelocktoken:b1>", "<opaquelocktoken:b1>"),
            ("<1795311818>", "<1795311818>"),
        ],
        |(value, arriving)| {
            let (seen, _) = shared().pass(&unlock(&format!("L-63 {value}")).with("Lock-Token", value));
            assert_eq!(seen.all("lock-token"), [arriving]);
        },
    );
    shared().settle();
}

// B-43, B-46, B-47, B-48.
#[test]
fn ranges_preconditions_and_codings() {
    let lab = shared();
    lab.refuse(400, &put("B-43 Content-Range").with("Content-Range", "bytes 0-0/1"));
    assert_eq!(
        lab.pass(&put("B-43 Range on PUT").with("Range", "bytes=0-1"))
            .0
            .header("range"),
        None
    );
    assert_eq!(
        lab.pass(&get("B-43 Range on GET").with("Range", "bytes=0-1"))
            .0
            .header("range"),
        Some("bytes=0-1")
    );
    let ranges = |count: usize| format!("bytes={}", vec!["0-"; count].join(","));
    let many = |name: &str, count: usize| {
        let asked = get(name).with("Range", &ranges(count));
        lab.pass(&asked).0.header("range").map(str::to_owned)
    };
    assert_eq!(many("B-43 32 ranges", 32), Some(ranges(32)));
    // The whole costs less.
    assert_eq!(many("B-43 33 ranges", 33), None);
    assert_eq!(many("B-43 thousands of ranges", 4000), None);
    each(["If-Match", "If-None-Match"], |header| {
        for value in ["e1", "\"e1", "\"a\" \"b\"", "*, \"a\"", "w/\"a\""] {
            lab.refuse(400, &put(&format!("B-46 {header} {value}")).with(header, value));
        }
        for value in ["\"e1\"", "*", "W/\"e1\"", "\"a\", \"b\""] {
            let (seen, _) = lab.pass(&put(&format!("B-46 fine {header} {value}")).with(header, value));
            assert_eq!(seen.header(header), Some(value));
        }
    });
    lab.pass(&get("B-46 a bad date is ignored").with("If-Modified-Since", "yesterday"));
    each(["gzip", "deflate", "br"], |coding| {
        lab.refuse(
            415,
            &propfind(&format!("B-47 {coding}"))
                .with("Depth", "0")
                .with("Content-Encoding", coding),
        );
    });
    assert_eq!(
        lab.pass(&put("B-47 on PUT").with("Content-Encoding", "gzip"))
            .0
            .header("content-encoding"),
        Some("gzip")
    );
    each(
        [
            ("PROPFIND", propfind("B-48 PROPFIND").with("Depth", "0")),
            (
                "PROPPATCH",
                req("B-48 PROPPATCH", "PROPPATCH", "/files/h").xml(PROPPATCH),
            ),
            ("REPORT", req("B-48 REPORT", "REPORT", "/files/h").xml(SYNC)),
        ],
        |(name, request)| {
            let (seen, _) = lab.pass(&request.with("Accept-Encoding", "gzip, deflate, br"));
            assert_eq!(seen.all("accept-encoding"), ["identity"], "B-48 {name}");
        },
    );
    lab.settle();
}

// Q-4: one safe segment.
#[test]
fn position_is_one_segment() {
    let mkcol = |name: &str| req(name, "MKCOL", "/all/pos/");
    each(
        [
            "before a/b",
            "after %2Fx",
            "before ..",
            "after %2e%2e",
            "before a%00",
            "before a\\b",
        ],
        |value| {
            shared().refuse(400, &mkcol(&format!("Q-4 {value}")).with("Position", value));
        },
    );
    each(["first", "last", "before a", "after b%20c"], |value| {
        let (seen, _) = shared().pass(&mkcol(&format!("Q-4 fine {value}")).with("Position", value));
        assert_eq!(seen.header("position"), Some(value));
    });
    shared().settle();
}
