//! The shape of the file: what serde accepts and what the JSON Schema shows to editors; no behaviour. In: the document. Out:
//! plain options, for `compile` to judge. Every field is an `Option` so that one missing key does not hide other errors;
//! which keys a file must have stands in the schema attributes, and `compile` asks for the same ones.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::access::RawAccessRule;
use super::methods::{RawMethods, SingleMethod};
use super::profile_names::RawProfile;
use super::raw_clients::RawClientBounds;
use super::raw_credentials::RawCredentials;
use super::raw_identity::RawIdentity;
use super::raw_locks::{RawDeadProperties, RawLocking, RawLocks, RawOrphans, RawUnmapped};
use super::raw_quota::RawQuota;
use super::raw_well_known::RawWellKnown;
use super::reports::ReportName;
use super::values::{ByteSize, DepthLimit, TimeSpan};

/// A list; `None` stands for an item that was already refused, so that the others keep their numbers in messages.
pub type List<T> = Vec<Option<T>>;

/// davgate: a reverse proxy in front of a WebDAV back end. The smallest useful file is one listener and one route with `path`
/// and `backend.url`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with listeners and routes")]
#[schemars(title = "davgate configuration")]
pub struct RawConfig {
    /// Where clients connect.
    #[schemars(required, length(min = 1))]
    pub listeners: Option<List<RawListener>>,
    /// The admin listener: metrics, health and locks. Default: none.
    pub admin: Option<RawAdmin>,
    /// Who may say who is asking. Default: nobody does; the back ends alone ask for credentials.
    pub identity: Option<RawIdentity>,
    /// Where the access log goes: `stdout` (default), `off`, or a file; a relative path starts at this file's directory.
    #[schemars(length(min = 1))]
    pub access_log: Option<String>,
    /// Where the audit log goes, one line for each refusal and each write: `stdout` (default), `off`, or a file.
    #[schemars(length(min = 1))]
    pub audit_log: Option<String>,
    /// How much of the gateway clients may have at once.
    pub clients: Option<RawClientBounds>,
    /// Where locks are kept, and their bounds. Default: in memory.
    pub locks: Option<RawLocks>,
    /// Where `/.well-known/caldav` and `/.well-known/carddav` lead. Default: they are paths like any other.
    pub well_known: Option<RawWellKnown>,
    /// The public prefixes and what stands behind each. The longest prefix wins.
    #[schemars(required, length(min = 1))]
    pub routes: Option<List<RawRoute>>,
}

/// One address to listen on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with address")]
pub struct RawListener {
    /// IP address and port: `0.0.0.0:8080`, `[::1]:8080`.
    #[schemars(
        required,
        regex(pattern = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$")
    )]
    pub address: Option<String>,
    /// TLS, and the certificates of clients. Default: none, HTTP in the clear.
    pub tls: Option<RawTls>,
    /// Whether HTTP/2 is spoken there, beside HTTP/1. Default: with TLS, to clients that ask for it by ALPN. In the clear it is for clients
    /// that begin with it, such as other proxies.
    pub http2: Option<bool>,
}

/// The files of a listener's TLS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with certificate and key")]
#[schemars(extend("dependentRequired" = { "client_certificate": ["client_ca"] }))]
pub struct RawTls {
    /// The certificate, and those between it and its authority: a PEM file.
    #[schemars(required, length(min = 1))]
    pub certificate: Option<String>,
    /// Its key: a PEM file.
    #[schemars(required, length(min = 1))]
    pub key: Option<String>,
    /// The authorities of clients' certificates: a PEM file. Default: no client is asked for one.
    #[schemars(length(min = 1))]
    pub client_ca: Option<String>,
    /// Whether a client gets in without a certificate. Default: required, where there is client_ca.
    pub client_certificate: Option<RawClients>,
}

/// Whether clients must have a certificate.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawClients {
    /// Nobody gets in without.
    Required,
    /// Who has none gets in as anybody without.
    Optional,
}

