//! LOCK and UNLOCK where the gateway locks (sections 4.5 and 4.6). In: a permit, and what the store says. Out: the lock that is asked for, or
//! why there is none. Who may lock at all was decided before; here it is about the locks that are there.

use crate::{
    access::{Privilege, PrivilegeSet},
    locks::{Claim, Lock, LockDepth, LockPath, table::LockRefusal},
    policy::{Locking, Method, UnmappedLock},
    request::{Depth, State, if_header, operation::Operation},
    url::{PublicPath, UpstreamPath},
    xml::activelock::ActiveLock,
};

use super::{
    Denial, DeniedBy, Permit,
    missing::{Places, missing},
    privileges,
};
use crate::request::operation::Kind;

/// What LOCK does with a resource in a given state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granting {
    /// It is locked.
    Existing,
    /// Nothing is there: an empty resource is made, and locked (L-59).
    Making,
    /// Nothing is there, and nothing is made: the name is locked (L-81).
    Name,
}

/// What becomes of a LOCK of what is in `state`, in a collection in state `parent`.
///
/// # Errors
/// L-60: there is no collection to make it in; L-81: nothing may be made.
pub fn granting(permit: &Permit, state: State, parent: State) -> Result<Granting, Denial> {
    if state != State::Unmapped {
        return Ok(Granting::Existing);
    }
    let way = permit.route().locks.unmapped;
    if way == UnmappedLock::Refuse || way == UnmappedLock::Create && !permit.allowed().contains(Method::Put) {
        return Err(Denial::LockUnmapped);
    }
    match (parent, way) {
        (State::Unmapped | State::Resource, _) => Err(Denial::LockWithoutParent),
        (State::Collection | State::Unknown, UnmappedLock::NameOnly) => Ok(Granting::Name),
        (State::Collection | State::Unknown, UnmappedLock::Create | UnmappedLock::Refuse) => Ok(Granting::Making),
    }
}

/// The name of the principal who locks (L-62).
///
/// # Errors
/// Anonymous: a lock of nobody's protects from nobody.
pub fn creator(permit: &Permit) -> Result<&str, Denial> {
    permit.principal().name().ok_or({
        if permit.admitted().target.asker.may_prove {
            Denial::Unauthenticated(DeniedBy::default())
        } else {
            Denial::AnonymousLock
        }
    })
}

impl Permit {
    /// The resource `path` of its back end as locks know it.
    pub fn place(&self, path: &UpstreamPath) -> LockPath {
        let route = self.route();
        // Where the back end locks, it says itself what it locks.
        let emulates = route.locks.locking == Locking::Emulate;
        let folder = route.map.folder_of(path).filter(|_| emulates);
        LockPath::new(route.backend.location.id().into(), folder.as_ref().unwrap_or(path))
    }
}

/// Where `path` lies as locks know it.
pub fn lock_path(permit: &Permit) -> LockPath {
    permit.place(permit.upstream())
}

/// How far the lock is to reach.
pub fn depth(permit: &Permit) -> LockDepth {
    match permit.depth() {
        // The folder's data are the folder alone (Z-11).
        _ if permit.route().map.folder_of(permit.upstream()).is_some() => LockDepth::Zero,
        Some(Depth::Zero) => LockDepth::Zero,
        Some(Depth::One | Depth::Infinity) | None => LockDepth::Infinity,
    }
}

/// What is changed by making a lock: the collection that gets a new member (L-31).
pub fn claims(root: &LockPath, granting: Granting) -> Vec<Claim> {
    match granting {
        Granting::Existing => Vec::new(),
        Granting::Making | Granting::Name => root.ancestors().take(1).map(Claim::itself).collect(),
    }
}

/// Every token that stands in If, wherever it stands (L-23).
pub fn submitted(permit: &Permit) -> Vec<String> {
    let lists = permit.if_header().map(|header| header.lists()).unwrap_or_default();
    let mut tokens = Vec::new();
    for condition in lists.iter().flat_map(|list| &list.conditions) {
        match &condition.state {
            if_header::State::Token(token) if token != if_header::NO_LOCK && !tokens.contains(token) => {
                tokens.push(token.clone());
            }
            if_header::State::Token(_) | if_header::State::EntityTag(_) => {}
        }
    }
    tokens
}

/// The token of the lock that a LOCK without a body refreshes.
///
/// # Errors
/// L-50: it names none; L-53: it names several.
pub fn refreshed(permit: &Permit) -> Result<String, Denial> {
    let mut tokens = submitted(permit).into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token),
        (None, _) => Err(Denial::RefreshWithoutToken),
        (Some(_), Some(_)) => Err(Denial::RefreshOfSeveral),
    }
}

