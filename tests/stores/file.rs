//! The file of the locks: opened late, opened once, and read again after everything.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use davgate::{
    locks::{
        Claim, LockDepth, LockPath,
        table::{NewLock, NewWrite},
    },
    store::{Down, LockStore, file::FileStore},
    xml::lockinfo::LockScope,
};
use tempfile::TempDir;

/// A folder in memory, if there is one: many steps, each of which waits for the disk, take their time.
pub fn place() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

/// The store in `path`, once it answers.
pub async fn up(path: &Path) -> FileStore {
    let store = FileStore::new(path.to_owned());
    until_up(&store).await;
    store
}

async fn until_up(store: &FileStore) {
    let began = Instant::now();
    while let Err(down) = store.ping().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{down}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Why the store does not answer, once it has tried to open the file.
async fn trouble(store: &FileStore) -> String {
    loop {
        let Down(why) = store.ping().await.unwrap_err();
        if why != "it is being opened" {
            return why;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A lock on `/TOKEN/`.
pub fn new(token: &str, timeout: u64) -> NewLock {
    NewLock {
        token: token.to_owned(),
        root: LockPath::stored("http://back", &format!("/{token}/")).unwrap(),
        collection: false,
        depth: LockDepth::Zero,
        scope: LockScope::Exclusive,
        creator: "alice".to_owned(),
        owner: Some("<o/>".to_owned()),
        timeout,
        claims: Vec::new(),
        submitted: Vec::new(),
        most: 1_000_000,
    }
}

/// The tokens of all locks.
pub async fn tokens(store: &dyn LockStore) -> Vec<String> {
    let page = store.list(None, None, 1_000_000).await.unwrap();
    page.found.locks.into_iter().map(|lock| lock.token).collect()
}

// L-96
#[tokio::test]
async fn locks_survive_and_ended_ones_do_not() {
    let place = place();
    let path = place.path().join("locks.redb");
    let store = up(&path).await;
    let kept = store.lock(new("kept", 600_000)).await.unwrap().unwrap();
    store.lock(new("short", 30)).await.unwrap().unwrap();
    store.lock(new("removed", 600_000)).await.unwrap().unwrap();
    store.remove("http://back", "removed").await.unwrap().unwrap();
    drop(store);
    tokio::time::sleep(Duration::from_millis(40)).await;
    let store = up(&path).await;
    assert_eq!(store.find("http://back", "kept").await.unwrap(), Some(kept));
    assert_eq!(tokens(&store).await, ["kept"]);
    // Tokens are worth something to whoever can read them.
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

// L-91: whoever comes second is told, and takes over when the first one is gone
#[tokio::test]
async fn a_file_has_one_user_at_a_time() {
    let place = place();
    let path = place.path().join("locks.redb");
    let first = up(&path).await;
    first.lock(new("t", 600_000)).await.unwrap().unwrap();
    let second = FileStore::new(path);
    let down = trouble(&second).await;
    assert!(down.contains("another process has it open"), "{down}");
    assert!(second.lock(new("u", 600_000)).await.is_err());
    assert!(second.survey(&[]).await.is_err());
    assert!(first.ping().await.is_ok());
    drop(first);
    until_up(&second).await;
    assert_eq!(tokens(&second).await, ["t"]);
}

// L-91: `run` may start before the disk is there
#[tokio::test]
async fn the_store_heals_by_itself() {
    let place = place();
    let folder = place.path().join("later");
    let store = FileStore::new(folder.join("locks.redb"));
    let down = trouble(&store).await;
    assert!(down.contains("locks.redb"), "{down}");
    assert_eq!(store.lock(new("t", 600_000)).await.unwrap_err(), Down(down));
    std::fs::create_dir(&folder).unwrap();
    until_up(&store).await;
    store.lock(new("t", 600_000)).await.unwrap().unwrap();
}

// L-84: a write that changes no lock costs no disk: the file is as it was, to the byte. The twin: a lock is in it.
#[tokio::test]
async fn a_write_leaves_the_file_alone() {
    let place = place();
    let path = place.path().join("locks.redb");
    let store = up(&path).await;
    store.lock(new("t", 600_000)).await.unwrap().unwrap();
    let changed = || std::fs::metadata(&path).unwrap().modified().unwrap();
    let (before, bytes) = (changed(), std::fs::read(&path).unwrap());
    tokio::time::sleep(Duration::from_millis(20)).await;
    for number in 0..100 {
        let write = NewWrite {
            claims: vec![Claim::itself(
                LockPath::stored("http://back", &format!("/{number}/")).unwrap(),
            )],
            creator: Some("bob".to_owned()),
            submitted: Vec::new(),
            relied_on: Vec::new(),
            time: 60_000,
        };
        let id = store.begin(write).await.unwrap().unwrap();
        store.end(id, Vec::new()).await.unwrap();
    }
    assert_eq!(changed(), before);
    assert!(std::fs::read(&path).unwrap() == bytes, "the file has changed");
    store.lock(new("u", 600_000)).await.unwrap().unwrap();
    assert!(changed() > before);
}

/// The bytes of a file of `length` zeros, but for one at each of `others`.
fn zeros(length: usize, others: &[usize]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for other in others {
        bytes[*other] = b'x';
    }
    bytes
}

// A lock that cannot be read still protects something.
#[tokio::test]
async fn a_damaged_file_is_not_taken_for_an_empty_one() {
    let place = place();
    let path = place.path().join("locks.redb");
    for bytes in [
        b"no database, but somebody's text".to_vec(),
        zeros(1 << 20, &[0]),
        zeros(1 << 20, &[8]),
        zeros(1 << 20, &[4096]),
        zeros(1 << 20, &[(1 << 20) - 1]),
        zeros(17 << 20, &[]),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let store = FileStore::new(path.clone());
        let down = trouble(&store).await;
        assert!(down.contains("locks.redb"), "{down}");
        drop(store);
        assert!(std::fs::read(&path).unwrap() == bytes, "{down}");
    }
}

// L-96: a process that is killed while it makes the file leaves one of zeros, or with a header that has no mark yet.
#[tokio::test]
async fn a_file_that_was_never_finished_is_begun_again() {
    for (length, others) in [
        (0, &[][..]),
        (5, &[]),
        (4096, &[]),
        (1 << 20, &[]),
        (1 << 20, &[9, 40, 4095]),
    ] {
        let place = place();
        let path = place.path().join("locks.redb");
        std::fs::write(&path, zeros(length, others)).unwrap();
        let store = up(&path).await;
        store.lock(new("kept", 600_000)).await.unwrap().unwrap();
        drop(store);
        assert_eq!(tokens(&up(&path).await).await, ["kept"]);
    }
}

// L-91: a full disk. DAVGATE_TEST_SMALL_DISK names a folder on one of about a megabyte; tests/run makes one.
#[tokio::test]
async fn a_full_disk_stops_changes_until_there_is_room() {
    let Some(disk) = std::env::var_os("DAVGATE_TEST_SMALL_DISK") else {
        return;
    };
    let place = TempDir::new_in(disk).unwrap();
    let store = up(&place.path().join("locks.redb")).await;
    store.lock(new("kept", 600_000)).await.unwrap().unwrap();
    let ballast = place.path().join("ballast");
    let mut granted = vec!["kept".to_owned()];
    let mut chunk = 1 << 20;
    while chunk > 0 {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(&ballast)
            .unwrap();
        if std::io::Write::write_all(&mut file, &vec![b'x'; chunk]).is_err() {
            chunk /= 2;
        }
    }
    let down = loop {
        let mut big = new(&format!("n{:05}", granted.len()), 600_000);
        big.owner = Some("x".repeat(20_000));
        let token = big.token.clone();
        match store.lock(big).await {
            Ok(outcome) => drop(outcome.unwrap()),
            Err(down) => break down,
        }
        granted.push(token);
    };
    assert!(down.0.contains("locks.redb"), "{down}");
    // Neither the lock that failed, nor writes that it would have been in the way of.
    assert!(store.survey(&[]).await.is_err());
    std::fs::remove_file(&ballast).unwrap();
    until_up(&store).await;
    let mut found = tokens(&store).await;
    found.sort();
    granted.sort();
    assert_eq!(found, granted);
    store.lock(new("again", 600_000)).await.unwrap().unwrap();
}
