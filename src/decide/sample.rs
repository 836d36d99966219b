//! What the tests of this room share: a gate of a few small routes, and one line of text for whatever it says of a request.

use crate::backend::{APACHE, GENERIC};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    access::Acl,
    identity::Principal,
    policy::{Limits, MaxDepth, Method, MethodFilter, MethodRule, MethodSet, Route},
    rules::PathPattern,
    url::{Authority, Origin, Scheme, path_rules::ReservedName},
    xml::name::ExpandedName,
};

use super::{
    Account, Admission, Arrival, BodyPlan, Decision, Denial, Found, Gate, OwnAnswer, Permit, Question, Request,
    privileges::Asker, state::State,
};

use Method::{Copy, Delete, Get, Head, Lock, Mkcol, Move, Options, Post, Propfind, Proppatch, Put, Report, Unlock};

/// What only looks.
pub const READ: &[Method] = &[Get, Head, Options, Propfind, Report];
/// Everything that the sample routes serve at all.
pub const ALL: &[Method] = &[
    Get, Head, Options, Propfind, Report, Put, Delete, Mkcol, Copy, Move, Proppatch, Lock, Unlock, Post,
];

/// A filter of these rules: pattern, methods, and the limit of a body.
pub fn rules(rules: &[(&str, &[Method], Option<u64>)]) -> MethodFilter {
    let rule = |(index, (path, methods, body)): (usize, &(&str, &[Method], Option<u64>))| {
        let rule = MethodRule {
            allowed: MethodSet::of(methods),
            body: *body,
            line: index + 1,
            index,
        };
        (PathPattern::parse(path).unwrap(), rule)
    };
    MethodFilter::new(rules.iter().enumerate().map(rule).collect())
}

/// `/files/` (archive for reading only, no `.exe` in `col`, small bodies in `inbox`) with `/files/in/ner/` inside, `/ro/`,
/// `/strict/` with every option that refuses more, and `/web/` without WebDAV.
pub fn gate() -> Gate {
    let mut files = Route::sample("/files/", &["dav.test", "dav2.test"], false);
    files.backend.profile = &APACHE;
    files.methods = rules(&[
        ("/archive/**", READ, None),
        ("/inbox/**", ALL, Some(5)),
        ("/col/**/*.exe", &[], None),
        ("/**", ALL, None),
    ]);
    files.limits = Limits {
        body: Some(100),
        xml: 200,
        ..Limits::default()
    };
    files.reports = vec![ExpandedName::dav("sync-collection")];
    files.path_rules.reserved = vec![ReservedName::parse(".DAV")];
    files.origins = vec![Origin {
        scheme: Scheme::Https,
        authority: Authority::parse("public.test:8443").unwrap(),
    }];
    let mut inner = Route::sample("/files/in/ner/", &["dav.test"], false);
    inner.methods = rules(&[("/**", ALL, None)]);
    let mut read_only = Route::sample("/ro/", &["dav.test"], false);
    read_only.methods = rules(&[("/**", READ, None)]);
    let mut strict = Route::sample("/strict/", &["dav.test"], false);
    strict.backend.profile = &GENERIC;
    strict.methods = rules(&[("/**", ALL, None)]);
    strict.require_length = true;
    strict.strict_override = true;
    strict.refuse_underscore = true;
    strict.limits.target = 20;
    strict.limits.header_count = 4;
    let mut web = Route::sample("/web/", &["dav.test"], false);
    web.methods = rules(&[("/**", &[Get, Head, Options], None)]);
    Gate::new(vec![files, inner, read_only, strict, web])
}

/// One route `/open/` that answers to every host.
pub fn open_gate() -> Gate {
    Gate::new(vec![Route::sample("/open/", &[], false)])
}

/// One route `/files/` with this access control list, for every method.
pub fn guarded_gate(access: Acl) -> Gate {
    let mut files = Route::sample("/files/", &["dav.test"], false);
    files.backend.profile = &APACHE;
    files.methods = rules(&[("/**", ALL, None)]);
    files.limits.propfind_depth = MaxDepth::Infinity;
    files.access = Some(access);
    Gate::new(vec![files])
}

/// What the gate and the body lead to.
pub enum Verdict {
    /// An answer of the gateway's own.
    Own(OwnAnswer),
    /// All is known.
    Permit(Box<Permit>),
    /// It depends.
    Ask(Box<Question>),
}

