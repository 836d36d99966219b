//! Rewriting what passes: the URLs of answers, between the back end's URL space and the public one.

pub mod body;
pub mod context;
pub mod decode;
mod held;
pub mod urls;
