use super::super::naive::{self, Rule, granted, granted_below, real, rule, universe};
use super::*;
use proptest::prelude::*;

const READ: PrivilegeSet = PrivilegeSet::of(&[Privilege::Read]);

fn user(name: &str, groups: &[&str]) -> Principal {
    Principal::user(name, groups.iter().copied()).unwrap()
}

/// The rules of the example configuration.
fn example() -> Vec<Rule> {
    [
        ("/**", "deny", "write", "user:bob"),
        ("/public/**", "allow", "read", "everyone"),
        ("/home/{user}/**", "allow", "all", "authenticated"),
        ("/drop/**", "allow", "bind", "group:editors"),
    ]
    .into_iter()
    .map(rule)
    .collect()
}

/// What decided: `+1` a grant by rule 1, `-1` a denial, `-` none; one for each needed leaf.
fn said(verdict: Verdict<'_>) -> String {
    let one = |(_, granted, ace): (Privilege, bool, Option<&Ace>)| {
        let sign = if granted { '+' } else { '-' };
        format!("{sign}{}", ace.map_or(String::new(), |ace| ace.index.to_string()))
    };
    verdict.leaves().map(one).collect::<Vec<_>>().join(" ")
}

// the first entry that matches and mentions the leaf, by name
#[test]
fn first_match_per_leaf() {
    let acl = real(&[example()]);
    let [nobody, ann, bob, star] = [
        Principal::anonymous(),
        user("ann", &["editors"]),
        user("bob", &[]),
        user("*", &[]),
    ];
    let bind_and_read = PrivilegeSet::of(&[Privilege::Read, Privilege::Bind]);
    let rows: &[(&Principal, &str, &str)] = &[
        (&nobody, "/public/a", "+1 -"),
        (&nobody, "/publicly", "- -"),
        (&nobody, "/home/ann", "- -"),
        (&nobody, "", "- -"),
        (&ann, "/public", "+1 -"),
        (&ann, "/home/ann", "+2 +2"),
        (&ann, "/home/ann/x/y", "+2 +2"),
        (&ann, "/home/anna", "- -"),
        (&ann, "/home/bob", "- -"),
        (&ann, "/home", "- -"),
        (&ann, "/drop/a", "- +3"),
        (&bob, "/home/bob/x", "+2 -0"),
        (&bob, "/drop", "- -0"),
        (&star, "/home/ann", "- -"),
        (&star, "/home/*", "+2 +2"),
    ];
    for (who, key, expected) in rows {
        assert_eq!(
            said(acl.of(who).judge(key, bind_and_read)),
            *expected,
            "{:?} at {key}",
            who.name()
        );
    }
    let verdict = acl.of(&bob).judge("/home/bob", bind_and_read);
    assert!(!verdict.is_granted());
    assert_eq!(
        (verdict.granted(), verdict.missing()),
        (READ, PrivilegeSet::of(&[Privilege::Bind]))
    );
    let refusal = verdict.refusal().unwrap();
    assert_eq!(
        (refusal.privilege, refusal.by.map(|ace| ace.line)),
        (Privilege::Bind, Some(1))
    );
    assert_eq!(
        acl.of(&nobody).judge("/x", READ).refusal().map(|refusal| refusal.by),
        Some(None)
    );
    assert!(acl.of(&nobody).judge("/x", PrivilegeSet::default()).is_granted());
}

// the example of the rule
#[test]
fn current_user_privilege_set() {
    let rules = [
        ("/**", "deny", "write-content", "everyone"),
        ("/**", "allow", "write", "everyone"),
    ];
    let acl = real(&[rules.into_iter().map(rule).collect()]);
    let nobody = Principal::anonymous();
    let names: Vec<_> = acl
        .of(&nobody)
        .privileges("/a")
        .held()
        .map(|held| held.name.local)
        .collect();
    assert_eq!(names, ["write-properties", "bind", "unbind"]);
}

