//! `methods:` of a route. In: names or rules as they stand. Out: the method filter, in file order; a rule that can never decide
//! is a warning, since the reader of the file probably thinks it does.

use super::document::Document;
use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::method_names::{self, NONE};
use super::methods::{MethodName, RawMethodEntry, RawMethods, RawRule};
use crate::policy::filter::{MethodFilter, MethodRule};
use crate::policy::method::MethodSet;
use crate::rules::PathPattern;

/// What a filter is read with besides the rules.
pub struct Context<'a> {
    /// Folds the literals of paths as the route folds keys.
    pub fold: &'a dyn Fn(&str) -> String,
    /// Whether it folds.
    pub ignore_case: bool,
    /// The lines of the document.
    pub places: &'a Document<'a>,
}

/// The filter that `raw` at `path` describes; without `raw`, read, write and lock pass everywhere.
pub fn compile(judge: &mut Judge, raw: Option<&RawMethods>, path: &KeyPath, context: &Context<'_>) -> MethodFilter {
    let everywhere = |allowed| one_rule(allowed, context.places.line(path));
    let Some(raw) = raw else {
        return everywhere(method_names::default_methods());
    };
    let entries = || {
        raw.0
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((path.item(index), entry.as_ref()?)))
    };
    match raw.0.iter().flatten().next() {
        None if raw.0.is_empty() => {
            judge.refuse(Problem::new(path.clone(), "is empty").expected("names or rules; [none] lets nothing pass"));
            everywhere(MethodSet::default())
        }
        None => everywhere(MethodSet::default()),
        Some(RawMethodEntry::Name(_)) => {
            let mut names = Vec::new();
            for (at, entry) in entries() {
                match entry {
                    RawMethodEntry::Name(name) => names.push((at, name)),
                    RawMethodEntry::Rule(_) => mixed(judge, at, "is a rule among names"),
                }
            }
            everywhere(compile_names(judge, names.into_iter(), path))
        }
        Some(RawMethodEntry::Rule(_)) => {
            let mut rules = Vec::new();
            for (at, entry) in entries() {
                match entry {
                    RawMethodEntry::Rule(rule) => rules.extend(compile_rule(judge, rule, &at, context)),
                    RawMethodEntry::Name(_) => mixed(judge, at, "is a name among rules"),
                }
            }
            // With a rule refused, the numbers of the others would be wrong.
            let complete = rules.len() == raw.0.len();
            let filter = MethodFilter::new(rules);
            if complete {
                warn_unreachable(judge, &filter, path);
            }
            filter
        }
    }
}

fn mixed(judge: &mut Judge, at: KeyPath, what: &str) {
    judge.refuse(Problem::new(at, what).expected("either names only, or rules only"));
}

fn one_rule(allowed: MethodSet, line: usize) -> MethodFilter {
    // `/**` is a pattern; were it not, the filter would hold no rule and let nothing pass.
    let everything = PathPattern::parse("/**").ok();
    let rule = MethodRule {
        allowed,
        body: None,
        line,
        index: 0,
    };
    MethodFilter::new(everything.map(|pattern| (pattern, rule)).into_iter().collect())
}

fn compile_rule(
    judge: &mut Judge,
    raw: &RawRule,
    path: &KeyPath,
    context: &Context<'_>,
) -> Option<(PathPattern, MethodRule)> {
    let text = judge.required_key(
        raw.path.as_deref(),
        path,
        "path",
        "a path relative to the route, such as /archive/**",
    );
    let pattern = text.and_then(|text| {
        PathPattern::parse_folded(text, context.fold, context.ignore_case)
            .map_err(|error| judge.refuse(Problem::new(path.key("path"), error.to_string())))
            .ok()
    });
    let at = path.key("allow");
    let names = judge.required(raw.allow.as_ref(), &at, "methods or classes, such as [read]");
    if names.is_some_and(Vec::is_empty) {
        judge.refuse(Problem::new(at.clone(), "is empty").expected("methods or classes; [none] lets nothing pass"));
    }
    let items = names.into_iter().flatten().enumerate();
    let names = items.filter_map(|(index, name)| Some((at.item(index), name.as_ref()?)));
    let allowed = compile_names(judge, names, &at);
    let body = raw.limits.as_ref().and_then(|limits| limits.body).map(|size| size.0);
    let line = context.places.line(path);
    pattern.map(|pattern| {
        (
            pattern,
            MethodRule {
                allowed,
                body,
                line,
                index: 0,
            },
        )
    })
}

fn compile_names<'a>(
    judge: &mut Judge,
    names: impl Iterator<Item = (KeyPath, &'a MethodName)>,
    path: &KeyPath,
) -> MethodSet {
    let mut allowed = MethodSet::default();
    let mut seen: Vec<&str> = Vec::new();
    for (at, MethodName(name)) in names {
        match method_names::look_up(name, &at) {
            Ok(set) => {
                if seen.contains(&name.as_str()) {
                    judge.warn(&at, format!("{name} is here twice"));
                } else if name != NONE && set.iter().all(|method| allowed.contains(method)) {
                    judge.warn(&at, format!("{name} is in the names before it"));
                }
                allowed = allowed.union(set);
                seen.push(name);
            }
            Err(problem) => judge.refuse(problem),
        }
    }
    if seen.len() > 1 && seen.contains(&NONE) {
        judge.refuse(Problem::new(path.clone(), "none stands beside other names").expected("none alone"));
    }
    allowed
}

fn warn_unreachable(judge: &mut Judge, filter: &MethodFilter, path: &KeyPath) {
    for (rule, earlier) in filter.unreachable() {
        judge.warn(
            &path.item(rule.index),
            format!("can never match: the rule on line {} comes first", earlier.line),
        );
    }
}
