use super::*;
use crate::policy::Method;

fn filter(rules: &[(&str, &[Method])]) -> MethodFilter {
    let rule = |(path, allowed): &(&str, &[Method])| {
        let rule = MethodRule {
            allowed: MethodSet::of(allowed),
            body: None,
            line: 0,
            index: 99,
        };
        (PathPattern::parse(path).unwrap(), rule)
    };
    MethodFilter::new(rules.iter().map(rule).collect())
}

// O-6: the first rule that matches decides alone; where none does, nothing is allowed.
#[test]
fn the_first_match_decides() {
    let filter = filter(&[("/a/b/**", &[]), ("/a/**", &[Method::Get]), ("/a/c", &[Method::Put])]);
    let judged = |key: &str| filter.judge(key).map(|rule| (rule.index, rule.allowed));
    let get = MethodSet::of(&[Method::Get]);
    assert_eq!(judged("/a/b/x"), Some((0, MethodSet::default())));
    assert_eq!(judged("/a"), Some((1, get)));
    assert_eq!(judged("/a/c"), Some((1, get)));
    assert_eq!(judged("/d"), None);
    assert_eq!(judged(""), None);
    let never: Vec<_> = filter
        .unreachable()
        .map(|(rule, earlier)| (rule.index, earlier.index))
        .collect();
    assert_eq!(never, [(2, 1)]);
}

const ALL: &[Method] = &[Method::Get, Method::Put, Method::Delete];
const READ: &[Method] = &[Method::Get];
const DROP: &[Method] = &[Method::Put];

/// Who refuses DELETE below `key`: nobody, the rule of this number, or nobody's rule.
fn delete_below(filter: &MethodFilter, key: &str) -> Result<(), Option<usize>> {
    match filter.refuses_below(key, Method::Delete) {
        Below::Allowed => Ok(()),
        Below::Refused(rule) => Err(rule.map(|rule| rule.index)),
    }
}

// O-6: what acts on a whole tree is judged for all of it, also where nobody knows what is there.
#[test]
fn what_acts_on_a_tree_passes_everywhere_in_it() {
    type Row<'a> = (&'a str, Result<(), Option<usize>>);
    let tables: &[(&[(&str, &[Method])], &[Row])] = &[
        (
            &[("/archive/**", READ), ("/**", ALL)],
            &[
                ("", Err(Some(0))),
                ("/archive", Err(Some(0))),
                ("/archive/x", Err(Some(0))),
                ("/other", Ok(())),
                ("/archives", Ok(())),
            ],
        ),
        (
            &[("/deep/er/**", READ), ("/**", ALL)],
            &[("", Err(Some(0))), ("/deep", Err(Some(0))), ("/deep/other", Ok(()))],
        ),
        (
            &[("/a/*/x", &[]), ("/**", ALL)],
            &[
                ("", Err(Some(0))),
                ("/a", Err(Some(0))),
                ("/a/b", Err(Some(0))),
                ("/a/b/c", Ok(())),
                ("/a/b/x", Ok(())),
                ("/b", Ok(())),
            ],
        ),
        (
            &[("/**/*.exe", READ), ("/**", ALL)],
            &[("", Err(Some(0))), ("/a/b", Err(Some(0)))],
        ),
        (
            &[("~^/secret/.*$", READ), ("/**", ALL)],
            &[
                ("", Err(Some(0))),
                ("/secret", Err(Some(0))),
                ("/secret/x", Err(Some(0))),
                ("/other", Ok(())),
            ],
        ),
        (
            &[("~^.*[.]bak$", READ), ("/**", ALL)],
            &[("", Err(Some(0))), ("/other", Err(Some(0)))],
        ),
        // A regex that allows is no promise for the rest.
        (
            &[("~^/.*$", ALL), ("/a/**", READ)],
            &[("", Err(Some(1))), ("/b", Err(None))],
        ),
        // A drop box.
        (
            &[("/inbox/*", DROP), ("/inbox/**", &[]), ("/**", ALL)],
            &[
                ("", Err(Some(0))),
                ("/inbox", Err(Some(0))),
                ("/inbox/a", Err(Some(1))),
                ("/rules", Ok(())),
            ],
        ),
        // An earlier rule for the whole tree, or for all that a later one could match, decides alone.
        (
            &[("/a/b/**", ALL), ("/a/**", READ), ("/**", ALL)],
            &[
                ("/a/b", Ok(())),
                ("/a/b/c", Ok(())),
                ("/a", Err(Some(1))),
                ("", Err(Some(1))),
            ],
        ),
        (
            &[("/a/**", ALL), ("/a/b", READ), ("/**", ALL)],
            &[("", Ok(())), ("/a", Ok(()))],
        ),
        (&[("/**", READ), ("/a/**", ALL)], &[("/a", Err(Some(0)))]),
        // The key itself is for judge.
        (&[("/a", READ), ("/**", ALL)], &[("/a", Ok(())), ("", Err(Some(0)))]),
        (&[("/", READ), ("/**", ALL)], &[("", Ok(()))]),
        (&[("/", READ), ("/*/**", ALL)], &[("", Ok(())), ("/a", Ok(()))]),
        // Without a rule for the rest, the rest is refused.
        (
            &[("/a/**", ALL), ("/b", ALL)],
            &[("/a", Ok(())), ("/b", Err(None)), ("/c", Err(None)), ("", Err(None))],
        ),
        (&[], &[("", Err(None)), ("/a", Err(None))]),
    ];
    for (rules, rows) in tables {
        let filter = filter(rules);
        for (key, expected) in *rows {
            assert_eq!(delete_below(&filter, key), *expected, "{key:?} in {rules:?}");
        }
    }
}

