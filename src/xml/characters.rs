//! The character classes of XML 1.0 (fifth edition) and Namespaces in XML 1.0. In: characters and names. Out: whether the grammar
//! allows them. quick-xml leaves these checks to its caller.

/// XML white space: production `S`.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// XML 1.0 production `Char`: what a document may hold at all. (Surrogates are no `char` in Rust.)
pub fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// Whether `name` is an NCName: an XML name without a colon (Namespaces in XML 1.0, section 3).
pub fn is_ncname(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_character)
}

/// Splits `name` into prefix (empty when there is none) and local part; `None` when it is no QName.
pub fn split_qname(name: &str) -> Option<(&str, &str)> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) if is_ncname(prefix) => (prefix, local),
        Some(_) => return None,
        None => ("", name),
    };
    is_ncname(local).then_some((prefix, local))
}

/// `NameStartChar` without the colon, and without U+FEFF: some parsers take that for a byte order mark wherever it stands.
fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// `NameChar` without the colon.
fn is_name_character(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qnames() {
        for (name, expected) in [
            ("prop", Some(("", "prop"))),
            ("D:prop", Some(("D", "prop"))),
            ("_a-b.c1", Some(("", "_a-b.c1"))),
            ("été:naïve", Some(("été", "naïve"))),
            ("", None),
            (":a", None),
            ("a:", None),
            ("a:b:c", None),
            ("1a", None),
            ("-a", None),
            ("a:1", None),
            ("a b", None),
            ("a/", None),
            ("a=\"", None),
            ("a\u{D7}", None),
            ("a\u{FEFF}", None),
        ] {
            assert_eq!(split_qname(name), expected, "{name:?}");
        }
    }

    #[test]
    fn forbidden_characters() {
        for c in [
            '\0', '\u{1}', '\u{8}', '\u{B}', '\u{C}', '\u{1F}', '\u{FFFE}', '\u{FFFF}',
        ] {
            assert!(!is_allowed(c), "B-75: {c:?}");
        }
        for c in ['\t', '\n', '\r', ' ', '\u{7F}', '\u{85}', 'é', '\u{FFFD}', '\u{1F600}'] {
            assert!(is_allowed(c), "{c:?}");
        }
    }
}
