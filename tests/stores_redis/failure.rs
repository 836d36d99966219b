//! Servers that stop, go away and come back (L-91, L-92).

use std::time::{Duration, Instant};

use davgate::{
    locks::{
        Claim, LockDepth, LockPath,
        table::{NewLock, NewWrite, WriteRefusal},
    },
    store::LockStore,
    xml::lockinfo::LockScope,
};

use crate::{
    server::{Server, program, until_up},
    several::free_port,
};

/// A lock of alice's on `/TOKEN/`.
pub fn new(token: &str) -> NewLock {
    NewLock {
        token: token.to_owned(),
        root: LockPath::stored("http://back", &format!("/{token}/")).unwrap(),
        collection: false,
        depth: LockDepth::Zero,
        scope: LockScope::Exclusive,
        creator: "alice".to_owned(),
        owner: None,
        timeout: 600_000,
        claims: Vec::new(),
        submitted: Vec::new(),
        most: 1000,
    }
}

/// A write of bob's to `/TOKEN/`.
pub fn write(token: &str) -> NewWrite {
    NewWrite {
        claims: vec![Claim::itself(
            LockPath::stored("http://back", &format!("/{token}/")).unwrap(),
        )],
        creator: Some("bob".to_owned()),
        submitted: Vec::new(),
        relied_on: Vec::new(),
        time: 60_000,
    }
}

async fn assert_barred(store: &dyn LockStore, token: &str) {
    let barred = store.begin(write(token)).await.unwrap();
    assert!(
        matches!(&barred, Err(WriteRefusal::Locked(locks)) if locks[0].token == token),
        "{barred:?}"
    );
}

// L-91: down at once, never "no lock", and up again without anybody's help
#[tokio::test]
async fn a_server_that_crashes_and_comes_back() {
    let Some(program) = program() else { return };
    let mut server = Server::start(&program, &[]).await;
    let store = server.store();
    for round in 0..5 {
        let token = format!("t{round}");
        store.lock(new(&token)).await.unwrap().unwrap();
        server.crash();
        assert!(store.begin(write(&token)).await.is_err());
        assert!(store.survey(&write(&token).claims).await.is_err());
        assert!(store.remove("http://back", &token).await.is_err());
        server.restart();
        // Never an answer that the lock is not there: not while it loads either.
        let began = Instant::now();
        let barred = loop {
            if let Ok(outcome) = store.begin(write(&token)).await {
                break outcome;
            }
            assert!(began.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert!(matches!(barred, Err(WriteRefusal::Locked(_))), "{barred:?}");
    }
}

// L-92: what was given up on does not happen when the server wakes up
#[tokio::test]
async fn a_server_that_is_stopped() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    let store = server.store();
    store.lock(new("held")).await.unwrap().unwrap();
    server.signal("STOP");
    let began = Instant::now();
    let ((locked, begun), (removed, surveyed)) = tokio::join!(
        async { tokio::join!(store.lock(new("late")), store.begin(write("late"))) },
        async {
            let claims = write("held").claims;
            tokio::join!(store.remove("http://back", "held"), async move { claims })
        }
    );
    assert!(locked.is_err() && begun.is_err() && removed.is_err());
    let passed = began.elapsed();
    assert!(
        passed > Duration::from_millis(1500) && passed < Duration::from_secs(10),
        "{passed:?}"
    );
    assert!(store.survey(&surveyed).await.is_err());
    server.signal("CONT");
    until_up(&store).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(store.find("http://back", "late").await.unwrap(), None);
    assert_barred(&store, "held").await;
    let mut other = new("late");
    other.creator = "carol".to_owned();
    store.lock(other).await.unwrap().unwrap(); // no write of bob's is under way either
}

// L-91: a replica may be behind, so what it says of locks counts for nothing
#[tokio::test]
async fn a_replica_is_not_asked() {
    let Some(program) = program() else { return };
    let port = free_port().to_string();
    let primary = Server::start(&program, &["--port", &port, "--bind", "127.0.0.1"]).await;
    let store = primary.store();
    store.lock(new("t")).await.unwrap().unwrap();
    let replica = Server::start(&program, &[]).await;
    let behind = replica.store();
    behind.ping().await.unwrap();
    replica.say(&["REPLICAOF", "127.0.0.1", &port]).await.unwrap();
    assert!(behind.survey(&write("t").claims).await.is_err());
    assert!(behind.find("http://back", "t").await.is_err());
    assert!(behind.begin(write("u")).await.is_err());
    // It has all locks when it takes the primary's place.
    let began = Instant::now();
    while !format!("{:?}", replica.say(&["INFO", "replication"]).await.unwrap()).contains("master_link_status:up") {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    replica.say(&["REPLICAOF", "NO", "ONE"]).await.unwrap();
    until_up(&behind).await;
    assert_barred(&behind, "t").await;
}

// L-91: a server that could not keep a lock must not grant one, nor let a write through
#[tokio::test]
async fn a_server_that_cannot_write() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    let store = server.store();
    store.ping().await.unwrap();
    server
        .say(&["CONFIG", "SET", "min-replicas-to-write", "1"])
        .await
        .unwrap();
    assert!(store.begin(write("t")).await.is_err());
    assert!(store.lock(new("t")).await.is_err());
    server
        .say(&["CONFIG", "SET", "min-replicas-to-write", "0"])
        .await
        .unwrap();
    store.lock(new("t")).await.unwrap().unwrap();
}

// L-91: a gateway may start before its server
#[tokio::test]
async fn a_server_that_is_not_there_yet() {
    let Some(program) = program() else { return };
    let mut server = Server::start(&program, &[]).await;
    server.crash();
    drop(std::fs::remove_file(server.socket()));
    let store = server.store();
    assert!(store.lock(new("t")).await.is_err());
    server.restart();
    until_up(&store).await;
    store.lock(new("t")).await.unwrap().unwrap();
}
