//! The character encoding of an XML document that arrives in pieces (XML 1.0 section 4.3.3 and appendix F, RFC 7303 section 3).
//! In: bytes, and the `charset` parameter of the media type if there was one. Out: text. What decides, in this order: a byte
//! order mark, the parameter, the XML declaration; without any of them it is UTF-8.

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::scan_chars::{is_space, trim};
use super::scanner::ScanError;

/// The longest XML declaration that is waited for, in bytes.
const MAX_DECLARATION: usize = 1024;
/// The size of the pieces into which other encodings are decoded, in bytes.
const PIECE: usize = 16 * 1024;

/// An XML declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// The declaration as it stands, `<?xml` and `?>` included.
    pub raw: &'a str,
    /// The encoding it names.
    pub encoding: Option<&'a str>,
}

impl<'a> Declaration<'a> {
    /// Reads `raw`, which starts with `<?xml` and ends with `?>`.
    pub(super) fn parse(raw: &'a str) -> Result<Self, ScanError> {
        let mut rest = raw
            .strip_prefix("<?xml")
            .and_then(|t| t.strip_suffix("?>"))
            .ok_or(ScanError::Declaration)?;
        let mut encoding = None;
        // Each may come at most once, in this order; only the version must.
        for (index, name) in ["version", "encoding", "standalone"].into_iter().enumerate() {
            let Some(after_name) = rest.trim_start_matches(is_space).strip_prefix(name) else {
                if index == 0 {
                    return Err(ScanError::Declaration);
                }
                continue;
            };
            let value = after_name
                .trim_start_matches(is_space)
                .strip_prefix('=')
                .ok_or(ScanError::Declaration)?;
            let value = value.trim_start_matches(is_space);
            let (value, after) = match (value.strip_prefix('"'), value.strip_prefix('\'')) {
                (Some(value), _) => value.split_once('"'),
                (None, Some(value)) => value.split_once('\''),
                (None, None) => None,
            }
            .ok_or(ScanError::Declaration)?;
            let good = match name {
                "version" => value
                    .strip_prefix("1.")
                    .is_some_and(|minor| minor.bytes().all(|b| b.is_ascii_digit())),
                "encoding" => value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
                _ => matches!(value, "yes" | "no"),
            };
            if !good || value.is_empty() || !rest.starts_with(is_space) {
                return Err(ScanError::Declaration);
            }
            if name == "encoding" {
                encoding = Some(value);
            }
            rest = after;
        }
        if trim(rest).is_empty() {
            Ok(Self { raw, encoding })
        } else {
            Err(ScanError::Declaration)
        }
    }
}

/// Turns the bytes of a document into text, piece by piece.
pub(super) struct InputDecoder {
    charset: Option<String>,
    state: State,
}

enum State {
    /// The first bytes, until the encoding is known.
    Undecided(Vec<u8>),
    /// UTF-8; the start of a character whose end has not come yet.
    Utf8(Vec<u8>),
    /// Another encoding, and the piece that is filled again and again.
    Other(Box<encoding_rs::Decoder>, String),
}

