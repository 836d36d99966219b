//! Where lines go. In: what serde can write, one value a line. Out: JSON on standard output or in a file, written by a thread of its
//! own, so that a slow disk or a stopped reader never holds up a request: when its queue is full, lines are dropped and counted.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::policy::LogTarget;

/// Lines that may wait for the writer.
const QUEUED_LINES: usize = 16_384;

/// An open log. Keep it until the last request has been told: dropping the last handle writes what waits.
#[derive(Clone)]
pub struct LineLog {
    open: Option<Arc<(NonBlocking, WorkerGuard)>>,
}

impl LineLog {
    /// Opens the log where the configuration says.
    ///
    /// # Errors
    /// The file can neither be opened nor made.
    pub fn open(target: &LogTarget) -> io::Result<Self> {
        let open = match target {
            LogTarget::Off => None,
            LogTarget::Stdout => Some(in_background(io::stdout())),
            LogTarget::File(path) => Some(in_background(open_file(path)?)),
        };
        Ok(Self {
            open: open.map(Arc::new),
        })
    }

    /// Opens one log, and another that shares its writer if it goes to the same place: lines stay whole and in order.
    ///
    /// # Errors
    /// A file can neither be opened nor made.
    pub fn open_two(one: &LogTarget, other: &LogTarget) -> io::Result<(Self, Self)> {
        let first = Self::open(one)?;
        let second = if one == other {
            first.clone()
        } else {
            Self::open(other)?
        };
        Ok((first, second))
    }

    /// Writes one line. Never waits; a line that finds the queue full is dropped and counted.
    pub fn write(&self, line: &impl Serialize) {
        let Some(open) = &self.open else { return };
        let Ok(mut text) = serde_json::to_vec(line) else { return };
        text.push(b'\n');
        // A handle to the queue; the write fails only when the writing thread is gone, which the counter shows as well.
        open.0.clone().write_all(&text).ok();
    }

    /// A handle that tells how many lines were dropped. `None`: the log is off.
    pub fn dropped(&self) -> Option<ErrorCounter> {
        self.open.as_ref().map(|open| open.0.error_counter())
    }
}

fn in_background(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(QUEUED_LINES)
        .thread_name("request-log")
        .finish(io::BufWriter::new(writer))
}

/// Opened for appending, so that a rotation that copies and truncates works, and mode 0640: it names people and files.
fn open_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [&str; 2] = ["GET", "/files/a"];

    #[test]
    fn lines_reach_the_file_when_the_log_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("access.log");
        for _ in 0..2 {
            let log = LineLog::open(&LogTarget::File(path.clone())).unwrap();
            for _ in 0..500 {
                log.write(&LINE);
            }
            assert_eq!(log.dropped().unwrap().dropped_lines(), 0);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1000);
        assert!(text.lines().all(|text| text == r#"["GET","/files/a"]"#));
    }

    #[test]
    fn two_logs_in_one_place_keep_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("both.log");
        let target = LogTarget::File(path.clone());
        let (one, other) = LineLog::open_two(&target, &target).unwrap();
        for number in 0..500 {
            one.write(&number);
            other.write(&number);
        }
        drop((one, other));
        let text = std::fs::read_to_string(&path).unwrap();
        let expected: String = (0..500).map(|number| format!("{number}\n{number}\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn off_is_off_and_a_bad_file_is_an_error() {
        let log = LineLog::open(&LogTarget::Off).unwrap();
        log.write(&LINE);
        assert!(log.dropped().is_none());
        let dir = tempfile::tempdir().unwrap();
        assert!(LineLog::open(&LogTarget::File(dir.path().to_owned())).is_err());
    }
}
