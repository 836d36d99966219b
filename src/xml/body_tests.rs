//! Tables for the grammars of the bodies: B-64 to B-69, L-61, AM-1, RP-1 to RP-20, Q-4.

use super::XmlRefusal::*;
use super::*;
use crate::xml::name::{CALDAV, CARDDAV};
use crate::xml::report::known_reports;

fn parse_default(kind: BodyKind, text: &str) -> Result<RequestBody, XmlRefusal> {
    parse(kind, text.as_bytes(), None, &XmlLimits::default())
}

fn verdict(kind: BodyKind, text: &str) -> Result<(), XmlRefusal> {
    parse_default(kind, text).map(drop)
}

#[test]
fn roots() {
    use BodyKind::*;
    // B-64, B-65
    for (kind, good, refusal, status) in [
        (
            Propfind,
            "<propfind xmlns='DAV:'><prop/></propfind>",
            UnexpectedRoot,
            400,
        ),
        (
            PropertyUpdate,
            "<propertyupdate xmlns='DAV:'><set><prop/></set></propertyupdate>",
            UnexpectedRoot,
            400,
        ),
        (
            LockInfo,
            "<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>",
            UnexpectedRoot,
            400,
        ),
        (Acl, "<acl xmlns='DAV:'/>", UnexpectedRoot, 400),
        (
            Search,
            "<searchrequest xmlns='DAV:'><basicsearch/></searchrequest>",
            UnexpectedRoot,
            400,
        ),
        (
            Search,
            "<query-schema-discovery xmlns='DAV:'><basicsearch/></query-schema-discovery>",
            UnexpectedRoot,
            400,
        ),
        (Update, "<update xmlns='DAV:'/>", UnexpectedRoot, 400),
        (Label, "<label xmlns='DAV:'/>", UnexpectedRoot, 400),
        (Merge, "<merge xmlns='DAV:'/>", UnexpectedRoot, 400),
        (Orderpatch, "<orderpatch xmlns='DAV:'/>", UnexpectedRoot, 400),
        (Report, "<version-tree xmlns='DAV:'/>", UnknownReport, 403),
        (Mkcol, "<mkcol xmlns='DAV:'/>", UnsupportedBody, 415),
        (
            Mkcalendar,
            "<mkcalendar xmlns='urn:ietf:params:xml:ns:caldav'/>",
            UnsupportedBody,
            415,
        ),
        (Options, "<options xmlns='DAV:'/>", UnsupportedBody, 415),
        (VersionControl, "<version-control xmlns='DAV:'/>", UnsupportedBody, 415),
        (Checkout, "<checkout xmlns='DAV:'/>", UnsupportedBody, 415),
        (Checkin, "<checkin xmlns='DAV:'/>", UnsupportedBody, 415),
        (Uncheckout, "<uncheckout xmlns='DAV:'/>", UnsupportedBody, 415),
        (Mkworkspace, "<mkworkspace xmlns='DAV:'/>", UnsupportedBody, 415),
        (
            BaselineControl,
            "<baseline-control xmlns='DAV:'/>",
            UnsupportedBody,
            415,
        ),
        (Mkactivity, "<mkactivity xmlns='DAV:'/>", UnsupportedBody, 415),
        (
            CopyMove,
            "<propertybehavior xmlns='DAV:'><omit/></propertybehavior>",
            UnsupportedBody,
            415,
        ),
    ] {
        assert_eq!(verdict(kind, good), Ok(()), "{good}");
        for other in [good.replace(" xmlns='", " xmlns='x"), "<x xmlns='DAV:'/>".to_owned()] {
            assert_eq!(verdict(kind, &other), Err(refusal), "B-65: {other}");
        }
        assert_eq!(refusal.status(), status, "{kind:?}");
    }
}

