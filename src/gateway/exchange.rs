//! One request and the head of its answer on one connection (RFC 9112). In: a connection and a held request. Out: the connection
//! with the head of the final answer read, or how it failed.
//!
//! A back end may answer before it has read the body, and close (RFC 9112 section 9.5): the answer is looked for between two
//! pieces of the body, and once more when writing fails.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{StatusCode, header};
use pingora::{Error, ErrorType, http::RequestHeader, protocols::http::client::HttpSession};

use super::{
    transact::{HeldBody, Outgoing},
    upstream_error::UpstreamError,
};
use crate::policy::Timeouts;

/// A body is handed to the connection in pieces of this size, each with the write timeout for itself.
const PIECE: usize = 64 * 1024;
/// How many 1xx answers are read over before a back end that sends nothing else is given up on.
const MOST_INTERIM: usize = 1000;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection was closed or reset before the head of any answer, even of a 1xx one. A head that was cut short counts as
    /// none: it makes a difference only to methods that may be sent twice anyway.
    Unanswered,
    /// Anything else.
    Cause(UpstreamError),
}

impl Failure {
    /// The failure in the caller's terms.
    pub fn cause(self) -> UpstreamError {
        match self {
            Self::Unanswered => UpstreamError::Broken,
            Self::Cause(cause) => cause,
        }
    }
}

impl From<UpstreamError> for Failure {
    fn from(cause: UpstreamError) -> Self {
        Self::Cause(cause)
    }
}

/// Sends `request` and reads until the head of the final answer. Returns whether the whole request was sent: if not, the
/// connection is of no use after this answer.
///
/// # Errors
/// The answer's head did not come, or `request` has no form on the wire.
pub async fn exchange(session: &mut HttpSession, request: &Outgoing, timeouts: &Timeouts) -> Result<bool, Failure> {
    let head = head(request).map_err(|_| UpstreamError::Unsendable)?;
    // While sending, an answer is looked for but not waited for.
    session.set_read_timeout(None);
    let whole = match within(timeouts.write, session.write_request_header(head)).await {
        Ok(()) => write_body(session, &request.body, timeouts.write).await?,
        Err(cause) => after_failed_write(session, cause)?,
    };
    session.set_read_timeout(Some(timeouts.answer(request.method)));
    read_head(session).await?;
    Ok(whole)
}

/// The request's head, with the framing of its body.
fn head(request: &Outgoing) -> Result<Box<RequestHeader>, Box<Error>> {
    let mut head = RequestHeader::build(
        request.method.as_str(),
        request.target.as_bytes(),
        Some(request.headers.len() + 2),
    )?;
    head.append_header(header::HOST, request.host.as_str())?;
    for (name, value) in &request.headers {
        if ![header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(name) {
            head.append_header(name.clone(), value.clone())?;
        }
    }
    let length = match &request.body {
        HeldBody::None => None,
        HeldBody::Bytes(bytes) => Some(bytes.len() as u64),
        HeldBody::File(file) => Some(file.length()),
    };
    if let Some(length) = length {
        head.append_header(header::CONTENT_LENGTH, length.to_string())?;
    }
    Ok(Box::new(head))
}

/// Sends the body; `false` if the back end answered before its end.
async fn write_body(session: &mut HttpSession, body: &HeldBody, write: Duration) -> Result<bool, Failure> {
    match body {
        HeldBody::None => return Ok(true),
        HeldBody::Bytes(bytes) => {
            let mut rest = bytes.clone();
            while !rest.is_empty() {
                let piece = rest.split_to(rest.len().min(PIECE));
                if !write_piece(session, piece, write).await? {
                    return Ok(false);
                }
            }
        }
        HeldBody::File(file) => {
            let mut reader = file.reader();
            while let Some(piece) = reader.next().await.map_err(|_| UpstreamError::Unsendable)? {
                if !write_piece(session, piece, write).await? {
                    return Ok(false);
                }
            }
        }
    }
    // pingora puts no limit on the time of this flush.
    match within(write, session.finish_request_body()).await {
        Ok(()) => Ok(true),
        Err(cause) => after_failed_write(session, cause),
    }
}

async fn write_piece(session: &mut HttpSession, piece: Bytes, write: Duration) -> Result<bool, Failure> {
    if answered(session)? {
        return Ok(false);
    }
    match within(write, session.write_request_body(piece, false)).await {
        Ok(()) => Ok(true),
        Err(cause) => after_failed_write(session, cause),
    }
}

/// A back end that takes no more may have said why. `false` if it is worth while to read on.
fn after_failed_write(session: &mut HttpSession, cause: UpstreamError) -> Result<bool, Failure> {
    // After a reset, what arrived before it can still be read, and if nothing did, reading fails at once. Where the back end just
    // stopped reading, it would have said so by now.
    if cause == UpstreamError::Timeout && !answered(session)? {
        return Err(cause.into());
    }
    Ok(false)
}

/// Whether the head of a final answer is there already. Does not wait.
fn answered(session: &mut HttpSession) -> Result<bool, Failure> {
    loop {
        if is_final(session)? {
            return Ok(true);
        }
        // A read of the head that is dropped half-way goes on where it was the next time.
        match tokio::task::unconstrained(session.read_response_header()).now_or_never() {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(read_failure(session, &error)),
            None => return Ok(false),
        }
    }
}

/// Reads until the head of a final answer is there.
async fn read_head(session: &mut HttpSession) -> Result<(), Failure> {
    for _ in 0..MOST_INTERIM {
        if is_final(session)? {
            return Ok(());
        }
        if let Err(error) = session.read_response_header().await {
            return Err(read_failure(session, &error));
        }
    }
    Err(UpstreamError::Broken.into())
}

/// Whether the last head that was read is that of a final answer.
fn is_final(session: &HttpSession) -> Result<bool, Failure> {
    match session.response_header().map(|head| head.status) {
        // Nobody asked to switch protocols.
        Some(StatusCode::SWITCHING_PROTOCOLS) => Err(UpstreamError::Broken.into()),
        Some(status) => Ok(!status.is_informational()),
        None => Ok(false),
    }
}

fn read_failure(session: &HttpSession, error: &Error) -> Failure {
    let lost = matches!(error.etype(), ErrorType::ConnectionClosed | ErrorType::ReadError);
    if lost && session.response_header().is_none() {
        Failure::Unanswered
    } else {
        Failure::Cause(UpstreamError::of(error))
    }
}

/// Waits for `work`, but no longer than `limit`.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Box<Error>>>) -> Result<T, UpstreamError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(|error| UpstreamError::of(&error)),
        Err(_) => Err(UpstreamError::Timeout),
    }
}
