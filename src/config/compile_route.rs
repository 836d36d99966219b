//! One route. In: its raw form. Out: the compiled route, or `None` where path or back end cannot be made out; everything else
//! that is wrong is on the judge's list.

use std::collections::BTreeSet;

use super::compile_access;
use super::compile_methods::{self, Context};
use super::document::Document;
use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::{RawCase, RawCollectionGet, RawFileSystem, RawMode, RawRoute, RawUnderscore, RawUnicode};
use super::{
    compile_backend, compile_headers, compile_home, compile_limits, compile_locks, compile_quota, method_names, reports,
};
use crate::access::Acl;
use crate::backend::GENERIC;
use crate::identity::BackEndCredentials;
use crate::policy::method::MethodSet;
use crate::policy::{
    Acquisition, BackEnd, CollectionGet, Compress, Method, MethodFilter, Mode, Profile, Route, SyncEpochs,
    public_urls::unfit,
};
use crate::url::path_rules::{PathRules, PathUse, ReservedName, fold_case};
use crate::url::{Authority, CanonicalPath, PrefixMap, path::key_starts_with};
use crate::xml::report::known_reports;

/// The route that `raw` at `path` describes; `groups` are those there can be, `None` where anybody may be in any.
pub fn compile(
    judge: &mut Judge,
    raw: &RawRoute,
    path: &KeyPath,
    places: &Document<'_>,
    groups: Option<&BTreeSet<String>>,
) -> Option<Route> {
    let public = public_prefix(judge, raw, path);
    let name = name(judge, raw, path);
    let hosts = hosts(judge, raw, path);
    let origins = judge.origins(raw.origins.as_ref(), &path.key("origins"));
    let at = path.key("backend");
    let backend = judge.required(raw.backend.as_ref(), &at, "a mapping with url or embedded");
    let backend = backend.and_then(|raw| compile_backend::compile(judge, raw, &at));
    let profile = backend.as_ref().map_or(&GENERIC, |(backend, _)| backend.profile);
    let path_rules = path_rules(judge, raw, profile, path);
    if let Some(public) = &public
        && let Err(error) = path_rules.apply(public.clone(), PathUse::Target)
    {
        let what = format!("the route's own rules refuse its prefix: {error}");
        judge.refuse(Problem::new(path.key("path"), what).expected("another prefix"));
    }
    let keep = |text: &str| text.to_owned();
    let context = Context {
        fold: if path_rules.fold { &fold_case } else { &keep },
        ignore_case: path_rules.fold,
        places,
    };
    let methods = compile_methods::compile(judge, raw.methods.as_ref(), &path.key("methods"), &context);
    let access = raw.access.as_ref().map(|rules| {
        let context = compile_access::Context {
            fold: context.fold,
            ignore_case: context.ignore_case,
            places,
            groups,
        };
        compile_access::compile(judge, rules, &path.key("access"), &context)
    });
    let trusted = |(backend, _): &(BackEnd, CanonicalPath)| backend.acquisition == Acquisition::Trust;
    if access.is_some() && profile.acquires && backend.as_ref().is_some_and(trusted) {
        judge.warn(
            &at.key("acquisition"),
            "Zope finds what is in a folder in all folders below it as well: what a rule keeps at /a may be had at /b/a, \
             unless the site has explicit acquisition, as Plone 6.0.8 and later",
        );
    }
    if let Some(public) = &public {
        let paths = methods.rules().map(|(pattern, rule)| (rule.index, pattern.as_str()));
        warn_repeated(judge, public, paths, &path.key("methods"));
        let paths = access.iter().flat_map(Acl::rules);
        let paths = paths.map(|(pattern, ace)| (ace.index, pattern.as_str()));
        warn_repeated(judge, public, paths, &path.key("access"));
    }
    let collection_get = collection_get(judge, raw, path, &methods);
    let xml = raw.compress_xml.unwrap_or(false);
    let compress = raw.compress.unwrap_or(false).then_some(Compress { xml });
    if xml && compress.is_none() {
        judge.warn(&path.key("compress_xml"), "does nothing without compress: true");
    }
    if raw.hide_lock_owner == Some(true) && raw.access.is_none() {
        judge.warn(
            &path.key("hide_lock_owner"),
            "does nothing on a route without access".to_owned(),
        );
    }
    if let Some((backend, _)) = &backend
        && access.is_none()
    {
        refuse_without_access(judge, &backend.credentials, path);
    }
    let limits = compile_limits::compile(judge, raw.limits.as_ref(), &path.key("limits"));
    let quota = compile_quota::compile(judge, raw.quota.as_ref(), &path.key("quota"));
    let reports = reports(judge, raw, path);
    let query = query(judge, raw, path);
    let added = compile_headers::compile(judge, raw.headers.as_ref(), &path.key("headers"));
    let mode = mode(judge, raw, path);
    let sync_epochs = match (raw.sync_epochs, &access) {
        (Some(true), Some(access)) => Some(SyncEpochs::of(access, &methods, mode, path_rules.fold)),
        (Some(true), None) => {
            let problem = Problem::new(
                path.key("sync_epochs"),
                "the route has no access whose changes could matter",
            );
            judge.refuse(problem.expected("rules in access, or the key left out"));
            None
        }
        (Some(false) | None, _) => None,
    };
    let (public, (backend, upstream)) = public.zip(backend)?;
    compile_backend::warn_told_hosts(judge, &backend, hosts.len() + origins.len(), &at);
    match unfit(profile.public_urls, backend.external_urls, &public, &upstream) {
        Some(Ok([what, expected])) => judge.refuse(Problem::new(path.key("path"), what).expected(expected)),
        Some(Err([what, expected])) => judge.refuse(Problem::new(at.key("url"), what).expected(expected)),
        None => {}
    }
    if raw.accept_unprefixed == Some(true) && public.is_root() {
        let problem = Problem::new(
            path.key("accept_unprefixed"),
            "the prefix is /: there is nothing to take off",
        );
        judge.refuse(problem.expected("a longer path, or the key left out"));
    }
    let auto_home = compile_home::compile(
        judge,
        raw.auto_home.as_deref(),
        &path.key("auto_home"),
        &backend.credentials,
    );
    let back_end = (profile, backend.credentials.tells_user(), access.is_some());
    let locks = compile_locks::of_route(judge, raw, path, back_end, &methods);
    let dead_properties = compile_locks::dead_properties(judge, raw, path, locks.locking);
    Some(Route {
        // No two routes have the same prefix for one host, so this is a name of its own.
        name: name.unwrap_or_else(|| format!("{}{public}", hosts.first().map_or("", String::as_str))),
        hosts,
        map: if path_rules.fold {
            PrefixMap::folding(public, upstream)
        } else {
            PrefixMap::new(public, upstream)
        }
        .with_folder_data(profile.folder_data),
        origins,
        backend,
        methods,
        access,
        collection_get,
        mode,
        limits,
        quota,
        reports,
        path_rules,
        noroot: raw.noroot.unwrap_or(false),
        public_options: raw.public_options.unwrap_or(false),
        locks,
        dead_properties,
        hide_lock_owner: raw.hide_lock_owner.unwrap_or(false),
        sync_epochs,
        pass_error_bodies: raw.pass_error_bodies.unwrap_or(false),
        require_length: raw.require_length.unwrap_or(false),
        strict_override: raw.strict_override.unwrap_or(false),
        refuse_underscore: matches!(raw.underscore_headers, Some(RawUnderscore::Refuse)),
        unprefixed: raw.accept_unprefixed.unwrap_or(false),
        compress,
        auto_home,
        added,
        query,
        line: places.line(path),
    })
}

