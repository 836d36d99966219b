//! Locks on the admin listener: list them, show one, release one. In: a method, a path below `/locks` and a query. Out: JSON, and a line in
//! the audit log for each release.
//!
//! `GET /locks?path=URLPATH&user=NAME&limit=N&after=NEXT`, `GET /locks/TOKEN`, `DELETE /locks/TOKEN?reason=TEXT`; TOKEN percent-encoded.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{
    AdminAnswer,
    lock_view::{LockView, Place},
};
use crate::{
    locks::{Lock, LockPath},
    policy::{Locking, Route},
    store::{Down, LockStore},
    telemetry::{
        audit::{KIND, ReleaseLine},
        lines::LineLog,
    },
    url::CanonicalPath,
};

/// The path of the list.
pub const LOCKS: &str = "/locks";
/// Locks of a page, unless the query says so.
const PAGE: usize = 100;
/// Most locks of a page.
const MOST: usize = 1000;
/// Locks that are looked at for one page, where not all of them are wanted: then the page ends, full or not.
const LOOKED_AT: usize = 20_000;
/// Characters of a reason.
const REASON_CHARS: usize = 200;

/// What a path may hold that is no part of a URL.
const PLAIN: AsciiSet = CONTROLS.add(b' ');

/// Tells the back end that one of its locks is released.
#[async_trait]
pub trait Unlock: Send + Sync {
    /// Asks it to give up `lock`, which it has granted; says what came of it.
    async fn unlock(&self, lock: &Lock) -> BackEndTold;
}

/// What the back end said to the release of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackEndTold {
    /// It was not asked, since it knows nothing of the lock: davgate's own.
    NotNeeded,
    /// It released it.
    Unlocked,
    /// It was not asked, since there is no account that it could be asked with: there the lock is until it ends.
    NoAccount,
    /// It was not asked, since only the running gateway can.
    NoGateway,
    /// It refused, with this status: there the lock is until it ends.
    Refused(u16),
    /// It does not answer: there the lock may be until it ends.
    Silent,
}

/// A page of locks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockList {
    /// The locks.
    pub locks: Vec<LockView>,
    /// What to say as `after` for the next page; `None`: this is the last one.
    pub next: Option<String>,
}

/// A lock that was released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The lock.
    pub released: LockView,
    /// What became of it at the back end.
    pub back_end: BackEndTold,
}

/// What administrators may do with locks.
pub struct LockDesk {
    store: Arc<dyn LockStore>,
    places: Vec<Place>,
    unlock: Arc<dyn Unlock>,
    audit: LineLog,
}

/// Why there is no answer of 200.
enum Refusal {
    Query(&'static str),
    Unknown,
    Method(&'static str),
    Down(Down),
}

impl From<Down> for Refusal {
    fn from(down: Down) -> Self {
        Self::Down(down)
    }
}

impl LockDesk {
    /// The desk for the locks in `store` and `routes`; releases are told in `audit`.
    pub fn new(store: Arc<dyn LockStore>, routes: &[Arc<Route>], unlock: Arc<dyn Unlock>, audit: LineLog) -> Self {
        let places = routes.iter().map(|route| Place::of(route)).collect();
        Self {
            store,
            places,
            unlock,
            audit,
        }
    }

    /// Answers a request of `client` for a path that begins with [`LOCKS`].
    pub async fn answer(&self, method: &str, path: &str, query: &str, client: &str) -> AdminAnswer {
        let answer = match path.strip_prefix(LOCKS).and_then(|rest| rest.strip_prefix('/')) {
            None => match method {
                "GET" | "HEAD" => self.list(query).await.map(|list| json(200, &list)),
                _ => Err(Refusal::Method("GET, HEAD")),
            },
            Some(token) => {
                let token = percent_decode_str(token).decode_utf8_lossy().into_owned();
                match method {
                    "GET" | "HEAD" => self.show(&token).await.map(|view| json(200, &view)),
                    "DELETE" => self.release(&token, query, client).await.map(|told| json(200, &told)),
                    _ => Err(Refusal::Method("GET, HEAD, DELETE")),
                }
            }
        };
        answer.unwrap_or_else(Refusal::answer)
    }

    async fn list(&self, query: &str) -> Result<LockList, Refusal> {
        let query = parameters(query, &["path", "user", "limit", "after"])?;
        let limit = match query.get("limit") {
            None => PAGE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MOST).contains(limit))
                .ok_or(Refusal::Query("limit is no number from 1 to 1000"))?,
        };
        let within = self.within(query.get("path"))?;
        // The place in `within`, and where to go on there.
        let (mut at, mut after) = match query.get("after") {
            None => (0, None),
            Some(text) => {
                let (at, mark) = text.split_once('~').ok_or(Refusal::Query("after is none of mine"))?;
                let at = at.parse().map_err(|_| Refusal::Query("after is none of mine"))?;
                (at, Some(mark.to_owned()).filter(|mark| !mark.is_empty()))
            }
        };
        let user = query.get("user");
        let (mut list, mut looked_at) = (LockList::default(), 0);
        while let Some(place) = within.get(at) {
            let room = limit - list.locks.len();
            if room == 0 || looked_at >= LOOKED_AT {
                list.next = Some(format!("{at}~{}", after.unwrap_or_default()));
                break;
            }
            // Not more than there is room for, so that the page ends where the store's does.
            let page = self.store.list(place.as_ref(), after.as_deref(), room).await?;
            looked_at += page.found.locks.len();
            let now = page.found.now;
            let wanted =
                page.found.locks.iter().filter(|lock| {
                    user.is_none_or(|user| lock.creator.as_ref().is_some_and(|creator| creator == user))
                });
            list.locks
                .extend(wanted.map(|lock| LockView::of(lock, &self.places, now)));
            after = page.next;
            if after.is_none() {
                at += 1;
            }
        }
        Ok(list)
    }

