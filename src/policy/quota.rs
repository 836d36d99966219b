//! How much one principal may upload in a time (B-96).

use std::time::Duration;

/// So many bytes in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The bytes.
    pub bytes: u64,
    /// The time, again and again; it begins with the first upload.
    pub per: Duration,
}
