//! Access control in the order of the checks (O-7, O-9, O-11, O-12): what the rules of a route say of a principal and a request. In: the
//! resources, the operation, what is known to be there. Out: nothing, or the refusal in the form that tells no more than it may (A-30 to
//!

use std::sync::Arc;

use crate::{
    access::{AccessOf, Privilege, PrivilegeSet},
    identity::Principal,
    policy::Method,
    request::{
        Depth, State,
        operation::{Kind, Operation, Subject},
    },
    url::{CanonicalPath, PublicPath},
};

use super::{
    Admitted, Denial, DeniedBy,
    missing::{Missing, Places, missing},
    target::Target,
};

/// Who asks. `may_prove`: there is a way to say who one is, so that 401 makes sense.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The principal.
    pub principal: Arc<Principal>,
    /// Whether the gateway has challenges for who is nobody yet.
    pub may_prove: bool,
    /// Whether this gateway asks who somebody is; where it does not, the back end alone does.
    pub gateway_asks: bool,
}

/// Whether whoever asks may read `path`; where the route has no list, everybody may.
pub(super) fn reads(target: &Target, path: &PublicPath) -> bool {
    let key = target.route.map.relative_key(path);
    access(target).is_none_or(|access| access.judge(key, PrivilegeSet::of(&[Privilege::Read])).is_granted())
}

/// The list of the route as whoever asks meets it; `None`: the route has none.
pub(super) fn access(target: &Target) -> Option<AccessOf<'_>> {
    let list = target.route.access.as_ref()?;
    Some(list.of(&target.asker.principal))
}

/// A request as the access rules of its route see it.
pub(super) struct Matter<'a> {
    target: &'a Target,
    /// The list as the principal meets it.
    pub access: AccessOf<'a>,
    /// What is to be done.
    pub operation: Operation,
    destination: Option<String>,
    named: Vec<String>,
}

impl<'a> Matter<'a> {
    /// As far as the head tells; `None`: the route has no list.
    pub fn of_head(target: &'a Target, depth: Depth, destination: Option<&PublicPath>) -> Option<Self> {
        Some(Self {
            access: access(target)?,
            operation: Operation {
                method: target.method,
                depth,
                // The least that the method may need: the body may say that it is more.
                kind: match target.method {
                    Method::Report => Kind::FreeBusy,
                    Method::Unlock => Kind::ByCreator,
                    _ => Kind::Plain,
                },
                sources: target.route.backend.sources,
            },
            destination: destination.map(|path| target.route.map.relative_key(path).to_owned()),
            named: Vec::new(),
            target,
        })
    }

    /// Head and body; `None`: the route has no list.
    pub fn of(admitted: &'a Admitted) -> Option<Self> {
        let destination = admitted.destination.as_ref().map(|found| &found.public);
        let head = Self::of_head(&admitted.target, admitted.depth.unwrap_or(Depth::Zero), destination)?;
        let key = |path: &PublicPath| admitted.target.route.map.relative_key(path).to_owned();
        Some(Self {
            operation: Operation {
                kind: admitted.kind,
                ..head.operation
            },
            named: admitted.named.iter().map(key).collect(),
            ..head
        })
    }

