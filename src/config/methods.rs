//! The shape of `methods:`, which is either a list of names (short for one rule on `/**`) or a list of rules. In: a list. Out:
//! its entries as they stand; what the names mean, and that the two kinds are not mixed, `compile_methods` judges.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::raw::List;
use super::values::ByteSize;

/// The name of a method or of a class of methods, not yet looked up.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct MethodName(pub String);

impl JsonSchema for MethodName {
    fn schema_name() -> Cow<'static, str> {
        "MethodName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A class (read, write, lock, acl, dav, web, none) or a method; methods outside the classes only by name.",
            "enum": super::method_names::accepted().collect::<Vec<_>>(),
        })
    }
}

/// The value of `methods:`.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct RawMethods(pub List<RawMethodEntry>);

impl JsonSchema for RawMethods {
    fn schema_name() -> Cow<'static, str> {
        "Methods".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "array", "minItems": 1, "items": generator.subschema_for::<MethodName>() },
                { "type": "array", "minItems": 1, "items": generator.subschema_for::<RawRule>() },
            ],
        })
    }
}

/// One entry of `methods:`.
#[derive(Debug)]
pub enum RawMethodEntry {
    /// A name: part of the one rule on `/**`.
    Name(MethodName),
    /// A rule of its own.
    Rule(RawRule),
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = RawMethodEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a method, a class, or a rule with path and allow")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RawMethodEntry, E> {
        Ok(RawMethodEntry::Name(MethodName(name.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawMethodEntry, A::Error> {
        RawRule::deserialize(MapAccessDeserializer::new(map)).map(RawMethodEntry::Rule)
    }
}

impl<'de> Deserialize<'de> for RawMethodEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

/// Which methods pass below a path. The first rule whose path matches decides; where none does, nothing passes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a rule with path and allow")]
pub struct RawRule {
    /// Relative to the route, as in a URL: `*` is one segment or part of one, `**` any number, `~^...$` a regex.
    #[schemars(required, regex(pattern = r"^(/[^{}?#\\]*|~\^(.|\n)*\$)$"))]
    pub path: Option<String>,
    /// The methods that pass; `[none]` for none.
    #[schemars(required, length(min = 1))]
    pub allow: Option<List<MethodName>>,
    /// Limits in place of the route's.
    pub limits: Option<RawRuleLimits>,
}

/// What a rule may limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with body")]
pub struct RawRuleLimits {
    /// The body of PUT, POST and PATCH.
    pub body: Option<ByteSize>,
}
