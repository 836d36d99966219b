//! The rules that were considered, as an explanation tells them. In: a route, resources, and privileges that were asked for. Out: for each
//! resource the rules in the order in which they were looked at, and what each had to do with it.

use crate::{
    access::{Ace, Bearing, Effect, PrivilegeSet, Scope},
    policy::{MethodRule, Route},
    request::operation::Subject,
    rules::PathPattern,
    url::PublicPath,
};

use super::super::{
    authorize::{Asked, ask},
    privileges::{Matter, public},
    state::States,
    target::Target,
};
use super::{AccessLook, AskedPrivilege, ConfiguredRule, ConsideredRule, FilterLook, word};

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
    let tell = |asked: Asked<'_, '_>| AskedPrivilege {
        resource: word(asked.subject),
        path: asked.key.map(|key| public(target, key).to_string()),
        scope: scope_word(asked.scope),
        privilege: asked.privilege.name().local,
        granted: asked.granted,
        by: asked.by.and_then(|ace| found_access_rule(&target.route, ace)),
    };
    let mut found = Vec::new();
    each(matter, states, &mut |asked| found.push(tell(asked)));
    found
}

/// The rules of `access:` for everything that may be asked for in these states.
pub(super) fn of_access(target: &Target, matter: &Matter<'_>, states: States) -> Vec<AccessLook> {
    let mut places: Vec<(Subject, String, Scope, PrivilegeSet)> = Vec::new();
    let places_seen = &mut places;
    each(matter, states, &mut |asked| {
        let Some(key) = asked.key else { return };
        let privilege = PrivilegeSet::of(&[asked.privilege]);
        let known = places_seen
            .iter_mut()
            .find(|(_, other, scope, _)| other == key && *scope == asked.scope);
        match known {
            Some((_, _, _, set)) => *set = set.union(privilege),
            None => places_seen.push((asked.subject, key.to_owned(), asked.scope, privilege)),
        }
    });
    places
        .into_iter()
        .map(|(subject, key, scope, set)| look(target, matter, subject, &key, scope, set))
        .collect()
}

fn look(
    target: &Target,
    matter: &Matter<'_>,
    subject: Subject,
    key: &str,
    scope: Scope,
    set: PrivilegeSet,
) -> AccessLook {
    let considered = matter.access.considered(key, scope, set);
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
    AccessLook {
        resource: word(subject),
        path: public(target, key).to_string(),
        scope: scope_word(scope),
        privileges: names(set),
        not_reached: all.saturating_sub(rules.len()),
        rules,
    }
}

/// Tells each privilege that is asked for in one of the states, once.
fn each<'m>(matter: &'m Matter<'_>, states: States, tell: &mut impl FnMut(Asked<'m, 'm>)) {
    // All states together: what each of them needs.
    let Some(needs) = matter.operation.needs(states.target, states.destination) else {
        return;
    };
    let mut seen: Vec<(Subject, Option<String>, Scope, &'static str)> = Vec::new();
    ask(&matter.access, &needs, &matter.places(), &mut |asked| {
        let this = (
            asked.subject,
            asked.key.map(str::to_owned),
            asked.scope,
            asked.privilege.name().local,
        );
        if !seen.contains(&this) {
            seen.push(this);
            tell(asked);
        }
    });
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
