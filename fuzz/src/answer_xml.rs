//! XML bodies of answers, rewritten while they pass (section 1, C-1 to C-14): however the body is cut, the same comes out; where nothing is
//! mapped, what comes out is what came in; and what comes out is well-formed.

use std::sync::Arc;

use davgate::{
    policy::Method,
    rewrite::{
        body::{BodyError, BodyOptions, BodyRewriter},
        context::{Mapped, Named, Place, ResponseUrls},
        urls::AnswerUrls,
    },
    url::{CanonicalPath, PublicPath},
};

use crate::{input::Input, site, xml};

/// No `responsedescription` of so many bytes is cut; and the limit, in bytes, of a response in half of the runs.
const SHORT: usize = 1000;

/// Nothing is mapped.
#[derive(Clone, Copy)]
struct Identity;

impl ResponseUrls for Identity {
    fn map(&self, _: Place, _: &str) -> Mapped {
        Mapped::Unchanged
    }

    fn named(&self, _: &str) -> Named {
        Named::Elsewhere
    }
}

/// Back end `/int/` is public `/pub/`, also with `http://int`; other paths of the back end have no public URL.
#[derive(Clone, Copy)]
pub struct Prefix;

impl ResponseUrls for Prefix {
    fn map(&self, place: Place, url: &str) -> Mapped {
        let structural = place == Place::Structural;
        let path = url.strip_prefix("http://int").unwrap_or(url);
        match path.strip_prefix("/int/") {
            Some(rest) => Mapped::To(format!("/pub/{rest}")),
            None if path.contains(':') && !structural => Mapped::Unchanged,
            None if !path.starts_with('/') && !path.contains(':') => match structural {
                true => Mapped::To(format!("/pub/c/{path}")),
                false => Mapped::Unchanged,
            },
            None => Mapped::Outside,
        }
    }

    fn named(&self, url: &str) -> Named {
        match self.map(Place::Structural, url) {
            // What has no meaning as a path has none for anybody.
            Mapped::To(public) => match CanonicalPath::parse(public.as_bytes()) {
                Ok(path) => Named::Public(PublicPath(path)),
                Err(_) => Named::Outside,
            },
            _ if url.contains("://") => Named::Elsewhere,
            Mapped::Unchanged | Mapped::Outside => Named::Outside,
        }
    }
}

/// `input`: options as bits, where it is cut, then the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let bits = input.byte();
    let cut = usize::from(input.byte());
    let document = input.rest();
    let options = options(bits);
    let same = in_pieces(document, cut, &|| BodyRewriter::new(Identity, options.clone()));
    let mapped = in_pieces(document, cut, &|| BodyRewriter::new(Prefix, options.clone()));
    if let Ok(out) = &same {
        untouched(document, out, &options);
        judged("unmapped", document, out, &options);
    }
    if let Ok(out) = &mapped {
        judged("mapped", document, out, &options);
    }
    routed(document, cut, &options);
    assert!(mapped.is_err() || same.is_ok(), "mapped, but not unmapped: {same:?}");
}

/// By the mapping of a real route: what a response of a listing is about is a resource of the route.
fn routed(document: &[u8], cut: usize, options: &BodyOptions) {
    let context = Arc::new(site::answer_context(Method::Propfind));
    let start = || BodyRewriter::new(AnswerUrls::new(Arc::clone(&context)), options.clone());
    let Ok(out) = in_pieces(document, cut, &start) else {
        return;
    };
    judged("of a route", document, &out, options);
    let Ok(text) = std::str::from_utf8(&out) else { return };
    let Ok(read) = roxmltree::Document::parse(text) else {
        return;
    };
    let root = read.root_element();
    if !xml::is_dav(&root, "multistatus") {
        return;
    }
    for response in root.children().filter(|node| xml::is_dav(node, "response")) {
        for href in response.children().filter(|node| xml::is_dav(node, "href")) {
            let url = xml::text(&href);
            let path = url.split(['?', '#']).next().unwrap_or_default();
            let path = CanonicalPath::parse(path.as_bytes()).unwrap_or_else(|error| panic!("{url}: {error}"));
            let named = PublicPath(path);
            assert!(
                named.0.starts_with(&context.route.map.public().0),
                "{url} is not the route's"
            );
            assert!(!named.0.starts_with(&context.inner[0].0), "{url} is another route's");
        }
    }
}

