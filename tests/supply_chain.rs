//! What the program is built from: every package comes from crates.io with a checksum, under a permissive licence, and none needs more
//! than cargo and a C compiler. The rules of deny.toml that need no advisory database, so that `cargo test` alone checks them.
//!
//! Sources and checksums are checked for every platform; licences for the packages of the platform the test runs on, because cargo
//! has only their manifests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// The packages of this repository.
const OWN: &[&str] = &["davgate", "libz-ng-sys"];
/// What needs cmake, libclang, perl, make or a C++ compiler to build.
const NEED_MORE: &[&str] = &[
    "cmake",
    "bindgen",
    "clang-sys",
    "openssl-sys",
    "openssl-src",
    "boring-sys",
];
/// As in deny.toml.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One `[[package]]` of the lock file.
#[derive(Default)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

fn lock_file() -> Vec<Locked> {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let mut packages = Vec::new();
    for block in text.split("[[package]]").skip(1) {
        let mut package = Locked::default();
        for line in block.lines() {
            let Some((key, value)) = line.split_once(" = ") else {
                continue;
            };
            let value = value.trim_matches('"').to_owned();
            match key {
                "name" => package.name = value,
                "version" => package.version = value,
                "source" => package.source = Some(value),
                "checksum" => package.checksum = Some(value),
                _ => {}
            }
        }
        packages.push(package);
    }
    packages
}

/// What cargo knows of the packages built on this platform.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().expect("rustc -vV");
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("the host's name");
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args([
            "metadata",
            "--offline",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            host,
        ])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_package_comes_from_crates_io_with_a_checksum() {
    let packages = lock_file();
    assert!(
        packages.len() > 200,
        "only {} packages: is the lock file read right?",
        packages.len()
    );
    for package in packages {
        let what = format!("{} {}", package.name, package.version);
        match package.source {
            Some(source) => {
                assert_eq!(source, CRATES_IO, "{what}");
                assert_eq!(
                    package.checksum.map(|sum| sum.len()),
                    Some(64),
                    "{what}: a SHA-256 in hexadecimal"
                );
            }
            None => assert!(OWN.contains(&package.name.as_str()), "{what} comes from a path"),
        }
    }
}

#[test]
fn nothing_needs_more_than_a_c_compiler() {
    for package in lock_file() {
        assert!(
            !NEED_MORE.contains(&package.name.as_str()),
            "{} {}",
            package.name,
            package.version
        );
    }
}

#[test]
fn no_version_of_a_direct_dependency_is_left_open() {
    let packages = packages();
    for own in packages.iter().filter(|package| package["source"].is_null()) {
        for dependency in own["dependencies"].as_array().unwrap() {
            assert_ne!(dependency["req"], "*", "{} of {}", dependency["name"], own["name"]);
        }
    }
}

#[test]
fn every_licence_is_permissive() {
    for package in packages() {
        if package["source"].is_null() {
            continue;
        }
        let what = format!("{} {}", package["name"], package["version"]);
        let licence = package["license"]
            .as_str()
            .unwrap_or_else(|| panic!("{what} names no licence"));
        assert!(is_allowed(licence), "{what}: {licence}");
    }
}

#[test]
fn deny_toml_has_the_same_lists() {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    for licence in LICENCES {
        assert!(text.contains(&format!("    \"{licence}\",\n")), "{licence}");
    }
    let (_, allowed) = text.split_once("allow = [").unwrap();
    let (allowed, _) = allowed.split_once(']').unwrap();
    assert_eq!(allowed.matches(',').count(), LICENCES.len());
    for package in NEED_MORE {
        assert!(text.contains(&format!("crate = \"{package}\"")), "{package}");
    }
}

/// An SPDX expression, where older manifests write `/` for OR: any branch of an OR will do, all of an AND must.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let allowed = either(&words, &mut at);
    allowed && at == words.len()
}

fn either(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = both(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= both(words, at);
    }
    allowed
}

fn both(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= one(words, at);
    }
    allowed
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let allowed = either(words, at);
        let closed = words.get(*at) == Some(&")");
        *at += 1;
        return allowed && closed;
    }
    if words.get(*at) == Some(&"WITH") {
        let exception = words.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return LICENCES.contains(&format!("{word} WITH {exception}").as_str());
    }
    LICENCES.contains(word)
}

#[test]
fn the_reader_of_licences_reads() {
    for (expression, want) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT/Apache-2.0", true),
        ("Apache-2.0 / MIT / MPL-2.0", true),
        ("GPL-2.0 OR MIT", true),
        ("GPL-2.0 AND MIT", false),
        ("(MIT OR GPL-2.0) AND Unicode-3.0", true),
        ("MIT OR GPL-2.0 AND AGPL-3.0", true),
        ("(MIT OR GPL-2.0) AND AGPL-3.0", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("GPL-2.0 WITH Classpath-exception-2.0", false),
        ("", false),
        ("(MIT", false),
        ("MIT Apache-2.0", false),
    ] {
        assert_eq!(is_allowed(expression), want, "{expression}");
    }
}
