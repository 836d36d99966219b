//! Where in a WebDAV answer an element stands, and so whether the text in it is a URL (R-1: context first, value second).
//! In: the expanded names from the root down. Out: a [`Context`]. Prefixes do not matter; a `DAV:href` in a place that is not
//! listed here (lock owners, lock tokens, dead properties) is data and is never touched. RFC 4918 section 14, RFC 3253, RFC 3744,
//! RFC 4709, RFC 5689, RFC 6638.

use crate::url::PublicPath;
use crate::xml::name::{CALDAV, DAV, DAVMOUNT, ExpandedName};
use crate::xml::places::{UrlForm, property_place};

/// What kind of place a URL was found in: the rules for its form differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The URL of a response, of a location or of a lock root (C-1, C-2, C-4): a reference relative to the request is resolved,
    /// and the result is always an absolute path.
    Structural,
    /// Below `DAV:error` (C-3).
    Error,
    /// In the value of a live property (and C-8, C-12, C-13): the form found is kept.
    Property,
    /// The recipient of a scheduling message (C-11): a URL or another kind of address.
    Recipient,
    /// A reference that stays as it is when it is relative (`reftarget`, RFC 4437).
    RelativeStays,
    /// No URL at all but a `DAV:sync-token`, of a multistatus or as a property: data, except where the route wraps it (F-9).
    SyncToken,
}

/// What becomes of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// It stays, byte for byte.
    Unchanged,
    /// It is replaced by this URL, not yet escaped for XML.
    To(String),
    /// It is the back end's, but nothing the client may know of.
    Outside,
}

/// What a URL in an answer names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Something that is not the back end's: another scheme or another server.
    Elsewhere,
    /// A resource of the route.
    Public(PublicPath),
    /// Something of the back end's that has no public URL.
    Outside,
}

/// The mapping from the URLs of a back end's answer to the public ones.
pub trait ResponseUrls {
    /// What becomes of `url`, found at `place`: decoded, without white space at its ends.
    fn map(&self, place: Place, url: &str) -> Mapped;

    /// Whether a response whose URL is `public`, as [`ResponseUrls::map`] gave it, goes out. One that does not is left out and
    /// not counted as unmapped: its URL is public, but this client did not ask for it, or may not see it.
    fn shows(&self, public: &str) -> bool {
        let _ = public;
        true
    }

    /// Whether [`ResponseUrls::map`] is asked for sync tokens too (F-9); else they are data.
    fn wraps_sync_tokens(&self) -> bool {
        false
    }

    /// What `url` names, as it came, in every place; a relative one is resolved against the URL of the request. A filter asks.
    fn named(&self, url: &str) -> Named;
}

/// What an element is, seen from the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Multistatus,
    /// `DAV:response`, at the top or nested in a property (C-10).
    Response,
    Location,
    Propstat,
    Prop,
    /// A live property whose hrefs are URLs, or another element whose value stands or falls as a whole.
    Value,
    /// Anything in a [`Context::Value`].
    InValue,
    /// `DAV:reftarget`, and what is in it.
    RelativeValue,
    LockDiscovery,
    ActiveLock,
    LockOwner,
    /// `DAV:locktoken`, and what is in it: data, but a filter reads it.
    LockToken,
    LockRoot,
    /// `DAV:source` of RFC 2518 and its links.
    Source,
    SourceLink,
    Error,
    Description,
    /// `DAV:status` of a response or a propstat: data, but a filter reads it.
    Status,
    /// `DAV:current-user-privilege-set`: data that a filter narrows.
    Privileges,
    /// A `DAV:privilege` in it.
    Privilege,
    OptionsResponse,
    /// `DAV:*-response` and the like: propstats and properties at the top (C-9).
    OwnResponse,
    /// A report with a root of its own (C-13).
    Report,
    ScheduleResponse,
    ScheduleItem,
    Recipient,
    Mount,
    /// The text of this element is a URL.
    Url(Place),
    /// The `DAV:href` of a response: a URL that decides whether the response is shown.
    ResponseUrl,
    /// The `dm:url` of a mount: a URL that is the whole value.
    MountUrl,
    /// Nothing in here is a URL.
    Data,
}

impl Context {
    /// The context of the root element, or `None` for a document that is none of WebDAV's.
    pub fn root(name: ExpandedName<'_>) -> Option<Self> {
        match (name.namespace, name.local) {
            (DAV, "multistatus") => Some(Self::Multistatus),
            (DAV, "error") => Some(Self::Error),
            (DAV, "prop") => Some(Self::Prop),
            (DAV, "options-response") => Some(Self::OptionsResponse),
            (DAV, "merge-preview-report" | "compare-baseline-report" | "latest-activity-version-report") => {
                Some(Self::Report)
            }
            (DAV, "principal-search-property-set") => Some(Self::Data),
            (DAV, local) if local.ends_with("-response") => Some(Self::OwnResponse),
            (CALDAV, "mkcalendar-response") => Some(Self::OwnResponse),
            (CALDAV, "schedule-response") => Some(Self::ScheduleResponse),
            (DAVMOUNT, "mount") => Some(Self::Mount),
            _ => None,
        }
    }

