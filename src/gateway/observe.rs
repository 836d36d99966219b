//! Locks that the back end keeps, before a request goes there (LM-A, LM-B; sections 4.2 and 4.5). In: a permit. Out: whether the locks that the
//! request names are the principal's to use, and what is changed of a LOCK or UNLOCK on its way: time, seal, on whose behalf.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderValue;
use pingora::proxy::Session;

use crate::{
    decide::{Denial, Permit, granting},
    identity::BackEndCredentials,
    locks::{Claim, Lock, LockDepth, LockPath, claim::conflicts, table::LockRefusal},
    policy::{Locking, Method, Mode},
    request::State,
    xml::lock_mark::marked,
};

use super::{
    context::Context,
    discover::Known,
    emulate::Made,
    passage::Halt,
    server::Gateway,
    standing::Standing,
    transact::{HeldBody, Outgoing},
};

/// The most locks that a back end is asked about before it gets a LOCK: those of which it knows nothing any more.
const MOST_CONFLICTS: usize = 100;

/// What was found out and done before a LOCK or UNLOCK went on.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Nothing is at the target of LOCK, and an empty resource is to be made there once it is granted (L-59).
    pub to_fill: bool,
    /// The lock is somebody else's: this one's (L-66).
    pub behalf: Option<String>,
    /// Tokens that the request submits, and that are not the principal's to use.
    pub foreign: Vec<String>,
}

/// Whether the back end keeps the locks that this is about.
pub(super) fn watches(permit: &Permit) -> bool {
    permit.route().locks.locking == Locking::Observe && matches!(permit.method(), Method::Lock | Method::Unlock)
}

impl Gateway {
    /// Whether locks belong to anybody: without any source of identity nobody is known, and the back end decides alone.
    pub(super) fn knows_owners(&self) -> bool {
        self.authenticator().is_some()
    }

    /// Judges the locks that a request names by whose they are; learns of those that are not known yet.
    ///
    /// # Errors
    /// It names somebody else's, or none; or store or back end did not answer.
    pub(super) async fn watch(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        if permit.route().locks.locking != Locking::Observe || permit.method().is_safe() {
            return Ok(());
        }
        let judged = match permit.method() {
            Method::Unlock => self.watch_unlock(permit, session, ctx).await,
            Method::Lock if permit.read_body().is_none() => self.watch_refresh(permit, session, ctx).await,
            Method::Lock => self.watch_lock(permit, session, ctx).await,
            _ if self.knows_owners() => self.relearn(permit, session, ctx).await,
            _ => Ok(()),
        };
        match judged {
            Err(Halt::Denied(denial)) if reports(permit, &denial) => {
                ctx.reported.get_or_insert(denial);
                Ok(())
            }
            judged => judged,
        }
    }

    /// L-63 to L-66.
    async fn watch_unlock(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        let token = permit.lock_token().ok_or(Denial::LockToken)?;
        if !self.knows_owners() {
            return Ok(());
        }
        let lock = match self
            .known(permit, token.as_str(), permit.upstream(), session, ctx)
            .await?
        {
            Known::Lock(lock) => lock,
            Known::Gone => return Err(Denial::LockTokenMatchesRequestUri.into()),
            Known::Unsaid if self.passes_orphans(permit) => return Ok(()),
            // As if it were there, and a stranger's.
            Known::Unsaid => {
                return granting::may_unlock(permit, &stranger(permit, token.as_str())).map_err(Halt::from);
            }
        };
        if !lock.covers(&granting::lock_path(permit)) {
            return Err(Denial::LockTokenMatchesRequestUri.into());
        }
        if lock.creator.is_none() && self.passes_orphans(permit) {
            return Ok(());
        }
        granting::may_unlock(permit, &lock)?;
        ctx.observed.behalf = lock
            .creator
            .filter(|creator| permit.principal().name() != Some(creator));
        Ok(())
    }

    /// L-50 to L-53.
    async fn watch_refresh(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        let token = granting::refreshed(permit)?;
        if !self.knows_owners() {
            return Ok(());
        }
        let allowed = match self.known(permit, &token, permit.upstream(), session, ctx).await? {
            Known::Lock(lock) if lock.creator.is_none() => self.passes_orphans(permit),
            Known::Lock(lock) => granting::may_refresh(permit, &lock),
            Known::Gone => false,
            Known::Unsaid => self.passes_orphans(permit),
        };
        if allowed {
            Ok(())
        } else {
            Err(Denial::RefreshTokenMatchesRequestUri.into())
        }
    }

    /// L-55 to L-57, L-59, L-62, L-68.
    async fn watch_lock(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        if self.knows_owners() {
            if !self.passes_orphans(permit) {
                granting::creator(permit)?;
            }
            self.relearn(permit, session, ctx).await?;
            self.watch_conflicts(permit, session, ctx).await?;
            self.watch_submitted(permit, session, ctx).await?;
            if let Some(name) = permit.principal().name()
                && self.store().held(name).await? >= self.lock_settings().per_principal
            {
                return Err(Denial::TooManyLocks.into());
            }
        }
        if permit.route().locks.fix_locknull && !permit.public().0.slash() && permit.allowed().contains(Method::Put) {
            let state = self.state_of(permit, permit.upstream(), session, ctx).await?.ok();
            ctx.observed.to_fill = state == Some(State::Unmapped);
        }
        Ok(())
    }

