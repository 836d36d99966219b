//! XML request bodies: the only way in (`parse`) and out (`RequestBody::serialize`). In: octets, Content-Type, limits. Out: a body that
//! fits its grammar, knows where its URLs are, and is forwarded re-serialised, never as it came. Spec 5.3, 1.4.

use super::encoding;
use super::href::HrefUse;
use super::kind::BodyKind;
use super::limits::XmlLimits;
use super::lockinfo::LockScope;
use super::name::ExpandedName;
use super::propertyupdate::PropertyChange;
use super::propfind::Propfind;
use super::reader;
use super::refusal::XmlRefusal;
use super::tree::Element;
use super::writer::{MapUrl, write_document};
use super::{acl, lockinfo, propertyupdate, propfind, report, search, shape};

/// A body that was let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestBody {
    kind: BodyKind,
    pub(super) root: Element,
}

/// A URL in a body, trimmed and decoded, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyHref {
    /// Its place.
    pub place: HrefUse,
    /// The reference as the client wrote it.
    pub text: String,
}

/// Reads a body of `kind`. `content_type` is the field's value, `None` when it is absent. An empty body is refused: whether a method
/// may come without one is for the caller to know.
///
/// # Errors
/// The first reason found: size, media type, encoding, well-formedness, limits, root, grammar.
pub fn parse(
    kind: BodyKind,
    bytes: &[u8],
    content_type: Option<&[u8]>,
    limits: &XmlLimits,
) -> Result<RequestBody, XmlRefusal> {
    if bytes.len() > limits.held(kind) {
        return Err(XmlRefusal::TooLarge);
    }
    let text = encoding::decode(bytes, content_type, limits.plain_text)?;
    let mut root = reader::read(&text, limits)?;
    let shape = kind.shape_of(root.name())?;
    if bytes.len() > limits.bytes && !report::is_multiget(root.name()) {
        return Err(XmlRefusal::TooLarge);
    }
    shape::fit(&mut root, &shape.content)?;
    match kind {
        BodyKind::Propfind => propfind::read(&root).map(drop)?,
        BodyKind::PropertyUpdate => propertyupdate::verify(&root)?,
        BodyKind::Mkcol | BodyKind::Mkcalendar => propertyupdate::verify_changes(&root)?,
        BodyKind::LockInfo => lockinfo::read(&root).map(drop)?,
        BodyKind::Acl => acl::verify(&root)?,
        BodyKind::Search => search::verify(&root)?,
        BodyKind::Report | BodyKind::Options | BodyKind::CopyMove | BodyKind::Orderpatch => {}
        BodyKind::VersionControl | BodyKind::Checkout | BodyKind::Checkin | BodyKind::Uncheckout => {}
        BodyKind::Mkworkspace | BodyKind::Update | BodyKind::Label | BodyKind::Merge => {}
        BodyKind::BaselineControl | BodyKind::Mkactivity => {}
    }
    let body = RequestBody { kind, root };
    if body.hrefs().len() > limits.hrefs {
        Err(XmlRefusal::TooManyHrefs)
    } else {
        Ok(body)
    }
}

impl RequestBody {
    /// What it was read as.
    pub fn kind(&self) -> BodyKind {
        self.kind
    }

    /// The name of the root element.
    pub fn root(&self) -> ExpandedName<'_> {
        self.root.name()
    }

    /// The whole tree as it will be forwarded.
    pub fn tree(&self) -> &Element {
        &self.root
    }

    /// The root of a REPORT, one of [`report::known_reports`].
    pub fn report_root(&self) -> Option<ExpandedName<'_>> {
        (self.kind == BodyKind::Report).then(|| self.root.name())
    }

    /// What a PROPFIND asks for.
    pub fn propfind(&self) -> Option<Propfind<'_>> {
        if self.kind == BodyKind::Propfind {
            propfind::read(&self.root).ok()
        } else {
            None
        }
    }

    /// The properties that a PROPPATCH, MKCOL or MKCALENDAR changes, in order.
    pub fn property_changes(&self) -> Vec<PropertyChange<'_>> {
        let changes = matches!(
            self.kind,
            BodyKind::PropertyUpdate | BodyKind::Mkcol | BodyKind::Mkcalendar
        );
        if changes {
            propertyupdate::changes(&self.root).collect()
        } else {
            Vec::new()
        }
    }

    /// The scope of the lock that a LOCK asks for.
    pub fn lock_scope(&self) -> Option<LockScope> {
        if self.kind == BodyKind::LockInfo {
            lockinfo::read(&self.root).ok()
        } else {
            None
        }
    }

    /// The `owner` of a LOCK, as XML that stands by itself; `None` without one, or where it is too long to be kept.
    pub fn lock_owner(&self) -> Option<String> {
        if self.kind == BodyKind::LockInfo {
            lockinfo::owner(&self.root)
        } else {
            None
        }
    }

    /// Every URL that names a resource, in document order.
    pub fn hrefs(&self) -> Vec<BodyHref> {
        let mut found = Vec::new();
        collect(&self.root, &mut found);
        found
    }

    /// The body to forward: UTF-8 with a declaration, without DOCTYPE and comments. `map` is given every URL of
    /// [`Self::hrefs`], in that order; `None` leaves it as it was written. All other content is infoset-equal to what came.
    /// A body that is only accepted and dropped (M-12) comes out empty: there is then no body to forward.
    ///
    /// # Errors
    /// The first error of `map`.
    pub fn serialize<E>(&self, map: &mut MapUrl<'_, E>) -> Result<Vec<u8>, E> {
        if self.kind == BodyKind::CopyMove {
            Ok(Vec::new())
        } else {
            write_document(&self.root, map)
        }
    }
}

fn collect(element: &Element, found: &mut Vec<BodyHref>) {
    if let Some(place) = element.url {
        found.push(BodyHref {
            place,
            text: element.trimmed_text(),
        });
    }
    for child in element.elements() {
        collect(child, found);
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "forwarding_tests.rs"]
mod forwarding_tests;

#[cfg(test)]
#[path = "round_trip_tests.rs"]
mod round_trip_tests;