    /// Where its resources are.
    pub fn places(&self) -> Places<'_> {
        Places {
            target: self.target.key(),
            destination: self.destination.as_deref(),
            named: self.named.iter().map(String::as_str).collect(),
            ..Places::default()
        }
    }

    /// What is missing with these states; `None`: the method is never forwarded.
    pub fn lacks(&self, at_target: State, at_destination: State) -> Option<Vec<Missing<'a>>> {
        let needs = self.operation.needs(at_target, at_destination)?;
        Some(missing(&self.access, &needs, &self.places()))
    }

    /// What of that which `counts` is missing in every state there could be, as the first of them has it.
    fn lacks_always(&self, counts: impl Fn(&Missing<'_>) -> bool) -> Option<Vec<Missing<'a>>> {
        let mut first = None;
        for at_target in State::Unknown.possible() {
            for at_destination in State::Unknown.possible() {
                let mut lacks = self.lacks(*at_target, *at_destination)?;
                lacks.retain(|missing| counts(missing));
                if lacks.is_empty() {
                    return Some(lacks);
                }
                first.get_or_insert(lacks);
            }
        }
        Some(first.unwrap_or_default())
    }

    /// O-7: what is missing at the target whatever is there.
    pub fn lacks_at_target(&self) -> Option<Vec<Missing<'a>>> {
        if self.operation.method == Method::Unlock {
            return self.lacks_to_unlock();
        }
        self.lacks_always(|missing| matches!(missing.subject, Subject::Target | Subject::Parent))
    }

    /// PV-19, PV-20: who made a lock is the back end's to know. So whoever could have made it passes, and whoever holds `unlock`; to all
    /// others the answer would tell whether there is anything, and a token that they came by would be as good as their own.
    fn lacks_to_unlock(&self) -> Option<Vec<Missing<'a>>> {
        let places = Places {
            lock_root: Some(self.target.key()),
            ..self.places()
        };
        let lacks = |method, state| {
            let operation = Operation {
                method,
                depth: Depth::Zero,
                kind: Kind::Plain,
                sources: false,
            };
            let needs = operation.needs(state, State::Unmapped)?;
            Some(missing(&self.access, &needs, &places))
        };
        for state in [State::Unmapped, State::Resource] {
            let to_lock = lacks(Method::Lock, state)?;
            if to_lock.is_empty() {
                return Some(to_lock);
            }
        }
        lacks(Method::Unlock, State::Resource)
    }

    /// O-9: what is missing at Destination whatever is there, and at the target.
    pub fn lacks_at_destination(&self) -> Option<Vec<Missing<'a>>> {
        self.lacks_always(|_| true)
    }

    fn refuse(&self, lacks: Option<Vec<Missing<'a>>>) -> Result<(), Denial> {
        let never = Denial::MethodNotAllowed(self.target.allowed);
        refuse(lacks.ok_or(never)?, &self.access, self.target)
    }
}

/// O-7.
pub(super) fn at_target(target: &Target, depth: Depth) -> Result<(), Denial> {
    Matter::of_head(target, depth, None).map_or(Ok(()), |matter| matter.refuse(matter.lacks_at_target()))
}

/// O-9.
pub(super) fn at_destination(target: &Target, destination: &PublicPath, depth: Depth) -> Result<(), Denial> {
    Matter::of_head(target, depth, Some(destination))
        .map_or(Ok(()), |matter| matter.refuse(matter.lacks_at_destination()))
}

/// O-11, O-12: the verdict with these states.
pub(super) fn judge(admitted: &Admitted, at_target: State, at_destination: State) -> Result<(), Denial> {
    Matter::of(admitted).map_or(Ok(()), |matter| matter.refuse(matter.lacks(at_target, at_destination)))
}

/// The refusal for what is missing.
pub(super) fn refuse(lacks: Vec<Missing<'_>>, access: &AccessOf<'_>, target: &Target) -> Result<(), Denial> {
    let Some(first) = lacks.first() else { return Ok(()) };
    let by = DeniedBy(first.by.map(|entry| (entry.index, entry.line)));
    if target.asker.principal.is_anonymous() && target.asker.may_prove {
        return Err(Denial::Unauthenticated(by));
    }
    let readable = |key: &str| access.judge(key, PrivilegeSet::of(&[Privilege::Read])).is_granted();
    if hides(target.method) && !readable(target.key()) {
        return Err(Denial::Hidden(by));
    }
    // what the principal may not read is named by the nearest collection that it may.
    let mut key = first.key.as_deref().unwrap_or_default();
    while !readable(key) {
        match key.rsplit_once('/') {
            Some((parent, _)) => key = parent,
            None => break,
        }
    }
    let resource = public(target, key);
    Err(Denial::NeedPrivileges(resource, first.privilege, by))
}

/// Whether `method` answers for what may not be read as if it were not there; the others refuse it either way.
pub fn hides(method: Method) -> bool {
    use Method::{Copy, Get, Head, Options, Propfind, Report, Search};
    matches!(method, Get | Head | Propfind | Report | Search | Copy | Options)
}

/// The public path of a key relative to the route.
pub(super) fn public(target: &Target, key: &str) -> PublicPath {
    let mut path = target.route.map.public().0.to_string();
    for segment in key.split('/').filter(|segment| !segment.is_empty()) {
        path.push_str(&percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).to_string());
        path.push('/');
    }
    let whole = CanonicalPath::parse(path.as_bytes()).unwrap_or_else(|_| target.public.0.clone());
    let slash = whole.key() != target.public.0.key() || target.public.0.slash();
    PublicPath(whole.with_slash(slash))
}
