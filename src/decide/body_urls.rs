//! URLs in XML bodies (1.4, Q-11 to Q-14; P-12). In: the URL and the place it stands in. Out: what the back end must read there.

use crate::{
    policy::Method,
    request::{LocateError, Located, Neighbourhood},
    url::{Authority, CanonicalPath, PublicPath, Reference, path_rules::PathUse, reference::in_the_form_of},
    xml::href::HrefUse,
};

use super::{Denial, target::Target};

/// What stands in place of `text`; `None` leaves it as it is. What must be readable for it is added to `read`; members of a multiget are
/// not, they are answered one by one (F-7).
pub(super) fn map(
    place: HrefUse,
    text: &str,
    target: &Target,
    near: &Neighbourhood<'_>,
    read: &mut Vec<PublicPath>,
) -> Result<Option<String>, Denial> {
    let reference = Reference::parse(text);
    match place {
        // Principals and the like may be anywhere, and need not be URLs.
        HrefUse::PropertyValue | HrefUse::AclPrincipal | HrefUse::AclInherited => match reference {
            Reference::OtherScheme | Reference::Relative(_) => Ok(None),
            // A name that no server of ours can have.
            Reference::Absolute { authority, .. } if Authority::parse(authority).is_none() => Ok(None),
            Reference::Absolute { .. } | Reference::AbsolutePath(_) | Reference::NetworkPath { .. } => {
                match near.locate(text, PathUse::Target) {
                    Ok(found) => Ok(Some(told(&reference, &found, target, near))),
                    Err(LocateError::Foreign) => Ok(None),
                    Err(LocateError::Form | LocateError::Path(_) | LocateError::OtherRoute) => Err(Denial::BodyUrl),
                }
            }
        },
        HrefUse::SearchScope => {
            let found = match reference {
                Reference::Relative(relative) if relative.is_bare() => {
                    let path = resolve(&target.public.0, relative.path)?;
                    near.locate_path(path, PathUse::Target)
                }
                _ => near.locate(text, PathUse::Target),
            };
            let found = found.map_err(|_| Denial::BodyUrl)?;
            // A scope may be as deep as everything below.
            if target.refuses_below(&found.public, target.method) {
                return Err(Denial::RefusedInBody);
            }
            named(&found, target.method, target)?;
            read.push(found.public.clone());
            Ok(Some(told(&reference, &found, target, near)))
        }
        HrefUse::MultigetMember => {
            let found = near.locate(text, PathUse::Target).map_err(|_| Denial::BodyUrl)?;
            named(&found, target.method, target)?;
            Ok(Some(told(&reference, &found, target, near)))
        }
        HrefUse::Version | HrefUse::VersionHistory | HrefUse::MergeSource | HrefUse::Baseline | HrefUse::Activity => {
            let found = near.locate(text, PathUse::Target).map_err(|_| Denial::BodyUrl)?;
            // What is named there is read.
            named(&found, Method::Get, target)?;
            read.push(found.public.clone());
            Ok(Some(told(&reference, &found, target, near)))
        }
    }
}

/// O-11: a body reaches no resource that the filter keeps `method` from.
fn named(found: &Located, method: Method, target: &Target) -> Result<(), Denial> {
    if target.route.judge(&found.public).0.contains(method) {
        Ok(())
    } else {
        Err(Denial::RefusedInBody)
    }
}

/// The resource in the form in which the client wrote it, in the URLs that the back end is told.
fn told(reference: &Reference<'_>, found: &Located, target: &Target, near: &Neighbourhood<'_>) -> String {
    let (origin, path) = target.route.told_url(near.origin, &found.upstream);
    in_the_form_of(reference, &origin, &path, "")
}

/// A reference relative to the request. Only downwards: dot segments are refused like everywhere.
fn resolve(base: &CanonicalPath, relative: &str) -> Result<CanonicalPath, Denial> {
    let encoded = base.to_string();
    let folder = if base.slash() {
        encoded.as_str()
    } else {
        encoded.rfind('/').and_then(|at| encoded.get(..=at)).unwrap_or("/")
    };
    match relative {
        "" => Ok(base.clone()),
        "." | "./" => CanonicalPath::parse(folder.as_bytes()).map_err(|_| Denial::BodyUrl),
        _ => CanonicalPath::parse(format!("{folder}{relative}").as_bytes()).map_err(|_| Denial::BodyUrl),
    }
}
