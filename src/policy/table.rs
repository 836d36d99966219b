//! Which route a request belongs to (P-11): by host and by the longest public prefix, in as many look-ups as the path is deep.
//! Prefixes of routes that fold letter case (`case: fold`, P-8) are compared folded, all others as they are.

use std::collections::{BTreeMap, HashMap};

use super::Route;
use crate::url::{Authority, CanonicalPath, path::key_starts_with, path_rules::fold_case};

/// Look-up by host and path. Routes are named by their place in the policy. The configuration sees to it that what lies in a
/// route that folds does so too: so a path finds the same route before and after its route has folded the key.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    by_host: HashMap<String, Prefixes>,
    any_host: Prefixes,
    /// The routes whose prefix is taken off before requests come here, by host; the configuration sees to it that there is one.
    unprefixed: HashMap<String, usize>,
    unprefixed_any: Option<usize>,
    /// Whether any route folds: if none does, no key is folded for nothing.
    folds: bool,
}

/// The prefixes of one host; of routes that fold, the folded keys.
#[derive(Clone, Debug, Default)]
struct Prefixes {
    exact: BTreeMap<String, usize>,
    folded: BTreeMap<String, usize>,
}

/// A path's key in both forms.
struct Keys<'a> {
    exact: &'a str,
    folded: String,
}

impl Prefixes {
    fn insert(&mut self, route: &Route, number: usize) {
        let key = route.map.public().0.key();
        let (prefixes, key) = if route.path_rules.fold {
            (&mut self.folded, fold_case(key))
        } else {
            (&mut self.exact, key.to_owned())
        };
        prefixes.entry(key).or_insert(number);
    }

    /// The longest prefix of the path: its number of segments, and its route.
    fn longest(&self, keys: &Keys<'_>) -> Option<(usize, usize)> {
        let exact = longest(&self.exact, keys.exact);
        match longest(&self.folded, &keys.folded) {
            // Segments are counted, not bytes: folding changes the length of some names.
            Some(folded) if exact.is_none_or(|(depth, _)| folded.0 > depth) => Some(folded),
            Some(_) | None => exact,
        }
    }
}

fn longest(prefixes: &BTreeMap<String, usize>, key: &str) -> Option<(usize, usize)> {
    let mut rest = key;
    while !prefixes.is_empty() {
        if let Some(route) = prefixes.get(rest) {
            return Some((rest.matches('/').count(), *route));
        }
        let at = rest.rfind('/')?;
        rest = rest.get(..at)?;
    }
    None
}

/// The routes of the prefixes strictly below `key`.
fn below(prefixes: &BTreeMap<String, usize>, key: &str) -> impl Iterator<Item = usize> {
    prefixes
        .range(format!("{key}/")..)
        .take_while(move |(prefix, _)| key_starts_with(prefix, key))
        .map(|(_, route)| *route)
}

impl RouteTable {
    /// The table of `routes`.
    pub fn new(routes: &[Route]) -> Self {
        let mut table = Self::default();
        for (number, route) in routes.iter().enumerate() {
            table.folds |= route.path_rules.fold;
            if route.hosts.is_empty() {
                table.any_host.insert(route, number);
                table.unprefixed_any = table.unprefixed_any.or(route.unprefixed.then_some(number));
            }
            for host in &route.hosts {
                table.by_host.entry(host.clone()).or_default().insert(route, number);
                if route.unprefixed {
                    table.unprefixed.entry(host.clone()).or_insert(number);
                }
            }
        }
        table
    }

    fn tables(&self, host: &Authority) -> impl Iterator<Item = &Prefixes> {
        self.by_host.get(host.host()).into_iter().chain([&self.any_host])
    }

    fn keys<'a>(&self, path: &'a CanonicalPath) -> Keys<'a> {
        let exact = path.key();
        let folded = if self.folds { fold_case(exact) } else { String::new() };
        Keys { exact, folded }
    }

    /// Whether any route answers to `host` (O-2, B-7).
    pub fn knows_host(&self, host: &Authority) -> bool {
        self.tables(host)
            .any(|table| !(table.exact.is_empty() && table.folded.is_empty()))
    }

    /// The route whose prefix is not in the paths of requests to `host` any more (RM-2).
    pub fn unprefixed(&self, host: &Authority) -> Option<usize> {
        self.unprefixed.get(host.host()).copied().or(self.unprefixed_any)
    }

    /// The route of the longest prefix; of two equal ones that of the named host. The key of `path` may be folded or not.
    pub fn find(&self, host: &Authority, path: &CanonicalPath) -> Option<usize> {
        let keys = self.keys(path);
        let mut best: Option<(usize, usize)> = None;
        for found in self.tables(host).filter_map(|table| table.longest(&keys)) {
            if best.is_none_or(|(depth, _)| found.0 > depth) {
                best = Some(found);
            }
        }
        best.map(|(_, route)| route)
    }

    /// The routes whose public prefix is strictly below `path`, whose key may be folded or not.
    pub fn below(&self, host: &Authority, path: &CanonicalPath) -> impl Iterator<Item = usize> {
        let keys = self.keys(path);
        let mut found = Vec::new();
        for table in self.tables(host) {
            found.extend(below(&table.exact, keys.exact));
            found.extend(below(&table.folded, &keys.folded));
        }
        found.into_iter()
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
