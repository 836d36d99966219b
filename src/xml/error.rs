//! `DAV:error` bodies (RFC 4918 section 16). In: a condition and the URLs that belong to it. Out: the XML text. Conditions of the
//! gateway's own get its own namespace (ERR-2), and nothing of the request is echoed (ERR-3).

use super::name::{CALDAV, CARDDAV, DAV, DAVGATE, ExpandedName};
use super::writer::{DECLARATION, push_text};

/// The name of a precondition or postcondition. Only literals become one, so no client text can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Condition(ExpandedName<'static>);

impl Condition {
    /// A condition that an RFC defines in `DAV:`.
    pub const fn dav(local: &'static str) -> Self {
        Self(ExpandedName::dav(local))
    }

    /// A condition of CalDAV (RFC 4791).
    pub const fn caldav(local: &'static str) -> Self {
        Self(ExpandedName::new(CALDAV, local))
    }

    /// A condition of CardDAV (RFC 6352).
    pub const fn carddav(local: &'static str) -> Self {
        Self(ExpandedName::new(CARDDAV, local))
    }

    /// A condition of this gateway (ERR-2).
    pub const fn own(local: &'static str) -> Self {
        Self(ExpandedName::new(DAVGATE, local))
    }

    /// Its expanded name.
    pub const fn name(&self) -> ExpandedName<'static> {
        self.0
    }
}

/// A complete `DAV:error` document that names `condition` and, inside it, `hrefs` (public URLs, written as they are given).
pub fn error_body(condition: Condition, hrefs: &[String]) -> String {
    let ExpandedName { namespace, local } = condition.name();
    let (prefix, declaration) = if namespace == DAV {
        ("D", String::new())
    } else {
        ("E", format!(" xmlns:E=\"{namespace}\""))
    };
    let mut out = format!("{DECLARATION}<D:error xmlns:D=\"DAV:\"><{prefix}:{local}{declaration}");
    if hrefs.is_empty() {
        out.push_str("/>");
    } else {
        out.push('>');
        for href in hrefs {
            out.push_str("<D:href>");
            push_text(&mut out, href);
            out.push_str("</D:href>");
        }
        out.push_str(&format!("</{prefix}:{local}>"));
    }
    out.push_str("</D:error>");
    out
}

/// The body of a 403 for want of a privilege (RFC 3744 section 7.1.1; A-31): `href` is the resource's public URL.
pub fn need_privileges(href: &str, privilege: ExpandedName<'_>) -> String {
    let ExpandedName { namespace, local } = privilege;
    let mut out = format!("{DECLARATION}<D:error xmlns:D=\"DAV:\"><D:need-privileges><D:resource><D:href>");
    push_text(&mut out, href);
    let (prefix, declaration) = match namespace == DAV {
        true => ("D", String::new()),
        false => ("P", format!(" xmlns:P=\"{namespace}\"")),
    };
    out.push_str(&format!(
        "</D:href><D:privilege><{prefix}:{local}{declaration}/></D:privilege></D:resource></D:need-privileges></D:error>"
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
        for (name, condition, hrefs, expected) in [
            (
                "ERR-1: an RFC's condition",
                Condition::dav("no-external-entities"),
                vec![],
                "<D:error xmlns:D=\"DAV:\"><D:no-external-entities/></D:error>",
            ),
            (
                "ERR-1: with lock roots, escaped",
                Condition::dav("lock-token-submitted"),
                vec!["/a&b/".to_owned(), "/<c>".to_owned()],
                "<D:error xmlns:D=\"DAV:\"><D:lock-token-submitted><D:href>/a&amp;b/</D:href><D:href>/&lt;c&gt;</D:href>\
                 </D:lock-token-submitted></D:error>",
            ),
            (
                "ERR-2: our own",
                Condition::own("xml-too-deep"),
                vec![],
                "<D:error xmlns:D=\"DAV:\"><E:xml-too-deep xmlns:E=\"urn:davgate:error\"/></D:error>",
            ),
            (
                "CalDAV's, with a URL",
                Condition::caldav("no-uid-conflict"),
                vec!["/c/1.ics".to_owned()],
                "<D:error xmlns:D=\"DAV:\"><E:no-uid-conflict xmlns:E=\"urn:ietf:params:xml:ns:caldav\">\
                 <D:href>/c/1.ics</D:href></E:no-uid-conflict></D:error>",
            ),
        ] {
            assert_eq!(error_body(condition, &hrefs), format!("{head}{expected}"), "{name}");
        }
    }
}
