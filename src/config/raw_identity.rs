//! The shape of `identity:`; no behaviour. In: its value. Out: plain options, for `compile_identity` to judge.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::raw::{List, RawCase};
use super::values::TimeSpan;

/// Who may say who is asking: one source or more. Their order in the file is the order in which they decide.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with basic or another source")]
#[schemars(extend("anyOf" = [
    { "required": ["basic"] }, { "required": ["bearer"] }, { "required": ["client_certificate"] },
    { "required": ["trusted_header"] }, { "required": ["backend"] },
]))]
pub struct RawIdentity {
    /// What login dialogs show. Default: davgate.
    #[schemars(regex(pattern = r"^[ -~]+$"))]
    pub realm: Option<String>,
    /// Names and passwords of an htpasswd file.
    pub basic: Option<RawBasic>,
    /// Signed tokens (JWT).
    pub bearer: Option<RawBearer>,
    /// The client's TLS certificate.
    pub client_certificate: Option<RawClientCertificate>,
    /// A header that a proxy in front sets.
    pub trusted_header: Option<RawTrustedHeader>,
    /// The back end says who is right.
    pub backend: Option<RawVerify>,
    /// Groups: a name, and its members: `NAME` or `user:NAME`, and `group:NAME` for everybody in another group.
    pub groups: Option<BTreeMap<String, List<String>>>,
}

/// Names and passwords of a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with htpasswd")]
pub struct RawBasic {
    /// The file: lines of `name:hash` with bcrypt, argon2 or sha-crypt. It is read again when it changes.
    #[schemars(required, length(min = 1))]
    pub htpasswd: Option<String>,
}

/// Signed tokens.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with issuer, audience and jwks_file or jwks_url"
)]
#[schemars(extend("oneOf" = [
    { "required": ["jwks_file"], "properties": { "refresh": false } }, { "required": ["jwks_url"] },
]))]
pub struct RawBearer {
    /// The `iss` that tokens must have.
    #[schemars(required, length(min = 1))]
    pub issuer: Option<String>,
    /// Whom tokens must be meant for (`aud`): one name, or a list of which one is enough.
    #[schemars(required)]
    pub audience: Option<OneOrMore>,
    /// The issuer's keys as a file; it is read again when it changes.
    #[schemars(length(min = 1))]
    pub jwks_file: Option<String>,
    /// The issuer's keys at a URL: https, or http to this machine.
    #[schemars(regex(pattern = r"^https?://[^/?#@\\ ]+(/[^#\\ ]*)?$"))]
    pub jwks_url: Option<String>,
    /// After this time the keys are fetched again. Default: 1h.
    pub refresh: Option<TimeSpan>,
    /// The claim with the user's name. Default: sub.
    #[schemars(length(min = 1))]
    pub user_claim: Option<String>,
    /// The claim with the names of groups: `groups`, `realm_access.roles`. Default: none.
    #[schemars(length(min = 1))]
    pub groups_claim: Option<String>,
    /// How far the issuer's clock may be apart. Default: 60s; at most 10m.
    pub clock_skew: Option<TimeSpan>,
}

/// The client's certificate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with user")]
pub struct RawClientCertificate {
    /// The part that is the user's name.
    #[schemars(required)]
    pub user: Option<RawCertificateUser>,
}

/// A part of a certificate.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum RawCertificateUser {
    SubjectCn,
    SanEmail,
    SanDns,
    SanUri,
}

/// A header that a proxy in front sets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with user and from")]
pub struct RawTrustedHeader {
    /// The header with the user's name: `X-Remote-User`.
    #[schemars(required, regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub user: Option<String>,
    /// The header with the names of groups, between commas.
    #[schemars(regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub groups: Option<String>,
    /// The proxies: addresses or networks, `10.0.0.1`, `10.0.0.0/8`. Only the other end of the TCP connection counts.
    #[schemars(required, length(min = 1), inner(regex(pattern = r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")))]
    pub from: Option<List<String>>,
}

/// The back end says who is right.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with verify")]
pub struct RawVerify {
    /// The public path that is asked: it must answer 401 without credentials and to wrong ones, and 2xx to right ones.
    #[schemars(required, regex(pattern = r"^/[^?#\\ ]*$"))]
    pub verify: Option<String>,
    /// How long an answer counts. Default: 60s; at most 10m.
    pub cache: Option<TimeSpan>,
    /// `fold`: the back end takes names in any letter case (directory servers do); they are taken in lower case here.
    /// Default: sensitive.
    pub case: Option<RawCase>,
}

/// One text, or a list of them.
#[derive(Debug)]
pub struct OneOrMore(pub List<String>);

struct OneOrMoreVisitor;

impl<'de> Visitor<'de> for OneOrMoreVisitor {
    type Value = OneOrMore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMore, E> {
        Ok(OneOrMore(vec![Some(text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMore, A::Error> {
        List::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMore)
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
}

impl JsonSchema for OneOrMore {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = || json_schema!({ "type": "string", "minLength": 1 });
        json_schema!({ "anyOf": [one(), { "type": "array", "minItems": 1, "items": one() }] })
    }
}
