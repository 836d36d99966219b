//! Why a request is not let on before anything else is looked at (O-5). In: what the sources said. Out: the status and
//! what goes with it. The texts are for logs: a client learns the status alone, and no text holds a name, a password or
//! a token.

use std::time::Duration;

use http::StatusCode;

use super::{
    bearer::token, client_certificate::Nobody, credentials::Malformed, principal::UnsafeName, trusted_header::Unclear,
};

/// Why nobody is known by the credentials of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The Authorization header holds no credentials (B-49).
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A scheme that is not enabled, such as Digest.
    #[error("no source of identity reads this scheme of Authorization")]
    Scheme,
    /// Name and password do not belong together.
    #[error("wrong name or password")]
    Password,
    /// The token counts for nothing.
    #[error(transparent)]
    Token(#[from] token::Refused),
    /// The certificate names nobody.
    #[error(transparent)]
    Certificate(#[from] Nobody),
    /// A trusted peer's headers are not clear.
    #[error(transparent)]
    TrustedHeader(#[from] Unclear),
    /// The name, or the name of a group, is not safe (RM-6).
    #[error("{0}")]
    Name(#[from] UnsafeName),
    /// The name, or the name of a group, begins or ends with a blank: a back end may read another name.
    #[error("the name begins or ends with a blank")]
    Blank,
    /// Too many failures for this name from this address.
    #[error("too many failed logins for this name from this address")]
    Throttled(Duration),
    /// Who could say cannot be asked now.
    #[error("{0}")]
    Unavailable(&'static str),
}

impl Refusal {
    /// 401, 429 or 503.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_)
            | Self::Scheme
            | Self::Password
            | Self::Token(_)
            | Self::Certificate(_)
            | Self::TrustedHeader(_)
            | Self::Name(_)
            | Self::Blank => StatusCode::UNAUTHORIZED,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The seconds for Retry-After, where the status has one.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Throttled(wait) => Some(wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))),
            Self::Unavailable(_) => Some(5),
            Self::Malformed(_)
            | Self::Scheme
            | Self::Password
            | Self::Token(_)
            | Self::Certificate(_)
            | Self::TrustedHeader(_)
            | Self::Name(_)
            | Self::Blank => None,
        }
    }
}
