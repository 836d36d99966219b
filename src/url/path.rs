//! The canonical path (P-2 to P-10): raw bytes of a request target, a Destination, an If tag or an href go in; out comes a path with
//! one key for decisions and one encoding for the wire, or the reason for refusing it. What cannot be read in one way only is
//! refused, never repaired.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Most segments a path may have (P-3).
pub const MAX_SEGMENTS: usize = 256;
/// Longest decoded segment in bytes (P-3).
pub const MAX_SEGMENT: usize = 1024;

/// A path that has one meaning only.
///
/// `key` compares: decoded, NFC, without trailing slash; the root is the empty string, everything else starts with `/`.
/// `encoded` travels: percent-encoded in one spelling, segment for segment the same path. Because no decoded segment can hold a
/// `/`, both have the same number of slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalPath {
    key: String,
    encoded: String,
    slash: bool,
    raw_non_ascii: bool,
}

/// Why a path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path does not start with `/` (P-1).
    #[error("the path does not start with a slash")]
    NotAbsolute,
    /// A byte that RFC 3986 does not allow in a path (P-2).
    #[error("the path holds a character that a URL cannot hold")]
    ForbiddenCharacter,
    /// A byte outside ASCII, where the route does not accept such (P-2, `encode_raw`).
    #[error("the path holds raw non-ASCII bytes")]
    RawNonAscii,
    /// A fragment (P-3).
    #[error("the path holds a fragment")]
    Fragment,
    /// `%` that two hexadecimal digits do not follow (P-4).
    #[error("the path holds a malformed percent-encoding")]
    MalformedPercent,
    /// A segment that is `.` or `..`, encoded or not (P-5).
    #[error("the path holds a dot segment")]
    DotSegment,
    /// A segment that decodes to `/` or `\` (P-5).
    #[error("the path holds an encoded separator")]
    EncodedSeparator,
    /// A segment that decodes to a control character (P-5).
    #[error("the path holds a control character")]
    ControlCharacter,
    /// A segment that does not decode to UTF-8 (P-5).
    #[error("the path does not decode to UTF-8")]
    NotUtf8,
    /// A segment that would mean something else to a server that decodes twice (P-5).
    #[error("the path is percent-encoded twice")]
    DoubleEncoding,
    /// Too long, too many segments, or a segment too long (P-3).
    #[error("the path is too long")]
    TooLong,
    /// A name that Windows file systems read as another one (P-8, `fs: windows`).
    #[error("the path holds a name that a Windows file system reads as another")]
    WindowsAlias,
    /// A name that belongs to the back end itself (P-8, `reserved`).
    #[error("the path holds a reserved name")]
    Reserved,
    /// A character that this kind of back end reads differently in different places (table of section 2.1).
    #[error("the path holds a character that this back end cannot be trusted with")]
    BackEndTrap,
}

impl PathError {
    /// The status that answers it: 414 for length, 404 for reserved names, else 400.
    pub fn status(self) -> u16 {
        match self {
            Self::TooLong => 414,
            Self::Reserved => 404,
            Self::NotAbsolute
            | Self::ForbiddenCharacter
            | Self::RawNonAscii
            | Self::Fragment
            | Self::MalformedPercent
            | Self::DotSegment
            | Self::EncodedSeparator
            | Self::ControlCharacter
            | Self::NotUtf8
            | Self::DoubleEncoding
            | Self::WindowsAlias
            | Self::BackEndTrap => 400,
        }
    }

    /// The rule it breaks.
    pub fn rule(self) -> &'static str {
        match self {
            Self::NotAbsolute => "P-1",
            Self::ForbiddenCharacter | Self::RawNonAscii => "P-2",
            Self::Fragment | Self::TooLong => "P-3",
            Self::MalformedPercent => "P-4",
            Self::DotSegment | Self::EncodedSeparator | Self::ControlCharacter => "P-5",
            Self::NotUtf8 | Self::DoubleEncoding => "P-5",
            Self::WindowsAlias | Self::Reserved | Self::BackEndTrap => "P-8",
        }
    }

    /// The name of the refusal.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAbsolute => "path-not-absolute",
            Self::ForbiddenCharacter => "path-forbidden-character",
            Self::RawNonAscii => "path-raw-non-ascii",
            Self::Fragment => "path-fragment",
            Self::MalformedPercent => "path-malformed-percent",
            Self::DotSegment => "path-dot-segment",
            Self::EncodedSeparator => "path-encoded-separator",
            Self::ControlCharacter => "path-control-character",
            Self::NotUtf8 => "path-not-utf8",
            Self::DoubleEncoding => "path-double-encoding",
            Self::TooLong => "path-too-long",
            Self::WindowsAlias => "path-windows-alias",
            Self::Reserved => "path-reserved",
            Self::BackEndTrap => "path-back-end-trap",
        }
    }
}

