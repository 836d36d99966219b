//! Whole answers: which bodies are rewritten, emptied, left alone or refused, and what their headers say then.

use crate::backend::ZOPE;
use std::io::Write as _;

use super::super::urls::tests::{PLAIN, context, context_on, route};
use super::*;
use crate::policy::MethodSet;

type Sent<'a> = &'a [(&'static str, &'a str)];

fn headers(sent: Sent<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    headers
}

fn name(plan: &Result<BodyPlan, BadAnswer>) -> &'static str {
    match plan {
        Ok(BodyPlan::AsIs) => "as is",
        Ok(BodyPlan::Empty) => "empty",
        Ok(BodyPlan::Rewrite(_)) => "rewrite",
        Err(bad) => bad.name(),
    }
}

fn response(href: &str) -> String {
    format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{href}</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>\
         </D:multistatus>"
    )
}

/// The body and the headers that the client gets, or the name of the error.
fn through(
    context: AnswerContext,
    status: u16,
    sent: Sent<'_>,
    pieces: &[&[u8]],
) -> Result<(String, u64, HeaderMap), &'static str> {
    let mut headers = headers(sent);
    let plan = rewrite(&Arc::new(context), status, &mut headers).map_err(BadAnswer::name)?;
    let BodyPlan::Rewrite(plan) = plan else {
        panic!("not rewritten")
    };
    let mut rewriting = plan.start();
    let mut out = Vec::new();
    for piece in pieces {
        rewriting.push(piece, &mut out).map_err(AnswerBodyError::name)?;
    }
    rewriting.finish(&mut out).map_err(AnswerBodyError::name)?;
    Ok((String::from_utf8(out).unwrap(), rewriting.unmapped_hrefs(), headers))
}

