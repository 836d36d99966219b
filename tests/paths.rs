//! Request targets over the wire: the table of what back ends make of odd paths, and the canonical form that is forwarded
//! (spec 2.1, P-1 to P-10). Every refused row has accepted neighbours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::lab::shared;
use support::wire::req;

/// (case, target, what the back end must see).
const ACCEPTED: &[(&str, &str, &str)] = &[
    ("P-5 decodes a letter", "/files/%61.txt", "/dav/a.txt"),
    ("P-5 decodes once", "/files/%2541", "/dav/%2541"),
    ("P-5 a dot inside a name", "/files/a..b/.c/...", "/dav/a..b/.c/..."),
    ("P-6 merges slashes", "/files//a///b", "/dav/a/b"),
    ("P-6 merges before the prefix", "//files//a", "/dav/a"),
    ("P-7 keeps the slash of a file", "/files/a.txt/", "/dav/a.txt/"),
    ("P-7 no slash stays none", "/files/col", "/dav/col"),
    ("P-7 many slashes are one", "/files/col//", "/dav/col/"),
    ("P-10 semicolon is a name character", "/files/a;x=1", "/dav/a%3Bx=1"),
    ("P-10 question mark in a name", "/files/a%3Fb", "/dav/a%3Fb"),
    ("P-10 hash in a name", "/files/a%23b", "/dav/a%23b"),
    ("P-10 unreserved is bare", "/files/%7Euser%2Dx%5Fy", "/dav/~user-x_y"),
    (
        "P-10 sub-delims are bare",
        "/files/a!$&'()*+,=:@b",
        "/dav/a!$&'()*+,=:@b",
    ),
    (
        "P-10 encoded sub-delims become bare",
        "/files/%21%24%26%27%28%29%2A%2B%2C%3D%3A%40",
        "/dav/!$&'()*+,=:@",
    ),
    ("P-10 upper case hex", "/files/%e4%bd%a0", "/dav/%E4%BD%A0"),
    ("P-10 a space", "/files/a%20b", "/dav/a%20b"),
    ("P-10 a plus is no space", "/files/a+b", "/dav/a+b"),
    ("P-10 keeps NFD", "/files/e%CC%81", "/dav/e%CC%81"),
    ("P-10 keeps NFC", "/files/%C3%A9", "/dav/%C3%A9"),
    (
        "P-10 encodes what is not in the alphabet",
        "/files/%3C%3E%22%7B%7C%7D%5E%60%5B%5D",
        "/dav/%3C%3E%22%7B%7C%7D%5E%60%5B%5D",
    ),
    ("P-4 query is kept", "/files/a?x=1&y=%2F..", "/dav/a?x=1&y=%2F.."),
    (
        "P-4 splits at the first question mark",
        "/files/a?b?c/../d",
        "/dav/a?b?c/../d",
    ),
    ("P-4 encoded prefix letters", "/%66iles/a", "/dav/a"),
    ("P-8 neighbour of a reserved name", "/files/DAV/.davx", "/dav/DAV/.davx"),
    ("P-8 reserved elsewhere only", "/files/private/a", "/dav/private/a"),
];

#[test]
fn accepted_targets_arrive_in_canonical_form() {
    each(ACCEPTED, |&(name, target, expected)| {
        shared().pass_to(expected, &req(name, "GET", target));
    });
}

