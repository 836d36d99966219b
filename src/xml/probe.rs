//! Reads the back end's answer to a probe: PROPFIND Depth 0 for a few properties (RFC 4918 section 9.1). In: a small 207 body. Out:
//! whether the resource is there, whether it is a collection, its validators. Lenient about what is beside the point, strict about XML:
//! the same door as for requests, so a DOCTYPE or a body that is not namespace-well-formed is no answer.

use super::encoding;
use super::limits::XmlLimits;
use super::name::ExpandedName;
use super::reader;
use super::tree::Element;

/// A probe's answer is about one resource; nothing larger is read.
pub const PROBE_BYTES: usize = 64 << 10;

/// A listing of a collection is a page for people; nothing larger is read (some 10,000 members).
pub const LISTING_BYTES: usize = 4 << 20;

/// The body of the probe itself.
pub const PROBE_BODY: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/>\
                              <D:getetag/><D:getlastmodified/></D:prop></D:propfind>";

/// What the back end says of the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeState {
    /// False when the response itself has a status other than 2xx (RFC 4918 section 9.1.1 allows 404 there).
    pub exists: bool,
    /// `resourcetype` holds `collection`.
    pub collection: bool,
    /// `getetag` as it is written, quotes and `W/` included; `None` when it is absent or empty.
    pub etag: Option<String>,
    /// `getlastmodified` as it is written.
    pub last_modified: Option<String>,
    /// `href` of the response as it is written: a back-end URL.
    pub href: String,
}

/// Reads the first `response` of a multistatus. `None` when the body is larger than [`PROBE_BYTES`], is no XML the gateway accepts, or
/// has no response: nothing is known then.
pub fn parse_probe(bytes: &[u8]) -> Option<ProbeState> {
    if bytes.len() > PROBE_BYTES {
        return None;
    }
    let root = multistatus(bytes, &XmlLimits::default())?;
    child(&root, "response").map(state)
}

/// Every `response` of the answer to the same question with Depth 1. `None` as for [`parse_probe`], the limit being
/// [`LISTING_BYTES`].
pub fn parse_listing(bytes: &[u8]) -> Option<Vec<ProbeState>> {
    let limits = XmlLimits {
        bytes: LISTING_BYTES,
        elements: LISTING_BYTES,
        ..XmlLimits::default()
    };
    if bytes.len() > LISTING_BYTES {
        return None;
    }
    let root = multistatus(bytes, &limits)?;
    Some(root.named(ExpandedName::dav("response")).map(state).collect())
}

fn multistatus(bytes: &[u8], limits: &XmlLimits) -> Option<Element> {
    let text = encoding::decode(bytes, None, false).ok()?;
    let root = reader::read(&text, limits).ok()?;
    root.name().is_dav("multistatus").then_some(root)
}

fn state(response: &Element) -> ProbeState {
    let mut state = ProbeState {
        exists: child(response, "status").is_none_or(is_success),
        href: child(response, "href").map(Element::trimmed_text).unwrap_or_default(),
        ..ProbeState::default()
    };
    let found = response
        .named(ExpandedName::dav("propstat"))
        .filter(|propstat| child(propstat, "status").is_some_and(is_success))
        .flat_map(|propstat| propstat.named(ExpandedName::dav("prop")));
    for prop in found {
        if let Some(kind) = child(prop, "resourcetype") {
            state.collection |= child(kind, "collection").is_some();
        }
        state.etag = state.etag.or_else(|| value(prop, "getetag"));
        state.last_modified = state.last_modified.or_else(|| value(prop, "getlastmodified"));
    }
    state
}

fn child<'e>(element: &'e Element, local: &'static str) -> Option<&'e Element> {
    element.named(ExpandedName::dav(local)).next()
}

fn value(prop: &Element, local: &'static str) -> Option<String> {
    child(prop, local)
        .map(Element::trimmed_text)
        .filter(|text| !text.is_empty())
}

/// `HTTP/1.1 200 OK`: only the code counts.
pub(super) fn is_success(status: &Element) -> bool {
    code(status).is_some_and(|code| code.starts_with('2'))
}

/// Whether the status says that nothing is there.
pub(super) fn is_absence(status: &Element) -> bool {
    code(status).is_some_and(|code| code == "404" || code == "410")
}

