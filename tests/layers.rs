//! The rule of the rooms: a room imports only rooms to its left, and each outside library has one door. Read from the sources, so that
//! a wrong import fails here and not in a review.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::path::{Path, PathBuf};

/// The rooms from left to right.
const ROOMS: &[&str] = &[
    "url",
    "xml",
    "identity",
    "tls",
    "rules",
    "access",
    "policy",
    "backend",
    "request",
    "locks",
    "decide",
    "rewrite",
    "embedded",
    "store",
    "telemetry",
    "admin",
    "config",
    "gateway",
    "cli",
];

/// Which files may name which outside library: crate, and the beginnings of their paths below `src/`.
const DOORS: &[(&str, &[&str])] = &[
    ("pingora", &["gateway/", "admin/", "embedded/"]),
    ("quick_xml", &["xml/"]),
    // Tests read back what `import` prints.
    (
        "serde_yaml",
        &["cli/import/evaluator_tests.rs", "cli/import/yaml_tests.rs"],
    ),
    ("saphyr", &["config/yaml"]),
    ("saphyr_parser", &["config/yaml"]),
    ("prometheus", &["telemetry/"]),
    ("clap", &["cli/", "main.rs"]),
    ("dav_server", &["embedded/"]),
    ("argon2", &["identity/basic/"]),
    ("bcrypt", &["identity/basic/"]),
    ("sha_crypt", &["identity/basic/"]),
    ("jsonwebtoken", &["identity/bearer/"]),
    ("rustls", &["identity/bearer/fetch", "tls/", "gateway/tls"]),
    ("ring", &["identity/", "locks/seal"]),
    ("redb", &["store/file/"]),
    // `redis::` is the store's own module, too.
    ("redis", &["store/"]),
    ("x509_parser", &["identity/client_certificate"]),
];

/// What the deciding room must not know: deciding does no I/O.
const NOT_IN_DECIDE: &[&str] = &[
    "tokio",
    "pingora",
    "std::net::Tcp",
    "std::net::Udp",
    "std::fs",
    "std::io",
    "std::process",
    "std::env",
    "async fn",
    "Instant::now",
    "SystemTime::now",
];

/// Every source file: its path below `src/`, and its text without comments.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((below(&root, &path), code(&text)));
        }
    }
    found.sort();
    found
}

fn below(root: &Path, path: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(root).unwrap().into();
    parts
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join("/")
}

/// The lines that are no comments.
fn code(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The rooms that a file names, by `crate::ROOM` or inside `crate::{...}`.
fn imports(text: &str) -> Vec<&'static str> {
    let direct = regex::Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let group = regex::Regex::new(r"(?s)\bcrate::\{(.*?)\};").unwrap();
    let word = regex::Regex::new(r"(?:^|[\s{,])([a-z_]+)(?:::|\s*,|\s*$)").unwrap();
    let mut names: Vec<String> = direct.captures_iter(text).map(|found| found[1].to_owned()).collect();
    for found in group.captures_iter(text) {
        names.extend(word.captures_iter(&found[1]).map(|name| name[1].to_owned()));
    }
    ROOMS
        .iter()
        .copied()
        .filter(|room| names.iter().any(|name| name == room))
        .collect()
}

fn place(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

#[test]
fn rooms_import_only_to_their_left() {
    for (file, text) in sources() {
        let room = file
            .split('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs")
            .to_owned();
        if room == "main" || room == "lib" {
            continue;
        }
        let here = place(&room).unwrap_or_else(|| panic!("{file}: not in the list of rooms"));
        for other in imports(&text) {
            assert!(
                place(other) <= Some(here),
                "src/{file} imports {other}, which stands to the right of {room}"
            );
        }
    }
}

#[test]
fn libraries_have_one_door() {
    for (file, text) in sources() {
        for (library, doors) in DOORS {
            let named = regex::Regex::new(&format!(r"\b{library}(_[a-z]+)?::|\buse {library}\b"))
                .unwrap()
                .is_match(&text);
            let allowed = doors.iter().any(|door| file.starts_with(door));
            assert!(
                !named || allowed,
                "src/{file} names {library}, whose doors are {doors:?}"
            );
        }
    }
}

#[test]
fn deciding_does_no_io() {
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("decide/")) {
        for word in NOT_IN_DECIDE {
            assert!(!text.contains(word), "src/{file} names {word}");
        }
    }
}

// Files of one purpose are short; each says at its top what it is for. Tables of tests beside the code do not count as length.
#[test]
fn files_are_short_and_say_what_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for (file, _) in sources().into_iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(root.join("src").join(&file)).unwrap();
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > 400 {
            wrong.push(format!("src/{file} has {lines} lines"));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("src/{file} does not begin with what it is for"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reader_of_imports_reads() {
    assert_eq!(imports("use crate::xml::name::DAV;"), ["xml"]);
    assert_eq!(
        imports("use crate::{\n    url::path,\n    gateway::{a, b},\n};"),
        ["url", "gateway"]
    );
    assert_eq!(
        imports(&code("// use crate::xml::name;\nlet x = crate::policy::Route;")),
        ["policy"]
    );
}
