//! `davgate explain`: what davgate would do with a request, and why. In: the configuration file, who asks, and the request. Out: the
//! explanation in plain English or as JSON on standard output; exit code 0 permit, 1 refuse, 2 no answer, 3 it depends on what is there.

pub mod text;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::config::load_rules;
use crate::decide::Gate;
use crate::decide::explain::{Explanation, Inquiry, Verdict, asker, explain};
use crate::decide::state::State;
use crate::policy::Policy;

/// The arguments.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// The user who asks; without it, nobody in particular
    #[arg(short, long, value_name = "NAME", conflicts_with = "anonymous")]
    pub user: Option<String>,
    /// A group that the user's token or a trusted proxy names, besides those of the file; may be repeated
    #[arg(short, long = "group", value_name = "GROUP", requires = "user")]
    pub groups: Vec<String>,
    /// Nobody in particular asks; the default
    #[arg(long)]
    pub anonymous: bool,
    /// The method, such as PUT
    pub method: String,
    /// The public path, or an http or https URL; blanks and letters outside ASCII may stand as they are
    #[arg(value_name = "PATH-OR-URL")]
    pub target: String,
    /// Where COPY and MOVE go: a path or a URL
    #[arg(short, long, value_name = "PATH-OR-URL")]
    pub destination: Option<String>,
    /// The Depth header; without it the method's own default counts
    #[arg(long, value_name = "0|1|infinity")]
    pub depth: Option<String>,
    /// The host that is asked, where no URL names it; without it, one that the route answers to
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// A further header, as curl has it: 'Overwrite: F'; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// A file with the body; without it, methods that need one are judged with a plain one
    #[arg(long, value_name = "FILE")]
    pub body: Option<PathBuf>,
    /// What is at the path; without it, every state in turn
    #[arg(long, value_enum, value_name = "STATE")]
    pub target_state: Option<StateName>,
    /// What is at the destination
    #[arg(long, value_enum, value_name = "STATE")]
    pub destination_state: Option<StateName>,
    /// Print JSON, whose schema `davgate schema --of explain` prints
    #[arg(long)]
    pub json: bool,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateName {
    /// Nothing
    Unmapped,
    /// A file or another thing that is no collection
    Resource,
    /// A collection
    Collection,
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Unmapped => Self::Unmapped,
            StateName::Resource => Self::Resource,
            StateName::Collection => Self::Collection,
        }
    }
}

/// The exit code of a command that found no answer; clap's own for wrong arguments.
const NO_ANSWER: u8 = 2;

/// Explains; the explanation goes to `out`, everything else to `err`.
pub fn run(args: &ExplainArgs, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let policy = match load_rules(&args.config) {
        Ok(loaded) => loaded.policy,
        Err(errors) => return no_answer(err, &errors),
    };
    let body = match args.body.as_ref().map(std::fs::read).transpose() {
        Ok(body) => body,
        Err(error) => return no_answer(err, &format!("davgate: --body cannot be read: {error}")),
    };
    let explanation = match answer(args, policy, body.as_deref()) {
        Ok(explanation) => explanation,
        Err(message) => return no_answer(err, &format!("davgate: {message}")),
    };
    let file = args.config.display().to_string();
    if args.json {
        let document = Document {
            file: &file,
            explanation: &explanation,
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)?;
    } else {
        write!(
            out,
            "{}",
            text::Told {
                explanation: &explanation,
                file: &file
            }
        )?;
    }
    Ok(ExitCode::from(match explanation.verdict {
        Verdict::Permit => 0,
        Verdict::Refuse => 1,
        Verdict::Depends => 3,
    }))
}

fn no_answer(err: &mut impl Write, message: &impl Display) -> io::Result<ExitCode> {
    writeln!(err, "{message}")?;
    Ok(ExitCode::from(NO_ANSWER))
}

fn answer(args: &ExplainArgs, policy: Policy, body: Option<&[u8]>) -> Result<Explanation, String> {
    let asker = asker(
        policy.identity.as_ref(),
        args.user.as_deref(),
        args.groups.iter().cloned(),
    );
    let unproved = args.user.is_some() && policy.identity.is_none();
    let destination = args.destination.as_deref().map(encoded);
    let mut headers = Vec::new();
    for line in &args.headers {
        let split = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        headers.push(split.ok_or_else(|| format!("{line:?} is no header; expected NAME: VALUE"))?);
    }
    headers.extend(destination.as_deref().map(|to| ("Destination", to)));
    headers.extend(args.depth.as_deref().map(|depth| ("Depth", depth)));
    let inquiry = Inquiry {
        method: &args.method,
        target: &encoded(&args.target),
        host: args.host.as_deref(),
        headers: &headers,
        body,
        asker: asker.map_err(|error| format!("--user, --group: {error}"))?,
        at_target: args.target_state.map_or(State::Unknown, State::from),
        at_destination: args.destination_state.map_or(State::Unknown, State::from),
    };
    let gate = Gate::new(policy.routes).with_well_known(policy.well_known);
    let mut explanation = explain(&gate, &inquiry).map_err(|error| error.to_string())?;
    if unproved {
        explanation.notes.push(NOBODY_PROVES.to_owned());
    }
    Ok(explanation)
}

/// Said where a user is named and the configuration has no `identity`.
pub(super) const NOBODY_PROVES: &str =
    "the file has no identity: on the wire nobody can prove to be a user, and every request is anonymous";

/// `text` with blanks and letters outside of ASCII percent-encoded, as clients do before they send it. What is encoded already stays.
pub(super) fn encoded(text: &str) -> String {
    const CANNOT_STAND: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');
    utf8_percent_encode(text, CANNOT_STAND).to_string()
}

/// The object that `--json` prints: the explanation, and the file that its lines are of.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "davgate explanation")]
pub struct Document<'a> {
    /// The configuration file.
    file: &'a str,
    #[serde(flatten)]
    explanation: &'a Explanation,
}
