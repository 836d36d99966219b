//! Many path patterns in file order. In: a relative key. Out: the first rule that matches. A rule is looked at only by keys
//! that begin with its literal segments, so 100,000 rules for as many folders cost what one does.

use std::collections::HashMap;

use super::pattern::{PathPattern, segments};

/// How many earlier rules are compared when asking whether a rule can match at all; the answer is only a warning.
const COVER_LOOKS: usize = 1_000;

/// A trie over the literal segments that patterns begin with; each node lists its rules in file order.
#[derive(Clone, Debug, Default)]
pub struct RuleIndex {
    patterns: Vec<PathPattern>,
    root: Node,
}

#[derive(Clone, Debug, Default)]
struct Node {
    rules: Vec<usize>,
    children: HashMap<Box<str>, Node>,
}

impl RuleIndex {
    /// Indexes `patterns`; their order is the order of the rules.
    pub fn new(patterns: Vec<PathPattern>) -> Self {
        let mut root = Node::default();
        for (rule, pattern) in patterns.iter().enumerate() {
            let mut node = &mut root;
            for segment in pattern.literal_prefix() {
                node = node.children.entry(segment.into()).or_default();
            }
            node.rules.push(rule);
        }
        Self { patterns, root }
    }

    /// The patterns, in file order.
    pub fn patterns(&self) -> &[PathPattern] {
        &self.patterns
    }

    /// The number of the first rule that matches `key` ("" or "/a/b"). Costs O(depth + rules that begin like the key).
    pub fn first_match(&self, key: &str) -> Option<usize> {
        self.first(segments(key), usize::MAX, usize::MAX, |pattern| pattern.matches(key))
    }

    /// An earlier rule that surely matches all that rule number `rule` matches, so that `rule` never decides.
    pub fn covering(&self, rule: usize) -> Option<usize> {
        let pattern = self.patterns.get(rule)?;
        self.first(pattern.literal_prefix(), rule, COVER_LOOKS, |earlier| {
            pattern.is_covered_by(earlier)
        })
    }

    /// The smallest rule number below `before` that `accept`s, among the rules whose literal segments begin `path`.
    fn first<'a>(
        &self,
        path: impl Iterator<Item = &'a str>,
        before: usize,
        mut looks: usize,
        mut accept: impl FnMut(&PathPattern) -> bool,
    ) -> Option<usize> {
        let mut best = before;
        let mut node = Some(&self.root);
        let mut path = path;
        while let Some(here) = node {
            for &rule in here.rules.iter().take_while(|rule| **rule < best) {
                if looks == 0 {
                    break;
                }
                looks -= 1;
                if self.patterns.get(rule).is_some_and(&mut accept) {
                    best = rule;
                    break;
                }
            }
            node = path.next().and_then(|segment| here.children.get(segment));
        }
        (best < before).then_some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(patterns: &[&str]) -> RuleIndex {
        RuleIndex::new(patterns.iter().map(|text| PathPattern::parse(text).unwrap()).collect())
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
            assert_eq!(rules.first_match(key), *rule, "{key}");
        }
        assert_eq!(index(&["/**"]).first_match(""), Some(0));
        assert_eq!(index(&[]).first_match("/a"), None);
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
            let slow = rules.patterns().iter().position(|pattern| pattern.matches(key));
            assert_eq!(rules.first_match(key), slow, "{key}");
        }
    }

    #[test]
    fn a_hundred_thousand_rules_cost_what_ten_do() {
        let looks = |count: usize, key: &str| {
            let mut patterns: Vec<String> = (0..count).map(|number| format!("/home/u{number}/**")).collect();
            patterns.push("/**".to_owned());
            let rules = index(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
            let mut looks = 0;
            let found = rules.first(segments(key), usize::MAX, usize::MAX, |pattern| {
                looks += 1;
                pattern.matches(key)
            });
            assert_eq!(found, rules.first_match(key));
            looks
        };
        for key in ["/home/u5/a/b", "/home/nobody/a", "/elsewhere", ""] {
            assert_eq!(looks(10, key), looks(100_000, key), "{key}");
            assert!(looks(10, key) <= 2, "{key}");
        }
    }

    #[test]
    fn names_the_rule_that_covers_another() {
        let rules = index(&["/a/**", "/b/*", "/a/b/*", "/b/c/d", "/b/x", "/**", "~^/z$"]);
        let covering: Vec<Option<usize>> = (0..7).map(|rule| rules.covering(rule)).collect();
        assert_eq!(covering, [None, None, Some(0), None, Some(1), None, Some(5)]);
    }
}
