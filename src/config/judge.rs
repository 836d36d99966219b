//! What the compiling steps share: where errors and warnings go, and the readers of single values. In: a value and its path.
//! Out: the compiled value, or a problem on the list and `None`, so that the next value is still looked at.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{KeyPath, Problem};
use super::raw::List;
use super::values::{ByteSize, TimeSpan};
use crate::identity::Secret;
use crate::identity::watched::read_secret;
use crate::url::{Authority, CanonicalPath, Origin, Scheme};

/// Shortest secret that cannot be guessed.
const LONG: usize = 32;

/// Collects problems while the values of one file are read.
#[derive(Debug)]
pub struct Judge {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<Problem>,
    /// Whether the files and variables that the file names for secrets and keys are read. Who only asks about rules need not have them.
    pub reads_secrets: bool,
    directory: PathBuf,
}

impl Judge {
    /// A judge for a file in `directory` whose shape had `problems`.
    pub fn new(directory: &Path, problems: Vec<Problem>) -> Self {
        Self {
            problems,
            warnings: Vec::new(),
            reads_secrets: true,
            directory: directory.to_owned(),
        }
    }

    /// Adds a problem, unless something is already wrong with that value or what holds it: it would only be a consequence.
    pub fn refuse(&mut self, problem: Problem) {
        let known = |other: &Problem| !other.path().steps().is_empty() && problem.path().is_within(other.path());
        if !self.problems.iter().any(known) {
            self.problems.push(problem);
        }
    }

    /// Whether something is wrong with the value at `path`, so that it is missing only here.
    pub fn has_refused(&self, path: &KeyPath) -> bool {
        self.problems.iter().any(|problem| problem.path().is_within(path))
    }

    /// Adds a warning.
    pub fn warn(&mut self, path: &KeyPath, what: impl Into<String>) {
        self.warnings.push(Problem::new(path.clone(), what));
    }

