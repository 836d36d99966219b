//! The htpasswd file. In: its bytes. Out: the users with their hashes, or every line that is wrong. Passes:
//! `name:hash`, blank lines, and comments that begin with `#`; what stands behind a second colon is left alone, as
//! Apache does.

use std::collections::HashMap;

use super::hash::StoredHash;
use crate::identity::{keyed::Digest, principal::judge_name, watched::LineProblem};

/// After so many lines the rest is left for the next look.
const MAX_PROBLEMS: usize = 50;

/// The users of a file.
#[derive(Debug)]
pub struct Users {
    hashes: Vec<StoredHash>,
    /// By name: the place in `hashes`.
    names: HashMap<String, usize>,
    nobody: StoredHash,
}

impl Users {
    /// The hash of a user's password.
    pub fn get(&self, name: &str) -> Option<&StoredHash> {
        self.hashes.get(*self.names.get(name)?)
    }

    /// The names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The hash that stands in for that of a name that is not in the file: one of the others, picked by `asked`.
    pub fn decoy(&self, asked: &Digest) -> &StoredHash {
        self.hashes.get(asked.pick(self.hashes.len())).unwrap_or(&self.nobody)
    }
}

/// Reads the file.
///
/// # Errors
/// Every line that is wrong.
pub fn parse(bytes: &[u8]) -> Result<Users, Vec<LineProblem>> {
    let mut users = Users {
        hashes: Vec::new(),
        names: HashMap::new(),
        nobody: StoredHash::nobody(),
    };
    let mut lines: HashMap<String, usize> = HashMap::new();
    let mut problems = Vec::new();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let mut refuse = |what: String| {
            problems.push(LineProblem {
                line: Some(index + 1),
                what,
            });
        };
        let Ok(line) = std::str::from_utf8(line) else {
            refuse("is not UTF-8".to_owned());
            continue;
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, rest)) = line.split_once(':') else {
            refuse("has no colon; expected name:hash".to_owned());
            continue;
        };
        let hash = rest.split(':').next().unwrap_or_default();
        if let Err(error) = judge_name(name) {
            refuse(error.to_string());
        } else if let Some(first) = lines.get(name) {
            refuse(format!("{name:?} is on line {first} already"));
        } else {
            lines.insert(name.to_owned(), index + 1);
            match StoredHash::parse(hash) {
                Ok(hash) => {
                    users.names.insert(name.to_owned(), users.hashes.len());
                    users.hashes.push(hash);
                }
                Err(error) => refuse(format!("{name:?}: {error}")),
            }
        }
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() { Ok(users) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::keyed::Key;

    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

    #[test]
    fn a_good_file() {
        let text = format!("\u{feff}# users\r\nann:{HASH}\r\n\n j\u{fc}rg:{HASH}:comment:more\nann lee:{HASH}");
        let users = parse(text.as_bytes()).unwrap();
        assert_eq!(users.hashes.len(), 3);
        for name in ["ann", "j\u{fc}rg", "ann lee"] {
            assert!(users.get(name).is_some_and(|hash| hash.matches("secret")), "{name}");
        }
        for name in ["", "Ann", "# users", "bob"] {
            assert!(users.get(name).is_none(), "{name}");
        }
        let empty = parse(b"").unwrap();
        let digest = Key::random().digest(&[b"bob"]);
        assert!(!empty.decoy(&digest).matches("secret"));
        assert_eq!(users.decoy(&digest).text(), HASH);
    }

    // every wrong line, by number, and nothing of its value
    #[test]
    fn wrong_lines() {
        let text = format!(
            "ann:{HASH}\nann:{HASH}\nhunter2\nbob:hunter2\na/b:{HASH}\n:{HASH}\ncarl:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n\
             dave:{{SHA}}5en6G6MezRroT3XKqkdPOmY/BfQ=\neve:abNANd1rDfiNc\nfay:$2y$04$abc\n"
        );
        let mut bytes = text.into_bytes();
        bytes.extend(b"\xff:x\n");
        let problems = parse(&bytes).unwrap_err();
        let found: Vec<String> = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.line.unwrap_or_default(), problem.what))
            .collect();
        let expected = [
            "2: \"ann\" is on line 1 already",
            "3: has no colon; expected name:hash",
            "4: \"bob\": a plain password is not taken; expected bcrypt",
            "5: the name holds a slash",
            "6: the name is empty",
            "7: \"carl\": apr1 (MD5) is not taken; expected",
            "8: \"dave\": {SHA} (SHA-1) is not taken; expected",
            "9: \"eve\": crypt (DES), or a plain password, is not taken; expected",
            "10: \"fay\": a broken bcrypt hash",
            "11: is not UTF-8",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\nnot {expected}");
        }
        assert!(!found.concat().contains("hunter2"));
    }
}
