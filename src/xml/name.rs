//! Expanded names: a namespace and a local name (Namespaces in XML 1.0, section 2.1), and the namespaces this gateway knows.

/// `DAV:` (RFC 4918 section 4.4).
pub const DAV: &str = "DAV:";
/// CalDAV (RFC 4791).
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// CardDAV (RFC 6352).
pub const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
/// Apple's calendar server extensions.
pub const CALENDARSERVER: &str = "http://calendarserver.org/ns/";
/// `application/davmount+xml` (RFC 4709).
pub const DAVMOUNT: &str = "http://purl.org/NET/webdav/mount";
/// Conditions of the gateway's own; `DAV:` is never used for them (RFC 4918 section 16).
pub const DAVGATE: &str = "urn:davgate:error";

/// A borrowed expanded name. An element in no namespace has the empty namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExpandedName<'a> {
    /// The namespace name, compared character by character.
    pub namespace: &'a str,
    /// The local part.
    pub local: &'a str,
}

impl<'a> ExpandedName<'a> {
    /// The name `local` in `namespace`.
    pub const fn new(namespace: &'a str, local: &'a str) -> Self {
        Self { namespace, local }
    }

    /// The name `local` in `DAV:`.
    pub const fn dav(local: &'a str) -> Self {
        Self::new(DAV, local)
    }

    /// Whether this is `local` in `DAV:`.
    pub fn is_dav(&self, local: &str) -> bool {
        self.namespace == DAV && self.local == local
    }
}
