//! How much XML the gateway holds and reads (spec 5.3). In: configuration. Out: the ceilings the reader and the bodies keep.

use super::kind::BodyKind;

/// Ceilings for one XML body. Every one is inclusive: the value itself is still accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlLimits {
    /// Octets of a body.
    pub bytes: usize,
    /// Octets of a REPORT body whose root is a multiget, which names its members one by one.
    pub multiget_bytes: usize,
    /// Open elements at any moment, the root included.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Octets of one name, prefix included.
    pub name: usize,
    /// Octets of one attribute value or one run of text.
    pub value: usize,
    /// Namespace declarations in scope at any moment.
    pub namespaces: usize,
    /// URLs that name resources.
    pub hrefs: usize,
    /// Whether `text/plain` is taken as XML, off by default (B-77). A client whose HTTP library labels every string so (the `webdav`
    /// package of npm, in LOCK) needs it. It weakens nothing else: what is forwarded is re-serialised and labelled as XML.
    pub plain_text: bool,
}

impl Default for XmlLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            multiget_bytes: 4 << 20,
            depth: 64,
            elements: 50_000,
            attributes: 64,
            name: 1024,
            value: 1 << 20,
            namespaces: 64,
            hrefs: 10_000,
            plain_text: false,
        }
    }
}

impl XmlLimits {
    /// How many octets of a `kind` body are worth reading. A REPORT is read up to the multiget's ceiling, because its root is known
    /// only afterwards; [`super::body::parse`] then holds the other reports to `bytes`.
    pub fn held(&self, kind: BodyKind) -> usize {
        if kind == BodyKind::Report {
            self.bytes.max(self.multiget_bytes)
        } else {
            self.bytes
        }
    }
}
