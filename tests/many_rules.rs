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
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::backend::BackEnd;
use support::gateway::Gateway;
use support::lab::Lab;
use support::wire::req;

/// What is promised is said of an optimised program. Any other is slow in itself: it gets a tenth of the rules and more time, so that
/// only what grows faster than the rules fails there.
const OPTIMISED: bool = !cfg!(debug_assertions);
const COUNT: usize = if OPTIMISED { 100_000 } else { 10_000 };
/// Of processor time, user and system: how long the program waits for a busy machine is not its doing.
const SOON: Duration = Duration::from_secs(if OPTIMISED { 2 } else { 6 });
/// A shared machine can make a processor slow as well, so the best of a few tries counts.
const TRIES: usize = 6;

/// A file whose one route has the key `rules` with a rule for each number.
fn file(listen: &str, back: &str, rules: &str, rule: impl Fn(usize) -> String) -> String {
    let mut text = format!(
        "listeners: [{{ address: '{listen}' }}]\n\
         identity: {{ trusted_header: {{ user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1] }} }}\n\
         routes:\n  - path: /files/\n    backend: {{ url: 'http://{back}/dav/' }}\n    {rules}:\n"
    );
    for number in 0..COUNT {
        writeln!(text, "      - {{ {} }}", rule(number)).unwrap();
    }
    text
}

fn configuration(listen: &str, back: &str) -> String {
    file(listen, back, "access", |number| {
        format!("path: /folder/f{number}/**, allow: [read], to: 'user:u{number}'")
    })
}

/// The processor time of `davgate check FILE`. The shell says it: `times` has the shell's own in its first line and that of what it
/// started in its second, each as `0m1.23s`, user and system.
fn processor_time(file: &Path) -> Duration {
    let done = Command::new("sh")
        .args(["-c", "\"$0\" check \"$1\" > \"$1.told\" || exit 1; times"])
        .arg(env!("CARGO_BIN_EXE_davgate"))
        .arg(file)
        .output()
        .unwrap();
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let times = told.lines().last().unwrap_or_default().split_whitespace();
    let times: Option<Vec<f64>> = times.map(seconds).collect();
    let times = times.filter(|times| times.len() == 2);
    Duration::from_secs_f64(times.unwrap_or_else(|| panic!("{told:?}")).iter().sum())
}

/// Rules as people have them: a name, the key they stand in, and the rule of each number.
struct Shape(&'static str, &'static str, fn(usize) -> String);

#[test]
fn they_are_loaded_soon() {
    if !OPTIMISED {
        eprintln!("not optimised: {COUNT} rules in {SOON:?}; what is promised, --profile ci or --release shows");
    }
    let directory = tempfile::tempdir().unwrap();
    let shapes = [
        Shape("a folder for each user", "access", |number| {
            format!("path: \"/home/u{number}/**\", allow: [all], to: \"user:u{number}\"")
        }),
        Shape("a folder for each group", "access", |number| {
            format!("path: /teams/g{number}/**, allow: [read, write], to: 'group:g{number}'")
        }),
        Shape("folders for everyone", "access", |number| {
            format!("path: /public/f{number}/**, deny: [write], to: everyone")
        }),
        Shape("many users of one folder", "access", |number| {
            format!("path: /shared/**, allow: [read], to: 'user:u{number}'")
        }),
        Shape("methods", "methods", |number| {
            format!("path: /folder/f{number}/**, allow: [read, PUT], limits: {{ body: 5MiB }}")
        }),
    ];
    for Shape(name, rules, rule) in shapes {
        let path = directory.path().join("davgate.yaml");
        std::fs::write(&path, file("127.0.0.1:0", "127.0.0.1:1", rules, rule)).unwrap();
        let mut tries = Vec::new();
        while tries.len() < TRIES && !tries.iter().any(|took| *took < SOON) {
            tries.push(processor_time(&path));
        }
        assert!(
            tries.iter().any(|took| *took < SOON),
            "{name}: {tries:?} for {COUNT} rules"
        );
        eprintln!("{name}: {tries:?} for {COUNT} rules");
        let told = std::fs::read_to_string(path.with_extension("yaml.told")).unwrap();
        assert!(
            told.contains(&format!("and {} more rules", COUNT - 50)),
            "{name}: {told}"
        );
    }
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