// what is granted or denied below, by name
#[test]
fn everything_below() {
    let acl = real(&[[
        ("/s/hidden/**", "deny", "read", "group:guests"),
        ("/s/{user}/**", "deny", "unbind", "authenticated"),
        ("~^/s/.*[.]key$", "deny", "write-content", "everyone"),
        ("/s/**", "allow", "read write", "authenticated"),
        ("/t/*", "allow", "read", "everyone"),
    ]
    .into_iter()
    .map(rule)
    .collect::<Vec<_>>()]);
    let [nobody, ann, guest] = [Principal::anonymous(), user("ann", &[]), user("eve", &["guests"])];
    let of = |privilege| PrivilegeSet::of(&[privilege]);
    let rows = [
        (&ann, "/s", READ, "+3"),
        (&guest, "/s", READ, "-0"),
        (&guest, "/s/hidden", READ, "-0"),
        (&guest, "/s/shown", READ, "+3"),
        (&ann, "/s", of(Privilege::Unbind), "-1"),
        (&ann, "/s/ann", of(Privilege::Unbind), "-1"),
        (&ann, "/s/eve", of(Privilege::Unbind), "+3"),
        (&ann, "/s/eve", of(Privilege::WriteContent), "-2"),
        (&ann, "/s/eve", of(Privilege::WriteProperties), "+3"),
        (&nobody, "/s", READ, "-"),
        (&nobody, "/t", READ, "-"),
        (&nobody, "/t/a", READ, "-"),
        (&ann, "", READ, "-"),
    ];
    for (who, key, needed, expected) in rows {
        assert_eq!(
            said(acl.of(who).judge_below(key, needed)),
            expected,
            "{:?} below {key}",
            who.name()
        );
    }
    let scope = |key, scope| acl.of(&guest).judge_scope(key, scope, READ).is_granted();
    assert!(scope("/s", Scope::Itself) && !scope("/s", Scope::Tree) && scope("/s/shown", Scope::Tree));
    assert!(!scope("/s/hidden", Scope::Itself) && !scope("/s/hidden", Scope::Tree));
}

// Sources are asked one after the other; what the first leaves open, the next decides.
#[test]
fn sources_in_order() {
    let first = vec![
        rule(("/a/closed", "deny", "read", "everyone")),
        rule(("/a/x", "allow", "read", "everyone")),
    ];
    let second = vec![
        rule(("/a/**", "allow", "read", "user:ann")),
        rule(("/b/**", "deny", "read", "everyone")),
    ];
    let third = vec![rule(("/**", "allow", "read", "everyone"))];
    let acl = real(&[first, second, third]);
    let [nobody, ann] = [Principal::anonymous(), user("ann", &[])];
    let judged = |who: &Principal, key: &str| acl.of(who).judge(key, READ).is_granted();
    let below = |who: &Principal, key: &str| acl.of(who).judge_below(key, READ).is_granted();
    assert!(judged(&nobody, "/a/x") && !judged(&ann, "/a/closed") && judged(&ann, "/a/y") && judged(&nobody, "/a/y"));
    assert!(!judged(&ann, "/b") && judged(&ann, "/c"));
    assert!(
        !below(&ann, "/a") && below(&ann, "/a/y") && below(&nobody, "/a/y") && !below(&ann, "/b") && !below(&ann, "")
    );
}

#[test]
fn folded_names() {
    let pattern = PathPattern::parse_for_users("/Home/{user}/**", fold_case, true).unwrap();
    let ace = Ace {
        effect: Effect::Allow,
        privileges: READ,
        to: vec![Who::User("Ann".to_owned())],
        line: 1,
        index: 9,
    };
    let acl = Acl::new([vec![(pattern, ace)]], true);
    assert!(acl.of(&user("Ann", &[])).judge("/home/ann/x", READ).is_granted());
    // Users are told apart by letter case even where paths are not.
    assert!(!acl.of(&user("ann", &[])).judge("/home/ann/x", READ).is_granted());
}

// What can never decide, with all that comes before it
#[test]
fn unreachable() {
    let rules = [
        ("/**", "allow", "read", "authenticated"),
        ("/a/**", "deny", "write", "everyone"),
        ("/a/b", "allow", "read bind", "user:ann"),
        ("/a/b", "allow", "read", "anonymous"),
        ("/a/{user}", "deny", "bind unbind", "user:ann group:g"),
        ("/c", "deny", "all", "user:ann"),
    ];
    let acl = real(&[rules.into_iter().map(rule).collect()]);
    let never: Vec<(usize, Vec<usize>)> = acl
        .unreachable()
        .map(|(ace, by)| (ace.index, by.iter().map(|ace| ace.index).collect()))
        .collect();
    assert_eq!(never, [(2, vec![0, 1]), (4, vec![1])]);
}

fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "ann", "*", "a*", "**", "**", "{user}", "a", "b"]);
    let parts = prop::collection::vec(part, 0..4).prop_map(|parts| format!("/{}", parts.join("/")));
    let regex = prop::sample::select(vec!["~^/a/.*$", "~^(/[ab])*$", "~^/a|/b/b$"]).prop_map(str::to_owned);
    prop_oneof![9 => parts, 1 => regex]
}

