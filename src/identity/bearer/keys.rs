//! A JSON Web Key Set (RFC 7517). In: its text. Out: the keys that may verify tokens. Keys of other kinds and for other
//! uses are left out, as the RFC says; a set without any usable key is an error.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

use crate::identity::watched::LineProblem;

/// So many keys of one algorithm are tried for a token that names none.
const MAX_TRIED: usize = 8;
/// Shortest RSA modulus in bytes.
const MIN_RSA: usize = 256;

/// Keys that may verify tokens.
#[derive(Debug)]
pub struct Keys(Vec<PublicKey>);

#[derive(Debug)]
struct PublicKey {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// Reads a key set.
///
/// # Errors
/// Why it holds no usable key.
pub fn parse(bytes: &[u8]) -> Result<Keys, Vec<LineProblem>> {
    let problem = |line: Option<usize>, what: &str| {
        vec![LineProblem {
            line,
            what: what.to_owned(),
        }]
    };
    let set: Set = serde_json::from_slice(bytes)
        .map_err(|error| problem(Some(error.line()), "is no JSON Web Key Set; expected {\"keys\": [...]}"))?;
    let keys: Vec<PublicKey> = set.keys.into_iter().filter_map(usable).collect();
    if keys.is_empty() {
        let what = "has no key for RS256 to RS512 (2048 bits or more), ES256, ES384 or EdDSA (Ed25519)";
        return Err(problem(None, what));
    }
    Ok(Keys(keys))
}

impl Keys {
    /// The keys for `algorithm` with this id; for a token that names none, all for `algorithm`.
    pub fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &DecodingKey> {
        let fits =
            move |key: &&PublicKey| key.algorithms.contains(&algorithm) && (id.is_none() || key.id.as_deref() == id);
        self.0.iter().filter(fits).map(|key| &key.key).take(MAX_TRIED)
    }
}

/// The key that `value` is, if it may verify tokens.
fn usable(value: serde_json::Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = jwk.common.key_operations.as_ref();
    if !for_signatures || operations.is_some_and(|all| !all.contains(&KeyOperations::Verify)) {
        return None;
    }
    let possible: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            if modulus.len().saturating_sub(zeros) < MIN_RSA {
                return None;
            }
            &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]
        }
        AlgorithmParameters::EllipticCurve(point) => match point.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => return None,
    };
    let algorithms: Vec<Algorithm> = match jwk.common.key_algorithm {
        None => possible.to_vec(),
        Some(named) => {
            let named = Algorithm::try_from(named).ok()?;
            possible.iter().copied().filter(|one| *one == named).collect()
        }
    };
    if algorithms.is_empty() {
        return None;
    }
    Some(PublicKey {
        algorithms,
        key: DecodingKey::from_jwk(&jwk).ok()?,
        id: jwk.common.key_id,
    })
}
