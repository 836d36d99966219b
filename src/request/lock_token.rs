//! The Lock-Token header of UNLOCK (RFC 4918 section 10.5; B-42, L-63, L-70). In: the field's text. Out: the token, written
//! again as one Coded-URL. Passes: `<token>`, and deliberately a URI that somebody forgot to put in brackets.

use std::fmt;

/// A lock token as it stands between the brackets; compared as exact text (L-70).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LockToken(String);

impl LockToken {
    /// Reads the value of a Lock-Token field; `None` when it names no token, or more than one. In brackets any visible ASCII is
    /// a token, since some servers hand out bare numbers; without them only what begins like an absolute URI (L-63: Windows).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t']);
        let token = match text.strip_prefix('<') {
            Some(rest) => rest.strip_suffix('>').filter(|token| is_token(token))?,
            None => Some(text).filter(|token| is_uri(token))?,
        };
        Some(Self(token.to_owned()))
    }

    /// The token without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The Coded-URL: `<token>`.
impl fmt::Display for LockToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

/// RFC 3986 section 4.3, roughly: a scheme, a colon, something, and nothing that could belong to another header's grammar.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(legal)
        && is_token(rest)
        && !rest.contains(['(', ')', '"', '\\', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-42, L-63, L-70
    #[test]
    fn reading() {
        let rows: &[(&str, &str, Option<&str>)] = &[
            ("Coded-URL", "<opaquelocktoken:b1>", Some("<opaquelocktoken:b1>")),
            ("blanks around", " \t<urn:uuid:1>\t ", Some("<urn:uuid:1>")),
            ("no scheme, rclone", "<1795311818>", Some("<1795311818>")),
            ("parentheses in brackets", "<urn:a(b)>", Some("<urn:a(b)>")),
            (
                "no brackets, Windows",
                "opaquelocktoken:b1",
                Some("<opaquelocktoken:b1>"),
            ),
            ("no brackets, a slash", "http://h/t?a=b", Some("<http://h/t?a=b>")),
            ("empty", "", None),
            ("blanks", " \t", None),
            ("only an opening bracket", "<", None),
            ("only a closing bracket", ">", None),
            ("empty brackets", "<>", None),
            ("not closed", "<opaquelocktoken:b1", None),
            ("not opened", "opaquelocktoken:b1>", None),
            ("two tokens", "<a> <b>", None),
            ("two tokens, no blank", "<a><b>", None),
            ("two tokens, comma", "<urn:a>, <urn:b>", None),
            ("two tokens, no brackets", "urn:a,urn:b", None),
            ("brackets in brackets", "<<urn:a>>", None),
            ("a list of If", "(<urn:a>)", None),
            ("blank inside", "<urn:a b>", None),
            ("blank inside, no brackets", "urn:a b", None),
            ("control", "<urn:a\u{7f}>", None),
            ("not ASCII", "<urn:\u{e9}>", None),
            ("no brackets, no scheme", "1795311818", None),
            ("no brackets, scheme of a digit", "1a:b", None),
            ("no brackets, empty scheme", ":b", None),
            ("no brackets, nothing after the colon", "urn:", None),
            ("no brackets, parentheses", "urn:(a)", None),
            ("no brackets, quotes", "urn:\"a\"", None),
            ("no brackets, backslash", "urn:a\\b", None),
        ];
        for (name, text, expected) in rows {
            let token = LockToken::parse(text);
            assert_eq!(token.as_ref().map(ToString::to_string).as_deref(), *expected, "{name}");
            if let Some(token) = token {
                assert_eq!(LockToken::parse(&token.to_string()), Some(token), "{name}");
            }
        }
        assert_eq!(LockToken::parse("<urn:a>").unwrap().as_str(), "urn:a");
        assert_ne!(LockToken::parse("<urn:A>"), LockToken::parse("<urn:a>"));
    }
}
