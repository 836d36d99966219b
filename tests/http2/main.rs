//! HTTP/2 on the wire, in the clear and with TLS: what is allowed passes in the form of HTTP/1.1, what is refused is refused as there, and the
//! connection goes on for the other streams (B-12, B-19, section 5).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod client;
mod floods;
mod frames;
#[path = "../support/mod.rs"]
mod support;

use std::{net::SocketAddr, path::Path, sync::Arc};

use client::{Ask, Peer, ask};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use support::{backend::answer, each, lab::Lab, wire};

/// A gateway that speaks HTTP/2 in the clear, with more of its configuration and of its route.
fn lab(more: &str, route: &str) -> Lab {
    Lab::with_configuration(&format!(
        "listeners: [{{ address: '@LISTEN@', http2: true }}]\nadmin: {{ address: '@ADMIN@' }}\n{more}\nroutes:\n  - name: files\n    path: \
         /files/\n    hosts: [dav.test]\n    backend: {{ url: 'http://@BACK@/dav/', profile: apache }}\n    limits: {{ body: 1MiB }}\n{route}"
    ))
}

const DECLARED: &str = "content-length";

// What is allowed passes, and the back end sees HTTP/1.1 with one framing.
#[test]
fn requests_pass() {
    let lab = lab("", "");
    lab.backend
        .on("GET /dav/a", answer("200 OK", &[("X-Of", "a")], "content of a"));
    let mut peer = Peer::connect(lab.gateway.address);
    let found = peer.ask(&ask("GET", "/files/a?q=%20"));
    assert_eq!((found.status, found.body.as_str()), (200, "content of a"));
    assert_eq!(found.headers.get("x-of").unwrap(), "a");
    let seen = lab.backend.requests().pop().unwrap();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/dav/a?q=%20"));
    assert_eq!(seen.all("host"), [lab.backend.address.to_string()]);
    for name in ["transfer-encoding", "content-length", ":authority"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    let propfind = r#"<propfind xmlns="DAV:"><allprop/></propfind>"#;
    type Framed<'a> = (&'a str, Ask<'a>, &'a str, Option<&'a str>, Option<&'a str>);
    let rows: &[Framed] = &[
        (
            "declared",
            ask("PUT", "/files/p").with(DECLARED, "5").body(&["he", "llo"]),
            "hello",
            Some("5"),
            None,
        ),
        (
            "undeclared",
            ask("PUT", "/files/p").body(&["he", "llo"]),
            "hello",
            None,
            Some("chunked"),
        ),
        (
            "an empty end",
            ask("PUT", "/files/p").body(&["hello"]).ends_empty(),
            "hello",
            None,
            Some("chunked"),
        ),
        (
            "declared, an empty end",
            ask("PUT", "/files/p").with(DECLARED, "5").body(&["hello"]).ends_empty(),
            "hello",
            Some("5"),
            None,
        ),
        ("none", ask("PUT", "/files/p"), "", Some("0"), None),
        (
            "declared none",
            ask("PUT", "/files/p").with(DECLARED, "0"),
            "",
            Some("0"),
            None,
        ),
        (
            "100-continue",
            ask("PUT", "/files/p").with("expect", "100-continue").body(&["hello"]),
            "hello",
            None,
            Some("chunked"),
        ),
        (
            "a cookie in crumbs",
            ask("PUT", "/files/p")
                .with("cookie", "a=1")
                .with("cookie", "b=2")
                .body(&["x"]),
            "x",
            None,
            Some("chunked"),
        ),
        (
            "te",
            ask("PUT", "/files/p").with("te", "trailers").body(&["x"]),
            "x",
            None,
            Some("chunked"),
        ),
    ];
    each(rows, |(name, ask, body, length, coding)| {
        let found = peer.ask(ask);
        assert!((200..300).contains(&found.status), "{name}: {found:?}");
        let seen = lab.backend.requests().pop().unwrap();
        assert_eq!(
            (seen.method.as_str(), seen.text().as_str(), seen.whole),
            ("PUT", *body, true),
            "{name}"
        );
        assert_eq!(
            (seen.header(DECLARED), seen.header("transfer-encoding")),
            (*length, *coding),
            "{name}"
        );
        assert_eq!(seen.all("host").len(), 1, "{name}");
        assert_eq!(seen.header("te"), None, "{name}");
        if *name == "a cookie in crumbs" {
            assert_eq!(seen.all("cookie"), ["a=1; b=2"]);
        }
    });
    let before = lab.backend.requests().len();
    let mut trailers = ask("PUT", "/files/p").body(&["x"]);
    trailers.trailers = vec![("x-checksum", "1"), ("content-length", "100"), ("host", "evil")];
    assert!((200..300).contains(&peer.ask(&trailers).status));
    let found = peer.ask(&ask("PROPFIND", "/files/").with("depth", "0").body(&[propfind]));
    assert_eq!(found.status, 207, "{found:?}");
    assert!(
        found.body.contains("/files/") && !found.body.contains("/dav/"),
        "{found:?}"
    );
    let found = peer.ask(&ask("MOVE", "/files/a").with("destination", "http://dav.test/files/b"));
    assert!((200..300).contains(&found.status), "{found:?}");
    let seen = lab.backend.requests();
    let moved = seen.last().unwrap();
    assert_eq!(
        moved.header("destination").unwrap(),
        format!("http://{}/dav/b", lab.backend.address)
    );
    // B-14: dropped, and nothing of them is a request.
    let put = &seen[before];
    assert_eq!(
        (put.text().as_str(), put.header("x-checksum"), put.whole),
        ("x", None, true)
    );
}