impl CanonicalPath {
    /// The root, `/`.
    pub fn root() -> Self {
        Self {
            key: String::new(),
            encoded: String::new(),
            slash: true,
            raw_non_ascii: false,
        }
    }

    /// Reads the path part of a URL (no query). Raw non-ASCII is read, and remembered for [`super::PathRules`] to judge.
    pub fn parse(raw: &[u8]) -> Result<Self, PathError> {
        if raw.first() != Some(&b'/') {
            return Err(PathError::NotAbsolute);
        }
        let mut path = Self {
            key: String::with_capacity(raw.len()),
            encoded: String::with_capacity(raw.len() + 8),
            slash: raw.last() == Some(&b'/'),
            raw_non_ascii: false,
        };
        let mut decoded = Vec::with_capacity(raw.len().min(MAX_SEGMENT));
        let mut count = 0;
        for segment in raw.split(|&b| b == b'/').filter(|s| !s.is_empty()) {
            count += 1;
            if count > MAX_SEGMENTS {
                return Err(PathError::TooLong);
            }
            path.raw_non_ascii |= decode_segment(segment, &mut decoded)?;
            let text = judge_segment(&decoded)?;
            path.push(text);
        }
        Ok(path)
    }

    fn push(&mut self, segment: &str) {
        self.key.push('/');
        if is_nfc(segment) {
            self.key.push_str(segment);
        } else {
            self.key.extend(segment.nfc());
        }
        self.encoded.push('/');
        encode_segment(segment, &mut self.encoded);
    }

    /// The key K: decoded, NFC (and folded where the route folds), no trailing slash; `""` is the root (P-9).
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The decoded segments in order.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.key.split('/').skip(1)
    }

    /// Whether the path ended in a slash (P-7). The root always does.
    pub fn slash(&self) -> bool {
        self.slash || self.key.is_empty()
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.key.is_empty()
    }

    /// Whether the path held raw non-ASCII bytes (P-2).
    pub fn raw_non_ascii(&self) -> bool {
        self.raw_non_ascii
    }

    /// The same path with or without the trailing slash.
    pub fn with_slash(mut self, slash: bool) -> Self {
        self.slash = slash;
        self
    }

    /// The collection that holds this resource; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        Some(Self {
            key: self.key.rsplit_once('/')?.0.to_owned(),
            encoded: self.encoded.rsplit_once('/')?.0.to_owned(),
            slash: true,
            raw_non_ascii: self.raw_non_ascii,
        })
    }

    /// Whether `self` is `prefix` or below it, by whole segments (P-11).
    pub fn starts_with(&self, prefix: &Self) -> bool {
        key_starts_with(&self.key, &prefix.key)
    }

    /// Whether `self` is strictly below `prefix`.
    pub fn is_below(&self, prefix: &Self) -> bool {
        self.key.len() > prefix.key.len() && self.starts_with(prefix)
    }

    /// `self` with the leading `from` replaced by `to`; `None` when `self` is not at or below `from`.
    pub fn rebase(&self, from: &Self, to: &Self) -> Option<Self> {
        if !self.starts_with(from) {
            return None;
        }
        let depth = from.key.matches('/').count();
        let rest = skip_segments(&self.encoded, depth);
        let key_rest = self.key.get(from.key.len()..)?;
        Some(Self {
            key: [&to.key, key_rest].concat(),
            encoded: [&to.encoded, rest].concat(),
            slash: self.slash() || rest.is_empty(),
            raw_non_ascii: false,
        })
    }

    /// The same path below `prefix`, whose last part it is.
    ///
    /// # Errors
    /// [`PathError::TooLong`]: it has too many segments then.
    pub fn below(&self, prefix: &Self) -> Result<Self, PathError> {
        if prefix.segments().count() + self.segments().count() > MAX_SEGMENTS {
            return Err(PathError::TooLong);
        }
        Ok(Self {
            key: [&*prefix.key, &*self.key].concat(),
            encoded: [&*prefix.encoded, &*self.encoded].concat(),
            slash: self.slash(),
            raw_non_ascii: self.raw_non_ascii,
        })
    }

    /// Replaces the key, for rules that compare more loosely (case folding). The number of segments must stay the same.
    pub(super) fn with_key(mut self, key: String) -> Self {
        self.key = key;
        self
    }

    /// Rewrites the encoded form from the key's own normal form (`unicode: nfc`).
    pub(super) fn with_encoded_nfc(mut self) -> Self {
        let mut encoded = String::with_capacity(self.encoded.len());
        for segment in self.key.split('/').skip(1) {
            encoded.push('/');
            encode_segment(segment, &mut encoded);
        }
        self.encoded = encoded;
        self
    }
}

