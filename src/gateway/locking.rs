//! Locks around a write (L-84, L-91, L-93). In: a permit. Out: the same, cleared, once the locks near it have been judged and the store
//! knows that it is under way; and when it is over, what the answer means for locks goes to the store.
//!
//! Every way an exchange can end leads to one of two ends: [`Gateway::settle`], as soon as the head of the answer is there, or
//! [`Gateway::abandon`] when there was none.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
use pingora::proxy::Session;

use crate::{
    decide::{
        Cleared, Denial, Permit,
        cleared::Aftermath,
        locks::{Before, Judged, LockCase},
    },
    locks::{
        Claim, Lock,
        table::{Effect, NewWrite, WriteId, WriteRefusal},
    },
    policy::Locking,
    request::State,
    url::UpstreamPath,
};

use super::{
    ask::Probed,
    context::Context,
    intent::{again, end_later, ended, milliseconds},
    passage::Halt,
    proxy::CLIENT_PAUSE,
    server::Gateway,
    standing::{Standing, sees_all},
    upstream_error::UpstreamError,
};

/// How often a verdict is worked out anew because what it rests on has changed.
const ROUNDS: usize = 6;
/// How long after a store that did not answer it is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// How many locks are asked about after a write that was done in part.
const MOST_ASKED: usize = 100;

/// A write that the locks let pass.
#[derive(Debug)]
pub struct UnderWay {
    /// Under which number the store knows of it, and what it was told; `None`: it need not know.
    known: Option<(WriteId, NewWrite)>,
    /// When the store was told.
    since: Instant,
    /// When it was last tried to tell it anew.
    tried: Instant,
    /// How long it may take when nothing is heard of it any more.
    grace: Duration,
    /// Whether it may have reached the back end.
    sent: bool,
}

impl Gateway {
    /// Judges the locks near a permit (O-13, O-14), and notes the write with the store.
    ///
    /// # Errors
    /// The conditions are false, a lock is in the way, or the store or the back end failed.
    pub(super) async fn clear(&self, permit: Permit, session: &Session, ctx: &mut Context) -> Result<Cleared, Halt> {
        let mut case = match permit.before_locks() {
            Before::Cleared(cleared) => return Ok(*cleared),
            Before::Judge(case) => *case,
        };
        case.disown(std::mem::take(&mut ctx.observed.foreign));
        if let Some(mut write) = case.at_once() {
            write.time = milliseconds(self.time_for(case.permit())?);
            if let Ok(id) = self.store().begin(write.clone()).await? {
                self.under_way(Some((id, write)), case.permit(), ctx)?;
                return Ok(case.begun(id));
            }
        }
        for _ in 0..ROUNDS {
            let cleared = self.judged(&mut case, session, ctx).await?;
            let Some(write) = cleared.write(self.time_for(&cleared)?) else {
                if !cleared.method().is_safe() {
                    self.under_way(None, &cleared, ctx)?;
                }
                return Ok(cleared);
            };
            if let Ok(id) = self.store().begin(write.clone()).await? {
                self.under_way(Some((id, write)), &cleared, ctx)?;
                return Ok(cleared);
            }
        }
        Err(Denial::Busy.into())
    }

