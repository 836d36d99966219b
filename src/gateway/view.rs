//! What a principal may see of a route, for the filter of answers (3.6). In: the route's access control list and the principal. Out: the
//! answers that the filter needs, from memory.

use std::sync::Arc;

use crate::{
    access::{Privilege, PrivilegeSet},
    identity::Principal,
    policy::Route,
    rewrite::visibility::Visibility,
    url::{CanonicalPath, PublicPath},
    xml::name::ExpandedName,
};

/// The view of one principal.
#[derive(Clone)]
pub struct View {
    /// The route, which has an access control list.
    pub route: Arc<Route>,
    /// Who looks.
    pub principal: Arc<Principal>,
    /// The tokens of the locks that the answer may tell of: the principal's own, and those with `unlock` on the root that the store knows.
    pub tokens: Vec<String>,
}

impl View {
    fn has(&self, path: &PublicPath, privilege: Privilege) -> bool {
        let Some(acl) = &self.route.access else { return true };
        let key = self.route.map.relative_key(path);
        acl.of(&self.principal)
            .judge(key, PrivilegeSet::of(&[privilege]))
            .is_granted()
    }
}

impl Visibility for View {
    fn reads(&self, path: &PublicPath) -> bool {
        self.has(path, Privilege::Read)
    }

    fn reads_acl(&self, path: &PublicPath) -> bool {
        self.has(path, Privilege::ReadAcl)
    }

    fn reads_privileges(&self, path: &PublicPath) -> bool {
        self.has(path, Privilege::ReadCurrentUserPrivilegeSet)
    }

    fn holds(&self, path: &PublicPath, privilege: ExpandedName<'_>) -> bool {
        let Some(acl) = &self.route.access else { return true };
        let held = acl.of(&self.principal).privileges(self.route.map.relative_key(path));
        held.held().any(|supported| supported.name == privilege)
    }

    fn unlocks(&self, root: &PublicPath) -> bool {
        self.has(root, Privilege::Unlock)
    }

    fn unlocks_from_above(&self, path: &PublicPath) -> bool {
        let depth = self.route.map.public().0.segments().count();
        let all = std::iter::successors(Some(path.0.clone()), CanonicalPath::parent);
        all.take_while(|path| path.segments().count() >= depth)
            .all(|path| self.unlocks(&PublicPath(path)))
    }

    fn owns_lock(&self, token: &str) -> bool {
        self.tokens.iter().any(|own| own == token)
    }
}
