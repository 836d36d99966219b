//! By what kinds of back end are known. In: what a server answered. Out: how much of it speaks for a kind.

use http::HeaderMap;

/// What a kind of back end says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Where it stands: a header field of any answer, or `None` for a page.
    pub field: Option<&'static str>,
    /// What stands there, in any letter case.
    pub holds: &'static str,
    /// How much it says: 1 what others may say as well, 4 what nobody else says.
    pub weight: u8,
}

impl Sign {
    /// What stands in a header field.
    pub const fn field(field: &'static str, holds: &'static str, weight: u8) -> Self {
        let field = Some(field);
        Self { field, holds, weight }
    }

    /// What stands in a page.
    pub const fn page(holds: &'static str, weight: u8) -> Self {
        let field = None;
        Self { field, holds, weight }
    }

    /// Whether it stands in one of these header fields, or on this page.
    pub fn is_in(&self, heads: &[&HeaderMap], page: &[u8]) -> bool {
        let wanted = self.holds.to_ascii_lowercase();
        let holds = |text: &[u8]| memchr::memmem::find(&text.to_ascii_lowercase(), wanted.as_bytes()).is_some();
        match self.field {
            Some(name) => heads
                .iter()
                .any(|head| head.get_all(name).iter().any(|value| holds(value.as_bytes()))),
            None => holds(page),
        }
    }
}

impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.field {
            Some(name) if self.holds.is_empty() => write!(f, "{name} is there"),
            Some(name) => write!(f, "{name} has {:?}", self.holds),
            None => write!(f, "a page has {:?}", self.holds),
        }
    }
}
