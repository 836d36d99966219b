//! `identity:`. In: its raw form. Out: the sources in the order of the file, and the groups. Files are read here once,
//! so that all that is wrong with them is said with the rest; the gateway opens them again.

use std::time::Duration;

use super::compile_clients::networks;
use super::compile_credentials::header;
use super::compile_groups;
use super::document::Document;
use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::RawCase;
use super::raw_identity::{
    RawBasic, RawBearer, RawCertificateUser, RawClientCertificate, RawIdentity, RawTrustedHeader, RawVerify,
};
use crate::identity::basic::htpasswd;
use crate::identity::bearer::keys;
use crate::identity::settings::{
    BackEndSettings, BasicSettings, BearerSettings, CertificateUser, IdentitySettings, KeySource, SourceSettings,
    TrustedHeaderSettings,
};
use crate::identity::watched::{FileProblem, Watched};
use crate::policy::Route;
use crate::url::{Authority, path::key_starts_with};

/// What `raw` at `path` describes; `routes` are those that may be asked.
pub fn compile(
    judge: &mut Judge,
    raw: &RawIdentity,
    path: &KeyPath,
    places: &Document<'_>,
    routes: &[(KeyPath, Route)],
) -> IdentitySettings {
    let mut sources = Vec::new();
    for key in places.keys(path) {
        let at = path.named(key);
        let source = match key {
            "basic" => raw.basic.as_ref().and_then(|raw| basic(judge, raw, &at)),
            "bearer" => raw.bearer.as_ref().and_then(|raw| bearer(judge, raw, &at)),
            "client_certificate" => raw
                .client_certificate
                .as_ref()
                .and_then(|raw| certificate(judge, raw, &at)),
            "trusted_header" => raw
                .trusted_header
                .as_ref()
                .and_then(|raw| trusted_header(judge, raw, &at)),
            "backend" => raw.backend.as_ref().and_then(|raw| back_end(judge, raw, &at, routes)),
            _ => None,
        };
        sources.extend(source);
    }
    let any = raw.basic.is_some()
        || raw.bearer.is_some()
        || raw.client_certificate.is_some()
        || raw.trusted_header.is_some()
        || raw.backend.is_some();
    if !any {
        let expected = "basic, bearer, client_certificate, trusted_header or backend";
        judge.refuse(Problem::new(path.clone(), "has no source").expected(expected));
    }
    let realm = raw.realm.as_deref().unwrap_or("davgate");
    if realm.is_empty() || !realm.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        judge
            .refuse(Problem::new(path.key("realm"), "is no realm").expected("ASCII letters, digits, signs and blanks"));
    }
    let others = compile_groups::bring_their_own(raw);
    IdentitySettings {
        realm: realm.to_owned(),
        sources,
        groups: compile_groups::compile(judge, raw.groups.as_ref(), &path.key("groups"), others),
    }
}

fn basic(judge: &mut Judge, raw: &RawBasic, path: &KeyPath) -> Option<SourceSettings> {
    let at = path.key("htpasswd");
    let file = judge.required(raw.htpasswd.as_deref(), &at, "a file with lines of name:hash")?;
    let htpasswd = judge.file(file);
    if judge.reads_secrets {
        tell(judge, &at, Watched::open(&htpasswd, htpasswd::parse).map(drop));
    }
    Some(SourceSettings::Basic(BasicSettings { htpasswd }))
}

/// Tells what is wrong with a file.
fn tell(judge: &mut Judge, path: &KeyPath, result: Result<(), FileProblem>) {
    for line in result.err().map(|problem| problem.lines()).unwrap_or_default() {
        judge.problems.push(Problem::new(path.clone(), line));
    }
}

fn bearer(judge: &mut Judge, raw: &RawBearer, path: &KeyPath) -> Option<SourceSettings> {
    let issuer = judge.required(raw.issuer.as_deref(), &path.key("issuer"), "the iss of the tokens");
    let at = path.key("audience");
    let list = judge.required(raw.audience.as_ref(), &at, "the aud of the tokens, or a list of them");
    let audience: Vec<String> = list
        .map(|list| {
            judge
                .items(Some(&list.0), &at)
                .into_iter()
                .map(|(_, name)| name.clone())
                .collect()
        })
        .unwrap_or_default();
    if list.is_some_and(|list| list.0.is_empty()) || audience.iter().any(String::is_empty) {
        judge.refuse(Problem::new(at, "is empty").expected("the aud of the tokens"));
    }
    for (key, value) in [
        ("issuer", &raw.issuer),
        ("user_claim", &raw.user_claim),
        ("groups_claim", &raw.groups_claim),
    ] {
        if value.as_ref().is_some_and(String::is_empty) {
            judge.refuse(Problem::new(path.key(key), "is empty").expected("a name"));
        }
    }
    let keys = key_source(judge, raw, path);
    let clock_skew = match raw.clock_skew {
        // 0 is meant here: no tolerance.
        Some(skew) if skew.0.is_zero() => Duration::ZERO,
        skew => at_most(judge, skew, Duration::from_secs(60), &path.key("clock_skew")),
    };
    Some(SourceSettings::Bearer(BearerSettings {
        issuer: issuer?.to_owned(),
        audience,
        keys: keys?,
        user_claim: raw.user_claim.clone().unwrap_or_else(|| "sub".to_owned()),
        groups_claim: raw.groups_claim.clone(),
        clock_skew,
    }))
}

