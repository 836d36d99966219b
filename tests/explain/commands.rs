//! The commands themselves: what `davgate explain` and `davgate test` print, with which exit code, and that README.md shows it as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Runs davgate in the project's directory; exit code, standard output, standard error.
fn davgate(arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_davgate"));
    let done = command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

fn explain(arguments: &[&str]) -> (i32, String, String) {
    davgate(&[&["explain", "--config", "config/office.yaml"], arguments].concat())
}

/// A file of expectations in a directory of its own, about config/office.yaml.
fn expectations(rows: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy-test.yaml");
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/office.yaml");
    fs::write(&file, format!("config: {}\ntests:\n{rows}", config.display())).unwrap();
    (directory, file)
}

/// Runs `davgate test` on these rows; the name of the file is FILE in what it says.
fn test(rows: &str) -> (i32, String, String) {
    let (_directory, file) = expectations(rows);
    let name = file.display().to_string();
    let (code, out, err) = davgate(&["test", &name]);
    (code, out.replace(&name, "FILE"), err.replace(&name, "FILE"))
}

#[test]
fn exit_codes_of_explain() {
    let rows: &[(i32, &[&str])] = &[
        (0, &["--user", "ann", "PUT", "/files/shared/a"]),
        (0, &["GET", "https://dav.example.org/files/public/a b"]),
        (1, &["--anonymous", "PUT", "/files/public/a"]),
        (
            1,
            &["-u", "carl", "MOVE", "/files/home/carl/a", "-d", "/files/shared/a"],
        ),
        (1, &["--host", "other.example.org", "GET", "/files/public/a"]),
        (3, &["-u", "bob", "DELETE", "/files/shared/secret"]),
        (
            0,
            &[
                "-u",
                "bob",
                "DELETE",
                "/files/shared/secret",
                "--target-state",
                "resource",
            ],
        ),
        (
            1,
            &[
                "-u",
                "bob",
                "DELETE",
                "/files/shared/secret",
                "--target-state",
                "collection",
            ],
        ),
        (0, &["-u", "eve", "-g", "staff", "GET", "/files/shared/a"]),
        (1, &["-u", "eve", "GET", "/files/shared/a"]),
        (2, &["-u", "a/b", "GET", "/files/public/a"]),
        (2, &["-g", "staff", "GET", "/files/public/a"]),
        (2, &["-u", "ann", "--anonymous", "GET", "/files/public/a"]),
        (2, &["-H", "no header", "GET", "/files/public/a"]),
        (2, &["--body", "no/such/file", "GET", "/files/public/a"]),
    ];
    super::each(rows, |(expected, arguments)| {
        let (code, out, err) = explain(arguments);
        assert_eq!(code, *expected, "{arguments:?}: {out}{err}");
        assert_eq!(out.is_empty(), *expected == 2, "{arguments:?}");
    });
    let (code, _, err) = davgate(&["explain", "--config", "no/such.yaml", "GET", "/"]);
    assert_eq!(
        (code, err.starts_with("no/such.yaml: cannot be read")),
        (2, true),
        "{err}"
    );
}

#[test]
fn json_is_on_standard_output() {
    let (code, out, _) = explain(&["--json", "--user", "bob", "GET", "/files/shared/secret/a"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &value["verdict"], &value["file"]),
        (1, &"refuse".into(), &"config/office.yaml".into())
    );
    let (_, schema, _) = davgate(&["schema", "--of", "explain"]);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&value));
}

/// The blocks of README.md that begin with a command line of davgate: the line, and what follows it.
fn shown(readme: &str) -> Vec<(String, String)> {
    let blocks = readme.split("```\n$ davgate ").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("```").map(|(block, _)| block));
    let split = blocks.filter_map(|block| block.split_once('\n'));
    split.map(|(line, rest)| (line.to_owned(), rest.to_owned())).collect()
}

