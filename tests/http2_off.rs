//! HTTP/2 where it is not spoken: whoever tries hears so, in words of HTTP/1.1 or in the handshake, and in no more time than anybody has (B-12, B-17,
//! B-18).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::each;
use support::identity::IdentityLab;
use support::wire::{Client, DEADLINE, req};

const SECOND: Duration = Duration::from_secs(1);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn lab() -> IdentityLab {
    let listener = "  - address: @TLS@\n    tls: { certificate: @DATA@/tls/server.pem, key: @DATA@/tls/server.key }\n    http2: false\n";
    let rest = "clients: { head: 1s }\nroutes:\n  - path: /files/\n    hosts: [dav.test]\n\
                \x20   backend: { url: 'http://@BACK@/dav/', profile: apache }\n";
    IdentityLab::start(listener, rest, |_| {})
}

// B-18: by its version, which is all that is read of it
#[test]
fn a_preface_is_refused() {
    let lab = lab().lab;
    let mut client = Client::connect(lab.gateway.address);
    client.send(PREFACE);
    let answer = client.answer(false);
    assert_eq!((answer.status, answer.whole), (505, true));
    assert!(answer.has_condition("http-version"), "{}", answer.text());
    assert!(client.closed_within(2 * SECOND));
    let line = lab.gateway.log_of("\"rule\":\"B-18\"");
    assert_eq!((&line["method"], &line["status"]), (&"PRI".into(), &505.into()));
    assert!(lab.backend.requests().is_empty());
    lab.pass(&req("version 1.1", "GET", "/files/a"));
}

// B-17: one that stops has as long as any head
#[test]
fn a_stalled_preface_ends() {
    let lab = lab().lab;
    each([3, 8, 11], |length: usize| {
        let mut client = Client::connect(lab.gateway.address);
        let begun = Instant::now();
        client.send(&PREFACE[..length]);
        assert_eq!(client.answer(false).status, 408, "{length}");
        assert!(begun.elapsed() < 3 * SECOND && client.closed_within(SECOND));
    });
    assert!(lab.backend.requests().is_empty());
}

/// What was agreed on and what is answered where a client offers these protocols; nothing where there is no handshake.
fn offering(lab: &IdentityLab, protocols: &[&str], name: &str) -> (Option<String>, String) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls/ca.pem");
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(data).unwrap() {
        roots.add(one.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder.unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(lab.tls).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let server = ServerName::try_from("dav.test").unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(config), server).unwrap(), stream);
    let request = req(name, "GET", "/files/a").with("Connection", "close");
    let mut answer = Vec::new();
    if tls.write_all(&request.bytes()).is_ok() {
        tls.read_to_end(&mut answer).ok();
    }
    let agreed = tls
        .conn
        .alpn_protocol()
        .map(|name| String::from_utf8_lossy(name).into_owned());
    (agreed, String::from_utf8_lossy(&answer).into_owned())
}

// With TLS, what is spoken is agreed on in the handshake (RFC 7301).
#[test]
fn http_1_1_is_chosen() {
    let lab = lab();
    std::thread::sleep(Duration::from_millis(500));
    for (protocols, agreed) in [
        (&["h2", "http/1.1"][..], Some("http/1.1")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let name = format!("offers {protocols:?}").replace('"', "");
        let (found, answer) = offering(&lab, protocols, &name);
        assert_eq!(found.as_deref(), agreed, "{protocols:?}");
        assert!(answer.starts_with("HTTP/1.1 200"), "{protocols:?}: {answer}");
        assert!(lab.lab.backend.saw(&name));
    }
    let (found, answer) = offering(&lab, &["h2"], "offers h2 alone");
    assert_eq!((found, answer.as_str()), (None, ""));
    assert!(!lab.lab.backend.saw("offers h2 alone"));
}
