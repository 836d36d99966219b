//! `Destination` and `If` over the wire: mapped into the back end's URL space, refused when they point anywhere else (spec 1.4 Q-1,
//! Q-2; 4.3 L-20 to L-26; 5.2 B-30 to B-40; P-12, P-16).
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
use support::wire::{Req, req};

fn go(name: &str, method: &str, destination: &str) -> Req {
    req(name, method, "/files/src").with("Destination", destination)
}

// Q-1, B-32, B-38, P-10, P-12: always absolute, canonical, with the authority that is in Host.
#[test]
fn destination_is_mapped() {
    each(
        [
            ("Q-1 absolute", "http://dav.test/files/b", "/dav/b"),
            ("Q-1 absolute path", "/files/b", "/dav/b"),
            ("B-32 other scheme of ours", "https://dav.test/files/b", "/dav/b"),
            ("B-32 other name of ours", "http://dav2.test/files/b", "/dav/b"),
            ("B-32 with a port", "http://dav.test:8080/files/b", "/dav/b"),
            ("B-32 letter case of the host", "HTTP://DAV.TEST/files/b", "/dav/b"),
            ("P-12 encoded prefix", "http://dav.test/%66iles/b", "/dav/b"),
            ("P-12 encoded name", "http://dav.test/files/%62%20c", "/dav/b%20c"),
            ("P-12 slashes", "http://dav.test//files//b", "/dav/b"),
            ("P-12 upper case hex", "http://dav.test/files/%c3%a9", "/dav/%C3%A9"),
            ("P-12 semicolon", "http://dav.test/files/b;x", "/dav/b%3Bx"),
            (
                "P-12 encoded question mark",
                "http://dav.test/files/b%3Fx",
                "/dav/b%3Fx",
            ),
            ("P-12 name like the prefix", "http://dav.test/files/files", "/dav/files"),
            ("P-12 deeper", "http://dav.test/files/a/b/c", "/dav/a/b/c"),
        ],
        |(name, sent, expected)| {
            for method in ["COPY", "MOVE"] {
                let (seen, answer) = shared().pass(&go(&format!("{name}, {method}"), method, sent));
                let expected = format!("http://{}{expected}", seen.header("host").expect("a Host"));
                assert_eq!(seen.all("destination"), [expected.as_str()], "{name}");
                assert_eq!((seen.target.as_str(), answer.status), ("/dav/src", 201), "{name}");
            }
        },
    );
}

// B-38: the slash is the client's own; for a back end that wants both URLs alike it is the target's.
#[test]
fn the_slash_of_destination() {
    each(
        [
            ("file onto a file", "/files/src", "/files/b", "/dav/b"),
            ("file onto a collection", "/files/src", "/files/b/", "/dav/b/"),
            ("collection onto a file", "/files/col/", "/files/b", "/dav/b"),
            ("collection onto a collection", "/files/col/", "/files/b/", "/dav/b/"),
            ("nginx, file", "/nginx/src", "/nginx/b/", "/nginx-in/b"),
            ("nginx, collection", "/nginx/col/", "/nginx/b", "/nginx-in/b/"),
        ],
        |(name, target, destination, expected)| {
            for method in ["COPY", "MOVE"] {
                let request = req(&format!("B-38 {name}, {method}"), method, target);
                let (seen, _) = shared().pass(&request.with("Destination", &format!("http://dav.test{destination}")));
                let expected = format!("http://{}{expected}", seen.header("host").expect("a Host"));
                assert_eq!(seen.all("destination"), [expected.as_str()], "{name}");
            }
        },
    );
}

