//! What a write's check costs with 10 locks and with 1,000,000, and what a lock costs in memory. `cargo bench --bench locks`; at the end the
//! program fails if a check takes 50 µs or more in memory, or 1 ms or more with a file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot go on fails"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::Criterion;
use davgate::{
    locks::{
        Claim, Lock, LockDepth, LockPath,
        table::{Effect, NewWrite},
    },
    store::{LockStore, file::FileStore, memory::MemoryStore},
    xml::lockinfo::LockScope,
};
use tokio::{runtime::Runtime, task::JoinSet};

const FEW: usize = 10;
const MANY: usize = 1_000_000;
/// How many locks are put in at once while a store is filled.
const AT_ONCE: usize = 20_000;
/// What is written: nothing locks it, and one has to look up its six collections to know.
const WRITTEN: &str = "/home/u7/projects/2026/report/draft/picture.png/";

/// A lock as an office program takes one, by one of 1,000 users.
fn lock(number: usize) -> Lock {
    let path = format!("/home/u{}/projects/2026/report/f{number}.odt/", number % 1000);
    Lock {
        token: format!("urn:uuid:f81d4fae-7dec-11d0-a765-{number:012x}"),
        root: LockPath::stored("http://127.0.0.1:8081", &path).unwrap(),
        collection: false,
        depth: LockDepth::Zero,
        scope: LockScope::Exclusive,
        creator: Some(format!("user{}", number % 1000)),
        owner: Some("<D:owner xmlns:D=\"DAV:\"><D:href>mailto:user@example.org</D:href></D:owner>".to_owned()),
        timeout: 86_400_000,
        created_at: 0,
        expires_at: 0,
    }
}

async fn fill(store: &Arc<dyn LockStore>, count: usize) {
    for begin in (0..count).step_by(AT_ONCE) {
        let mut tasks = JoinSet::new();
        for number in begin..count.min(begin + AT_ONCE) {
            let store = Arc::clone(store);
            tasks.spawn(async move { store.put(lock(number)).await.unwrap() });
        }
        tasks.join_all().await;
    }
}

/// A PUT that makes something: the check, the note that it is under way, and its end.
async fn check(store: &dyn LockStore) {
    let path = LockPath::stored("http://127.0.0.1:8081", WRITTEN).unwrap();
    let parent = path.ancestors().next().unwrap();
    let write = NewWrite {
        claims: vec![Claim::itself(path), Claim::itself(parent)],
        creator: Some("user7".to_owned()),
        submitted: Vec::new(),
        relied_on: Vec::new(),
        time: 60_000,
    };
    let id = store.begin(write).await.unwrap().unwrap();
    store.end(id, Vec::<Effect>::new()).await.unwrap();
}

/// Memory of this process, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn measure(criterion: &mut Criterion, runtime: &Runtime, name: &str, store: &dyn LockStore) -> Duration {
    criterion.bench_function(name, |bencher| bencher.iter(|| runtime.block_on(check(store))));
    let rounds = 20_000;
    let began = Instant::now();
    for _ in 0..rounds {
        runtime.block_on(check(store));
    }
    began.elapsed() / rounds
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let place = tempfile::TempDir::new().unwrap();
    let mut told = Vec::new();
    for count in [FEW, MANY] {
        let before = resident();
        let memory: Arc<dyn LockStore> = Arc::new(MemoryStore::default());
        runtime.block_on(fill(&memory, count));
        let each = resident().saturating_sub(before) / count;
        let took = measure(&mut criterion, &runtime, &format!("memory, {count} locks"), &*memory);
        told.push((
            format!("memory, {count} locks: {took:?} a check"),
            took < Duration::from_micros(50),
        ));
        if count == MANY {
            told.push((format!("memory: {each} bytes a lock"), each < 2048));
        }
        drop(memory);

        let path = place.path().join(format!("{count}.redb"));
        let file: Arc<dyn LockStore> = Arc::new(FileStore::new(path.clone()));
        while runtime.block_on(file.ping()).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        runtime.block_on(fill(&file, count));
        let took = measure(&mut criterion, &runtime, &format!("file, {count} locks"), &*file);
        told.push((
            format!("file, {count} locks: {took:?} a check"),
            took < Duration::from_millis(1),
        ));
        drop(file);
        let began = Instant::now();
        let file = FileStore::new(path.clone());
        while runtime.block_on(file.ping()).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let bytes = std::fs::metadata(&path).unwrap().len();
        told.push((
            format!("file, {count} locks: {bytes} bytes, opened in {:?}", began.elapsed()),
            true,
        ));
    }
    told.iter()
        .for_each(|(line, good)| println!("{line}{}", if *good { "" } else { ": TOO MUCH" }));
    assert!(told.iter().all(|(_, good)| *good));
}