/// (case, target): 400 and nothing at the back end.
const BAD: &[(&str, &str)] = &[
    ("P-5 encoded slash", "/files/a%2Fb"),
    ("P-5 encoded slash, lower case", "/files/a%2fb"),
    ("P-5 encoded backslash", "/files/a%5Cb"),
    ("P-5 NUL", "/files/a%00"),
    ("P-5 NUL before an extension", "/files/a%00.txt"),
    ("P-5 control 01", "/files/%01"),
    ("P-5 line feed", "/files/a%0Ab"),
    ("P-5 carriage return and line feed", "/files/a%0D%0AX-Evil:%201"),
    ("P-5 control 1F", "/files/%1F"),
    ("P-5 delete character", "/files/%7F"),
    ("P-4 malformed percent letters", "/files/%zz"),
    ("P-4 one hex digit", "/files/%4"),
    ("P-4 percent at the end", "/files/a%"),
    ("P-4 percent with a sign", "/files/%+4"),
    ("P-4 malformed percent outside every route", "/%zz"),
    ("P-5 dot dot", "/files/../x"),
    ("P-5 dot dot at the end", "/files/a/.."),
    ("P-5 dot dot that stays inside", "/files/a/../b"),
    ("P-5 dot", "/files/./x"),
    ("P-5 dot at the end", "/files/."),
    ("P-5 above the root", "/../files/x"),
    ("P-5 encoded dots", "/files/%2e%2e/x"),
    ("P-5 encoded dots upper case", "/files/%2E%2E/x"),
    ("P-5 half encoded dots", "/files/.%2e/x"),
    ("P-5 encoded single dot", "/files/%2e/x"),
    (
        "P-5 dots hidden behind an encoded slash",
        "/files/bob%2f..%2falice/cal/a.ics",
    ),
    ("P-5 double encoded dot", "/files/%252e%252e/x"),
    ("P-5 double encoded slash", "/files/a%252fb"),
    ("P-5 double encoded backslash", "/files/a%255cb"),
    ("P-5 double encoded NUL", "/files/a%2500"),
    ("P-5 double encoded semicolon", "/files/a%253b"),
    ("P-5 double encoded hash", "/files/a%2523"),
    ("P-5 double encoded question mark", "/files/a%253f"),
    ("P-5 triple encoding", "/files/%25252e"),
    (
        "P-5 dot dot before parameters is a name, controls are not",
        "/files/..%3b%01",
    ),
    ("P-5 not UTF-8", "/files/%ff"),
    ("P-5 Latin-1", "/files/%E9"),
    ("P-5 overlong slash", "/files/%c0%af"),
    ("P-5 overlong dot", "/files/%c0%ae%c0%ae/x"),
    ("P-5 surrogate", "/files/%ed%a0%80"),
    ("P-5 beyond Unicode", "/files/%f4%90%80%80"),
    ("P-3 fragment", "/files/a#b"),
    ("P-3 fragment after a query", "/files/a?x#b"),
    ("P-3 fragment alone after a collection", "/files/col/#x"),
    ("P-2 raw backslash", "/files/a\\b"),
    ("P-2 raw double quote", "/files/a\"b"),
    ("P-2 raw less than", "/files/a<b"),
    ("P-2 raw greater than", "/files/a>b"),
    ("P-2 raw caret", "/files/a^b"),
    ("P-2 raw brace", "/files/a{b"),
    ("P-2 raw pipe", "/files/a|b"),
    ("P-2 raw closing brace", "/files/a}b"),
    ("P-2 raw backtick", "/files/a`b"),
    ("P-2 raw UTF-8", "/files/é"),
    ("P-2 raw tab", "/files/a\tb"),
    ("P-2 raw delete", "/files/a\x7fb"),
    ("P-2 raw non-ASCII in the query", "/files/a?é"),
];

#[test]
fn bad_targets_get_400_on_every_kind_of_method() {
    each(BAD, |&(name, target)| {
        shared().refuse(400, &req(name, "GET", target));
    });
    each(BAD.iter().enumerate(), |(number, &(_, target))| {
        let method = ["DELETE", "PROPFIND", "MKCOL", "VERSION-CONTROL", "OPTIONS"][number % 5];
        shared().refuse(
            400,
            &req(&format!("bad target {number} by {method}"), method, target).with("Depth", "0"),
        );
    });
    shared().settle();
}

// P-2. Deliberately accepted: pingora percent-encodes the blanks of a request line that does not parse before anything else sees it
// (and with them what P-2 refuses alone), and keeps no trace of it. What matters is that one path was judged and the same one arrives.
#[test]
fn a_raw_space_is_one_path_judged_and_forwarded_encoded() {
    for method in ["GET", "DELETE", "PUT", "MKCOL"] {
        let request = |name: &str, target: &str| req(&format!("P-2 {name} {method}"), method, target);
        shared().pass_to("/dav/a%20b", &request("raw space", "/files/a b"));
        shared().pass_to("/dav/a%20%20b%20", &request("raw spaces", "/files/a  b "));
        shared().pass_to("/dav/a%20%3Cb%3E", &request("raw space and brackets", "/files/a <b>"));
        shared().pass_to(
            "/rules-in/inb%20ox/x",
            &request("raw space beside a rule", "/rules/inb ox/x"),
        );
    }
    each(
        [
            (405, "PUT", "/rules/archive/a b"),
            (405, "PUT", "/rules/archive/a /rules/b"),
            (405, "DELETE", "/rules/archive/ "),
            (405, "DELETE", "/ro/a /files/a"),
            (404, "PUT", "/files/.DAV/a b"),
            (404, "PUT", "/nowhere /files/a"),
            (400, "PUT", "/files/a/../b c"),
            (400, "PUT", "/files/%2e%2e/b c"),
            (400, "PUT", " /files/a"),
            (400, "GET", "/files/a\tb c"),
            (400, "GET", "/files/a\\b c"),
            (400, "GET", "/files/a#b c"),
        ],
        |(status, method, target)| {
            let name = format!("P-2 space {method} {}", target.escape_default());
            shared().refuse(status, &req(&name, method, target));
        },
    );
    shared().settle();
}

