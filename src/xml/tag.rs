//! The inside of a start tag: a name and attributes (XML 1.0 section 3.1). In: what stands between `<` and `>`. Out: names and decoded
//! values. quick-xml's own attribute iterator lets `a='1'b='2'`, `<` in values and names that are none pass, so it is not used.

use super::characters::{is_space, split_qname};
use super::limits::XmlLimits;
use super::reference;
use super::refusal::XmlRefusal;

/// A qualified name as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualifiedName<'a> {
    /// Empty when there is none.
    pub prefix: &'a str,
    /// The local part.
    pub local: &'a str,
}

/// An attribute or a namespace declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAttribute<'a> {
    /// Its name.
    pub name: QualifiedName<'a>,
    /// What stands between the quotes, references not resolved.
    pub raw: &'a str,
}

/// A start tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name of the element.
    pub name: QualifiedName<'a>,
    /// Its attributes and declarations in order.
    pub attributes: Vec<RawAttribute<'a>>,
}

impl<'a> RawAttribute<'a> {
    /// The prefix this declares (empty for the default namespace), or `None` when it is an ordinary attribute.
    pub fn declared_prefix(&self) -> Option<&'a str> {
        match (self.name.prefix, self.name.local) {
            ("", "xmlns") => Some(""),
            ("xmlns", prefix) => Some(prefix),
            _ => None,
        }
    }

    /// The decoded value.
    ///
    /// # Errors
    /// Those of [`reference::attribute_value`].
    pub fn value(&self) -> Result<String, XmlRefusal> {
        reference::attribute_value(self.raw)
    }
}

/// Reads the inside of a start tag, without the `/` of an empty element.
///
/// # Errors
/// `MalformedTag`, `InvalidName`, `DuplicateAttribute`, `TooManyAttributes`, `NameTooLong` or `ValueTooLong`.
pub fn parse<'a>(inside: &'a str, limits: &XmlLimits) -> Result<Tag<'a>, XmlRefusal> {
    let (name, mut rest) = split_name(inside, limits)?;
    let mut attributes: Vec<RawAttribute<'a>> = Vec::new();
    loop {
        let trimmed = rest.trim_start_matches(is_space);
        if trimmed.is_empty() {
            return Ok(Tag { name, attributes });
        }
        if trimmed.len() == rest.len() {
            return Err(XmlRefusal::MalformedTag); // no white space before the attribute
        }
        let (name, after) = split_name(trimmed, limits)?;
        let after = after
            .trim_start_matches(is_space)
            .strip_prefix('=')
            .ok_or(XmlRefusal::MalformedTag)?;
        let after = after.trim_start_matches(is_space);
        let quote = after
            .chars()
            .next()
            .filter(|c| *c == '"' || *c == '\'')
            .ok_or(XmlRefusal::MalformedTag)?;
        let (raw, after) = after
            .get(1..)
            .and_then(|quoted| quoted.split_once(quote))
            .ok_or(XmlRefusal::MalformedTag)?;
        if raw.len() > limits.value {
            return Err(XmlRefusal::ValueTooLong);
        }
        if attributes.len() == limits.attributes {
            return Err(XmlRefusal::TooManyAttributes);
        }
        if attributes.iter().any(|earlier| earlier.name == name) {
            return Err(XmlRefusal::DuplicateAttribute);
        }
        attributes.push(RawAttribute { name, raw });
        rest = after;
    }
}

/// The name at the start of `text`, and what follows it.
fn split_name<'a>(text: &'a str, limits: &XmlLimits) -> Result<(QualifiedName<'a>, &'a str), XmlRefusal> {
    let end = text.find(|c| is_space(c) || c == '=').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.len() > limits.name {
        return Err(XmlRefusal::NameTooLong);
    }
    let (prefix, local) = split_qname(name).ok_or(XmlRefusal::InvalidName)?;
    Ok((QualifiedName { prefix, local }, rest))
}
