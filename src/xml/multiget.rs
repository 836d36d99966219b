//! Multiget reports cut in two (F-7; RFC 4791 section 7.9, RFC 6352 section 8.7): the members the client may read go to the back end,
//! the others are answered here. In: a body that fits its shape, and a verdict on each href. Out: the body to forward, if anything
//! is left of it, and the `response` elements for the rest.

use super::body::RequestBody;
use super::href::HrefUse;
pub use super::report::is_multiget;
use super::tree::Node;
use super::writer::{DECLARATION, push_text};

/// What the client is told of a member that was not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberStatus {
    /// As if it were not there.
    NotFound,
    /// That it may not be read.
    Forbidden,
}

/// The answer for one member that is not sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberAnswer {
    /// Its public URL, path-absolute and percent-encoded; not yet escaped for XML.
    pub href: String,
    /// What is told of it.
    pub status: MemberStatus,
}

/// A multiget report, cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultigetSplit {
    /// What goes to the back end; `None` when nothing is left to ask: then [`whole_answer`] is the body of a 207.
    pub forward: Option<RequestBody>,
    /// What is added to the answer, in the order of the request.
    pub answers: Vec<MemberAnswer>,
}

/// Cuts `body`. `judge` is given each member's URL as the client wrote it, trimmed and decoded, in document order, and says how it
/// is answered; `None` sends it on. A body that is no multiget is not cut.
pub fn split_multiget(body: &RequestBody, judge: &mut dyn FnMut(&str) -> Option<MemberAnswer>) -> MultigetSplit {
    let mut forward = body.clone();
    let mut answers = Vec::new();
    let mut left = false;
    forward.root.children.retain(|node| match node {
        Node::Element(child) if child.url == Some(HrefUse::MultigetMember) => {
            let answer = judge(&child.trimmed_text());
            left |= answer.is_none();
            let keep = answer.is_none();
            answers.extend(answer);
            keep
        }
        Node::Element(_) | Node::Text(_) => true,
    });
    MultigetSplit {
        forward: (left || answers.is_empty()).then_some(forward),
        answers,
    }
}

/// The body of a 207 with nothing but `answers`.
pub fn whole_answer(answers: &[MemberAnswer]) -> String {
    let mut out = format!("{DECLARATION}<D:multistatus xmlns:D=\"DAV:\">");
    for answer in answers {
        push_response(&mut out, "D:", answer);
    }
    out.push_str("</D:multistatus>");
    out
}

/// Appends a `response` for `answer`; `prefix` (with its colon, or empty) stands for `DAV:` where it is put.
pub fn push_response(out: &mut String, prefix: &str, answer: &MemberAnswer) {
    let status = match answer.status {
        MemberStatus::NotFound => "404 Not Found",
        MemberStatus::Forbidden => "403 Forbidden",
    };
    out.push_str(&format!("<{prefix}response><{prefix}href>"));
    push_text(out, &answer.href);
    out.push_str(&format!(
        "</{prefix}href><{prefix}status>HTTP/1.1 {status}</{prefix}status></{prefix}response>"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{body::parse, kind::BodyKind};

    fn multiget(hrefs: &[&str]) -> RequestBody {
        let hrefs: String = hrefs.iter().map(|href| format!("<D:href>{href}</D:href>")).collect();
        let text = format!(
            "<C:calendar-multiget xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:prop><D:getetag/></D:prop>{hrefs}\
             </C:calendar-multiget>"
        );
        parse(BodyKind::Report, text.as_bytes(), None, &Default::default()).unwrap()
    }

    /// What has an `s` in it is not there, what has an `f` is forbidden.
    fn judge(href: &str) -> Option<MemberAnswer> {
        let status = match href {
            _ if href.contains('s') => MemberStatus::NotFound,
            _ if href.contains('f') => MemberStatus::Forbidden,
            _ => return None,
        };
        let href = href.to_owned();
        Some(MemberAnswer { href, status })
    }

    #[test]
    fn cut() {
        // F-7
        for (name, hrefs, sent, answered) in [
            ("nothing forbidden", &["/a", "/b"][..], Some(&["/a", "/b"][..]), &[][..]),
            ("one hidden", &["/a", "/s", "/b"], Some(&["/a", "/b"]), &["/s"]),
            ("in order", &["/f", "/a", "/s"], Some(&["/a"]), &["/f", "/s"]),
            ("twice the same", &["/s", "/s", "/a"], Some(&["/a"]), &["/s", "/s"]),
            ("nothing left", &["/s&amp;1", "/f"], None, &["/s&1", "/f"]),
            ("nothing asked", &[], Some(&[]), &[]),
        ] {
            let split = split_multiget(&multiget(hrefs), &mut judge);
            assert_eq!(split.forward, sent.map(multiget), "{name}");
            let hrefs: Vec<&str> = split.answers.iter().map(|answer| answer.href.as_str()).collect();
            assert_eq!(hrefs, answered, "{name}");
        }
    }

    #[test]
    fn other_reports_are_not_cut() {
        let text = b"<sync-collection xmlns='DAV:'><sync-token>s</sync-token></sync-collection>";
        let body = parse(BodyKind::Report, text, None, &Default::default()).unwrap();
        let split = split_multiget(&body, &mut judge);
        assert_eq!((split.forward, split.answers), (Some(body), vec![]));
    }

    #[test]
    fn answered_whole() {
        // F-7
        let split = split_multiget(&multiget(&["/s&amp;1", "/f"]), &mut judge);
        let want = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:multistatus xmlns:D=\"DAV:\">\
                    <D:response><D:href>/s&amp;1</D:href><D:status>HTTP/1.1 404 Not Found</D:status></D:response>\
                    <D:response><D:href>/f</D:href><D:status>HTTP/1.1 403 Forbidden</D:status></D:response></D:multistatus>";
        assert_eq!(whole_answer(&split.answers), want);
    }
}
