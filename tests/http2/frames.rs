//! Frames that no client sends: malformed requests end their stream, broken connections end, and the back end sees nothing of either
//! (B-2, B-5, B-6, B-19; RFC 9113 sections 8.1.1, 8.2, 8.3 and 10.3).

use crate::{
    client::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PROTOCOL_ERROR, Raw, SETTINGS, fields, frame},
    lab,
    support::each,
};

type Field<'a> = (&'a [u8], &'a [u8]);

const GET: [Field<'_>; 4] = [
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":authority", b"dav.test"),
    (b":path", b"/files/a"),
];

fn with<'a>(fields: &[Field<'a>]) -> Vec<Field<'a>> {
    [&GET[..], fields].concat()
}

fn instead<'a>(name: &[u8], value: &'a [u8]) -> Vec<Field<'a>> {
    GET.map(|field| if field.0 == name { (field.0, value) } else { field })
        .to_vec()
}

fn without(name: &[u8]) -> Vec<Field<'static>> {
    GET.into_iter().filter(|field| field.0 != name).collect()
}

// B-19, and what would be another request, or another reading of it, in HTTP/1.1
#[test]
fn malformed_requests_end_their_stream() {
    let lab = lab("", "");
    let rows: Vec<(&str, Vec<Field>)> = vec![
        ("no method", without(b":method")),
        ("no path", without(b":path")),
        ("no scheme", without(b":scheme")),
        ("no authority", without(b":authority")),
        ("an empty path", instead(b":path", b"")),
        ("two methods", with(&[(b":method", b"PUT")])),
        ("two paths", with(&[(b":path", b"/files/b")])),
        ("two authorities", with(&[(b":authority", b"other.test")])),
        ("a pseudo-header of answers", with(&[(b":status", b"200")])),
        ("an unknown pseudo-header", with(&[(b":evil", b"1")])),
        (
            "a pseudo-header after a field",
            [&[(&b"x-a"[..], &b"1"[..])], &GET[..]].concat(),
        ),
        ("a protocol", with(&[(b":protocol", b"websocket")])),
        ("capitals", with(&[(b"X-A", b"1")])),
        ("a name with a colon", with(&[(b"x:y", b"1")])),
        ("a name with a blank", with(&[(b"x y", b"1")])),
        ("a name with a line end", with(&[(b"x\r\ny", b"1")])),
        ("an empty name", with(&[(b"", b"1")])),
        (
            "a line end in a value",
            with(&[(b"x-a", b"1\r\nDestination: http://evil/")]),
        ),
        ("a LF in a value", with(&[(b"x-a", b"1\nx-b: 2")])),
        ("a CR in a value", with(&[(b"x-a", b"1\rx-b: 2")])),
        ("a NUL in a value", with(&[(b"x-a", b"1\x002")])),
        (
            "a line end in the method",
            instead(b":method", b"GET /files/b HTTP/1.1\r\nX: y\r\n\r\nGET"),
        ),
        ("a blank in the method", instead(b":method", b"GET /files/b")),
        (
            "a line end in the path",
            instead(b":path", b"/files/a HTTP/1.1\r\nHost: dav.test\r\n\r\nDELETE /files/b"),
        ),
        ("a blank in the path", instead(b":path", b"/files/a b")),
        ("a tab in the path", instead(b":path", b"/files/a\tb")),
        ("a NUL in the path", instead(b":path", b"/files/a\x00")),
        ("a path that is none", instead(b":path", b"files/a")),
        ("an absolute URL", instead(b":path", b"http://dav.test/files/a")),
        ("an asterisk", instead(b":path", b"*")),
        (
            "a line end in the authority",
            instead(b":authority", b"dav.test\r\nX: y"),
        ),
        ("an authority with a user", instead(b":authority", b"me@dav.test")),
        ("an authority with a path", instead(b":authority", b"dav.test/x")),
        ("another Host", with(&[(b"host", b"other.test")])),
        ("two Hosts", with(&[(b"host", b"dav.test"), (b"host", b"dav.test")])),
        ("Transfer-Encoding", with(&[(b"transfer-encoding", b"chunked")])),
        ("Connection", with(&[(b"connection", b"close")])),
        ("Keep-Alive", with(&[(b"keep-alive", b"1")])),
        ("Proxy-Connection", with(&[(b"proxy-connection", b"close")])),
        ("Upgrade", with(&[(b"upgrade", b"h2c")])),
        ("TE", with(&[(b"te", b"gzip")])),
        (
            "two lengths",
            with(&[(b"content-length", b"0"), (b"content-length", b"1")]),
        ),
        (
            "the same length twice",
            with(&[(b"content-length", b"0"), (b"content-length", b"0")]),
        ),
        ("a length that is none", with(&[(b"content-length", b"+0")])),
        ("a length that is a list", with(&[(b"content-length", b"0, 0")])),
        ("a length of nothing", with(&[(b"content-length", b"5")])),
    ];
    each(rows, |(name, all)| {
        let before = lab.backend.requests().len();
        let mut raw = Raw::open(lab.gateway.address);
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(&all)));
        // The stream ends, or is answered; what counts is that the back end never heard of it.
        let end = raw.end_of(1);
        assert_eq!(lab.backend.requests().len(), before, "{name}: {end:?}");
        // Where the fields could be read, the other streams go on; where they could not, the connection ends.
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &fields(&GET)));
        let served = usize::from(raw.end_of(3) == Some(Ok(())));
        assert!(served == 1 || end != Some(Ok(())), "{name}: the next stream");
        assert_eq!(lab.backend.requests().len(), before + served, "{name}");
        assert!(
            served == 0 || lab.backend.requests().pop().unwrap().target == "/dav/a",
            "{name}"
        );
    });
}

