//! Answers of the back end that tell of a resource that the principal may not know of. In: a permit and the status that answered
//! it. Out: the refusal to answer in its place, the same as if the principal might not make the resource.
//!
//! The request itself did nothing then. So no question is needed before it, and nothing can change between the two.

use crate::{
    access::{AccessOf, Privilege, PrivilegeSet, Scope},
    policy::{Method, MethodSet},
    request::operation::Subject,
};

use super::{Denial, Permit, missing::Missing, privileges, target::Target};

impl Permit {
    /// What is answered in place of `status`: `None` is the back end's own answer.
    ///
    /// MKCOL answered with 405, and anything that changes something answered with 412, say that there is something; 423, that it is locked
    /// a redirect, that it is a collection; 404, that there is nothing. Where the verdict rested on what is there, every failure
    /// says what it was: so it is told as the refusal which anything else there would have met.
    pub fn collision(&self, status: u16) -> Option<Denial> {
        let target = &self.admitted().target;
        if target.method.is_safe() {
            return None;
        }
        let access = privileges::access(target)?;
        if let Some(elsewise) = &self.elsewise
            && matches!(status, 300..=499)
            // What has nothing to do with what is there, or with what holds it.
            && !matches!(status, 401 | 408 | 409 | 413 | 424 | 429)
        {
            return Some(elsewise.clone());
        }
        let readable = |key: &str| reads(&access, key);
        let tells_of_target = match status {
            300..=400 | 404 | 405 | 410 | 412 | 423 => true,
            409 => match target.method {
                Method::Unlock => true,
                // RFC 4791 section 5.3.1.1: so says what is taken, but also what has no parent.
                Method::Mkcalendar => readable(&parent_of(target.key())),
                _ => false,
            },
            _ => false,
        };
        let tells_of_destination = matches!(status, 300..=400 | 405 | 412 | 423);
        let destination = self
            .destination()
            .map(|found| target.route.map.relative_key(&found.public));
        let mut places = std::iter::once((Subject::Parent, target.key(), tells_of_target))
            .chain(destination.map(|key| (Subject::DestinationParent, key, tells_of_destination)));
        let (subject, hidden, _) = places.find(|(_, key, tells)| *tells && !readable(key))?;
        privileges::refuse(vec![lacks(target, subject, hidden)], &access, target).err()
    }
}

/// The refusal of MKCOL where something is: to whoever may not read it, as if it might not be made there.
pub(super) fn taken(target: &Target) -> Denial {
    let access = privileges::access(target).filter(|access| !reads(access, target.key()));
    let hidden = access.and_then(|access| {
        let lacks = vec![lacks(target, Subject::Parent, target.key())];
        privileges::refuse(lacks, &access, target).err()
    });
    hidden.unwrap_or(Denial::Taken(target.allowed.without(MethodSet::of(&[Method::Mkcol]))))
}

fn reads(access: &AccessOf<'_>, key: &str) -> bool {
    access.judge(key, PrivilegeSet::of(&[Privilege::Read])).is_granted()
}

fn parent_of(key: &str) -> String {
    key.rsplit_once('/')
        .map_or(String::new(), |(parent, _)| parent.to_owned())
}

/// What is said to be missing where something `hidden` is in the way.
fn lacks(target: &Target, subject: Subject, hidden: &str) -> Missing<'static> {
    Missing {
        subject,
        key: Some(parent_of(hidden)),
        scope: Scope::Itself,
        privilege: if target.method == Method::Delete {
            Privilege::Unbind
        } else {
            Privilege::Bind
        },
        by: None,
    }
}
