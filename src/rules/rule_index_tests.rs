use super::*;

/// The letters of a bit set.
impl RuleSet for u8 {
    fn union(self, other: Self) -> Self {
        self | other
    }

    fn without(self, other: Self) -> Self {
        self & !other
    }

    fn intersects(self, other: Self) -> bool {
        self & other != 0
    }
}

fn rule(text: &str, audiences: &[Audience], decides: u8, refuses: u8) -> IndexedRule<u8> {
    IndexedRule {
        pattern: PathPattern::parse_for_users(text, str::to_owned, false).unwrap(),
        audiences: audiences.into(),
        decides,
        refuses,
    }
}

fn index(patterns: &[&str]) -> RuleIndex<u8> {
    RuleIndex::new(patterns.iter().map(|text| rule(text, &[Audience::EVERYONE], 1, 0)))
}

fn first(rules: &RuleIndex<u8>, key: &str) -> Option<usize> {
    rules.first_match(key, Asker::ANYONE, 1)
}

#[test]
fn file_order_decides() {
    let rules = index(&["/a/b/c", "/a/**", "/a/b/**", "/*/b", "/**/z", "~^/q.*$"]);
    let rows: &[(&str, Option<usize>)] = &[
        ("/a/b/c", Some(0)),
        ("/a/b/c/d", Some(1)),
        ("/a", Some(1)),
        ("/a/b", Some(1)),
        ("/x/b", Some(3)),
        ("/x/z", Some(4)),
        ("/q/z", Some(4)),
        ("/q/y", Some(5)),
        ("", None),
        ("/b", None),
    ];
    for (key, rule) in rows {
        assert_eq!(first(&rules, key), *rule, "{key}");
    }
    assert_eq!(first(&index(&["/**"]), ""), Some(0));
    assert_eq!(first(&index(&[]), "/a"), None);
}

