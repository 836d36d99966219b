//! Rewriting what passes: the URLs of answers, between the back end's URL space and the public one.

pub mod announce;
pub mod body;
mod challenge;
pub mod context;
mod cookie;
pub mod decode;
mod held;
mod link;
pub mod urls;
