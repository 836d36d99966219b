//! The sync tokens of a sync-collection report (RFC 6578 section 6.1). In: the body. Out: the same with other tokens (F-9).

use super::{body::RequestBody, name::ExpandedName, tree::Node};

impl RequestBody {
    /// Replaces every token of a sync-collection report that is not empty by what `map` makes of it; of other bodies nothing.
    ///
    /// # Errors
    /// The first error of `map`.
    pub fn map_sync_tokens<E>(&mut self, mut map: impl FnMut(&str) -> Result<String, E>) -> Result<(), E> {
        if self.initial_sync().is_none() {
            return Ok(());
        }
        for node in &mut self.root.children {
            let Node::Element(element) = node else { continue };
            let text = element.trimmed_text();
            if element.name() == ExpandedName::dav("sync-token") && !text.is_empty() {
                element.children = vec![Node::Text(map(&text)?)];
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::xml::{body::parse, kind::BodyKind};

    fn mapped(text: &str) -> Result<String, String> {
        let mut body = parse(BodyKind::Report, text.as_bytes(), None, &Default::default()).unwrap();
        body.map_sync_tokens(|token| match token {
            "refused" => Err(token.to_owned()),
            token => Ok(format!("<{token}>")),
        })?;
        let out = body.serialize(&mut |_, _| Ok::<_, String>(None))?;
        Ok(String::from_utf8(out).unwrap())
    }

    // F-9
    #[test]
    fn tokens() {
        let sync = |inside: &str| format!("<D:sync-collection xmlns:D='DAV:'>{inside}<D:prop/></D:sync-collection>");
        for (inside, expected) in [
            (
                "<D:sync-token> a<![CDATA[b]]></D:sync-token>",
                "<D:sync-token>&lt;ab&gt;</D:sync-token>",
            ),
            ("<D:sync-token/>", "<D:sync-token/>"),
            (
                "<D:sync-token/><D:sync-token>a</D:sync-token>",
                "<D:sync-token/><D:sync-token>&lt;a&gt;</D:sync-token>",
            ),
        ] {
            let out = mapped(&sync(inside)).unwrap();
            assert!(out.contains(expected), "{out}");
        }
        assert_eq!(
            mapped(&sync("<D:sync-token>refused</D:sync-token>")),
            Err("refused".to_owned())
        );
        let other = "<D:expand-property xmlns:D='DAV:'><D:property name='sync-token'/></D:expand-property>";
        assert!(mapped(other).is_ok());
    }
}
