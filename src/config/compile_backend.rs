//! The server behind a route. In: its raw form. Out: the compiled back end and the path that the public prefix becomes.

use std::time::Duration;

use super::compile_credentials;
use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::{RawAcquisition, RawBackend, RawElsewhere, RawTimeouts, RawUrls};
use crate::backend::{EMBEDDED, GENERIC};
use crate::policy::{Acquisition, BackEnd, Location, Timeouts, profile::PublicUrls};
use crate::url::CanonicalPath;

/// The back end that `raw` at `path` describes, with its prefix.
pub fn compile(judge: &mut Judge, raw: &RawBackend, path: &KeyPath) -> Option<(BackEnd, CanonicalPath)> {
    let place = location(judge, raw, path);
    if raw.embedded.is_some() && raw.profile.is_some() && raw.url.is_none() {
        judge.refuse(Problem::new(path.key("profile"), "stands beside embedded").expected("the key left out"));
    }
    let profile = if raw.embedded.is_some() {
        &EMBEDDED
    } else {
        raw.profile.map_or(&GENERIC, |named| named.0)
    };
    let default = RawTimeouts::default();
    let timeouts = timeouts(judge, raw.timeouts.as_ref().unwrap_or(&default), &path.key("timeouts"));
    let aliases = judge.origins(raw.aliases.as_ref(), &path.key("aliases"));
    let credentials = compile_credentials::compile(judge, raw.credentials.as_ref(), &path.key("credentials"));
    let external_urls = matches!(raw.urls, Some(RawUrls::External));
    let acquisition = match raw.acquisition {
        Some(RawAcquisition::Trust) => Acquisition::Trust,
        Some(RawAcquisition::Guard) | None => Acquisition::Guard,
    };
    if raw.acquisition.is_some() && !profile.acquires {
        let what = format!("does nothing: {} takes nothing from other folders", profile.name);
        judge.warn(&path.key("acquisition"), what);
    }
    let elsewhere_allowed = matches!(raw.elsewhere, Some(RawElsewhere::Allow));
    let (location, prefix) = place?;
    Some((
        BackEnd {
            location,
            profile,
            credentials,
            timeouts,
            aliases,
            external_urls,
            sources: raw.sources.unwrap_or(false),
            acquisition,
            elsewhere_allowed,
        },
        prefix,
    ))
}

fn location(judge: &mut Judge, raw: &RawBackend, path: &KeyPath) -> Option<(Location, CanonicalPath)> {
    let at = path.key("embedded");
    match (&raw.url, &raw.embedded) {
        (Some(url), None) => {
            let (origin, prefix) = judge.backend_url(url, &path.key("url"))?;
            Some((Location::Url(origin), prefix))
        }
        (None, Some(directory)) => {
            let directory = judge.file(directory);
            if !directory.is_dir() {
                judge.refuse(Problem::new(at, "is no directory").expected("a directory that exists"));
            }
            // However it is written, it is one back end: locks are kept by its name (section 4.1).
            let directory = directory.canonicalize().unwrap_or(directory);
            Some((Location::Embedded(directory), CanonicalPath::root()))
        }
        (Some(url), Some(_)) => {
            judge.refuse(Problem::new(at, "stands beside url").expected("one of the two"));
            judge.backend_url(url, &path.key("url"));
            None
        }
        (None, None) => {
            let expected = "the address of the back end, such as http://127.0.0.1:8081/dav/";
            judge.refuse(Problem::new(path.key("url"), "missing").expected(expected));
            None
        }
    }
}

/// Warns where a back end is told as its own name whatever host a client asks for, and may write it into pages and mails for others (Z-17).
pub fn warn_told_hosts(judge: &mut Judge, backend: &BackEnd, names: usize, path: &KeyPath) {
    if backend.external_urls && backend.profile.public_urls == PublicUrls::VirtualHost && names == 0 {
        let what = "without hosts or origins, Zope writes whatever host a client asks for into pages and mails";
        judge.warn(&path.key("urls"), what);
    }
}

fn timeouts(judge: &mut Judge, raw: &RawTimeouts, path: &KeyPath) -> Timeouts {
    Timeouts {
        connect: judge.time(raw.connect, Duration::from_secs(5), &path.key("connect")),
        read: judge.time(raw.read, Duration::from_secs(60), &path.key("read")),
        write: judge.time(raw.write, Duration::from_secs(60), &path.key("write")),
        long: judge.time(raw.long, Duration::from_secs(30 * 60), &path.key("long")),
    }
}