/// Whether `lock` is one that the principal may refresh by this URL (L-51, L-52).
pub fn may_refresh(permit: &Permit, lock: &Lock) -> bool {
    let own = permit
        .principal()
        .name()
        .is_some_and(|name| lock.creator.as_deref() == Some(name));
    own && lock.covers(&lock_path(permit))
}

/// Whether the principal may take `lock` away, which covers the target: the own one, or with `unlock` on its root (L-65, L-66). Where nobody
/// has privileges because the route has no rules, nobody has this one.
///
/// # Errors
/// The refusal for want of a privilege.
pub fn may_unlock(permit: &Permit, lock: &Lock) -> Result<(), Denial> {
    let target = &permit.admitted().target;
    let own = permit
        .principal()
        .name()
        .is_some_and(|name| lock.creator.as_deref() == Some(name));
    if own {
        return Ok(());
    }
    let Some(access) = privileges::access(target) else {
        return Err(Denial::NeedPrivileges(
            permit.public().clone(),
            Privilege::Unlock,
            DeniedBy::default(),
        ));
    };
    let root = public_root(permit, lock);
    let places = Places {
        target: target.key(),
        lock_root: root.as_ref().map(|root| target.route.map.relative_key(root)),
        ..Places::default()
    };
    let operation = Operation {
        method: Method::Unlock,
        depth: Depth::Zero,
        kind: Kind::Plain,
        sources: false,
    };
    let never = || Denial::MethodNotAllowed(permit.allowed());
    let needs = operation.needs(State::Resource, State::Unmapped).ok_or_else(never)?;
    privileges::refuse(missing(&access, &needs, &places), &access, target)
}

/// The root of `lock` as clients of this route know it; `None`: it is not in the route.
pub fn public_root(permit: &Permit, lock: &Lock) -> Option<PublicPath> {
    let map = &permit.route().map;
    if lock.root == lock_path(permit) {
        return Some(permit.public().clone());
    }
    map.to_public(&lock.root.upstream(lock.collection)?)
}

/// The roots of `locks` that the principal may know of, once each; where there is none, the target (C-3, A-35).
pub fn known_roots<'a>(permit: &Permit, locks: impl IntoIterator<Item = &'a Lock>) -> Vec<PublicPath> {
    let mut roots: Vec<PublicPath> = Vec::new();
    for root in locks.into_iter().filter_map(|lock| public_root(permit, lock)) {
        if privileges::reads(&permit.admitted().target, &root) && !roots.contains(&root) {
            roots.push(root);
        }
    }
    if roots.is_empty() {
        roots.push(permit.public().clone());
    }
    roots
}

/// The refusal that a store's refusal leads to (L-55 to L-57, L-68). Where the target is hidden, it is the one that does not tell of a lock
///
pub fn refused(permit: &Permit, refusal: &LockRefusal) -> Denial {
    let conflict = |roots: Vec<PublicPath>| permit.collision(423).unwrap_or(Denial::NoConflictingLock(roots));
    match refusal {
        LockRefusal::Conflict(locks) => conflict(known_roots(permit, locks)),
        LockRefusal::Locked(locks) => permit.locked(locks),
        // It has been waited for (L-84).
        LockRefusal::Writing => conflict(vec![permit.public().clone()]),
        LockRefusal::TooMany => Denial::TooManyLocks,
    }
}

/// What the principal is told of `lock` at the time `now`: neither token nor a hidden owner of somebody else's, unless it may be unlocked
/// (F-6); no root that may not be read.
pub fn told(permit: &Permit, lock: &Lock, now: u64) -> ActiveLock {
    let target = &permit.admitted().target;
    let root = public_root(permit, lock);
    let unlocks = |root: &PublicPath| {
        let key = target.route.map.relative_key(root);
        let unlock = PrivilegeSet::of(&[Privilege::Unlock]);
        privileges::access(target).is_some_and(|access| access.judge(key, unlock).is_granted())
    };
    let shown = owns(permit, lock) || root.as_ref().is_some_and(unlocks);
    let owner = lock.owner.clone().filter(|_| shown || !target.route.hide_lock_owner);
    ActiveLock {
        scope: lock.scope,
        infinite: lock.depth == LockDepth::Infinity,
        owner,
        seconds: Some(lock.remaining(now).div_ceil(1000)),
        token: shown.then(|| lock.token.clone()),
        root: root
            .filter(|root| privileges::reads(target, root))
            .map(|root| root.to_string()),
    }
}

fn owns(permit: &Permit, lock: &Lock) -> bool {
    permit
        .principal()
        .name()
        .is_some_and(|name| lock.creator.as_deref() == Some(name))
}
