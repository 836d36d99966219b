//! The Position header (RFC 3648 section 6.1; Q-4). In: the field's text. Out: where in the order, with one safe segment where
//! a neighbour is named. Passes what can be read in one way; it is no URL, and nothing in it is mapped.

use crate::url::CanonicalPath;

/// Where a new member goes in an ordered collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// Just before the member of this name, decoded.
    Before(String),
    /// Just after the member of this name, decoded.
    After(String),
}

impl Position {
    /// Reads the value of a Position field; `None` is malformed. Keywords are read without letter case.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let (keyword, name, more) = (words.next()?, words.next(), words.next());
        let is = |expected: &str| keyword.eq_ignore_ascii_case(expected);
        match (name, more) {
            (None, None) if is("first") => Some(Self::First),
            (None, None) if is("last") => Some(Self::Last),
            (Some(name), None) if is("before") => segment(name).map(Self::Before),
            (Some(name), None) if is("after") => segment(name).map(Self::After),
            (None | Some(_), _) => None,
        }
    }
}

/// The name that `text` is as a path of one segment (P-4, P-5).
fn segment(text: &str) -> Option<String> {
    if text.contains('/') {
        return None;
    }
    let path = CanonicalPath::parse(format!("/{text}").as_bytes()).ok()?;
    let mut segments = path.segments();
    match (segments.next(), segments.next()) {
        (Some(name), None) if !path.raw_non_ascii() => Some(name.to_owned()),
        (None | Some(_), _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn reading() {
        let before = |name: &str| Some(Position::Before(name.to_owned()));
        let rows: &[(&str, Option<Position>)] = &[
            ("first", Some(Position::First)),
            ("LAST", Some(Position::Last)),
            (" first\t", Some(Position::First)),
            ("before a", before("a")),
            ("Before \t a%20b", before("a b")),
            ("before a%2eb", before("a.b")),
            ("before ...", before("...")),
            ("before first", before("first")),
            ("after b%20c", Some(Position::After("b c".to_owned()))),
            ("", None),
            ("middle", None),
            ("first a", None),
            ("last a", None),
            ("before", None),
            ("after ", None),
            ("before a b", None),
            ("beforea", None),
            ("before a/b", None),
            ("before a/", None),
            ("before /a", None),
            ("before /", None),
            ("after %2Fx", None),
            ("before ..", None),
            ("before .", None),
            ("after %2e%2e", None),
            ("before a%00", None),
            ("before a%0a", None),
            ("before a\\b", None),
            ("before a%5Cb", None),
            ("before a?b", None),
            ("before a#b", None),
            ("before a%252Fb", None),
            ("before a%2", None),
            ("before %FF", None),
            ("before \u{e9}", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Position::parse(text), *expected, "{text:?}");
        }
    }
}
