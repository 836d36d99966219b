//! Writes XML: the tree of a request body back to UTF-8, and the escapes that every writer of this room shares. In: a tree and
//! the function that maps its marked URLs. Out: a document with a declaration, without DOCTYPE, comments or instructions.

use super::href::HrefUse;
use super::tree::{Declaration, Element, Node};

/// What every document of the gateway starts with.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";

/// Maps one URL: its place and its decoded, trimmed text; `None` leaves it as it was written.
pub type MapUrl<'m, E> = dyn FnMut(HrefUse, &str) -> Result<Option<String>, E> + 'm;

/// Writes the document whose root is `root`. Every URL the grammar marked goes through `map`; everything else comes out
/// infoset-equal: same prefixes, declarations, attributes and white space. The first error of `map` ends the writing.
pub fn write_document<E>(root: &Element, map: &mut MapUrl<'_, E>) -> Result<Vec<u8>, E> {
    let mut out = String::from(DECLARATION);
    push_element(&mut out, root, map)?;
    Ok(out.into_bytes())
}

/// `element` as XML that stands by itself: what the elements `around` it declare, outermost first, is declared on it. Text and names
/// stay as they were.
pub(super) fn standing_alone(element: &Element, around: &[&Element]) -> String {
    let mut whole = element.clone();
    for outer in around.iter().rev() {
        for declaration in &outer.declarations {
            if !whole.declarations.iter().any(|own| own.prefix == declaration.prefix) {
                whole.declarations.push(declaration.clone());
            }
        }
    }
    // Where it is put, unprefixed names may mean something.
    if is_unprefixed(&whole) && !whole.declarations.iter().any(|own| own.prefix.is_empty()) {
        let (prefix, namespace) = (Box::default(), "".into());
        whole.declarations.push(Declaration { prefix, namespace });
    }
    let mut out = String::new();
    let keep = &mut |_: HrefUse, _: &str| Ok::<_, std::convert::Infallible>(None);
    match push_element(&mut out, &whole, keep) {
        Ok(()) => out,
        Err(never) => match never {},
    }
}

/// Whether this element, or one in it, has a name without prefix.
fn is_unprefixed(element: &Element) -> bool {
    element.prefix.is_empty() || element.elements().any(is_unprefixed)
}

/// The reader's depth limit bounds this recursion.
fn push_element<E>(out: &mut String, element: &Element, map: &mut MapUrl<'_, E>) -> Result<(), E> {
    out.push('<');
    push_name(out, &element.prefix, &element.local);
    for declaration in &element.declarations {
        out.push_str(if declaration.prefix.is_empty() {
            " xmlns"
        } else {
            " xmlns:"
        });
        out.push_str(&declaration.prefix);
        push_namespace(out, &declaration.namespace);
    }
    for attribute in &element.attributes {
        out.push(' ');
        push_name(out, &attribute.prefix, &attribute.local);
        push_value(out, &attribute.value);
    }
    if element.children.is_empty() && element.url.is_none() {
        out.push_str("/>");
        return Ok(());
    }
    out.push('>');
    let mapped = match element.url {
        Some(place) => map(place, &element.trimmed_text())?,
        None => None,
    };
    match mapped {
        Some(url) => push_text(out, &url),
        None => {
            for child in &element.children {
                match child {
                    Node::Element(child) => push_element(out, child, map)?,
                    Node::Text(text) => push_text(out, text),
                }
            }
        }
    }
    out.push_str("</");
    push_name(out, &element.prefix, &element.local);
    out.push('>');
    Ok(())
}

fn push_name(out: &mut String, prefix: &str, local: &str) {
    if !prefix.is_empty() {
        out.push_str(prefix);
        out.push(':');
    }
    out.push_str(local);
}

/// Appends `text` as character data. A carriage return becomes a reference, or the next parser would make it a line feed.
pub fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

/// Appends `="namespace"` without any reference, which some readers would not resolve there (B-63). The reader refuses `&` and `<` in a
/// namespace name, so that it holds at most one of the two quotes.
pub(super) fn push_namespace(out: &mut String, namespace: &str) {
    let quote = if namespace.contains('"') { '\'' } else { '"' };
    out.extend(['=', quote]);
    out.push_str(namespace);
    out.push(quote);
}

/// Appends `="value"`. White space other than the blank becomes references, or the next parser would make it blanks.
fn push_value(out: &mut String, value: &str) {
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
    out.push('"');
}