/// The admin listener: metrics, health and locks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with address")]
pub struct RawAdmin {
    /// IP address and port: `127.0.0.1:9090`.
    #[schemars(
        required,
        regex(pattern = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$")
    )]
    pub address: Option<String>,
    /// A file with a secret of at least 32 characters on its only line: whoever shows it as a bearer token may list locks and release
    /// them. Default: nobody may.
    #[schemars(length(min = 1))]
    pub token_file: Option<String>,
}

/// One public prefix.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with path and backend")]
pub struct RawRoute {
    /// The name in logs and metrics. Default: the first host and the path.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))]
    pub name: Option<String>,
    /// A proxy in front has taken the public prefix off every request for this route. No other route may answer to its hosts, but those
    /// inside it. Default: false.
    pub accept_unprefixed: Option<bool>,
    /// The host names this route answers to, without port. Default: any.
    #[schemars(length(min = 1), inner(regex(pattern = r"^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$")))]
    pub hosts: Option<List<String>>,
    /// The public prefix; it begins and ends with a slash: `/files/`.
    #[schemars(required, regex(pattern = r"^/([^?#\\ ]*/)?$"))]
    pub path: Option<String>,
    /// The origins clients use, such as `https://dav.example.org`. The first one is put into absolute URLs of answers.
    /// Default: what the client's request says.
    #[schemars(length(min = 1), inner(regex(pattern = r"^https?://[^/?#@ ]+$")))]
    pub origins: Option<List<String>>,
    /// The server behind this route.
    #[schemars(required)]
    pub backend: Option<RawBackend>,
    /// Which methods pass. Default: read, write and lock.
    pub methods: Option<RawMethods>,
    /// Who may do what. What no rule grants is denied. Default: no access control of this gateway's own.
    #[schemars(length(min = 1))]
    pub access: Option<List<RawAccessRule>>,
    /// What answers GET of a folder where `access` is: `pass` (default), the back end, to whoever may read everything below; `deny`,
    /// nobody; `synthetic`, for all others a listing of what they may read.
    pub collection_get: Option<RawCollectionGet>,
    /// `report`: what `methods` and `access` refuse is told and counted, and passes. Default: enforce.
    pub mode: Option<RawMode>,
    /// How much a request may hold.
    pub limits: Option<RawLimits>,
    /// How much one user may upload in a time; more is answered 507. Default: no bound.
    pub quota: Option<RawQuota>,
    /// The REPORT bodies that pass. Default: those of RFC 3253, 3744, 4791, 6352 and 6578.
    pub reports: Option<List<ReportName>>,
    /// More names that no client may use in any segment of a path: `name` or `name*`. The profile brings its own.
    #[schemars(inner(regex(pattern = r"^[^/*]+\*?$")))]
    pub reserved: Option<List<String>>,
    /// `windows`: refuse names that a Windows file system reads as other names. Default: posix.
    pub fs: Option<RawFileSystem>,
    /// `fold`: the back end does not tell upper from lower case. Default: sensitive.
    pub case: Option<RawCase>,
    /// `nfc`: send names to the back end in NFC whatever the client used. Default: keep.
    pub unicode: Option<RawUnicode>,
    /// Accept raw non-ASCII in URLs and forward it percent-encoded. Default: false, answered 400.
    pub encode_raw: Option<bool>,
    /// Accept `Depth: 1,noroot` and `infinity,noroot`. Default: false.
    pub noroot: Option<bool>,
    /// Hand HTML bodies of the back end's errors to clients. Default: false, they are emptied.
    pub pass_error_bodies: Option<bool>,
    /// Answer OPTIONS to everybody, without the back end: `Allow` by the rules of `methods`, `DAV: 1`, or `1, 2` with LOCK. For clients
    /// that ask before they log in. Default: false.
    pub public_options: Option<bool>,
    /// Who decides about locks: `observe`, the back end, and the gateway sees to it that only their creators use them; `emulate`, the
    /// gateway alone; `off`, nobody. Default: observe where the back end has locks, else off.
    pub locking: Option<RawLocking>,
    /// With `observe`, locks of the back end whose creator nobody knows: `deny`, they are somebody else's; `pass`, the back end decides;
    /// `adopt`, they belong to whoever submits their token first. Default: pass, or deny where the back end sees but one account.
    pub orphan_locks: Option<RawOrphans>,
    /// With `emulate`, LOCK of a URL with nothing there: `create` an empty resource, lock the `name-only`, or `refuse`. Default: create;
    /// name-only with Radicale.
    pub unmapped_lock: Option<RawUnmapped>,
    /// With `observe`, make an empty resource before LOCK of a URL with nothing there, for back ends that lock the name alone, as Apache
    /// does. Default: false.
    pub fix_locknull: Option<bool>,
    /// What becomes of properties that clients set: `pass`, the back end decides; `discard`, with `locking: emulate`, davgate says that they are
    /// set and keeps nothing, for back ends without PROPPATCH such as nginx. Default: pass.
    pub dead_properties: Option<RawDeadProperties>,
    /// Leave the `owner` text of other people's locks out of answers; needs `access`. Default: false.
    pub hide_lock_owner: Option<bool>,
    /// Wrap sync tokens (RFC 6578), so that clients sync anew after a change of the rules; needs `access`. Default: false.
    pub sync_epochs: Option<bool>,
    /// Answer 411 to a PUT that has neither Content-Length nor Transfer-Encoding. Default: false.
    pub require_length: Option<bool>,
    /// Answer 400 to method override headers instead of removing them. Default: false.
    pub strict_override: Option<bool>,
    /// What happens to headers with `_` in their name. Default: remove.
    pub underscore_headers: Option<RawUnderscore>,
    /// Compress the files of the back end for clients that take gzip. Default: false.
    pub compress: Option<bool>,
    /// With compress: answers to PROPFIND, REPORT and SEARCH too. Whoever can watch their length and write into them may then find out what
    /// else is in them (BREACH). Default: false.
    pub compress_xml: Option<bool>,
    /// Where principals have their homes: `/{user}/` or `/home/{user}/`, below the route. davgate makes a home on the first request for it, or
    /// for something in it, by its principal; needs `backend.credentials`. Default: it makes none.
    #[schemars(regex(pattern = r"^/([^?#\\ {}*/]+/)*\{user\}/$"))]
    pub auto_home: Option<String>,
    /// Header fields that every answer of the route gets, refusals too, in place of those of the back end: `NAME: VALUE`. Not those with a
    /// meaning of their own, such as `Content-*`, `ETag`, `Set-Cookie` and `Access-Control-*`.
    #[schemars(extend(
        "minProperties" = 1,
        "propertyNames" = { "pattern": "^[A-Za-z0-9-]+$" },
        "additionalProperties" = { "type": "string", "pattern": "^[!-~]([ -~]*[!-~])?$" },
    ))]
    pub headers: Option<BTreeMap<String, String>>,
    /// Further methods whose URLs may carry a query. Always: GET, HEAD, POST, OPTIONS, PROPFIND, REPORT.
    pub query: Option<List<SingleMethod>>,
}

