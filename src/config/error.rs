//! What is wrong with a configuration file. In: problems, found in any order. Out: one line each, in the order of the file:
//! `file:line: key.path: what is wrong; expected ...; did you mean ...?`. Values are shown only where they cannot be secrets.

use std::borrow::Cow;
use std::fmt;

use super::document::Document;

/// One step from a value to a value inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a mapping. The program's own names are not copied: a file of 100,000 rules has a path for each value.
    Key(Cow<'static, str>),
    /// An item of a list, counted from 0.
    Item(usize),
}

/// Where in the document a value is; displayed as `routes[0].backend.url`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(Vec<Step>);

impl KeyPath {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The value of `key` inside.
    pub fn key(&self, key: &'static str) -> Self {
        self.with(Step::Key(Cow::Borrowed(key)))
    }

    /// The value of a key that the file chose itself.
    pub fn named(&self, key: &str) -> Self {
        self.with(Step::Key(Cow::Owned(key.to_owned())))
    }

    /// Item number `index` inside, from 0.
    pub fn item(&self, index: usize) -> Self {
        self.with(Step::Item(index))
    }

    /// One step further.
    pub fn with(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// Goes one step in.
    pub fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    /// Goes one step out; the last step, if there was one.
    pub fn pop(&mut self) -> Option<Step> {
        self.0.pop()
    }

    /// The steps from the outside in.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is `outer` or inside of it.
    pub fn is_within(&self, outer: &Self) -> bool {
        self.0.starts_with(&outer.0)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One thing that is wrong, or that deserves a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: KeyPath,
    line: Option<usize>,
    what: String,
    expected: Option<String>,
    suggestion: Option<String>,
}

impl Problem {
    /// `what` is wrong with the value at `path`.
    pub fn new(path: KeyPath, what: impl Into<String>) -> Self {
        Self {
            path,
            line: None,
            what: what.into(),
            expected: None,
            suggestion: None,
        }
    }

    /// `what` is wrong with the file itself, on `line` (from 1).
    pub fn at_line(line: usize, what: impl Into<String>) -> Self {
        Self::new(KeyPath::root(), what).on_line(line)
    }

    /// The line (from 1) it stands on.
    pub fn on_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// What would have been right.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The name among `candidates` that was probably meant by `found`, if one is near.
    pub fn did_you_mean<'a>(mut self, found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        self.suggestion = nearest(found, candidates).map(str::to_owned);
        self
    }

    /// What was probably meant.
    pub fn suggest(mut self, suggestion: String) -> Self {
        self.suggestion = Some(suggestion);
        self
    }

    /// Where in the document it is.
    pub fn path(&self) -> &KeyPath {
        &self.path
    }

    /// The line (from 1), once known.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.steps().is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean {suggestion}?")?;
        }
        Ok(())
    }
}

/// The candidate that `found` is probably a slip of: other letter case, an older spelling with `max_`, or a few letters off.
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bare = found.strip_prefix("max_").unwrap_or(found).to_ascii_lowercase();
    let scored = candidates
        .into_iter()
        .map(|name| (strsim::osa_distance(&bare, &name.to_ascii_lowercase()), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= name.len().max(3)).then_some(name)
}

/// All that is wrong with a file, in the order of its lines. Displayed one per line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines().collect::<Vec<_>>().join("\n"))]
pub struct ConfigErrors {
    file: String,
    problems: Vec<Problem>,
}

impl ConfigErrors {
    /// The `problems` of `file`.
    pub fn new(file: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(Problem::line);
        Self {
            file: file.to_owned(),
            problems,
        }
    }

    /// The problems, each on the line that `places` knows for it, where it has none of its own.
    pub(super) fn located(file: &str, problems: Vec<Problem>, places: &Document<'_>) -> Self {
        let with_line = |problem: Problem| {
            let line = problem.line().unwrap_or_else(|| places.line(problem.path()));
            problem.on_line(line)
        };
        Self::new(file, problems.into_iter().map(with_line).collect())
    }

    /// The problems, in the order of the file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// One message per problem, `file:line: ...`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(|problem| located(&self.file, problem))
    }
}

/// The message of `problem` as it is shown: `file:line: key.path: ...`.
pub fn located(file: &str, problem: &Problem) -> String {
    match problem.line() {
        Some(line) => format!("{file}:{line}: {problem}"),
        None => format!("{file}: {problem}"),
    }
}
