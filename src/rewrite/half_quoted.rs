//! URLs of Zope's multistatus, brought into one form (R-7, Z-16). In: the text of an `href`. Out: the same as a URL. Zope encodes a URL as a
//! whole unless it holds a `%` already, and then not at all: below `/a%20b/` all names come raw, and so does every name with a `%`.
//! What answers PROPPATCH is encoded once more, scheme and all.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::url::CanonicalPath;

/// The URL that `text` stands for, in the answer to a request for `asked`.
pub(super) fn repaired<'a>(text: &'a str, asked: &CanonicalPath) -> Cow<'a, str> {
    if text.starts_with("http%3A//") || text.starts_with("https%3A//") {
        return match percent_decode_str(text).decode_utf8() {
            Ok(url) => Cow::Owned(url.into_owned()),
            Err(_) => Cow::Borrowed(text),
        };
    }
    if !text.starts_with('/') {
        return Cow::Borrowed(text);
    }
    let end = text.match_indices('/').nth(asked.segments().count());
    let (base, rest) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    if !base.contains('%') && is_encoded(rest) {
        return Cow::Borrowed(text);
    }
    let rest = rest.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    Cow::Owned(format!("{base}{rest}"))
}

/// Whether that can have come of encoding.
fn is_encoded(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    let mut pieces = text.split('%');
    pieces.next().is_none_or(|first| first.bytes().all(plain))
        && pieces.all(|piece| {
            let digits = piece.get(..2);
            digits.is_some_and(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit())) && piece.bytes().all(plain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Z-16: as a real Zope wrote them
    #[test]
    fn one_form() {
        for (asked, text, expected) in [
            ("/dav/", "/dav/a%20b.txt", "/dav/a%20b.txt"),
            ("/dav/", "/dav/", "/dav/"),
            ("/dav/", "/dav", "/dav"),
            ("/dav/", "/dav/100%.txt", "/dav/100%25.txt"),
            ("/dav/", "/dav/100% x.txt", "/dav/100%25 x.txt"),
            ("/dav/", "/dav/café%41", "/dav/café%2541"),
            // It may be either; encoded is what most are.
            ("/dav/", "/dav/percent%41.txt", "/dav/percent%41.txt"),
            ("/dav/zz%20top/", "/dav/zz%20top/café x.txt", "/dav/zz%20top/café x.txt"),
            (
                "/dav/zz%20top/",
                "/dav/zz%20top/percent%41.txt",
                "/dav/zz%20top/percent%2541.txt",
            ),
            ("/dav/zz%20top/", "/dav/zz%20top/a?b#c", "/dav/zz%20top/a%3Fb%23c"),
            ("/dav/zz%20top", "/dav/zz%20top/", "/dav/zz%20top/"),
            ("/", "/a%20b", "/a%20b"),
            ("/", "/100%", "/100%25"),
            (
                "/dav/100%25.txt",
                "http%3A//127.0.0.1%3A8182/dav/100%2525.txt",
                "http://127.0.0.1:8182/dav/100%25.txt",
            ),
            ("/dav/x", "https%3A//dav.test/dav/a%2520b", "https://dav.test/dav/a%20b"),
            ("/dav/x", "x", "x"),
        ] {
            let asked = CanonicalPath::parse(asked.as_bytes()).unwrap();
            assert_eq!(repaired(text, &asked), expected, "{text} in answer to {asked}");
        }
    }
}
