//! Rows for the order of the checks, and for each check that the head of a request decides. Every refusal has an accepting twin.

use super::super::sample::{check, gate, judge, open_gate, told};

// O-1 to O-10: a request that breaks two rules is refused by the earlier.
#[test]
fn the_earlier_check_answers() {
    const TWO_LENGTHS: &str = "Transfer-Encoding: chunked";
    check(
        &gate(),
        &[
            (
                "O-1 before O-2",
                "GET /files/a",
                &["Host: evil.test", "Content-Length: 1", TWO_LENGTHS],
                "Framing(BothLengths)",
            ),
            (
                "O-1 before O-3",
                "FOO /files/a",
                &["Content-Length: +1"],
                "Framing(ContentLength)",
            ),
            (
                "O-1 before P-1",
                "GET files",
                &["Host: dav.test", "Host: dav.test"],
                "Framing(Host)",
            ),
            ("O-2 before O-3", "FOO /files/a", &["Host: evil.test"], "Misdirected"),
            ("O-2 before O-4", "GET /files/../a", &["Host: evil.test"], "Misdirected"),
            ("O-3 before O-4", "FOO /files/../a", &[], "UnknownMethod"),
            ("M-8 before O-4", "TRACE /files/../a", &[], "MethodNotAllowed"),
            ("O-4 before P-11", "GET /nowhere/../a", &[], "Path(DotSegment)"),
            ("O-4 before O-6", "PUT /ro/%2e%2e/a", &[], "Path(DotSegment)"),
            ("O-4, reserved, before O-6", "BIND /files/.DAV/a", &[], "Path(Reserved)"),
            (
                "O-4 before O-8",
                "PROPFIND /files/a%00",
                &["Depth: 9"],
                "Path(ControlCharacter)",
            ),
            ("P-11 before O-6", "BIND /nowhere", &["Depth: 9"], "Outside"),
            ("O-6 before P-13", "PUT /ro/a?x", &[], "MethodNotAllowed"),
            (
                "O-6 before O-8",
                "PUT /ro/a",
                &["Depth: 9", "If: ("],
                "MethodNotAllowed",
            ),
            (
                "O-6 before O-9",
                "COPY /ro/a",
                &["Destination: http://evil.test/"],
                "MethodNotAllowed",
            ),
            (
                "O-6 before O-10",
                "PUT /files/archive/a",
                &["Content-Length: 101"],
                "MethodNotAllowed",
            ),
            ("P-13 before O-8", "DELETE /files/a?x", &["Depth: 9"], "Query"),
            (
                "O-8 before O-9",
                "COPY /files/a",
                &["Destination: http://evil.test/", "Overwrite: X"],
                "Overwrite",
            ),
            (
                "O-8, If, before O-9",
                "COPY /files/a",
                &["Destination: http://evil.test/", "If: ("],
                "If",
            ),
            (
                "O-8 before O-10",
                "PUT /files/a",
                &["Content-Length: 101", "Depth: 9"],
                "Depth",
            ),
            (
                "O-8 before O-10, no body where none may be",
                "DELETE /files/a",
                &["Content-Length: 1", "Depth: 9"],
                "Depth",
            ),
            (
                "O-9 before O-10",
                "COPY /files/a",
                &["Destination: /ro/b", "Content-Length: 999"],
                "DestinationForeign",
            ),
            (
                "B-97 before O-10",
                "PUT /files/a/",
                &["Content-Length: 101"],
                "PutToCollection",
            ),
            ("O-10", "PUT /files/a", &["Content-Length: 101"], "BodyTooLarge"),
            (
                "nothing broken",
                "PUT /files/a",
                &["Content-Length: 100", "Depth: 0", "If: (<urn:a>)"],
                "/dav/a",
            ),
        ],
    );
}

