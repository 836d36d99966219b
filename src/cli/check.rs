//! `davgate check FILE`: all that is wrong with a configuration file, or what it does. In: the file. Out: errors and warnings on
//! standard error, a summary of a good file on standard output, exit code 0 for good and 1 for wrong. With `--connect`, also whether the
//! lock store and the back ends answer.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::access::Acl;
use crate::config::load;
use crate::gateway::connect::{self, Grade};
use crate::identity::settings::{BackEndCredentials, SourceSettings};
use crate::policy::locking::StoreSettings;
use crate::policy::{
    AdminSettings, CollectionGet, Compress, Limits, Listener, Location, Locking, LogTarget, MaxDepth, MethodRule, Mode,
    Policy, Route,
};

/// Checks `file`; the summary goes to `out`, errors and warnings to `err`.
pub fn check(file: &Path, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    match load(file) {
        Err(errors) => {
            writeln!(err, "{errors}")?;
            let count = errors.problems().len();
            writeln!(
                err,
                "{}: {count} error{}",
                file.display(),
                if count == 1 { "" } else { "s" }
            )?;
            Ok(ExitCode::from(1))
        }
        Ok(loaded) => {
            for warning in &loaded.warnings {
                writeln!(err, "warning: {warning}")?;
            }
            write!(out, "{}", Summary(&loaded.policy))?;
            writeln!(out, "{}: good", file.display())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// As [`check`], and asks what a good file names: back ends and the lock store. What is not as it should be is an error too.
pub fn connect(file: &Path, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let checked = check(file, out, err)?;
    let Ok(loaded) = load(file) else { return Ok(checked) };
    let found = connect::connect(&loaded.policy)?;
    for finding in &found {
        match finding.grade {
            Grade::Good => writeln!(out, "{}", finding.what)?,
            Grade::Warning => writeln!(err, "warning: {}", finding.what)?,
            Grade::Error => writeln!(err, "error: {}", finding.what)?,
        }
    }
    let failed = found.iter().any(|finding| finding.grade == Grade::Error);
    Ok(if failed { ExitCode::from(1) } else { checked })
}

/// What a policy does, in a few lines a route.
struct Summary<'a>(&'a Policy);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(policy) = self;
        for Listener { address, tls, http2 } in &policy.listeners {
            let clients = tls
                .as_ref()
                .map(|tls| tls.clients.as_ref().map(|clients| clients.required));
            let tls = match clients {
                None => "",
                Some(None) => " (TLS)",
                Some(Some(true)) => " (TLS, client certificates required)",
                Some(Some(false)) => " (TLS, client certificates optional)",
            };
            let http2 = match (*http2, clients) {
                (true, None) => " (HTTP/2 too)",
                (false, Some(_)) => " (no HTTP/2)",
                (true, Some(_)) | (false, None) => "",
            };
            writeln!(f, "listener {address}{tls}{http2}")?;
        }
        match &policy.admin {
            Some(AdminSettings { address, token: None }) => writeln!(f, "admin {address}")?,
            Some(AdminSettings {
                address,
                token: Some(_),
            }) => writeln!(f, "admin {address} (shows locks)")?,
            None => writeln!(f, "admin none")?,
        }
        for (name, target) in [("access", &policy.access_log), ("audit", &policy.audit_log)] {
            match target {
                LogTarget::Stdout => writeln!(f, "{name} log stdout")?,
                LogTarget::Off => writeln!(f, "{name} log off")?,
                LogTarget::File(path) => writeln!(f, "{name} log {}", path.display())?,
            }
        }
        match &policy.locks.store {
            StoreSettings::Memory => writeln!(f, "locks memory")?,
            StoreSettings::File(path) => writeln!(f, "locks file {}", path.display())?,
            StoreSettings::Redis(redis) => writeln!(f, "locks redis {} (prefix {})", redis.url, redis.prefix)?,
        }
        if let Some(identity) = &policy.identity {
            let sources: Vec<&str> = identity.sources.iter().map(SourceSettings::name).collect();
            writeln!(f, "identity {} (realm {})", sources.join(", "), identity.realm)?;
        }
        for (name, place) in policy.well_known.named() {
            writeln!(f, "/.well-known/{name} -> {place}")?;
        }
        let known = policy.identity.is_some();
        policy.routes.iter().try_for_each(|route| write_route(f, route, known))
    }
}

/// The summary is there to be read: of generated files it shows the beginning.
const SHOWN_RULES: usize = 50;