fn code(status: &Element) -> Option<String> {
    let line = status.trimmed_text();
    let code = line.split_ascii_whitespace().nth(1).filter(|code| code.len() == 3)?;
    Some(code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(response: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:multistatus xmlns:d=\"DAV:\"><d:response>{response}</d:response></d:multistatus>"
        )
    }

    fn propstat(properties: &str, status: &str) -> String {
        format!("<d:propstat><d:prop>{properties}</d:prop><d:status>HTTP/1.1 {status}</d:status></d:propstat>")
    }

    #[test]
    fn states() {
        let collection = "<d:resourcetype><d:collection/></d:resourcetype>";
        let there = ProbeState {
            exists: true,
            href: "/dav/a".into(),
            ..ProbeState::default()
        };
        let href = "<d:href> /dav/a\n</d:href>";
        for (name, response, expected) in [
            (
                "a collection",
                format!("{href}{}", propstat(collection, "200 OK")),
                ProbeState {
                    collection: true,
                    ..there.clone()
                },
            ),
            (
                "a file, mod_dav's way",
                format!(
                    "{href}{}{}",
                    propstat(
                        "<lp1:resourcetype xmlns:lp1='DAV:'/><lp1:getetag xmlns:lp1='DAV:'>\"1-2\"</lp1:getetag>",
                        "200 OK"
                    ),
                    propstat("<d:getlastmodified/>", "404 Not Found")
                ),
                ProbeState {
                    etag: Some("\"1-2\"".into()),
                    ..there.clone()
                },
            ),
            (
                "an empty etag, a date, things beside the point",
                format!(
                    "{href}<x/>{}",
                    propstat("<d:getetag/><d:getlastmodified>Mon</d:getlastmodified><y/>", "200 OK")
                ),
                ProbeState {
                    last_modified: Some("Mon".into()),
                    ..there.clone()
                },
            ),
            (
                "an etag only in a 404 propstat",
                format!("{href}{}", propstat("<d:getetag>\"x\"</d:getetag>", "404 Not Found")),
                there.clone(),
            ),
            (
                "collection in another namespace",
                format!(
                    "{href}{}",
                    propstat("<d:resourcetype><collection/></d:resourcetype>", "200 OK")
                ),
                there.clone(),
            ),
            (
                "gone",
                format!("{href}<d:status>HTTP/1.1 404 Not Found</d:status>"),
                ProbeState {
                    exists: false,
                    ..there.clone()
                },
            ),
        ] {
            assert_eq!(parse_probe(answer(&response).as_bytes()), Some(expected), "{name}");
        }
    }

    //
    #[test]
    fn listings() {
        let member = |href: &str| {
            format!(
                "<d:response><d:href>{href}</d:href>{}</d:response>",
                propstat("<d:x/>", "200 OK")
            )
        };
        let members: String = (0..10_000).map(|number| member(&format!("/dav/{number}"))).collect();
        let text = format!("<d:multistatus xmlns:d=\"DAV:\">{members}</d:multistatus>");
        let found = parse_listing(text.as_bytes()).unwrap();
        assert_eq!((found.len(), found[9_999].href.as_str()), (10_000, "/dav/9999"));
        assert_eq!(parse_listing(text.replace("</d:multistatus>", "").as_bytes()), None);
        assert_eq!(parse_listing((text + &" ".repeat(LISTING_BYTES)).as_bytes()), None);
    }

    #[test]
    fn no_answer() {
        let good = answer("<d:href>/</d:href>");
        assert!(parse_probe(good.as_bytes()).is_some());
        for (name, body) in [
            ("nothing", String::new()),
            ("HTML", "<html><body>no".to_owned()),
            ("another root", good.replace("multistatus", "prop")),
            ("another namespace", good.replace("DAV:", "dav:")),
            ("no response", good.replace("response", "x")),
            ("DOCTYPE", good.replace("?>", "?><!DOCTYPE d [<!ENTITY e 'x'>]>")),
            (
                "unbound prefix",
                good.replace("<d:href>", "<D:href>").replace("</d:href>", "</D:href>"),
            ),
            ("too large", good + &" ".repeat(PROBE_BYTES)),
        ] {
            assert_eq!(parse_probe(body.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn the_probe_itself_is_a_propfind() {
        use super::super::{body, kind::BodyKind};
        assert!(body::parse(BodyKind::Propfind, PROBE_BODY.as_bytes(), None, &XmlLimits::default()).is_ok());
    }
}
