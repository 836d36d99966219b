//! A second, naive reader of the rules that an import prints: every rule is tried for every question, in order. In: YAML, a
//! requester, a path and an operation. Out: whether it may be done, by the table of methods and privileges (PV-1 to PV-16).

use serde_yaml::Value;

use super::{Import, yaml};
use crate::rules::PathPattern;

/// Rules as the file would have them.
pub struct Printed {
    rules: Value,
    text: String,
}

/// Who asks; groups are what `identity:` would say.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub user: Option<&'a str>,
    pub groups: &'a [&'a str],
}

impl Printed {
    pub fn of(import: &Import) -> Self {
        let text = yaml::print(import, "test", "FILE");
        let rules = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self { rules, text }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Operations: a method on what exists; `PUT+`, `LOCK+`: on what does not; `DELETE/`: on a folder; `COPY:/to`, `MOVE:/to`: to a
    /// path where nothing is; `COPY=:/to`: onto a file.
    pub fn allows(&self, who: Asking, path: &str, operation: &str) -> bool {
        let key = path.trim_end_matches('/');
        let parent = key.rsplit_once('/').map_or("", |(parent, _)| parent);
        let (operation, destination) = operation.split_once(':').unwrap_or((operation, ""));
        let destination_parent = destination.rsplit_once('/').map_or("", |(parent, _)| parent);
        let method = operation.trim_end_matches(['+', '/', '=']);
        if !self.method_passes(key, method) || (!destination.is_empty() && !self.method_passes(destination, method)) {
            return false;
        }
        let below = [
            key.to_owned(),
            format!("{key}/x"),
            format!("{key}/x/y"),
            format!("{key}/x/y/z"),
        ];
        let has = |key: &str, privilege: &str| self.has(who, key, privilege);
        match operation {
            "GET" | "HEAD" | "OPTIONS" | "PROPFIND" | "REPORT" | "SEARCH" => has(key, "read"),
            "PUT" | "LOCK" | "PATCH" | "POST" => has(key, "write-content"),
            "PUT+" | "LOCK+" | "MKCOL" | "MKCALENDAR" | "PATCH+" => has(parent, "bind"),
            "PROPPATCH" => has(key, "write-properties"),
            "DELETE" => has(parent, "unbind"),
            "DELETE/" => has(parent, "unbind") && below.iter().all(|key| has(key, "unbind")),
            "COPY" => has(key, "read") && has(destination_parent, "bind"),
            "COPY=" => has(key, "read") && has(destination, "write-content") && has(destination, "write-properties"),
            "MOVE" => has(key, "read") && has(parent, "unbind") && has(destination_parent, "bind"),
            other => panic!("{other}"),
        }
    }

    fn method_passes(&self, key: &str, method: &str) -> bool {
        let Some(rules) = self.rules.get("methods") else {
            return default_methods().any(|name| name == method);
        };
        let rule = rules
            .as_sequence()
            .unwrap()
            .iter()
            .find(|rule| matches(&rule["path"], key, None));
        rule.is_some_and(|rule| {
            strings(&rule["allow"])
                .iter()
                .any(|name| class(name).contains(&method) || name == method)
        })
    }

    fn has(&self, who: Asking, key: &str, privilege: &str) -> bool {
        for rule in self.rules["access"].as_sequence().unwrap() {
            let verdict = if rule.get("allow").is_some() { "allow" } else { "deny" };
            let named = strings(&rule[verdict])
                .iter()
                .any(|name| name == privilege || name == "all" || (name == "write" && privilege != "read"));
            let meant = strings(&rule["to"]).iter().any(|to| principal(to, who));
            if named && meant && matches(&rule["path"], key, who.user) {
                return verdict == "allow";
            }
        }
        false
    }
}

fn default_methods() -> impl Iterator<Item = &'static str> {
    ["read", "write", "lock"].iter().flat_map(|name| class(name)).copied()
}

fn class(name: &str) -> &'static [&'static str] {
    match name {
        "read" => &["OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"],
        "write" => &["PUT", "DELETE", "MKCOL", "MKCALENDAR", "COPY", "MOVE", "PROPPATCH"],
        "lock" => &["LOCK", "UNLOCK"],
        _ => &[],
    }
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    }
}

fn principal(to: &str, who: Asking) -> bool {
    match (to.split_once(':'), who.user) {
        (Some(("user", name)), Some(user)) => name == user,
        (Some(("group", name)), Some(_)) => who.groups.contains(&name),
        (None, user) => match to {
            "everyone" => true,
            "authenticated" => user.is_some(),
            "anonymous" => user.is_none(),
            other => panic!("{other}"),
        },
        (Some(("user" | "group", _)), None) => false,
        other => panic!("{other:?}"),
    }
}

fn matches(pattern: &Value, key: &str, user: Option<&str>) -> bool {
    let pattern = pattern.as_str().unwrap();
    let pattern = match (pattern.contains("{user}"), user) {
        (false, _) => pattern.to_owned(),
        (true, Some(user)) => pattern.replace("{user}", &super::paths::segment(user)),
        (true, None) => return false,
    };
    PathPattern::parse(&pattern)
        .unwrap_or_else(|error| panic!("{pattern}: {error}"))
        .matches(key, None)
}
