//! `davgate explain`: what it says of a policy with users, nested groups, `{user}`, denials and protected parts of trees; that what it
//! prints as JSON is what its schema says; and that the gateway does on the wire what it says, row by row.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "explain/commands.rs"]
mod commands;
mod support;

use davgate::config::{compile_rules, schema_of};
use davgate::decide::Gate;
use davgate::decide::explain::{Explanation, Inquiry, Outcome, Verdict, asker, explain};
use davgate::decide::state::State;
use davgate::identity::IdentitySettings;
use support::backend::{BackEnd, answer, multistatus};
use support::each;
use support::gateway::Gateway;
use support::samples::{LOCKINFO, PROPPATCH, VERSION_TREE, propfind_answer};
use support::wire::{Client, req};

const POLICY: &str = include_str!("explain/policy.yaml");

fn gate() -> (Gate, Option<IdentitySettings>) {
    let text = POLICY
        .replace("@LISTEN@", "127.0.0.1:1")
        .replace("@ADMIN@", "127.0.0.1:2")
        .replace("@BACK@", "127.0.0.1:3");
    let loaded = compile_rules(&text, "policy.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    (Gate::new(loaded.policy.routes), loaded.policy.identity)
}

/// `who` is a name, and groups behind colons that a proxy would name; empty is nobody. `words`: a method, a path, `to PATH`, `depth N`.
fn ask(who: &str, words: &str, at_target: State, at_destination: State) -> Explanation {
    let (gate, identity) = gate();
    let mut names = who.split(':');
    let user = names.next().filter(|name| !name.is_empty());
    let words: Vec<&str> = words.split(' ').collect();
    let [method, target, more @ ..] = words.as_slice() else {
        panic!("a method and a path: {words:?}")
    };
    let more: Vec<(&str, &str)> = more
        .chunks(2)
        .map(|pair| match pair[0] {
            "to" => ("Destination", pair[1]),
            "depth" => ("Depth", pair[1]),
            other => panic!("{other}"),
        })
        .collect();
    let inquiry = Inquiry {
        method,
        target,
        host: None,
        headers: &more,
        body: None,
        asker: asker(identity.as_ref(), user, names.map(str::to_owned)).unwrap(),
        at_target,
        at_destination,
    };
    explain(&gate, &inquiry).unwrap()
}

/// One line for an outcome: `permit`, or status, rule id, and the rule of the file that decided.
fn line(outcome: &Outcome) -> String {
    let Some(status) = outcome.status else {
        return "permit".to_owned();
    };
    let by = outcome.decided_by.as_ref().map_or("-", |rule| rule.rule.as_str());
    format!("{status} {} {by}", outcome.rule.unwrap())
}

/// One line for all of it; where it depends, the outcomes for nothing, a file, a collection.
fn told(explanation: &Explanation) -> String {
    let lines: Vec<String> = explanation.outcomes.iter().map(line).collect();
    lines.join(" | ")
}

// PV-1, PV-3, PV-6, PV-11 to PV-15, O-6, O-9, O-12
#[test]
fn verdicts_and_who_decided() {
    let rows: &[(&str, &str, &str)] = &[
        ("ann", "GET /files/home/ann/a", "permit"),
        ("bob", "GET /files/home/ann/a", "404 A-32 -"),
        ("bob", "PUT /files/home/ann/a", "403 A-31 -"),
        // Where a proxy alone says who asks, nothing can be proved by a 401; config/office.yaml has the 401.
        ("", "PUT /files/home/ann/a", "403 A-31 -"),
        ("", "GET /files/public/a", "permit"),
        ("", "PUT /files/public/a", "403 A-31 -"),
        // bosses are editors, and editors are staff
        ("bob", "PUT /files/shared/a", "403 A-31 -"),
        ("bob:bosses", "PUT /files/shared/a", "permit"),
        (
            "bob:bosses",
            "PUT /files/keep/a",
            "permit | permit | 403 A-31 files.access[1]",
        ),
        ("carl", "GET /files/shared/a", "permit"),
        ("carl", "LOCK /files/shared/a", "403 A-31 -"),
        // denials come first
        ("ann", "GET /files/shared/secret", "404 A-32 files.access[0]"),
        (
            "ann",
            "PROPFIND /files/shared/secret/x depth 0",
            "404 A-32 files.access[0]",
        ),
        ("ann", "DELETE /files/keep/a", "403 A-31 files.access[1]"),
        // trees
        ("ann", "DELETE /files/shared/sub", "permit"),
        ("ann", "DELETE /files/shared/secret/x", "403 A-31 files.access[0]"),
        ("ann", "DELETE /files/shared", "403 A-31 -"),
        (
            "ann",
            "MOVE /files/home/ann/a to /files/shared/secret",
            // nothing, a file, a collection at the target; in each of them the same at Destination
            "permit | 403 A-31 files.access[0] | 403 A-31 files.access[0] | permit | 403 A-31 files.access[0] | \
             403 A-31 files.access[0] | 403 A-31 files.access[0] | 403 A-31 files.access[0] | 403 A-31 files.access[0]",
        ),
        ("ann", "MOVE /files/home/ann/a to /files/home/ann/b", "permit"),
        ("ann", "DELETE /files/home/ann/sub", "permit"),
        (
            "ann",
            "COPY /files/home/ann to /files/shared/b",
            "permit | permit | 403 O-12 files.methods[1]",
        ),
        // O-6, O-9: the method filter
        ("ann", "PUT /files/archive/a", "405 O-6 files.methods[0]"),
        (
            "ann",
            "COPY /files/shared/a to /files/archive/a",
            "405 O-6 files.methods[0]",
        ),
        ("ann", "DELETE /files/home/ann/a.exe", "405 O-6 files.methods[1]"),
        ("ann", "PUT /open/a", "permit"),
        ("", "DELETE /open/a", "405 O-6 open.methods[0]"),
        // the drop folder
        ("carl", "PUT /files/drop/a", "permit | 403 A-31 - | 403 A-31 -"),
        ("carl", "GET /files/drop/a", "404 A-32 -"),
        ("carl", "MKCOL /files/drop/a/", "permit"),
        // what is refused before anybody asks who it is
        ("ann", "GET /files/../a", "400 P-5 -"),
        ("ann", "GET /elsewhere", "404 P-11 -"),
        ("ann", "MOVE /files/home/ann/a to http://other.test/a", "502 B-32 -"),
        ("ann", "COPY /files/home/ann/a", "400 B-30 -"),
        ("ann", "BREW /files/a", "501 M-37 -"),
        ("ann", "BIND /files/a", "405 O-6 -"),
        // answers of davgate's own, and bodies that stand in
        ("", "OPTIONS *", "permit"),
        ("ann", "REPORT /files/shared/a", "permit"),
        ("bob", "REPORT /files/shared/a", "404 A-32 -"),
        ("ann", "PROPPATCH /files/shared/a", "permit"),
        ("ann", "UNLOCK /files/shared/a", "permit"),
        ("bob", "ACL /files/home/bob/a", "permit"),
        ("ann", "ACL /files/shared/a", "403 A-31 -"),
        ("ann", "PROPFIND /files/shared/a", "permit | permit | 403 B-22 -"),
    ];
    each(rows, |(who, words, expected)| {
        let explanation = ask(who, words, State::Unknown, State::Unknown);
        assert_eq!(told(&explanation), *expected, "{who}: {words}: {explanation:#?}");
        let verdict = match (expected.contains("permit"), expected.contains('4')) {
            (true, true) => Verdict::Depends,
            (true, false) => Verdict::Permit,
            (false, _) => Verdict::Refuse,
        };
        assert_eq!(explanation.verdict, verdict, "{who}: {words}");
    });
}

// A-2, PV-6: a known state leaves one outcome, and asks for the privileges of that state.
#[test]
fn a_known_state_leaves_one_outcome() {
    let asked = |state| {
        let explanation = ask("carl", "PUT /files/drop/a", state, State::Unknown);
        let [outcome] = explanation.outcomes.as_slice() else {
            panic!("one outcome")
        };
        let privileges = outcome.privileges.iter().map(|asked| {
            let granted = if asked.granted { "yes" } else { "no" };
            let by = asked.by.as_ref().map_or("-", |rule| rule.rule.as_str());
            format!(
                "{} {} {} {granted} {by}",
                asked.privilege,
                asked.path.as_deref().unwrap(),
                asked.scope
            )
        });
        (line(outcome), privileges.collect::<Vec<_>>())
    };
    let (verdict, privileges) = asked(State::Unmapped);
    assert_eq!(verdict, "permit");
    assert_eq!(privileges, ["bind /files/drop/ itself yes files.access[5]"]);
    let (verdict, privileges) = asked(State::Resource);
    assert_eq!(verdict, "403 A-31 -");
    assert_eq!(privileges, ["write-content /files/drop/a itself no -"]);
}

// every rule up to the one that decides, and why it did not.
#[test]
fn rules_that_were_considered() {
    let explanation = ask("carl", "PUT /files/shared/a", State::Unmapped, State::Unknown);
    let [look] = explanation.access.as_slice() else {
        panic!("one look: {explanation:#?}")
    };
    assert_eq!(
        (look.resource, look.path.as_str(), look.scope),
        ("parent", "/files/shared/", "itself")
    );
    let bearings: Vec<(usize, &str)> = look.rules.iter().map(|rule| (rule.rule.line, rule.bearing)).collect();
    assert_eq!(
        bearings,
        [
            (19, "other-path"),
            (20, "other-path"),
            (21, "other-path"),
            (22, "other-audience"),
            (23, "not-mentioned"),
            (24, "other-path"),
            (25, "other-path"),
            (26, "other-path"),
            (27, "other-path"),
            (28, "other-path"),
        ]
    );
    let explanation = ask("ann", "GET /files/shared/secret/a", State::Resource, State::Unknown);
    let [look] = explanation.access.as_slice() else {
        panic!("one look")
    };
    assert_eq!((look.rules.len(), look.not_reached), (1, 9));
    assert_eq!(
        (look.rules[0].bearing, look.rules[0].decides.as_slice()),
        ("denies", &["read"][..])
    );
    assert_eq!(look.rules[0].rule.says, "deny all to user:ann");
    let [filter] = explanation.methods.as_slice() else {
        panic!("one look")
    };
    let bearings: Vec<&str> = filter.rules.iter().map(|rule| rule.bearing).collect();
    assert_eq!(bearings, ["other-path", "other-path", "other-path", "lets-pass"]);
}

// Which privileges are asked for in which state.
#[test]
fn when_privileges_are_asked_for() {
    let explanation = ask("ann", "PUT /files/shared/a", State::Unknown, State::Unknown);
    let when: Vec<String> = explanation
        .access
        .iter()
        .map(|look| {
            let when = look
                .when
                .as_ref()
                .map_or(String::new(), |when| when.target.join(" or "));
            format!("{} on {} {}: {when}", look.privileges.join(", "), look.path, look.scope)
        })
        .collect();
    assert_eq!(
        when,
        [
            "bind on /files/shared/ itself: unmapped or collection",
            "write-content on /files/shared/a itself: resource or collection",
            "unbind on /files/shared/a itself: collection",
            "unbind on /files/shared/a below: collection",
        ]
    );
}

// On a route in report mode: what the rules say, and that it passes all the same; but not what no rule has a part in, and not for nobody.
#[test]
fn report_mode_is_said() {
    let rows = [
        ("ann", "PUT /trial/a", "permit", false),
        ("bob", "PUT /trial/a", "403 A-31 -", true),
        ("bob", "GET /trial/a", "404 A-32 -", true),
        ("", "GET /trial/a", "404 A-32 -", false),
        ("ann", "LOCK /trial/a", "405 O-6 trial.methods[0]", true),
        ("bob", "MOVE /trial/a to /files/shared/a", "403 A-31 -", false),
        ("bob", "GET /trial/../a", "400 P-5 -", false),
    ];
    each(rows, |(who, words, expected, reported)| {
        let explanation = ask(who, words, State::Resource, State::Unmapped);
        assert_eq!(told(&explanation), expected, "{who}: {words}");
        assert_eq!(explanation.outcomes[0].reported, reported, "{who}: {words}");
    });
    let explanation = ask("ann", "DELETE /trial/folder", State::Unknown, State::Unknown);
    assert_eq!(told(&explanation), "permit | permit | 403 A-31 trial.access[0]");
    let reported: Vec<bool> = explanation.outcomes.iter().map(|outcome| outcome.reported).collect();
    assert_eq!(reported, [false, false, true]);
    assert_eq!(explanation.route.unwrap().mode, "report");
}

#[test]
fn json_is_as_its_schema_says() {
    let validator = jsonschema::draft202012::new(&schema_of::<Explanation>()).unwrap();
    for (who, words) in [
        ("ann", "MOVE /files/home/ann/a to /files/shared/secret"),
        ("", "PUT /files/public/a"),
        ("ann", "GET /files/../a"),
        ("", "OPTIONS *"),
        ("ann", "GET /files/home/ann/a"),
    ] {
        let explanation = ask(who, words, State::Unknown, State::Unknown);
        let value = serde_json::to_value(&explanation).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{words}");
        assert!(value["outcomes"][0]["permitted"].is_boolean() && value["request"]["method"].is_string());
    }
    let value = serde_json::to_value(ask("ann", "DELETE /files/keep/a", State::Unknown, State::Unknown)).unwrap();
    assert_eq!(value["verdict"], "refuse");
    assert_eq!(value["request"]["groups"], serde_json::json!(["editors", "staff"]));
    assert_eq!(value["outcomes"][0]["decided_by"]["line"], 20);
    assert_eq!(value["outcomes"][0]["decided_by"]["says"], "deny unbind to everyone");
    assert_eq!(value["outcomes"][0]["status"], 403);
}

/// What the wire test puts at a path, and what it is called there.
const STATES: [(State, &str); 3] = [
    (State::Unmapped, "missing"),
    (State::Resource, "file"),
    (State::Collection, "folder"),
];

/// The back end's paths that the rows use.
const FOLDERS: [&str; 9] = [
    "home/ann",
    "shared",
    "shared/secret",
    "drop",
    "keep",
    "public",
    "archive",
    "home/carl",
    "trial",
];

// EX-5, A-20, A-30 to A-33, O-6, O-9, O-12: the gateway does what the explanation says, whatever is there.
#[test]
fn the_gateway_does_what_is_said() {
    let back = BackEnd::start();
    for folder in FOLDERS {
        for base in [folder.to_owned(), format!("{folder}/d")] {
            let at = |name: &str| format!("PROPFIND /dav/{base}/{name}");
            back.on(&at("missing"), answer("404 Not Found", &[], ""));
            back.on(
                &at("file"),
                multistatus(propfind_answer(&format!("/dav/{base}/file"), false)),
            );
            back.on(
                &at("folder"),
                multistatus(propfind_answer(&format!("/dav/{base}/folder/"), true)),
            );
        }
    }
    let gateway = Gateway::start(&POLICY.replace("@BACK@", &back.address.to_string()));
    let methods = [
        ("GET", ""),
        ("PROPFIND", " depth 1"),
        ("PUT", ""),
        ("DELETE", ""),
        ("PROPPATCH", ""),
        ("LOCK", ""),
        ("MKCOL", ""),
        ("REPORT", ""),
        ("MOVE", "to"),
        ("COPY", "to"),
    ];
    let mut rows = Vec::new();
    for who in ["", "ann", "bob", "carl", "bob:bosses"] {
        for (place, folder) in FOLDERS.iter().enumerate() {
            for (number, (method, more)) in methods.iter().enumerate() {
                // A third of all is enough, and another third for each user.
                if (place + number + who.len()) % 3 == 0 {
                    rows.push((who, *folder, *method, *more));
                }
            }
        }
    }
    assert!(rows.len() > 100, "{}", rows.len());
    let permits = std::cell::Cell::new(0);
    each(rows, |(who, folder, method, more)| {
        for (state, name) in STATES {
            let target = match folder {
                "trial" => format!("/trial/{name}"),
                _ => format!("/files/{folder}/{name}"),
            };
            let (at_destination, there) = STATES[(folder.len() + name.len()) % 3];
            let destination = format!("/files/shared/d/{there}");
            let more = if more == "to" {
                format!(" to {destination}")
            } else {
                more.to_owned()
            };
            let words = format!("{method} {target}{more}");
            let case = format!("{who} {words}").replace(' ', "_");
            let said = ask(who, &words, state, at_destination);
            let [outcome] = said.outcomes.as_slice() else {
                panic!("{case}: {said:#?}")
            };
            let mut names = who.split(':');
            let mut request = req(&case, method, &target);
            if let Some(user) = names.next().filter(|user| !user.is_empty()) {
                request = request
                    .with("X-User", user)
                    .with("X-Groups", &names.collect::<Vec<_>>().join(","));
            }
            request = match method {
                "PUT" => request.body("x"),
                "PROPPATCH" => request.xml(PROPPATCH),
                "LOCK" => request.xml(LOCKINFO),
                "REPORT" => request.xml(VERSION_TREE),
                "PROPFIND" => request.with("Depth", "1"),
                "MOVE" | "COPY" => request.with("Destination", &destination),
                _ => request,
            };
            let mut client = Client::connect(gateway.address);
            client.send(&request.bytes());
            let answer = client.answer(false);
            let seen = back.case(&case);
            match outcome.status.filter(|_| !outcome.reported) {
                None => {
                    assert_eq!(
                        seen.len(),
                        1,
                        "{case}: said to pass, {} {}",
                        answer.status,
                        answer.text()
                    );
                    permits.set(permits.get() + 1);
                }
                Some(status) => {
                    assert!(seen.is_empty(), "{case}: said to be refused");
                    assert_eq!(answer.status, status, "{case}: {}", answer.text());
                    let name = outcome.name.unwrap();
                    // What is hidden is answered as what is not there: with no word.
                    let hidden = outcome.rule == Some("A-32") && answer.body.is_empty();
                    assert!(
                        hidden || answer.has_condition(name),
                        "{case}: no {name} in {}",
                        answer.text()
                    );
                }
            }
        }
    });
    assert!(permits.get() > 50, "{}", permits.get());
}
