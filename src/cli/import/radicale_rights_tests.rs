//! What imported rights let whom do, by Radicale's own reading of the same sections: `Access.check` asks the collection's own
//! rights for a collection and the collection's rights for an item; MKCOL and MKCALENDAR ask for the new path's own.

use super::super::evaluator_tests::{Asking, Printed};
use super::super::golden;
use super::*;

const ANYBODY: Asking = Asking {
    user: None,
    groups: &[],
};

fn user(name: &'static str) -> Asking<'static> {
    Asking {
        user: Some(name),
        groups: &[],
    }
}

fn printed(text: &str) -> Printed {
    Printed::of(&import(text).unwrap())
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/import/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn rows(text: &str, rows: &[(Asking, &str, &str, bool)]) {
    let printed = printed(text);
    for (who, path, operation, expected) in rows {
        assert_eq!(
            printed.allows(*who, path, operation),
            *expected,
            "{who:?} {operation} {path}\n{}",
            printed.text()
        );
    }
}

#[test]
fn goldens() {
    for (name, lost) in [("owner-3", 0), ("shared-2", 1), ("odd", 8)] {
        let import = import(&sample(&format!("{name}.rights"))).unwrap();
        golden(&import, "radicale-rights", &format!("{name}.rights"));
        assert_eq!(import.lost(), lost, "{name}");
    }
}

// RM-8
#[test]
fn owners_and_readers() {
    let (alice, bob) = (user("alice"), user("bob"));
    rows(
        &sample("owner-3.rights"),
        &[
            (ANYBODY, "/", "PROPFIND", false),
            (ANYBODY, "/alice/cal/1.ics", "GET", false),
            (alice, "/", "PROPFIND", true),
            (alice, "/", "PROPPATCH", false),
            (alice, "/", "PUT", false),
            (alice, "/other", "MKCOL", false),
            (alice, "/alice", "PROPFIND", true),
            (alice, "/alice", "PROPPATCH", true),
            (alice, "/alice", "DELETE/", true),
            (alice, "/alice/cal", "MKCALENDAR", true),
            (alice, "/alice/cal", "PROPFIND", true),
            (alice, "/alice/cal", "PROPPATCH", true),
            (alice, "/alice/cal", "DELETE/", true),
            (alice, "/alice/cal/1.ics", "GET", true),
            (alice, "/alice/cal/1.ics", "PUT", true),
            (alice, "/alice/cal/1.ics", "PUT+", true),
            (alice, "/alice/cal/1.ics", "DELETE", true),
            (alice, "/alice/cal/1.ics", "LOCK", true),
            (alice, "/alice/cal/1.ics", "MOVE:/alice/other/1.ics", true),
            (bob, "/alice", "PROPFIND", true),
            (bob, "/alice", "PROPPATCH", false),
            (bob, "/alice", "DELETE/", false),
            (bob, "/alice/cal", "REPORT", true),
            (bob, "/alice/cal/1.ics", "GET", true),
            (bob, "/alice/cal/1.ics", "PUT", false),
            (bob, "/alice/cal/1.ics", "PUT+", false),
            (bob, "/alice/cal/1.ics", "DELETE", false),
            (bob, "/alice/cal", "MKCALENDAR", false),
            (bob, "/alice/cal/1.ics", "COPY:/bob/cal/1.ics", true),
            (bob, "/alice/cal/1.ics", "MOVE:/bob/cal/1.ics", false),
            (bob, "/bob/cal/1.ics", "MOVE:/alice/cal/1.ics", false),
        ],
    );
}

#[test]
fn first_match_decides() {
    let (admin, alice, carol) = (user("admin"), user("alice"), user("carol"));
    rows(
        &sample("shared-2.rights"),
        &[
            (admin, "/", "PROPFIND", true),
            (admin, "/new", "MKCOL", true),
            (admin, "/public/cal/1.ics", "PUT", true),
            (admin, "/alice", "DELETE/", true),
            (ANYBODY, "/", "PROPFIND", false),
            (ANYBODY, "/public", "PROPFIND", true),
            (ANYBODY, "/public/cal/1.ics", "GET", true),
            (ANYBODY, "/public/cal/1.ics", "PUT", false),
            (ANYBODY, "/public/cal/1.ics", "DELETE", false),
            (alice, "/public/cal", "REPORT", true),
            (alice, "/public/cal/1.ics", "PUT+", false),
            (alice, "/public2/cal/1.ics", "GET", false),
            (alice, "/team", "PROPFIND", false),
            (alice, "/team/cal", "MKCALENDAR", true),
            (alice, "/team/cal/1.ics", "PUT+", true),
            (alice, "/team/cal", "DELETE/", true),
            (carol, "/team/cal/1.ics", "GET", false),
            (carol, "/team/cal/1.ics", "PUT", false),
            (carol, "/carol/cal/1.ics", "PUT+", true),
            (carol, "/carol/cal", "MKCALENDAR", true),
            (carol, "/alice/cal/1.ics", "GET", false),
            (carol, "/alice", "PROPFIND", false),
            // A user of that name still finds the section about the shelf first.
            (user("public"), "/public/cal/1.ics", "GET", true),
            (user("public"), "/public/cal/1.ics", "PUT", false),
            (user("public"), "/public/cal/1.ics", "DELETE", false),
            (user("public"), "/public/new", "MKCALENDAR", false),
            (user("public"), "/public", "DELETE/", false),
            (user("public"), "/public", "PROPPATCH", false),
        ],
    );
}

#[test]
fn what_is_not_understood_is_denied() {
    let text = sample("odd.rights");
    let editor = Asking {
        user: Some("zoe"),
        groups: &["editors"],
    };
    rows(
        &text,
        &[
            (user("alice"), "/alice/private/1.ics", "GET", true),
            (user("alice"), "/alice/private/1.ics", "PUT", false),
            (user("alice"), "/alice/private", "DELETE/", false),
            (user("alice"), "/alice/private", "MKCALENDAR", false),
            (user("alice"), "/shared/cal.ics/1.ics", "PUT+", true),
            (user("alice"), "/shared/calXics/1.ics", "PUT+", false),
            (ANYBODY, "/shared/cal.ics/1.ics", "GET", false),
            (user("a@example.org"), "/example.org/cal/1.ics", "GET", false),
            (ANYBODY, "/public/cal", "GET", false),
            (ANYBODY, "/public/cal", "PROPFIND", false),
            (user("carol"), "/rooms/room-12/1.ics", "PUT", true),
            (user("dave smith"), "/rooms/room-12/1.ics", "PUT", true),
            (ANYBODY, "/rooms/room-1/1.ics", "PUT", true),
            (user("carol"), "/rooms/room-1234/1.ics", "PUT", false),
            (user("bob"), "/rooms/room-12/1.ics", "PUT", false),
            (user("eve"), "/archive/2024/1.ics", "PUT", true),
            (editor, "/archive/2024/1.ics", "PUT", true),
            (user("eve"), "/archive/2024", "DELETE/", false),
            (user("eve"), "/archive/2024", "PUT", false),
            (user("bob"), "/archive/2024/1.ics", "GET", false),
        ],
    );
}

// Each of these sections comes before one that grants everything to everybody with a name.
#[test]
fn a_section_that_is_not_understood_hides_what_comes_after_it() {
    let after = "[all]\nuser: .+\ncollection: .*\npermissions: RrWw\n";
    let rows = [
        ("user: .+\ncollection: a/(b|c/d)\npermissions: r", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/.+b\npermissions: r", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/.+b\npermissions: r", "/x/b/1.ics", true),
        ("user: [ab]lice\ncollection: a/b\npermissions: r", "/a/b/1.ics", false),
        ("user: [ab]lice\ncollection: a/b\npermissions: r", "/a/c/1.ics", true),
        ("user: [ab]lice\ncollection: .*\npermissions: RrWw", "/a/c/1.ics", true),
        ("user: a.ice\ncollection: a/b\npermissions:", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/b.c\npermissions: r", "/a/bXc/1.ics", false),
        ("user: .+\ncollection: a/b.c\npermissions: r", "/a/d/1.ics", true),
        ("user: .+\ncollection: a/{0}\npermissions: r", "/a/b/1.ics", false),
        (
            "user: .+\ncollection: {user}/a{{2}}\npermissions: r",
            "/carol/aa/1.ics",
            false,
        ),
        (
            "user: .+\ncollection: {user}/a{{2}}\npermissions: r",
            "/a/aa/1.ics",
            true,
        ),
        ("user: .+\ncollection: a/[0-9]{2}\npermissions: r", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/%(path)s\npermissions: r", "/a/b/1.ics", false),
        ("collection: a/b\npermissions: r", "/a/b/1.ics", true),
        ("groups: x\ncollection: a/b\npermissions: r", "/a/b/1.ics", true),
        ("user: .+\ncollection: (a\npermissions: r", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/b/\npermissions: r", "/a/b/1.ics", true),
        ("user: .+\ncollection: (?i)a/b\npermissions: r", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/b\npermissions:", "/a/b/1.ics", false),
        ("user: .+\npermissions: r", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/b", "/a/b/1.ics", false),
        ("user: .+\ncollection: a/[^b]\npermissions: r", "/a/c/1.ics", false),
        ("user: .+\ncollection: a/[.-9]\npermissions: r", "/a/c/1.ics", false),
        (
            r"user: .+
collection: a/\w+
permissions: r",
            "/a/b/1.ics",
            false,
        ),
        (
            r"user: .+
collection: a/\S+
permissions: r",
            "/a/b/1.ics",
            false,
        ),
    ];
    for (section, path, expected) in rows {
        let text = format!("[first]\n{section}\n{after}");
        let printed = printed(&text);
        assert_eq!(
            printed.allows(user("carol"), path, "PUT"),
            expected,
            "{text}\n{}",
            printed.text()
        );
    }
}

#[test]
fn patterns_of_collections() {
    // (pattern, a path that it matches, a path that it does not)
    let rows = [
        (".*", "/a/b", ""),
        ("a/b", "/a/b", "/a/c"),
        ("^a/b$", "/a/b", "/a/bc"),
        ("a/(b|c)", "/a/c", "/a/d"),
        ("a/b|c/d", "/c/d", "/a/d"),
        ("(a/b|c/d)", "/c/d", "/c/b"),
        ("(?:a|b)/[^/]+", "/b/x", "/c/x"),
        ("a/.*", "/a/x", "/b/x"),
        (r"a/b\.c", "/a/b.c", "/a/bxc"),
        ("a/b c", "/a/b c", "/a/b"),
        ("a/cal-[^/]*", "/a/cal-1", "/a/cal"),
        ("a/cal-[0-9]+", "/a/cal-12", "/a/cal-x"),
        ("a/[^/@]+", "/a/x", "/a/x@y"),
        (r"a/\d+", "/a/12", "/a/x"),
        ("{user}/[^/]+", "/alice/x", "/bob/x"),
        ("a/b{{2}}", "/a/bb", "/a/b"),
        ("a.*", "/ab/c", "/b/c"),
        (r"a\/b", "/a/b", "/a/c"),
        ("[^/]+/x", "/q/x", "/q/y"),
        ("j\u{f6}rg/x", "/j\u{f6}rg/x", "/jorg/x"),
        ("a(/.*)?", "/a/x", "/ab/x"),
    ];
    for (pattern, inside, outside) in rows {
        let printed = printed(&format!("[s]\nuser: .+\ncollection: {pattern}\npermissions: rR\n"));
        let item = |path: &str| format!("{path}/1.ics");
        assert!(
            printed.allows(user("alice"), inside, "PROPFIND"),
            "{pattern}\n{}",
            printed.text()
        );
        assert!(
            printed.allows(user("alice"), &item(inside), "GET"),
            "{pattern}\n{}",
            printed.text()
        );
        assert!(!printed.allows(user("alice"), inside, "PROPPATCH"), "{pattern}");
        assert!(!printed.allows(ANYBODY, inside, "PROPFIND"), "{pattern}");
        if !outside.is_empty() {
            assert!(
                !printed.allows(user("alice"), &item(outside), "GET"),
                "{pattern}\n{}",
                printed.text()
            );
        }
    }
}

#[test]
fn patterns_of_users() {
    // (pattern, who is meant, who is not)
    let rows: [(&str, &[Asking], &[Asking]); 12] = [
        (".*", &[ANYBODY, user("alice")], &[]),
        (".+", &[user("alice")], &[ANYBODY]),
        ("alice", &[user("alice")], &[user("alice2"), ANYBODY]),
        ("^alice$", &[user("alice")], &[user("bob")]),
        ("alice|bob", &[user("alice"), user("bob")], &[user("carol")]),
        ("(alice|bob)", &[user("alice"), user("bob")], &[user("carol")]),
        ("^(?:alice|bob)$", &[user("bob")], &[user("carol")]),
        (r"a\.b@c\.org", &[user("a.b@c.org")], &[user("axb@c.org")]),
        ("a.b", &[user("a.b")], &[user("axb")]),
        ("|alice", &[ANYBODY, user("alice")], &[user("bob")]),
        ("a, b: c", &[user("a, b: c")], &[user("a")]),
        ("ali.*", &[], &[user("alice"), ANYBODY]),
    ];
    for (pattern, meant, others) in rows {
        let printed = printed(&format!("[s]\nuser: {pattern}\ncollection: a/b\npermissions: r\n"));
        for who in meant {
            assert!(
                printed.allows(*who, "/a/b", "GET"),
                "{pattern} {who:?}\n{}",
                printed.text()
            );
        }
        for who in others {
            assert!(
                !printed.allows(*who, "/a/b", "GET"),
                "{pattern} {who:?}\n{}",
                printed.text()
            );
        }
    }
}

#[test]
fn letters_by_depth() {
    // (letters, path, operation, expected): R W below the root and for principals, r w for calendars and what is in them.
    let rows = [
        ("R", "/a", "PROPFIND", true),
        ("R", "/a/b", "PROPFIND", false),
        ("r", "/a", "PROPFIND", false),
        ("r", "/a/b", "PROPFIND", true),
        ("r", "/a/b/1", "GET", true),
        ("W", "/a", "PROPPATCH", true),
        ("W", "/a", "PROPFIND", false),
        ("W", "/a/b", "MKCALENDAR", false),
        ("W", "/a/b/1", "PUT", false),
        ("w", "/a", "PROPPATCH", false),
        ("w", "/a/b", "MKCALENDAR", true),
        ("w", "/a/b/1", "PUT+", true),
        ("w", "/a/b/1", "GET", false),
        ("rw", "/a/b", "DELETE/", true),
        ("rwd", "/a/b", "DELETE/", false),
        ("rwd", "/a/b/1", "DELETE", true),
        ("rwo", "/a/b", "PUT", false),
        ("rwo", "/a/b/1", "PUT", true),
        ("rwDO", "/a/b", "PUT", true),
        ("RrWw", "/a", "DELETE/", true),
        ("RrWw", "/a", "MKCOL", true),
        ("RW", "/a", "MKCOL", true),
        ("", "/a", "PROPFIND", false),
        ("i", "/a/b", "GET", false),
        ("T", "/a/b", "GET", false),
    ];
    for (letters, path, operation, expected) in rows {
        let printed = printed(&format!("[s]\nuser: .+\ncollection: .*\npermissions: {letters}\n"));
        let found = printed.allows(user("alice"), path, operation);
        assert_eq!(found, expected, "{letters} {operation} {path}\n{}", printed.text());
    }
}

#[test]
fn without_a_name_the_requesters_path_is_the_root() {
    let text =
        "[s]\nuser: .*\ncollection: %(login)s(/.*)?\npermission: r\n[t]\nuser: .*\ncollection:\npermission: rw\n";
    rows(
        text,
        &[
            (ANYBODY, "/", "PROPFIND", true),
            (ANYBODY, "/", "PROPPATCH", false),
            (ANYBODY, "/a", "PROPFIND", false),
            (user("a"), "/a", "PROPFIND", true),
            (user("a"), "/", "PROPPATCH", true),
        ],
    );
}

#[test]
fn other_formats_are_refused() {
    let rows = [
        ("", 1, "no section"),
        ("Require valid-user\n", 1, "section header"),
        ("[a]\nnonsense\n", 2, "key and a value"),
        ("[a\n", 1, "no ]"),
        ("[a]\ncollection: x\n[a]\n", 3, "twice"),
        ("[a]\nuser: x\nUser: y\n", 3, "twice"),
        ("[a]\nkey: x\n", 1, "no section has a collection"),
    ];
    for (text, line, problem) in rows {
        let error = import(text).unwrap_err();
        assert_eq!(error.line, line, "{text}");
        assert!(error.problem.contains(problem), "{}", error.problem);
    }
}

#[test]
fn the_format_is_configparsers() {
    let text = "[DEFAULT]\npermissions = r\n# remark\n; remark\n[a]\nUSER = .+\ncollection = a/b\n";
    rows(
        text,
        &[(user("x"), "/a/b", "GET", true), (user("x"), "/a/b/1", "PUT", false)],
    );
}

/// A source of choices that is the same every time.
struct Choices(u64);

impl Choices {
    fn of<'a>(&mut self, options: &[&'a str]) -> &'a str {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        options[(self.0 >> 33) as usize % options.len()]
    }
}

/// Radicale 3's `authorization`, on sections of user, collection and permissions.
fn authorization<'a>(sections: &[(&str, &str, &'a str)], user: &str, path: &str) -> &'a str {
    for (users, collection, permissions) in sections {
        let matches = |pattern: &str, text: &str| {
            regex::Regex::new(&format!(r"\A(?:{pattern})\z"))
                .unwrap()
                .is_match(text)
        };
        let collection = collection.replace("{user}", &regex::escape(user));
        if matches(users, user) && matches(&collection, path.trim_matches('/')) {
            return permissions;
        }
    }
    ""
}

