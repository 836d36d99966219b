//! The commands, one file each. In: arguments. Out: an exit code, and text for a person.

pub mod demo;
