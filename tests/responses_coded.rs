//! XML answers in odd coats: compressed, in UTF-16, broken, very long, and cut at every byte (spec R-13, F-13).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::io::Write;

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::shared;
use support::samples::PROPFIND;
use support::wire::{Answer, req};

/// Sends a PROPFIND for `/files/NAME`, which the back end answers with these steps.
fn propfind(name: &str, steps: Vec<Step>) -> Answer {
    shared().backend.on(&format!("PROPFIND /dav/{name}"), steps);
    shared().ask(
        &req(name, "PROPFIND", format!("/files/{name}"))
            .with("Depth", "1")
            .xml(PROPFIND),
    )
}

/// What a client reads when the back end sends this multistatus.
fn through(name: &str, body: &str) -> String {
    let answer = propfind(name, multistatus(body));
    assert_eq!(answer.status, 207, "{name}: {}", answer.text());
    assert!(answer.whole, "{name}: the answer is complete");
    answer.text()
}

/// One response with this href and these properties.
fn response(href: &str, properties: &str) -> String {
    format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    )
}

/// The bytes under a content coding.
fn coded(coding: &str, text: &str) -> Vec<u8> {
    let level = flate2::Compression::default();
    if coding == "gzip" {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    } else {
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), level);
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    }
}

// codings and encodings.
#[test]
fn coded_answers_are_decoded() {
    each(["gzip", "deflate"], |coding| {
        let body = coded(coding, &response("/dav/coded", ""));
        let headers = [("Content-Type", "application/xml"), ("Content-Encoding", coding)];
        let got = propfind(&format!("coded-{coding}"), answer("207 Multi-Status", &headers, body));
        assert_eq!((got.status, got.header("content-encoding")), (207, None), "{coding}");
        assert!(
            got.whole && got.text().contains("href>/files/coded<"),
            "{coding}: {}",
            got.text()
        );
    });
    each(["compress", "x-secret", "gzip, x-secret"], |coding| {
        let headers = [("Content-Type", "application/xml"), ("Content-Encoding", coding)];
        let name = format!("coded-{}", coding.replace(", ", "-"));
        let got = propfind(&name, answer("207 Multi-Status", &headers, response("/dav/coded", "")));
        assert_eq!(got.status, 502, "{coding}");
    });
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(response("/dav/\u{e9}16", "").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let got = propfind("utf16", multistatus(utf16));
    assert!(
        got.status == 207 && got.text().contains("href>/files/%C3%A916<"),
        "{}: {}",
        got.status,
        got.text()
    );
    let latin: Vec<u8> = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}",
        response("/dav/l", "<x:a xmlns:x=\"urn:x\">\u{e9}</x:a>")
    )
    .chars()
    .map(|c| c as u8)
    .collect();
    // The declaration counts only where no charset says otherwise (RFC 7303 section 3.2).
    let plain = answer("207 Multi-Status", &[("Content-Type", "application/xml")], &latin);
    let got = propfind("latin", plain);
    assert!(
        got.text().contains(">\u{e9}<") && got.text().contains("href>/files/l<"),
        "{}",
        got.text()
    );
    let got = propfind("latin-called-utf8", multistatus(latin));
    assert!(got.status == 502 || !got.whole, "{} {}", got.status, got.text());
}

// A wrong answer never looks like a whole one.
#[test]
fn malformed_answers_never_look_whole() {
    let good = response("/dav/m", "");
    each(
        [
            ("m-cut", good[..good.len() - 20].to_owned()),
            ("m-no-xml", "hello /dav/".to_owned()),
            ("m-crossed", good.replace("</D:prop>", "</D:propstat>")),
            ("m-undeclared", good.replace("xmlns:D=\"DAV:\"", "")),
            ("m-after", format!("{good}<a/>")),
            (
                "m-doctype",
                format!("<!DOCTYPE D [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{good}"),
            ),
            ("m-entity", good.replace("/dav/m", "/dav/&x;")),
            ("m-empty", String::new()),
        ],
        |(name, body)| {
            let got = propfind(name, multistatus(body));
            assert!(got.status == 502 || !got.whole, "{name}: {} {}", got.status, got.text());
            assert!(!got.text().contains("/dav/"), "{name}: {}", got.text());
        },
    );
}

// F-13, R-13: many responses, cut at every place by the network.
#[test]
fn long_answers_stream_and_cuts_change_nothing() {
    let one = |n: usize| {
        format!("<D:response><D:href>/dav/big/{n}</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>")
    };
    let body = format!(
        "<D:multistatus xmlns:D=\"DAV:\">{}</D:multistatus>",
        (0..5_000).map(one).collect::<String>()
    );
    let got = through("big", &body);
    assert_eq!(got.matches("href>/files/big/").count(), 5_000);
    assert!(!got.contains("/dav/"));
    let short = response("/dav/cut", "<x:a xmlns:x=\"urn:x\">/dav/é</x:a>");
    let mut steps = vec![Step::Send(
        b"HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
    )];
    each(short.bytes(), |byte| {
        steps.push(Step::Send([b"1\r\n".as_slice(), &[byte], b"\r\n"].concat()));
    });
    steps.push(Step::Send(b"0\r\n\r\n".to_vec()));
    let got = propfind("cut", steps);
    assert!(
        got.whole && got.text().contains("href>/files/cut<") && got.text().contains(">/dav/é<"),
        "{}",
        got.text()
    );
}
