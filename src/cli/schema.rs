//! `davgate schema`: the JSON Schema of the configuration file, for editors. In: nothing. Out: the schema on standard output.

use std::io::{self, Write};

use crate::config::json_schema;

/// Writes the schema (draft 2020-12) to `out`.
pub fn schema(out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &json_schema())?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn writes_a_schema_with_descriptions() {
        let mut out = Vec::new();
        schema(&mut out).unwrap();
        let schema: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], serde_json::json!(["listeners", "routes"]));
        assert!(
            schema["properties"]["routes"]["description"]
                .as_str()
                .unwrap()
                .contains("longest prefix")
        );
        assert!(
            !String::from_utf8(out).unwrap().contains("null"),
            "null is never a value"
        );
    }
}
