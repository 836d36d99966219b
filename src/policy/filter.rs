//! The method filter of a route (O-6). In: the compiled rules of `methods:` and a key relative to the route. Out: the rule that
//! decides, with the methods it lets pass, or none: then nothing passes. File order decides, never specificity.

use super::method::{Method, MethodSet};
use crate::rules::PathPattern;
use crate::rules::{Asker, Audience, IndexedRule, RuleIndex, RuleSet, RulesBelow};

/// One rule of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodRule {
    /// The methods that pass.
    pub allowed: MethodSet,
    /// The largest body of PUT, POST and PATCH in bytes, in place of the route's limit.
    pub body: Option<u64>,
    /// The line of the rule in the configuration file, from 1.
    pub line: usize,
    /// Its number in the route's list, from 0.
    pub index: usize,
}

/// Whether a method passes everywhere below a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below<'a> {
    /// Everywhere.
    Allowed,
    /// Somewhere it may not pass: by this rule, or because no rule may match there.
    Refused(Option<&'a MethodRule>),
}

/// The rules of one route, in file order.
#[derive(Clone, Debug)]
pub struct MethodFilter {
    rules: Vec<MethodRule>,
    index: RuleIndex<MethodSet>,
}

impl MethodFilter {
    /// A filter of `rules`; each rule's `index` is its place in the list, whatever it says.
    pub fn new(rules: Vec<(PathPattern, MethodRule)>) -> Self {
        let (patterns, rules): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
        // The filter does not know who asks: every rule is for everyone, and decides about every method.
        let indexed = |(pattern, rule): (PathPattern, &MethodRule)| IndexedRule {
            pattern,
            audiences: [Audience::EVERYONE].into(),
            decides: MethodSet::all(),
            refuses: MethodSet::all().without(rule.allowed),
        };
        let index = RuleIndex::new(patterns.into_iter().zip(&rules).map(indexed));
        let number = |(index, rule)| MethodRule { index, ..rule };
        Self {
            rules: rules.into_iter().enumerate().map(number).collect(),
            index,
        }
    }

    /// The rule that decides about `relative_key` ("" for the route's root, or "/a/b"); `None`: nothing is allowed there.
    pub fn judge(&self, relative_key: &str) -> Option<&MethodRule> {
        self.index
            .first_match(relative_key, Asker::ANYONE, MethodSet::all())
            .and_then(|rule| self.rules.get(rule))
    }

    /// Whether a rule, or that there is none, refuses `method` anywhere strictly below `relative_key`: DELETE, MOVE, and COPY or MOVE onto what
    /// exists act on all of it. The key itself is for [`Self::judge`]. Where it cannot be known, it is refused. A thing that is no
    /// collection has nothing below it, so this is asked of collections only.
    pub fn refuses_below(&self, relative_key: &str, method: Method) -> Below<'_> {
        match self.index.below(relative_key, Asker::ANYONE, MethodSet::of(&[method])) {
            RulesBelow::Allowed(_) => Below::Allowed,
            RulesBelow::Refused(rule) => Below::Refused(self.rules.get(rule)),
            RulesBelow::Unmatched => Below::Refused(None),
        }
    }

    /// The rules with their paths, in file order.
    pub fn rules(&self) -> impl Iterator<Item = (&PathPattern, &MethodRule)> {
        self.index.patterns().zip(&self.rules)
    }

    /// The same rules, with everything allowed that is ever forwarded, everywhere; their limits stay.
    pub(super) fn opened(&self) -> Self {
        let forwarded: Vec<Method> = Method::ALL.iter().copied().filter(|method| !method.is_off()).collect();
        let allowed = MethodSet::of(&forwarded);
        let all = || MethodRule {
            allowed,
            body: None,
            line: 0,
            index: 0,
        };
        let rules = self.rules().map(|(pattern, rule)| {
            let rule = MethodRule {
                allowed,
                ..rule.clone()
            };
            (pattern.clone(), rule)
        });
        // `/**` is a pattern; were it not, what no rule speaks of would stay refused.
        let everything = PathPattern::parse("/**").ok();
        Self::new(rules.chain(everything.map(|pattern| (pattern, all()))).collect())
    }

    /// Pairs of rules of which the first can never decide, because the second comes earlier and matches all of it.
    pub fn unreachable(&self) -> impl Iterator<Item = (&MethodRule, &MethodRule)> {
        let covering = |rule: &MethodRule| {
            self.index
                .covering(rule.index)
                .first()
                .and_then(|earlier| self.rules.get(*earlier))
        };
        self.rules.iter().filter_map(move |rule| Some((rule, covering(rule)?)))
    }
}

impl RuleSet for MethodSet {
    fn union(self, other: Self) -> Self {
        self.union(other)
    }

    fn without(self, other: Self) -> Self {
        self.without(other)
    }

    fn intersects(self, other: Self) -> bool {
        self.intersects(other)
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