/// The canonical wire form (P-10): `/`-joined encoded segments, with the trailing slash when there was one.
impl fmt::Display for CanonicalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encoded)?;
        if self.slash() { f.write_str("/") } else { Ok(()) }
    }
}

/// Whether the key `key` is `prefix` or below it.
pub fn key_starts_with(key: &str, prefix: &str) -> bool {
    key.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What follows the first `count` segments of an encoded path.
fn skip_segments(encoded: &str, count: usize) -> &str {
    let mut slashes = encoded.match_indices('/').skip(count).map(|(at, _)| at);
    slashes.next().and_then(|at| encoded.get(at..)).unwrap_or("")
}

/// Percent-decodes one segment exactly once (P-4, P-5) into `out`; says whether it held raw non-ASCII bytes.
fn decode_segment(segment: &[u8], out: &mut Vec<u8>) -> Result<bool, PathError> {
    out.clear();
    let mut raw_non_ascii = false;
    let mut bytes = segment.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (Some(high), Some(low)) = (bytes.next().and_then(hex), bytes.next().and_then(hex)) else {
                    return Err(PathError::MalformedPercent);
                };
                out.push(byte_of(high, low));
            }
            b'#' => return Err(PathError::Fragment),
            0x00..=0x20 | 0x7f | b'"' | b'<' | b'>' | b'^' | b'{' | b'|' | b'}' | b'`' | b'?' => {
                return Err(PathError::ForbiddenCharacter);
            }
            0x80..=0xff => {
                raw_non_ascii = true;
                out.push(byte);
            }
            _ => out.push(byte),
        }
    }
    Ok(raw_non_ascii)
}

/// What a decoded segment may be (P-5).
fn judge_segment(decoded: &[u8]) -> Result<&str, PathError> {
    if decoded.len() > MAX_SEGMENT {
        return Err(PathError::TooLong);
    }
    let text = std::str::from_utf8(decoded).map_err(|_| PathError::NotUtf8)?;
    if text == "." || text == ".." {
        return Err(PathError::DotSegment);
    }
    for byte in text.bytes() {
        match byte {
            b'/' | b'\\' => return Err(PathError::EncodedSeparator),
            0x00..=0x1f | 0x7f => return Err(PathError::ControlCharacter),
            _ => {}
        }
    }
    if escapes(decoded).any(|byte| matches!(byte, b'.' | b'/' | b'\\' | b'%' | 0 | b';' | b'#' | b'?')) {
        return Err(PathError::DoubleEncoding);
    }
    Ok(text)
}

/// The bytes that the `%HH` groups of an already decoded segment would decode to.
pub(super) fn escapes(decoded: &[u8]) -> impl Iterator<Item = u8> {
    decoded.windows(3).filter_map(|w| match w {
        [b'%', high, low] => Some(byte_of(hex(*high)?, hex(*low)?)),
        _ => None,
    })
}

