use super::*;
use crate::access::naive::{Rule, granted, granted_below, real, rule, universe};
use crate::identity::Principal;
use crate::policy::Method;
use crate::request::Depth;
use crate::request::operation::Kind;
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
    ("REPORT", "busy", "urc", "-", "read-free-busy(T)"),
    ("REPORT", "principals", "urc", "-", "read(T) read-acl(T) read(N)"),
    (
        "VERSION-CONTROL CHECKOUT CHECKIN LABEL ORDERPATCH",
        "",
        "urc",
        "-",
        "write-properties(T)",
    ),
    (
        "VERSION-CONTROL",
        "version",
        "urc",
        "-",
        "write-properties(T) bind(P) read(N)",
    ),
    (
        "UNCHECKOUT UPDATE",
        "",
        "urc",
        "-",
        "write-content(T) write-properties(T) read(N)",
    ),
    ("MERGE", "", "ur", "-", "write-content(T) read(N)"),
    ("MERGE", "", "c", "-", "write-content(T*) read(N)"),
    ("MKWORKSPACE MKACTIVITY", "", "urc", "-", "write-content(P) bind(P)"),
    (
        "BASELINE-CONTROL",
        "",
        "urc",
        "-",
        "write-properties(T) write-content(T)",
    ),
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
        add_member_collection: None,
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
                                let found = authorize(
                                    &access,
                                    &operation(method, case),
                                    &places(target, destination),
                                    at_target,
                                    at_destination,
                                );
                                let row = format!(
                                    "{:?} {method} {case} {target} {at_target:?} {destination:?} {at_destination:?}",
                                    who.name()
                                );
                                assert_eq!(found == Some(Authorization::Granted), expected, "{row}: {needs}");
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

// EX-5: decided without asking if and only if every state gives the same verdict; and what is asked for settles it
#[test]
fn asks_only_where_it_matters() {
    let rules = house();
    let acl = real(std::slice::from_ref(&rules));
    let known = states("urc");
    let mut asked = 0;
    for who in &roles() {
        let access = acl.of(who);
        for (method, case) in TABLE
            .iter()
            .flat_map(|row| row.0.split(' ').map(|method| (method, row.1)))
        {
            let operation = operation(method, case);
            let two = matches!(operation.method, Method::Copy | Method::Move);
            for target in PATHS {
                let destination = two.then_some("/shared/x");
                let places = places(target, destination);
                let at = |t, d| authorize(&access, &operation, &places, t, d).unwrap();
                let granted: Vec<bool> = known
                    .iter()
                    .flat_map(|t| known.iter().map(|d| at(*t, *d) == Authorization::Granted))
                    .collect();
                let all_same = granted.iter().all(|one| *one == granted[0]);
                match at(Unknown, Unknown) {
                    Authorization::Granted => assert!(all_same && granted[0], "{method} {target}"),
                    Authorization::Refused(missing) => {
                        assert!(all_same && !granted[0] && !missing.is_empty(), "{method} {target}");
                    }
                    Authorization::Ask {
                        target: ask_t,
                        destination: ask_d,
                    } => {
                        assert!(!all_same && (ask_t || ask_d), "{method} {target}");
                        assert!(two || !ask_d, "{method} {target}: no Destination to ask for");
                        asked += 1;
                        for t in &known {
                            for d in &known {
                                let told = at(if ask_t { *t } else { Unknown }, if ask_d { *d } else { Unknown });
                                let truth = at(*t, *d) == Authorization::Granted;
                                assert_eq!(told == Authorization::Granted, truth, "{method} {target} {t:?} {d:?}");
                                assert!(
                                    !matches!(told, Authorization::Ask { .. }),
                                    "{method} {target} {t:?} {d:?}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(asked > 50, "{asked}");
}

// EX-5: the common case costs no question, and its twins do
#[test]
fn who_holds_write_is_not_asked_about() {
    let acl = real(&[house()]);
    let [ann, bob] = [user("ann", &["editors"]), user("bob", &["editors"])];
    let [eve, root] = [user("eve", &[]), user("root", &["admins"])];
    let ask = |target, destination| Authorization::Ask { target, destination };
    let rows = [
        (&ann, "PUT", "", "/shared/x", None, Authorization::Granted),
        (&ann, "PUT", "", "/shared/hidden/new", None, Authorization::Granted),
        (&ann, "DELETE", "", "/shared/x", None, Authorization::Granted),
        (&root, "DELETE", "", "/shared", None, ask(true, false)),
        (&root, "DELETE", "", "/home", None, Authorization::Granted),
        (&ann, "GET", "", "/shared", None, Authorization::Granted),
        (&bob, "GET", "", "/shared", None, ask(true, false)),
        (&bob, "GET", "", "/shared/x", None, Authorization::Granted),
        (&eve, "PUT", "", "/drop/x", None, ask(true, false)),
        (&eve, "MKCOL", "", "/drop/x", None, Authorization::Granted),
        (
            &ann,
            "MOVE",
            "deep",
            "/home/ann/x",
            Some("/shared/x"),
            Authorization::Granted,
        ),
        (&ann, "MOVE", "deep", "/home/ann/x", Some("/drop/x"), ask(false, true)),
        (&bob, "COPY", "deep", "/shared", Some("/home/bob/x"), ask(true, false)),
    ];
    for (who, method, case, target, destination, expected) in rows {
        let acl = acl.of(who);
        let places = places(target, destination);
        let found = authorize(&acl, &operation(method, case), &places, Unknown, Unknown);
        assert_eq!(found, Some(expected), "{:?} {method} {target}", who.name());
    }
}

// A-11: what is missing, where, and by which rule
#[test]
fn what_is_missing() {
    let acl = real(&[house()]);
    let said = |who: &Principal, method, case, target, destination: Option<&'static str>, t, d| {
        let found = authorize(
            &acl.of(who),
            &operation(method, case),
            &places(target, destination),
            t,
            d,
        );
        let Some(Authorization::Refused(missing)) = found else {
            return format!("{found:?}");
        };
        let one = |missing: &Missing<'_>| {
            let star = if missing.scope == Scope::Tree { "*" } else { "" };
            let key = missing.key.as_deref().unwrap_or("outside");
            let by = missing
                .by
                .map_or("no rule".to_owned(), |ace| format!("rule {}", ace.index));
            format!("{}({key}{star}) by {by}", missing.privilege.name().local)
        };
        missing.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let [nobody, bob, root] = [
        Principal::anonymous(),
        user("bob", &["editors"]),
        user("root", &["admins"]),
    ];
    let rows = [
        (
            said(&nobody, "PUT", "", "/public/x", None, Unknown, Unmapped),
            "bind(/public) by no rule",
        ),
        (
            said(&bob, "GET", "", "/shared/hidden/x", None, Unknown, Unmapped),
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
        (
            said(&root, "UNLOCK", "", "/shared/x", None, Resource, Unmapped),
            "Some(Granted)",
        ),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
    }
    let never = Operation {
        method: Method::Trace,
        depth: Depth::Zero,
        kind: Kind::Plain,
    };
    assert_eq!(
        authorize(&acl.of(&root), &never, &places("/x", None), Resource, Unmapped),
        None
    );
    // Without a lock root or an add-member collection there is nothing on which anything could be granted.
    let nowhere = Places {
        target: "/x",
        ..Places::default()
    };
    let unlock = authorize(&acl.of(&root), &operation("UNLOCK", ""), &nowhere, Resource, Unmapped);
    assert!(matches!(unlock, Some(Authorization::Refused(_))));
}