/// Warns of rules at `path` that begin with the route's own prefix, as if they were not relative to it.
fn warn_repeated<'a>(
    judge: &mut Judge,
    public: &CanonicalPath,
    rules: impl Iterator<Item = (usize, &'a str)>,
    path: &KeyPath,
) {
    let prefix = public.to_string();
    if prefix == "/" {
        return;
    }
    for (index, text) in rules {
        if let Some(rest) = text.strip_prefix(&prefix) {
            let what = format!(
                "paths of rules are relative to the route: this is {prefix}{}; expected /{rest}, if {text} is meant",
                text.trim_start_matches('/')
            );
            judge.warn(&path.item(index).key("path"), what);
        }
    }
}

/// Refuses a route without `access` whose back end does not see who is asking: everybody would have the power of the gateway's
/// own account.
fn refuse_without_access(judge: &mut Judge, credentials: &BackEndCredentials, path: &KeyPath) {
    let key = match credentials {
        BackEndCredentials::Pass => return,
        BackEndCredentials::Service(_) => "service",
        BackEndCredentials::Header(_) => "header",
    };
    let what = format!("missing, with backend.credentials.{key}: everybody could do what the gateway's account may");
    judge.refuse(Problem::new(path.key("access"), what).expected("rules that say who may do what"));
}

