//! An If that the back end which keeps the locks would misread (L-26): one that reads only the first condition of a list, or looks for the
//! token of a lock in its way and at nothing else, or does not look at whose a lock is (L-39). In: a permit with such a header, the locks
//! near it, what was found. Out: what goes on in its place once the gateway has judged the whole.

use crate::{
    locks::{Claim, Lock, condition::Outcome},
    policy::{Method, OrphanLocks},
    request::{
        If, State,
        if_header::{self, Condition, List, NO_LOCK},
    },
};

use super::{
    Denial,
    cleared::Instead,
    locks::{Judged, LockCase},
};

/// What becomes of it.
pub(super) enum Misread {
    /// It goes on as it is.
    No,
    /// This goes on instead.
    Instead(Instead),
    /// Something must be looked at first.
    First(Judged),
}

impl LockCase {
    /// Notes tokens that are not the principal's to use: the back end, which may not look at whose a lock is or which resource a list
    /// speaks of, gets in the place of each one that no lock has (L-7, L-39).
    pub fn disown(&mut self, tokens: Vec<String>) {
        self.foreign = tokens;
    }

    /// Notes that the back end shows the requester nothing where the lock with this token is: whether it stands is for the back end to judge,
    /// which gets no token of somebody else's from here (L-6, L-39).
    pub fn excuse(&mut self, token: String) {
        self.excused.push(token);
    }

    /// What goes on in place of If without [foreign](Self::disown) tokens.
    pub(super) fn without_foreign(&self, instead: Option<Instead>) -> Option<Instead> {
        if self.foreign.is_empty() {
            return instead;
        }
        let mut instead = instead.unwrap_or_else(|| Instead {
            if_header: self.permit().if_header().cloned(),
            guards: Vec::new(),
        });
        instead.if_header = instead.if_header.map(|header| header.without(&self.foreign));
        Some(instead)
    }

    /// Whether `token` is not the principal's to use.
    fn is_foreign(&self, token: &String) -> bool {
        self.foreign.contains(token)
    }

    /// What the back end is to get in place of If. Conditions on locks that are not known here are the back end's to judge, as they are.
    ///
    /// # Errors
    /// The conditions are false.
    pub(super) fn misread(&self, locks: &[Lock]) -> Result<Misread, Denial> {
        let habits = self.permit().route().backend.profile;
        let Some(header) = self.permit().if_header() else {
            return Ok(Misread::No);
        };
        let several = habits.one_condition && header.lists().iter().any(|list| list.conditions.len() > 1);
        let lives = |token: &String| locks.iter().any(|lock| lock.token == *token);
        // A token that nobody knows would open locks of which nobody knows whose they are.
        let decides = habits.if_is_a_key && self.permit().route().locks.orphans != OrphanLocks::Pass;
        let knows = |token: &String| decides || token == NO_LOCK || lives(token) || self.is_foreign(token);
        if !(several || habits.if_is_a_key) || !header.tokens().iter().all(knows) {
            return Ok(Misread::No);
        }
        match self.conditions(locks) {
            Some(Outcome::Fails) => Err(Denial::IfFalse),
            Some(Outcome::Ask(places)) => Ok(Misread::First(self.ask(&places))),
            Some(Outcome::Forward(_)) | None => Ok(Misread::No),
            Some(Outcome::Holds(_)) if several => Ok(instead(Some(header.one_by_one()))),
            Some(Outcome::Holds(_)) => Ok(match self.makes() {
                Some(true) => instead(self.key_of_collection(locks)),
                Some(false) => instead(self.keys(locks)),
                None => Misread::First(Judged::Look(vec![self.permit().upstream().clone()])),
            }),
        }
    }

    /// Whether it makes its target, if it succeeds; `None`: that depends on what is there.
    fn makes(&self) -> Option<bool> {
        if matches!(self.permit().method(), Method::Mkcol | Method::Mkcalendar) {
            return Some(true);
        }
        if !self.may_make() {
            return Some(false);
        }
        self.found_at_target().map(|found| found.state == State::Unmapped)
    }

    /// The token that it submits of a lock on the collection which gets a new member, as an If; `None`: there is none.
    fn key_of_collection(&self, locks: &[Lock]) -> Option<If> {
        let permit = self.permit();
        let collection = permit.place(permit.upstream()).ancestors().next()?;
        let key = self.own(locks).find(|lock| lock.covers(&collection))?;
        If::of(vec![key_of(key)])
    }

    /// The tokens that it submits of locks on what it changes, as an If; `None`: there are none. To some back ends any If opens a lock,
    /// whatever stands in it: so one that opens none of the requester's own is left out, and a lock of which only the back end knows holds.
    fn keys(&self, locks: &[Lock]) -> Option<If> {
        let permit = self.permit();
        let target = Claim::itself(permit.place(permit.upstream()));
        let (always, _) = permit.claims();
        // A LOCK without a body is about the lock of its target.
        let claims = if always.is_empty() { vec![target] } else { always };
        let opens = |lock: &&Lock| claims.iter().any(|claim| claim.concerns(lock));
        If::of(self.own(locks).filter(opens).map(key_of).collect())
    }

    /// Those of `locks` whose tokens it submits, and may use.
    fn own<'a>(&'a self, locks: &'a [Lock]) -> impl Iterator<Item = &'a Lock> {
        let submitted = self.permit().submitted();
        let own = move |lock: &&Lock| submitted.contains(&lock.token) && !self.is_foreign(&lock.token);
        locks.iter().filter(own)
    }
}

/// The list that submits the token of `lock`.
fn key_of(lock: &Lock) -> List {
    let condition = Condition {
        not: false,
        state: if_header::State::Token(lock.token.clone()),
    };
    List {
        tag: None,
        conditions: vec![condition],
    }
}

fn instead(if_header: Option<If>) -> Misread {
    let guards = Vec::new();
    Misread::Instead(Instead { if_header, guards })
}
