//! Every refusal, and what answers it: status, `Allow`, URLs, what becomes of the connection. Its rule and the name that stands in the body
//! are in `denial_names.rs`. No refusal repeats what the client wrote (ERR-3).

use super::DeniedBy;
use crate::{
    access::Privilege,
    identity::Refusal,
    policy::MethodSet,
    request::framing::FramingError,
    url::{PathError, PublicPath},
    xml::refusal::XmlRefusal,
};

/// Why a request is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The message cannot be cut out of the stream in one way only (O-1).
    Framing(FramingError),
    /// A header line, the header, or the number of lines over its limit (B-8).
    HeaderTooLarge,
    /// The target is over its limit (B-9).
    TargetTooLong,
    /// Host, or an absolute target that contradicts it, or a form of target that does not fit (B-6, P-1).
    Authority,
    /// The target is not of a form that the method takes (P-1).
    TargetForm,
    /// No route answers to this host (B-7).
    Misdirected,
    /// A method token that is not known (M-37).
    UnknownMethod,
    /// A method that is never served, here or anywhere; what is served here.
    MethodNotAllowed(MethodSet),
    /// The path is refused (section 2.2).
    Path(PathError),
    /// Outside every route (P-11).
    Outside,
    /// A path with the prefix that a proxy in front takes off (RM-2).
    Prefixed,
    /// A query where none may be (P-13).
    Query,
    /// A query that calls a method of an object of the back end (Z-3).
    PublishedMethod,
    /// XML posted to a back end that takes it for a remote call (Z-20).
    XmlRpc,
    /// A remote call of Subversion's, which names resources where nobody judges them (PO-5).
    Subversion,
    /// A header that may come once came twice (B-10).
    RepeatedHeader,
    /// `Connection` names a header that is not the connection's own (B-11).
    ConnectionNames,
    /// An override of the method, on a route that refuses such (B-50).
    MethodOverride,
    /// A header name with `_`, on a route that refuses such (B-13).
    Underscore,
    /// An Expect that is not `100-continue` (B-16).
    Expectation,
    /// Depth that is none, or none for this method (B-20, B-23, RP-21).
    Depth,
    /// Overwrite that is neither T nor F (B-25).
    Overwrite,
    /// COPY or MOVE without Destination (B-30).
    DestinationMissing,
    /// Destination that is not a URL of the right form (B-31).
    DestinationForm,
    /// Destination with a path that is refused (B-31, P-12).
    DestinationPath(PathError),
    /// Destination on another server, or in another route (B-32, B-33).
    DestinationForeign,
    /// Destination is the target (B-34).
    DestinationSame,
    /// Destination is inside the target (B-35).
    DestinationInside,
    /// The target is inside Destination (B-36).
    DestinationAncestor,
    /// Destination is the root of the route (B-37).
    DestinationRoot,
    /// What the URL names is in another folder, from which the back end would take it (Z-10).
    Acquired,
    /// What would be moved, copied, deleted or replaced are the data of a folder, which stay with it (Z-11).
    FolderData,
    /// What would be moved, copied, deleted or replaced holds another route.
    HoldsRoute,
    /// Something below the target, or below Destination, may not be deleted or replaced.
    RefusedBelow,
    /// An If that is malformed, over its limits, or tagged with what is not this route's (L-20 to L-22).
    If,
    /// An If that does not hold (L-24), or that compares the entity tag of what the principal may not read.
    IfFalse,
    /// If-Match or If-None-Match that cannot be read (B-46).
    EntityTag,
    /// UNLOCK without a Lock-Token that can be read (B-42).
    LockToken,
    /// A Position that is not one plain segment.
    Position,
    /// Content-Range on PUT (B-43).
    PartialPut,
    /// PUT to a path that ends in a slash (B-97); what is served there.
    PutToCollection(MethodSet),
    /// MKCOL where something is, which the back end would not refuse (B-98); what is served there.
    Taken(MethodSet),
    /// A body where none may be (B-78).
    UnexpectedBody,
    /// No body where XML must be (B-62).
    MissingBody,
    /// A body over the limit of the route or rule (B-90, B-91).
    BodyTooLarge,
    /// No length on a route that wants one (B-93).
    LengthRequired,
    /// A coding on an XML body (B-47).
    ContentCoding,
    /// An XML body that is refused (section 5.3).
    Xml(XmlRefusal),
    /// An XML body names a URL that is malformed or another server's (P-12, 1.4).
    BodyUrl,
    /// An XML body names a resource that the method may not reach (O-11).
    RefusedInBody,
    /// A search or report that selects by what not everybody may see (F-12).
    GuardedSelection,
    /// A sync token that was given under other rules, or not by this gateway (F-9).
    SyncToken,
    /// Credentials that are not right (O-5).
    Credentials(Refusal),
    /// As that, where no credentials in a header would help: a 401 must carry a challenge, and there is none (RFC 9110 section
    /// 15.5.2).
    Unprovable(Refusal),
    /// Nobody in particular asks for what not everybody may have.
    Unauthenticated(DeniedBy),
    /// What the principal may not see is as if it were not there.
    Hidden(DeniedBy),
    /// The principal lacks this privilege on this resource.
    NeedPrivileges(PublicPath, Privilege, DeniedBy),
    /// GET of a collection of which not everything may be read.
    Listing,
    /// A lock is in the way whose token was not submitted by the one who took it (L-38, L-39); its roots, of those that the principal may
    /// know, at least one.
    Locked(Vec<PublicPath>),
    /// A lock that somebody has keeps a new one from being granted (L-55 to L-57); its roots, in the same way.
    NoConflictingLock(Vec<PublicPath>),
    /// UNLOCK with a token of no lock that covers the target (L-64).
    LockTokenMatchesRequestUri,
    /// A refresh with such a token, or with somebody else's (L-52).
    RefreshTokenMatchesRequestUri,
    /// A lock for nobody in particular (L-62).
    AnonymousLock,
    /// LOCK without a body and without a token in If (L-50).
    RefreshWithoutToken,
    /// LOCK without a body and with several tokens in If (L-53).
    RefreshOfSeveral,
    /// LOCK of what is not there, in a collection that is not there (L-60).
    LockWithoutParent,
    /// LOCK of what is not there, where it may not be made (L-81).
    LockUnmapped,
    /// The principal has as many locks as one may have (L-68).
    TooManyLocks,
    /// Where locks are kept does not answer (L-91).
    LockStoreDown,
    /// What is there changed between the question and the write, and the body is gone.
    Changed,
    /// Another write to the same resource took too long.
    Busy,
    /// PROPFIND deeper than the route allows (B-22).
    PropfindDepth,
    /// The client was too slow (B-17).
    Slow,
    /// There are as many connections as there may be, in all or from one address (B-101).
    TooManyConnections,
    /// The principal has as many requests under way as one may have (B-101).
    TooManyInFlight,
    /// More of bodies would be in memory than may be (B-101).
    TooMuchHeld,
    /// The principal, or the address of who is nobody, has sent too many requests; in so many seconds the next may come (B-102).
    TooManyRequests(u64),
    /// The body broke off, or its chunks cannot be read (O-1).
    BrokenBody,
    /// The principal has uploaded as much as one may (B-96); in so many seconds it may be otherwise.
    QuotaExceeded(Option<u64>),
    /// There is no room to hold the body (B-91).
    NoRoom,
}

