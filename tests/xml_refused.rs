//! XML bodies that must be refused before the back end hears of the request (spec 5.3 B-60 to B-81), each beside its accepted twin.
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
    each(
        [
            ("SYSTEM", "<!DOCTYPE D SYSTEM \"file:///etc/passwd\">"),
            ("PUBLIC", "<!DOCTYPE D PUBLIC \"-//x\" \"http://evil.test/x.dtd\">"),
            (
                "external entity",
                "<!DOCTYPE D [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
            ),
            (
                "parameter entity",
                "<!DOCTYPE D [<!ENTITY % x PUBLIC \"a\" \"http://evil.test/\"> %x;]>",
            ),
        ],
        |(name, doctype)| {
            for (kind, chunked) in [("length", false), ("chunked", true)] {
                let mut request = propfind(&format!("B-60 {name} {kind}"), format!("{doctype}{PROPFIND}"));
                request.body = Some(format!("<?xml version=\"1.0\"?>{doctype}{}", wrap("<D:allprop/>")).into_bytes());
                request.chunked = chunked;
                shared().refuse_for(403, "no-external-entities", &request);
            }
        },
    );
    shared().settle();
}

/// (case, body): 400.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let text = |body: &str| body.as_bytes().to_vec();
    vec![
        (
            "B-61 DOCTYPE",
            text("<!DOCTYPE D><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>"),
        ),
        (
            "B-61 internal entity",
            text("<!DOCTYPE D [<!ENTITY x 'y'>]><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>"),
        ),
        (
            "B-61 laughs",
            text(
                "<!DOCTYPE D [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>",
            ),
        ),
        (
            "B-62 undeclared entity",
            text("<D:propfind xmlns:D='DAV:'><D:prop><D:getetag>&x;</D:getetag></D:prop></D:propfind>"),
        ),
        (
            "B-62 bad reference",
            text("<D:propfind xmlns:D='DAV:'><D:prop><D:getetag>&#0;</D:getetag></D:prop></D:propfind>"),
        ),
        (
            "B-62 reference to a forbidden char",
            text("<D:propfind xmlns:D='DAV:'><D:prop><D:a>&#xFFFE;</D:a></D:prop></D:propfind>"),
        ),
        (
            "B-62 bare ampersand",
            text("<D:propfind xmlns:D='DAV:'><D:prop><D:a>a & b</D:a></D:prop></D:propfind>"),
        ),
        (
            "B-62 XML 1.1",
            text("<?xml version='1.1'?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>"),
        ),
        ("B-62 unclosed", text("<D:propfind xmlns:D='DAV:'><D:allprop/>")),
        (
            "B-62 crossed",
            text("<D:propfind xmlns:D='DAV:'><D:prop></D:propfind></D:prop>"),
        ),
        (
            "B-62 two roots",
            text(
                "<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>",
            ),
        ),
        (
            "B-62 text after the root",
            text("<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>x"),
        ),
        (
            "B-62 text before the root",
            text("x<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>"),
        ),
        ("B-62 no XML at all", text("hello")),
        ("B-62 white space only", text("  \n")),
        (
            "B-62 late declaration",
            text(" <?xml version='1.0'?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>"),
        ),
        (
            "B-62 attribute without quotes",
            text("<D:propfind xmlns:D=DAV:><D:allprop/></D:propfind>"),
        ),
        (
            "B-62 double attribute",
            text("<D:propfind xmlns:D='DAV:' a='1' a='2'><D:allprop/></D:propfind>"),
        ),
        (
            "B-62 less-than in an attribute",
            text("<D:propfind xmlns:D='DAV:' a='<'><D:allprop/></D:propfind>"),
        ),
        (
            "B-62 unclosed comment",
            text("<D:propfind xmlns:D='DAV:'><!-- <D:allprop/></D:propfind>"),
        ),
        (
            "B-62 double dash in a comment",
            text("<D:propfind xmlns:D='DAV:'><!-- a -- b --><D:allprop/></D:propfind>"),
        ),
        (
            "B-62 bracket end in text",
            text("<D:propfind xmlns:D='DAV:'><D:prop><D:a>]]></D:a></D:prop></D:propfind>"),
        ),
        (
            "B-63 undeclared prefix",
            text("<D:propfind xmlns:D='DAV:'><D:prop><x:a/></D:prop></D:propfind>"),
        ),
        (
            "B-63 undeclared prefix of the root",
            text("<D:propfind><D:allprop/></D:propfind>"),
        ),
        (
            "B-63 empty namespace for a prefix",
            text("<D:propfind xmlns:D='DAV:'><D:prop><x:a xmlns:x=''/></D:prop></D:propfind>"),
        ),
        (
            "B-63 xmlns redefined",
            text("<D:propfind xmlns:D='DAV:' xmlns:xmlns='urn:x'><D:allprop/></D:propfind>"),
        ),
        (
            "B-63 xml redefined",
            text("<D:propfind xmlns:D='DAV:' xmlns:xml='urn:x'><D:allprop/></D:propfind>"),
        ),
        (
            "B-63 same attribute twice by namespace",
            text(
                "<D:propfind xmlns:D='DAV:' xmlns:a='urn:x' xmlns:b='urn:x' a:c='1' b:c='2'><D:allprop/></D:propfind>",
            ),
        ),
        (
            "B-63 entity in a namespace",
            text("<D:propfind xmlns:D='DA&#86;:'><D:allprop/></D:propfind>"),
        ),
        ("B-64 other root", text("<D:propertyupdate xmlns:D='DAV:'/>")),
        ("B-65 no namespace", text("<propfind><allprop/></propfind>")),
        (
            "B-65 other namespace",
            text("<propfind xmlns='urn:x'><allprop/></propfind>"),
        ),
        ("B-66 nothing asked", text("<D:propfind xmlns:D='DAV:'/>")),
        (
            "B-66 two questions",
            text("<D:propfind xmlns:D='DAV:'><D:allprop/><D:propname/></D:propfind>"),
        ),
        (
            "B-66 prop and allprop",
            text("<D:propfind xmlns:D='DAV:'><D:prop/><D:allprop/></D:propfind>"),
        ),
        (
            "B-66 include without allprop",
            text("<D:propfind xmlns:D='DAV:'><D:propname/><D:include><D:a/></D:include></D:propfind>"),
        ),
        (
            "B-75 bad UTF-8",
            b"<D:propfind xmlns:D='DAV:'><D:prop><D:a>\xff</D:a></D:prop></D:propfind>".to_vec(),
        ),
        (
            "B-75 overlong UTF-8",
            b"<D:propfind xmlns:D='DAV:'><D:prop><D:a>\xc0\xaf</D:a></D:prop></D:propfind>".to_vec(),
        ),
        (
            "B-75 control character",
            b"<D:propfind xmlns:D='DAV:'><D:prop><D:a>\x01</D:a></D:prop></D:propfind>".to_vec(),
        ),
        (
            "B-75 NUL",
            b"<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>\0".to_vec(),
        ),
    ]
}