/// `known`: there are sources of identity.
fn write_route(f: &mut Formatter<'_>, route: &Route, known: bool) -> fmt::Result {
    let hosts = if route.hosts.is_empty() {
        "any host".to_owned()
    } else {
        route.hosts.join(", ")
    };
    writeln!(f, "route {} (line {})", route.name, route.line)?;
    write!(f, "  {hosts}: {} -> ", route.map.public())?;
    match &route.backend.location {
        Location::Url(origin) => writeln!(f, "{origin}{} ({})", route.map.upstream(), route.backend.profile.name)?,
        Location::Embedded(directory) => writeln!(f, "directory {} (embedded)", directory.display())?,
    }
    if route.unprefixed {
        writeln!(f, "  requests come without {}", route.map.public())?;
    }
    match &route.backend.credentials {
        BackEndCredentials::Pass => {}
        BackEndCredentials::Service(account) => writeln!(f, "  the back end sees the account {}", account.user)?,
        BackEndCredentials::Header(name) => writeln!(f, "  the back end is told the user in {name}")?,
    }
    match route.collection_get {
        CollectionGet::Pass => {}
        CollectionGet::Deny => writeln!(f, "  GET of a folder: refused")?,
        CollectionGet::Synthetic => writeln!(
            f,
            "  GET of a folder: a listing of davgate's own, where not all of it may be read"
        )?,
    }
    match route.locks.locking {
        Locking::Observe => writeln!(f, "  locks: the back end's, used by their creators only")?,
        Locking::Emulate => writeln!(f, "  locks: davgate's own")?,
        Locking::Off => writeln!(f, "  locks: none")?,
    }
    if let Some(quota) = route.quota {
        let seconds = quota.per.as_secs_f64();
        writeln!(
            f,
            "  quota: uploads of {} in {seconds} s for each user",
            Size(quota.bytes)
        )?;
    }
    match route.compress {
        None => {}
        Some(Compress { xml: false }) => writeln!(f, "  files are compressed for clients")?,
        Some(Compress { xml: true }) => writeln!(f, "  files, listings and reports are compressed for clients")?,
    }
    if let Some(homes) = &route.auto_home {
        writeln!(f, "  homes {homes} are made on the first request")?;
    }
    for (name, value) in &route.added {
        writeln!(f, "  every answer has {name}: {}", value.to_str().unwrap_or_default())?;
    }
    if route.mode == Mode::Report {
        writeln!(f, "  report mode: what methods and access refuse is told, and passes")?;
    }
    for (pattern, rule) in route.methods.rules().take(SHOWN_RULES) {
        write_rule(f, pattern.as_str(), rule)?;
    }
    match route.methods.rules().count().saturating_sub(SHOWN_RULES) {
        0 => {}
        more => writeln!(f, "  and {more} more rules")?,
    }
    if !route.methods.rules().any(|(pattern, _)| pattern.covers_everything()) {
        writeln!(f, "  elsewhere: nothing")?;
    }
    write_limits(f, &route.limits)?;
    match &route.access {
        Some(access) => write_access(f, access),
        None => writeln!(
            f,
            "  no access control of its own{}: who may do what is the back end's decision",
            if known { ", although identity is there" } else { "" }
        ),
    }
}

fn write_access(f: &mut Formatter<'_>, access: &Acl) -> fmt::Result {
    for (pattern, ace) in access.rules().take(SHOWN_RULES) {
        writeln!(f, "  {}: {ace}", pattern.as_str())?;
    }
    match access.rules().count().saturating_sub(SHOWN_RULES) {
        0 => {}
        more => writeln!(f, "  and {more} more rules of access")?,
    }
    writeln!(f, "  what no rule of access grants is denied")
}

fn write_rule(f: &mut Formatter<'_>, path: &str, rule: &MethodRule) -> fmt::Result {
    let allowed = rule.allowed.allow();
    write!(f, "  {path}: {}", if allowed.is_empty() { "nothing" } else { &allowed })?;
    match rule.body {
        Some(body) => writeln!(f, " (body {})", Size(body)),
        None => writeln!(f),
    }
}

fn write_limits(f: &mut Formatter<'_>, limits: &Limits) -> fmt::Result {
    write!(f, "  limits: body ")?;
    match limits.body {
        Some(body) => write!(f, "{}", Size(body))?,
        None => write!(f, "unlimited")?,
    }
    write!(
        f,
        ", xml {} ({} deep, {} elements)",
        Size(limits.xml),
        limits.xml_depth,
        limits.xml_elements
    )?;
    write!(f, ", report {}, target {}", Size(limits.report), Size(limits.target))?;
    let depth = match limits.propfind_depth {
        MaxDepth::Zero => "0",
        MaxDepth::One => "1",
        MaxDepth::Infinity => "infinity",
    };
    write!(f, ", propfind depth {depth}")?;
    writeln!(
        f,
        ", headers {} in {} lines of {}",
        Size(limits.headers),
        limits.header_count,
        Size(limits.header_line)
    )
}

