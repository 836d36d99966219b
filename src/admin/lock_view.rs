//! A lock as administrators see it. In: a lock and the routes. Out: who has it, on what, since when and until when, as JSON.

use std::time::{Duration, UNIX_EPOCH};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde::{Deserialize, Serialize};

use crate::{
    locks::{Lock, LockDepth, LockPath},
    policy::{Locking, Route},
    telemetry::clock::rfc3339,
    url::{CanonicalPath, PrefixMap, UpstreamPath},
    xml::{limits::XmlLimits, lockinfo::LockScope, reader, tree::Element, tree::Node},
};

/// Characters of the owner's text that are shown.
const OWNER_CHARS: usize = 200;

/// A lock, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockView {
    /// Its token, without brackets.
    pub token: String,
    /// Who took it; `None`: nobody knows.
    pub user: Option<String>,
    /// Where it is for clients, by each route that leads there: with the origin, if the configuration knows it, else the path alone.
    pub urls: Vec<RouteUrl>,
    /// The back end.
    pub back_end: String,
    /// The path there.
    pub path: String,
    /// `0` or `infinity`.
    pub depth: String,
    /// `exclusive` or `shared`.
    pub scope: String,
    /// When it was taken, in UTC.
    pub since: String,
    /// When it ends, unless it is refreshed, in UTC.
    pub until: String,
    /// Seconds until then.
    pub seconds_left: u64,
    /// The text that the client wrote as its owner: nobody has checked it.
    pub owner: Option<String>,
}

/// Where a lock is by one route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteUrl {
    /// The route's name.
    pub route: String,
    /// The URL, or its path.
    pub url: String,
}

/// What is known of a route here.
#[derive(Clone, Debug)]
pub struct Place {
    /// The route's name.
    pub name: String,
    /// The id of its back end.
    pub back_end: String,
    /// Who decides about its locks.
    pub locking: Locking,
    map: PrefixMap,
    origin: String,
}

impl Place {
    /// That of `route`.
    pub fn of(route: &Route) -> Self {
        Self {
            name: route.name.clone(),
            back_end: route.backend.location.id(),
            locking: route.locks.locking,
            map: route.map.clone(),
            origin: route.origins.first().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// The place of the public `path` at the back end; `None` where the route does not lead.
    pub fn inside(&self, path: &CanonicalPath) -> Option<LockPath> {
        let inside = self.map.to_upstream(&crate::url::PublicPath(path.clone()))?;
        Some(LockPath::new(self.back_end.as_str().into(), &inside))
    }

    fn url(&self, back_end: &str, path: &UpstreamPath) -> Option<RouteUrl> {
        let public = (self.back_end == back_end).then(|| self.map.to_public(path))??;
        Some(RouteUrl {
            route: self.name.clone(),
            url: format!("{}{}", self.origin, public.0),
        })
    }
}

impl LockView {
    /// `lock`, as it is at `now`, in milliseconds since 1970.
    pub fn of(lock: &Lock, places: &[Place], now: u64) -> Self {
        let path = upstream(lock);
        let time = |millis| rfc3339(UNIX_EPOCH + Duration::from_millis(millis));
        Self {
            token: lock.token.clone(),
            user: lock.creator.clone(),
            urls: path
                .iter()
                .flat_map(|path| places.iter().filter_map(|place| place.url(&lock.root.back_end, path)))
                .collect(),
            back_end: lock.root.back_end.to_string(),
            path: path.map_or_else(|| lock.root.path().to_owned(), |path| path.0.to_string()),
            depth: match lock.depth {
                LockDepth::Zero => "0",
                LockDepth::Infinity => "infinity",
            }
            .to_owned(),
            scope: match lock.scope {
                LockScope::Exclusive => "exclusive",
                LockScope::Shared => "shared",
            }
            .to_owned(),
            since: time(lock.created_at),
            until: time(lock.expires_at),
            seconds_left: lock.remaining(now).div_ceil(1000),
            owner: lock.owner.as_deref().and_then(owner_text),
        }
    }
}

/// The root of `lock` as a path of the back end's; `None`: what is stored is none.
pub fn upstream(lock: &Lock) -> Option<UpstreamPath> {
    let segments = lock.root.path().split('/').filter(|segment| !segment.is_empty());
    let mut text = String::from("/");
    for segment in segments {
        text.extend(percent_encode(segment.as_bytes(), NON_ALPHANUMERIC));
        text.push('/');
    }
    let path = CanonicalPath::parse(text.as_bytes()).ok()?;
    let root = path.is_root();
    Some(UpstreamPath(path.with_slash(lock.collection || root)))
}

/// The text in an `owner` element, in one line: of a lock that is stored in a form that cannot be read, nothing.
fn owner_text(xml: &str) -> Option<String> {
    fn gather(element: &Element, words: &mut Vec<String>) {
        for child in element.nodes() {
            match child {
                Node::Text(text) => words.extend(text.split_whitespace().map(str::to_owned)),
                Node::Element(element) => gather(element, words),
            }
        }
    }
    let mut words = Vec::new();
    gather(&reader::read(xml, &XmlLimits::default()).ok()?, &mut words);
    let text = words.join(" ");
    let printable = text.chars().filter(|c| !c.is_control()).take(OWNER_CHARS);
    Some(printable.collect()).filter(|text: &String| !text.is_empty())
}
