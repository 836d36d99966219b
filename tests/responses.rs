//! Answers that are no multistatus: headers with URLs, redirects, downloads that must stay byte for byte, and error pages (spec 1.5,
//! P-15, ERR-3, R-13, C-12, C-14).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::answer;
use support::each;
use support::lab::shared;
use support::wire::{Answer, Req, req};

/// The back end answers `METHOD /dav/NAME` like this; what the client of `/files/NAME` gets.
fn through(name: &str, method: &str, status: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    shared()
        .backend
        .on(&format!("{method} /dav/{name}"), answer(status, headers, body));
    shared().ask(&request(name, method))
}

fn request(name: &str, method: &str) -> Req {
    let request = req(name, method, format!("/files/{name}")).with("Depth", "0");
    if method == "PUT" { request.body("x") } else { request }
}

// 1.5: headers with URLs.
#[test]
fn url_headers_are_mapped() {
    let back = shared().origin();
    each(
        [
            (
                "h-location",
                "PUT",
                "201 Created",
                "Location",
                "/dav/new".to_owned(),
                "/files/new",
            ),
            (
                "h-location-absolute",
                "PUT",
                "201 Created",
                "Location",
                format!("{back}/dav/new"),
                "http://dav.test/files/new",
            ),
            (
                "h-content-location",
                "GET",
                "200 OK",
                "Content-Location",
                "/dav/a%20b".into(),
                "/files/a%20b",
            ),
            (
                "h-content-location-absolute",
                "GET",
                "200 OK",
                "Content-Location",
                format!("{back}/dav/a"),
                "http://dav.test/files/a",
            ),
            (
                "h-redirect-ref",
                "GET",
                "200 OK",
                "Redirect-Ref",
                "/dav/t".into(),
                "/files/t",
            ),
            (
                "h-link",
                "GET",
                "200 OK",
                "Link",
                "</dav/a>; rel=\"next\"".into(),
                "</files/a>; rel=\"next\"",
            ),
            (
                "h-link-two",
                "GET",
                "200 OK",
                "Link",
                "</dav/a>; rel=a, </dav/b,c>; rel=b".into(),
                "</files/a>; rel=a, </files/b,c>; rel=b",
            ),
            (
                "h-link-foreign",
                "GET",
                "200 OK",
                "Link",
                "<http://other.test/dav/a>; rel=a".into(),
                "<http://other.test/dav/a>; rel=a",
            ),
            (
                "h-cookie",
                "GET",
                "200 OK",
                "Set-Cookie",
                "id=/dav/; Path=/dav/; HttpOnly".into(),
                "id=/dav/; Path=/files/; HttpOnly",
            ),
            (
                "h-cookie-below",
                "GET",
                "200 OK",
                "Set-Cookie",
                "id=1; path=/dav/sub".into(),
                "id=1; path=/files/sub",
            ),
            (
                "h-digest",
                "GET",
                "401 Unauthorized",
                "WWW-Authenticate",
                "Digest realm=\"/dav/\", domain=\"/dav/\", nonce=\"n\", Basic realm=\"/dav/\"".into(),
                "Basic realm=\"/dav/\"",
            ),
            (
                "h-lock-token",
                "PUT",
                "201 Created",
                "Lock-Token",
                format!("<{back}/dav/t>"),
                "",
            ),
            ("h-etag", "GET", "200 OK", "ETag", "\"/dav/a\"".into(), "\"/dav/a\""),
            ("h-other", "GET", "200 OK", "X-Note", "/dav/a".into(), "/dav/a"),
        ],
        |(name, method, status, header, sent, expected)| {
            let got = through(name, method, status, &[(header, &sent)], "");
            let expected = if expected.is_empty() { sent.as_str() } else { expected };
            assert_eq!(got.header(header), Some(expected), "{name}");
        },
    );
}

