//! Heads whose end, or whose body's end, two parsers may see at different places (B-1 to B-6).

use std::time::Duration;

use super::support::each;
use super::support::lab::shared;
use super::support::table::{rows, text};
use super::{SMUGGLED, in_1_0, refused};

/// Condition, case, header lines, what follows the head.
const HEADS: &str = r#"
two-body-lengths | B-1 CL and TE            | Content-Length: 4\r\nTransfer-Encoding: chunked                    | 0\r\n\r\n
two-body-lengths | B-1 TE and CL            | Transfer-Encoding: chunked\r\nContent-Length: 0                    | 0\r\n\r\n
two-body-lengths | B-1 bad CL and TE        | Content-Length: x\r\nTransfer-Encoding: chunked                    | 0\r\n\r\n
two-body-lengths | B-1 CL and other TE      | Content-Length: 1\r\nTransfer-Encoding: identity                   | x
two-body-lengths | B-1 CL, TE, CL           | Content-Length: 1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1 | 0\r\n\r\n
two-body-lengths | B-1 far apart            | Content-Length: 4\r\nX-A: 1\r\nX-B: 2\r\nTRANSFER-ENCODING:chunked | 0\r\n\r\n

content-length | B-2 twice equal            | Content-Length: 1\r\nContent-Length: 1        | x
content-length | B-2 twice different        | Content-Length: 1\r\nContent-Length: 0        | x
content-length | B-2 twice in other letters | content-length: 1\r\nCONTENT-LENGTH: 1        | x
content-length | B-2 list                   | Content-Length: 1, 1                          | x
content-length | B-2 list of one            | Content-Length: 1,                            | x
content-length | B-2 list, nothing first    | Content-Length: ,1                            | x
content-length | B-2 plus                   | Content-Length: +1                            | x
content-length | B-2 minus                  | Content-Length: -1                            | x
content-length | B-2 hex                    | Content-Length: 0x1                           | x
content-length | B-2 blank inside           | Content-Length: 1 0                           | x
content-length | B-2 tab inside             | Content-Length: 1\t0                          | x
content-length | B-2 empty                  | Content-Length:                               | x
content-length | B-2 letters                | Content-Length: abc                           | x
content-length | B-2 fraction               | Content-Length: 1.0                           | x
content-length | B-2 exponent               | Content-Length: 1e0                           | x
content-length | B-2 underscores            | Content-Length: 1_0                           | x
content-length | B-2 parameter              | Content-Length: 1;x                           | x
content-length | B-2 in quotes              | Content-Length: "1"                           | x
content-length | B-2 another script         | Content-Length: \xd9\xa1                      | x
content-length | B-2 over 2^63              | Content-Length: 9223372036854775808           | x
content-length | B-2 over 2^64              | Content-Length: 18446744073709551617          | x

transfer-coding | B-3 other coding          | Transfer-Encoding: gzip                       | x
transfer-coding | B-3 gzip, chunked         | Transfer-Encoding: gzip, chunked              | 0\r\n\r\n
transfer-coding | B-3 chunked, gzip         | Transfer-Encoding: chunked, gzip              | 0\r\n\r\n
transfer-coding | B-3 chunked, identity     | Transfer-Encoding: chunked, identity          | 0\r\n\r\n
transfer-coding | B-3 chunked, chunked      | Transfer-Encoding: chunked, chunked           | 0\r\n\r\n
transfer-coding | B-3 list of one           | Transfer-Encoding: chunked,                   | 0\r\n\r\n
transfer-coding | B-3 list, nothing first   | Transfer-Encoding: ,chunked                   | 0\r\n\r\n
transfer-coding | B-3 empty                 | Transfer-Encoding:                            | x
transfer-coding | B-3 identity              | Transfer-Encoding: identity                   | x
transfer-coding | B-3 xchunked              | Transfer-Encoding: xchunked                   | 0\r\n\r\n
transfer-coding | B-3 blank inside          | Transfer-Encoding: chun ked                   | 0\r\n\r\n
transfer-coding | B-3 twice                 | Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked  | 0\r\n\r\n
transfer-coding | B-3 two lines             | Transfer-Encoding: identity\r\nTransfer-Encoding: chunked | 0\r\n\r\n
transfer-coding | B-3 parameter             | Transfer-Encoding: chunked;q=1                | 0\r\n\r\n
header-line     | B-3 vertical tab          | Transfer-Encoding: \x0bchunked                | 0\r\n\r\n
transfer-coding | B-3 8-bit blank           | Transfer-Encoding: \xa0chunked                | 0\r\n\r\n
transfer-coding | B-3 in quotes             | Transfer-Encoding: "chunked"                  | 0\r\n\r\n

