//! The rewriting of answers: pieces, errors, limits, encodings; the places of URLs have a table of their own.

use super::*;
use crate::rewrite::context::{Named, Place};
use proptest::prelude::*;

#[path = "body_places_tests.rs"]
mod places;

/// Back end `/int/` is public `/pub/`, as a path or with `http://int`; other paths of the back end are not public.
struct Double;

impl ResponseUrls for Double {
    fn map(&self, place: Place, url: &str) -> Mapped {
        let (internal, path) = match url.strip_prefix("http://int") {
            Some(path) => (true, path),
            None => (false, url),
        };
        if !path.starts_with('/') {
            // Relative, or a scheme of its own.
            return match place {
                Place::Structural if !path.contains(':') => Mapped::To(format!("/pub/col/{path}")),
                _ => Mapped::Unchanged,
            };
        }
        match path.strip_prefix("/int/") {
            Some(rest) if internal && place != Place::Structural => Mapped::To(format!("http://pub/pub/{rest}")),
            Some(rest) => Mapped::To(format!("/pub/{rest}")),
            None => Mapped::Outside,
        }
    }

    fn named(&self, _: &str) -> Named {
        Named::Elsewhere
    }
}

struct Identity;

impl ResponseUrls for Identity {
    fn map(&self, _: Place, _: &str) -> Mapped {
        Mapped::Unchanged
    }

    fn named(&self, _: &str) -> Named {
        Named::Elsewhere
    }
}

fn run<'a, U: ResponseUrls>(
    urls: U,
    options: BodyOptions,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(String, u64), BodyError> {
    let mut rewriter = BodyRewriter::new(urls, options);
    let mut out = Vec::new();
    for piece in pieces {
        rewriter.push(piece, &mut out)?;
    }
    rewriter.finish(&mut out)?;
    Ok((String::from_utf8(out).unwrap(), rewriter.unmapped_hrefs()))
}

fn options() -> BodyOptions {
    BodyOptions::new("/pub/col/")
}

/// The rewritten body and the count of unmapped URLs; the same in every pair of pieces and byte by byte.
fn rewrite(document: &str) -> Result<(String, u64), BodyError> {
    let bytes = document.as_bytes();
    let whole = run(Double, options(), [bytes]);
    assert_eq!(
        run(Double, options(), bytes.chunks(1)),
        whole,
        "byte by byte: {document}"
    );
    for at in 0..=bytes.len() {
        assert_eq!(
            run(Double, options(), [&bytes[..at], &bytes[at..]]),
            whole,
            "cut at {at}: {document}"
        );
    }
    whole
}

fn rows(rows: &[(&str, String, String, u64)]) {
    for (name, document, want, unmapped) in rows {
        assert_eq!(rewrite(document), Ok((want.clone(), *unmapped)), "{name}");
        // What is not mapped is not touched.
        assert_eq!(
            run(Identity, options(), [document.as_bytes()]),
            Ok((document.clone(), 0)),
            "{name}: identity"
        );
    }
}

fn multistatus(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\n{inner}\n</D:multistatus>\n"
    )
}

fn response(inner: &str) -> String {
    multistatus(&format!("<D:response><D:href>/int/a</D:href>{inner}</D:response>"))
}

fn response_out(inner: &str) -> String {
    multistatus(&format!("<D:response><D:href>/pub/a</D:href>{inner}</D:response>"))
}

