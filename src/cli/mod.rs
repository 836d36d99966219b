//! The commands: one file each.

pub mod check;
pub mod demo;
pub mod import;
pub mod run;
pub mod schema;
