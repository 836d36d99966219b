//! The embedded back end's view of its directory.
//!
//! In: dav-server's file system calls. Out: the same calls on [`LocalFs`], with these differences:
//! * Symbolic links, sockets, pipes and devices do not exist: not in listings, not by name, not on the way to a name. So no
//!   path leads out of the directory, and nothing blocks on a pipe. (Whoever can write to the directory from outside
//!   davgate can still race the check; a WebDAV client cannot make a link.)
//! * An upload is written elsewhere and takes its name when it is complete, see [`super::upload`].
//! * The directory of unfinished uploads does not exist for clients, in any letter case.
//! * Below a file there is nothing: 404 to read, 409 to write (RFC 4918 section 9.7.1), where the plain file system says 403.
//! * Dead properties are kept, in memory, see [`super::properties`].
//!
//! New files have mode 0600 and new directories 0700. DELETE of a collection that holds something unseen (a link) fails.

use std::collections::HashSet;
use std::future;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use dav_server::davpath::DavPath;
use dav_server::fs::{
    DavDirEntry, DavFile, DavFileSystem, DavMetaData, DavProp, FsError, FsFuture, FsResult, FsStream, OpenOptions,
    ReadDirMeta,
};
use dav_server::localfs::LocalFs;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use http::StatusCode;
use tokio::task::block_in_place;

use super::errand::Errand;
use super::properties::Properties;
use super::upload::{self, Upload};

/// The directory as clients may see it. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Files {
    plain: LocalFs,
    base: PathBuf,
    properties: Properties,
    errand: Errand,
}

impl Files {
    /// `base`: absolute and free of symbolic links.
    pub(super) fn new(base: &Path) -> Files {
        Files {
            plain: *LocalFs::new(base, false, false, false),
            base: base.to_owned(),
            properties: Properties::default(),
            errand: Errand::Other,
        }
    }

    /// The same directory with the same properties, for one request.
    pub(super) fn on(&self, errand: Errand) -> Files {
        Files { errand, ..self.clone() }
    }

    /// Looks at every name on the way. `hidden` is the answer for a name that must not be used; what does not exist passes.
    fn admit(&self, path: &DavPath, hidden: FsError) -> FsResult<()> {
        block_in_place(|| admit(&self.base, path.as_rel_ospath(), hidden))
    }

    /// The target of an upload, once it is clear that an upload may go there.
    fn upload_target(&self, path: &DavPath, options: &OpenOptions) -> FsResult<PathBuf> {
        let target = self.base.join(path.as_rel_ospath());
        let parent = target.parent().ok_or(FsError::Forbidden)?;
        if !std::fs::symlink_metadata(parent)?.is_dir() {
            return Err(FsError::NotFound);
        }
        match std::fs::symlink_metadata(&target) {
            Ok(meta) if meta.is_dir() => Err(FsError::Forbidden),
            Ok(_) if options.create_new => Err(FsError::Exists),
            Ok(_) => Ok(target),
            Err(error) if error.kind() == io::ErrorKind::NotFound && options.create => Ok(target),
            Err(error) => Err(error.into()),
        }
    }

    /// Names in a directory that clients must not see.
    fn hidden_names(&self, path: &DavPath) -> io::Result<HashSet<Vec<u8>>> {
        let relative = path.as_rel_ospath();
        let at_top = relative.as_os_str().is_empty();
        let mut hidden = HashSet::new();
        for entry in std::fs::read_dir(self.base.join(relative))? {
            let entry = entry?;
            let name = entry.file_name();
            let kind = entry.file_type()?;
            if !(kind.is_dir() || kind.is_file()) || (at_top && upload::is_staging(&name)) {
                hidden.insert(name.as_bytes().to_vec());
            }
        }
        Ok(hidden)
    }
}

