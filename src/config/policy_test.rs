//! A file of expectations, for `davgate test`: what a configuration is meant to do with requests. In: a YAML file. Out: the configuration it
//! speaks of and the cases, one for each user, method and path of each row; or everything that is wrong with it, with lines and keys.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::compile::bytes_of;
use super::document;
use super::error::{ConfigErrors, KeyPath, Problem};
use super::judge::Judge;
use super::raw::List;
use super::raw_policy_test::{OneOrMore, RawDepth, RawExpect, RawRow, RawState};
use super::shape;
use crate::policy::Method;
use crate::request::State;

/// What is expected of a configuration.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with config and tests")]
#[schemars(title = "davgate policy test")]
pub struct RawPolicyTest {
    /// The configuration file; a relative path starts at this file's directory. `davgate test --config` takes its place.
    #[schemars(length(min = 1))]
    config: Option<String>,
    /// What is expected, row by row.
    #[schemars(required, length(min = 1))]
    tests: Option<List<RawRow>>,
}

/// A file of expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTest {
    /// The configuration that it speaks of, if it says.
    pub config: Option<PathBuf>,
    /// The cases in the order of the file.
    pub cases: Vec<Case>,
}

/// One request and what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its line in the file, from 1.
    pub line: usize,
    /// What the row says it is about.
    pub name: Option<String>,
    /// Who asks; `None` is nobody in particular.
    pub user: Option<String>,
    /// The groups that the user brings along.
    pub groups: Vec<String>,
    /// The method.
    pub method: String,
    /// The path or URL.
    pub path: String,
    /// Header fields: Destination, Depth and others.
    pub headers: Vec<(String, String)>,
    /// The host, if the path does not say.
    pub host: Option<String>,
    /// What is at the path.
    pub state: State,
    /// What is at Destination.
    pub destination_state: State,
    /// What is expected.
    pub expected: Expected,
    /// The id of the rule that refuses (`A-31`), or the rule of the file that decides (`files.access[2]`).
    pub rule: Option<String>,
}

/// What is expected of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It is let through, whatever is there.
    Permit,
    /// It is refused, whatever is there.
    Refuse,
    /// It depends on what is there.
    Depends,
    /// It is refused with this status, whatever is there.
    Status(u16),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permit => f.write_str("permit"),
            Self::Refuse => f.write_str("refuse"),
            Self::Depends => f.write_str("depends"),
            Self::Status(status) => write!(f, "{status}"),
        }
    }
}

/// Reads the file at `path`; relative paths inside start at its directory.
pub fn load_test(path: &Path) -> Result<PolicyTest, ConfigErrors> {
    let name = path.display().to_string();
    let mut problems = Vec::new();
    let bytes = bytes_of(path)?;
    let parsed = document::parse(&bytes, SMALLEST, &mut problems);
    let mut places = parsed.map_err(|problem| ConfigErrors::new(&name, vec![problem]))?;
    let raw: RawPolicyTest = shape::read(&mut places, &mut problems);
    let mut judge = Judge::new(path.parent().unwrap_or(Path::new("")), problems);
    let config = raw.config.as_deref().map(|file| judge.file(file));
    let at = KeyPath::root().key("tests");
    let rows = judge.required(raw.tests.as_ref(), &at, "rows with method, path and expect");
    if rows.is_some_and(Vec::is_empty) {
        judge.refuse(Problem::new(at.clone(), "is empty").expected("rows with method, path and expect"));
    }
    let mut cases = Vec::new();
    for (at, row) in judge.items(rows, &at) {
        let line = places.line(&at);
        cases.extend(compile_row(&mut judge, row, &at, line).unwrap_or_default());
    }
    let errors = ConfigErrors::located(&name, judge.problems, &places);
    if errors.problems().is_empty() {
        Ok(PolicyTest { config, cases })
    } else {
        Err(errors)
    }
}

const SMALLEST: &str = "config and tests";
const METHOD: &str = "a method such as GET or PUT, or a list of them";
const PATH: &str = "a public path such as /files/a, an http or https URL, or a list of them";

