use super::*;
use crate::access::naive::{Rule, granted, granted_below, real, rule, universe};
use crate::identity::Principal;
use crate::policy::Method;
use crate::request::operation::{Kind, Operation};
use crate::request::{Depth, State};
use State::{Collection, Resource, Unknown, Unmapped};

fn user(name: &str, groups: &[&str]) -> Principal {
    Principal::user(name, groups.iter().copied()).unwrap()
}

fn rules(rules: &[(&str, &str, &'static str, &'static str)]) -> Vec<Rule> {
    rules.iter().copied().map(rule).collect()
}

/// Two homes, a shared folder with a hidden one inside, a drop folder, a calendar.
fn house() -> Vec<Rule> {
    rules(&[
        ("/shared/hidden/**", "deny", "all", "user:bob anonymous"),
        ("/shared/frozen/**", "deny", "write unlock", "everyone"),
        ("/shared/**", "allow", "read write", "group:editors"),
        ("/shared/**", "allow", "read", "authenticated"),
        ("/home/{user}/**", "allow", "all", "authenticated"),
        ("/drop/**", "allow", "bind", "authenticated"),
        ("/calendar/**", "allow", "read-free-busy", "everyone"),
        ("/public/**", "allow", "read", "everyone"),
        ("/**", "allow", "all", "group:admins"),
    ])
}

/// PV-1 to PV-33 once more, as the rules have them: methods, depth and kind, states of T and of D, what is needed.
const TABLE: &[(&str, &str, &str, &str, &str)] = &[
    ("GET HEAD", "", "ur", "-", "read(T)"),
    ("GET HEAD", "", "c", "-", "read(T*)"),
    ("OPTIONS PROPFIND", "", "urc", "-", "read(T)"),
    ("PROPPATCH", "", "urc", "-", "write-properties(T)"),
    ("PROPPATCH", "owner", "urc", "-", "write-properties(T) write-acl(T)"),
    ("PUT", "", "u", "-", "bind(P)"),
    ("PUT", "", "r", "-", "write-content(T)"),
    ("PUT", "", "c", "-", "write-content(T) bind(P) unbind(T*)"),
    ("PATCH", "", "u", "-", "bind(P)"),
    ("PATCH", "", "rc", "-", "write-content(T)"),
    ("POST", "", "u", "-", "write-content(T) bind(P)"),
    ("POST", "", "r", "-", "write-content(T)"),
    ("POST", "", "c", "-", "write-content(T) bind(T)"),
    ("MKCOL MKCALENDAR", "", "urc", "-", "bind(P)"),
    ("DELETE", "", "ur", "-", "unbind(P)"),
    ("DELETE", "", "c", "-", "unbind(P) unbind(T*)"),
    ("COPY", "deep", "ur", "u", "read(T) bind(DP)"),
    ("COPY", "deep", "c", "u", "read(T*) bind(DP) bind(D*)"),
    ("COPY", "", "urc", "u", "read(T) bind(DP)"),
    (
        "COPY",
        "deep",
        "ur",
        "r",
        "read(T) write-content(D) write-properties(D)",
    ),
    (
        "COPY",
        "deep",
        "ur",
        "c",
        "read(T) write-content(D) write-properties(D) bind(D) unbind(D*)",
    ),
    (
        "COPY",
        "deep",
        "c",
        "r",
        "read(T*) write-content(D) write-properties(D) bind(D*) unbind(D)",
    ),
    (
        "COPY",
        "deep",
        "c",
        "c",
        "read(T*) write-content(D) write-properties(D) bind(D*) unbind(D*)",
    ),
    ("COPY", "", "ur", "r", "read(T) write-content(D) write-properties(D)"),
    (
        "COPY",
        "",
        "c",
        "r",
        "read(T) write-content(D) write-properties(D) bind(D) unbind(D)",
    ),
    (
        "COPY",
        "",
        "urc",
        "c",
        "read(T) write-content(D) write-properties(D) bind(D) unbind(D*)",
    ),
    ("MOVE", "deep", "ur", "u", "unbind(P) read(T) bind(DP)"),
    (
        "MOVE",
        "deep",
        "c",
        "u",
        "unbind(P) read(T*) unbind(T*) bind(DP) bind(D*)",
    ),
    (
        "MOVE",
        "deep",
        "ur",
        "r",
        "unbind(P) read(T) bind(DP) unbind(DP) unbind(D)",
    ),
    (
        "MOVE",
        "deep",
        "ur",
        "c",
        "unbind(P) read(T) bind(DP) unbind(DP) unbind(D*)",
    ),
    (
        "MOVE",
        "deep",
        "c",
        "r",
        "unbind(P) read(T*) unbind(T*) bind(DP) bind(D*) unbind(DP) unbind(D)",
    ),
    (
        "MOVE",
        "deep",
        "c",
        "c",
        "unbind(P) read(T*) unbind(T*) bind(DP) bind(D*) unbind(DP) unbind(D*)",
    ),
    ("LOCK", "", "u", "-", "bind(P)"),
    ("LOCK", "", "rc", "-", "write-content(T)"),
    ("LOCK", "deep", "r", "-", "write-content(T)"),
    ("LOCK", "deep", "c", "-", "write-content(T*)"),
    ("UNLOCK", "creator", "urc", "-", ""),
    ("UNLOCK", "", "urc", "-", "unlock(L)"),
    ("ACL", "", "urc", "-", "write-acl(T)"),
    ("REPORT SEARCH", "", "urc", "-", "read(T) read(N)"),
    ("REPORT", "busy", "ur", "-", "read-free-busy(T)"),
    ("REPORT", "busy", "c", "-", "read-free-busy(T*)"),
    ("REPORT", "principals", "urc", "-", "read(T) read-acl(T) read(N)"),
    (
        "VERSION-CONTROL LABEL ORDERPATCH",
        "",
        "urc",
        "-",
        "write-properties(T)",
    ),
    ("LABEL", "deep", "ur", "-", "write-properties(T)"),
    ("LABEL", "deep", "c", "-", "write-properties(T*)"),
    ("CHECKOUT CHECKIN", "", "urc", "-", "write-properties(T) read(N)"),
    (
        "VERSION-CONTROL",
        "version",
        "urc",
        "-",
        "write-properties(T) bind(P) read(N)",
    ),
    (
        "UNCHECKOUT UPDATE BASELINE-CONTROL",
        "",
        "ur",
        "-",
        "write-content(T) write-properties(T) read(N)",
    ),
    (
        "UNCHECKOUT UPDATE BASELINE-CONTROL",
        "",
        "c",
        "-",
        "write-content(T*) write-properties(T*) read(N)",
    ),
    ("MERGE", "", "ur", "-", "write-content(T) read(N)"),
    ("MERGE", "", "c", "-", "write-content(T*) read(N)"),
    ("MKWORKSPACE MKACTIVITY", "", "urc", "-", "write-content(P) bind(P)"),
];

