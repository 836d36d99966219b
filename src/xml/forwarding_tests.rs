//! Tables for what is forwarded of a body and where its URLs are: B-68, Q-11 to, M-12.

use super::*;

fn parse_default(kind: BodyKind, text: &str) -> Result<RequestBody, XmlRefusal> {
    parse(kind, text.as_bytes(), None, &XmlLimits::default())
}

/// What is forwarded when every URL gets "/i" in front, without the declaration.
fn forwarded(kind: BodyKind, text: &str) -> String {
    let body = parse_default(kind, text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
    let bytes = body
        .serialize(&mut |_, url| Ok::<_, ()>(Some(format!("/i{url}"))))
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
        .unwrap()
        .to_owned()
}

#[test]
fn urls_and_their_places() {
    use BodyKind::*;
    use HrefUse::*;
    // the body without its root's end, and what is found.
    for (kind, text, expected) in [
        (
            PropertyUpdate,
            "<propertyupdate xmlns='DAV:'><set><prop><owner><href> /u </href></owner><dead xmlns='x'><href xmlns='DAV:'>/n\
             </href></dead><checked-in><href>/n</href></checked-in></prop></set><remove><prop><group><href>/n</href></group>\
             </prop></remove></propertyupdate>",
            vec![(PropertyValue, "/u")],
        ),
        (
            Mkcol,
            "<D:mkcol xmlns:D='DAV:'><D:set><D:prop><D:group-member-set><D:href>/1</D:href><D:href>/2</D:href>\
             </D:group-member-set></D:prop></D:set></D:mkcol>",
            vec![(PropertyValue, "/1"), (PropertyValue, "/2")],
        ),
        (
            Mkcalendar,
            "<c:mkcalendar xmlns:c='urn:ietf:params:xml:ns:caldav' xmlns='DAV:'><set><prop><c:schedule-default-calendar-URL>\
             <href>/c</href></c:schedule-default-calendar-URL></prop></set></c:mkcalendar>",
            vec![(PropertyValue, "/c")],
        ),
        (
            Acl,
            "<acl xmlns='DAV:'><ace><principal><href>/u</href></principal><grant><privilege><read/></privilege></grant>\
             <inherited><href>/p</href></inherited></ace><ace><invert><principal><href>/g</href></principal></invert>\
             <deny><privilege><all/></privilege></deny></ace></acl>",
            vec![(AclPrincipal, "/u"), (AclInherited, "/p"), (AclPrincipal, "/g")],
        ),
        (
            Report,
            "<C:calendar-multiget xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns='DAV:'><href>/b&amp;</href><prop><href>/n\
             </href></prop><href><![CDATA[/a]]></href><x><href>/n</href></x></C:calendar-multiget>",
            vec![(MultigetMember, "/b&"), (MultigetMember, "/a")],
        ),
        (
            Report,
            "<addressbook-multiget xmlns='urn:ietf:params:xml:ns:carddav'><href>/no</href><href xmlns='DAV:'>/a</href>\
             </addressbook-multiget>",
            vec![(MultigetMember, "/a")],
        ),
        (
            Report,
            "<locate-by-history xmlns='DAV:'><version-history-set><href>/h</href></version-history-set></locate-by-history>",
            vec![(VersionHistory, "/h")],
        ),
        (
            Report,
            "<merge-preview xmlns='DAV:'><source><href>/s</href></source></merge-preview>",
            vec![(MergeSource, "/s")],
        ),
        (
            Report,
            "<compare-baseline xmlns='DAV:'><href>/b</href></compare-baseline>",
            vec![(Baseline, "/b")],
        ),
        (
            Report,
            "<latest-activity-version xmlns='DAV:'><href>/a</href></latest-activity-version>",
            vec![(Activity, "/a")],
        ),
        (
            Report,
            "<sync-collection xmlns='DAV:'><sync-token>/n</sync-token><href>/n</href></sync-collection>",
            vec![],
        ),
        (
            VersionControl,
            "<version-control xmlns='DAV:'><version><href>/v</href></version></version-control>",
            vec![(Version, "/v")],
        ),
        (
            Update,
            "<update xmlns='DAV:'><version><href>/v</href></version></update>",
            vec![(Version, "/v")],
        ),
        (
            Merge,
            "<merge xmlns='DAV:'><source><href>/1</href><href>/2</href></source></merge>",
            vec![(MergeSource, "/1"), (MergeSource, "/2")],
        ),
        (
            Checkout,
            "<checkout xmlns='DAV:'><activity-set><href>/a</href></activity-set></checkout>",
            vec![(Activity, "/a")],
        ),
        (
            BaselineControl,
            "<baseline-control xmlns='DAV:'><baseline><href>/b</href></baseline></baseline-control>",
            vec![(Baseline, "/b")],
        ),
        (
            Search,
            "<searchrequest xmlns='DAV:'><basicsearch><from><scope><href>a/</href><depth>1</depth></scope></from><where><eq>\
             <prop><owner/></prop><literal><href>/n</href></literal></eq></where></basicsearch></searchrequest>",
            vec![(SearchScope, "a/")],
        ),
        (
            Orderpatch,
            "<orderpatch xmlns='DAV:'><ordering-type><href>/n</href></ordering-type></orderpatch>",
            vec![],
        ),
        (
            LockInfo,
            "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner><href>/n</href>\
             </owner></lockinfo>",
            vec![],
        ),
    ] {
        let hrefs = parse_default(kind, text)
            .unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
            .hrefs();
        let found: Vec<_> = hrefs.iter().map(|href| (href.place, href.text.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn forwarding() {
    use BodyKind::*;
    for (name, kind, text, expected) in [
        (
            "B-68: unknown elements, text and comments go, known ones stay",
            Propfind,
            "<D:propfind xmlns:D='DAV:' a='1'> x <!-- c --><D:unknown/><E:foo xmlns:E='x'><D:prop/></E:foo>\n<D:prop> \
             <D:getetag/>y</D:prop></D:propfind>",
            "<D:propfind xmlns:D=\"DAV:\" a=\"1\"><D:prop><D:getetag/></D:prop></D:propfind>",
        ),
        (
            "R-10: a dead property keeps every byte of text, prefixes, xml:lang and unused declarations",
            PropertyUpdate,
            "<propertyupdate xmlns='DAV:' xmlns:q='urn:q' xml:lang='de'><set><prop><p:dead xmlns:p='urn:p' xml:lang='en'> <href>\
             http://back/i/a</href>\n<![CDATA[<q>]]> <p:x q:t='q:name'/>q:name&#13;</p:dead></prop></set></propertyupdate>",
            "<propertyupdate xmlns=\"DAV:\" xmlns:q=\"urn:q\" xml:lang=\"de\"><set><prop><p:dead xmlns:p=\"urn:p\" xml:lang=\"en\"> \
             <href>http://back/i/a</href>\n&lt;q&gt; <p:x q:t=\"q:name\"/>q:name&#13;</p:dead></prop></set></propertyupdate>",
        ),
        (
            "Q-11: a live one is mapped, decoded, trimmed and escaped again",
            PropertyUpdate,
            "<a:propertyupdate xmlns:a='DAV:'><a:set><a:prop><a:owner>\n<a:href>\n/u&amp;<![CDATA[v]]> </a:href></a:owner></a:prop>\
             </a:set></a:propertyupdate>",
            "<a:propertyupdate xmlns:a=\"DAV:\"><a:set><a:prop><a:owner>\n<a:href>/i/u&amp;v</a:href></a:owner></a:prop></a:set>\
             </a:propertyupdate>",
        ),
        (
            "Q-15: the owner is the client's",
            LockInfo,
            "<lockinfo xmlns='DAV:'> <locktype><write/></locktype><lockscope><shared/></lockscope><owner> <href>/i/x</href>\
             <!-- c --> <me xmlns='u'/></owner></lockinfo>",
            "<lockinfo xmlns=\"DAV:\"><locktype><write/></locktype><lockscope><shared/></lockscope><owner> <href>/i/x</href> \
             <me xmlns=\"u\"/></owner></lockinfo>",
        ),
        (
            "D bound to something else",
            Propfind,
            "<propfind xmlns='DAV:' xmlns:D='urn:d'><D:prop/><prop><D:href>x</D:href></prop></propfind>",
            "<propfind xmlns=\"DAV:\" xmlns:D=\"urn:d\"><prop><D:href>x</D:href></prop></propfind>",
        ),
        (
            "Q-16: queries keep their filters and opaque text",
            Report,
            "<C:calendar-query xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:prop><C:calendar-data><C:expand \
             start='1' end='2'/></C:calendar-data></D:prop><C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'>\
             <C:time-range start='1'/><C:foo/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>",
            "<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:prop><C:calendar-data><C:expand \
             start=\"1\" end=\"2\"/></C:calendar-data></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter \
             name=\"VEVENT\"><C:time-range start=\"1\"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>",
        ),
        (
            "RP-1: properties nest",
            Report,
            "<expand-property xmlns='DAV:'><property name='a'><property name='b'><x/></property></property></expand-property>",
            "<expand-property xmlns=\"DAV:\"><property name=\"a\"><property name=\"b\"/></property></expand-property>",
        ),
    ] {
        assert_eq!(forwarded(kind, text), expected, "{name}");
    }
}

#[test]
fn the_map_may_leave_and_may_refuse() {
    let text = "<acl xmlns='DAV:'><ace><principal><href> mailto:a </href></principal><grant><privilege><read/></privilege></grant>\
                </ace></acl>";
    let body = parse_default(BodyKind::Acl, text).unwrap();
    let left = body.serialize(&mut |_, _| Ok::<_, ()>(None)).unwrap();
    assert!(String::from_utf8(left).unwrap().contains("<href> mailto:a </href>"));
    assert_eq!(
        body.serialize(&mut |place, url| Err((place, url.to_owned()))),
        Err((HrefUse::AclPrincipal, "mailto:a".to_owned()))
    );
}

#[test]
fn property_behavior_is_dropped() {
    // M-12
    let body = parse_default(
        BodyKind::CopyMove,
        "<propertybehavior xmlns='DAV:'><keepalive>*</keepalive></propertybehavior>",
    );
    assert_eq!(body.unwrap().serialize(&mut |_, _| Ok::<_, ()>(None)), Ok(Vec::new()));
}