/// The cases of a row; `None` where something that it needs is wrong.
fn compile_row(judge: &mut Judge, raw: &RawRow, path: &KeyPath, line: usize) -> Option<Vec<Case>> {
    let users = users(judge, raw, path);
    let methods = texts(judge, raw.method.as_ref(), &path.key("method"), METHOD);
    for (at, method) in &methods {
        judge_method(judge, method, at);
    }
    let targets = texts(judge, raw.path.as_ref(), &path.key("path"), PATH);
    for (at, target) in &targets {
        judge_target(judge, target, at);
    }
    if let Some(destination) = &raw.destination {
        judge_target(judge, destination, &path.key("destination"));
    }
    let expected = judge.required(raw.expect.as_ref(), &path.key("expect"), EXPECT);
    let expected = expected.map(|RawExpect(expected)| *expected)?;
    if raw.rule.is_some() && expected == Expected::Depends {
        let problem = Problem::new(
            path.key("rule"),
            "stands beside expect: depends, where no one rule decides",
        );
        judge.refuse(problem.expected("a state, or the key left out"));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    let said = raw.headers.iter().flat_map(BTreeMap::iter);
    headers.extend(said.map(|(name, value)| (name.clone(), value.clone())));
    headers.extend(raw.destination.iter().map(|to| ("Destination".to_owned(), to.clone())));
    headers.extend(
        raw.depth
            .iter()
            .map(|RawDepth(depth)| ("Depth".to_owned(), depth.to_string())),
    );
    let state = |raw: Option<RawState>| raw.map_or(State::Unknown, State::from);
    let mut cases = Vec::new();
    for user in &users {
        for (_, method) in &methods {
            for (_, target) in &targets {
                cases.push(Case {
                    line,
                    name: raw.name.clone(),
                    user: user.clone(),
                    groups: raw.groups.iter().flatten().flatten().cloned().collect(),
                    method: (*method).to_owned(),
                    path: (*target).to_owned(),
                    headers: headers.clone(),
                    host: raw.host.clone(),
                    state: state(raw.state),
                    destination_state: state(raw.destination_state),
                    expected,
                    rule: raw.rule.clone(),
                });
            }
        }
    }
    Some(cases)
}

const EXPECT: &str = "permit, refuse, depends, or a status such as 403";

/// Who asks: users by name, or nobody in particular.
fn users(judge: &mut Judge, raw: &RawRow, path: &KeyPath) -> Vec<Option<String>> {
    let at = path.key("groups");
    if raw.groups.is_some() && raw.who.is_none() {
        judge.refuse(Problem::new(at, "without as: an anonymous request is in no group").expected("as, with a user"));
    }
    match &raw.who {
        None => vec![None],
        Some(_) => {
            let names = texts(
                judge,
                raw.who.as_ref(),
                &path.key("as"),
                "the name of a user, or a list of them",
            );
            names.into_iter().map(|(_, name)| Some(name.to_owned())).collect()
        }
    }
}

fn judge_method(judge: &mut Judge, method: &str, path: &KeyPath) {
    if Method::parse(method).is_none() {
        let known = Method::ALL.iter().map(|method| method.as_str());
        let problem = Problem::new(path.clone(), format!("{method:?} is no method")).expected(METHOD);
        judge.refuse(problem.did_you_mean(method, known));
    }
}

fn judge_target(judge: &mut Judge, target: &str, path: &KeyPath) {
    let begins = ["/", "http://", "https://"]
        .iter()
        .any(|begin| target.starts_with(begin));
    if !begins && target != "*" {
        judge.refuse(Problem::new(path.clone(), format!("{target:?} is no path")).expected(PATH));
    }
}

/// The values of a key that holds one or more.
fn texts<'a>(judge: &mut Judge, raw: Option<&'a OneOrMore>, path: &KeyPath, expected: &str) -> Vec<(KeyPath, &'a str)> {
    match judge.required(raw, path, expected) {
        None => Vec::new(),
        Some(OneOrMore::One(text)) => vec![(path.clone(), text.as_str())],
        Some(OneOrMore::More(list)) => {
            if list.is_empty() {
                judge.refuse(Problem::new(path.clone(), "is empty").expected(expected));
            }
            let items = judge.items(Some(list), path);
            items.into_iter().map(|(at, text)| (at, text.as_str())).collect()
        }
    }
}
