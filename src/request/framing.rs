//! How a message is cut out of the byte stream (O-1; B-1 to B-6, B-8, B-9). In: the head of an HTTP/1 request as it arrived. Out: its
//! target, its body's length and its sizes, or the reason why two parsers could cut it at different places. RFC 9112 section 6.
//!
//! The HTTP library has parsed the head already and refuses most of what is malformed; it repairs the rest in silence (bare LF, two
//! equal Content-Lengths, Content-Length beside Transfer-Encoding, fragments). What it repairs is refused here, from the bytes.

use memchr::memchr;

/// How long a body is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// Nothing said: there is none.
    None,
    /// Content-Length, in bytes.
    Known(u64),
    /// It ends with its last chunk.
    Chunked,
}

impl BodyLength {
    /// Whether bytes follow the head, or may follow.
    pub fn may_follow(self) -> bool {
        !matches!(self, Self::None | Self::Known(0))
    }
}

/// A version of HTTP/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// What a head is measured by (B-8, B-9). Bytes, without line ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadSize {
    /// The longest header line.
    pub line: u64,
    /// All header lines together.
    pub all: u64,
    /// Number of header lines.
    pub count: u64,
    /// The request target.
    pub target: u64,
}

/// The head of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The method token.
    pub method: &'a [u8],
    /// The request target as it stood there.
    pub target: &'a [u8],
    /// The version.
    pub version: Version,
    /// The length of the body.
    pub length: BodyLength,
    /// The sizes.
    pub size: HeadSize,
}

/// Why a head was refused. Each is answered and the connection closed: what follows cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// A line that does not end in CRLF, or a CR inside a line (B-5).
    LineEnd,
    /// A request line that is not `method target HTTP/1.x` with single blanks, or a method that is no token (B-5).
    RequestLine,
    /// A version other than 1.0 and 1.1 (B-18).
    Version,
    /// A header line without a name that is a token, folded, or with blanks before its colon or controls behind it (B-5).
    HeaderLine,
    /// More than one Content-Length, or none that is a number (B-2).
    ContentLength,
    /// Content-Length and Transfer-Encoding (B-1).
    BothLengths,
    /// Transfer-Encoding on HTTP/1.0 (B-4).
    ChunkedOn10,
    /// A transfer coding that is not exactly `chunked` (B-3).
    TransferCoding,
    /// No Host on HTTP/1.1, or two (B-6).
    Host,
}

impl FramingError {
    /// The status that answers it.
    pub fn status(self) -> u16 {
        match self {
            Self::Version => 505,
            Self::TransferCoding => 501,
            Self::LineEnd | Self::RequestLine | Self::HeaderLine | Self::ContentLength => 400,
            Self::BothLengths | Self::ChunkedOn10 | Self::Host => 400,
        }
    }

    /// The rule it breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::BothLengths => "B-1",
            Self::ContentLength => "B-2",
            Self::TransferCoding => "B-3",
            Self::ChunkedOn10 => "B-4",
            Self::LineEnd | Self::RequestLine | Self::HeaderLine => "B-5",
            Self::Host => "B-6",
            Self::Version => "B-18",
        }
    }

    /// The name of the refusal.
    pub fn name(self) -> &'static str {
        match self {
            Self::LineEnd => "line-end",
            Self::RequestLine => "request-line",
            Self::Version => "http-version",
            Self::HeaderLine => "header-line",
            Self::ContentLength => "content-length",
            Self::BothLengths => "two-body-lengths",
            Self::ChunkedOn10 => "chunked-on-http-1.0",
            Self::TransferCoding => "transfer-coding",
            Self::Host => "host",
        }
    }
}

