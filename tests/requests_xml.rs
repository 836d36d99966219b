//! XML request bodies over the wire: re-serialised with hrefs mapped where a URL of the server stands, and byte for byte where data
//! stands (spec 1.3, 1.4 Q-11 to Q-16, R-1 to R-12, B-68, B-72, B-80, B-94).
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
use support::samples::{LOCKINFO, PROPFIND, SYNC};
use support::wire::{Req, req};

/// The body that arrived for this request.
fn forwarded(request: &Req) -> String {
    let (seen, _) = shared().pass(request);
    assert!(seen.whole, "{}: the body came completely", request.name);
    assert!(
        seen.header("content-type").is_some_and(|kind| kind.contains("xml")),
        "{}: {:?}",
        request.name,
        seen.headers
    );
    seen.text()
}

/// All of `parts` stand in `body`, in this order.
fn in_order(name: &str, body: &str, parts: &[&str]) {
    let mut from = 0;
    each(parts, |part| {
        let at = body[from..]
            .find(part)
            .unwrap_or_else(|| panic!("{name}: no {part:?} in its place in {body}"));
        from += at + part.len();
    });
}

const CAL: &str = "xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"";

// Q-13: in the client's order.
#[test]
fn multiget_hrefs_are_mapped() {
    let body = format!(
        "<C:calendar-multiget {CAL}><D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>/files/cal/b.ics</D:href>\
         <D:href>http://dav.test/files/cal/a.ics</D:href><D:href> /%66iles//cal/%63.ics </D:href></C:calendar-multiget>"
    );
    let got = forwarded(
        &req("Q-13 calendar-multiget", "REPORT", "/files/cal/")
            .with("Depth", "1")
            .xml(body),
    );
    in_order("Q-13", &got, &["/dav/cal/b.ics<", "/dav/cal/a.ics<", "/dav/cal/c.ics<"]);
    assert!(!got.contains("files"), "{got}");
    each(
        [
            ("dots", "/files/cal/../x"),
            ("encoded slash", "/files/cal/a%2fb"),
            ("encoded dots", "/files/%2e%2e/x"),
            ("double encoding", "/files/%252e%252e/x"),
            ("not UTF-8", "/files/%ff"),
        ],
        |(name, href)| {
            let body = format!(
                "<C:calendar-multiget {CAL}><D:prop><D:getetag/></D:prop><D:href>/files/cal/a.ics</D:href><D:href>{href}</D:href>\
             </C:calendar-multiget>"
            );
            shared().refuse(
                400,
                &req(&format!("P-12 multiget {name}"), "REPORT", "/files/cal/").xml(body),
            );
        },
    );
    // What is no URL of ours never reaches the back end as a URL of its own.
    each(
        [
            ("outside", "/dav/cal/a.ics"),
            ("another route", "/ro/a.ics"),
            ("a stranger", "http://evil.test/files/a"),
        ],
        |(name, href)| {
            let body = format!(
                "<C:calendar-multiget {CAL}><D:prop><D:getetag/></D:prop><D:href>{href}</D:href></C:calendar-multiget>"
            );
            let name = format!("Q-13 multiget {name}");
            shared().ask(&req(&name, "REPORT", "/files/cal/").xml(body));
            assert!(
                !shared()
                    .backend
                    .case(&name)
                    .iter()
                    .any(|seen| seen.text().contains(href)),
                "{name}"
            );
        },
    );
}

