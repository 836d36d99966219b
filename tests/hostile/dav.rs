//! WebDAV headers as raw bytes (spec 5.2): what no request builder would write, and rows that nothing else pins (B-39, B-41, B-46).

use super::in_1_0;
use super::support::backend::answer;
use super::support::each;
use super::support::lab::shared;
use super::support::samples::LOCKINFO;
use super::support::table::{rows, text};
use super::support::wire::{raw, req};

/// Status, condition, case, method, header lines.
const REFUSED: &str = r#"
400 | depth                 | B-20 a digit of another script  | PROPFIND | Depth: \xd9\xa1
400 | depth                 | B-20 8-bit                      | PROPFIND | Depth: 0\xa0
400 | depth                 | B-20 in quotes                  | PROPFIND | Depth: "0"
400 | depth                 | B-20 a parameter                | PROPFIND | Depth: 0;q=1
400 | depth                 | B-20 a sign                     | PROPFIND | Depth: +1
400 | header-repeated       | B-10 in other letters           | PROPFIND | Depth: 0\r\ndEPTH: 0
400 | header-repeated       | B-10 far apart                  | COPY     | Destination: /files/a\r\nX-A: 1\r\nDestination: /files/a
400 | header-repeated       | B-10 the second one empty       | PUT      | If: (<urn:a>)\r\nIf:
400 | overwrite             | B-25 8-bit                      | COPY     | Destination: /files/a\r\nOverwrite: \xc6\xac
400 | overwrite             | B-25 a list                     | MOVE     | Destination: /files/a\r\nOverwrite: F,F
400 | destination-missing   | B-30 by another name            | COPY     | Destination_: /files/a
400 | path-forbidden-character | B-31 tab inside                 | COPY     | Destination: http://dav.test/files/a\tb
400 | path-forbidden-character | B-31 a whole request line       | COPY     | Destination: http://dav.test/files/a HTTP/1.1
400 | destination-malformed | B-31 backslashes for slashes    | COPY     | Destination: http:\\\\dav.test\\files\\a
400 | destination-malformed | B-31 a backslash hides the host | COPY     | Destination: http://dav.test\\@evil.test/files/a
400 | destination-malformed | B-31 two ports                  | COPY     | Destination: http://dav.test:80:80/files/a
400 | destination-malformed | B-31 three slashes              | COPY     | Destination: http:///dav.test/files/a
400 | destination-malformed | B-31 an encoded host            | COPY     | Destination: http://dav%2Etest/files/a
400 | destination-malformed | B-31 NUL in the host            | COPY     | Destination: http://dav.test%00.evil.test/files/a
400 | destination-malformed | B-31 script                     | MOVE     | Destination: javascript:alert(1)
400 | path-control-character| B-31 line end inside            | MOVE     | Destination: http://dav.test/files/a%0d%0aX-Evil:%20yes
502 | destination-elsewhere | B-32 another port's twin        | COPY     | Destination: http://dav.test.evil.test:80/files/a
502 | destination-elsewhere | B-32 IPv6                       | COPY     | Destination: http://[::1]/files/a
502 | destination-elsewhere | B-32 the metadata service       | COPY     | Destination: http://169.254.169.254/files/a
502 | destination-elsewhere | B-33 beside the prefix          | MOVE     | Destination: /files-not/a
400 | if-header             | B-40 NUL encoded in a tag       | PUT      | If: <http://dav.test/files/a%00> (<urn:a>)
400 | if-header             | B-40 brackets crossed           | PUT      | If: (<urn:a)>
400 | if-header             | B-40 8-bit token                | PUT      | If: (<urn:\xe9>)
400 | if-header             | B-40 vertical bar               | PUT      | If: (<urn:a>) \x7c (<urn:b>)
400 | if-header             | B-40 tag of a stranger          | PUT      | If: <http://dav.test.evil.test/files/a> (<urn:a>)
400 | lock-token-header     | B-42 8-bit                      | UNLOCK   | Lock-Token: <urn:\xe9>
400 | lock-token-header     | B-42 two in one                 | UNLOCK   | Lock-Token: <urn:a>, <urn:b>
400 | content-range-on-put  | B-43 unsatisfied                | PUT      | Content-Range: bytes */9
400 | content-range-on-put  | B-43 another unit               | PUT      | Content-Range: x 0-0/1
400 | content-range-on-put  | B-43 empty                      | PUT      | Content-Range:
400 | entity-tag            | B-46 quote inside               | PUT      | If-Match: "a"b"
400 | entity-tag            | B-46 blank inside               | PUT      | If-None-Match: "a b"
417 | expectation           | B-16 a near miss                | PUT      | Expect: 100-continued
417 | expectation           | B-16 with a parameter           | PUT      | Expect: 100-continue;x=1
400 | connection-header     | B-11 in other letters           | PUT      | Connection: close, iF
400 | connection-header     | B-11 on two lines               | PUT      | Connection: close\r\nConnection: Depth
400 | connection-header     | B-11 tabs and commas            | PUT      | Connection: ,\t, close,\tdestination ,
"#;

#[test]
fn odd_headers_are_refused() {
    each(rows::<5>(REFUSED), |[status, condition, name, method, lines]| {
        let (status, condition, name) = (text(&status).parse().unwrap(), text(&condition), text(&name));
        let head = format!(
            "{} /files/dav HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n",
            text(&method)
        );
        let bytes = [head.as_bytes(), &lines, b"\r\n\r\n"].concat();
        let old = format!("{name} (HTTP/1.0)");
        // A second Connection line would be another case.
        let again = (!condition.starts_with("connection")).then(|| in_1_0(&bytes, &name, &old));
        for (name, bytes) in [(&name, Some(bytes)), (&old, again)] {
            let Some(bytes) = bytes else { continue };
            let answer = shared().refuse_raw(status, name, &bytes);
            assert!(answer.has_condition(&condition), "{name}: {}", answer.text());
        }
    });
    shared().settle();
    assert!(!shared().backend.saw("X-Evil"));
}

