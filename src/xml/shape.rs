//! The shapes of request bodies as data, and the one walk that makes a body fit its shape: elements a shape does not list are dropped
//! (B-68; RFC 4918 section 17), URLs are marked by where they stand, opaque content stays as it is. In: a tree and its shape.
//! Out: the tree that is forwarded.

use super::characters::is_space;
use super::href::HrefUse;
use super::name::{CALDAV, CARDDAV, DAV, ExpandedName};
use super::places::{UrlForm, property_place};
use super::refusal::XmlRefusal;
use super::tree::{Element, Node};

/// What an element of a known name may hold.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// Nothing: all content is dropped.
    Empty,
    /// Character data; elements are dropped.
    Text,
    /// Anything, kept as it is; nothing in it is a URL of the server.
    Opaque,
    /// One URL.
    Url(HrefUse),
    /// One path segment.
    Segment,
    /// The listed elements; others are dropped, and text.
    Elements(&'static [Shape]),
    /// Elements of any name whose content is kept: the names of properties, at times with arguments (`calendar-data`).
    PropertyNames,
    /// Elements of any name with the values of properties: URLs only in live properties a client may set.
    PropertyValues,
}

/// An element of a known name.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Its name.
    pub name: ExpandedName<'static>,
    /// What it holds.
    pub content: Content,
}

/// `local` in `DAV:`.
pub const fn dav(local: &'static str, content: Content) -> Shape {
    Shape {
        name: ExpandedName::new(DAV, local),
        content,
    }
}

/// `local` in CalDAV's namespace.
pub const fn caldav(local: &'static str, content: Content) -> Shape {
    Shape {
        name: ExpandedName::new(CALDAV, local),
        content,
    }
}

/// `local` in CardDAV's namespace.
pub const fn carddav(local: &'static str, content: Content) -> Shape {
    Shape {
        name: ExpandedName::new(CARDDAV, local),
        content,
    }
}

/// Makes `element` fit `content`, in place. The reader's depth limit bounds the recursion.
///
/// # Errors
/// `ElementInHref` and `UnsafeSegment`: what must be one URL or segment and may be read in two ways.
pub fn fit(element: &mut Element, content: &Content) -> Result<(), XmlRefusal> {
    match content {
        Content::Opaque => {}
        Content::Empty => element.children.clear(),
        Content::Text => keep_text(element),
        Content::Url(place) => mark(element, *place)?,
        Content::Segment => {
            keep_text(element);
            if !is_plain_segment(&element.trimmed_text()) {
                return Err(XmlRefusal::UnsafeSegment);
            }
        }
        Content::Elements(shapes) => {
            let mut fitting = Vec::with_capacity(element.children.len());
            for child in std::mem::take(&mut element.children) {
                if let Node::Element(mut child) = child
                    && let Some(shape) = shapes.iter().find(|shape| shape.name == child.name())
                {
                    fit(&mut child, &shape.content)?;
                    fitting.push(Node::Element(child));
                }
            }
            element.children = fitting;
        }
        Content::PropertyNames => keep_elements(element),
        Content::PropertyValues => {
            keep_elements(element);
            for property in children_mut(element) {
                mark_property(property)?;
            }
        }
    }
    Ok(())
}

/// The URLs of a property that is being set. Of the live properties that are protected none is touched: the back end refuses them.
fn mark_property(property: &mut Element) -> Result<(), XmlRefusal> {
    let Some(place) = property_place(property.name()).filter(|place| place.writable) else {
        return Ok(());
    };
    match place.form {
        UrlForm::Href => mark_hrefs(property),
        // Only protected properties have these forms.
        UrlForm::LockRoot | UrlForm::SourceLink | UrlForm::RelativeStays => Ok(()),
    }
}

fn mark_hrefs(element: &mut Element) -> Result<(), XmlRefusal> {
    for child in children_mut(element) {
        if child.name().is_dav("href") {
            mark(child, HrefUse::PropertyValue)?
        } else {
            mark_hrefs(child)?
        }
    }
    Ok(())
}

/// One back end reads the text before the first element, another all of it: two URLs in one place are refused.
fn mark(element: &mut Element, place: HrefUse) -> Result<(), XmlRefusal> {
    if element.elements().next().is_some() {
        return Err(XmlRefusal::ElementInHref);
    }
    element.url = Some(place);
    Ok(())
}

fn keep_text(element: &mut Element) {
    let text = element.text();
    element.children.clear();
    element.push_text(&text);
}

fn keep_elements(element: &mut Element) {
    element.children.retain(|node| matches!(node, Node::Element(_)));
}

fn children_mut(element: &mut Element) -> impl Iterator<Item = &mut Element> {
    element.children.iter_mut().filter_map(|node| match node {
        Node::Element(child) => Some(child),
        Node::Text(_) => None,
    })
}

/// One segment that means itself: no separator, escaped or not, no dot segment, nothing that ends a path.
fn is_plain_segment(segment: &str) -> bool {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'/' | b'?' | b'#' => return false,
            b'%' => {
                let mut digit = || bytes.next().and_then(|hex| char::from(hex).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return false;
                };
                u8::try_from(high * 16 + low).unwrap_or(0)
            }
            other => other,
        };
        if byte == b'/' || byte == b'\\' || byte < b' ' || byte == 0x7F {
            return false;
        }
        decoded.push(byte);
    }
    !matches!(decoded.as_slice(), b"" | b"." | b"..")
        && std::str::from_utf8(&decoded).is_ok_and(|text| !text.starts_with(is_space))
}

#[cfg(test)]
mod tests {
    use super::is_plain_segment;

    #[test]
    fn segments() {
        //
        for segment in ["a", "a b", "a%20b", "...", "%C3%A9", "é", "a%25"] {
            assert!(is_plain_segment(segment), "{segment:?}");
        }
        for segment in [
            "", ".", "..", "%2e%2E", "a/b", "a%2Fb", "a%5cb", "a\\b", "%", "%4", "%zz", "a%00", "a?b", "a#b", "%FF",
        ] {
            assert!(!is_plain_segment(segment), "{segment:?}");
        }
    }
}
