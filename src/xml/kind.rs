//! Which root elements each kind of body takes (spec 1.1 and 1.3), and how another root is refused (B-64, B-65).

use super::acl;
use super::lockinfo;
use super::mkcol;
use super::name::ExpandedName;
use super::orderpatch;
use super::propertyupdate;
use super::propfind;
use super::refusal::XmlRefusal;
use super::report;
use super::search;
use super::shape::{Content, Shape, dav};
use super::versioning;

/// The bodies this gateway reads, named after their method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each is the body of the method it is named after
pub enum BodyKind {
    Propfind,
    /// PROPPATCH.
    PropertyUpdate,
    /// LOCK.
    LockInfo,
    Mkcol,
    Mkcalendar,
    Report,
    Acl,
    Search,
    Options,
    VersionControl,
    Checkout,
    Checkin,
    Uncheckout,
    Mkworkspace,
    Update,
    Label,
    Merge,
    BaselineControl,
    Mkactivity,
    Orderpatch,
    /// COPY and MOVE: the `propertybehavior` of RFC 2518 is accepted and dropped (M-12).
    CopyMove,
}

static PROPERTY_BEHAVIOR: [Shape; 1] = [dav("propertybehavior", Content::Empty)];

impl BodyKind {
    /// The roots this kind takes, with what they hold.
    fn roots(self) -> &'static [Shape] {
        match self {
            Self::Propfind => &propfind::ROOTS,
            Self::PropertyUpdate => &propertyupdate::ROOTS,
            Self::LockInfo => &lockinfo::ROOTS,
            Self::Mkcol => &mkcol::MKCOL,
            Self::Mkcalendar => &mkcol::MKCALENDAR,
            Self::Report => &report::ROOTS,
            Self::Acl => &acl::ROOTS,
            Self::Search => &search::ROOTS,
            Self::Options => &versioning::OPTIONS,
            Self::VersionControl => &versioning::VERSION_CONTROL,
            Self::Checkout => &versioning::CHECKOUT,
            Self::Checkin => &versioning::CHECKIN,
            Self::Uncheckout => &versioning::UNCHECKOUT,
            Self::Mkworkspace => &versioning::MKWORKSPACE,
            Self::Update => &versioning::UPDATE,
            Self::Label => &versioning::LABEL,
            Self::Merge => &versioning::MERGE,
            Self::BaselineControl => &versioning::BASELINE_CONTROL,
            Self::Mkactivity => &versioning::MKACTIVITY,
            Self::Orderpatch => &orderpatch::ROOTS,
            Self::CopyMove => &PROPERTY_BEHAVIOR,
        }
    }

    /// The shape of the root `name`.
    ///
    /// # Errors
    /// B-64: 400 where the method is about its body, 403 `supported-report` for REPORT, 415 where a body is optional.
    pub(super) fn shape_of(self, name: ExpandedName<'_>) -> Result<&'static Shape, XmlRefusal> {
        self.roots().iter().find(|shape| shape.name == name).ok_or(match self {
            Self::Propfind | Self::PropertyUpdate | Self::LockInfo | Self::Acl | Self::Search => {
                XmlRefusal::UnexpectedRoot
            }
            Self::Update | Self::Label | Self::Merge | Self::Orderpatch => XmlRefusal::UnexpectedRoot,
            Self::Report => XmlRefusal::UnknownReport,
            Self::Mkcol | Self::Mkcalendar | Self::Options | Self::CopyMove => XmlRefusal::UnsupportedBody,
            Self::VersionControl | Self::Checkout | Self::Checkin | Self::Uncheckout => XmlRefusal::UnsupportedBody,
            Self::Mkworkspace | Self::BaselineControl | Self::Mkactivity => XmlRefusal::UnsupportedBody,
        })
    }
}