#[test]
fn propfinds() {
    use Propfind::*;
    let dav = ExpandedName::dav;
    for (inside, expected) in [
        ("<allprop/>", Ok(AllProp { include: vec![] })),
        ("<propname/>", Ok(PropName)),
        ("<prop/>", Ok(Prop(vec![]))),
        ("<prop><getetag/><x xmlns='urn:x'/><y xmlns=''/></prop>", {
            Ok(Prop(vec![
                dav("getetag"),
                ExpandedName::new("urn:x", "x"),
                ExpandedName::new("", "y"),
            ]))
        }),
        (
            "<allprop/><include><acl/></include>",
            Ok(AllProp {
                include: vec![dav("acl")],
            }),
        ),
        (
            "<include><acl/></include><allprop/>",
            Ok(AllProp {
                include: vec![dav("acl")],
            }),
        ),
        ("<x xmlns='urn:x'><prop/></x><propname/>", Ok(PropName)),
        // B-66
        ("", Err(PropfindWithoutChoice)),
        ("<getetag/>", Err(PropfindWithoutChoice)),
        ("<prop xmlns='urn:x'/>", Err(PropfindWithoutChoice)),
        ("<include/>", Err(PropfindWithoutChoice)),
        ("<prop/><allprop/>", Err(PropfindAmbiguous)),
        ("<prop/><propname/>", Err(PropfindAmbiguous)),
        ("<allprop/><propname/>", Err(PropfindAmbiguous)),
        ("<prop/><prop/>", Err(PropfindAmbiguous)),
        ("<allprop/><include/><include/>", Err(PropfindAmbiguous)),
        ("<prop/><include/>", Err(IncludeWithoutAllprop)),
        ("<propname/><include/>", Err(IncludeWithoutAllprop)),
    ] {
        let body = parse_default(
            BodyKind::Propfind,
            &format!("<propfind xmlns='DAV:'>{inside}</propfind>"),
        );
        assert_eq!(
            body.as_ref()
                .map(|body| body.propfind().unwrap())
                .map_err(|refusal| *refusal),
            expected,
            "{inside}"
        );
    }
}

#[test]
fn property_changes() {
    use super::PropertyChange::{Remove, Set};
    for (inside, expected) in [
        (
            "<set><prop><displayname/></prop></set>",
            Ok(vec![Set(ExpandedName::dav("displayname"))]),
        ),
        (
            "<remove><prop><a xmlns='x'/></prop></remove><set><prop><b xmlns='x'/></prop></set>",
            Ok(vec![
                Remove(ExpandedName::new("x", "a")),
                Set(ExpandedName::new("x", "b")),
            ]),
        ),
        // B-67
        ("", Err(EmptyPropertyUpdate)),
        ("<prop/>", Err(EmptyPropertyUpdate)),
        ("<set xmlns='x'><prop/></set>", Err(EmptyPropertyUpdate)),
        ("<set/>", Err(ChangeWithoutProp)),
        ("<set><prop xmlns='x'/></set>", Err(ChangeWithoutProp)),
        ("<set><prop/></set><remove/>", Err(ChangeWithoutProp)),
        ("<set><prop/><prop/></set>", Err(ChangeWithoutProp)),
    ] {
        let body = parse_default(
            BodyKind::PropertyUpdate,
            &format!("<propertyupdate xmlns='DAV:'>{inside}</propertyupdate>"),
        );
        assert_eq!(
            body.as_ref()
                .map(|body| body.property_changes())
                .map_err(|refusal| *refusal),
            expected,
            "{inside}"
        );
    }
    let mkcol = "<mkcol xmlns='DAV:'><set><prop><resourcetype><collection/></resourcetype></prop></set></mkcol>";
    assert_eq!(
        parse_default(BodyKind::Mkcol, mkcol).unwrap().property_changes(),
        [Set(ExpandedName::dav("resourcetype"))]
    );
    assert_eq!(
        verdict(BodyKind::Mkcol, "<mkcol xmlns='DAV:'><set/></mkcol>"),
        Err(ChangeWithoutProp)
    );
}

