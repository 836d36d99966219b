//! References (XML 1.0 section 4.1). In: what stands between `&` and `;`. Out: the character. Only the five predefined entities and
//! character references exist here: a document type that could declare others is refused (B-60, B-61).

use super::characters::{is_allowed, is_ncname};
use super::refusal::XmlRefusal;

/// The character that `&name;` stands for.
///
/// # Errors
/// `BadCharacterReference` for a malformed number or a character XML forbids, `UndeclaredEntity` for any other entity.
pub fn resolve(name: &str) -> Result<char, XmlRefusal> {
    match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => {}
    }
    let Some(number) = name.strip_prefix('#') else {
        return Err(if is_ncname(name) {
            XmlRefusal::UndeclaredEntity
        } else {
            XmlRefusal::MalformedMarkup
        });
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    // from_str_radix alone would take a sign.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(XmlRefusal::BadCharacterReference);
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|c| is_allowed(*c))
        .ok_or(XmlRefusal::BadCharacterReference)
}

/// The value of an attribute from between its quotes: references resolved, literal white space made blanks (XML 1.0 section 3.3.3).
///
/// # Errors
/// `MarkupInAttribute` for a `<`, and those of [`resolve`].
pub fn attribute_value(raw: &str) -> Result<String, XmlRefusal> {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at(at);
        value.push_str(plain);
        if let Some(reference) = special.strip_prefix('&') {
            let (name, after) = reference.split_once(';').ok_or(XmlRefusal::MalformedMarkup)?;
            value.push(resolve(name)?);
            rest = after;
        } else if special.starts_with('<') {
            return Err(XmlRefusal::MarkupInAttribute);
        } else {
            value.push(' ');
            rest = special.get(1..).unwrap_or_default();
        }
    }
    value.push_str(rest);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::XmlRefusal::{BadCharacterReference, MalformedMarkup, MarkupInAttribute, UndeclaredEntity};
    use super::*;

    #[test]
    fn references() {
        for (name, expected) in [
            ("amp", Ok('&')),
            ("apos", Ok('\'')),
            ("#65", Ok('A')),
            ("#x41", Ok('A')),
            ("#x00041", Ok('A')),
            ("#65536", Ok('\u{10000}')),
            // B-62
            ("nbsp", Err(UndeclaredEntity)),
            ("AMP", Err(UndeclaredEntity)),
            ("", Err(MalformedMarkup)),
            ("a b", Err(MalformedMarkup)),
            ("#", Err(BadCharacterReference)),
            ("#x", Err(BadCharacterReference)),
            ("#X41", Err(BadCharacterReference)),
            ("#+65", Err(BadCharacterReference)),
            ("#-1", Err(BadCharacterReference)),
            ("#0", Err(BadCharacterReference)),
            ("#xB", Err(BadCharacterReference)),
            ("#xD800", Err(BadCharacterReference)),
            ("#xFFFE", Err(BadCharacterReference)),
            ("#x110000", Err(BadCharacterReference)),
            ("#99999999999999999999", Err(BadCharacterReference)),
        ] {
            assert_eq!(resolve(name), expected, "{name:?}");
        }
    }

    #[test]
    fn attribute_values() {
        for (raw, expected) in [
            ("", Ok("")),
            ("a\tb\nc", Ok("a b c")),
            ("&#9;&#10;&lt;&amp;lt;", Ok("\t\n<&lt;")),
            ("a<b", Err(MarkupInAttribute)),
            ("a&b", Err(MalformedMarkup)),
            ("a&b;", Err(UndeclaredEntity)),
        ] {
            assert_eq!(attribute_value(raw).as_deref(), expected.as_ref().copied(), "{raw:?}");
        }
    }
}
