//! The stores of locks that need no server: what they must do, random operations against a slow reference, and what the file store owes its
//! users when the process is killed. tests/stores_redis has the same for Redis.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod conformance;
mod file;
mod kill;
mod model;
mod reference;

use std::sync::Arc;

use davgate::{policy::locking::StoreSettings, store};

// L-80, L-84
#[tokio::test]
async fn the_memory_store_does_what_stores_do() {
    conformance::conforms(store::open(&StoreSettings::Memory)).await;
}

#[tokio::test]
async fn the_memory_store_agrees_with_the_reference() {
    model::agree(&*store::open(&StoreSettings::Memory), model::steps(20_000), 0x5eed).await;
}

// L-80, L-84, L-96
#[tokio::test]
async fn the_file_store_does_what_stores_do() {
    let place = file::place();
    conformance::conforms(Arc::new(file::up(&place.path().join("locks.redb")).await)).await;
}

#[tokio::test]
async fn the_file_store_agrees_with_the_reference() {
    let place = file::place();
    let path = place.path().join("locks.redb");
    let steps = model::steps(20_000);
    model::agree(&file::up(&path).await, steps, 0xf11e).await;
}