/// Refuses `route` where an earlier one already answers for the same name, prefix and host.
pub fn compare(judge: &mut Judge, route: &Route, path: &KeyPath, earlier: &[(KeyPath, Route)]) {
    for (other_path, other) in earlier {
        // A default name holds a slash, and is taken only where the prefix is: that is said below.
        if other.name == route.name && !route.name.contains('/') {
            let what = format!("{:?} is the name of {other_path}", route.name);
            judge.refuse(Problem::new(path.key("name"), what).expected("a name of its own"));
        }
        let same_host = (route.hosts.is_empty() && other.hosts.is_empty())
            || route.hosts.iter().any(|host| other.hosts.contains(host));
        let meet = same_host || route.hosts.is_empty() || other.hosts.is_empty();
        let both = [(route, path, other, other_path), (other, other_path, route, path)];
        for (one, at, other, other_at) in both {
            if meet && one.unprefixed && (other.unprefixed || one.map.to_upstream(other.map.public()).is_none()) {
                let what = format!(
                    "{other_at} answers to the same hosts: whose a path without its prefix is, nobody could tell"
                );
                judge.refuse(Problem::new(at.key("accept_unprefixed"), what).expected("hosts of its own"));
            }
        }
        if same_host && same_prefix(route, other) {
            let what = format!("{other_path} has the same prefix for the same hosts");
            judge.refuse(Problem::new(path.key("path"), what).expected("a prefix of its own"));
        } else if meet && (splits_fold(route, other) || splits_fold(other, route)) {
            let what = format!(
                "only one of this route and {other_path} has case: fold, and the prefixes are one in the other"
            );
            judge.refuse(Problem::new(path.key("case"), what).expected("case: fold in the inner route too"));
        }
    }
}

fn same_prefix(one: &Route, other: &Route) -> bool {
    let [one_key, other_key] = [one, other].map(|route| route.map.public().0.key());
    if one.path_rules.fold || other.path_rules.fold {
        fold_case(one_key) == fold_case(other_key)
    } else {
        one_key == other_key
    }
}

/// Whether `inner` lies in the paths of `outer`, which folds, and does not fold: in another spelling, what belongs to `inner`
/// would be judged by the rules of `outer`.
fn splits_fold(outer: &Route, inner: &Route) -> bool {
    let [outer_key, inner_key] = [outer, inner].map(|route| fold_case(route.map.public().0.key()));
    outer.path_rules.fold && !inner.path_rules.fold && key_starts_with(&inner_key, &outer_key)
}

/// The mode; a route that refuses nothing must not be forgotten.
fn mode(judge: &mut Judge, raw: &RawRoute, path: &KeyPath) -> Mode {
    match raw.mode {
        None | Some(RawMode::Enforce) => Mode::Enforce,
        Some(RawMode::Report) => {
            judge.warn(
                &path.key("mode"),
                "report: what methods and access refuse is told, and passes",
            );
            Mode::Report
        }
    }
}

fn public_prefix(judge: &mut Judge, raw: &RawRoute, path: &KeyPath) -> Option<CanonicalPath> {
    let at = path.key("path");
    let expected = "a path that begins and ends with /, such as /files/";
    let text = judge.required(raw.path.as_deref(), &at, "a public prefix, such as /files/")?;
    if !(text.starts_with('/') && text.ends_with('/')) || text.contains(['?', '#']) {
        judge.refuse(Problem::new(at, format!("{text:?} is no prefix")).expected(expected));
        return None;
    }
    judge.canonical(text, &at)
}

fn name(judge: &mut Judge, raw: &RawRoute, path: &KeyPath) -> Option<String> {
    let name = raw.name.as_deref()?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
        let problem = Problem::new(path.key("name"), format!("{name:?} is no name"));
        judge.refuse(problem.expected("1 to 64 letters, digits, dots, dashes or underscores"));
    }
    Some(name.to_owned())
}

