//! Who asks, as somebody imagines it. In: the settings of identity, a name, and groups that a token or a trusted peer would claim. Out: the
//! asker that the gateway would make of them, as if a source had just proved the name.

use std::sync::Arc;

use crate::identity::{
    IdentitySettings, Principal, UnsafeName,
    challenge::Challenges,
    groups::Groups,
    settings::{BackEndSettings, SourceSettings},
};

use super::super::privileges::Asker;

/// Why nobody can be that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAsker {
    /// No name of a user or a group (RM-6).
    #[error("nobody can be called so: {0}")]
    Name(#[from] UnsafeName),
    /// A name that begins or ends with a blank.
    #[error("nobody can be called so: the name begins or ends with a blank")]
    Blank,
    /// Groups without a user.
    #[error("an anonymous request is in no group")]
    GroupsOfNobody,
}

/// The user `name`, or nobody in particular, who brings `claimed` groups along; those of the file come on top, nested.
///
/// # Errors
/// Nobody can be that.
pub fn asker(
    identity: Option<&IdentitySettings>,
    name: Option<&str>,
    claimed: impl IntoIterator<Item = String>,
) -> Result<Asker, NoAsker> {
    let claimed: Vec<String> = claimed.into_iter().collect();
    let may_prove = identity.is_some_and(|settings| !Challenges::new(settings).values().is_empty());
    let gateway_asks = identity.is_some();
    let Some(name) = name else {
        return match claimed.is_empty() {
            true => Ok(Asker {
                principal: Arc::new(Principal::anonymous()),
                may_prove,
                gateway_asks,
            }),
            false => Err(NoAsker::GroupsOfNobody),
        };
    };
    let blank = |name: &str| name.trim() != name;
    if blank(name) || claimed.iter().any(|group| blank(group)) {
        return Err(NoAsker::Blank);
    }
    let sources = identity.map_or(&[][..], |settings| &settings.sources);
    let folds = |source: &SourceSettings| matches!(source, SourceSettings::BackEnd(BackEndSettings { fold: true, .. }));
    // No source can give it another spelling.
    let name = if !sources.is_empty() && sources.iter().all(folds) {
        name.to_lowercase()
    } else {
        name.to_owned()
    };
    let groups = match identity {
        Some(settings) => Groups::new(&settings.groups).of(&name, claimed),
        None => claimed.into_iter().collect(),
    };
    Ok(Asker {
        principal: Arc::new(Principal::user(name, groups)?),
        may_prove,
        gateway_asks,
    })
}