/// The byte that two digits of [`hex`] stand for.
fn byte_of(high: u8, low: u8) -> u8 {
    high * 16 + low
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Writes a segment in its one spelling (P-10).
fn encode_segment(segment: &str, out: &mut String) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b'=' | b':' | b'@' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push(digit(byte >> 4));
                out.push(digit(byte & 15));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RM-2
    #[test]
    fn below_a_prefix() {
        let path = |text: &str| CanonicalPath::parse(text.as_bytes()).unwrap();
        for (text, expected) in [
            ("/", "/a%20b/"),
            ("/x", "/a%20b/x"),
            ("/a%20b/", "/a%20b/a%20b/"),
            ("/x//y/", "/a%20b/x/y/"),
        ] {
            let found = path(text).below(&path("/a%20b/")).unwrap();
            assert_eq!(found, path(expected), "{text}");
        }
        // P-2, P-3
        assert!(path("/\u{fc}").below(&path("/a/")).unwrap().raw_non_ascii());
        let long = path(&"/x".repeat(MAX_SEGMENTS));
        assert_eq!(long.below(&path("/a/")), Err(PathError::TooLong));
        assert!(long.parent().unwrap().below(&path("/a/")).is_ok());
    }
    use proptest::prelude::*;

    /// P-2 to P-6, P-9, P-10 and the rows of section 2.1: what goes in, the key and the wire form that come out.
    #[test]
    fn canonical_forms() {
        let rows: &[(&str, &str, &str)] = &[
            ("/", "", "/"),
            ("//", "", "/"),
            ("/a", "/a", "/a"),
            ("/a/", "/a", "/a/"),
            ("//host/x", "/host/x", "/host/x"),
            ("/a///b", "/a/b", "/a/b"),
            ("/%61", "/a", "/a"),
            ("/a%20b", "/a b", "/a%20b"),
            ("/a%3bb;c", "/a;b;c", "/a%3Bb%3Bc"),
            ("/a%3fb%23c", "/a?b#c", "/a%3Fb%23c"),
            ("/100%25.txt", "/100%.txt", "/100%25.txt"),
            ("/%c3%bc", "/ü", "/%C3%BC"),
            ("/u%cc%88", "/ü", "/u%CC%88"),
            ("/\u{fc}", "/ü", "/%C3%BC"),
            ("/!$&'()*+,=:@-._~", "/!$&'()*+,=:@-._~", "/!$&'()*+,=:@-._~"),
            ("/...", "/...", "/..."),
            ("/%F0%9F%98%80", "/😀", "/%F0%9F%98%80"),
        ];
        for (raw, key, wire) in rows {
            let path = CanonicalPath::parse(raw.as_bytes()).unwrap();
            assert_eq!((path.key(), path.to_string().as_str()), (*key, *wire), "{raw}");
        }
    }

    /// P-1 to P-5: every refusal by name.
    #[test]
    fn refusals() {
        let long = format!("/{}", "a".repeat(MAX_SEGMENT + 1));
        let deep = "/a".repeat(MAX_SEGMENTS + 1);
        let rows: &[(&[u8], PathError)] = &[
            (b"", PathError::NotAbsolute),
            (b"a", PathError::NotAbsolute),
            (b"/a b", PathError::ForbiddenCharacter),
            (b"/a\"b", PathError::ForbiddenCharacter),
            (b"/a<b", PathError::ForbiddenCharacter),
            (b"/a^b", PathError::ForbiddenCharacter),
            (b"/a`b", PathError::ForbiddenCharacter),
            (b"/a{b", PathError::ForbiddenCharacter),
            (b"/a|b", PathError::ForbiddenCharacter),
            (b"/a\\b", PathError::EncodedSeparator),
            (b"/a#b", PathError::Fragment),
            (b"/%zz", PathError::MalformedPercent),
            (b"/%4", PathError::MalformedPercent),
            (b"/%", PathError::MalformedPercent),
            (b"/./a", PathError::DotSegment),
            (b"/a/..", PathError::DotSegment),
            (b"/%2e%2e/a", PathError::DotSegment),
            (b"/.%2E/a", PathError::DotSegment),
            (b"/a%2Fb", PathError::EncodedSeparator),
            (b"/%2f..%2fa", PathError::EncodedSeparator),
            (b"/a%5cb", PathError::EncodedSeparator),
            (b"/a%00", PathError::ControlCharacter),
            (b"/a%0d%0a", PathError::ControlCharacter),
            (b"/a%7f", PathError::ControlCharacter),
            (b"/%ff", PathError::NotUtf8),
            (b"/%c0%ae", PathError::NotUtf8),
            (b"/%ed%a0%80", PathError::NotUtf8),
            (b"/%252e%252e", PathError::DoubleEncoding),
            (b"/a%252fb", PathError::DoubleEncoding),
            (b"/a%2500", PathError::DoubleEncoding),
            (b"/a%253b", PathError::DoubleEncoding),
            (b"/%2525", PathError::DoubleEncoding),
            (long.as_bytes(), PathError::TooLong),
            (deep.as_bytes(), PathError::TooLong),
        ];
        for (raw, error) in rows {
            assert_eq!(
                CanonicalPath::parse(raw),
                Err(*error),
                "{}",
                String::from_utf8_lossy(raw)
            );
        }
        let (long, deep) = (format!("/{}", "a".repeat(MAX_SEGMENT)), "/a".repeat(MAX_SEGMENTS));
        for raw in [long, deep] {
            assert_eq!(CanonicalPath::parse(raw.as_bytes()).unwrap().to_string(), raw);
        }
    }

    // P-1 to P-8: how each refusal is told
    #[test]
    fn refusals_are_told() {
        use PathError::*;
        let rows = [
            (NotAbsolute, 400, "P-1", "path-not-absolute"),
            (ForbiddenCharacter, 400, "P-2", "path-forbidden-character"),
            (RawNonAscii, 400, "P-2", "path-raw-non-ascii"),
            (Fragment, 400, "P-3", "path-fragment"),
            (TooLong, 414, "P-3", "path-too-long"),
            (MalformedPercent, 400, "P-4", "path-malformed-percent"),
            (DotSegment, 400, "P-5", "path-dot-segment"),
            (EncodedSeparator, 400, "P-5", "path-encoded-separator"),
            (ControlCharacter, 400, "P-5", "path-control-character"),
            (NotUtf8, 400, "P-5", "path-not-utf8"),
            (DoubleEncoding, 400, "P-5", "path-double-encoding"),
            (WindowsAlias, 400, "P-8", "path-windows-alias"),
            (Reserved, 404, "P-8", "path-reserved"),
            (BackEndTrap, 400, "P-8", "path-back-end-trap"),
        ];
        for (error, status, rule, name) in rows {
            assert_eq!((error.status(), error.rule(), error.name()), (status, rule, name));
        }
    }

    // P-7, P-11: what is around a path, and what is below it
    #[test]
    fn around_and_below() {
        let p = |s: &str| CanonicalPath::parse(s.as_bytes()).unwrap();
        let rows: &[(&str, Option<&str>)] = &[
            ("/", None),
            ("/a", Some("/")),
            ("/a/", Some("/")),
            ("/a%20b/%C3%BC", Some("/a%20b/")),
        ];
        for (path, parent) in rows {
            assert_eq!(
                p(path).parent().map(|parent| parent.to_string()).as_deref(),
                *parent,
                "{path}"
            );
            assert_eq!(p(path).is_root(), parent.is_none(), "{path}");
        }
        let rows = [
            ("/a/b", "/a", true),
            ("/a/b/c", "/a/", true),
            ("/a", "/", true),
            ("/a", "/a", false),
            ("/a/", "/a", false),
            ("/a", "/a/b", false),
            ("/ab", "/a", false),
            ("/b/c", "/a", false),
            ("/b", "/a/c", false),
        ];
        for (path, above, below) in rows {
            assert_eq!(p(path).is_below(&p(above)), below, "{path} {above}");
        }
    }

    // P-11: by segments, not by strings.
    #[test]
    fn prefixes_are_whole_segments() {
        let p = |s: &str| CanonicalPath::parse(s.as_bytes()).unwrap();
        assert!(p("/dav/a").starts_with(&p("/dav/")));
        assert!(p("/dav").starts_with(&p("/dav/")));
        assert!(!p("/davx/a").starts_with(&p("/dav")));
        assert!(p("/x").starts_with(&p("/")));
        assert_eq!(
            p("/d%61v/u%cc%88/x").rebase(&p("/dav"), &p("/")).unwrap().to_string(),
            "/u%CC%88/x"
        );
        assert_eq!(p("/dav").rebase(&p("/dav/"), &p("/i/j")).unwrap().to_string(), "/i/j/");
        assert_eq!(p("/").rebase(&p("/"), &p("/i")).unwrap().to_string(), "/i/");
        assert_eq!(p("/x/").rebase(&p("/"), &p("/i/")).unwrap().to_string(), "/i/x/");
    }

    proptest! {
        /// Canonicalising the canonical form changes nothing.
        #[test]
        fn idempotent(raw in "(/([a-zA-Z0-9._~%;:@ü-]|%[0-9A-Fa-f]{2}){0,8}){1,6}") {
            if let Ok(once) = CanonicalPath::parse(raw.as_bytes()) {
                let twice = CanonicalPath::parse(once.to_string().as_bytes()).unwrap();
                prop_assert_eq!(twice.to_string(), once.to_string());
                prop_assert_eq!(twice.key(), once.key());
                prop_assert_eq!(once.key().matches('/').count(), once.encoded.matches('/').count());
            }
        }

        /// Any bytes at all: no panic, and what is accepted holds no dot segment and no control character.
        #[test]
        fn any_bytes(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(path) = CanonicalPath::parse(&raw) {
                let clean = |s: &str| s != "." && s != ".." && !s.bytes().any(|b| b.is_ascii_control());
                prop_assert!(path.segments().all(clean));
                prop_assert!(path.to_string().bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
