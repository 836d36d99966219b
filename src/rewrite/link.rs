//! `Link` of an answer (RFC 8288 section 3; spec 1.5). In: one field value. Out: the same with public targets; links to what has no
//! public URL, or may not be seen, are left out.

use super::urls::AnswerContext;

/// The links for clients; `None` when none is left.
pub(super) fn public_links(context: &AnswerContext, value: &str) -> Option<String> {
    let links: Vec<String> = split(value)
        .filter_map(|link| {
            let (target, parameters) = link.strip_prefix('<')?.split_once('>')?;
            Some(format!("<{}>{parameters}", context.seen_url(target)?))
        })
        .collect();
    (!links.is_empty()).then(|| links.join(", "))
}

/// The links of a value: commas inside `<...>` and quoted strings do not separate.
fn split(value: &str) -> impl Iterator<Item = &str> {
    let (mut target, mut quoted, mut escaped) = (false, false, false);
    value
        .split(move |c| {
            let literal = std::mem::take(&mut escaped);
            match c {
                _ if literal => {}
                '\\' if quoted => escaped = true,
                '"' if !target => quoted = !quoted,
                '<' if !quoted => target = true,
                '>' if !quoted => target = false,
                _ => {}
            }
            c == ',' && !target && !quoted
        })
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::super::urls::tests::context;
    use super::*;
    use crate::policy::Method;

    // 1.5, R-4, R-9
    #[test]
    fn links() {
        let rows = [
            ("</dav/a>; rel=\"next\"", Some("</files/a>; rel=\"next\"")),
            (
                "</dav/a>; rel=a, </dav/b,c>; rel=b",
                Some("</files/a>; rel=a, </files/b,c>; rel=b"),
            ),
            (
                "</dav/a>;title=\"x, </dav/y>\\\"\",</dav/b>",
                Some("</files/a>;title=\"x, </dav/y>\\\"\", </files/b>"),
            ),
            (
                "<http://back:8081/dav/a?x>; rel=a",
                Some("<https://pub.test/files/a?x>; rel=a"),
            ),
            ("<http://other/dav/a>; rel=a", Some("<http://other/dav/a>; rel=a")),
            ("<e>", Some("</files/c/e>")),
            ("</private>; rel=a, </dav/a>; rel=b", Some("</files/a>; rel=b")),
            ("</private>; rel=a", None),
            ("/dav/a; rel=a", None),
            ("</dav/a", None),
        ];
        let context = context(Method::Get);
        for (value, expected) in rows {
            assert_eq!(public_links(&context, value).as_deref(), expected, "{value}");
        }
    }
}
