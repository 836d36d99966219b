//! From the file to the policy. In: a file, or its text and name. Out: the policy with warnings, or everything that is wrong,
//! each with its line. Stages in order: syntax, shape, meaning; a file that fails at the first has no others.

use std::net::SocketAddr;
use std::path::Path;

use super::document::{self, Document};
use super::error::{ConfigErrors, KeyPath, Problem};
use super::judge::Judge;
use super::raw::{List, RawConfig, RawListener};
use super::shape;
use super::{compile_identity, compile_route};
use crate::identity::BackEndCredentials;
use crate::policy::{AccessLog, Policy, Route};

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
    let Document { value, places } = match document::parse(bytes, SMALLEST, &mut problems) {
        Ok(document) => document,
        Err(problem) => return Err(ConfigErrors::new(file_name, vec![problem])),
    };
    let raw: RawConfig = shape::read(value, &mut problems);
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

fn compile_policy(judge: &mut Judge, raw: &RawConfig, places: &document::Place) -> Policy {
    let root = KeyPath::root();
    let mut taken = Vec::new();
    for (at, listener) in filled(judge, raw.listeners.as_ref(), &root.key("listeners"), LISTENERS) {
        compile_listener(judge, listener, &at, &mut taken);
    }
    let listeners: Vec<SocketAddr> = taken.iter().map(|(address, _)| *address).collect();
    let admin = raw
        .admin
        .as_ref()
        .and_then(|admin| compile_listener(judge, admin, &root.key("admin"), &mut taken));
    let access_log = match raw.access_log.as_deref() {
        None | Some("stdout") => AccessLog::Stdout,
        Some("off") => AccessLog::Off,
        Some("") => {
            judge.refuse(Problem::new(root.key("access_log"), "is empty").expected("stdout, off or a file"));
            AccessLog::Off
        }
        Some(path) => AccessLog::File(judge.file(path)),
    };
    let mut routes: Vec<(KeyPath, Route)> = Vec::new();
    for (at, raw_route) in filled(judge, raw.routes.as_ref(), &root.key("routes"), ROUTES) {
        if let Some(route) = compile_route::compile(judge, raw_route, &at, places) {
            compile_route::compare(judge, &route, &at, &routes);
            routes.push((at, route));
        }
    }
    let identity = raw
        .identity
        .as_ref()
        .map(|raw| compile_identity::compile(judge, raw, &root.key("identity"), places, &routes));
    for (at, route) in &routes {
        // Without a source nobody has a name that the header could hold.
        if matches!(route.backend.credentials, BackEndCredentials::Header(_)) && raw.identity.is_none() {
            let at = at.key("backend").key("credentials").key("header");
            judge.refuse(Problem::new(at, "nobody says who is asking").expected("identity, with a source"));
        }
    }
    Policy {
        listeners,
        admin,
        identity,
        access_log,
        routes: routes.into_iter().map(|(_, route)| route).collect(),
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

/// The address of a listener; `taken` are those before it, and then it too.
fn compile_listener(
    judge: &mut Judge,
    raw: &RawListener,
    path: &KeyPath,
    taken: &mut Vec<(SocketAddr, KeyPath)>,
) -> Option<SocketAddr> {
    let at = path.key("address");
    let text = judge.required(
        raw.address.as_deref(),
        &at,
        "an IP address and a port, such as 0.0.0.0:8080",
    )?;
    let address = judge.address(text, &at)?;
    // Port 0 is a free port, a new one each time.
    if let Some((_, other)) = taken.iter().find(|(other, _)| *other == address && address.port() != 0) {
        judge.refuse(Problem::new(at, format!("{address} is taken by {other}")).expected("another address"));
        return None;
    }
    taken.push((address, path.clone()));
    Some(address)
}