fn property(inner: &str) -> String {
    response(&format!(
        "<D:propstat><D:prop>{inner}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    ))
}

fn property_out(inner: &str) -> String {
    response_out(&format!(
        "<D:propstat><D:prop>{inner}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
    ))
}

fn property_row(name: &'static str, before: &str, after: &str, unmapped: u64) -> (&'static str, String, String, u64) {
    (name, property(before), property_out(after), unmapped)
}

const MOD_DAV: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
<D:multistatus xmlns:D=\"DAV:\" xmlns:ns1=\"http://subversion.tigris.org/xmlns/dav/\" xmlns:ns0=\"DAV:\">\n\
<D:response xmlns:lp1=\"DAV:\" xmlns:lp2=\"http://apache.org/dav/props/\" xmlns:g0=\"urn:x\">\n\
<D:href>/int/caf%c3%a9/</D:href>\n<D:propstat>\n<D:prop>\n<lp1:resourcetype><D:collection/></lp1:resourcetype>\n\
<lp1:getetag>\"1000-5\"</lp1:getetag>\n<lp2:executable>F</lp2:executable>\n<D:lockdiscovery><D:activelock>\n\
<D:locktype><D:write/></D:locktype>\n<ns0:owner xmlns:ns0=\"DAV:\"><ns0:href>http://int/int/~ann</ns0:href></ns0:owner>\
<D:timeout>Infinite</D:timeout><D:locktoken>\n<D:href>opaquelocktoken:e71d4fae</D:href>\n</D:locktoken>\n</D:activelock>\n\
</D:lockdiscovery>\n<g0:p>/int/dead</g0:p></D:prop>\n<D:status>HTTP/1.1 200 OK</D:status>\n</D:propstat>\n</D:response>\n\
<D:response xmlns:lp1=\"DAV:\">\n<D:href>/int/b&amp;c.txt</D:href>\n</D:response>\n</D:multistatus>\n";

#[test]
fn what_apache_sends() {
    let want = MOD_DAV
        .replace("<D:href>/int/caf", "<D:href>/pub/caf")
        .replace("<D:href>/int/b", "<D:href>/pub/b");
    assert_eq!(rewrite(MOD_DAV), Ok((want, 0)));
    assert_eq!(
        run(Identity, options(), MOD_DAV.as_bytes().chunks(3)),
        Ok((MOD_DAV.to_owned(), 0))
    );
}

// B-100: an answer that was cut off never looks whole.
#[test]
fn truncated_anywhere() {
    let root_ends = MOD_DAV.trim_end().len();
    for end in 0..root_ends {
        let cut = &MOD_DAV.as_bytes()[..end];
        assert_eq!(
            run(Double, options(), [cut]),
            Err(BodyError::Malformed(ScanError::Truncated)),
            "{end}"
        );
    }
    assert!(run(Double, options(), [&MOD_DAV.as_bytes()[..root_ends]]).is_ok());
}

// F-14
#[test]
fn errors_are_final() {
    let mut rewriter = BodyRewriter::new(Double, options());
    let mut out = Vec::new();
    let error = Err(BodyError::Malformed(ScanError::EndTag));
    assert_eq!(
        rewriter.push(b"<D:multistatus xmlns:D='DAV:'><D:response></D:multistatus>", &mut out),
        error
    );
    assert_eq!(rewriter.push(b"</D:response></D:multistatus>", &mut out), error);
    assert_eq!(rewriter.finish(&mut out), error);
    assert!(!String::from_utf8(out).unwrap().contains("response"));
    let element = "<D:error xmlns:D='DAV:'><D:href>/int/<D:b/></D:href></D:error>";
    assert_eq!(rewrite(element), Err(BodyError::ElementInUrl));
}

// F-14: Zope prints a lock owner and forgets its declarations, and only that place may be repaired.
#[test]
fn lock_owner_of_zope() {
    let zope = |owner: &str| {
        format!(
            "<d:prop xmlns:d='DAV:'><d:lockdiscovery><d:activelock><d:owner>b'{owner}'</d:owner></d:activelock>\
             </d:lockdiscovery></d:prop>"
        )
    };
    let repairing = || BodyOptions {
        repair_lock_owner: true,
        ..options()
    };
    let before = zope("<D:href>http://int/int/me</D:href><D:e/>");
    let after = zope("<D:href xmlns:D=\"DAV:\">http://int/int/me</D:href><D:e xmlns:D=\"DAV:\"/>");
    let after = after.replace("b'", "").replace("'</d:owner>", "</d:owner>");
    assert_eq!(rewrite(&before), Err(BodyError::Malformed(ScanError::UndeclaredPrefix)));
    assert_eq!(run(Double, repairing(), before.as_bytes().chunks(1)), Ok((after, 0)));
    let text = zope(r"it\'s Zo\xc3\xab");
    let read = text.replace(r"b'it\'s Zo\xc3\xab'", "it's Zo\u{eb}");
    for step in [1, 3, 1000] {
        assert_eq!(
            run(Double, repairing(), text.as_bytes().chunks(step)),
            Ok((read.clone(), 0))
        );
    }
    assert_eq!(rewrite(&text), Ok((text, 0)), "elsewhere it is text like any other");
    let elsewhere = "<d:prop xmlns:d='DAV:'><D:href>/int/x</D:href></d:prop>";
    let refused = Err(BodyError::Malformed(ScanError::UndeclaredPrefix));
    assert_eq!(run(Double, repairing(), [elsewhere.as_bytes()]), refused);
    assert_eq!(run(Double, repairing(), [b"<D:multistatus/>".as_slice()]), refused);
}

// An unknown document passes as it is, even where it is not XML.
#[test]
fn unknown_roots() {
    for document in [
        "<html><D:href>/int/</br></html>",
        "<multistatus/>",
        "<feed xmlns='u'>&nope;",
        "<p:prop xmlns:p='dav:'/>",
    ] {
        assert_eq!(rewrite(document), Ok((document.to_owned(), 0)));
    }
}

// ERR-3
#[test]
fn long_descriptions_are_cut() {
    let document = |text: &str| response(&format!("<D:responsedescription>{text}</D:responsedescription>"));
    let out = |text: &str| response_out(&format!("<D:responsedescription>{text}</D:responsedescription>"));
    let fits = "\u{e9}".repeat(1022) + "&amp;<![CDATA[&]]>";
    let long = fits.clone() + "&lt;more<![CDATA[x]]>";
    assert_eq!(
        run(Double, options(), document(&fits).as_bytes().chunks(7)),
        Ok((out(&fits), 0))
    );
    let cut = out(&(fits + "<![CDATA[]]>"));
    for step in [1, 5, 10_000] {
        assert_eq!(
            run(Double, options(), document(&long).as_bytes().chunks(step)),
            Ok((cut.clone(), 0))
        );
    }
    // Each has its own allowance.
    let twice = document("a").replace(
        "</D:response>",
        "<D:responsedescription>b</D:responsedescription></D:response>",
    );
    assert!(rewrite(&twice).unwrap().0.contains(">b</D:responsedescription>"));
}

// F-13
#[test]
fn limits_and_their_twins() {
    let limited = || BodyOptions {
        max_response_element: 200,
        ..options()
    };
    let fits = response(&format!("<D:x>{}</D:x>", "y".repeat(100)));
    let large = response(&format!("<D:x>{}</D:x>", "y".repeat(200)));
    assert!(run(Double, limited(), [fits.as_bytes()]).is_ok());
    assert_eq!(
        run(Double, limited(), [large.as_bytes()]),
        Err(BodyError::TooLarge { limit: 200 })
    );
    let url = |length: usize| response("").replace("/int/a", &format!("/int/{}", "a".repeat(length - 5)));
    for step in [1, 100_000] {
        assert!(run(Double, options(), url(16 * 1024).as_bytes().chunks(step)).is_ok());
        let too_long = run(Double, options(), url(16 * 1024 + 1).as_bytes().chunks(step));
        assert_eq!(too_long, Err(BodyError::UrlTooLong));
    }
}

// F-13: what is held does not grow with the body.
#[test]
fn twenty_thousand_members() {
    let mut rewriter = BodyRewriter::new(Double, options());
    let (mut out, mut total, mut responses) = (Vec::new(), 0, 0);
    rewriter
        .push(b"<?xml version='1.0'?><D:multistatus xmlns:D='DAV:'>", &mut out)
        .unwrap();
    let filler = "x".repeat(700);
    for n in 0..20_000 {
        let base = if n % 10 == 9 { "/other" } else { "/int" };
        let member = format!(
            "<D:response><D:href>{base}/m/{n}.txt</D:href><D:propstat><D:prop><D:getetag>\"{n}\"</D:getetag><D:displayname>{filler}\
             </D:displayname></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        );
        for chunk in member.as_bytes().chunks(333) {
            rewriter.push(chunk, &mut out).unwrap();
        }
        assert!(rewriter.memory() < 16 * 1024, "{} bytes held", rewriter.memory());
        total += out.len();
        responses += memchr::memmem::find_iter(&out, "<D:response>").count();
        assert!(memchr::memmem::find(&out, b"/other").is_none());
        out.clear();
    }
    rewriter.push(b"</D:multistatus>", &mut out).unwrap();
    rewriter.finish(&mut out).unwrap();
    assert_eq!((responses, rewriter.unmapped_hrefs()), (18_000, 2_000));
    assert!(total > 14 << 20);
}

#[test]
fn may_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<BodyRewriter<Double>>();
}

/// A random element tree in which WebDAV's names are likely, so that every context is met.
fn element() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just("/int/a"),
        Just("/secret"),
        Just("http://int/int/x"),
        Just("&amp;"),
        Just("\u{e9} "),
        Just("<![CDATA[]]]]>"),
        Just("<!-- - -->"),
        Just("<?p?>"),
        Just("x.txt"),
        Just("]"),
    ];
    let names = &[
        "D:response",
        "D:href",
        "D:propstat",
        "D:prop",
        "D:owner",
        "D:lockdiscovery",
        "D:activelock",
        "D:lockroot",
        "D:error",
        "D:location",
        "D:source",
        "D:link",
        "D:src",
        "D:responsedescription",
        "D:reftarget",
        "x",
        "D:status",
    ];
    let leaf = text.prop_map(str::to_owned);
    leaf.prop_recursive(6, 60, 5, move |inner| {
        (prop::sample::select(names), prop::collection::vec(inner, 0..5), 0..4_u8).prop_map(|(name, children, form)| {
            let content: String = children.concat();
            match form {
                0 if content.is_empty() => format!("<{name}/>"),
                1 => format!("<{name} a=\"x>\" xmlns:q='u'>{content}</{name} >"),
                2 => format!("<{name} xmlns='DAV:'>{content}</{name}>"),
                _ => format!("<{name}>{content}</{name}>"),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_no_difference(
        children in prop::collection::vec(element(), 0..6),
        root in prop::sample::select(&["multistatus", "error", "prop", "mkcol-response", "options-response"][..]),
        mut cuts in prop::collection::vec(0..4000_usize, 0..12),
    ) {
        let document = format!("<D:{root} xmlns:D='DAV:'>{}</D:{root}>", children.concat());
        let bytes = document.as_bytes();
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(bytes.len()));
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = || cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
        let whole = run(Double, options(), [bytes]);
        prop_assert_eq!(&run(Double, options(), pieces()), &whole);
        prop_assert_eq!(&run(Double, options(), bytes.chunks(1)), &whole);
        if let Ok((out, _)) = whole {
            // What comes out is a document again, and mapping nothing changes nothing.
            prop_assert_eq!(run(Identity, options(), [out.as_bytes()]).map(|(same, _)| same), Ok(out));
        }
    }
    /// A damaged document is refused or not in any pieces alike, and nothing panics.
    #[test]
    fn damage(
        at in 0..MOD_DAV.len(),
        removed in 0..4_usize,
        inserted in prop::sample::select(&["<", ">", "&", "\"", "]]>", "--", "<!--", "</D:href>", "\u{0}", "\u{ff}", ""][..]),
        cut in 0..MOD_DAV.len(),
    ) {
        let mut bytes = MOD_DAV.as_bytes().to_vec();
        let end = (at + removed).min(bytes.len());
        bytes.splice(at..end, inserted.bytes());
        let (a, b) = bytes.split_at(cut.min(bytes.len()));
        let whole = run(Double, options(), [bytes.as_slice()]).ok();
        prop_assert_eq!(&run(Double, options(), [a, b]).ok(), &whole);
        prop_assert_eq!(&run(Double, options(), bytes.chunks(1)).ok(), &whole);
    }
}
