//! The htpasswd file: users, or every wrong line by its number; and nothing of a hash in what is told.

use davgate::identity::basic::{hash::StoredHash, htpasswd};

/// `input`: the file.
pub fn check(input: &[u8]) {
    let lines = 1 + input.iter().filter(|byte| **byte == b'\n').count();
    match htpasswd::parse(input) {
        Ok(users) => {
            for name in users.names() {
                assert!(!name.is_empty() && !name.contains(['/', '\\', ':', '\n']), "{name:?}");
                let hash = users.get(name).expect("a hash");
                let again = StoredHash::parse(hash.text());
                assert!(again.is_ok_and(|again| again.text() == hash.text()), "{name:?}");
            }
            let count = users.names().count();
            assert!(count <= lines);
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let mut last = 0;
            for problem in problems {
                let line = problem.line.expect("a line");
                assert!(line > last && line <= lines, "line {line} after {last} of {lines}");
                last = line;
                assert!(!is_told(input, line, &problem.what), "a hash is told: {}", problem.what);
            }
        }
    }
}

/// Whether `what` is told of a line, and holds its hash. Names are told, and examples of hashes.
fn is_told(input: &[u8], line: usize, what: &str) -> bool {
    let line = input.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else {
        return false;
    };
    let Some((name, rest)) = line.trim().split_once(':') else {
        return false;
    };
    let hash = rest.split(':').next().unwrap_or_default();
    let told = what.split("; expected").next().unwrap_or_default();
    let told = told.replacen(&format!("{name:?}"), "", 1);
    hash.len() > 12 && !hash.contains(' ') && told.contains(hash)
}
