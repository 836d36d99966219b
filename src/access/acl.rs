//! The access control list of a route and its evaluation. In: sources of entries in the order in which they are
//! asked, each entry with its path, in order. Out: for a principal and a key, or all below it, which privileges are granted. For
//! each leaf the first entry decides that matches path and principal and mentions the leaf; where none does, it is denied.

use std::borrow::Cow;

use super::ace::{Ace, Effect, Who};
use super::privilege::{Privilege, PrivilegeSet};
use super::verdict::Verdict;
use crate::identity::Principal;
use crate::rules::{Asker, Audience, IndexedRule, PathPattern, RuleIndex, RulesBelow, Table};
use crate::url::path_rules::fold_case;

/// The entries of one route. The configuration file is one source; others may stand before or behind it.
#[derive(Clone, Debug)]
pub struct Acl {
    sources: Vec<Source>,
    /// The users and groups that entries name.
    named: Table<Who, Audience>,
    fold: bool,
}

#[derive(Clone, Debug)]
struct Source {
    aces: Vec<Ace>,
    index: RuleIndex<PrivilegeSet>,
}

/// How far a need reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The resource.
    Itself,
    /// The resource and everything that is or could be below it.
    Tree,
}

/// The list as one principal meets it.
#[derive(Clone, Debug)]
pub struct AccessOf<'a> {
    acl: &'a Acl,
    principal: &'a Principal,
    audiences: Vec<Audience>,
    user: Option<Cow<'a, str>>,
}

impl Acl {
    /// The list of `sources`, in the order in which they are asked. `fold`: keys are folded (`case: fold`), as the literals of
    /// the patterns are; then `{user}` is too. An entry's `index` is its place in its source, whatever it says.
    pub fn new(sources: impl IntoIterator<Item = Vec<(PathPattern, Ace)>>, fold: bool) -> Self {
        let mut named = Table::default();
        let sources = sources
            .into_iter()
            .map(|rules| Source::new(rules, &mut named))
            .collect();
        Self { sources, named, fold }
    }

    /// The list as `principal` meets it.
    pub fn of<'a>(&'a self, principal: &'a Principal) -> AccessOf<'a> {
        let mut audiences = vec![Audience::EVERYONE];
        match principal.name() {
            None => audiences.push(Audience::ANONYMOUS),
            Some(name) => {
                let groups = principal.groups().map(|group| Who::Group(group.to_owned()));
                let all = groups.chain([Who::User(name.to_owned())]);
                audiences.push(Audience::AUTHENTICATED);
                audiences.extend(all.filter_map(|who| self.named.get(&who).copied()));
            }
        }
        let canonical = |name: &'a str| if self.fold { fold_case(name).into() } else { name.into() };
        AccessOf {
            acl: self,
            principal,
            audiences,
            user: principal.name().map(canonical),
        }
    }

    /// The entries with their paths, in the order in which they are asked.
    pub fn rules(&self) -> impl Iterator<Item = (&PathPattern, &Ace)> {
        self.sources
            .iter()
            .flat_map(|source| source.index.patterns().zip(&source.aces))
    }

    /// Entries that can never decide, each with those before it in the same source that match all it could.
    pub fn unreachable(&self) -> impl Iterator<Item = (&Ace, Vec<&Ace>)> {
        self.sources.iter().flat_map(|source| {
            source.aces.iter().filter_map(|ace| {
                let covering: Vec<_> = source
                    .index
                    .covering(ace.index)
                    .iter()
                    .filter_map(|rule| source.aces.get(*rule))
                    .collect();
                (!covering.is_empty()).then_some((ace, covering))
            })
        })
    }
}

