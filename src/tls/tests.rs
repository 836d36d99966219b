use super::*;
use std::path::Path;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
}

fn settings(certificate: &str, key: &str, authorities: Option<(&str, bool)>) -> TlsSettings {
    TlsSettings {
        certificate: data(certificate),
        key: data(key),
        clients: authorities.map(|(name, required)| ClientCertificates {
            authorities: data(name),
            required,
        }),
    }
}

// every file is looked at, and what is wrong is said of the right one
#[test]
fn what_is_wrong_with_which_file() {
    let rows: [(TlsSettings, &[&str]); 7] = [
        (settings("server.pem", "server.key", None), &[]),
        (settings("server.pem", "server.key", Some(("ca.pem", true))), &[]),
        (
            settings("server.pem", "ann.key", None),
            &["key: ... is not the key of tls.certificate"],
        ),
        (
            settings("server.key", "server.pem", Some(("ann.key", true))),
            &[
                "certificate: ... holds no cert",
                "key: ... holds no key",
                "client_ca: ... holds no cert",
            ],
        ),
        (
            settings("nowhere", "server.key", None),
            &["certificate: ... cannot be read: "],
        ),
        (settings("make.sh", "make.sh", None), &["certificate: ", "key: "]),
        (
            settings("server.pem", "server.key", Some(("nowhere", false))),
            &["client_ca: ... cannot be read: "],
        ),
    ];
    for (settings, expected) in rows {
        let errors = open(&settings).err().unwrap_or_default();
        assert_eq!(errors.len(), expected.len(), "{errors:?}");
        for (error, expected) in errors.iter().zip(expected) {
            let text = error.to_string();
            assert!(
                expected.split(" ... ").all(|piece| text.contains(piece)),
                "{text}: {expected}"
            );
        }
    }
}

#[test]
fn who_must_have_a_certificate() {
    let asked = |clients| {
        let tls = open(&settings("server.pem", "server.key", clients)).unwrap();
        tls.clients.map(|verifier| verifier.client_auth_mandatory())
    };
    assert_eq!(asked(None), None);
    assert_eq!(asked(Some(("ca.pem", true))), Some(true));
    assert_eq!(asked(Some(("ca.pem", false))), Some(false));
}

// nothing of a key is ever shown
#[test]
fn keys_are_not_shown() {
    let tls = open(&settings("server.pem", "server.key", None)).unwrap();
    let text = std::fs::read_to_string(data("server.key")).unwrap();
    let line = text.lines().nth(1).unwrap();
    assert!(!format!("{tls:?}").contains(line));
    let wrong = open(&settings("server.key", "server.key", None)).unwrap_err();
    assert!(!format!("{wrong:?}").contains(line));
}
