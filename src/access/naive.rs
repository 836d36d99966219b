//! A second evaluator for tests, written from and from nothing else: no index, no sets, every rule tried at every
//! path. In: rules as text. Out: yes or no. What it and the real one say must be the same.

use crate::access::{Ace, Acl, Effect, PrivilegeSet, Who};
use crate::identity::Principal;
use crate::rules::PathPattern;

/// A rule as a person writes it.
#[derive(Clone, Debug)]
pub struct Rule {
    pub path: String,
    pub allow: bool,
    pub privileges: Vec<&'static str>,
    pub to: Vec<&'static str>,
}

/// `("/a/**", "deny", "read write", "user:ann group:g")`.
pub fn rule((path, effect, privileges, to): (&str, &str, &'static str, &'static str)) -> Rule {
    Rule {
        path: path.to_owned(),
        allow: effect == "allow",
        privileges: privileges.split(' ').collect(),
        to: to.split(' ').collect(),
    }
}

/// The real list of the same rules, each source a list.
pub fn real(sources: &[Vec<Rule>]) -> Acl {
    let who = |text: &&'static str| match text.split_once(':') {
        Some(("user", name)) => Who::User(name.to_owned()),
        Some(("group", name)) => Who::Group(name.to_owned()),
        _ => match *text {
            "everyone" => Who::Everyone,
            "authenticated" => Who::Authenticated,
            "anonymous" => Who::Anonymous,
            other => panic!("{other}"),
        },
    };
    let ace = |(index, rule): (usize, &Rule)| {
        let sets = rule.privileges.iter().map(|name| PrivilegeSet::named(name).unwrap());
        let ace = Ace {
            effect: if rule.allow { Effect::Allow } else { Effect::Deny },
            privileges: sets.fold(PrivilegeSet::default(), PrivilegeSet::union),
            to: rule.to.iter().map(who).collect(),
            line: index + 1,
            index: 0,
        };
        (
            PathPattern::parse_for_users(&rule.path, str::to_owned, false).unwrap(),
            ace,
        )
    };
    Acl::new(
        sources.iter().map(|rules| rules.iter().enumerate().map(ace).collect()),
        false,
    )
}

/// the first rule that matches path and principal and mentions the leaf.
pub fn granted(rules: &[Rule], who: &Principal, key: &str, leaf: &str) -> bool {
    for rule in rules {
        if mentions(rule, leaf) && speaks_to(rule, who) && matches(&rule.path, key, who.name()) {
            return rule.allow;
        }
    }
    false
}

/// A-20 by trying: every key of `universe` that is strictly below `key`.
pub fn granted_below(rules: &[Rule], who: &Principal, key: &str, leaf: &str, universe: &[String]) -> bool {
    let mut below = universe.iter().filter(|other| other.starts_with(&format!("{key}/")));
    below.all(|other| granted(rules, who, other, leaf))
}

/// All keys over `names` down to `depth`, the root first.
pub fn universe(names: &[&str], depth: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut level = all.clone();
    for _ in 0..depth {
        level = level
            .iter()
            .flat_map(|key| names.iter().map(move |name| format!("{key}/{name}")))
            .collect();
        all.extend(level.iter().cloned());
    }
    all
}

///
fn mentions(rule: &Rule, leaf: &str) -> bool {
    rule.privileges.iter().any(|name| match *name {
        "all" => true,
        "write" => ["write-properties", "write-content", "bind", "unbind"].contains(&leaf),
        "read" => ["read", "read-current-user-privilege-set", "read-free-busy"].contains(&leaf),
        other => other == leaf,
    })
}

///
fn speaks_to(rule: &Rule, who: &Principal) -> bool {
    rule.to.iter().any(|to| match *to {
        "everyone" => true,
        "authenticated" => who.name().is_some(),
        "anonymous" => who.name().is_none(),
        other => match other.split_once(':') {
            Some(("user", name)) => who.name() == Some(name),
            Some(("group", name)) => who.groups().any(|group| group == name),
            _ => panic!("{other}"),
        },
    })
}

fn matches(path: &str, key: &str, user: Option<&str>) -> bool {
    if let Some(regex) = path.strip_prefix("~^").and_then(|regex| regex.strip_suffix('$')) {
        // The ends belong to all of it: `^a|b$` means all of `a` or all of `b`.
        return regex::Regex::new(&format!("^({regex})$")).unwrap().is_match(key);
    }
    let pattern: Vec<&str> = path
        .trim_matches('/')
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let names: Vec<&str> = key.split('/').skip(1).collect();
    names_match(&pattern, &names, user)
}

fn names_match(pattern: &[&str], names: &[&str], user: Option<&str>) -> bool {
    match (pattern, names) {
        ([], []) => true,
        (["**", rest @ ..], _) => (0..=names.len()).any(|skip| names_match(rest, &names[skip..], user)),
        ([part, rest @ ..], [name, others @ ..]) => {
            let fits = if *part == "{user}" {
                user == Some(*name)
            } else {
                letters_match(part.as_bytes(), name.as_bytes())
            };
            fits && names_match(rest, others, user)
        }
        _ => false,
    }
}

fn letters_match(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|skip| letters_match(rest, &name[skip..])),
        ([letter, rest @ ..], [first, others @ ..]) => letter == first && letters_match(rest, others),
        _ => false,
    }
}
