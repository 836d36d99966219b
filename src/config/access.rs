//! The shape of `access:`, a list of rules. In: the list. Out: its rules as they stand; what the names mean, `compile_access`
//! judges.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::raw::List;
use crate::access::privilege::SUPPORTED;

/// The name of a privilege, not yet looked up.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct PrivilegeName(pub String);

impl JsonSchema for PrivilegeName {
    fn schema_name() -> Cow<'static, str> {
        "PrivilegeName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A privilege of RFC 3744; all, read and write stand for what they contain.",
            "enum": SUPPORTED.walk().map(|privilege| privilege.name.local).collect::<Vec<_>>(),
        })
    }
}

/// Whom a rule speaks to, not yet looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct WhoName(pub String);

impl JsonSchema for WhoName {
    fn schema_name() -> Cow<'static, str> {
        "WhoName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "everyone, authenticated, anonymous, user:NAME or group:NAME.",
            "type": "string",
            "pattern": r"^(everyone|authenticated|anonymous|(user|group):[^/\\]+)$",
        })
    }
}

/// The value of `to:`.
#[derive(Debug)]
pub enum RawTo {
    /// One.
    One(WhoName),
    /// Whoever is one of these.
    Several(List<WhoName>),
}

impl JsonSchema for RawTo {
    fn schema_name() -> Cow<'static, str> {
        "To".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                generator.subschema_for::<WhoName>(),
                { "type": "array", "minItems": 1, "items": generator.subschema_for::<WhoName>() },
            ],
        })
    }
}

struct ToVisitor;

impl<'de> Visitor<'de> for ToVisitor {
    type Value = RawTo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("everyone, authenticated, anonymous, user:NAME, group:NAME or a list of them")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RawTo, E> {
        Ok(RawTo::One(WhoName(name.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<RawTo, A::Error> {
        List::deserialize(SeqAccessDeserializer::new(items)).map(RawTo::Several)
    }
}

impl<'de> Deserialize<'de> for RawTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ToVisitor)
    }
}

/// Who may do what below a path. For each privilege the first rule decides whose path and `to` match and that mentions it; where
/// none does, it is denied.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a rule with path, allow or deny, and to")]
#[schemars(extend("oneOf" = [{ "required": ["allow"] }, { "required": ["deny"] }]))]
pub struct RawAccessRule {
    /// Relative to the route, as in a URL: `*` is one segment or part of one, `**` any number, `{user}` the requester's name,
    /// `~^...$` a regex.
    #[schemars(required, regex(pattern = r"^((/(\{user\}|[^{}?#\\/]*))+|~\^(.|\n)*\$)$"))]
    pub path: Option<String>,
    /// The privileges that are granted.
    #[schemars(length(min = 1))]
    pub allow: Option<List<PrivilegeName>>,
    /// The privileges that are denied.
    #[schemars(length(min = 1))]
    pub deny: Option<List<PrivilegeName>>,
    /// To whom.
    #[schemars(required)]
    pub to: Option<RawTo>,
}
