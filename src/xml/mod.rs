//! XML: the only room that reads or writes it. Names and URL places; more is one file a body.

pub mod name;
pub mod places;
