//! XML bodies that must be refused before the back end hears of the request (spec 5.3 B-60 to B-81), each beside its accepted twin.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod support;

use support::lab::shared;
use support::samples::{ACL, LOCKINFO, PROPFIND, PROPPATCH};
use support::wire::{Req, req};

fn propfind(name: &str, body: impl AsRef<[u8]>) -> Req {
    req(name, "PROPFIND", "/files/x").with("Depth", "0").xml(body)
}

fn wrap(inner: &str) -> String {
    format!("<D:propfind xmlns:D=\"DAV:\">{inner}</D:propfind>")
}

// B-60.
#[test]
fn external_entities_have_their_condition() {
    for (name, doctype) in [
        ("SYSTEM", "<!DOCTYPE D SYSTEM \"file:///etc/passwd\">"),
        ("PUBLIC", "<!DOCTYPE D PUBLIC \"-//x\" \"http://evil.test/x.dtd\">"),
        ("external entity", "<!DOCTYPE D [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"),
        ("parameter entity", "<!DOCTYPE D [<!ENTITY % x PUBLIC \"a\" \"http://evil.test/\"> %x;]>"),
    ] {
        for (kind, chunked) in [("length", false), ("chunked", true)] {
            let mut request = propfind(&format!("B-60 {name} {kind}"), format!("{doctype}{PROPFIND}"));
            request.body = Some(format!("<?xml version=\"1.0\"?>{doctype}{}", wrap("<D:allprop/>")).into_bytes());
            request.chunked = chunked;
            shared().refuse_for(403, "no-external-entities", &request);
        }
    }
    shared().settle();
}