#[test]
fn malformed_bodies_get_400() {
    each(malformed().into_iter().enumerate(), |(number, (name, body))| {
        let mut request = propfind(name, body);
        request.chunked = number % 2 == 1;
        shared().refuse(400, &request);
    });
    each(
        [
            ("allprop", "<D:allprop/>"),
            ("propname", "<D:propname/>"),
            ("prop", "<D:prop><D:getetag/></D:prop>"),
            ("allprop with include", "<D:allprop/><D:include><D:acl/></D:include>"),
            ("references", "<D:prop><x:a xmlns:x=\"urn:a&amp;b\"/></D:prop>"),
            ("empty prop", "<D:prop/>"),
        ],
        |(name, inner)| {
            let request = propfind(&format!("B-66 fine {name}"), wrap(inner));
            if name == "references" {
                shared().ask(&request); // may be refused: an entity in a namespace declaration
            } else {
                shared().pass(&request);
            }
        },
    );
    // No body at all means allprop (4918 9.1).
    shared().pass(&req("PROPFIND without a body", "PROPFIND", "/files/x").with("Depth", "0"));
    shared().settle();
}

// B-62, B-64, B-67: every method knows its root.
#[test]
fn roots_belong_to_methods() {
    let lab = shared();
    let send = |name: &str, method: &str, body: &str| {
        let target = if method.starts_with("MK") {
            "/all/new/"
        } else {
            "/all/x"
        };
        req(name, method, target).xml(body)
    };
    each(
        [
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
            (
                "B-67 nothing to do",
                "PROPPATCH",
                "<D:propertyupdate xmlns:D='DAV:'/>",
                400,
            ),
            (
                "B-67 set without prop",
                "PROPPATCH",
                "<D:propertyupdate xmlns:D='DAV:'><D:set/></D:propertyupdate>",
                400,
            ),
        ],
        |(name, method, body, status)| {
            lab.refuse(status, &send(name, method, body));
        },
    );
    each(
        [
            ("B-64 PROPPATCH", "PROPPATCH", PROPPATCH),
            ("B-64 LOCK", "LOCK", LOCKINFO),
            ("B-64 ACL", "ACL", ACL),
            (
                "B-64 MKCOL",
                "MKCOL",
                "<D:mkcol xmlns:D='DAV:'><D:set><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop></D:set></D:mkcol>",
            ),
            (
                "B-64 MKCALENDAR",
                "MKCALENDAR",
                "<C:mkcalendar xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:set><D:prop><D:displayname>a</D:displayname></D:prop></D:set></C:mkcalendar>",
            ),
            ("B-64 MKCOL without a body", "MKCOL", ""),
            ("B-64 LOCK refresh without a body", "LOCK", ""),
            (
                "B-64 OPTIONS",
                "OPTIONS",
                "<D:options xmlns:D='DAV:'><D:version-history-collection-set/></D:options>",
            ),
        ],
        |(name, method, body)| {
            lab.pass(&send(name, method, body).with("If", "(<opaquelocktoken:b1>)"));
        },
    );
    lab.settle();
}

// B-71.
#[test]
fn counts_have_limits() {
    let nested = |depth: usize| {
        wrap(&format!(
            "<D:prop>{}{}</D:prop>",
            "<D:a>".repeat(depth),
            "</D:a>".repeat(depth)
        ))
    };
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
    shared().refuse(
        400,
        &send(
            "B-71 50001 elements",
            wrap(&format!("<D:prop>{}</D:prop>", "<D:a/>".repeat(50_001))),
        ),
    );
    shared().refuse(
        400,
        &send(
            "B-71 name of 1025",
            wrap(&format!("<D:prop><D:{}/></D:prop>", "a".repeat(1025))),
        ),
    );
    shared().settle();
}
