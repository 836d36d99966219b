//! The shape of `locks`, and of what a route says of them. In: values. Out: plain options, for `compile_locks` to judge.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::TimeSpan;

/// Where locks are kept, and their bounds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with store")]
#[schemars(extend("oneOf" = [
    { "properties": { "store": { "const": "memory" }, "path": false, "url": false, "user": false, "password_file": false,
                      "ca": false, "prefix": false } },
    { "required": ["store", "path"],
      "properties": { "store": { "const": "file" }, "url": false, "user": false, "password_file": false, "ca": false,
                      "prefix": false } },
    { "required": ["store", "url"], "properties": { "store": { "const": "redis" }, "path": false } },
]), extend("dependentRequired" = { "user": ["password_file"] }))]
pub struct RawLocks {
    /// `memory` (default): in this process, they end with it; `file`: in a file of this process, they outlive it; `redis`: in a Redis or
    /// Valkey, for several gateways.
    pub store: Option<RawStore>,
    /// The file, with `store: file`; a relative path starts at this file's directory.
    #[schemars(length(min = 1))]
    pub path: Option<String>,
    /// With `store: redis`: `redis://host:6379/0`, or `rediss://` for TLS.
    #[schemars(regex(pattern = r"^rediss?://[^/?#@\\ ]+(/[0-9]{0,5})?$"))]
    pub url: Option<String>,
    /// The user of Redis; default: its default user.
    #[schemars(length(min = 1))]
    pub user: Option<String>,
    /// The file whose only line is the password for Redis.
    #[schemars(length(min = 1))]
    pub password_file: Option<String>,
    /// The authorities of the certificate of Redis, a PEM file. Default: those of the system.
    #[schemars(length(min = 1))]
    pub ca: Option<String>,
    /// What all keys in Redis begin with; gateways with the same one share their locks. Default: davgate.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._:-]{1,64}$"))]
    pub prefix: Option<String>,
    /// How long a lock lasts whose client names no time. Default: 30m.
    pub timeout: Option<TimeSpan>,
    /// The shortest time that a lock lasts. Default: 60s.
    pub min_timeout: Option<TimeSpan>,
    /// The longest time that a lock lasts without being refreshed. Default: 24h.
    pub max_timeout: Option<TimeSpan>,
    /// How many locks one user may hold. Default: 1000.
    #[schemars(range(min = 1))]
    pub per_principal: Option<u32>,
    /// A file with a secret of at least 32 characters on its only line: locks at the back end are sealed with it, so that they have their
    /// creator again after a restart.
    #[schemars(length(min = 1))]
    pub seal_key: Option<String>,
}

/// Where locks are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawStore {
    /// In this process.
    #[default]
    Memory,
    /// In a file.
    File,
    /// In a Redis or Valkey.
    Redis,
}

/// Who decides about the locks of a route.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawLocking {
    /// The back end; the gateway sees to it that only the creator of a lock uses it.
    Observe,
    /// The gateway.
    Emulate,
    /// Nobody.
    Off,
}

/// Locks of the back end whose creator nobody knows.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawOrphans {
    /// They are somebody else's.
    Deny,
    /// The back end decides.
    Pass,
    /// They belong to whoever submits their token first.
    Adopt,
}

/// The properties that clients set.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawDeadProperties {
    /// The back end decides.
    Pass,
    /// They are accepted and not kept.
    Discard,
}

/// LOCK of a URL with nothing there.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RawUnmapped {
    /// An empty resource is made.
    Create,
    /// The name is locked and nothing is made.
    NameOnly,
    /// It is refused.
    Refuse,
}
