//! The table of what back ends make of odd paths (spec 2.1), row by row: as the request target in both versions, in Destination, in If
//! and in the body of a REPORT. What passes arrives in one spelling, the same in all four places; what has two meanings arrives nowhere.

use super::in_1_0;
use super::support::each;
use super::support::lab::{Lab, shared};
use super::support::samples::multiget;
use super::support::table::{rows, text};
use super::support::wire::{Client, raw, req};

/// Case; what stands behind `/files/`; `=` and what arrives behind `/dav/`, or status and condition; the same of Destination.
const TABLE: &str = r"
an encoded letter            | %61                   | = a                         | = a
an encoded slash             | a%2Fb                 | 400 path-encoded-separator  | 400 path-encoded-separator
an encoded slash, lower case | a%2fb                 | 400 path-encoded-separator  | 400 path-encoded-separator
an encoded backslash         | a%5Cb                 | 400 path-encoded-separator  | 400 path-encoded-separator
a raw backslash              | a\\b                  | 400 path-encoded-separator  | 400 path-encoded-separator
an encoded NUL               | a%00                  | 400 path-control-character  | 400 path-control-character
a control 01                 | a%01                  | 400 path-control-character  | 400 path-control-character
a control 1F                 | a%1F                  | 400 path-control-character  | 400 path-control-character
a control 7F                 | a%7f                  | 400 path-control-character  | 400 path-control-character
CR and LF                    | a%0d%0aX-Evil:%20yes  | 400 path-control-character  | 400 path-control-character
no hex digits                | %zz                   | 400 path-malformed-percent  | 400 path-malformed-percent
one hex digit                | %4                    | 400 path-malformed-percent  | 400 path-malformed-percent
percent alone                | a%                    | 400 path-malformed-percent  | 400 path-malformed-percent
dot dot                      | ../x                  | 400 path-dot-segment        | 400 path-dot-segment
dot dot inside               | a/../x                | 400 path-dot-segment        | 400 path-dot-segment
dot dot above the root       | ../../../x            | 400 path-dot-segment        | 400 path-dot-segment
dot                          | ./x                   | 400 path-dot-segment        | 400 path-dot-segment
dot at the end               | a/.                   | 400 path-dot-segment        | 400 path-dot-segment
encoded dots                 | %2e%2e/x              | 400 path-dot-segment        | 400 path-dot-segment
half encoded dots            | %2E./x                | 400 path-dot-segment        | 400 path-dot-segment
encoded slashes and dots     | bob%2f..%2falice      | 400 path-encoded-separator  | 400 path-encoded-separator
twice encoded dots           | %252e%252e/x          | 400 path-double-encoding    | 400 path-double-encoding
twice encoded slash          | a%252fb               | 400 path-double-encoding    | 400 path-double-encoding
twice encoded NUL            | a%2500                | 400 path-double-encoding    | 400 path-double-encoding
twice encoded percent        | a%2525                | 400 path-double-encoding    | 400 path-double-encoding
a percent sign in a name     | 100%25                | = 100%25                    | = 100%25
a twice encoded letter       | %2561                 | = %2561                     | = %2561
two slashes                  | a//b                  | = a/b                       | = a/b
many slashes                 | /a////b///            | = a/b/                      | = a/b/
a slash behind a file        | a.txt/                | = a.txt/                    | = a.txt/
no slash behind a collection | col                   | = col                       | = col
a semicolon                  | a;x=1                 | = a%3Bx=1                   | = a%3Bx=1
an encoded semicolon         | a%3bx                 | = a%3Bx                     | = a%3Bx
an encoded question mark     | a%3Fb                 | = a%3Fb                     | = a%3Fb
an encoded hash              | a%23b                 | = a%23b                     | = a%23b
a fragment                   | a#b                   | 400 path-fragment           | 400 destination-malformed
a fragment of a collection   | col/#                 | 400 path-fragment           | 400 destination-malformed
no UTF-8                     | %ff                   | 400 path-not-utf8           | 400 path-not-utf8
Latin-1                      | %E9                   | 400 path-not-utf8           | 400 path-not-utf8
an overlong slash            | %c0%af                | 400 path-not-utf8           | 400 path-not-utf8
an overlong dot              | %c0%ae%c0%ae/x        | 400 path-not-utf8           | 400 path-not-utf8
a surrogate                  | %ed%a0%80             | 400 path-not-utf8           | 400 path-not-utf8
beyond Unicode               | %f4%90%80%80          | 400 path-not-utf8           | 400 path-not-utf8
half a character             | %e2%82/x              | 400 path-not-utf8           | 400 path-not-utf8
letter case                  | A.TXT                 | = A.TXT                     | = A.TXT
a plus                       | a+b                   | = a+b                       | = a+b
full-width dots are no dots  | %ef%bc%8e%ef%bc%8e/x  | = %EF%BC%8E%EF%BC%8E/x      | = %EF%BC%8E%EF%BC%8E/x
full-width slash is none     | a%ef%bc%8fb           | = a%EF%BC%8Fb               | = a%EF%BC%8Fb
.DAV                         | .DAV/x                | 404 path-reserved           | 400 path-reserved
encoded .DAV                 | %2eDAV/x              | 404 path-reserved           | 400 path-reserved
";

