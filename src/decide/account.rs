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
    /// is missing, and nothing where no entry grants it; where it permits, the entry that grants the first of what is needed.
    pub fn configured_rule(&self, refusal: Option<&Denial>) -> Option<String> {
        let route = self.route.as_ref()?;
        let (list, (index, line)) = match refusal {
            Some(Denial::NeedPrivileges(_, privilege)) => ("access", self.deciding_entry(Some(*privilege), false)?),
            Some(Denial::Unauthenticated | Denial::Hidden) => ("access", self.deciding_entry(None, false)?),
            Some(_) => ("methods", self.rule?),
            None => match self.deciding_entry(None, true) {
                Some(entry) => ("access", entry),
                None => ("methods", self.rule?),
            },
        };
        Some(format!("{}.{list}[{index}] (line {line})", route.name))
    }

    /// Number and line of the entry of `access` that decided about `privilege`, or else about the first that is `granted` by an entry or is
    /// not. What is there is not known any more, so this looks at all that could be.
    fn deciding_entry(&self, privilege: Option<Privilege>, granted: bool) -> Option<(usize, usize)> {
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
        let mut first = None;
        ask(&access, &needs, &places, &mut |asked| {
            let meant = asked.granted == granted && privilege.is_none_or(|privilege| asked.privilege == privilege);
            if meant && first.is_none() && (asked.by.is_some() || !granted) {
                first = Some(asked.by);
            }
        });
        first.flatten().map(|entry| (entry.index, entry.line))
    }
}
