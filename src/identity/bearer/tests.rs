//! Rows for tokens, with keys made here (the RSA key is a file: ring makes none), and a server of key sets on loopback.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const RSA: &[u8] = include_bytes!("../../../tests/data/identity/rsa.pkcs8.der");

/// Somebody who makes tokens.
enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, &'static str),
    Ed(Ed25519KeyPair),
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::from_pkcs8(RSA).unwrap())
    }

    fn ec(curve: &'static str) -> Self {
        let algorithm = match curve {
            "P-256" => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            _ => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        };
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self::Ec(
            EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap(),
            curve,
        )
    }

    fn ed() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Rsa(pair) => {
                let parts: rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({ "kty": "RSA", "kid": id, "n": b64(parts.n), "e": b64(parts.e) })
            }
            Self::Ec(pair, curve) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                json!({ "kty": "EC", "crv": curve, "kid": id, "x": b64(x), "y": b64(y) })
            }
            Self::Ed(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": b64(pair.public_key()) }),
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match algorithm {
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut out).unwrap();
                out
            }
            Self::Ec(pair, _) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let algorithm = header["alg"].as_str().unwrap_or_default();
        let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        format!("{message}.{}", b64(self.sign(algorithm, message.as_bytes())))
    }
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed()
}

fn settings(keys: KeySource) -> BearerSettings {
    BearerSettings {
        issuer: "https://id.example.org".to_owned(),
        audience: vec!["dav".to_owned(), "files".to_owned()],
        keys,
        user_claim: "sub".to_owned(),
        groups_claim: Some("realm.groups".to_owned()),
        clock_skew: Duration::from_secs(60),
    }
}

fn good() -> Value {
    json!({ "iss": "https://id.example.org", "aud": "dav", "sub": "ann", "exp": now() + 300 })
}

