//! The JSON Schema of the file (draft 2020-12), for editors and other checkers. In: nothing. Out: the schema that the raw
//! shapes and their comments give.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::policy_test::RawPolicyTest;
use super::raw::RawConfig;

/// The schema of the configuration file.
pub fn json_schema() -> Value {
    of_file::<RawConfig>()
}

/// The schema of a file of expectations.
pub fn test_schema() -> Value {
    of_file::<RawPolicyTest>()
}

fn of_file<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(without_null as fn(&mut Schema)));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema of an object that the program prints.
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// A key without a value is refused (an emptied `methods:` would otherwise mean the default), so no null may be offered.
fn without_null(schema: &mut Schema) {
    let is_null =
        |value: &Value| value.as_str() == Some("null") || value.get("type").and_then(Value::as_str) == Some("null");
    for keyword in ["type", "anyOf"] {
        let Some(Value::Array(choices)) = schema.get_mut(keyword) else {
            continue;
        };
        choices.retain(|choice| !is_null(choice));
        let [only] = choices.as_mut_slice() else { continue };
        let only = only.take();
        match only {
            Value::Object(inner) => {
                schema.remove(keyword);
                for (key, value) in inner {
                    schema.ensure_object().entry(key).or_insert(value);
                }
            }
            name => {
                schema.insert(keyword.to_owned(), name);
            }
        }
    }
}
