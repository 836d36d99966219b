//! XML bodies of requests: what is forwarded is the tree that was judged, and nothing else (R-10, R-12, section 5.3).

use std::convert::Infallible;

use davgate::{
    policy::Method,
    rewrite::visibility::Asked,
    url::{CanonicalPath, PublicPath},
    xml::{
        body::{self, RequestBody},
        kind::BodyKind,
        limits::XmlLimits,
    },
};

use crate::{input::Input, xml};

const KINDS: [BodyKind; 21] = [
    BodyKind::Propfind,
    BodyKind::PropertyUpdate,
    BodyKind::LockInfo,
    BodyKind::Mkcol,
    BodyKind::Mkcalendar,
    BodyKind::Report,
    BodyKind::Acl,
    BodyKind::Search,
    BodyKind::Options,
    BodyKind::VersionControl,
    BodyKind::Checkout,
    BodyKind::Checkin,
    BodyKind::Uncheckout,
    BodyKind::Mkworkspace,
    BodyKind::Update,
    BodyKind::Label,
    BodyKind::Merge,
    BodyKind::BaselineControl,
    BodyKind::Mkactivity,
    BodyKind::Orderpatch,
    BodyKind::CopyMove,
];

const TYPES: [Option<&[u8]>; 6] = [
    None,
    Some(b"application/xml"),
    Some(b"text/xml; charset=\"utf-8\""),
    Some(b"application/xml; charset=utf-16"),
    Some(b"text/xml; charset=iso-8859-1"),
    Some(b"text/plain"),
];

/// `input`: which kind of body, which media type, then the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let kind = *input.pick(&KINDS);
    let media = *input.pick(&TYPES);
    let bytes = input.rest();
    let limits = XmlLimits {
        plain_text: true,
        ..XmlLimits::default()
    };
    let small = XmlLimits {
        bytes: 400,
        depth: 4,
        elements: 8,
        attributes: 2,
        name: 12,
        value: 40,
        namespaces: 2,
        hrefs: 2,
        ..limits
    };
    let Ok(read) = body::parse(kind, bytes, media, &limits) else {
        assert!(
            body::parse(kind, bytes, media, &small).is_err(),
            "stricter limits let it pass"
        );
        return;
    };
    if let Ok(also) = body::parse(kind, bytes, media, &small) {
        assert_eq!(also, read);
    }
    facts(&read);
    let written = unmapped(&read);
    if kind == BodyKind::CopyMove {
        assert!(written.is_empty());
        return;
    }
    // Ours reads it as the same, and so does another parser.
    let again = body::parse(kind, &written, None, &limits).expect("what was written can be read");
    assert_eq!(again, read);
    assert_eq!(unmapped(&again), written);
    let document = xml::well_formed("what is forwarded", &written);
    if let Some(document) = document {
        xml::same(read.tree(), document.root_element());
        assert!(!document.descendants().any(|node| node.is_comment() || node.is_pi()));
    }
    mapped(kind, &read, &limits);
}

fn unmapped(body: &RequestBody) -> Vec<u8> {
    match body.serialize(&mut |_, _| Ok::<_, Infallible>(None)) {
        Ok(bytes) => bytes,
        Err(never) => match never {},
    }
}

/// Whatever stands in place of the URLs, it is read as that, and nothing around it changes.
fn mapped(kind: BodyKind, read: &RequestBody, limits: &XmlLimits) {
    let mut count = 0;
    let other = |count: usize| format!("/i/{count}<&>\"'");
    let written = read.serialize(&mut |_, _| {
        count += 1;
        Ok::<_, Infallible>(Some(other(count)))
    });
    let Ok(written) = written;
    let hrefs = read.hrefs();
    assert_eq!(count, hrefs.len());
    xml::well_formed("with mapped URLs", &written);
    // A grammar may want other URLs in some places.
    if let Ok(again) = body::parse(kind, &written, None, limits) {
        let found: Vec<String> = again.hrefs().into_iter().map(|href| href.text).collect();
        assert_eq!(found, (1..=count).map(other).collect::<Vec<_>>());
    }
}

/// What decisions ask of a body.
fn facts(read: &RequestBody) {
    let _ = (read.property_changes(), read.lock_scope(), read.report_root());
    let _ = (read.propfind(), read.guarded_by_name(), read.selects_by_guarded());
    if let Some(owner) = read.lock_owner() {
        xml::well_formed("an owner by itself", owner.as_bytes());
    }
    let target = PublicPath(CanonicalPath::root());
    let _ = Asked::new(Method::Report, target).with_body(read);
}