/// The good claims with others over them; null takes one away.
fn but(others: Value) -> Value {
    let mut claims = good();
    for (name, value) in others.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn file(keys: &[Value]) -> (tempfile::TempDir, Bearer) {
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join("keys.json");
    std::fs::write(&path, json!({ "keys": keys }).to_string()).unwrap();
    (directory, Bearer::open(&settings(KeySource::File(path))).unwrap())
}

#[tokio::test]
async fn every_algorithm_that_is_taken() {
    let (rsa, p256, p384, ed) = (Signer::rsa(), Signer::ec("P-256"), Signer::ec("P-384"), Signer::ed());
    let (_directory, bearer) = file(&[rsa.jwk("r"), p256.jwk("e"), p384.jwk("f"), ed.jwk("o")]);
    let rows = [
        (&rsa, "RS256", "r"),
        (&rsa, "RS384", "r"),
        (&rsa, "RS512", "r"),
        (&p256, "ES256", "e"),
        (&p384, "ES384", "f"),
        (&ed, "EdDSA", "o"),
    ];
    for (signer, algorithm, id) in rows {
        for header in [
            json!({ "alg": algorithm, "kid": id }),
            json!({ "alg": algorithm, "typ": "at+jwt" }),
        ] {
            let token = signer.token(&header, &good());
            assert_eq!(bearer.verify(&token).await, Ok(Claim::name("ann")), "{header}");
            let mut broken = token.into_bytes();
            let place = broken.len() - 10;
            broken[place] = if broken[place] == b'A' { b'B' } else { b'A' };
            let broken = String::from_utf8(broken).unwrap();
            assert_eq!(bearer.verify(&broken).await, Err(Refused::Signature.into()), "{header}");
        }
        // The id of another key.
        let other = if id == "o" { "r" } else { "o" };
        let token = signer.token(&json!({ "alg": algorithm, "kid": other }), &good());
        assert_eq!(
            bearer.verify(&token).await,
            Err(Refused::UnknownKey.into()),
            "{algorithm}"
        );
    }
}

// RFC 8725: none, shared secrets, other families, keys of the token's own
#[tokio::test]
async fn what_a_token_may_not_choose() {
    let (rsa, ed, stranger) = (Signer::rsa(), Signer::ed(), Signer::ed());
    let secret = json!({ "kty": "oct", "kid": "s", "k": b64("secret"), "alg": "HS256" });
    let (_directory, bearer) = file(&[rsa.jwk("r"), ed.jwk("o"), secret]);
    let unsigned = |alg: &str| {
        let header = json!({ "alg": alg, "kid": "o" }).to_string();
        format!("{}.{}.", b64(header), b64(good().to_string()))
    };
    // A shared secret that is the public key's own text.
    let hmac = {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"secret");
        let message = format!(
            "{}.{}",
            b64(json!({ "alg": "HS256", "kid": "s" }).to_string()),
            b64(good().to_string())
        );
        let tag = ring::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", b64(tag))
    };
    let own_key = stranger.token(
        &json!({ "alg": "EdDSA", "kid": "o", "jwk": stranger.jwk("o") }),
        &good(),
    );
    let rows = [
        (unsigned("none"), Refused::Algorithm),
        (unsigned("None"), Refused::Algorithm),
        (unsigned("HS256"), Refused::Algorithm),
        (unsigned("ES512"), Refused::Algorithm),
        (unsigned("EdDSA"), Refused::Signature),
        (hmac, Refused::Algorithm),
        (
            rsa.token(&json!({ "alg": "PS256", "kid": "r" }), &good()),
            Refused::Algorithm,
        ),
        (
            rsa.token(&json!({ "alg": "RS256", "kid": "o" }), &good()),
            Refused::UnknownKey,
        ),
        (
            ed.token(&json!({ "alg": "RS256", "kid": "r" }), &good()),
            Refused::Signature,
        ),
        (own_key, Refused::Signature),
        (
            ed.token(&json!({ "alg": "EdDSA", "kid": "o", "crit": ["x"], "x": 1 }), &good()),
            Refused::Critical,
        ),
        (ed.token(&json!({ "kid": "o" }), &good()), Refused::Algorithm),
        ("a.b".to_owned(), Refused::NoToken),
        ("abc".to_owned(), Refused::NoToken),
        ("...".to_owned(), Refused::NoToken),
        (String::new(), Refused::NoToken),
    ];
    for (token, expected) in rows {
        let found = bearer.verify(&token).await;
        assert!(
            found == Err(expected.into()) || (expected == Refused::NoToken && found == Err(Refused::Algorithm.into())),
            "{token}: {found:?}, not {expected:?}"
        );
    }
}

#[tokio::test]
async fn claims() {
    let ed = Signer::ed();
    let (_directory, bearer) = file(&[ed.jwk("o")]);
    let groups = |groups: &[&str]| {
        Ok(Claim {
            name: "ann".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        })
    };
    let refused = |refused: Refused| Err(Failure::from(refused));
    let rows = [
        (json!({}), groups(&[])),
        (json!({ "aud": ["other", "files"] }), groups(&[])),
        (json!({ "aud": "other" }), refused(Refused::Audience)),
        (json!({ "aud": ["other"] }), refused(Refused::Audience)),
        (json!({ "aud": [] }), refused(Refused::Audience)),
        (json!({ "aud": null }), refused(Refused::Claims)),
        (json!({ "iss": "https://id.example.org/" }), refused(Refused::Issuer)),
        (json!({ "iss": ["https://id.example.org"] }), refused(Refused::Issuer)),
        (json!({ "iss": null }), refused(Refused::Claims)),
        // 60 s between the clocks
        (json!({ "exp": now() - 30 }), groups(&[])),
        (json!({ "exp": now() - 90 }), refused(Refused::Expired)),
        (json!({ "exp": null }), refused(Refused::Claims)),
        (json!({ "exp": "4102444800" }), refused(Refused::Claims)),
        (json!({ "nbf": now() + 30 }), groups(&[])),
        (json!({ "nbf": now() + 90 }), refused(Refused::NotYet)),
        (json!({ "nbf": "soon" }), refused(Refused::Claims)),
        (json!({ "sub": null }), refused(Refused::Claims)),
        (json!({ "sub": 7 }), refused(Refused::Claims)),
        (json!({ "realm": { "groups": ["a", "b"] } }), groups(&["a", "b"])),
        (
            json!({ "realm.groups": ["c"], "realm": { "groups": ["a"] } }),
            groups(&["c"]),
        ),
        (json!({ "realm": { "groups": "a" } }), groups(&["a"])),
        (json!({ "realm": { "groups": [1] } }), refused(Refused::Claims)),
        (json!({ "realm": { "groups": { "a": 1 } } }), refused(Refused::Claims)),
        (json!({ "realm": 7 }), groups(&[])),
    ];
    for (others, expected) in rows {
        let token = ed.token(&json!({ "alg": "EdDSA", "kid": "o" }), &but(others.clone()));
        assert_eq!(bearer.verify(&token).await, expected, "{others}");
    }
}

