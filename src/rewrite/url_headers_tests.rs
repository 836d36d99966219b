//! The headers of answers: what is mapped, what is left out, what is refused.

use super::super::urls::tests::{PLAIN, context, context_on, route};
use super::*;
use crate::policy::Method;

fn one(name: &str, value: &str) -> (HeaderName, HeaderMap) {
    let name: HeaderName = name.parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.append(&name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    (name, headers)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

// A-32, C-2: what is told by the way is not told of what is hidden; a redirect and the place of what was made are told.
#[test]
fn hidden_or_told() {
    use super::super::{
        filtering::tests::{by_name, public_path},
        visibility::Asked,
    };
    let rows = [
        (200, "content-location", "/dav/hid.en", None),
        (200, "content-location", "http://back:8081/dav/c/hid.en", None),
        (200, "content-location", "hid.en", None),
        (200, "content-location", "/dav/d.en", Some("/files/d.en")),
        (200, "content-location", "/dav/c/d", Some("/files/c/d")),
        (201, "content-location", "/dav/hid/target", Some("/files/hid/target")),
        (
            200,
            "link",
            "</dav/hid>; rel=a, </dav/b>; rel=b",
            Some("</files/b>; rel=b"),
        ),
        (
            200,
            "link",
            "<http://other/hid>; rel=a",
            Some("<http://other/hid>; rel=a"),
        ),
        (201, "location", "/dav/hid", Some("/files/hid")),
        (302, "location", "/dav/hid", Some("/files/hid")),
    ];
    for (status, name, value, expected) in rows {
        let (name, mut headers) = one(name, value);
        let mut context = context(Method::Copy);
        let asked = Asked::new(Method::Copy, context.public.clone());
        context.filter = Some(by_name(asked.with_destination(public_path("/files/hid/target"))));
        map_headers(&context, status, &mut headers).unwrap();
        assert_eq!(text(&headers, &name).as_deref(), expected, "{status} {name}: {value}");
    }
}

// 1.5: status, header, value, what clients get.
#[test]
fn mapped_or_left_out() {
    let rows = [
        (201, "location", "/dav/new", Some("/files/new")),
        (
            201,
            "location",
            "http://back:8081/dav/new?x#y",
            Some("https://pub.test/files/new?x#y"),
        ),
        (201, "location", "new/e", Some("/files/c/new/e")),
        (201, "location", "/private", None),
        (201, "location", "http://other/dav/x", Some("http://other/dav/x")),
        (201, "location", "/dav/a%2Fb", None),
        (200, "content-location", "/dav/a%20b", Some("/files/a%20b")),
        (
            200,
            "content-location",
            "http://back:8081/dav/a",
            Some("https://pub.test/files/a"),
        ),
        (200, "content-location", "d.en", Some("/files/c/d.en")),
        (200, "content-location", "/private", None),
        (302, "redirect-ref", "/dav/t", Some("/files/t")),
        (302, "redirect-ref", "../t", Some("../t")),
        (302, "redirect-ref", "", Some("")),
        (302, "redirect-ref", "/private", None),
        (200, "link", "</dav/a>; rel=a", Some("</files/a>; rel=a")),
        (200, "link", "</private>; rel=a", None),
        (200, "refresh", "5", Some("5")),
        (200, "refresh", "0;URL='/dav/a'", Some("0; url=/files/a")),
        (
            200,
            "refresh",
            "5, url=http://back:8081/dav/a?b=c",
            Some("5; url=https://pub.test/files/a?b=c"),
        ),
        (200, "refresh", "5; /dav/a?b=c", Some("5; url=/files/a?b=c")),
        (200, "refresh", "0; url=http://other/", Some("0; url=http://other/")),
        (200, "refresh", "0; url=/private", None),
        (200, "set-cookie", "a=b; Path=/dav/", Some("a=b; Path=/files/")),
        (200, "set-cookie", "a=b; Path=/private", None),
        (
            401,
            "www-authenticate",
            "Digest domain=\"/dav/\", Basic realm=\"/dav/\"",
            Some("Basic realm=\"/dav/\""),
        ),
        // never
        (
            200,
            "lock-token",
            "<http://back:8081/dav/t>",
            Some("<http://back:8081/dav/t>"),
        ),
        (
            200,
            "dav",
            "1, <http://back:8081/dav/>",
            Some("1, <http://back:8081/dav/>"),
        ),
        (200, "dasl", "</dav/x>", Some("</dav/x>")),
        (200, "etag", "\"/dav/a\"", Some("\"/dav/a\"")),
        (200, "x-note", "/dav/a", Some("/dav/a")),
    ];
    for (status, header, value, expected) in rows {
        let (name, mut headers) = one(header, value);
        assert_eq!(
            map_headers(&context(Method::Get), status, &mut headers),
            Ok(()),
            "{header} {value}"
        );
        assert_eq!(text(&headers, &name).as_deref(), expected, "{header} {value}");
    }
}

// P-15
#[test]
fn redirects() {
    let rows = [
        (301, "/dav/c/d/", Some("/files/c/d/")),
        (302, "http://back:8081/dav/x", Some("https://pub.test/files/x")),
        (307, "http://dav.internal/dav/x", Some("https://pub.test/files/x")),
        (308, "/dav/a?x=1", Some("/files/a?x=1")),
        (
            303,
            "https://login.test/?back=/dav/",
            Some("https://login.test/?back=/dav/"),
        ),
        (302, "/dav/\u{e9}", Some("/files/%C3%A9")),
        (302, "/private/x", None),
        (302, "/davx", None),
        (302, "http://back:8081/private/", None),
        (302, "/dav/../private", None),
        (302, "../../../x", None),
        (302, "/dav/inner/x", None),
        (300, "/private", None),
    ];
    for (status, value, expected) in rows {
        for method in [Method::Get, Method::Propfind] {
            let (name, mut headers) = one("location", value);
            let mapped = map_headers(&context(method), status, &mut headers);
            match expected {
                Some(_) => assert_eq!(mapped, Ok(()), "{value}"),
                None => assert_eq!(mapped, Err(BadAnswer::RedirectOutside), "{value}"),
            }
            assert_eq!(text(&headers, &name).as_deref(), expected, "{value}");
        }
    }
    let (_, mut second) = one("location", "/dav/a");
    second.append(LOCATION, "/private".parse().unwrap());
    assert_eq!(
        map_headers(&context(Method::Get), 302, &mut second),
        Err(BadAnswer::RedirectOutside)
    );
    let mut binary = HeaderMap::new();
    binary.append(LOCATION, HeaderValue::from_bytes(b"/dav/\xff").unwrap());
    assert_eq!(
        map_headers(&context(Method::Get), 302, &mut binary),
        Err(BadAnswer::RedirectOutside)
    );
    assert_eq!(map_headers(&context(Method::Get), 302, &mut HeaderMap::new()), Ok(()));
}

//
#[test]
fn external_urls() {
    let mut route = route(PLAIN);
    route.backend.external_urls = true;
    let context = context_on(route, Method::Get);
    for (value, expected) in [
        ("/files/a", Some("/files/a")),
        ("https://pub.test/files/a", Some("https://pub.test/files/a")),
        ("http://back:8081/files/a", Some("https://pub.test/files/a")),
        ("a", Some("/files/c/a")),
        ("/dav/a", None),
    ] {
        let (name, mut headers) = one("location", value);
        assert_eq!(
            map_headers(&context, 302, &mut headers).is_ok(),
            expected.is_some(),
            "{value}"
        );
        assert_eq!(text(&headers, &name).as_deref(), expected, "{value}");
    }
}

// 1.5, RFC 9110 section 7.6.1
#[test]
fn internal_headers_end_here() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "X-Hop, close, Content-Length, not a name"),
        ("x-hop", "1"),
        ("content-length", "2"),
        ("keep-alive", "timeout=5"),
        ("x-accel-redirect", "/etc/passwd"),
        ("x-accel-buffering", "no"),
        ("x-sendfile", "/etc/passwd"),
        ("svn-youngest-rev", "1"),
        ("alt-svc", "h3=\":443\""),
        ("x-fine", "1"),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
    ] {
        headers.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    remove_internal(&mut headers);
    let mut left: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["content-length", "set-cookie", "set-cookie", "x-fine"]);
}
