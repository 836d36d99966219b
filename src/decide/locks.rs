//! Locks in the order of the checks (O-13, O-14): whether an If header holds, and whether a lock is in the way of a write (sections 4.3 and
//! 4.4). In: a permit, the locks near it, what is known of the resources that it speaks of. Out: [`Cleared`], a refusal, or what must be
//! looked at first, because the verdict depends on it (EX-5, L-86).

use std::collections::HashMap;

use crate::{
    locks::{
        Claim, Creator, Lock, LockPath,
        claim::{MOST_NAMED, in_the_way},
        condition::{Comparison, Outcome, Reason},
        table::{NewWrite, WriteId},
    },
    policy::{Locking, Method, Mode, OrphanLocks},
    request::{If, State, operation::Subject},
    url::UpstreamPath,
};

use super::{
    Denial, Found, Guard, Permit, Question,
    claims::parts,
    cleared::{Cleared, Instead},
    granting,
    guard::{self, Race},
    misread::Misread,
};

/// A permit on its way to the locks.
#[derive(Clone, Debug)]
pub enum Before {
    /// They have no part in it.
    Cleared(Box<Cleared>),
    /// They are to be asked.
    Judge(Box<LockCase>),
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Judged {
    /// No lock is in the way, and the conditions hold.
    Cleared(Box<Cleared>),
    /// What is at these depends on the back end.
    Look(Vec<UpstreamPath>),
    /// The back end did not say what its entity tag is: nobody can judge the conditions.
    Unanswered,
    /// These locks are in the way, if the back end still knows them (L-6).
    Confirm(Vec<Lock>),
}

/// A permit that locks may concern.
#[derive(Clone, Debug)]
pub struct LockCase {
    permit: Permit,
    /// What it changes whatever is there.
    claims: Vec<Claim>,
    /// What it changes as well where nothing is at the target (L-31).
    if_made: Vec<Claim>,
    target: LockPath,
    tagged: Vec<(String, UpstreamPath, LockPath)>,
    submitted: Vec<String>,
    found: HashMap<LockPath, Found>,
    confirmed: Vec<String>,
    /// Tokens of locks that are the back end's to judge.
    pub(super) excused: Vec<String>,
    /// Tokens that are not the principal's to use.
    pub(super) foreign: Vec<String>,
}

impl Permit {
    /// Every token that its If header submits, wherever it stands (L-23).
    pub fn submitted(&self) -> Vec<String> {
        self.if_header().map(|header| header.tokens()).unwrap_or_default()
    }

    /// What it changes: whatever is there, and what else where nothing is at the target (L-30 to L-36).
    pub fn claims(&self) -> (Vec<Claim>, Vec<Claim>) {
        let replaces = self.route().backend.profile.put_replaces;
        let (mut always, mut if_made) = (Vec::new(), Vec::new());
        for part in parts(self.method(), self.depth(), replaces) {
            let list = if part.when_made { &mut if_made } else { &mut always };
            list.extend(self.places(part.subject).into_iter().map(|path| Claim {
                path,
                reach: part.reach,
            }));
        }
        (always, if_made)
    }

    fn places(&self, subject: Subject) -> Vec<LockPath> {
        let target = || self.place(self.upstream());
        let destination = || self.destination().map(|found| self.place(&found.upstream));
        let named = || {
            let named = self.admitted().named.iter();
            named.filter_map(|path| Some(self.place(&self.route().map.to_upstream(path)?)))
        };
        let parent = |path: LockPath| path.ancestors().next();
        match subject {
            Subject::Target | Subject::LockRoot => vec![target()],
            Subject::Parent => parent(target()).into_iter().collect(),
            // A member of the target that only the body names.
            Subject::Destination => vec![destination().unwrap_or_else(target)],
            Subject::DestinationParent => destination().and_then(parent).into_iter().collect(),
            Subject::Named => named().collect(),
            Subject::NamedParent => named().filter_map(parent).collect(),
        }
    }

    /// The refusal because of these locks (L-38). Where the target is hidden, it is the one that does not tell of a lock.
    pub fn locked(&self, locks: &[Lock]) -> Denial {
        self.collision(423)
            .unwrap_or_else(|| Denial::Locked(granting::known_roots(self, locks)))
    }

    /// What locks have to do with it.
    pub fn before_locks(self) -> Before {
        let (claims, if_made) = self.claims();
        let changes = !claims.is_empty() || !if_made.is_empty();
        let judged = match self.route().locks.locking {
            Locking::Off => false,
            // Conditions are the back end's to judge.
            Locking::Observe => changes,
            Locking::Emulate => changes || self.if_header().is_some(),
        };
        if !judged {
            return Before::Cleared(Box::new(Cleared::free(self)));
        }
        Before::Judge(Box::new(LockCase::new(self, claims, if_made)))
    }