#[test]
fn the_readme_shows_what_is_printed() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let shown = shown(&readme);
    assert!(shown.len() >= 2, "{}", shown.len());
    // The files that the page speaks of: the example of config/, and the page's own expectations.
    let directory = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("config/office.yaml"), directory.path().join("office.yaml")).unwrap();
    let (_, test) = readme.split_once("```yaml\nconfig: ").unwrap();
    let (test, _) = test.split_once("```").unwrap();
    fs::write(directory.path().join("policy-test.yaml"), format!("config: {test}")).unwrap();
    for (line, expected) in shown {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davgate"));
        let done = command
            .args(line.split(' '))
            .current_dir(directory.path())
            .output()
            .unwrap();
        let out = String::from_utf8(done.stdout).unwrap();
        assert_eq!(out, expected, "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn the_example_is_met() {
    let (code, out, err) = davgate(&["test", "config/policy-tests/office.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with(" met, 0 failed\n") && out.lines().count() == 1, "{out}");
    let (_, out, _) = davgate(&["test", "--verbose", "config/policy-tests/office.yaml"]);
    assert!(out.lines().count() > 20, "{out}");
}

#[test]
fn expectations_that_are_not_met_are_told() {
    let (code, out, err) = test(
        "  - { as: ann, method: PUT, path: /files/shared/a, expect: permit }\n\
         \x20 - { name: readers only read, as: carl, method: [GET, PUT], path: /files/shared/a b, expect: permit }\n\
         \x20 - { as: carl, method: PUT, path: /files/archive/a, expect: 403 }\n\
         \x20 - { as: bob, method: GET, path: /files/shared/secret/a, expect: 404, rule: 'office.access[1]' }\n\
         \x20 - { as: bob, method: DELETE, path: /files/shared/secret, expect: refuse }\n\
         \x20 - { as: ann, method: GET, path: /files/shared/a, expect: permit, rule: 'office.access[2]' }\n\
         \x20 - { as: ann, method: GET, path: /files/shared/b, expect: permit, rule: 'office.access[3]' }\n",
    );
    assert_eq!((code, err.as_str()), (1, ""));
    let expected = "FILE:4: readers only read: carl: PUT /files/shared/a b\n  \
         expected permit; found 403 (A-31): no rule grants carl bind on /files/shared/\n";
    assert!(out.starts_with(expected), "{out}");
    for line in [
        "  expected 403; found 405 (O-6, office.methods[0]): PUT may not pass at /files/archive/a",
        "  expected 404 by office.access[1]; found 404 (A-32, office.access[0]): bob is denied read on /files/shared/secret/a; so the answer is as if \
         nothing were there",
        "  expected refuse; it depends on what is there:",
        "    collection: 403 (A-31, office.access[0]): bob is denied unbind on /files/shared/secret",
        "  expected permit by office.access[3]; found permitted, by office.access[2]",
        "FILE: 8 expectations, 3 met, 5 failed",
    ] {
        assert!(out.lines().any(|found| found == line), "no {line:?} in {out}");
    }
    // The command that is offered gives the same answer.
    let command = out
        .lines()
        .find(|line| line.contains("davgate explain"))
        .unwrap()
        .trim();
    assert!(command.ends_with("--user carl PUT '/files/shared/a b'"), "{command}");
}

#[test]
fn wrong_files_of_expectations_are_told_with_lines() {
    let rows: &[(&str, &[&str])] = &[
        (
            "  - { as: ann, method: GTE, path: /files/a, expect: permit }\n",
            &[
                "FILE:3: tests[0].method: \"GTE\" is no method; expected a method such as GET or PUT, or a list of them; did you mean GET?",
            ],
        ),
        (
            "  - { as: ann, mehtod: GET, path: files/a, expect: permt }\n",
            &[
                "FILE:3: tests[0].mehtod: unknown key; expected one of name, as, groups, method, path, destination, depth, host, headers, \
                 state, destination_state, expect, rule; did you mean method?",
                "FILE:3: tests[0].expect: \"permt\" is not known; expected one of permit, refuse, depends; did you mean permit?",
                "FILE:3: tests[0].method: missing; expected a method such as GET or PUT, or a list of them",
                "FILE:3: tests[0].path: \"files/a\" is no path; expected a public path such as /files/a, an http or https URL, or a list \
                 of them",
            ],
        ),
        (
            "  - { groups: [staff], method: [], path: /a, expect: 200, state: file, depth: 2 }\n",
            &[
                "FILE:3: tests[0].expect: no status of a refusal; expected permit, refuse, depends, or a status from 400 to 599",
                "FILE:3: tests[0].state: \"file\" is not known; expected one of unmapped, resource, collection",
                "FILE:3: tests[0].depth: \"2\" is no Depth; expected 0, 1 or infinity",
                "FILE:3: tests[0].groups: without as: an anonymous request is in no group; expected as, with a user",
                "FILE:3: tests[0].method: is empty; expected a method such as GET or PUT, or a list of them",
            ],
        ),
        (
            "  []\n",
            &["FILE:2: tests: is empty; expected rows with method, path and expect"],
        ),
    ];
    super::each(rows, |(text, expected)| {
        let (code, out, err) = test(text);
        assert_eq!((code, out.as_str()), (2, ""), "{text}");
        for line in *expected {
            assert!(err.lines().any(|found| found == *line), "no {line:?} in {err}");
        }
    });
}

// The schema that editors use says what the program says.
#[test]
fn the_schema_agrees() {
    let (_, schema, _) = davgate(&["schema", "--of", "test"]);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let accepts = |text: &str| serde_yaml::from_str::<Value>(text).is_ok_and(|value| validator.is_valid(&value));
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy-tests/office.yaml");
    assert!(accepts(&fs::read_to_string(example).unwrap()));
    for row in [
        "{ method: GET, path: /a }",
        "{ path: /a, expect: permit }",
        "{ method: GET, path: /a, expect: maybe }",
        "{ method: GET, path: /a, expect: 200 }",
        "{ method: GET, path: /a, expect: 403, state: file }",
        "{ method: GET, path: /a, expect: 403, who: ann }",
    ] {
        assert!(!accepts(&format!("tests: [{row}]")), "{row}");
    }
    assert!(accepts("tests: [{ method: GET, path: /a, expect: 403 }]"));
}

// RM-2, RM-15, RM-20, B-96: what a request meets before and beside rules is told, by its public path.
#[test]
fn what_else_happens_is_told() {
    let explain = |arguments: &[&str]| {
        let (code, out, err) =
            davgate(&[&["explain", "--config", "tests/explain/conveniences.yaml"], arguments].concat());
        assert_eq!(err, "");
        (code, out)
    };
    let (code, out) = explain(&["PROPFIND", "/.well-known/caldav"]);
    assert!(code == 0 && out.contains("well_known leads to /cal/"), "{out}");
    for path in ["/cal/ann/x", "/ann/x", "http://cal.test/cal/ann/x"] {
        let (code, out) = explain(&["--user", "ann", "PUT", path]);
        assert!(
            code == 0 && out.contains("request  PUT /cal/ann/x, on cal.test"),
            "{path}: {out}"
        );
        assert!(
            out.contains("note: davgate makes the home /cal/ann/, if it is not there yet (auto_home)"),
            "{out}"
        );
        assert!(out.contains("note: what was uploaded before is counted"), "{out}");
    }
    let (code, out) = explain(&["--user", "ann", "GET", "/cal/bob/x"]);
    assert!(code == 1 && !out.contains("makes the home"), "{out}");
    // The prefix once more is what nobody can tell.
    let (code, out) = explain(&["--user", "ann", "GET", "/cal/cal/x"]);
    assert!(code == 1 && out.contains("400 prefix-not-stripped (RM-2)"), "{out}");
}
