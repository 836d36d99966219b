//! The program's own verdict about a row: the gate of a configuration, asked as the gateway asks it, with the states of the row for
//! the answers of the back end.

use std::sync::Arc;

use davgate::{
    config::compile,
    decide::{
        Account, Admission, Arrival, BodyPlan, Decision, Denial, Gate, Permit, Request,
        explain::{Inquiry, explain},
        privileges::Asker,
    },
    identity::Principal,
    request,
    url::Scheme,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::naive::{ACCESS, METHODS, ROLES, Verdict};
use super::rows::{Row, State};

/// What the program makes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it passes.
    pub verdict: Verdict,
    /// What is told of it.
    pub told: Verdict,
    /// How many questions it costs.
    pub questions: usize,
}

/// The `methods`, `access` and `mode` of the matrix as YAML, indented for a route; `all` is what passes where not only reading does.
pub fn rules(all: &str, mode: &str) -> String {
    let mut text = format!("    mode: {mode}\n    methods:\n");
    for (path, reading) in METHODS {
        let allow = if *reading { "read" } else { all };
        text.push_str(&format!("      - {{ path: {path}, allow: [{allow}] }}\n"));
    }
    text.push_str("    access:\n");
    for (path, effect, privileges, to) in ACCESS {
        let list = |words: &str| format!("[\"{}\"]", words.replace(' ', "\", \""));
        let (privileges, to) = (list(privileges), list(to));
        text.push_str(&format!(
            "      - {{ path: \"{path}\", {effect}: {privileges}, to: {to} }}\n"
        ));
    }
    text
}

/// `identity` of the matrix: groups, and a proxy that says who is asking.
pub fn identity() -> String {
    let members = |group: &str| {
        let names = ROLES.iter().filter(|(_, groups)| groups.contains(&group));
        names.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "identity:\n  trusted_header: {{ user: X-User, from: [127.0.0.1] }}\n  groups: {{ editors: [{}], admins: [{}] }}\n",
        members("editors"),
        members("admins")
    )
}

/// Every method that a row has.
const ALL: &str =
    "dav, POST, PATCH, VERSION-CONTROL, CHECKOUT, CHECKIN, UNCHECKOUT, BASELINE-CONTROL, MKWORKSPACE, MKACTIVITY";

/// The gate of the matrix in this mode.
pub fn gate(mode: &str) -> Gate {
    let text = format!(
        "listeners: [{{ address: '127.0.0.1:1' }}]\n{}routes:\n  - name: files\n    path: /files/\n    \
         backend: {{ url: 'http://127.0.0.1:2/dav/', profile: generic }}\n{}",
        identity(),
        rules(ALL, mode)
    );
    match compile(&text, "matrix.yaml") {
        Ok(loaded) => Gate::new(loaded.policy.routes),
        Err(errors) => panic!("{errors}\n{text}"),
    }
}

/// The body that the method must have, as the client sends it.
pub fn body(method: &str) -> Option<(&'static str, &'static str)> {
    const XML: &str = "application/xml";
    Some(match method {
        "PUT" | "PATCH" | "POST" => ("text/plain", "new"),
        "PROPPATCH" => (
            XML,
            "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><x xmlns=\"urn:x\">1</x></D:prop></D:set></D:propertyupdate>",
        ),
        "REPORT" => (XML, "<D:version-tree xmlns:D=\"DAV:\"><D:prop/></D:version-tree>"),
        "ACL" => (XML, "<D:acl xmlns:D=\"DAV:\"/>"),
        "LOCK" => (
            XML,
            "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>",
        ),
        _ => return None,
    })
}

/// The header lines of a row's request, but `Host` and who asks.
pub fn lines(row: &Row) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some((kind, text)) = body(row.method) {
        lines.push(("Content-Type", kind.to_owned()));
        lines.push(("Content-Length", text.len().to_string()));
    }
    match row.method {
        "PROPFIND" | "REPORT" => lines.push(("Depth", "0".to_owned())),
        "UNLOCK" => lines.push(("Lock-Token", "<urn:none>".to_owned())),
        _ => {}
    }
    if let Some(destination) = row.destination {
        lines.push(("Destination", format!("/files{destination}")));
    }
    lines
}