#[test]
fn key_sets() {
    let (rsa, p256, ed) = (Signer::rsa(), Signer::ec("P-256"), Signer::ed());
    let with = |mut jwk: Value, name: &str, value: Value| {
        jwk[name] = value;
        jwk
    };
    let small = json!({ "kty": "RSA", "n": b64([0xff; 255]), "e": "AQAB" });
    let rows = [
        (ed.jwk("o"), true),
        (with(ed.jwk("o"), "use", json!("sig")), true),
        (with(ed.jwk("o"), "use", json!("enc")), false),
        (with(ed.jwk("o"), "key_ops", json!(["verify"])), true),
        (with(ed.jwk("o"), "key_ops", json!(["sign"])), false),
        (with(rsa.jwk("r"), "alg", json!("RS512")), true),
        (with(rsa.jwk("r"), "alg", json!("PS256")), false),
        (with(rsa.jwk("r"), "alg", json!("HS256")), false),
        (with(rsa.jwk("r"), "alg", json!("RSA-OAEP")), false),
        (small, false),
        (with(p256.jwk("e"), "crv", json!("P-521")), false),
        (with(p256.jwk("e"), "crv", json!("secp256k1")), false),
        (with(p256.jwk("e"), "x", json!("?")), false),
        (json!({ "kty": "oct", "k": b64("secret") }), false),
        (json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }), false),
        (json!("key"), false),
    ];
    for (jwk, usable) in rows {
        let found = keys::parse(json!({ "keys": [jwk.clone()] }).to_string().as_bytes());
        assert_eq!(found.is_ok(), usable, "{jwk}");
        // One that is not usable takes nothing from the others.
        let both = json!({ "keys": [jwk, ed.jwk("other")] });
        assert!(keys::parse(both.to_string().as_bytes()).is_ok());
    }
    for text in ["", "{}", "{\"keys\": []}", "[]", "{\"keys\": {}}"] {
        assert!(keys::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_file_of_keys_that_changes() {
    let (old, new) = (Signer::ed(), Signer::ed());
    let (directory, mut bearer) = file(&[old.jwk("1")]);
    if let Source::File(file) = bearer.keys {
        bearer.keys = Source::File(file.eager());
    }
    let header = json!({ "alg": "EdDSA", "kid": "1" });
    let (by_old, by_new) = (old.token(&header, &good()), new.token(&header, &good()));
    assert!(bearer.verify(&by_old).await.is_ok() && bearer.verify(&by_new).await.is_err());
    let path = directory.path().join("keys.json");
    std::fs::write(&path, json!({ "keys": [new.jwk("1")] }).to_string()).unwrap();
    assert!(bearer.verify(&by_old).await.is_err() && bearer.verify(&by_new).await.is_ok());
    std::fs::write(&path, "{").unwrap();
    assert!(bearer.verify(&by_new).await.is_ok());
}

/// A server on loopback that answers with `answer` as it is then: its URL, and how often it was asked.
async fn server(answer: Arc<Mutex<String>>) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys?x=1", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 2048];
            let length = stream.read(&mut request).await.unwrap_or_default();
            assert!(request[..length].starts_with(b"GET /keys?x=1 HTTP/1.1\r\nhost: 127.0.0.1:"));
            asked.fetch_add(1, Ordering::SeqCst);
            let text = answer.lock().unwrap().clone();
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    (url, count)
}

fn ok(keys: &[Value]) -> String {
    let body = json!({ "keys": keys }).to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn remote(url: &str, refresh: Duration, min_interval: Duration) -> Bearer {
    signatures::install();
    Bearer {
        rules: Rules::new(&settings(KeySource::File(PathBuf::new()))),
        keys: Source::Url(Arc::new(Remote::new(url, refresh).unwrap().every(min_interval))),
    }
}

const HOUR: Duration = Duration::from_secs(3600);

// a new kid makes the keys be fetched again; invented ones no more often than the minimum interval
#[tokio::test]
async fn keys_that_change() {
    let (old, new) = (Signer::ed(), Signer::ed());
    let answer = Arc::new(Mutex::new(ok(&[old.jwk("1")])));
    let (url, asked) = server(Arc::clone(&answer)).await;
    let interval = Duration::from_millis(300);
    let bearer = remote(&url, HOUR, interval);
    let by = |signer: &Signer, id: &str| signer.token(&json!({ "alg": "EdDSA", "kid": id }), &good());
    assert!(bearer.verify(&by(&old, "1")).await.is_ok());
    assert!(bearer.verify(&by(&old, "1")).await.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    *answer.lock().unwrap() = ok(&[new.jwk("2")]);
    for invented in ["3", "4", "5"] {
        assert_eq!(
            bearer.verify(&by(&new, invented)).await,
            Err(Refused::UnknownKey.into())
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    tokio::time::sleep(interval).await;
    assert!(bearer.verify(&by(&new, "2")).await.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(bearer.verify(&by(&old, "1")).await, Err(Refused::UnknownKey.into()));
    // An issuer that fails takes no keys away.
    *answer.lock().unwrap() = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_owned();
    tokio::time::sleep(interval).await;
    assert_eq!(bearer.verify(&by(&new, "6")).await, Err(Refused::UnknownKey.into()));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert!(bearer.verify(&by(&new, "2")).await.is_ok());
}

#[tokio::test]
async fn keys_are_fetched_again_in_time() {
    let (old, new) = (Signer::ed(), Signer::ed());
    let answer = Arc::new(Mutex::new(ok(&[old.jwk("1")])));
    let (url, _) = server(Arc::clone(&answer)).await;
    let bearer = remote(&url, Duration::from_millis(1), Duration::from_millis(1));
    let header = json!({ "alg": "EdDSA", "kid": "1" });
    assert!(bearer.verify(&old.token(&header, &good())).await.is_ok());
    *answer.lock().unwrap() = ok(&[new.jwk("1")]);
    let token = new.token(&header, &good());
    for _ in 0..100 {
        if bearer.verify(&token).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the old keys stay");
}

#[tokio::test]
async fn no_keys() {
    let ed = Signer::ed();
    let token = ed.token(&json!({ "alg": "EdDSA", "kid": "1" }), &good());
    let big = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n{}",
        " ".repeat(2_000_000)
    );
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "nonsense".to_owned(),
        big,
    ] {
        let start = answer.get(..30).unwrap_or(&answer).to_owned();
        let (url, _) = server(Arc::new(Mutex::new(answer))).await;
        assert_eq!(
            remote(&url, HOUR, HOUR).verify(&token).await,
            Err(Failure::NoKeys),
            "{start}"
        );
    }
    for url in ["", "keys", "ftp://h/", "/keys", "http:///keys"] {
        assert!(Remote::new(url, HOUR).is_err(), "{url}");
    }
    let shown = format!("{:?}", remote("http://127.0.0.1:1/keys?secret=hunter2", HOUR, HOUR));
    assert!(!shown.contains("hunter2"), "{shown}");
}
