//! Whether everything that a configuration names can be reached: `davgate check --connect`. In: a policy. Out: a line for the lock store and
//! for the back end of each route, and a warning for each back end that answers past the gateway. Nothing is changed: back ends get OPTIONS,
//! Redis a PING, and the file of locks is not opened as such, since the gateway that runs has it.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use http::HeaderMap;

use super::{
    elsewhere::Elsewhere,
    transact::{HeldBody, Outgoing, Transactor},
    upstream::Upstream,
};
use crate::{
    identity::{Principal, outbound},
    policy::{Location, Locking, Method, Policy, Route, locking::StoreSettings},
    store,
};

/// How long a back end may take.
const TIME: Duration = Duration::from_secs(10);

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// It works, and may not be meant.
    Warning,
    /// It does not work.
    Error,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How good it is.
    pub grade: Grade,
    /// What is there, or what is wrong.
    pub what: String,
}

impl Finding {
    fn of(subject: &str, result: Result<String, String>) -> Self {
        let grade = if result.is_ok() { Grade::Good } else { Grade::Error };
        let (Ok(told) | Err(told)) = result;
        Self {
            grade,
            what: format!("{subject}: {told}"),
        }
    }
}

/// Asks everything that `policy` names.
///
/// # Errors
/// This process cannot do network at all.
pub fn connect(policy: &Policy) -> io::Result<Vec<Finding>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    Ok(runtime.block_on(async {
        let mut found = vec![ask_store(&policy.locks.store).await];
        let transactor = Arc::new(Transactor::new());
        let upstreams = policy.routes.iter().zip(0..);
        let upstreams: Vec<Arc<Upstream>> = upstreams
            .map(|(route, number)| Arc::new(Upstream::new(&route.backend, number, None)))
            .collect();
        for (route, upstream) in policy.routes.iter().zip(&upstreams) {
            let subject = format!("route {}", route.name);
            let result = match &route.backend.location {
                Location::Embedded(directory) => ask_directory(directory),
                Location::Url(_) => {
                    let asked = tokio::time::timeout(TIME, ask_back_end(&transactor, upstream, route));
                    asked
                        .await
                        .unwrap_or_else(|_| Err("the back end takes longer than 10 s".to_owned()))
                }
            };
            found.push(Finding::of(&subject, result));
        }
        found.extend(ask_elsewhere(&Elsewhere::new(policy, &upstreams, &transactor)).await);
        found
    }))
}

async fn ask_elsewhere(elsewhere: &Elsewhere) -> Vec<Finding> {
    let warning = |what: String| Finding {
        grade: Grade::Warning,
        what,
    };
    match elsewhere.look().await {
        Ok(exposed) => exposed.iter().map(|exposed| warning(exposed.to_string())).collect(),
        Err(cause) => vec![warning(format!(
            "the addresses of this machine cannot be told: {cause}"
        ))],
    }
}

async fn ask_store(settings: &StoreSettings) -> Finding {
    match settings {
        StoreSettings::Memory => Finding::of("locks", Ok("in memory, they end with the process".to_owned())),
        StoreSettings::File(path) => Finding::of(&format!("locks file {}", path.display()), ask_file(path)),
        StoreSettings::Redis(redis) => {
            let answer = store::open(settings).ping().await;
            let told = answer.map(|()| "answers".to_owned()).map_err(|down| down.to_string());
            Finding::of(&format!("locks redis {}", redis.url), told)
        }
    }
}

fn ask_file(path: &Path) -> Result<String, String> {
    if path.exists() {
        let opened = fs::OpenOptions::new().append(true).open(path);
        return opened
            .map(|_| "is there".to_owned())
            .map_err(|cause| format!("cannot be written: {cause}"));
    }
    let directory = path.parent().unwrap_or(Path::new(""));
    let directory = if directory == Path::new("") {
        Path::new(".")
    } else {
        directory
    };
    tempfile::tempfile_in(directory)
        .map(|_| "will be made".to_owned())
        .map_err(|cause| format!("cannot be made: {cause}"))
}

fn ask_directory(directory: &Path) -> Result<String, String> {
    let there = fs::read_dir(directory);
    there
        .map(|_| format!("the directory {} is there", directory.display()))
        .map_err(|cause| format!("the directory {} cannot be read: {cause}", directory.display()))
}

async fn ask_back_end(transactor: &Transactor, upstream: &Upstream, route: &Route) -> Result<String, String> {
    let origin = route.backend.location.origin();
    let mut headers = HeaderMap::new();
    outbound::changes(&route.backend.credentials, &Principal::anonymous(), &HeaderMap::new()).apply(&mut headers);
    let request = Outgoing {
        method: Method::Options,
        target: route.map.upstream().to_string(),
        headers,
        host: origin.authority.to_string(),
        body: HeldBody::None,
    };
    let answer = transactor.send(upstream, &request).await;
    let answer = answer.map_err(|error| format!("{origin} cannot be asked: {error}"))?;
    let status = answer.status.as_u16();
    let classes: Vec<&str> = answer
        .headers
        .get_all("dav")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let classes = classes.join(", ");
    let has_locks = classes.split(',').any(|class| class.trim() == "2");
    if answer.status.is_server_error() || status == 404 {
        return Err(format!("{origin} answers {status} to OPTIONS {}", request.target));
    }
    if status == 401 || status == 403 {
        return Ok(format!(
            "{origin} answers, {status} to OPTIONS: it asks who is there first"
        ));
    }
    if route.locks.locking == Locking::Observe && route.speaks_dav() && !has_locks {
        return Err(format!(
            "{origin} answers {status} and says DAV: {classes}, without class 2: it has no locks; expected locking: emulate or off"
        ));
    }
    Ok(format!(
        "{origin} answers {status}, DAV: {}",
        if classes.is_empty() { "none" } else { &classes }
    ))
}
