//! Request lines and hosts: what is none, which versions are spoken, which forms a target has (B-6, B-7, B-18, O-3, P-1).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::support::each;
use super::support::lab::shared;
use super::support::table::{rows, text};
use super::support::wire::Client;
use super::{in_1_0, refused};

/// Status, condition, case, the line without its end. Each ends the connection.
const LINES: &str = r"
505 | http-version  | B-18 HTTP/2.0           | GET /files/line HTTP/2.0
505 | http-version  | B-18 HTTP/1.2           | GET /files/line HTTP/1.2
505 | http-version  | B-18 HTTP/0.9           | GET /files/line HTTP/0.9
505 | http-version  | B-18 HTTP/3             | GET /files/line HTTP/3
505 | http-version  | B-18 lower case         | GET /files/line http/1.1
505 | http-version  | B-18 two digits         | GET /files/line HTTP/1.10
505 | http-version  | B-18 leading zero       | GET /files/line HTTP/01.1
505 | http-version  | B-18 no minor version   | GET /files/line HTTP/1
505 | http-version  | B-18 comma              | GET /files/line HTTP/1,1
505 | http-version  | B-18 another protocol   | GET /files/line RTSP/1.1
505 | http-version  | B-18 tab after it       | GET /files/line HTTP/1.1\t
400 | request-line  | line without a version  | GET /files/line
400 | request-line  | line tab                | GET\t/files/line HTTP/1.1
400 | request-line  | line tabs               | GET\t/files/line\tHTTP/1.1
400 | request-line  | line leading blank      | \x20GET /files/line HTTP/1.1
400 | request-line  | line second version     | GET /files/line HTTP/1.1 HTTP/1.1
400 | request-line  | line blank at the end   | GET /files/line HTTP/1.1\x20
400 | request-line  | line one word           | GET
400 | request-line  | line no target          | GET  HTTP/1.1
400 | line-end      | line bare CR            | GET /files/line HTTP/1.1\rX: 1
400 | line-end      | line bare LF before it  | \nGET /files/line HTTP/1.1
400 | line-end      | line bare LF in it      | GET /files/line HTTP/1.1\nX: 1
400 | request-line  | line NUL in the method  | GE\0T /files/line HTTP/1.1
400 | request-line  | line 8-bit method       | G\xc3\x8bT /files/line HTTP/1.1
400 | request-line  | line colon in the method| GE:T /files/line HTTP/1.1
400 | request-line  | a TLS greeting          | \x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03
505 | http-version  | the preface of HTTP/2   | PRI * HTTP/2.0
405 | method-not-allowed | M-8 CONNECT        | CONNECT dav.test:80 HTTP/1.1
405 | method-not-allowed | M-8 CONNECT on 1.0 | CONNECT dav.test:80 HTTP/1.0
405 | method-not-allowed | M-8 CONNECT a path | CONNECT /files/line HTTP/1.1
";

#[test]
fn request_lines_are_exact() {
    each(rows::<4>(LINES), |[status, condition, name, line]| {
        let (status, condition, name) = (text(&status).parse().unwrap(), text(&condition), text(&name));
        let head = format!("\r\nHost: dav.test\r\nX-Case: {name}\r\n\r\n");
        refused(status, &condition, &name, &[line.as_slice(), head.as_bytes()].concat());
    });
    shared().settle();
}

