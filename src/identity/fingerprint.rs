//! A short name for what something says. In: parts of any length. Out: the beginning of their SHA-256 (FIPS 180-4), the same in every
//! process and after every restart, and telling nothing of the parts to whoever cannot guess them all.

use std::fmt;

use ring::digest::{Context, SHA256};

/// How much of the digest counts, in bytes: enough that no two configurations of one server meet by accident.
const LENGTH: usize = 10;

/// The fingerprint of some parts; written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; LENGTH]);

impl Fingerprint {
    /// The fingerprint of `parts`, in their order; parts that are cut differently have another one.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let digest = context.finish();
        let mut bytes = [0; LENGTH];
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let of = |parts: &[&[u8]]| Fingerprint::of(parts.iter().copied());
        assert_eq!(of(&[b"ab", b"c"]), of(&[b"ab", b"c"]));
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
        assert_ne!(of(&[b"ab", b""]), of(&[b"ab"]));
        // Another version or replica must come to the same.
        assert_eq!(of(&[b"ab", b"c"]).to_string(), "601d5476e2ccfe2c87a2");
    }
}
