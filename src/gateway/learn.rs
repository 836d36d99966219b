//! Locks that the back end keeps, as its answers tell of them (L-1 to L-3, L-9, L-10). In: the answer to LOCK or UNLOCK. Out: the record of the
//! lock in the store, and the answer to LOCK written anew from it.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pingora::{Result, proxy::Session};

use crate::{
    decide::{Permit, granting},
    locks::Lock,
    policy::Method,
    request::lock_token::LockToken,
    rewrite::request::XML,
    xml::{
        activelock::{ActiveLock, lock_answer},
        lockdiscovery::{FoundLock, parse_answer},
        lockinfo::LockScope,
        probe::PROBE_BYTES,
    },
};

use super::{context::Context, incoming::Incoming, server::Gateway, standing::Standing};

const LOCK_TOKEN: HeaderName = HeaderName::from_static("lock-token");

impl Gateway {
    /// Learns from the answer to LOCK or UNLOCK, and sends it to the client.
    ///
    /// # Errors
    /// As for [`Gateway::relay`].
    pub(super) async fn learn(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        permit: &Permit,
        mut incoming: Incoming,
    ) -> Result<()> {
        let granted = matches!(incoming.status, StatusCode::OK | StatusCode::CREATED);
        if permit.method() == Method::Unlock {
            self.unlocked(session, permit, incoming.status).await;
            return self.relay(session, ctx, permit, incoming).await;
        }
        if permit.method() != Method::Lock || !granted {
            return self.relay(session, ctx, permit, incoming).await;
        }
        // What cannot be read says nothing, and the lock is there all the same.
        let body = incoming.read_all(PROBE_BYTES).await.unwrap_or_default();
        let found = parse_answer(&body).unwrap_or_default();
        let new = permit.read_body().is_some();
        let lock = if new {
            self.created(permit, &found, &incoming.headers, session).await
        } else {
            self.refreshed(permit, &found, session).await
        };
        let Some(lock) = lock else {
            return self.bad_gateway(session, ctx, "lock-without-token").await;
        };
        let fills = new && std::mem::take(&mut ctx.observed.to_fill);
        let status = if fills && self.fill_locknull(permit, &lock.token, session, ctx).await {
            StatusCode::CREATED
        } else {
            incoming.status
        };
        let mut headers = std::mem::take(&mut incoming.headers);
        headers.remove(LOCK_TOKEN);
        for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::ETAG] {
            headers.remove(name);
        }
        headers.insert(header::CONTENT_TYPE, XML);
        if let (true, Ok(token)) = (new, HeaderValue::from_str(&format!("<{}>", lock.token))) {
            headers.insert(LOCK_TOKEN, token);
        }
        incoming.release().await;
        let now = lock.expires_at.saturating_sub(lock.timeout);
        let told = ActiveLock {
            // It is the requester's, who has named it, or has just made it (F-6).
            token: Some(lock.token.clone()),
            owner: lock.owner.clone(),
            ..granting::told(permit, &lock, now)
        };
        let body = lock_answer(&told);
        self.relay_written(session, ctx, permit, (status, headers, body)).await
    }

    /// L-1: the lock that was made. `None`: nothing names it, or it is somebody else's.
    async fn created(
        &self,
        permit: &Permit,
        found: &[FoundLock],
        headers: &HeaderMap,
        session: &Session,
    ) -> Option<Lock> {
        let told = match one_token(headers) {
            Some(token) => {
                let same = found.iter().find(|found| found.lock.token.as_ref() == Some(&token));
                match same {
                    Some(found) => self.lock_of(permit, permit.upstream(), found),
                    None => self.asked_for(permit, token, session),
                }
            }
            None => match found {
                [only] if only.lock.token.is_some() => self.lock_of(permit, permit.upstream(), only),
                _ => return None,
            },
        };
        let lock = Lock {
            creator: permit.principal().name().map(str::to_owned),
            owner: permit.read_body().and_then(|body| body.lock_owner()),
            ..told
        };
        if self.is_of_another(&lock).await {
            return None;
        }
        if lock.creator.is_some()
            && self.knows_owners()
            && let Err(down) = self.store().put(lock.clone()).await
        {
            // L-93: the back end has it. What becomes of it is as for any lock that is not known (L-7).
            tracing::warn!(%down, "a lock was made, and is not known to be");
        }
        Some(lock)
    }

    /// Whether the back end answered with a lock that is there already and somebody else's, as if it had been made: it stays theirs.
    async fn is_of_another(&self, lock: &Lock) -> bool {
        let there = self.store().find(&lock.root.back_end, &lock.token).await;
        there.is_ok_and(|there| {
            there.is_some_and(|there| {
                there.creator.is_some() && there.creator != lock.creator && there.covers(&lock.root)
            })
        })
    }

    /// L-2: the lock that was made to last longer.
    async fn refreshed(&self, permit: &Permit, found: &[FoundLock], session: &Session) -> Option<Lock> {
        let token = granting::refreshed(permit).ok()?;
        let same = found.iter().find(|found| found.lock.token.as_ref() == Some(&token));
        let told = same.map(|found| self.lock_of(permit, permit.upstream(), found));
        let time = told
            .as_ref()
            .map_or_else(|| self.lock_time(session), |lock| lock.timeout);
        let back_end = granting::lock_path(permit).back_end;
        match self.store().refresh(&back_end, &token, time).await {
            Ok(Some(lock)) => return Some(lock),
            Ok(None) => {}
            // L-93
            Err(down) => tracing::warn!(%down, "a lock was refreshed, and is not known to be"),
        }
        Some(told.unwrap_or_else(|| self.asked_for(permit, token, session)))
    }

    /// L-3: a lock that is gone, or never was there.
    async fn unlocked(&self, session: &Session, permit: &Permit, status: StatusCode) {
        let Some(token) = permit.lock_token().filter(|_| self.knows_owners()) else {
            return;
        };
        let denied = [
            StatusCode::BAD_REQUEST,
            StatusCode::CONFLICT,
            StatusCode::PRECONDITION_FAILED,
        ];
        let gone = status.is_success() || denied.contains(&status) && self.is_gone(permit, token, session).await;
        if !gone {
            return;
        }
        let back_end = granting::lock_path(permit).back_end;
        if let Err(down) = self.store().remove(&back_end, token.as_str()).await {
            // L-93: until it ends by itself, it stands in nobody's way whom the back end can be asked for.
            tracing::warn!(%down, "a lock is gone, and is not known to be");
        }
    }

    /// Whether the back end says, of the root of the lock with this token, that it is not there: the target may be a member that is nothing.
    async fn is_gone(&self, permit: &Permit, token: &LockToken, session: &Session) -> bool {
        let back_end = granting::lock_path(permit).back_end;
        match self.store().find(&back_end, token.as_str()).await {
            Ok(Some(lock)) => {
                let standing = self.standing(permit, &lock, session).await;
                standing.is_ok_and(|standing| standing == Standing::Ended)
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// The lock that the request asked for, where the answer does not tell of it.
    fn asked_for(&self, permit: &Permit, token: String, session: &Session) -> Lock {
        Lock {
            token,
            root: granting::lock_path(permit),
            collection: permit.upstream().0.slash(),
            depth: granting::depth(permit),
            scope: permit
                .read_body()
                .and_then(|body| body.lock_scope())
                .unwrap_or(LockScope::Exclusive),
            creator: permit.principal().name().map(str::to_owned),
            owner: None,
            timeout: self.lock_time(session),
            created_at: 0,
            expires_at: self.lock_time(session),
        }
    }
}

/// The token of the lock that was made; `None` when the answer does not name exactly one.
fn one_token(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(LOCK_TOKEN).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    LockToken::parse(value.to_str().ok()?).map(|token| token.as_str().to_owned())
}
