//! Signed tokens on the wire (O-5, RFC 6750): keys from a file and from a URL, what a token must say, groups it brings.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use support::backend::{BackEnd, answer};
use support::each;
use support::identity::IdentityLab;
use support::wire::{Req, req};

const RSA: &[u8] = include_bytes!("data/identity/rsa.pkcs8.der");

const FILE: &str = r#"
identity:
  bearer: { issuer: "https://id.test", audience: [dav, files], @KEYS@, groups_claim: roles, clock_skew: 30s }
  groups: { editors: ["group:staff"] }
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

/// The issuer: one key of each kind.
struct Issuer {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            rsa: RsaKeyPair::from_pkcs8(RSA).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
        }
    }

    /// The key set; `suffix` is in every key's id.
    fn keys(&self, suffix: &str) -> String {
        let parts: ring::rsa::PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        let (x, y) = self.ec.public_key().as_ref()[1..].split_at(32);
        json!({ "keys": [
            { "kty": "RSA", "kid": format!("rsa{suffix}"), "n": b64(parts.n), "e": b64(parts.e) },
            { "kty": "EC", "crv": "P-256", "kid": format!("ec{suffix}"), "x": b64(x), "y": b64(y) },
            { "kty": "OKP", "crv": "Ed25519", "kid": format!("ed{suffix}"), "x": b64(self.ed.public_key()) },
        ]})
        .to_string()
    }

    fn token(&self, algorithm: &str, key: &str, claims: &Value) -> String {
        let header = json!({ "alg": algorithm, "kid": key }).to_string();
        let message = format!("{}.{}", b64(header), b64(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match algorithm {
            "RS256" => {
                let mut out = vec![0; self.rsa.public().modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut out)
                    .unwrap();
                out
            }
            "ES256" => self.ec.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            "EdDSA" => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
            _ => Vec::new(),
        };
        format!("{message}.{}", b64(signature))
    }
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .cast_signed()
}

/// Claims of `ann` with these in place of the good ones; null takes one away.
fn claims(other: Value) -> Value {
    let mut claims = json!({ "iss": "https://id.test", "aud": "dav", "sub": "ann", "exp": now() + 60 });
    for (name, value) in other.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn get(name: &str, path: &str, token: &str) -> Req {
    req(name, "GET", path).with("Authorization", &format!("Bearer {token}"))
}

fn with_file(issuer: &Issuer) -> IdentityLab {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("keys"), issuer.keys("")).unwrap();
    IdentityLab::with_files(files, "", &FILE.replace("@KEYS@", "jwks_file: @FILES@/keys"), |_| {})
}

// O-5: each kind of key, issuer, audience, times with the clocks apart, groups
#[test]
fn what_a_token_must_say() {
    let issuer = Issuer::new();
    let lab = with_file(&issuer);
    let home = "/files/home/ann/x";
    each(
        [
            ("RS256", "RS256", "rsa", home, json!({})),
            ("ES256", "ES256", "ec", home, json!({})),
            ("EdDSA", "EdDSA", "ed", home, json!({})),
            ("other audience", "EdDSA", "ed", home, json!({ "aud": ["x", "files"] })),
            ("just over", "EdDSA", "ed", home, json!({ "exp": now() - 20 })),
            ("just not yet", "EdDSA", "ed", home, json!({ "nbf": now() + 20 })),
            ("group", "EdDSA", "ed", "/files/shared/x", json!({ "roles": ["staff"] })),
            (
                "group of the file",
                "EdDSA",
                "ed",
                "/files/shared/x",
                json!({ "roles": "editors" }),
            ),
        ],
        |(name, algorithm, key, path, other)| {
            lab.lab.pass(&get(
                &format!("token {name}"),
                path,
                &issuer.token(algorithm, key, &claims(other)),
            ));
        },
    );
    each(
        [
            ("issuer", "EdDSA", "ed", json!({ "iss": "https://other.test" })),
            ("no issuer", "EdDSA", "ed", json!({ "iss": null })),
            ("audience", "EdDSA", "ed", json!({ "aud": "mail" })),
            ("no audience", "EdDSA", "ed", json!({ "aud": null })),
            ("over", "EdDSA", "ed", json!({ "exp": now() - 40 })),
            ("without end", "EdDSA", "ed", json!({ "exp": null })),
            ("not yet", "EdDSA", "ed", json!({ "nbf": now() + 40 })),
            ("no name", "EdDSA", "ed", json!({ "sub": null })),
            ("name", "EdDSA", "ed", json!({ "sub": "../bob" })),
            ("unsigned", "none", "ed", json!({})),
            ("key of another kind", "HS256", "rsa", json!({})),
            ("other key", "EdDSA", "ec", json!({})),
            ("no such key", "EdDSA", "new", json!({})),
        ],
        |(name, algorithm, key, other)| {
            let token = issuer.token(algorithm, key, &claims(other));
            let answer = lab
                .lab
                .refuse(401, &get(&format!("token not {name}"), "/files/public/x", &token));
            let challenge = answer.header("www-authenticate").unwrap();
            // RFC 6750 section 3.1; a name is not the token's fault.
            let expected = [
                r#"Bearer realm="davgate", error="invalid_token""#,
                r#"Bearer realm="davgate""#,
            ];
            assert!(expected.contains(&challenge), "{name}: {challenge}");
            assert_eq!(answer.header("location"), None);
        },
    );
    let mut changed = issuer.token("EdDSA", "ed", &claims(json!({})));
    changed.insert(changed.find('.').unwrap() + 5, 'A');
    lab.lab
        .refuse(401, &get("token changed", "/files/home/ann/x", &changed));
    let nobody = lab.lab.refuse(401, &req("token none", "GET", "/files/home/ann/x"));
    assert_eq!(nobody.header("www-authenticate"), Some(r#"Bearer realm="davgate""#));
    lab.lab.settle();
    let log = [lab.lab.gateway.lines(), lab.lab.gateway.errors()].concat().join("\n");
    assert!(!log.contains("eyJ"), "{log}");
}

// The file is read again when it changes.
#[test]
fn keys_of_a_file_change() {
    let issuer = Issuer::new();
    let lab = with_file(&issuer);
    let token = |key: &str| issuer.token("EdDSA", key, &claims(json!({})));
    lab.lab.pass(&get("old", "/files/home/ann/x", &token("ed")));
    std::fs::write(lab.files.path().join("keys"), issuer.keys("2")).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    lab.lab.pass(&get("new", "/files/home/ann/x", &token("ed2")));
    lab.lab
        .refuse(401, &get("old again", "/files/home/ann/x", &token("ed")));
}

// Keys at a URL: fetched at first use, and kept
#[test]
fn keys_at_a_url() {
    let issuer = Issuer::new();
    let server = BackEnd::start();
    let kind = [("Content-Type", "application/json")];
    server.on("/keys", answer("200 OK", &kind, issuer.keys("")));
    let keys = format!("jwks_url: \"http://{}/keys\", refresh: 1h", server.address);
    let lab = IdentityLab::start("", &FILE.replace("@KEYS@", &keys), |_| {});
    let token = |key: &str| issuer.token("ES256", key, &claims(json!({})));
    for number in 0..5 {
        lab.lab
            .pass(&get(&format!("url {number}"), "/files/home/ann/x", &token("ec")));
    }
    assert_eq!(server.at("/keys").len(), 1);
    assert!(server.at("/keys")[0].header("authorization").is_none());
    server.on("/keys", answer("200 OK", &kind, issuer.keys("2")));
    // Made-up keys do not make the gateway ask for each of them: not more often than every 30 s.
    for number in 0..10 {
        lab.lab.refuse(
            401,
            &get(
                &format!("made up {number}"),
                "/files/public/x",
                &token(&format!("k{number}")),
            ),
        );
    }
    assert_eq!(server.at("/keys").len(), 1);
    lab.lab.pass(&get("still", "/files/home/ann/x", &token("ec")));
}

// Nobody can say: 503, and nothing passes
#[test]
fn no_keys() {
    let issuer = Issuer::new();
    let keys = "jwks_url: \"http://127.0.0.1:1/keys\"";
    let lab = IdentityLab::start("", &FILE.replace("@KEYS@", keys), |_| {});
    let token = issuer.token("EdDSA", "ed", &claims(json!({})));
    let answer = lab.lab.refuse(503, &get("no keys", "/files/public/x", &token));
    assert!(answer.header("retry-after").is_some());
    lab.lab.pass(&req("no token", "GET", "/files/public/x"));
}
