//! The commands: one file each.

pub mod check;
pub mod demo;
pub mod detect;
pub mod explain;
pub mod import;
pub mod locks;
pub mod run;
pub mod schema;
pub mod test;
