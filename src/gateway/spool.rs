//! A body on its way to a back end that wants to know its length first. In: pieces. Out: the same bytes, to be read as often as
//! needed, from an unnamed temporary file; a body of up to 64 KiB stays in memory. The file is gone with its last handle.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::task::spawn_blocking;

/// The size of a piece, and of the longest body that stays in memory.
const PIECE: usize = 64 * 1024;

/// A body that is being written.
#[derive(Debug, Default)]
pub struct Spool {
    /// What is not in the file yet: at most a piece between two calls.
    pending: BytesMut,
    file: Option<Arc<File>>,
    written: u64,
}

/// A whole body.
#[derive(Clone, Debug)]
pub struct SpooledFile {
    length: u64,
    held: Held,
}

#[derive(Clone, Debug)]
enum Held {
    Memory(Bytes),
    File(Arc<File>),
}

/// One reading of a [`SpooledFile`], from its beginning.
#[derive(Debug)]
pub struct SpoolReader {
    rest: SpooledFile,
    at: u64,
}

impl Spool {
    /// An empty spool. Its file will be in the directory for temporary files (`TMPDIR`).
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes it holds.
    pub fn length(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// The temporary file could not be made or written.
    pub async fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.pending.len() >= PIECE {
                self.write_out().await?;
            }
            let (now, later) = rest.split_at(rest.len().min(PIECE - self.pending.len()));
            self.pending.extend_from_slice(now);
            rest = later;
        }
        Ok(())
    }

    /// The body, when all of it was pushed.
    ///
    /// # Errors
    /// The temporary file could not be made or written.
    pub async fn finish(mut self) -> io::Result<SpooledFile> {
        let length = self.length();
        if self.file.is_some() {
            self.write_out().await?;
        }
        let held = match self.file {
            Some(file) => Held::File(file),
            None => Held::Memory(self.pending.freeze()),
        };
        Ok(SpooledFile { length, held })
    }

    async fn write_out(&mut self) -> io::Result<()> {
        let piece = self.pending.split().freeze();
        let length = piece.len() as u64;
        let at = self.written;
        let file = self.file.clone();
        let file = spawn_blocking(move || {
            let file = match file {
                Some(file) => file,
                None => Arc::new(tempfile::tempfile()?),
            };
            file.write_all_at(&piece, at)?;
            io::Result::Ok(file)
        })
        .await
        .map_err(io::Error::other)??;
        self.file = Some(file);
        self.written += length;
        Ok(())
    }
}

impl SpooledFile {
    /// How many bytes it holds.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads it from the beginning. Readers do not disturb one another.
    pub fn reader(&self) -> SpoolReader {
        SpoolReader {
            rest: self.clone(),
            at: 0,
        }
    }
}

impl SpoolReader {
    /// The next piece, of at most 64 KiB and never empty; `None` after the last one.
    ///
    /// # Errors
    /// The temporary file could not be read, or is shorter than what was written.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let left = self.rest.length - self.at;
        if left == 0 {
            return Ok(None);
        }
        let piece = match &self.rest.held {
            Held::Memory(bytes) => bytes.clone(),
            Held::File(file) => {
                let file = Arc::clone(file);
                let at = self.at;
                let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
                spawn_blocking(move || {
                    let mut piece = vec![0; size];
                    file.read_exact_at(&mut piece, at)?;
                    io::Result::Ok(Bytes::from(piece))
                })
                .await
                .map_err(io::Error::other)??
            }
        };
        self.at += piece.len() as u64;
        Ok(Some(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-91, B-94: every length comes back as it went in, in pieces of any size, twice
    #[tokio::test]
    async fn round_trip() {
        for (length, in_file) in [
            (0, false),
            (1, false),
            (PIECE, false),
            (PIECE + 1, true),
            (3 * PIECE + 7, true),
        ] {
            for step in [999, PIECE, 5 * PIECE] {
                let body: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
                let mut spool = Spool::new();
                for piece in body.chunks(step) {
                    spool.push(piece).await.unwrap();
                }
                assert_eq!(spool.length(), length as u64);
                let spooled = spool.finish().await.unwrap();
                assert_eq!(spooled.length(), length as u64);
                assert_eq!(matches!(spooled.held, Held::File(_)), in_file, "{length}");
                for _ in 0..2 {
                    let mut reader = spooled.reader();
                    let mut read = Vec::new();
                    while let Some(piece) = reader.next().await.unwrap() {
                        assert!(!piece.is_empty() && piece.len() <= PIECE);
                        read.extend_from_slice(&piece);
                    }
                    assert!(read == body, "{length} in steps of {step}");
                }
            }
        }
    }
}
