//! Who made which lock, as far as this process has seen it (F-6). In: successful LOCK and UNLOCK of principals. Out: whether a lock token
//! is somebody's own, so that it is shown. It only decides what is shown: a lock that is not remembered is a stranger's, and its token
//! hidden. Locks themselves are the back end's.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, StatusCode};
use lru::LruCache;

use crate::{
    decide::Permit,
    identity::Principal,
    policy::Method,
    request::{if_header::State, lock_token::LockToken},
};

/// The most that is remembered of one route; then what was not used for longest goes.
const MOST: usize = 10_000;
/// How long a lock is remembered that is not refreshed. Tokens are never used twice (RFC 4918 section 6.5), so that too long does no harm.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest token that is remembered, in bytes.
const LONGEST: usize = 2048;
const LOCK_TOKEN: HeaderName = HeaderName::from_static("lock-token");

/// The memory of all routes.
pub struct LockMemory(Vec<Mutex<LruCache<String, Entry>>>);

struct Entry {
    creator: String,
    since: Instant,
}

impl LockMemory {
    /// Nothing is known yet of any of `routes` routes.
    pub fn new(routes: usize) -> Self {
        let route = || Mutex::new(LruCache::unbounded());
        Self(std::iter::repeat_with(route).take(routes).collect())
    }

    /// Learns from the answer to `permit`, and says which tokens this requester may be told, whoever it is: that of the lock which this
    /// very request made, and the ones it refreshed, which it has named itself.
    pub fn learn(&self, permit: &Permit, status: StatusCode, headers: &HeaderMap, now: Instant) -> Vec<String> {
        let (route, principal) = (permit.route_number(), permit.principal());
        match permit.method() {
            Method::Lock if !matches!(status, StatusCode::OK | StatusCode::CREATED) => Vec::new(),
            Method::Lock if permit.read_body().is_some() => {
                let token = one_token(headers);
                if let Some(token) = &token {
                    self.created(route, token, principal, now);
                }
                token.into_iter().collect()
            }
            Method::Lock => {
                let tokens = submitted(permit);
                for token in tokens.iter().filter(|token| self.owns(route, token, principal, now)) {
                    self.created(route, token, principal, now);
                }
                tokens
            }
            Method::Unlock if status.is_success() => {
                let (route, token) = (self.route(route), permit.lock_token());
                if let (Some(mut known), Some(token)) = (route, token) {
                    known.pop(token.as_str());
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Whether `principal` made the lock with this token. Anonymous is many, and owns nothing.
    pub fn owns(&self, route: usize, token: &str, principal: &Principal, now: Instant) -> bool {
        let known = self.route(route);
        let entry = known.as_ref().and_then(|known| known.peek(token));
        entry.is_some_and(|entry| {
            Some(entry.creator.as_str()) == principal.name() && now.duration_since(entry.since) < KEPT
        })
    }

    fn created(&self, route: usize, token: &str, principal: &Principal, now: Instant) {
        let (Some(creator), Some(mut known)) = (principal.name(), self.route(route)) else {
            return;
        };
        if token.len() > LONGEST {
            return;
        }
        let creator = creator.to_owned();
        known.put(token.to_owned(), Entry { creator, since: now });
        if known.len() > MOST {
            known.pop_lru();
        }
    }

    fn route(&self, number: usize) -> Option<MutexGuard<'_, LruCache<String, Entry>>> {
        let known = self.0.get(number)?;
        Some(known.lock().unwrap_or_else(PoisonError::into_inner))
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

/// The lock tokens that the request names.
fn submitted(permit: &Permit) -> Vec<String> {
    let lists = permit.if_header().map(|header| header.lists()).unwrap_or_default();
    let conditions = lists
        .iter()
        .flat_map(|list| &list.conditions)
        .filter(|condition| !condition.not);
    let token = |state: &State| match state {
        State::Token(token) => Some(token.clone()),
        State::EntityTag(_) => None,
    };
    conditions.filter_map(|condition| token(&condition.state)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered_for_its_creator() {
        // F-6
        let memory = LockMemory::new(2);
        let user = |name: &str| Principal::user(name, [""; 0]).unwrap();
        let now = Instant::now();
        memory.created(0, "urn:a", &user("ann"), now);
        memory.created(0, "urn:n", &Principal::anonymous(), now);
        for (name, route, token, who, later, expected) in [
            ("its own", 0, "urn:a", user("ann"), Duration::ZERO, true),
            ("somebody else", 0, "urn:a", user("bob"), Duration::ZERO, false),
            ("anonymous", 0, "urn:a", Principal::anonymous(), Duration::ZERO, false),
            (
                "anonymous owns nothing",
                0,
                "urn:n",
                Principal::anonymous(),
                Duration::ZERO,
                false,
            ),
            ("another token", 0, "urn:A", user("ann"), Duration::ZERO, false),
            ("another route", 1, "urn:a", user("ann"), Duration::ZERO, false),
            ("no route", 2, "urn:a", user("ann"), Duration::ZERO, false),
            ("much later", 0, "urn:a", user("ann"), KEPT, false),
        ] {
            assert_eq!(memory.owns(route, token, &who, now + later), expected, "{name}");
        }
    }

    #[test]
    fn bounded() {
        let memory = LockMemory::new(1);
        let (ann, now) = (Principal::user("ann", [""; 0]).unwrap(), Instant::now());
        for number in 0..=MOST {
            memory.created(0, &format!("urn:{number}"), &ann, now);
        }
        memory.created(0, &"x".repeat(LONGEST + 1), &ann, now);
        assert_eq!(memory.route(0).map(|known| known.len()), Some(MOST));
        assert!(!memory.owns(0, "urn:0", &ann, now) && memory.owns(0, &format!("urn:{MOST}"), &ann, now));
    }
}