fn admit(base: &Path, relative: &Path, hidden: FsError) -> FsResult<()> {
    let mut at = base.to_owned();
    for (depth, component) in relative.components().enumerate() {
        let Component::Normal(name) = component else {
            return Err(FsError::Forbidden);
        };
        if depth == 0 && upload::is_staging(name) {
            return Err(hidden);
        }
        at.push(name);
        match std::fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_dir() || meta.is_file() => {}
            Ok(_) => return Err(hidden),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(FsError::NotFound),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl DavFileSystem for Files {
    fn open<'a>(&'a self, path: &'a DavPath, options: OpenOptions) -> FsFuture<'a, Box<dyn DavFile>> {
        Box::pin(async move {
            if !options.write {
                self.admit(path, FsError::NotFound)?;
                return self.plain.open(path, options).await;
            }
            self.admit(path, FsError::Forbidden)?;
            if matches!(self.plain.metadata(path).await, Err(FsError::NotFound)) {
                // A file of this name that went behind davgate's back may have left some.
                self.properties.forget(path.as_rel_ospath());
            }
            // LOCK makes an empty file this way (RFC 4918 section 7.3); a PUT always truncates.
            if !options.truncate {
                return self.plain.open(path, options).await;
            }
            let target = block_in_place(|| self.upload_target(path, &options))?;
            let upload = Upload::begin(&self.plain, &self.base, target, &options).await?;
            Ok(Box::new(upload) as Box<dyn DavFile>)
        })
    }

    fn read_dir<'a>(&'a self, path: &'a DavPath, meta: ReadDirMeta) -> FsFuture<'a, FsStream<Box<dyn DavDirEntry>>> {
        Box::pin(async move {
            self.admit(path, FsError::NotFound)?;
            let hidden = block_in_place(|| self.hidden_names(path))?;
            let entries = self.plain.read_dir(path, meta).await?;
            let seen = move |entry: &FsResult<Box<dyn DavDirEntry>>| {
                future::ready(!entry.as_ref().is_ok_and(|entry| hidden.contains(&entry.name())))
            };
            Ok(Box::pin(entries.filter(seen)) as FsStream<Box<dyn DavDirEntry>>)
        })
    }

    fn metadata<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, Box<dyn DavMetaData>> {
        Box::pin(async move {
            self.admit(path, FsError::NotFound)?;
            self.plain.metadata(path).await
        })
    }

    fn symlink_metadata<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, Box<dyn DavMetaData>> {
        self.metadata(path)
    }

    fn create_dir<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(async move {
            self.admit(path, FsError::Forbidden)?;
            let to = path.as_rel_ospath();
            let from = self.errand.source_of(to);
            if let Some(from) = &from {
                self.properties.may_copy(from)?;
            }
            let made = self.plain.create_dir(path).await;
            if made.is_ok() {
                self.properties.forget(to);
            }
            // COPY with Depth 0 onto a folder that is there copies its properties (RFC 4918 section 9.8.3): dav-server goes on after this.
            if let Some(from) = from
                && (made.is_ok() || made == Err(FsError::Exists) && self.errand.is_shallow())
            {
                self.properties.copy(&from, to);
            }
            made
        })
    }

    fn remove_dir<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(async move {
            self.admit(path, FsError::NotFound)?;
            self.plain.remove_dir(path).await?;
            self.properties.forget(path.as_rel_ospath());
            Ok(())
        })
    }

    fn remove_file<'a>(&'a self, path: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(async move {
            self.admit(path, FsError::NotFound)?;
            self.plain.remove_file(path).await?;
            self.properties.forget(path.as_rel_ospath());
            Ok(())
        })
    }

    fn rename<'a>(&'a self, from: &'a DavPath, to: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(async move {
            self.admit(from, FsError::NotFound)?;
            self.admit(to, FsError::Forbidden)?;
            self.plain.rename(from, to).await?;
            self.properties.rename(from.as_rel_ospath(), to.as_rel_ospath());
            Ok(())
        })
    }

    fn copy<'a>(&'a self, from: &'a DavPath, to: &'a DavPath) -> FsFuture<'a, ()> {
        Box::pin(async move {
            self.admit(from, FsError::NotFound)?;
            self.admit(to, FsError::Forbidden)?;
            self.properties.may_copy(from.as_rel_ospath())?;
            self.plain.copy(from, to).await?;
            self.properties.copy(from.as_rel_ospath(), to.as_rel_ospath());
            Ok(())
        })
    }

    fn have_props<'a>(&'a self, _path: &'a DavPath) -> BoxFuture<'a, bool> {
        future::ready(true).boxed()
    }

    fn patch_props<'a>(
        &'a self,
        path: &'a DavPath,
        patch: Vec<(bool, DavProp)>,
    ) -> FsFuture<'a, Vec<(StatusCode, DavProp)>> {
        Box::pin(async move {
            self.admit(path, FsError::NotFound)?;
            Ok(self.properties.change(path.as_rel_ospath(), patch))
        })
    }

    fn get_props<'a>(&'a self, path: &'a DavPath, do_content: bool) -> FsFuture<'a, Vec<DavProp>> {
        let mut properties = match self.errand {
            // They were asked for one by one.
            Errand::Named => Vec::new(),
            Errand::Names | Errand::Copy { .. } | Errand::Other => self.properties.of(path.as_rel_ospath()),
        };
        if !do_content || self.errand == Errand::Names {
            properties.iter_mut().for_each(|property| property.xml = None);
        }
        Box::pin(future::ready(Ok(properties)))
    }

    fn get_prop<'a>(&'a self, path: &'a DavPath, prop: DavProp) -> FsFuture<'a, Vec<u8>> {
        Box::pin(future::ready(self.properties.get(path.as_rel_ospath(), &prop)))
    }
}
