//! Rewriting what passes, between the public URL space and the back end's: the header fields of requests, the header fields and the
//! XML bodies of answers.

pub mod body;
pub mod context;
pub mod decode;
mod held;
pub mod request;
