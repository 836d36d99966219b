//! Why an exchange with a back end failed (B-100). In: pingora's errors. Out: one of a few causes, with the status a client gets
//! while nothing of an answer was sent, and the name that logs and metrics show.

use http::StatusCode;
use pingora::{Error, ErrorType};
use thiserror::Error;

/// What went wrong between the gateway and a back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UpstreamError {
    /// It refused the connection, or the TLS handshake failed.
    #[error("the back end accepts no connection")]
    Connect,
    /// Its name could not be resolved.
    #[error("the back end's name could not be resolved")]
    Name,
    /// Connecting, sending or waiting for the answer took longer than the route's timeouts.
    #[error("the back end took too long")]
    Timeout,
    /// The connection ended before or within the answer, or the answer is not HTTP.
    #[error("the back end broke off or did not answer in HTTP")]
    Broken,
    /// The answer is longer than the caller can hold.
    #[error("the back end's answer is too long to be held")]
    TooLong,
    /// Not the back end's fault: the request has no form on the wire, or its spooled body could not be read again.
    #[error("the gateway could not send the request")]
    Unsendable,
}

impl UpstreamError {
    /// The cause behind an error that pingora reports about a back end.
    pub fn of(error: &Error) -> Self {
        match error.etype() {
            ErrorType::ConnectTimedout
            | ErrorType::TLSHandshakeTimedout
            | ErrorType::ReadTimedout
            | ErrorType::WriteTimedout => Self::Timeout,
            ErrorType::ConnectRefused
            | ErrorType::ConnectNoRoute
            | ErrorType::ConnectError
            | ErrorType::ConnectProxyFailure
            | ErrorType::BindError
            | ErrorType::SocketError
            | ErrorType::TLSWantX509Lookup
            | ErrorType::TLSHandshakeFailure
            | ErrorType::InvalidCert
            | ErrorType::HandshakeError => Self::Connect,
            _ => Self::Broken,
        }
    }

    /// Whether the back end never had the request.
    pub fn is_unsent(self) -> bool {
        match self {
            Self::Connect | Self::Name | Self::Unsendable => true,
            Self::Timeout | Self::Broken | Self::TooLong => false,
        }
    }

    /// The status of the gateway's answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Connect | Self::Name | Self::Broken | Self::TooLong => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Unsendable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect | Self::Name => "backend-unreachable",
            Self::Timeout => "backend-timeout",
            Self::Broken => "backend-broken",
            Self::TooLong => "backend-too-long",
            Self::Unsendable => "gateway-unsendable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-100
    #[test]
    fn causes() {
        let rows = [
            (ErrorType::ConnectRefused, UpstreamError::Connect, 502),
            (ErrorType::InvalidCert, UpstreamError::Connect, 502),
            (ErrorType::ConnectTimedout, UpstreamError::Timeout, 504),
            (ErrorType::ReadTimedout, UpstreamError::Timeout, 504),
            (ErrorType::WriteTimedout, UpstreamError::Timeout, 504),
            (ErrorType::ConnectionClosed, UpstreamError::Broken, 502),
            (ErrorType::InvalidHTTPHeader, UpstreamError::Broken, 502),
        ];
        for (kind, cause, status) in rows {
            let of = UpstreamError::of(&Error::new(kind));
            assert_eq!(of, cause);
            assert_eq!(of.status().as_u16(), status);
        }
    }
}
