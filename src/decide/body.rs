//! The body of a request (O-10): what its announcement decides before a byte is read, and what the bytes decide once they are held.

use crate::{
    policy::{Method, method::BodyRule},
    request::{Depth, body_kind::body_kind, framing::BodyLength, operation::Kind},
    xml::{
        body::{self, RequestBody},
        href::HrefUse,
        kind::BodyKind,
        limits::XmlLimits,
        multiget::whole_answer,
        name::{CALDAV, ExpandedName},
        refusal::XmlRefusal,
    },
};

use super::{Admitted, Denial, body_urls, members, permit::PermittedBody, sync_tokens, target::Target};

/// What is to be done with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyPlan {
    /// None comes.
    Nothing,
    /// It was announced without a length where none may be: it is read to see that it is empty.
    Empty,
    /// XML, held whole.
    Xml(XmlPlan),
    /// The client's own bytes, passed on while they come; at most this many.
    Stream(Option<u64>),
    /// The client's own bytes, whole before the first is sent (B-91, B-94); at most this many.
    Spool(Option<u64>),
}

/// How an XML body is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlPlan {
    kind: BodyKind,
    limits: XmlLimits,
    required: bool,
}

impl XmlPlan {
    /// How many bytes are worth reading.
    pub fn limit(&self) -> u64 {
        u64::try_from(self.limits.held(self.kind)).unwrap_or(u64::MAX)
    }
}

impl BodyPlan {
    /// What the method takes, and what the announced length allows.
    pub(super) fn of(target: &Target, length: BodyLength) -> Result<Self, Denial> {
        match target.method.body_rule() {
            BodyRule::None => match length {
                BodyLength::None | BodyLength::Known(0) => Ok(Self::Nothing),
                BodyLength::Known(_) => Err(Denial::UnexpectedBody),
                BodyLength::Chunked => Ok(Self::Empty),
            },
            BodyRule::Opaque => opaque(target, length),
            BodyRule::Optional | BodyRule::Dropped => xml(target, length, false),
            BodyRule::Required => xml(target, length, true),
        }
    }
}

fn opaque(target: &Target, length: BodyLength) -> Result<BodyPlan, Denial> {
    let habits = target.route.backend.profile;
    match (length, target.body_limit) {
        (BodyLength::Known(announced), Some(limit)) if announced > limit => return Err(Denial::BodyTooLarge),
        (BodyLength::None, _) if target.route.require_length && target.method == Method::Put => {
            return Err(Denial::LengthRequired);
        }
        _ => {}
    }
    if length.may_follow() && !habits.atomic_put {
        Ok(BodyPlan::Spool(target.body_limit))
    } else {
        Ok(BodyPlan::Stream(target.body_limit))
    }
}

fn xml(target: &Target, length: BodyLength, required: bool) -> Result<BodyPlan, Denial> {
    let Some(kind) = body_kind(target.method) else {
        return Err(Denial::UnexpectedBody);
    };
    let limits = &target.route.limits;
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let plan = XmlPlan {
        kind,
        limits: XmlLimits {
            bytes: size(limits.xml),
            multiget_bytes: size(limits.report),
            depth: size(u64::from(limits.xml_depth)),
            elements: size(u64::from(limits.xml_elements)),
            // Deliberately for LOCK alone (B-77): a widespread client labels its lockinfo text/plain.
            plain_text: kind == BodyKind::LockInfo,
            ..XmlLimits::default()
        },
        required,
    };
    match length {
        BodyLength::None | BodyLength::Known(0) if required => Err(Denial::MissingBody),
        BodyLength::None | BodyLength::Known(0) => Ok(BodyPlan::Nothing),
        BodyLength::Known(announced) if announced > plan.limit() => Err(Denial::Xml(XmlRefusal::TooLarge)),
        BodyLength::Known(_) | BodyLength::Chunked => Ok(BodyPlan::Xml(plan)),
    }
}

