//! `DAV:lockdiscovery` and `DAV:supportedlock` of an answer, where the gateway locks or nobody does (L-82, L-83, LM-D). In: the permit. Out:
//! what stands for them in every response. All locks that the answer can tell of are fetched before it passes: of PROPFIND those at the
//! target, or at and below it; Depth 1 keeps those of members only; of REPORT and SEARCH, which may tell of anything, those of the route,
//! and only if locks are asked for. What that holds in memory is bounded by how many locks there are below (`per_principal`) and how much
//! an owner may hold.

use std::sync::Arc;

use crate::{
    decide::{Permit, granting},
    locks::{Claim, LockPath, Near},
    policy::{Locking, Method, UnmappedLock},
    request::Depth,
    rewrite::lock_properties::{LockProperties, LockProperty, LockValues, Wanted},
    url::PublicPath,
    xml::{
        activelock::push_active_lock,
        multistatus::property_answer,
        name::{DAV, ExpandedName},
        propfind::Propfind,
    },
};

use super::server::Gateway;

/// What every resource supports where the gateway locks (L-83).
const SUPPORTED: &str = "<D:supportedlock xmlns:D=\"DAV:\">\
<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>\
<D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>\
</D:supportedlock>";

/// What one principal is told of locks in one answer.
struct LockView {
    permit: Permit,
    back_end: Arc<str>,
    known: Known,
}

enum Known {
    /// These.
    Locks(Near),
    /// Nobody knows: the store does not answer (L-91).
    Nothing,
    /// There are no locks here (LM-D).
    Off,
}

impl Gateway {
    /// What stands for the lock properties in the answer to `permit`; `None`: what the back end says.
    pub(super) async fn lock_properties(&self, permit: &Permit) -> Option<LockProperties> {
        let reads = matches!(permit.method(), Method::Propfind | Method::Report | Method::Search);
        if !reads {
            return None;
        }
        let wanted = LockProperty::ALL.map(|property| wanted(permit, property));
        let here = granting::lock_path(permit);
        let back_end = Arc::clone(&here.back_end);
        let known = match permit.route().locks.locking {
            Locking::Observe => return None,
            Locking::Off => Known::Off,
            Locking::Emulate => self.near(permit, wanted, here).await,
        };
        let permit = permit.clone();
        let values = Arc::new(LockView {
            permit,
            back_end,
            known,
        });
        Some(LockProperties { values, wanted })
    }

    /// L-81: what is told of a URL with nothing at it but the name that somebody has locked: its locks, and nothing else. `None`: it is not
    /// locked itself, or such locks are none of this route's. Among the members of its collection it is not: there is no such resource.
    pub(super) async fn locked_name(&self, permit: &Permit) -> Option<String> {
        let locks = permit.route().locks;
        let names = locks.locking == Locking::Emulate && locks.unmapped == UnmappedLock::NameOnly;
        if permit.method() != Method::Propfind || !names {
            return None;
        }
        let here = granting::lock_path(permit);
        let found = self.store().survey(&[Claim::itself(here.clone())]).await.ok()?;
        if !found.locks.iter().any(|lock| lock.root == here) {
            return None;
        }
        let near = Near::new(found.locks, found.now);
        let view = LockView {
            permit: permit.clone(),
            back_end: here.back_end,
            known: Known::Nothing,
        };
        let discovery = view.discovery(&near, permit.public());
        let requested = permit.read_body().and_then(|body| body.propfind());
        let requested = requested.unwrap_or(Propfind::AllProp { include: Vec::new() });
        let properties = LockProperty::ALL.map(|property| match property {
            LockProperty::Discovery => (ExpandedName::dav("lockdiscovery"), discovery.as_str()),
            LockProperty::Supported => (ExpandedName::dav("supportedlock"), SUPPORTED),
        });
        Some(property_answer(&permit.public().to_string(), &requested, &properties))
    }

    /// The locks that the answer can tell of.
    async fn near(&self, permit: &Permit, [discovery, _]: [Wanted; 2], here: LockPath) -> Known {
        let asked = match discovery {
            Wanted::No | Wanted::Name => false,
            Wanted::Named | Wanted::Any => true,
            Wanted::IfTold => permit
                .read_body()
                .is_some_and(|body| body.may_tell(ExpandedName::dav("lockdiscovery"))),
        };
        if !asked {
            return Known::Locks(Near::default());
        }
        let propfind = permit.method() == Method::Propfind;
        let claim = match permit.depth() {
            Some(Depth::Zero) if propfind => Claim::itself(here.clone()),
            _ if propfind => Claim::tree(here.clone()),
            _ => Claim::tree(LockPath::new(Arc::clone(&here.back_end), permit.route().map.upstream())),
        };
        match self.store().survey(&[claim]).await {
            Ok(found) => {
                let near = Near::new(found.locks, found.now);
                let members = propfind && permit.depth() == Some(Depth::One);
                Known::Locks(if members { near.of_members(&here) } else { near })
            }
            Err(down) => {
                tracing::warn!(%down, "locks");
                Known::Nothing
            }
        }
    }
}

/// When `property` is put into a response to `permit`.
fn wanted(permit: &Permit, property: LockProperty) -> Wanted {
    if permit.method() != Method::Propfind {
        return Wanted::IfTold;
    }
    let named = |names: &[ExpandedName<'_>]| names.iter().any(|name| name.is_dav(property.local()));
    match permit.read_body().and_then(|body| body.propfind()) {
        None => Wanted::Any,
        Some(Propfind::AllProp { include }) if named(&include) => Wanted::Named,
        Some(Propfind::AllProp { .. }) => Wanted::Any,
        Some(Propfind::PropName) => Wanted::Name,
        Some(Propfind::Prop(names)) if named(&names) => Wanted::Named,
        Some(Propfind::Prop(_)) => Wanted::No,
    }
}

impl LockValues for LockView {
    fn value(&self, property: LockProperty, path: &PublicPath) -> Option<(u16, String)> {
        match (property, &self.known) {
            (_, Known::Off) => None,
            (LockProperty::Supported, Known::Locks(_) | Known::Nothing) => Some((200, SUPPORTED.to_owned())),
            (LockProperty::Discovery, Known::Nothing) => Some((503, "<D:lockdiscovery xmlns:D=\"DAV:\"/>".to_owned())),
            (LockProperty::Discovery, Known::Locks(near)) => Some((200, self.discovery(near, path))),
        }
    }
}

impl LockView {
    fn discovery(&self, near: &Near, path: &PublicPath) -> String {
        let upstream = self.permit.route().map.to_upstream(path).filter(|_| !near.is_empty());
        let here = upstream.map(|upstream| LockPath::new(Arc::clone(&self.back_end), &upstream));
        let locks = here.map(|here| near.covering(&here)).unwrap_or_default();
        if locks.is_empty() {
            return format!("<D:lockdiscovery xmlns:D=\"{DAV}\"/>");
        }
        // What an owner says without a namespace has none here either, whatever the answer declares.
        let mut out = format!("<D:lockdiscovery xmlns:D=\"{DAV}\" xmlns=\"\">");
        for lock in locks {
            push_active_lock(&mut out, "D:", &granting::told(&self.permit, lock, near.now()));
        }
        out.push_str("</D:lockdiscovery>");
        out
    }
}
