//! The names a file may use for kinds of back end. In: a name. Out: its profile.

use std::borrow::Cow;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};

use crate::backend;
use crate::policy::Profile;

/// A kind of back end, named.
#[derive(Clone, Copy, Debug)]
pub struct RawProfile(pub &'static Profile);

/// All but the embedded one, which needs no name.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let named = backend::ALL
        .into_iter()
        .filter(|profile| *profile != &backend::EMBEDDED);
    named.map(|profile| profile.name).collect()
});

impl<'de> Deserialize<'de> for RawProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = NAMES
            .contains(&name.as_str())
            .then(|| backend::look_up(&name))
            .flatten();
        found.map(Self).ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

impl JsonSchema for RawProfile {
    fn schema_name() -> Cow<'static, str> {
        "Profile".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A kind of back end: what it needs or gets wrong.",
            "enum": *NAMES,
        })
    }
}