    /// L-55 to L-57: some back ends grant a lock beside another one to whoever has the token of that, or look for locks above only. What the
    /// back end does not know any more is no conflict (L-6).
    async fn watch_conflicts(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        let Some(scope) = permit.read_body().and_then(|body| body.lock_scope()) else {
            return Ok(());
        };
        let here = granting::lock_path(permit);
        let claim = match granting::depth(permit) {
            LockDepth::Zero => Claim::itself(here),
            LockDepth::Infinity => Claim::tree(here),
        };
        let near = self.store().survey(&[claim]).await?.locks;
        let mut there = Vec::new();
        ctx.upstream.begin();
        for (number, lock) in conflicts(scope, near.iter())
            .filter(|lock| lock.creator.is_some() || !self.passes_orphans(permit))
            .enumerate()
        {
            // Nobody has to be asked without end to be refused.
            let standing = if number < MOST_CONFLICTS {
                self.standing(permit, lock, session).await?
            } else {
                Standing::Stands
            };
            match standing {
                Standing::Ended => {
                    self.store().remove(&lock.root.back_end, &lock.token).await?;
                }
                Standing::Unseen => {}
                Standing::Stands => {
                    there.push(lock.clone());
                    break;
                }
            }
        }
        ctx.upstream.end();
        if there.is_empty() {
            Ok(())
        } else {
            Err(granting::refused(permit, &LockRefusal::Conflict(there)).into())
        }
    }

    /// L-55 to L-57 again, of locks that are known to the back end only: to whoever has a token of theirs, it may grant another beside them.
    async fn watch_submitted(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        let Some(scope) = permit.read_body().and_then(|body| body.lock_scope()) else {
            return Ok(());
        };
        if granting::submitted(permit).is_empty() {
            return Ok(());
        }
        let here = self.found_at(permit, permit.upstream(), session, ctx).await?;
        let here = here.unwrap_or_default();
        let there: Vec<Lock> = conflicts(scope, here.iter()).cloned().collect();
        if there.is_empty() {
            Ok(())
        } else {
            Err(granting::refused(permit, &LockRefusal::Conflict(there)).into())
        }
    }

    /// L-59: an empty resource under the lock `token`, which has just been granted and would else be one of a mere name: by now all that could
    /// refuse the lock has let it pass, and nobody else writes there. Says whether it was made; if not, the lock stands.
    pub(super) async fn fill_locknull(
        &self,
        permit: &Permit,
        token: &str,
        session: &Session,
        ctx: &mut Context,
    ) -> bool {
        match self.make_empty(permit, Some(token), session, ctx).await {
            Ok(Made::Empty(_)) => true,
            Ok(Made::Exists) => false,
            Ok(Made::Refused(incoming)) => {
                incoming.release().await;
                false
            }
            Err(error) => {
                tracing::warn!(%error, "a name is locked, and no resource made for it");
                false
            }
        }
    }

    /// Changes a LOCK or UNLOCK that goes to a back end: one time, as it may be at most (L-67); the seal (L-8); the name of the one whose lock
    /// somebody else may take away (L-66).
    pub(super) fn adjust(&self, permit: &Permit, session: &Session, ctx: &Context, request: &mut Outgoing) {
        if !watches(permit) {
            return;
        }
        let backend = &permit.route().backend;
        if permit.method() == Method::Lock {
            let time = format!("Second-{}", self.lock_time(session) / 1000);
            if let Ok(time) = HeaderValue::from_str(&time) {
                request.headers.insert("timeout", time);
            }
        }
        if let (Some(creator), BackEndCredentials::Header(name)) = (&ctx.observed.behalf, &backend.credentials)
            && let Ok(mut creator) = HeaderValue::from_bytes(creator.as_bytes())
        {
            creator.set_sensitive(true);
            request.headers.insert(name.clone(), creator);
        }
        if let (Some(key), HeldBody::Bytes(body), Some(principal)) =
            (self.seal_key(), &request.body, permit.principal().name())
            && permit.method() == Method::Lock
            && backend.profile.keeps_owner
        {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let time = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            let mark = key.mark(principal, &granting::lock_path(permit), time);
            if let Some(sealed) = marked(body, &mark) {
                request.body = HeldBody::Bytes(Bytes::from(sealed));
            }
        }
    }

    /// Whether a lock of nobody knows whom is the back end's to judge (L-7).
    pub(super) fn passes_orphans(&self, permit: &Permit) -> bool {
        permit.route().locks.orphans == crate::policy::OrphanLocks::Pass
    }
}

/// Whether this refusal is only told, because the route's rules do not decide.
fn reports(permit: &Permit, denial: &Denial) -> bool {
    let rules = matches!(
        denial,
        Denial::NeedPrivileges(..)
            | Denial::NoConflictingLock(_)
            | Denial::LockTokenMatchesRequestUri
            | Denial::RefreshTokenMatchesRequestUri
    );
    rules && permit.route().mode == Mode::Report && permit.principal().name().is_some()
}

/// A lock on the target that nobody knows anything of.
fn stranger(permit: &Permit, token: &str) -> Lock {
    let root: LockPath = granting::lock_path(permit);
    Lock {
        token: token.to_owned(),
        root,
        collection: permit.upstream().0.slash(),
        depth: LockDepth::Infinity,
        scope: crate::xml::lockinfo::LockScope::Exclusive,
        creator: None,
        owner: None,
        timeout: 0,
        created_at: 0,
        expires_at: 0,
    }
}
