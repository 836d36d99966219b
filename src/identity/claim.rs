//! What a source says of a requester, before it is made a principal.

/// A name, and groups that come with it; not yet judged (RM-6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The user's name.
    pub name: String,
    /// Groups that the source names; those of the file come later.
    pub groups: Vec<String>,
}

impl Claim {
    /// A user of whom only the name is known.
    pub fn name(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            groups: Vec::new(),
        }
    }
}
