//! Attacks that try to get past the method filter, the prefix or the limits by another door. Every one of them must reach the back end
//! as nothing at all; the routes below are the same wall seen from several sides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::lab::Lab;
use support::samples::{PROPFIND, PROPPATCH};
use support::wire::{Req, req};

/// A route that may be written, one that may be read, and one below the first that may only be read.
const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    methods:
      - { path: /locked/**, allow: [read] }
      - { path: /**, allow: [read, write, lock] }
    limits: { body: 1000, xml: 2000 }
  - name: read-only
    hosts: [dav.test]
    path: /ro/
    backend: { url: "http://@BACK@/ro-in/", profile: apache }
    methods: [read]
  - name: plone
    hosts: [dav.test]
    path: /site/
    backend: { url: "http://@BACK@/plone-in/", profile: plone }
    methods: [web]
  - name: calendars
    hosts: [dav.test]
    path: /cal/
    backend: { url: "http://@BACK@/cal-in/", profile: generic }
    methods:
      - { path: /private/**, allow: [none] }
      - { path: /**, allow: [read, write, SEARCH, MERGE] }
    limits: { propfind_depth: infinity }
"#;

/// Runs the attacks on a gateway of their own, behind which nothing may have been received at all.
fn nothing_arrives(attacks: Vec<(u16, Req)>) {
    let lab = Lab::with_routes(ROUTES);
    each(&attacks, |(status, request)| {
        lab.refuse(*status, request);
    });
    lab.settle();
    assert_eq!(lab.backend.byte_count(), 0, "{:#?}", lab.backend.requests());
    // The same gateway serves the honest request.
    lab.pass_to("/dav/honest", &req("honest", "PUT", "/files/honest").body("x"));
}

fn write(name: &str, target: &str) -> Req {
    req(name, "PUT", target).body("x")
}

#[test]
fn by_the_path() {
    nothing_arrives(vec![
        (405, write("plainly", "/ro/x")),
        (405, write("encoded prefix", "/%72o/x")),
        (405, write("slashes", "//ro//x")),
        (405, write("absolute form", "http://dav.test/ro/x")),
        (405, write("absolute form, other scheme", "https://dav.test/ro/x")),
        (400, write("up from the writable route", "/files/../ro/x")),
        (400, write("encoded up", "/files/%2e%2e/ro/x")),
        (400, write("half encoded up", "/files/.%2E/ro/x")),
        (400, write("encoded slash up", "/files/..%2fro/x")),
        (400, write("backslash up", "/files/..\\ro\\x")),
        (400, write("encoded backslash up", "/files/..%5cro")),
        (400, write("double encoded up", "/files/%252e%252e/ro/x")),
        (400, write("overlong dots", "/files/%c0%ae%c0%ae/ro/x")),
        (
            400,
            write(
                "full-width dots are no dots, overlong slash is none",
                "/files/%ef%bc%8e%c0%af",
            ),
        ),
        (404, write("matrix parameters on the prefix", "/files;/x")),
        (404, write("dots with parameters at the root", "/..;/files/x")),
        (404, write("upper case", "/FILES/x")),
        (404, write("back end path", "/dav/x")),
        (404, write("back end path of the other", "/ro-in/x")),
        (405, write("rule", "/files/locked/x")),
        (405, write("rule, encoded", "/files/%6cocked/x")),
        (405, write("rule, slashes", "/files//locked//x")),
        (405, write("rule, bare", "/files/locked")),
        (405, write("rule, slash", "/files/locked/")),
        (400, write("rule, dot", "/files/./locked/x")),
        (400, write("rule, down and up", "/files/a/../locked/x")),
        (400, write("rule, encoded slash", "/files/locked%2fx")),
        (400, write("rule, NUL", "/files/locked%00/x")),
        (400, write("rule, query", "/files/x?/../locked/y")),
        (405, write("rule, blank", "/files/locked/x y")),
        (
            405,
            write("rule, blank and a second target", "/files/locked/x /files/x"),
        ),
        (405, write("blank and a second target", "/ro/x /files/x")),
        (400, write("fragment", "/files/#/../ro/x")),
        (404, write("reserved", "/files/.DAV/x")),
        (404, write("reserved, encoded", "/files/%2e%44AV/x")),
        (421, write("other host", "/files/x").host("files.test")),
        (421, write("host as user", "/files/x").host("127.0.0.1")),
        (
            400,
            write("absolute form against Host", "http://dav.test/files/x").host("evil.test"),
        ),
    ]);
}

#[test]
fn by_the_method() {
    let copy = |name: &str, from: &str, to: &str| req(name, "COPY", from).with("Destination", to);
    nothing_arrives(vec![
        (501, req("lower case", "put", "/files/x").body("x")),
        (501, req("mixed case", "Delete", "/ro/x")),
        (501, req("with a suffix", "PUTX", "/ro/x").body("x")),
        (501, req("underscore", "PROP_PATCH", "/ro/x").body("x")),
        (
            405,
            req("MOVE away", "MOVE", "/ro/x").with("Destination", "http://dav.test/ro/y"),
        ),
        (405, req("PROPPATCH", "PROPPATCH", "/ro/x").xml(PROPPATCH)),
        (
            405,
            req("override header", "POST", "/ro/x")
                .with("X-HTTP-Method-Override", "PROPFIND")
                .body("x"),
        ),
        (405, req("override in the query", "POST", "/ro/x?_method=GET").body("x")),
        (405, req("BIND", "BIND", "/files/x").body("x")),
        (405, req("PATCH", "PATCH", "/files/x").body("x")),
        (405, copy("COPY out of reading", "/ro/x", "http://dav.test/files/x")),
        (
            405,
            copy("COPY under the rule", "/files/a", "http://dav.test/files/locked/x"),
        ),
        (
            405,
            copy(
                "COPY under the rule, encoded",
                "/files/a",
                "http://dav.test/files/%6cocked/x",
            ),
        ),
        (
            405,
            copy("COPY under the rule, slashes", "/files/a", "/files//locked//x"),
        ),
        (
            405,
            copy("COPY onto the rule", "/files/a", "http://dav.test/files/locked"),
        ),
        (502, copy("COPY into reading", "/files/a", "http://dav.test/ro/x")),
        (
            502,
            copy("COPY to the back end's path", "/files/a", "http://dav.test/ro-in/x"),
        ),
        (502, copy("COPY to a stranger", "/files/a", "http://evil.test/files/x")),
        (400, copy("COPY up", "/files/a", "http://dav.test/files/../ro/x")),
        (
            400,
            copy("COPY encoded up", "/files/a", "http://dav.test/files/%2e%2e/ro/x"),
        ),
        (
            400,
            copy("COPY user info", "/files/a", "http://dav.test:80@evil.test/files/x"),
        ),
        (
            400,
            copy(
                "COPY backslash authority",
                "/files/a",
                "http://dav.test\\@evil.test/files/x",
            ),
        ),
        (400, copy("COPY scheme relative", "/files/a", "//evil.test/files/x")),
        (
            400,
            copy("COPY two Destinations", "/files/a", "http://dav.test/files/x")
                .with("Destination", "http://dav.test/ro/x"),
        ),
        (
            400,
            req("COPY old Destination", "COPY", "/files/a").with("New-uri", "http://dav.test/ro/x"),
        ),
        (
            400,
            req("COPY underscore Destination", "COPY", "/files/a").with("Destination_", "http://dav.test/ro/x"),
        ),
    ]);
}

#[test]
fn by_the_headers() {
    let put = |name: &str| write(name, "/files/x");
    nothing_arrives(vec![
        (
            400,
            put("If stripped at the next hop")
                .with("If", "(<urn:a>)")
                .with("Connection", "If"),
        ),
        (
            400,
            put("If-Match stripped at the next hop")
                .with("If-Match", "\"a\"")
                .with("Connection", "close, if-match"),
        ),
        (400, put("two Ifs").with("If", "(<urn:a>)").with("If", "(Not <urn:a>)")),
        (
            400,
            put("tag of a stranger").with("If", "<http://evil.test/files/x> (<urn:a>)"),
        ),
        (400, put("tag on the back end's path").with("If", "</dav/x> (<urn:a>)")),
        (400, put("tag up").with("If", "</files/../ro/x> (<urn:a>)")),
        (400, put("unclosed If").with("If", "(<urn:a>) (")),
        (
            400,
            put("tag inside an entity tag").with("If", "</files/x> ([\"x])</ro-in/x>(<urn:a>)([\"])"),
        ),
        (400, put("partial write").with("Content-Range", "bytes 0-0/*")),
        (400, put("invalid Depth").with("Depth", "99")),
        (400, put("two Overwrites").with("Overwrite", "F").with("Overwrite", "T")),
        (
            400,
            put("two Content-Types")
                .with("Content-Type", "text/plain")
                .with("Content-Type", "text/xml"),
        ),
        (417, put("odd Expect").with("Expect", "100-continue; x")),
        (413, put("too large").body([b'x'; 1001])),
        (405, write("original URL", "/ro/x").with("X-Original-URL", "/files/x")),
        (
            405,
            write("forwarded prefix", "/ro/x")
                .with("X-Forwarded-Prefix", "/files")
                .with("X-Script-Name", "/files"),
        ),
    ]);
}

// Z-3: Zope calls its WebDAV methods by path and by query too, whatever the method of the request.
#[test]
fn by_what_zope_publishes() {
    let get = |name: &str, target: &str| req(name, "GET", target);
    nothing_arrives(vec![
        (404, get("method as a name", "/site/page/DELETE")),
        (404, get("encoded", "/site/page/%44ELETE")),
        (404, get("in the middle", "/site/page/PROPFIND/x")),
        (404, get("management", "/site/manage_delObjects?ids=x")),
        (400, get("in the query", "/site/page?DELETE:method=1")),
        (400, get("in the query, encoded", "/site/page?a=b&%3amethod=DELETE")),
        (405, req("plainly", "DELETE", "/site/page")),
    ]);
    let lab = Lab::with_routes(ROUTES);
    lab.pass_to(
        "/plone-in/search?SearchableText=a:method",
        &get("honest", "/site/search?SearchableText=a:method"),
    );
}

// O-11: a resource that a body names is judged as one that the request line names.
#[test]
fn by_what_the_body_names() {
    let multiget = |href: &str| {
        format!(
            "<C:calendar-multiget xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns=\"DAV:\"><prop><getetag/></prop>\
             <href>/cal/a.ics</href><href>{href}</href></C:calendar-multiget>"
        )
    };
    let report = |name: &str, href: &str| req(name, "REPORT", "/cal/").with("Depth", "1").xml(multiget(href));
    let search = |name: &str, scope: &str| {
        let body = format!(
            "<searchrequest xmlns=\"DAV:\"><basicsearch><select><allprop/></select><from><scope><href>{scope}</href>\
             <depth>infinity</depth></scope></from></basicsearch></searchrequest>"
        );
        req(name, "SEARCH", "/cal/").xml(body)
    };
    let merge = "<merge xmlns=\"DAV:\"><source><href>/cal/private/a</href></source></merge>";
    nothing_arrives(vec![
        (403, report("multiget", "/cal/private/a.ics")),
        (403, report("multiget, encoded", "/cal/%70rivate/a.ics")),
        (403, search("SEARCH there", "/cal/private/")),
        (403, search("SEARCH of all", "/cal/")),
        (403, search("SEARCH of all, relative", "")),
        (403, req("MERGE", "MERGE", "/cal/a").xml(merge)),
    ]);
    let lab = Lab::with_routes(ROUTES);
    lab.pass_to("/cal-in/", &report("multiget, allowed", "/cal/b.ics"));
}

#[test]
fn by_the_body() {
    let xml = |name: &str, body: &str| req(name, "PROPFIND", "/files/x").with("Depth", "0").xml(body);
    let utf16 = |text: &str| -> Vec<u8> {
        std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    let doctype = format!(
        "<!DOCTYPE D [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}",
        &PROPFIND[38..]
    );
    let multiget = "<C:calendar-multiget xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:prop><D:getetag/></D:prop>\
        <D:href>/files/%2e%2e/ro-in/secret</D:href></C:calendar-multiget>";
    nothing_arrives(vec![
        (403, xml("DOCTYPE", &doctype)),
        (
            403,
            req("DOCTYPE in UTF-16", "PROPFIND", "/files/x")
                .with("Depth", "0")
                // Without a charset: one that says UTF-8 would be refused for the contradiction alone (B-74).
                .with("Content-Type", "application/xml")
                .body(utf16(&doctype)),
        ),
        (
            400,
            xml(
                "DOCTYPE without entities",
                "<!DOCTYPE propfind><propfind xmlns='DAV:'><allprop/></propfind>",
            ),
        ),
        (
            415,
            req("UTF-7", "PROPFIND", "/files/x")
                .with("Depth", "0")
                .with("Content-Type", "text/xml; charset=utf-7")
                .body(PROPFIND),
        ),
        (415, xml("compressed", PROPFIND).with("Content-Encoding", "gzip")),
        (
            415,
            req("as a form", "PROPFIND", "/files/x")
                .with("Depth", "0")
                .with("Content-Type", "application/x-www-form-urlencoded")
                .body(PROPFIND),
        ),
        (
            400,
            xml("second root", &format!("{PROPFIND}<D:allprop xmlns:D=\"DAV:\"/>")),
        ),
        (
            400,
            xml(
                "namespace in disguise",
                "<a:propfind xmlns:a='DA&#86;:'><a:allprop/></a:propfind>",
            ),
        ),
        (400, xml("unclosed", "<D:propfind xmlns:D='DAV:'><D:allprop/>")),
        (400, xml("PROPPATCH by PROPFIND", PROPPATCH)),
        (413, xml("too large", &format!("{}{PROPFIND}", " ".repeat(2000)))),
        (
            413,
            xml("too large, chunked", &format!("{}{PROPFIND}", " ".repeat(2000))).chunked(),
        ),
        (415, req("body on DELETE", "DELETE", "/files/x").xml(PROPFIND)),
        (
            415,
            req("body on COPY", "COPY", "/files/x")
                .with("Destination", "/files/y")
                .body("x"),
        ),
        (
            403,
            req("svn report", "REPORT", "/files/x").xml("<S:update-report xmlns:S=\"svn:\"/>"),
        ),
        (400, req("multiget up", "REPORT", "/files/x").xml(multiget)),
        (
            400,
            req("version up", "PROPFIND", "/files/x")
                .with("Depth", "0")
                .xml("<D:propfind xmlns:D=\"DAV:\"><D:prop><x:a/></D:prop></D:propfind>"),
        ),
    ]);
}
