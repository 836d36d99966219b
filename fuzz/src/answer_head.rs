//! The header fields of answers (section 1.5, P-15): what goes out names nothing of the back end's.

use std::sync::Arc;

use davgate::{
    policy::Method,
    rewrite::answer::{BodyPlan, rewrite},
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{input::Input, site};

const METHODS: [Method; 6] = [
    Method::Get,
    Method::Propfind,
    Method::Put,
    Method::Delete,
    Method::Copy,
    Method::Options,
];
const STATUSES: [u16; 12] = [200, 201, 204, 206, 207, 302, 304, 401, 403, 404, 423, 500];

/// `input`: the method, the status, then header fields, one a line; behind an empty line the body.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let method = *input.pick(&METHODS);
    let status = *input.pick(&STATUSES);
    let mut headers = HeaderMap::new();
    while !input.is_empty() {
        let line = input.line();
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        let (Ok(name), Ok(value)) = (name, value) else { return };
        headers.append(name, value);
    }
    let context = Arc::new(site::answer_context(method));
    let Ok(plan) = rewrite(&context, status, &mut headers) else {
        return;
    };
    inside(&headers);
    // Nothing is left to do a second time.
    if let BodyPlan::Rewrite(plan) = plan {
        let mut rewriting = plan.start();
        let mut out = Vec::new();
        let _ = rewriting
            .push(input.rest(), &mut out)
            .and_then(|()| rewriting.finish(&mut out));
    }
}

/// No URL of the back end's in a field that holds one, and no field that ends at the gateway.
fn inside(headers: &HeaderMap) {
    for name in ["location", "content-location"] {
        for value in headers.get_all(name) {
            let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            let own =
                text.starts_with("http://back:8081/") || text.starts_with("//back:8081/") || text.starts_with("/dav/");
            assert!(!own, "{name}: {text}");
        }
    }
    for name in [
        "connection",
        "keep-alive",
        "x-sendfile",
        "alt-svc",
        "upgrade",
        "x-accel-redirect",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
}
