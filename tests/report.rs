//! Routes in report mode: what their rules would refuse passes and is told, and what no rule has a part in stays refused (spec O-1 to
//! O-12). Two routes with the same rules, one of which enforces them: every row is asked of both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::backend::{BackEnd, multistatus};
use support::gateway::Gateway;
use support::lab::Lab;
use support::samples::{LOCKINFO, PROPFIND, propfind_answer};
use support::wire::{Req, raw, req};
use support::{each, samples};

const ROUTES: &str = r#"
  - name: enforced
    hosts: [dav.test]
    path: /enforced/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    @RULES@
  - name: trial
    hosts: [dav.test]
    path: /trial/
    mode: report
    backend: { url: "http://@BACK@/dav/", profile: apache }
    @RULES@
"#;

const RULES: &str = r#"methods:
      - { path: /archive/**, allow: [read] }
      - { path: /inbox/**, allow: [dav], limits: { body: 5 } }
      - { path: /**, allow: [dav] }
    access:
      - { path: /shared/hidden/**, deny: [all], to: everyone }
      - { path: /shared/fixed/**, deny: [write], to: everyone }
      - { path: /shared/**, allow: [read, write], to: authenticated }
      - { path: /archive/**, allow: [all], to: authenticated }
      - { path: /inbox/**, allow: [all], to: authenticated }
      - { path: /drop/**, allow: [bind], to: authenticated }
      - { path: /public/**, allow: [read], to: everyone }"#;

/// A gateway that asks who somebody is: by password, or by the word of a proxy on this machine.
fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let backend = BackEnd::start();
        let users = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/good/users.htpasswd");
        let identity = format!(
            "identity:\n  basic: {{ htpasswd: {users} }}\n  trusted_header: {{ user: X-User, from: [127.0.0.1] }}\n"
        );
        let routes = ROUTES
            .replace("@RULES@", RULES)
            .replace("@BACK@", &backend.address.to_string());
        let gateway = Gateway::start(&format!(
            "listeners: [{{ address: '@LISTEN@' }}]\nadmin: {{ address: '@ADMIN@' }}\n{identity}routes:\n{routes}"
        ));
        Lab::of(gateway, backend)
    })
}

/// The same request to both routes, by this user.
fn twins(user: &str, name: &str, method: &str, path: &str, more: &[(&str, &str)]) -> [Req; 2] {
    ["enforced", "trial"].map(|route| {
        let mut request = req(&format!("{name} {route}"), method, format!("/{route}{path}"));
        if !user.is_empty() {
            request = request.with("X-User", user);
        }
        for (field, value) in more {
            request = request.with(field, &value.replace("@ROUTE@", route));
        }
        request
    })
}

/// Method, path, further header lines; status and rule of the refusal, and the beginning of its place in the file.
type Told<'a> = (
    &'a str,
    &'a str,
    &'a [(&'a str, &'a str)],
    u16,
    &'a str,
    Option<&'a str>,
);

fn metric(lab: &Lab, line: &str) -> u64 {
    let address = lab.gateway.admin;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let text = raw(address, request.as_bytes()).text();
    let found = text
        .lines()
        .find_map(|told| told.strip_prefix(line)?.trim().parse().ok());
    found.unwrap_or(0)
}

// O-6, O-7, O-9, O-12; A-31, A-32
#[test]
fn what_rules_refuse_passes_and_is_told() {
    let lab = lab();
    for (path, collection) in [
        ("/dav/shared", true),
        ("/dav/shared/new", false),
        ("/dav/archive", true),
    ] {
        let script = multistatus(propfind_answer(path, collection));
        lab.backend.on(&format!("PROPFIND {path}"), script);
    }
    let to_archive: &[_] = &[("Destination", "/@ROUTE@/archive/missing")];
    let to_hidden: &[_] = &[("Destination", "/@ROUTE@/shared/hidden/missing")];
    let rows: [Told<'_>; 9] = [
        ("PUT", "/archive/told", &[], 405, "O-6", Some("trial.methods[0] (line ")),
        ("MOVE", "/shared/told-a", to_archive, 405, "O-6", None),
        (
            "MOVE",
            "/shared/told-b",
            to_hidden,
            403,
            "A-31",
            Some("trial.access[0] (line "),
        ),
        (
            "PUT",
            "/shared/fixed/told",
            &[],
            403,
            "A-31",
            Some("trial.access[1] (line "),
        ),
        (
            "GET",
            "/shared/hidden/told",
            &[],
            404,
            "A-32",
            Some("trial.access[0] (line "),
        ),
        ("GET", "/nowhere/told", &[], 404, "A-32", None),
        ("DELETE", "/shared", &[], 403, "A-31", None),
        ("MKCOL", "/public/new", &[], 403, "A-31", None),
        ("LOCK", "/drop/told", &[], 403, "A-31", None),
    ];
    each(rows, |(method, path, more, status, rule, place)| {
        let name = format!("told {method} {path}");
        // Without a body it would refresh a lock.
        let whole = |request: Req| {
            if method == "LOCK" {
                request.xml(LOCKINFO)
            } else {
                request
            }
        };
        let [enforced, trial] = twins("ann", &name, method, path, more).map(whole);
        lab.refuse_after_probe(status, &enforced);
        let counter = format!("davgate_reported_total{{route=\"trial\",rule=\"{rule}\"}}");
        let before = metric(lab, &counter);
        lab.pass(&trial);
        for line in [
            lab.gateway.log_of(&format!("\"/trial{path}\"")),
            lab.gateway.audit_of(&format!("\"/trial{path}\"")),
        ] {
            assert_eq!(line["verdict"], "report", "{line}");
            assert_eq!(
                (&line["rule"], &line["reported_status"]),
                (&rule.into(), &status.into()),
                "{line}"
            );
            assert!(line["status"].as_u64().unwrap() < 300, "{line}");
            if let Some(place) = place {
                assert!(line["config_rule"].as_str().unwrap().starts_with(place), "{line}");
            }
        }
        assert!(metric(lab, &counter) > before, "{name}: not counted");
    });
    assert!(metric(lab, "davgate_refusals_total{route=\"trial\",rule=\"A-31\"}") == 0);
    // The accepting twin: what the rules let pass is told as ever.
    let [enforced, trial] = twins("ann", "told nothing", "PUT", "/shared/mine", &[]);
    lab.pass(&enforced);
    lab.pass(&trial);
    let line = lab.gateway.log_of("\"/trial/shared/mine\"");
    assert_eq!(line["verdict"], "permit", "{line}");
    assert!(line["rule"].is_null() && line["reported_status"].is_null(), "{line}");
}

// O-1 to O-5, O-8 to O-10: no rule has a part in these.
#[test]
fn what_no_rule_has_a_part_in_stays_refused() {
    let lab = lab();
    let user = |request: Req| request.with("X-User", "ann");
    let put = |name: &str, path: &str| user(req(name, "PUT", path));
    let rows = [
        (
            400,
            user(req("hard depth", "PROPFIND", "/trial/archive/a").with("Depth", "7")),
        ),
        (
            502,
            user(req("hard foreign", "COPY", "/trial/archive/a").with("Destination", "http://evil.test/x")),
        ),
        (
            502,
            user(req("hard route", "COPY", "/trial/a").with("Destination", "/enforced/x")),
        ),
        (
            400,
            user(
                req("hard xml", "PROPFIND", "/trial/nowhere/a")
                    .with("Depth", "0")
                    .xml("<a>"),
            ),
        ),
        (413, put("hard size of a rule", "/trial/inbox/a").body("123456")),
        (
            413,
            put("hard size, refused too", "/trial/inbox/../inbox/a").body("123456"),
        ),
        (404, user(req("hard reserved", "GET", "/trial/.DAV/a"))),
        (400, user(req("hard path", "GET", "/trial/%2e%2e/a"))),
        (405, user(req("hard method", "BIND", "/trial/a"))),
        (501, user(req("hard unknown", "BREW", "/trial/a"))),
        (421, user(req("hard host", "GET", "/trial/a").host("evil.test"))),
        (
            401,
            req("hard password", "GET", "/trial/shared/a").with("Authorization", "Basic YWxpY2U6d3Jvbmc="),
        ),
        (400, put("hard if", "/trial/archive/b").with("If", "(<a").body("x")),
    ];
    each(rows, |(status, request)| {
        if request.name == "hard size, refused too" {
            // Refused for its path, before its size.
            lab.refuse(400, &request);
        } else {
            lab.refuse(status, &request);
        }
    });
    let [_, trial] = twins("ann", "hard twin", "PUT", "/inbox/a", &[]);
    lab.pass(&trial.body("12345"));
    lab.settle();
}

// A-30: a trial of the rules opens nothing to everybody.
#[test]
fn nobody_in_particular_is_refused_as_ever() {
    let lab = lab();
    let rows = [
        ("GET", "/shared/a", 401),
        ("PUT", "/public/a", 401),
        ("PUT", "/archive/a", 405),
        ("PROPFIND", "/drop/", 401),
    ];
    each(rows, |(method, path, status)| {
        for request in twins("", &format!("nobody {method} {path}"), method, path, &[("Depth", "0")]) {
            let answer = lab.refuse(status, &request);
            assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{method}");
        }
    });
    let line = lab.gateway.log_of("\"/trial/shared/a\"");
    assert_eq!(
        (&line["verdict"], &line["rule"]),
        (&"deny".into(), &"A-30".into()),
        "{line}"
    );
    for request in twins("", "nobody reads", "GET", "/public/a", &[]) {
        lab.pass(&request);
    }
    lab.settle();
}

// O-6: where the back end alone asks who somebody is, it goes on to do so.
#[test]
fn without_identity_the_back_end_decides() {
    let lab = Lab::with_routes(
        "  - { name: web, path: /web/, mode: report, methods: [web], backend: { url: 'http://@BACK@/in/' } }\n",
    );
    let (seen, _) = lab.pass(
        &req("alone", "PUT", "/web/a")
            .with("Authorization", "Basic eDp5")
            .body("x"),
    );
    assert_eq!(seen.header("authorization"), Some("Basic eDp5"));
    let line = lab.gateway.log_of("\"/web/a\"");
    assert_eq!(
        (&line["verdict"], &line["rule"]),
        (&"report".into(), &"O-6".into()),
        "{line}"
    );
    lab.pass(&req("alone reads", "GET", "/web/b"));
    assert_eq!(lab.gateway.log_of("\"/web/b\"")["verdict"], "permit");
    lab.gateway
        .errors_with("routes[0].mode: report: what methods and access refuse");
    // Clients must see what passes, or they would not try it.
    let options = lab.ask(&req("alone options", "OPTIONS", "/web/"));
    assert!(
        options.lists("allow", "PUT") && !options.lists("allow", "TRACE"),
        "{:?}",
        options.headers
    );
    assert!(options.header("dav").is_some(), "{:?}", options.headers);
}

// F-1: answers are whole.
#[test]
fn answers_are_not_filtered() {
    let lab = lab();
    let member = |path: &str| {
        format!("<D:response><D:href>/dav/{path}</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>")
    };
    let members = ["shared/", "shared/a", "shared/hidden/"].map(member).concat();
    let body = format!("<D:multistatus xmlns:D=\"DAV:\">{members}</D:multistatus>");
    lab.backend.on("PROPFIND /dav/shared/", multistatus(body));
    let [enforced, trial] = twins("ann", "whole", "PROPFIND", "/shared/", &[("Depth", "1")]);
    let filtered = lab.pass(&enforced.xml(PROPFIND)).1.text();
    assert!(
        filtered.contains("/enforced/shared/a") && !filtered.contains("hidden"),
        "{filtered}"
    );
    let whole = lab.pass(&trial.xml(PROPFIND)).1.text();
    assert!(
        whole.contains("/trial/shared/a") && whole.contains("/trial/shared/hidden/"),
        "{whole}"
    );
}

// EX-5: the back end is asked as often as where rules are enforced.
#[test]
fn no_question_more() {
    let lab = Lab::with_routes(
        "  - { name: a, path: /a/, mode: report, backend: { url: 'http://@BACK@/in/', profile: apache }, access: \
         [{ path: /w/**, allow: [all], to: everyone }, { path: /b/**, allow: [bind], to: everyone }] }\n  \
         - { name: b, path: /b/, backend: { url: 'http://@BACK@/in/', profile: apache }, access: \
         [{ path: /w/**, allow: [all], to: everyone }, { path: /b/**, allow: [bind], to: everyone }] }\n",
    );
    lab.backend
        .on("PROPFIND /in/b/x", samples::default_answer("PROPFIND", "/in/missing"));
    let questions = || {
        lab.backend
            .requests()
            .iter()
            .filter(|seen| seen.method == "PROPFIND")
            .count()
    };
    for (path, expected) in [("/w/x", 0), ("/b/x", 1), ("/n/x", 0)] {
        for route in ["a", "b"] {
            let before = questions();
            lab.ask(&req(&format!("{route}{path}"), "PUT", format!("/{route}{path}")).body("x"));
            assert_eq!(questions() - before, expected, "{route}{path}");
        }
    }
    assert_eq!(lab.gateway.log_of("\"/a/n/x\"")["rule"], "A-31");
    assert_eq!(lab.gateway.log_of("\"/a/b/x\"")["verdict"], "permit");
}
