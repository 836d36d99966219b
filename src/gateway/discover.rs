//! Locks of a back end of which the store knows nothing: after a restart, or made past this gateway (L-7, L-8). In: a token. Out: the lock, as
//! the back end tells of it, and whose it is as far as anybody can say.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use pingora::proxy::Session;

use crate::{
    decide::{Permit, granting},
    identity::outbound,
    locks::{Claim, Lock, LockDepth, LockPath},
    policy::{Method, Mode, OrphanLocks},
    request::sync_token,
    rewrite::request::probe_headers,
    url::{PublicPath, Reference, UpstreamPath},
    xml::{
        lockdiscovery::{DISCOVERY_BODY, Discovery, FoundLock, parse_discovery},
        probe::PROBE_BYTES,
    },
};

use super::{context::Context, passage::Halt, server::Gateway, transact::HeldBody, upstream_error::UpstreamError};

/// The most resources that one request has asked about.
const MOST_ASKED: usize = 8;

/// How long a lock is there at least of which the back end tells, in milliseconds: it tells of whole seconds.
const SHORTEST: u64 = 1000;

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// This lock has it.
    Lock(Box<Lock>),
    /// The back end has no such lock there.
    Gone,
    /// The back end does not say.
    Unsaid,
}

impl Gateway {
    /// The locks on `resource`, as the back end tells of them to whom it would see of this client.
    ///
    /// # Errors
    /// The back end did not answer, or not in time.
    pub(super) async fn discover(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
    ) -> Result<Discovery, UpstreamError> {
        Ok(self.ask_for_locks(permit, resource, session).await?.1)
    }

    /// The same, with the status of the answer.
    pub(super) async fn ask_for_locks(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
    ) -> Result<(StatusCode, Discovery), UpstreamError> {
        let client = &session.req_header().headers;
        let mut headers = probe_headers(client);
        outbound::changes(&permit.route().backend.credentials, permit.principal(), client).apply(&mut headers);
        let body = HeldBody::Bytes(Bytes::from_static(DISCOVERY_BODY.as_bytes()));
        let request = self.own_request(permit, Method::Propfind, resource, headers, body);
        let upstream = self.upstream(permit)?;
        let asking = async {
            let mut incoming = self.transactor().send(upstream, &request).await?;
            let status = incoming.status;
            let told = match status {
                StatusCode::MULTI_STATUS => match incoming.read_all(PROBE_BYTES).await {
                    Ok(body) => parse_discovery(&body),
                    Err(UpstreamError::TooLong) => Discovery::Unsaid,
                    Err(error) => return Err(error),
                },
                StatusCode::NOT_FOUND | StatusCode::GONE => Discovery::Absent,
                _ => Discovery::Unsaid,
            };
            incoming.release().await;
            Ok((status, told))
        };
        let found = tokio::time::timeout(upstream.timeouts().read, asking).await;
        found.map_err(|_| UpstreamError::Timeout)?
    }

