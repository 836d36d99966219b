//! The shape of `backend.credentials`: the word `pass`, or a mapping. In: a value. Out: which of them it is. No value
//! is ever shown: a password in the wrong place is still one.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Who the back end sees.
#[derive(Debug)]
pub enum RawCredentials {
    /// The client.
    Pass,
    /// Somebody else.
    Other(RawOther),
}

/// Who the back end sees in place of the client: one of the two.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with service or header")]
#[schemars(extend("oneOf" = [{ "required": ["service"] }, { "required": ["header"] }]))]
pub struct RawOther {
    /// Always the same account.
    pub service: Option<RawService>,
    /// The header in which the gateway names the user.
    #[schemars(regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub header: Option<String>,
}

/// The account of the gateway at the back end. The password is in a file or in the environment, never here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with user and password_file or password_env"
)]
#[schemars(extend("oneOf" = [{ "required": ["password_file"] }, { "required": ["password_env"] }]))]
pub struct RawService {
    /// Its name.
    #[schemars(required, regex(pattern = r"^[^:\p{Cc}]+$"))]
    pub user: Option<String>,
    /// The file whose only line is the password; a relative path starts at this file's directory.
    #[schemars(length(min = 1))]
    pub password_file: Option<String>,
    /// The environment variable that is the password.
    #[schemars(length(min = 1))]
    pub password_env: Option<String>,
}

const EXPECTED: &str = "pass, or a mapping with service or header";

struct CredentialsVisitor;

impl<'de> Visitor<'de> for CredentialsVisitor {
    type Value = RawCredentials;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawCredentials, E> {
        match text {
            "pass" => Ok(RawCredentials::Pass),
            _ => Err(E::custom(format_args!("found another word, expected {EXPECTED}"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawCredentials, A::Error> {
        RawOther::deserialize(MapAccessDeserializer::new(map)).map(RawCredentials::Other)
    }
}

impl<'de> Deserialize<'de> for RawCredentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CredentialsVisitor)
    }
}

impl JsonSchema for RawCredentials {
    fn schema_name() -> Cow<'static, str> {
        "Credentials".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "pass" }, generator.subschema_for::<RawOther>()] })
    }
}
