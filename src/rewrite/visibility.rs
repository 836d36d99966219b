//! What the filter of an answer has to be told (section 3.6): what the principal may see, and what the request asked for. The
//! answers to the first are the access rules'; here is only the question. In: one principal and one request. Out: [`Filter`].

use std::{fmt, sync::Arc};

use crate::{
    policy::Method,
    url::PublicPath,
    xml::{
        body::RequestBody,
        guarded::GuardedSet,
        multiget::{MemberAnswer, is_multiget},
        name::{CALDAV, ExpandedName},
    },
};

/// What one principal may see. Asked while an answer passes, so an answer must come from memory. Every path is public, canonical,
/// and has the key of its route's rules.
pub trait Visibility: Send + Sync {
    /// Whether the resource may be read, and so be known of (F-1).
    fn reads(&self, path: &PublicPath) -> bool;
    /// Whether its ACL may be read: `read-acl` (F-5).
    fn reads_acl(&self, path: &PublicPath) -> bool;
    /// Whether `read-current-user-privilege-set` holds (F-5).
    fn reads_privileges(&self, path: &PublicPath) -> bool;
    /// Whether the privilege of this name holds, an aggregate only if all in it does. One that the rules do not know is
    /// theirs to judge.
    fn holds(&self, path: &PublicPath, privilege: ExpandedName<'_>) -> bool;
    /// Whether locks with this root may be removed: `unlock` (F-6).
    fn unlocks(&self, root: &PublicPath) -> bool;
    /// Whether locks on `path` may be removed whose root nobody tells: it may be any collection above it (F-6).
    fn unlocks_from_above(&self, path: &PublicPath) -> bool;
    /// Whether the requester created the lock with this token; one that is created by this very request is the requester's (F-6).
    fn owns_lock(&self, token: &str) -> bool;
}

/// Where a sync-collection report begins (F-8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStart {
    /// Anew, without a token: what is hidden was never there.
    Initial,
    /// At a token: what is hidden was perhaps seen before, and is now removed.
    Token,
}

/// What a request asked for, as far as it decides what may be answered.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its target: never filtered out (F-2).
    pub target: PublicPath,
    /// The Destination of COPY and MOVE: named by the client, so it may be named to the client.
    pub destination: Option<PublicPath>,
    /// The guarded properties that were asked for by name (F-5).
    pub named: GuardedSet,
    /// Where a sync-collection begins; `None` for every other request.
    pub sync: Option<SyncStart>,
    /// Whether it is an expand-property (F-10): any property may then hold responses.
    pub expands: bool,
    /// Whether it names its members itself (RP-11): then they are not found by listing what is above them.
    pub multiget: bool,
    /// Whether the answer is a calendar and no XML (RP-12).
    pub free_busy: bool,
}

impl Asked {
    /// A request without a body.
    pub fn new(method: Method, target: PublicPath) -> Self {
        Self {
            method,
            target,
            destination: None,
            named: GuardedSet::default(),
            sync: None,
            expands: false,
            multiget: false,
            free_busy: false,
        }
    }

    /// The same with this body.
    pub fn with_body(self, body: &RequestBody) -> Self {
        let report = body.report_root();
        Self {
            named: body.guarded_by_name(),
            sync: body.initial_sync().map(|initial| match initial {
                true => SyncStart::Initial,
                false => SyncStart::Token,
            }),
            expands: report.is_some_and(|root| root.is_dav("expand-property")),
            multiget: report.is_some_and(is_multiget),
            free_busy: report == Some(ExpandedName::new(CALDAV, "free-busy-query")),
            ..self
        }
    }

    /// The same with this Destination.
    pub fn with_destination(self, destination: PublicPath) -> Self {
        Self {
            destination: Some(destination),
            ..self
        }
    }

    /// Whether the answer shows properties (F-5): the others tell what became of properties that were set.
    pub(super) fn reads_properties(&self) -> bool {
        matches!(self.method, Method::Propfind | Method::Report | Method::Search)
    }

    /// Whether a response tells of a failure that must not be lost (F-4).
    pub(super) fn tells_of_failures(&self) -> bool {
        use Method::{Copy, Delete, Lock, Move, Unlock};
        matches!(self.method, Delete | Copy | Move | Lock | Unlock)
    }
}