// The same connection to the back end is used again after every body: no byte too many was on it (the library's known mistake).
#[test]
fn bodies_end_once() {
    let lab = lab("", "");
    let mut peer = Peer::connect(lab.gateway.address);
    for number in 0..50 {
        let (path, text) = (format!("/files/p{number}"), format!("body {number}"));
        let mut put = ask("PUT", &path).body(&[text.as_str()]);
        put.empty_end = number % 2 == 0;
        assert!((200..300).contains(&peer.ask(&put).status), "{number}");
    }
    let seen = lab.backend.requests();
    let targets: Vec<String> = seen
        .iter()
        .map(|seen| format!("{} {}", seen.method, seen.target))
        .collect();
    let expected: Vec<String> = (0..50).map(|number| format!("PUT /dav/p{number}")).collect();
    assert_eq!(targets, expected);
    assert!(
        seen.iter()
            .enumerate()
            .all(|(number, seen)| seen.text() == format!("body {number}"))
    );
    assert!(
        lab.backend.connections() < 10,
        "{} connections",
        lab.backend.connections()
    );
}

// What is refused over HTTP/1.1 is refused here, by the same rules; the back end sees nothing, and the connection serves the next stream.
#[test]
fn refusals() {
    let lab = lab("", "    methods: [read, write]\n");
    let large = "x".repeat(16 << 10);
    let large: Vec<&str> = std::iter::repeat_n(large.as_str(), 65).collect();
    let long = format!("/files/{}", "x".repeat(8200));
    let line = "x".repeat(17 << 10);
    let rows: Vec<(u16, &str, Ask)> = vec![
        (400, "P-5", ask("GET", "/files/..%2f..%2fsecret")),
        (400, "P-5", ask("GET", "/files/%00")),
        (400, "P-5", ask("GET", "/files/a/../../b")),
        (404, "P-5", ask("GET", "/elsewhere")),
        (
            405,
            "O-6",
            ask("LOCK", "/files/a").body(&["<lockinfo xmlns=\"DAV:\"/>"]),
        ),
        (405, "O-3", ask("TRACE", "/files/a")),
        (501, "O-3", ask("BREW", "/files/a")),
        (
            502,
            "B-32",
            ask("MOVE", "/files/a").with("destination", "http://evil.test/files/b"),
        ),
        (400, "B-31", ask("COPY", "/files/a").with("destination", "/files/../b")),
        (400, "B-20", ask("PROPFIND", "/files/").with("depth", "2")),
        (
            403,
            "B-60",
            ask("PROPFIND", "/files/")
                .with("depth", "0")
                .body(&["<!DOCTYPE a SYSTEM \"x\"><propfind xmlns=\"DAV:\"/>"]),
        ),
        (
            413,
            "B-90",
            ask("PUT", "/files/a").with(DECLARED, "1048577").body(&["x"]),
        ),
        (413, "B-91", ask("PUT", "/files/a").body(&large)),
        (414, "B-9", ask("GET", &long)),
        (431, "B-8", ask("GET", "/files/a").with("x-a", &line)),
        (415, "B-78", ask("DELETE", "/files/a").body(&["x"])),
        (
            400,
            "B-10",
            ask("PROPFIND", "/files/").with("depth", "0").with("depth", "1"),
        ),
        (417, "B-16", ask("PUT", "/files/a").with("expect", "fire").body(&["x"])),
        (421, "B-7", ask("GET", "/files/a").with("host", "other.test")),
    ];
    let mut peer = Peer::connect(lab.gateway.address);
    each(&rows, |(status, rule, ask)| {
        let before = lab.backend.requests().len();
        // A length that does not hold ends the stream after its answer.
        if *rule == "B-7" {
            // Host beside another :authority: the library's own 400.
            assert_eq!(peer.ask(ask).status, 400);
            return;
        }
        match peer.try_ask(ask) {
            Ok(found) => {
                assert_eq!(
                    found.status, *status,
                    "{rule} {} {:.40}: {found:?}",
                    ask.method, ask.target
                );
                assert_eq!(found.headers.get("connection"), None);
            }
            Err(error) => assert!(*rule == "B-90" || *rule == "B-91", "{rule}: {error}"),
        }
        let seen: Vec<_> = lab
            .backend
            .requests()
            .drain(before..)
            .filter(|seen| seen.whole)
            .collect();
        assert!(seen.is_empty(), "{rule}: {seen:?}");
        assert_eq!(
            peer.ask(&self::ask("GET", "/files/after")).status,
            200,
            "{rule}: the next stream"
        );
    });
}