// P-1, P-11, P-13, B-6, B-7
#[test]
fn targets() {
    check(
        &gate(),
        &[
            ("P-1 origin form", "GET /files/a", &[], "/dav/a"),
            ("P-1 absolute form", "GET http://dav.test/files/a", &[], "/dav/a"),
            (
                "P-1 absolute form, default port",
                "GET https://DAV.test:443/files/a",
                &[],
                "/dav/a",
            ),
            (
                "B-6 absolute form against Host",
                "GET http://dav2.test/files/a",
                &[],
                "Authority",
            ),
            (
                "B-6 absolute form, another port",
                "GET http://dav.test:81/files/a",
                &[],
                "Authority",
            ),
            ("B-6 userinfo", "GET http://me@dav.test/files/a", &[], "Authority"),
            (
                "B-6 Host with a path",
                "GET /files/a",
                &["Host: dav.test/x"],
                "Authority",
            ),
            ("B-6 Host, empty", "GET /files/a", &["Host: "], "Authority"),
            (
                "B-7 a stranger",
                "GET /files/a",
                &["Host: dav.test.evil"],
                "Misdirected",
            ),
            ("B-7 any port", "GET /files/a", &["Host: dav2.test:8443"], "/dav/a"),
            (
                "P-11 another host's route",
                "GET /ro/a",
                &["Host: dav2.test"],
                "Outside",
            ),
            ("P-1 asterisk", "OPTIONS *", &[], "own OPTIONS"),
            ("P-1 asterisk, other methods", "PROPFIND *", &["Depth: 0"], "TargetForm"),
            ("P-1 authority form", "GET dav.test:80", &[], "TargetForm"),
            ("P-1 no slash", "GET files/a", &[], "TargetForm"),
            ("P-3 fragment", "GET /files/a#b", &[], "Path(Fragment)"),
            ("P-6 slashes", "GET //files//a", &[], "/dav/a"),
            ("P-11 segments, not letters", "GET /filesx/a", &[], "Outside"),
            ("P-11 the prefix itself", "GET /files", &[], "/dav/"),
            ("P-11 the longest prefix", "GET /files/in/ner/a", &[], "/dav/a"),
            ("P-11 letter case", "GET /Files/a", &[], "Outside"),
            ("P-11 OPTIONS above", "OPTIONS /", &[], "ancestor OPTIONS"),
            (
                "P-11 PROPFIND 0 above",
                "PROPFIND /",
                &["Depth: 0"],
                "ancestor PROPFIND",
            ),
            ("P-11 PROPFIND 1 above", "PROPFIND /", &["Depth: 1"], "Outside"),
            ("P-11 PROPFIND without Depth above", "PROPFIND /", &[], "Outside"),
            ("P-11 GET above", "GET /", &[], "Outside"),
            ("P-11 beside", "OPTIONS /nowhere", &[], "Outside"),
            ("B-10 above", "PROPFIND /", &["Depth: 0", "Depth: 0"], "RepeatedHeader"),
            (
                "P-11 above a route that is inside another",
                "OPTIONS /files/in",
                &[],
                "/dav/in",
            ),
            (
                "P-13 where it may be",
                "PROPFIND /files/a?x=/../y",
                &["Depth: 0"],
                "/dav/a",
            ),
            ("P-13 where not", "MKCOL /files/a?x", &[], "Query"),
            ("P-13 an empty one is one", "PUT /files/a?", &[], "Query"),
            ("Z-1 OPTIONS without WebDAV", "OPTIONS /web/a", &[], "own OPTIONS"),
            ("Z-1 OPTIONS with it", "OPTIONS /files/a", &[], "/dav/a"),
        ],
    );
    let any = &["Host: whoever.test"];
    check(
        &open_gate(),
        &[("B-7 a route of any host", "GET /open/a", any, "/dav/a")],
    );
}

// B-8, B-9, P-3: of the loosest route first, then the route's own
#[test]
fn sizes() {
    let gate = gate();
    let told = |line: &str, lines: &[&str]| told(judge(&gate, line, lines, b""));
    let long = format!("X: {}", "v".repeat(17_000));
    assert_eq!(told("GET /files/a", &[&long, "Host: evil.test"]), "HeaderTooLarge");
    let path = format!("GET /files/{}", "a/".repeat(100));
    assert_eq!(told(&path, &[]), format!("/dav/{}", "a/".repeat(100)));
    let path = format!("FOO /files/{}", "a/".repeat(4100));
    assert_eq!(told(&path, &[]), "TargetTooLong");
    assert_eq!(told("GET /strict/aaaaaaaaaaaa", &[]), "/dav/aaaaaaaaaaaa");
    assert_eq!(told("GET /strict/aaaaaaaaaaaaa", &[]), "TargetTooLong");
    assert_eq!(told("GET /strict/a", &["A: 1", "B: 1", "C: 1"]), "/dav/a");
    assert_eq!(
        told("GET /strict/a", &["A: 1", "B: 1", "C: 1", "D: 1"]),
        "HeaderTooLarge"
    );
}

