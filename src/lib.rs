//! davgate: a reverse proxy that understands WebDAV. See ARCHITECTURE.md for the map of the house.

pub mod rewrite;
pub mod xml;

pub mod policy;
pub mod cli;
pub mod config;