#[test]
fn headers_for_the_server_in_front_are_removed() {
    each(
        [
            "X-Accel-Redirect",
            "X-Sendfile",
            "X-Accel-Buffering",
            "SVN-Youngest-Rev",
        ],
        |header| {
            let got = through(
                &format!("x-{}", header.to_lowercase()),
                "GET",
                "200 OK",
                &[(header, "/etc/passwd"), ("X-Fine", "1")],
                "ok",
            );
            assert_eq!(
                (got.header(header), got.header("x-fine"), got.text().as_str()),
                (None, Some("1"), "ok"),
                "{header}"
            );
        },
    );
}

// P-15.
#[test]
fn redirects_are_mapped_or_refused() {
    let back = shared().origin();
    each(
        [
            (
                "r-slash",
                "301 Moved Permanently",
                "/dav/r-slash/".to_owned(),
                "/files/r-slash/",
            ),
            (
                "r-absolute",
                "302 Found",
                format!("{back}/dav/x"),
                "http://dav.test/files/x",
            ),
            ("r-308", "308 Permanent Redirect", "/dav/a?x=1".into(), "/files/a?x=1"),
        ],
        |(name, status, location, expected)| {
            for method in ["GET", "PROPFIND"] {
                let got = through(name, method, status, &[("Location", &location)], "");
                assert_eq!(got.status.to_string(), status[..3], "{name} {method}");
                assert_eq!(got.header("location"), Some(expected), "{name} {method}");
            }
        },
    );
    each(
        [
            ("r-outside", "/private/x".to_owned()),
            ("r-no-segment", "/davx".into()),
            ("r-outside-absolute", format!("{back}/private/")),
            ("r-dots", "/dav/../private".into()),
        ],
        |(name, location)| {
            let got = through(name, "GET", "302 Found", &[("Location", &location)], "");
            assert_eq!((got.status, got.header("location")), (502, None), "{name}");
        },
    );
}

// R-13, C-14: a file is a file, whatever is in it.
#[test]
fn downloads_stay_byte_for_byte() {
    let back = shared().origin();
    let xml = format!(
        "<?xml version=\"1.0\"?>\n<D:multistatus xmlns:D='DAV:'><D:response><D:href>{back}/dav/a</D:href></D:response></D:multistatus>\n"
    );
    let html = format!("<html><a href=\"/dav/a\">{back}/dav/a</a></html>");
    each(
        [
            ("f.xml", "application/xml", xml.as_str()),
            ("f2.xml", "text/xml; charset=utf-8", &xml),
            ("f.html", "text/html", &html),
            (
                "f.ics",
                "text/calendar",
                "BEGIN:VCALENDAR\r\nATTACH:/dav/a\r\nEND:VCALENDAR\r\n",
            ),
            ("f.txt", "text/plain", "/dav/ /files/"),
            ("broken.xml", "application/xml", "<a>/dav/<b>"),
        ],
        |(name, kind, body)| {
            let length = body.len().to_string();
            let headers = [
                ("Content-Type", kind),
                ("ETag", "\"e/dav/\""),
                ("Last-Modified", "Sun, 22 Nov 2026 04:00:00 GMT"),
                ("Accept-Ranges", "bytes"),
            ];
            let got = through(name, "GET", "200 OK", &headers, body);
            assert_eq!(got.text(), body, "{name}");
            assert!(got.whole, "{name}");
            for (header, value) in headers {
                assert_eq!(got.header(header), Some(value), "{name}");
            }
            assert_eq!(got.header("content-length"), Some(length.as_str()), "{name}");
            let mut with_length = headers.to_vec();
            with_length.push(("Content-Length", &length));
            let got = through(name, "HEAD", "200 OK", &with_length, "");
            assert_eq!(
                (got.header("content-length"), got.header("etag")),
                (Some(length.as_str()), Some("\"e/dav/\"")),
                "{name}"
            );
            let part = [
                ("Content-Type", kind),
                ("Content-Range", "bytes 0-4/99"),
                ("ETag", "\"e\""),
            ];
            shared().backend.on(
                &format!("GET /dav/part-{name}"),
                answer("206 Partial Content", &part, "/dav/"),
            );
            let (seen, got) = shared()
                .pass(&req(&format!("part-{name}"), "GET", format!("/files/part-{name}")).with("Range", "bytes=0-4"));
            assert_eq!(seen.header("range"), Some("bytes=0-4"), "{name}");
            assert_eq!(
                (got.status, got.header("content-range"), got.text().as_str()),
                (206, Some("bytes 0-4/99"), "/dav/"),
                "{name}"
            );
        },
    );
    // 304 keeps its validators.
    let got = through("f-304", "GET", "304 Not Modified", &[("ETag", "\"e\"")], "");
    assert_eq!((got.status, got.header("etag")), (304, Some("\"e\"")));
    // A coding on a download is the client's business.
    let got = through(
        "f-gz",
        "GET",
        "200 OK",
        &[("Content-Encoding", "x-own"), ("Content-Type", "text/plain")],
        "/dav/",
    );
    assert_eq!(
        (got.header("content-encoding"), got.text().as_str()),
        (Some("x-own"), "/dav/")
    );
}

