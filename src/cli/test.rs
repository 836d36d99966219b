//! `davgate test FILE`: whether a configuration does what is expected of it. In: a file of expectations. Out: on standard output every
//! expectation that is not met, with what davgate would do instead and why, and a line that sums up; exit code 0 all are met, 1 not all,
//! 2 a file cannot be read.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::explain::{NOBODY_PROVES, encoded};
use crate::config::{Case, Expected, load_rules, load_test};
use crate::decide::Gate;
use crate::decide::explain::{Explanation, Inquiry, Outcome, Verdict, asker, explain};
use crate::identity::IdentitySettings;

/// The arguments.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The file of expectations
    pub file: PathBuf,
    /// The configuration file, in place of the one that the expectations name
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Say of every expectation what became of it
    #[arg(short, long)]
    pub verbose: bool,
}

/// The exit code where nothing could be tested.
const NO_ANSWER: u8 = 2;

/// Runs the expectations; the report goes to `out`, errors of files to `err`.
pub fn run(args: &TestArgs, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let test = match load_test(&args.file) {
        Ok(test) => test,
        Err(errors) => return no_answer(err, &errors),
    };
    let file = args.file.display();
    let Some(config) = args.config.as_ref().or(test.config.as_ref()) else {
        return no_answer(
            err,
            &format!("{file}: config: missing; expected the configuration file, here or by --config"),
        );
    };
    let policy = match load_rules(config) {
        Ok(loaded) => loaded.policy,
        Err(errors) => return no_answer(err, &errors),
    };
    let gate = Gate::new(policy.routes).with_well_known(policy.well_known);
    let mut failed = 0_usize;
    for case in &test.cases {
        let asked = Asked {
            case,
            config: &config.display().to_string(),
        };
        let explained = asked.explain(&gate, policy.identity.as_ref());
        let fault = match &explained {
            Ok(explanation) => asked.fault(explanation),
            Err(message) => Some(message.clone()),
        };
        match fault {
            Some(fault) => {
                failed += 1;
                writeln!(out, "{file}:{}: {}", case.line, asked.title())?;
                writeln!(out, "  expected {}; {fault}", asked.expected())?;
                if case.user.is_some() && policy.identity.is_none() {
                    writeln!(out, "  note: {NOBODY_PROVES}")?;
                }
                writeln!(out, "  {}", asked.command())?;
            }
            None if args.verbose => writeln!(out, "{file}:{}: met: {}", case.line, asked.title())?,
            None => {}
        }
    }
    let all = test.cases.len();
    let s = if all == 1 { "" } else { "s" };
    writeln!(
        out,
        "{file}: {all} expectation{s}, {} met, {failed} failed",
        all.saturating_sub(failed)
    )?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn no_answer(err: &mut impl Write, message: &impl Display) -> io::Result<ExitCode> {
    writeln!(err, "{message}")?;
    Ok(ExitCode::from(NO_ANSWER))
}

/// A case, and the configuration that it is about.
struct Asked<'a> {
    case: &'a Case,
    config: &'a str,
}

