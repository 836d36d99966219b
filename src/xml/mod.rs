//! XML: the only room that reads or writes it. Names and URL places; more is one file a body.

pub mod name;
pub mod places;
mod scan_chars;
mod scan_elements;
mod scan_encoding;
mod scan_machine;
pub mod scanner;

pub use scan_chars::{escape_into, first_characters, trim, unescape_into};