// Q-11: live properties that a client may set.
#[test]
fn writable_live_properties_are_mapped() {
    let body = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:group-member-set><D:href>/files/users/a</D:href>\
        <D:href>http://dav.test/files/users/b</D:href><D:href>mailto:c@dav.test</D:href><D:href>http://other.test/files/d</D:href>\
        </D:group-member-set></D:prop></D:set></D:propertyupdate>";
    let got = forwarded(&req("Q-11 group-member-set", "PROPPATCH", "/files/groups/g").xml(body));
    let absolute = format!("{}/dav/users/b<", shared().origin());
    in_order(
        "Q-11",
        &got,
        &[
            ">/dav/users/a<",
            &absolute,
            ">mailto:c@dav.test<",
            ">http://other.test/files/d<",
        ],
    );
    // Not writable: data, whatever it looks like (R-1).
    let body = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:displayname><D:href>/files/a</D:href></D:displayname>\
        </D:prop></D:set></D:propertyupdate>";
    assert!(forwarded(&req("Q-11 another property", "PROPPATCH", "/files/g").xml(body)).contains(">/files/a<"));
}

// Q-12.
#[test]
fn acl_principals_are_mapped() {
    let body = "<a:acl xmlns:a=\"DAV:\"><a:ace><a:principal><a:href>/all/users/a</a:href></a:principal><a:grant><a:privilege><a:read/>\
        </a:privilege></a:grant></a:ace><a:ace><a:invert><a:principal><a:href>http://dav.test/all/users/b</a:href></a:principal>\
        </a:invert><a:deny><a:privilege><a:write/></a:privilege></a:deny></a:ace></a:acl>";
    let got = forwarded(&req("Q-12 acl", "ACL", "/all/x").xml(body));
    in_order("Q-12", &got, &["/all-in/users/a<", "/all-in/users/b<"]);
    assert!(!got.contains("/all/"), "{got}");
}

// Q-13, Q-14: hrefs of the opt-in methods.
#[test]
fn hrefs_of_other_methods_are_mapped() {
    each(
        [
            (
                "Q-13 VERSION-CONTROL",
                "VERSION-CONTROL",
                "<D:version-control xmlns:D='DAV:'><D:version><D:href>/all/h/1</D:href></D:version></D:version-control>",
            ),
            (
                "Q-13 UPDATE",
                "UPDATE",
                "<D:update xmlns:D='DAV:'><D:version><D:href>/all/h/1</D:href></D:version></D:update>",
            ),
            (
                "Q-13 MERGE",
                "MERGE",
                "<D:merge xmlns:D='DAV:'><D:source><D:href>/all/h/1</D:href></D:source></D:merge>",
            ),
            (
                "Q-13 CHECKOUT",
                "CHECKOUT",
                "<D:checkout xmlns:D='DAV:'><D:activity-set><D:href>/all/h/1</D:href></D:activity-set></D:checkout>",
            ),
            (
                "Q-13 BASELINE-CONTROL",
                "BASELINE-CONTROL",
                "<D:baseline-control xmlns:D='DAV:'><D:baseline><D:href>/all/h/1</D:href></D:baseline></D:baseline-control>",
            ),
            (
                "Q-14 SEARCH",
                "SEARCH",
                "<D:searchrequest xmlns:D='DAV:'><D:basicsearch><D:select><D:allprop/></D:select><D:from><D:scope><D:href>/all/h/1</D:href><D:depth>1</D:depth></D:scope></D:from></D:basicsearch></D:searchrequest>",
            ),
        ],
        |(name, method, body)| {
            let got = forwarded(&req(name, method, "/all/x").xml(body));
            assert!(got.contains("/all-in/h/1<") && !got.contains("/all/"), "{name}: {got}");
        },
    );
}