/// A time of no more than ten minutes.
fn at_most(judge: &mut Judge, value: Option<super::values::TimeSpan>, default: Duration, path: &KeyPath) -> Duration {
    let time = judge.time(value, default, path);
    if time > Duration::from_secs(600) {
        judge.refuse(Problem::new(path.clone(), "is more than 10m").expected("10m at most"));
    }
    time
}

fn key_source(judge: &mut Judge, raw: &RawBearer, path: &KeyPath) -> Option<KeySource> {
    let at = path.key("jwks_url");
    match (&raw.jwks_file, &raw.jwks_url) {
        (Some(file), None) => {
            if raw.refresh.is_some() {
                let problem = Problem::new(path.key("refresh"), "stands beside jwks_file");
                judge.refuse(problem.expected("the key left out: the file is read again when it changes"));
            }
            let file = judge.file(file);
            if judge.reads_secrets {
                let opened = Watched::open(&file, keys::parse).map(drop);
                tell(judge, &path.key("jwks_file"), opened);
            }
            Some(KeySource::File(file))
        }
        (None, Some(url)) => {
            if !is_safe_url(url) {
                // The text is not shown: it may hold a key.
                let expected =
                    "https, or http to 127.0.0.1, [::1] or localhost: who can change the keys can be anybody";
                judge.refuse(Problem::new(at, "is no URL for keys").expected(expected));
            }
            let refresh = judge.time(raw.refresh, Duration::from_secs(3600), &path.key("refresh"));
            Some(KeySource::Url {
                url: url.clone(),
                refresh,
            })
        }
        (Some(_), Some(_)) => {
            judge.refuse(Problem::new(at, "stands beside jwks_file").expected("one of the two"));
            None
        }
        (None, None) => {
            let problem = Problem::new(path.key("jwks_file"), "missing");
            judge.refuse(problem.expected("a file with the issuer's keys; or jwks_url"));
            None
        }
    }
}

fn is_safe_url(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let known = Authority::parse(authority).is_some() && !url.contains('#') && url.parse::<http::Uri>().is_ok();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    let here = matches!(host, "localhost" | "[::1]")
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback());
    known && (scheme == "https" || (scheme == "http" && here))
}

fn certificate(judge: &mut Judge, raw: &RawClientCertificate, path: &KeyPath) -> Option<SourceSettings> {
    let user = judge.required(raw.user, &path.key("user"), "subject_cn, san_email, san_dns or san_uri")?;
    Some(SourceSettings::ClientCertificate(match user {
        RawCertificateUser::SubjectCn => CertificateUser::SubjectCn,
        RawCertificateUser::SanEmail => CertificateUser::SanEmail,
        RawCertificateUser::SanDns => CertificateUser::SanDns,
        RawCertificateUser::SanUri => CertificateUser::SanUri,
    }))
}

fn trusted_header(judge: &mut Judge, raw: &RawTrustedHeader, path: &KeyPath) -> Option<SourceSettings> {
    let at = path.key("user");
    let user = judge.required(raw.user.as_deref(), &at, "a header such as X-Remote-User");
    let user = user.and_then(|text| header(judge, text, &at));
    let at = path.key("groups");
    let groups = raw.groups.as_deref().and_then(|text| header(judge, text, &at));
    if user.is_some() && user == groups {
        judge.refuse(Problem::new(at, "is the header of the user").expected("a header of its own"));
    }
    let at = path.key("from");
    let expected = "the addresses of the proxies in front, such as 10.0.0.1 or 10.0.0.0/8";
    let list = judge.required(raw.from.as_ref(), &at, expected);
    if list.is_some_and(Vec::is_empty) {
        judge.refuse(Problem::new(at.clone(), "is empty").expected(expected));
    }
    let from = networks(judge, list, &at, expected);
    Some(SourceSettings::TrustedHeader(TrustedHeaderSettings {
        user: user?,
        groups,
        from,
    }))
}

fn back_end(judge: &mut Judge, raw: &RawVerify, path: &KeyPath, routes: &[(KeyPath, Route)]) -> Option<SourceSettings> {
    let at = path.key("verify");
    let text = judge.required(raw.verify.as_deref(), &at, "a public path that asks for credentials")?;
    let verify = judge.canonical(text, &at)?;
    let cache = at_most(judge, raw.cache, Duration::from_secs(60), &path.key("cache"));
    let inside = |route: &Route| key_starts_with(verify.key(), route.map.public().0.key());
    if !routes.is_empty() && !routes.iter().any(|(_, route)| inside(route)) {
        judge.refuse(Problem::new(at, "is in no route").expected("a public path whose back end knows the users"));
    }
    let depth = |route: &Route| route.map.public().0.segments().count();
    let mut around: Vec<&Route> = routes
        .iter()
        .map(|(_, route)| route)
        .filter(|route| inside(route))
        .collect();
    // The first of the deepest is asked.
    around.sort_by_key(|route| std::cmp::Reverse(depth(route)));
    if let [asked, others @ ..] = around.as_slice()
        && let origin = asked.backend.location.origin()
        && others
            .iter()
            .any(|other| depth(other) == depth(asked) && other.backend.location.origin() != origin)
    {
        let what = "is in routes of several hosts with several back ends; passwords for all of them go to that of";
        judge.warn(&path.key("verify"), format!("{what} {}", asked.name));
    }
    Some(SourceSettings::BackEnd(BackEndSettings {
        verify: verify.to_string(),
        cache,
        fold: matches!(raw.case, Some(RawCase::Fold)),
    }))
}

#[cfg(test)]
#[path = "compile_identity_tests.rs"]
mod tests;
