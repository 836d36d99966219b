//! Characters, names and references of XML 1.0 (fifth edition, sections 2.2, 2.3, 4.1), for the push tokenizer.
//! In: pieces of text already known to be UTF-8. Out: the checked or decoded text, or the rule that was broken.

use super::scanner::ScanError;

/// The longest reference that is looked at, `&` and `;` included. `&#x0010FFFF;` is 12; the rest is room for leading zeros.
const MAX_REFERENCE: usize = 64;

/// Whether `c` is XML white space (production 3).
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Where the first white space stands in `text`.
pub(super) fn first_space(text: &str) -> Option<usize> {
    text.bytes().position(|byte| is_space(char::from(byte)))
}

/// `text` without XML white space at both ends.
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Splits at `at`; an offset that is not inside `text` leaves everything on the left.
pub(super) fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Where the first character stands that XML forbids (production 2). One branch-free pass, so that it costs next to nothing.
pub(super) fn forbidden_character(text: &str) -> Option<usize> {
    let (mut control, mut maybe_noncharacter) = (false, false);
    for byte in text.bytes() {
        control |= byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r';
        maybe_noncharacter |= byte == 0xEF;
    }
    if !control && !maybe_noncharacter {
        return None;
    }
    text.find(|c: char| !is_character(c))
}

fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

fn is_name_start(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Whether `name` is a name without a colon (Namespaces in XML 1.0, production 4).
pub(super) fn is_ncname(name: &str) -> bool {
    if name.is_ascii() {
        // Nearly every name; bytes are quicker than characters.
        let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        return name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && name.bytes().all(part);
    }
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_part)
}

/// The prefix and the local part of a qualified name (Namespaces in XML 1.0, production 7).
pub(super) fn split_name(name: &str) -> Result<(Option<&str>, &str), ScanError> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    if is_ncname(local) && prefix.is_none_or(is_ncname) {
        Ok((prefix, local))
    } else {
        Err(ScanError::Name)
    }
}

/// The length of the reference at the start of `text` (which starts with `&`), or `None` when its end is not there yet.
pub(super) fn reference_length(text: &str) -> Result<Option<usize>, ScanError> {
    let window = text
        .as_bytes()
        .get(1..MAX_REFERENCE.min(text.len()))
        .unwrap_or_default();
    let end = window
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#');
    match end {
        Some(end) if window.get(end) == Some(&b';') => {
            let body = text.get(1..=end).ok_or(ScanError::Reference)?;
            referenced_character(body).map(|_| Some(end + 2))
        }
        None if text.len() < MAX_REFERENCE => Ok(None),
        Some(_) | None => Err(ScanError::Reference),
    }
}

/// What `&body;` stands for. Only the five predefined entities exist: without a DTD there can be no others.
fn referenced_character(body: &str) -> Result<char, ScanError> {
    let number = |digits: &str, radix| {
        // `from_str_radix` would take a sign.
        if digits.starts_with('+') {
            None
        } else {
            u32::from_str_radix(digits, radix).ok()
        }
    };
    let character = match body {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => match body.strip_prefix("#x") {
            Some(digits) => number(digits, 16).and_then(char::from_u32),
            None => body
                .strip_prefix('#')
                .and_then(|digits| number(digits, 10))
                .and_then(char::from_u32),
        },
    };
    character.filter(|&c| is_character(c)).ok_or(ScanError::Reference)
}

/// Appends `raw` to `text` with every reference replaced by what it stands for. Nothing is expanded twice.
pub fn unescape_into(raw: &str, text: &mut String) -> Result<(), ScanError> {
    let mut rest = raw;
    while let Some((before, from)) = memchr::memchr(b'&', rest.as_bytes()).map(|at| cut(rest, at)) {
        let length = reference_length(from)?.ok_or(ScanError::Reference)?;
        let (reference, after) = cut(from, length);
        text.push_str(before);
        text.push(referenced_character(
            reference.trim_start_matches('&').trim_end_matches(';'),
        )?);
        rest = after;
    }
    text.push_str(rest);
    Ok(())
}

/// Appends `text` as XML character data.
pub fn escape_into(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            other => out.push(other),
        }
    }
}

/// The longest start of raw character data (references count as one) with at most `left` characters; `left` is reduced by them.
pub fn first_characters<'a>(raw: &'a str, references: bool, left: &mut usize) -> &'a str {
    let mut in_reference = false;
    for (at, c) in raw.char_indices() {
        if in_reference {
            in_reference = c != ';';
            continue;
        }
        if *left == 0 {
            return cut(raw, at).0;
        }
        *left -= 1;
        in_reference = references && c == '&';
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("the five", "&lt;&gt;&amp;&apos;&quot;", Some("<>&'\"")),
            ("decimal", "DA&#86;:", Some("DAV:")),
            ("hexadecimal, either case", "&#x56;&#x2F;&#x2f;", Some("V//")),
            ("leading zeros", "&#000086;", Some("V")),
            ("beyond the BMP", "&#x1F4C1;", Some("\u{1F4C1}")),
            ("never twice", "&amp;lt;", Some("&lt;")),
            ("unknown entity", "&nbsp;", None),
            ("empty", "&;", None),
            ("empty number", "&#;", None),
            ("a sign", "&#+86;", None),
            ("upper case X", "&#X56;", None),
            ("forbidden character", "&#0;", None),
            ("control character", "&#x1;", None),
            ("surrogate", "&#xD800;", None),
            ("too high", "&#x110000;", None),
            ("bare ampersand", "a & b", None),
            ("not closed", "&amp", None),
            ("endless zeros", &format!("&#{}86;", "0".repeat(80)), None),
        ];
        for (name, raw, want) in rows {
            let mut text = String::new();
            let got = unescape_into(raw, &mut text);
            assert_eq!(got.is_ok().then_some(text.as_str()), *want, "{name}");
        }
    }

    #[test]
    fn names() {
        for good in [
            "a",
            "D:href",
            "_x",
            "lp1:get.content-type",
            "\u{e9}t\u{e9}",
            "ns0:a\u{b7}",
        ] {
            assert!(split_name(good).is_ok(), "{good}");
        }
        for bad in [
            "", "1a", "-a", ":a", "a:", "a:b:c", "a<b", "a/b", "a=b", "a:1", "\u{d7}",
        ] {
            assert!(split_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn forbidden_characters() {
        assert_eq!(forbidden_character("a\tb\r\n\u{e9}\u{feff}\u{fffd}\u{1F4C1}"), None);
        assert_eq!(forbidden_character("ab\u{0}"), Some(2));
        assert_eq!(forbidden_character("\u{1b}"), Some(0));
        assert_eq!(forbidden_character("\u{e9}\u{ffff}"), Some(2));
    }

    #[test]
    fn cutting_keeps_references_whole() {
        let mut left = 3;
        assert_eq!(first_characters("a&amp;b&lt;c", true, &mut left), "a&amp;b");
        assert_eq!(left, 0);
        let mut left = 2;
        assert_eq!(first_characters("&&&", false, &mut left), "&&");
        let mut left = 9;
        assert_eq!(first_characters("\u{e9}\u{e9}", true, &mut left), "\u{e9}\u{e9}");
        assert_eq!(left, 7);
    }
}
