//! A file that may change while the gateway runs. In: a path and how its bytes are read. Out: what the newest good
//! version says. The file is looked at no more than once a second, when somebody asks; a version that cannot be read is
//! logged and the last good one stays.

use std::{
    fmt,
    fs::Metadata,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;

/// Largest file that is read.
const MAX_BYTES: u64 = 16 << 20;
/// How often the file is looked at.
const POLL: Duration = Duration::from_secs(1);
/// A file younger than this may change again without its times showing it.
const YOUNG: Duration = Duration::from_secs(2);

/// Something wrong on a line of a file; it shows no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, from 1; `None` where it is the whole file.
    pub line: Option<usize>,
    /// What is wrong, and what is expected.
    pub what: String,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.lines().join("\n"))]
pub struct FileProblem {
    path: PathBuf,
    problems: Vec<LineProblem>,
}

impl FileProblem {
    /// `what` is wrong with the file at `path` as a whole.
    pub fn whole(path: &Path, what: &str) -> Self {
        let what = what.to_owned();
        Self {
            path: path.to_owned(),
            problems: vec![LineProblem { line: None, what }],
        }
    }

    /// The messages, `file:line: what is wrong`.
    pub fn lines(&self) -> Vec<String> {
        let path = self.path.display();
        let line = |problem: &LineProblem| match problem.line {
            Some(line) => format!("{path}:{line}: {}", problem.what),
            None => format!("{path}: {}", problem.what),
        };
        self.problems.iter().map(line).collect()
    }
}

/// How the bytes of a file are read.
pub type Parse<T> = fn(&[u8]) -> Result<T, Vec<LineProblem>>;

/// A file and what it says.
pub struct Watched<T> {
    path: PathBuf,
    parse: Parse<T>,
    current: ArcSwap<T>,
    seen: Mutex<Seen>,
    poll: Duration,
}

struct Seen {
    at: Instant,
    stamp: Option<Stamp>,
    /// It was read when it was young.
    young: bool,
}

/// What shows that a file is another one, or has another content.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    changed: (i64, i64),
    size: u64,
    file: (u64, u64),
}

impl Stamp {
    fn of(data: &Metadata) -> Self {
        Self {
            modified: data.modified().ok(),
            changed: (data.ctime(), data.ctime_nsec()),
            size: data.size(),
            file: (data.dev(), data.ino()),
        }
    }

    /// Whether the file may change again without this showing it. A time in the future is no age at all.
    fn is_young(&self) -> bool {
        let age = self.modified.map(|time| time.elapsed());
        !matches!(age, Some(Ok(age)) if age > YOUNG)
    }
}

impl<T> Watched<T> {
    /// Reads the file at `path` for the first time.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn open(path: impl Into<PathBuf>, parse: Parse<T>) -> Result<Self, FileProblem> {
        let path = path.into();
        let (value, stamp) = read(&path, parse)?;
        Ok(Self {
            path,
            parse,
            current: ArcSwap::from_pointee(value),
            seen: Mutex::new(Seen {
                at: Instant::now(),
                stamp: Some(stamp),
                young: stamp.is_young(),
            }),
            poll: POLL,
        })
    }

    /// What the newest good version says.
    pub fn current(&self) -> Arc<T> {
        self.look(Instant::now());
        self.current.load_full()
    }

    fn look(&self, now: Instant) {
        // Who finds somebody else looking takes what is there.
        let Ok(mut seen) = self.seen.try_lock() else { return };
        if now.duration_since(seen.at) < self.poll {
            return;
        }
        seen.at = now;
        let stamp = std::fs::metadata(&self.path).ok().map(|data| Stamp::of(&data));
        let same = stamp == seen.stamp;
        if same && !seen.young {
            return;
        }
        seen.stamp = stamp;
        seen.young = stamp.is_some_and(|stamp| stamp.is_young());
        match read(&self.path, self.parse) {
            Ok((value, stamp)) => {
                seen.stamp = Some(stamp);
                seen.young = stamp.is_young();
                self.current.store(Arc::new(value));
                if !same {
                    tracing::info!(file = %self.path.display(), "read again");
                }
            }
            Err(_) if same => {}
            Err(problem) => {
                for line in problem.lines() {
                    tracing::error!("{line}; the last good version stays in use");
                }
            }
        }
    }
}

