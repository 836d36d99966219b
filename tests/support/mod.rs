//! What the wire tests share: the real program on a free port, a recording back end, and a client that speaks raw bytes.
//!
//! Everything here is plain std threads and blocking sockets with deadlines, so that a test says exactly which bytes travel.
#![allow(dead_code, reason = "every test file uses its own part of the harness")]

pub mod again;
pub mod backend;
pub mod gateway;
pub mod identity;
pub mod lab;
pub mod people;
pub mod samples;
pub mod table;
pub mod wire;

/// Runs `check` on every row and fails at the end with the number of rows that failed, so that one run shows all of them.
pub fn each<T>(rows: impl IntoIterator<Item = T>, mut check: impl FnMut(T)) {
    let attempt = |row| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(row))).is_err();
    let failed = rows.into_iter().map(attempt).filter(|failed| *failed).count();
    assert_eq!(failed, 0, "rows failed, see above");
}
