//! Which route a request belongs to (P-11): by host and by the longest public prefix, in as many look-ups as the path is deep.

use std::collections::{BTreeSet, HashMap};

use super::Route;
use crate::url::{Authority, CanonicalPath, path::key_starts_with};

/// Look-up by host and path. Routes are named by their place in the policy.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    by_host: HashMap<String, Prefixes>,
    any_host: Prefixes,
}

#[derive(Clone, Debug, Default)]
struct Prefixes {
    routes: HashMap<String, usize>,
    ordered: BTreeSet<String>,
}

impl Prefixes {
    fn insert(&mut self, key: &str, route: usize) {
        self.routes.entry(key.to_owned()).or_insert(route);
        self.ordered.insert(key.to_owned());
    }

    /// The longest prefix of `key`, with its length.
    fn longest(&self, key: &str) -> Option<(usize, usize)> {
        let mut rest = key;
        loop {
            if let Some(route) = self.routes.get(rest) {
                return Some((rest.len(), *route));
            }
            let at = rest.rfind('/')?;
            rest = rest.get(..at)?;
        }
    }

    /// The prefixes strictly below `key`.
    fn below<'a>(&'a self, key: &'a str) -> impl Iterator<Item = usize> + 'a {
        let from = format!("{key}/");
        let inside = move |prefix: &&String| key_starts_with(prefix, key);
        self.ordered
            .range(from..)
            .take_while(inside)
            .filter_map(|prefix| self.routes.get(prefix).copied())
    }
}

impl RouteTable {
    /// The table of `routes`.
    pub fn new(routes: &[Route]) -> Self {
        let mut table = Self::default();
        for (number, route) in routes.iter().enumerate() {
            let key = route.map.public().0.key();
            if route.hosts.is_empty() {
                table.any_host.insert(key, number);
            }
            for host in &route.hosts {
                table.by_host.entry(host.clone()).or_default().insert(key, number);
            }
        }
        table
    }

    fn tables(&self, host: &Authority) -> impl Iterator<Item = &Prefixes> {
        self.by_host.get(host.host()).into_iter().chain([&self.any_host])
    }

    /// Whether any route answers to `host` (O-2, B-7).
    pub fn knows_host(&self, host: &Authority) -> bool {
        self.tables(host).any(|table| !table.routes.is_empty())
    }

    /// The route of the longest prefix; of two equal ones that of the named host.
    pub fn find(&self, host: &Authority, path: &CanonicalPath) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        for found in self.tables(host).filter_map(|table| table.longest(path.key())) {
            if best.is_none_or(|(length, _)| found.0 > length) {
                best = Some(found);
            }
        }
        best.map(|(_, route)| route)
    }

    /// The routes whose public prefix is strictly below `path`.
    pub fn below<'a>(&'a self, host: &Authority, path: &'a CanonicalPath) -> impl Iterator<Item = usize> + 'a {
        let tables: Vec<&Prefixes> = self.tables(host).collect();
        tables.into_iter().flat_map(|table| table.below(path.key()))
    }
}
