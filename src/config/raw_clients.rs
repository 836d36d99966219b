//! The shape of `clients:`; no behaviour. In: its value. Out: plain options, for `compile_clients` to judge.

use schemars::JsonSchema;
use serde::Deserialize;

use super::raw::List;
use super::values::{ByteSize, TimeSpan};

/// How much of the gateway clients may have at once, on all listeners together.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with connections or another bound")]
pub struct RawClientBounds {
    /// Connections at once; more are answered 503. Default: 4096.
    #[schemars(range(min = 1))]
    pub connections: Option<u32>,
    /// Connections at once from one address. Default: no bound.
    #[schemars(range(min = 1))]
    pub connections_per_address: Option<u32>,
    /// How long the head of a request may take. Default: 10s.
    pub head: Option<TimeSpan>,
    /// How long a connection may be idle between requests, in whole seconds. Default: 60s.
    pub idle: Option<TimeSpan>,
    /// The time over which a body must come with 1 KiB/s; answers must be taken with as much over twice that time. Default: 30s.
    pub pace: Option<TimeSpan>,
    /// What may be held in memory of heads and XML bodies at once, of all clients; more are answered 503. 16 KiB of each do not
    /// count. Default: 64MiB.
    pub held: Option<ByteSize>,
    /// Requests of one user at once, or of one address where nobody is logged in; more are answered 503. Default: no bound.
    #[schemars(range(min = 1))]
    pub in_flight: Option<u32>,
    /// Requests of one user in a time, or of one address where nobody is logged in; more are answered 429. Default: no bound.
    pub rate: Option<RawRate>,
    /// Addresses that stand for many clients, such as a proxy's in front: what bounds one address does not bound them.
    pub shared: Option<List<String>>,
}

/// So many requests in a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with requests and per")]
pub struct RawRate {
    /// The requests.
    #[schemars(required, range(min = 1))]
    pub requests: Option<u32>,
    /// The time.
    #[schemars(required)]
    pub per: Option<TimeSpan>,
    /// How many of them may come at once after a pause. Default: all of them.
    #[schemars(range(min = 1))]
    pub burst: Option<u32>,
}