/// The server behind a route: `url`, or `embedded` for a directory that this process serves itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with url")]
#[schemars(extend("oneOf" = [{ "required": ["url"] }, { "required": ["embedded"], "properties": { "profile": false } }]))]
pub struct RawBackend {
    /// http or https, host, and the path that the public prefix becomes: `http://127.0.0.1:8081/dav/`.
    #[schemars(regex(pattern = r"^https?://[^/?#@\\ ]+(/[^?#\\ ]*)?$"))]
    pub url: Option<String>,
    /// A directory served by this process itself; a relative path starts at this file's directory.
    #[schemars(length(min = 1))]
    pub embedded: Option<String>,
    /// What kind of server it is. Default: generic.
    pub profile: Option<RawProfile>,
    /// Who the back end sees. `pass` (default): the client, by its own credentials; `service`: always the same account;
    /// `header`: the gateway, which names the user in that header.
    pub credentials: Option<RawCredentials>,
    /// When to give up on the back end.
    pub timeouts: Option<RawTimeouts>,
    /// Other origins the back end may call itself in its answers: `http://dav.internal:8081`.
    #[schemars(length(min = 1), inner(regex(pattern = r"^https?://[^/?#@ ]+$")))]
    pub aliases: Option<List<String>>,
    /// Which URLs the back end writes into its answers: its own (`internal`, default) or the public ones (`external`).
    pub urls: Option<RawUrls>,
    /// Its GET shows what is edited, not what readers are shown, as Zope's does on its WebDAV source port: with `access` it needs `write-content`
    /// too, and so do COPY and MOVE; answers are not for shared caches. Default: false.
    pub sources: Option<bool>,
    /// With `zope` and `plone`, what becomes of what they would take from another folder than the URL says: `guard` (default), it is not
    /// there; `trust`, it passes.
    pub acquisition: Option<RawAcquisition>,
    /// What to do where it answers on an address of this machine that others may reach. Default: warn.
    pub elsewhere: Option<RawElsewhere>,
}

