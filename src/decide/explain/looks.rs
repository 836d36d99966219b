//! The rules that were considered, as an explanation tells them. In: a route, resources, and privileges that were asked for. Out: for each
//! resource the rules in the order in which they were looked at, and what each had to do with it.

use crate::{
    access::{Ace, Bearing, Effect, PrivilegeSet, Scope},
    policy::{MethodRule, Route},
    request::State,
    rules::PathPattern,
    url::PublicPath,
};

use super::super::{
    missing::{Asked, Places, ask},
    privileges::{Matter, public},
    state::States,
    target::Target,
};
use super::{AccessLook, AskedPrivilege, ConfiguredRule, ConsideredRule, FilterLook, When, state_word, word};

/// The rules of `methods:` for the resource at `path`, which is the `resource` of the request.
pub(super) fn of_methods(target: &Target, resource: &'static str, path: &PublicPath) -> FilterLook {
    let route = &target.route;
    let (passes, deciding) = route.judge(path);
    let mut rules = Vec::new();
    for (pattern, rule) in route.methods.rules() {
        let decides = deciding.is_some_and(|found| std::ptr::eq(found, rule));
        rules.push(ConsideredRule {
            rule: method_rule(route, pattern, rule),
            bearing: match (decides, passes.contains(target.method)) {
                (true, true) => "lets-pass",
                (true, false) => "does-not-let-pass",
                (false, _) => "other-path",
            },
            decides: Vec::new(),
        });
        if decides {
            break;
        }
    }
    FilterLook {
        resource,
        path: path.to_string(),
        passes: passes.iter().map(|method| method.as_str()).collect(),
        not_reached: route.methods.rules().count().saturating_sub(rules.len()),
        rules,
    }
}

/// A rule of `methods:`.
pub(super) fn method_rule(route: &Route, pattern: &PathPattern, rule: &MethodRule) -> ConfiguredRule {
    let allowed = rule.allowed.allow();
    ConfiguredRule {
        rule: format!("{}.methods[{}]", route.name, rule.index),
        line: rule.line,
        path: pattern.as_str().to_owned(),
        says: if allowed.is_empty() {
            "nothing".to_owned()
        } else {
            allowed
        },
    }
}

/// A rule of `methods:` that was found without its path.
pub(super) fn found_method_rule(route: &Route, rule: &MethodRule) -> Option<ConfiguredRule> {
    let mut rules = route.methods.rules();
    let found = rules.find(|(_, other)| other.index == rule.index);
    found.map(|(pattern, rule)| method_rule(route, pattern, rule))
}

/// A rule of `access:` that was found without its path.
pub(super) fn found_access_rule(route: &Route, ace: &Ace) -> Option<ConfiguredRule> {
    let mut rules = route.access.as_ref()?.rules();
    let found = rules.find(|(_, other)| std::ptr::eq(*other, ace));
    found.map(|(pattern, ace)| access_rule(route, pattern, ace))
}

fn access_rule(route: &Route, pattern: &PathPattern, ace: &Ace) -> ConfiguredRule {
    ConfiguredRule {
        rule: format!("{}.access[{}]", route.name, ace.index),
        line: ace.line,
        path: pattern.as_str().to_owned(),
        says: ace.to_string(),
    }
}

/// The privileges that are asked for in these states.
pub(super) fn privileges(target: &Target, matter: &Matter<'_>, states: States) -> Vec<AskedPrivilege> {
    let tell = |Wanted { asked, when }: Wanted<'_, '_>| AskedPrivilege {
        resource: word(asked.subject),
        path: asked.key.map(|key| public(target, key).to_string()),
        scope: scope_word(asked.scope),
        privilege: asked.privilege.name().local,
        when,
        granted: asked.granted,
        by: asked.by.and_then(|ace| found_access_rule(&target.route, ace)),
    };
    let places = matter.places();
    wanted(matter, &places, states).into_iter().map(tell).collect()
}

/// The rules of `access:` for everything that may be asked for in these states.
pub(super) fn of_access(target: &Target, matter: &Matter<'_>, states: States) -> Vec<AccessLook> {
    let places = matter.places();
    let mut groups: Vec<(Wanted<'_, '_>, PrivilegeSet)> = Vec::new();
    for one in wanted(matter, &places, states) {
        let privilege = PrivilegeSet::of(&[one.asked.privilege]);
        let alike = |other: &Wanted<'_, '_>| {
            other.asked.key == one.asked.key && other.asked.scope == one.asked.scope && other.when == one.when
        };
        match groups.iter_mut().find(|(other, _)| alike(other)) {
            Some((_, set)) => *set = set.union(privilege),
            None => groups.push((one, privilege)),
        }
    }
    let told = groups
        .into_iter()
        .filter_map(|(one, set)| look(target, matter, one, set));
    told.collect()
}

