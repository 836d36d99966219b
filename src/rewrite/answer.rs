//! The answer of a back end, made public. In: status and headers, and what is known of the request. Out: the headers for the client
//! and a plan for the body, or the reason for answering 502 instead. Section 1.5, P-15, M-44, ERR-3, R-13.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
        ETAG, LAST_MODIFIED, LOCATION, TRAILER, TRANSFER_ENCODING,
    },
};

pub use super::answer_body::{AnswerBodyError, BodyPlan, RewritePlan, Rewriting};
pub use super::urls::AnswerContext;
use super::{
    announce::announce,
    body::BodyOptions,
    decode::ContentDecoder,
    request::adds_slash,
    url_headers::{map_headers, remove_internal},
};
use crate::{
    decide::{Permit, privileges},
    policy::{BackEnd, Method},
    url::{Authority, Origin, Reference, UpstreamPath},
    xml::media_type::xml_charset,
};

/// Why an answer cannot be passed on at all. The client gets 502.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// It redirects to where the route does not reach (P-15).
    #[error("the back end redirects to a URL outside the route")]
    RedirectOutside,
    /// Its XML is in a content coding that is not known, or in several.
    #[error("the back end's XML answer has an unknown Content-Encoding")]
    UnknownCoding,
    /// It is a 207 without a body.
    #[error("the back end's 207 answer has no body")]
    EmptyMultistatus,
    /// It is a part of a document that would have to be rewritten as a whole.
    #[error("the back end answers with a part of a document whose URLs must be mapped")]
    PartOfDocument,
    /// It asks for credentials in a way that nobody could meet.
    #[error("the back end asks for credentials that do not pass, or refuses the gateway's own")]
    Challenge,
    /// It is no multistatus where only that could be filtered (F-15).
    #[error("the back end's answer is no XML where a multistatus is expected")]
    NotXml,
}

impl BadAnswer {
    /// The name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::RedirectOutside => "redirect-outside-route",
            Self::UnknownCoding => "answer-unknown-coding",
            Self::EmptyMultistatus => "answer-missing",
            Self::PartOfDocument => "answer-partial",
            Self::Challenge => "answer-challenge",
            Self::NotXml => "answer-not-xml",
        }
    }
}

/// What is true only of the bytes that the back end sent.
pub(super) const OF_THE_BYTES: [HeaderName; 7] = [
    CONTENT_LENGTH,
    CONTENT_ENCODING,
    TRAILER,
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// Rewrites `headers` of an answer with this status and says what becomes of its body. An interim answer (1xx) stays as it is. Where the
/// route has `access`, a 404 looks like that for what is hidden, which the back end is not asked for: one empty form for both.
///
/// # Errors
/// The answer must not go out; the headers are in no defined state then.
pub fn rewrite(context: &Arc<AnswerContext>, status: u16, headers: &mut HeaderMap) -> Result<BodyPlan, BadAnswer> {
    if (100..200).contains(&status) {
        return Ok(BodyPlan::AsIs);
    }
    // Beneath the chunks the bytes would stay coded, and nothing would say so any more (RFC 9112 section 7).
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(|coding| !chunked(coding)) || codings.next().is_some() {
        return Err(BadAnswer::UnknownCoding);
    }
    say_length_once(headers);
    if status == 404 && context.filter.is_some() && privileges::hides(context.method) {
        *headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("no-store"))]);
        return Ok(BodyPlan::Empty);
    }
    remove_internal(headers);
    map_headers(context, status, headers)?;
    announce(context, status, headers);
    if context.route.backend.sources {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
    if (200..300).contains(&status) && must_be_filtered(context, status, headers) {
        return Err(BadAnswer::NotXml);
    }
    match status {
        204 => {
            // Nothing follows it, whatever is said (RFC 9112 section 6.3).
            headers.remove(CONTENT_LENGTH);
            headers.remove(TRANSFER_ENCODING);
            return Ok(BodyPlan::AsIs);
        }
        304 => return Ok(BodyPlan::AsIs),
        _ => {}
    }
    let plan = plan(context, status, headers)?;
    // The headers are those of the answer to GET, the body is none.
    Ok(if context.method == Method::Head {
        BodyPlan::AsIs
    } else {
        plan
    })
}

