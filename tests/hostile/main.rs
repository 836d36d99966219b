//! Hostile and broken input as raw bytes, in HTTP/1.1 and HTTP/1.0: what is answered, and what a recording back end saw (spec 2.1 and
//! section 5). Rows that are pinned elsewhere in raw bytes, by way of the shared lab, are not repeated: see `tests/support/again.rs`,
//! which sends each of those in HTTP/1.0 too, and with another request right behind it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod chunks;
mod dav;
mod framing;
mod lines;
mod old;
mod paths;
mod pipeline;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod xml;

use std::time::Duration;

use support::lab::shared;
use support::wire::{Answer, Client};

/// A smuggled request: if it ever arrives, a front parser has been fooled.
const SMUGGLED: &[u8] = b"DELETE /dav/victim HTTP/1.1\r\nHost: dav.test\r\nX-Smuggled: yes\r\n\r\n";

/// What follows a request that must end its connection: permitted where it stands, and never served.
fn behind(name: &str) -> Vec<u8> {
    format!("GET /files/behind HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name} (behind)\r\n\r\n").into_bytes()
}

/// These bytes, which hold `X-Case: name`, are refused with this status and condition, the connection ends, and neither they nor a
/// request behind them reach the back end.
fn refused(status: u16, condition: &str, name: &str, bytes: &[u8]) -> Answer {
    let mut client = Client::connect(shared().gateway.address);
    client.send(&[bytes, &behind(name)].concat());
    let answer = client.answer(false);
    assert_eq!(
        (answer.status, answer.whole),
        (status, true),
        "{name}: {}",
        answer.text()
    );
    assert!(
        answer.has_condition(condition),
        "{name}: not {condition}: {}",
        answer.text()
    );
    assert!(answer.lists("Connection", "close"), "{name}: {:?}", answer.headers);
    assert!(client.closed_within(Duration::from_secs(5)), "{name}: not closed");
    for case in [name.to_owned(), format!("{name} (behind)")] {
        assert!(
            !shared().backend.saw(&format!(": {case}\r\n")),
            "{case}: reached the back end"
        );
        shared().note_refused(&case);
    }
    answer
}

/// The request of case `name`, which is in HTTP/1.1, in HTTP/1.0 on a connection that is to stay open, as case `new`.
fn in_1_0(bytes: &[u8], name: &str, new: &str) -> Vec<u8> {
    let replaced = |bytes: &[u8], from: &str, to: &str| {
        let at = memchr::memmem::find(bytes, from.as_bytes()).unwrap_or_else(|| panic!("{name}: no {from:?}"));
        [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
    };
    let bytes = replaced(bytes, " HTTP/1.1\r\n", " HTTP/1.0\r\nConnection: keep-alive\r\n");
    replaced(&bytes, &format!("X-Case: {name}\r\n"), &format!("X-Case: {new}\r\n"))
}
