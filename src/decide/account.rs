//! What is known of a request so far, for whoever tells of it: the log line of a refusal names as much as was read before it.

use std::sync::Arc;

use crate::{
    identity::Principal,
    policy::{Method, Route},
    url::{Authority, CanonicalPath},
};

use super::Denial;

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
            Some(Denial::NeedPrivileges(_, _, by) | Denial::Unauthenticated(by) | Denial::Hidden(by)) => {
                ("access", by.0?)
            }
            Some(_) | None => ("methods", self.rule?),
        };
        Some(format!("{}.{list}[{index}] (line {line})", route.name))
    }
}