/// Whether an answer says of a resource only that it was moved away. To WebDAV there is nothing at the old URL then: a client that followed
/// would delete, lock or list what it did not ask for (P-15). Pages may be looked for where they are now.
pub fn is_moved_away(permit: &Permit, status: u16, headers: &HeaderMap) -> bool {
    let page = matches!(permit.method(), Method::Get | Method::Head | Method::Post);
    !page && leads_away(&permit.route().backend, status, headers, permit.upstream())
}

/// Whether a redirect leads from what was moved away to where it is. One to a form for a password leads to another host, or has a query that
/// says where to go on.
pub fn leads_away(backend: &BackEnd, status: u16, headers: &HeaderMap, asked: &UpstreamPath) -> bool {
    if !backend.profile.redirects_moved || !matches!(status, 301 | 302 | 307 | 308) {
        return false;
    }
    let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let own = |authority: &str| {
        let same = |own: &Origin| Authority::parse(authority).is_some_and(|found| own.authority.same_as(&found));
        backend.external_urls || same(&backend.location.origin()) || backend.aliases.iter().any(same)
    };
    let target = match Reference::parse(location) {
        Reference::Absolute { authority, target, .. } if own(authority) => target,
        Reference::AbsolutePath(target) => target,
        _ => return false,
    };
    target.is_bare() && !adds_slash(location, asked)
}

/// Makes one Content-Length of several, or of a list, which two readers may take for different lengths (RFC 9110 section 8.6). All say the
/// same: pingora takes no answer where they differ.
fn say_length_once(headers: &mut HeaderMap) {
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return;
    };
    let first = length.as_bytes().split(|byte| *byte == b',').next();
    if let Some(Ok(one)) = first.map(|first| HeaderValue::from_bytes(first.trim_ascii())) {
        headers.insert(CONTENT_LENGTH, one);
    }
}

fn plan(context: &Arc<AnswerContext>, status: u16, headers: &mut HeaderMap) -> Result<BodyPlan, BadAnswer> {
    let media = media_type(headers);
    let media = media.as_deref();
    let success = status < 300;
    if (!success || only_reports(context.method)) && !context.route.pass_error_bodies && is_html(media) {
        empty(headers, success);
        return Ok(BodyPlan::Empty);
    }
    // What failed may be members, and what a body of no type tells of them nobody could filter (F-1, F-4).
    let failed = !success && context.filter.is_some() && only_reports(context.method);
    if failed && media.is_none() {
        empty(headers, success);
        return Ok(BodyPlan::Empty);
    }
    // A route that shows no WebDAV has nothing but pages and files: their XML may be anything, a DOCTYPE included. But its back
    // end may speak WebDAV, and tell of what is hidden.
    let told = failed || status == 207;
    let shown = told || context.route.speaks_dav() || media == Some("application/davmount+xml");
    if !shown || !is_rewritten(context.method, status, media) {
        return Ok(BodyPlan::AsIs);
    }
    if headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0") && context.method != Method::Head {
        return match status {
            207 => Err(BadAnswer::EmptyMultistatus),
            _ => Ok(BodyPlan::AsIs),
        };
    }
    if status == 206 {
        return Err(BadAnswer::PartOfDocument);
    }
    let charset = headers
        .get(CONTENT_TYPE)
        .and_then(|value| xml_charset(value.as_bytes(), true).ok().flatten());
    let decoder = decoder(headers)?;
    for name in OF_THE_BYTES {
        headers.remove(name);
    }
    headers.remove(ACCEPT_RANGES);
    // In a 416 it tells the length of the resource.
    if status != 416 {
        headers.remove(CONTENT_RANGE);
    }
    if status == 207 || tags_the_answer(context.method) {
        headers.remove(ETAG);
    }
    let content_type = format!("{}; charset=\"utf-8\"", media.unwrap_or("application/xml"));
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    Ok(BodyPlan::Rewrite(RewritePlan {
        context: Arc::clone(context),
        decoder,
        options: BodyOptions {
            charset,
            repair_lock_owner: context.route.backend.profile.owner_is_repr,
            success,
            ..BodyOptions::new(context.public.to_string())
        },
        required: status == 207,
    }))
}

