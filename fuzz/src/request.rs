//! Whole requests, from the bytes of the head to what the back end would get (sections 0, 1, 2 and 5): what is permitted is inside the
//! route, may be done by whoever asks, and says nothing to the back end that was not judged.

use davgate::{
    access::{Privilege, PrivilegeSet},
    decide::{Account, Admission, Arrival, BodyPlan, Decision, Denial, Found, Permit, Request, permit::PermittedBody},
    policy::Method,
    request::{If, State, if_header, single},
    rewrite::request as outgoing,
    url::{CanonicalPath, Reference, Scheme},
};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{input::Input, site, xml};

/// Fields that must not reach a back end.
const NEVER: [&str; 10] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "host",
    "expect",
    "upgrade",
    "forwarded",
    "x-original-url",
    "x-http-method-override",
    "remote-user",
];

/// `input`: who asks, what is at the target, what is at Destination, then a request.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let asker = input.pick(site::askers()).clone();
    let states = [State::Unmapped, State::Resource, State::Collection, State::Unknown];
    let found = [*input.pick(&states), *input.pick(&states)].map(|state| Found {
        state,
        etag: (state == State::Resource).then(|| "\"e\"".to_owned()),
    });
    let bytes = input.rest();
    let Some((head, headers)) = head(bytes) else { return };
    let body = &bytes[head..];
    let request = Request {
        raw: &bytes[..head],
        headers: &headers,
        local: None,
        scheme: Scheme::Http,
    };
    let mut account = Account::default();
    let permit = match site::gate().arrive(&request, &mut account) {
        Err(denial) => return refused(&denial),
        Ok(Arrival::Own(_)) => return,
        Ok(Arrival::Above(above)) => {
            let _ = above.admit(&headers, &asker);
            return;
        }
        Ok(Arrival::At(arrived)) => match arrived.admit(&headers, asker, &mut account) {
            Err(denial) => return refused(&denial),
            Ok(Admission::Own(_)) => return,
            Ok(Admission::Forward(admitted)) => {
                let held = match admitted.body() {
                    BodyPlan::Nothing | BodyPlan::Stream(_) | BodyPlan::Spool(_) => &[][..],
                    BodyPlan::Empty | BodyPlan::Xml(_) => body,
                };
                let field = |name| headers.get(name).map(HeaderValue::as_bytes);
                match admitted.decide(held, field(header::CONTENT_TYPE), field(header::CONTENT_ENCODING)) {
                    Err(denial) => return refused(&denial),
                    Ok(Decision::Permit(permit)) => permit,
                    Ok(Decision::Ask(question)) => {
                        let asked = match question.about() {
                            (false, true) => found[1..].to_vec(),
                            _ => found.to_vec(),
                        };
                        match question.answer(&asked) {
                            Err(denial) => return refused(&denial),
                            Ok(permit) => permit,
                        }
                    }
                }
            }
        },
    };
    permitted(
        &permit,
        [&found[0], &found[1]].map(|found| found.state != State::Unmapped),
    );
    sent(&permit, &outgoing::headers(&permit, &headers));
}

/// The length of the head, and its fields as a lenient parser reads them.
fn head(bytes: &[u8]) -> Option<(usize, HeaderMap)> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = parsed.parse(bytes).ok()? else {
        return None;
    };
    let mut headers = HeaderMap::new();
    for field in parsed.headers.iter() {
        headers.append(
            HeaderName::from_bytes(field.name.as_bytes()).ok()?,
            HeaderValue::from_bytes(field.value).ok()?,
        );
    }
    Some((length, headers))
}

fn refused(denial: &Denial) {
    assert!((400..600).contains(&denial.status()), "{denial:?}");
    assert!(!denial.rule().is_empty(), "{denial:?}");
}

