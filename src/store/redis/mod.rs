//! Locks in a Redis or Valkey, shared by several gateways (L-90). In: operations. Out: what became of them by the script locks.lua, which
//! carries out each as one; the server's clock is the only one (L-94).
//!
//! What was given up on after the deadline does not happen later: the script knows until when it may.

mod link;

use std::hash::{BuildHasher, Hasher, RandomState};

use async_trait::async_trait;
use serde_json::{Value, json};

use self::link::{Link, Reply};
use super::{Down, Found, LockStore, Mark, Page, record};
use crate::{
    locks::{
        Claim, Lock, LockPath, Reach,
        table::{Effect, LockRefusal, NewLock, NewWrite, WriteId, WriteRefusal},
    },
    policy::locking::RedisSettings,
};

/// The store.
#[derive(Debug)]
pub struct RedisStore(Link);

impl RedisStore {
    /// The store in the server of `settings`; it is connected to when it is needed.
    pub fn new(settings: RedisSettings) -> Self {
        Self(Link::new(settings))
    }
}

/// What cannot be, unless somebody else writes to our keys.
fn strange(reply: &Reply) -> Down {
    Down(format!(
        "it answered {:?} with {} locks",
        reply.outcome,
        reply.locks.len()
    ))
}

/// The locks of an answer.
fn locks(reply: &Reply) -> Result<Vec<Lock>, Down> {
    let mut found = reply
        .locks
        .iter()
        .map(|text| record::read(text).ok_or_else(|| strange(reply)))
        .collect::<Result<Vec<Lock>, Down>>()?;
    found.sort_by(|a, b| (&a.root, &a.token).cmp(&(&b.root, &b.token)));
    Ok(found)
}

/// The only lock of an answer, if there is one.
fn only(reply: &Reply) -> Result<Option<Lock>, Down> {
    Ok(locks(reply)?.pop())
}

/// The only lock of an answer, which has one.
fn one(reply: &Reply) -> Result<Lock, Down> {
    only(reply)?.ok_or_else(|| strange(reply))
}

fn claims(claims: &[Claim]) -> Value {
    claims
        .iter()
        .map(|claim| {
            let (back_end, path) = (&*claim.path.back_end, claim.path.path());
            json!({ "back_end": back_end, "path": path, "tree": claim.reach == Reach::Tree })
        })
        .collect()
}

#[async_trait]
impl LockStore for RedisStore {
    async fn survey(&self, of: &[Claim]) -> Result<Found, Down> {
        let reply = self.0.call("survey", &json!({ "claims": claims(of) })).await?;
        let (locks, now) = (locks(&reply)?, reply.now);
        Ok(Found { locks, now })
    }

    async fn lock(&self, new: NewLock) -> Result<Result<Lock, LockRefusal>, Down> {
        let (of, submitted, most, timeout) = (claims(&new.claims), new.submitted.clone(), new.most, new.timeout);
        let lock = record::json(&new.into_lock(0));
        let ask = json!({ "lock": lock, "claims": of, "submitted": submitted, "most": most, "timeout": timeout });
        let reply = self.0.call("lock", &ask).await?;
        Ok(match reply.outcome.as_str() {
            "ok" => Ok(one(&reply)?),
            "conflict" => Err(LockRefusal::Conflict(locks(&reply)?)),
            "locked" => Err(LockRefusal::Locked(locks(&reply)?)),
            "writing" => Err(LockRefusal::Writing),
            "many" => Err(LockRefusal::TooMany),
            _ => return Err(strange(&reply)),
        })
    }

    async fn refresh(&self, back_end: &str, token: &str, timeout: u64) -> Result<Option<Lock>, Down> {
        let ask = json!({ "back_end": back_end, "token": token, "timeout": timeout });
        only(&self.0.call("refresh", &ask).await?)
    }

    async fn find(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let ask = json!({ "back_end": back_end, "token": token });
        only(&self.0.call("find", &ask).await?)
    }

    async fn remove(&self, back_end: &str, token: &str) -> Result<Option<Lock>, Down> {
        let ask = json!({ "back_end": back_end, "token": token });
        let reply = self.0.call("remove", &ask).await?;
        match only(&reply)? {
            // The first try may have taken it away.
            None if reply.again => Err(Down("the connection broke".to_owned())),
            lock => Ok(lock),
        }
    }

    async fn put(&self, lock: Lock) -> Result<Lock, Down> {
        let ask = json!({ "lock": record::json(&lock), "timeout": lock.timeout });
        one(&self.0.call("put", &ask).await?)
    }

    async fn begin(&self, write: NewWrite) -> Result<Result<WriteId, WriteRefusal>, Down> {
        // Random, so that it can be asked for twice, and by several gateways.
        let id = WriteId(RandomState::new().build_hasher().finish());
        let ask = json!({
            "id": id.0.to_string(), "claims": claims(&write.claims), "creator": write.creator,
            "submitted": write.submitted, "relied_on": write.relied_on, "time": write.time,
        });
        let reply = self.0.call("begin", &ask).await?;
        Ok(match reply.outcome.as_str() {
            "ok" => Ok(id),
            "locked" => Err(WriteRefusal::Locked(locks(&reply)?)),
            "changed" => Err(WriteRefusal::Changed),
            _ => return Err(strange(&reply)),
        })
    }

    async fn end(&self, write: WriteId, effects: Vec<Effect>) -> Result<(), Down> {
        let effects: Value = effects
            .iter()
            .map(|effect| {
                let (path, itself) = match effect {
                    Effect::Gone(path) => (path, true),
                    Effect::GoneBelow(path) => (path, false),
                };
                json!({ "back_end": &*path.back_end, "path": path.path(), "itself": itself })
            })
            .collect();
        let ask = json!({ "id": write.0.to_string(), "effects": effects });
        self.0.call("end", &ask).await.map(|_| ())
    }

    async fn list(&self, within: Option<&LockPath>, after: Option<&str>, most: usize) -> Result<Page, Down> {
        let after = after.map(Mark::parse);
        if matches!(after, Some(None)) {
            return Ok(Page::default());
        }
        let after = after.flatten().map(|mark| {
            let (back_end, path) = (&*mark.root.back_end, mark.root.path());
            json!({ "back_end": back_end, "path": path, "token": mark.token })
        });
        let (back_end, path) = (within.map(|path| &*path.back_end), within.map(LockPath::path));
        let most_and_one = most.saturating_add(1);
        let ask = json!({ "most": most_and_one, "back_end": back_end, "path": path, "after": after });
        let reply = self.0.call("list", &ask).await?;
        Ok(Page::cut(locks(&reply)?, most, reply.now))
    }

    async fn count(&self) -> Result<u64, Down> {
        let reply = self.0.call("count", &json!({})).await?;
        reply.outcome.parse().map_err(|_| strange(&reply))
    }

    async fn held(&self, creator: &str) -> Result<u32, Down> {
        let reply = self.0.call("held", &json!({ "creator": creator })).await?;
        reply.outcome.parse().map_err(|_| strange(&reply))
    }

    async fn ping(&self) -> Result<(), Down> {
        self.0.call("ping", &json!({})).await.map(|_| ())
    }
}
