//! The shape of `quota:` of a route; no behaviour. In: its value. Out: plain options, for `compile_quota` to judge.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{ByteSize, TimeSpan};

/// How much one user may upload in a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with bytes and per")]
pub struct RawQuota {
    /// The bytes, of bodies that the back end took.
    #[schemars(required)]
    pub bytes: Option<ByteSize>,
    /// The time: `24h`.
    #[schemars(required)]
    pub per: Option<TimeSpan>,
}
