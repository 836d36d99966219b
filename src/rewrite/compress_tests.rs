use std::io::Read;

use http::HeaderName;

use super::*;

fn fields(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field =
        |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    fields.iter().map(field).collect()
}

fn accepts(value: &str) -> HeaderMap {
    fields(&[("accept-encoding", value)])
}

// RM-17, RFC 9110 section 12.5.3
#[test]
fn what_clients_take() {
    for (value, expected) in [
        ("gzip", true),
        ("GZIP", true),
        ("x-gzip", true),
        ("deflate, gzip;q=0.5", true),
        ("*", true),
        ("br;q=1.0, *;q=0.001", true),
        ("gzip;q=1.000", true),
        ("gzip ; q=0.8 , identity;q=0.5", true),
        ("gzip;q=0.5, identity;q=0.5", true),
        ("identity;q=0, *;q=0.5", true),
        ("", false),
        ("identity", false),
        ("br, deflate", false),
        ("gzip;q=0", false),
        ("gzip;q=0.000", false),
        ("gzip;q=0, *", false),
        ("gzip, gzip;q=0", false),
        ("*;q=0", false),
        ("gzip;q=0.5, identity", false),
        ("gzip;q=0.2, identity;q=0.3", false),
        ("gzip;q=2", false),
        ("gzip;q=1.5", false),
        ("gzip;q=-1", false),
        ("gzip;q=0.0001", false),
        ("gzip;q=", false),
        ("gzip;level=9", false),
        ("notgzip", false),
    ] {
        assert_eq!(takes_gzip(&accepts(value)), expected, "{value}");
    }
    assert!(!takes_gzip(&HeaderMap::new()));
}

const GZIP: Compress = Compress { xml: false };

