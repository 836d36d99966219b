//! The file of the locks (redb). In: changes, in order. Out: that they are on the disk; at the start, the locks that are there.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};

use crate::{locks::Lock, store::record};

/// Back end and token, with a zero byte between → the lock as `record` writes it.
const LOCKS: TableDefinition<'_, &str, &str> = TableDefinition::new("locks");
/// What the file says of itself.
const ABOUT: TableDefinition<'_, &str, u64> = TableDefinition::new("about");
/// The form of the file; a later one will have another number.
const FORMAT: u64 = 1;
/// How much of the file is kept in memory: little, for nothing is looked up there.
const CACHE: usize = 8 << 20;
/// What redb calls a page: its header is the first one.
const PAGE: usize = 4096;
/// How long redb's mark is, in bytes; they are the first of the file.
const MARK: usize = 9;
/// More than a file has in which nothing was kept yet, in bytes.
const UNMADE: u64 = 16 << 20;

/// A change of what is kept.
#[derive(Clone, Debug)]
pub enum Change {
    /// This lock is there, in place of one with the same token.
    Put(Lock),
    /// The lock of this back end with this token is not.
    Remove(Name),
}

/// A back end and a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The back end's id.
    pub back_end: String,
    /// The token.
    pub token: String,
}

impl Name {
    /// That of `lock`.
    pub fn of(lock: &Lock) -> Self {
        Self::new(&lock.root.back_end, &lock.token)
    }

    /// Of these two.
    pub fn new(back_end: &str, token: &str) -> Self {
        Self {
            back_end: back_end.to_owned(),
            token: token.to_owned(),
        }
    }

    fn key(&self) -> String {
        format!("{}\0{}", self.back_end, self.token)
    }
}

/// The open file. Nobody else can open it meanwhile.
#[derive(Debug)]
pub struct Log(Database);

impl Log {
    /// Opens the file, makes it if there is none, and writes to it, so that a full disk is found now.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn open(path: &Path) -> Result<Self, String> {
        let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        // The tokens in it are for the eyes of the gateway alone.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        if let Err(error) = &made
            && error.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(wrong(error));
        }
        if made.is_err() {
            begin_again(path).map_err(|error| wrong(&error))?;
        }
        let mut builder = Database::builder();
        let database = builder
            .set_cache_size(CACHE)
            .create(path)
            .map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => {
                    wrong(&"another process has it open; each davgate needs a file of its own")
                }
                other => wrong(&other),
            })?;
        let log = Self(database);
        log.begin().map_err(|error| wrong(&error))?;
        if made.is_ok()
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            // The name of a new file is lost with a crash unless its folder is written, too.
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| wrong(&error))?;
        }
        Ok(log)
    }

    fn begin(&self) -> Result<(), String> {
        let mut transaction = self.0.begin_write().map_err(|error| error.to_string())?;
        transaction.set_quick_repair(true);
        {
            let mut about = transaction.open_table(ABOUT).map_err(|error| error.to_string())?;
            let stored = about
                .get("format")
                .map_err(|error| error.to_string())?
                .map(|it| it.value());
            if stored.is_some_and(|stored| stored != FORMAT) {
                return Err("a newer davgate has written it".to_owned());
            }
            about.insert("format", FORMAT).map_err(|error| error.to_string())?;
            transaction.open_table(LOCKS).map_err(|error| error.to_string())?;
        }
        transaction.commit().map_err(|error| error.to_string())
    }

    /// Writes `changes` in their order, all or none; when it returns, they are on the disk.
    ///
    /// # Errors
    /// What is wrong. Whether they are on the disk is known only after it was opened again.
    pub fn commit(&self, changes: &[Change]) -> Result<(), String> {
        // Opening after a crash takes no walk through the file.
        let mut transaction = self.0.begin_write().map_err(|error| error.to_string())?;
        transaction.set_quick_repair(true);
        {
            let mut locks = transaction.open_table(LOCKS).map_err(|error| error.to_string())?;
            for change in changes {
                match change {
                    Change::Put(lock) => locks.insert(&*Name::of(lock).key(), &*record::write(lock)).map(drop),
                    Change::Remove(name) => locks.remove(&*name.key()).map(drop),
                }
                .map_err(|error| error.to_string())?;
            }
        }
        transaction.commit().map_err(|error| error.to_string())
    }

    /// Gives every lock of the file to `each`.
    ///
    /// # Errors
    /// The file cannot be read, or what stands in it is no lock: then none may be left out, since it protects something.
    pub fn read(&self, mut each: impl FnMut(Lock)) -> Result<(), String> {
        let transaction = self.0.begin_read().map_err(|error| error.to_string())?;
        let locks = transaction.open_table(LOCKS).map_err(|error| error.to_string())?;
        for entry in locks.iter().map_err(|error| error.to_string())? {
            let (_, text) = entry.map_err(|error| error.to_string())?;
            let lock = record::read(text.value());
            each(lock.ok_or("what stands in it is no lock")?);
        }
        Ok(())
    }
}

/// Empties the file if it was never finished: redb makes it as long as it is to be, writes the header without its mark, and then the mark.
/// Whoever is killed in between leaves a file that was never opened, so that no lock can stand in it, and that redb takes for another's.
fn begin_again(path: &Path) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    if file.try_lock().is_err() {
        return Ok(()); // Somebody is at it; redb says so.
    }
    let mut bytes = Vec::new();
    (&file).take(UNMADE).read_to_end(&mut bytes)?;
    let (header, rest) = bytes.split_at(PAGE.min(bytes.len()));
    let marked = header.iter().take(MARK).any(|byte| *byte != 0);
    let whole = bytes.len() as u64 == file.metadata()?.len();
    if whole && !marked && rest.iter().all(|byte| *byte == 0) {
        file.set_len(0)?;
    }
    Ok(())
}
