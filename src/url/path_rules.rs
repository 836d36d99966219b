//! What a route or its kind of back end adds to the path algorithm (P-8): reserved names, names that the back end's file system
//! reads as other names, case folding. A canonical path goes in; the path with its final key comes out, or the refusal.

use caseless::default_case_fold_str;

use super::path::{CanonicalPath, PathError, escapes};

/// The additions of one route. The default adds nothing.
#[derive(Clone, Debug, Default)]
pub struct PathRules {
    /// Accept raw non-ASCII bytes and forward them percent-encoded (P-2).
    pub encode_raw: bool,
    /// Compare without letter case (`case: fold`).
    pub fold: bool,
    /// Refuse what a Windows file system reads as another name (`fs: windows`).
    pub windows: bool,
    /// Send the NFC form to the back end whatever form the client used (`unicode: nfc`).
    pub nfc: bool,
    /// The back end decodes twice: refuse every name that holds `%HH` (P-5).
    pub double_decode: bool,
    /// Refuse `;`, `?` and `#` inside names: the back end cuts them off in some places (section 2.1, Radicale).
    pub no_delimiters_in_destination: bool,
    /// Names that belong to the back end itself.
    pub reserved: Vec<ReservedName>,
}

/// A name that no client may use in any segment; compared without letter case, but for [`Self::Literal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReservedName {
    /// Exactly this name in exactly this letter case.
    Literal(String),
    /// Exactly this name.
    Exact(String),
    /// Every name that begins so.
    Prefix(String),
}

impl ReservedName {
    /// Reads `name` or `name*`.
    pub fn parse(text: &str) -> Self {
        let folded = fold_case(text);
        match folded.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(folded),
        }
    }

    fn matches(&self, segment: &str, folded: &str) -> bool {
        match self {
            Self::Literal(name) => segment == name,
            Self::Exact(name) => folded == name,
            Self::Prefix(prefix) => folded.starts_with(prefix.as_str()),
        }
    }
}

/// In which part of a request a path stands: some back ends read the same characters differently there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathUse {
    /// The request target, an If tag or an href in a body.
    Target,
    /// The Destination header.
    Destination,
}

impl PathRules {
    /// Judges `path`, all segments of it, and gives it its final key and wire form.
    pub fn apply(&self, mut path: CanonicalPath, used_as: PathUse) -> Result<CanonicalPath, PathError> {
        if path.raw_non_ascii() && !self.encode_raw {
            return Err(PathError::RawNonAscii);
        }
        for segment in path.segments() {
            self.judge(segment, used_as)?;
        }
        if self.nfc {
            path = path.with_encoded_nfc();
        }
        if self.fold {
            path = fold_path(path);
        }
        Ok(path)
    }

    fn judge(&self, segment: &str, used_as: PathUse) -> Result<(), PathError> {
        if self.windows && is_windows_alias(segment) {
            return Err(PathError::WindowsAlias);
        }
        if self.double_decode && escapes(segment.as_bytes()).next().is_some() {
            return Err(PathError::DoubleEncoding);
        }
        let trapped = self.no_delimiters_in_destination && used_as == PathUse::Destination;
        if trapped && segment.contains([';', '?', '#']) {
            return Err(PathError::BackEndTrap);
        }
        if !self.reserved.is_empty() {
            let folded = fold_case(segment);
            if self.reserved.iter().any(|name| name.matches(segment, &folded)) {
                return Err(PathError::Reserved);
            }
        }
        Ok(())
    }
}

/// Text, or a key of any number of segments, as `case: fold` compares it (P-8). Folding twice is folding once, and no slash
/// comes or goes.
pub fn fold_case(text: &str) -> String {
    default_case_fold_str(text)
}

/// The same path with the key that `case: fold` compares; its wire form keeps its letters.
pub(super) fn fold_path(path: CanonicalPath) -> CanonicalPath {
    let folded = fold_case(path.key());
    path.with_key(folded)
}

