//! What is small for a client and large for whoever takes it: each is refused with its rule and counted by it, before the back end has seen
//! anything, and its largest honest neighbour passes (B-8, B-9, B-17, B-31, B-60, B-61, B-71, B-102, L-21).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::each;
use support::identity::IdentityLab;
use support::lab::Lab;
use support::wire::{Client, Req, req};

const SECOND: Duration = Duration::from_secs(1);

fn lab(clients: &str) -> Lab {
    Lab::with_configuration(&format!(
        "listeners: [{{ address: '@LISTEN@' }}]\nadmin: {{ address: '@ADMIN@' }}\nclients: {{ {clients} }}\nroutes:\n\
         \x20 - {{ name: files, path: /files/, hosts: [dav.test], limits: {{ xml: 4MiB }},\n\
         \x20     backend: {{ url: 'http://@BACK@/dav/', profile: apache }} }}\n"
    ))
}

/// How often `rule` was counted.
fn counted(admin: std::net::SocketAddr, rule: &str) -> usize {
    let mut client = Client::connect(admin);
    client.send(b"GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
    let text = client.answer(false).text();
    let of_rule =
        |line: &&str| line.starts_with("davgate_refusals_total") && line.contains(&format!("rule=\"{rule}\""));
    text.lines()
        .filter(of_rule)
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

fn counts(admin: std::net::SocketAddr, rule: &str, more_than: usize) {
    let end = Instant::now() + 5 * SECOND;
    while counted(admin, rule) <= more_than {
        assert!(Instant::now() < end, "{rule} is not in the metrics");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn propfind(name: &str, inner: &str) -> Req {
    let body = format!("<D:propfind xmlns:D='DAV:'><D:prop>{inner}</D:prop></D:propfind>");
    req(name, "PROPFIND", "/files/a").with("Depth", "0").xml(body)
}

fn with_doctype(name: &str, doctype: &str) -> Req {
    let body =
        format!("<!DOCTYPE D [{doctype}]><D:propfind xmlns:D='DAV:'><D:prop><D:a>&i;</D:a></D:prop></D:propfind>");
    req(name, "PROPFIND", "/files/a").with("Depth", "0").xml(body)
}

fn nested(depth: usize) -> String {
    format!("{}{}", "<D:a>".repeat(depth), "</D:a>".repeat(depth))
}

fn attributes(count: usize) -> String {
    let list: String = (0..count).map(|n| format!(" a{n}='1'")).collect();
    format!("<D:a{list}/>")
}

fn namespaces(count: usize) -> String {
    // DAV: is one of those in scope.
    let open: String = (1..count).map(|n| format!("<D:a xmlns:n{n}='urn:{n}'>")).collect();
    format!("{open}{}", "</D:a>".repeat(count - 1))
}

fn value(length: usize) -> String {
    format!("<D:a b='{}'/>", "x".repeat(length))
}

#[test]
fn bombs_are_refused() {
    let lab = lab("");
    let laughs: String = std::iter::once("<!ENTITY a 'ha'>".to_owned())
        .chain(('b'..='i').map(|name| {
            let before = char::from(name as u8 - 1);
            format!("<!ENTITY {name} '{}'>", format!("&{before};").repeat(10))
        }))
        .collect();
    let get = |name: &str| req(name, "GET", "/files/a");
    let copy = |name: &str, length: usize| {
        let path = "a/".repeat(length / 2);
        let to = format!("http://dav.test/files/{path}");
        req(name, "COPY", "/files/b").with("Destination", &to)
    };
    // L-21, which is told as L-20.
    let lists = |name: &str, count: usize| req(name, "DELETE", "/files/a").with("If", &"(<urn:a>)".repeat(count));
    let rows = [
        (
            "B-61",
            400,
            with_doctype("laughs", &laughs),
            propfind("no entities", "<D:a/>"),
        ),
        (
            "B-60",
            403,
            with_doctype("outside", "<!ENTITY i SYSTEM 'file:///dev/zero'>"),
            propfind("a reference", "<D:a b='&amp;'/>"),
        ),
        (
            "B-71",
            400,
            propfind("deep", &nested(50_000)),
            propfind("not deep", &nested(58)),
        ),
        (
            "B-71",
            400,
            propfind("many attributes", &attributes(50_000)),
            propfind("few attributes", &attributes(64)),
        ),
        (
            "B-71",
            400,
            propfind("many namespaces", &namespaces(66)),
            propfind("few namespaces", &namespaces(55)),
        ),
        (
            "B-71",
            400,
            propfind("long value", &value((1 << 20) + 1)),
            propfind("shorter value", &value(1 << 20)),
        ),
        (
            "B-71",
            400,
            propfind("many elements", &"<D:a/>".repeat(50_001)),
            propfind("elements", &"<D:a/>".repeat(49_000)),
        ),
        (
            "B-69",
            413,
            propfind("large", &format!("<D:a/>{}", " ".repeat(1000)).repeat(4200)),
            propfind("less large", &format!("<D:a/>{}", " ".repeat(1000)).repeat(4100)),
        ),
        (
            "B-8",
            431,
            get("long line").with("X-A", &"a".repeat(60_000)),
            get("shorter line").with("X-A", &"a".repeat(16_000)),
        ),
        ("B-31", 400, copy("far", 9000), copy("near", 500)),
        ("L-20", 400, lists("many lists", 65), lists("fewer lists", 64)),
        ("L-20", 400, lists("very many lists", 1700), lists("one list", 1)),
    ];
    each(rows, |(rule, status, bomb, honest)| {
        for chunked in [false, true] {
            if chunked && bomb.body.is_none() {
                continue;
            }
            let mut bomb = bomb.clone();
            bomb.chunked = chunked;
            let before = counted(lab.gateway.admin, rule);
            let begun = Instant::now();
            lab.refuse(status, &bomb);
            assert!(begun.elapsed() < 5 * SECOND, "{:?} for {}", begun.elapsed(), bomb.name);
            counts(lab.gateway.admin, rule, before);
        }
        lab.pass(&honest);
    });
    lab.settle();
}

// B-71: what is refused in one piece is refused in pieces of a byte, and so it passes.
#[test]
fn bytes_one_by_one() {
    let lab = lab("");
    let send = |request: &Req| {
        let bytes = request.bytes();
        let head = memchr::memmem::find(&bytes, b"\r\n\r\n").unwrap() + 4;
        let mut out = String::from_utf8(bytes[..head].to_vec()).unwrap().into_bytes();
        let at = memchr::memmem::find(&out, b"Content-Length").unwrap();
        out.truncate(at);
        out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        for byte in &bytes[head..] {
            out.extend_from_slice(&[b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
        }
        out.extend_from_slice(b"0\r\n\r\n");
        let mut client = Client::connect(lab.gateway.address);
        client.send(&out);
        client.answer(false)
    };
    let answer = send(&propfind("deep", &nested(2000)));
    assert_eq!(answer.status, 400);
    assert!(answer.has_condition("xml-too-deep"), "{}", answer.text());
    assert!(!lab.backend.saw("deep"));
    assert_eq!(send(&propfind("fine", &"<D:a/>".repeat(2000))).status, 207);
    assert_eq!(
        send(&req("stored", "PUT", "/files/a").body("x".repeat(20_000))).status,
        201
    );
    assert_eq!(lab.backend.case("stored")[0].body.len(), 20_000);
}

// Chunk extensions are read and dropped, up to a bound; nothing of such a body is ever whole at the back end.
#[test]
fn chunk_extensions_have_a_bound() {
    let lab = lab("");
    let put = |name: &str, extension: usize| {
        let mut client = Client::connect(lab.gateway.address);
        let head = format!("PUT /files/{name} HTTP/1.1\r\nHost: dav.test\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(head.as_bytes());
        client.send(format!("3;{}\r\nabc\r\n0\r\n\r\n", "e".repeat(extension)).as_bytes());
        client.answer(false)
    };
    assert_eq!(put("short", 1000).status, 201);
    let seen = lab.backend.at("/dav/short");
    assert_eq!(
        (seen[0].body.as_slice(), seen[0].header("transfer-encoding")),
        (&b"abc"[..], Some("chunked"))
    );
    let answer = put("long", 4 << 20);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(lab.backend.at("/dav/long").iter().all(|seen| !seen.whole));
    counts(lab.gateway.admin, "B-5", 0);
}

// B-8, B-9: a head is refused as soon as no head is that long, however much of it is still to come.
#[test]
fn heads_without_an_end_are_refused_early() {
    let lab = lab("head: 30s");
    let rows = [
        (
            "B-8",
            431,
            "header-too-large",
            "GET /files/a HTTP/1.1\r\nHost: dav.test\r\nX-A: ",
        ),
        ("B-9", 414, "target-too-long", "GET /files/"),
    ];
    each(rows, |(rule, status, condition, begin)| {
        let mut client = Client::connect(lab.gateway.address);
        client.send(begin.as_bytes());
        let begun = Instant::now();
        for _ in 0..200 {
            if !client.send(&[b'a'; 1000]) || client.hears_within(Duration::from_millis(2)) {
                break;
            }
        }
        let answer = client.answer(false);
        assert_eq!((answer.status, answer.whole), (status, true), "{rule}");
        assert!(answer.has_condition(condition), "{}", answer.text());
        assert!(begun.elapsed() < 5 * SECOND, "{rule}");
        assert!(client.closed_within(2 * SECOND));
        counts(lab.gateway.admin, rule, 0);
    });
    assert!(lab.backend.requests().is_empty());
    // The longest that passes, in pieces.
    let long = (0..60).fold(
        req("long", "GET", format!("/files/a?{}", "q".repeat(8000))),
        |request, n| request.with(&format!("X-H{n:04}"), &"v".repeat(1000)),
    );
    let mut client = Client::connect(lab.gateway.address);
    for piece in long.bytes().chunks(999) {
        client.send(piece);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(client.answer(false).status, 200);
    assert!(lab.backend.saw("long"));
}

// B-101: what is held of XML bodies, of all clients together
#[test]
fn held_bodies_have_a_bound() {
    let lab = lab("held: 256KiB");
    let large = |name: &str| propfind(name, &format!("<D:a/>{}", " ".repeat(1000)).repeat(200));
    let half = |name: &str| {
        let mut client = Client::connect(lab.gateway.address);
        let bytes = large(name).bytes();
        let (first, rest) = bytes.split_at(bytes.len() - 2000);
        client.send(first);
        (client, rest.to_vec())
    };
    let (mut holder, rest) = half("holder");
    std::thread::sleep(SECOND);
    let answer = lab.refuse(503, &large("one too many"));
    assert!(answer.has_condition("too-much-held"), "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("5"));
    counts(lab.gateway.admin, "B-101", 0);
    // What is small passes all the same.
    lab.pass(&propfind("small", &"<D:a/>".repeat(500)));
    holder.send(&rest);
    assert_eq!(holder.answer(false).status, 207);
    assert!(lab.backend.saw("holder"));
    // There is room again, a moment after the end of the answer.
    std::thread::sleep(SECOND / 2);
    lab.pass(&large("later"));
}

// B-101: what is held of heads that do not end, of all clients together
#[test]
fn held_heads_have_a_bound() {
    let lab = lab("held: 256KiB, head: 30s");
    let long = |name: &str| {
        (0..60).fold(req(name, "GET", "/files/a"), |request, n| {
            request.with(&format!("X-H{n:04}"), &"v".repeat(1000))
        })
    };
    let half = |name: &str| {
        let mut client = Client::connect(lab.gateway.address);
        let bytes = long(name).bytes();
        let (first, rest) = bytes.split_at(bytes.len() - 100);
        client.send(first);
        (client, rest.to_vec())
    };
    let (mut holder, rest) = half("holder");
    std::thread::sleep(SECOND);
    let (mut second, _) = half("one too many");
    let answer = second.answer(false);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert!(answer.has_condition("too-much-held"), "{}", answer.text());
    assert!(second.closed_within(2 * SECOND));
    counts(lab.gateway.admin, "B-101", 0);
    lab.pass(&req("small", "GET", "/files/a"));
    holder.send(&rest);
    assert_eq!(holder.answer(false).status, 200);
    // There is room again, though the connection of the first is still open.
    lab.pass(&long("later"));
    assert!(!lab.backend.saw("one too many"));
}

// B-102: who is refused before anybody knows who asks is counted, too.
#[test]
fn refused_requests_count() {
    let lab = lab("rate: { requests: 2, per: 1h }");
    lab.refuse(400, &req("odd path", "GET", "/files/%zz"));
    lab.refuse(421, &req("other host", "GET", "/files/a").host("other.test"));
    lab.refuse(429, &req("odd path again", "GET", "/files/%zz"));
    lab.refuse(429, &req("fine but too many", "GET", "/files/a"));
    // Where a message is not to be trusted, the connection ends with it, whatever the count is.
    let answer = lab.refuse_raw(400, "two lengths", b"GET /files/a HTTP/1.1\r\nHost: dav.test\r\nX-Case: two lengths\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx");
    assert_eq!(answer.header("connection"), Some("close"));
    counts(lab.gateway.admin, "B-102", 1);
}

// B-101: with TLS, a connection has its place before the handshake; whoever never begins one loses it.
#[test]
fn handshakes_have_places() {
    let listener = "  - address: @TLS@\n    tls: { certificate: @DATA@/tls/server.pem, key: @DATA@/tls/server.key }\n";
    let rest = "clients: { connections: 3, head: 2s }\nroutes:\n  - path: /files/\n    hosts: [dav.test]\n\
                \x20   backend: { url: 'http://@BACK@/dav/', profile: apache }\n";
    let lab = IdentityLab::start(listener, rest, |_| {});
    std::thread::sleep(SECOND);
    let silent: Vec<Client> = (0..3).map(|_| Client::connect(lab.tls)).collect();
    std::thread::sleep(Duration::from_millis(300));
    let mut fourth = Client::connect(lab.tls);
    assert!(fourth.closed_within(SECOND));
    let answer = support::wire::raw(lab.lab.gateway.address, &req("full", "GET", "/files/a").bytes());
    assert_eq!(answer.status, 503);
    for mut client in silent {
        assert!(client.closed_within(3 * SECOND));
    }
    lab.lab.pass(&req("room again", "GET", "/files/a"));
}