fn asked(method: Method, client: &[(&'static str, &str)]) -> Asked {
    Asked::new(GZIP, method, &fields(client), true)
}

/// `gzip`, `vary` or `as it is`, and the entity tag.
fn told(asked: &Asked, status: u16, answer: &[(&'static str, &str)]) -> String {
    let before = fields(answer);
    let mut headers = before.clone();
    let coded = asked.prepare(status, &mut headers);
    let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or("-");
    assert_eq!(coded, headers.get(CONTENT_ENCODING) != before.get(CONTENT_ENCODING));
    let what = match coded {
        true => "gzip",
        false if headers.get(VARY) != before.get(VARY) => "vary",
        false => "as it is",
    };
    if coded {
        for name in ["content-length", "accept-ranges", "content-md5", "repr-digest"] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert_eq!(headers.get_all(VARY).iter().next_back().unwrap(), "Accept-Encoding");
    }
    format!("{what} {etag}")
}

const TEXT: (&str, &str) = ("content-type", "text/plain; charset=utf-8");
const LONG: (&str, &str) = ("content-length", "5000");
const TAG: (&str, &str) = ("etag", "\"x\"");
const TAKES: (&str, &str) = ("accept-encoding", "gzip");

// RM-17
#[test]
fn which_answers() {
    use Method::{Get, Head, Post, Propfind, Put};
    let yes = [TAKES];
    let more: [(&str, &str); 3] = [("accept-ranges", "bytes"), ("content-md5", "x"), ("repr-digest", "x")];
    let whole = [&[TEXT, LONG, TAG][..], &more].concat();
    for (method, status, expected) in [
        (Get, 200, "gzip W/\"x\""),
        (Head, 200, "gzip W/\"x\""),
        (Get, 206, "vary \"x\""),
        (Get, 404, "as it is \"x\""),
        (Get, 207, "as it is \"x\""),
        (Propfind, 207, "as it is \"x\""),
        (Post, 200, "as it is \"x\""),
        (Put, 200, "as it is \"x\""),
    ] {
        assert_eq!(
            told(&asked(method, &yes), status, &whole),
            expected,
            "{} {status}",
            method.as_str()
        );
    }
    let get = asked(Get, &yes);
    for (answer, expected) in [
        (vec![TEXT, ("content-length", "1023"), TAG], "as it is \"x\""),
        (vec![TEXT, ("content-length", "1024"), TAG], "gzip W/\"x\""),
        (vec![TEXT, TAG], "gzip W/\"x\""),
        (vec![TEXT, LONG], "gzip -"),
        (vec![TEXT, LONG, ("etag", "W/\"x\"")], "gzip W/\"x\""),
        // Some back ends forget the quotes.
        (vec![TEXT, LONG, ("etag", "x")], "gzip x"),
        (vec![LONG, TAG], "as it is \"x\""),
        (vec![("content-type", "image/png"), LONG, TAG], "as it is \"x\""),
        (vec![("content-type", "image/svg+xml"), LONG, TAG], "gzip W/\"x\""),
        (vec![("content-type", "Application/JSON"), LONG, TAG], "gzip W/\"x\""),
        (vec![TEXT, LONG, TAG, ("content-encoding", "br")], "as it is \"x\""),
        (
            vec![TEXT, LONG, TAG, ("cache-control", "private, No-Transform")],
            "as it is \"x\"",
        ),
        (vec![TEXT, LONG, TAG, ("cache-control", "private")], "gzip W/\"x\""),
    ] {
        assert_eq!(told(&get, 200, &answer), expected, "{answer:?}");
    }
    // What depends on it says so to everybody.
    assert_eq!(told(&asked(Get, &[]), 200, &whole), "vary \"x\"");
    assert_eq!(
        told(&asked(Get, &[TAKES, ("range", "bytes=0-5")]), 200, &whole),
        "vary \"x\""
    );
    assert_eq!(
        told(&Asked::new(GZIP, Get, &fields(&yes), false), 200, &whole),
        "vary \"x\""
    );
    for there in ["*", "Accept, accept-encoding"] {
        let mut headers = fields(&[TEXT, LONG, ("vary", there)]);
        assert!(get.prepare(200, &mut headers));
        assert_eq!(headers.get_all(VARY).iter().count(), 1, "{there}");
    }
}

// RM-17: listings and reports only where the route says so
#[test]
fn answers_in_xml() {
    let xml = Compress { xml: true };
    let answer = [("content-type", "application/xml; charset=\"utf-8\""), LONG];
    for (method, expected) in [
        (Method::Propfind, "gzip -"),
        (Method::Report, "gzip -"),
        (Method::Search, "gzip -"),
        (Method::Delete, "as it is -"),
    ] {
        let asked = Asked::new(xml, method, &fields(&[TAKES]), true);
        assert_eq!(told(&asked, 207, &answer), expected, "{}", method.as_str());
    }
}

// RM-17, RFC 9110 section 15.4.5: a 304 has the tag and the Vary of the 200 that the client has
#[test]
fn not_modified() {
    for (client, expected) in [
        (&[TAKES, ("if-none-match", "W/\"x\"")][..], "vary W/\"x\""),
        (&[("if-none-match", "\"y\", W/\"x\"")], "vary W/\"x\""),
        (&[TAKES, ("if-none-match", "\"x\"")], "vary \"x\""),
        (&[TAKES, ("if-none-match", "\"x\", W/\"x\"")], "vary \"x\""),
        (&[TAKES], "vary W/\"x\""),
        (&[], "vary \"x\""),
    ] {
        assert_eq!(told(&asked(Method::Get, client), 304, &[TAG]), expected, "{client:?}");
    }
}

// RM-17, RFC 9110 sections 13.1.1 and 13.1.2
#[test]
fn conditions() {
    for (name, sent, expected) in [
        ("if-none-match", "W/\"x\"", "W/\"x\", \"x\""),
        ("if-none-match", "\"a, b\" , W/\"x\",\"x\"", "\"a, b\", W/\"x\", \"x\""),
        ("if-none-match", "\"x\"", "\"x\""),
        ("if-none-match", "*", "*"),
        ("if-match", "W/\"x\"", "\"x\""),
        ("if-match", "\"y\", W/\"x\"", "\"y\", \"x\""),
        ("if-match", "\"x\"", "\"x\""),
        ("if-match", "*", "*"),
        ("if-match", "bare", "bare"),
        ("if-range", "W/\"x\"", "W/\"x\""),
    ] {
        let mut headers = fields(&[(name, sent)]);
        restore_tags(&mut headers);
        assert_eq!(headers.get(name).unwrap(), expected, "{name}: {sent}");
    }
}

// RM-17: each piece can be read as soon as it is there, and all is what it was
#[test]
fn pieces() {
    let mut gzip = Gzip::default();
    let mut reader = flate2::write::GzDecoder::new(Vec::new());
    let mut coded = Vec::new();
    let pieces = ["one ".repeat(10), "two ".repeat(50_000), String::new(), "3".to_owned()];
    let mut sent = String::new();
    for piece in &pieces {
        let out = gzip.push(piece.as_bytes()).unwrap();
        assert!(out.len() < piece.len() / 10 + 100, "{}", out.len());
        reader.write_all(&out).unwrap();
        reader.flush().unwrap();
        sent.push_str(piece);
        assert!(reader.get_ref() == sent.as_bytes());
        coded.extend(out);
    }
    coded.extend(gzip.finish().unwrap());
    let mut whole = String::new();
    flate2::read::GzDecoder::new(&coded[..])
        .read_to_string(&mut whole)
        .unwrap();
    assert!(whole == sent);
}