#[test]
fn a_raw_byte_that_is_no_utf8_is_refused() {
    shared().refuse(400, &req("P-2 raw FF", "GET", b"/files/\xff"));
    shared().refuse(400, &req("P-2 raw Latin-1", "GET", b"/files/\xe9"));
    shared().settle();
}

// P-2, option `encode_raw`.
#[test]
fn a_route_may_encode_raw_non_ascii() {
    shared().pass_to("/strict-in/%C3%A9", &req("P-2 encode_raw", "GET", "/strict/é"));
    shared().refuse(400, &req("P-2 encode_raw is for non-ASCII only", "GET", "/strict/a<b"));
    shared().refuse(400, &req("P-2 encode_raw still wants UTF-8", "GET", b"/strict/\xe9"));
}

// P-8: reserved names by profile and by configuration.
#[test]
fn reserved_names_do_not_exist() {
    each(
        [
            ("P-8 .DAV", "/files/.DAV"),
            ("P-8 .DAV below", "/files/col/.DAV/col.pag"),
            ("P-8 encoded .DAV", "/files/%2eDAV/x"),
            ("P-8 .htaccess", "/files/.htaccess"),
            ("P-8 .htpasswd below", "/files/a/.htpasswd"),
            ("P-8 configured", "/strict/private"),
            ("P-8 configured below", "/strict/a/private/b"),
        ],
        |(name, target)| {
            shared().refuse(404, &req(name, "GET", target));
            shared().refuse(404, &req(&format!("{name}, written"), "PUT", target).body("x"));
        },
    );
    shared().pass_to(
        "/strict-in/privately",
        &req("P-8 whole segments only", "GET", "/strict/privately"),
    );
    shared().settle();
}

// P-3 with its edges.
#[test]
fn lengths_of_targets_have_limits() {
    let segments = |count: usize| "/files".to_owned() + &"/a".repeat(count - 1);
    let long = |length: usize| {
        let mut path = "/files".to_owned();
        while path.len() + 901 < length {
            path.push('/');
            path.push_str(&"b".repeat(900));
        }
        format!("{path}/{}", "c".repeat(length - path.len() - 1))
    };
    shared().pass(&req("P-3 256 segments", "GET", segments(256)));
    shared().refuse(414, &req("P-3 257 segments", "GET", segments(257)));
    shared().pass(&req(
        "P-3 segment of 1024",
        "GET",
        format!("/files/{}", "a".repeat(1024)),
    ));
    shared().refuse(
        414,
        &req("P-3 segment of 1025", "GET", format!("/files/{}", "a".repeat(1025))),
    );
    shared().pass(&req(
        "P-3 1024 decoded",
        "GET",
        format!("/files/{}", "%61".repeat(1024)),
    ));
    shared().pass(&req("B-9 target of 8192", "GET", long(8192)));
    shared().refuse(414, &req("B-9 target of 8193", "GET", long(8193)));
    shared().refuse(
        414,
        &req("B-9 query counts", "GET", format!("/files/a?{}", "q".repeat(8192))),
    );
    shared().refuse(414, &req("B-9 huge target", "GET", long(40_000)));
    shared().pass(&req(
        "B-9 limit of the route",
        "GET",
        format!("/strict/{}", "a".repeat(192)),
    ));
    shared().refuse(
        414,
        &req(
            "B-9 over the limit of the route",
            "GET",
            format!("/strict/{}", "a".repeat(193)),
        ),
    );
    shared().settle();
}

// P-13.
#[test]
fn queries_only_where_they_mean_something() {
    each(
        ["PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"],
        |method| {
            let request = req(&format!("P-13 {method} with a query"), method, "/files/q?x=1");
            shared().refuse(
                400,
                &request
                    .with("Destination", "http://dav.test/files/q2")
                    .with("Lock-Token", "<urn:x>"),
            );
        },
    );
    each(["GET", "HEAD", "OPTIONS", "PROPFIND"], |method| {
        let request = req(&format!("P-13 {method} may have a query"), method, "/files/q?x=1").with("Depth", "0");
        shared().pass_to("/dav/q?x=1", &request);
    });
    shared().settle();
}
