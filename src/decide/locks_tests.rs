//! Rows of writes against locks: who may go on, what is asked first, what goes to the back end.

use super::*;
use crate::backend::{APACHE, NGINX, RADICALE};
use crate::{
    access::naive::{real, rule},
    decide::{
        Gate,
        sample::{self, Verdict, judge_as, rules},
    },
    identity::Principal,
    locks::LockDepth,
    policy::{Profile, Route},
    xml::lockinfo::LockScope,
};

/// The token of the lock that [`locks`] calls `name`.
fn token(name: &str) -> String {
    format!("urn:uuid:{name}")
}

/// `ann:/c/ deep`, `bob:/c/t/`: locks with these roots below `/dav`, each with its creator's name and the root as its token; `shared`.
fn locks(texts: &[&str]) -> Vec<Lock> {
    let read = |text: &&str| {
        let (creator, rest) = text.split_once(':').unwrap();
        let mut words = rest.split(' ');
        let root = words.next().unwrap();
        let words: Vec<&str> = words.collect();
        Lock {
            token: token(&format!("{creator}{root}")),
            root: LockPath::stored("embedded:files", &format!("/dav{root}")).unwrap(),
            collection: words.contains(&"deep") || words.contains(&"folder"),
            depth: if words.contains(&"deep") {
                LockDepth::Infinity
            } else {
                LockDepth::Zero
            },
            scope: if words.contains(&"shared") {
                LockScope::Shared
            } else {
                LockScope::Exclusive
            },
            creator: Some(creator.to_owned()).filter(|name| name != "nobody"),
            owner: None,
            timeout: 1,
            created_at: 0,
            expires_at: 1,
        }
    };
    texts.iter().map(read).collect()
}

fn gate(profile: &'static Profile, locking: Locking, change: impl FnOnce(&mut Route)) -> Gate {
    let mut route = Route::sample("/f/", &["dav.test"], false);
    route.methods = rules(&[("/**", sample::ALL, None)]);
    route.backend.profile = profile;
    route.locks.locking = locking;
    route.locks.orphans = OrphanLocks::Deny;
    change(&mut route);
    Gate::new(vec![route])
}

fn permit(who: &str, gate: &Gate, line: &str, headers: &[&str]) -> Permit {
    let principal = match who {
        "" => Principal::anonymous(),
        name => Principal::user(name, [""; 0]).unwrap(),
    };
    match judge_as(principal, gate, line, headers, b"").unwrap() {
        Verdict::Permit(permit) => *permit,
        Verdict::Ask(question) => question.permit().clone(),
        Verdict::Own(_) => panic!("{line}"),
    }
}

/// One line for what becomes of `line` with these header lines: `pass` with what goes on, `look` or `confirm` with what, or the refusal
/// with the roots it names. `found` is what is at the target.
fn told(gate: &Gate, who: &str, line: &str, headers: &[&str], present: &[&str], found: Option<&Found>) -> String {
    let permit = permit(who, gate, line, headers);
    let at = permit.upstream().clone();
    let mut case = match permit.before_locks() {
        Before::Cleared(_) => return "free".to_owned(),
        Before::Judge(case) => *case,
    };
    found.into_iter().for_each(|found| case.learn(&at, found.clone()));
    // What a store finds.
    let near = [case.near(), case.changes()].concat();
    let mut all = locks(present);
    all.retain(|lock| near.iter().any(|claim| claim.concerns(lock)));
    match case.judge(&all) {
        Ok(Judged::Cleared(cleared)) => {
            let mut words = vec!["pass".to_owned()];
            words.extend(cleared.if_header().map(|header| format!("If: {header}")));
            words.extend(cleared.guards().iter().map(|guard| format!("{guard:?}")));
            words.extend(cleared.reported().map(|denial| format!("reported {}", denial.status())));
            words.join(" ")
        }
        Ok(Judged::Look(paths)) => format!(
            "look {}",
            paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        ),
        Ok(Judged::Unanswered) => "unanswered".to_owned(),
        Ok(Judged::Confirm(locks)) => {
            format!(
                "confirm {}",
                locks.iter().map(|lock| lock.root.path()).collect::<Vec<_>>().join(" ")
            )
        }
        Err(Denial::Locked(roots)) => {
            format!(
                "423 {}",
                roots.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            )
        }
        Err(denial) => denial.status().to_string(),
    }
}

