//! Rows for what Destination, If and the body decide (O-9, O-10). Every refusal has an accepting twin.

use super::super::sample::{check, gate, judge, open_gate, told};

// B-30 to B-37, P-12, L-22
#[test]
fn destinations_and_tags() {
    let gate = gate();
    for (name, method, destination, expected) in [
        ("B-31 a path", "COPY", "/files/b", "/dav/a"),
        ("B-32 our name", "COPY", "http://dav.test/files/b", "/dav/a"),
        ("B-32 our other name", "COPY", "http://dav2.test/files/b", "/dav/a"),
        (
            "B-32 any port and scheme",
            "COPY",
            "https://dav.test:9/files/b",
            "/dav/a",
        ),
        ("B-32 an origin", "COPY", "https://public.test:8443/files/b", "/dav/a"),
        (
            "B-32 an origin's name at another port",
            "COPY",
            "https://public.test/files/b",
            "DestinationForeign",
        ),
        (
            "B-32 a stranger",
            "MOVE",
            "http://evil.test/files/b",
            "DestinationForeign",
        ),
        (
            "B-32 our name in another's",
            "MOVE",
            "http://dav.test.evil/files/b",
            "DestinationForeign",
        ),
        (
            "B-31 userinfo",
            "MOVE",
            "http://dav.test:80@evil.test/files/b",
            "DestinationForm",
        ),
        (
            "B-31 a bad port",
            "COPY",
            "http://dav.test:x/files/b",
            "DestinationForm",
        ),
        ("B-31 no scheme", "COPY", "//dav.test/files/b", "DestinationForm"),
        ("B-31 relative", "COPY", "b", "DestinationForm"),
        (
            "B-31 another scheme",
            "COPY",
            "ftp://dav.test/files/b",
            "DestinationForm",
        ),
        ("B-31 a query", "COPY", "/files/b?c", "DestinationForm"),
        ("B-31 a fragment", "COPY", "/files/b#c", "DestinationForm"),
        ("B-31 empty", "COPY", "", "DestinationForm"),
        ("P-12 up", "COPY", "/files/../ro/b", "DestinationPath(DotSegment)"),
        ("P-12 reserved", "COPY", "/files/.DAV/b", "DestinationPath(Reserved)"),
        ("B-33 another route", "COPY", "/ro/b", "DestinationForeign"),
        ("B-33 the route inside", "COPY", "/files/in/ner/b", "DestinationForeign"),
        ("B-33 outside", "COPY", "/dav/b", "DestinationForeign"),
        ("B-34 itself", "COPY", "/files/%61/", "DestinationSame"),
        ("B-35 inside, moved", "MOVE", "/files/a/b", "DestinationInside"),
        ("B-35 inside, all copied", "COPY", "/files/a/b", "DestinationInside"),
        ("B-37 the root", "COPY", "/files/", "DestinationRoot"),
        (
            "O-9 what may not be written",
            "COPY",
            "/files/archive/b",
            "MethodNotAllowed",
        ),
        ("O-9 onto what holds a route", "COPY", "/files/in", "HoldsRoute"),
    ] {
        let header = format!("Destination: {destination}");
        let verdict = judge(&gate, &format!("{method} /files/a"), &[&header], b"");
        assert_eq!(told(verdict), expected, "{name}: {method} {destination}");
    }
    check(
        &gate,
        &[
            ("B-30", "COPY /files/a", &["New-uri: /files/b"], "DestinationMissing"),
            (
                "B-35 alone into itself",
                "COPY /files/a",
                &["Depth: 0", "Destination: /files/a/b"],
                "/dav/a",
            ),
            (
                "B-36",
                "MOVE /files/a/b/c",
                &["Destination: /files/a"],
                "DestinationAncestor",
            ),
            (
                "B-36 beside",
                "MOVE /files/a/b/c",
                &["Destination: /files/a/d"],
                "/dav/a/b/c",
            ),
            ("O-9 what holds a route", "DELETE /files/in/", &[], "HoldsRoute"),
            (
                "O-9 LOCK of it",
                "LOCK /files/in/",
                &["Content-Length: 9"],
                "HoldsRoute",
            ),
            ("O-9 a refresh", "LOCK /files/in/", &["If: (<urn:a>)"], "/dav/in/"),
            (
                "O-9 alone",
                "COPY /files/in/",
                &["Depth: 0", "Destination: /files/b"],
                "/dav/in/",
            ),
            (
                "L-22 a stranger's tag",
                "PUT /files/a",
                &["If: <http://evil.test/files/a> (<urn:a>)"],
                "If",
            ),
            (
                "L-22 another route's tag",
                "PUT /files/a",
                &["If: </ro/a> (<urn:a>)"],
                "If",
            ),
            ("L-22 up", "PUT /files/a", &["If: </files/../files/a> (<urn:a>)"], "If"),
            ("L-22 ours", "PUT /files/a", &["If: </files/b> (<urn:a>)"], "/dav/a"),
        ],
    );
}

// B-32: without `hosts` only what the request itself shows is ours.
#[test]
fn names_of_a_route_of_any_host() {
    let gate = open_gate();
    for (origin, expected) in [
        ("http://dav.test", "/dav/a"),
        ("https://dav.test", "/dav/a"),
        ("http://dav.test:8080", "/dav/a"),
        ("http://dav.test:8081", "DestinationForeign"),
        ("http://other.test", "DestinationForeign"),
    ] {
        let header = format!("Destination: {origin}/open/b");
        assert_eq!(
            told(judge(&gate, "MOVE /open/a", &[&header], b"")),
            expected,
            "{origin}"
        );
    }
}