impl<'a> Head<'a> {
    /// Reads the head `raw`: request line, header lines, empty line.
    ///
    /// # Errors
    /// The first reason for refusing it.
    pub fn read(raw: &'a [u8]) -> Result<Self, FramingError> {
        let mut rest = raw;
        // RFC 9112 section 2.2: an empty line before the request line is skipped.
        while let Some(after) = rest.strip_prefix(b"\r\n") {
            rest = after;
        }
        let (request_line, mut rest) = line(rest)?;
        let (method, target, version) = request_line_parts(request_line)?;
        let mut size = HeadSize {
            target: bytes(target),
            ..HeadSize::default()
        };
        let mut fields = Fields::default();
        loop {
            let (header, after) = line(rest)?;
            rest = after;
            if header.is_empty() {
                break;
            }
            size.line = size.line.max(bytes(header));
            size.all = size.all.saturating_add(bytes(header));
            size.count = size.count.saturating_add(1);
            fields.read(header)?;
        }
        Ok(Self {
            method,
            target,
            version,
            length: fields.length(version)?,
            size,
        })
    }
}

fn bytes(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// The first line, and what follows its CRLF.
fn line(text: &[u8]) -> Result<(&[u8], &[u8]), FramingError> {
    let end = memchr(b'\n', text).ok_or(FramingError::LineEnd)?;
    let (line, rest) = text.split_at_checked(end).ok_or(FramingError::LineEnd)?;
    let line = line.strip_suffix(b"\r").ok_or(FramingError::LineEnd)?;
    if memchr(b'\r', line).is_some() {
        return Err(FramingError::LineEnd);
    }
    Ok((line, rest.strip_prefix(b"\n").ok_or(FramingError::LineEnd)?))
}

fn request_line_parts(line: &[u8]) -> Result<(&[u8], &[u8], Version), FramingError> {
    let mut words = line.split(|b| *b == b' ');
    let parts = (words.next(), words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = parts else {
        return Err(FramingError::RequestLine);
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return Err(FramingError::Version),
    };
    if !is_token(method) || target.is_empty() {
        return Err(FramingError::RequestLine);
    }
    Ok((method, target, version))
}

/// The fields that decide where the message ends and whose it is.
#[derive(Default)]
struct Fields<'a> {
    content_length: Option<&'a [u8]>,
    coding: Option<&'a [u8]>,
    hosts: usize,
    lengths: usize,
    codings: usize,
}

impl<'a> Fields<'a> {
    fn read(&mut self, line: &'a [u8]) -> Result<(), FramingError> {
        let colon = memchr(b':', line).ok_or(FramingError::HeaderLine)?;
        let (name, value) = line.split_at_checked(colon).ok_or(FramingError::HeaderLine)?;
        let value = value.strip_prefix(b":").unwrap_or(value);
        if !is_token(name) || value.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return Err(FramingError::HeaderLine);
        }
        let value = trim_blanks(value);
        if name.eq_ignore_ascii_case(b"content-length") {
            self.lengths = self.lengths.saturating_add(1);
            self.content_length = Some(value);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.codings = self.codings.saturating_add(1);
            self.coding = Some(value);
        } else if name.eq_ignore_ascii_case(b"host") {
            self.hosts = self.hosts.saturating_add(1);
        }
        Ok(())
    }

    fn length(&self, version: Version) -> Result<BodyLength, FramingError> {
        if self.hosts > 1 || (self.hosts == 0 && version == Version::Http11) {
            return Err(FramingError::Host);
        }
        match (self.content_length, self.coding) {
            (Some(_), Some(_)) => Err(FramingError::BothLengths),
            (None, None) => Ok(BodyLength::None),
            (Some(length), None) => {
                if self.lengths > 1 {
                    return Err(FramingError::ContentLength);
                }
                number(length).map(BodyLength::Known).ok_or(FramingError::ContentLength)
            }
            (None, Some(_)) if version == Version::Http10 => Err(FramingError::ChunkedOn10),
            (None, Some(coding)) => {
                if self.codings == 1 && coding.eq_ignore_ascii_case(b"chunked") {
                    Ok(BodyLength::Chunked)
                } else {
                    Err(FramingError::TransferCoding)
                }
            }
        }
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

fn trim_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Digits only, at most 2^63-1 (B-2).
fn number(text: &[u8]) -> Option<u64> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    u64::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<BodyLength, FramingError> {
        let raw = format!("PUT /a HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
        Head::read(raw.as_bytes()).map(|head| head.length)
    }

    // B-1 to B-3, B-5
    #[test]
    fn lengths() {
        let rows: &[(&str, Result<BodyLength, FramingError>)] = &[
            ("", Ok(BodyLength::None)),
            ("Content-Length: 5\r\n", Ok(BodyLength::Known(5))),
            ("content-length:0\r\n", Ok(BodyLength::Known(0))),
            (
                "Content-Length: 9223372036854775807\r\n",
                Ok(BodyLength::Known(i64::MAX as u64)),
            ),
            ("Transfer-Encoding: Chunked \r\n", Ok(BodyLength::Chunked)),
            (
                "Content-Length: 5\r\nContent-Length: 5\r\n",
                Err(FramingError::ContentLength),
            ),
            ("Content-Length: 5, 5\r\n", Err(FramingError::ContentLength)),
            ("Content-Length: +5\r\n", Err(FramingError::ContentLength)),
            ("Content-Length: \r\n", Err(FramingError::ContentLength)),
            ("Content-Length: 0x5\r\n", Err(FramingError::ContentLength)),
            (
                "Content-Length: 9223372036854775808\r\n",
                Err(FramingError::ContentLength),
            ),
            (
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                Err(FramingError::BothLengths),
            ),
            (
                "Transfer-Encoding: gzip, chunked\r\n",
                Err(FramingError::TransferCoding),
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                Err(FramingError::TransferCoding),
            ),
            ("Host: h\r\n", Err(FramingError::Host)),
            ("X : y\r\n", Err(FramingError::HeaderLine)),
            (": y\r\n", Err(FramingError::HeaderLine)),
            ("X\r\n", Err(FramingError::HeaderLine)),
            ("X(a): y\r\n", Err(FramingError::HeaderLine)),
            ("X\u{e9}: y\r\n", Err(FramingError::HeaderLine)),
            ("X: y\0\r\n", Err(FramingError::HeaderLine)),
            ("X: y\x7f\r\n", Err(FramingError::HeaderLine)),
            ("X: y\t\u{e9}\r\n", Ok(BodyLength::None)),
            ("X: y\r\n Content-Length: 5\r\n", Err(FramingError::HeaderLine)),
            ("X: y\nContent-Length: 5\r\n", Err(FramingError::LineEnd)),
            ("X: y\rz\r\n", Err(FramingError::LineEnd)),
        ];
        for (lines, expected) in rows {
            assert_eq!(&read(lines), expected, "{lines:?}");
        }
    }

    // B-4, B-6, B-18
    #[test]
    fn request_lines() {
        let read = |raw: &str| Head::read(raw.as_bytes()).map(|head| head.target.to_vec());
        assert_eq!(read("\r\nGET /a#b HTTP/1.1\r\nHost: h\r\n\r\n").unwrap(), b"/a#b");
        assert_eq!(read("GET /a HTTP/1.0\r\n\r\n").unwrap(), b"/a");
        assert_eq!(read("GET /a HTTP/1.1\r\n\r\n"), Err(FramingError::Host));
        assert_eq!(read("GET /a HTTP/1.2\r\nHost: h\r\n\r\n"), Err(FramingError::Version));
        assert_eq!(
            read("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            Err(FramingError::RequestLine)
        );
        assert_eq!(
            read("GET /a HTTP/1.1 \r\nHost: h\r\n\r\n"),
            Err(FramingError::RequestLine)
        );
        assert_eq!(read("GET /a\r\n\r\n"), Err(FramingError::RequestLine));
        assert_eq!(
            read("GE:T /a HTTP/1.1\r\nHost: h\r\n\r\n"),
            Err(FramingError::RequestLine)
        );
        let chunked = "PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(read(chunked), Err(FramingError::ChunkedOn10));
    }

    // B-8, B-9
    #[test]
    fn sizes() {
        let head = Head::read(b"GET /abc HTTP/1.1\r\nHost: h\r\nX: 12345\r\n\r\n").unwrap();
        let expected = HeadSize {
            line: 8,
            all: 15,
            count: 2,
            target: 4,
        };
        assert_eq!(head.size, expected);
    }
}