/// What becomes of what the back end would take from another folder than the URL says.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawAcquisition {
    /// It is not there.
    Guard,
    /// It passes: the site has no acquisition, or no rule that it could get around.
    Trust,
}

/// What to do with a back end that can be reached past the gateway.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawElsewhere {
    /// Look for it at the start and every ten minutes, and say so.
    Warn,
    /// Nothing: something else keeps others away.
    Allow,
}

/// What answers GET of a folder.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawCollectionGet {
    /// The back end, to whoever may read everything below.
    Pass,
    /// Nobody.
    Deny,
    /// The same as `pass`, and a listing of the gateway's own for all others.
    Synthetic,
}

/// Which URLs a back end writes.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawUrls {
    /// Its own.
    Internal,
    /// The public ones.
    External,
}

/// The file system behind the back end.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum RawFileSystem {
    Windows,
    Posix,
}

/// What becomes of requests that rules refuse.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawMode {
    /// They are refused.
    Enforce,
    /// They pass and are told.
    Report,
}

/// Whether names that differ in letter case are one.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawCase {
    /// They are two.
    Sensitive,
    /// They are one.
    Fold,
}

/// The Unicode normal form the back end gets.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawUnicode {
    /// The client's.
    Keep,
    /// NFC.
    Nfc,
}

/// What happens to headers with `_` in their name.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawUnderscore {
    /// The header is removed.
    Remove,
    /// The request is answered 400.
    Refuse,
}

/// When to give up on the back end; the client gets 504.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with connect, read, write or long")]
pub struct RawTimeouts {
    /// Until connected. Default: 5s.
    pub connect: Option<TimeSpan>,
    /// Between two reads, once the request is sent. Default: 60s.
    pub read: Option<TimeSpan>,
    /// Between two writes. Default: 60s.
    pub write: Option<TimeSpan>,
    /// In place of read, for COPY, MOVE and DELETE. Default: 30m.
    pub long: Option<TimeSpan>,
}

/// How much a request may hold.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping of limits")]
pub struct RawLimits {
    /// The body of PUT, POST and PATCH. Default: no limit.
    pub body: Option<ByteSize>,
    /// An XML body. Default: 1MiB.
    pub xml: Option<ByteSize>,
    /// The XML body of a multiget REPORT, which names its members one by one. Default: 4MiB.
    pub report: Option<ByteSize>,
    /// How deep XML elements may be nested. Default: 64.
    #[schemars(range(min = 1, max = 1024))]
    pub xml_depth: Option<u32>,
    /// How many XML elements a body may hold. Default: 50000.
    #[schemars(range(min = 1))]
    pub xml_elements: Option<u32>,
    /// The length of a request target or Destination. Default: 8192.
    pub target: Option<ByteSize>,
    /// The Depth up to which PROPFIND is served. Default: 1.
    pub propfind_depth: Option<DepthLimit>,
    /// One header line. Default: 16KiB.
    pub header_line: Option<ByteSize>,
    /// All header lines together. Default: 64KiB.
    pub headers: Option<ByteSize>,
    /// The number of header lines. Default: 128.
    #[schemars(range(min = 1))]
    pub header_count: Option<u32>,
}