    /// Its conditions alone, where the gateway answers it; `None`: there are none.
    pub fn conditions_alone(&self) -> Option<LockCase> {
        self.if_header()?;
        Some(LockCase::new(self.clone(), Vec::new(), Vec::new()))
    }
}

impl LockCase {
    fn new(permit: Permit, claims: Vec<Claim>, if_made: Vec<Claim>) -> Self {
        let place = |(tag, path): &(String, UpstreamPath)| (tag.clone(), path.clone(), permit.place(path));
        let tagged = permit.admitted().tagged.iter().map(place);
        Self {
            claims,
            if_made,
            target: permit.place(permit.upstream()),
            tagged: tagged.collect(),
            submitted: permit.submitted(),
            found: HashMap::new(),
            confirmed: Vec::new(),
            excused: Vec::new(),
            foreign: Vec::new(),
            permit,
        }
    }

    /// The permit that it is about.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The question what is at its target, for which a turn can be had alone.
    pub fn question(&self) -> Question {
        Question {
            permit: self.permit.clone(),
            target: true,
            destination: false,
            judged: None,
        }
    }

    /// Which locks must be known to judge it: all that concern these; of those below what it
    /// [changes](Self::changes), those that the request submits and [some that bar it](Self::bars), if any do.
    pub fn near(&self) -> Vec<Claim> {
        let mut near: Vec<Claim> = self
            .changes()
            .into_iter()
            .map(|claim| Claim::itself(claim.path))
            .collect();
        if self.permit.if_header().is_some() {
            near.push(Claim::itself(self.target.clone()));
            near.extend(self.tagged.iter().map(|(_, _, place)| Claim::itself(place.clone())));
        }
        near
    }

    /// All that it may change.
    pub fn changes(&self) -> Vec<Claim> {
        [&self.claims[..], &self.if_made[..]].concat()
    }

    /// The first of `locks` that bar it, with what is known of those [near](Self::near).
    pub fn bars(&self, near: &[Lock], locks: &[Lock]) -> Vec<Lock> {
        self.barring(&self.changes(), near, locks.iter())
    }

    /// Notes what was found at `path`.
    pub fn learn(&mut self, path: &UpstreamPath, found: Found) {
        self.found.insert(self.permit.place(path), found);
    }

    /// Notes that the back end knows the lock with this token.
    pub fn confirm(&mut self, token: String) {
        self.confirmed.push(token);
    }

    /// What the store may be asked without looking at any lock: whether it may go on. `None` if there are conditions to judge, or the
    /// back end decides.
    pub fn at_once(&self) -> Option<NewWrite> {
        let plain = self.permit.route().locks.locking == Locking::Emulate && self.permit.if_header().is_none();
        plain.then(|| self.write(&self.changes(), Vec::new()))
    }

    /// The store has let it go on as it was [asked](Self::at_once).
    pub fn begun(self, _write: WriteId) -> Cleared {
        let write = self.at_once();
        Cleared::judged(self.permit, None, write)
    }

    fn write(&self, claims: &[Claim], relied_on: Vec<String>) -> NewWrite {
        NewWrite {
            claims: claims.to_vec(),
            creator: self.permit.principal().name().map(str::to_owned),
            submitted: self.submitted.clone(),
            relied_on,
            time: 0,
        }
    }

    /// The verdict, with the live locks that concern anything [near](Self::near).
    ///
    /// # Errors
    /// The conditions are false (O-13, L-27), or else a lock is in the way (O-14).
    pub fn judge(&self, locks: &[Lock]) -> Result<Judged, Denial> {
        let emulated = self.permit.route().locks.locking == Locking::Emulate;
        let mut instead = emulated.then(Instead::default);
        let mut relied_on = Vec::new();
        if let Some(instead) = &mut instead {
            match self.conditions(locks) {
                None => {}
                Some(Outcome::Fails) => return Err(Denial::IfFalse),
                Some(Outcome::Ask(places)) => return Ok(self.ask(&places)),
                Some(Outcome::Forward(rest)) => instead.if_header = Some(rest),
                Some(Outcome::Holds(reason)) => {
                    instead.guards.extend(self.version(&reason));
                    relied_on = reason.tokens;
                }
            }
        }
        if !emulated {
            match self.misread(locks)? {
                Misread::No => {}
                Misread::Instead(other) => instead = Some(other),
                Misread::First(judged) => return Ok(judged),
            }
        }
        let mut claims = self.changes();
        let mut barring = self.barring(&claims, locks, locks.iter());
        if !barring.is_empty() && self.barring(&self.claims, locks, locks.iter()).is_empty() {
            // Only in the way of making something (L-31).
            match self.found.get(&self.target) {
                None => return Ok(Judged::Look(vec![self.permit.upstream().clone()])),
                Some(found) if matches!(found.state, State::Resource | State::Collection) => {
                    (claims, barring) = (self.claims.clone(), Vec::new());
                    let header = instead.as_ref().and_then(|instead| instead.if_header.as_ref());
                    let guard = self.still_there(found, if emulated { header } else { self.permit.if_header() });
                    if let Some(guard) = guard {
                        let as_it_is = || Instead {
                            if_header: self.permit.if_header().cloned(),
                            guards: Vec::new(),
                        };
                        instead.get_or_insert_with(as_it_is).guards.push(guard);
                    }
                }
                Some(_) => {}
            }
        }
        let instead = self.without_foreign(instead);
        let doubtful = |lock: &Lock| !emulated && !self.confirmed.contains(&lock.token);
        if barring.iter().all(doubtful) && !barring.is_empty() {
            return Ok(Judged::Confirm(barring));
        }
        // One is enough to refuse it: the back end is not asked about all.
        barring.retain(|lock| !doubtful(lock));
        let told_only =
            self.permit.route().mode == Mode::Report && self.permit.admitted().target.asker.is_answered_for();
        if !barring.is_empty() {
            let denial = self.permit.locked(&barring);
            if !told_only {
                return Err(denial);
            }
            // The store would refuse it.
            let write = emulated.then(|| self.write(&[], Vec::new()));
            let cleared = Cleared::judged(self.permit.clone(), instead, write);
            return Ok(Judged::Cleared(Box::new(cleared.reporting(denial))));
        }
        let write = (emulated && !claims.is_empty()).then(|| self.write(&claims, relied_on));
        let cleared = Cleared::judged(self.permit.clone(), instead, write);
        Ok(Judged::Cleared(Box::new(cleared)))
    }

