//! Destination (O-9; B-30 to B-38): where COPY and MOVE may write. In: the header as written, the target, the names of this server. Out:
//! the resource in both URL spaces, or the row of the table that refuses it.

use crate::{
    policy::Method,
    request::{Depth, LocateError, Located, Neighbourhood},
    url::path_rules::PathUse,
};

use super::{Account, Denial, target::Target};

/// The Destination of COPY or MOVE; `account` learns it as soon as it can be told.
pub(super) fn judge(
    text: &str,
    depth: Option<Depth>,
    target: &Target,
    near: &Neighbourhood<'_>,
    account: &mut Account,
) -> Result<Located, Denial> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > target.route.limits.target {
        return Err(Denial::DestinationForm);
    }
    let mut found = near.locate(text, PathUse::Destination).map_err(|error| match error {
        LocateError::Form => Denial::DestinationForm,
        LocateError::Path(error) => Denial::DestinationPath(error),
        LocateError::Foreign | LocateError::OtherRoute => Denial::DestinationForeign,
    })?;
    account.destination = Some(found.public.0.clone());
    let (here, there) = (&target.public.0, &found.public.0);
    let root = &target.route.map.public().0;
    if there.key() == here.key() {
        return Err(Denial::DestinationSame);
    }
    if there.segments().count() <= root.segments().count() {
        return Err(Denial::DestinationRoot);
    }
    if there.is_below(here) && (target.method == Method::Move || depth == Some(Depth::Infinity)) {
        return Err(Denial::DestinationInside);
    }
    if here.is_below(there) {
        return Err(Denial::DestinationAncestor);
    }
    let allowed = target.route.judge(&found.public).0;
    if !allowed.contains(target.method) {
        return Err(Denial::MethodNotAllowed(allowed));
    }
    // What stands at Destination is replaced with all it holds.
    target.holds_no_route(&found.public, near)?;
    // B-38: elsewhere the slash is the client's own word on what stands at Destination. mod_dav answers 301 to a COPY onto a
    // collection that lacks it, and 400 to a MOVE onto a file that has it.
    if target.route.backend.profile.matches_slashes {
        let slash = here.slash();
        found.public.0 = found.public.0.with_slash(slash);
        found.upstream.0 = found.upstream.0.with_slash(slash);
    }
    Ok(found)
}