// RFC 9113 section 8.1.1: what comes is as long as was said, or nothing of it counts.
#[test]
fn bodies_are_as_long_as_they_say() {
    let lab = lab("", "");
    let put = |length: &'static [u8]| {
        let all: Vec<Field> = [&instead(b":method", b"PUT")[..], &[(&b"content-length"[..], length)]].concat();
        frame(HEADERS, END_HEADERS, 1, &fields(&all))
    };
    for (name, length, data, end) in [
        ("too short", &b"5"[..], &b"abc"[..], END_STREAM),
        ("too long", b"2", b"abc", END_STREAM),
        ("more than none", b"0", b"abc", END_STREAM),
    ] {
        let mut raw = Raw::open(lab.gateway.address);
        raw.send(&put(length));
        raw.send(&frame(DATA, end, 1, data));
        let found = raw.end_of(1);
        assert_eq!(found, Some(Err(PROTOCOL_ERROR)), "{name}");
        let whole = lab
            .backend
            .requests()
            .into_iter()
            .filter(|seen| seen.whole && !seen.body.is_empty());
        assert_eq!(whole.count(), 0, "{name}");
    }
    let mut raw = Raw::open(lab.gateway.address);
    raw.send(&put(b"3"));
    raw.send(&frame(DATA, END_STREAM, 1, b"abc"));
    assert_eq!(raw.end_of(1), Some(Ok(())));
    assert!(
        lab.backend
            .requests()
            .iter()
            .any(|seen| seen.whole && seen.body == b"abc")
    );
}

// Frames out of order end the connection.
#[test]
fn broken_connections_end() {
    let lab = lab("", "");
    let head = fields(&GET);
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("data for no stream", frame(DATA, END_STREAM, 1, b"x")),
        (
            "headers on stream 0",
            frame(HEADERS, END_HEADERS | END_STREAM, 0, &head),
        ),
        ("an even stream", frame(HEADERS, END_HEADERS | END_STREAM, 2, &head)),
        ("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, &head)),
        ("settings on a stream", frame(SETTINGS, 0, 1, &[])),
        ("settings of no length", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a frame that is too long", frame(DATA, 0, 1, &[0; 16_385])),
        (
            "fields that are none",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 20]),
        ),
        (
            "something between",
            [frame(HEADERS, 0, 1, &head), frame(SETTINGS, 0, 0, &[])].concat(),
        ),
    ];
    each(rows, |(name, bytes)| {
        let mut raw = Raw::open(lab.gateway.address);
        raw.send(&bytes);
        assert!(raw.goes_away().is_none_or(|code| code != 0), "{name}");
    });
    assert!(lab.backend.requests().is_empty());
    // The twin: fields in two frames.
    let (first, second) = head.split_at(20);
    let mut raw = Raw::open(lab.gateway.address);
    raw.send(
        &[
            frame(HEADERS, END_STREAM, 1, first),
            frame(CONTINUATION, END_HEADERS, 1, second),
        ]
        .concat(),
    );
    assert_eq!(raw.end_of(1), Some(Ok(())));
    assert_eq!(lab.backend.requests().len(), 1);
}