// C-12, C-14, ERR-3, R-13, M-1, M-2
#[test]
fn what_becomes_of_the_body() {
    use Method::{Delete, Get, Head, Lock, Mkcol, Options, Post, Propfind, Put};
    let xml: Sent<'_> = &[("content-type", "application/xml")];
    let text_xml: Sent<'_> = &[("content-type", "Text/XML; charset=\"utf-8\"")];
    let html: Sent<'_> = &[("content-type", "text/html; charset=iso-8859-1")];
    let xhtml: Sent<'_> = &[("content-type", "application/xhtml+xml")];
    let plain: Sent<'_> = &[("content-type", "text/plain")];
    let svg: Sent<'_> = &[("content-type", "image/svg+xml")];
    let mount: Sent<'_> = &[("content-type", "application/davmount+xml")];
    let nothing: Sent<'_> = &[("content-type", "application/xml"), ("content-length", "0")];
    let rows: &[(&str, Method, u16, Sent<'_>, &str)] = &[
        ("multistatus", Propfind, 207, xml, "rewrite"),
        ("multistatus as text/xml", Propfind, 207, text_xml, "rewrite"),
        ("multistatus without a type", Propfind, 207, &[], "rewrite"),
        ("multistatus under another name", Delete, 207, plain, "rewrite"),
        ("multistatus at 424", Propfind, 424, xml, "rewrite"),
        ("multistatus at 403 to GET", Get, 403, xml, "rewrite"),
        ("LOCK", Lock, 200, xml, "rewrite"),
        ("LOCK without a type", Lock, 201, &[], "rewrite"),
        ("OPTIONS", Options, 200, xml, "rewrite"),
        ("POST, schedule-response", Post, 200, xml, "rewrite"),
        ("POST, HTML", Post, 200, html, "as is"),
        ("a file", Get, 200, xml, "as is"),
        ("a part of a file", Get, 206, xml, "as is"),
        ("a file in HTML", Get, 200, html, "as is"),
        ("a mount", Get, 200, mount, "rewrite"),
        ("a part of a mount", Get, 206, mount, "answer-partial"),
        ("no body to HEAD", Head, 403, xml, "as is"),
        ("no body to HEAD, HTML", Head, 404, html, "as is"),
        ("an image", Post, 200, svg, "as is"),
        ("XHTML", Post, 200, xhtml, "as is"),
        ("error page", Get, 404, html, "empty"),
        ("confirmation", Mkcol, 201, html, "empty"),
        ("error page, XHTML", Put, 500, xhtml, "empty"),
        ("error page of a redirect", Mkcol, 301, html, "empty"),
        ("error in text", Put, 404, plain, "as is"),
        ("error without a type", Put, 404, &[], "as is"),
        ("no body", Put, 201, nothing, "as is"),
        ("a 207 needs a body", Propfind, 207, nothing, "answer-missing"),
        ("204", Delete, 204, xml, "as is"),
        ("304", Get, 304, html, "as is"),
        ("100", Put, 100, xml, "as is"),
    ];
    for (row, method, status, sent, expected) in rows {
        let plan = rewrite(&Arc::new(context(*method)), *status, &mut headers(sent));
        assert_eq!(name(&plan), *expected, "{row}");
    }
    let mut route = route(PLAIN);
    route.pass_error_bodies = true;
    let plan = rewrite(&Arc::new(context_on(route, Get)), 404, &mut headers(html));
    assert_eq!(name(&plan), "as is", "ERR-3 by option");
}

// R-13, ERR-3: headers that were true of other bytes.
#[test]
fn headers_follow_the_body() {
    let sent: Sent<'_> = &[
        ("content-length", "100"),
        ("content-md5", "x"),
        ("digest", "x"),
        ("content-digest", "x"),
        ("repr-digest", "x"),
        ("etag", "\"e\""),
        ("accept-ranges", "bytes"),
        ("content-range", "bytes */9"),
        ("last-modified", "Sun, 22 Nov 2026 04:00:00 GMT"),
        ("x-fine", "1"),
    ];
    let html = "text/html";
    let xml = "application/xml; charset=utf-16; x=y";
    let rows: &[(Method, u16, &str, &[&str])] = &[
        (Method::Propfind, 207, xml, &["content-type", "last-modified", "x-fine"]),
        (
            Method::Put,
            409,
            xml,
            &["content-type", "etag", "last-modified", "x-fine"],
        ),
        (
            Method::Get,
            416,
            xml,
            &["content-range", "content-type", "last-modified", "x-fine"],
        ),
        (
            Method::Get,
            416,
            html,
            &["accept-ranges", "content-length", "content-range", "x-fine"],
        ),
    ];
    for (method, status, media, expected) in rows {
        let mut headers = headers(sent);
        headers.insert(CONTENT_TYPE, media.parse().unwrap());
        rewrite(&Arc::new(context(*method)), *status, &mut headers).unwrap();
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, *expected, "{method:?} {status} {media}");
        match *media {
            "text/html" => assert_eq!(headers.get(CONTENT_LENGTH).unwrap(), "0"),
            _ => assert_eq!(headers.get(CONTENT_TYPE).unwrap(), "application/xml; charset=\"utf-8\""),
        }
    }
    // The twin: a file keeps them all.
    let mut file = headers(sent);
    file.insert(CONTENT_TYPE, xml.parse().unwrap());
    rewrite(&Arc::new(context(Method::Get)), 200, &mut file).unwrap();
    assert_eq!(
        (file.len(), file.get(CONTENT_TYPE).unwrap().to_str().unwrap()),
        (sent.len() + 1, xml)
    );
    let mut none = headers(&[("content-length", "5"), ("etag", "\"e\"")]);
    rewrite(&Arc::new(context(Method::Put)), 204, &mut none).unwrap();
    assert_eq!((none.get(CONTENT_LENGTH), none.contains_key(ETAG)), (None, true), "204");
}

// RFC 9110 section 8.6, RFC 9112 sections 6.1 and 6.3: nobody after the gateway has to guess where an answer ends
#[test]
fn one_framing() {
    let framing = |status, sent: Sent<'_>| -> Result<String, &'static str> {
        let mut headers = headers(sent);
        rewrite(&Arc::new(context(Method::Get)), status, &mut headers).map_err(BadAnswer::name)?;
        let values = |name: HeaderName| {
            headers
                .get_all(name)
                .iter()
                .map(|value| value.to_str().unwrap().to_owned())
        };
        Ok(values(CONTENT_LENGTH)
            .chain(values(TRANSFER_ENCODING))
            .collect::<Vec<_>>()
            .join(" | "))
    };
    assert_eq!(framing(200, &[("content-length", "5")]), Ok("5".to_owned()));
    assert_eq!(
        framing(200, &[("content-length", "5"), ("content-length", "5")]),
        Ok("5".to_owned())
    );
    assert_eq!(framing(200, &[("content-length", "5, 5")]), Ok("5".to_owned()));
    assert_eq!(
        framing(200, &[("transfer-encoding", "chunked")]),
        Ok("chunked".to_owned())
    );
    let twice = &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")];
    assert_eq!(framing(200, twice), Err(BadAnswer::UnknownCoding.name()));
    assert_eq!(framing(204, &[("transfer-encoding", "chunked")]), Ok(String::new()));
}

