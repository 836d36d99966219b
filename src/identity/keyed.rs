//! Keyed hashes, so that what was proved can be remembered without the secret that proved it. In: parts of any length.
//! Out: an HMAC-SHA-256 under a key that only this process has, and only in memory.

use std::fmt;

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// The key of this process.
#[derive(Clone)]
pub struct Key(hmac::Key);

/// What a `Key` makes of some parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Key {
    /// A new random key.
    pub fn random() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &random_bytes()))
    }

    /// The digest of `parts`; parts that are cut differently give another one.
    pub fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        Digest(bytes)
    }
}

impl Digest {
    /// A number below `count` that depends on the digest alone; 0 where `count` is 0.
    pub fn pick(&self, count: usize) -> usize {
        let [a, b, c, d, ..] = self.0;
        (u32::from_be_bytes([a, b, c, d]) as usize)
            .checked_rem(count)
            .unwrap_or(0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// 32 random bytes.
pub fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    // The system's generator fails only where the system has none; then no key is better than a known one.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::error!("the system gives no random numbers");
        std::process::abort();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let key = Key::random();
        assert_eq!(key.digest(&[b"ab", b"c"]), key.digest(&[b"ab", b"c"]));
        assert_ne!(key.digest(&[b"ab", b"c"]), key.digest(&[b"a", b"bc"]));
        assert_ne!(key.digest(&[b"ab", b""]), key.digest(&[b"ab"]));
        assert_ne!(key.digest(&[b"ab"]), Key::random().digest(&[b"ab"]));
        assert_eq!(format!("{key:?}"), "[secret]");
    }

    #[test]
    fn picks() {
        let digest = Key::random().digest(&[]);
        assert_eq!(digest.pick(0), 0);
        assert_eq!(digest.pick(1), 0);
        assert!(digest.pick(7) < 7);
    }
}