/// F-15: whether this successful answer tells of resources in a form that no filter reads.
fn must_be_filtered(context: &AnswerContext, status: u16, headers: &HeaderMap) -> bool {
    let Some(asked) = context.filter.as_ref().map(|filter| &filter.asked) else {
        return false;
    };
    let media = media_type(headers);
    let xml = status != 204 && status != 205 && is_rewritten(context.method, status, media.as_deref());
    let empty = status == 204 || headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0");
    match context.method {
        // RP-12
        Method::Report if asked.free_busy => false,
        Method::Propfind | Method::Report | Method::Search => !xml || empty,
        // RFC 8144: there may be nothing to tell.
        Method::Proppatch => !xml && !empty,
        _ => false,
    }
}

/// The media type without parameters, as written.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media = value.split(';').next().unwrap_or(value).trim();
    (!media.is_empty()).then(|| media.to_owned())
}

fn is_html(media: Option<&str>) -> bool {
    media.is_some_and(|media| {
        media.eq_ignore_ascii_case("text/html") || media.eq_ignore_ascii_case("application/xhtml+xml")
    })
}

/// Whether the body holds URLs of ours: WebDAV's XML, but never a file (C-14).
fn is_rewritten(method: Method, status: u16, media: Option<&str>) -> bool {
    let success = (200..300).contains(&status);
    let media = media.map(str::to_ascii_lowercase);
    let file = success && matches!(method, Method::Get | Method::Head);
    match media.as_deref() {
        Some("application/davmount+xml") => true,
        _ if file => false,
        // Whatever it calls itself, clients read it as a multistatus.
        _ if status == 207 => true,
        Some("application/xml" | "text/xml") => true,
        Some("application/xhtml+xml") => false,
        Some(media) => media.ends_with("+xml") && !media.starts_with("image/"),
        None => success && answers_in_xml(method),
    }
}

/// Methods whose successful answers are XML, also when no Content-Type says so.
fn answers_in_xml(method: Method) -> bool {
    use Method::{Lock, Propfind, Proppatch, Report, Search};
    matches!(method, Lock | Propfind | Proppatch | Report | Search)
}

/// Methods whose answers say in HTML, if at all, what was done and to which of the back end's URLs (Apache: `Resource /dav/a has
/// been created.`).
fn only_reports(method: Method) -> bool {
    use Method::{Copy, Delete, Lock, Mkcol, Move, Proppatch, Put, Unlock};
    matches!(method, Copy | Delete | Lock | Mkcol | Move | Proppatch | Put | Unlock)
}

/// Methods in whose answers an ETag belongs to the body; in those of the others it is the tag of the resource that was written.
fn tags_the_answer(method: Method) -> bool {
    use Method::{Get, Head, Options, Post, Propfind, Report, Search};
    matches!(method, Get | Head | Options | Post | Propfind | Report | Search)
}

/// What undoes the content coding; `None` when there is none.
fn decoder(headers: &HeaderMap) -> Result<Option<ContentDecoder>, BadAnswer> {
    let mut coding = None;
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| BadAnswer::UnknownCoding)?;
        for name in value.split(',').map(str::trim) {
            if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                continue;
            }
            if coding.replace(name).is_some() {
                return Err(BadAnswer::UnknownCoding);
            }
        }
    }
    match coding.map(ContentDecoder::for_coding) {
        Some(None) => Err(BadAnswer::UnknownCoding),
        Some(decoder) => Ok(decoder),
        None => Ok(None),
    }
}

/// The headers of an answer whose body is taken away (ERR-3). After a success the validators are those of what was written.
fn empty(headers: &mut HeaderMap, success: bool) {
    let of_the_body = [CONTENT_TYPE, CONTENT_LANGUAGE, TRANSFER_ENCODING];
    for name in OF_THE_BYTES.into_iter().chain(of_the_body) {
        headers.remove(name);
    }
    if !success {
        headers.remove(ETAG);
        headers.remove(LAST_MODIFIED);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
