//! Answers compressed for the client (RM-17, RFC 9110 section 12.5.3). In: what the client accepts, and the head of an answer. Out: the head as
//! it is with the coding, and what codes the body, piece by piece. What a coding says of an answer's length could betray a secret beside
//! a text of an attacker's in it (BREACH), so only files are coded, and listings and reports where the file of the route says so.

use std::io::{self, Write};

use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCEPT_ENCODING, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH,
        IF_NONE_MATCH, RANGE, VARY,
    },
};

use super::answer::OF_THE_BYTES;
use crate::policy::{Compress, Method};

/// What is shorter is not worth it, in bytes.
const SHORTEST: u64 = 1024;
/// More would cost more time than it saves bytes.
const LEVEL: u32 = 4;

/// What a request on a route with `compress` says of codings.
#[derive(Clone, Debug)]
pub struct Asked {
    method: Method,
    settings: Compress,
    /// Whether the client would have gzip.
    gzip: bool,
    /// Whether it wants a part of a file.
    range: bool,
    /// The tags of what it has.
    tags: Option<String>,
}

impl Asked {
    /// What `method` with these fields says. `chunks`: the client can read an answer whose length is not told.
    pub fn new(settings: Compress, method: Method, client: &HeaderMap, chunks: bool) -> Self {
        let tags: Vec<&str> = client
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|tags| tags.to_str().ok())
            .collect();
        Self {
            method,
            settings,
            gzip: chunks && takes_gzip(client),
            range: client.contains_key(RANGE),
            tags: (!tags.is_empty()).then(|| tags.join(", ")),
        }
    }

    /// Makes of the head of an answer the one that goes out; whether its body, if one follows, is to be compressed.
    pub fn prepare(&self, status: u16, headers: &mut HeaderMap) -> bool {
        if !self.may_be_coded(status, headers) {
            return false;
        }
        vary(headers);
        match status {
            304 => {
                if headers.get(ETAG).is_some_and(|etag| self.has_coded(etag)) {
                    weaken(headers);
                }
                false
            }
            206 => false,
            _ if !self.gzip || self.range => false,
            _ => {
                for name in OF_THE_BYTES {
                    headers.remove(name);
                }
                headers.remove(ACCEPT_RANGES);
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                weaken(headers);
                true
            }
        }
    }

    /// Whether it depends on Accept-Encoding what such an answer is like.
    fn may_be_coded(&self, status: u16, headers: &HeaderMap) -> bool {
        let of_a_file = matches!(self.method, Method::Get | Method::Head);
        let in_xml = matches!(self.method, Method::Propfind | Method::Report | Method::Search);
        if headers.contains_key(CONTENT_ENCODING) || says_no_transform(headers) {
            return false;
        }
        match status {
            200 => of_a_file && is_text(headers) && is_long(headers),
            206 => of_a_file && is_text(headers),
            207 => in_xml && self.settings.xml && is_text(headers) && is_long(headers),
            // What it would be as a 200 is not told.
            304 => of_a_file,
            _ => false,
        }
    }

    /// Whether what the client has of this tag is coded.
    fn has_coded(&self, etag: &HeaderValue) -> bool {
        let Some(tags) = &self.tags else { return self.gzip };
        let etag = etag.to_str().unwrap_or_default();
        let named = |wanted: &str| tags_of(tags).any(|tag| tag == wanted);
        named(&format!("W/{etag}")) && !named(etag)
    }
}

/// A body on its way into gzip.
pub struct Gzip(GzEncoder<Vec<u8>>);

impl Default for Gzip {
    fn default() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::new(LEVEL)))
    }
}

impl Gzip {
    /// The next piece, coded: all of it can be read by whoever gets it, so that nobody waits for what is there.
    ///
    /// # Errors
    /// It cannot be coded: there is no memory.
    pub fn push(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(piece)?;
        self.0.flush()?;
        Ok(std::mem::take(self.0.get_mut()))
    }

    /// The end.
    ///
    /// # Errors
    /// As for [`Gzip::push`].
    pub fn finish(&mut self) -> io::Result<Vec<u8>> {
        self.0.try_finish()?;
        Ok(std::mem::take(self.0.get_mut()))
    }
}