/// What is expected of a row: the path that arrives, or status and condition.
enum Expected {
    Arrives(String),
    Refused(u16, String),
}

fn expected(column: &[u8]) -> Expected {
    let column = text(column);
    let (first, rest) = column.split_once(' ').unwrap();
    match first {
        "=" => Expected::Arrives(rest.trim().to_owned()),
        status => Expected::Refused(status.parse().unwrap(), rest.trim().to_owned()),
    }
}

#[test]
fn as_targets() {
    each(rows::<4>(TABLE), |[name, tail, target, _]| {
        let tail = text(&tail);
        for method in ["GET", "PUT", "DELETE", "PROPFIND"] {
            let name = format!("{method} {}", text(&name));
            let head =
                format!("{method} /files/{tail} HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\nDepth: 0\r\n\r\n");
            let old = format!("{name} (HTTP/1.0)");
            let bytes = head.into_bytes();
            // DELETE asks for no depth but infinity of what may be a collection.
            let bytes = if method == "DELETE" {
                String::from_utf8(bytes)
                    .unwrap()
                    .replace("Depth: 0", "X-No: 0")
                    .into_bytes()
            } else {
                bytes
            };
            for (name, bytes) in [(&name, bytes.clone()), (&old, in_1_0(&bytes, &name, &old))] {
                match expected(&target) {
                    Expected::Refused(status, condition) => {
                        let answer = shared().refuse_raw(status, name, &bytes);
                        assert!(answer.has_condition(&condition), "{name}: {}", answer.text());
                    }
                    Expected::Arrives(path) if method == "PUT" && path.ends_with('/') => {
                        shared().refuse_raw(405, name, &bytes);
                    }
                    Expected::Arrives(path) => {
                        let answer = raw(shared().gateway.address, &bytes);
                        assert!(answer.status < 300, "{name}: {} {}", answer.status, answer.text());
                        let seen = shared().backend.case(name);
                        assert_eq!(seen.len(), 1, "{name}");
                        assert_eq!(
                            (seen[0].method.as_str(), seen[0].target.clone()),
                            (method, format!("/dav/{path}")),
                            "{name}"
                        );
                    }
                }
            }
        }
    });
    shared().settle();
    assert!(!shared().backend.saw("\r\nX-Evil"));
}

#[test]
fn as_destinations() {
    each(rows::<4>(TABLE), |[name, tail, _, destination]| {
        for (method, prefix) in [("COPY", "http://dav.test/files/"), ("MOVE", "/files/")] {
            let name = format!("{method} to {}", text(&name));
            let request = req(&name, method, "/files/source").with("Destination", &format!("{prefix}{}", text(&tail)));
            match expected(&destination) {
                Expected::Refused(status, condition) => drop(shared().refuse_for(status, &condition, &request)),
                Expected::Arrives(path) => {
                    let (seen, _) = shared().pass(&request);
                    let arrived = format!("http://{}/dav/{path}", seen.header("host").unwrap());
                    assert_eq!(seen.all("destination"), [arrived.as_str()], "{name}");
                }
            }
        }
    });
    shared().settle();
}

#[test]
fn as_tags_and_members() {
    each(rows::<4>(TABLE), |[name, tail, target, _]| {
        let (name, tail) = (text(&name), text(&tail));
        let url = format!("http://dav.test/files/{tail}");
        let put = req(&format!("If of {name}"), "PUT", "/files/if")
            .body("x")
            .with("If", &format!("<{url}> (Not <urn:x>)"));
        let report = req(&format!("multiget of {name}"), "REPORT", "/files/").xml(multiget(&[&url]));
        match expected(&target) {
            Expected::Arrives(path) => {
                let seen = shared().pass(&put).0;
                assert!(
                    seen.header("if")
                        .unwrap()
                        .contains(&format!("/dav/{path}> (Not <urn:x>)")),
                    "{name}: {seen:?}"
                );
                assert!(
                    shared().pass(&report).0.text().contains(&format!("/dav/{path}</")),
                    "{name}"
                );
            }
            Expected::Refused(400, _) => {
                shared().refuse_for(400, "if-header", &put);
                shared().refuse_for(400, "url-in-body", &report);
            }
            Expected::Refused(..) => {
                for request in [put, report] {
                    shared().ask(&request);
                    assert!(
                        shared()
                            .backend
                            .case(&request.name)
                            .iter()
                            .all(|seen| !seen.text().contains("DAV/x")),
                        "{name}"
                    );
                }
            }
        }
    });
    shared().settle();
}