/// Whether Radicale 3 does it: one name is a principal, two are a calendar, three an item.
fn radicale_allows(sections: &[(&str, &str, &str)], user: &str, path: &str, operation: &str) -> bool {
    let depth = path.split('/').filter(|name| !name.is_empty()).count();
    let parent = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
    let own = authorization(sections, user, path);
    let letters = if depth == 3 {
        authorization(sections, user, &parent(path))
    } else {
        own
    };
    let (read, write) = if depth < 2 { ('R', 'W') } else { ('r', 'w') };
    match operation.split(':').next().unwrap() {
        "PROPFIND" | "REPORT" => letters.contains(read),
        "DELETE/" => letters.contains(write) && !letters.contains('d'),
        "MOVE" => {
            let destination = operation.split_once(':').unwrap().1;
            letters.contains('w') && authorization(sections, user, &parent(destination)).contains('w')
        }
        _ => letters.contains(write),
    }
}

// What is granted is granted by Radicale, whatever stands in whatever order.
#[test]
fn nothing_is_granted_that_radicale_refuses() {
    const USERS: &[&str] = &[".+", ".*", "alice", "alice|bob", ".+", "[ac].*", "a.ice"];
    const COLLECTIONS: &[&str] = &[
        "",
        "{user}",
        "{user}/[^/]+",
        "{user}(/.*)?",
        "[^/]+",
        "[^/]*",
        "[^/]+/[^/]+",
        ".*",
        ".+",
        "public",
        "public/[^/]+",
        "public(/.*)?",
        "{user}/private",
        "public/cal",
        "p.*",
        "alice/.*",
        "alice|public",
        "(alice|bob)/cal",
        "p.b/cal",
        "[a-c]+/cal",
        "{user}/c[a-z]l",
        "a/.*b",
        "bob/(cal|x/y)",
    ];
    const PERMISSIONS: &[&str] = &["R", "r", "rw", "RW", "RrWw", "", "Rr", "rwd", "w", "W", "RrWwd"];
    const PATHS: &[(&str, &[&str])] = &[
        ("", &["PROPFIND", "PROPPATCH"]),
        ("/alice", &["PROPFIND", "PROPPATCH", "MKCOL", "DELETE/"]),
        ("/public", &["PROPFIND", "PROPPATCH", "MKCOL", "DELETE/"]),
        ("/pub", &["PROPFIND", "MKCOL", "DELETE/"]),
        ("/alice/cal", &["REPORT", "PROPPATCH", "MKCALENDAR", "DELETE/"]),
        ("/alice/private", &["REPORT", "PROPPATCH", "MKCALENDAR", "DELETE/"]),
        ("/public/cal", &["REPORT", "PROPPATCH", "MKCALENDAR", "DELETE/"]),
        ("/bob/cal", &["REPORT", "PROPPATCH", "MKCALENDAR", "DELETE/"]),
        (
            "/alice/cal/1",
            &[
                "REPORT",
                "PUT",
                "PUT+",
                "DELETE",
                "LOCK",
                "MOVE:/public/cal/1",
                "MOVE:/alice/private/1",
            ],
        ),
        (
            "/alice/private/1",
            &["REPORT", "PUT", "PUT+", "DELETE", "MOVE:/alice/cal/1"],
        ),
        ("/public/cal/1", &["REPORT", "PUT", "PUT+", "DELETE"]),
    ];
    let mut choices = Choices(7);
    let (mut granted, mut kept) = (0_u32, 0_u32);
    for _ in 0..25 {
        let count = choices.of(&["1", "2", "3", "4"]).parse::<usize>().unwrap();
        let sections: Vec<_> = (0..count)
            .map(|_| (choices.of(USERS), choices.of(COLLECTIONS), choices.of(PERMISSIONS)))
            .collect();
        let text: String = sections
            .iter()
            .enumerate()
            .map(|(at, (users, collection, permissions))| {
                format!("[{at}]\nuser: {users}\ncollection: {collection}\npermissions: {permissions}\n")
            })
            .collect();
        let printed = printed(&text);
        for name in ["", "alice", "bob", "public", "alXce"] {
            let who = Asking {
                user: Some(name).filter(|name| !name.is_empty()),
                groups: &[],
            };
            for (path, operations) in PATHS {
                for operation in *operations {
                    let there = radicale_allows(&sections, name, path, operation);
                    let here = printed.allows(who, path, operation);
                    granted += u32::from(there);
                    kept += u32::from(there && here);
                    assert!(
                        there || !here,
                        "{name:?} {operation} {path}\n{text}\n{}",
                        printed.text()
                    );
                }
            }
        }
    }
    // And not by granting nothing.
    assert!(kept * 10 > granted * 6, "{kept} of {granted}");
}
