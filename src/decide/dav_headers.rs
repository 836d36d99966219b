//! The headers of a request that decide something (O-8; section 5.2): read once, malformed is refused, what is missing gets the
//! meaning the RFC gives it, so that no back end has to guess.

use http::{HeaderMap, header};

use crate::{
    policy::Method,
    request::{
        Depth, If,
        depth::DepthHeader,
        lock_token::LockToken,
        position::Position,
        single::{NotText, is_entity_tag_list, repeated, text},
    },
};

use super::{Denial, target::Target};

/// What the headers say.
#[derive(Clone, Debug, Default)]
pub(super) struct DavHeaders {
    /// The Depth to go by and to forward; `None` for methods that have none.
    pub depth: Option<Depth>,
    /// Leave the target itself out of the answer (B-20).
    pub noroot: bool,
    /// Whether an existing Destination may be replaced; `Some` for COPY and MOVE.
    pub overwrite: Option<bool>,
    /// The Destination of COPY and MOVE as it was written.
    pub destination: Option<String>,
    /// The conditions, their tags not yet mapped.
    pub if_header: Option<If>,
    /// The token of UNLOCK.
    pub lock_token: Option<LockToken>,
}

impl DavHeaders {
    pub(super) fn read(headers: &HeaderMap, target: &Target) -> Result<Self, Denial> {
        let (method, route) = (target.method, &target.route);
        once(headers)?;
        connection(headers)?;
        names(headers, route.refuse_underscore, route.strict_override)?;
        expectation(headers)?;
        let (depth, noroot) = depth(headers, method, route.noroot)?;
        let bare = route.backend.profile.bare_entity_tags;
        preconditions(headers, bare)?;
        if method == Method::Put && headers.contains_key(header::CONTENT_RANGE) {
            return Err(Denial::PartialPut);
        }
        if let Some(value) = text(headers, "position").map_err(|NotText| Denial::Position)? {
            Position::parse(value).ok_or(Denial::Position)?;
        }
        Ok(Self {
            depth,
            noroot,
            overwrite: overwrite(headers, method)?,
            destination: destination(headers, method)?,
            if_header: match text(headers, "if").map_err(|NotText| Denial::If)? {
                Some(value) if bare => Some(If::parse_with_bare_entity_tags(value).map_err(|_| Denial::If)?),
                Some(value) => Some(If::parse(value).map_err(|_| Denial::If)?),
                None => None,
            },
            lock_token: lock_token(headers, method)?,
        })
    }
}

/// B-10: no field that may come once comes twice.
pub(super) fn once(headers: &HeaderMap) -> Result<(), Denial> {
    repeated(headers).map_or(Ok(()), |_| Err(Denial::RepeatedHeader))
}

/// Whether Depth is there and 0 (P-11).
pub(super) fn asks_depth_0(headers: &HeaderMap) -> Result<bool, Denial> {
    let read = read_depth(headers, false)?;
    Ok(read.is_some_and(|read| read.depth == Depth::Zero))
}

/// B-11: a client that names another header here would have it stripped behind the gateway's back.
fn connection(headers: &HeaderMap) -> Result<(), Denial> {
    const OF_THE_CONNECTION: [&str; 7] = [
        "close",
        "keep-alive",
        "te",
        "upgrade",
        "http2-settings",
        "proxy-connection",
        "proxy-authorization",
    ];
    for value in headers.get_all(header::CONNECTION) {
        let value = value.to_str().map_err(|_| Denial::ConnectionNames)?;
        let mut names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
        if !names.all(|name| OF_THE_CONNECTION.iter().any(|known| name.eq_ignore_ascii_case(known))) {
            return Err(Denial::ConnectionNames);
        }
    }
    Ok(())
}

/// Headers by which a request asks to be taken for another (B-50).
pub(crate) const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

fn names(headers: &HeaderMap, refuse_underscore: bool, strict_override: bool) -> Result<(), Denial> {
    if refuse_underscore && headers.keys().any(|name| name.as_str().contains('_')) {
        return Err(Denial::Underscore);
    }
    if strict_override && OVERRIDES.iter().any(|name| headers.contains_key(*name)) {
        return Err(Denial::MethodOverride);
    }
    Ok(())
}

/// B-16.
fn expectation(headers: &HeaderMap) -> Result<(), Denial> {
    match headers.get(header::EXPECT) {
        Some(value) if !value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Err(Denial::Expectation),
        Some(_) | None => Ok(()),
    }
}

fn read_depth(headers: &HeaderMap, noroot: bool) -> Result<Option<DepthHeader>, Denial> {
    match text(headers, "depth").map_err(|NotText| Denial::Depth)? {
        Some(value) => DepthHeader::parse(value, noroot).map(Some).ok_or(Denial::Depth),
        None => Ok(None),
    }
}

/// B-20 to B-24: the Depth to go by, with what stands for a missing one.
fn depth(headers: &HeaderMap, method: Method, noroot: bool) -> Result<(Option<Depth>, bool), Denial> {
    let read = read_depth(headers, noroot && method == Method::Propfind)?;
    let depth = read.map(|read| read.depth);
    Ok(match method {
        Method::Propfind => (
            Some(depth.unwrap_or(Depth::Infinity)),
            read.is_some_and(|read| read.noroot),
        ),
        Method::Report => (Some(depth.unwrap_or(Depth::Zero)), false),
        Method::Copy | Method::Move | Method::Delete | Method::Lock if depth == Some(Depth::One) => {
            return Err(Denial::Depth);
        }
        Method::Copy | Method::Move | Method::Delete | Method::Lock => (Some(depth.unwrap_or(Depth::Infinity)), false),
        // RFC 3253 sections 7.1 and 8.2: a Depth may be there, and none means the resource alone.
        Method::Update | Method::Label => (depth, false),
        _ => (None, false),
    })
}

/// B-25, B-26.
fn overwrite(headers: &HeaderMap, method: Method) -> Result<Option<bool>, Denial> {
    let said = match text(headers, "overwrite").map_err(|NotText| Denial::Overwrite)? {
        None => None,
        Some(value) if value.eq_ignore_ascii_case("t") => Some(true),
        Some(value) if value.eq_ignore_ascii_case("f") => Some(false),
        Some(_) => return Err(Denial::Overwrite),
    };
    let applies = matches!(method, Method::Copy | Method::Move);
    Ok(applies.then(|| said.unwrap_or(true)))
}

/// B-30.
fn destination(headers: &HeaderMap, method: Method) -> Result<Option<String>, Denial> {
    if !matches!(method, Method::Copy | Method::Move) {
        return Ok(None);
    }
    match text(headers, "destination").map_err(|NotText| Denial::DestinationForm)? {
        Some(value) => Ok(Some(value.to_owned())),
        None => Err(Denial::DestinationMissing),
    }
}

/// B-42, L-63.
fn lock_token(headers: &HeaderMap, method: Method) -> Result<Option<LockToken>, Denial> {
    if method != Method::Unlock {
        return Ok(None);
    }
    let value = text(headers, "lock-token").map_err(|NotText| Denial::LockToken)?;
    value.and_then(LockToken::parse).map(Some).ok_or(Denial::LockToken)
}

/// B-46.
fn preconditions(headers: &HeaderMap, bare: bool) -> Result<(), Denial> {
    let mut values = [header::IF_MATCH, header::IF_NONE_MATCH]
        .into_iter()
        .flat_map(|name| headers.get_all(name));
    if values.all(|value| is_entity_tag_list(value.as_bytes(), bare)) {
        Ok(())
    } else {
        Err(Denial::EntityTag)
    }
}