/// What holds of any permit, where something is at the target and at Destination, or nothing is.
fn permitted(permit: &Permit, [at_target, at_destination]: [bool; 2]) {
    let (route, method) = (permit.route(), permit.method());
    assert!(permit.public().0.starts_with(&route.map.public().0));
    assert!(permit.upstream().0.starts_with(&route.map.upstream().0));
    let inside = site::gate().inside(permit);
    let destination = permit.destination();
    for path in [Some(permit.public()), destination.map(|found| &found.public)]
        .into_iter()
        .flatten()
    {
        assert!(
            !inside.iter().any(|inner| path.0.starts_with(&inner.0)),
            "{path} is another route's"
        );
    }
    if let Some(found) = destination {
        assert!(matches!(method, Method::Copy | Method::Move));
        assert!(found.upstream.0.starts_with(&route.map.upstream().0));
    }
    let enforced = permit.reported().is_none();
    assert!(
        permit.allowed().contains(method) || !enforced,
        "{method:?} passes the filter"
    );
    let Some(access) = route.access.as_ref().filter(|_| enforced) else {
        return;
    };
    let access = access.of(permit.principal());
    let has = |path, privilege| {
        access
            .judge(route.map.relative_key(path), PrivilegeSet::of(&[privilege]))
            .is_granted()
    };
    if matches!(method, Method::Get | Method::Head | Method::Propfind | Method::Copy) && !permit.lists() {
        assert!(
            has(permit.public(), Privilege::Read),
            "{method:?} {} is not readable",
            permit.public()
        );
    }
    if method == Method::Proppatch {
        assert!(has(permit.public(), Privilege::WriteProperties), "{}", permit.public());
    }
    let hidden = |path: &CanonicalPath| path.segments().any(|name| name.starts_with("hid"));
    let told = permit
        .public()
        .0
        .starts_with(&CanonicalPath::parse(b"/files/").unwrap());
    // Whoever may make things in a folder may try any name, and learns which are taken; what is there stays hidden.
    if told && method != Method::Unlock && at_target {
        assert!(!hidden(&permit.public().0), "{method:?} {} is hidden", permit.public());
    }
    if let Some(found) = destination.filter(|_| told && at_destination) {
        assert!(!hidden(&found.public.0), "Destination {} is hidden", found.public);
    }
}

/// What holds of what goes on.
fn sent(permit: &Permit, headers: &HeaderMap) {
    let target = outgoing::target(permit);
    assert!(
        target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'),
        "{target}"
    );
    let path = target.split('?').next().unwrap_or_default();
    let read = CanonicalPath::parse(path.as_bytes()).expect("what is sent is canonical");
    assert_eq!(read.to_string(), permit.upstream().to_string());
    assert_eq!(single::repeated(headers), None);
    for name in headers.keys().map(HeaderName::as_str) {
        assert!(
            !NEVER.contains(&name) && !name.contains('_') && !name.starts_with("x-forwarded-"),
            "{name}"
        );
    }
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| value.to_str().expect("visible ASCII"))
    };
    let route = permit.route();
    let inside = |url: &str| {
        let origin = route.backend.location.origin().to_string();
        let path = url
            .strip_prefix(&origin)
            .and_then(|path| CanonicalPath::parse(path.as_bytes()).ok());
        path.is_some_and(|path| path.starts_with(&route.map.upstream().0))
    };
    assert!(text("destination").is_none_or(inside), "{headers:?}");
    assert_eq!(text("destination").is_some(), permit.destination().is_some());
    if let Some(value) = text("if").filter(|value| value.len() <= 8 << 10) {
        let read = If::parse_with_bare_entity_tags(value).expect("an If header");
        assert!(
            read.lists().iter().all(|list| list.tag.as_deref().is_none_or(inside)),
            "{value}"
        );
        assert!(read.tokens().iter().all(|token| if_header::If::can_hold(token)));
    }
    match permit.body() {
        PermittedBody::Xml(bytes) => {
            let document = xml::well_formed("a forwarded body", bytes);
            let Some(document) = document else { return };
            for href in document.descendants().filter(|node| xml::is_dav(node, "href")) {
                let _ = Reference::parse(&xml::text(&href));
            }
        }
        PermittedBody::Answered(text) => drop(xml::well_formed("an answer of the gateway's own", text.as_bytes())),
        PermittedBody::None | PermittedBody::Stream(_) | PermittedBody::Spool(_) => {}
    }
}