// B-47, B-62, B-64, B-78, B-90, B-93, B-97, M-12, RP-20, RP-21
#[test]
fn bodies() {
    const PROPFIND: &str = "<propfind xmlns='DAV:'><allprop/></propfind>";
    const SYNC: &str = "<sync-collection xmlns='DAV:'><sync-token/><sync-level>1</sync-level><prop/></sync-collection>";
    const BEHAVIOR: &str = "<propertybehavior xmlns='DAV:'><omit/></propertybehavior>";
    const TO_B: &str = "Destination: /files/b";
    let gate = gate();
    let long = format!("{PROPFIND}{}", " ".repeat(200));
    let rows: &[(&str, &str, &[&str], &str, &str)] = &[
        ("B-78", "DELETE /files/a", &[], "x", "UnexpectedBody"),
        ("B-78 chunked", "GET /files/a", &["chunked"], "x", "UnexpectedBody"),
        ("B-78 chunked and empty", "DELETE /files/a", &["chunked"], "", "/dav/a"),
        ("B-78 empty", "GET /files/a", &[], "", "/dav/a"),
        ("B-90", "PUT /files/a", &[], &"x".repeat(101), "BodyTooLarge"),
        ("B-90 at the limit", "PUT /files/a", &[], &"x".repeat(100), "/dav/a"),
        ("B-90 of a rule", "PUT /files/inbox/a", &[], "xxxxxx", "BodyTooLarge"),
        (
            "B-90 of a rule, at the limit",
            "PUT /files/inbox/a",
            &[],
            "xxxxx",
            "/dav/inbox/a",
        ),
        ("B-93", "PUT /strict/a", &["none"], "", "LengthRequired"),
        ("B-93 empty", "PUT /strict/a", &[], "", "/dav/a"),
        ("B-93 chunked", "PUT /strict/a", &["chunked"], "x", "/dav/a"),
        ("B-93 without the option", "PUT /files/a", &["none"], "", "/dav/a"),
        ("B-97", "PUT /files/a/", &[], "x", "PutToCollection"),
        ("B-97 MKCOL may", "MKCOL /files/a/", &[], "", "/dav/a/"),
        ("M-12", "COPY /files/a", &[TO_B], BEHAVIOR, "/dav/a"),
        (
            "M-12 another root",
            "COPY /files/a",
            &[TO_B],
            PROPFIND,
            "UnexpectedBody",
        ),
        ("M-12 no XML", "MOVE /files/a", &[TO_B], "x", "UnexpectedBody"),
        (
            "M-12 no XML, chunked",
            "COPY /files/a",
            &[TO_B, "chunked"],
            "x",
            "UnexpectedBody",
        ),
        (
            "M-12 as text",
            "COPY /files/a",
            &[TO_B, "Content-Type: text/plain"],
            BEHAVIOR,
            "UnexpectedBody",
        ),
        ("B-62 required", "PROPPATCH /files/a", &["none"], "", "MissingBody"),
        (
            "B-62 required, chunked",
            "REPORT /files/a",
            &["chunked"],
            "",
            "MissingBody",
        ),
        (
            "B-62 not well-formed",
            "PROPFIND /files/a",
            &["Depth: 0"],
            "<a>",
            "Xml(UnclosedElement)",
        ),
        (
            "B-64",
            "PROPFIND /files/a",
            &["Depth: 0"],
            BEHAVIOR,
            "Xml(UnexpectedRoot)",
        ),
        ("B-64 its own", "PROPFIND /files/a", &["Depth: 0"], PROPFIND, "/dav/a"),
        (
            "B-47",
            "PROPFIND /files/a",
            &["Depth: 0", "Content-Encoding: gzip"],
            PROPFIND,
            "ContentCoding",
        ),
        (
            "B-47 on PUT",
            "PUT /files/a",
            &["Content-Encoding: gzip"],
            "x",
            "/dav/a",
        ),
        ("B-69", "PROPFIND /files/a", &["Depth: 0"], &long, "Xml(TooLarge)"),
        (
            "B-77",
            "PROPFIND /files/a",
            &["Depth: 0", "Content-Type: text/plain"],
            PROPFIND,
            "Xml(NotXmlMediaType)",
        ),
        (
            "RP-20",
            "REPORT /files/a",
            &[],
            "<version-tree xmlns='DAV:'/>",
            "Xml(UnknownReport)",
        ),
        ("RP-20 listed", "REPORT /files/a", &[], SYNC, "/dav/a"),
        ("RP-21", "REPORT /files/a", &["Depth: infinity"], SYNC, "Depth"),
        (
            "RP-21 as clients write it",
            "REPORT /files/a",
            &["Depth: 1"],
            SYNC,
            "/dav/a",
        ),
    ];
    for (name, line, headers, body, expected) in rows {
        let length = format!("Content-Length: {}", body.len());
        let mut lines: Vec<&str> = headers.iter().copied().filter(|line| line.contains(':')).collect();
        if headers.contains(&"chunked") {
            lines.push("Transfer-Encoding: chunked");
        } else if !headers.contains(&"none") {
            lines.push(&length);
        }
        let verdict = judge(&gate, line, &lines, body.as_bytes());
        assert_eq!(told(verdict), *expected, "{name}: {line} {headers:?}");
    }
}
