//! GET and HEAD of a collection. What the back end shows there, an index, an export or a page, names members and holds parts of
//! them, and nobody can filter it. In: a request whose target is a collection. Out: who answers, or the refusal.

use crate::{
    access::{Privilege, PrivilegeSet, Scope},
    policy::CollectionGet,
};

use super::{Admitted, Denial, DeniedBy, privileges};

/// Who answers a request that is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The back end.
    Forward,
    /// The gateway, with a listing of what the principal may read.
    List,
}

/// Who answers GET of the collection at the target. That the target itself may be read is judged elsewhere.
pub(super) fn judge(admitted: &Admitted) -> Result<Way, Denial> {
    let target = &admitted.target;
    let Some(access) = privileges::access(target) else {
        return Ok(Way::Forward);
    };
    let read = PrivilegeSet::of(&[Privilege::Read]);
    let reads_all = access.judge_scope(target.key(), Scope::Tree, read).is_granted();
    match target.route.collection_get {
        CollectionGet::Pass | CollectionGet::Synthetic if reads_all => Ok(Way::Forward),
        CollectionGet::Synthetic => Ok(Way::List),
        CollectionGet::Pass | CollectionGet::Deny
            if target.asker.principal.is_anonymous() && target.asker.may_prove =>
        {
            Err(Denial::Unauthenticated(DeniedBy::default()))
        }
        CollectionGet::Pass | CollectionGet::Deny => Err(Denial::Listing),
    }
}
