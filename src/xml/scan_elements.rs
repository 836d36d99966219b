//! The open elements and the namespaces in scope (Namespaces in XML 1.0), for the push tokenizer.
//! In: whole tags as text, `<` and `>` included. Out: expanded names; or what makes the document not well-formed or not
//! namespace-well-formed. Names and namespaces live in two strings that grow and shrink with the depth: no allocation per tag.

use super::name::ExpandedName;
use super::scan_chars::{cut, first_space, is_space, split_name, trim, unescape_into};
use super::scanner::{ScanError, StartTag};

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 256;
/// Most namespace declarations in scope at once.
const MAX_BINDINGS: usize = 128;
/// Longest qualified name of an element, in bytes: with the depth it bounds what is remembered.
const MAX_NAME: usize = 1024;
/// Most bytes of prefixes and namespaces in scope.
const MAX_SPELLINGS: usize = 64 * 1024;
/// Most attributes of one element; keeps the comparison of each with each cheap.
const MAX_ATTRIBUTES: usize = 64;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The elements that are open, outermost first.
#[derive(Debug, Default)]
pub(super) struct Elements {
    frames: Vec<Frame>,
    /// The qualified names of the open elements, one after the other.
    names: String,
    bindings: Vec<Binding>,
    /// The prefixes and namespaces of `bindings`, one after the other.
    spellings: String,
}

/// Lengths to go back to when the element ends.
#[derive(Debug)]
struct Frame {
    names: usize,
    bindings: usize,
    spellings: usize,
}

/// `spellings[start..middle]` is the prefix (empty: the default), `spellings[middle..end]` the namespace.
#[derive(Debug)]
struct Binding {
    start: usize,
    middle: usize,
    end: usize,
}

