//! `headers` of a route. In: names and values. Out: the header fields that every answer of the route gets; names with a meaning of their own
//! are refused, so that no line of a file can make an answer say what it does not mean (RM-16).

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::error::{KeyPath, Problem};
use super::judge::Judge;

/// What frames an answer, what depends on the answer, what speaks of WebDAV, and who may read it.
const TAKEN: [&str; 39] = [
    "accept-patch",
    "accept-ranges",
    "age",
    "allow",
    "authentication-info",
    "cache-control",
    "connection",
    "dasl",
    "date",
    "dav",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "location",
    "lock-token",
    "ms-author-via",
    "pragma",
    "preference-applied",
    "public",
    "retry-after",
    "schedule-tag",
    "server",
    "set-cookie",
    "set-cookie2",
    "status",
    "status-uri",
    "te",
    "timeout",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-accel-redirect",
    "x-accel-buffering",
    "x-sendfile",
];

/// The beginnings of more such names. What other sites may read is a matter of the request, too.
const TAKEN_BEGINNINGS: [&str; 3] = ["access-control-", "content-", "proxy-"];

/// The header fields that `raw` at `path` describes.
pub fn compile(
    judge: &mut Judge,
    raw: Option<&BTreeMap<String, String>>,
    path: &KeyPath,
) -> Vec<(String, HeaderValue)> {
    let Some(raw) = raw else { return Vec::new() };
    if raw.is_empty() && !judge.has_refused(path) {
        judge.refuse(Problem::new(path.clone(), "is empty").expected("NAME: VALUE, or the key left out"));
    }
    let mut added: Vec<(String, HeaderValue)> = Vec::new();
    for (name, value) in raw {
        let at = path.named(name);
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let Some(parsed) = HeaderName::try_from(name).ok().filter(|_| plain) else {
            let problem = Problem::new(at, format!("{name:?} is no name of a header"));
            judge.refuse(problem.expected("letters, digits and -, such as X-Frame-Options"));
            continue;
        };
        let known = parsed.as_str();
        if TAKEN.contains(&known) || TAKEN_BEGINNINGS.iter().any(|begins| known.starts_with(begins)) {
            let problem = Problem::new(at, format!("{name} has a meaning of its own in every answer"));
            judge.refuse(problem.expected("another header, such as X-Frame-Options"));
            continue;
        }
        if let Some((other, _)) = added.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) {
            let what = format!("is {other} in other letters");
            judge.refuse(Problem::new(at, what).expected("each header once"));
            continue;
        }
        let visible =
            !value.is_empty() && value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        match HeaderValue::from_str(value).ok().filter(|_| visible) {
            Some(value) => added.push((name.clone(), value)),
            None => {
                let problem = Problem::new(at, "is no value of a header");
                judge.refuse(problem.expected("visible ASCII, with blanks only inside"));
            }
        }
    }
    added
}
