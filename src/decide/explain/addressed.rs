//! Where a request goes that somebody imagines. In: a target with the public path, as people write it. Out: a host that has it; and the target
//! as it comes, which has lost its prefix where a proxy in front takes that off (RM-2).

use crate::url::{Authority, CanonicalPath, path_rules::PathUse};

use super::super::Gate;

/// A host that the route with the longest prefix of `target` answers to.
pub(super) fn host_of(gate: &Gate, target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let path = CanonicalPath::parse(path.as_bytes()).unwrap_or_else(|_| CanonicalPath::root());
    let path = gate.well_known(&path).map_or(path, |place| place.0.clone());
    let holds = gate
        .routes()
        .iter()
        .filter(|route| path.starts_with(&route.map.public().0));
    let best = holds.rev().max_by_key(|route| route.map.public().0.segments().count());
    let stripped = || gate.routes().iter().find(|route| route.unprefixed);
    let host = best
        .or_else(stripped)
        .or(gate.routes().first())
        .and_then(|route| route.hosts.first());
    host.map_or_else(|| "localhost".to_owned(), Clone::clone)
}

/// `target` as it comes to `host`.
pub(super) fn sent(gate: &Gate, host: &str, target: String) -> String {
    without_prefix(gate, host, &target).unwrap_or(target)
}

fn without_prefix(gate: &Gate, host: &str, target: &str) -> Option<String> {
    let route = gate.unprefixed(&Authority::parse(host)?)?;
    let end = target.find('?').unwrap_or(target.len());
    let (path, query) = target.split_at_checked(end)?;
    let path = CanonicalPath::parse(path.as_bytes()).ok()?;
    let path = route.path_rules.apply(path, PathUse::Target).ok()?;
    let rest = path.rebase(&route.map.public().0, &CanonicalPath::root())?;
    Some(format!("{rest}{query}"))
}