fn operation(method: &str, case: &str) -> Operation {
    Operation {
        method: Method::parse(method).unwrap(),
        depth: if case == "deep" { Depth::Infinity } else { Depth::Zero },
        kind: match case {
            "owner" => Kind::OwnerProperties,
            "creator" => Kind::ByCreator,
            "busy" => Kind::FreeBusy,
            "principals" => Kind::PrincipalsOfAcl,
            "version" => Kind::Version,
            _ => Kind::Plain,
        },
        sources: false,
    }
}

fn states(letters: &str) -> Vec<State> {
    let state = |letter| match letter {
        'u' => Unmapped,
        'r' => Resource,
        'c' => Collection,
        _ => Unknown,
    };
    letters.chars().map(state).collect()
}

const NAMED: &str = "/public/a";
const LOCK_ROOT: &str = "/shared/x";

fn places<'a>(target: &'a str, destination: Option<&'a str>) -> Places<'a> {
    Places {
        target,
        destination,
        named: vec![NAMED],
        lock_root: Some(LOCK_ROOT),
    }
}

/// Whether the needs, as text, are granted by trying every rule at every path.
fn naive(rules: &[Rule], who: &Principal, needs: &str, target: &str, destination: &str, all: &[String]) -> bool {
    let parent = |key: &str| key.rfind('/').map(|end| key[..end].to_owned());
    needs.split(' ').filter(|need| !need.is_empty()).all(|need| {
        let (leaf, place) = need.trim_end_matches(')').split_once('(').unwrap();
        let key = match place.trim_end_matches('*') {
            "T" => Some(target.to_owned()),
            "P" => parent(target),
            "D" => Some(destination.to_owned()),
            "DP" => parent(destination),
            "N" => Some(NAMED.to_owned()),
            "L" => Some(LOCK_ROOT.to_owned()),
            other => panic!("{other}"),
        };
        key.is_some_and(|key| {
            granted(rules, who, &key, leaf) && (!place.ends_with('*') || granted_below(rules, who, &key, leaf, all))
        })
    })
}

