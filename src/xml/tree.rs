//! A small owned XML tree: what the reader makes and the writer writes. Comments and processing instructions are not kept (B-80),
//! CDATA is text, and prefixes and namespace declarations stay where they were, so that QNames in content keep their meaning.

use std::sync::Arc;

use super::href::HrefUse;
use super::name::ExpandedName;

/// An element with everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    pub(super) namespace: Arc<str>,
    /// Empty when the name has none.
    pub(super) prefix: Box<str>,
    pub(super) local: Box<str>,
    pub(super) declarations: Vec<Declaration>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) children: Vec<Node>,
    /// Set once the body's grammar says that the text of this element is a URL of the server.
    pub(super) url: Option<HrefUse>,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data, decoded; never empty and never two in a row.
    Text(String),
}

/// `xmlns="namespace"` or `xmlns:prefix="namespace"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Empty for the default namespace.
    pub(super) prefix: Box<str>,
    pub(super) namespace: Arc<str>,
}

/// An attribute that is no namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Empty when the name has no prefix.
    pub(super) namespace: Arc<str>,
    pub(super) prefix: Box<str>,
    pub(super) local: Box<str>,
    pub(super) value: String,
}

impl Element {
    /// The expanded name.
    pub fn name(&self) -> ExpandedName<'_> {
        ExpandedName::new(&self.namespace, &self.local)
    }

    /// The child elements, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// What is in it, in order.
    pub fn nodes(&self) -> &[Node] {
        &self.children
    }

    /// The child elements with the name `name`, in order.
    pub fn named(&self, name: ExpandedName<'static>) -> impl Iterator<Item = &Element> {
        self.elements().filter(move |element| element.name() == name)
    }

    /// The character data directly in this element, not that of its descendants.
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect()
    }

    /// Its own text without leading and trailing XML white space.
    pub fn trimmed_text(&self) -> String {
        self.text().trim_matches(super::characters::is_space).to_owned()
    }

    /// Appends character data, joining it to text that is already last.
    pub(super) fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Node::Text(last)) = self.children.last_mut() {
            last.push_str(text);
        } else {
            self.children.push(Node::Text(text.to_owned()));
        }
    }
}
