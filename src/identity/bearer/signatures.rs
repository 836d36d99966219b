//! Signatures of tokens, checked by ring, which TLS brings anyway. In: an algorithm and a public key. Out: what
//! `jsonwebtoken` asks to verify. Passes: RS256 to RS512 with 2048 to 8192 bits, ES256, ES384, and EdDSA with Ed25519;
//! nothing with a shared secret.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
};
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    VerificationAlgorithm,
};

/// Every algorithm that a token may be signed with.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

static PROVIDER: CryptoProvider = CryptoProvider {
    // The gateway makes no tokens.
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| Ok(Box::new(Verifier::new(*algorithm, key)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `jsonwebtoken` use this file; to be called before it verifies anything. Calling it again changes nothing.
pub fn install() {
    // An error says that it is installed.
    let _ = PROVIDER.install_default();
}

enum Way {
    Rsa(&'static RsaParameters),
    Point(&'static dyn VerificationAlgorithm),
}

struct Verifier {
    algorithm: Algorithm,
    way: Way,
    key: DecodingKey,
}

impl Verifier {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        let way = match algorithm {
            Algorithm::RS256 => Way::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Way::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Way::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            Algorithm::ES256 => Way::Point(&ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Way::Point(&ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => Way::Point(&ED25519),
            _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
        };
        // A key is good for its own family alone: an elliptic point must never be taken for something else.
        let fits = ALGORITHMS.contains(&algorithm) && key.family().algorithms().contains(&algorithm);
        if !fits {
            return Err(ErrorKind::InvalidKeyFormat.into());
        }
        Ok(Self {
            algorithm,
            way,
            key: key.clone(),
        })
    }
}

impl JwtVerifier for Verifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl ::signature::Verifier<Vec<u8>> for Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), ::signature::Error> {
        let result = match (&self.way, self.key.kind()) {
            (Way::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let key = RsaPublicKeyComponents {
                    n: without_zeros(n),
                    e: without_zeros(e),
                };
                key.verify(parameters, message, signature)
            }
            (Way::Point(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                signature::UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            (Way::Rsa(_), DecodingKeyKind::SecretOrDer(_))
            | (Way::Point(_), DecodingKeyKind::RsaModulusExponent { .. }) => return Err(::signature::Error::new()),
        };
        result.map_err(|_| ::signature::Error::new())
    }
}

/// A number without leading zeros, as ring wants it; some issuers write one (RFC 7518 section 6.3.1.1 says not to).
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