/// A piece of the document: text, or bytes that are not UTF-8 where UTF-8 was promised.
pub(super) enum Piece<'a> {
    Text(&'a str),
    NotUtf8(&'a [u8]),
}

impl InputDecoder {
    /// A decoder for a body whose media type had the parameter `charset`.
    pub fn new(charset: Option<&str>) -> Self {
        Self {
            charset: charset.map(str::to_owned),
            state: State::Undecided(Vec::new()),
        }
    }

    /// Decodes the next bytes; `last` says that no more will come.
    pub fn decode<E: From<ScanError>>(
        &mut self,
        bytes: &[u8],
        last: bool,
        take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let State::Undecided(head) = &mut self.state else {
            return self.decided(bytes, last, take);
        };
        // Byte by byte only as far as the declaration goes, so that a large first piece is not copied.
        let wanted = MAX_DECLARATION.saturating_sub(head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
        head.extend_from_slice(first);
        let Some(state) = decide(head, self.charset.as_deref(), last)? else {
            return Ok(());
        };
        let head = std::mem::take(head);
        self.state = state;
        self.decided(&head, last && rest.is_empty(), take)?;
        if rest.is_empty() {
            Ok(())
        } else {
            self.decided(rest, last, take)
        }
    }

    fn decided<E: From<ScanError>>(
        &mut self,
        bytes: &[u8],
        last: bool,
        take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &mut self.state {
            State::Undecided(_) => Ok(()),
            State::Utf8(tail) => utf8(tail, bytes, last, take),
            State::Other(decoder, piece) => {
                let mut rest = bytes;
                loop {
                    piece.clear();
                    let (result, read) = decoder.decode_to_string_without_replacement(rest, piece, last);
                    rest = rest.get(read..).unwrap_or_default();
                    if !piece.is_empty() {
                        take(Piece::Text(piece))?;
                    }
                    match result {
                        DecoderResult::InputEmpty => return Ok(()),
                        DecoderResult::OutputFull => {}
                        DecoderResult::Malformed(..) => return Err(ScanError::Encoding.into()),
                    }
                }
            }
        }
    }
}

fn utf8<E: From<ScanError>>(
    tail: &mut Vec<u8>,
    mut bytes: &[u8],
    last: bool,
    take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
) -> Result<(), E> {
    while let (false, Some((next, rest))) = (tail.is_empty(), bytes.split_first()) {
        tail.push(*next);
        bytes = rest;
        let whole = match std::str::from_utf8(tail) {
            Ok(character) => take(Piece::Text(character)),
            Err(error) if error.error_len().is_some() => take(Piece::NotUtf8(tail)),
            Err(_) => continue,
        };
        tail.clear();
        whole?;
    }
    while !bytes.is_empty() {
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => return take(Piece::Text(text)),
            Err(error) => error,
        };
        let (valid, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        if let (false, Ok(text)) = (valid.is_empty(), std::str::from_utf8(valid)) {
            take(Piece::Text(text))?;
        }
        let Some(wrong) = error.error_len() else {
            tail.extend_from_slice(rest);
            break;
        };
        let (wrong, rest) = rest.split_at_checked(wrong).unwrap_or((rest, &[]));
        take(Piece::NotUtf8(wrong))?;
        bytes = rest;
    }
    if last && !tail.is_empty() {
        take(Piece::NotUtf8(tail))
    } else {
        Ok(())
    }
}

/// The encoding of a document that starts with `head`, or `None` when more must be seen.
fn decide(head: &[u8], charset: Option<&str>, last: bool) -> Result<Option<State>, ScanError> {
    let utf8 = || State::Utf8(Vec::new());
    let other = |encoding: &'static Encoding| {
        State::Other(
            Box::new(encoding.new_decoder_with_bom_removal()),
            String::with_capacity(PIECE),
        )
    };
    if head.len() < 4 && !last {
        return Ok(None);
    }
    match head {
        [0xEF, 0xBB, 0xBF, ..] => return Ok(Some(utf8())),
        [0xFE, 0xFF, ..] => return Ok(Some(other(UTF_16BE))),
        [0xFF, 0xFE, ..] => return Ok(Some(other(UTF_16LE))),
        _ => {}
    }
    let named = match charset {
        Some(charset) => Some(charset),
        None => match declared(head, last)? {
            Seen::More => return Ok(None),
            Seen::Nothing => None,
            Seen::Encoding(label) => Some(label),
        },
    };
    let Some(label) = named else {
        return Ok(Some(utf8()));
    };
    if label.eq_ignore_ascii_case("utf-16") {
        // Without a byte order mark nobody can tell which of the two it is.
        return Err(ScanError::Encoding);
    }
    let is_ascii = ["us-ascii", "ascii"]
        .iter()
        .any(|ascii| label.eq_ignore_ascii_case(ascii));
    let encoding = Encoding::for_label_no_replacement(label.as_bytes()).ok_or(ScanError::Encoding)?;
    if charset.is_none() && (encoding == UTF_16LE || encoding == UTF_16BE) {
        return Err(ScanError::Encoding); // it was read as ASCII, so it cannot be true
    }
    Ok(Some(if is_ascii || encoding == UTF_8 {
        utf8()
    } else {
        other(encoding)
    }))
}

enum Seen<'a> {
    More,
    Nothing,
    Encoding(&'a str),
}

/// The encoding that the XML declaration at the start of `head` names.
fn declared(head: &[u8], last: bool) -> Result<Seen<'_>, ScanError> {
    const START: &[u8] = b"<?xml";
    if !head.starts_with(START.get(..head.len().min(START.len())).unwrap_or_default()) {
        return Ok(Seen::Nothing);
    }
    match head.get(START.len()) {
        Some(after) if !is_space(char::from(*after)) => return Ok(Seen::Nothing), // <?xml-stylesheet
        _ => {}
    }
    let Some(end) = memchr::memmem::find(head, b"?>") else {
        return if last {
            Ok(Seen::Nothing)
        } else if head.len() >= MAX_DECLARATION {
            Err(ScanError::Declaration)
        } else {
            Ok(Seen::More)
        };
    };
    let raw = head
        .get(..end + 2)
        .and_then(|raw| std::str::from_utf8(raw).ok())
        .ok_or(ScanError::Declaration)?;
    Ok(Declaration::parse(raw)?.encoding.map_or(Seen::Nothing, Seen::Encoding))
}
