//! Rewriting what passes, between the public URL space and the back end's: the header fields of requests, the header fields and the
//! XML bodies of answers.

pub mod announce;
pub mod answer;
pub mod answer_body;
pub mod body;
mod body_options;
mod challenge;
pub mod compress;
pub mod context;
mod cookie;
pub mod decode;
mod filtering;
mod frame;
mod half_quoted;
mod held;
mod link;
pub mod listing;
mod lock_parts;
pub mod lock_properties;
mod marks;
mod printed_owner;
pub mod request;
mod told;
mod url_headers;
mod url_text;
pub mod urls;
pub mod visibility;
