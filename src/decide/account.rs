//! What is known of a request so far, for whoever tells of it: the log line of a refusal names as much as was read before it.

use std::sync::Arc;

use crate::{
    access::Privilege,
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
    missing::{Places, missing},
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
    /// is missing, and nothing where no entry grants it.
    pub fn configured_rule(&self, refusal: Option<&Denial>) -> Option<String> {
        let route = self.route.as_ref()?;
        let (list, (index, line)) = match refusal {
            Some(Denial::NeedPrivileges(_, privilege)) => ("access", self.denying_entry(Some(*privilege))?),
            Some(Denial::Unauthenticated | Denial::Hidden) => ("access", self.denying_entry(None)?),
            Some(_) | None => ("methods", self.rule?),
        };
        Some(format!("{}.{list}[{index}] (line {line})", route.name))
    }

    /// Number and line of the entry of `access` that denies `privilege`, or else the first that is missing. What is there is not known any
    /// more, so this looks at all that could be.
    fn denying_entry(&self, privilege: Option<Privilege>) -> Option<(usize, usize)> {
        let (route, principal) = (self.route.as_ref()?, self.principal.as_ref()?);
        let operation = Operation {
            method: self.method?,
            depth: Depth::Infinity,
            kind: Kind::Plain,
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
        let lacks = missing(&access, &needs, &places);
        let first = lacks
            .iter()
            .find(|lack| privilege.is_none_or(|privilege| lack.privilege == privilege))?;
        first.by.map(|entry| (entry.index, entry.line))
    }
}
