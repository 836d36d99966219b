//! The configuration file. In: a YAML file. Out: the compiled policy and warnings, or every error with file, line and key.
//! Nothing outside this room knows that the file is YAML.

mod access;
mod compile;
mod compile_access;
mod compile_backend;
mod compile_clients;
mod compile_credentials;
mod compile_groups;
mod compile_headers;
mod compile_home;
mod compile_identity;
mod compile_limits;
mod compile_listener;
mod compile_locks;
mod compile_methods;
mod compile_names;
mod compile_quota;
mod compile_route;
mod compile_well_known;
mod deserialize;
mod document;
mod error;
mod judge;
mod method_names;
mod methods;
mod policy_test;
mod raw;
mod raw_clients;
mod raw_credentials;
mod raw_identity;
mod raw_locks;
mod raw_policy_test;
mod profile_names;
mod raw_quota;
mod raw_well_known;
mod reports;
mod schema;
mod shape;
mod values;
mod yaml;

pub use compile::{Loaded, compile, compile_rules, load, load_rules};
pub use error::{ConfigErrors, KeyPath, Problem, Step};
pub use policy_test::{Case, Expected, PolicyTest, load_test};
pub use schema::{json_schema, schema_of, test_schema};
