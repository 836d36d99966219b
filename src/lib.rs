//! davgate: a reverse proxy that understands WebDAV.

pub mod url;
pub mod xml;

pub mod policy;

pub mod request;

pub mod decide;

pub mod rewrite;

pub mod backend;
pub mod telemetry;

pub mod admin;

pub mod config;

pub mod gateway;

pub mod cli;
