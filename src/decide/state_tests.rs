//! Rows for O-12 and B-22: which requests ask the back end, for what, and what each state leads to.

use super::super::sample::{Row, Verdict, answered, check, gate, guarded_gate, judge, judge_as, told};
use super::State;
use crate::{
    access::naive::{real, rule},
    identity::Principal,
};

/// The order of the outcomes in the rows below.
const STATES: [State; 4] = [State::Unmapped, State::Resource, State::Collection, State::Unknown];

// O-12, B-22, B-23, EX-5
#[test]
fn who_asks() {
    let rows: &[Row<'_>] = &[
        ("a folder of which all may go", "DELETE /files/a/", &[], "/dav/a/"),
        ("what holds a folder that may not", "DELETE /files/", &[], "HoldsRoute"),
        (
            "what may hold a name that may not",
            "DELETE /files/col/b",
            &[],
            "ask /dav/col/b",
        ),
        ("its neighbour", "DELETE /files/colb", &[], "/dav/colb"),
        ("moved", "MOVE /files/col", &["Destination: /files/b"], "ask /dav/col"),
        (
            "copied whole",
            "COPY /files/col",
            &["Destination: /files/b"],
            "ask /dav/col",
        ),
        (
            "copied alone",
            "COPY /files/col",
            &["Depth: 0", "Destination: /files/b"],
            "/dav/col",
        ),
        (
            "onto it",
            "COPY /files/b",
            &["Destination: /files/col/c"],
            "ask /dav/b /dav/col/c",
        ),
        (
            "onto it, moved",
            "MOVE /files/b",
            &["Destination: /files/col/c"],
            "ask /dav/b /dav/col/c",
        ),
        (
            "both",
            "MOVE /files/col/b",
            &["Destination: /files/col/c"],
            "ask /dav/col/b /dav/col/c",
        ),
        (
            "within what may",
            "MOVE /files/a/b",
            &["Destination: /files/a/c"],
            "/dav/a/b",
        ),
        ("other methods", "PROPPATCH /files/col", &[], "MissingBody"),
        ("PUT", "PUT /files/col/b", &[], "/dav/col/b"),
        ("MKCOL", "MKCOL /files/col/", &[], "/dav/col/"),
        ("B-22", "PROPFIND /files/a", &["Depth: infinity"], "ask /dav/a"),
        ("B-22 meant", "PROPFIND /files/a", &[], "ask /dav/a"),
        ("B-22 within", "PROPFIND /files/col", &["Depth: 1"], "/dav/col"),
        ("B-23", "DELETE /files/a", &["Depth: 0"], "ask /dav/a"),
        ("B-23 infinity", "DELETE /files/a", &["Depth: infinity"], "/dav/a"),
    ];
    check(&gate(), rows);
}

// O-12, B-22, B-23: what is not known is refused, but for PROPFIND, which is then served as Depth 0.
#[test]
fn what_each_state_leads_to() {
    let gate = gate();
    let below = "RefusedBelow";
    let rows: &[(&str, &[&str], [&str; 4])] = &[
        (
            "DELETE /files/col",
            &[],
            ["/dav/col infinity", "/dav/col infinity", below, below],
        ),
        (
            "DELETE /files/a",
            &["Depth: 0"],
            ["/dav/a 0", "/dav/a 0", "Depth", "Depth"],
        ),
        (
            "PROPFIND /files/a",
            &[],
            ["/dav/a 0", "/dav/a 0", "PropfindDepth", "/dav/a 0"],
        ),
        (
            "MOVE /files/a",
            &["Depth: 0", "Destination: /files/b"],
            ["/dav/a 0", "/dav/a 0", "Depth", "Depth"],
        ),
        (
            "COPY /files/col",
            &["Destination: /files/b"],
            ["/dav/col infinity", "/dav/col infinity", below, below],
        ),
    ];
    for (line, headers, expected) in rows {
        for (state, expected) in STATES.iter().zip(expected) {
            let Ok(Verdict::Ask(question)) = judge(&gate, line, headers, b"") else {
                panic!("{line} asks");
            };
            assert_eq!(
                answered(*question, &[*state]),
                *expected,
                "{line} {headers:?} {state:?}"
            );
        }
    }
}

// O-12: of several resources, each may refuse; what nobody answered counts as unknown.
#[test]
fn every_answer_counts() {
    let gate = gate();
    for (states, expected) in [
        (&[State::Resource, State::Unmapped][..], "/dav/b infinity"),
        (&[State::Resource, State::Resource], "/dav/b infinity"),
        (&[State::Resource, State::Collection], "RefusedBelow"),
        (&[State::Collection, State::Unmapped], "RefusedBelow"),
        (&[State::Resource, State::Unknown], "RefusedBelow"),
        (&[State::Resource], "RefusedBelow"),
        (&[], "RefusedBelow"),
    ] {
        let Ok(Verdict::Ask(question)) = judge(&gate, "COPY /files/b", &["Destination: /files/col/c"], b"") else {
            panic!("it asks");
        };
        assert_eq!(answered(*question, states), expected, "{states:?}");
    }
}

// EX-5: who holds `write` on all of it costs no question, and his twins do
#[test]
fn who_holds_write_is_not_asked_about() {
    let rules = [
        ("/shared/hidden/**", "deny", "all", "user:bob"),
        ("/shared/frozen/**", "deny", "write unlock", "everyone"),
        ("/shared/**", "allow", "read write", "group:editors"),
        ("/home/{user}/**", "allow", "all", "authenticated"),
        ("/drop/**", "allow", "bind", "authenticated"),
        ("/**", "allow", "all", "group:admins"),
    ];
    let gate = guarded_gate(real(&[rules.map(rule).to_vec()]));
    let user = |name: &str, group: Option<&str>| Principal::user(name, group).unwrap();
    let [ann, bob] = ["ann", "bob"].map(|name| user(name, Some("editors")));
    let [eve, root] = [user("eve", None), user("root", Some("admins"))];
    let to = |path: &str| format!("Destination: /files{path}");
    let rows = [
        (&ann, "PUT /files/shared/x", String::new(), "/dav/shared/x"),
        (
            &ann,
            "PUT /files/shared/hidden/new",
            String::new(),
            "/dav/shared/hidden/new",
        ),
        (&ann, "DELETE /files/shared/x", String::new(), "/dav/shared/x"),
        (&root, "DELETE /files/shared", String::new(), "ask /dav/shared"),
        (&root, "DELETE /files/home", String::new(), "/dav/home"),
        (&ann, "GET /files/shared", String::new(), "/dav/shared"),
        (&bob, "GET /files/shared", String::new(), "ask /dav/shared"),
        (&bob, "GET /files/shared/x", String::new(), "/dav/shared/x"),
        (&eve, "PUT /files/drop/x", String::new(), "ask /dav/drop/x"),
        (&eve, "MKCOL /files/drop/x", String::new(), "/dav/drop/x"),
        (&ann, "MOVE /files/home/ann/x", to("/shared/x"), "/dav/home/ann/x"),
        (&ann, "MOVE /files/home/ann/x", to("/drop/x"), "ask /dav/drop/x"),
        (&bob, "COPY /files/shared", to("/home/bob/x"), "ask /dav/shared"),
    ];
    for (who, line, header, expected) in rows {
        let headers: Vec<&str> = [header.as_str()].into_iter().filter(|line| !line.is_empty()).collect();
        let verdict = judge_as(who.clone(), &gate, line, &headers, b"");
        assert_eq!(told(verdict), expected, "{:?} {line} {header}", who.name());
    }
}