header-line | B-5 space before the colon    | Transfer-Encoding : chunked                   | 0\r\n\r\n
header-line | B-5 tab before the colon      | Content-Length\t: 1                           | x
header-line | B-5 fold                      | Content-Length:\r\n 1                         | x
header-line | B-5 fold of a header          | X-A: 1\r\n Content-Length: 1                  |
header-line | B-5 fold with a tab           | X-A: 1\r\n\tContent-Length: 1                 |
header-line | B-5 NUL in a value            | X-A: a\0b                                     |
header-line | B-5 control in a value        | X-A: a\x01b                                   |
header-line | B-5 delete in a value         | X-A: a\x7fb                                   |
header-line | B-5 blank in a name           | X A: 1                                        |
header-line | B-5 bracket in a name         | X(A): 1                                       |
header-line | B-5 NUL in a name             | Content-Length\0: 1                           | x
header-line | B-5 no name                   | : 1                                           |
header-line | B-5 no colon                  | Depth                                         |
header-line | B-5 8-bit name                | X-\xc3\xa9: 1                                 |
line-end | B-5 bare LF                      | X-A: 1\nContent-Length: 1                     | x
line-end | B-5 bare LF ends the head        | X-A: 1\n\nGET /dav/x HTTP/1.1                 |
line-end | B-5 bare CR                      | X-A: 1\rContent-Length: 1                     |
line-end | B-5 two CR                       | X-A: 1\r\r\nContent-Length: 1                 | x
line-end | B-5 CR before a name             | X-A: 1\r\n\rContent-Length: 1                 | x

host | B-6 two Hosts                        | Host: dav.test                                |
host | B-6 two different Hosts              | hOST: dav2.test                               |
host | B-6 a second Host that is empty      | Host:                                         |
"#;

#[test]
fn ambiguous_heads_are_refused_and_end_the_connection() {
    each(rows::<4>(HEADS), |[condition, name, lines, rest]| {
        let (condition, name) = (text(&condition), text(&name));
        let head = format!("PUT /files/frame HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n");
        let bytes = [head.as_bytes(), &lines, b"\r\n\r\n", &rest, SMUGGLED].concat();
        let status = if condition == "transfer-coding" { 501 } else { 400 };
        refused(status, &condition, &name, &bytes);
        // B-4: in HTTP/1.0 no transfer coding has a meaning.
        let (status, condition) = match condition.as_str() {
            "transfer-coding" => (400, "chunked-on-http-1.0"),
            other => (400, other),
        };
        let old = format!("{name} (HTTP/1.0)");
        refused(status, condition, &old, &in_1_0(&bytes, &name, &old));
    });
    shared().settle();
    assert!(!shared().backend.saw("X-Smuggled"), "a smuggled request arrived");
    assert!(!shared().backend.saw("x-smuggled"), "a smuggled request arrived");
}

/// Case, header lines, what follows the head; what stays of Content-Length.
const PLAIN: &str = r"
plain length             | Content-Length: 5                                   | hello | 5
plain blanks around      | Content-Length:  5\t                                | hello | 5
plain leading zeros      | Content-Length: 0000000000000000000000000000005     | hello | 5
plain no blank           | content-length:5                                    | hello | 5
plain other names        | Content-Length: 5\r\nX-Transfer-Encoding: chunked   | hello | 5
plain aliases            | Content-Length: 5\r\nTransfer_Encoding: chunked\r\nContent_Length: 9 | hello | 5
plain 8-bit value        | Content-Length: 5\r\nX-A: \xe9                      | hello | 5
plain no body            | X-A: 1                                              |       | 0
plain length 0           | Content-Length: 0                                   |       | 0
";

// The neighbours: in both versions, and what stands behind them is a request of its own.
#[test]
fn plain_heads_pass() {
    each(rows::<4>(PLAIN), |[name, lines, rest, length]| {
        let name = text(&name);
        let head = format!("PUT /files/frame HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n");
        let bytes = [head.as_bytes(), &lines, b"\r\n\r\n", &rest].concat();
        let old = format!("{name} (HTTP/1.0)");
        for (name, bytes) in [(&name, bytes.clone()), (&old, in_1_0(&bytes, &name, &old))] {
            let mut client = super::Client::connect(shared().gateway.address);
            client.send(&[bytes, super::behind(name)].concat());
            let answers = [client.answer(false).status, client.answer(false).status];
            assert_eq!(answers, [201, 200], "{name}");
            let seen = shared().backend.case(name);
            assert_eq!(seen.len(), 1, "{name}");
            assert_eq!((seen[0].whole, &seen[0].body), (true, &rest), "{name}");
            assert_eq!(seen[0].all("transfer-encoding"), [""; 0], "{name}");
            let expected = text(&length);
            let said = seen[0].all("content-length");
            assert!(
                said == [expected.as_str()] || (said.is_empty() && expected == "0"),
                "{name}: {said:?}"
            );
            assert!(
                seen[0]
                    .header("content_length")
                    .or(seen[0].header("transfer_encoding"))
                    .is_none()
            );
            assert_eq!(shared().backend.case(&format!("{name} (behind)")).len(), 1, "{name}");
        }
    });
}

