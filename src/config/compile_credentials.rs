//! `backend.credentials`. In: its raw form. Out: who the back end sees, with the password read from its file or the
//! environment; no message holds it.

use http::HeaderName;

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw_credentials::{RawCredentials, RawOther, RawService};
use crate::identity::Secret;
use crate::identity::settings::{BackEndCredentials, ServiceAccount};
use crate::identity::watched::read_secret;

/// Fields that have a meaning of their own and can never name a user.
const NO_NAMES: [&str; 17] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "depth",
    "destination",
    "expect",
    "host",
    "if",
    "lock-token",
    "overwrite",
    "proxy-authorization",
    "te",
    "timeout",
    "transfer-encoding",
];

/// What `raw` at `path` describes.
pub fn compile(judge: &mut Judge, raw: Option<&RawCredentials>, path: &KeyPath) -> BackEndCredentials {
    let other = match raw {
        None | Some(RawCredentials::Pass) => return BackEndCredentials::Pass,
        Some(RawCredentials::Other(other)) => other,
    };
    let compiled = match other {
        RawOther {
            service: Some(_),
            header: Some(_),
        } => {
            judge.refuse(Problem::new(path.key("header"), "stands beside service").expected("one of the two"));
            None
        }
        RawOther {
            service: Some(service), ..
        } => account(judge, service, &path.key("service")).map(BackEndCredentials::Service),
        RawOther { header: Some(name), .. } => header(judge, name, &path.key("header")).map(BackEndCredentials::Header),
        RawOther {
            service: None,
            header: None,
        } => {
            judge.refuse(Problem::new(path.clone(), "is empty").expected("service or header"));
            None
        }
    };
    compiled.unwrap_or_default()
}

/// The name of a header that may name a user.
pub fn header(judge: &mut Judge, text: &str, path: &KeyPath) -> Option<HeaderName> {
    let expected = "a header such as X-Remote-User, of letters, digits and -";
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = HeaderName::try_from(text).ok().filter(|name| plain(name.as_str()));
    let Some(name) = name else {
        judge.refuse(Problem::new(path.clone(), format!("{text:?} is no name of a header")).expected(expected));
        return None;
    };
    if NO_NAMES.contains(&name.as_str()) {
        judge.refuse(Problem::new(path.clone(), format!("{text} has a meaning of its own")).expected(expected));
        return None;
    }
    Some(name)
}

fn account(judge: &mut Judge, raw: &RawService, path: &KeyPath) -> Option<ServiceAccount> {
    let at = path.key("user");
    let user = judge.required(raw.user.as_deref(), &at, "the name of the gateway's account");
    if user.is_some_and(|user| user.is_empty() || user.contains(|c: char| c == ':' || c.is_control())) {
        judge.refuse(Problem::new(at, "is no user name").expected("a name without colon"));
    }
    let password = password(judge, raw, path);
    Some(ServiceAccount {
        user: user?.to_owned(),
        password: password?,
    })
}

fn password(judge: &mut Judge, raw: &RawService, path: &KeyPath) -> Option<Secret> {
    let at = path.key("password_env");
    match (&raw.password_file, &raw.password_env) {
        (Some(_), None) | (None, Some(_)) if !judge.reads_secrets => Some(Secret::new(String::new())),
        (Some(file), None) => {
            let found = read_secret(&judge.file(file));
            let refuse = |line| judge.refuse(Problem::new(path.key("password_file"), line));
            found.map_err(|error| error.lines().into_iter().for_each(refuse)).ok()
        }
        (None, Some(name)) => match std::env::var(name) {
            Ok(value) if !value.is_empty() && !value.contains(char::is_control) => Some(Secret::new(value)),
            Ok(_) | Err(_) => {
                let what = format!("the environment variable {name} is not set, or holds no password");
                judge.refuse(Problem::new(at, what).expected("one line"));
                None
            }
        },
        (Some(_), Some(_)) => {
            judge.refuse(Problem::new(at, "stands beside password_file").expected("one of the two"));
            None
        }
        (None, None) => {
            let problem = Problem::new(path.key("password_file"), "missing");
            judge.refuse(problem.expected("a file with the password; or password_env, a variable"));
            None
        }
    }
}
