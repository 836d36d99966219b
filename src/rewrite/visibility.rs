//! What the filter of an answer has to be told (section 3.6): what the principal may see, and what the request asked for. The
//! answers to the first are the access rules'; here is only the question. In: one principal and one request. Out: [`Filter`].

use std::{fmt, sync::Arc};

use crate::{
    policy::Method,
    url::PublicPath,
    xml::{
        body::RequestBody,
        guarded::GuardedSet,
        multiget::MemberAnswer,
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

    /// The nearest ancestor of `path` within the target (or the Destination) that may be seen, as a URL (F-4).
    pub(super) fn nearest_seen(&self, path: &PublicPath) -> String {
        let asked = &self.asked;
        let root = asked.destination.as_ref().filter(|root| path.0.starts_with(&root.0));
        let root = root.unwrap_or(&asked.target);
        let mut next = path.0.parent();
        while let Some(ancestor) = next.filter(|ancestor| ancestor.is_below(&root.0)) {
            let ancestor = PublicPath(ancestor);
            if self.view.reads(&ancestor) {
                return ancestor.to_string();
            }
            next = ancestor.0.parent();
        }
        root.to_string()
    }
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