fn file(etag: &str) -> Found {
    Found {
        state: State::Resource,
        etag: Some(etag.to_owned()),
    }
}

const TO_B: &str = "Destination: http://dav.test/f/d/b";

/// Who, request line, header lines, locks, expected.
type Row<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a [&'a str], &'a str);

fn check(gate: &Gate, rows: &[Row<'_>]) {
    for (rule, who, line, headers, present, expected) in rows {
        let told = told(gate, who, line, headers, present, None);
        assert_eq!(told, *expected, "{rule}: {who} {line} {headers:?} {present:?}");
    }
}

// L-30 to L-34, L-37, L-38: which locks are in the way of which write.
#[test]
fn in_the_way_of() {
    let gate = gate(&NGINX, Locking::Emulate, |_| {});
    check(
        &gate,
        &[
            ("nothing locked", "bob", "PUT /f/t", &[], &[], "pass"),
            ("L-30", "bob", "PUT /f/t", &[], &["ann:/t/"], "423 /f/t"),
            ("L-30", "bob", "POST /f/t", &[], &["ann:/t/"], "423 /f/t"),
            (
                "L-30 deep above",
                "bob",
                "PUT /f/c/t",
                &[],
                &["ann:/c/ deep"],
                "423 /f/c/",
            ),
            ("beside", "bob", "PUT /f/t", &[], &["ann:/tt/", "ann:/t/in/"], "pass"),
            ("L-31", "bob", "MKCOL /f/c/n", &[], &["ann:/c/ folder"], "423 /f/c/"),
            (
                "L-31 own name",
                "bob",
                "MKCOL /f/c/n",
                &[],
                &["ann:/c/n/"],
                "423 /f/c/n",
            ),
            (
                "L-31 depends",
                "bob",
                "PUT /f/c/t",
                &[],
                &["ann:/c/ folder"],
                "look /dav/c/t",
            ),
            (
                "L-31 both",
                "bob",
                "PUT /f/c/t",
                &[],
                &["ann:/c/ folder", "ann:/c/t/"],
                "423 /f/c/ /f/c/t",
            ),
            ("L-32", "bob", "DELETE /f/c/t", &[], &["ann:/c/ folder"], "423 /f/c/"),
            ("L-32 below", "bob", "DELETE /f/c", &[], &["ann:/c/t/"], "423 /f/c/t"),
            ("L-32 far above", "bob", "DELETE /f/c/t", &[], &["ann:/ folder"], "pass"),
            (
                "L-33 source",
                "bob",
                "MOVE /f/c/a",
                &[TO_B],
                &["ann:/c/a/in/"],
                "423 /f/c/a/in",
            ),
            (
                "L-33 its parent",
                "bob",
                "MOVE /f/c/a",
                &[TO_B],
                &["ann:/c/ folder"],
                "423 /f/c/",
            ),
            (
                "L-33 there",
                "bob",
                "MOVE /f/c/a",
                &[TO_B],
                &["ann:/d/b/in/"],
                "423 /f/d/b/in",
            ),
            (
                "L-33 its parent",
                "bob",
                "MOVE /f/c/a",
                &[TO_B],
                &["ann:/d/ folder"],
                "423 /f/d/",
            ),
            (
                "L-34 source",
                "bob",
                "COPY /f/c/a",
                &[TO_B],
                &["ann:/c/a/", "ann:/c/ folder"],
                "pass",
            ),
            (
                "L-34 there",
                "bob",
                "COPY /f/c/a",
                &[TO_B],
                &["ann:/d/b/"],
                "423 /f/d/b",
            ),
            (
                "L-34 its parent",
                "bob",
                "COPY /f/c/a",
                &[TO_B],
                &["ann:/d/ folder"],
                "423 /f/d/",
            ),
            ("reads", "bob", "GET /f/t", &[], &["ann:/t/"], "free"),
            ("reads", "bob", "PROPFIND /f/t", &[], &["ann:/t/"], "free"),
        ],
    );
}

// L-31, L-37: what is there may be written; a write that could make something is held to what was found.
#[test]
fn members_of_a_locked_collection() {
    let nginx = gate(&NGINX, Locking::Emulate, |_| {});
    let apache = gate(&APACHE, Locking::Emulate, |_| {});
    let above = &["ann:/c/ folder"];
    let collection = Found::from(State::Collection);
    let rows: [(&Gate, Found, &str); 7] = [
        (&nginx, file("\"e\""), "pass"),
        (&nginx, State::Unmapped.into(), "423 /f/c/"),
        (&nginx, State::Unknown.into(), "423 /f/c/"),
        (&apache, file("\"e\""), "pass Version(\"\\\"e\\\"\")"),
        (&apache, file("W/\"e\""), "pass WeakVersion(\"W/\\\"e\\\"\")"),
        (&apache, collection, "pass Present"),
        (&apache, State::Unmapped.into(), "423 /f/c/"),
    ];
    for (gate, found, expected) in rows {
        assert_eq!(
            told(gate, "bob", "PUT /f/c/t", &[], above, Some(&found)),
            expected,
            "{found:?}"
        );
    }
}

// L-23, L-24, L-27, L-39: tokens, whose they are, and what a false header leads to.
#[test]
fn tokens() {
    let gate = gate(&NGINX, Locking::Emulate, |_| {});
    let own = "If: (<urn:uuid:ann/t/>)";
    let on_c = "If: </f/c> (<urn:uuid:ann/c/>)";
    check(
        &gate,
        &[
            ("own", "ann", "PUT /f/t", &[own], &["ann:/t/"], "pass"),
            ("L-39 not hers", "bob", "PUT /f/t", &[own], &["ann:/t/"], "423 /f/t"),
            ("L-39 nobody's", "", "PUT /f/t", &[own], &["ann:/t/"], "423 /f/t"),
            ("own, not submitted", "ann", "PUT /f/t", &[], &["ann:/t/"], "423 /f/t"),
            ("L-24 gone", "ann", "PUT /f/t", &[own], &[], "412"),
            ("L-24 gone, read", "ann", "GET /f/t", &[own], &[], "412"),
            ("L-24 read", "ann", "GET /f/t", &[own], &["ann:/t/"], "pass"),
            (
                "L-23 negated",
                "ann",
                "PUT /f/t",
                &["If: (Not <urn:uuid:ann/t/>) (Not <DAV:no-lock>)"],
                &["ann:/t/"],
                "pass",
            ),
            ("L-27", "ann", "PUT /f/t", &["If: (<DAV:no-lock>)"], &["ann:/t/"], "412"),
            (
                "L-27",
                "ann",
                "PUT /f/t",
                &["If: (<urn:uuid:x>) (Not <DAV:no-lock>)"],
                &["ann:/t/"],
                "423 /f/t",
            ),
            (
                "L-27 412 first",
                "bob",
                "PUT /f/t",
                &["If: (<urn:uuid:x>)"],
                &["ann:/t/"],
                "412",
            ),
            ("tagged", "ann", "DELETE /f/c/t", &[on_c], &["ann:/c/ folder"], "pass"),
            (
                "not all",
                "ann",
                "DELETE /f/c/t",
                &[on_c],
                &["ann:/c/ folder", "ann:/c/t/"],
                "423 /f/c/t",
            ),
            (
                "shared, own",
                "ann",
                "PUT /f/t",
                &[own],
                &["ann:/t/ shared", "bob:/t/ shared"],
                "pass",
            ),
            ("shared, none", "ann", "PUT /f/t", &[], &["bob:/t/ shared"], "423 /f/t"),
            (
                "L-40",
                "ann",
                "PUT /f/t",
                &["Lock-Token: <urn:uuid:ann/t/>"],
                &["ann:/t/"],
                "423 /f/t",
            ),
        ],
    );
}

// L-26, L-86: entity tags are asked for, and go on as If-Match where the back end knows it; tokens of the gateway never do.
#[test]
fn entity_tags() {
    let nginx = gate(&NGINX, Locking::Emulate, |_| {});
    let apache = gate(&APACHE, Locking::Emulate, |_| {});
    let both = "If: (<urn:uuid:ann/t/> [\"e\"])";
    let rows: [(&Gate, &str, Option<Found>, &str); 9] = [
        (&apache, both, None, "look /dav/t"),
        (&apache, both, Some(file("\"e\"")), "pass Version(\"\\\"e\\\"\")"),
        (&nginx, both, Some(file("\"e\"")), "pass"),
        (&apache, both, Some(file("W/\"e\"")), "pass"),
        (&apache, both, Some(file("\"f\"")), "412"),
        (&apache, both, Some(State::Unmapped.into()), "412"),
        (&apache, both, Some(State::Unknown.into()), "unanswered"),
        (
            &apache,
            "If: (<urn:uuid:ann/t/> <http://s/1>)",
            None,
            "pass If: (<http://s/1>)",
        ),
        (&nginx, "If: (<urn:uuid:ann/t/> <http://s/1>)", None, "412"),
    ];
    for (gate, header, found, expected) in rows {
        let told = told(gate, "ann", "PUT /f/t", &[header], &["ann:/t/"], found.as_ref());
        assert_eq!(told, expected, "{header} {found:?}");
    }
}

// Where the back end locks: conditions and own locks are its affair, other people's locks are not; L-6, L-7.
#[test]
fn observed() {
    let deny = gate(&APACHE, Locking::Observe, |_| {});
    let pass = gate(&APACHE, Locking::Observe, |route| {
        route.locks.orphans = OrphanLocks::Pass
    });
    let adopt = gate(&APACHE, Locking::Observe, |route| {
        route.locks.orphans = OrphanLocks::Adopt
    });
    let own = "If: (<urn:uuid:ann/t/>)";
    let orphan = "If: (<urn:uuid:nobody/t/>)";
    check(
        &deny,
        &[
            (
                "own",
                "ann",
                "PUT /f/t",
                &[own],
                &["ann:/t/"],
                "pass If: (<urn:uuid:ann/t/>)",
            ),
            ("own, not submitted", "ann", "PUT /f/t", &[], &["ann:/t/"], "pass"),
            (
                "not known",
                "ann",
                "PUT /f/t",
                &[own],
                &[],
                "pass If: (<urn:uuid:ann/t/>)",
            ),
            ("L-6", "bob", "PUT /f/t", &[own], &["ann:/t/"], "confirm /dav/t/"),
            ("reads", "bob", "GET /f/t", &[own], &["ann:/t/"], "free"),
            (
                "L-7 deny",
                "bob",
                "PUT /f/t",
                &[orphan],
                &["nobody:/t/"],
                "confirm /dav/t/",
            ),
        ],
    );
    check(
        &pass,
        &[(
            "L-7 pass",
            "bob",
            "PUT /f/t",
            &[orphan],
            &["nobody:/t/"],
            "pass If: (<urn:uuid:nobody/t/>)",
        )],
    );
    check(
        &adopt,
        &[
            (
                "L-7 adopt",
                "bob",
                "PUT /f/t",
                &[orphan],
                &["nobody:/t/"],
                "pass If: (<urn:uuid:nobody/t/>)",
            ),
            (
                "L-7 not submitted",
                "bob",
                "PUT /f/t",
                &[],
                &["nobody:/t/"],
                "confirm /dav/t/",
            ),
            (
                "L-7 by nobody",
                "",
                "PUT /f/t",
                &[orphan],
                &["nobody:/t/"],
                "confirm /dav/t/",
            ),
        ],
    );
    // L-39: once the back end has said that the lock is there.
    let Before::Judge(mut case) = permit("bob", &deny, "PUT /f/t", &[own]).before_locks() else {
        panic!("not judged")
    };
    case.confirm(token("ann/t/"));
    assert_eq!(case.judge(&locks(&["ann:/t/"])).unwrap_err().status(), 423);
}

// LM-D: nothing is judged, and If goes on as it is.
#[test]
fn off() {
    let gate = gate(&NGINX, Locking::Off, |_| {});
    check(
        &gate,
        &[("off", "bob", "PUT /f/t", &["If: (<urn:uuid:x>)"], &["ann:/t/"], "free")],
    );
}

// O-14 in report mode: told, and let through; O-13 is not.
#[test]
fn report() {
    let gate = gate(&NGINX, Locking::Emulate, |route| route.mode = Mode::Report);
    check(
        &gate,
        &[
            ("O-14", "bob", "PUT /f/t", &[], &["ann:/t/"], "pass reported 423"),
            ("O-13", "bob", "PUT /f/t", &["If: (<urn:uuid:x>)"], &["ann:/t/"], "412"),
            ("no lock", "bob", "PUT /f/t", &[], &[], "pass"),
        ],
    );
}

// C-3, A-35: a root that may not be read is not named, and of what may not be read nothing is said at all.
#[test]
fn hidden() {
    let allowed = |rules: &[(&str, &str, &'static str, &'static str)]| {
        let access = real(&[rules.iter().copied().map(rule).collect()]);
        gate(&NGINX, Locking::Emulate, |route| route.access = Some(access))
    };
    let inside = allowed(&[("/c/**", "allow", "all", "everyone")]);
    let drop = allowed(&[("/**", "allow", "bind", "everyone")]);
    check(
        &inside,
        &[
            ("C-3", "bob", "PUT /f/c/t", &[], &["ann:/ deep"], "423 /f/c/t"),
            ("named", "bob", "PUT /f/c/t", &[], &["ann:/c/ deep"], "423 /f/c/"),
        ],
    );
    check(
        &drop,
        &[
            ("A-35", "bob", "MKCOL /f/n", &[], &["ann:/n/"], "403"),
            ("not locked", "bob", "MKCOL /f/n", &[], &[], "pass"),
        ],
    );
}

// L-4, L-5: what an answer means for locks.
#[test]
fn aftermath() {
    let gate = gate(&RADICALE, Locking::Emulate, |_| {});
    for (line, headers, status, expected) in [
        ("DELETE /f/c", &[][..], 204, "gone /dav/c/"),
        ("DELETE /f/c", &[], 404, ""),
        ("DELETE /f/c", &[], 207, "look /dav/c/"),
        ("DELETE /f/c", &[], 424, "look /dav/c/"),
        ("MOVE /f/c/a", &[TO_B], 201, "gone /dav/c/a/ gone /dav/d/b/"),
        ("MOVE /f/c/a", &[TO_B], 207, "look /dav/c/a/ /dav/d/b/"),
        ("COPY /f/c/a", &[TO_B], 204, "below /dav/d/b/"),
        ("COPY /f/c/a", &[TO_B], 412, ""),
        ("COPY /f/c/a", &[TO_B], 207, "look /dav/d/b/"),
        ("PUT /f/c", &[], 201, "below /dav/c/"),
        ("POST /f/c", &[], 207, ""),
        ("MKCOL /f/c", &[], 201, ""),
    ] {
        let cleared = Cleared::free(permit("ann", &gate, line, headers));
        let told = match cleared.aftermath(status) {
            crate::decide::cleared::Aftermath::Known(effects) => {
                let word = |effect: &crate::locks::table::Effect| match effect {
                    crate::locks::table::Effect::Gone(path) => format!("gone {}", path.path()),
                    crate::locks::table::Effect::GoneBelow(path) => format!("below {}", path.path()),
                };
                effects.iter().map(word).collect::<Vec<_>>().join(" ")
            }
            crate::decide::cleared::Aftermath::Look(trees) => {
                let paths: Vec<&str> = trees.iter().map(|tree| tree.path.path()).collect();
                format!("look {}", paths.join(" "))
            }
        };
        assert_eq!(told, expected, "{line} {status}");
    }
}