    /// `value`, which the file must have.
    pub fn required<T>(&mut self, value: Option<T>, path: &KeyPath, expected: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(Problem::new(path.clone(), "missing").expected(expected));
        }
        value
    }

    /// `value`, which the mapping at `path` must have at `key`.
    pub fn required_key<T>(
        &mut self,
        value: Option<T>,
        path: &KeyPath,
        key: &'static str,
        expected: &str,
    ) -> Option<T> {
        match value {
            Some(value) => Some(value),
            None => self.required(None, &path.key(key), expected),
        }
    }

    /// `path` as the file means it: relative to the file's own directory.
    pub fn file(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// The secret of at least 32 characters in `file`; an empty one where secrets are not read.
    pub fn long_secret(&mut self, file: &str, path: &KeyPath) -> Option<Secret> {
        if !self.reads_secrets {
            return Some(Secret::new(String::new()));
        }
        match read_secret(&self.file(file)) {
            Ok(secret) if secret.expose().len() < LONG => {
                let problem = Problem::new(path.clone(), "the secret in this file is too short (not shown)");
                self.refuse(problem.expected("at least 32 characters"));
                None
            }
            Ok(secret) => Some(secret),
            Err(error) => {
                for line in error.lines() {
                    self.refuse(Problem::new(path.clone(), line));
                }
                None
            }
        }
    }

    /// An IP address with a port.
    pub fn address(&mut self, text: &str, path: &KeyPath) -> Option<SocketAddr> {
        let address = text.parse().ok();
        if address.is_none() {
            let problem = Problem::new(path.clone(), format!("{text:?} is no address"));
            self.refuse(problem.expected("an IP address and a port, such as 0.0.0.0:8080 or [::1]:8080"));
        }
        address
    }

    /// A path without query, in its canonical form.
    pub fn canonical(&mut self, text: &str, path: &KeyPath) -> Option<CanonicalPath> {
        // Read again from the wire form, so that non-ASCII in the file does not count as raw bytes in a request (P-2).
        CanonicalPath::parse(text.as_bytes())
            .and_then(|path| CanonicalPath::parse(path.to_string().as_bytes()))
            .map_err(|error| self.refuse(Problem::new(path.clone(), error.to_string()).expected("a canonical path")))
            .ok()
    }

    /// `http://host:port`, nothing behind it.
    pub fn origin(&mut self, text: &str, path: &KeyPath) -> Option<Origin> {
        let origin = split_origin(text)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(origin, _)| origin);
        if origin.is_none() {
            // The text is not shown: it may hold a password.
            let problem = Problem::new(path.clone(), "not a bare origin");
            self.refuse(
                problem.expected("an origin such as https://dav.example.org, without a path or slash behind it"),
            );
        }
        origin
    }

    /// The items of a list at `path` that have the right shape, each with its own path.
    pub fn items<'a, T>(&self, list: Option<&'a List<T>>, path: &KeyPath) -> Vec<(KeyPath, &'a T)> {
        let items = list.into_iter().flatten().enumerate();
        items
            .filter_map(|(index, item)| Some((path.item(index), item.as_ref()?)))
            .collect()
    }

    /// A list of origins.
    pub fn origins(&mut self, list: Option<&List<String>>, path: &KeyPath) -> Vec<Origin> {
        if list.is_some_and(Vec::is_empty) {
            self.refuse(Problem::new(path.clone(), "is empty").expected("origins, or the key left out"));
        }
        self.items(list, path)
            .into_iter()
            .filter_map(|(at, text)| self.origin(text, &at))
            .collect()
    }

    /// The address of a back end: its origin and the path that the public prefix becomes.
    pub fn backend_url(&mut self, text: &str, path: &KeyPath) -> Option<(Origin, CanonicalPath)> {
        let expected = "http or https, a host and a path, such as http://127.0.0.1:8081/dav/";
        let mut refuse = |what: &str| {
            // The text is not shown: it may hold a password.
            self.refuse(Problem::new(path.clone(), what).expected(expected));
            None
        };
        let authority = text
            .split_once("://")
            .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        if authority.is_some_and(|authority| authority.contains('@')) {
            return refuse("holds a user name or password (not shown)");
        }
        if text.contains('#') {
            return refuse("holds a fragment");
        }
        if text.contains('?') {
            return refuse("holds a query");
        }
        let Some((origin, rest)) = split_origin(text) else {
            return refuse("not an http or https URL");
        };
        let prefix = self.canonical(if rest.is_empty() { "/" } else { rest }, path)?;
        Some((origin, prefix))
    }

    /// A time that is not nothing, or `default`.
    pub fn time(&mut self, value: Option<TimeSpan>, default: Duration, path: &KeyPath) -> Duration {
        let time = value.map_or(default, |span| span.0);
        if time.is_zero() {
            self.refuse(Problem::new(path.clone(), "is 0").expected("more than that"));
        }
        time
    }

    /// A size that is not nothing, or `default`.
    pub fn size(&mut self, value: Option<ByteSize>, default: u64, path: &KeyPath) -> u64 {
        let size = value.map_or(default, |size| size.0);
        if size == 0 {
            self.refuse(Problem::new(path.clone(), "is 0").expected("more than that"));
        }
        size
    }

    /// A number of at least 1, or `default`.
    pub fn count(&mut self, value: Option<u32>, default: u32, path: &KeyPath) -> u32 {
        let count = value.unwrap_or(default);
        if count == 0 {
            self.refuse(Problem::new(path.clone(), "is 0").expected("at least 1"));
        }
        count
    }
}

/// The origin at the beginning of `text`, and what follows it.
fn split_origin(text: &str) -> Option<(Origin, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = Scheme::parse(scheme).filter(|parsed| parsed.as_str() == scheme)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((
        Origin {
            scheme,
            authority: Authority::parse(authority)?,
        },
        path,
    ))
}
