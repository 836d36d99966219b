//! `locks`, and what a route says of them. In: their raw form. Out: where locks are kept and what their bounds are; of a route, who decides.
//! No store is opened and no network is touched.

use std::time::Duration;

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::RawRoute;
use super::raw_locks::{RawDeadProperties, RawLocking, RawLocks, RawOrphans, RawStore, RawUnmapped};
use crate::identity::watched::read_secret;
use crate::policy::locking::{RedisSettings, StoreSettings};
use crate::policy::{
    DeadProperties, LockSettings, Locking, Method, MethodFilter, OrphanLocks, Profile, Route, RouteLocks, UnmappedLock,
};
use crate::url::{Authority, path_rules::fold_case};

/// What `Second-N` can say (RFC 4918 section 10.7).
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// What `raw` at `path` says of stores and bounds.
pub fn compile(judge: &mut Judge, raw: Option<&RawLocks>, path: &KeyPath) -> LockSettings {
    let default = LockSettings::default();
    let Some(raw) = raw else { return default };
    let store = store(judge, raw, path);
    let mut time = |span, default, key: &'static str| {
        let at = path.key(key);
        let time = judge.time(span, default, &at);
        if !time.is_zero() && !(Duration::from_secs(1)..=LONGEST).contains(&time) {
            let problem = Problem::new(at, "is less than a second, or more than 4294967295 seconds");
            judge.refuse(problem.expected("a time such as 30m"));
        }
        time
    };
    let min_timeout = time(raw.min_timeout, default.min_timeout, "min_timeout");
    let max_timeout = time(raw.max_timeout, default.max_timeout, "max_timeout");
    let timeout = time(raw.timeout, default.timeout, "timeout");
    if min_timeout > max_timeout {
        let (key, what) = match raw.min_timeout {
            Some(_) => ("min_timeout", "is more than locks.max_timeout"),
            None => ("max_timeout", "is less than locks.min_timeout"),
        };
        judge.refuse(Problem::new(path.key(key), what).expected("min_timeout within max_timeout"));
    } else if raw.timeout.is_some() && !(min_timeout..=max_timeout).contains(&timeout) {
        let problem = Problem::new(
            path.key("timeout"),
            "is not between locks.min_timeout and locks.max_timeout",
        );
        judge.refuse(problem.expected("a time between them"));
    }
    let seal_key = raw.seal_key.as_ref().map(|file| judge.file(file));
    if let Some(file) = &raw.seal_key {
        judge.long_secret(file, &path.key("seal_key"));
    }
    LockSettings {
        store,
        // What the file leaves open follows the bounds that it sets.
        timeout: timeout.min(max_timeout).max(min_timeout),
        min_timeout,
        max_timeout,
        per_principal: judge.count(raw.per_principal, default.per_principal, &path.key("per_principal")),
        seal_key,
    }
}

fn refuse_file(judge: &mut Judge, at: &KeyPath, lines: Vec<String>) {
    for line in lines {
        judge.refuse(Problem::new(at.clone(), line));
    }
}

fn store(judge: &mut Judge, raw: &RawLocks, path: &KeyPath) -> StoreSettings {
    let kind = raw.store.unwrap_or_default();
    let mut refuse_beside = |key: &'static str, is_there: bool, of: &str| {
        if is_there {
            let problem = Problem::new(path.key(key), format!("belongs to store: {of}"));
            judge.refuse(problem.expected(format!("store: {of}, or the key left out")));
        }
    };
    if !matches!(kind, RawStore::File) {
        refuse_beside("path", raw.path.is_some(), "file");
    }
    if !matches!(kind, RawStore::Redis) {
        let keys = [
            ("url", raw.url.is_some()),
            ("user", raw.user.is_some()),
            ("password_file", raw.password_file.is_some()),
            ("ca", raw.ca.is_some()),
            ("prefix", raw.prefix.is_some()),
        ];
        keys.into_iter()
            .for_each(|(key, is_there)| refuse_beside(key, is_there, "redis"));
    }
    match kind {
        RawStore::Memory => Some(StoreSettings::Memory),
        RawStore::File => file(judge, raw, path),
        RawStore::Redis => redis(judge, raw, path).map(StoreSettings::Redis),
    }
    .unwrap_or(StoreSettings::Memory)
}

fn file(judge: &mut Judge, raw: &RawLocks, path: &KeyPath) -> Option<StoreSettings> {
    let at = path.key("path");
    let expected = "the file of the locks, such as /var/lib/davgate/locks.redb";
    let file = judge.required(raw.path.as_deref(), &at, expected)?;
    if file.is_empty() || file.ends_with('/') {
        judge.refuse(Problem::new(at, "is no file").expected(expected));
        return None;
    }
    Some(StoreSettings::File(judge.file(file)))
}