// B-10, B-11, B-13, B-16, B-50, Q-4
#[test]
fn headers_of_any_method() {
    check(
        &gate(),
        &[
            (
                "B-10",
                "GET /files/a",
                &["If: (<urn:a>)", "If: (<urn:b>)"],
                "RepeatedHeader",
            ),
            ("B-10 others may", "GET /files/a", &["X: 1", "X: 2"], "/dav/a"),
            ("B-11", "GET /files/a", &["Connection: close, If"], "ConnectionNames"),
            (
                "B-11 the connection's own",
                "GET /files/a",
                &["Connection: Keep-Alive, TE"],
                "/dav/a",
            ),
            ("B-13 option", "GET /strict/a", &["X_Y: 1"], "Underscore"),
            ("B-13", "GET /files/a", &["X_Y: 1"], "/dav/a"),
            (
                "B-50 option",
                "GET /strict/a",
                &["X-HTTP-Method: PUT"],
                "MethodOverride",
            ),
            ("B-50", "GET /files/a", &["X-HTTP-Method: PUT"], "/dav/a"),
            ("B-16", "PUT /files/a", &["Expect: 200-ok"], "Expectation"),
            ("B-15", "PUT /files/a", &["Expect: 100-Continue"], "/dav/a"),
            ("Q-4", "PUT /files/a", &["Position: before ../b"], "Position"),
            ("Q-4 one segment", "PUT /files/a", &["Position: before b"], "/dav/a"),
            ("B-46", "PUT /files/a", &["If-Match: e1"], "EntityTag"),
            ("B-46 quoted", "PUT /files/a", &["If-Match: \"e1\", W/\"e2\""], "/dav/a"),
            ("B-46 any", "PUT /files/a", &["If-None-Match: *"], "/dav/a"),
            ("B-43", "PUT /files/a", &["Content-Range: bytes 0-0/*"], "PartialPut"),
            ("B-43 on GET", "GET /files/a", &["Content-Range: bytes 0-0/*"], "/dav/a"),
            ("B-42", "UNLOCK /files/a", &[], "LockToken"),
            (
                "B-42 malformed",
                "UNLOCK /files/a",
                &["Lock-Token: <urn:a"],
                "LockToken",
            ),
            ("B-42 read", "UNLOCK /files/a", &["Lock-Token: <urn:a>"], "/dav/a"),
        ],
    );
}

// B-20 to B-25
#[test]
fn depth_and_overwrite() {
    check(
        &gate(),
        &[
            ("B-20", "PROPFIND /files/a", &["Depth: 2"], "Depth"),
            (
                "B-20 noroot, no option",
                "PROPFIND /files/a",
                &["Depth: 1,noroot"],
                "Depth",
            ),
            (
                "B-20 letter case",
                "COPY /files/a",
                &["Depth: Infinity", "Destination: /files/b"],
                "/dav/a",
            ),
            ("B-22 1 passes", "PROPFIND /files/a", &["Depth: 1"], "/dav/a"),
            (
                "B-22 infinity depends",
                "PROPFIND /files/a",
                &["Depth: infinity"],
                "ask /dav/a",
            ),
            ("B-21 none is infinity", "PROPFIND /files/a", &[], "ask /dav/a"),
            (
                "B-23 COPY 1",
                "COPY /files/a",
                &["Depth: 1", "Destination: /files/b"],
                "Depth",
            ),
            (
                "B-23 COPY 0",
                "COPY /files/a",
                &["Depth: 0", "Destination: /files/b"],
                "/dav/a",
            ),
            (
                "B-23 MOVE 1",
                "MOVE /files/a",
                &["Depth: 1", "Destination: /files/b"],
                "Depth",
            ),
            (
                "B-23 MOVE 0 depends",
                "MOVE /files/a",
                &["Depth: 0", "Destination: /files/b"],
                "ask /dav/a",
            ),
            ("B-23 DELETE 1", "DELETE /files/a", &["Depth: 1"], "Depth"),
            ("B-23 DELETE 0 depends", "DELETE /files/a", &["Depth: 0"], "ask /dav/a"),
            ("B-23 LOCK 1", "LOCK /files/a", &["Depth: 1"], "Depth"),
            ("B-23 LOCK 0", "LOCK /files/a", &["Depth: 0"], "/dav/a"),
            ("B-24 invalid", "GET /files/a", &["Depth: x"], "Depth"),
            ("B-24 valid", "GET /files/a", &["Depth: 1"], "/dav/a"),
            (
                "B-25",
                "MOVE /files/a",
                &["Overwrite: no", "Destination: /files/b"],
                "Overwrite",
            ),
            ("B-25 anywhere", "GET /files/a", &["Overwrite: no"], "Overwrite"),
            (
                "B-25 letter case",
                "MOVE /files/a",
                &["Overwrite: f", "Destination: /files/b"],
                "/dav/a",
            ),
        ],
    );
}