// However the bytes come: cut anywhere, a head is what it is, and so is what stands behind it.
#[test]
fn heads_in_two_pieces() {
    let wanted = [
        "B-1 CL and TE",
        "B-2 list",
        "B-3 xchunked",
        "B-5 fold",
        "B-5 bare LF ends the head",
        "B-5 NUL in a value",
    ];
    let chosen = rows::<4>(HEADS)
        .into_iter()
        .filter(|row| wanted.contains(&text(&row[1]).as_str()));
    each(chosen, |[condition, name, lines, rest]| {
        let name = format!("{} cut", text(&name));
        let head = format!("PUT /files/cut HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n");
        let bytes = [head.as_bytes(), &lines, b"\r\n\r\n", &rest, SMUGGLED].concat();
        for at in (1..head.len() + lines.len() + 3).step_by(3) {
            let mut client = super::Client::connect(shared().gateway.address);
            client.send_pieces(&[&bytes[..at], &bytes[at..]], Duration::from_millis(1));
            let answer = client.answer(false);
            assert!(
                answer.has_condition(&text(&condition)),
                "{name} at {at}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(client.closed_within(Duration::from_secs(5)), "{name} at {at}");
        }
        assert!(shared().backend.case(&name).is_empty(), "{name}");
    });
    let many = format!(
        "GET /files/cut HTTP/1.1\r\nHost: dav.test\r\nX-Case: many cut\r\n{}",
        "X-A: b\r\n".repeat(300)
    );
    refused_cut(&many, 431, "header-too-large");
    let long = "GET /files/cut HTTP/1.1\r\nHost: dav.test\r\nX-Case: early cut\r\nX(A): b\r\nX-B: ";
    refused_cut(long, 400, "header-line");
    let fine = "PUT /files/cut HTTP/1.1\r\nHost: dav.test\r\nX-Case: fine cut\r\nContent-Length: 5\r\n\r\nhello";
    let next = "GET /files/cut HTTP/1.1\r\nHost: dav.test\r\nX-Case: next cut\r\n\r\n";
    let bytes = [fine, next].concat().into_bytes();
    let cuts: Vec<usize> = (1..bytes.len()).step_by(3).collect();
    for at in &cuts {
        let mut client = super::Client::connect(shared().gateway.address);
        client.send_pieces(&[&bytes[..*at], &bytes[*at..]], Duration::from_millis(1));
        assert_eq!(
            [client.answer(false).status, client.answer(false).status],
            [201, 200],
            "at {at}"
        );
    }
    let seen = shared().backend.case("fine cut");
    assert!(seen.len() == cuts.len() && seen.iter().all(|seen| seen.whole && seen.text() == "hello"));
    assert_eq!(shared().backend.case("next cut").len(), cuts.len());
    assert!(!shared().backend.saw("X-Smuggled"));
}

/// The beginning of a head is enough to refuse it.
fn refused_cut(head: &str, status: u16, condition: &str) {
    let mut client = super::Client::connect(shared().gateway.address);
    client.send(head.as_bytes());
    let answer = client.answer(false);
    assert_eq!(answer.status, status, "{condition}: {}", answer.text());
    assert!(answer.has_condition(condition), "{}", answer.text());
}

// RFC 9112 section 2.2: empty lines before a request line mean nothing, whether old clients send one or somebody sends thousands.
#[test]
fn empty_lines_before_a_request() {
    each([1, 2, 5000], |count| {
        let name = format!("{count} empty lines");
        let head = format!("GET /files/a HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n\r\n");
        let mut client = super::Client::connect(shared().gateway.address);
        for _ in 0..2 {
            client.send(("\r\n".repeat(count) + &head).as_bytes());
            assert_eq!(client.answer(false).status, 200, "{name}");
        }
        assert_eq!(shared().backend.case(&name).len(), 2, "{name}");
    });
}
