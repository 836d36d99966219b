//! The shape of `well_known:`; no behaviour. In: its value. Out: plain options, for `compile_well_known` to judge.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where clients are sent that look for calendars and address books on this server (RFC 6764).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with caldav or carddav")]
#[schemars(extend("minProperties" = 1))]
pub struct RawWellKnown {
    /// The public path that `/.well-known/caldav` leads to: `/radicale/`.
    #[schemars(regex(pattern = r"^/[^?#\\ ]*$"))]
    pub caldav: Option<String>,
    /// The public path that `/.well-known/carddav` leads to.
    #[schemars(regex(pattern = r"^/[^?#\\ ]*$"))]
    pub carddav: Option<String>,
}
