//! From the file to the policy. In: a file, or its text and name. Out: the policy with warnings, or everything that is wrong,
//! each with its line. Stages in order: syntax, shape, meaning; a file that fails at the first has no others.

use std::path::Path;

use super::document::{self, Document};
use super::error::{ConfigErrors, KeyPath, Problem};
use super::judge::Judge;
use super::raw::{List, RawConfig};
use super::shape;
use super::{
    compile_clients, compile_groups, compile_identity, compile_listener, compile_locks, compile_names, compile_route,
    compile_well_known,
};
use crate::access::{Acl, Who};
use crate::identity::BackEndCredentials;
use crate::identity::settings::{IdentitySettings, Member, SourceSettings};
use crate::policy::{LogTarget, Policy, Route};

/// A good file.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub policy: Policy,
    /// What it probably does not mean: `file:line: key.path: ...`, in the order of the file.
    pub warnings: Vec<String>,
}

/// Reads the file at `path`; relative paths inside start at its directory.
pub fn load(path: &Path) -> Result<Loaded, ConfigErrors> {
    load_with(path, true)
}

/// As [`load`], for those who only ask about rules: passwords and keys in files and variables are not read, and need not be there. What
/// comes of it cannot serve.
pub fn load_rules(path: &Path) -> Result<Loaded, ConfigErrors> {
    load_with(path, false)
}

fn load_with(path: &Path, reads_secrets: bool) -> Result<Loaded, ConfigErrors> {
    let name = path.display().to_string();
    let directory = path.parent().unwrap_or(Path::new(""));
    compile_bytes(&bytes_of(path)?, &name, directory, reads_secrets)
}

/// The bytes of a file.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, ConfigErrors> {
    std::fs::read(path).map_err(|error| {
        let problem = Problem::new(KeyPath::root(), format!("cannot be read: {error}"));
        ConfigErrors::new(&path.display().to_string(), vec![problem])
    })
}

/// Reads `text` as the file `file_name`; relative paths inside start at that name's directory.
pub fn compile(text: &str, file_name: &str) -> Result<Loaded, ConfigErrors> {
    let directory = Path::new(file_name).parent().unwrap_or(Path::new(""));
    compile_bytes(text.as_bytes(), file_name, directory, true)
}

/// As [`compile`], where [`load_rules`] is as [`load`].
pub fn compile_rules(text: &str, file_name: &str) -> Result<Loaded, ConfigErrors> {
    let directory = Path::new(file_name).parent().unwrap_or(Path::new(""));
    compile_bytes(text.as_bytes(), file_name, directory, false)
}

fn compile_bytes(bytes: &[u8], file_name: &str, directory: &Path, reads_secrets: bool) -> Result<Loaded, ConfigErrors> {
    let mut problems = Vec::new();
    let mut places = match document::parse(bytes, SMALLEST, &mut problems) {
        Ok(document) => document,
        Err(problem) => return Err(ConfigErrors::new(file_name, vec![problem])),
    };
    let raw: RawConfig = shape::read(&mut places, &mut problems);
    let mut judge = Judge::new(directory, problems);
    judge.reads_secrets = reads_secrets;
    let policy = compile_policy(&mut judge, &raw, &places);
    let Judge { problems, warnings, .. } = judge;
    let errors = ConfigErrors::located(file_name, problems, &places);
    if !errors.problems().is_empty() {
        return Err(errors);
    }
    let warnings = ConfigErrors::located(file_name, warnings, &places).lines().collect();
    Ok(Loaded { policy, warnings })
}

const SMALLEST: &str = "listeners and routes";

