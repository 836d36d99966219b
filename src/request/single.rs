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

/// Whether an `If-Match` or `If-None-Match` value can be read: `*`, or a list of entity tags (B-46). Deliberately lenient
/// towards unquoted tags, which Zope hands out and clients send back.
pub fn is_entity_tag_list(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    let quotes = value.iter().filter(|b| **b == b'"').count();
    !value.is_empty() && quotes % 2 == 0 && value.iter().all(|b| *b == b'\t' || (*b >= 0x20 && *b != 0x7f))
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
        for good in ["*", "\"a\"", "W/\"a\", \"b\"", "ts1.2", "\"\\\"a\\\"\""] {
            assert!(is_entity_tag_list(good.as_bytes()), "{good}");
        }
        for bad in ["", " ", "\"a", "\"a\", \"b"] {
            assert!(!is_entity_tag_list(bad.as_bytes()), "{bad}");
        }
    }
}