#[cfg(test)]
impl<T> Watched<T> {
    /// Looks every time somebody asks.
    pub fn eager(mut self) -> Self {
        self.poll = Duration::ZERO;
        self
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn read<T>(path: &Path, parse: Parse<T>) -> Result<(T, Stamp), FileProblem> {
    let problem = |problems| FileProblem {
        path: path.to_owned(),
        problems,
    };
    let whole = |what: String| problem(vec![LineProblem { line: None, what }]);
    let io = |error: std::io::Error| whole(format!("cannot be read: {error}"));
    let file = std::fs::File::open(path).map_err(io)?;
    let data = file.metadata().map_err(io)?;
    if !data.is_file() {
        return Err(whole("is no file".to_owned()));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::new());
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(whole("is larger than 16 MiB".to_owned()));
    }
    let value = parse(&bytes).map_err(problem)?;
    Ok((value, Stamp::of(&data)))
}

/// What a file says that is read once.
///
/// # Errors
/// Why it cannot be used.
pub fn read_once<T>(path: &Path, parse: Parse<T>) -> Result<T, FileProblem> {
    read(path, parse).map(|(value, _)| value)
}

/// The first line of a file that holds a secret, from a `password_file` and its like.
///
/// # Errors
/// Why it cannot be used.
pub fn read_secret(path: &Path) -> Result<super::Secret, FileProblem> {
    let first_line = |bytes: &[u8]| {
        let problem = |what: &str| {
            vec![LineProblem {
                line: None,
                what: what.to_owned(),
            }]
        };
        let text = std::str::from_utf8(bytes).map_err(|_| problem("is not UTF-8"))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(problem("is empty; expected a password"));
        }
        if text.contains(char::is_control) {
            return Err(problem(
                "holds more than one line, or a control character; expected a password",
            ));
        }
        Ok(super::Secret::new(text))
    };
    read_once(path, first_line)
}

/// A `PoisonError` says that a thread died while it held the lock; what these locks hold is never left half done.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn number(bytes: &[u8]) -> Result<u32, Vec<LineProblem>> {
        let problem = |line| {
            vec![LineProblem {
                line: Some(line),
                what: "no number".to_owned(),
            }]
        };
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or_else(|| problem(1))
    }

    // a changed file is read again; a broken or missing one leaves the last good version
    #[test]
    fn the_newest_good_version() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("number");
        fs::write(&path, "1").unwrap();
        let file = Watched::open(&path, number).unwrap().eager();
        assert_eq!(*file.current(), 1);
        // The same size, at once: the times may not show it.
        fs::write(&path, "2").unwrap();
        assert_eq!(*file.current(), 2);
        fs::write(&path, "x").unwrap();
        assert_eq!(*file.current(), 2);
        fs::write(&path, "3").unwrap();
        assert_eq!(*file.current(), 3);
        fs::remove_file(&path).unwrap();
        assert_eq!(*file.current(), 3);
        fs::write(directory.path().join("other"), "4").unwrap();
        fs::rename(directory.path().join("other"), &path).unwrap();
        assert_eq!(*file.current(), 4);
    }

    #[test]
    fn no_more_than_once_a_second() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("number");
        fs::write(&path, "1").unwrap();
        let file = Watched::open(&path, number).unwrap();
        fs::write(&path, "2").unwrap();
        let start = lock(&file.seen).at;
        file.look(start + Duration::from_millis(999));
        assert_eq!(**file.current.load(), 1);
        file.look(start + Duration::from_millis(1000));
        assert_eq!(**file.current.load(), 2);
    }

    #[test]
    fn what_cannot_be_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("number");
        let name = path.display().to_string();
        let error = Watched::open(&path, number).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("{name}: cannot be read: ")),
            "{error}"
        );
        fs::write(&path, "x").unwrap();
        assert_eq!(
            Watched::open(&path, number).unwrap_err().to_string(),
            format!("{name}:1: no number")
        );
        let error = Watched::open(directory.path(), number).unwrap_err();
        assert!(error.to_string().ends_with(": is no file"), "{error}");
    }

    #[test]
    fn secrets_of_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        for (text, expected) in [
            ("hunter2", Some("hunter2")),
            ("hunter 2 \r\n", Some("hunter 2 ")),
            ("", None),
            ("\n", None),
            ("hunter2\nhunter3\n", None),
        ] {
            fs::write(&path, text).unwrap();
            let found = read_secret(&path);
            assert_eq!(
                found.as_ref().ok().map(super::super::Secret::expose),
                expected,
                "{text:?}"
            );
            assert!(!format!("{found:?}").contains("hunter"));
        }
    }
}