fn look(target: &Target, matter: &Matter<'_>, one: Wanted<'_, '_>, set: PrivilegeSet) -> Option<AccessLook> {
    let Wanted { asked, when } = one;
    let considered = matter.access.considered(asked.key?, asked.scope, set);
    let all = target.route.access.as_ref().map_or(0, |acl| acl.rules().count());
    let rules: Vec<ConsideredRule> = considered
        .iter()
        .map(|one| ConsideredRule {
            rule: access_rule(&target.route, one.pattern, one.ace),
            bearing: match (one.bearing, one.ace.effect) {
                (Bearing::Decides(_), Effect::Allow) => "grants",
                (Bearing::Decides(_), Effect::Deny) => "denies",
                (Bearing::OtherPath, _) => "other-path",
                (Bearing::PartOfTree, _) => "part-of-tree",
                (Bearing::OtherAudience, _) => "other-audience",
                (Bearing::NotMentioned, _) => "not-mentioned",
                (Bearing::TooLate, _) => "too-late",
            },
            decides: match one.bearing {
                Bearing::Decides(set) => names(set),
                Bearing::OtherPath
                | Bearing::PartOfTree
                | Bearing::OtherAudience
                | Bearing::NotMentioned
                | Bearing::TooLate => Vec::new(),
            },
        })
        .collect();
    Some(AccessLook {
        resource: word(asked.subject),
        path: public(target, asked.key?).to_string(),
        scope: scope_word(asked.scope),
        privileges: names(set),
        when,
        not_reached: all.saturating_sub(rules.len()),
        rules,
    })
}

/// A privilege, and when it is asked for.
struct Wanted<'a, 'k> {
    asked: Asked<'a, 'k>,
    when: Option<When>,
}

/// Each privilege that is asked for in one of the states, once, in the order in which they are asked for.
fn wanted<'a, 'k>(matter: &Matter<'a>, places: &Places<'k>, states: States) -> Vec<Wanted<'a, 'k>> {
    let mut found: Vec<(Asked<'a, 'k>, Vec<States>)> = Vec::new();
    for states in states.possible() {
        let Some(needs) = matter.operation.needs(states.target, states.destination) else {
            continue;
        };
        ask(&matter.access, &needs, places, &mut |asked| {
            let same = |other: &Asked<'_, '_>| {
                (other.subject, other.key, other.scope, other.privilege)
                    == (asked.subject, asked.key, asked.scope, asked.privilege)
            };
            match found.iter_mut().find(|(other, _)| same(other)) {
                // One need may ask for the tree and another for the resource itself.
                Some((_, seen)) if seen.contains(&states) => {}
                Some((_, seen)) => seen.push(states),
                None => found.push((asked, vec![states])),
            }
        });
    }
    let when = |seen: Vec<States>| When::of(&seen, states);
    found
        .into_iter()
        .map(|(asked, seen)| Wanted {
            asked,
            when: when(seen),
        })
        .collect()
}

impl When {
    /// The states in which something is asked, of those that there may be; `None`: all.
    fn of(seen: &[States], all: States) -> Option<Self> {
        let words = |of: fn(&States) -> State, possible: &[State]| -> Vec<&'static str> {
            let found = possible
                .iter()
                .filter(|state| seen.iter().any(|states| of(states) == **state));
            let found: Vec<State> = found.copied().collect();
            match found.len() == possible.len() {
                true => Vec::new(),
                false => found.into_iter().filter_map(state_word).collect(),
            }
        };
        let target = words(|states| states.target, all.target.possible());
        let destination = words(|states| states.destination, all.destination.possible());
        let any = !target.is_empty() || !destination.is_empty();
        any.then_some(Self { target, destination })
    }
}

fn names(set: PrivilegeSet) -> Vec<&'static str> {
    set.iter().map(|privilege| privilege.name().local).collect()
}

/// The word for a scope.
fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Itself => "itself",
        Scope::Tree => "below",
    }
}