/// Judges `line` (without version) with these header lines after `Host: dav.test`, or after the Host among them, and this body.
pub fn judge(gate: &Gate, line: &str, lines: &[&str], body: &[u8]) -> Result<Verdict, Denial> {
    judge_as(Principal::anonymous(), gate, line, lines, body)
}

/// The same for somebody, who is past proving who he is.
pub fn judge_as(principal: Principal, gate: &Gate, line: &str, lines: &[&str], body: &[u8]) -> Result<Verdict, Denial> {
    let mut raw = format!("{line} HTTP/1.1\r\n");
    let mut headers = HeaderMap::new();
    let named = lines.iter().any(|line| line.starts_with("Host:"));
    for line in ["Host: dav.test"].iter().filter(|_| !named).chain(lines) {
        raw.push_str(&format!("{line}\r\n"));
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    raw.push_str("\r\n");
    let request = Request {
        raw: raw.as_bytes(),
        headers: &headers,
        local: Some(([127, 0, 0, 1], 8080).into()),
        scheme: Scheme::Http,
    };
    let account = &mut Account::default();
    let asker = Asker {
        principal: Arc::new(principal),
        may_prove: false,
        gateway_asks: false,
    };
    let arrived = match gate.arrive(&request, account)? {
        Arrival::Own(answer) => return Ok(Verdict::Own(answer)),
        Arrival::Above(above) => return above.admit(&headers, &asker).map(Verdict::Own),
        Arrival::At(arrived) => arrived,
    };
    let admitted = match arrived.admit(&headers, asker, account)? {
        Admission::Own(answer) => return Ok(Verdict::Own(answer)),
        Admission::Forward(admitted) => admitted,
    };
    let held = matches!(admitted.body(), BodyPlan::Empty | BodyPlan::Xml(_));
    let field = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let body = if held { body } else { &[] };
    Ok(
        match admitted.decide(body, field("content-type"), field("content-encoding"))? {
            Decision::Permit(permit) => Verdict::Permit(Box::new(permit)),
            Decision::Ask(question) => Verdict::Ask(Box::new(question)),
        },
    )
}

/// One line for a verdict: `/dav/a` (forwarded there), `ask /dav/a /dav/b`, an own answer, or the refusal.
pub fn told(verdict: Result<Verdict, Denial>) -> String {
    match verdict {
        Ok(Verdict::Own(OwnAnswer::Options(_))) => "own OPTIONS".to_owned(),
        Ok(Verdict::Own(OwnAnswer::DavOptions(_))) => "public OPTIONS".to_owned(),
        Ok(Verdict::Own(OwnAnswer::Moved(place))) => format!("moved to {place}"),
        Ok(Verdict::Own(OwnAnswer::AncestorOptions)) => "ancestor OPTIONS".to_owned(),
        Ok(Verdict::Own(OwnAnswer::AncestorPropfind(_))) => "ancestor PROPFIND".to_owned(),
        Ok(Verdict::Permit(permit)) => permit.upstream().to_string(),
        Ok(Verdict::Ask(question)) => {
            let asked: Vec<String> = question.resources().map(|at| format!(" {at}")).collect();
            format!("ask{}", asked.concat())
        }
        Err(denial) => refusal(&denial),
    }
}

/// The name of a refusal, without the methods that it lists.
pub fn refusal(denial: &Denial) -> String {
    match denial {
        Denial::MethodNotAllowed(_) => "MethodNotAllowed".to_owned(),
        Denial::PutToCollection(_) => "PutToCollection".to_owned(),
        Denial::Taken(_) => "Taken".to_owned(),
        denial => format!("{denial:?}"),
    }
}

/// What becomes of a question whose resources are in these states.
pub fn answered(question: Question, states: &[State]) -> String {
    let found: Vec<Found> = states.iter().copied().map(Found::from).collect();
    match question.answer(&found) {
        Ok(permit) => match permit.depth() {
            Some(depth) => format!("{} {}", permit.upstream(), depth),
            None => permit.upstream().to_string(),
        },
        Err(denial) => refusal(&denial),
    }
}

/// A case: what the spec calls it, the request line without version, the header lines, what becomes of it.
pub type Row<'a> = (&'a str, &'a str, &'a [&'a str], &'a str);

/// Judges the rows, none with a body.
pub fn check(gate: &Gate, rows: &[Row<'_>]) {
    for (name, line, headers, expected) in rows {
        let verdict = told(judge(gate, line, headers, b""));
        assert_eq!(verdict, *expected, "{name}: {line} {headers:?}");
    }
}
