//! Properties: what is read, written and read again is the same infoset (R-12), whatever a client puts into a dead property or into a
//! lock owner (R-10, Q-15); no input makes the reader panic; and the URLs found are those that are mapped.

use proptest::prelude::*;

use super::*;

/// Well-formed content: elements with odd prefixes and defaults, attributes, references, CDATA, comments, text with white space.
fn content() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "[ \n\ta-z:/%é😀\"']{0,8}",
        Just("&lt;&#13;&amp;&#x9;&gt;".to_owned()),
        Just("<![CDATA[<D:href>/i/x</D:href>&]]>".to_owned()),
        Just("<!-- - --><?pi x?>".to_owned()),
        Just("<D:href>http://back.example/i/a</D:href>".to_owned()),
    ];
    text.prop_recursive(5, 24, 4, |inner| {
        let tag = prop_oneof![
            Just("D:owner"),
            Just("D:prop"),
            Just("q:é"),
            Just("plain"),
            Just("href")
        ];
        let declaration = prop_oneof![
            Just(String::new()),
            Just(" xmlns=''".to_owned()),
            Just(" xmlns='DAV:'".to_owned()),
            Just(" xmlns:D='urn:not-dav'".to_owned()),
            "[a-z\"]{0,3}".prop_map(|name| format!(" xmlns:q='urn:{name}'")),
        ];
        let attribute = prop_oneof![
            Just(String::new()),
            Just(" xml:lang = \"en\"".to_owned()),
            "[a-z \n'>]{0,5}".prop_map(|value| format!(" q:a=\"&quot;{value}&#10;\" a='2'")),
        ];
        (tag, declaration, attribute, prop::collection::vec(inner, 0..4)).prop_map(
            |(tag, declaration, attribute, inner)| format!("<{tag}{declaration}{attribute}>{}</{tag}>", inner.concat()),
        )
    })
}

fn read(kind: BodyKind, bytes: &[u8]) -> Result<RequestBody, XmlRefusal> {
    parse(kind, bytes, None, &XmlLimits::default())
}

fn unmapped(body: &RequestBody) -> Vec<u8> {
    body.serialize(&mut |_, _| Ok::<_, ()>(None)).unwrap()
}

proptest! {
    #[test]
    fn dead_properties_survive(value in content()) {
        let text = format!(
            "<D:propertyupdate xmlns:D='DAV:' xmlns:q='urn:q'><D:set><D:prop><q:dead>{value}</q:dead></D:prop></D:set></D:propertyupdate>"
        );
        let body = read(BodyKind::PropertyUpdate, text.as_bytes()).unwrap();
        prop_assert_eq!(body.hrefs(), vec![]);
        // Also what the map would change everywhere changes nothing here.
        let written = body.serialize(&mut |_, _| Ok::<_, ()>(Some("/changed".to_owned()))).unwrap();
        prop_assert_eq!(read(BodyKind::PropertyUpdate, &written).unwrap(), body);
        prop_assert_eq!(unmapped(&read(BodyKind::PropertyUpdate, &written).unwrap()), written);
    }

    #[test]
    fn lock_owners_survive(value in content()) {
        let text = format!(
            "<D:lockinfo xmlns:D='DAV:' xmlns:q='urn:q'><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype>\
             <D:owner>{value}</D:owner></D:lockinfo>"
        );
        let body = read(BodyKind::LockInfo, text.as_bytes()).unwrap();
        prop_assert_eq!(read(BodyKind::LockInfo, &unmapped(&body)).unwrap(), body);
    }

    #[test]
    fn urls_are_mapped_once_each(urls in prop::collection::vec("[ -~é]{0,12}", 0..6)) {
        let mut text = String::from("<D:compare-baseline xmlns:D='DAV:'>");
        for url in &urls {
            text.push_str("<D:href>");
            crate::xml::writer::push_text(&mut text, url);
            text.push_str("</D:href>");
        }
        text.push_str("</D:compare-baseline>");
        let body = read(BodyKind::Report, text.as_bytes()).unwrap();
        let found: Vec<_> = body.hrefs().into_iter().map(|href| href.text).collect();
        let trimmed: Vec<_> = urls.iter().map(|url| url.trim_matches(' ').to_owned()).collect();
        prop_assert_eq!(&found, &trimmed);
        let mut seen = Vec::new();
        let written = body
            .serialize(&mut |_, url| { seen.push(url.to_owned()); Ok::<_, ()>(Some(format!("/i{url}"))) })
            .unwrap();
        prop_assert_eq!(&seen, &found);
        let mapped: Vec<_> = read(BodyKind::Report, &written).unwrap().hrefs().into_iter().map(|href| href.text).collect();
        prop_assert_eq!(mapped, found.iter().map(|url| format!("/i{url}")).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_panics(pieces in prop::collection::vec(prop_oneof![
        Just("<"), Just(">"), Just("/"), Just("<a>"), Just("</a>"), Just("<a/>"), Just("<a"), Just("="), Just("'"), Just("\""),
        Just("&"), Just(";"), Just("#x"), Just("<!--"), Just("-->"), Just("--"), Just("<![CDATA["), Just("]]>"), Just("<?"),
        Just("?>"), Just("xml"), Just("<!DOCTYPE"), Just("["), Just("]"), Just("SYSTEM"), Just(" "), Just("xmlns"), Just(":"),
        Just("é"), Just("\u{FEFF}"), Just("\r"), Just("1"), Just("<!"), Just("<propfind xmlns='DAV:'>"), Just("</propfind>"),
        Just("<prop/>"),
    ], 0..24)) {
        if let Ok(body) = read(BodyKind::Propfind, pieces.concat().as_bytes()) {
            prop_assert_eq!(read(BodyKind::Propfind, &unmapped(&body)).unwrap(), body);
        }
    }

    #[test]
    fn no_octets_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), content_type in "[ -~]{0,24}") {
        let _ = parse(BodyKind::Propfind, &bytes, Some(content_type.as_bytes()), &XmlLimits::default());
        let _ = crate::xml::probe::parse_probe(&bytes);
    }
}