// The first rule is told of each method, though an earlier one refuses another method.
#[test]
fn methods_are_told_apart() {
    let filter = filter(&[
        ("/a/x", &[Method::Delete]),
        ("/a/y", READ),
        ("/b/z", DROP),
        ("/**", ALL),
    ]);
    let first = |key: &str, method: Method| match filter.refuses_below(key, method) {
        Below::Allowed => None,
        Below::Refused(rule) => rule.map(|rule| rule.index),
    };
    let rows = [
        ("", Method::Get, Some(0)),
        ("", Method::Delete, Some(1)),
        ("/a", Method::Put, Some(0)),
        ("/b", Method::Put, None),
        ("/b", Method::Get, Some(2)),
        ("/b", Method::Lock, Some(2)),
        ("/c", Method::Lock, Some(3)),
    ];
    for (key, method, rule) in rows {
        assert_eq!(first(key, method), rule, "{method:?} {key}");
    }
}

#[test]
fn a_hundred_thousand_folders_are_summed_up() {
    let names: Vec<String> = (0..100_000).map(|number| format!("/home/u{number}/**")).collect();
    let mut rules: Vec<(&str, &[Method])> = names.iter().map(|name| (name.as_str(), ALL)).collect();
    rules.push(("/home/last/x", READ));
    rules.push(("/**", ALL));
    let filter = filter(&rules);
    let started = std::time::Instant::now();
    for _ in 0..1000 {
        assert_eq!(delete_below(&filter, ""), Err(Some(100_000)));
        assert_eq!(delete_below(&filter, "/home"), Err(Some(100_000)));
        assert_eq!(delete_below(&filter, "/home/u7/x"), Ok(()));
        assert_eq!(delete_below(&filter, "/elsewhere"), Ok(()));
    }
    // A look at every rule, four thousand times, takes minutes.
    assert!(started.elapsed().as_secs() < 5, "took {:?}", started.elapsed());
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Every key of at most `depth` segments strictly below `key`.
    fn keys_below(key: &str, depth: usize) -> Vec<String> {
        if depth == 0 {
            return Vec::new();
        }
        let mut keys = Vec::new();
        for name in ["a", "b", "ab", "c"] {
            let child = format!("{key}/{name}");
            keys.extend(keys_below(&child, depth - 1));
            keys.push(child);
        }
        keys
    }

    fn build(rules: &[(String, bool)]) -> MethodFilter {
        let rules: Vec<(&str, &[Method])> = rules
            .iter()
            .map(|(path, allows)| (path.as_str(), if *allows { ALL } else { READ }))
            .collect();
        filter(&rules)
    }

    fn passes_everywhere(filter: &MethodFilter, key: &str) -> bool {
        let passes = |key: &String| {
            filter
                .judge(key)
                .is_some_and(|rule| rule.allowed.contains(Method::Delete))
        };
        keys_below(key, 4).iter().all(passes)
    }

    fn key() -> impl Strategy<Value = String> {
        "(/(a|b|ab|c)){0,3}"
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        // Promise: never lets through what a rule forbids somewhere below.
        #[test]
        fn what_is_allowed_below_is_allowed_for_each(
            rules in prop::collection::vec(
                ("(/(a|b|ab|\\*|a\\*|\\*b|\\*\\*)){1,3}|/|/\\*\\*|~\\^/(a|b|a\\*|\\[ab\\]|a/\\.\\*|\\.\\*)(/b)?\\$", any::<bool>()),
                0..5,
            ),
            everything in any::<bool>(),
            key in key(),
        ) {
            let mut rules = rules;
            if everything {
                rules.push(("/**".to_owned(), true));
            }
            let filter = build(&rules);
            if filter.refuses_below(&key, Method::Delete) == Below::Allowed {
                prop_assert!(passes_everywhere(&filter, &key), "{key:?} in {rules:?}");
            }
        }

        // For literal rules and subtrees the answer is exact.
        #[test]
        fn literal_rules_are_never_too_strict(
            rules in prop::collection::vec(("(/(a|b)){1,3}(/\\*\\*)?|/|/\\*\\*", any::<bool>()), 0..6),
            everything in any::<bool>(),
            key in key(),
        ) {
            let mut rules = rules;
            if everything {
                rules.push(("/**".to_owned(), true));
            }
            let filter = build(&rules);
            let allowed = filter.refuses_below(&key, Method::Delete) == Below::Allowed;
            prop_assert_eq!(allowed, passes_everywhere(&filter, &key), "{:?} in {:?}", key, rules);
        }
    }
}