fn rules(path: impl Strategy<Value = String>, to: &[&'static str]) -> impl Strategy<Value = Vec<Rule>> {
    let privileges = prop::sample::select(vec!["all", "read", "write", "bind", "read-free-busy", "write-content"]);
    let to = prop::collection::vec(prop::sample::select(to.to_vec()), 1..3);
    let one = (path, any::<bool>(), prop::collection::vec(privileges, 1..3), to);
    let one = one.prop_map(|(path, allow, privileges, to)| Rule {
        path,
        allow,
        privileges,
        to,
    });
    prop::collection::vec(one, 0..9)
}

const TO: &[&str] = &[
    "everyone",
    "authenticated",
    "anonymous",
    "user:ann",
    "user:b",
    "group:g",
    "group:h",
];
const LEAVES: [(Privilege, &str); 4] = [
    (Privilege::Read, "read"),
    (Privilege::ReadFreeBusy, "read-free-busy"),
    (Privilege::WriteContent, "write-content"),
    (Privilege::Bind, "bind"),
];

fn people() -> [Principal; 5] {
    [
        Principal::anonymous(),
        user("ann", &[]),
        user("b", &["g"]),
        user("*", &["g", "h"]),
        user("zz", &["nowhere"]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    // both evaluators agree at every path; also when the rules are cut into two sources
    #[test]
    fn agrees_with_trying_every_rule(rules in rules(path(), TO), cut in 0_usize..9) {
        let (head, tail) = rules.split_at(cut.min(rules.len()));
        let (whole, parts) = (real(std::slice::from_ref(&rules)), real(&[head.to_vec(), tail.to_vec()]));
        for who in &people() {
            let [one, two] = [&whole, &parts].map(|acl| acl.of(who));
            for key in universe(&["a", "b", "ann", "*"], 3) {
                for (leaf, name) in LEAVES {
                    let needed = PrivilegeSet::of(&[leaf]);
                    let expected = granted(&rules, who, &key, name);
                    prop_assert_eq!(one.judge(&key, needed).is_granted(), expected, "{:?} {} {}", who, &key, name);
                    prop_assert_eq!(two.judge(&key, needed).is_granted(), expected, "{:?} {} {}", who, &key, name);
                }
            }
        }
    }

    // what is granted below is granted at every path below
    #[test]
    fn never_grants_too_much_below(rules in rules(path(), TO), cut in 0_usize..9) {
        let (head, tail) = rules.split_at(cut.min(rules.len()));
        let (whole, parts) = (real(std::slice::from_ref(&rules)), real(&[head.to_vec(), tail.to_vec()]));
        let universe = universe(&["a", "b", "ann", "zz"], 4);
        for who in &people() {
            for key in universe.iter().filter(|key| key.matches('/').count() < 3) {
                for (leaf, name) in LEAVES {
                    let needed = PrivilegeSet::of(&[leaf]);
                    if [&whole, &parts].iter().any(|acl| acl.of(who).judge_below(key, needed).is_granted()) {
                        prop_assert!(granted_below(&rules, who, key, name, &universe), "{:?} {} {}", who, key, name);
                    }
                }
            }
        }
    }

    // where rules hold for folders and for everyone, nothing is refused that is granted everywhere below
    #[test]
    fn exact_for_folders(rules in rules(folder(), &["everyone"])) {
        let acl = real(std::slice::from_ref(&rules));
        let universe = universe(&["a", "b", "zz"], 4);
        let nobody = Principal::anonymous();
        for key in universe.iter().filter(|key| key.matches('/').count() < 3) {
            for (leaf, name) in LEAVES {
                let below = acl.of(&nobody).judge_below(key, PrivilegeSet::of(&[leaf])).is_granted();
                prop_assert_eq!(below, granted_below(&rules, &nobody, key, name, &universe), "{} {}", key, name);
            }
        }
    }
}

fn folder() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b"]);
    (prop::collection::vec(part, 0..3), any::<bool>())
        .prop_map(|(parts, all)| format!("/{}{}", parts.join("/"), if all { "/**" } else { "" }).replace("//", "/"))
}

// The second evaluator is right about what it is asked to judge.
#[test]
fn the_naive_one() {
    let rules = example();
    assert!(granted(&rules, &user("ann", &[]), "/home/ann/x", "unlock"));
    assert!(!granted(&rules, &user("bob", &[]), "/home/bob/x", "bind"));
    assert_eq!(naive::universe(&["a", "b"], 2).len(), 7);
}
