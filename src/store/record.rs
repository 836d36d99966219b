//! A lock as the stores write it down: `made ends timeout {json}`, the times in milliseconds. In: a lock; out: its text, and back. The
//! script in redis/locks.lua reads the same text.

use serde::{Deserialize, Serialize};

use crate::{
    locks::{Lock, LockDepth, LockPath},
    xml::lockinfo::LockScope,
};

/// What stays as it is while the lock lasts.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    token: String,
    back_end: String,
    path: String,
    collection: bool,
    deep: bool,
    shared: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
}

/// The JSON of what stays as it is.
pub fn json(lock: &Lock) -> String {
    let record = Record {
        token: lock.token.clone(),
        back_end: lock.root.back_end.to_string(),
        path: lock.root.path().to_owned(),
        collection: lock.collection,
        deep: lock.depth == LockDepth::Infinity,
        shared: lock.scope == LockScope::Shared,
        creator: lock.creator.clone(),
        owner: lock.owner.clone(),
    };
    serde_json::to_string(&record).unwrap_or_default()
}

/// The whole text.
pub fn write(lock: &Lock) -> String {
    let Lock {
        created_at,
        expires_at,
        timeout,
        ..
    } = lock;
    format!("{created_at} {expires_at} {timeout} {}", json(lock))
}

/// The lock of a text; `None` if it is none.
pub fn read(text: &str) -> Option<Lock> {
    let mut parts = text.splitn(4, ' ');
    let mut time = || parts.next()?.parse().ok();
    let (created_at, expires_at, timeout) = (time()?, time()?, time()?);
    let record: Record = serde_json::from_str(parts.next()?).ok()?;
    Some(Lock {
        root: LockPath::stored(&record.back_end, &record.path)?,
        token: record.token,
        collection: record.collection,
        depth: if record.deep {
            LockDepth::Infinity
        } else {
            LockDepth::Zero
        },
        scope: if record.shared {
            LockScope::Shared
        } else {
            LockScope::Exclusive
        },
        creator: record.creator,
        owner: record.owner,
        timeout,
        created_at,
        expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let lock = Lock {
            token: "urn:uuid:1".into(),
            root: LockPath::stored("http://back", "/ä b/\u{1}/").expect("a path"),
            collection: true,
            depth: LockDepth::Infinity,
            scope: LockScope::Shared,
            creator: Some("alice".into()),
            owner: Some("<D:owner xmlns:D='DAV:'>a \"b\"\n</D:owner>".into()),
            timeout: 3,
            created_at: 1,
            expires_at: u64::MAX,
        };
        assert_eq!(read(&write(&lock)), Some(lock.clone()));
        let other = Lock {
            creator: None,
            owner: None,
            depth: LockDepth::Zero,
            scope: LockScope::Exclusive,
            collection: false,
            ..lock
        };
        assert_eq!(read(&write(&other)), Some(other));
        for text in ["", "1 2 3", "1 2 {}", "1 2 3 {}", "x 2 3 {}"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