// B-30, B-31.
#[test]
fn destination_must_be_a_proper_url() {
    let lab = shared();
    each(["COPY", "MOVE"], |method| {
        lab.refuse(400, &req(&format!("B-30 none {method}"), method, "/files/src"));
        let request = req(&format!("B-30 New-uri only {method}"), method, "/files/src");
        lab.refuse(400, &request.with("New-uri", "http://dav.test/files/b"));
        for (name, destination) in [
            ("empty", String::new()),
            ("relative", "foo".into()),
            ("dot relative", "../files/b".into()),
            ("scheme relative", "//dav.test/files/b".into()),
            ("other scheme", "ftp://dav.test/files/b".into()),
            ("file", "file:///files/b".into()),
            ("no authority", "http:/files/b".into()),
            ("empty authority", "http:///files/b".into()),
            ("userinfo", "http://me@dav.test/files/b".into()),
            ("userinfo that hides a host", "http://dav.test@evil.test/files/b".into()),
            ("query", "http://dav.test/files/b?x".into()),
            ("fragment", "http://dav.test/files/b#x".into()),
            ("too long", format!("http://dav.test/files/{}", "a/".repeat(4200))),
            ("dots", "http://dav.test/files/../b".into()),
            ("dots at the end", "http://dav.test/files/a/..".into()),
            ("encoded dots", "http://dav.test/files/%2e%2e/b".into()),
            ("encoded slash", "http://dav.test/files/a%2fb".into()),
            ("encoded backslash", "http://dav.test/files/a%5cb".into()),
            ("backslash", "http://dav.test/files\\b".into()),
            ("NUL", "http://dav.test/files/b%00".into()),
            ("double encoding", "http://dav.test/files/%252e%252e/b".into()),
            ("malformed percent", "http://dav.test/files/%zz".into()),
            ("not UTF-8", "http://dav.test/files/%ff".into()),
            ("raw UTF-8", "http://dav.test/files/é".into()),
            ("blank inside", "http://dav.test/files/a b".into()),
            ("two URLs", "http://dav.test/files/a, http://dav.test/files/b".into()),
            ("in angle brackets", "<http://dav.test/files/b>".into()),
            ("bad port", "http://dav.test:x/files/b".into()),
        ] {
            lab.refuse(400, &go(&format!("B-31 {name} {method}"), method, &destination));
        }
    });
    lab.settle();
}

// B-32, B-33.
#[test]
fn destination_elsewhere_is_502() {
    each(
        [
            ("B-32 a stranger", "http://evil.test/files/b"),
            ("B-32 our name as a prefix", "http://dav.test.evil.test/files/b"),
            ("B-32 the back end itself", "http://127.0.0.1/dav/b"),
            ("B-33 outside every route", "http://dav.test/nowhere/b"),
            ("B-33 the internal path", "http://dav.test/dav/b"),
            ("B-33 another route", "http://dav.test/ro/b"),
            ("B-33 the route inside", "http://dav.test/files/inner/b"),
            ("B-33 prefix is no string", "http://dav.test/filesx/b"),
            ("B-33 the root", "http://dav.test/"),
        ],
        |(name, destination)| {
            for method in ["COPY", "MOVE"] {
                shared().refuse_after_probe(502, &go(&format!("{name} {method}"), method, destination));
            }
        },
    );
    // Reserved names do not exist at the other end either (P-8).
    each(
        ["http://dav.test/files/.DAV/b", "http://dav.test/files/.htaccess"],
        |destination| {
            let answer = shared().ask(&go(&format!("P-8 {destination}"), "COPY", destination));
            assert!((400..600).contains(&answer.status), "{destination}: {}", answer.status);
            assert!(
                shared().backend.case(&format!("P-8 {destination}")).is_empty(),
                "{destination}"
            );
        },
    );
    shared().settle();
}

