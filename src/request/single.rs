//! Header fields that may stand in a request once: the value, or why there is none (B-10).

use http::{HeaderMap, HeaderName, header};

/// The fields that a request may carry once only (B-10). `If` has its own refusal (L-20), the same answer.
pub static SINGLE: [HeaderName; 10] = [
    HeaderName::from_static("depth"),
    HeaderName::from_static("destination"),
    HeaderName::from_static("if"),
    HeaderName::from_static("overwrite"),
    HeaderName::from_static("lock-token"),
    HeaderName::from_static("timeout"),
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::AUTHORIZATION,
    header::EXPECT,
];

/// The name of a single-value field that stands there more than once.
pub fn repeated(headers: &HeaderMap) -> Option<&'static HeaderName> {
    SINGLE
        .iter()
        .find(|name| headers.get_all(*name).iter().nth(1).is_some())
}

/// A field's value as text without surrounding white space. `Err` when it is not visible ASCII and blanks.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, NotText> {
    match headers.get(name) {
        None => Ok(None),
        Some(value) => value
            .to_str()
            .map(|t| Some(t.trim_matches([' ', '\t'])))
            .map_err(|_| NotText),
    }
}

/// A field holds bytes that no text of its grammar can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText;

/// Whether an `If-Match` or `If-None-Match` value can be read: `*`, or a list of entity tags, which may have empty members
/// (B-46, RFC 9110 sections 8.8.3 and 13.1.1). Deliberately, `bare` also takes tags without quotes, for back ends that hand
/// out such and clients that send them back.
pub fn is_entity_tag_list(value: &[u8], bare: bool) -> bool {
    let mut rest = trim(value);
    if rest == b"*" {
        return true;
    }
    let mut tags = 0;
    loop {
        rest = trim(rest);
        match rest {
            [] => return tags > 0,
            [b',', ..] => {}
            _ => {
                let Some(after) = after_tag(rest, bare) else {
                    return false;
                };
                tags += 1;
                rest = trim(after);
            }
        }
        match rest {
            [] => return tags > 0,
            [b',', after @ ..] => rest = after,
            _ => return false,
        }
    }
}

/// What follows the entity tag at the beginning of `value`. A quote ends it: an entity tag knows no escapes.
fn after_tag(value: &[u8], bare: bool) -> Option<&[u8]> {
    if let Some(quoted) = value.strip_prefix(b"W/").unwrap_or(value).strip_prefix(b"\"") {
        let end = quoted
            .iter()
            .position(|byte| !matches!(byte, 0x21 | 0x23..=0x7e | 0x80..))?;
        return quoted.get(end..)?.strip_prefix(b"\"");
    }
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(byte);
    let length = value.iter().take_while(|byte| token(byte)).count();
    if bare && length > 0 { value.get(length..) } else { None }
}

fn trim(value: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().take_while(|byte| blank(byte)).count();
    let end = value.iter().rev().take_while(|byte| blank(byte)).count();
    value.get(start..value.len().saturating_sub(end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    // B-10
    #[test]
    fn repeated_fields() {
        let mut headers = HeaderMap::new();
        headers.append("Depth", HeaderValue::from_static("0"));
        headers.append("Cookie", HeaderValue::from_static("a"));
        headers.append("Cookie", HeaderValue::from_static("b"));
        assert_eq!(repeated(&headers), None);
        headers.append("Depth", HeaderValue::from_static("0"));
        assert_eq!(repeated(&headers).unwrap(), "depth");
    }

    // B-46
    #[test]
    fn entity_tags() {
        let both: &[&[u8]] = &[
            b"*",
            b" *\t",
            br#""e1""#,
            br#""""#,
            br#"W/"e1""#,
            br#""a", "b""#,
            br#""a","b""#,
            b"\t\"a\" \t,\t W/\"b\" ",
            br#","a",, ,"b","#,
            br#""a,b*\c""#,
            b"\"\xe9\x80\xff\"",
        ];
        for value in both {
            assert!(is_entity_tag_list(value, false), "{value:?}");
            assert!(is_entity_tag_list(value, true), "{value:?}");
        }
        let only_bare: &[&[u8]] = &[b"e1", b"ts1.2", br#"ts1.2, "b""#, b"a,b"];
        for value in only_bare {
            assert!(!is_entity_tag_list(value, false), "{value:?}");
            assert!(is_entity_tag_list(value, true), "{value:?}");
        }
        let neither: &[&[u8]] = &[
            b"",
            b" ",
            b",",
            b" , ,",
            br#""e1"#,
            br#"e1""#,
            br#""a" "b""#,
            br#""a""b""#,
            br#"*, "a""#,
            br#""a", *"#,
            b"**",
            br#"w/"a""#,
            br#"W/ "a""#,
            br#"W/a"#,
            br#"W/"#,
            br#""a b""#,
            br#""\"a\"""#,
            b"\"a\x7f\"",
            b"\"a\tb\"",
            b"a b",
            b"a;b",
            b"\xe9",
        ];
        for value in neither {
            assert!(!is_entity_tag_list(value, false), "{value:?}");
            assert!(!is_entity_tag_list(value, true), "{value:?}");
        }
    }
}
