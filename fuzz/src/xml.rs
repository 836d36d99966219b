//! The second opinion on XML: roxmltree, another parser, says what is well-formed and what the tree is.

use davgate::xml::tree::{Element, Node};

/// `bytes` as UTF-8 and as a document without a DOCTYPE. `None`: it holds an element with the prefix `xml`, which needs no declaration
/// (Namespaces in XML 1.0, section 3), but roxmltree wants one.
///
/// # Panics
/// It is neither.
pub fn well_formed<'a>(what: &str, bytes: &'a [u8]) -> Option<roxmltree::Document<'a>> {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    match roxmltree::Document::parse(text) {
        Ok(document) => Some(document),
        Err(roxmltree::Error::UnknownNamespace(prefix, _)) if prefix == "xml" => None,
        Err(error) => panic!("{what}: {error}: {text}"),
    }
}

/// Whether `node` is the element `local` of WebDAV.
pub fn is_dav(node: &roxmltree::Node<'_, '_>, local: &str) -> bool {
    node.is_element() && node.tag_name().name() == local && node.tag_name().namespace() == Some("DAV:")
}

/// All text in `node`, white space at its ends cut.
pub fn text(node: &roxmltree::Node<'_, '_>) -> String {
    let all: String = node
        .descendants()
        .filter(|node| node.is_text())
        .filter_map(|node| node.text())
        .collect();
    all.trim_matches([' ', '\t', '\r', '\n']).to_owned()
}

/// Fails where `theirs` is not the element that `ours` is: names, and content in order.
pub fn same(ours: &Element, theirs: roxmltree::Node<'_, '_>) {
    let name = ours.name();
    let their_name = theirs.tag_name();
    assert_eq!(
        (name.local, name.namespace),
        (their_name.name(), their_name.namespace().unwrap_or_default())
    );
    let mut theirs = theirs.children().peekable();
    for node in ours.nodes() {
        match node {
            Node::Element(element) => same(element, theirs.next().expect("an element")),
            Node::Text(text) => {
                let mut read = String::new();
                while let Some(next) = theirs.next_if(|next| next.is_text()) {
                    read.push_str(next.text().unwrap_or_default());
                }
                assert_eq!(*text, read);
            }
        }
    }
    assert!(theirs.next().is_none(), "more than was read");
}