    /// The places whose locks are asked for; `None`: all.
    fn within(&self, path: Option<&String>) -> Result<Vec<Option<LockPath>>, Refusal> {
        let Some(text) = path else { return Ok(vec![None]) };
        // People write blanks and letters as they are.
        let text = utf8_percent_encode(text, &PLAIN).to_string();
        let path = CanonicalPath::parse(text.as_bytes())
            .map_err(|_| Refusal::Query("path is no path of a URL, such as /files/a"))?;
        let mut found: Vec<LockPath> = self.places.iter().filter_map(|place| place.inside(&path)).collect();
        found.sort();
        found.dedup();
        if found.is_empty() {
            return Err(Refusal::Query("path is in no route"));
        }
        Ok(found.into_iter().map(Some).collect())
    }

    /// The lock with `token`, at whichever back end of this configuration.
    async fn find(&self, token: &str) -> Result<Lock, Refusal> {
        let mut back_ends: Vec<&str> = self.places.iter().map(|place| place.back_end.as_str()).collect();
        back_ends.sort_unstable();
        back_ends.dedup();
        for back_end in back_ends {
            if let Some(lock) = self.store.find(back_end, token).await? {
                return Ok(lock);
            }
        }
        Err(Refusal::Unknown)
    }

    async fn view(&self, lock: &Lock) -> Result<LockView, Refusal> {
        let now = self.store.survey(&[]).await?.now;
        Ok(LockView::of(lock, &self.places, now))
    }

    async fn show(&self, token: &str) -> Result<LockView, Refusal> {
        let lock = self.find(token).await?;
        self.view(&lock).await
    }

    async fn release(&self, token: &str, query: &str, client: &str) -> Result<Released, Refusal> {
        let query = parameters(query, &["reason"])?;
        let reason = query.get("reason").map(|reason| reason.trim()).unwrap_or_default();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS || reason.chars().any(char::is_control) {
            return Err(Refusal::Query(
                "reason is missing, or is not 1 to 200 printable characters",
            ));
        }
        let lock = self.find(token).await?;
        let view = self.view(&lock).await?;
        // First the back end: what it keeps, it must not keep without a record of whose it is.
        let observed = |place: &Place| *place.back_end == *lock.root.back_end && place.locking == Locking::Observe;
        let told = if self.places.iter().any(observed) {
            self.unlock.unlock(&lock).await
        } else {
            BackEndTold::NotNeeded
        };
        let removed = self.store.remove(&lock.root.back_end, token).await;
        self.audit.write(&ReleaseLine {
            log: KIND,
            time: SystemTime::now(),
            client,
            by: "admin",
            action: "release-lock",
            user: view.user.as_deref(),
            back_end: &view.back_end,
            path: &view.path,
            url: view.urls.first().map(|url| url.url.as_str()),
            reason,
            released: removed.is_ok(),
            back_end_answer: &told.to_string(),
        });
        removed?;
        Ok(Released {
            released: view,
            back_end: told,
        })
    }
}

impl std::fmt::Display for BackEndTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotNeeded => f.write_str("the lock was davgate's own"),
            Self::Unlocked => f.write_str("the back end released it too"),
            Self::NoAccount => f.write_str(
                "the back end was not asked, since the route has no backend.credentials.service: there it is locked until the lock ends",
            ),
            Self::NoGateway => f.write_str(
                "the back end was not asked, since no gateway was: if it has the lock, there it is locked until the lock ends",
            ),
            Self::Refused(status) => write!(f, "the back end refused with {status}: there it is locked until the lock ends"),
            Self::Silent => f.write_str("the back end does not answer: there it may be locked until the lock ends"),
        }
    }
}

impl Refusal {
    fn answer(self) -> AdminAnswer {
        #[derive(Serialize)]
        struct Wrong<'a> {
            error: &'a str,
        }
        let with = |status, what: &str| json(status, &Wrong { error: what });
        match self {
            Self::Query(what) => with(400, what),
            Self::Unknown => with(404, "there is no such lock"),
            Self::Method(allow) => AdminAnswer {
                header: Some(("allow", allow)),
                ..with(405, "not a method of this")
            },
            Self::Down(down) => AdminAnswer {
                header: Some(("retry-after", "5")),
                ..with(503, &down.to_string())
            },
        }
    }
}

fn json(status: u16, value: &impl Serialize) -> AdminAnswer {
    let mut body = serde_json::to_string(value).unwrap_or_default();
    body.push('\n');
    AdminAnswer {
        status,
        content_type: "application/json",
        body,
        header: None,
    }
}

/// The parameters of a query, each of them known and there once.
fn parameters(query: &str, known: &[&str]) -> Result<HashMap<String, String>, Refusal> {
    let mut found = HashMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| Refusal::Query("the query is not UTF-8"))?;
        if !known.contains(&name) || found.insert(name.to_owned(), value.into_owned()).is_some() {
            return Err(Refusal::Query(
                "a parameter of the query is not known, or is there twice",
            ));
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "locks_tests.rs"]
mod tests;