/// (case, body): 400.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let text = |body: &str| body.as_bytes().to_vec();
    vec![
        ("B-61 DOCTYPE", text("<!DOCTYPE D><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-61 internal entity", text("<!DOCTYPE D [<!ENTITY x 'y'>]><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-61 laughs", text("<!DOCTYPE D [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-62 undeclared entity", text("<D:propfind xmlns:D='DAV:'><D:prop><D:getetag>&x;</D:getetag></D:prop></D:propfind>")),
        ("B-62 bad reference", text("<D:propfind xmlns:D='DAV:'><D:prop><D:getetag>&#0;</D:getetag></D:prop></D:propfind>")),
        ("B-62 reference to a forbidden char", text("<D:propfind xmlns:D='DAV:'><D:prop><D:a>&#xFFFE;</D:a></D:prop></D:propfind>")),
        ("B-62 bare ampersand", text("<D:propfind xmlns:D='DAV:'><D:prop><D:a>a & b</D:a></D:prop></D:propfind>")),
        ("B-62 XML 1.1", text("<?xml version='1.1'?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-62 unclosed", text("<D:propfind xmlns:D='DAV:'><D:allprop/>")),
        ("B-62 crossed", text("<D:propfind xmlns:D='DAV:'><D:prop></D:propfind></D:prop>")),
        ("B-62 two roots", text("<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-62 text after the root", text("<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>x")),
        ("B-62 text before the root", text("x<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-62 no XML at all", text("hello")),
        ("B-62 white space only", text("  \n")),
        ("B-62 late declaration", text(" <?xml version='1.0'?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")),
        ("B-62 attribute without quotes", text("<D:propfind xmlns:D=DAV:><D:allprop/></D:propfind>")),
        ("B-62 double attribute", text("<D:propfind xmlns:D='DAV:' a='1' a='2'><D:allprop/></D:propfind>")),
        ("B-62 less-than in an attribute", text("<D:propfind xmlns:D='DAV:' a='<'><D:allprop/></D:propfind>")),
        ("B-62 unclosed comment", text("<D:propfind xmlns:D='DAV:'><!-- <D:allprop/></D:propfind>")),
        ("B-62 double dash in a comment", text("<D:propfind xmlns:D='DAV:'><!-- a -- b --><D:allprop/></D:propfind>")),
        ("B-62 bracket end in text", text("<D:propfind xmlns:D='DAV:'><D:prop><D:a>]]></D:a></D:prop></D:propfind>")),
        ("B-63 undeclared prefix", text("<D:propfind xmlns:D='DAV:'><D:prop><x:a/></D:prop></D:propfind>")),
        ("B-63 undeclared prefix of the root", text("<D:propfind><D:allprop/></D:propfind>")),
        ("B-63 empty namespace for a prefix", text("<D:propfind xmlns:D='DAV:'><D:prop><x:a xmlns:x=''/></D:prop></D:propfind>")),
        ("B-63 xmlns redefined", text("<D:propfind xmlns:D='DAV:' xmlns:xmlns='urn:x'><D:allprop/></D:propfind>")),
        ("B-63 xml redefined", text("<D:propfind xmlns:D='DAV:' xmlns:xml='urn:x'><D:allprop/></D:propfind>")),
        ("B-63 same attribute twice by namespace", text("<D:propfind xmlns:D='DAV:' xmlns:a='urn:x' xmlns:b='urn:x' a:c='1' b:c='2'><D:allprop/></D:propfind>")),
        ("B-63 entity in a namespace", text("<D:propfind xmlns:D='DA&#86;:'><D:allprop/></D:propfind>")),
        ("B-64 other root", text("<D:propertyupdate xmlns:D='DAV:'/>")),
        ("B-65 no namespace", text("<propfind><allprop/></propfind>")),
        ("B-65 other namespace", text("<propfind xmlns='urn:x'><allprop/></propfind>")),
        ("B-66 nothing asked", text("<D:propfind xmlns:D='DAV:'/>")),
        ("B-66 two questions", text("<D:propfind xmlns:D='DAV:'><D:allprop/><D:propname/></D:propfind>")),
        ("B-66 prop and allprop", text("<D:propfind xmlns:D='DAV:'><D:prop/><D:allprop/></D:propfind>")),
        ("B-66 include without allprop", text("<D:propfind xmlns:D='DAV:'><D:propname/><D:include><D:a/></D:include></D:propfind>")),
        ("B-75 bad UTF-8", b"<D:propfind xmlns:D='DAV:'><D:prop><D:a>\xff</D:a></D:prop></D:propfind>".to_vec()),
        ("B-75 overlong UTF-8", b"<D:propfind xmlns:D='DAV:'><D:prop><D:a>\xc0\xaf</D:a></D:prop></D:propfind>".to_vec()),
        ("B-75 control character", b"<D:propfind xmlns:D='DAV:'><D:prop><D:a>\x01</D:a></D:prop></D:propfind>".to_vec()),
        ("B-75 NUL", b"<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>\0".to_vec()),
    ]
}

#[test]
fn malformed_bodies_get_400() {
    for (number, (name, body)) in malformed().into_iter().enumerate() {
        let mut request = propfind(name, body);
        request.chunked = number % 2 == 1;
        shared().refuse(400, &request);
    }
    for (name, inner) in [
        ("allprop", "<D:allprop/>"),
        ("propname", "<D:propname/>"),
        ("prop", "<D:prop><D:getetag/></D:prop>"),
        ("allprop with include", "<D:allprop/><D:include><D:acl/></D:include>"),
        ("references", "<D:prop><x:a xmlns:x=\"urn:a&amp;b\"/></D:prop>"),
        ("empty prop", "<D:prop/>"),
    ] {
        let request = propfind(&format!("B-66 fine {name}"), wrap(inner));
        if name == "references" {
            shared().ask(&request); // may be refused: an entity in a namespace declaration
        } else {
            shared().pass(&request);
        }
    }
    // No body at all means allprop (4918 9.1).
    shared().pass(&req("PROPFIND without a body", "PROPFIND", "/files/x").with("Depth", "0"));
    shared().settle();
}

// B-62, B-64, B-67: every method knows its root.
#[test]
fn roots_belong_to_methods() {
    let lab = shared();
    let send = |name: &str, method: &str, body: &str| {
        let target = if method.starts_with("MK") { "/all/new/" } else { "/all/x" };
        req(name, method, target).xml(body)
    };
    for (name, method, body, status) in [
        ("B-64 PROPPATCH with propfind", "PROPPATCH", PROPFIND, 400),
        ("B-64 LOCK with propfind", "LOCK", PROPFIND, 400),
        ("B-64 ACL with propfind", "ACL", PROPFIND, 400),
        ("B-64 SEARCH with propfind", "SEARCH", PROPFIND, 400),
        ("B-64 MKCOL with propfind", "MKCOL", PROPFIND, 415),
        ("B-64 MKCALENDAR with propfind", "MKCALENDAR", PROPFIND, 415),
        ("B-64 OPTIONS with propfind", "OPTIONS", PROPFIND, 415),
        ("B-62 PROPPATCH without a body", "PROPPATCH", "", 400),
        ("B-62 REPORT without a body", "REPORT", "", 400),
        ("B-62 ACL without a body", "ACL", "", 400),
        ("B-67 nothing to do", "PROPPATCH", "<D:propertyupdate xmlns:D='DAV:'/>", 400),
        ("B-67 set without prop", "PROPPATCH", "<D:propertyupdate xmlns:D='DAV:'><D:set/></D:propertyupdate>", 400),
    ] {
        lab.refuse(status, &send(name, method, body));
    }
    for (name, method, body) in [
        ("B-64 PROPPATCH", "PROPPATCH", PROPPATCH),
        ("B-64 LOCK", "LOCK", LOCKINFO),
        ("B-64 ACL", "ACL", ACL),
        ("B-64 MKCOL", "MKCOL", "<D:mkcol xmlns:D='DAV:'><D:set><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop></D:set></D:mkcol>"),
        ("B-64 MKCALENDAR", "MKCALENDAR", "<C:mkcalendar xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:set><D:prop><D:displayname>a</D:displayname></D:prop></D:set></C:mkcalendar>"),
        ("B-64 MKCOL without a body", "MKCOL", ""),
        ("B-64 LOCK refresh without a body", "LOCK", ""),
        ("B-64 OPTIONS", "OPTIONS", "<D:options xmlns:D='DAV:'><D:version-history-collection-set/></D:options>"),
    ] {
        lab.pass(&send(name, method, body).with("If", "(<opaquelocktoken:b1>)"));
    }
    lab.settle();
}

// B-73, B-74, B-77, B-79.
#[test]
fn media_types_and_charsets() {
    let typed = |name: &str, kind: &str, body: Vec<u8>| {
        req(name, "PROPFIND", "/files/x").with("Depth", "0").with("Content-Type", kind).body(body)
    };
    let good = || wrap("<D:allprop/>").into_bytes();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "xml", "text/html"] {
        shared().refuse(415, &typed(&format!("B-77 {kind}"), kind, good()));
    }
    let utf16: Vec<u8> = wrap("<D:allprop/>").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = wrap("<D:allprop/>").chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
    shared().refuse(415, &typed("B-73 UTF-16 without BOM", "application/xml", utf16));
    shared().refuse(415, &typed("B-73 UTF-32", "application/xml", utf32));
    for encoding in ["utf-7", "windows-1252", "EBCDIC-CP-US", "gbk", "utf-32", "shift_jis"] {
        let body = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{}", wrap("<D:allprop/>"));
        shared().refuse(415, &typed(&format!("B-73 declared {encoding}"), "application/xml", body.into_bytes()));
        shared().refuse(415, &typed(&format!("B-73 charset {encoding}"), &format!("application/xml; charset={encoding}"), good()));
    }
    let declared = |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>{}", wrap("<D:allprop/>")).into_bytes();
    shared().refuse(400, &typed("B-74 charset against declaration", "text/xml; charset=utf-8", declared("iso-8859-1")));
    let with_bom = |name| [b"\xef\xbb\xbf".to_vec(), declared(name)].concat();
    shared().refuse(400, &typed("B-74 BOM against declaration", "text/xml", with_bom("iso-8859-1")));
    shared().refuse(400, &typed("B-74 BOM against charset", "text/xml; charset=iso-8859-1", with_bom("utf-8")));
    shared().pass(&typed("B-74 all agree", "text/xml; charset=utf-8", with_bom("UTF-8")));
    shared().refuse(415, &req("B-79 MKCOL", "MKCOL", "/files/new/").with("Content-Type", "text/plain").body("x"));
    shared().settle();
}

// B-78.
#[test]
fn bodies_where_none_belongs() {
    let lab = shared();
    for method in ["GET", "HEAD", "DELETE", "COPY", "MOVE", "UNLOCK"] {
        let request = |name: &str| {
            req(&format!("B-78 {method} {name}"), method, "/files/x")
                .with("Destination", "http://dav.test/files/y")
                .with("Lock-Token", "<opaquelocktoken:b1>")
        };
        lab.refuse(415, &request("text").with("Content-Type", "text/plain").body("x"));
        lab.refuse(415, &request("XML").xml(PROPFIND));
        lab.refuse(415, &request("chunked").xml(PROPFIND).chunked());
        lab.pass(&request("empty").body(""));
        lab.pass(&request("empty and chunked").body("").chunked());
    }
    lab.settle();
}

// B-71.
#[test]
fn counts_have_limits() {
    let nested = |depth: usize| wrap(&format!("<D:prop>{}{}</D:prop>", "<D:a>".repeat(depth), "</D:a>".repeat(depth)));
    let attributes = |count: usize| {
        let list: String = (0..count).map(|n| format!(" a{n}='1'")).collect();
        wrap(&format!("<D:prop><D:a{list}/></D:prop>"))
    };
    let send = |name: &str, body: String| req(name, "PROPFIND", "/all/x").with("Depth", "0").xml(body);
    shared().pass(&send("B-71 depth 60", nested(58)));
    shared().refuse(400, &send("B-71 depth 70", nested(68)));
    shared().refuse(400, &send("B-71 depth 50000", nested(50_000)));
    shared().pass(&send("B-71 64 attributes", attributes(64)));
    shared().refuse(400, &send("B-71 65 attributes", attributes(65)));
    shared().refuse(400, &send("B-71 50001 elements", wrap(&format!("<D:prop>{}</D:prop>", "<D:a/>".repeat(50_001)))));
    shared().refuse(400, &send("B-71 name of 1025", wrap(&format!("<D:prop><D:{}/></D:prop>", "a".repeat(1025)))));
    shared().settle();
}
