//! Hashes of passwords. In: the second field of an htpasswd line. Out: a hash that a password can be held against, or
//! the name of the kind that is not taken and why. Passes: bcrypt, argon2, SHA-256 and SHA-512 crypt, within costs that
//! a login may have.

use std::str::FromStr;

use argon2::{
    Argon2,
    password_hash::{PasswordVerifier, phc::PasswordHash},
};
use sha_crypt::ShaCrypt;

use crate::identity::Secret;

/// A hash that somebody's password has.
#[derive(Clone, Debug)]
pub struct StoredHash {
    kind: Kind,
    text: Secret,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bcrypt,
    Argon2,
    ShaCrypt,
}

/// Why a hash is not taken. It shows nothing of the hash, which may be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Of a kind that a stolen file gives away in no time.
    #[error("{0}; expected bcrypt ($2y$), argon2 ($argon2id$) or sha-crypt ($5$ or $6$), such as `htpasswd -B` makes")]
    Kind(&'static str),
    /// Damaged.
    #[error("a broken {0} hash")]
    Broken(&'static str),
    /// Every login would take seconds or much memory.
    #[error("{0}")]
    TooCostly(&'static str),
}

/// Kinds that are known by how they begin, and not taken.
const NOT_TAKEN: [(&str, &str); 10] = [
    ("$apr1$", "apr1 (MD5) is not taken"),
    ("$1$", "MD5 crypt is not taken"),
    ("{SHA}", "{SHA} (SHA-1) is not taken"),
    ("{SSHA}", "{SSHA} (SHA-1) is not taken"),
    ("{", "hashes of directory servers are not taken"),
    ("$2x$", "bcrypt $2x$ (of a broken program) is not taken"),
    ("$y$", "yescrypt is not taken"),
    ("$7$", "scrypt is not taken"),
    ("$scrypt$", "scrypt is not taken"),
    ("$", "a hash of an unknown kind"),
];

const MAX_BCRYPT_COST: u32 = 15;
const MAX_SHA_ROUNDS: u32 = 1_000_000;
/// In KiB.
const MAX_ARGON2_MEMORY: u32 = 256 * 1024;
const MAX_ARGON2_PASSES: u32 = 16;
const MAX_ARGON2_LANES: u32 = 16;

impl StoredHash {
    /// Reads `text`.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let kind = if ["$2a$", "$2b$", "$2y$"].iter().any(|begin| text.starts_with(begin)) {
            bcrypt_is_sound(text)?;
            Kind::Bcrypt
        } else if text.starts_with("$argon2") {
            argon2_is_sound(text)?;
            Kind::Argon2
        } else if text.starts_with("$5$") || text.starts_with("$6$") {
            sha_crypt_is_sound(text)?;
            Kind::ShaCrypt
        } else {
            let known = NOT_TAKEN.iter().find(|(begin, _)| text.starts_with(begin));
            return Err(Refused::Kind(match known {
                Some((_, what)) => what,
                None if text.len() == 13 && text.bytes().all(is_crypt_digit) => {
                    "crypt (DES), or a plain password, is not taken"
                }
                None => "a plain password is not taken",
            }));
        };
        Ok(Self {
            kind,
            text: Secret::new(text),
        })
    }

    /// Of a password nobody knows; it stands in for the users of a file that has none.
    pub fn nobody() -> Self {
        Self {
            kind: Kind::Bcrypt,
            text: Secret::new("$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"),
        }
    }

    /// The hash as the file has it.
    pub fn text(&self) -> &str {
        self.text.expose()
    }

    /// Whether it is of `password`. Takes as long as the hash was meant to take: not for async threads.
    pub fn matches(&self, password: &str) -> bool {
        let (password, text) = (password.as_bytes(), self.text());
        match self.kind {
            // htpasswd cuts at 72 bytes too, so the hash of a longer password is of its beginning.
            Kind::Bcrypt => bcrypt::verify(password, text).unwrap_or(false),
            Kind::Argon2 => {
                PasswordHash::new(text).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
            }
            Kind::ShaCrypt => ShaCrypt::default().verify_password(password, text).is_ok(),
        }
    }
}

fn bcrypt_is_sound(text: &str) -> Result<(), Refused> {
    let parts = bcrypt::HashParts::from_str(text).map_err(|_| Refused::Broken("bcrypt"))?;
    match parts.get_cost() {
        ..4 => Err(Refused::Broken("bcrypt")),
        4..=MAX_BCRYPT_COST => Ok(()),
        _ => Err(Refused::TooCostly("bcrypt with a cost of more than 15")),
    }
}

fn argon2_is_sound(text: &str) -> Result<(), Refused> {
    const BROKEN: Refused = Refused::Broken("argon2");
    let hash = PasswordHash::new(text).map_err(|_| BROKEN)?;
    let params = argon2::Params::try_from(&hash).map_err(|_| BROKEN)?;
    argon2::Algorithm::from_str(hash.algorithm.as_str()).map_err(|_| BROKEN)?;
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(BROKEN);
    }
    if params.m_cost() > MAX_ARGON2_MEMORY || params.t_cost() > MAX_ARGON2_PASSES || params.p_cost() > MAX_ARGON2_LANES
    {
        return Err(Refused::TooCostly(
            "argon2 with more than m=262144 (256 MiB), t=16 or p=16",
        ));
    }
    Ok(())
}

fn sha_crypt_is_sound(text: &str) -> Result<(), Refused> {
    const BROKEN: Refused = Refused::Broken("sha-crypt");
    let (digits, rest) = match text.strip_prefix("$5$") {
        Some(rest) => (43, rest),
        None => (86, text.strip_prefix("$6$").ok_or(BROKEN)?),
    };
    let rest = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        None => rest,
        Some((rounds, rest)) => {
            let rounds: u32 = rounds.parse().map_err(|_| BROKEN)?;
            match rounds {
                ..sha_crypt::Params::ROUNDS_MIN => return Err(BROKEN),
                sha_crypt::Params::ROUNDS_MIN..=MAX_SHA_ROUNDS => rest,
                _ => return Err(Refused::TooCostly("sha-crypt with more than 1,000,000 rounds")),
            }
        }
    };
    let (salt, hash) = rest.split_once('$').ok_or(BROKEN)?;
    let sound = (1..=16).contains(&salt.len())
        && salt.bytes().all(is_crypt_digit)
        && hash.len() == digits
        && hash.bytes().all(is_crypt_digit);
    sound.then_some(()).ok_or(BROKEN)
}

fn is_crypt_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/')
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
