//! Answers of the back end that tell of a resource that the principal may not know of. In: a permit and the status that answered
//! it. Out: the refusal to answer in its place, the same as if the principal might not make the resource.
//!
//! The request itself did nothing then. So no question is needed before it, and nothing can change between the two.

use crate::{
    access::{Privilege, PrivilegeSet, Scope},
    policy::Method,
    request::operation::Subject,
};

use super::{Denial, Permit, missing::Missing, privileges};

impl Permit {
    /// What is answered in place of `status`: `None` is the back end's own answer.
    ///
    /// MKCOL answered with 405, and anything that changes something answered with 412, say that there is something; 423, that it is locked
    ///
    pub fn collision(&self, status: u16) -> Option<Denial> {
        let target = &self.admitted().target;
        let tells = match status {
            405 => matches!(
                target.method,
                Method::Mkcol | Method::Mkcalendar | Method::Mkredirectref
            ),
            412 | 423 => !target.method.is_safe(),
            _ => false,
        };
        let access = privileges::access(target).filter(|_| tells)?;
        let readable = |key: &str| access.judge(key, PrivilegeSet::of(&[Privilege::Read])).is_granted();
        let destination = self
            .destination()
            .map(|found| target.route.map.relative_key(&found.public));
        let mut places = std::iter::once((Subject::Parent, target.key()))
            .chain(destination.map(|key| (Subject::DestinationParent, key)));
        let (subject, hidden) = places.find(|(_, key)| !readable(key))?;
        let parent = hidden.rsplit_once('/').map_or("", |(parent, _)| parent);
        let lacks = Missing {
            subject,
            key: Some(parent.to_owned()),
            scope: Scope::Itself,
            privilege: if target.method == Method::Delete {
                Privilege::Unbind
            } else {
                Privilege::Bind
            },
            by: None,
        };
        privileges::refuse(vec![lacks], &access, target).err()
    }
}
