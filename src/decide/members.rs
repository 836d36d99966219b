//! Members of a multiget report (F-7, O-11). In: the body as it was read, and who asks. Out: the body for the back end, without the
//! members that this asker may not read, and what is answered for those.

use crate::{
    policy::Method,
    request::Neighbourhood,
    url::path_rules::PathUse,
    xml::{
        body::RequestBody,
        multiget::{MemberAnswer, MemberStatus, MultigetSplit, split_multiget},
    },
};

use super::{Denial, privileges, target::Target};

/// Cuts `read`: what may not be read is answered as if it were not there, and the back end is not asked for it. Where the route
/// has no `access`, and for every other body, all of it goes on.
///
/// # Errors
/// A member that is no URL of the route, whoever asks (P-12).
pub(super) fn split(read: &RequestBody, target: &Target, near: &Neighbourhood<'_>) -> Result<MultigetSplit, Denial> {
    if target.route.access.is_none() {
        return Ok(MultigetSplit {
            forward: Some(read.clone()),
            answers: Vec::new(),
        });
    }
    let mut refusal = None;
    let split = split_multiget(read, &mut |text| {
        let Ok(found) = near.locate(text, PathUse::Target) else {
            refusal = Some(Denial::BodyUrl);
            return None;
        };
        let status = if !privileges::reads(target, &found.public) {
            MemberStatus::NotFound
        } else if !target.route.judge(&found.public).0.contains(Method::Report) {
            MemberStatus::Forbidden
        } else {
            return None;
        };
        Some(MemberAnswer {
            href: found.public.to_string(),
            status,
        })
    });
    refusal.map_or(Ok(split), Err)
}
