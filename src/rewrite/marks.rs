//! Marks of the gateway's own in the owners of locks (L-8), which nobody gets to see. In: the tokens of an answer. Out: which of them belong to
//! a mark.

use super::context::Context;
use crate::xml::{lock_mark::MARK, scanner::Token};

/// The elements that are open of a mark, itself too.
#[derive(Default)]
pub(super) struct Marks(usize);

impl Marks {
    /// Whether `token`, in an element of this context, is left out.
    pub fn swallow(&mut self, context: Option<Context>, token: &Token<'_>) -> bool {
        let within = self.0 > 0;
        match token {
            Token::Start(tag) => {
                let part = within || context == Some(Context::LockOwner) && tag.name == MARK;
                self.0 += usize::from(part && !tag.empty);
                part
            }
            Token::End(_) => {
                self.0 = self.0.saturating_sub(1);
                within
            }
            Token::Text(_) | Token::Cdata(_) | Token::Markup(_) | Token::Declaration(_) | Token::Rest(_) => within,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        body::{BodyOptions, BodyRewriter},
        context::{Mapped, Named, Place, ResponseUrls},
    };

    struct Public;

    impl ResponseUrls for Public {
        fn map(&self, _: Place, _: &str) -> Mapped {
            Mapped::Unchanged
        }

        fn named(&self, _: &str) -> Named {
            Named::Elsewhere
        }
    }

    #[test]
    fn left_out() {
        // L-8: in owners of locks, and nowhere else; however it is prefixed and cut
        let mark = "<g:by xmlns:g='urn:davgate:lock' p='a' at='1' mac='m'/>";
        let long = "<by xmlns='urn:davgate:lock' p='a'>x<![CDATA[y]]><!-- z --><q><r/></q></by>";
        let locked = |owner: &str| {
            format!(
                "<D:prop xmlns:D='DAV:'><D:lockdiscovery><D:activelock>{owner}</D:activelock></D:lockdiscovery></D:prop>"
            )
        };
        let other = format!("<D:prop xmlns:D='DAV:'><D:x>{mark}</D:x></D:prop>");
        for (name, before, after) in [
            (
                "alone",
                locked(&format!("<D:owner>{mark}</D:owner>")),
                locked("<D:owner></D:owner>"),
            ),
            (
                "twice",
                locked(&format!("<D:owner>a{mark}b{long}c</D:owner>")),
                locked("<D:owner>abc</D:owner>"),
            ),
            (
                "deeper",
                locked(&format!("<D:owner><x>{long}</x></D:owner>")),
                locked("<D:owner><x></x></D:owner>"),
            ),
            (
                "another name",
                locked("<D:owner><by/></D:owner>"),
                locked("<D:owner><by/></D:owner>"),
            ),
            ("not in an owner", other.clone(), other),
        ] {
            for size in [1, 7, 4096] {
                let mut rewriter = BodyRewriter::new(Public, BodyOptions::new("/a"));
                let mut out = Vec::new();
                before
                    .as_bytes()
                    .chunks(size)
                    .for_each(|piece| rewriter.push(piece, &mut out).unwrap());
                rewriter.finish(&mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), after, "{name}, {size}");
            }
        }
    }
}
