//! The request as the back end gets it (1.4; B-21, B-26, B-38). In: a permit and the client's header fields. Out: target and fields. What
//! was decided on is written anew from the permit; what could carry another decision past it is left out; the rest passes as it came.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    decide::{Guard, Permit, permit::PermittedBody},
    policy::{Method, Route},
    request::If,
    url::UpstreamPath,
};

use super::compress::restore_tags;

/// The media type of every XML body that is forwarded.
pub const XML: HeaderValue = HeaderValue::from_static("application/xml; charset=\"utf-8\"");

/// Fields of the connection to the client, and of the framing: the connection to the back end has its own.
const OF_THE_CONNECTION: [&str; 14] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "content-length",
    "host",
    "expect",
    "accept-transfer-encoding",
];

/// Fields that some back end or layer between would take for another URL, user or method (Q-6 to Q-10, B-42 to B-50).
const NEVER_FORWARDED: [&str; 22] = [
    "new-uri",
    "x-msdavext",
    "x-msdavextlocktimeout",
    "ms-echo-request",
    "content-location",
    "translate",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-script-name",
    "forwarded",
    "x-original-url",
    "x-original-host",
    "x-host",
    "x-forwarded",
    "x-real-ip",
    "x-webauth-user",
    "x-rewrite-url",
    "x-remote-user",
    "remote-user",
    "x-sabre-original-method",
    "proxy",
];

/// And all whose names begin so.
const NEVER_FORWARDED_PREFIXES: [&str; 3] = ["x-forwarded-", "x-accel-", "x-remote-"];

/// Fields that are written from the permit, whatever the client sent.
const FROM_THE_PERMIT: [&str; 5] = ["depth", "destination", "if", "overwrite", "lock-token"];

/// The most ranges of a file that one request is answered with.
const MOST_RANGES: usize = 32;

/// The request target: the back end's path in its one spelling (P-10), and the query as it came.
pub fn target(permit: &Permit) -> String {
    let path = permit.upstream();
    // nginx makes a collection only where the URL says that it is one.
    let slash = permit.method() == Method::Mkcol && permit.route().backend.profile.matches_slashes;
    let path = if slash {
        &UpstreamPath(path.0.clone().with_slash(true))
    } else {
        path
    };
    let path = permit.route().request_target(permit.public_origin(), path);
    match permit.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    }
}

/// The header fields, without Host and framing.
pub fn headers(permit: &Permit, client: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(client.keys_len().saturating_add(4));
    for (name, value) in client {
        if passes(name.as_str(), permit) {
            out.append(name.clone(), value.clone());
        }
    }
    if !matches!(permit.method(), Method::Get | Method::Head | Method::Post) {
        out.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if has_many_ranges(&out) {
        out.remove(header::RANGE);
    }
    if permit.route().compress.is_some() {
        restore_tags(&mut out);
    }
    match permit.body() {
        PermittedBody::Xml(_) => {
            out.insert(header::CONTENT_TYPE, XML);
            drop_digests(&mut out);
        }
        PermittedBody::None | PermittedBody::Answered(_) => {
            out.remove(header::CONTENT_TYPE);
            drop_digests(&mut out);
        }
        PermittedBody::Stream(_) | PermittedBody::Spool(_) => {}
    }
    for (name, value) in decided(permit) {
        out.insert(name, value);
    }
    tell_prefix(permit.route(), &mut out);
    permit.guards().iter().for_each(|guard| hold(guard, &mut out));
    end_connection(permit, permit.method(), &mut out);
    out
}

/// Tells a back end the public prefix that takes it from a header field.
pub fn tell_prefix(route: &Route, out: &mut HeaderMap) {
    let told = route.script_name().map(HeaderValue::try_from);
    if let Some(Ok(prefix)) = told {
        out.insert("x-script-name", prefix);
    }
}

/// Has the connection end with a HEAD that it would not survive in good order: what came after it would be lost, or the next request on it
/// would get the body that should not be there as its answer.
pub fn end_connection(permit: &Permit, method: Method, out: &mut HeaderMap) {
    if method == Method::Head && permit.route().backend.profile.closes_after_head {
        out.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// adds a condition on the target to the client's own. What stands in `If` and `Overwrite` is written with the others.
fn hold(guard: &Guard, out: &mut HeaderMap) {
    const ANY: HeaderValue = HeaderValue::from_static("*");
    match guard {
        // Whatever entity tags the client names: where nothing is, none of them is.
        Guard::Absent => {
            out.insert(header::IF_NONE_MATCH, ANY);
        }
        // Whatever the client names: it matches only where something is.
        Guard::Present => {
            out.entry(header::IF_MATCH).or_insert(ANY);
        }
        Guard::Version(etag) => {
            let own = out.get(header::IF_MATCH).filter(|value| *value != ANY);
            if let (None, Ok(value)) = (own, HeaderValue::from_str(etag)) {
                out.insert(header::IF_MATCH, value);
            }
        }
        Guard::WeakVersion(_) | Guard::NotReplacing => {}
    }
}

/// The fields that the permit says.
fn decided(permit: &Permit) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let spares = permit.guards().contains(&Guard::NotReplacing);
    let overwrite = permit.overwrite().map(|yes| if yes && !spares { "T" } else { "F" });
    let weak = permit.guards().iter().find_map(|guard| match guard {
        Guard::WeakVersion(etag) => Some(etag),
        Guard::Absent | Guard::Present | Guard::Version(_) | Guard::NotReplacing => None,
    });
    let if_header = match weak {
        Some(etag) => Some(match permit.if_header() {
            Some(own) => own.clone().with_entity_tag(etag),
            // Without a tag mod_dav would hold it against the collection around it as well.
            None => If::entity_tag(permit.told_url(permit.upstream()), etag),
        }),
        None => permit.if_header().cloned(),
    };
    let fields = [
        ("depth", permit.depth().map(|depth| depth.to_string())),
        ("overwrite", overwrite.map(str::to_owned)),
        (
            "destination",
            permit.destination().map(|found| permit.told_url(&found.upstream)),
        ),
        ("if", if_header.map(|header| header.to_string())),
        ("lock-token", permit.lock_token().map(ToString::to_string)),
    ];
    fields.into_iter().filter_map(|(name, value)| {
        // All of it is visible ASCII by construction.
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value?).ok()?))
    })
}