    /// What was found at the target.
    pub(super) fn found_at_target(&self) -> Option<&Found> {
        self.found.get(&self.target)
    }

    /// Whether it may make the target.
    pub(super) fn may_make(&self) -> bool {
        !self.if_made.is_empty()
    }

    /// What becomes of If; `None`: there is none.
    pub(super) fn conditions(&self, locks: &[Lock]) -> Option<Outcome> {
        let header = self.permit.if_header()?;
        let told = |found: &Found| found.etag.is_some() || found.state != State::Unknown;
        let etags = self.found.iter().filter(|(_, found)| told(found));
        let comparison = Comparison {
            header,
            target: &self.target,
            tagged: &self
                .tagged
                .iter()
                .map(|(tag, _, place)| (tag.clone(), place.clone()))
                .collect::<Vec<_>>(),
            locks,
            etags: &etags
                .map(|(place, found)| (place.clone(), found.etag.clone()))
                .collect(),
            knows_tokens: self.permit.route().backend.profile.conditions.weak_version,
        };
        Some(comparison.outcome())
    }

    /// The entity tags of `places` are wanted.
    pub(super) fn ask(&self, places: &[LockPath]) -> Judged {
        if places.iter().any(|place| self.found.contains_key(place)) {
            return Judged::Unanswered;
        }
        let path = |wanted: &LockPath| {
            if *wanted == self.target {
                return Some(self.permit.upstream().clone());
            }
            let mut tagged = self.tagged.iter();
            tagged.find_map(|(_, path, place)| (place == wanted).then(|| path.clone()))
        };
        Judged::Look(places.iter().filter_map(path).collect())
    }

    /// The first of `locks` that keep it from `claims`; those it may use are in `near`. Where the back end locks, it judges the requester's
    /// own ones itself.
    fn barring<'a>(&self, claims: &[Claim], near: &[Lock], locks: impl Iterator<Item = &'a Lock>) -> Vec<Lock> {
        let name = self.permit.principal().name();
        let submitted = &self.submitted;
        let creator = Creator { name, submitted };
        let rules = self.permit.route().locks;
        let counts = |lock: &&Lock| match (rules.locking, lock.creator.as_deref()) {
            (Locking::Emulate | Locking::Off, _) => true,
            (Locking::Observe, _) if self.excused.contains(&lock.token) => false,
            (Locking::Observe, Some(other)) => Some(other) != name,
            (Locking::Observe, None) => match rules.orphans {
                OrphanLocks::Deny => true,
                OrphanLocks::Pass => false,
                OrphanLocks::Adopt => name.is_none() || !self.submitted.contains(&lock.token),
            },
        };
        let satisfied: Vec<&Lock> = near.iter().filter(|lock| creator.satisfies(lock)).collect();
        let found = in_the_way(claims, locks, &satisfied).filter(counts);
        found.take(MOST_NAMED).cloned().collect()
    }

    /// L-26: what holds the back end to an entity tag that the conditions were found true with.
    fn version(&self, reason: &Reason) -> Option<Guard> {
        reason.etag.as_ref()?;
        let method = self.permit.method();
        let evaluated = matches!(method, Method::Put | Method::Patch | Method::Post | Method::Delete);
        let etag = self.found.get(&self.target)?.etag.clone()?;
        let can = self.permit.route().backend.profile.conditions.version;
        (evaluated && can && etag.starts_with('"')).then_some(Guard::Version(etag))
    }

    /// what holds a write to what is there, where it may not make anything; `header` goes with it. `None`: the gateway has to keep
    /// other writes off.
    fn still_there(&self, found: &Found, header: Option<&If>) -> Option<Guard> {
        let route = self.permit.route();
        let race = Race {
            found,
            refused: &[State::Unmapped],
        };
        let can = route.backend.profile.conditions;
        let here = self.permit.told_url(self.permit.upstream());
        guard::at_target(self.permit.method(), can, race, header, &here)
    }
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
