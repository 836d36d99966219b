//! The Content-Type of an XML body (RFC 9110 section 8.3, RFC 7303). In: the field value. Out: its charset parameter.

use super::refusal::XmlRefusal;

/// The charset parameter of an XML media type: `application/xml`, `text/xml` or any that ends in `+xml` (B-77), and with `plain_text`
/// also `text/plain`.
///
/// # Errors
/// `NotXmlMediaType` for any other type and for a value that is malformed; `ContradictoryEncoding` for two charset parameters, of
/// which one recipient takes the first and another the last.
pub fn xml_charset(value: &[u8], plain_text: bool) -> Result<Option<String>, XmlRefusal> {
    let value = std::str::from_utf8(value).map_err(|_| XmlRefusal::NotXmlMediaType)?;
    let (media, mut parameters) = value.split_once(';').unwrap_or((value, ""));
    let media = media.trim_matches(is_blank).to_ascii_lowercase();
    let (kind, subtype) = media.split_once('/').ok_or(XmlRefusal::NotXmlMediaType)?;
    let is_xml = match kind {
        "application" | "text" if subtype == "xml" => true,
        "text" if subtype == "plain" => plain_text,
        _ => subtype.strip_suffix("+xml").is_some_and(is_token),
    };
    if !is_xml || !is_token(kind) {
        return Err(XmlRefusal::NotXmlMediaType);
    }
    let mut charset = None;
    loop {
        parameters = parameters.trim_start_matches(is_blank);
        if parameters.is_empty() {
            return Ok(charset);
        }
        if let Some(rest) = parameters.strip_prefix(';') {
            parameters = rest; // an empty parameter, which real clients send at the end
            continue;
        }
        let (name, rest) = parameters.split_once('=').ok_or(XmlRefusal::NotXmlMediaType)?;
        let (content, rest) = parameter_value(rest).ok_or(XmlRefusal::NotXmlMediaType)?;
        let rest = rest.trim_start_matches(is_blank);
        if !is_token(name) || !(rest.is_empty() || rest.starts_with(';')) {
            return Err(XmlRefusal::NotXmlMediaType);
        }
        if name.eq_ignore_ascii_case("charset") && charset.replace(content).is_some() {
            return Err(XmlRefusal::ContradictoryEncoding);
        }
        parameters = rest;
    }
}

/// A token or a quoted string at the start of `text`, and what follows it.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = text.split_at(text.find(|c| c == ';' || is_blank(c)).unwrap_or(text.len()));
        return is_token(token).then(|| (token.to_owned(), rest));
    };
    let mut content = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, c)) = characters.next() {
        match c {
            '"' => return quoted.get(index + 1..).map(|rest| (content, rest)),
            '\\' => content.push(characters.next()?.1),
            other => content.push(other),
        }
    }
    None
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::XmlRefusal::{ContradictoryEncoding, NotXmlMediaType};
    use super::*;

    #[test]
    fn media_types() {
        let some = |charset: &str| Ok(Some(charset.to_owned()));
        for (value, expected) in [
            // B-77
            ("application/xml", Ok(None)),
            ("text/xml", Ok(None)),
            ("Text/XML", Ok(None)),
            ("application/davmount+xml", Ok(None)),
            ("image/svg+xml", Ok(None)),
            ("application/xml;", Ok(None)),
            ("application/xml; charset=utf-8", some("utf-8")),
            ("application/xml;charset=\"utf-8\"", some("utf-8")),
            ("application/xml ; charset=\"ut\\f-8\" ; x=y", some("utf-8")),
            ("application/xml; CharSet=UTF-8;", some("UTF-8")),
            ("application/xml; a=\"charset=utf-7;\"; charset=utf-8", some("utf-8")),
            ("text/plain", Err(NotXmlMediaType)),
            ("text/html", Err(NotXmlMediaType)),
            ("application/json", Err(NotXmlMediaType)),
            ("application/x-www-form-urlencoded", Err(NotXmlMediaType)),
            ("image/xml", Err(NotXmlMediaType)),
            ("application/+xml", Err(NotXmlMediaType)),
            ("application/xmlx", Err(NotXmlMediaType)),
            ("application/xml-dtd", Err(NotXmlMediaType)),
            ("xml", Err(NotXmlMediaType)),
            ("", Err(NotXmlMediaType)),
            ("application/xml, text/plain", Err(NotXmlMediaType)),
            ("application/xml; charset", Err(NotXmlMediaType)),
            ("application/xml; charset=", Err(NotXmlMediaType)),
            ("application/xml; charset =utf-8", Err(NotXmlMediaType)),
            ("application/xml; charset=\"utf-8", Err(NotXmlMediaType)),
            ("application/xml; charset=utf-8 x", Err(NotXmlMediaType)),
            // B-74
            (
                "application/xml; charset=utf-8; charset=utf-16",
                Err(ContradictoryEncoding),
            ),
        ] {
            assert_eq!(xml_charset(value.as_bytes(), false), expected, "{value:?}");
        }
        assert_eq!(xml_charset(b"application/xml; a=\xFF", false), Err(NotXmlMediaType));
    }
    #[test]
    fn plain_text_by_option_only() {
        // B-77
        let value = b"text/plain;charset=UTF-8";
        assert_eq!(xml_charset(value, false), Err(NotXmlMediaType));
        assert_eq!(xml_charset(value, true), Ok(Some("UTF-8".to_owned())));
        assert_eq!(xml_charset(b"text/html", true), Err(NotXmlMediaType));
    }
}