    /// Judges the If header of what the gateway answers itself (O-13, L-51).
    ///
    /// # Errors
    /// It does not hold, or the store or the back end failed.
    pub(super) async fn conditions_hold(
        &self,
        permit: &Permit,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<(), Halt> {
        match permit.conditions_alone() {
            Some(mut case) => self.judged(&mut case, session, ctx).await.map(drop),
            None => Ok(()),
        }
    }

    /// The verdict about `case`, with all that it depends on.
    async fn judged(&self, case: &mut LockCase, session: &Session, ctx: &mut Context) -> Result<Cleared, Halt> {
        for _ in 0..ROUNDS {
            let locks = match self.may_be_owned(case.permit()) {
                true => self.locks_near(case).await?,
                false => Vec::new(),
            };
            match case.judge(&locks)? {
                Judged::Cleared(cleared) => return Ok(*cleared),
                Judged::Look(places) => self.look_at(case, places, session, ctx).await?,
                Judged::Confirm(locks) => self.confirm(case, locks, session, ctx).await?,
                Judged::Unanswered => return Err(UpstreamError::Broken.into()),
            }
        }
        Err(Denial::Busy.into())
    }

    /// Whether the store may know of locks that are somebody's: where the back end locks and nobody is known, it decides alone, and no
    /// request waits for the store.
    fn may_be_owned(&self, permit: &Permit) -> bool {
        permit.route().locks.locking != Locking::Observe || self.knows_owners()
    }

    /// Looks at what a verdict depends on. Of the target it must stay so: no other write may pass there until the answer is there.
    async fn look_at(
        &self,
        case: &mut LockCase,
        places: Vec<UpstreamPath>,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<(), Halt> {
        let alone = ctx.answered_question.as_ref().is_some_and(|answered| answered.alone);
        if places.contains(case.permit().upstream()) && !alone {
            let question = case.question();
            self.take_turn(question.permit(), Some(&question), ctx).await?;
        }
        ctx.upstream.begin();
        for path in places {
            let found = match self.probe_in_time(case.permit(), &path, session).await? {
                Probed::Found(found) => self.with_entity_tag(found, case.permit(), &path, session).await?,
                Probed::Challenge(_) => State::Unknown.into(),
            };
            case.learn(&path, found);
        }
        ctx.upstream.end();
        Ok(())
    }

    /// Asks the back end which is the first of these locks, which it granted, that it still knows (L-6): what has ended is forgotten, and
    /// where it shows this requester nothing, the back end decides.
    async fn confirm(
        &self,
        case: &mut LockCase,
        locks: Vec<Lock>,
        session: &Session,
        ctx: &mut Context,
    ) -> Result<(), Halt> {
        ctx.upstream.begin();
        for lock in locks {
            match self.standing(case.permit(), &lock, session).await? {
                Standing::Ended => {
                    self.store().remove(&lock.root.back_end, &lock.token).await?;
                }
                Standing::Unseen => case.excuse(lock.token),
                Standing::Stands => {
                    case.confirm(lock.token);
                    break;
                }
            }
        }
        ctx.upstream.end();
        Ok(())
    }

    /// How long a write may take until its answer is there.
    pub(super) fn time_for(&self, permit: &Permit) -> Result<Duration, UpstreamError> {
        let timeouts = self.upstream(permit)?.timeouts();
        let grace = grace(timeouts.connect, timeouts.answer(permit.method()));
        Ok(if permit.method().streams() {
            // Its body may take as long as it likes: this is renewed while it comes, and half of it is longer than any pause.
            timeouts.long.max(grace.saturating_add(CLIENT_PAUSE).saturating_mul(2))
        } else {
            grace
        })
    }

    fn under_way(
        &self,
        known: Option<(WriteId, NewWrite)>,
        permit: &Permit,
        ctx: &mut Context,
    ) -> Result<(), UpstreamError> {
        let timeouts = self.upstream(permit)?.timeouts();
        ctx.write = Some(UnderWay {
            known,
            since: Instant::now(),
            tried: Instant::now(),
            grace: grace(timeouts.connect, timeouts.answer(permit.method())),
            sent: false,
        });
        Ok(())
    }

    /// From now on the back end may have it.
    pub(super) fn sending(&self, ctx: &mut Context) {
        ctx.charge.iter_mut().for_each(|charge| charge.keep(true));
        if let Some(write) = &mut ctx.write {
            write.sent = true;
        }
    }

    /// It could not be sent.
    pub(super) fn unsent(&self, error: UpstreamError, ctx: &mut Context) {
        ctx.charge.iter_mut().for_each(|charge| charge.keep(!error.is_unsent()));
        if let Some(write) = &mut ctx.write {
            write.sent = !error.is_unsent();
        }
    }

    /// The back end says that it did nothing.
    pub(super) fn undone(&self, ctx: &mut Context) {
        ctx.charge.iter_mut().for_each(|charge| charge.keep(false));
        if let Some(write) = &mut ctx.write {
            write.sent = false;
        }
    }

    /// Keeps the store from forgetting a write whose body or answer is long in coming.
    pub(super) async fn renew(&self, ctx: &mut Context) {
        let Some(write) = &mut ctx.write else { return };
        let Some((id, told)) = &write.known else { return };
        // A store that is down is not asked for every piece of a body.
        if write.due().is_none_or(|due| !due.is_zero()) || write.tried.elapsed() < RETRY {
            return;
        }
        let now = Instant::now();
        write.tried = now;
        if let Some(next) = again(&**self.store(), *id, told.clone()).await {
            (write.known, write.since) = (Some(next), now);
        }
    }

    /// Waits for `work`, which is part of a write, and keeps the store from forgetting the write meanwhile.
    pub(super) async fn while_under_way<T>(&self, ctx: &mut Context, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            let Some(due) = ctx.write.as_ref().and_then(UnderWay::due) else {
                return work.await;
            };
            match tokio::time::timeout(due.max(RETRY), work.as_mut()).await {
                Ok(done) => return done,
                Err(_) => self.renew(ctx).await,
            }
        }
    }

    /// Whether a write whose body was awaited may still go on: it may have taken so long that the store has forgotten it, or will before
    /// the answer is there.
    ///
    /// # Errors
    /// A lock has come in its way, or the store failed.
    pub(super) async fn still_clear(&self, cleared: &Cleared, ctx: &mut Context) -> Result<(), Halt> {
        self.renew(ctx).await;
        let Some(UnderWay {
            known: Some((id, told)),
            since,
            ..
        }) = &mut ctx.write
        else {
            return Ok(());
        };
        let now = Instant::now();
        if since.elapsed() < Duration::from_millis(told.time) / 2 {
            return Ok(());
        }
        // It is gone, or it could not be renewed.
        match self.store().begin(told.clone()).await? {
            Ok(next) => (*id, *since) = (next, now),
            Err(WriteRefusal::Locked(locks)) => return Err(cleared.locked(&locks).into()),
            Err(WriteRefusal::Changed) => return Err(Denial::Changed.into()),
        }
        Ok(())
    }

    /// The back end has answered with this status: the write is over, unless only something before the back end has given up on it.
    pub(super) async fn settle(&self, cleared: &Cleared, status: StatusCode, session: &Session, ctx: &mut Context) {
        ctx.ways = None;
        ctx.charge = ctx.charge.take().and_then(|charge| charge.answered(status));
        if matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT) {
            return self.abandon(ctx).await;
        }
        let Some(write) = ctx.write.take().filter(|_| self.may_be_owned(cleared)) else {
            return;
        };
        let effects = match cleared.aftermath(status.as_u16()) {
            Aftermath::Known(effects) => effects,
            Aftermath::Look(trees) => self.gone(cleared, &trees, session).await,
        };
        let ended = match write.known {
            Some((id, told)) => {
                let ended = self.store().end(id, effects).await;
                if ended.is_err() {
                    end_later(Arc::clone(self.store()), id, told.time);
                }
                ended
            }
            None if effects.is_empty() => Ok(()),
            None => ended(&**self.store(), effects).await,
        };
        if let Err(down) = ended {
            // L-93: what was done is done. Locks on what is gone end by themselves: told later, this might hit newer ones.
            tracing::warn!(%down, "what a write means for locks is not stored");
        }
    }