/// A name that a Windows file system resolves to another: trailing dot or space, streams, short names, devices (P-8).
fn is_windows_alias(segment: &str) -> bool {
    let short_name = segment.as_bytes().windows(2).any(|w| matches!(w, [b'~', b'0'..=b'9']));
    let stem = segment
        .split('.')
        .next()
        .unwrap_or("")
        .trim_end_matches(' ')
        .to_ascii_uppercase();
    let device = match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        _ => stem.strip_prefix("COM").or(stem.strip_prefix("LPT")).is_some_and(|n| {
            matches!(
                n,
                "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"
            )
        }),
    };
    segment.ends_with(['.', ' ']) || segment.contains(':') || short_name || device
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> CanonicalPath {
        CanonicalPath::parse(text.as_bytes()).unwrap()
    }

    /// P-8, P-2: what each addition refuses, and a twin it lets pass.
    #[test]
    fn additions() {
        let windows = PathRules {
            windows: true,
            ..PathRules::default()
        };
        let apache = PathRules {
            reserved: vec![ReservedName::parse(".DAV"), ReservedName::parse(".ht*")],
            ..PathRules::default()
        };
        let published = PathRules {
            reserved: vec![ReservedName::Literal("DELETE".to_owned())],
            ..PathRules::default()
        };
        let radicale = PathRules {
            no_delimiters_in_destination: true,
            ..PathRules::default()
        };
        let double = PathRules {
            double_decode: true,
            ..PathRules::default()
        };
        let plain = PathRules::default();
        let rows: &[(&PathRules, &str, PathUse, Option<PathError>)] = &[
            (&windows, "/a./b", PathUse::Target, Some(PathError::WindowsAlias)),
            (&windows, "/a%20", PathUse::Target, Some(PathError::WindowsAlias)),
            (&windows, "/a:b", PathUse::Target, Some(PathError::WindowsAlias)),
            (&windows, "/PROGRA~1", PathUse::Target, Some(PathError::WindowsAlias)),
            (&windows, "/nul.txt", PathUse::Target, Some(PathError::WindowsAlias)),
            (&windows, "/COM1", PathUse::Target, Some(PathError::WindowsAlias)),
            (&windows, "/com", PathUse::Target, None),
            (&windows, "/a.b~c", PathUse::Target, None),
            (&plain, "/nul.txt", PathUse::Target, None),
            (&apache, "/x/.dav/y", PathUse::Target, Some(PathError::Reserved)),
            (&apache, "/.htaccess", PathUse::Target, Some(PathError::Reserved)),
            (&apache, "/.davx", PathUse::Target, None),
            (&published, "/a/DELETE", PathUse::Target, Some(PathError::Reserved)),
            (&published, "/a/delete", PathUse::Target, None),
            (&published, "/a/PUT", PathUse::Target, None),
            (&radicale, "/a%3Bb", PathUse::Destination, Some(PathError::BackEndTrap)),
            (&radicale, "/a%3Fb", PathUse::Destination, Some(PathError::BackEndTrap)),
            (&radicale, "/a%3Bb", PathUse::Target, None),
            (&double, "/%2541", PathUse::Target, Some(PathError::DoubleEncoding)),
            (&plain, "/%2541", PathUse::Target, None),
            (&plain, "/\u{fc}", PathUse::Target, Some(PathError::RawNonAscii)),
        ];
        for (rules, text, used_as, expected) in rows {
            assert_eq!(rules.apply(path(text), *used_as).err(), *expected, "{text}");
        }
        let encode = PathRules {
            encode_raw: true,
            ..PathRules::default()
        };
        assert_eq!(
            encode.apply(path("/\u{fc}"), PathUse::Target).unwrap().to_string(),
            "/%C3%BC"
        );
    }

    // P-8, P-9, P-10
    #[test]
    fn folding_and_normal_form() {
        let fold = PathRules {
            fold: true,
            ..PathRules::default()
        };
        let folded = fold.apply(path("/Stra%C3%9Fe/A"), PathUse::Target).unwrap();
        assert_eq!(
            (folded.key(), folded.to_string().as_str()),
            ("/strasse/a", "/Stra%C3%9Fe/A")
        );
        let nfc = PathRules {
            nfc: true,
            ..PathRules::default()
        };
        assert_eq!(
            nfc.apply(path("/u%CC%88/"), PathUse::Target).unwrap().to_string(),
            "/%C3%BC/"
        );
    }
}
