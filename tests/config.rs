//! The configuration contract: examples load, broken files are refused with every error on its line, and the JSON Schema that
//! editors use agrees with the program about everything a schema can say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use davgate::config::{compile, json_schema, load};
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files of a directory, by name.
fn files(directory: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let paths = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"));
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths
        .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// What the schema says of a file, read by another YAML parser than the program's.
fn schema_accepts(validator: &jsonschema::Validator, text: &str) -> bool {
    serde_yaml::from_str::<Value>(text).is_ok_and(|value| validator.is_valid(&value))
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&json_schema()).unwrap()
}

/// The errors a broken file announces in its last lines: `# refused: LINE: text ... more text`.
fn announced(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# refused: "))
        .collect()
}

fn fits(error: &str, announced: &str) -> bool {
    let mut pieces = announced.split(" ... ");
    let first = pieces.next().unwrap_or_default();
    error.starts_with(&format!("broken.yaml:{first}")) && pieces.all(|piece| error.contains(piece))
}

fn refused_as_announced(directory: &str, by_schema: bool) -> usize {
    let validator = validator();
    let files = files(directory);
    for (name, text) in &files {
        let errors: Vec<String> = match compile(text, "broken.yaml") {
            Ok(_) => panic!("{name} was accepted"),
            Err(errors) => errors.lines().collect(),
        };
        let announced = announced(text);
        assert!(!announced.is_empty(), "{name} announces nothing; it gives {errors:#?}");
        assert_eq!(errors.len(), announced.len(), "{name}: {errors:#?}");
        for expected in announced {
            assert!(
                errors.iter().any(|error| fits(error, expected)),
                "{name}: no {expected:?} in {errors:#?}"
            );
        }
        if by_schema {
            assert!(!schema_accepts(&validator, text), "{name}: the schema accepts it");
        }
    }
    files.len()
}

#[test]
fn examples_are_valid_for_program_and_schema() {
    let validator = validator();
    let examples = files("config");
    assert!(examples.len() >= 3);
    for (name, text) in &examples {
        let loaded = load(&root().join("config").join(name)).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        assert!(schema_accepts(&validator, text), "{name}");
    }
}

#[test]
fn files_of_a_wrong_shape_are_refused_by_program_and_schema() {
    assert!(refused_as_announced("tests/config/broken/shape", true) >= 20);
}

#[test]
fn files_that_mean_nothing_are_refused_by_the_program() {
    assert!(refused_as_announced("tests/config/broken/meaning", false) >= 10);
}

/// Each broken shape is one slip away from a file that both accept; so what they refuse is the slip.
#[test]
fn the_twin_of_the_broken_files_is_accepted() {
    let text = "listeners:\n  - address: 127.0.0.1:8080\nroutes:\n  - path: /files/\n    backend:\n      \
                url: http://127.0.0.1:8081/dav/\n";
    assert!(compile(text, "good.yaml").is_ok());
    assert!(schema_accepts(&validator(), text));
    let full = files("tests/config/good");
    for (name, text) in &full {
        let loaded = compile(text, name).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        assert!(schema_accepts(&validator(), text), "{name}");
    }
}

#[test]
fn several_errors_are_told_at_once_in_the_order_of_the_file() {
    let text = fs::read_to_string(root().join("tests/config/several.yaml")).unwrap();
    let errors = compile(&text, "broken.yaml").unwrap_err().to_string();
    let errors: Vec<&str> = errors.lines().collect();
    let announced = announced(&text);
    assert_eq!(errors.len(), announced.len(), "{errors:#?}");
    for (error, expected) in errors.iter().zip(announced) {
        assert!(fits(error, expected), "no {expected:?} in {errors:#?}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let shapes = [
        "http://dav:hunter2@h/",
        "http://dav:hunter2@h:99999/?#",
        "hunter2",
        "ftp://dav:hunter2@h/",
    ];
    for url in shapes {
        for key in ["url: ", "aliases: [", "profile: { password: ", "credentials: "] {
            let close = if key.ends_with('[') {
                "]"
            } else if key.contains('{') {
                " }"
            } else {
                ""
            };
            let text = format!(
                "listeners:\n  - address: 127.0.0.1:0\nroutes:\n  - path: /\n    backend:\n      {key}'{url}'{close}\n"
            );
            let errors = compile(&text, "broken.yaml").unwrap_err().to_string();
            assert!(!errors.contains("hunter2"), "{errors}");
        }
    }
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let text = fs::read_to_string(root().join("tests/config/warnings.yaml")).unwrap();
    let warnings = compile(&text, "broken.yaml")
        .unwrap_or_else(|errors| panic!("{errors}"))
        .warnings;
    let announced = announced(&text);
    assert_eq!(warnings.len(), announced.len(), "{warnings:#?}");
    for (warning, expected) in warnings.iter().zip(announced) {
        assert!(fits(warning, expected), "no {expected:?} in {warnings:#?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let errors = load(Path::new("no/such/file.yaml")).unwrap_err().to_string();
    assert!(errors.starts_with("no/such/file.yaml: cannot be read: "), "{errors}");
}