    /// No answer was seen: nobody knows what became of it (L-93). Locks stay; what was never sent is over, and what was is given the time
    /// that an answer would have had.
    pub(super) async fn abandon(&self, ctx: &mut Context) {
        let Some(UnderWay {
            known: Some((id, told)),
            grace,
            sent,
            ..
        }) = ctx.write.take()
        else {
            return;
        };
        let time = told.time;
        let ended = if sent {
            let time = milliseconds(grace);
            again(&**self.store(), id, NewWrite { time, ..told }).await;
            Ok(())
        } else {
            self.store().end(id, Vec::new()).await
        };
        if let Err(down) = ended {
            end_later(Arc::clone(self.store()), id, time);
            tracing::warn!(%down, "the end of a write is not stored");
        }
    }

    /// L-5: what of the locks at and below these is gone with its root.
    async fn gone(&self, permit: &Permit, trees: &[Claim], session: &Session) -> Vec<Effect> {
        let found = self.store().survey(trees).await.unwrap_or_default();
        let within = |lock: &&Lock| {
            trees
                .iter()
                .any(|tree| lock.root == tree.path || lock.root.is_below(&tree.path))
        };
        let mut gone: Vec<Effect> = Vec::new();
        let seen = |lock: &&Lock| within(lock) && sees_all(permit, lock);
        for lock in found.locks.iter().filter(seen).take(MOST_ASKED) {
            let Some(path) = lock.root.upstream(lock.collection) else {
                continue;
            };
            let mut unmapped = true;
            for path in std::iter::once(path).chain(lock.root.decomposed(lock.collection)) {
                let probed = self.probe_in_time(permit, &path, session).await;
                unmapped &= matches!(probed, Ok(Probed::Found(found)) if found.state == State::Unmapped);
            }
            if unmapped {
                gone.push(Effect::Gone(lock.root.clone()));
            }
        }
        gone
    }
}

impl UnderWay {
    /// How long until the store must be told anew; `None`: it need not know.
    fn due(&self) -> Option<Duration> {
        let (_, told) = self.known.as_ref()?;
        Some((Duration::from_millis(told.time) / 2).saturating_sub(self.since.elapsed()))
    }
}

fn grace(connect: Duration, answer: Duration) -> Duration {
    // A little more than either, so that the answer's own time is the first to be over.
    connect.saturating_add(answer).saturating_add(Duration::from_secs(5))
}