/// What only some back ends make of a path (spec 2.1, last rows): profile, what stands behind the prefix, verdicts as above.
const PROFILES: &str = r"
radicale, semicolon        | /rad/a;b           | = /rad-in/a%3Bb        | 400 path-back-end-trap
radicale, question mark    | /rad/a%3Fb         | = /rad-in/a%3Fb        | 400 path-back-end-trap
radicale, hash             | /rad/a%23b         | = /rad-in/a%23b        | 400 path-back-end-trap
radicale, its own files    | /rad/.Radicale.x   | 404 path-reserved      | 400 path-reserved
Windows, stream            | /win/a:b           | 400 path-windows-alias | 400 path-windows-alias
Windows, dot at the end    | /win/a.            | 400 path-windows-alias | 400 path-windows-alias
Windows, blank at the end  | /win/a%20          | 400 path-windows-alias | 400 path-windows-alias
Windows, short name        | /win/LONGNA~1      | 400 path-windows-alias | 400 path-windows-alias
Windows, device            | /win/con.txt       | 400 path-windows-alias | 400 path-windows-alias
Windows, plain             | /win/a.b           | = /win-in/a.b          | = /win-in/a.b
";

const PROFILE_ROUTES: &str = r#"
  - { name: rad, hosts: [dav.test], path: /rad/, backend: { url: "http://@BACK@/rad-in/", profile: radicale } }
  - { name: win, hosts: [dav.test], path: /win/, fs: windows, backend: { url: "http://@BACK@/win-in/" } }"#;

// P-8
#[test]
fn by_profile() {
    let lab = Lab::with_routes(PROFILE_ROUTES);
    each(rows::<4>(PROFILES), |[name, path, target, destination]| {
        let (name, path) = (text(&name), text(&path));
        for old in [false, true] {
            let name = format!("{name} {old}");
            let source = format!("/{}/source", path.split('/').nth(1).unwrap());
            let copy = req(&format!("{name}, COPY"), "COPY", source).with("Destination", &path);
            for (mut request, expected, field) in [
                (req(&name, "GET", &path), expected(&target), ""),
                (copy, expected(&destination), "destination"),
            ] {
                request.old = old;
                match expected {
                    Expected::Refused(status, condition) => drop(lab.refuse_for(status, &condition, &request)),
                    Expected::Arrives(path) => {
                        let (seen, _) = lab.pass(&request);
                        let arrived = seen.header(field).unwrap_or(&seen.target);
                        assert!(arrived.ends_with(&path), "{name}: {seen:?}");
                    }
                }
            }
        }
    });
    lab.settle();
}

// nginx makes a collection only of a URL that ends in a slash; whoever forgets it means the same (P-7).
#[test]
fn a_collection_for_nginx_has_its_slash() {
    each(
        [
            ("/nginx/new", "/nginx-in/new/"),
            ("/nginx/new/", "/nginx-in/new/"),
            ("/files/new", "/dav/new"),
        ],
        |(target, arrived)| {
            shared().pass_to(arrived, &req(&format!("P-7 MKCOL {target}"), "MKCOL", target));
        },
    );
    shared().pass_to(
        "/nginx-in/new",
        &req("P-7 PUT for nginx", "PUT", "/nginx/new").body("x"),
    );
}

// P-4 to P-6: what a target holds before its path, and where it is cut.
#[test]
fn one_path_whatever_stands_around_it() {
    each(
        [
            ("query with dots", "/files/a?b=/../../etc", "/dav/a?b=/../../etc"),
            (
                "query with an encoded line end",
                "/files/a?b=%0d%0aX-Evil:1",
                "/dav/a?b=%0d%0aX-Evil:1",
            ),
            ("a prefix in other spelling", "/%66%69les//a", "/dav/a"),
            ("absolute", "http://dav.test/files/a%3b", "/dav/a%3B"),
        ],
        |(name, target, arrived)| {
            let head = format!("GET {target} HTTP/1.1\r\nHost: dav.test\r\nX-Case: {name}\r\n\r\n");
            let mut client = Client::connect(shared().gateway.address);
            client.send(head.as_bytes());
            assert_eq!(client.answer(false).status, 200, "{name}");
            assert_eq!(shared().backend.case(name)[0].target, arrived, "{name}");
        },
    );
    assert!(!shared().backend.saw("\r\nX-Evil"));
}