fn redis(judge: &mut Judge, raw: &RawLocks, path: &KeyPath) -> Option<RedisSettings> {
    let at = path.key("url");
    let expected = "redis://host:6379/0, or rediss:// for TLS";
    let url = judge.required(raw.url.as_deref(), &at, expected);
    if let Some(url) = url
        && let Err(what) = redis_url(url)
    {
        // The text is not shown: it may hold a password.
        judge.refuse(Problem::new(at, what).expected(expected));
    }
    if raw.user.is_some() && raw.password_file.is_none() {
        let problem = Problem::new(path.key("password_file"), "missing beside user");
        judge.refuse(problem.expected("a file with the password"));
    }
    if raw.user.as_deref() == Some("") {
        judge.refuse(Problem::new(path.key("user"), "is empty").expected("a name, or the key left out"));
    }
    let prefix = raw.prefix.as_deref().unwrap_or("davgate");
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(legal) {
        let problem = Problem::new(path.key("prefix"), format!("{prefix:?} cannot begin a key"));
        judge.refuse(problem.expected("1 to 64 letters, digits, dots, colons, dashes or underscores"));
    }
    let password_file = raw.password_file.as_ref().map(|file| judge.file(file));
    let ca = raw.ca.as_ref().map(|file| judge.file(file));
    if raw.ca.is_some() && url.is_some_and(|url| !url.starts_with("rediss://")) {
        judge.refuse(Problem::new(path.key("ca"), "stands beside a URL without TLS").expected("rediss:// in url"));
    }
    if judge.reads_secrets {
        if let Some(Err(error)) = password_file.as_deref().map(read_secret) {
            refuse_file(judge, &path.key("password_file"), error.lines());
        }
        if let Some(Err(error)) = ca.as_deref().map(std::fs::read) {
            judge.refuse(Problem::new(path.key("ca"), format!("cannot be read: {error}")));
        }
    }
    Some(RedisSettings {
        url: url?.to_owned(),
        user: raw.user.clone(),
        password_file,
        ca,
        prefix: prefix.to_owned(),
    })
}

/// Whether `url` leads to a Redis: scheme, host and perhaps the number of a database.
fn redis_url(url: &str) -> Result<(), &'static str> {
    let rest = url
        .strip_prefix("redis://")
        .or_else(|| url.strip_prefix("rediss://"))
        .ok_or("not a redis or rediss URL")?;
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err("holds a user name or password (not shown)");
    }
    Authority::parse(authority).ok_or("has no host that can be reached")?;
    if database.len() > 5 || !database.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("has more behind the host than the number of a database");
    }
    Ok(())
}

/// What the route `raw` at `path` says of locks. `tells_user`: its back end sees who asks; `has_access`: it has rules of its own.
pub fn of_route(
    judge: &mut Judge,
    raw: &RawRoute,
    path: &KeyPath,
    (profile, tells_user, has_access): (&Profile, bool, bool),
    methods: &MethodFilter,
) -> RouteLocks {
    let default = RouteLocks::of(profile, tells_user);
    let locking = match raw.locking {
        None => default.locking,
        Some(RawLocking::Observe) => Locking::Observe,
        Some(RawLocking::Emulate) => Locking::Emulate,
        Some(RawLocking::Off) => Locking::Off,
    };
    let at = path.key("locking");
    if raw.locking.is_some() && locking == Locking::Observe && !profile.class_2 {
        let what = format!("observe: {} has no locks that can be relied on", profile.name);
        judge.warn(&at, what);
    }
    if locking == Locking::Emulate && !methods.rules().any(|(_, rule)| rule.allowed.contains(Method::Lock)) {
        judge.warn(&at, "emulate: nobody can lock anything, methods lets LOCK pass nowhere");
    }
    for (key, is_there, of, name) in [
        ("orphan_locks", raw.orphan_locks.is_some(), Locking::Observe, "observe"),
        (
            "fix_locknull",
            raw.fix_locknull == Some(true),
            Locking::Observe,
            "observe",
        ),
        (
            "unmapped_lock",
            raw.unmapped_lock.is_some(),
            Locking::Emulate,
            "emulate",
        ),
    ] {
        if is_there && locking != of {
            judge.warn(&path.key(key), format!("does nothing without locking: {name}"));
        }
    }
    let orphans = match raw.orphan_locks {
        None => default.orphans,
        Some(RawOrphans::Deny) => OrphanLocks::Deny,
        Some(RawOrphans::Pass) => OrphanLocks::Pass,
        Some(RawOrphans::Adopt) => OrphanLocks::Adopt,
    };
    if orphans == OrphanLocks::Adopt && !has_access {
        // F-6: only a route with access hides tokens.
        let problem = Problem::new(
            path.key("orphan_locks"),
            "adopt: on a route without access everybody sees every token",
        );
        judge.refuse(problem.expected("access, or deny or pass"));
    }
    RouteLocks {
        locking,
        orphans,
        unmapped: match raw.unmapped_lock {
            None => default.unmapped,
            Some(RawUnmapped::Create) => UnmappedLock::Create,
            Some(RawUnmapped::NameOnly) => UnmappedLock::NameOnly,
            Some(RawUnmapped::Refuse) => UnmappedLock::Refuse,
        },
        fix_locknull: raw.fix_locknull.unwrap_or(false),
    }
}