/// A client's side of TLS with the protocols it asks for: what was agreed on, and the connection.
async fn tls(
    address: SocketAddr,
    protocols: &[&str],
) -> (Option<Vec<u8>>, tokio_rustls::client::TlsStream<tokio::net::TcpStream>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls/ca.pem");
    let mut roots = rustls::RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(file).unwrap() {
        roots.add(one.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("dav.test").unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    (stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec), stream)
}

// RFC 7301: with TLS, clients choose; `http2: false` offers HTTP/1.1 alone.
#[test]
fn protocols_of_tls() {
    let listener = |more: &str| {
        let more = format!(
            "  - address: @TLS@\n    tls: {{ certificate: @DATA@/tls/server.pem, key: @DATA@/tls/server.key }}\n{more}"
        );
        let routes = "routes:\n  - { path: /files/, hosts: [dav.test], backend: { url: 'http://@BACK@/dav/', profile: apache } }\n";
        support::identity::IdentityLab::start(&more, routes, |_| {})
    };
    let (spoken, not) = (listener(""), listener("    http2: false\n"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (lab, asked, expected) in [
        (&spoken, &["h2", "http/1.1"][..], Some("h2")),
        (&spoken, &["http/1.1"], Some("http/1.1")),
        (&spoken, &[], None),
        (&not, &["h2", "http/1.1"], Some("http/1.1")),
        (&not, &[], None),
    ] {
        let (agreed, _) = runtime.block_on(tls(lab.tls, asked));
        let agreed = agreed.map(|bytes| String::from_utf8(bytes).unwrap());
        // Where nothing but HTTP/1.1 is offered, nothing need be said of it.
        let plain = |it: Option<&str>| it.is_none_or(|it| it == "http/1.1");
        assert!(
            agreed.as_deref() == expected || (plain(expected) && plain(agreed.as_deref())),
            "{asked:?}: {agreed:?}"
        );
    }
    let address = spoken.tls;
    let mut peer = Peer::over(async move { tls(address, &["h2"]).await.1 }, "https://dav.test");
    assert_eq!(peer.ask(&ask("GET", "/files/a")).status, 200);
    let moved = peer.ask(&ask("MOVE", "/files/a").with("destination", "https://dav.test/files/b"));
    assert!((200..300).contains(&moved.status), "{moved:?}");
}

// B-12, B-18: where it is not switched on, its beginning is no HTTP/1, and an Upgrade to it is not taken.
#[test]
fn in_the_clear_only_where_it_is_switched_on() {
    let off = Lab::with_configuration(
        "listeners: [{ address: '@LISTEN@' }]\nroutes:\n  - { name: files, path: /files/, backend: { url: 'http://@BACK@/dav/' } }\n",
    );
    let found = wire::raw(off.gateway.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(found.status, 505);
    assert!(off.backend.requests().is_empty());
    let upgrade = "GET /files/a HTTP/1.1\r\nHost: dav.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \
                   AAMAAABkAAQAAP__\r\n\r\n";
    for lab in [&off, &lab("", "")] {
        let mut client = wire::Client::connect(lab.gateway.address);
        client.send(upgrade.as_bytes());
        assert_eq!(client.answer(false).status, 200);
        let seen = lab.backend.requests().pop().unwrap();
        assert_eq!((seen.header("upgrade"), seen.header("http2-settings")), (None, None));
        // HTTP/1 beside it: shorter than its beginning, cut anywhere, and alike as far as it goes.
        let mut client = wire::Client::connect(lab.gateway.address);
        let pieces: Vec<&[u8]> = "GET /files/a HTTP/1.0\r\n\r\n".as_bytes().chunks(5).collect();
        client.send_pieces(&pieces, std::time::Duration::from_millis(5));
        assert!([200, 400, 421].contains(&client.answer(false).status));
        let found = wire::raw(lab.gateway.address, b"PRI * HTTP/1.1\r\nHost: dav.test\r\n\r\n");
        assert_eq!(found.status, 501);
    }
}