// B-34 to B-37.
#[test]
fn source_and_destination_must_be_apart() {
    let lab = shared();
    let between = |name: &str, method: &str, from: &str, to: &str| {
        req(name, method, format!("/files/{from}")).with("Destination", &format!("http://dav.test/files{to}"))
    };
    each(
        [
            ("B-34 same", "a", "/a"),
            ("B-34 same but for the slash", "a", "/a/"),
            ("B-34 same but for encoding", "a", "/%61"),
            ("B-34 same but for slashes", "a/b", "//a//b"),
            ("B-34 same but for the normal form", "%C3%A9", "/e%CC%81"),
            ("B-36 an ancestor", "a/b/c", "/a"),
            ("B-36 the parent", "a/b", "/a/"),
            ("B-37 the root of the route", "a", "/"),
            ("B-37 the root without slash", "a", ""),
        ],
        |(name, from, to)| {
            for method in ["COPY", "MOVE"] {
                lab.refuse_after_probe(403, &between(&format!("{name} {method}"), method, from, to));
            }
        },
    );
    lab.refuse_after_probe(403, &between("B-35 MOVE into itself", "MOVE", "col/", "/col/sub/"));
    lab.refuse_after_probe(403, &between("B-35 COPY into itself", "COPY", "col/", "/col/sub/"));
    drop(lab.pass(&between("B-35 COPY 0 into itself", "COPY", "col/", "/col/sub/").with("Depth", "0")));
    drop(lab.pass(&between("B-35 a name that begins alike", "MOVE", "col/", "/col2/")));
    // A collection that holds another route cannot be taken away as a whole.
    each(
        [
            ("DELETE", req("routes inside DELETE", "DELETE", "/files/")),
            (
                "MOVE",
                req("routes inside MOVE", "MOVE", "/files/").with("Destination", "http://dav.test/files/x/"),
            ),
            (
                "COPY",
                req("routes inside COPY", "COPY", "/files/").with("Destination", "http://dav.test/files/x/"),
            ),
        ],
        |(name, request)| {
            let answer = lab.ask(&request);
            assert!((400..500).contains(&answer.status), "{name}: {}", answer.status);
            assert!(lab.backend.case(&request.name).is_empty(), "{name}: forwarded");
        },
    );
    lab.settle();
}

// Q-2, L-26: tags are mapped, tokens and etags are not, one spelling.
#[test]
fn if_is_mapped_and_respelt() {
    each(
        [
            ("L-26 token", "(<opaquelocktoken:a>)", "(<opaquelocktoken:a>)"),
            ("L-26 etag", "([\"e1\"])", "([\"e1\"])"),
            ("L-26 weak etag", "([W/\"e1\"])", "([W/\"e1\"])"),
            ("L-26 both", "(<urn:a> [\"e1\"])", "(<urn:a> [\"e1\"])"),
            ("L-26 several lists", "(<urn:a>) (<urn:b>)", "(<urn:a>) (<urn:b>)"),
            (
                "L-26 no blanks",
                "(<urn:a>)(<urn:b>[\"e\"])",
                "(<urn:a>) (<urn:b> [\"e\"])",
            ),
            ("L-26 many blanks", "( <urn:a>\t)   (  <urn:b> )", "(<urn:a>) (<urn:b>)"),
            ("L-26 Not", "(Not <urn:a>)", "(Not <urn:a>)"),
            ("L-26 not", "(not <urn:a>)", "(Not <urn:a>)"),
            ("L-26 NOT", "(NOT<urn:a>)", "(Not <urn:a>)"),
            ("L-26 Not etag", "(nOt [\"e1\"])", "(Not [\"e1\"])"),
            (
                "L-26 no-lock",
                "(<urn:a>) (Not <DAV:no-lock>)",
                "(<urn:a>) (Not <DAV:no-lock>)",
            ),
            (
                "Q-2 a token that looks like a URL of ours",
                "(<http://dav.test/files/t>)",
                "(<http://dav.test/files/t>)",
            ),
            (
                "Q-2 an etag that looks like a path",
                "([\"/files/t\"])",
                "([\"/files/t\"])",
            ),
        ],
        |(name, sent, expected)| {
            let (seen, _) = shared().pass(&req(name, "PUT", "/files/if").body("x").with("If", sent));
            assert_eq!(seen.all("if"), [expected], "{name}");
        },
    );
    each(
        [
            (
                "Q-2 absolute tag",
                "<http://dav.test/files/a> (<urn:a>)",
                &["/dav/a"][..],
            ),
            ("Q-2 absolute path tag", "</files/a> (<urn:a>)", &["/dav/a"]),
            ("Q-2 https tag", "<https://dav.test/files/a> (<urn:a>)", &["/dav/a"]),
            (
                "Q-2 encoded tag",
                "<http://dav.test/%66iles/%61%20b> (<urn:a>)",
                &["/dav/a%20b"],
            ),
            ("Q-2 collection", "<http://dav.test/files/c/> (<urn:a>)", &["/dav/c/"]),
            (
                "Q-2 two tags",
                "<http://dav.test/files/a> (<urn:a>) <http://dav.test/files/b> (<urn:a>) ([\"e\"])",
                &["/dav/a", "/dav/b"],
            ),
        ],
        |(name, sent, paths)| {
            let (seen, _) = shared().pass(
                &req(name, "MOVE", "/files/if")
                    .with("Destination", "/files/if2")
                    .with("If", sent),
            );
            let got = seen.header("if").expect("an If");
            for path in paths {
                assert!(
                    got.contains(&format!("<{path}> (<urn:a>)"))
                        || got.contains(&format!("//{}{path}> (<urn:a>)", seen.header("host").unwrap())),
                    "{name}: {got}"
                );
            }
            assert!(!got.contains("files"), "{name}: {got}");
        },
    );
}