impl Asked<'_> {
    fn explain(&self, gate: &Gate, identity: Option<&IdentitySettings>) -> Result<Explanation, String> {
        let case = self.case;
        let asker = asker(identity, case.user.as_deref(), case.groups.iter().cloned());
        let headers: Vec<(&str, String)> = case
            .headers
            .iter()
            .map(|(name, value)| match name.as_str() {
                "Destination" => (name.as_str(), encoded(value)),
                _ => (name.as_str(), value.clone()),
            })
            .collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let inquiry = Inquiry {
            method: &case.method,
            target: &encoded(&case.path),
            host: case.host.as_deref(),
            headers: &headers,
            body: None,
            asker: asker.map_err(|error| error.to_string())?,
            at_target: case.state,
            at_destination: case.destination_state,
        };
        explain(gate, &inquiry).map_err(|error| error.to_string())
    }

    /// What is not as expected.
    fn fault(&self, explanation: &Explanation) -> Option<String> {
        let found = told(explanation);
        let refused = explanation.verdict == Verdict::Refuse;
        let all = |fits: &dyn Fn(&Outcome) -> bool| explanation.outcomes.iter().all(fits);
        let met = match self.case.expected {
            Expected::Permit => explanation.verdict == Verdict::Permit,
            Expected::Refuse => refused,
            Expected::Depends => explanation.verdict == Verdict::Depends,
            Expected::Status(status) => refused && all(&|outcome| outcome.status == Some(status)),
        };
        if !met {
            return Some(found);
        }
        let rule = self.case.rule.as_deref()?;
        let by = |outcome: &Outcome| {
            outcome.rule == Some(rule)
                || outcome.decided_by.as_ref().is_some_and(|found| found.rule == rule)
                || outcome.permitted
                    && outcome
                        .privileges
                        .iter()
                        .any(|asked| asked.by.as_ref().is_some_and(|by| by.rule == rule))
        };
        (!all(&by)).then(|| format!("{found}{}", granted_by(explanation)))
    }

    fn title(&self) -> String {
        let case = self.case;
        let who = case.user.as_deref().unwrap_or("anonymous");
        let name = case.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let destination = case.headers.iter().find(|(name, _)| name == "Destination");
        let to = destination.map(|(_, to)| format!(" to {to}")).unwrap_or_default();
        format!("{name}{who}: {} {}{to}", case.method, case.path)
    }

    fn expected(&self) -> String {
        match &self.case.rule {
            Some(rule) => format!("{} by {rule}", self.case.expected),
            None => self.case.expected.to_string(),
        }
    }

    /// The command that tells more.
    fn command(&self) -> String {
        let case = self.case;
        let mut words = vec![
            "davgate".to_owned(),
            "explain".to_owned(),
            "--config".to_owned(),
            self.config.to_owned(),
        ];
        let mut option = |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
        if let Some(user) = &case.user {
            option("--user", user);
        }
        case.groups.iter().for_each(|group| option("--group", group));
        if let Some(host) = &case.host {
            option("--host", host);
        }
        for (name, value) in &case.headers {
            match name.as_str() {
                "Destination" => option("--destination", value),
                "Depth" => option("--depth", value),
                other => option("--header", &format!("{other}: {value}")),
            }
        }
        for (name, state) in [
            ("--target-state", case.state),
            ("--destination-state", case.destination_state),
        ] {
            if let Some(word) = crate::decide::explain::state_word(state) {
                option(name, word);
            }
        }
        words.extend([case.method.clone(), case.path.clone()]);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
}

/// The rules that grant what is needed, where all of it is granted.
fn granted_by(explanation: &Explanation) -> String {
    let permitted = explanation.outcomes.iter().filter(|outcome| outcome.permitted);
    let rules: BTreeSet<&str> = permitted
        .flat_map(|outcome| &outcome.privileges)
        .filter_map(|asked| asked.by.as_ref().map(|by| by.rule.as_str()))
        .collect();
    if rules.is_empty() {
        return String::new();
    }
    format!(", by {}", rules.into_iter().collect::<Vec<_>>().join(", "))
}

/// What davgate would do, in one line, or one for each state.
fn told(explanation: &Explanation) -> String {
    let one = |outcome: &Outcome| match (outcome.status, outcome.rule) {
        (Some(status), Some(rule)) => {
            let by = outcome
                .decided_by
                .as_ref()
                .map(|by| format!(", {}", by.rule))
                .unwrap_or_default();
            format!("{status} ({rule}{by}): {}", outcome.reason)
        }
        _ => "permitted".to_owned(),
    };
    match explanation.outcomes.as_slice() {
        [only] => format!("found {}", one(only)),
        outcomes => {
            let lines: Vec<String> = outcomes
                .iter()
                .map(|outcome| {
                    let there: Vec<&str> = outcome.target.into_iter().chain(outcome.destination).collect();
                    format!("\n    {}: {}", there.join(", "), one(outcome))
                })
                .collect();
            format!("it depends on what is there:{}", lines.concat())
        }
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:.-_%@=+,".contains(c);
    if word.chars().all(plain) && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