impl Denial {
    /// The status that answers it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Framing(error) => error.status(),
            Self::Path(error) => error.status(),
            Self::Xml(refusal) => refusal.status(),
            Self::Credentials(refusal) => refusal.status().as_u16(),
            Self::Unprovable(_) => 403,
            Self::Unauthenticated(_) => 401,
            Self::Hidden(_) | Self::Acquired => 404,
            Self::NeedPrivileges(..) | Self::Listing => 403,
            Self::Slow => 408,
            Self::Changed | Self::LockTokenMatchesRequestUri => 409,
            Self::Busy | Self::LockStoreDown | Self::TooManyConnections | Self::TooManyInFlight | Self::TooMuchHeld => {
                503
            }
            Self::TooManyRequests(_) => 429,
            Self::LockWithoutParent => 409,
            Self::TooManyLocks | Self::AnonymousLock | Self::LockUnmapped => 403,
            Self::RefreshWithoutToken | Self::RefreshOfSeveral => 400,
            Self::NoRoom | Self::QuotaExceeded(_) => 507,
            Self::LengthRequired => 411,
            Self::IfFalse | Self::RefreshTokenMatchesRequestUri => 412,
            Self::BodyTooLarge => 413,
            Self::TargetTooLong => 414,
            Self::UnexpectedBody | Self::ContentCoding | Self::XmlRpc | Self::Subversion => 415,
            Self::Expectation => 417,
            Self::Misdirected => 421,
            Self::Locked(_) | Self::NoConflictingLock(_) => 423,
            Self::HeaderTooLarge => 431,
            Self::UnknownMethod => 501,
            Self::DestinationForeign => 502,
            Self::Outside => 404,
            Self::MethodNotAllowed(_) | Self::PutToCollection(_) | Self::Taken(_) => 405,
            Self::DestinationSame | Self::DestinationInside | Self::DestinationAncestor => 403,
            Self::DestinationRoot | Self::FolderData | Self::HoldsRoute | Self::RefusedBelow | Self::PropfindDepth => {
                403
            }
            Self::RefusedInBody | Self::GuardedSelection | Self::SyncToken => 403,
            Self::Authority | Self::TargetForm | Self::Prefixed | Self::Query | Self::PublishedMethod => 400,
            Self::RepeatedHeader | Self::ConnectionNames => 400,
            Self::MethodOverride | Self::Underscore | Self::Depth | Self::Overwrite => 400,
            Self::DestinationMissing | Self::DestinationForm | Self::DestinationPath(_) => 400,
            Self::If | Self::EntityTag | Self::LockToken | Self::Position | Self::PartialPut => 400,
            Self::MissingBody | Self::BodyUrl | Self::BrokenBody => 400,
        }
    }

    /// The URLs that belong to the condition: roots of locks (L-38, L-55).
    pub fn hrefs(&self) -> Vec<String> {
        match self {
            Self::Locked(roots) | Self::NoConflictingLock(roots) => roots.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    /// What the `Allow` of a 405 lists (ERR-4).
    pub fn allow(&self) -> Option<MethodSet> {
        if let Self::MethodNotAllowed(methods) | Self::PutToCollection(methods) | Self::Taken(methods) = self {
            Some(*methods)
        } else {
            None
        }
    }

    /// The seconds after which it may be otherwise, where that is told.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Credentials(refusal) => refusal.retry_after(),
            Self::Busy | Self::LockStoreDown | Self::TooManyConnections | Self::TooManyInFlight | Self::TooMuchHeld => {
                Some(5)
            }
            Self::TooManyRequests(seconds) => Some(*seconds),
            Self::QuotaExceeded(seconds) => *seconds,
            _ => None,
        }
    }

    /// Whether nothing after it on the connection can be trusted, or is worth reading.
    pub fn closes(&self) -> bool {
        matches!(
            self,
            Self::Framing(_)
                | Self::Authority
                | Self::HeaderTooLarge
                | Self::TargetTooLong
                | Self::BodyTooLarge
                | Self::Slow
                | Self::TooManyConnections
                | Self::TooMuchHeld
                | Self::BrokenBody
                | Self::NoRoom
                | Self::QuotaExceeded(_)
                | Self::Xml(XmlRefusal::TooLarge)
        )
    }
}