// ERR-1: HEAD has no body, whoever refuses it.
#[test]
fn a_head_that_is_refused_has_no_body() {
    each(
        [
            ("NUL", "HEAD /files/line HTTP/1.1", "X-A: a\0b"),
            ("a stray LF", "\nHEAD /files/line HTTP/1.1", "X-A: b"),
            ("a stray NUL", "\0HEAD /files/line HTTP/1.1", "X-A: b"),
            ("version", "HEAD /files/line HTTP/3", "X-A: b"),
            ("two Hosts", "HEAD /files/line HTTP/1.1", "Host: dav.test"),
            ("path", "HEAD /files/%00 HTTP/1.1", "Connection: close"),
            ("path on 1.0", "HEAD /files/%00 HTTP/1.0", "X-A: b"),
        ],
        |(name, line, field)| {
            let mut stream = TcpStream::connect(shared().gateway.address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let head = format!("{line}\r\nHost: dav.test\r\n{field}\r\nX-Case: HEAD {name}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(
                answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 505 "),
                "{name}: {answer}"
            );
            assert_eq!(answer.find("\r\n\r\n"), Some(answer.len() - 4), "{name}: {answer}");
            assert!(shared().backend.case(&format!("HEAD {name}")).is_empty(), "{name}");
        },
    );
}

/// Status, condition, case, request line. The connection stays open: where the message ends is plain.
const JUDGED: &str = r"
501 | method-unknown     | O-3 lower case            | get /files/line HTTP/1.1
501 | method-unknown     | O-3 unknown               | BREW /files/line HTTP/1.1
501 | method-unknown     | O-3 what is like one      | GETS /files/line HTTP/1.1
501 | method-unknown     | O-3 token characters      | !#$%&'*+-.^_`~ /files/line HTTP/1.1
405 | method-not-allowed | O-3 TRACE                 | TRACE /files/line HTTP/1.1
400 | target-form        | P-1 no slash              | GET files/line HTTP/1.1
400 | target-form        | P-1 asterisk              | GET * HTTP/1.1
400 | target-form        | P-1 authority form        | GET dav.test:80 HTTP/1.1
400 | target-form        | P-1 another scheme        | GET ftp://dav.test/files/line HTTP/1.1
400 | target-form        | P-1 one slash             | GET http:/files/line HTTP/1.1
400 | host               | P-1 not the Host          | GET http://dav2.test/files/line HTTP/1.1
400 | host               | P-1 a stranger            | GET http://evil.test/files/line HTTP/1.1
400 | host               | P-1 userinfo              | GET http://me@dav.test/files/line HTTP/1.1
400 | host               | P-1 no authority          | GET http:///files/line HTTP/1.1
400 | target-form        | P-1 two blanks before it  | GET  /files/line HTTP/1.1
400 | path-control-character | P-5 NUL in it         | GET /files/line\0 HTTP/1.1
404 | no-route           | P-6 a host is a segment   | GET //dav.test/files/line HTTP/1.1
400 | path-fragment      | P-3 fragment              | DELETE /files/line#x HTTP/1.1
200 |                    | P-1 OPTIONS of everything | OPTIONS * HTTP/1.1
";

#[test]
fn targets_have_forms() {
    each(rows::<4>(JUDGED), |[status, condition, name, line]| {
        let (status, condition, name) = (text(&status).parse::<u16>().unwrap(), text(&condition), text(&name));
        let head = format!("\r\nHost: dav.test\r\nX-Case: {name}\r\n\r\n");
        let bytes = [line.as_slice(), head.as_bytes()].concat();
        let old = format!("{name} (HTTP/1.0)");
        for (name, bytes) in [(&name, bytes.clone()), (&old, in_1_0(&bytes, &name, &old))] {
            let answer = shared().refuse_raw(status, name, &bytes);
            assert!(
                condition.is_empty() || answer.has_condition(&condition),
                "{name}: {}",
                answer.text()
            );
        }
    });
    shared().settle();
}

/// Status, condition, case, request line, header lines; in HTTP/1.0 as it is.
const OLD_HOSTS: &str = r"
421 | host-unknown | B-7 no Host               | GET /files/old HTTP/1.0                  | X-A: 1
421 | host-unknown | B-7 a stranger's          | GET /files/old HTTP/1.0                  | Host: evil.test
421 | host-unknown | B-7 a stranger in target  | GET http://evil.test/files/old HTTP/1.0  | X-A: 1
400 | host         | B-6 not the Host          | GET http://dav2.test/files/old HTTP/1.0  | Host: dav.test
400 | host         | B-6 empty                 | GET /files/old HTTP/1.0                  | Host:
400 | host         | B-6 path in it            | GET /files/old HTTP/1.0                  | Host: dav.test/files
400 | host         | B-6 userinfo              | GET /files/old HTTP/1.0                  | Host: me@dav.test
400 | host         | B-6 list                  | GET /files/old HTTP/1.0                  | Host: dav.test, dav.test
400 | host         | B-6 two                   | GET /files/old HTTP/1.0                  | Host: dav.test\r\nHost: dav.test
400 | host         | B-6 bad port              | GET /files/old HTTP/1.0                  | Host: dav.test:http
400 | host         | B-6 8-bit                 | GET /files/old HTTP/1.0                  | Host: d\xc3\xa4v.test
200 |              | P-1 the target names it   | GET http://dav.test/files/old HTTP/1.0   | X-A: 1
200 |              | P-1 both do               | GET http://dav.test/files/old HTTP/1.0   | Host: dav.test
400 | host         | P-1 another spelling      | GET http://dav.test/files/old HTTP/1.0   | Host: dav.test:80
200 |              | B-6 plain                 | GET /files/old HTTP/1.0                  | Host: dav.test
";

// HTTP/1.0 needs no Host; one that is there is judged like any other, and without one the address that was asked must be ours.
#[test]
fn hosts_in_http_1_0() {
    each(rows::<5>(OLD_HOSTS), |[status, condition, name, line, lines]| {
        let (status, condition, name) = (text(&status).parse::<u16>().unwrap(), text(&condition), text(&name));
        let rest = format!("\r\nX-Case: {name}\r\n\r\n");
        let bytes = [line.as_slice(), b"\r\n", &lines, rest.as_bytes()].concat();
        if status == 200 {
            let mut client = Client::connect(shared().gateway.address);
            client.send(&bytes);
            assert_eq!(client.answer(false).status, 200, "{name}");
            let seen = shared().backend.case(&name);
            assert_eq!((seen.len(), seen[0].target.as_str()), (1, "/dav/old"), "{name}");
        } else {
            let answer = shared().refuse_raw(status, &name, &bytes);
            assert!(answer.has_condition(&condition), "{name}: {}", answer.text());
        }
    });
    shared().settle();
}
