//! Many path patterns in file order. In: a relative key. Out: the first rule that matches. A rule is looked at only by keys
//! that begin with its literal segments, so 100,000 rules for as many folders cost what one does. The same for a whole subtree:
//! what could be refused somewhere below a key is summed up where the key ends.

use std::collections::HashMap;

use super::method::{Method, MethodSet};
use super::pattern::{PathPattern, segments};

/// How many earlier rules are compared when asking whether a rule can match at all; the answer is only a warning.
const COVER_LOOKS: usize = 200;

/// A trie over the literal segments that patterns begin with; each node lists its rules in file order.
#[derive(Clone, Debug, Default)]
pub struct RuleIndex {
    patterns: Vec<PathPattern>,
    /// What each rule refuses; nothing for a rule that can never decide.
    refused: Vec<MethodSet>,
    root: Node,
}

#[derive(Clone, Debug, Default)]
struct Node {
    rules: Vec<usize>,
    /// For each method that a rule further down refuses, the first such rule: a rule stands here with the methods that no rule
    /// before it refuses.
    refused_below: Vec<(usize, MethodSet)>,
    children: HashMap<Box<str>, Node>,
}

/// What the rules say of everything strictly below a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesBelow {
    /// Every key is matched, and each first by a rule that does not refuse.
    Allowed,
    /// The first rule that refuses and may be the first to match some key.
    Refused(usize),
    /// Some keys may be matched by no rule.
    Unmatched,
}

impl Node {
    /// Takes note that rule number `rule` refuses `refused` further down; rules come in order.
    fn refuse_below(&mut self, rule: usize, refused: MethodSet) {
        let known = self
            .refused_below
            .iter()
            .fold(MethodSet::default(), |known, (_, set)| known.union(*set));
        let new = refused.without(known);
        if new != MethodSet::default() {
            self.refused_below.push((rule, new));
        }
    }
}

impl RuleIndex {
    /// Indexes `rules`, each a pattern and what it refuses; their order is the order of the rules.
    pub fn new(rules: impl IntoIterator<Item = (PathPattern, MethodSet)>) -> Self {
        let (patterns, refused): (Vec<PathPattern>, Vec<MethodSet>) = rules.into_iter().unzip();
        let mut root = Node::default();
        for (rule, pattern) in patterns.iter().enumerate() {
            let mut node = &mut root;
            for segment in pattern.literal_prefix() {
                node = node.children.entry(segment.into()).or_default();
            }
            node.rules.push(rule);
        }
        let mut index = Self {
            patterns,
            refused,
            root,
        };
        index.sum_up();
        index
    }

    /// Fills in `refused_below` of every node, and empties `refused` of the rules that can never decide.
    fn sum_up(&mut self) {
        for rule in 0..self.patterns.len() {
            let decides = self.covering(rule).is_none();
            let (Some(pattern), Some(refused)) = (self.patterns.get(rule), self.refused.get_mut(rule)) else {
                continue;
            };
            if !decides {
                *refused = MethodSet::default();
            }
            let mut node = &mut self.root;
            for segment in pattern.literal_prefix() {
                node.refuse_below(rule, *refused);
                let Some(child) = node.children.get_mut(segment) else {
                    break;
                };
                node = child;
            }
        }
    }

    /// The patterns, in file order.
    pub fn patterns(&self) -> &[PathPattern] {
        &self.patterns
    }

    /// The number of the first rule that matches `key` ("" or "/a/b"). Costs O(depth + rules that begin like the key).
    pub fn first_match(&self, key: &str) -> Option<usize> {
        self.first(segments(key), usize::MAX, usize::MAX, |_, pattern| pattern.matches(key))
    }

    /// What the rules say of `method` strictly below `key`, where nobody has listed what is there. `Allowed` is proved, the
    /// others may be too strict, where a wildcard or a regex could match but nothing has such a name. Costs O(depth + rules
    /// that begin like the key).
    pub fn below(&self, key: &str, method: Method) -> RulesBelow {
        // From the first rule on that matches everything below, no other decides.
        let cover = self.first(segments(key), usize::MAX, usize::MAX, |_, pattern| {
            pattern.covers_below(key)
        });
        let end = cover.map_or(usize::MAX, |rule| rule.saturating_add(1));
        let refuses = |rule: usize| self.refused.get(rule).is_some_and(|refused| refused.contains(method));
        let here = self.first(segments(key), end, usize::MAX, |rule, pattern| {
            refuses(rule) && pattern.may_match_below(key)
        });
        let further_down = self
            .node(key)
            .and_then(|node| node.refused_below.iter().find(|(_, refused)| refused.contains(method)))
            .map(|(rule, _)| *rule)
            .filter(|rule| *rule < end);
        match (here.into_iter().chain(further_down).min(), cover) {
            (Some(rule), _) => RulesBelow::Refused(rule),
            (None, Some(_)) => RulesBelow::Allowed,
            (None, None) => RulesBelow::Unmatched,
        }
    }

    fn node(&self, key: &str) -> Option<&Node> {
        segments(key).try_fold(&self.root, |node, segment| node.children.get(segment))
    }

    /// An earlier rule that surely matches all that rule number `rule` matches, so that `rule` never decides.
    pub fn covering(&self, rule: usize) -> Option<usize> {
        let pattern = self.patterns.get(rule)?;
        self.first(pattern.literal_prefix(), rule, COVER_LOOKS, |_, earlier| {
            pattern.is_covered_by(earlier)
        })
    }

    /// The smallest rule number below `before` that `accept`s, among the rules whose literal segments begin `path`.
    fn first<'a>(
        &self,
        path: impl Iterator<Item = &'a str>,
        before: usize,
        mut looks: usize,
        mut accept: impl FnMut(usize, &PathPattern) -> bool,
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
                if self.patterns.get(rule).is_some_and(|pattern| accept(rule, pattern)) {
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
        RuleIndex::new(
            patterns
                .iter()
                .map(|text| (PathPattern::parse(text).unwrap(), MethodSet::default())),
        )
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
        let rules = |count: usize| {
            let mut patterns: Vec<String> = (0..count).map(|number| format!("/home/u{number}/**")).collect();
            patterns.push("/**".to_owned());
            index(&patterns.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let looks = |rules: &RuleIndex, key: &str| {
            let mut looks = 0;
            let found = rules.first(segments(key), usize::MAX, usize::MAX, |_, pattern| {
                looks += 1;
                pattern.matches(key)
            });
            assert_eq!(found, rules.first_match(key));
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
        let covering: Vec<Option<usize>> = (0..7).map(|rule| rules.covering(rule)).collect();
        assert_eq!(covering, [None, None, Some(0), None, Some(1), None, Some(5)]);
    }
}
