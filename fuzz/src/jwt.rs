//! Bearer tokens (RFC 7519, RFC 8725): only what the issuer has signed names anybody, and only with all that is required.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use davgate::identity::{
    Principal,
    bearer::{
        keys::{self, Keys},
        signatures,
        token::{Rules, picks},
    },
    settings::{BearerSettings, KeySource},
};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::Value;

use crate::input::Input;

const ISSUER: &str = "https://id.test";
const AUDIENCE: &str = "dav";
const HEADER: &str = r#"{"alg":"EdDSA","kid":"k"}"#;
/// The end is in the year 2100.
const CLAIMS: &str = r#"{"iss":"https://id.test","aud":"dav","exp":4102444800,"sub":"ann","groups":["editors"]}"#;

struct Issuer {
    pair: Ed25519KeyPair,
    keys: Keys,
    rules: Rules,
    genuine: String,
}

fn issuer() -> &'static Issuer {
    static ISSUED: OnceLock<Issuer> = OnceLock::new();
    ISSUED.get_or_init(|| {
        signatures::install();
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k","x":"{x}"}}]}}"#);
        let keys = keys::parse(set.as_bytes()).expect("a key set");
        let rules = Rules::new(&BearerSettings {
            issuer: ISSUER.to_owned(),
            audience: vec![AUDIENCE.to_owned(), "files".to_owned()],
            keys: KeySource::File(PathBuf::new()),
            user_claim: "sub".to_owned(),
            groups_claim: Some("groups".to_owned()),
            clock_skew: Duration::from_secs(30),
        });
        let genuine = signed(&pair, HEADER.as_bytes(), CLAIMS.as_bytes());
        Issuer {
            pair,
            keys,
            rules,
            genuine,
        }
    })
}

fn signed(pair: &Ed25519KeyPair, header: &[u8], claims: &[u8]) -> String {
    let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// `input`: what follows: a token; header and claims, a line each, to be signed; another header before the genuine rest; or a key set.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let what = input.pick(&[token, claims, header, key_set]);
    what(&mut input);
}

/// Whom a token names.
fn named(token: &str) -> Option<String> {
    let issuer = issuer();
    let picks = picks(token).ok()?;
    let claim = issuer.rules.verify(token, &picks, &issuer.keys).ok()?;
    // What is no safe name ends here.
    let _ = Principal::user(claim.name.clone(), claim.groups);
    Some(claim.name)
}

fn token(input: &mut Input<'_>) {
    let Some(text) = input.field() else { return };
    let genuine = &issuer().genuine;
    assert!(named(genuine).is_some(), "the genuine token counts");
    assert!(named(text).is_none() || text == genuine, "nobody signed {text}");
}

fn claims(input: &mut Input<'_>) {
    let (header, claims) = (input.line(), input.rest());
    let Some(name) = named(&signed(&issuer().pair, header, claims)) else {
        return;
    };
    let header: Value = serde_json::from_slice(header).expect("a header");
    assert_eq!(header["alg"], "EdDSA");
    assert!(header.get("crit").is_none_or(Value::is_null));
    let claims: Value = serde_json::from_slice(claims).expect("claims");
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&Value::from(ISSUER), &Value::from(name))
    );
    let meant = |value: &Value| value == AUDIENCE || value == "files";
    assert!(
        meant(&claims["aud"]) || claims["aud"].as_array().is_some_and(|all| all.iter().any(meant)),
        "{claims}"
    );
    assert!(
        claims["exp"].as_f64().is_some_and(|end| end > 1_700_000_000.0),
        "{claims}"
    );
    assert!(
        claims
            .get("nbf")
            .is_none_or(|from| from.is_null() || from.as_f64().is_some_and(|from| from < 4e9)),
        "{claims}"
    );
}

fn header(input: &mut Input<'_>) {
    let (_, rest) = issuer().genuine.split_once('.').expect("three parts");
    let header = input.rest();
    let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
    assert!(
        named(&token).is_none() || token == issuer().genuine,
        "its header was changed: {token}"
    );
}

fn key_set(input: &mut Input<'_>) {
    if let Err(problems) = keys::parse(input.rest()) {
        assert!(!problems.is_empty());
    }
}
