//! Client certificates on the wire (O-5, A-30): a real handshake, who it names, and who does not get that far.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use support::each;
use support::identity::{IdentityLab, basic};
use support::wire::{DEADLINE, Req, req};

const REST: &str = r#"
identity:
  client_certificate: { user: subject_cn }
@MORE@
  groups: { editors: [bob] }
routes:
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access:
      - { path: /public/**, allow: [read], to: everyone }
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
      - { path: /shared/**, allow: [read], to: "group:editors" }
"#;

fn start(clients: &str, more: &str) -> IdentityLab {
    let listener = format!(
        "  - address: @TLS@\n    tls: {{ certificate: @DATA@/tls/server.pem, key: @DATA@/tls/server.key{clients} }}\n"
    );
    IdentityLab::start(&listener, &REST.replace("@MORE@", more), |_| {})
}

const OPTIONAL: &str = ", client_ca: @DATA@/tls/ca.pem, client_certificate: optional";
const REQUIRED: &str = ", client_ca: @DATA@/tls/ca.pem";

/// What comes back over TLS as text; empty where the handshake or the connection fails. `client`: the name of a certificate.
fn ask(address: SocketAddr, client: Option<&str>, request: &Req) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let certificates = |name: &str| -> Vec<CertificateDer<'static>> {
        let found = CertificateDer::pem_file_iter(data.join(format!("{name}.pem"))).unwrap();
        found.map(Result::unwrap).collect()
    };
    let mut roots = RootCertStore::empty();
    certificates("ca").into_iter().for_each(|one| roots.add(one).unwrap());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = builder.with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(name) => {
            let key = PrivateKeyDer::from_pem_file(data.join(format!("{name}.key"))).unwrap();
            builder.with_client_auth_cert(certificates(name), key).unwrap()
        }
    };
    let name = ServerName::try_from("dav.test").unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tls = StreamOwned::new(connection, stream);
    let mut answer = Vec::new();
    let request = request.clone().with("Connection", "close");
    if tls.write_all(&request.bytes()).is_ok() {
        // However the other side ends the connection: what came, came.
        tls.read_to_end(&mut answer).ok();
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

// O-5: the verified certificate names the user; where none is asked for, or none is shown, nobody is named
#[test]
fn who_a_certificate_names() {
    let lab = start(OPTIONAL, "");
    each(
        [
            (Some("ann"), "/files/home/ann/x", "200"),
            (Some("bob"), "/files/home/bob/x", "200"),
            (Some("bob"), "/files/shared/x", "200"),
            (Some("ann"), "/files/public/x", "200"),
            (None, "/files/public/x", "200"),
            // A-32
            (Some("ann"), "/files/home/bob/x", "404"),
            (Some("ann"), "/files/shared/x", "404"),
            // There is nothing to prove by in a header: no 401 (RFC 9110 section 15.5.2)
            (None, "/files/home/ann/x", "404"),
            // A certificate that names nobody is a wrong credential, even where all may read.
            (Some("nobody"), "/files/public/x", "403"),
        ],
        |(client, path, expected)| {
            let name = format!("certificate {client:?} {path} {expected}");
            let answer = ask(lab.tls, client, &req(&name, "GET", path));
            assert_eq!(status(&answer), expected, "{name}: {answer}");
            assert_eq!(
                lab.lab.backend.case(&name).len(),
                usize::from(expected == "200"),
                "{name}"
            );
            assert!(!answer.to_ascii_lowercase().contains("www-authenticate"), "{answer}");
        },
    );
    // A write, to see 403.
    let put = req("certificate PUT", "PUT", "/files/home/bob/x").body("x");
    assert_eq!(status(&ask(lab.tls, Some("ann"), &put)), "403");
    let put = req("certificate PUT twin", "PUT", "/files/home/bob/x").body("x");
    assert_eq!(status(&ask(lab.tls, Some("bob"), &put)), "201");
    assert!(lab.lab.backend.case("certificate PUT").is_empty());
}

// Certificates of others, old ones, and a server's: the handshake fails, whoever is asked to show one or must
#[test]
fn who_does_not_get_that_far() {
    let optional = start(OPTIONAL, "");
    let required = start(REQUIRED, "");
    each(
        [
            (&optional, Some("stranger")),
            (&optional, Some("expired")),
            (&optional, Some("server")),
            (&required, Some("stranger")),
            (&required, Some("expired")),
            (&required, None),
        ],
        |(lab, client)| {
            let name = format!("no handshake {client:?}");
            assert_eq!(
                ask(lab.tls, client, &req(&name, "GET", "/files/public/x")),
                "",
                "{name}"
            );
            assert!(!lab.lab.backend.saw(&name));
        },
    );
    let twin = ask(required.tls, Some("ann"), &req("handshake", "GET", "/files/home/ann/x"));
    assert_eq!(status(&twin), "200", "{twin}");
    // The listener in the clear knows no certificates.
    required
        .lab
        .refuse(404, &req("in the clear", "GET", "/files/home/ann/x"));
    required
        .lab
        .pass(&req("in the clear, public", "GET", "/files/public/x"));
}

// O-5: both are right, and the first of the file names the user; a wrong password beside a good certificate is refused
#[test]
fn beside_a_password() {
    let lab = start(OPTIONAL, "  basic: { htpasswd: @FILES@/users }");
    let ask = |name: &str, client, authorization: Option<String>, path: &str| {
        let mut request = req(name, "GET", path);
        if let Some(value) = authorization {
            request = request.with("Authorization", &value);
        }
        let answer = ask(lab.tls, client, &request);
        assert_eq!(
            lab.lab.backend.case(name).len(),
            usize::from(status(&answer) == "200"),
            "{name}"
        );
        answer
    };
    let bob = || Some(basic("bob", "secret"));
    assert_eq!(status(&ask("first", Some("ann"), bob(), "/files/home/ann/x")), "200");
    assert_eq!(status(&ask("second", Some("ann"), bob(), "/files/home/bob/x")), "404");
    assert_eq!(status(&ask("password", None, bob(), "/files/home/bob/x")), "200");
    let wrong = ask("wrong", Some("ann"), Some(basic("bob", "x")), "/files/home/ann/x");
    assert_eq!(status(&wrong), "401", "{wrong}");
    let nobody = ask("nobody", None, None, "/files/home/ann/x");
    assert_eq!(status(&nobody), "401");
    assert!(
        nobody.to_ascii_lowercase().contains("www-authenticate: basic realm="),
        "{nobody}"
    );
}

// 1.5, RM-26: absolute URLs in answers say how the client came, and a Destination with https is ours
#[test]
fn urls_say_https() {
    let lab = start(OPTIONAL, "");
    let redirect = [("Location", format!("{}/dav/public/y/", lab.lab.origin()))];
    let redirect: Vec<(&str, &str)> = redirect.iter().map(|(name, value)| (*name, value.as_str())).collect();
    lab.lab
        .backend
        .on("/dav/public/y", support::backend::answer("301 Moved", &redirect, ""));
    let answer = ask(
        lab.tls,
        None,
        &req("redirect", "GET", "/files/public/y").host("dav.test:8443"),
    );
    assert!(
        answer
            .to_ascii_lowercase()
            .contains("location: https://dav.test:8443/files/public/y/"),
        "{answer}"
    );
    let answer = lab
        .lab
        .ask(&req("redirect in the clear", "GET", "/files/public/y").host("dav.test:8080"));
    assert_eq!(answer.header("location"), Some("http://dav.test:8080/files/public/y/"));
    let copy = req("copy", "COPY", "/files/home/ann/x").host("dav.test:8443");
    let copy = copy.with("Destination", "https://dav.test:8443/files/home/ann/y");
    assert_eq!(status(&ask(lab.tls, Some("ann"), &copy)), "201");
}
