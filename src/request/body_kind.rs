//! Which XML body a method takes (section 1.1).

use crate::{policy::Method, xml::kind::BodyKind};

/// The kind of XML that `method` takes; `None` where it takes none or an opaque one.
pub fn body_kind(method: Method) -> Option<BodyKind> {
    Some(match method {
        Method::Propfind => BodyKind::Propfind,
        Method::Proppatch => BodyKind::PropertyUpdate,
        Method::Lock => BodyKind::LockInfo,
        Method::Mkcol => BodyKind::Mkcol,
        Method::Mkcalendar => BodyKind::Mkcalendar,
        Method::Report => BodyKind::Report,
        Method::Acl => BodyKind::Acl,
        Method::Search => BodyKind::Search,
        Method::Options => BodyKind::Options,
        Method::VersionControl => BodyKind::VersionControl,
        Method::Checkout => BodyKind::Checkout,
        Method::Checkin => BodyKind::Checkin,
        Method::Uncheckout => BodyKind::Uncheckout,
        Method::Mkworkspace => BodyKind::Mkworkspace,
        Method::Update => BodyKind::Update,
        Method::Label => BodyKind::Label,
        Method::Merge => BodyKind::Merge,
        Method::BaselineControl => BodyKind::BaselineControl,
        Method::Mkactivity => BodyKind::Mkactivity,
        Method::Orderpatch => BodyKind::Orderpatch,
        Method::Copy | Method::Move => BodyKind::CopyMove,
        Method::Get
        | Method::Head
        | Method::Put
        | Method::Post
        | Method::Patch
        | Method::Delete
        | Method::Unlock
        | Method::Trace
        | Method::Connect
        | Method::Mkredirectref
        | Method::Updateredirectref
        | Method::Bind
        | Method::Unbind
        | Method::Rebind
        | Method::Subscribe
        | Method::Unsubscribe
        | Method::Poll
        | Method::Notify
        | Method::Bcopy
        | Method::Bmove
        | Method::Bdelete
        | Method::Bpropfind
        | Method::Bproppatch
        | Method::XMsEnumatts
        | Method::Purge
        | Method::Query
        | Method::Link
        | Method::Unlink => return None,
    })
}