/// Makes conditions with tags that [`weaken`] has made into those of the back end. If-None-Match compares weakly whatever a tag is (RFC 9110
/// section 13.1.2), and some back ends compare letter by letter: they get both forms. Deliberately, a weak tag in If-Match, which could never
/// match, is the strong tag that it was made of: it stands for the same state of the same resource, and without it nobody who has read a
/// file coded could write it under a condition.
pub(super) fn restore_tags(headers: &mut HeaderMap) {
    let strong = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    for (name, keeps_weak) in [(IF_NONE_MATCH, true), (IF_MATCH, false)] {
        let values = headers.get_all(&name).iter().filter_map(|value| value.to_str().ok());
        let tags: Vec<String> = values.flat_map(tags_of).map(str::to_owned).collect();
        if !tags.iter().any(|tag| tag.starts_with("W/")) {
            continue;
        }
        let mut all: Vec<String> = Vec::new();
        let kept = tags.iter().filter(|tag| keeps_weak || !tag.starts_with("W/")).cloned();
        for tag in kept.chain(tags.iter().map(|tag| strong(tag))) {
            if !all.contains(&tag) {
                all.push(tag);
            }
        }
        if let Ok(value) = HeaderValue::from_str(&all.join(", ")) {
            headers.insert(name, value);
        }
    }
}

/// The members of a list of entity tags; a comma may stand inside one.
fn tags_of(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"');
        let end = match quoted.and_then(|quoted| Some((quoted, quoted.find('"')?))) {
            Some((quoted, end)) => rest.len().checked_sub(quoted.len())?.checked_add(end)?.checked_add(1)?,
            None => rest.find(',').unwrap_or(rest.len()),
        };
        let (tag, after) = rest.split_at_checked(end)?;
        rest = after;
        (!tag.is_empty()).then_some(tag.trim_end())
    })
}

/// Two codings of one file are not the same byte for byte (RFC 9110 section 8.8.1).
fn weaken(headers: &mut HeaderMap) {
    let strong = headers.get(ETAG).filter(|etag| etag.as_bytes().starts_with(b"\""));
    let weak = strong.and_then(|etag| HeaderValue::from_bytes(&[b"W/", etag.as_bytes()].concat()).ok());
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
}

fn vary(headers: &mut HeaderMap) {
    let names = headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok());
    let mut names = names.flat_map(|value| value.split(',')).map(str::trim);
    if !names.any(|name| name == "*" || name.eq_ignore_ascii_case(ACCEPT_ENCODING.as_str())) {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn says_no_transform(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(','));
    directives.any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

/// Whether it is long enough; what has no length may be.
fn is_long(headers: &HeaderMap) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    length.is_none_or(|length: u64| length >= SHORTEST)
}

/// Whether its media type is one that gets shorter.
fn is_text(headers: &HeaderMap) -> bool {
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let more = [
        "application/json",
        "application/javascript",
        "application/xml",
        "application/x-javascript",
        "application/wasm",
        "application/rtf",
    ];
    media.starts_with("text/") || media.ends_with("+xml") || media.ends_with("+json") || more.contains(&&*media)
}

/// Whether Accept-Encoding takes gzip, and nothing else rather.
fn takes_gzip(client: &HeaderMap) -> bool {
    let values = client
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let (mut gzip, mut identity, mut others) = (None, None, None);
    for member in values.flat_map(|value| value.split(',')) {
        let mut parts = member.split(';').map(str::trim);
        let known = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => &mut gzip,
            "identity" => &mut identity,
            "*" => &mut others,
            _ => continue,
        };
        // Of two the smaller one: whoever says no once means it.
        let weight = parts.next().map_or(1000, weight);
        *known = Some(known.map_or(weight, |other: u16| other.min(weight)));
    }
    let gzip = gzip.or(others).unwrap_or(0);
    gzip > 0 && identity.is_none_or(|identity| gzip >= identity)
}

/// The thousandths of `q=0.5`; what cannot be read is nothing.
fn weight(parameter: &str) -> u16 {
    let value = parameter
        .strip_prefix(['q', 'Q'])
        .and_then(|rest| rest.trim_start().strip_prefix('='));
    let Some(value) = value.map(str::trim) else { return 0 };
    let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
    let digits = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    match (whole, format!("{rest:0<3}").parse()) {
        ("0", Ok(thousandths)) if digits => thousandths,
        ("1", Ok(0)) if digits => 1000,
        _ => 0,
    }
}

#[cfg(test)]
#[path = "compress_tests.rs"]
mod tests;
