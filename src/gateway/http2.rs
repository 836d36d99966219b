//! HTTP/2 (RFC 9113), brought into the form of HTTP/1.1 that the stages read. In: a stream's request, as the library has checked it. Out: the
//! same with the fields that HTTP/1.1 says these things with, and the head that it would have begun with there.
//!
//! The back end is spoken to in HTTP/1.1, whatever the client speaks. So what is judged is what HTTP/1.1 says, and no second reading of a
//! request can differ from the first one.

use bytes::Bytes;
use http::{HeaderValue, Method, Version, header};
use pingora::{
    Result,
    apps::HttpServerOptions,
    protocols::http::v2::server::{H2Options, default_h2_options},
    proxy::Session,
};

use crate::policy::ClientBounds;

/// What every connection of HTTP/2 begins with (RFC 9113 section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// With the head of the first frame, which must follow at once.
pub const OPENING: usize = PREFACE.len() + 9;
/// How much of one body may come before the gateway takes it, in bytes; so far as that, a connection is filled however far it goes.
const STREAM_WINDOW: u32 = 256 << 10;
/// The same for all bodies of a connection.
const CONNECTION_WINDOW: u32 = 512 << 10;
/// How much of one answer waits for a client that does not take it, in bytes.
const SEND_BUFFER: usize = 64 << 10;
/// What a header field counts beside its name and value (RFC 9113 section 6.5.2), times the fields that a head may have.
const FIELDS: usize = 32 * 256;

/// What connections are offered, where a head may have `head_size` bytes.
pub fn options(head_size: usize) -> H2Options {
    let mut options = default_h2_options();
    options.initial_window_size(STREAM_WINDOW);
    options.initial_connection_window_size(CONNECTION_WINDOW);
    options.max_send_buffer_size(SEND_BUFFER);
    options.max_header_list_size(u32::try_from(head_size.saturating_add(FIELDS)).unwrap_or(u32::MAX));
    options
}

/// Has connections without a request end as those of HTTP/1 do.
pub fn bound(options: &mut HttpServerOptions, bounds: &ClientBounds) {
    options.h2_idle_timeout = Some(bounds.idle);
}

/// Whether the request came by HTTP/2.
pub fn is_spoken(session: &Session) -> bool {
    session.req_header().version == Version::HTTP_2
}

/// Gives the request the fields that HTTP/1.1 has and HTTP/2 has not: Host, one Cookie, and Transfer-Encoding where a body of unknown length
/// may follow.
///
/// # Errors
/// A value that no field may have.
pub fn normalise(session: &mut Session) -> Result<()> {
    let unframed = {
        let headers = &session.req_header().headers;
        let unframed = !headers.contains_key(header::CONTENT_LENGTH);
        unframed && !session.as_downstream_mut().is_body_empty()
    };
    let request = session.req_header_mut();
    if !request.headers.contains_key(header::HOST)
        && let Some(authority) = request.uri.authority().cloned()
    {
        request.insert_header(header::HOST, authority.as_str())?;
    }
    // RFC 9113 section 8.2.3
    if request.headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let crumbs: Vec<&[u8]> = request
            .headers
            .get_all(header::COOKIE)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let cookie = crumbs.join(&b"; "[..]);
        request.insert_header(header::COOKIE, cookie)?;
    }
    if unframed {
        request.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    Ok(())
}

/// The head of the request as HTTP/1.1 would have it; of HTTP/1, as it came.
pub fn head(session: &Session) -> Bytes {
    if !is_spoken(session) {
        return session.as_downstream().to_h1_raw();
    }
    let request = session.req_header();
    let target = match request.uri.authority() {
        Some(authority) if request.method == Method::CONNECT => authority.as_str().as_bytes(),
        _ => request.raw_path(),
    };
    let mut head = [request.method.as_str().as_bytes(), b" ", target, b" HTTP/1.1\r\n"].concat();
    for (name, value) in &request.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}
