//! What the back end said a moment ago, for reads (EX-4). In: questions of reads with their answers, and the writes that pass. Out: the
//! state that was found for the same question, at most two seconds old; nothing that a write through this gateway may have changed.
//!
//! Nothing is remembered of what is not there, and no write rests on what is: it asks for itself. What another process writes
//! cannot be seen from here, so where several share their work there is no memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderMap;
use lru::LruCache;

use crate::{
    decide::Permit,
    identity::keyed::{Digest, Key},
    policy::Method,
    request::State,
    url::{UpstreamPath, path_rules::fold_case},
};

/// How long an answer is remembered, from before its question was asked.
const KEPT: Duration = Duration::from_secs(2);
/// The most that is remembered; then what was not used for longest goes.
const MOST: usize = 4096;
/// The longest path of which anything is remembered, in bytes.
const LONGEST: usize = 1024;

/// What was found, and what makes it void.
pub struct StateMemory {
    /// `None`: nothing is remembered.
    known: Option<Mutex<Known>>,
    key: Key,
}

#[derive(Default)]
struct Known {
    found: Answers,
    /// Questions that are being asked, each with whether a write may have changed its answer.
    asking: HashMap<u64, (Place, bool)>,
    writing: HashMap<u64, Vec<Place>>,
    /// The number of the next question or write.
    next: u64,
}

struct Answers(LruCache<Digest, Answer>);

impl Default for Answers {
    fn default() -> Self {
        Self(LruCache::unbounded())
    }
}

struct Answer {
    place: Place,
    state: State,
    since: Instant,
}

/// A resource of a back end, whatever route leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// The resource that `path` names at the back end of `permit`. Folded, since one route may fold where another does not.
    pub fn of(permit: &Permit, path: &UpstreamPath) -> Self {
        let origin = permit.route().backend.location.origin();
        Self(format!("{origin}{}", fold_case(path.0.key())))
    }

    /// What `permit`, a write, may change: its target and Destination with all that is above and below; where it may reach further, the
    /// whole back end.
    fn changed(permit: &Permit) -> Vec<Self> {
        use Method::{Acl, Copy, Delete, Lock, Mkcalendar, Mkcol, Move, Patch, Proppatch, Put, Unlock};
        match permit.method() {
            Put | Delete | Mkcol | Mkcalendar | Copy | Move | Proppatch | Lock | Unlock | Patch | Acl => {
                let destination = permit.destination().map(|found| &found.upstream);
                let ends = std::iter::once(permit.upstream()).chain(destination);
                ends.map(|path| Self::of(permit, path)).collect()
            }
            // What a POST or a new version does is the back end's to know.
            _ => vec![Self(permit.route().backend.location.origin().to_string())],
        }
    }

    /// Whether one of the two is at or below the other.
    fn touches(&self, other: &Self) -> bool {
        let below = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
        self == other || below(&self.0, &other.0) || below(&other.0, &self.0)
    }
}

/// A question on its way to the back end.
pub struct Asking {
    memory: Arc<StateMemory>,
    number: u64,
    since: Instant,
}

/// A write on its way: while it lives, nothing is remembered of what it may change.
pub struct Writing {
    memory: Arc<StateMemory>,
    number: u64,
}

impl StateMemory {
    /// Nothing is known yet. `alone`: no other process writes to the same back ends; if one does, nothing is ever remembered.
    pub fn new(alone: bool) -> Self {
        Self {
            known: alone.then(Mutex::default),
            key: Key::random(),
        }
    }

    /// What tells a question from others: its route, its target and its header fields, with all that says who asks. Two that are the
    /// same are the same word for word, so nobody learns what the back end told somebody else. `None`: nothing is ever remembered.
    pub fn words(&self, permit: &Permit, target: &str, headers: &HeaderMap) -> Option<Digest> {
        self.known.as_ref()?;
        let route = permit.route_number().to_be_bytes();
        let fields = headers
            .iter()
            .flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]);
        let parts: Vec<&[u8]> = [&route, target.as_bytes()].into_iter().chain(fields).collect();
        Some(self.key.digest(&parts))
    }

    /// What was found for this question, if that is recent and no write came between.
    pub fn recall(&self, words: &Digest, now: Instant) -> Option<State> {
        let mut known = self.known()?;
        let answer = known.found.0.get(words)?;
        (now.duration_since(answer.since) < KEPT).then_some(answer.state)
    }

    /// A question about `place` is about to be asked. `None`: its answer will not be remembered.
    pub fn ask(self: &Arc<Self>, place: Place, now: Instant) -> Option<Asking> {
        if place.0.len() > LONGEST {
            return None;
        }
        let mut known = self.known()?;
        let void = known.writing.values().flatten().any(|changed| changed.touches(&place));
        let number = known.number();
        known.asking.insert(number, (place, void));
        drop(known);
        Some(Asking {
            memory: Arc::clone(self),
            number,
            since: now,
        })
    }

    /// `permit`, a write, is about to be forwarded: what is known of all that it may change is forgotten. `None`: nothing ever is.
    pub fn write(self: &Arc<Self>, permit: &Permit) -> Option<Writing> {
        self.writing(Place::changed(permit))
    }

    fn writing(self: &Arc<Self>, places: Vec<Place>) -> Option<Writing> {
        let mut known = self.known()?;
        known.forget(&places);
        let number = known.number();
        known.writing.insert(number, places);
        drop(known);
        Some(Writing {
            memory: Arc::clone(self),
            number,
        })
    }

    fn known(&self) -> Option<MutexGuard<'_, Known>> {
        let known = self.known.as_ref()?;
        Some(known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn number(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// Answers about `places` are void, those that are still to come too.
    fn forget(&mut self, places: &[Place]) {
        let touched = |place: &Place| places.iter().any(|changed| changed.touches(place));
        let now = Instant::now();
        // What is too old goes on this occasion.
        let over = |answer: &Answer| now.duration_since(answer.since) >= KEPT || touched(&answer.place);
        let stale = self.found.0.iter().filter(|(_, answer)| over(answer));
        let stale: Vec<Digest> = stale.map(|(words, _)| *words).collect();
        for words in stale {
            self.found.0.pop(&words);
        }
        for (place, void) in self.asking.values_mut() {
            *void |= touched(place);
        }
    }
}

impl Asking {
    /// The back end has answered the question of these words. Only what is there is remembered.
    pub fn answered(self, words: Digest, state: State) {
        let Some(mut known) = self.memory.known() else { return };
        let Some((place, false)) = known.asking.remove(&self.number) else {
            return;
        };
        if matches!(state, State::Unmapped | State::Unknown) {
            return;
        }
        let since = self.since;
        known.found.0.put(words, Answer { place, state, since });
        if known.found.0.len() > MOST {
            known.found.0.pop_lru();
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(mut known) = self.memory.known() {
            known.asking.remove(&self.number);
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(mut known) = self.memory.known()
            && let Some(places) = known.writing.remove(&self.number)
        {
            // Every question since its beginning was void from the start; those before it are from now on.
            known.forget(&places);
        }
    }
}

#[cfg(test)]
#[path = "state_memory_tests.rs"]
mod tests;
