//! Many rules in file order. In: a relative key, who asks, and about what. Out: the first rule that matches. A rule is looked at
//! only by keys that begin with its literal segments and by askers it speaks to, so 100,000 rules for as many folders or users
//! cost what one does. The same for a whole subtree: what could be refused somewhere below a key is summed up where it ends.

use std::collections::HashMap;
use std::fmt::Debug;

use foldhash::fast::RandomState;

use super::audience::{Asker, Audience, cover};
use super::pattern::{PathPattern, segments};

/// A table that is filled from the configuration file only. What requests bring is looked up and never stored, so nobody can fill it
/// with keys that collide, and a quick hash is good enough.
pub type Table<K, V> = HashMap<K, V, RandomState>;

/// How many earlier rules are compared when asking whether a rule can match at all; what is not found then is no harm: a
/// warning is missing, or what is asked of a subtree is judged more strictly.
const COVER_LOOKS: usize = 200;

/// What rules speak of: methods, or privileges.
pub trait RuleSet: Copy + Default + PartialEq + Debug {
    /// What is in either.
    fn union(self, other: Self) -> Self;
    /// What is in this one and not in `other`.
    fn without(self, other: Self) -> Self;
    /// Whether anything is in both.
    fn intersects(self, other: Self) -> bool;

    /// Whether nothing is in it.
    fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct IndexedRule<S> {
    /// Where it holds.
    pub pattern: PathPattern,
    /// Whom it speaks to: whoever is in one of these.
    pub audiences: Box<[Audience]>,
    /// What it decides; about everything else the search goes on.
    pub decides: S,
    /// What of that it refuses.
    pub refuses: S,
}

/// A trie over the literal segments that patterns begin with; each node lists its rules in file order, by audience.
#[derive(Clone, Debug, Default)]
pub struct RuleIndex<S> {
    rules: Vec<IndexedRule<S>>,
    root: Node<S>,
    /// For each rule that can never decide, the earlier ones that do instead.
    never: Table<usize, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Node<S> {
    rules: Table<Audience, Vec<usize>>,
    /// For everything that a rule further down refuses, the first such rule: a rule stands here with what no rule before it
    /// refuses to the same audience.
    refused_below: Table<Audience, Vec<(usize, S)>>,
    children: Table<Box<str>, Node<S>>,
}

/// What the rules say of everything strictly below a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesBelow {
    /// Every key is matched, each first by a rule that does not refuse; this rule would match all of them.
    Allowed(usize),
    /// The first rule that refuses and may be the first to match some key.
    Refused(usize),
    /// Some keys may be matched by no rule, and none is refused by one.
    Unmatched,
}

impl<S> Default for Node<S> {
    fn default() -> Self {
        Self {
            rules: Table::default(),
            refused_below: Table::default(),
            children: Table::default(),
        }
    }
}

impl<S: RuleSet> Node<S> {
    /// Takes note that rule number `rule` refuses `refused` to `audience` further down; rules come in order.
    fn refuse_below(&mut self, rule: usize, audience: Audience, refused: S) {
        let list = self.refused_below.entry(audience).or_default();
        let known = list.iter().fold(S::default(), |known, (_, set)| known.union(*set));
        let new = refused.without(known);
        if !new.is_empty() {
            list.push((rule, new));
        }
    }
}

impl<S: RuleSet> RuleIndex<S> {
    /// Indexes `rules`; their order is the order in which they are tried.
    pub fn new(rules: impl IntoIterator<Item = IndexedRule<S>>) -> Self {
        let rules: Vec<_> = rules.into_iter().collect();
        let mut root = Node::default();
        for (number, rule) in rules.iter().enumerate() {
            let mut node = &mut root;
            for segment in rule.pattern.literal_prefix() {
                // Not `entry`: it would copy the name for every rule.
                if !node.children.contains_key(segment) {
                    node.children.insert(segment.into(), Node::default());
                }
                let Some(child) = node.children.get_mut(segment) else {
                    break;
                };
                node = child;
            }
            for audience in &rule.audiences {
                // Most nodes have one rule: room for four, the least there is without asking, would be 100,000 times too much.
                let list = node.rules.entry(*audience).or_insert_with(|| Vec::with_capacity(1));
                list.push(number);
            }
        }
        let never = Table::default();
        let mut index = Self { rules, root, never };
        index.sum_up();
        index
    }

    /// Fills in `refused_below` of every node and `never`, and takes from `refuses` what earlier rules decide in any case.
    fn sum_up(&mut self) {
        for number in 0..self.rules.len() {
            let (decided_before, by) = self.covered(number);
            let Some(rule) = self.rules.get_mut(number) else {
                continue;
            };
            if rule.decides.without(decided_before).is_empty() && !by.is_empty() {
                self.never.insert(number, by);
            }
            rule.refuses = rule.refuses.without(decided_before);
            if rule.refuses.is_empty() {
                continue;
            }
            let mut node = &mut self.root;
            for segment in rule.pattern.literal_prefix() {
                for audience in &rule.audiences {
                    node.refuse_below(number, *audience, rule.refuses);
                }
                let Some(child) = node.children.get_mut(segment) else {
                    break;
                };
                node = child;
            }
        }
    }

