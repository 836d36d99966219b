//! What the head of a request decided: which resource, which method, how deep, and what must be known of its body before it may go on.

use crate::{
    policy::{Method, MethodSet},
    request::{
        Depth, If, LocateError, Located, Neighbourhood,
        framing::BodyLength,
        if_header::{self, Condition},
        lock_token::LockToken,
        operation::Kind,
        sync_token,
    },
    url::{PublicPath, UpstreamPath, path_rules::PathUse},
    xml::{body::RequestBody, multiget::MemberAnswer},
};

use super::{
    Account, BodyPlan, Denial, OwnAnswer,
    dav_headers::DavHeaders,
    destination, privileges,
    report::Judged,
    sync_tokens,
    target::{Near, Target, told_url},
};

/// What the head of a request leads to.
#[derive(Clone, Debug)]
pub enum Admission {
    /// An answer without the back end.
    Own(OwnAnswer),
    /// It may go on to its body.
    Forward(Box<Admitted>),
}

/// A request whose head has passed every check; its body has not been seen.
#[derive(Clone, Debug)]
pub struct Admitted {
    pub(super) target: Target,
    pub(super) near: Near,
    pub(super) depth: Option<Depth>,
    pub(super) noroot: bool,
    pub(super) overwrite: Option<bool>,
    pub(super) destination: Option<Located>,
    pub(super) if_header: Option<If>,
    /// The resource of each tag in it.
    pub(super) tagged: Vec<(String, UpstreamPath)>,
    pub(super) lock_token: Option<LockToken>,
    pub(super) body: BodyPlan,
    pub(super) length: BodyLength,
    /// What the body says of the operation, and the resources it names that must be readable.
    pub(super) kind: Kind,
    pub(super) named: Vec<PublicPath>,
    pub(super) read: Option<RequestBody>,
    /// Members of a multiget that the back end is not asked for.
    pub(super) members: Vec<MemberAnswer>,
    /// What the rules say, where they do not decide.
    pub(super) judged: Option<Judged>,
}

impl Admitted {
    /// Judges what the headers say together (O-9), and what of the body its announcement decides (O-10).
    pub(super) fn judge(
        target: Target,
        headers: DavHeaders,
        near: Near,
        length: BodyLength,
        account: &mut Account,
    ) -> Result<Self, Denial> {
        let neighbourhood = near.of(&target);
        if target.method == Method::Put && target.public.0.slash() {
            return Err(Denial::PutToCollection(
                target.allowed.without(MethodSet::of(&[Method::Put])),
            ));
        }
        let mut tagged = Vec::new();
        let if_header = match headers.if_header {
            Some(parsed) => {
                let untagged = parsed.lists().iter().filter(|list| list.tag.is_none());
                for list in untagged {
                    compares_in_the_open(&list.conditions, &target, &target.public)?;
                }
                let parsed = parsed.map_tags(|tag, conditions| {
                    let (mapped, place) = if_tag(tag, conditions, &target, &neighbourhood)?;
                    tagged.push((mapped.clone(), place));
                    Ok::<_, Denial>(mapped)
                })?;
                Some(sync_tokens::in_if(parsed, &target)?)
            }
            None => None,
        };
        let destination = match &headers.destination {
            Some(text) => Some(destination::judge(
                text,
                headers.depth,
                &target,
                &neighbourhood,
                account,
            )?),
            None => None,
        };
        let ends = std::iter::once(&target.upstream).chain(destination.as_ref().map(|found| &found.upstream));
        let takes = matches!(target.method, Method::Delete | Method::Move | Method::Copy);
        if takes && ends.into_iter().any(|path| target.route.map.folder_of(path).is_some()) {
            return Err(Denial::FolderData);
        }
        if let Some(found) = &destination {
            privileges::at_destination(&target, &found.public, headers.depth.unwrap_or(Depth::Infinity))?;
        }
        let takes_all = match target.method {
            Method::Delete | Method::Move => true,
            Method::Copy => headers.depth == Some(Depth::Infinity),
            // Without a body it refreshes a lock, whatever that is of.
            Method::Lock => headers.depth == Some(Depth::Infinity) && length.may_follow(),
            _ => false,
        };
        if takes_all {
            target.holds_no_route(&target.public, &neighbourhood)?;
        }
        let body = BodyPlan::of(&target, length)?;
        Ok(Self {
            depth: headers.depth,
            noroot: headers.noroot,
            overwrite: headers.overwrite,
            lock_token: headers.lock_token,
            destination,
            if_header,
            tagged,
            body,
            length,
            kind: match target.method {
                // Who made the lock is the back end's to know.
                Method::Unlock => Kind::ByCreator,
                _ => Kind::Plain,
            },
            named: Vec::new(),
            read: None,
            members: Vec::new(),
            judged: None,
            target,
            near,
        })
    }

    /// How the body is to be treated.
    pub fn body(&self) -> &BodyPlan {
        &self.body
    }
}

/// The entity tag of what the principal may not read compares with nothing, nor does its sync token, which is often a small
/// number; whatever is there, with `Not` and without: the answer would tell whether a guess was right. A lock token tells nothing to who
/// does not know it already.
fn compares_in_the_open(conditions: &[Condition], target: &Target, place: &PublicPath) -> Result<(), Denial> {
    let compares = |condition: &Condition| match &condition.state {
        if_header::State::EntityTag(_) => true,
        if_header::State::Token(token) => sync_token::may_be(token),
    };
    if conditions.iter().any(compares) && !privileges::reads(target, place) {
        return Err(Denial::IfFalse);
    }
    Ok(())
}

/// A tag of If as the back end must see it (L-22, B-38): absolute, in the URLs that the back end is told.
fn if_tag(
    tag: &str,
    conditions: &[Condition],
    target: &Target,
    near: &Neighbourhood<'_>,
) -> Result<(String, UpstreamPath), Denial> {
    let found = near.locate(tag, PathUse::Target).map_err(|error| match error {
        LocateError::Form | LocateError::Path(_) | LocateError::Foreign | LocateError::OtherRoute => Denial::If,
    })?;
    compares_in_the_open(conditions, target, &found.public)?;
    let mapped = told_url(target, near.origin, &found.upstream);
    Ok((mapped, found.upstream))
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
