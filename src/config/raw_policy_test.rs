//! The shape of a row of expectations: what serde accepts and what the JSON Schema shows to editors. In: the row. Out: plain options, for
//! `policy_test` to judge.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::policy_test::Expected;
use super::raw::List;
use crate::request::{Depth, State, depth::DepthHeader};

/// What is expected of one request, or of several that differ in user, method or path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a row with method, path and expect")]
pub struct RawRow {
    /// What the row is about; it is shown when the expectation fails.
    pub name: Option<String>,
    /// The user who asks, or several. Default: nobody in particular.
    #[serde(rename = "as")]
    pub who: Option<OneOrMore>,
    /// Groups that the user's token or a trusted proxy names, besides those of the configuration.
    pub groups: Option<List<String>>,
    /// The method, or several.
    #[schemars(required)]
    pub method: Option<OneOrMore>,
    /// The public path or URL, or several.
    #[schemars(required)]
    pub path: Option<OneOrMore>,
    /// Where COPY and MOVE go: a path or a URL.
    pub destination: Option<String>,
    /// The Depth. Default: what its absence means for the method.
    pub depth: Option<RawDepth>,
    /// The host that is asked. Default: one that the route answers to.
    pub host: Option<String>,
    /// Further header fields.
    pub headers: Option<BTreeMap<String, String>>,
    /// What is at the path. Default: the expectation holds for every state.
    pub state: Option<RawState>,
    /// What is at the destination. Default: the expectation holds for every state.
    pub destination_state: Option<RawState>,
    /// What is expected: permit, refuse, depends (on what is there), or the status of the refusal.
    #[schemars(required)]
    pub expect: Option<RawExpect>,
    /// What refuses: a rule id such as `A-31`; or the rule of the configuration that decides, as logs name it: `files.access[2]`.
    #[schemars(regex(pattern = r"^([A-Z]+-[0-9]+|.+\.(methods|access)\[[0-9]+\])$"))]
    pub rule: Option<String>,
}

/// What is at a resource.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawState {
    /// Nothing.
    Unmapped,
    /// A file, or another thing that is no collection.
    Resource,
    /// A collection.
    Collection,
}

impl From<RawState> for State {
    fn from(raw: RawState) -> Self {
        match raw {
            RawState::Unmapped => Self::Unmapped,
            RawState::Resource => Self::Resource,
            RawState::Collection => Self::Collection,
        }
    }
}

/// One text, or several.
#[derive(Debug)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// A list.
    More(List<String>),
}

impl JsonSchema for OneOrMore {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "minItems": 1, "items": { "type": "string" } }],
        })
    }
}

struct OneOrMoreVisitor;

impl<'de> Visitor<'de> for OneOrMoreVisitor {
    type Value = OneOrMore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMore, E> {
        Ok(OneOrMore::One(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<OneOrMore, A::Error> {
        List::deserialize(SeqAccessDeserializer::new(items)).map(OneOrMore::More)
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMoreVisitor)
    }
}

/// The value of `expect`.
#[derive(Clone, Copy, Debug)]
pub struct RawExpect(pub Expected);

impl JsonSchema for RawExpect {
    fn schema_name() -> Cow<'static, str> {
        "Expect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "permit, refuse, depends, or the status of the refusal.",
            "anyOf": [
                { "enum": ["permit", "refuse", "depends"] },
                { "type": "integer", "minimum": 400, "maximum": 599 },
            ],
        })
    }
}

struct ExpectVisitor;

impl Visitor<'_> for ExpectVisitor {
    type Value = RawExpect;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("permit, refuse, depends, or a status from 400 to 599")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<RawExpect, E> {
        let status = u16::try_from(value).ok().filter(|status| (400..600).contains(status));
        let status = status.ok_or_else(|| {
            E::custom("no status of a refusal, expected permit, refuse, depends, or a status from 400 to 599")
        })?;
        Ok(RawExpect(Expected::Status(status)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawExpect, E> {
        match text {
            "permit" => Ok(RawExpect(Expected::Permit)),
            "refuse" => Ok(RawExpect(Expected::Refuse)),
            "depends" => Ok(RawExpect(Expected::Depends)),
            other => Err(E::unknown_variant(other, &["permit", "refuse", "depends"])),
        }
    }
}

impl<'de> Deserialize<'de> for RawExpect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExpectVisitor)
    }
}

/// A Depth of a request.
#[derive(Clone, Copy, Debug)]
pub struct RawDepth(pub Depth);

impl JsonSchema for RawDepth {
    fn schema_name() -> Cow<'static, str> {
        "Depth".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "0, 1 or infinity.", "enum": [0, 1, "0", "1", "infinity"] })
    }
}

struct DepthVisitor;

impl Visitor<'_> for DepthVisitor {
    type Value = RawDepth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0, 1 or infinity")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<RawDepth, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawDepth, E> {
        let read = DepthHeader::parse(text, false);
        let read = read.ok_or_else(|| E::custom(format_args!("{text:?} is no Depth, expected 0, 1 or infinity")))?;
        Ok(RawDepth(read.depth))
    }
}

impl<'de> Deserialize<'de> for RawDepth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DepthVisitor)
    }
}
