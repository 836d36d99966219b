//! The seal on a lock that a back end keeps (L-8): who made it can be told again after a restart, and by another gateway with the same key. In:
//! the principal, the root of the lock and the time. Out: a mark for its owner element; and whether one that was found is genuine.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;

use super::LockPath;
use crate::xml::lock_mark::Mark;

/// The key of the seal.
#[derive(Clone)]
pub struct SealKey(hmac::Key);

impl SealKey {
    /// The key that is made of `secret`.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The mark of a lock that `principal` makes at `root`, at `time` (milliseconds since 1970).
    pub fn mark(&self, principal: &str, root: &LockPath, time: u64) -> Mark {
        let tag = hmac::sign(&self.0, &sealed(principal, root, time));
        Mark {
            principal: principal.to_owned(),
            time,
            mac: URL_SAFE_NO_PAD.encode(tag),
        }
    }

    /// Whether `mark` was made by this key for a lock at `root`.
    pub fn proves(&self, mark: &Mark, root: &LockPath) -> bool {
        let text = sealed(&mark.principal, root, mark.time);
        let tag = URL_SAFE_NO_PAD.decode(&mark.mac);
        tag.is_ok_and(|tag| hmac::verify(&self.0, &text, &tag).is_ok())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What is under the seal: each part with its length, so that none can be cut differently.
fn sealed(principal: &str, root: &LockPath, time: u64) -> Vec<u8> {
    let mut text = Vec::new();
    for part in [principal, &root.back_end, root.path()] {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    text.extend_from_slice(&time.to_be_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genuine_or_not() {
        // L-8
        let key = SealKey::new(b"one secret");
        let root = |back_end: &str, path: &str| LockPath::stored(back_end, path).unwrap();
        let here = root("http://b", "/a/");
        let mark = key.mark("ann", &here, 5);
        let changed = |change: fn(&mut Mark)| {
            let mut mark = mark.clone();
            change(&mut mark);
            mark
        };
        for (name, mark, root, expected) in [
            ("as it was made", mark.clone(), here.clone(), true),
            ("another root", mark.clone(), root("http://b", "/b/"), false),
            ("another back end", mark.clone(), root("http://c", "/a/"), false),
            ("cut differently", mark.clone(), root("http://b/", "/"), false),
            (
                "another name",
                changed(|mark| mark.principal = "bob".into()),
                here.clone(),
                false,
            ),
            ("another time", changed(|mark| mark.time = 6), here.clone(), false),
            ("no seal", changed(|mark| mark.mac = String::new()), here.clone(), false),
            (
                "a seal that is none",
                changed(|mark| mark.mac = "%".into()),
                here.clone(),
                false,
            ),
        ] {
            assert_eq!(key.proves(&mark, &root), expected, "{name}");
        }
        assert!(!SealKey::new(b"another").proves(&mark, &here));
        assert_eq!(format!("{key:?}"), "[secret]");
    }
}