/// What the gate says of the row. `gateway_asks`: this gateway asks who somebody is.
pub fn judge(gate: &Gate, row: &Row, gateway_asks: bool) -> Outcome {
    let mut questions = 0;
    let (verdict, told) = match permit(gate, row, gateway_asks, &mut questions) {
        Ok(permit) => {
            let told = permit.reported().map(Denial::status);
            (Verdict::Permit, told.map_or(Verdict::Permit, Verdict::Refuse))
        }
        Err(denial) => {
            let refused = Verdict::Refuse(denial.status());
            (refused, refused)
        }
    };
    Outcome {
        verdict,
        told,
        questions,
    }
}

fn permit(gate: &Gate, row: &Row, gateway_asks: bool, questions: &mut usize) -> Result<Permit, Denial> {
    let target = if row.path.is_empty() { "/" } else { row.path };
    let mut raw = format!("{} /files{target} HTTP/1.1\r\n", row.method);
    let mut headers = HeaderMap::new();
    for (name, value) in [("Host", "dav.test".to_owned())].into_iter().chain(lines(row)) {
        raw.push_str(&format!("{name}: {value}\r\n"));
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(&value).unwrap());
    }
    raw.push_str("\r\n");
    let request = Request {
        raw: raw.as_bytes(),
        headers: &headers,
        local: Some(([127, 0, 0, 1], 8080).into()),
        scheme: Scheme::Http,
    };
    let account = &mut Account::default();
    let Arrival::At(arrived) = gate.arrive(&request, account)? else {
        panic!("{}: answered by the gateway", row.name())
    };
    let asker = asker(row, gateway_asks);
    let Admission::Forward(admitted) = arrived.admit(&headers, asker, account)? else {
        panic!("{}: answered by the gateway", row.name())
    };
    let held = matches!(admitted.body(), BodyPlan::Xml(_));
    let bytes = body(row.method).filter(|_| held).map_or("", |(_, text)| text);
    let field = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    match admitted.decide(bytes.as_bytes(), field("content-type"), None)? {
        Decision::Permit(permit) => Ok(permit),
        Decision::Ask(question) => {
            let at_target = question.permit().upstream().clone();
            let state = |resource| match resource == &at_target {
                true => state(row.target_state),
                false => state(row.destination_state),
            };
            let states: Vec<davgate::decide::Found> = question.resources().map(|at| state(at).into()).collect();
            *questions = states.len();
            question.answer(&states)
        }
    }
}

/// What `davgate explain` says of the row, and whether it says that the request passes all the same.
pub fn explained(gate: &Gate, row: &Row) -> (Verdict, bool) {
    let lines = lines(row);
    let headers: Vec<(&str, &str)> = lines.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let target = format!("/files{}", if row.path.is_empty() { "/" } else { row.path });
    let inquiry = Inquiry {
        method: row.method,
        target: &target,
        host: Some("dav.test"),
        headers: &headers,
        body: body(row.method).map(|(_, text)| text.as_bytes()),
        asker: asker(row, true),
        at_target: state(row.target_state),
        at_destination: state(row.destination_state),
    };
    let explanation = explain(gate, &inquiry).unwrap();
    let [outcome] = explanation.outcomes.as_slice() else {
        panic!("{}: {explanation:#?}", row.name())
    };
    let verdict = outcome.status.map_or(Verdict::Permit, Verdict::Refuse);
    assert_eq!(outcome.permitted, verdict == Verdict::Permit, "{}", row.name());
    // The reasons fit: a privilege is missing where access refuses, none where the rules let it pass.
    let lacks = outcome.privileges.iter().any(|asked| !asked.granted);
    let by_access = outcome
        .rule
        .is_some_and(|rule| ["A-30", "A-31", "A-32"].contains(&rule));
    // UNLOCK has two ways, and no list (PV-19, PV-20).
    let lacks = lacks || (row.method == "UNLOCK" && !outcome.permitted);
    let fits = if outcome.permitted { !lacks } else { lacks || !by_access };
    assert!(fits, "{}: {explanation:#?}", row.name());
    (verdict, outcome.reported)
}

fn asker(row: &Row, gateway_asks: bool) -> Asker {
    let (user, groups) = ROLES[row.role];
    let principal = match user {
        "" => Principal::anonymous(),
        user => Principal::user(user, groups.iter().copied()).unwrap(),
    };
    Asker {
        principal: Arc::new(principal),
        may_prove: true,
        gateway_asks,
    }
}

fn state(state: State) -> request::State {
    match state {
        State::Unmapped => request::State::Unmapped,
        State::Resource => request::State::Resource,
        State::Collection => request::State::Collection,
    }
}