#[test]
fn locks() {
    let scope = "<lockscope><exclusive/></lockscope>";
    let kind = "<locktype><write/></locktype>";
    for (inside, expected) in [
        (format!("{scope}{kind}"), Ok(LockScope::Exclusive)),
        (
            format!("{kind}<lockscope><shared/></lockscope><owner/>"),
            Ok(LockScope::Shared),
        ),
        (format!("<x/>{scope}{kind}"), Ok(LockScope::Exclusive)),
        // L-61
        (scope.to_owned(), Err(MalformedLockInfo)),
        (kind.to_owned(), Err(MalformedLockInfo)),
        (format!("{scope}{scope}{kind}"), Err(MalformedLockInfo)),
        (format!("{scope}{kind}{kind}"), Err(MalformedLockInfo)),
        (
            format!("<lockscope><exclusive/><shared/></lockscope>{kind}"),
            Err(MalformedLockInfo),
        ),
        (format!("<lockscope/>{kind}"), Err(MalformedLockInfo)),
        (format!("{scope}{kind}<owner/><owner/>"), Err(MalformedLockInfo)),
        (
            format!("<lockscope><exclusive xmlns='x'/></lockscope>{kind}"),
            Err(UnsupportedLockScope),
        ),
        (format!("{scope}<locktype><read/></locktype>"), Err(UnsupportedLockType)),
    ] {
        let body = parse_default(
            BodyKind::LockInfo,
            &format!("<lockinfo xmlns='DAV:'>{inside}</lockinfo>"),
        );
        assert_eq!(body.map(|body| body.lock_scope().unwrap()), expected, "{inside}");
    }
}

#[test]
fn access_control_lists() {
    let principal = "<principal><href>/u</href></principal>";
    let grant = "<grant><privilege><read/></privilege></grant>";
    let deny = "<deny><privilege><x xmlns='urn:x'/></privilege></deny>";
    for (ace, expected) in [
        (format!("{principal}{grant}"), Ok(())),
        (format!("<invert>{principal}</invert>{deny}<protected/>"), Ok(())),
        (
            format!("<principal><property><owner/></property></principal>{grant}"),
            Ok(()),
        ),
        // AM-1
        (grant.to_owned(), Err(MalformedAcePrincipal)),
        (format!("{principal}{principal}{grant}"), Err(MalformedAcePrincipal)),
        (
            format!("{principal}<invert>{principal}</invert>{grant}"),
            Err(MalformedAcePrincipal),
        ),
        (
            format!("<invert>{principal}{principal}</invert>{grant}"),
            Err(MalformedAcePrincipal),
        ),
        (format!("<invert/>{grant}"), Err(MalformedAcePrincipal)),
        (format!("<principal/>{grant}"), Err(MalformedAcePrincipal)),
        (
            format!("<principal><all/><self/></principal>{grant}"),
            Err(MalformedAcePrincipal),
        ),
        (
            format!("<principal><nobody/></principal>{grant}"),
            Err(MalformedAcePrincipal),
        ),
        (principal.to_owned(), Err(MalformedAceAction)),
        (format!("{principal}{grant}{deny}"), Err(MalformedAceAction)),
        (format!("{principal}{grant}{grant}"), Err(MalformedAceAction)),
        (format!("{principal}<grant/>"), Err(MalformedPrivilege)),
        (
            format!("{principal}<grant><privilege/></grant>"),
            Err(MalformedPrivilege),
        ),
        (
            format!("{principal}<grant><privilege><read/><write/></privilege></grant>"),
            Err(MalformedPrivilege),
        ),
        (
            format!("<principal><href>/u<x/></href></principal>{grant}"),
            Err(ElementInHref),
        ),
    ] {
        assert_eq!(
            verdict(BodyKind::Acl, &format!("<acl xmlns='DAV:'><ace>{ace}</ace></acl>")),
            expected,
            "{ace}"
        );
    }
}