// R-10, R-12: dead properties are data.
#[test]
fn dead_properties_arrive_unchanged() {
    let value = "<x:link xmlns:x=\"urn:x\" xmlns:D2=\"DAV:\" xml:lang=\"de\" x:href=\"/files/a\"> <D2:href>/files/a</D2:href>\n  \
        http://dav.test/files/b &amp; &lt;c&gt; \u{e9} <x:y/></x:link>";
    let body = format!("<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>{value}</D:prop></D:set></D:propertyupdate>");
    let got = forwarded(&req("R-10 dead property", "PROPPATCH", "/files/p").xml(body));
    each(
        [
            "D2:href>/files/a</D2:href>\n  http://dav.test/files/b &amp; &lt;c&gt; \u{e9} <x:y",
            "x:href=\"/files/a\"",
            "xml:lang=\"de\"",
            "xmlns:x=\"urn:x\"",
            "> <D2:href>",
        ],
        |part| {
            assert!(got.contains(part), "no {part:?} in {got}");
        },
    );
    // The same name as a live property in another namespace is dead.
    let body = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><owner xmlns=\"urn:mine\"><D:href>/files/a</D:href></owner></D:prop>\
        </D:set></D:propertyupdate>";
    assert!(forwarded(&req("R-1 another namespace", "PROPPATCH", "/files/p").xml(body)).contains(">/files/a<"));
    // Two properties of one name with the order of set and remove kept.
    let body = "<D:propertyupdate xmlns:D=\"DAV:\"><D:remove><D:prop><a xmlns=\"urn:m\"/></D:prop></D:remove><D:set><D:prop>\
        <a xmlns=\"urn:m\">1</a></D:prop></D:set></D:propertyupdate>";
    let got = forwarded(&req("R-12 order", "PROPPATCH", "/files/p").xml(body));
    in_order("R-12 order", &got, &["remove", "set", ">1<"]);
}

// RFC 2518 12.12: accepted and dropped.
#[test]
fn the_old_body_of_copy_is_dropped() {
    let body = "<D:propertybehavior xmlns:D=\"DAV:\"><D:keepalive>*</D:keepalive></D:propertybehavior>";
    each(["COPY", "MOVE"], |method| {
        let request = req(&format!("propertybehavior {method}"), method, "/files/pb").with("Destination", "/files/pb2");
        assert!(shared().pass(&request.xml(body)).0.body.is_empty(), "{method}");
    });
}

// Q-15, Q-16: opaque places.
#[test]
fn opaque_places_arrive_unchanged() {
    let body = LOCKINFO.replace(
        ">me<",
        "><D:href>/files/me</D:href> http://dav.test/files/me <x xmlns=\"urn:x\">1</x><",
    );
    let got = forwarded(&req("Q-15 owner", "LOCK", "/files/l").xml(body));
    assert!(
        got.contains(">/files/me<") && got.contains(" http://dav.test/files/me ") && got.contains("urn:x"),
        "{got}"
    );
    let got = forwarded(&req("Q-16 sync-token", "REPORT", "/files/col/").xml(SYNC));
    assert!(got.contains(">http://dav.test/files/token/1<"), "{got}");
}

// R-12, B-68, B-80: what means nothing is not forwarded.
#[test]
fn noise_is_dropped() {
    let body = "<?xml version=\"1.0\"?><?evil pi?><!-- one --><D:propfind xmlns:D=\"DAV:\" xmlns:x=\"urn:x\"><!-- two --><x:extra>\
        <D:href>/files/a</D:href></x:extra><D:prop><?evil pi?><D:getetag/><x:mine/></D:prop></D:propfind><!-- three -->";
    let got = forwarded(&req("B-68 noise", "PROPFIND", "/files/n").with("Depth", "0").xml(body));
    each(["evil", "one", "two", "three", "extra", "/files/"], |part| {
        assert!(!got.contains(part), "{part:?} in {got}");
    });
    assert!(
        got.contains("getetag") && got.contains("mine") && got.contains("urn:x"),
        "{got}"
    );
}

