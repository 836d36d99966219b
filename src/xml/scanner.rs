//! A push tokenizer for XML that is copied through while it arrives: no tree, no copy of what does not matter.
//! In: the bytes of a document in pieces of any size. Out: tokens that, put one after the other, are the document again, with
//! the expanded names of elements; or the rule of XML 1.0 or Namespaces in XML 1.0 that the document breaks. A tag cut in two by
//! the end of a piece is carried with the state of its scan, so that a document in pieces of one byte still costs linear time.

use super::name::ExpandedName;
pub use super::scan_encoding::Declaration;
use super::scan_encoding::InputDecoder;
use super::scan_machine::Machine;

/// A part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// The XML declaration.
    Declaration(Declaration<'a>),
    /// A start tag or an empty tag; after an empty tag no end tag comes.
    Start(StartTag<'a>),
    /// An end tag, as it stands. It matches the innermost open element.
    End(&'a str),
    /// Character data as it stands, or a part of it: references are whole, checked and not yet decoded.
    Text(&'a str),
    /// Text inside a CDATA section, or a part of it, without the markers.
    Cdata(&'a str),
    /// What carries no data: a comment, a processing instruction, a byte order mark, the markers of a CDATA section.
    Markup(&'a str),
    /// The rest of a document after [`Flow::Verbatim`], unchecked; not UTF-8 when the document is not.
    Rest(&'a [u8]),
}

/// A start tag or an empty tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartTag<'a> {
    /// The expanded name of the element.
    pub name: ExpandedName<'a>,
    /// The tag as it stands.
    pub raw: &'a str,
    /// Whether it is an empty tag (`<a/>`).
    pub empty: bool,
    /// The prefix, when nobody declared it; only with [`Scanner::report_undeclared_prefixes`].
    pub undeclared: Option<&'a str>,
}

/// What the receiver of tokens wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next token.
    Continue,
    /// Everything that follows as [`Token::Rest`].
    Verbatim,
}

/// The receiver of tokens.
pub type Sink<'s, E> = &'s mut dyn FnMut(Token<'_>) -> Result<Flow, E>;

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The document ends before its root element does.
    #[error("the XML document is cut off")]
    Truncated,
    /// Bytes that do not fit the encoding, or an encoding that is unknown or contradicts itself.
    #[error("the XML document is not in the encoding it claims")]
    Encoding,
    /// A character outside production 2 of XML 1.0.
    #[error("a character that XML forbids")]
    Character,
    /// The XML declaration is malformed or not at the very start.
    #[error("a malformed or misplaced XML declaration")]
    Declaration,
    /// A document type declaration: never needed in WebDAV, and never safe.
    #[error("a document type declaration is not accepted")]
    Doctype,
    /// A malformed tag.
    #[error("a malformed tag")]
    Tag,
    /// Something that is not a qualified name where one must stand.
    #[error("a malformed name")]
    Name,
    /// A reference that is malformed or stands for nothing.
    #[error("a bad entity or character reference")]
    Reference,
    /// `]]>` in text, `--` in a comment, or markup that does not exist.
    #[error("malformed markup")]
    Markup,
    /// An end tag that does not match.
    #[error("an end tag without its start tag")]
    EndTag,
    /// Text, or a second element, outside the root element.
    #[error("content outside the root element")]
    OutsideRoot,
    /// A prefix without a namespace.
    #[error("an undeclared namespace prefix")]
    UndeclaredPrefix,
    /// A namespace declaration that Namespaces in XML forbids.
    #[error("a namespace declaration that is not allowed")]
    NamespaceDeclaration,
    /// Two attributes of one name.
    #[error("an attribute given twice")]
    DuplicateAttribute,
    /// Elements nested too deeply.
    #[error("elements are nested too deeply (more than 256)")]
    Depth,
    /// Too many attributes.
    #[error("an element has too many attributes (more than 64)")]
    Attributes,
    /// The name of an element is too long.
    #[error("the name of an element is too long (more than 1024 bytes)")]
    NameTooLong,
    /// Too many namespace declarations in scope.
    #[error("too many namespace declarations in scope (more than 128, or more than 64 KiB)")]
    Namespaces,
    /// A tag, comment or processing instruction that is too long.
    #[error("a tag or comment is too long (more than 64 KiB)")]
    TokenTooLong,
}

/// A document being read.
pub struct Scanner {
    input: InputDecoder,
    machine: Machine,
}

impl Scanner {
    /// A scanner for a body whose media type had the parameter `charset`.
    pub fn new(charset: Option<&str>) -> Self {
        Self {
            input: InputDecoder::new(charset),
            machine: Machine::default(),
        }
    }

    /// Leaves it to the receiver to refuse elements whose prefix is undeclared.
    pub fn report_undeclared_prefixes(&mut self) {
        self.machine.report_undeclared_prefixes();
    }

    /// Reads the next bytes and gives the tokens that end in them to `sink`. After an error the scanner is of no more use.
    pub fn push<E: From<ScanError>>(&mut self, bytes: &[u8], sink: Sink<'_, E>) -> Result<(), E> {
        let machine = &mut self.machine;
        self.input.decode(bytes, false, &mut |piece| machine.take(piece, sink))
    }

    /// Says that the document ends here: an error if it is not whole.
    pub fn finish<E: From<ScanError>>(&mut self, sink: Sink<'_, E>) -> Result<(), E> {
        let machine = &mut self.machine;
        self.input.decode(&[], true, &mut |piece| machine.take(piece, sink))?;
        if machine.is_whole() {
            Ok(())
        } else {
            Err(ScanError::Truncated.into())
        }
    }

    /// Bytes carried from piece to piece, for tests of the memory that is used.
    #[cfg(test)]
    pub fn carried(&self) -> usize {
        self.machine.carried()
    }
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
