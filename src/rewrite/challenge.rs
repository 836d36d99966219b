//! `WWW-Authenticate` of an answer (RFC 7616 section 3.3; spec 1.5). In: one field value, of any schemes. Out: the same with public
//! URLs in `domain="..."`; a protection space that has none is all of the route.

use std::ops::Range;

use super::urls::AnswerContext;

/// The challenges for clients.
pub(super) fn public_challenge(context: &AnswerContext, value: &str) -> String {
    let Some(domain) = quoted_parameter(value, "domain") else {
        return value.to_owned();
    };
    let (before, rest) = value.split_at_checked(domain.start).unwrap_or((value, ""));
    let (urls, after) = rest.split_at_checked(domain.len()).unwrap_or((rest, ""));
    let mut public: Vec<String> = urls
        .split_ascii_whitespace()
        .filter_map(|url| context.public_url(url))
        .collect();
    if public.is_empty() {
        public.push(context.route.map.public().to_string());
    }
    format!("{before}{}{after}", public.join(" "))
}

/// Where the content of the quoted string stands that is the value of the parameter `wanted`.
fn quoted_parameter(value: &str, wanted: &str) -> Option<Range<usize>> {
    let mut from = 0;
    loop {
        let open = from + value.get(from..)?.find('"')?;
        let close = open + 1 + length_of_quoted(value.get(open + 1..)?)?;
        let before = value
            .get(from..open)?
            .trim_end()
            .strip_suffix('=')
            .unwrap_or("")
            .trim_end();
        let name = before.rsplit([' ', '\t', ',']).next().unwrap_or("");
        if name.eq_ignore_ascii_case(wanted) {
            return Some(open + 1..close);
        }
        from = close + 1;
    }
}

/// How many bytes `text` has before the quote that closes it.
fn length_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let literal = std::mem::take(&mut escaped);
        escaped = byte == b'\\' && !literal;
        byte == b'"' && !literal
    })
}

#[cfg(test)]
mod tests {
    use super::super::urls::tests::context;
    use super::*;
    use crate::policy::Method;

    // 1.5
    #[test]
    fn challenges() {
        let rows = [
            (
                "Digest realm=\"/dav/\", domain=\"/dav/\", nonce=\"n\"",
                "Digest realm=\"/dav/\", domain=\"/files/\", nonce=\"n\"",
            ),
            (
                "Digest DOMAIN = \"/dav/a http://back:8081/dav/b http://other/c\",nonce=\"n\"",
                "Digest DOMAIN = \"/files/a https://pub.test/files/b http://other/c\",nonce=\"n\"",
            ),
            (
                "Basic realm=\"a domain=\\\"/dav/\", Digest domain=\"/dav/\"",
                "Basic realm=\"a domain=\\\"/dav/\", Digest domain=\"/files/\"",
            ),
            ("Digest domain=\"/\"", "Digest domain=\"/files/\""),
            ("Digest domain=\"\"", "Digest domain=\"/files/\""),
            ("Digest domain=\"/dav/", "Digest domain=\"/dav/"),
            ("Basic realm=\"/dav/\"", "Basic realm=\"/dav/\""),
            ("Negotiate", "Negotiate"),
        ];
        let context = context(Method::Get);
        for (value, expected) in rows {
            assert_eq!(public_challenge(&context, value), expected, "{value}");
        }
    }
}
