//! Header fields of few words: what is read and written again is the same (B-20, B-26, B-42, B-46, L-63, L-67).

use std::time::Duration;

use davgate::{
    identity::credentials,
    request::{
        LockToken, Position, depth::DepthHeader, if_header, published::names_a_method, single::is_entity_tag_list,
        timeout::lock_time,
    },
    url::{Authority, Reference},
};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use crate::input::Input;

/// `input`: which field, then its value.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let field = input.pick(&[
        depth,
        timeout,
        lock_token,
        entity_tags,
        position,
        authority,
        authorization,
        query,
    ]);
    field(input.rest());
}

fn depth(value: &[u8]) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    let strict = DepthHeader::parse(text, false);
    let lenient = DepthHeader::parse(text, true);
    if let Some(read) = strict {
        assert!(!read.noroot);
        assert_eq!(lenient, strict);
        assert_eq!(DepthHeader::parse(&read.depth.to_string(), false), strict);
    }
}

fn timeout(value: &[u8]) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    let time = lock_time(text);
    // A member that means nothing in front changes nothing.
    assert_eq!(lock_time(&format!("Extend-1, {text}")), time);
    let infinite = lock_time(&format!("Infinite, {text}"));
    assert_eq!(infinite, Some(Duration::MAX));
    if let Some(seconds) = time
        .map(|time| time.as_secs())
        .filter(|seconds| *seconds <= u64::from(u32::MAX))
    {
        assert_eq!(lock_time(&format!("Second-{seconds}")), time);
    }
}

fn lock_token(value: &[u8]) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    let Some(token) = LockToken::parse(text) else { return };
    let written = token.to_string();
    assert!(HeaderValue::from_str(&written).is_ok(), "{written:?}");
    assert_eq!(LockToken::parse(&written), Some(token));
    assert_eq!(written.matches(['<', '>']).count(), 2, "{written:?}");
}

fn entity_tags(value: &[u8]) {
    let strict = is_entity_tag_list(value, false);
    assert!(!strict || is_entity_tag_list(value, true), "stricter with bare tags");
    let Ok(text) = std::str::from_utf8(value) else { return };
    if if_header::is_entity_tag(text) {
        assert!(strict, "one entity tag is a list of them");
    }
}

fn position(value: &[u8]) {
    if let Ok(text) = std::str::from_utf8(value) {
        let _ = Position::parse(text);
    }
}

fn authority(value: &[u8]) {
    let Ok(text) = std::str::from_utf8(value) else { return };
    let _ = Reference::parse(text);
    let Some(authority) = Authority::parse(text) else {
        return;
    };
    let written = authority.to_string();
    let again = Authority::parse(&written);
    assert!(
        again.is_some_and(|again| again.same_as(&authority)),
        "{text:?} became {written:?}"
    );
    assert!(!authority.host().contains(['@', '/', '?', '#', '\\', ' ']), "{text:?}");
}

fn authorization(value: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return;
    };
    let once = HeaderMap::from_iter([(AUTHORIZATION, value.clone())]);
    let read = credentials::read(&once);
    let mut twice = once;
    twice.append(AUTHORIZATION, value);
    assert!(
        credentials::read(&twice).is_err(),
        "two fields of credentials: {read:?}"
    );
}

fn query(value: &[u8]) {
    if let Ok(text) = std::str::from_utf8(value) {
        let _ = names_a_method(text);
    }
}
