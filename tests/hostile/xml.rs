//! XML bodies, each by its length, in chunks of one byte, and in HTTP/1.0; what is wrong has its name (spec 5.3).

use super::support::each;
use super::support::lab::shared;
use super::support::table::{rows, text};
use super::support::wire::{Client, Req, req};

/// Status, condition, case, body of a PROPFIND.
const PROPFINDS: &str = r#"
403 | no-external-entities     | B-60 SYSTEM             | <!DOCTYPE D SYSTEM "file:///etc/passwd"><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
403 | no-external-entities     | B-60 in the subset      | <!DOCTYPE D [<!ENTITY x SYSTEM "http://evil.test/">]><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
403 | no-external-entities     | B-60 parameter entity   | <!DOCTYPE D [<!ENTITY % x PUBLIC "a" "http://evil.test/">%x;]><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
400 | xml-document-type        | B-61 DOCTYPE            | <!DOCTYPE D><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
400 | xml-document-type        | B-61 laughs             | <!DOCTYPE D [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><D:propfind xmlns:D='DAV:'><D:a>&b;</D:a></D:propfind>
400 | xml-undeclared-entity    | B-62 an entity of HTML  | <D:propfind xmlns:D='DAV:'><D:prop><D:a>&nbsp;</D:a></D:prop></D:propfind>
400 | xml-not-well-formed      | B-62 reference to NUL   | <D:propfind xmlns:D='DAV:'><D:prop><D:a>&#0;</D:a></D:prop></D:propfind>
400 | xml-version-not-supported| B-62 XML 1.1            | <?xml version='1.1'?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
400 | xml-not-well-formed      | B-62 no end             | <D:propfind xmlns:D='DAV:'><D:allprop/>
400 | xml-not-well-formed      | B-62 two roots          | <D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind><a/>
400 | xml-not-well-formed      | B-62 JSON               | {"propfind": "allprop"}
400 | xml-not-well-formed      | B-62 a request          | DELETE /dav/victim HTTP/1.1\r\nHost: dav.test\r\nX-Smuggled: yes\r\n\r\n
400 | xml-undeclared-prefix    | B-63 undeclared         | <D:propfind xmlns:D='DAV:'><D:prop><x:a/></D:prop></D:propfind>
400 | xml-namespace-declaration| B-63 undeclared again   | <D:propfind xmlns:D='DAV:'><D:prop><D:a xmlns:D=''/></D:prop></D:propfind>
400 | xml-namespace-declaration| B-63 xml is another     | <D:propfind xmlns:D='DAV:' xmlns:xml='urn:x'><D:allprop/></D:propfind>
400 | xml-reference-in-namespace| B-63 DAV: in disguise  | <D:propfind xmlns:D='DA&#86;:'><D:allprop/></D:propfind>
400 | xml-attribute-repeated   | B-63 one name twice     | <D:propfind xmlns:D='DAV:' xmlns:a='u' xmlns:b='u' a:c='' b:c=''><D:allprop/></D:propfind>
400 | xml-root-unexpected      | B-64 another root       | <D:propertyupdate xmlns:D='DAV:'><D:allprop/></D:propertyupdate>
400 | xml-root-unexpected      | B-65 no namespace       | <propfind><allprop/></propfind>
400 | xml-root-unexpected      | B-65 dav: in small      | <propfind xmlns='dav:'><allprop/></propfind>
400 | xml-root-unexpected      | B-65 a blank more       | <propfind xmlns='DAV: '><allprop/></propfind>
400 | propfind-without-choice  | B-66 nothing            | <D:propfind xmlns:D='DAV:'/>
400 | propfind-ambiguous       | B-66 two                | <D:propfind xmlns:D='DAV:'><D:prop/><D:allprop/></D:propfind>
400 | propfind-ambiguous       | B-66 one of them twice  | <D:propfind xmlns:D='DAV:'><D:propname/><D:propname/></D:propfind>
400 | propfind-include-without-allprop | B-66 include    | <D:propfind xmlns:D='DAV:'><D:propname/><D:include><D:a/></D:include></D:propfind>
400 | xml-encoding-contradictory| B-74 BOM and another   | \xef\xbb\xbf<?xml version="1.0" encoding="iso-8859-1"?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
415 | xml-encoding-not-supported| B-73 UTF-7             | <?xml version="1.0" encoding="utf-7"?><D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>
415 | xml-encoding-not-supported| B-73 UTF-16, no BOM    | \0<\0a\0/\0>
400 | xml-not-in-its-encoding  | B-75 not UTF-8          | <D:propfind xmlns:D='DAV:'><D:prop><D:a>\xff</D:a></D:prop></D:propfind>
400 | xml-not-in-its-encoding  | B-75 overlong           | <D:propfind xmlns:D='DAV:'><D:prop><D:a>\xc0\xbc</D:a></D:prop></D:propfind>
400 | xml-not-in-its-encoding  | B-75 a surrogate        | <D:propfind xmlns:D='DAV:'><D:prop><D:a>\xed\xa0\x80</D:a></D:prop></D:propfind>
400 | xml-not-in-its-encoding  | B-75 half of the last   | <D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>\xe2\x82
400 | xml-character-forbidden  | B-75 a control          | <D:propfind xmlns:D='DAV:'><D:prop><D:a>\x01</D:a></D:prop></D:propfind>
"#;

/// The request as `Lab::refuse_for` sends it, and in chunks of one byte: refused both times.
fn refused(status: u16, condition: &str, request: &Req) {
    shared().refuse_for(status, condition, request);
    let name = format!("{} (byte by byte)", request.name);
    let mut head = Req {
        name: name.clone(),
        body: None,
        ..request.clone()
    }
    .bytes();
    head.truncate(head.len() - 2);
    head.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
    let chunk = |byte: &u8| [b"1\r\n", &[*byte][..], b"\r\n"].concat();
    let mut client = Client::connect(shared().gateway.address);
    client.send(&head);
    for piece in request.body.iter().flatten().map(chunk).collect::<Vec<_>>().chunks(500) {
        client.send(&piece.concat());
    }
    client.send(b"0\r\n\r\n");
    let answer = client.answer(false);
    assert_eq!(answer.status, status, "{name}: {}", answer.text());
    assert!(answer.has_condition(condition), "{name}: {}", answer.text());
    assert!(shared().backend.case(&name).is_empty(), "{name}");
    shared().note_refused(&name);
}

#[test]
fn what_is_wrong_has_its_name() {
    each(rows::<4>(PROPFINDS), |[status, condition, name, body]| {
        let request = req(&text(&name), "PROPFIND", "/files/xml").with("Depth", "0").xml(body);
        refused(text(&status).parse().unwrap(), &text(&condition), &request);
    });
    shared().settle();
    assert!(!shared().backend.saw("X-Smuggled"));
    // Their neighbour, byte by byte too.
    let body = "<D:propfind xmlns:D='DAV:'><D:prop><x:a xmlns:x='urn:x'/></D:prop></D:propfind>";
    let mut fine = req("fine, byte by byte", "PROPFIND", "/files/xml")
        .with("Depth", "0")
        .xml(body);
    shared().pass(&fine);
    fine.name.push_str(", really");
    let chunks: String = body.chars().map(|byte| format!("1;x\r\n{byte}\r\n")).collect();
    let mut bytes = Req {
        body: None,
        ..fine.clone()
    }
    .bytes();
    bytes.truncate(bytes.len() - 2);
    let bytes = [
        &bytes,
        b"Transfer-Encoding: chunked\r\n\r\n".as_slice(),
        chunks.as_bytes(),
        b"0\r\n\r\n",
    ]
    .concat();
    let mut client = Client::connect(shared().gateway.address);
    client.send(&bytes);
    assert_eq!(client.answer(false).status, 207);
    assert!(shared().backend.case(&fine.name)[0].text().contains("urn:x"));
}

// B-60, B-61, B-63, B-72: UTF-16 hides nothing.
#[test]
fn the_same_in_utf_16() {
    let propfind = "<D:propfind xmlns:D='DAV:'><D:prop><x:\u{e9} xmlns:x='urn:x'/></D:prop></D:propfind>";
    let encoded = |text: &str, big: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units
            .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    let send = |name: String, body: Vec<u8>| req(&name, "PROPFIND", "/files/xml").with("Depth", "0").xml(body);
    let untyped = |mut request: Req| {
        request.headers.retain(|(name, _)| name != "Content-Type");
        request.with("Content-Type", "application/xml")
    };
    for big in [false, true] {
        for (status, condition, text) in [
            (
                403,
                "no-external-entities",
                format!("<!DOCTYPE D SYSTEM 'file:///etc/passwd'>{propfind}"),
            ),
            (
                400,
                "xml-document-type",
                format!("<!DOCTYPE D [<!ENTITY a 'b'>]>{propfind}"),
            ),
            (400, "xml-undeclared-prefix", propfind.replace(" xmlns:x='urn:x'", "")),
            (400, "xml-root-unexpected", propfind.replace("DAV:'", "DAV'")),
            (
                400,
                "xml-encoding-contradictory",
                format!("<?xml version='1.0' encoding='UTF-8'?>{propfind}"),
            ),
        ] {
            let name = format!("B-72 {condition} {big}");
            refused(status, condition, &untyped(send(name, encoded(&text, big))));
        }
        let mut half = encoded(propfind, big);
        half.pop();
        refused(
            400,
            "xml-not-in-its-encoding",
            &untyped(send(format!("B-75 half a unit {big}"), half)),
        );
        let fine = untyped(send(format!("B-72 {big}"), encoded(propfind, big)));
        assert!(shared().pass(&fine).0.text().contains('\u{e9}'));
    }
    shared().settle();
}

/// A property of this value, and the method that sets it.
fn value(name: &str, value: &str) -> Req {
    req(name, "PROPPATCH", "/all/xml").xml(format!(
        "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><x:a xmlns:x='urn:x'>{value}</x:a></D:prop></D:set></D:propertyupdate>"
    ))
}

// B-71, B-81: one at the ceiling, one above.
#[test]
fn ceilings() {
    let nested = |depth: usize| format!("{}{}", "<x:b>".repeat(depth), "</x:b>".repeat(depth));
    shared().pass(&value("B-81 depth 64", &nested(60)));
    refused(400, "xml-too-deep", &value("B-81 depth 65", &nested(61)));
    refused(
        400,
        "xml-too-many-elements",
        &value("B-81 elements", &"<x:b/>".repeat(50_000)),
    );
    let spaces = |count: usize| (0..count).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect::<String>();
    shared().pass(&value("B-71 namespaces", &format!("<x:b{}/>", spaces(62))));
    refused(
        400,
        "xml-too-many-namespaces",
        &value("B-71 a namespace more", &format!("<x:b{}/>", spaces(63))),
    );
    let attributes = |count: usize| (0..count).map(|n| format!(" a{n}=''")).collect::<String>();
    shared().pass(&value("B-71 attributes", &format!("<x:b{}/>", attributes(64))));
    refused(
        400,
        "xml-too-many-attributes",
        &value("B-71 an attribute more", &format!("<x:b{}/>", attributes(65))),
    );
    let long = |length: usize| format!("<x:{}/>", "b".repeat(length));
    shared().pass(&value("B-71 name", &long(1022)));
    refused(400, "xml-name-too-long", &value("B-71 a letter more", &long(1023)));
    let large = value("B-81 too large", &"v".repeat(1 << 20));
    shared().refuse_for(413, "xml-too-large", &large);
    let mut chunked = large.chunked();
    chunked.name = "B-81 too large, chunked".into();
    shared().refuse_for(413, "xml-too-large", &chunked);
    shared().settle();
}

// B-71: as many URLs as a multiget may name, and one more.
#[test]
fn hrefs_have_a_ceiling() {
    let members = |count: usize| (0..count).map(|n| format!("/files/{n}")).collect::<Vec<_>>();
    let report = |name: &str, count: usize| {
        let members = members(count);
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        req(name, "REPORT", "/files/").xml(super::support::samples::multiget(&members))
    };
    shared().pass(&report("B-71 10000 URLs", 10_000));
    shared().refuse_for(400, "xml-too-many-hrefs", &report("B-71 10001 URLs", 10_001));
    shared().settle();
}