impl Elements {
    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Opens the element of the start or empty tag `raw`. With `report_undeclared`, an element whose prefix nobody declared is
    /// returned as such (in no namespace) instead of being refused.
    pub fn open<'a>(&'a mut self, raw: &'a str, report_undeclared: bool) -> Result<StartTag<'a>, ScanError> {
        let inner = raw
            .strip_prefix('<')
            .and_then(|tag| tag.strip_suffix('>'))
            .ok_or(ScanError::Tag)?;
        let (inner, empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let (qualified, attributes) = first_space(inner).map_or((inner, ""), |at| cut(inner, at));
        let (prefix, local) = split_name(qualified)?;
        if qualified.len() > MAX_NAME {
            return Err(ScanError::NameTooLong);
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(ScanError::Depth);
        }
        self.frames.push(Frame {
            names: self.names.len(),
            bindings: self.bindings.len(),
            spellings: self.spellings.len(),
        });
        self.names.push_str(qualified);
        if !attributes.is_empty() {
            self.attributes(attributes)?;
        }
        let (namespace, undeclared) = match (self.namespace(prefix.unwrap_or_default()), prefix) {
            (Some(namespace), _) => (namespace, None),
            (None, Some(prefix)) if report_undeclared => ("", Some(prefix)),
            (None, Some(_)) => return Err(ScanError::UndeclaredPrefix),
            (None, None) => ("", None),
        };
        Ok(StartTag {
            name: ExpandedName::new(namespace, local),
            raw,
            empty,
            undeclared,
        })
    }

    /// Closes the innermost element with the end tag `raw`.
    pub fn close(&mut self, raw: &str) -> Result<(), ScanError> {
        let name = raw
            .strip_prefix("</")
            .and_then(|tag| tag.strip_suffix('>'))
            .ok_or(ScanError::Tag)?;
        let open = self
            .frames
            .last()
            .and_then(|frame| self.names.get(frame.names..))
            .ok_or(ScanError::EndTag)?;
        if name != open && name.trim_end_matches(is_space) != open {
            return Err(ScanError::EndTag);
        }
        self.leave();
        Ok(())
    }

    /// Forgets the innermost element and the namespaces it declared.
    pub fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.names.truncate(frame.names);
            self.bindings.truncate(frame.bindings);
            self.spellings.truncate(frame.spellings);
        }
    }

    /// The namespace that `prefix` (empty: the default) stands for.
    fn namespace(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        let same_prefix = |b: &&Binding| self.spellings.get(b.start..b.middle) == Some(prefix);
        self.bindings
            .iter()
            .rev()
            .find(same_prefix)
            .and_then(|b| self.spellings.get(b.middle..b.end))
    }

    /// Checks the attributes of a tag and takes its namespace declarations.
    fn attributes(&mut self, text: &str) -> Result<(), ScanError> {
        let mut seen: Vec<&str> = Vec::new();
        let mut rest = text;
        while let Some((name, value, after)) = next_attribute(rest)? {
            rest = after;
            if seen.len() >= MAX_ATTRIBUTES {
                return Err(ScanError::Attributes);
            }
            if seen.contains(&name) {
                return Err(ScanError::DuplicateAttribute);
            }
            seen.push(name);
            match name.strip_prefix("xmlns") {
                Some("") => self.bind("", value)?,
                Some(declared) if declared.starts_with(':') => self.bind(split_name(name)?.1, value)?,
                Some(_) | None => {
                    split_name(name)?;
                    if value.contains('&') {
                        unescape_into(value, &mut String::new())?;
                    }
                }
            }
        }
        self.expanded_attributes(&seen)
    }

    /// Refuses two attributes of one expanded name (`a:x` and `b:x` with one namespace) and undeclared prefixes.
    fn expanded_attributes(&self, names: &[&str]) -> Result<(), ScanError> {
        let mut seen: Vec<ExpandedName<'_>> = Vec::new();
        for (prefix, local) in names.iter().filter_map(|name| name.split_once(':')) {
            if prefix == "xmlns" {
                continue;
            }
            let namespace = self.namespace(prefix).ok_or(ScanError::UndeclaredPrefix)?;
            let name = ExpandedName::new(namespace, local);
            if seen.contains(&name) {
                return Err(ScanError::DuplicateAttribute);
            }
            seen.push(name);
        }
        Ok(())
    }

    fn bind(&mut self, prefix: &str, raw: &str) -> Result<(), ScanError> {
        if self.bindings.len() >= MAX_BINDINGS || self.spellings.len() + prefix.len() + raw.len() > MAX_SPELLINGS {
            return Err(ScanError::Namespaces);
        }
        let start = self.spellings.len();
        self.spellings.push_str(prefix);
        let middle = self.spellings.len();
        // Compared as a parser sees it, or `DA&#86;:` would be another namespace to us than to the client.
        unescape_into(raw, &mut self.spellings)?;
        let namespace = self.spellings.get(middle..).unwrap_or_default();
        let reserved = namespace == XMLNS || prefix == "xmlns" || (prefix == "xml") != (namespace == XML);
        if reserved || (namespace.is_empty() && !prefix.is_empty()) {
            return Err(ScanError::NamespaceDeclaration);
        }
        self.bindings.push(Binding {
            start,
            middle,
            end: self.spellings.len(),
        });
        Ok(())
    }
}

/// The name and the raw value of the next attribute and what follows it; `None` at the end.
fn next_attribute(text: &str) -> Result<Option<(&str, &str, &str)>, ScanError> {
    let attribute = text.trim_start_matches(is_space);
    if attribute.is_empty() {
        return Ok(None);
    }
    if attribute.len() == text.len() {
        return Err(ScanError::Tag); // no white space before it
    }
    let (name, value) = attribute.split_once('=').ok_or(ScanError::Tag)?;
    let value = value.trim_start_matches(is_space);
    let quote = value
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))
        .ok_or(ScanError::Tag)?;
    let (value, after) = cut(value, 1).1.split_once(quote).ok_or(ScanError::Tag)?;
    Ok(Some((trim(name), value, after)))
}
