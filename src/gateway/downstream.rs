//! A client's body, read by the gateway itself. In: a session whose head was read. Out: the body in memory up to a limit, or
//! spooled to a file; or why not (B-17, B-70, B-91). `Expect: 100-continue` is answered here, and only once the body is wanted
//! (RFC 9110 section 10.1.1). Nothing is allocated by what a client declares.

use std::{
    future::Future,
    io,
    pin::pin,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, Version, header};
use pingora::proxy::Session;
use thiserror::Error;

use super::{
    pace::{Pace, TooSlow},
    room::{Full, Held, Room},
    spool::{Spool, SpooledFile},
};

/// Why a client's body was not read. In every case the connection is of no use afterwards.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It is longer than the limit, or says so.
    #[error("the body is longer than the limit")]
    TooLarge,
    /// It came more slowly than 1 KiB/s (B-17).
    #[error("the body came too slowly")]
    Slow,
    /// There is no room for it in memory now (B-101).
    #[error("too much is held in memory")]
    Full,
    /// The client went away, or framed the body wrongly.
    #[error("the body broke off or is framed wrongly")]
    Broken,
    /// The temporary file could not be made or written.
    #[error("the body could not be spooled: {0}")]
    Spool(#[from] io::Error),
}

impl ReadError {
    /// The status of the gateway's answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::BAD_REQUEST,
            // RFC 4918 section 11.5: the server has no room for what the request needs.
            Self::Spool(_) => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

impl From<TooSlow> for ReadError {
    fn from(_: TooSlow) -> Self {
        Self::Slow
    }
}

impl From<Full> for ReadError {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// The whole body in memory, if it is not longer than `limit` bytes; `window` is the time over which its pace is taken. What it
/// takes of `room` is noted in `held`, which must live as long as the body.
///
/// # Errors
/// See [`ReadError`]; [`ReadError::TooLarge`] as soon as the client declares or sends more.
pub(super) async fn read_capped(
    session: &mut Session,
    limit: u64,
    window: Duration,
    (room, held): (&Room, &mut Held),
) -> Result<Bytes, ReadError> {
    let mut body = BytesMut::new();
    let mut source = Source::open(session, Some(limit), window).await?;
    while let Some(piece) = source.next().await? {
        body.extend_from_slice(&piece);
        room.hold(held, body.len())?;
    }
    Ok(body.freeze())
}

/// The whole body in a temporary file, if it is not longer than `limit` bytes, or of any length; `window` as in [`read_capped`].
///
/// # Errors
/// See [`ReadError`]; [`ReadError::TooLarge`] as soon as the client declares or sends more.
pub async fn read_spooled(
    session: &mut Session,
    limit: Option<u64>,
    window: Duration,
) -> Result<SpooledFile, ReadError> {
    let mut spool = Spool::new();
    let mut source = Source::open(session, limit, window).await?;
    while let Some(piece) = source.next().await? {
        spool.push(&piece).await?;
    }
    Ok(spool.finish().await?)
}

/// A body that is being read, with what it has left of the limit.
struct Source<'a> {
    session: &'a mut Session,
    left: Option<u64>,
    pace: Pace,
}

impl<'a> Source<'a> {
    async fn open(session: &'a mut Session, limit: Option<u64>, window: Duration) -> Result<Self, ReadError> {
        let head = session.req_header();
        if let (Some(declared), Some(limit)) = (declared_length(&head.headers), limit)
            && declared > limit
        {
            return Err(ReadError::TooLarge);
        }
        let expected = expects_continue(head.version, &head.headers);
        if expected && !session.as_downstream_mut().is_body_done() {
            session.write_continue_response().await.map_err(|_| ReadError::Broken)?;
        }
        Ok(Self {
            session,
            left: limit,
            pace: Pace::over(window),
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        let read = paced(&mut self.pace, self.session.as_downstream_mut().read_request_body()).await?;
        let Some(piece) = read.map_err(|error| failure(&error))? else {
            return Ok(None);
        };
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(piece.len() as u64).ok_or(ReadError::TooLarge)?;
        }
        Ok(Some(piece))
    }
}

/// Waits for one read, as long as the pace allows.
async fn paced<E>(
    pace: &mut Pace,
    read: impl Future<Output = Result<Option<Bytes>, E>>,
) -> Result<Result<Option<Bytes>, E>, TooSlow> {
    // The same read goes on when a window ends: none is dropped half-way.
    let mut read = pin!(read);
    loop {
        let begin = Instant::now();
        match tokio::time::timeout(pace.patience(), read.as_mut()).await {
            Ok(done) => {
                let bytes = done.as_ref().map_or(0, |piece| piece.as_ref().map_or(0, Bytes::len));
                let ended = matches!(done, Ok(None));
                // The end of the body is welcome at any time.
                if !ended {
                    pace.waited(begin.elapsed(), bytes)?;
                }
                return Ok(done);
            }
            Err(_) => pace.waited(begin.elapsed(), 0)?,
        }
    }
}

/// What pingora's own timeout for one read reports is slowness as well.
fn failure(error: &pingora::Error) -> ReadError {
    match error.etype() {
        pingora::ErrorType::ReadTimedout => ReadError::Slow,
        _ => ReadError::Broken,
    }
}

/// The declared length, where there is a usable one; pingora has refused the others.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Whether the client waits for `100 Continue`. HTTP/1.0 clients know no 1xx answers (RFC 9110 section 10.1.1).
pub(super) fn expects_continue(version: Version, headers: &HeaderMap) -> bool {
    version >= Version::HTTP_11
        && headers
            .get(header::EXPECT)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    // B-15: only HTTP/1.1 clients that ask are told to go on
    #[test]
    fn expectations() {
        let rows = [
            (Version::HTTP_11, Some("100-continue"), true),
            (Version::HTTP_11, Some("100-Continue"), true),
            (Version::HTTP_11, Some("200-ok"), false),
            (Version::HTTP_11, None, false),
            (Version::HTTP_10, Some("100-continue"), false),
        ];
        for (version, value, expected) in rows {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::EXPECT, HeaderValue::from_static(value));
            }
            assert_eq!(expects_continue(version, &headers), expected, "{version:?} {value:?}");
        }
    }

    // B-17: a read that brings nothing until the window is over is given up, unless the window was filled before
    #[tokio::test]
    async fn pacing() {
        let almost = Duration::from_millis(29_950);
        let read = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok::<_, ()>(Some(Bytes::from_static(b"x")))
        };
        let mut pace = Pace::over(Duration::from_secs(30));
        pace.waited(almost, 30 * 1024).unwrap();
        assert_eq!(paced(&mut pace, read).await.unwrap().unwrap().unwrap(), "x");
        let never = std::future::pending::<Result<Option<Bytes>, ()>>();
        let mut pace = Pace::over(Duration::from_secs(30));
        pace.waited(almost, 30 * 1024 - 1).unwrap();
        assert!(paced(&mut pace, never).await.is_err());
    }
}