fn compile_policy(judge: &mut Judge, raw: &RawConfig, places: &Document<'_>) -> Policy {
    let root = KeyPath::root();
    let mut taken = Vec::new();
    let mut listeners = Vec::new();
    for (at, listener) in filled(judge, raw.listeners.as_ref(), &root.key("listeners"), LISTENERS) {
        listeners.extend(compile_listener::compile(judge, listener, &at, &mut taken));
    }
    let admin = raw
        .admin
        .as_ref()
        .and_then(|admin| compile_listener::admin(judge, admin, &root.key("admin"), &mut taken));
    let access_log = log_target(judge, raw.access_log.as_deref(), root.key("access_log"));
    let audit_log = log_target(judge, raw.audit_log.as_deref(), root.key("audit_log"));
    let groups = compile_groups::known(raw.identity.as_ref());
    let mut routes: Vec<(KeyPath, Route)> = Vec::new();
    for (at, raw_route) in filled(judge, raw.routes.as_ref(), &root.key("routes"), ROUTES) {
        if let Some(route) = compile_route::compile(judge, raw_route, &at, places, groups.as_ref()) {
            compile_route::compare(judge, &route, &at, &routes);
            routes.push((at, route));
        }
    }
    let identity = raw
        .identity
        .as_ref()
        .map(|raw| compile_identity::compile(judge, raw, &root.key("identity"), places, &routes));
    if let Some(identity) = &identity {
        compile_names::warn(judge, identity, &root.key("identity"), &routes);
    }
    let certificate = |source: &SourceSettings| matches!(source, SourceSettings::ClientCertificate(_));
    let mut sources = identity.iter().flat_map(|identity| &identity.sources);
    if sources.any(certificate) {
        compile_listener::refuse_unasked(judge, &listeners, &root.key("identity").key("client_certificate"));
    }
    if let Some(identity) = identity.as_ref().filter(|identity| identity.folds_names()) {
        refuse_unfolded(judge, identity, &root.key("identity").key("groups"), &routes);
    }
    if raw.identity.is_none() {
        routes
            .iter()
            .for_each(|(at, route)| refuse_without_identity(judge, route, at));
    }
    let clients = compile_clients::compile(judge, raw.clients.as_ref(), &root.key("clients"));
    let at = root.key("locks");
    let locks = compile_locks::compile(judge, raw.locks.as_ref(), &at);
    compile_locks::compare(judge, raw.locks.as_ref(), &at, &routes);
    let well_known = compile_well_known::compile(judge, raw.well_known.as_ref(), &root.key("well_known"), &routes);
    Policy {
        listeners,
        admin,
        identity,
        access_log,
        audit_log,
        clients,
        locks,
        well_known,
        routes: routes.into_iter().map(|(_, route)| route).collect(),
    }
}

/// Refuses what needs a name on `route`, where no source of identity gives anybody one.
fn refuse_without_identity(judge: &mut Judge, route: &Route, path: &KeyPath) {
    let nobody = |at| Problem::new(at, "nobody says who is asking").expected("identity, with a source");
    if matches!(route.backend.credentials, BackEndCredentials::Header(_)) {
        judge.refuse(nobody(path.key("backend").key("credentials").key("header")));
    }
    if route.auto_home.is_some() {
        judge.refuse(nobody(path.key("auto_home")));
    }
    let anonymous = |who: &Who| matches!(who, Who::Everyone | Who::Anonymous);
    compile_locks::refuse_without_identity(judge, route, path);
    let rules = route.access.iter().flat_map(Acl::rules);
    for (_, ace) in rules.filter(|(_, ace)| !ace.to.iter().all(anonymous)).take(1) {
        judge.refuse(nobody(path.key("access")).on_line(ace.line));
    }
}

/// Refuses names that nobody can have where all names are taken in lower case: a denial to one would deny nothing.
fn refuse_unfolded(judge: &mut Judge, identity: &IdentitySettings, groups: &KeyPath, routes: &[(KeyPath, Route)]) {
    let unfolded = |at: KeyPath, name: &str| {
        let folded = name.to_lowercase();
        let what = format!("{name:?} is nobody: identity.backend takes names in lower case");
        (folded != name).then(|| Problem::new(at, what).expected(format!("{folded:?}")))
    };
    for (group, member) in identity
        .groups
        .iter()
        .flat_map(|(group, all)| all.iter().map(move |one| (group, one)))
    {
        if let Member::User(name) = member
            && let Some(problem) = unfolded(groups.named(group), name)
        {
            judge.refuse(problem);
        }
    }
    for (path, route) in routes {
        for (_, ace) in route.access.iter().flat_map(Acl::rules) {
            let names = ace
                .to
                .iter()
                .filter_map(|who| if let Who::User(name) = who { Some(name) } else { None });
            for problem in names.filter_map(|name| unfolded(path.key("access"), name)) {
                judge.refuse(problem.on_line(ace.line));
            }
        }
    }
}

/// Where a log goes.
fn log_target(judge: &mut Judge, raw: Option<&str>, path: KeyPath) -> LogTarget {
    match raw {
        None | Some("stdout") => LogTarget::Stdout,
        Some("off") => LogTarget::Off,
        Some("") => {
            judge.refuse(Problem::new(path, "is empty").expected("stdout, off or a file"));
            LogTarget::Off
        }
        Some(file) => LogTarget::File(judge.file(file)),
    }
}

const LISTENERS: &str = "at least one listener with address";
const ROUTES: &str = "at least one route with path and backend";

/// The items of a list that must be there and hold something.
fn filled<'a, T>(
    judge: &mut Judge,
    list: Option<&'a List<T>>,
    path: &KeyPath,
    expected: &str,
) -> Vec<(KeyPath, &'a T)> {
    let list = judge.required(list, path, expected);
    if list.is_some_and(Vec::is_empty) {
        judge.refuse(Problem::new(path.clone(), "is empty").expected(expected));
    }
    judge.items(list, path)
}
