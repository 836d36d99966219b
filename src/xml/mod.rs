//! XML: the only room that reads or writes it. Names and URL places; more is one file a body.

mod acl;
pub mod body;
mod characters;
mod declaration;
pub mod encoding;
pub mod error;
pub mod href;
pub mod kind;
pub mod limits;
pub mod lockinfo;
mod media_type;
mod mkcol;
pub mod multistatus;
pub mod name;
mod orderpatch;
pub mod places;
mod scan_chars;
mod scan_elements;
mod scan_encoding;
mod scan_machine;
pub mod scanner;

pub use scan_chars::{escape_into, first_characters, trim, unescape_into};
