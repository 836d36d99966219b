//! `davgate schema`: the JSON Schema of the configuration file, for editors; of a file of expectations; or of what `explain --json` prints.
//! In: which. Out: the schema on standard output.

use std::io::{self, Write};

use clap::{Args, ValueEnum};

use super::explain::Document;
use crate::config::{json_schema, schema_of, test_schema};

/// The arguments.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// What the schema describes
    #[arg(long, value_enum, default_value_t = SchemaOf::Config)]
    pub of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The configuration file
    Config,
    /// A file of expectations, for `davgate test`
    Test,
    /// What `davgate explain --json` prints
    Explain,
}

/// Writes the schema (draft 2020-12) to `out`.
pub fn schema(of: SchemaOf, out: &mut impl Write) -> io::Result<()> {
    let schema = match of {
        SchemaOf::Config => json_schema(),
        SchemaOf::Test => test_schema(),
        SchemaOf::Explain => schema_of::<Document<'_>>(),
    };
    serde_json::to_writer_pretty(&mut *out, &schema)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn writes_a_schema_with_descriptions() {
        let mut out = Vec::new();
        schema(SchemaOf::Config, &mut out).unwrap();
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
            !String::from_utf8(out).unwrap().contains("\"null\""),
            "null is never a value"
        );
    }
}
