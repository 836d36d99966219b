//! Many access rules: they are loaded soon, and the right one decides. How long a verdict takes, `benches/verdict.rs` says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use support::backend::BackEnd;
use support::gateway::Gateway;
use support::lab::Lab;
use support::wire::req;

/// As many as the requirement says; a tenth of it where the program is not optimised.
const COUNT: usize = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
/// 2 s is what is wanted of an optimised program on an idle machine; tests have neither.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 60 } else { 6 });

fn configuration(listen: &str, back: &str) -> String {
    let mut text = format!(
        "listeners: [{{ address: '{listen}' }}]\n\
         identity: {{ trusted_header: {{ user: X-Remote-User, from: [127.0.0.1] }} }}\n\
         routes:\n  - path: /files/\n    backend: {{ url: 'http://{back}/dav/' }}\n    access:\n"
    );
    for number in 0..COUNT {
        writeln!(
            text,
            "      - {{ path: /folder/f{number}/**, allow: [read], to: 'user:u{number}' }}"
        )
        .unwrap();
    }
    text
}

#[test]
fn they_are_loaded_soon() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("davgate.yaml");
    std::fs::write(&file, configuration("127.0.0.1:0", "127.0.0.1:1")).unwrap();
    let started = Instant::now();
    let done = Command::new(env!("CARGO_BIN_EXE_davgate"))
        .arg("check")
        .arg(&file)
        .output()
        .unwrap();
    let took = started.elapsed();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(took < SOON, "{took:?} for {COUNT} rules");
}

//
#[test]
fn the_right_one_decides() {
    let backend = BackEnd::start();
    let gateway = Gateway::start(&configuration("@LISTEN@", &backend.address.to_string()));
    let lab = Lab::of(gateway, backend);
    for number in [0, COUNT / 2, COUNT - 1] {
        let target = format!("/files/folder/f{number}/x");
        let by = |user: usize| {
            req(&format!("{number} by {user}"), "GET", &target).with("X-Remote-User", &format!("u{user}"))
        };
        lab.pass_to(&format!("/dav/folder/f{number}/x"), &by(number));
        lab.refuse(404, &by(number + 1));
    }
    lab.settle();
}
