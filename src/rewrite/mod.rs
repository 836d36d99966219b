//! Rewriting what passes: the URLs of answers, between the back end's URL space and the public one.

pub mod announce;
pub mod answer;
mod answer_body;
pub mod body;
mod challenge;
pub mod context;
mod cookie;
pub mod decode;
mod held;
mod link;
mod url_headers;
pub mod urls;
