//! docs/rules.md explains every id and every name that a refusal, the log or a test may show. Read from the sources as text, so
//! that a new refusal without an explanation fails here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The families of ids; what else looks like one (`UTF-8`) is none.
const FAMILIES: &[&str] = &[
    "A", "AE", "AM", "B", "C", "ERR", "EX", "F", "L", "M", "O", "P", "PO", "PV", "Q", "R", "RM", "RP", "Z",
];

/// Where refusals and failures get their names.
const NAMED_IN: &[&str] = &[
    "src/decide/denial_names.rs",
    "src/request/framing.rs",
    "src/url/path.rs",
    "src/xml/refusal.rs",
    "src/gateway/upstream_error.rs",
    "src/rewrite/answer.rs",
    "src/rewrite/answer_body.rs",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The text of every Rust and Python file below a directory.
fn sources(directory: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") && !path.ends_with("tests/rules.rs")
        {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    text
}

/// Elliptic curves are no ids (FIPS 186-5).
const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];

fn id(word: &str) -> Option<(&str, u32)> {
    if CURVES.contains(&word) {
        return None;
    }
    let (family, number) = word.split_once('-')?;
    Some((*FAMILIES.iter().find(|known| **known == family)?, number.parse().ok()?))
}

/// The ids in a text; `P-1 to P-4` is all four.
fn ids(text: &str) -> BTreeSet<(&str, u32)> {
    let mut found = BTreeSet::new();
    let (mut before, mut to) = (None, false);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    for word in words.filter(|word| !word.is_empty()) {
        let this = id(word);
        if let (Some((family, first)), true, Some((same, last))) = (before, to, this)
            && family == same
        {
            found.extend((first..=last).map(|number| (family, number)));
        }
        found.extend(this);
        to = word == "to" && before.is_some();
        if !to {
            before = this;
        }
    }
    found
}

/// The string literals of the functions `fn rule(`, `fn name(` and `fn condition(`.
fn names(source: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for function in ["fn rule(", "fn name(", "fn condition("] {
        for body in source.split(function).skip(1) {
            let body = body.split("\n    }\n").next().unwrap_or_default();
            found.extend(body.split('"').skip(1).step_by(2));
        }
    }
    found
}

#[test]
fn every_id_is_explained() {
    let page = read("docs/rules.md");
    // Only the first column explains.
    let explained: String = page
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(|cell| format!("{cell}\n"))
        .collect();
    let explained = ids(&explained);
    for directory in ["src", "tests"] {
        let text = sources(&root().join(directory));
        // A range in a text may span numbers that do not exist; its ends must.
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let missing: BTreeSet<(&str, u32)> = words.filter_map(id).filter(|id| !explained.contains(id)).collect();
        assert!(
            missing.is_empty(),
            "not in docs/rules.md, but in {directory}/: {missing:?}"
        );
    }
}

#[test]
fn every_name_is_explained() {
    let page = read("docs/rules.md");
    let (mut count, mut missing) = (0, Vec::new());
    for file in NAMED_IN {
        let source = read(file);
        let names = names(&source);
        assert!(!names.is_empty(), "{file} names nothing");
        for name in names {
            let there = match id(name) {
                Some(id) => ids(&page).contains(&id),
                None => page.contains(&format!("`{name}`")) || page.contains(&format!("`D:{name}`")),
            };
            count += 1;
            if !there {
                missing.push(format!("{name} of {file}"));
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/rules.md: {missing:#?}");
    assert!(count > 100, "{count}");
    // Given where the client fails, not by an error of ours.
    assert!(read("src/gateway/refusing.rs").contains("\"client-gone\"") && page.contains("`client-gone`"));
}

#[test]
fn no_id_is_explained_twice() {
    let page = read("docs/rules.md");
    let mut seen = BTreeSet::new();
    for line in page.lines().filter_map(|line| line.split('|').nth(1)) {
        for word in line.split([' ', ',']).filter(|_| !line.contains(" to ")) {
            if let Some(id) = id(word) {
                assert!(seen.insert(id), "{word} twice");
            }
        }
    }
    assert!(seen.len() > 100);
}

#[test]
fn the_reader_of_ids_reads() {
    let wanted = BTreeSet::from([("B", 1), ("P", 2), ("P", 3), ("P", 4)]);
    assert_eq!(ids("B-1; P-2 to P-4, UTF-8 and XB-3"), wanted);
    assert_eq!(ids("Q-1 and Q-3"), BTreeSet::from([("Q", 1), ("Q", 3)]));
}
