//! `davgate detect`: looks at a back end and prints the configuration to start from. In: its URL. Out: YAML on standard output, with what was
//! seen as comments. Exit code 0: its kind is known; 3: it is not; 1: it cannot be asked.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use http::HeaderValue;

use crate::config::compile;
use crate::gateway::detect::{Likely, Seen, look};
use crate::identity::watched::read_secret;

/// Its kind is not known.
const UNKNOWN: u8 = 3;

/// The arguments.
#[derive(Debug, Args)]
pub struct DetectArgs {
    /// The back end, with the path that is to be served: http://127.0.0.1:8081/dav/
    pub url: String,
    /// An account of the back end to look with; without one, as nobody
    #[arg(long, value_name = "NAME", requires = "password_file")]
    pub user: Option<String>,
    /// The file whose only line is its password
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
}

/// Looks, and tells.
///
/// # Errors
/// Nothing can be written, or this process cannot do network at all.
pub fn detect(args: &DetectArgs, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let url = &args.url;
    // The one reading of such a URL is the configuration's.
    let text = format!(
        "listeners:\n  - address: 127.0.0.1:8080\nroutes:\n  - path: /\n    backend:\n      url: {}\n",
        serde_json::Value::from(url.as_str())
    );
    let loaded = match compile(&text, "detect") {
        Ok(loaded) => loaded,
        Err(errors) => {
            for error in errors.to_string().lines().filter(|line| line.contains("backend.url")) {
                let what = error.split_once("backend.url: ").map_or(error, |(_, what)| what);
                writeln!(err, "davgate: {url}: {what}")?;
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    let authorization = match authorization(args) {
        Ok(value) => value,
        Err(what) => {
            writeln!(err, "davgate: {what}")?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let Some(route) = loaded.policy.routes.first() else {
        return Ok(ExitCode::FAILURE);
    };
    match look(route, authorization.as_ref())? {
        Err(what) => {
            writeln!(err, "davgate: {url} {what}")?;
            Ok(ExitCode::FAILURE)
        }
        Ok(seen) => {
            let kinds = seen.kinds();
            let path = route.map.upstream().to_string();
            write!(out, "{}", told(url, &path, &seen, kinds.first()))?;
            Ok(match kinds.first() {
                Some(_) => ExitCode::SUCCESS,
                None => ExitCode::from(UNKNOWN),
            })
        }
    }
}

fn authorization(args: &DetectArgs) -> Result<Option<HeaderValue>, String> {
    let (Some(user), Some(file)) = (&args.user, &args.password_file) else {
        return Ok(None);
    };
    let password = read_secret(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let encoded = BASE64_STANDARD.encode(format!("{user}:{}", password.expose()));
    let value = HeaderValue::try_from(format!("Basic {encoded}")).map_err(|error| error.to_string())?;
    Ok(Some(value))
}

/// The configuration, with what was seen.
fn told(url: &str, path: &str, seen: &Seen, likely: Option<&Likely>) -> String {
    let mut lines = Vec::new();
    match likely {
        Some(Likely { profile, signs }) => {
            let signs: Vec<String> = signs.iter().map(ToString::to_string).collect();
            lines.push(format!(
                "# {} looks like {}: {}.",
                clean(url),
                profile.title,
                signs.join("; ")
            ));
        }
        None => lines.push(format!(
            "# {} shows nothing by which it is known. Read it as a server in general.",
            clean(url)
        )),
    }
    let answers = seen
        .heads
        .iter()
        .map(|(method, status, _)| format!("{status} to {}", method.as_str()));
    let classes = seen.classes();
    let classes = if classes.is_empty() { "none" } else { &classes };
    lines.push(format!(
        "# It answers {}; DAV: {}.",
        answers.collect::<Vec<_>>().join(", "),
        clean(classes)
    ));
    let known = seen.asks_for_passwords();
    match seen.challenge() {
        Some(challenge) => lines.push(format!(
            "# It asks who is there ({}): what clients present is passed on to it.",
            clean(challenge)
        )),
        None => lines.push("# It lets everybody in. To say who may do what, add identity and access.".to_owned()),
    }
    let has_locks = classes.split(',').any(|class| class.trim() == "2");
    let profile = likely.map_or(&crate::backend::GENERIC, |likely| likely.profile);
    lines.extend(["listeners:", "  - address: 127.0.0.1:8080"].map(str::to_owned));
    if known {
        lines.push("identity:".to_owned());
        lines.push(format!(
            "  backend: {{ verify: {path} }}    # it says whose password is right"
        ));
    }
    lines.push("routes:".to_owned());
    lines.push(format!("  - path: {path}"));
    lines.push("    backend:".to_owned());
    lines.push(format!("      url: {}", serde_json::Value::from(url)));
    lines.push(format!("      profile: {}", profile.name));
    let own = ["locking: emulate"];
    let start = match has_locks || !profile.start.is_empty() {
        true => profile.start,
        false => &own,
    };
    for line in start {
        // Locks belong to somebody: without names there are none.
        let free = known || line.starts_with([' ', '#']);
        lines.push(format!("    {}{line}", if free { "" } else { "# with identity: " }));
    }
    lines.join("\n") + "\n"
}

/// What a back end says, for a comment of one line.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
