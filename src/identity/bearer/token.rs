//! One token (RFC 7519, RFC 8725). In: the token, the keys and what is asked of it. Out: whom it names, or why it
//! counts for nothing. Everything is required: an allowed algorithm, a known key, issuer, audience and expiry. A token
//! cannot bring its own key.

use jsonwebtoken::{Algorithm, Validation, errors::ErrorKind};
use serde_json::{Map, Value};

use super::{keys::Keys, signatures::ALGORITHMS};
use crate::identity::{claim::Claim, settings::BearerSettings};

/// Why a token counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no JWT.
    #[error("the token is no JWT")]
    NoToken,
    /// Signed in a way that is not taken: `none`, a shared secret, or an unknown one.
    #[error("the token's algorithm is not RS256 to RS512, ES256, ES384 or EdDSA")]
    Algorithm,
    /// It has a header that must be understood (RFC 7515 section 4.1.11).
    #[error("the token has critical headers")]
    Critical,
    /// No key is known by its `kid`, or none for its algorithm.
    #[error("the token's key is not known")]
    UnknownKey,
    /// No key verifies it.
    #[error("the token's signature is wrong")]
    Signature,
    /// From somebody else.
    #[error("the token is not from the issuer")]
    Issuer,
    /// For somebody else.
    #[error("the token is not for this audience")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the token is not valid yet")]
    NotYet,
    /// A claim is missing or of the wrong type.
    #[error("the token lacks a claim, or has one of the wrong type")]
    Claims,
}

/// What is asked of a token.
#[derive(Clone, Debug)]
pub struct Rules {
    validation: Validation,
    issuer: String,
    user: String,
    groups: Option<String>,
}

/// The parts of a token's header that pick its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picks {
    /// How it says it is signed.
    pub algorithm: Algorithm,
    /// By which key.
    pub key: Option<String>,
}

/// Reads the header of `token`.
///
/// # Errors
/// Why it counts for nothing.
pub fn picks(token: &str) -> Result<Picks, Refused> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
        // An algorithm it has no name for, such as `none`, is an error of JSON.
        ErrorKind::InvalidAlgorithmName | ErrorKind::Json(_) => Refused::Algorithm,
        _ => Refused::NoToken,
    })?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refused::Algorithm);
    }
    if header.crit.is_some() {
        return Err(Refused::Critical);
    }
    Ok(Picks {
        algorithm: header.alg,
        key: header.kid,
    })
}

impl Rules {
    /// What `settings` ask.
    pub fn new(settings: &BearerSettings) -> Self {
        let mut validation = Validation {
            leeway: settings.clock_skew.as_secs(),
            validate_nbf: true,
            ..Validation::default()
        };
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&settings.audience);
        Self {
            validation,
            issuer: settings.issuer.clone(),
            user: settings.user_claim.clone(),
            groups: settings.groups_claim.clone(),
        }
    }

    /// Whom `token` names.
    ///
    /// # Errors
    /// Why it counts for nothing.
    pub fn verify(&self, token: &str, picks: &Picks, keys: &Keys) -> Result<Claim, Refused> {
        let mut validation = self.validation.clone();
        validation.algorithms = vec![picks.algorithm];
        let mut refused = Refused::UnknownKey;
        for key in keys.candidates(picks.key.as_deref(), picks.algorithm) {
            match jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation) {
                Ok(token) => return self.claim(&token.claims),
                Err(error) => refused = reason(error.kind()),
            }
            // Any other reason is found behind a right signature.
            if refused != Refused::Signature {
                break;
            }
        }
        Err(refused)
    }

    fn claim(&self, claims: &Map<String, Value>) -> Result<Claim, Refused> {
        // The library would take a list with the issuer in it too.
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refused::Issuer);
        }
        let name = find(claims, &self.user)
            .and_then(Value::as_str)
            .ok_or(Refused::Claims)?;
        let groups = match self.groups.as_deref().and_then(|path| find(claims, path)) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(group)) => vec![group.clone()],
            Some(Value::Array(groups)) => {
                let names = groups.iter().map(|group| group.as_str().map(str::to_owned));
                names.collect::<Option<_>>().ok_or(Refused::Claims)?
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => return Err(Refused::Claims),
        };
        Ok(Claim {
            name: name.to_owned(),
            groups,
        })
    }
}

/// The claim of this name; or, where there is none, the one at this path with dots, as in `realm_access.roles`.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(found) = claims.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.')?;
    find(claims.get(first)?.as_object()?, rest)
}

fn reason(kind: &ErrorKind) -> Refused {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidKeyFormat => Refused::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => Refused::Algorithm,
        ErrorKind::InvalidIssuer => Refused::Issuer,
        ErrorKind::InvalidAudience => Refused::Audience,
        ErrorKind::ExpiredSignature => Refused::Expired,
        ErrorKind::ImmatureSignature => Refused::NotYet,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => Refused::Claims,
        _ => Refused::NoToken,
    }
}
