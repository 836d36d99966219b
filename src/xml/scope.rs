//! Namespace declarations in scope (Namespaces in XML 1.0). In: declarations as elements open and close. Out: what a prefix means. The
//! rules of section 3 about `xml` and `xmlns` are kept here.

use std::sync::Arc;

use super::limits::XmlLimits;
use super::refusal::XmlRefusal;
use super::tree::Declaration;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The bindings of the open elements, innermost last.
#[derive(Debug)]
pub struct Scope {
    bindings: Vec<Declaration>,
    xml: Arc<str>,
    none: Arc<str>,
}

impl Default for Scope {
    /// Nothing but `xml` is bound.
    fn default() -> Self {
        Self {
            bindings: Vec::new(),
            xml: Arc::from(XML),
            none: Arc::from(""),
        }
    }
}

impl Scope {
    /// Adds one declaration; `raw` is the namespace name as it is written.
    ///
    /// # Errors
    /// `ReferenceInNamespace`: quick-xml and others compare the raw text, so `DA&#86;:` would be `DAV:` to one and not to another.
    /// `EmptyNamespace` for `xmlns:p=""`, `ReservedNamespace` for `xml` and `xmlns`, `TooManyNamespaces`.
    pub fn declare(&mut self, prefix: &str, raw: &str, limits: &XmlLimits) -> Result<Declaration, XmlRefusal> {
        if raw.contains('&') {
            return Err(XmlRefusal::ReferenceInNamespace);
        }
        let namespace = super::reference::attribute_value(raw)?;
        if prefix == "xmlns" || namespace == XMLNS || (prefix == "xml") != (namespace == XML) {
            return Err(XmlRefusal::ReservedNamespace);
        }
        if namespace.is_empty() && !prefix.is_empty() {
            return Err(XmlRefusal::EmptyNamespace);
        }
        if self.bindings.len() == limits.namespaces {
            return Err(XmlRefusal::TooManyNamespaces);
        }
        let declaration = Declaration {
            prefix: prefix.into(),
            namespace: namespace.into(),
        };
        self.bindings.push(declaration.clone());
        Ok(declaration)
    }

    /// Forgets the last `count` declarations: those of an element that closes.
    pub fn leave(&mut self, count: usize) {
        self.bindings.truncate(self.bindings.len().saturating_sub(count));
    }

    /// The namespace of an element name with `prefix`.
    ///
    /// # Errors
    /// `UndeclaredPrefix`; the prefix `xmlns` never names an element or an attribute.
    pub fn of_element(&self, prefix: &str) -> Result<Arc<str>, XmlRefusal> {
        if prefix == "xml" {
            return Ok(self.xml.clone());
        }
        match self.bindings.iter().rev().find(|binding| &*binding.prefix == prefix) {
            Some(binding) => Ok(binding.namespace.clone()),
            None if prefix.is_empty() => Ok(self.none.clone()),
            None => Err(XmlRefusal::UndeclaredPrefix),
        }
    }

    /// The namespace of an attribute name with `prefix`: the default namespace does not reach attributes.
    ///
    /// # Errors
    /// `UndeclaredPrefix`.
    pub fn of_attribute(&self, prefix: &str) -> Result<Arc<str>, XmlRefusal> {
        if prefix.is_empty() {
            Ok(self.none.clone())
        } else {
            self.of_element(prefix)
        }
    }
}
