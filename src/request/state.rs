//! What is at a URL. Only the back end knows it.

/// What the back end says of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// There is nothing.
    Unmapped,
    /// There is something that is no collection.
    Resource,
    /// There is a collection.
    Collection,
    /// It did not say, or was not asked.
    Unknown,
}

impl State {
    /// The states it may be in truth.
    pub fn possible(self) -> &'static [Self] {
        match self {
            Self::Unmapped => &[Self::Unmapped],
            Self::Resource => &[Self::Resource],
            Self::Collection => &[Self::Collection],
            Self::Unknown => &[Self::Unmapped, Self::Resource, Self::Collection],
        }
    }
}
