//! From octets to characters. In: a body and its Content-Type. Out: the document as text, without BOM and XML declaration, line ends
//! normalised. The precedence is BOM, charset parameter, declaration (RFC 7303 section 3); what is not UTF-8, UTF-16 with a BOM,
//! US-ASCII or ISO-8859-1 is refused (B-72 to B-77), so that no back end sees an encoding it might read in another way.

use encoding_rs::{UTF_16BE, UTF_16LE};

use super::characters::is_allowed;
use super::declaration;
use super::media_type;
use super::refusal::XmlRefusal;

/// What a label or a byte order mark can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    Utf8,
    /// The label "UTF-16", which leaves the byte order to the BOM.
    Utf16,
    Utf16Le,
    Utf16Be,
    Ascii,
    Latin1,
}

impl Charset {
    /// Only these labels: the WHATWG list would silently turn Latin-1 and ASCII into windows-1252.
    fn from_label(label: &str) -> Result<Self, XmlRefusal> {
        match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "utf-16" => Ok(Self::Utf16),
            "utf-16le" => Ok(Self::Utf16Le),
            "utf-16be" => Ok(Self::Utf16Be),
            "us-ascii" | "ascii" => Ok(Self::Ascii),
            "iso-8859-1" | "iso_8859-1" | "latin1" => Ok(Self::Latin1),
            _ => Err(XmlRefusal::UnsupportedEncoding),
        }
    }

    fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16 | Self::Utf16Le | Self::Utf16Be)
    }

    fn agrees_with(self, other: Self) -> bool {
        self == other || (self == Self::Utf16 && other.is_utf16()) || (other == Self::Utf16 && self.is_utf16())
    }
}

/// The text of an XML document. `content_type` is the field's value, `None` when it is absent (B-76); `plain_text` takes `text/plain`
/// as XML.
///
/// # Errors
/// The media type, the encoding, the octets, the XML declaration or a character is refused.
pub fn decode(bytes: &[u8], content_type: Option<&[u8]>, plain_text: bool) -> Result<String, XmlRefusal> {
    let charset = match content_type {
        Some(value) => media_type::xml_charset(value, plain_text)?
            .as_deref()
            .map(Charset::from_label)
            .transpose()?,
        None => None,
    };
    let (mark, octets) = byte_order_mark(bytes)?;
    let mut text = match mark {
        Some(Charset::Utf16Le) => Some(utf16(octets, UTF_16LE)?),
        Some(Charset::Utf16Be) => Some(utf16(octets, UTF_16BE)?),
        Some(Charset::Utf8 | Charset::Utf16 | Charset::Ascii | Charset::Latin1) | None => None,
    };
    let declared = match &text {
        Some(text) => declaration::read(text.as_bytes())?,
        None => declaration::read(octets)?,
    };
    let declared_charset = declared.encoding.as_deref().map(Charset::from_label).transpose()?;
    // B-74: whichever two there are must agree. A BOM against the declaration is a lie of one of them, and parsers differ in whom they
    // believe.
    let contradict = |a: Option<Charset>, b: Option<Charset>| a.zip(b).is_some_and(|(a, b)| !a.agrees_with(b));
    if contradict(charset, mark) || contradict(charset, declared_charset) || contradict(mark, declared_charset) {
        return Err(XmlRefusal::ContradictoryEncoding);
    }
    let text = match text.take() {
        Some(text) => text,
        None => match mark.or(charset).or(declared_charset).unwrap_or(Charset::Utf8) {
            Charset::Utf8 => std::str::from_utf8(octets)
                .map_err(|_| XmlRefusal::InvalidEncoding)?
                .to_owned(),
            Charset::Ascii if octets.is_ascii() => octets.iter().copied().map(char::from).collect(),
            Charset::Ascii => return Err(XmlRefusal::InvalidEncoding),
            Charset::Latin1 => octets.iter().copied().map(char::from).collect(),
            // Without its BOM (B-73).
            Charset::Utf16 | Charset::Utf16Le | Charset::Utf16Be => return Err(XmlRefusal::UnsupportedEncoding),
        },
    };
    if !text.chars().all(is_allowed) {
        return Err(XmlRefusal::ForbiddenCharacter);
    }
    let document = text.get(declared.length..).ok_or(XmlRefusal::MalformedDeclaration)?;
    Ok(normalise_line_ends(document))
}

/// The encoding the first octets prove, and what follows the mark. UTF-16 without a mark, UTF-32 and EBCDIC are told by where the
/// first `<` has its zero octets (XML 1.0 appendix F) and refused.
fn byte_order_mark(bytes: &[u8]) -> Result<(Option<Charset>, &[u8]), XmlRefusal> {
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] | [0x4C, 0x6F, 0xA7, 0x94, ..] => {
            Err(XmlRefusal::UnsupportedEncoding)
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok((Some(Charset::Utf8), rest)),
        [0xFF, 0xFE, rest @ ..] => Ok((Some(Charset::Utf16Le), rest)),
        [0xFE, 0xFF, rest @ ..] => Ok((Some(Charset::Utf16Be), rest)),
        [0, ..] | [_, 0, ..] => Err(XmlRefusal::UnsupportedEncoding),
        _ => Ok((None, bytes)),
    }
}

fn utf16(octets: &[u8], encoding: &'static encoding_rs::Encoding) -> Result<String, XmlRefusal> {
    encoding
        .decode_without_bom_handling_and_without_replacement(octets)
        .map(std::borrow::Cow::into_owned)
        .ok_or(XmlRefusal::InvalidEncoding)
}

/// XML 1.0 section 2.11.
fn normalise_line_ends(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
