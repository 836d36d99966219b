//! The ini format as Python's configparser reads it. In: text. Out: sections with their keys, in order, with line numbers.
//! Passes: what configparser accepts; the rest is an error, as it is there.

use crate::cli::import::FormatError;

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Of its header.
    pub line: usize,
    /// Between the brackets.
    pub name: String,
    /// Its keys, in lower case.
    pub keys: Vec<Key>,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it stands.
    pub line: usize,
    /// In lower case.
    pub name: String,
    /// Continuation lines are joined with line breaks.
    pub value: String,
}

impl Section {
    /// The value of `name` and its line.
    pub fn get(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// The sections of `text`. A `[DEFAULT]` section's keys are those of every section that does not have them.
pub fn sections(text: &str) -> Result<Vec<Section>, FormatError> {
    let mut sections: Vec<Section> = Vec::new();
    let mut in_value = false;
    for (number, raw) in text.lines().enumerate().map(|(at, raw)| (at + 1, raw.trim_end())) {
        let trimmed = raw.trim_start();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if trimmed.is_empty() {
            in_value = false;
            continue;
        }
        if trimmed.len() < raw.len() && in_value {
            let key = sections.last_mut().and_then(|section| section.keys.last_mut());
            if let Some(key) = key {
                key.value = format!("{}\n{trimmed}", key.value);
            }
            continue;
        }
        if let Some(header) = trimmed.strip_prefix('[') {
            let (name, _) = header
                .split_once(']')
                .ok_or_else(|| FormatError::new(number, "the section header has no ]"))?;
            if sections.iter().any(|section| section.name == name) {
                return Err(FormatError::new(number, format!("section [{name}] is there twice")));
            }
            sections.push(Section {
                line: number,
                name: name.to_owned(),
                keys: Vec::new(),
            });
            in_value = false;
            continue;
        }
        let section = sections
            .last_mut()
            .ok_or_else(|| FormatError::new(number, "expected a section header such as [owner-write] before it"))?;
        let (name, value) = trimmed
            .split_once(['=', ':'])
            .ok_or_else(|| FormatError::new(number, "expected a key and a value, such as user: .+"))?;
        let name = name.trim_end().to_lowercase();
        if section.get(&name).is_some() {
            return Err(FormatError::new(
                number,
                format!("{name} is there twice in [{}]", section.name),
            ));
        }
        section.keys.push(Key {
            line: number,
            name,
            value: value.trim().to_owned(),
        });
        in_value = true;
    }
    let defaults = sections.iter().position(|section| section.name == "DEFAULT");
    let defaults = defaults.map(|at| sections.remove(at).keys).unwrap_or_default();
    for section in &mut sections {
        let missing: Vec<Key> = defaults
            .iter()
            .filter(|key| section.get(&key.name).is_none())
            .cloned()
            .collect();
        section.keys.extend(missing);
    }
    Ok(sections)
}
