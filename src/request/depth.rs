//! The Depth header (RFC 4918 section 10.2; B-20).

use std::fmt;

/// A Depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The resource itself.
    Zero,
    /// And its members.
    One,
    /// And everything below.
    Infinity,
}

/// A Depth as a client wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthHeader {
    /// How deep.
    pub depth: Depth,
    /// Without the resource itself (`1,noroot`).
    pub noroot: bool,
}

impl DepthHeader {
    /// Reads `0`, `1`, `infinity` (any letter case) and, where `noroot` is accepted, `1,noroot` and `infinity,noroot`.
    pub fn parse(text: &str, accept_noroot: bool) -> Option<Self> {
        let (number, noroot) = match text.split_once(',') {
            Some((number, rest)) if accept_noroot && rest.trim().eq_ignore_ascii_case("noroot") => {
                (number.trim(), true)
            }
            Some(_) => return None,
            None => (text, false),
        };
        let depth = match number {
            "0" if !noroot => Depth::Zero,
            "1" => Depth::One,
            _ if number.eq_ignore_ascii_case("infinity") => Depth::Infinity,
            _ => return None,
        };
        Some(Self { depth, noroot })
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "0",
            Self::One => "1",
            Self::Infinity => "infinity",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-20
    #[test]
    fn reading() {
        let read = |text, noroot| DepthHeader::parse(text, noroot).map(|d| (d.depth, d.noroot));
        assert_eq!(read("0", false), Some((Depth::Zero, false)));
        assert_eq!(read("1", false), Some((Depth::One, false)));
        assert_eq!(read("Infinity", false), Some((Depth::Infinity, false)));
        assert_eq!(read("1,noroot", true), Some((Depth::One, true)));
        assert_eq!(read("infinity, NoRoot", true), Some((Depth::Infinity, true)));
        for bad in ["", "2", "00", "+1", "-1", "every", "1,noroot", "0,noroot", "1,0"] {
            assert_eq!(read(bad, false), None, "{bad}");
        }
        assert_eq!(read("0,noroot", true), None);
    }
}