fn roles() -> [Principal; 5] {
    [
        Principal::anonymous(),
        user("ann", &["editors"]),
        user("bob", &["editors"]),
        user("eve", &[]),
        user("root", &["admins"]),
    ]
}

const PATHS: &[&str] = &[
    "",
    "/shared",
    "/shared/x",
    "/shared/hidden",
    "/shared/hidden/x",
    "/shared/frozen/x",
    "/home",
    "/home/ann",
    "/home/ann/x",
    "/home/bob/x",
    "/drop",
    "/drop/x",
    "/calendar",
    "/public/x",
    "/elsewhere/x",
];

fn everything() -> Vec<String> {
    let names = [
        "shared", "hidden", "frozen", "home", "ann", "bob", "drop", "calendar", "public", "x",
    ];
    universe(&names, 3)
}

// PV-1 to PV-33, A-1 to A-5, A-20: role, path, method, what is there: the table and the index against their twins
#[test]
fn the_whole_matrix() {
    let (rules, all) = (house(), everything());
    let acl = real(std::slice::from_ref(&rules));
    let mut rows = [0, 0];
    for (methods, case, target_states, destination_states, needs) in TABLE {
        for who in &roles() {
            let access = acl.of(who);
            for target in PATHS {
                let destinations: &[&str] = if *destination_states == "-" { &[""] } else { &PATHS[1..] };
                for destination in destinations.iter().filter(|destination| *destination != target) {
                    let expected = naive(&rules, who, needs, target, destination, &all);
                    let destination = Some(*destination).filter(|key| !key.is_empty());
                    for method in methods.split(' ') {
                        for at_target in states(target_states) {
                            // Where there is no Destination, what is there must make no difference.
                            for at_destination in states(&destination_states.replace('-', "u")) {
                                let needs_now = operation(method, case).needs(at_target, at_destination).unwrap();
                                let lacks = missing(&access, &needs_now, &places(target, destination));
                                let row = format!(
                                    "{:?} {method} {case} {target} {at_target:?} {destination:?} {at_destination:?}",
                                    who.name()
                                );
                                assert_eq!(lacks.is_empty(), expected, "{row}: {needs}");
                                rows[usize::from(expected)] += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    // None is granted by a matrix that grants nothing.
    assert!(rows[0] > 2_000 && rows[1] > 1_000, "{rows:?}");
}

// A-11: what is missing, where, and by which rule
#[test]
fn what_is_missing() {
    let acl = real(&[house()]);
    let said = |who: &Principal, method, case, target, destination: Option<&'static str>, t, d| {
        let needs = operation(method, case).needs(t, d).unwrap();
        let lacks = missing(&acl.of(who), &needs, &places(target, destination));
        let one = |missing: &Missing<'_>| {
            let star = if missing.scope == Scope::Tree { "*" } else { "" };
            let key = missing.key.as_deref().unwrap_or("outside");
            let by = missing
                .by
                .map_or("no rule".to_owned(), |ace| format!("rule {}", ace.index));
            format!("{}({key}{star}) by {by}", missing.privilege.name().local)
        };
        lacks.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let [nobody, bob, root] = [
        Principal::anonymous(),
        user("bob", &["editors"]),
        user("root", &["admins"]),
    ];
    let rows = [
        (
            said(&nobody, "PUT", "", "/public/x", None, Unmapped, Unmapped),
            "bind(/public) by no rule",
        ),
        (
            said(&bob, "GET", "", "/shared/hidden/x", None, Unmapped, Unmapped),
            "read(/shared/hidden/x) by rule 0",
        ),
        (
            said(&bob, "GET", "", "/shared", None, Collection, Unmapped),
            "read(/shared*) by rule 0",
        ),
        (
            said(
                &bob,
                "COPY",
                "deep",
                "/shared",
                Some("/home/bob/x"),
                Collection,
                Unmapped,
            ),
            "read(/shared*) by rule 0",
        ),
        (
            said(&root, "DELETE", "", "", None, Collection, Unmapped),
            "unbind(outside) by no rule, unbind(*) by rule 1",
        ),
        (said(&root, "UNLOCK", "", "/shared/x", None, Resource, Unmapped), ""),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
    }
    // Without a lock root there is nothing on which anything could be granted.
    let nowhere = Places {
        target: "/x",
        ..Places::default()
    };
    let unlock = operation("UNLOCK", "").needs(Resource, Unmapped).unwrap();
    assert!(!missing(&acl.of(&root), &unlock, &nowhere).is_empty());
}
