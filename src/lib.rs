//! davgate: a reverse proxy that understands WebDAV. See ARCHITECTURE.md for the map of the house.

pub mod admin;
pub mod backend;
pub mod telemetry;
pub mod url;
pub mod xml;

pub mod policy;
pub mod cli;
pub mod config;