/// Case, method, header lines; the header that counts, and as what it arrives, or `-` if it must not.
const ACCEPTED: &str = r#"
tab before the value      | PROPFIND | Depth:\t0                                   | depth       | 0
blanks behind the value   | PROPFIND | Depth: 0 \t                                 | depth       | 0
no blank                  | PROPFIND | Depth:1                                     | depth       | 1
an alias with underscore  | PROPFIND | Depth: 0\r\nDepth_: 1                       | depth_      | -
Overwrite in small        | COPY     | Destination: /files/a\r\nOverwrite: f       | overwrite   | F
B-43 Range on PUT         | PUT      | Range: bytes=0-0                            | range       | -
B-43 If-Range on PUT      | PUT      | If-Range: "a"                               | if-range    | -
B-44 X-Update-Range       | PUT      | X-Update-Range: append                      | x-update-range | -
B-45 Translate            | GET      | Translate: f                                | translate   | -
B-50 an override          | GET      | X-HTTP-Method-Override: DELETE              | x-http-method-override | -
B-50 another              | GET      | X-Method-Override: DELETE                   | x-method-override | -
B-50 the third            | GET      | X-HTTP-Method: DELETE                       | x-http-method | -
B-46 a bad date           | GET      | If-Modified-Since: yesterday                | x-case      | B-46 a bad date
B-46 a bad date on PUT    | PUT      | If-Unmodified-Since: 2026                   | x-case      | B-46 a bad date on PUT
B-46 a good list          | PUT      | If-Match: "a", W/"b","c"                    | if-match    | "a", W/"b","c"
B-41 Timeout on PUT       | PUT      | Timeout: soon                               | timeout     | -
B-12 upgrade              | GET      | Upgrade: h2c, websocket                     | upgrade     | -
Keep-Alive stays here     | GET      | Keep-Alive: timeout=999999                  | keep-alive  | -
Proxy-Connection, too     | GET      | Proxy-Connection: keep-alive                | proxy-connection | -
Proxy-Authorization, too  | GET      | Proxy-Authorization: Basic YTpi             | proxy-authorization | -
TE, too                   | GET      | TE: trailers, deflate;q=0.5                 | te          | -
Trailer, too              | PUT      | Trailer: Authorization                      | trailer     | -
B-13 an alias of a name   | GET      | X_Remote_User: root                         | x_remote_user | -
"#;

#[test]
fn their_neighbours_pass() {
    each(rows::<5>(ACCEPTED), |[name, method, lines, header, value]| {
        let (name, header, value) = (text(&name), text(&header), text(&value));
        let head = format!(
            "{} /files/dav HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n",
            text(&method)
        );
        let bytes = [head.as_bytes(), &lines, b"\r\n\r\n"].concat();
        let old = format!("{name} (HTTP/1.0)");
        for (name, bytes) in [(&name, bytes.clone()), (&old, in_1_0(&bytes, &name, &old))] {
            let answer = raw(shared().gateway.address, &bytes);
            assert!(answer.status < 300, "{name}: {} {}", answer.status, answer.text());
            let seen = shared().backend.case(name);
            assert_eq!(
                (seen.len(), seen[0].method.as_str()),
                (1, text(&method).as_str()),
                "{name}"
            );
            let expected = if header == "x-case" { name } else { &value };
            let expected: &[&str] = if value == "-" { &[] } else { &[expected] };
            assert_eq!(seen[0].all(&header), expected, "{name}: {:?}", seen[0].headers);
        }
    });
}

// B-41, L-67: nothing that stands in Timeout refuses a LOCK, and the back end gets what it can read.
#[test]
fn a_timeout_never_refuses_a_lock() {
    let values = [
        "soon",
        "Second-",
        "Second--1",
        "Second-1.5",
        "Second-99999999999999999999",
        "Second-0x10",
        "Extend",
        "",
        ",,,",
        "\u{e9}",
        "Infinite, Second-1",
        "second-60",
        "Second-60;x",
    ];
    each(values.into_iter().enumerate(), |(number, value)| {
        let lock = req(&format!("B-41 {number}"), "LOCK", format!("/files/timeout-{number}"));
        let answer = shared().ask(&lock.clone().with("Timeout", value).xml(LOCKINFO));
        assert_eq!(answer.status, 200, "{value:?}: {}", answer.text());
        let seen = shared().backend.case(&lock.name);
        assert_eq!(seen.len(), 1, "{value:?}");
        let sent = seen[0].all("timeout");
        let legal = |value: &str| {
            let seconds = value
                .strip_prefix("Second-")
                .and_then(|digits| digits.parse::<u32>().ok());
            value == "Infinite" || seconds.is_some()
        };
        assert!(
            sent.len() <= 1 && sent.iter().all(|sent| legal(sent)),
            "{value:?}: {sent:?}"
        );
    });
}

// B-39: what the back end says of a source or of a folder that is not there reaches the client.
#[test]
fn missing_ends_are_told() {
    let backend = &shared().backend;
    for method in ["COPY", "MOVE"] {
        backend.on(&format!("{method} /dav/no-parent"), answer("409 Conflict", &[], ""));
        for (status, source) in [(404, "missing"), (409, "no-parent")] {
            for old in [false, true] {
                let mut request = req(
                    &format!("B-39 {method} {source} {old}"),
                    method,
                    format!("/files/{source}"),
                );
                request = request.with("Destination", "/files/not/there");
                request.old = old;
                assert_eq!(shared().ask(&request).status, status, "{}", request.name);
            }
        }
    }
}
