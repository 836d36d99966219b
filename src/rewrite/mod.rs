//! Rewriting what passes, between the public URL space and the back end's: the header fields of requests, the header fields and the
//! XML bodies of answers.

pub mod announce;
pub mod answer;
pub mod answer_body;
pub mod body;
mod challenge;
pub mod context;
mod cookie;
pub mod decode;
mod held;
mod link;
pub mod request;
mod url_headers;
pub mod urls;
