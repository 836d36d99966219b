//! davgate: a reverse proxy that understands WebDAV. This is the map of the house, in the order of the layers: a room imports
//! only rooms above it, and `tests/layers.rs` sees to it. ARCHITECTURE.md tells the reasons.

/// One path algorithm, one two-way prefix map: what a URL is, and which resource it names.
pub mod url;
/// The one door for XML: request bodies read and written anew, answers cut into tokens while they pass.
pub mod xml;
/// Who is asking.
pub mod identity;
/// TLS of a listener: its certificate, and the certificates of clients.
pub mod tls;
/// Rules about paths: patterns, and many of them indexed.
pub mod rules;
/// Who may do what where: privileges, access control entries, their evaluation.
pub mod access;
/// The compiled configuration: routes, method filter, limits, and what each kind of back end needs.
pub mod policy;
/// Kinds of back end: what each needs or gets wrong, a file each.
pub mod backend;
/// Facts: what the head of a request says, read and not judged.
pub mod request;
/// Locks, pure: which concern a resource, which conflict, which a request has satisfied.
pub mod locks;
/// Decisions, pure: the checks in their order, and a permit or a refusal.
pub mod decide;
/// What passes, between the public URLs and the back end's: headers of requests, headers and XML bodies of answers.
pub mod rewrite;
/// The back end in the box: a directory served over WebDAV.
pub mod embedded;
/// Where locks are kept: in memory, in a file, in a Redis.
pub mod store;
/// What the gateway tells about itself: access log, metrics, its own log.
pub mod telemetry;
/// The admin listener: metrics and health.
pub mod admin;
/// From the configuration file to the policy, or to everything that is wrong with it.
pub mod config;
/// The stages of a request in order, and the exchanges with clients and back ends: here pingora is known.
pub mod gateway;
/// The commands, one file each.
pub mod cli;