// L-20, L-21, L-22, P-12.
#[test]
fn bad_if_headers_are_refused() {
    let lists = |count: usize| "(<urn:a>)".repeat(count);
    let conditions = |count: usize| format!("({})", "<urn:a> ".repeat(count));
    let tags = |count: usize| {
        (0..count)
            .map(|n| format!("</files/{n}> (<urn:a>) "))
            .collect::<String>()
    };
    each(
        [
            ("empty", String::new()),
            ("empty list", "()".into()),
            ("no list", "<http://dav.test/files/a>".into()),
            ("mixed", "(<urn:a>) <http://dav.test/files/a> (<urn:a>)".into()),
            ("unclosed list", "(<urn:a>".into()),
            ("unclosed token", "(<urn:a)".into()),
            ("unclosed etag", "([\"e1\")".into()),
            ("etag without quotes", "([e1])".into()),
            ("text after", "(<urn:a>) x".into()),
            ("text before", "x (<urn:a>)".into()),
            ("Not twice", "(Not Not <urn:a>)".into()),
            ("Not alone", "(Not)".into()),
            ("empty token", "(<>)".into()),
            ("empty tag", "<> (<urn:a>)".into()),
            ("relative tag", "<foo> (<urn:a>)".into()),
            ("blank in a token", "(<urn:a b>)".into()),
            ("comma", "(<urn:a>), (<urn:b>)".into()),
            ("bare token", "urn:a".into()),
            ("nested", "((<urn:a>))".into()),
            ("L-21 65 lists", lists(65)),
            ("L-21 17 conditions", conditions(17)),
            ("L-21 17 tags", tags(17)),
            ("L-21 9 KiB", format!("(<urn:{}>)", "a".repeat(9000))),
            ("L-22 a stranger", "<http://evil.test/files/a> (<urn:a>)".into()),
            ("L-22 outside", "<http://dav.test/nowhere/a> (<urn:a>)".into()),
            ("L-22 internal", "<http://dav.test/dav/a> (<urn:a>)".into()),
            ("L-22 the back end's own", "<http://127.0.0.1/dav/a> (<urn:a>)".into()),
            (
                "L-22 one good, one bad",
                "</files/a> (<urn:a>) <http://evil.test/files/a> (<urn:a>)".into(),
            ),
            ("P-12 dots", "</files/../a> (<urn:a>)".into()),
            ("P-12 encoded slash", "</files/a%2fb> (<urn:a>)".into()),
            ("P-12 query", "</files/a?x> (<urn:a>)".into()),
        ],
        |(name, value)| {
            shared().refuse(
                400,
                &req(&format!("L-20 {name}"), "PUT", "/files/if")
                    .body("x")
                    .with("If", &value),
            );
        },
    );
    each(
        [
            ("64 lists", lists(64)),
            ("16 conditions", conditions(16)),
            ("16 tags", tags(16)),
        ],
        |(name, value)| {
            shared().pass(
                &req(&format!("L-21 {name}"), "PUT", "/files/if")
                    .body("x")
                    .with("If", value.trim()),
            );
        },
    );
    shared().settle();
}