/// How an answer is filtered.
#[derive(Clone)]
pub struct Filter {
    /// What the principal may see.
    pub view: Arc<dyn Visibility>,
    /// What was asked for.
    pub asked: Asked,
    /// Leave the owners of other people's locks out (F-6).
    pub hide_lock_owner: bool,
    /// Responses that are added at the end of a multistatus: members that were not asked of the back end (F-7).
    pub answers: Vec<MemberAnswer>,
}

impl Filter {
    /// Without options.
    pub fn new(view: Arc<dyn Visibility>, asked: Asked) -> Self {
        Self {
            view,
            asked,
            hide_lock_owner: false,
            answers: Vec::new(),
        }
    }

    /// Whether the principal may know of `path`: the target, and what may be read (F-1, F-2).
    pub(super) fn sees(&self, path: &PublicPath) -> bool {
        same(path, &self.asked.target) || self.view.reads(path)
    }

    /// Whether the client named `path` as the Destination: a failure there is told (F-4), a lock is not.
    pub(super) fn is_destination(&self, path: &PublicPath) -> bool {
        self.asked.destination.as_ref().is_some_and(|named| same(path, named))
    }

    /// Whether a listing of the target comes to `path`: an unreadable collection hides all below it.
    pub(super) fn lists(&self, path: &PublicPath) -> bool {
        let root = self.root_of(path);
        ancestors(path)
            .take_while(|ancestor| ancestor.0.is_below(&root.0))
            .all(|ancestor| self.view.reads(&ancestor))
    }

    /// The nearest ancestor of `path` within the target (or the Destination) that a listing shows, as a URL (F-4).
    pub(super) fn nearest_seen(&self, path: &PublicPath) -> String {
        let root = self.root_of(path);
        let mut nearest = None;
        for ancestor in ancestors(path).take_while(|ancestor| ancestor.0.is_below(&root.0)) {
            if self.view.reads(&ancestor) {
                nearest.get_or_insert(ancestor);
            } else {
                nearest = None;
            }
        }
        nearest.as_ref().unwrap_or(root).to_string()
    }

    /// What the client named at or above `path`; what is elsewhere belongs to the target.
    pub(super) fn root_of(&self, path: &PublicPath) -> &PublicPath {
        let named = self
            .asked
            .destination
            .as_ref()
            .filter(|root| path.0.starts_with(&root.0));
        named.unwrap_or(&self.asked.target)
    }
}

/// The collections that hold `path`, the nearest first.
fn ancestors(path: &PublicPath) -> impl Iterator<Item = PublicPath> {
    std::iter::successors(path.0.parent(), |ancestor| ancestor.parent()).map(PublicPath)
}

fn same(path: &PublicPath, other: &PublicPath) -> bool {
    path.0.key() == other.0.key()
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter")
            .field("asked", &self.asked)
            .field("hide_lock_owner", &self.hide_lock_owner)
            .field("answers", &self.answers.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        url::CanonicalPath,
        xml::{
            body::parse,
            guarded::{Guarded, GuardedSet},
            kind::BodyKind,
        },
    };

    #[test]
    fn what_is_asked() {
        let target = || PublicPath(CanonicalPath::parse(b"/c").unwrap());
        let report = |text: &str| {
            let body = parse(BodyKind::Report, text.as_bytes(), None, &Default::default()).unwrap();
            Asked::new(Method::Report, target()).with_body(&body)
        };
        let sync = |token: &str| {
            report(&format!(
                "<sync-collection xmlns='DAV:'><sync-token>{token}</sync-token></sync-collection>"
            ))
        };
        let caldav = |root: &str| report(&format!("<{root} xmlns='urn:ietf:params:xml:ns:caldav'/>"));
        // F-8
        assert_eq!(sync("").sync, Some(SyncStart::Initial));
        assert_eq!(sync("urn:t").sync, Some(SyncStart::Token));
        // F-10, F-5
        let expand = report("<expand-property xmlns='DAV:'><property name='acl'/></expand-property>");
        assert!(expand.expands && expand.named == GuardedSet::of(&[Guarded::Acl]) && expand.sync.is_none());
        // A-22, F-15
        assert!(caldav("calendar-multiget").multiget && !caldav("calendar-query").multiget);
        assert!(caldav("free-busy-query").free_busy && !caldav("calendar-query").free_busy);
    }
}