//
#[test]
fn codings() {
    let document = response("/dav/c/d");
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(document.as_bytes()).unwrap();
    let gzip = writer.finish().unwrap();
    let expected = document.replace("/dav/", "/files/");
    for (coding, body) in [
        ("gzip", gzip.as_slice()),
        ("X-GZIP, identity", &gzip),
        ("identity", document.as_bytes()),
        ("", document.as_bytes()),
    ] {
        let sent = [("content-encoding", coding), ("content-type", "text/xml")];
        let pieces: Vec<&[u8]> = body.chunks(3).collect();
        let (text, _, headers) = through(context(Method::Propfind), 207, &sent, &pieces).unwrap();
        assert_eq!(
            (text.as_str(), headers.get(CONTENT_ENCODING)),
            (expected.as_str(), None),
            "{coding}"
        );
    }
    for coding in ["compress", "zstd", "gzip, x-secret", "gzip, gzip"] {
        let mut sent = headers(&[("content-encoding", coding), ("content-type", "text/xml")]);
        let plan = rewrite(&Arc::new(context(Method::Propfind)), 207, &mut sent);
        assert_eq!(name(&plan), "answer-unknown-coding", "{coding}");
        // The twin: on a file it is the client's business.
        let plan = rewrite(&Arc::new(context(Method::Get)), 200, &mut sent);
        assert_eq!(
            (name(&plan), sent.get(CONTENT_ENCODING).unwrap().to_str().unwrap()),
            ("as is", coding)
        );
    }
    let sent = [("content-encoding", "gzip"), ("content-type", "text/xml")];
    let cut = through(context(Method::Propfind), 207, &sent, &[&gzip[..20]]);
    assert_eq!(cut.unwrap_err(), "answer-coding");
}

// B-20, F-14: bodies.
#[test]
fn bodies() {
    let xml: Sent<'_> = &[("content-type", "application/xml")];
    let two = response("/dav/c/d").replace(
        "</D:multistatus>",
        "<D:response><D:href>/private</D:href></D:response><D:response><D:href>/dav/c/d/e</D:href></D:response></D:multistatus>",
    );
    let (text, unmapped, _) = through(context(Method::Propfind), 207, xml, &[two.as_bytes()]).unwrap();
    assert!(text.contains(">/files/c/d<") && text.contains(">/files/c/d/e<") && !text.contains("private"));
    assert_eq!(unmapped, 1);
    let mut members = context(Method::Propfind);
    members.noroot = true;
    let (text, unmapped, _) = through(members, 207, xml, &[two.as_bytes()]).unwrap();
    assert!(
        !text.contains(">/files/c/d<") && text.contains(">/files/c/d/e<"),
        "{text}"
    );
    assert_eq!(unmapped, 1, "the target is not unmapped");

    assert_eq!(
        through(context(Method::Lock), 200, xml, &[]).unwrap().0,
        "",
        "no body stays none"
    );
    assert_eq!(
        through(context(Method::Propfind), 207, xml, &[]).unwrap_err(),
        "answer-missing"
    );
    let gzip = [("content-type", "application/xml"), ("content-encoding", "gzip")];
    assert_eq!(through(context(Method::Lock), 200, &gzip, &[]).unwrap().0, "");
    assert_eq!(
        through(context(Method::Propfind), 207, xml, &[b"hello"]).unwrap_err(),
        "answer-xml"
    );
    let latin = [("content-type", "text/xml; charset=iso-8859-1")];
    let pieces: &[&[u8]] = &[
        b"<D:multistatus xmlns:D='DAV:'><D:responsedescription>\xe9",
        b"</D:responsedescription></D:multistatus>",
    ];
    assert!(
        through(context(Method::Propfind), 207, &latin, pieces)
            .unwrap()
            .0
            .contains("\u{e9}")
    );

    let owner = "<D:prop xmlns:D='DAV:'><D:lockdiscovery><D:activelock><D:owner><x:href>me</x:href></D:owner></D:activelock>\
        </D:lockdiscovery></D:prop>";
    assert_eq!(
        through(context(Method::Lock), 200, xml, &[owner.as_bytes()]).unwrap_err(),
        "answer-xml"
    );
    let mut zope = route(PLAIN);
    zope.backend.profile = &ZOPE;
    assert!(through(context_on(zope, Method::Lock), 200, xml, &[owner.as_bytes()]).is_ok());
}

