//! davgate: a reverse proxy that understands WebDAV. See ARCHITECTURE.md for the map of the house.

pub mod url;
pub mod xml;

pub mod policy;