#[test]
fn reports_and_their_roots() {
    for name in known_reports() {
        let body = parse_default(
            BodyKind::Report,
            &format!("<{} xmlns='{}'/>", name.local, name.namespace),
        );
        assert_eq!(body.unwrap().report_root(), Some(*name), "RP-1 to RP-12");
    }
    for unknown in [
        "<update-report xmlns='svn:'/>",
        "<calendar-query xmlns='DAV:'/>",
        "<sync-collection/>",
    ] {
        let refusal = verdict(BodyKind::Report, unknown).unwrap_err();
        assert_eq!((refusal, refusal.rule()), (UnknownReport, "RP-20"), "{unknown}");
    }
    assert_eq!(known_reports().len(), 16);
    assert!(known_reports().contains(&ExpandedName::new(CARDDAV, "addressbook-multiget")));
    assert!(known_reports().contains(&ExpandedName::new(CALDAV, "free-busy-query")));
}

#[test]
fn searches() {
    for (inside, expected) in [
        (
            "<basicsearch><from><scope><href>/a</href></scope></from></basicsearch>",
            Ok(()),
        ),
        ("<sql xmlns='urn:x'>SELECT</sql>", Err(UnsupportedSearchGrammar)),
        ("<basicsearch/><basicsearch/>", Err(UnsupportedSearchGrammar)),
        ("", Err(UnsupportedSearchGrammar)),
    ] {
        assert_eq!(
            verdict(
                BodyKind::Search,
                &format!("<searchrequest xmlns='DAV:'>{inside}</searchrequest>")
            ),
            expected
        );
    }
}

#[test]
fn sizes() {
    let limits = XmlLimits {
        bytes: 120,
        multiget_bytes: 200,
        hrefs: 2,
        ..XmlLimits::default()
    };
    let propfind = |length: usize| format!("{:length$}", "<propfind xmlns='DAV:'><prop/></propfind>");
    let tree = |length: usize| format!("{:length$}", "<version-tree xmlns='DAV:'/>");
    let multiget = |hrefs: &str, length: usize| {
        format!(
            "{:length$}",
            format!("<calendar-multiget xmlns='{CALDAV}' xmlns:D='DAV:'>{hrefs}</calendar-multiget>")
        )
    };
    let two = "<D:href/><D:href/>";
    for (name, kind, text, expected) in [
        ("B-69", BodyKind::Propfind, propfind(120), Ok(())),
        ("B-69", BodyKind::Propfind, propfind(121), Err(TooLarge)),
        (
            "B-69: only a multiget has more",
            BodyKind::Report,
            tree(121),
            Err(TooLarge),
        ),
        ("B-69: a multiget", BodyKind::Report, multiget("", 200), Ok(())),
        ("B-69: a multiget", BodyKind::Report, multiget("", 201), Err(TooLarge)),
        ("B-71: hrefs", BodyKind::Report, multiget(two, 0), Ok(())),
        (
            "B-71: hrefs",
            BodyKind::Report,
            multiget(&format!("{two}<D:href/>"), 0),
            Err(TooManyHrefs),
        ),
    ] {
        assert_eq!(
            parse(kind, text.as_bytes(), None, &limits).map(drop),
            expected,
            "{name}"
        );
    }
    assert_eq!((TooLarge.status(), TooDeep.status()), (413, 400));
}

#[test]
fn segments_are_checked() {
    let member = |segment: &str| {
        format!(
            "<orderpatch xmlns='DAV:'><order-member><segment>{segment}</segment><position><first/></position></order-member>\
                 </orderpatch>"
        )
    };
    assert_eq!(verdict(BodyKind::Orderpatch, &member("a b")), Ok(()));
    assert_eq!(verdict(BodyKind::Orderpatch, &member("a%2Fb")), Err(UnsafeSegment));
}
