//! The one hardened door: from text to a tree, refusing all that is not a well-formed, namespace-well-formed XML 1.0 document without a
//! DOCTYPE, within the limits (B-60 to B-63, B-71). quick-xml cuts the text into tokens; it accepts unclosed elements, two roots,
//! trailing text and undeclared prefixes, so every check of what the tokens mean is made here and in `tag`, `scope`, `reference`.

use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::Event;

use super::characters::{is_ncname, is_space, split_qname};
use super::limits::XmlLimits;
use super::reference;
use super::refusal::XmlRefusal;
use super::scope::Scope;
use super::tag;
use super::tree::{Attribute, Element, Node};

/// Reads the document `text`, which [`super::encoding::decode`] made: no BOM, no XML declaration, line ends normalised.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read(text: &str, limits: &XmlLimits) -> Result<Element, XmlRefusal> {
    if text.starts_with('\u{FEFF}') {
        return Err(XmlRefusal::ContentOutsideRoot); // a second BOM, which quick-xml would skip
    }
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false; // `Builder::close` compares them, and counts
    config.allow_unmatched_ends = true;
    config.check_comments = true;
    let mut builder = Builder::new(limits);
    loop {
        match reader.read_event().map_err(refusal_of)? {
            Event::Start(start) => builder.open(&start)?,
            Event::Empty(empty) => {
                builder.open(&empty)?;
                builder.leave()?;
            }
            Event::End(end) => builder.close(end.name().as_ref())?,
            Event::Text(text) => builder.characters(&text)?,
            Event::CData(data) => builder.cdata(&data)?,
            Event::GeneralRef(name) => builder.reference(&name)?,
            Event::Comment(_) => {}
            Event::PI(instruction) => check_target(instruction.target())?,
            Event::Decl(_) => return Err(XmlRefusal::MalformedInstruction),
            Event::DocType(doctype) => return Err(refusal_of_doctype(&doctype)),
            Event::Eof => return builder.finish(),
        }
    }
}

fn refusal_of(error: Error) -> XmlRefusal {
    match error {
        Error::IllFormed(IllFormedError::MissingDoctypeName) => XmlRefusal::DocumentType,
        _ => XmlRefusal::MalformedMarkup,
    }
}

/// SYSTEM or PUBLIC, in the external identifier or in an entity of the internal subset, is an external entity (B-60).
fn refusal_of_doctype(doctype: &str) -> XmlRefusal {
    let is_external = doctype
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word == "SYSTEM" || word == "PUBLIC");
    if is_external {
        XmlRefusal::ExternalEntities
    } else {
        XmlRefusal::DocumentType
    }
}

/// A target is a name without a colon, and `xml` in any case is reserved.
fn check_target(target: &str) -> Result<(), XmlRefusal> {
    if is_ncname(target) && !target.eq_ignore_ascii_case("xml") {
        Ok(())
    } else {
        Err(XmlRefusal::MalformedInstruction)
    }
}

/// The tree while it grows.
struct Builder<'l> {
    limits: &'l XmlLimits,
    scope: Scope,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// Octets of the text that is growing at the end of the innermost element.
    text: usize,
}

impl<'l> Builder<'l> {
    fn new(limits: &'l XmlLimits) -> Self {
        Self {
            limits,
            scope: Scope::default(),
            open: Vec::new(),
            root: None,
            elements: 0,
            text: 0,
        }
    }

    fn open(&mut self, inside: &str) -> Result<(), XmlRefusal> {
        if self.root.is_some() {
            return Err(XmlRefusal::ContentOutsideRoot);
        }
        if self.open.len() == self.limits.depth {
            return Err(XmlRefusal::TooDeep);
        }
        if self.elements == self.limits.elements {
            return Err(XmlRefusal::TooManyElements);
        }
        let tag = tag::parse(inside, self.limits)?;
        let mut declarations = Vec::new();
        for attribute in &tag.attributes {
            if let Some(prefix) = attribute.declared_prefix() {
                declarations.push(self.scope.declare(prefix, attribute.raw, self.limits)?);
            }
        }
        let mut attributes: Vec<Attribute> = Vec::new();
        for attribute in tag
            .attributes
            .iter()
            .filter(|attribute| attribute.declared_prefix().is_none())
        {
            let namespace = self.scope.of_attribute(attribute.name.prefix)?;
            let local = attribute.name.local;
            if attributes
                .iter()
                .any(|earlier| *earlier.local == *local && earlier.namespace == namespace)
            {
                return Err(XmlRefusal::DuplicateAttribute);
            }
            let prefix = attribute.name.prefix.into();
            attributes.push(Attribute {
                namespace,
                prefix,
                local: local.into(),
                value: attribute.value()?,
            });
        }
        self.elements += 1;
        self.text = 0;
        self.open.push(Element {
            namespace: self.scope.of_element(tag.name.prefix)?,
            prefix: tag.name.prefix.into(),
            local: tag.name.local.into(),
            declarations,
            attributes,
            children: Vec::new(),
            url: None,
        });
        Ok(())
    }

    /// An end tag with `name`, white space after it already cut.
    fn close(&mut self, name: &str) -> Result<(), XmlRefusal> {
        let open = self.open.last().ok_or(XmlRefusal::MismatchedEndTag)?;
        let matches = split_qname(name) == Some((&open.prefix, &open.local));
        if matches {
            self.leave()
        } else {
            Err(XmlRefusal::MismatchedEndTag)
        }
    }

    fn leave(&mut self) -> Result<(), XmlRefusal> {
        let element = self.open.pop().ok_or(XmlRefusal::MismatchedEndTag)?;
        self.scope.leave(element.declarations.len());
        self.text = 0;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn characters(&mut self, text: &str) -> Result<(), XmlRefusal> {
        if text.contains("]]>") {
            return Err(XmlRefusal::CdataEndInText);
        }
        if self.open.is_empty() && text.chars().all(is_space) {
            Ok(())
        } else {
            self.append(text)
        }
    }

    fn cdata(&mut self, text: &str) -> Result<(), XmlRefusal> {
        self.append(text)
    }

    fn reference(&mut self, name: &str) -> Result<(), XmlRefusal> {
        self.append(reference::resolve(name)?.encode_utf8(&mut [0; 4]))
    }

    fn append(&mut self, text: &str) -> Result<(), XmlRefusal> {
        let open = self.open.last_mut().ok_or(XmlRefusal::ContentOutsideRoot)?;
        self.text += text.len();
        if self.text > self.limits.value {
            return Err(XmlRefusal::ValueTooLong);
        }
        open.push_text(text);
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlRefusal> {
        if self.open.is_empty() {
            self.root.ok_or(XmlRefusal::EmptyBody)
        } else {
            Err(XmlRefusal::UnclosedElement)
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
