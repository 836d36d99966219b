//! The store in Redis or Valkey, with servers that the tests start: DAVGATE_TEST_REDIS names the program (`tests/run stores` does). Without
//! it nothing here is run, and each test says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

#[path = "../stores/conformance.rs"]
mod conformance;
mod failure;
#[path = "../stores/model.rs"]
mod model;
#[path = "../stores/reference.rs"]
mod reference;
mod secured;
mod server;
mod several;

use std::sync::Arc;

use davgate::store::LockStore;

use server::{Server, program};

// L-80, L-84, L-90
#[tokio::test]
async fn does_what_stores_do() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    conformance::conforms(Arc::new(server.store())).await;
}

#[tokio::test]
async fn agrees_with_the_reference() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &["--appendonly", "no"]).await;
    model::agree(&server.store(), model::steps(20_000), 0x4ed15).await;
}

// What is over leaves nothing behind.
#[tokio::test]
async fn nothing_is_left() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    let store = server.store();
    model::agree(&store, 500, 7).await;
    let page = store.list(None, None, 10_000).await.unwrap();
    for lock in page.found.locks {
        store.remove(&lock.root.back_end, &lock.token).await.unwrap().unwrap();
    }
    // One key each for writes that nobody has ended, and when they will be forgotten.
    let redis::Value::Array(keys) = server.say(&["KEYS", "*"]).await.unwrap() else {
        panic!("no list of keys")
    };
    assert!(keys.len() <= 2, "{keys:?}");
}

// The script is sent again where the server does not have it.
#[tokio::test]
async fn a_forgotten_script_is_sent_again() {
    let Some(program) = program() else { return };
    let server = Server::start(&program, &[]).await;
    let store = server.store();
    store.ping().await.unwrap();
    server.say(&["SCRIPT", "FLUSH"]).await.unwrap();
    store.ping().await.unwrap();
}

// All keys are of one slot, so a cluster carries out the script.
#[tokio::test]
async fn works_on_a_slot_of_a_cluster() {
    let Some(program) = program() else { return };
    let port = (20_000 + several::free_port() % 10_000).to_string(); // its bus listens 10,000 above
    let server = Server::start_cluster(&program, &port).await;
    conformance::conforms(Arc::new(server.store())).await;
}