/// What becomes of properties that clients set on the route `raw` at `path`, where `locking` says who locks. Only a gateway that locks judges If
/// as a whole, without the back end.
pub fn dead_properties(judge: &mut Judge, raw: &RawRoute, path: &KeyPath, locking: Locking) -> DeadProperties {
    let at = path.key("dead_properties");
    match raw.dead_properties {
        None | Some(RawDeadProperties::Pass) => DeadProperties::Pass,
        Some(RawDeadProperties::Discard) if locking == Locking::Emulate => {
            judge.warn(
                &at,
                "discard: clients are told that properties are set, and nothing is kept",
            );
            DeadProperties::Discard
        }
        Some(RawDeadProperties::Discard) => {
            let problem = Problem::new(at, format!("discard does not go with locking: {}", name(locking)));
            judge.refuse(problem.expected("locking: emulate, or pass"));
            DeadProperties::Pass
        }
    }
}

/// Refuses locks that need names on `route`, where no source of identity gives anybody one (L-62).
pub fn refuse_without_identity(judge: &mut Judge, route: &Route, path: &KeyPath) {
    let what = match (route.locks.locking, route.locks.orphans) {
        (Locking::Emulate, _) => Some((
            "locking",
            "emulate: a lock belongs to somebody, and nobody says who is asking",
        )),
        (Locking::Observe, OrphanLocks::Adopt) => Some(("orphan_locks", "adopt: nobody says who is asking")),
        (Locking::Observe | Locking::Off, _) => None,
    };
    if let Some((key, what)) = what {
        judge.refuse(Problem::new(path.key(key), what).expected("identity, with a source"));
    }
}

/// Warns where two routes to the same resources judge locks each in its own way, and of keys of `locks` that no route has a use for.
pub fn compare(judge: &mut Judge, raw: Option<&RawLocks>, path: &KeyPath, routes: &[(KeyPath, Route)]) {
    for (number, (at, route)) in routes.iter().enumerate() {
        let same = |other: &&(KeyPath, Route)| {
            other.1.backend.location.id() == route.backend.location.id() && overlap(&other.1, route)
        };
        let mut before = routes.iter().take(number).filter(same);
        let keeps = |route: &Route| route.locks.locking != Locking::Off;
        let apart = |other: &Route| keeps(other) && keeps(route) && other.path_rules.fold != route.path_rules.fold;
        if let Some((other, _)) = before.clone().find(|(_, other)| apart(other)) {
            let what = format!(
                "only one of this route and {other}, which leads to the same resources, has case: fold: \
                                a lock on a name with capitals is not found from the other"
            );
            judge.warn(&at.key("case"), what);
        }
        if let Some((other, other_route)) = before.find(|(_, other)| other.locks.locking != route.locks.locking) {
            let what = format!(
                "{}, while {other} leads to the same resources with {}: neither knows all locks",
                name(route.locks.locking),
                name(other_route.locks.locking)
            );
            judge.warn(&at.key("locking"), what);
        }
    }
    let Some(raw) = raw else { return };
    let any = |locking| routes.iter().any(|(_, route)| route.locks.locking == locking);
    if !routes.is_empty() && !any(Locking::Observe) && !any(Locking::Emulate) {
        judge.warn(path, "does nothing: no route has locks");
    } else if raw.seal_key.is_some() && !any(Locking::Observe) {
        judge.warn(
            &path.key("seal_key"),
            "does nothing without a route with locking: observe",
        );
    }
}

/// Whether a resource may be reached through both.
fn overlap(one: &Route, other: &Route) -> bool {
    let fold = one.path_rules.fold || other.path_rules.fold;
    let [one, other] = [one, other].map(|route| {
        let key = route.map.upstream().0.key();
        format!("{}/", if fold { fold_case(key) } else { key.to_owned() })
    });
    one.starts_with(&other) || other.starts_with(&one)
}

/// The word in the file.
pub fn name(locking: Locking) -> &'static str {
    match locking {
        Locking::Observe => "observe",
        Locking::Emulate => "emulate",
        Locking::Off => "off",
    }
}