#[test]
fn agrees_with_trying_every_rule() {
    let names = ["", "/a", "/b", "/*", "/**", "/a*"];
    let mut patterns = Vec::new();
    for first in names {
        for second in names {
            for third in names {
                let text = format!("{third}{second}{first}");
                patterns.push(if text.is_empty() { "/".to_owned() } else { text });
            }
        }
    }
    let rules = index(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
    for key in [
        "", "/a", "/b", "/c", "/a/b", "/b/a", "/ab/a/b", "/c/c/c", "/a/a/a/a", "/c/a/c",
    ] {
        let slow = rules.patterns().position(|pattern| pattern.matches(key, None));
        assert_eq!(first(&rules, key), slow, "{key}");
    }
}

#[test]
fn a_hundred_thousand_rules_cost_what_ten_do() {
    let rules = |count: usize| {
        let mut patterns: Vec<String> = (0..count).map(|number| format!("/home/u{number}/**")).collect();
        patterns.push("/**".to_owned());
        index(&patterns.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let looks = |rules: &RuleIndex<u8>, key: &str| {
        let mut looks = 0;
        let found = rules.first(key, Asker::ANYONE, usize::MAX, |rule| {
            looks += 1;
            rule.pattern.matches(key, None)
        });
        assert_eq!(found, first(rules, key));
        looks
    };
    let (few, many) = (rules(10), rules(100_000));
    for key in ["/home/u5/a/b", "/home/nobody/a", "/elsewhere", ""] {
        assert_eq!(looks(&few, key), looks(&many, key), "{key}");
        assert!(looks(&few, key) <= 2, "{key}");
    }
}

#[test]
fn names_the_rule_that_covers_another() {
    let rules = index(&["/a/**", "/b/*", "/a/b/*", "/b/c/d", "/b/x", "/**", "~^/z$"]);
    let covering: Vec<Vec<usize>> = (0..7).map(|rule| rules.covering(rule).to_vec()).collect();
    assert_eq!(covering, [vec![], vec![], vec![0], vec![], vec![1], vec![], vec![5]]);
}

// what a rule does not decide, and whom it does not speak to, goes on to the next.
#[test]
fn first_match_about_one_thing_for_one_asker() {
    let [ann, bob] = [0, 1].map(Audience::named);
    let rules = RuleIndex::new([
        rule("/a/**", &[bob], 1, 1),
        rule("/a/**", &[Audience::AUTHENTICATED], 2, 2),
        rule("/{user}/**", &[Audience::AUTHENTICATED], 3, 0),
        rule("/**", &[ann, Audience::ANONYMOUS], 1, 0),
    ]);
    let known = |who| vec![Audience::EVERYONE, Audience::AUTHENTICATED, who];
    let rows = [
        ("/a/x", known(bob), Some("bob"), 1, Some(0)),
        ("/a/x", known(ann), Some("ann"), 1, Some(3)),
        ("/a/x", known(ann), Some("a"), 1, Some(2)),
        ("/a/x", known(ann), Some("a"), 2, Some(1)),
        ("/a/x", vec![Audience::EVERYONE, Audience::ANONYMOUS], None, 1, Some(3)),
        ("/a/x", vec![Audience::EVERYONE, Audience::ANONYMOUS], None, 2, None),
        ("/bob", known(bob), Some("bob"), 1, Some(2)),
        ("/bobby", known(bob), Some("bob"), 1, None),
    ];
    for (key, audiences, user, about, expected) in rows {
        let audiences = &audiences;
        let asker = Asker { audiences, user };
        assert_eq!(
            rules.first_match(key, asker, about),
            expected,
            "{key} {asker:?} {about}"
        );
    }
}

//
#[test]
fn below_for_one_asker() {
    let [ann, bob] = [0, 1].map(Audience::named);
    let rules = RuleIndex::new([
        rule("/s/secret/**", &[bob], 3, 3),
        rule("/s/{user}/x", &[Audience::AUTHENTICATED], 1, 1),
        rule("/s/**", &[Audience::EVERYONE], 1, 0),
        rule("/s/late", &[Audience::EVERYONE], 1, 1),
        rule("/s/**", &[Audience::EVERYONE], 2, 0),
    ]);
    let [anns, bobs] = [
        [Audience::EVERYONE, Audience::AUTHENTICATED, ann],
        [Audience::EVERYONE, Audience::AUTHENTICATED, bob],
    ];
    let ann = Asker {
        audiences: &anns,
        user: Some("ann"),
    };
    let bob = Asker {
        audiences: &bobs,
        user: Some("bob"),
    };
    let nobody = Asker {
        audiences: &[Audience::EVERYONE, Audience::ANONYMOUS],
        user: None,
    };
    let rows = [
        ("/s", bob, 1, RulesBelow::Refused(0)),
        ("/s", bob, 2, RulesBelow::Refused(0)),
        ("/s/secret", bob, 1, RulesBelow::Refused(0)),
        ("/s/other", bob, 2, RulesBelow::Allowed(4)),
        ("/s", ann, 1, RulesBelow::Refused(1)),
        ("/s", ann, 2, RulesBelow::Allowed(4)),
        ("/s/ann", ann, 1, RulesBelow::Refused(1)),
        ("/s/bob", ann, 1, RulesBelow::Allowed(2)),
        ("/s", nobody, 1, RulesBelow::Allowed(2)),
        ("", nobody, 1, RulesBelow::Unmatched),
    ];
    for (key, asker, about, expected) in rows {
        assert_eq!(rules.below(key, asker, about), expected, "{key} {asker:?} {about}");
    }
}

#[test]
fn several_rules_may_cover_one() {
    let [ann, bob] = [0, 1].map(Audience::named);
    let rules = RuleIndex::new([
        rule("/**", &[Audience::AUTHENTICATED], 1, 0),
        rule("/a/**", &[ann, bob], 2, 0),
        rule("/a/b", &[bob], 3, 0),
        rule("/a/b", &[Audience::EVERYONE], 1, 0),
        rule("/a/{user}", &[ann], 2, 0),
        rule("/c/{user}", &[bob], 6, 0),
        rule("/c/{user}", &[bob], 6, 0),
        rule("/c/*", &[bob], 2, 0),
    ]);
    let covering: Vec<Vec<usize>> = (0..8).map(|rule| rules.covering(rule).to_vec()).collect();
    assert_eq!(
        covering,
        [vec![], vec![], vec![0, 1], vec![], vec![1], vec![], vec![5], vec![]]
    );
}

#[test]
fn rules_for_others_cost_nothing() {
    let named = Audience::named;
    let rules = |count: usize| RuleIndex::new((0..count).map(|number| rule("/shared/*", &[named(number)], 1, 1)));
    let looks = |rules: &RuleIndex<u8>| {
        let mut looks = 0;
        let asker = [Audience::EVERYONE, Audience::AUTHENTICATED, named(5)];
        rules.first(
            "/shared/x",
            Asker {
                audiences: &asker,
                user: None,
            },
            usize::MAX,
            |_| {
                looks += 1;
                false
            },
        );
        looks
    };
    assert_eq!([10, 100_000].map(|count| looks(&rules(count))), [1, 1]);
}