// B-72, B-74, B-76, B-77: accepted spellings, forwarded as UTF-8.
#[test]
fn encodings_are_read_and_forwarded_as_utf8() {
    let text = "<D:propfind xmlns:D=\"DAV:\"><D:prop><p\u{e9} xmlns=\"urn:x\"/></D:prop></D:propfind>";
    let utf16 = |big: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let latin: Vec<u8> = format!("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>{text}")
        .chars()
        .map(|c| c as u8)
        .collect();
    let ascii = text.replace('\u{e9}', "e").into_bytes();
    each(
        [
            (
                "UTF-8 with BOM",
                Some("application/xml"),
                format!("\u{feff}{text}").into_bytes(),
            ),
            ("UTF-16LE", Some("application/xml"), utf16(false)),
            ("UTF-16BE", Some("text/xml"), utf16(true)),
            ("ISO-8859-1", Some("application/xml"), latin),
            ("no type", None, text.into()),
            ("text/xml", Some("text/xml"), text.into()),
            ("+xml", Some("application/davprops+xml"), text.into()),
            ("charset", Some("application/xml; charset=utf-8"), text.into()),
            (
                "charset quoted, upper case",
                Some("Application/XML; Charset=\"UTF-8\""),
                text.into(),
            ),
            ("US-ASCII", Some("application/xml; charset=us-ascii"), ascii),
        ],
        |(name, kind, body)| {
            let mut request = req(&format!("B-72 {name}"), "PROPFIND", "/files/e")
                .with("Depth", "0")
                .body(body);
            if let Some(kind) = kind {
                request = request.with("Content-Type", kind);
            }
            let got = forwarded(&request);
            assert!(
                got.contains("<p\u{e9}") || got.contains(":p\u{e9}") || name == "US-ASCII",
                "{name}: {got}"
            );
            assert!(!got.contains("iso-8859"), "{name}: {got}");
        },
    );
}

// B-94, P-12: framing never decides whether a body is served, and what arrives is exactly as long as it says.
#[test]
fn chunked_and_long_bodies_are_served() {
    let names = |count: usize| (0..count).map(|n| format!("<x:name-{n:08}/>")).collect::<String>();
    let body = |count| {
        format!(
            "<D:propfind xmlns:D=\"DAV:\" xmlns:x=\"urn:x\"><D:prop>{}</D:prop></D:propfind>",
            names(count)
        )
    };
    each([("short", 1), ("60 kB", 3_000), ("300 kB", 15_000)], |(name, count)| {
        let request = req(&format!("length {name}"), "PROPFIND", "/all/len")
            .with("Depth", "0")
            .xml(body(count));
        let last = format!("name-{:08}", count - 1);
        assert!(forwarded(&request).contains(&last), "{name}");
        let mut chunked = request.clone().chunked();
        chunked.name = format!("chunked {name}");
        let got = forwarded(&chunked);
        assert!(got.contains(&last) && got.trim_end().ends_with('>'), "{name}, chunked");
    });
    // Several XML requests on one connection.
    let mut client = support::wire::Client::connect(shared().gateway.address);
    each(0..5, |number| {
        let request = req(&format!("keep-alive {number}"), "PROPFIND", "/files/k")
            .with("Depth", "0")
            .xml(PROPFIND);
        client.send(&if number % 2 == 0 { request.chunked() } else { request }.bytes());
        assert_eq!(client.answer(false).status, 207, "{number}");
    });
}

// RP-20, RP-21.
#[test]
fn reports_have_a_list_and_a_depth() {
    let report = |name: &str, body: &str| req(name, "REPORT", "/files/r").xml(body);
    each(
        [
            (
                "RP-13 svn",
                "<S:update-report xmlns:S='svn:'><S:src-path>/dav/a</S:src-path></S:update-report>",
            ),
            (
                "RP-20 unlisted",
                "<D:principal-match xmlns:D='DAV:'><D:self/></D:principal-match>",
            ),
            ("RP-20 unknown", "<D:no-such-report xmlns:D='DAV:'/>"),
            ("RP-20 wrong namespace", "<version-tree/>"),
        ],
        |(name, body)| {
            shared().refuse_for(403, "supported-report", &report(name, body));
        },
    );
    shared().refuse(400, &report("RP-21 sync infinity", SYNC).with("Depth", "infinity"));
    // A widespread client says 1, which the level in the body says already.
    each(["0", "1"], |depth| {
        let (seen, _) = shared().pass(&report(&format!("RP-21 sync {depth}"), SYNC).with("Depth", depth));
        assert_eq!(seen.header("depth"), Some("0"));
    });
    shared().settle();
}