// C-12.
#[test]
fn davmount_is_mapped() {
    let body = "<dm:mount xmlns:dm=\"http://purl.org/NET/webdav/mount\"><dm:url>http://BACK/dav/a/</dm:url><dm:open>b/dav/c</dm:open></dm:mount>";
    let body = body.replace("http://BACK", &shared().origin());
    let got = through(
        "mount",
        "GET",
        "200 OK",
        &[("Content-Type", "application/davmount+xml")],
        &body,
    );
    assert!(
        got.text().contains("url>http://dav.test/files/a/<") && got.text().contains("open>b/dav/c<"),
        "{}",
        got.text()
    );
}

// ERR-3: the back end's error pages name its software, host and port.
#[test]
fn html_error_pages_are_emptied() {
    let page = "<html><h1>Not Found</h1><address>Apache/2.4 at 127.0.0.1 Port 8081</address></html>";
    each(
        [
            ("e-404", "404 Not Found"),
            ("e-500", "500 Internal Server Error"),
            ("e-403", "403 Forbidden"),
        ],
        |(name, status)| {
            for method in ["GET", "PUT", "DELETE"] {
                let got = through(
                    name,
                    method,
                    status,
                    &[("Content-Type", "text/html; charset=iso-8859-1")],
                    page,
                );
                assert_eq!(got.status.to_string(), status[..3], "{name}");
                assert!(
                    got.whole && !got.text().contains("Apache") && !got.text().contains("127.0.0.1"),
                    "{name}: {}",
                    got.text()
                );
            }
        },
    );
    assert_eq!(
        through("e-page", "GET", "200 OK", &[("Content-Type", "text/html")], page).text(),
        page
    );
    let fields = [("Content-Type", "text/html"), ("ETag", "\"new\"")];
    let got = through("e-201", "PUT", "201 Created", &fields, page);
    assert_eq!((got.status, got.whole, got.text().as_str()), (201, true, ""));
    assert_eq!(got.header("etag"), Some("\"new\""), "it is that of the resource");
    let got = through(
        "e-text",
        "GET",
        "404 Not Found",
        &[("Content-Type", "text/plain")],
        "no such file",
    );
    assert_eq!(got.status, 404);
    shared().backend.on(
        "GET /all-in/e",
        answer("404 Not Found", &[("Content-Type", "text/html")], page),
    );
    assert_eq!(shared().ask(&req("ERR-3 option", "GET", "/all/e")).text(), page);
    // The gateway's own refusals name nothing of the request either.
    let got = shared().ask(&req("ERR-3 echo", "GET", "/files/%2e%2e/sEcReT"));
    assert!(
        !got.text().contains("sEcReT") && !got.text().contains("dav.test"),
        "{}",
        got.text()
    );
}

// What the back end says about itself and its connection stays behind.
#[test]
fn hop_by_hop_headers_stop_here() {
    let headers = [
        ("Connection", "X-Hop, close"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("X-Fine", "1"),
        ("Content-Type", "text/plain"),
    ];
    let got = through("hop", "GET", "200 OK", &headers, "ok");
    assert_eq!((got.header("x-fine"), got.text().as_str()), (Some("1"), "ok"));
    assert!(got.header("keep-alive").is_none(), "{:?}", got.headers);
}