/// A number of bytes in the largest unit that divides it.
struct Size(u64);

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let Self(bytes) = *self;
        match UNITS
            .iter()
            .find(|(_, shift)| bytes != 0 && bytes.is_multiple_of(1 << shift))
        {
            Some((unit, shift)) => write!(f, "{}{unit}", bytes >> shift),
            None => write!(f, "{bytes}B"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> (ExitCode, String, String) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("davgate.yaml");
        std::fs::write(&file, text).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = check(&file, &mut out, &mut err).unwrap();
        let name = file.display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&name, "FILE");
        (code, text(out), text(err))
    }

    #[test]
    fn a_good_file_is_summed_up() {
        let (code, out, err) = checked(
            "listeners: [{ address: '127.0.0.1:8080' }]\nroutes:\n  - name: files\n    hosts: [dav.example.org]\n    path: /files/\n    \
             backend: { url: 'http://127.0.0.1:8081/dav/', profile: apache }\n    methods:\n      \
             - { path: /a/**, allow: [read] }\n      - { path: /a/b, allow: [PUT], limits: { body: 5MiB } }\n",
        );
        assert_eq!(code, ExitCode::SUCCESS);
        assert_eq!(
            err,
            "warning: FILE:9: routes[0].methods[1]: can never match: the rule on line 8 comes first\n"
        );
        let expected = "listener 127.0.0.1:8080\nadmin none\naccess log stdout\naudit log stdout\nlocks memory\nroute files (line 3)\n  dav.example.org: /files/ -> \
                        http://127.0.0.1:8081/dav/ (apache)\n  locks: the back end's, used by their creators only\n  /a/**: GET, HEAD, OPTIONS, PROPFIND, REPORT\n  /a/b: PUT (body 5MiB)\n  \
                        elsewhere: nothing\n  limits: body unlimited, xml 1MiB (64 deep, 50000 elements), report 4MiB, target 8KiB, \
                        propfind depth 1, headers 64KiB in 128 lines of 16KiB\n  no access control of its own: who may do what is the \
                        back end's decision\nFILE: good\n";
        assert_eq!(out, expected);
    }

    // who reads the summary sees what the back end is told
    #[test]
    fn what_the_back_end_is_told() {
        let (code, out, err) = checked(
            "listeners: [{ address: '127.0.0.1:8080' }]\nidentity: { trusted_header: { user: X-User, from: [10.0.0.1] } }\nroutes:\n  \
             - path: /a/\n    backend: { url: 'http://127.0.0.1:8081/', credentials: { header: X-Name } }\n    collection_get: deny\n    \
             access: [{ path: /**, allow: [read], to: everyone }]\n",
        );
        assert_eq!((code, err.as_str()), (ExitCode::SUCCESS, ""));
        let told =
            "(generic)\n  the back end is told the user in x-name\n  GET of a folder: refused\n  locks: the back end's";
        assert!(out.contains(told), "{out}");
    }

    // who reads the summary sees where nobody is kept out
    #[test]
    fn access_and_its_absence_are_told() {
        let (code, out, err) = checked(
            "listeners: [{ address: '127.0.0.1:8080' }]\nidentity: { trusted_header: { user: X-User, from: [10.0.0.1] } }\nroutes:\n  \
             - path: /a/\n    backend: { url: 'http://127.0.0.1:8081/' }\n    access: [{ path: /**, allow: [read], to: [everyone, \
             'user:ann'] }]\n  - path: /b/\n    backend: { url: 'http://127.0.0.1:8081/' }\n",
        );
        assert_eq!((code, err.as_str()), (ExitCode::SUCCESS, ""));
        for line in [
            "identity trusted_header (realm davgate)",
            "  /**: allow read to everyone, user:ann",
            "  what no rule of access grants is denied",
            "  no access control of its own, although identity is there: who may do what is the back end's decision",
        ] {
            assert!(out.lines().any(|told| told == line), "{line} in\n{out}");
        }
    }

    // B-96, RM-2, RM-15 to RM-20
    #[test]
    fn conveniences_are_told() {
        let (code, out, err) = checked(
            "listeners: [{ address: '127.0.0.1:8080' }]\nidentity: { trusted_header: { user: X-User, from: [10.0.0.1] } }\nwell_known: { \
             caldav: /a/ }\nroutes:\n  - path: /a/\n    backend: { url: 'http://127.0.0.1:8081/', credentials: { header: X-Name } }\n    access: \
             [{ path: /**, allow: [read], to: everyone }]\n    accept_unprefixed: true\n    auto_home: '/{user}/'\n    compress: true\n    \
             headers: { X-Frame-Options: DENY }\n    quota: { bytes: 1GiB, per: 90m }\n",
        );
        assert_eq!((code, err.as_str()), (ExitCode::SUCCESS, ""));
        for line in [
            "/.well-known/caldav -> /a/",
            "  requests come without /a/",
            "  quota: uploads of 1GiB in 5400 s for each user",
            "  files are compressed for clients",
            "  homes /{user}/ are made on the first request",
            "  every answer has X-Frame-Options: DENY",
        ] {
            assert!(out.lines().any(|told| told == line), "{line} in\n{out}");
        }
    }

    #[test]
    fn a_wrong_file_is_exit_code_1_with_every_error() {
        let (code, out, err) = checked("listeners: []\nroutes: []\n");
        assert_eq!(code, ExitCode::from(1));
        assert_eq!(out, "");
        assert_eq!(
            err,
            "FILE:1: listeners: is empty; expected at least one listener with address\n\
             FILE:2: routes: is empty; expected at least one route with path and backend\nFILE: 2 errors\n"
        );
    }
}
