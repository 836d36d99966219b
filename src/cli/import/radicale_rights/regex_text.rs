//! The text of a Python regex. In: a piece of a pattern. Out: its alternatives, its pieces between slashes, the segment that it
//! describes. Passes: what the regex crate reads alike, and what matches no slash.

use regex::Regex;

use super::pattern::{Segment, USER};

/// The alternatives of one segment, each with whether it says exactly what the text says.
pub fn segment(text: &str) -> Result<Vec<(Segment, bool)>, &'static str> {
    let inner = ungroup(text);
    if inner != text {
        let alternatives = split(inner, '|').ok_or("its brackets do not match")?;
        let found = alternatives.into_iter().map(segment).collect::<Result<Vec<_>, _>>()?;
        return Ok(found.concat());
    }
    if text.chars().eq([USER]) {
        return Ok(vec![(Segment::User, true)]);
    }
    if let Some(found) = plain(text) {
        return Ok(vec![found]);
    }
    if text.contains(USER) {
        return Err("a rule's path knows the requester's name as a whole segment only");
    }
    stays_in_segment(text)?;
    Regex::new(text).map_err(|_| "its regex has no equivalent here")?;
    Ok(vec![(Segment::Regex(text.to_owned()), true)])
}

/// A name, with `[^/]*` in it or not. The flag: no dot stood for any character.
fn plain(text: &str) -> Option<(Segment, bool)> {
    if text == "[^/]+" || text == "[^/]*" {
        return Some((Segment::Any, true));
    }
    let (mut pieces, mut exact) = (vec![String::new()], true);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..)?;
        if let Some(more) = rest.strip_prefix("[^/]*") {
            pieces.push(String::new());
            rest = more;
            continue;
        }
        let (letter, more) = match c {
            '\\' => {
                let escaped = after.chars().next().filter(|c| !c.is_alphanumeric())?;
                (escaped, after.get(escaped.len_utf8()..)?)
            }
            '.' => {
                exact = false;
                ('.', after)
            }
            '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | USER => return None,
            other => (other, after),
        };
        if more.starts_with(['*', '+', '?', '{']) {
            return None;
        }
        pieces.last_mut()?.push(letter);
        rest = more;
    }
    Some(match pieces.as_slice() {
        [name] => (Segment::Literal(name.clone()), exact),
        _ => (Segment::Glob(pieces), exact),
    })
}

/// Whether no match of a regex holds a slash, and Python reads it as the regex crate does.
fn stays_in_segment(text: &str) -> Result<(), &'static str> {
    const DOT: &str = "the dot in its pattern also matches slashes; write [^/] for it";
    const SYNTAX: &str = "its regex has no equivalent here; write the names out";
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        match c {
            '.' => return Err(DOT),
            '^' | '$' => return Err(SYNTAX),
            '\\' => match chars.next() {
                Some('d' | 'w' | 's') => {}
                Some(other) if !other.is_alphanumeric() => {}
                _ => return Err(SYNTAX),
            },
            '(' if chars.peek() == Some(&'?') => {
                chars.next();
                if chars.next() != Some(':') {
                    return Err(SYNTAX);
                }
            }
            '[' => {
                let mut class = String::new();
                loop {
                    match chars.next() {
                        Some(']') => break,
                        Some('[' | '\\') | None => return Err(SYNTAX),
                        Some(other) => class.push(other),
                    }
                }
                if !class_is_plain(&class) {
                    return Err(SYNTAX);
                }
            }
            // Possessive in Python, a repetition of a repetition here.
            '+' if matches!(last, '+' | '*' | '?' | '}') => return Err(SYNTAX),
            _ => {}
        }
        last = c;
    }
    Ok(())
}

/// Whether a class matches no slash: letters and ranges of letters or digits, or none of some letters and the slash.
fn class_is_plain(class: &str) -> bool {
    if ["&&", "--", "~~", "||"].iter().any(|operator| class.contains(operator)) || class.is_empty() {
        return false;
    }
    match class.strip_prefix('^') {
        Some(excluded) => excluded.contains('/') && !excluded.contains('-'),
        None => {
            let letters: Vec<char> = class.chars().collect();
            let ranges = letters.windows(3).filter(|three| three.get(1) == Some(&'-'));
            !class.contains('/')
                && ranges.into_iter().all(|three| {
                    matches!(three, [from, _, to] if from.is_ascii_alphanumeric() && to.is_ascii_alphanumeric() && from > &'/')
                })
        }
    }
}

/// `text` without a group around all of it.
pub fn ungroup(text: &str) -> &str {
    let inner = text
        .strip_prefix("(?:")
        .or_else(|| text.strip_prefix('(').filter(|rest| !rest.starts_with('?')));
    match inner.and_then(|inner| inner.strip_suffix(')')) {
        // `(a)|(b)` has no group around it: cut off, its brackets would not match.
        Some(inner) if !inner.ends_with('\\') && split(inner, '\0').is_some() => inner,
        _ => text,
    }
}

/// `text` cut at each `separator` that stands outside of groups and classes; `None` when brackets do not match, or a
/// slash stands in a group.
pub fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0_usize, 0_usize);
    let (mut escaped, mut class) = (false, None);
    for (at, c) in text.char_indices() {
        match (escaped, class) {
            (true, _) => escaped = false,
            (false, _) if c == '\\' => escaped = true,
            (false, Some(opened)) => {
                // A bracket right at the beginning of a class is one of its letters.
                if c == ']' && at > opened + 1 && text.get(opened + 1..at) != Some("^") {
                    class = None;
                }
            }
            (false, None) => match c {
                '[' => class = Some(at),
                '(' => depth += 1,
                ')' => depth = depth.checked_sub(1)?,
                _ if c == separator && depth == 0 => {
                    parts.push(text.get(start..at)?);
                    start = at + c.len_utf8();
                }
                '/' if separator == '/' => return None,
                _ => {}
            },
        }
    }
    parts.push(text.get(start..)?);
    (depth == 0 && class.is_none() && !escaped).then_some(parts)
}

/// The one text that a regex matches, if it is one but for dots; whether there were none.
pub fn literal(text: &str) -> Option<(String, bool)> {
    match plain(text)? {
        (Segment::Literal(name), exact) => Some((name, exact)),
        _ => None,
    }
}
