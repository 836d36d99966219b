//! The permit: what was let through, in the only form in which it may be forwarded. Nothing outside this room can make one.

use std::sync::Arc;

use crate::{
    identity::Principal,
    policy::{Method, MethodSet, Route},
    request::{Depth, If, Located, lock_token::LockToken},
    url::{Authority, Origin, PublicPath, UpstreamPath},
    xml::{body::RequestBody, multiget::MemberAnswer},
};

use super::{Admitted, BodyPlan, Denial, Guard, body, listing::Way, privileges, state::Decision, target::told_url};

/// A request that may be forwarded.
#[derive(Clone, Debug)]
pub struct Permit {
    admitted: Admitted,
    depth: Option<Depth>,
    body: PermittedBody,
    guards: Vec<Guard>,
    open: bool,
    lists: bool,
    pub(super) elsewise: Option<Denial>,
    pub(super) reported: Option<Denial>,
}

/// What is forwarded as the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermittedBody {
    /// Nothing.
    None,
    /// This XML in UTF-8.
    Xml(Vec<u8>),
    /// The client's bytes while they come, at most this many.
    Stream(Option<u64>),
    /// The client's bytes once they are all there, at most this many.
    Spool(Option<u64>),
    /// Nothing is asked: this multistatus is the answer (F-7).
    Answered(String),
}

impl Admitted {
    /// Judges the body by the rules of the route (O-10, O-11), and says what must be asked of the back end first (O-12).
    pub(super) fn enforce(
        self,
        bytes: &[u8],
        content_type: Option<&[u8]>,
        content_encoding: Option<&[u8]>,
    ) -> Result<Decision, Denial> {
        self.with_body(bytes, content_type, content_encoding)
            .and_then(Decision::about)
    }

    /// O-10: as far as the body alone decides. What comes of it is not yet a permit that anybody outside of this room may have.
    pub(super) fn with_body(
        mut self,
        bytes: &[u8],
        content_type: Option<&[u8]>,
        content_encoding: Option<&[u8]>,
    ) -> Result<Permit, Denial> {
        let body = match self.body.clone() {
            BodyPlan::Nothing => PermittedBody::None,
            BodyPlan::Empty if bytes.is_empty() => PermittedBody::None,
            BodyPlan::Empty => return Err(Denial::UnexpectedBody),
            BodyPlan::Stream(limit) => PermittedBody::Stream(limit),
            BodyPlan::Spool(limit) => PermittedBody::Spool(limit),
            BodyPlan::Xml(plan) => body::judge(&mut self, &plan, bytes, content_type, content_encoding)?,
        };
        Ok(Permit {
            depth: self.depth,
            admitted: self,
            body,
            guards: Vec::new(),
            open: false,
            lists: false,
            elsewise: None,
            reported: None,
        })
    }
}

impl Permit {
    pub(super) fn at_depth(mut self, depth: Depth) -> Self {
        self.depth = Some(depth);
        self
    }

    /// The same, with these conditions; `open` if something may have changed that none of them holds.
    pub(super) fn guarded(mut self, guards: Vec<Guard>, open: bool) -> Self {
        (self.guards, self.open) = (guards, open);
        self
    }

    /// The same; `elsewise` would have refused it, were something else at a resource that the principal may not read.
    pub(super) fn concealing(mut self, elsewise: Option<Denial>) -> Self {
        self.elsewise = elsewise;
        self
    }

    /// The same, answered by whom `way` says.
    pub(super) fn by(mut self, way: Way) -> Self {
        self.lists = way == Way::List;
        self
    }

    /// The same with these conditions to send, and further guards.
    pub(super) fn conditioned(mut self, if_header: Option<If>, guards: &[Guard]) -> Self {
        self.admitted.if_header = if_header;
        self.guards.extend_from_slice(guards);
        self
    }

    pub(super) fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    pub(super) fn admitted_mut(&mut self) -> &mut Admitted {
        &mut self.admitted
    }

    /// The route.
    pub fn route(&self) -> &Arc<Route> {
        &self.admitted.target.route
    }

    /// The route's number in the policy.
    pub fn route_number(&self) -> usize {
        self.admitted.target.number
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.admitted.target.method
    }

    /// The target as clients know it.
    pub fn public(&self) -> &PublicPath {
        &self.admitted.target.public
    }

    /// The target as the back end knows it.
    pub fn upstream(&self) -> &UpstreamPath {
        &self.admitted.target.upstream
    }

    /// The query, as it came.
    pub fn query(&self) -> Option<&str> {
        self.admitted.target.query.as_deref()
    }

    /// What the method filter lets pass at the target.
    pub fn allowed(&self) -> MethodSet {
        self.admitted.target.allowed
    }

    /// Who asks.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.admitted.target.asker.principal
    }

    /// Whether the principal may read the target.
    pub fn reads_target(&self) -> bool {
        privileges::reads(&self.admitted.target, self.public())
    }

    /// The XML body as it was read, if there was one.
    pub fn read_body(&self) -> Option<&RequestBody> {
        self.admitted.read.as_ref()
    }

    /// What the gateway itself answers for members of a multiget (F-7): added to the back end's answer.
    pub fn members(&self) -> &[MemberAnswer] {
        &self.admitted.members
    }

    /// What stands in absolute URLs for clients.
    pub fn public_origin(&self) -> &Origin {
        &self.admitted.near.origin
    }

    /// The URL by which the back end is told of `path` in header fields.
    pub fn told_url(&self, path: &UpstreamPath) -> String {
        told_url(&self.admitted.target, &self.admitted.near.origin, path)
    }

    /// The resource that `tag` names, one of If as it is sent.
    pub fn tagged(&self, tag: &str) -> Option<&UpstreamPath> {
        let tagged = &self.admitted.tagged;
        tagged.iter().find(|(told, _)| told == tag).map(|(_, place)| place)
    }

    /// The host that was asked.
    pub fn host(&self) -> &Authority {
        &self.admitted.near.host
    }

    /// The Depth to send; `None` is none.
    pub fn depth(&self) -> Option<Depth> {
        self.depth
    }

    /// Whether the answer must leave out the target itself (B-20).
    pub fn noroot(&self) -> bool {
        self.admitted.noroot
    }

    /// The Overwrite to send.
    pub fn overwrite(&self) -> Option<bool> {
        self.admitted.overwrite
    }

    /// The conditions to add, so that it is carried out only where it was permitted for what is there.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// Whether it was permitted for a state that no condition holds: no other write may come between.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the gateway answers with a listing of the collection, and the back end gets nothing of the request.
    pub fn lists(&self) -> bool {
        self.lists
    }

    /// Where COPY and MOVE go.
    pub fn destination(&self) -> Option<&Located> {
        self.admitted.destination.as_ref()
    }

    /// The conditions to send, tags mapped.
    pub fn if_header(&self) -> Option<&If> {
        self.admitted.if_header.as_ref()
    }

    /// The token of UNLOCK.
    pub fn lock_token(&self) -> Option<&LockToken> {
        self.admitted.lock_token.as_ref()
    }

    /// What is forwarded as the body.
    pub fn body(&self) -> &PermittedBody {
        &self.body
    }
}
