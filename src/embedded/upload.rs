//! An upload is whole or not there (spec B-91, B-92).
//!
//! In: the writes of one PUT. Out: a file under its final name, after the last byte and not before; or nothing, and what was
//! there before is untouched. dav-server calls `flush` once, after the body has ended well; when the connection breaks it
//! drops the file without a flush, and so is the unfinished part dropped here.
//!
//! Unfinished uploads lie in one directory at the top, not beside their targets: there they would make their collection
//! impossible to delete, and travel with it when it is moved. It must be on the file system of the targets (a mount point
//! further down answers 502). Their names are random. The directory is gone again when the server stops.

use std::ffi::OsStr;
use std::fs::{DirBuilder, Permissions};
use std::io::{self, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes};
use dav_server::davpath::DavPath;
use dav_server::fs::{DavFile, DavFileSystem, DavMetaData, FsError, FsFuture, FsResult, OpenOptions};
use dav_server::localfs::LocalFs;
use tempfile::TempPath;
use tokio::task::block_in_place;

/// The directory of unfinished uploads, at the top of what is served.
const STAGING: &str = ".davgate-uploads";
/// What a killed process left there goes after this time without a write; another process may still be at work on it.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Is this name, at the top of what is served, the directory of unfinished uploads? Letter case is ignored, because some
/// file systems ignore it.
pub(super) fn is_staging(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(STAGING)
}

/// Removes what a killed process left behind. Best effort.
pub(super) fn sweep(base: &Path) {
    let Ok(entries) = std::fs::read_dir(base.join(STAGING)) else {
        return;
    };
    let Some(limit) = SystemTime::now().checked_sub(STALE) else {
        return;
    };
    for entry in entries.flatten() {
        if entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|written| written < limit)
        {
            // Failing to remove it costs disk space and nothing else.
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

/// Removes the directory of unfinished uploads if it is empty.
pub(super) fn tidy(base: &Path) {
    std::fs::remove_dir(base.join(STAGING)).ok();
}

/// One file on its way in.
#[derive(Debug)]
pub(super) struct Upload {
    file: Box<dyn DavFile>,
    /// Where the bytes are until they are all there; removed on drop. `None` once the upload is complete or has failed.
    staged: Option<TempPath>,
    target: PathBuf,
    must_be_new: bool,
    /// What the client announced, in bytes.
    announced: Option<u64>,
    written: u64,
}

impl Upload {
    /// Begins an upload to `target`, a path in the directory `base`, which `plain` serves.
    ///
    /// # Errors
    /// No file can be made in the directory of unfinished uploads.
    pub(super) async fn begin(
        plain: &LocalFs,
        base: &Path,
        target: PathBuf,
        options: &OpenOptions,
    ) -> FsResult<Upload> {
        let staged = block_in_place(|| stage(base))?;
        let name = staged
            .file_name()
            .and_then(OsStr::to_str)
            .ok_or(FsError::GeneralFailure)?;
        let path = DavPath::new(&format!("/{STAGING}/{name}")).map_err(|_| FsError::GeneralFailure)?;
        let write = OpenOptions {
            write: true,
            ..OpenOptions::default()
        };
        let file = plain.open(&path, write).await?;
        Ok(Upload {
            file,
            staged: Some(staged),
            target,
            must_be_new: options.create_new,
            announced: options.size,
            written: 0,
        })
    }

    /// Gives the complete file its name.
    fn publish(&mut self) -> FsResult<()> {
        let staged = self.staged.take().ok_or(FsError::GeneralFailure)?;
        if self.announced.is_some_and(|announced| announced != self.written) {
            // dav-server answers 400 by itself after this.
            return Ok(());
        }
        if let Ok(replaced) = std::fs::symlink_metadata(&self.target) {
            // The file that is replaced keeps its mode, as if it had been written in place. Best effort: the default is
            // the stricter one.
            std::fs::set_permissions(&staged, Permissions::from_mode(replaced.permissions().mode() & 0o777)).ok();
        }
        let published = if self.must_be_new {
            staged.persist_noclobber(&self.target)
        } else {
            staged.persist(&self.target)
        };
        published.map_err(|error| error.error.into())
    }
}

/// An empty file with a random name, mode 0600, in the directory of unfinished uploads.
fn stage(base: &Path) -> io::Result<TempPath> {
    let directory = base.join(STAGING);
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) if !std::fs::symlink_metadata(&directory)?.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
        Err(_) | Ok(()) => {}
    }
    let file = tempfile::Builder::new()
        .prefix("")
        .rand_bytes(24)
        .tempfile_in(&directory)?;
    Ok(file.into_temp_path())
}

impl DavFile for Upload {
    fn metadata(&mut self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        self.file.metadata()
    }

    fn write_buf(&mut self, buf: Box<dyn Buf + Send>) -> FsFuture<'_, ()> {
        self.written += buf.remaining() as u64;
        self.file.write_buf(buf)
    }

    fn write_bytes(&mut self, buf: Bytes) -> FsFuture<'_, ()> {
        self.written += buf.len() as u64;
        self.file.write_bytes(buf)
    }

    fn read_bytes(&mut self, count: usize) -> FsFuture<'_, Bytes> {
        self.file.read_bytes(count)
    }

    fn seek(&mut self, pos: SeekFrom) -> FsFuture<'_, u64> {
        self.file.seek(pos)
    }

    fn flush(&mut self) -> FsFuture<'_, ()> {
        Box::pin(async move {
            self.file.flush().await?;
            block_in_place(|| self.publish())
        })
    }
}