fn hosts(judge: &mut Judge, raw: &RawRoute, path: &KeyPath) -> Vec<String> {
    let at = path.key("hosts");
    let mut hosts = Vec::new();
    if raw.hosts.as_ref().is_some_and(Vec::is_empty) {
        judge.refuse(Problem::new(at.clone(), "is empty").expected("host names, or the key left out for any host"));
    }
    for (at, text) in judge.items(raw.hosts.as_ref(), &at) {
        match Authority::parse(text).filter(|authority| authority.port().is_none() && !text.ends_with(':')) {
            Some(authority) if hosts.iter().any(|host| host == authority.host()) => {
                judge.warn(&at, format!("{text} is here twice"));
            }
            Some(authority) => hosts.push(authority.host().to_owned()),
            None => {
                let problem = Problem::new(at, format!("{text:?} is no host name"));
                judge.refuse(problem.expected("a name without port, such as dav.example.org"));
            }
        }
    }
    hosts
}

fn path_rules(judge: &mut Judge, raw: &RawRoute, profile: &Profile, path: &KeyPath) -> PathRules {
    let mut reserved: Vec<ReservedName> = profile.reserved.iter().map(|name| ReservedName::parse(name)).collect();
    let published = profile.published.iter().map(|name| (*name).to_owned());
    reserved.extend(published.map(ReservedName::Literal));
    for (at, name) in judge.items(raw.reserved.as_ref(), &path.key("reserved")) {
        let bare = name.strip_suffix('*').unwrap_or(name);
        if bare.is_empty() || bare.contains(['*', '/']) {
            judge.refuse(Problem::new(at, format!("{name:?} is no name")).expected("one segment, name or name*"));
        } else {
            reserved.push(ReservedName::parse(name));
        }
    }
    PathRules {
        encode_raw: raw.encode_raw.unwrap_or(false),
        fold: matches!(raw.case, Some(RawCase::Fold)),
        windows: matches!(raw.fs, Some(RawFileSystem::Windows)),
        nfc: matches!(raw.unicode, Some(RawUnicode::Nfc)),
        no_delimiters_in_destination: profile.cuts_destination,
        reserved,
        // No kind of back end that is known decodes twice.
        double_decode: false,
    }
}

fn collection_get(judge: &mut Judge, raw: &RawRoute, path: &KeyPath, methods: &MethodFilter) -> CollectionGet {
    let at = path.key("collection_get");
    if raw.collection_get.is_some() && raw.access.is_none() {
        let problem = Problem::new(
            at.clone(),
            "the route has no access: whatever it is, everybody may read everything",
        );
        judge.refuse(problem.expected("rules in access, or the key left out"));
    }
    match raw.collection_get {
        None | Some(RawCollectionGet::Pass) => CollectionGet::Pass,
        Some(RawCollectionGet::Deny) => CollectionGet::Deny,
        Some(RawCollectionGet::Synthetic) => {
            if !methods.rules().any(|(_, rule)| rule.allowed.contains(Method::Propfind)) {
                let problem = Problem::new(
                    at,
                    "a listing shows what PROPFIND may find, and methods lets that pass nowhere",
                );
                judge.refuse(problem.expected("deny or pass, or PROPFIND in methods"));
            }
            CollectionGet::Synthetic
        }
    }
}

fn reports(judge: &mut Judge, raw: &RawRoute, path: &KeyPath) -> Vec<crate::xml::name::ExpandedName<'static>> {
    if raw.reports.is_none() {
        return known_reports().to_vec();
    }
    let mut found = Vec::new();
    for (at, name) in judge.items(raw.reports.as_ref(), &path.key("reports")) {
        match reports::look_up(&name.0) {
            Some(report) => found.push(report),
            None => {
                let problem = Problem::new(at, format!("{:?} is no report that is ever forwarded", name.0));
                let [long, short] = reports::names();
                let expected = format!("one of {}", long.join(", "));
                let known = long.iter().chain(&short).map(String::as_str);
                judge.refuse(problem.expected(expected).did_you_mean(&name.0, known));
            }
        }
    }
    found
}

fn query(judge: &mut Judge, raw: &RawRoute, path: &KeyPath) -> MethodSet {
    let mut methods = MethodSet::default();
    for (at, name) in judge.items(raw.query.as_ref(), &path.key("query")) {
        match method_names::look_up_method(&name.0, &at) {
            Ok(method) => methods = methods.union(MethodSet::of(&[method])),
            Err(problem) => judge.refuse(problem),
        }
    }
    methods
}