    /// The same, with the creators that seals prove.
    pub(super) async fn found_at(
        &self,
        permit: &Permit,
        resource: &UpstreamPath,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Option<Vec<Lock>>, UpstreamError> {
        ctx.upstream.begin();
        let found = self.discover(permit, resource, session).await?.told();
        ctx.upstream.end();
        Ok(found.map(|found| found.iter().map(|one| self.lock_of(permit, resource, one)).collect()))
    }

    /// What is known of the lock `token`: by the store, else by the back end, which is asked at `resource`. What it tells is kept as the
    /// route says.
    ///
    /// # Errors
    /// Store or back end did not answer.
    pub(super) async fn known(
        &self,
        permit: &Permit,
        token: &str,
        resource: &UpstreamPath,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Known, Halt> {
        let back_end = granting::lock_path(permit).back_end;
        if let Some(lock) = self.store().find(&back_end, token).await? {
            return Ok(Known::Lock(Box::new(self.take_in(permit, lock, true).await?)));
        }
        let Some(found) = self.found_at(permit, resource, session, ctx).await? else {
            return Ok(Known::Unsaid);
        };
        let untold = found.iter().any(|lock| lock.token.is_empty());
        let own = |lock: &Lock| is_own_untold(permit, lock);
        match found.into_iter().find(|lock| lock.token == token || own(lock)) {
            Some(lock) => {
                let lock = self.raised(permit, lock, resource, session, ctx).await?;
                let token = token.to_owned();
                let lock = self.take_in(permit, Lock { token, ..lock }, false).await?;
                Ok(Known::Lock(Box::new(lock)))
            }
            None if untold => Ok(Known::Unsaid),
            None => Ok(Known::Gone),
        }
    }

    /// Learns the locks that the request submits and the store does not know, so that they are judged with the others; notes those that
    /// are not the principal's to use, or not known to be.
    ///
    /// # Errors
    /// Store or back end did not answer.
    pub(super) async fn relearn(&self, permit: &Permit, session: &Session, ctx: &mut Context) -> Result<(), Halt> {
        let back_end = granting::lock_path(permit).back_end;
        let passes = self.passes_orphans(permit);
        let name = permit.principal().name();
        let is_foreign = |lock: &Lock| match lock.creator.as_deref() {
            Some(creator) => name != Some(creator),
            None => !passes,
        };
        let (mut unknown, mut foreign) = (Vec::new(), Vec::new());
        for token in granting::submitted(permit) {
            match self.store().find(&back_end, &token).await? {
                None => unknown.push(token),
                Some(lock) => {
                    if is_foreign(&self.take_in(permit, lock, true).await?) {
                        foreign.push(token);
                    }
                }
            }
        }
        // Else nothing would be kept.
        if !passes || self.seal_key().is_some() {
            for resource in places(permit, &unknown).into_iter().take(MOST_ASKED) {
                let found = self.found_at(permit, &resource, session, ctx).await?;
                for lock in found.into_iter().flatten() {
                    if let Some(at) = unknown.iter().position(|token| *token == lock.token) {
                        let token = unknown.swap_remove(at);
                        let lock = self.raised(permit, lock, &resource, session, ctx).await?;
                        if is_foreign(&self.take_in(permit, lock, false).await?) {
                            foreign.push(token);
                        }
                    } else if lock.token.is_empty() && self.take_untold(permit, lock, &unknown).await? {
                        unknown.clear();
                    }
                }
            }
        }
        if !passes {
            foreign.extend(unknown.into_iter().filter(|token| !sync_token::may_be(token)));
        }
        let told_only = permit.route().mode == Mode::Report && name.is_some();
        ctx.observed.foreign = if told_only { Vec::new() } else { foreign };
        Ok(())
    }

    /// A lock found at `resource`, with its root as far above, within the route, as the back end tells of it: some tell no roots, and a lock
    /// of a folder would be taken for one of what it holds.
    async fn raised(
        &self,
        permit: &Permit,
        mut lock: Lock,
        resource: &UpstreamPath,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<Lock, UpstreamError> {
        let here = LockPath::new(Arc::clone(&lock.root.back_end), resource);
        if lock.token.is_empty() || lock.creator.is_some() || lock.depth == LockDepth::Zero || lock.root != here {
            return Ok(lock);
        }
        let top = LockPath::new(Arc::clone(&here.back_end), permit.route().map.upstream());
        for above in here
            .ancestors()
            .take_while(|above| *above == top || above.is_below(&top))
        {
            let Some(path) = above.upstream(true) else { break };
            let found = self.found_at(permit, &path, session, ctx).await?;
            if !found.is_some_and(|found| found.iter().any(|one| one.token == lock.token)) {
                break;
            }
            (lock.root, lock.collection) = (above, true);
        }
        Ok(lock)
    }

    /// A lock whose token the back end tells nobody, where a token is submitted that nobody knows: it may be that one. It is the requester's if
    /// the seal says so; what the store knows with another token is not meant. Of all others nobody can tell whose they are.
    /// Says whether it was taken in with the token.
    async fn take_untold(&self, permit: &Permit, lock: Lock, unknown: &[String]) -> Result<bool, Halt> {
        let there = self.store().survey(&[Claim::itself(lock.root.clone())]).await?.locks;
        let known = |other: &Lock| other.root == lock.root && other.creator.is_some();
        if permit.route().locks.orphans == OrphanLocks::Pass && lock.creator.is_none() || there.iter().any(known) {
            return Ok(false);
        }
        match unknown {
            // All that were submitted are known by now.
            [] => Ok(false),
            [token] if is_own_untold(permit, &lock) => {
                let token = token.clone();
                self.take_in(permit, Lock { token, ..lock }, false).await?;
                Ok(true)
            }
            _ => Err(permit.locked(&[lock]).into()),
        }
    }

    /// A lock whose token the request submits, with the creator it has from now on (`orphan_locks`). `kept`: it is in the store.
    async fn take_in(&self, permit: &Permit, mut lock: Lock, kept: bool) -> Result<Lock, Halt> {
        let orphan = lock.creator.is_none();
        match permit.route().locks.orphans {
            OrphanLocks::Adopt if orphan => lock.creator = permit.principal().name().map(str::to_owned),
            OrphanLocks::Pass if orphan => return Ok(lock),
            OrphanLocks::Adopt | OrphanLocks::Pass | OrphanLocks::Deny => {}
        }
        if kept && orphan == lock.creator.is_none() {
            return Ok(lock);
        }
        if kept {
            let now = self.store().survey(&[]).await?.now;
            lock.timeout = lock.remaining(now);
        }
        Ok(self.store().put(lock).await?)
    }

    /// The lock that the back end tells of at `resource`; its token is empty if the back end does not tell it.
    pub(super) fn lock_of(&self, permit: &Permit, resource: &UpstreamPath, found: &FoundLock) -> Lock {
        let back_end = granting::lock_path(permit).back_end;
        let here = LockPath::new(back_end, resource);
        let told = found.lock.root.as_deref().and_then(|href| root_url(permit, href));
        let told = told.map(|path| LockPath::new(here.back_end.clone(), &path));
        // What does not hold the resource is not the root of a lock on it.
        let told = told.filter(|root| *root == here || here.is_below(root));
        let sealed = self.seal_key().zip(found.mark.as_ref()).and_then(|(key, mark)| {
            let mut roots = std::iter::once(here.clone()).chain(here.ancestors());
            roots
                .find(|root| key.proves(mark, root))
                .map(|root| (root, mark.principal.clone()))
        });
        let (root, creator) = match (sealed, told) {
            (Some((root, principal)), None) => (root, Some(principal)),
            (Some((root, principal)), Some(told)) if root == told => (root, Some(principal)),
            (_, told) => (told.unwrap_or_else(|| here.clone()), None),
        };
        let longest = u64::try_from(self.lock_settings().max_timeout.as_millis()).unwrap_or(u64::MAX);
        let named = found.lock.seconds.map(|seconds| seconds.saturating_mul(1000));
        // What a back end says may be anything, up to times that no store can add.
        let timeout = named.map_or(longest, |named| named.clamp(SHORTEST.min(longest), longest));
        Lock {
            token: found.lock.token.clone().unwrap_or_default(),
            collection: root != here || resource.0.slash(),
            root,
            depth: if found.lock.infinite {
                LockDepth::Infinity
            } else {
                LockDepth::Zero
            },
            scope: found.lock.scope,
            creator,
            owner: found.lock.owner.clone(),
            timeout,
            created_at: 0,
            // The store puts its own times in their place.
            expires_at: timeout,
        }
    }
}

/// Whether the back end does not tell the token of `lock`, and the seal says that it is the requester's.
fn is_own_untold(permit: &Permit, lock: &Lock) -> bool {
    lock.token.is_empty() && lock.creator.is_some() && lock.creator.as_deref() == permit.principal().name()
}

/// The path that a lock root names; `None`: none of this back end's.
fn root_url(permit: &Permit, href: &str) -> Option<UpstreamPath> {
    let (Reference::Absolute { target, .. } | Reference::NetworkPath { target, .. } | Reference::AbsolutePath(target)) =
        Reference::parse(href)
    else {
        return None;
    };
    let path = target.canonical().ok()?;
    if permit.route().backend.external_urls {
        permit.route().map.to_upstream(&PublicPath(path))
    } else {
        Some(UpstreamPath(path))
    }
}

/// The resources that lists with any of `tokens` speak of, each once.
fn places(permit: &Permit, tokens: &[String]) -> Vec<UpstreamPath> {
    let lists = permit.if_header().map(|header| header.lists()).unwrap_or_default();
    let mut places = Vec::new();
    for list in lists {
        let place = match &list.tag {
            None => Some(permit.upstream().clone()),
            Some(tag) => permit.tagged(tag).cloned(),
        };
        let names = list.conditions.iter().any(|condition| match &condition.state {
            crate::request::if_header::State::Token(token) => tokens.contains(token),
            crate::request::if_header::State::EntityTag(_) => false,
        });
        if let Some(place) = place.filter(|place| names && !places.contains(place)) {
            places.push(place);
        }
    }
    places
}
