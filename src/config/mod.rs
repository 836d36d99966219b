//! The configuration file. In: a YAML file. Out: the compiled policy and warnings, or every error with file, line and key.
//! Nothing outside this room knows that the file is YAML.

mod document;
mod error;
mod method_names;
mod methods;
mod raw;
mod schema;
mod shape;
mod values;

pub use error::{ConfigErrors, KeyPath, Problem, Step};
pub use schema::json_schema;