// P-15, M-44, 1.5: the parts work together.
#[test]
fn a_whole_answer() {
    let sent: Sent<'_> = &[
        ("content-type", "text/html"),
        ("location", "http://back:8081/dav/c/d/"),
        ("dav", "1,2"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
    ];
    let mut headers = headers(sent);
    let plan = rewrite(&Arc::new(context(Method::Propfind)), 301, &mut headers);
    assert_eq!(name(&plan), "empty");
    let mut left: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["content-length: 0", "dav: 1,2", "location: https://pub.test/files/c/d/"]
    );
}

#[test]
fn may_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<BodyPlan>();
    crosses::<Rewriting>();
}

// a transfer coding that would stay on the bytes is refused; chunks are framing.
#[test]
fn transfer_codings() {
    for (coding, expected) in [
        ("chunked", "as is"),
        ("Chunked", "as is"),
        ("gzip, chunked", "answer-unknown-coding"),
        ("gzip", "answer-unknown-coding"),
    ] {
        let mut sent = headers(&[("transfer-encoding", coding), ("content-type", "image/png")]);
        let plan = rewrite(&Arc::new(context(Method::Get)), 200, &mut sent);
        assert_eq!(name(&plan), expected, "{coding}");
    }
}

// Z-1, C-14: where nothing speaks WebDAV, XML is a page or a file; a DOCTYPE in it is nobody's business.
#[test]
fn routes_without_webdav() {
    let web = MethodSet::of(&[Method::Options, Method::Get, Method::Head, Method::Post]);
    for (status, media, expected) in [
        (200, "application/xml", "as is"),
        (404, "text/xml", "as is"),
        (200, "application/davmount+xml", "rewrite"),
    ] {
        let mut sent = headers(&[("content-type", media)]);
        let plan = rewrite(&Arc::new(context_on(route(web), Method::Post)), status, &mut sent);
        assert_eq!(name(&plan), expected, "{status} {media}");
        let mut sent = headers(&[("content-type", media)]);
        let plan = rewrite(&Arc::new(context(Method::Post)), status, &mut sent);
        assert_eq!(name(&plan), "rewrite", "the twin: {status} {media}");
    }
}

// F-1, F-4: a back end that speaks WebDAV tells of hidden members also where its route does not speak it, and without a type
#[test]
fn failures_are_filtered_everywhere() {
    use super::super::{filtering::tests::by_name, visibility::Asked};
    let web = MethodSet::of(&[Method::Get, Method::Put, Method::Delete]);
    for (method, status, media, expected) in [
        (Method::Delete, 207, Some("text/xml"), "rewrite"),
        (Method::Delete, 424, Some("text/xml"), "rewrite"),
        (Method::Put, 423, Some("application/xml"), "rewrite"),
        (Method::Delete, 424, None, "empty"),
        (Method::Delete, 423, Some("text/plain"), "as is"),
        (Method::Delete, 204, None, "as is"),
        (Method::Get, 404, Some("text/xml"), "empty"),
        (Method::Get, 403, Some("text/xml"), "as is"),
        (Method::Get, 200, Some("text/xml"), "as is"),
    ] {
        for allowed in [web, PLAIN] {
            let mut context = context_on(route(allowed), method);
            context.filter = Some(by_name(Asked::new(method, context.public.clone())));
            let mut sent: HeaderMap = media
                .map(|media| (CONTENT_TYPE, HeaderValue::from_static(media)))
                .into_iter()
                .collect();
            let plan = rewrite(&Arc::new(context), status, &mut sent);
            let expected = match (allowed == PLAIN, method, status) {
                (true, Method::Get, 403) => "rewrite",
                _ => expected,
            };
            assert_eq!(name(&plan), expected, "{method:?} {status} {media:?}");
        }
    }
}
