//! The configuration file: whatever stands in it, it is compiled, or every problem has its line.

use davgate::config::{self, ConfigErrors};

/// `input`: the file.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match config::compile_rules(text, "fuzz.yaml") {
        Ok(loaded) => {
            assert!(!loaded.policy.routes.is_empty(), "no routes");
            assert!(
                loaded.warnings.iter().all(|line| line.starts_with("fuzz.yaml:")),
                "{:?}",
                loaded.warnings
            );
        }
        Err(errors) => told(text, &errors),
    }
}

fn told(text: &str, errors: &ConfigErrors) {
    // A line feed, a carriage return, or both end a line of YAML.
    let lines = 1 + text.matches(['\n', '\r']).count();
    let problems = errors.problems();
    assert!(!problems.is_empty(), "refused without a reason");
    let mut last = 0;
    for problem in problems {
        let line = problem.line().unwrap_or_else(|| panic!("no line: {problem}"));
        assert!((1..=lines).contains(&line), "line {line} of {lines}: {problem}");
        assert!(last <= line, "not in the order of the file");
        last = line;
        assert!(!problem.to_string().is_empty());
    }
}
