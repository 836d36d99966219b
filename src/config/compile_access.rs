//! `access:` of a route. In: rules as they stand. Out: the access control list, in file order; a rule that can never decide is a
//! warning, since the reader of the file probably thinks it does.

use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::access::{PrivilegeName, RawAccessRule, RawTo, WhoName};
use super::document::Document;
use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::List;
use crate::access::privilege::SUPPORTED;
use crate::access::{Ace, Acl, Effect, PrivilegeSet, Who};
use crate::identity::principal::judge_name;
use crate::policy::Method;
use crate::rules::PathPattern;

/// What a list is read with besides the rules.
pub struct Context<'a> {
    /// Folds the literals of paths as the route folds keys.
    pub fold: &'a dyn Fn(&str) -> String,
    /// Whether it folds.
    pub ignore_case: bool,
    /// The lines of the document.
    pub places: &'a Document<'a>,
    /// The groups there can be; `None` where sources of identity bring their own.
    pub groups: Option<&'a BTreeSet<String>>,
}

const WHO: &str = "everyone, authenticated, anonymous, user:NAME or group:NAME";

/// The list that `raw` at `path` describes.
pub fn compile(judge: &mut Judge, raw: &List<RawAccessRule>, path: &KeyPath, context: &Context<'_>) -> Acl {
    if raw.is_empty() {
        let problem = Problem::new(path.clone(), "is empty");
        judge.refuse(problem.expected("rules, or the key left out for no access control"));
    }
    let mut rules = Vec::with_capacity(raw.len());
    for (index, rule) in raw.iter().enumerate() {
        let compiled = rule
            .as_ref()
            .and_then(|rule| compile_rule(judge, rule, &path.item(index), context));
        rules.extend(compiled);
    }
    // With a rule refused, the numbers of the others would be wrong.
    let complete = rules.len() == raw.len();
    let acl = Acl::new([rules], context.ignore_case);
    if complete {
        warn_unreachable(judge, &acl, path);
    }
    acl
}

fn compile_rule(
    judge: &mut Judge,
    raw: &RawAccessRule,
    path: &KeyPath,
    context: &Context<'_>,
) -> Option<(PathPattern, Ace)> {
    // Paths of keys are made where there is something to say: that 100,000 rules are good is soon said.
    let text = judge.required_key(
        raw.path.as_deref(),
        path,
        "path",
        "a path relative to the route, such as /shared/**",
    );
    let pattern = text.and_then(|text| {
        PathPattern::parse_for_users(text, context.fold, context.ignore_case)
            .map_err(|error| judge.refuse(Problem::new(path.key("path"), error.to_string())))
            .ok()
    });
    let privileges = match (&raw.allow, &raw.deny) {
        (Some(names), None) => Some((Effect::Allow, privileges(judge, names, || path.key("allow")))),
        (None, Some(names)) => Some((Effect::Deny, privileges(judge, names, || path.key("deny")))),
        (Some(_), Some(_)) => {
            let problem = Problem::new(path.clone(), "has both allow and deny");
            judge.refuse(problem.expected("one of them; make it two rules"));
            None
        }
        (None, None) if judge.has_refused(&path.key("allow")) || judge.has_refused(&path.key("deny")) => None,
        (None, None) => {
            judge.refuse(Problem::new(path.clone(), "has neither allow nor deny").expected("one of them"));
            None
        }
    };
    let to = judge.required_key(raw.to.as_ref(), path, "to", WHO);
    let to = to.map(|raw| audience(judge, raw, || path.key("to"), context));
    let (pattern, ((effect, privileges), to)) = pattern.zip(privileges.zip(to))?;
    if pattern.names_user() && !to.is_empty() && to.iter().all(|who| *who == Who::Anonymous) {
        judge.warn(path, "can never match: {user} is nobody where to is anonymous");
    }
    let ace = Ace {
        effect,
        privileges,
        to,
        line: context.places.line(path),
        index: 0,
    };
    Some((pattern, ace))
}