fn passes(name: &str, permit: &Permit) -> bool {
    let listed = |list: &[&str]| list.contains(&name);
    // CGI variables have one letter, `_`, for the others; which ones is up to the server.
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain || listed(&OF_THE_CONNECTION) || listed(&NEVER_FORWARDED) || listed(&FROM_THE_PERMIT) {
        return false;
    }
    if NEVER_FORWARDED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return false;
    }
    match name {
        "timeout" => permit.method() == Method::Lock,
        "x-update-range" => permit.method() == Method::Patch,
        "range" | "if-range" => matches!(permit.method(), Method::Get | Method::Head),
        // With it (RFC 8144 section 2) the answer to a write shows what is at the target.
        "prefer" => permit.method().is_safe() || permit.reads_target(),
        // It changes which version is read.
        "label" => permit.allowed().contains(Method::VersionControl),
        _ => true,
    }
}

/// Whether so many ranges are asked for that their parts cost more than the whole, which is sent then (RFC 9110 section 14.2).
fn has_many_ranges(fields: &HeaderMap) -> bool {
    let values = fields.get_all(header::RANGE).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .count()
        > MOST_RANGES
}

/// What described bytes that are not forwarded.
fn drop_digests(out: &mut HeaderMap) {
    for name in [
        "content-encoding",
        "content-md5",
        "digest",
        "content-digest",
        "repr-digest",
    ] {
        out.remove(name);
    }
}

/// The fields of a question of the gateway's own (EX-1), with the client's credentials; `identity/outbound.rs` puts others in
/// their place.
pub fn probe_headers(client: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::new();
    for name in [header::AUTHORIZATION, header::COOKIE, header::USER_AGENT] {
        for value in client.get_all(&name) {
            out.append(&name, value.clone());
        }
    }
    out.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    out.insert(header::CONTENT_TYPE, XML);
    out.insert("depth", HeaderValue::from_static("0"));
    out
}

/// Whether a redirect that answers a probe only adds the slash of a collection (P-15).
pub fn adds_slash(location: &str, asked: &UpstreamPath) -> bool {
    use crate::url::Reference;
    let (Reference::Absolute { target, .. } | Reference::AbsolutePath(target)) = Reference::parse(location) else {
        return false;
    };
    let there = target.canonical();
    there.is_ok_and(|there| there.slash() && !asked.0.slash() && there.key() == asked.0.key())
}