/// How bodies are read: whether the media type has a charset, whether lock owners are repaired, whether responses are small.
pub fn options(bits: u8) -> BodyOptions {
    BodyOptions {
        charset: match bits & 3 {
            1 => Some("utf-8".to_owned()),
            2 => Some("utf-16".to_owned()),
            3 => Some("iso-8859-1".to_owned()),
            _ => None,
        },
        repair_lock_owner: bits & 4 != 0,
        max_response_element: if bits & 8 != 0 { SHORT } else { 1 << 20 },
        success: bits & 16 == 0,
        ..BodyOptions::new("/pub/c/")
    }
}

/// What comes out of `document`: whole, byte by byte, and in pieces of `cut` bytes it is the same.
pub fn in_pieces<U: ResponseUrls>(
    document: &[u8],
    cut: usize,
    start: &dyn Fn() -> BodyRewriter<U>,
) -> Result<Vec<u8>, BodyError> {
    let whole = run(start(), [document]);
    assert!(same(&run(start(), document.chunks(1)), &whole), "byte by byte");
    let (first, second) = document.split_at(cut.min(document.len()));
    assert!(same(&run(start(), [first, second]), &whole), "cut at {cut}");
    assert!(
        same(&run(start(), document.chunks(cut + 2)), &whole),
        "in pieces of {}",
        cut + 2
    );
    whole
}

/// Either the same comes out, or it is broken off: why is for the log, and what went out before it is no document.
fn same(a: &Result<Vec<u8>, BodyError>, b: &Result<Vec<u8>, BodyError>) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => a == b,
        (Err(_), Err(_)) => true,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

fn run<'a, U: ResponseUrls>(
    mut rewriter: BodyRewriter<U>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::new();
    for piece in pieces {
        let pushed = rewriter.push(piece, &mut out);
        if pushed.is_err() {
            assert_eq!(rewriter.push(b"<", &mut out), pushed, "an error is final");
        }
        pushed?;
    }
    rewriter.finish(&mut out)?;
    Ok(out)
}

/// Identity in, identity out; but for what davgate leaves out of every answer.
fn untouched(document: &[u8], out: &[u8], options: &BodyOptions) {
    if document == out || is_decoded(document, options) {
        return;
    }
    let Ok(text) = std::str::from_utf8(document) else {
        return;
    };
    let lower = text.to_ascii_lowercase();
    let other = |name: &str| lower.contains(name);
    // Its own marks, and a description that is too long.
    if text.contains("davgate:lock") || other("responsedescription") && text.len() > SHORT {
        return;
    }
    // What a back end left undeclared is declared.
    let Ok(read) = roxmltree::Document::parse(text) else {
        return;
    };
    // A response without a URL is left out (F-1).
    let hrefs = |node: &roxmltree::Node<'_, '_>| node.children().any(|child| xml::is_dav(&child, "href"));
    let nameless = read
        .descendants()
        .any(|node| node.tag_name().name() == "response" && !hrefs(&node));
    assert!(nameless, "{text}\nbecame\n{}", String::from_utf8_lossy(out));
}

/// Whether it may be that the document is in another encoding than UTF-8, and so is written as UTF-8.
fn is_decoded(document: &[u8], options: &BodyOptions) -> bool {
    let head = String::from_utf8_lossy(document).to_ascii_lowercase();
    let named = options.charset.as_deref().is_some_and(|charset| charset != "utf-8");
    named || head.contains("encoding") || document.starts_with(b"\xfe\xff") || document.starts_with(b"\xff\xfe")
}

/// A document of WebDAV comes out well-formed, whoever judges; another passes as it is.
pub fn judged(what: &str, document: &[u8], out: &[u8], options: &BodyOptions) {
    let judged = match std::str::from_utf8(out).map(roxmltree::Document::parse) {
        // It needs no declaration, but roxmltree wants one.
        Ok(Err(roxmltree::Error::UnknownNamespace(prefix, _))) if prefix == "xml" => return,
        Ok(Ok(_)) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    // What is passed on verbatim was not read to its end.
    let verbatim = document == out || is_decoded(document, options);
    assert!(verbatim, "{what}: {judged}: {}", String::from_utf8_lossy(out));
}
