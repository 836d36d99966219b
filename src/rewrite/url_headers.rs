//! The headers of an answer that hold URLs, and those that are none of the client's business (spec 1.5, P-15; RFC 9110 sections
//! 7.6.1, 8.7, 10.2.2; RFC 4437). In: the back end's headers. Out: the same with public URLs, or the reason for refusing the answer.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_LOCATION, LINK, LOCATION, SET_COOKIE, TRANSFER_ENCODING},
    header::{Entry, REFRESH},
};

use super::{answer::BadAnswer, challenge::challenges, cookie::public_cookie, link::public_links, urls::AnswerContext};
use crate::{identity::outbound::keeps_cookies, url::Reference};

const REDIRECT_REF: HeaderName = HeaderName::from_static("redirect-ref");
/// No RFC has it; where a back end tells its token so, it is the same as in XML.
const SYNC_TOKEN: HeaderName = HeaderName::from_static("sync-token");

/// Between the back end and the gateway, or for a server in front of the back end: they end here. `Alt-Svc` would lead clients
/// around the gateway.
const INTERNAL: [HeaderName; 10] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authentication-info"),
    HeaderName::from_static("te"),
    HeaderName::from_static("upgrade"),
    HeaderName::from_static("alt-svc"),
    HeaderName::from_static("x-sendfile"),
    HeaderName::from_static("x-sendfile-type"),
    HeaderName::from_static("x-lighttpd-send-file"),
];

/// Families of such headers.
const INTERNAL_PREFIXES: [&str; 2] = ["x-accel-", "svn-"];

/// Takes out what ends at the gateway, `Connection` and what it names included.
pub(super) fn remove_internal(headers: &mut HeaderMap) {
    let mut gone: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let names = value.to_str().unwrap_or_default().split(',');
        // Deliberately not what frames the message, whatever the back end says.
        let named = names.filter_map(|name| name.trim().parse().ok());
        gone.extend(named.filter(|name| *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING));
    }
    let in_family = |name: &&HeaderName| INTERNAL_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix));
    gone.extend(headers.keys().filter(in_family).cloned());
    for name in gone.iter().chain(&INTERNAL).chain([&CONNECTION]) {
        headers.remove(name);
    }
}

/// Makes the URLs in the headers public. What has no public URL is left out; in a redirect it is an error (P-15).
pub(super) fn map_headers(context: &AnswerContext, status: u16, headers: &mut HeaderMap) -> Result<(), BadAnswer> {
    let redirect = (300..400).contains(&status) && status != 304;
    let locations = headers.get_all(LOCATION).iter().count();
    replace(headers, LOCATION, |url| context.public_url(url));
    if redirect && headers.get_all(LOCATION).iter().count() < locations {
        return Err(BadAnswer::RedirectOutside);
    }
    replace(headers, CONTENT_LOCATION, |url| context.seen_url(url));
    replace(headers, REDIRECT_REF, |url| match Reference::parse(url) {
        Reference::Relative(_) => Some(url.to_owned()),
        Reference::OtherScheme
        | Reference::Absolute { .. }
        | Reference::NetworkPath { .. }
        | Reference::AbsolutePath(_) => context.public_url(url),
    });
    replace(headers, LINK, |value| public_links(context, value));
    replace(headers, SYNC_TOKEN, |token| {
        Some(context.wrapped(token.trim()).unwrap_or_else(|| token.to_owned()))
    });
    replace(headers, REFRESH, |value| public_refresh(context, value));
    if keeps_cookies(&context.route.backend.credentials) {
        headers.remove(SET_COOKIE);
    }
    replace(headers, SET_COOKIE, |value| public_cookie(context, value));
    challenges(context, status, headers)
}

/// Replaces every value of `name`; the ones without a replacement go, and so do those that are not text.
fn replace(headers: &mut HeaderMap, name: HeaderName, replacement: impl Fn(&str) -> Option<String>) {
    let Entry::Occupied(entry) = headers.entry(name) else {
        return;
    };
    let (name, values) = entry.remove_entry_mult();
    let replaced: Vec<HeaderValue> = values
        .filter_map(|value| {
            let text = replacement(std::str::from_utf8(value.as_bytes()).ok()?)?;
            HeaderValue::from_bytes(text.as_bytes()).ok()
        })
        .collect();
    for value in replaced {
        headers.append(name.clone(), value);
    }
}

/// `Refresh`, which no RFC defines: seconds, then `;` or `,`, then `url=URL`, perhaps quoted.
fn public_refresh(context: &AnswerContext, value: &str) -> Option<String> {
    let Some((seconds, target)) = value.split_once([';', ',']) else {
        return Some(value.to_owned());
    };
    let target = target.trim();
    let (name, url) = target.split_once('=').unwrap_or(("", target));
    let url = if name.trim().eq_ignore_ascii_case("url") {
        url
    } else {
        target
    };
    let url = context.public_url(url.trim().trim_matches(['"', '\'']))?;
    Some(format!("{}; url={url}", seconds.trim()))
}

#[cfg(test)]
#[path = "url_headers_tests.rs"]
mod tests;