/// `path` is that of the list.
fn privileges(judge: &mut Judge, names: &List<PrivilegeName>, path: impl Fn() -> KeyPath) -> PrivilegeSet {
    if names.is_empty() {
        judge.refuse(Problem::new(path(), "is empty").expected("privileges, such as [read]"));
    }
    let mut all = PrivilegeSet::default();
    for (index, item) in names.iter().enumerate() {
        let Some(PrivilegeName(name)) = item else { continue };
        let at = || path().item(index);
        match PrivilegeSet::named(name) {
            Some(set) => {
                if all.contains(set) {
                    judge.warn(&at(), format!("{name} is in the names before it"));
                }
                all = all.union(set);
            }
            None => {
                let known: Vec<_> = SUPPORTED.walk().map(|privilege| privilege.name.local).collect();
                let hint = match Method::parse(name) {
                    Some(_) => " but a method, which belongs into methods",
                    None => "",
                };
                let problem = Problem::new(at(), format!("{name:?} is no privilege{hint}"));
                let expected = format!("one of {}", known.join(", "));
                judge.refuse(problem.expected(expected).did_you_mean(name, known));
            }
        }
    }
    all
}

/// `path` is that of the value.
fn audience(judge: &mut Judge, raw: &RawTo, path: impl Fn() -> KeyPath, context: &Context<'_>) -> Vec<Who> {
    let names = match raw {
        RawTo::One(WhoName(name)) => {
            let one = who(name, &path, context).map_err(|problem| judge.refuse(problem));
            return one.into_iter().collect();
        }
        RawTo::Several(names) => names,
    };
    if names.is_empty() {
        judge.refuse(Problem::new(path(), "is empty").expected(WHO));
    }
    let mut all = Vec::with_capacity(names.len());
    for (index, item) in names.iter().enumerate() {
        let Some(WhoName(text)) = item else { continue };
        let at = || path().item(index);
        match who(text, at, context) {
            Ok(who) if all.contains(&who) => judge.warn(&at(), format!("{text} is here twice")),
            Ok(who) => all.push(who),
            Err(problem) => judge.refuse(problem),
        }
    }
    all
}

fn who(text: &str, path: impl Fn() -> KeyPath, context: &Context<'_>) -> Result<Who, Problem> {
    let unknown = || {
        let words = ["everyone", "authenticated", "anonymous", "user:NAME", "group:NAME"];
        let problem = Problem::new(path(), format!("{text:?} is nobody")).expected(WHO);
        match context.groups.filter(|groups| groups.contains(text)) {
            Some(_) => problem.suggest(format!("group:{text}")),
            None => problem.did_you_mean(text, words),
        }
    };
    let (kind, name) = match text.split_once(':') {
        Some((kind, name)) => (kind, nfc(name)),
        None => {
            return match text {
                "everyone" => Ok(Who::Everyone),
                "authenticated" => Ok(Who::Authenticated),
                "anonymous" => Ok(Who::Anonymous),
                _ => Err(unknown()),
            };
        }
    };
    if kind != "user" && kind != "group" {
        return Err(unknown());
    }
    if name == "{user}" {
        let problem = Problem::new(path(), "{user} stands in paths only");
        return Err(problem.expected("authenticated, and {user} in the path"));
    }
    judge_name(&name).map_err(|error| Problem::new(path(), format!("no {kind} has this name: {error}")))?;
    if name.trim() != name {
        let problem = Problem::new(
            path(),
            format!("no {kind} has this name: it begins or ends with a blank"),
        );
        return Err(problem.expected(format!("{kind}:{}", name.trim())));
    }
    if kind == "user" {
        return Ok(Who::User(name));
    }
    // A group that nobody is in: a denial to it would deny nothing.
    match context.groups {
        Some(groups) if !groups.contains(&name) => {
            let problem = Problem::new(path(), format!("no group is called {name:?}"));
            Err(problem
                .expected("a group of identity.groups")
                .did_you_mean(&name, groups.iter().map(String::as_str)))
        }
        Some(_) | None => Ok(Who::Group(name)),
    }
}

fn nfc(name: &str) -> String {
    if is_nfc(name) {
        name.to_owned()
    } else {
        name.nfc().collect()
    }
}

fn warn_unreachable(judge: &mut Judge, acl: &Acl, path: &KeyPath) {
    for (ace, earlier) in acl.unreachable() {
        let lines: Vec<String> = earlier.iter().map(|ace| ace.line.to_string()).collect();
        let first = match lines.as_slice() {
            [line] => format!("the rule on line {line} comes first"),
            lines => format!("the rules on lines {} come first", lines.join(", ")),
        };
        judge.warn(&path.item(ace.index), format!("can never match: {first}"));
    }
}

#[cfg(test)]
#[path = "compile_access_tests.rs"]
mod tests;