impl Source {
    fn new(rules: Vec<(PathPattern, Ace)>, named: &mut Table<Who, Audience>) -> Self {
        let (patterns, aces): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
        let number = |(index, ace)| Ace { index, ..ace };
        let aces: Vec<Ace> = aces.into_iter().enumerate().map(number).collect();
        let indexed = |(pattern, ace): (PathPattern, &Ace)| IndexedRule {
            pattern,
            audiences: ace.to.iter().map(|who| audience(who, named)).collect(),
            decides: ace.privileges,
            refuses: match ace.effect {
                Effect::Allow => PrivilegeSet::default(),
                Effect::Deny => ace.privileges,
            },
        };
        let index = RuleIndex::new(patterns.into_iter().zip(&aces).map(indexed));
        Self { aces, index }
    }
}

/// The number of `who`, known or new.
fn audience(who: &Who, named: &mut Table<Who, Audience>) -> Audience {
    match who {
        Who::Everyone => Audience::EVERYONE,
        Who::Authenticated => Audience::AUTHENTICATED,
        Who::Anonymous => Audience::ANONYMOUS,
        Who::User(_) | Who::Group(_) => {
            if let Some(known) = named.get(who) {
                return *known;
            }
            let new = Audience::named(named.len());
            named.insert(who.clone(), new);
            new
        }
    }
}

impl<'a> AccessOf<'a> {
    /// Which of `needed` is granted at `relative_key` ("" for the route's root, or "/a/b"), and by which entries.
    pub fn judge(&self, relative_key: &str, needed: PrivilegeSet) -> Verdict<'a> {
        Verdict::about(needed, |leaf| {
            let about = PrivilegeSet::of(&[leaf]);
            let mut deciding = self.acl.sources.iter().filter_map(|source| {
                let rule = source.index.first_match(relative_key, self.asker(), about)?;
                source.aces.get(rule)
            });
            match deciding.next() {
                Some(ace) => (ace.effect == Effect::Allow, Some(ace)),
                None => (false, None),
            }
        })
    }

    /// Which of `needed` is granted at every path that could be strictly below `relative_key`, whatever is there. A
    /// grant is proved; a refusal may be too strict, where a pattern could match but nothing has such a name.
    pub fn judge_below(&self, relative_key: &str, needed: PrivilegeSet) -> Verdict<'a> {
        Verdict::about(needed, |leaf| self.leaf_below(relative_key, leaf))
    }

    /// Both, if `scope` is a tree: refused at the resource, or else below it.
    pub fn judge_scope(&self, relative_key: &str, scope: Scope, needed: PrivilegeSet) -> Verdict<'a> {
        let itself = self.judge(relative_key, needed);
        match scope {
            Scope::Tree if itself.is_granted() => self.judge_below(relative_key, needed),
            Scope::Tree | Scope::Itself => itself,
        }
    }

    /// Who it is.
    pub fn principal(&self) -> &'a Principal {
        self.principal
    }

    /// All that the principal may do at `relative_key`; its names, for `DAV:current-user-privilege-set`, by
    /// [`PrivilegeSet::held`].
    pub fn privileges(&self, relative_key: &str) -> PrivilegeSet {
        self.judge(relative_key, PrivilegeSet::ALL).granted()
    }

    /// What `{user}` stands for; `None`: nothing.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// All entries with their paths, in the order in which they are asked, whomever they speak to.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a PathPattern, &'a Ace)> + use<'a> {
        self.acl.rules()
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            audiences: &self.audiences,
            user: self.user.as_deref(),
        }
    }

    fn leaf_below(&self, relative_key: &str, leaf: Privilege) -> (bool, Option<&'a Ace>) {
        let about = PrivilegeSet::of(&[leaf]);
        for source in &self.acl.sources {
            match source.index.below(relative_key, self.asker(), about) {
                RulesBelow::Allowed(rule) => return (true, source.aces.get(rule)),
                RulesBelow::Refused(rule) => return (false, source.aces.get(rule)),
                // What this source matches it grants; the rest is for the next one.
                RulesBelow::Unmatched => {}
            }
        }
        (false, None)
    }
}

#[cfg(test)]
#[path = "acl_tests.rs"]
mod tests;