    /// The patterns, in file order.
    pub fn patterns(&self) -> impl Iterator<Item = &PathPattern> {
        self.rules.iter().map(|rule| &rule.pattern)
    }

    /// The number of the first rule that speaks to `asker`, decides something `about`, and matches `key` ("" or "/a/b"). Costs
    /// O(depth x audiences of the asker + rules for them that begin like the key).
    pub fn first_match(&self, key: &str, asker: Asker<'_>, about: S) -> Option<usize> {
        self.first(key, asker, usize::MAX, |rule| {
            rule.decides.intersects(about) && rule.pattern.matches(key, asker.user)
        })
    }

    /// What the rules say to `asker` `about` one thing strictly below `key`, where nobody has listed what is there. `Allowed`
    /// is proved, the others may be too strict, where a wildcard or a regex could match but nothing has such a name. Costs
    /// what [`Self::first_match`] does.
    pub fn below(&self, key: &str, asker: Asker<'_>, about: S) -> RulesBelow {
        // From the first rule on that matches everything below, no other decides.
        let cover = self.first(key, asker, usize::MAX, |rule| {
            rule.decides.intersects(about) && rule.pattern.covers_below(key, asker.user)
        });
        let end = cover.map_or(usize::MAX, |rule| rule.saturating_add(1));
        let here = self.first(key, asker, end, |rule| {
            rule.refuses.intersects(about) && rule.pattern.may_match_below(key, asker.user)
        });
        let further_down = self.node(key).into_iter().flat_map(|node| {
            let lists = asker.audiences.iter().filter_map(|who| node.refused_below.get(who));
            lists.filter_map(|list| list.iter().find(|(_, refused)| refused.intersects(about)))
        });
        let further_down = further_down.map(|(rule, _)| *rule).filter(|rule| *rule < end);
        match (here.into_iter().chain(further_down).min(), cover) {
            (Some(rule), _) => RulesBelow::Refused(rule),
            (None, Some(rule)) => RulesBelow::Allowed(rule),
            (None, None) => RulesBelow::Unmatched,
        }
    }

    fn node(&self, key: &str) -> Option<&Node<S>> {
        segments(key).try_fold(&self.root, |node, segment| node.children.get(segment))
    }

    /// Earlier rules that surely decide all that rule number `rule` could decide, so that it never does; none if there are no such.
    pub fn covering(&self, rule: usize) -> &[usize] {
        self.never.get(&rule).map_or(&[], Vec::as_slice)
    }

    /// What of rule number `number` earlier rules surely decide, and which.
    fn covered(&self, number: usize) -> (S, Vec<usize>) {
        let (mut decided, mut by) = (S::default(), Vec::new());
        let Some(rule) = self.rules.get(number) else {
            return (decided, by);
        };
        for earlier in self.candidates(number, rule) {
            let Some(other) = self.rules.get(earlier) else {
                continue;
            };
            let new = rule.decides.without(decided).intersects(other.decides);
            if new && cover(&other.audiences, &rule.audiences) && rule.pattern.is_covered_by(&other.pattern) {
                decided = decided.union(other.decides);
                by.push(earlier);
            }
        }
        (decided, by)
    }

    /// The rules before `number` that might match all that `rule` does: they begin like it and speak to the same or more.
    fn candidates(&self, number: usize, rule: &IndexedRule<S>) -> Vec<usize> {
        let wide = [Audience::EVERYONE, Audience::AUTHENTICATED, Audience::ANONYMOUS];
        // Who covers all of the rule's audiences covers its first one.
        let audiences = || {
            wide.iter()
                .chain(rule.audiences.first().filter(|who| !wide.contains(who)))
        };
        let mut found = Vec::new();
        let mut node = Some(&self.root);
        let mut path = rule.pattern.literal_prefix();
        while let Some(here) = node {
            let lists = audiences().filter_map(|who| here.rules.get(who));
            found.extend(lists.flat_map(|list| {
                list.iter()
                    .copied()
                    .take_while(|earlier| *earlier < number)
                    .take(COVER_LOOKS)
            }));
            node = path.next().and_then(|segment| here.children.get(segment));
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(COVER_LOOKS);
        found
    }

    /// The smallest rule number below `before` that `accept`s, among the rules for `asker` whose literal segments begin `key`.
    fn first(
        &self,
        key: &str,
        asker: Asker<'_>,
        before: usize,
        mut accept: impl FnMut(&IndexedRule<S>) -> bool,
    ) -> Option<usize> {
        let mut best = before;
        let mut node = Some(&self.root);
        let mut path = segments(key);
        while let Some(here) = node {
            for list in asker.audiences.iter().filter_map(|who| here.rules.get(who)) {
                let earlier = list.iter().copied().take_while(|rule| *rule < best);
                let mut accepted = earlier.filter(|rule| self.rules.get(*rule).is_some_and(&mut accept));
                best = accepted.next().unwrap_or(best);
            }
            node = path.next().and_then(|segment| here.children.get(segment));
        }
        (best < before).then_some(best)
    }
}

#[cfg(test)]
#[path = "rule_index_tests.rs"]
mod tests;
