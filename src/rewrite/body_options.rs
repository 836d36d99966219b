//! How the body of an answer is to be rewritten, and why it cannot be.

use crate::xml::scanner::ScanError;

/// How a body is to be read and written.
#[derive(Clone, Debug)]
pub struct BodyOptions {
    /// The `charset` parameter of the answer's media type.
    pub charset: Option<String>,
    /// The public URL of the request as an absolute path: it stands in for URLs in errors that are not public (C-3).
    pub request_url: String,
    /// The most bytes of one `DAV:response` (F-13).
    pub max_response_element: usize,
    /// Reads the owner of a lock as Python printed it, and declares the prefixes that it leaves undeclared there, and only there (F-14).
    pub repair_lock_owner: bool,
    /// Whether the status of the answer is 2xx: a filter then lets only documents through that answer what was asked.
    pub success: bool,
}

impl BodyOptions {
    /// UTF-8 unless the body says otherwise, 4 MiB for a response, no repairs.
    pub fn new(request_url: impl Into<String>) -> Self {
        Self {
            charset: None,
            request_url: request_url.into(),
            max_response_element: 4 * 1024 * 1024,
            repair_lock_owner: false,
            success: true,
        }
    }
}

/// Why a body cannot be passed on. What was written so far must not look whole: reset the connection, or answer 502 if nothing
/// was sent yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not well-formed, not namespace-well-formed, cut off, or not in the encoding it claims.
    #[error("the back end's XML answer cannot be read: {0}")]
    Malformed(#[from] ScanError),
    /// One `DAV:response` (or a property outside of one) is larger than allowed.
    #[error("one response element in the back end's answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A URL is longer than 16 KiB.
    #[error("a URL in the back end's answer is longer than 16 KiB")]
    UrlTooLong,
    /// An element inside a URL: nobody could say what a client reads there.
    #[error("a URL in the back end's answer holds an element")]
    ElementInUrl,
    /// The document cannot be the answer to the request, so nobody could say what in it may be seen.
    #[error("the root element of the back end's XML answer is not what was asked for")]
    UnexpectedRoot,
}
