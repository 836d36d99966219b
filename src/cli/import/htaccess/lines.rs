//! The lines of an httpd configuration. In: text. Out: a tree of directives and sections, with line numbers. Passes: what httpd
//! would take apart so too: continued lines, comments, quotes, names in any case; a section that is not closed is an error.

use crate::cli::import::FormatError;

/// A directive, or a section with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// As it stands in the file.
    pub text: String,
    /// In lower case, without brackets.
    pub name: String,
    /// Without their quotes.
    pub arguments: Vec<String>,
    /// `None`: not a section.
    pub inside: Option<Vec<Directive>>,
}

/// Reads `text`.
pub fn parse(text: &str) -> Result<Vec<Directive>, FormatError> {
    let mut open: Vec<Directive> = Vec::new();
    let mut top: Vec<Directive> = Vec::new();
    for (line, text) in logical(text) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(name) = text.strip_prefix("</") {
            let name = name.trim_end().trim_end_matches('>').trim().to_lowercase();
            let closed = open
                .pop()
                .filter(|section| section.name == name)
                .ok_or_else(|| FormatError::new(line, format!("</{name}> closes nothing that is open")))?;
            let around = open
                .last_mut()
                .and_then(|section| section.inside.as_mut())
                .unwrap_or(&mut top);
            around.push(closed);
            continue;
        }
        let section = text.strip_prefix('<');
        let inner = match section {
            Some(inner) => inner
                .strip_suffix('>')
                .ok_or_else(|| FormatError::new(line, "the section has no > at the end of its line"))?,
            None => text,
        };
        let mut words = words(inner, line)?.into_iter();
        let name = words.next().unwrap_or_default().to_lowercase();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return Err(FormatError::new(
                line,
                "expected a directive of httpd, such as Require valid-user",
            ));
        }
        let directive = Directive {
            line,
            text: text.to_owned(),
            name,
            arguments: words.collect(),
            inside: section.map(|_| Vec::new()),
        };
        if section.is_some() {
            open.push(directive);
            if open.len() > MAX_DEPTH {
                return Err(FormatError::new(line, "sections nested too deeply"));
            }
            continue;
        }
        let around = open
            .last_mut()
            .and_then(|section| section.inside.as_mut())
            .unwrap_or(&mut top);
        around.push(directive);
    }
    match open.pop() {
        Some(section) => Err(FormatError::new(
            section.line,
            format!("<{}> is not closed", section.name),
        )),
        None => Ok(top),
    }
}

const MAX_DEPTH: usize = 64;

/// Lines, with those that end in a backslash joined.
fn logical(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (at, line) in text.lines().enumerate() {
        let (body, more) = match line.strip_suffix('\\') {
            Some(body) => (body, true),
            None => (line, false),
        };
        match lines.last_mut().filter(|_| continued) {
            Some((_, text)) => text.push_str(body),
            None => lines.push((at + 1, body.to_owned())),
        }
        continued = more;
    }
    lines
}

fn words(text: &str, line: usize) -> Result<Vec<String>, FormatError> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let mut word = String::new();
        let end = if first == '"' || first == '\'' {
            let mut escaped = false;
            let closing = rest.char_indices().skip(1).find(|(_, c)| {
                let closes = !escaped && *c == first;
                let escapes = !escaped && *c == '\\';
                if !closes && !escapes {
                    if escaped && *c != first && *c != '\\' {
                        word.push('\\');
                    }
                    word.push(*c);
                }
                escaped = escapes;
                closes
            });
            closing
                .map(|(at, _)| at + 1)
                .ok_or_else(|| FormatError::new(line, "a quote is not closed"))?
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            word.push_str(rest.get(..end).unwrap_or_default());
            end
        };
        words.push(word);
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    Ok(words)
}
