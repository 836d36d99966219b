//! The XML declaration, `<?xml version="1.0" encoding="..." standalone="..."?>` (XML 1.0 section 2.8). In: the start of a document in
//! an encoding that extends ASCII. Out: the encoding it names and its length; a declaration that is anything else is refused.

use super::refusal::XmlRefusal;

/// What the declaration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XmlDeclaration {
    /// The encoding name, when there is one.
    pub encoding: Option<String>,
    /// How many octets the declaration takes; 0 when there is none.
    pub length: usize,
}

/// No declaration that is legal in every respect comes near this.
const LONGEST: usize = 1024;

/// Reads the declaration at the start of `document`.
///
/// # Errors
/// `UnsupportedXmlVersion` when the version is not 1.0, `MalformedDeclaration` for any departure from the grammar.
pub fn read(document: &[u8]) -> Result<XmlDeclaration, XmlRefusal> {
    let Some(after) = document
        .strip_prefix(b"<?xml")
        .filter(|after| after.first().is_some_and(u8::is_ascii_whitespace))
    else {
        return Ok(XmlDeclaration::default());
    };
    let end = after
        .windows(2)
        .take(LONGEST)
        .position(|pair| pair == b"?>")
        .ok_or(XmlRefusal::MalformedDeclaration)?;
    let content = after.get(..end).and_then(|content| std::str::from_utf8(content).ok());
    let mut content = content
        .filter(|content| content.is_ascii())
        .ok_or(XmlRefusal::MalformedDeclaration)?;
    let version = pseudo_attribute(&mut content, "version")?.ok_or(XmlRefusal::MalformedDeclaration)?;
    let encoding = pseudo_attribute(&mut content, "encoding")?;
    let standalone = pseudo_attribute(&mut content, "standalone")?;
    if version != "1.0" {
        return Err(XmlRefusal::UnsupportedXmlVersion);
    }
    let is_encoding_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    if !content.trim_matches(is_space).is_empty()
        || !encoding.is_none_or(is_encoding_name)
        || !standalone.is_none_or(|value| value == "yes" || value == "no")
    {
        return Err(XmlRefusal::MalformedDeclaration);
    }
    Ok(XmlDeclaration {
        encoding: encoding.map(str::to_owned),
        length: b"<?xml".len() + end + b"?>".len(),
    })
}

/// Takes ` name="value"` off the front of `content`; `None` when something else is there.
fn pseudo_attribute<'a>(content: &mut &'a str, name: &str) -> Result<Option<&'a str>, XmlRefusal> {
    let trimmed = content.trim_start_matches(is_space);
    let Some(rest) = trimmed.strip_prefix(name).filter(|_| trimmed.len() < content.len()) else {
        return Ok(None);
    };
    let rest = rest
        .trim_start_matches(is_space)
        .strip_prefix('=')
        .ok_or(XmlRefusal::MalformedDeclaration)?;
    let rest = rest.trim_start_matches(is_space);
    let quote = rest
        .chars()
        .next()
        .filter(|c| *c == '"' || *c == '\'')
        .ok_or(XmlRefusal::MalformedDeclaration)?;
    let (value, rest) = rest
        .get(1..)
        .and_then(|quoted| quoted.split_once(quote))
        .ok_or(XmlRefusal::MalformedDeclaration)?;
    *content = rest;
    Ok(Some(value))
}

fn is_space(c: char) -> bool {
    super::characters::is_space(c)
}

#[cfg(test)]
mod tests {
    use super::XmlRefusal::{MalformedDeclaration, UnsupportedXmlVersion};
    use super::*;

    #[test]
    fn declarations() {
        for (document, expected) in [
            ("<a/>", Ok(None)),
            ("<?xml-stylesheet href='x'?><a/>", Ok(None)),
            ("<?xml version=\"1.0\"?><a/>", Ok(None)),
            ("<?xml version='1.0' encoding='utf-8'?>", Ok(Some("utf-8"))),
            (
                "<?xml\n\tversion = '1.0'\r\n encoding = \"ISO-8859-1\" standalone='yes' ?>",
                Ok(Some("ISO-8859-1")),
            ),
            ("<?xml version='1.0' standalone='no'?>", Ok(None)),
            // B-62
            ("<?xml version='1.1'?>", Err(UnsupportedXmlVersion)),
            ("<?xml version='1.2'?>", Err(UnsupportedXmlVersion)),
            ("<?xml version=''?>", Err(UnsupportedXmlVersion)),
            ("<?xml encoding='utf-8'?>", Err(MalformedDeclaration)),
            ("<?xml encoding='utf-8' version='1.0'?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0'encoding='utf-8'?>", Err(MalformedDeclaration)),
            ("<?xml version=1.0?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0' encoding='-x'?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0' encoding='é'?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0' standalone='maybe'?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0' foo='bar'?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0' version='1.0'?>", Err(MalformedDeclaration)),
            ("<?xml version='1.0'", Err(MalformedDeclaration)),
            ("<?xml ?>", Err(MalformedDeclaration)),
        ] {
            let found = read(document.as_bytes()).map(|declaration| declaration.encoding);
            assert_eq!(
                found.as_ref().map(|encoding| encoding.as_deref()),
                expected.as_ref().copied(),
                "{document:?}"
            );
        }
    }

    #[test]
    fn the_length_ends_after_the_declaration() {
        assert_eq!(
            read(b"<?xml version='1.0'?><a/>").map(|declaration| declaration.length),
            Ok(21)
        );
        assert_eq!(read(b"<a/>").map(|declaration| declaration.length), Ok(0));
    }
}
