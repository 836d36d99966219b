//! What is known of a request so far, for whoever tells of it: the log line of a refusal names as much as was read before it.

use std::sync::Arc;

use crate::{
    identity::Principal,
    policy::{Method, Route},
    request::{
        Depth, State,
        operation::{Kind, Operation},
    },
    url::{Authority, CanonicalPath, PublicPath},
};

use super::{
    Denial,
    missing::{Places, ask},
};

/// The facts that a log line is made of. Filled in the order of the checks; what was not reached is `None`.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The method, once it is known to be one.
    pub method: Option<Method>,
    /// The host that was asked.
    pub host: Option<Authority>,
    /// The public path, canonical.
    pub path: Option<CanonicalPath>,
    /// The route.
    pub route: Option<Arc<Route>>,
    /// Who asks, once that is known.
    pub principal: Option<Arc<Principal>>,
    /// Where COPY and MOVE go, canonical, once it is known to be in the route.
    pub destination: Option<CanonicalPath>,
    /// The rule of `methods:` that decided: its number in the route's list, and its line in the file.
    pub rule: Option<(usize, usize)>,
}

impl Account {
    /// The rule of the configuration that decided, such as `files.methods[1] (line 23)`: where `access` refuses, the entry that denies what
    /// is missing, and nothing where no entry grants it; where it permits, every entry that grants what is needed.
    pub fn configured_rule(&self, refusal: Option<&Denial>) -> Option<String> {
        let route = self.route.as_ref()?;
        let (list, entries) = match refusal {
            Some(Denial::NeedPrivileges(_, _, by) | Denial::Unauthenticated(by) | Denial::Hidden(by)) => {
                ("access", vec![by.0?])
            }
            Some(_) => ("methods", vec![self.rule?]),
            None => match self.granting_entries() {
                entries if entries.is_empty() => ("methods", vec![self.rule?]),
                entries => ("access", entries),
            },
        };
        let name = |(index, line): &(usize, usize)| format!("{}.{list}[{index}] (line {line})", route.name);
        Some(entries.iter().map(name).collect::<Vec<_>>().join(", "))
    }

    /// Number and line of the entries of `access` that grant what the request needs, each once. What is there is not known any more, so
    /// these are for all that could be.
    fn granting_entries(&self) -> Vec<(usize, usize)> {
        let mut entries = Vec::new();
        self.each_granting(&mut |entry| {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        });
        entries
    }

    fn each_granting(&self, tell: &mut impl FnMut((usize, usize))) -> Option<()> {
        let (route, principal) = (self.route.as_ref()?, self.principal.as_ref()?);
        let operation = Operation {
            method: self.method?,
            depth: Depth::Infinity,
            kind: Kind::Plain,
            sources: route.backend.sources,
        };
        let key = |path: &CanonicalPath| route.map.relative_key(&PublicPath(path.clone())).to_owned();
        let (target, destination) = (key(self.path.as_ref()?), self.destination.as_ref().map(key));
        let places = Places {
            target: &target,
            destination: destination.as_deref(),
            ..Places::default()
        };
        let needs = operation.needs(State::Unknown, State::Unknown)?;
        let access = route.access.as_ref()?.of(principal);
        ask(&access, &needs, &places, &mut |asked| {
            asked
                .by
                .filter(|_| asked.granted)
                .into_iter()
                .for_each(|entry| tell((entry.index, entry.line)));
        });
        Some(())
    }
}