/// Reports that speak of one resource only (RP-21).
pub(super) const DEPTH_0_REPORTS: [ExpandedName<'static>; 5] = [
    ExpandedName::dav("acl-principal-prop-set"),
    ExpandedName::dav("principal-match"),
    ExpandedName::dav("principal-property-search"),
    ExpandedName::dav("principal-search-property-set"),
    ExpandedName::dav("sync-collection"),
];

/// Reads a held XML body: what is to be forwarded in its place (or answered without asking), or the refusal.
pub(super) fn judge(
    admitted: &mut Admitted,
    plan: &XmlPlan,
    bytes: &[u8],
    content_type: Option<&[u8]>,
    content_encoding: Option<&[u8]>,
) -> Result<PermittedBody, Denial> {
    if bytes.is_empty() {
        return if plan.required {
            Err(Denial::MissingBody)
        } else {
            Ok(PermittedBody::None)
        };
    }
    if content_encoding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err(Denial::ContentCoding);
    }
    let mut read = body::parse(plan.kind, bytes, content_type, &plan.limits).map_err(|refusal| {
        // M-12, B-78: COPY and MOVE take no body but the one that is dropped, so every other is one too many, XML or not.
        if plan.kind == BodyKind::CopyMove && refusal != XmlRefusal::TooLarge {
            Denial::UnexpectedBody
        } else {
            Denial::Xml(refusal)
        }
    })?;
    if let Some(root) = read.report_root() {
        if !admitted.target.route.reports.contains(&root) {
            return Err(Denial::Xml(XmlRefusal::UnknownReport));
        }
        if DEPTH_0_REPORTS.contains(&root) && admitted.depth != Some(Depth::Zero) {
            // How deep it goes is in its body; clients of its drafts, and after them others, say 1 here as well.
            if !(root.is_dav("sync-collection") && admitted.depth == Some(Depth::One)) {
                return Err(Denial::Depth);
            }
            admitted.depth = Some(Depth::Zero);
        }
    }
    if admitted.target.route.access.is_some() && read.selects_by_guarded() {
        return Err(Denial::GuardedSelection);
    }
    sync_tokens::in_body(&mut read, &admitted.target)?;
    let mut named = Vec::new();
    let near = admitted.near.of(&admitted.target);
    let split = members::split(&read, &admitted.target, &near)?;
    let body = match split.forward {
        Some(forward) => {
            let mut map = |place, text: &str| body_urls::map(place, text, &admitted.target, &near, &mut named);
            match forward.serialize(&mut map)? {
                xml if xml.is_empty() => PermittedBody::None,
                xml => PermittedBody::Xml(xml),
            }
        }
        None => PermittedBody::Answered(whole_answer(&split.answers)),
    };
    admitted.kind = kind(&read, admitted.kind);
    admitted.named = named;
    admitted.members = split.answers;
    admitted.read = Some(read);
    Ok(body)
}

/// What the body makes of the operation; `known` where it says nothing.
fn kind(read: &RequestBody, known: Kind) -> Kind {
    const FREE_BUSY: ExpandedName<'static> = ExpandedName::new(CALDAV, "free-busy-query");
    const PRINCIPALS: ExpandedName<'static> = ExpandedName::dav("acl-principal-prop-set");
    const OWNERS: [ExpandedName<'static>; 3] = [
        ExpandedName::dav("owner"),
        ExpandedName::dav("group"),
        ExpandedName::dav("group-member-set"),
    ];
    let versions = || read.hrefs().iter().any(|href| href.place == HrefUse::Version);
    match read.report_root() {
        Some(root) if root == FREE_BUSY => Kind::FreeBusy,
        Some(root) if root == PRINCIPALS => Kind::PrincipalsOfAcl,
        Some(_) => known,
        None if read
            .property_changes()
            .iter()
            .any(|change| OWNERS.contains(&change.name())) =>
        {
            Kind::OwnerProperties
        }
        None if read.kind() == BodyKind::VersionControl && versions() => Kind::Version,
        None => known,
    }
}
