//! What an XML body may be called, and where a body has no place (spec 5.3 B-73 to B-79).
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
use support::samples::PROPFIND;
use support::wire::req;

fn wrap(inner: &str) -> String {
    format!("<D:propfind xmlns:D=\"DAV:\">{inner}</D:propfind>")
}

// B-73, B-74, B-77, B-79.
#[test]
fn media_types_and_charsets() {
    let typed = |name: &str, kind: &str, body: Vec<u8>| {
        req(name, "PROPFIND", "/files/x")
            .with("Depth", "0")
            .with("Content-Type", kind)
            .body(body)
    };
    let good = || wrap("<D:allprop/>").into_bytes();
    each(
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json",
            "multipart/form-data; boundary=x",
            "xml",
            "text/html",
        ],
        |kind| {
            shared().refuse(415, &typed(&format!("B-77 {kind}"), kind, good()));
        },
    );
    let utf16: Vec<u8> = wrap("<D:allprop/>").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = wrap("<D:allprop/>")
        .chars()
        .flat_map(|c| (c as u32).to_be_bytes())
        .collect();
    shared().refuse(415, &typed("B-73 UTF-16 without BOM", "application/xml", utf16));
    shared().refuse(415, &typed("B-73 UTF-32", "application/xml", utf32));
    each(
        ["utf-7", "windows-1252", "EBCDIC-CP-US", "gbk", "utf-32", "shift_jis"],
        |encoding| {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"{encoding}\"?>{}",
                wrap("<D:allprop/>")
            );
            shared().refuse(
                415,
                &typed(
                    &format!("B-73 declared {encoding}"),
                    "application/xml",
                    body.into_bytes(),
                ),
            );
            shared().refuse(
                415,
                &typed(
                    &format!("B-73 charset {encoding}"),
                    &format!("application/xml; charset={encoding}"),
                    good(),
                ),
            );
        },
    );
    let declared =
        |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>{}", wrap("<D:allprop/>")).into_bytes();
    shared().refuse(
        400,
        &typed(
            "B-74 charset against declaration",
            "text/xml; charset=utf-8",
            declared("iso-8859-1"),
        ),
    );
    let with_bom = |name| [b"\xef\xbb\xbf".to_vec(), declared(name)].concat();
    shared().refuse(
        400,
        &typed("B-74 BOM against declaration", "text/xml", with_bom("iso-8859-1")),
    );
    shared().refuse(
        400,
        &typed(
            "B-74 BOM against charset",
            "text/xml; charset=iso-8859-1",
            with_bom("utf-8"),
        ),
    );
    shared().pass(&typed("B-74 all agree", "text/xml; charset=utf-8", with_bom("UTF-8")));
    shared().refuse(
        415,
        &req("B-79 MKCOL", "MKCOL", "/files/new/")
            .with("Content-Type", "text/plain")
            .body("x"),
    );
    shared().settle();
}

// B-78.
#[test]
fn bodies_where_none_belongs() {
    let lab = shared();
    each(["GET", "HEAD", "DELETE", "COPY", "MOVE", "UNLOCK"], |method| {
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
    });
    lab.settle();
}
