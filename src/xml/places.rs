//! Where a URL stands inside a property value: the live properties whose hrefs belong to the server's URL space (RFC 3744, 3253,
//! 4437, 5842, 5995, 4791, 6352 and the sharing drafts). Everything else in a property is data and is never touched.

use super::name::{CALDAV, CALENDARSERVER, CARDDAV, DAV, ExpandedName};

/// What inside one live property is a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyPlace {
    /// How the URL is written.
    pub form: UrlForm,
    /// Whether a client may set it (PROPPATCH, MKCOL): then its URLs are mapped in requests too.
    pub writable: bool,
}

/// How a property holds its URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlForm {
    /// Every `DAV:href` at any depth below the property element.
    Href,
    /// `lockdiscovery`: only `activelock/lockroot/href`; owner and token are data (C-4 to C-6).
    LockRoot,
    /// `source` of RFC 2518: the text of `link/src` and `link/dst`, without an href.
    SourceLink,
    /// `reftarget` of RFC 4437: an href that stays as it is when it is relative.
    RelativeStays,
}

/// The URL place of the live property `name`, or `None` when nothing in it is a URL of the server.
pub fn property_place(name: ExpandedName<'_>) -> Option<PropertyPlace> {
    let place = |form, writable| Some(PropertyPlace { form, writable });
    match (name.namespace, name.local) {
        (DAV, "lockdiscovery") => place(UrlForm::LockRoot, false),
        (DAV, "source") => place(UrlForm::SourceLink, false),
        (DAV, "reftarget") => place(UrlForm::RelativeStays, false),
        (
            DAV,
            "owner"
            | "group"
            | "group-member-set"
            | "predecessor-set"
            | "merge-set"
            | "auto-merge-set"
            | "subbaseline-set"
            | "activity-set"
            | "subactivity-set"
            | "current-activity-set",
        )
        | (CALDAV, "schedule-default-calendar-URL" | "calendar-free-busy-set") => place(UrlForm::Href, true),
        (
            DAV,
            "group-membership"
            | "principal-URL"
            | "alternate-URI-set"
            | "acl"
            | "acl-restrictions"
            | "inherited-acl-set"
            | "principal-collection-set"
            | "current-user-principal"
            | "checked-in"
            | "checked-out"
            | "successor-set"
            | "checkout-set"
            | "version-history"
            | "version-set"
            | "root-version"
            | "workspace"
            | "workspace-checkout-set"
            | "auto-update"
            | "baseline-controlled-collection"
            | "baseline-controlled-collection-set"
            | "baseline-collection"
            | "version-controlled-configuration"
            | "activity-version-set"
            | "activity-checkout-set"
            | "current-workspace-set"
            | "version-controlled-binding-set"
            | "parent-set"
            | "add-member"
            | "invite"
            | "sharer-resource-uri"
            | "notification-URL",
        )
        | (
            CALDAV,
            "calendar-home-set"
            | "schedule-inbox-URL"
            | "schedule-outbox-URL"
            | "calendar-user-address-set"
            | "timezone-service-set",
        )
        | (CARDDAV, "addressbook-home-set" | "principal-address" | "directory-gateway")
        | (
            CALENDARSERVER,
            "calendar-proxy-read-for"
            | "calendar-proxy-write-for"
            | "notification-URL"
            | "dropbox-home-URL"
            | "publish-url"
            | "pre-publish-url"
            | "shared-url"
            | "invite"
            | "hosturl",
        ) => place(UrlForm::Href, false),
        _ => None,
    }
}