    /// The context of an element named `name` in an element of this context.
    pub fn child(self, name: ExpandedName<'_>) -> Self {
        let dav = if name.namespace == DAV { name.local } else { "" };
        match self {
            Self::Multistatus => match dav {
                "response" => Self::Response,
                "error" => Self::Error,
                "responsedescription" => Self::Description,
                "sync-token" => Self::Url(Place::SyncToken),
                _ => Self::Data,
            },
            Self::Response => match dav {
                "href" => Self::ResponseUrl,
                "propstat" => Self::Propstat,
                "location" => Self::Location,
                "status" => Self::Status,
                "error" => Self::Error,
                "responsedescription" => Self::Description,
                _ => Self::Data,
            },
            Self::Propstat => match dav {
                "prop" => Self::Prop,
                "status" => Self::Status,
                "error" => Self::Error,
                "responsedescription" => Self::Description,
                _ => Self::Data,
            },
            Self::OwnResponse => match dav {
                "response" => Self::Response,
                "propstat" => Self::Propstat,
                "prop" => Self::Prop,
                "error" => Self::Error,
                "responsedescription" => Self::Description,
                _ => Self::property(name),
            },
            Self::Prop => Self::property(name),
            Self::Value | Self::InValue => match dav {
                "href" => Self::Url(Place::Property),
                "response" => Self::Response,
                _ => Self::InValue,
            },
            Self::RelativeValue if dav == "href" => Self::Url(Place::RelativeStays),
            Self::Location | Self::LockRoot if dav == "href" => Self::Url(Place::Structural),
            Self::Recipient if dav == "href" => Self::Url(Place::Recipient),
            Self::LockDiscovery if dav == "activelock" => Self::ActiveLock,
            Self::ActiveLock => match dav {
                "lockroot" => Self::LockRoot,
                "owner" => Self::LockOwner,
                "locktoken" => Self::LockToken,
                _ => Self::Data,
            },
            Self::LockOwner => Self::LockOwner,
            Self::LockToken => Self::LockToken,
            Self::Privileges if dav == "privilege" => Self::Privilege,
            Self::Source if dav == "link" => Self::SourceLink,
            Self::SourceLink if dav == "src" || dav == "dst" => Self::Url(Place::Property),
            Self::Error if dav == "href" => Self::Url(Place::Error),
            Self::Error => Self::Error,
            Self::Description => Self::Description,
            Self::OptionsResponse => match dav {
                "version-history-collection-set" | "workspace-collection-set" | "activity-collection-set" => {
                    Self::Value
                }
                _ => Self::Data,
            },
            Self::Report => Self::Value,
            Self::ScheduleResponse if name == ExpandedName::new(CALDAV, "response") => Self::ScheduleItem,
            Self::ScheduleItem if name == ExpandedName::new(CALDAV, "recipient") => Self::Recipient,
            Self::ScheduleItem => match dav {
                "error" => Self::Error,
                "responsedescription" => Self::Description,
                _ => Self::Data,
            },
            Self::Mount if name == ExpandedName::new(DAVMOUNT, "url") => Self::MountUrl,
            Self::RelativeValue
            | Self::Status
            | Self::Privileges
            | Self::Privilege
            | Self::Location
            | Self::LockRoot
            | Self::Recipient
            | Self::LockDiscovery
            | Self::Source
            | Self::SourceLink
            | Self::ScheduleResponse
            | Self::Mount
            | Self::Url(_)
            | Self::ResponseUrl
            | Self::MountUrl
            | Self::Data => Self::Data,
        }
    }

    fn property(name: ExpandedName<'_>) -> Self {
        if name.is_dav("current-user-privilege-set") {
            return Self::Privileges;
        }
        if name.is_dav("sync-token") {
            return Self::Url(Place::SyncToken);
        }
        match property_place(name).map(|place| place.form) {
            Some(UrlForm::Href) => Self::Value,
            Some(UrlForm::RelativeStays) => Self::RelativeValue,
            Some(UrlForm::LockRoot) => Self::LockDiscovery,
            Some(UrlForm::SourceLink) => Self::Source,
            None => Self::Data,
        }
    }

    /// Whether a filter reads the text of such an element.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Status | Self::LockToken)
    }

    /// The place of the URL that is the text of this element.
    pub fn url(self) -> Option<Place> {
        match self {
            Self::Url(place) => Some(place),
            Self::ResponseUrl => Some(Place::Structural),
            Self::MountUrl => Some(Place::Property),
            Self::Multistatus
            | Self::Response
            | Self::Location
            | Self::Propstat
            | Self::Prop
            | Self::Value
            | Self::InValue
            | Self::RelativeValue
            | Self::LockDiscovery
            | Self::ActiveLock
            | Self::LockOwner
            | Self::LockToken
            | Self::LockRoot
            | Self::Source
            | Self::SourceLink
            | Self::Error
            | Self::Description
            | Self::Status
            | Self::Privileges
            | Self::Privilege
            | Self::OptionsResponse
            | Self::OwnResponse
            | Self::Report
            | Self::ScheduleResponse
            | Self::ScheduleItem
            | Self::Recipient
            | Self::Mount
            | Self::Data => None,
        }
    }
}
