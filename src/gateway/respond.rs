//! Answers that the gateway writes itself: refusals, its own OPTIONS and PROPFIND, failures of the back end. In: what is to be said. Out:
//! one complete answer on the client's connection (ERR-1 to ERR-4).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pingora::{Result, http::ResponseHeader, proxy::Session};

use crate::{
    decide::{Account, Denial, OwnAnswer, own},
    policy::Method,
    rewrite::request::XML,
    url::PublicPath,
    xml::error::{error_body, need_privileges},
};

use super::{http2, upstream_error::UpstreamError};

/// How long a client may go on sending a body that nobody wants, before the connection is closed under it.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// An answer of the gateway's own.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<(HeaderValue, Bytes)>,
    close: bool,
}

impl Reply {
    fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: None,
            close: false,
        }
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    fn with_body(mut self, media_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.body = Some((media_type, body.into()));
        self
    }

    /// The answer to a refusal. On a route that shows no WebDAV it is plain text (Z-1).
    pub fn denial(denial: &Denial, account: &Account, challenges: &[HeaderValue]) -> Self {
        let status = StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut reply = Self::new(status);
        if let Some(methods) = denial.allow() {
            reply = reply.with(header::ALLOW, &methods.allow());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenges = challenges.iter().map(|value| (header::WWW_AUTHENTICATE, value.clone()));
            reply.headers.extend(challenges);
        }
        if let Some(seconds) = denial.retry_after() {
            reply.headers.push((header::RETRY_AFTER, seconds.into()));
        }
        reply.close = denial.closes();
        let condition = denial.condition();
        if matches!(denial, Denial::Hidden(_) | Denial::Acquired) {
            // What tells more would tell it apart from what is really missing.
            return reply;
        }
        if let Denial::NeedPrivileges(resource, privilege, _) = denial {
            return reply.with_body(XML, need_privileges(&resource.to_string(), privilege.name()));
        }
        if account.route.as_ref().is_none_or(|route| route.speaks_dav()) {
            reply.with_body(XML, error_body(condition, &denial.hrefs()))
        } else {
            let text = format!("{status}: {}\n", condition.name().local);
            reply.with_body(HeaderValue::from_static("text/plain; charset=utf-8"), text)
        }
    }

    /// The answer when the back end failed; its cause is for the log alone (ERR-3).
    pub fn failure(error: UpstreamError) -> Self {
        let text = format!("{}\n", error.status());
        Self::new(error.status()).with_body(HeaderValue::from_static("text/plain; charset=utf-8"), text)
    }

    /// An answer that needs no body of the request. An `AncestorPropfind` is answered by [`Self::multistatus`], `Moved` by [`Self::moved`].
    pub fn options(answer: &OwnAnswer) -> Self {
        let ok = Self::new(StatusCode::OK);
        match answer {
            OwnAnswer::Options(methods) => ok.with(header::ALLOW, &methods.allow()),
            OwnAnswer::DavOptions(methods) => {
                let locks = methods.contains(Method::Lock) && methods.contains(Method::Unlock);
                let classes = if locks { "1, 2" } else { "1" };
                ok.with(header::ALLOW, &methods.allow()).of_dav(classes)
            }
            OwnAnswer::AncestorOptions | OwnAnswer::AncestorPropfind(_) | OwnAnswer::Moved(_) => {
                ok.with(header::ALLOW, &own::ON_ANCESTORS.allow()).of_dav("1")
            }
        }
    }

    /// The same, with the classes of RFC 4918 that are there.
    fn of_dav(self, classes: &'static str) -> Self {
        self.with(HeaderName::from_static("dav"), classes)
            .with(HeaderName::from_static("ms-author-via"), "DAV")
    }

    /// A 207.
    pub fn multistatus(body: String) -> Self {
        Self::new(StatusCode::MULTI_STATUS).with_body(XML, body)
    }

    /// The answer where a well-known URL leads to `place` (RM-15), whatever scheme and host the client wrote.
    pub fn moved(place: &PublicPath) -> Self {
        Self::new(StatusCode::MOVED_PERMANENTLY).with(header::LOCATION, &place.to_string())
    }

    /// The answer to who is better served at `place`. What is asked stays the same, body and all: of a 301 some clients repeat the method alone.
    pub fn sent_on(place: &PublicPath) -> Self {
        Self::new(StatusCode::TEMPORARY_REDIRECT).with(header::LOCATION, &place.to_string())
    }

    /// The answer where nothing is; the same as where something is that nobody may know of.
    pub fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND)
    }

    /// The answer to a LOCK: `body` tells of the lock. `token` is that of a new one (RFC 4918 section 9.10.1).
    pub fn locked(status: StatusCode, token: Option<&str>, body: String) -> Self {
        let reply = Self::new(status).with_body(XML, body);
        match token {
            Some(token) => reply.with(HeaderName::from_static("lock-token"), &format!("<{token}>")),
            None => reply,
        }
    }

    /// The answer to an UNLOCK that took a lock away.
    pub fn unlocked() -> Self {
        Self::new(StatusCode::NO_CONTENT)
    }

    /// A page of the gateway's own, of which a browser carries out nothing.
    pub fn page(html: String) -> Self {
        Self::new(StatusCode::OK)
            .with(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            )
            .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .with_body(HeaderValue::from_static("text/html; charset=utf-8"), html)
    }

    /// The same, after which the connection is closed.
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Writes it. A body of the request that was not read is read and dropped for a moment, so that the client sees the answer and
    /// not a broken connection; a client that waits for `100 Continue` may send it or not, so its connection is closed.
    pub async fn write(self, session: &mut Session) -> Result<()> {
        let expects = session.req_header().headers.contains_key(header::EXPECT);
        let unread = !session.as_downstream_mut().is_body_done();
        let closes = self.close || (expects && unread);
        if closes {
            session.set_keepalive(None);
        }
        let head = session.req_header().method == http::Method::HEAD;
        let mut response = ResponseHeader::build(self.status, Some(self.headers.len().saturating_add(4)))?;
        for (name, value) in self.headers {
            response.append_header(name, value)?;
        }
        response.insert_header(header::CACHE_CONTROL, "no-store")?;
        let body = match self.body {
            Some((media_type, body)) => {
                response.insert_header(header::CONTENT_TYPE, media_type)?;
                body
            }
            None => Bytes::new(),
        };
        if self.status != StatusCode::NO_CONTENT {
            response.insert_header(header::CONTENT_LENGTH, body.len())?;
        }
        let sends_body = !head && !body.is_empty();
        session.write_response_header(Box::new(response), !sends_body).await?;
        if sends_body {
            session.write_response_body(Some(body), true).await?;
        }
        session.as_downstream_mut().finish_body().await?;
        if (closes && !expects) || http2::is_spoken(session) {
            // The connection is closed next, or the stream is reset, which some clients take for a failure even without an error: not before
            // the client has had time to stop and read. One that goes on sending longer than that loses it. (On a connection of HTTP/1 that
            // stays open pingora does the same by itself.)
            session.as_downstream_mut().drain_request_body().await.ok();
        }
        Ok(())
    }
}

/// The whole answer to what nobody read as a request, or to a connection that is not served, as it stands on the wire. The connection ends
/// with it.
pub(super) fn plain(denial: &Denial) -> Vec<u8> {
    let status = StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let body = error_body(denial.condition(), &[]);
    let retry = denial
        .retry_after()
        .map_or_else(String::new, |seconds| format!("Retry-After: {seconds}\r\n"));
    let media_type = XML;
    let media_type = media_type.to_str().unwrap_or("application/xml");
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n{retry}Cache-Control: no-store\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Prepares a connection for refusals of requests whose body nobody has read.
pub fn linger(session: &mut Session) {
    let downstream = session.as_downstream_mut();
    downstream.set_close_on_response_before_downstream_finish(false);
    downstream.set_total_drain_timeout(Some(LINGER));
}

/// Whether as much of the answer's body was sent as its length says; `None` where it says nothing.
pub(super) fn is_whole(session: &Session) -> Option<bool> {
    let length = session.response_written()?.headers.get(header::CONTENT_LENGTH)?;
    Some(length.to_str().ok()?.parse() == Ok(session.body_bytes_sent()))
}

/// Makes the header fields of `response` those of `headers`; fields that stay keep their spelling.
pub(super) fn replace(response: &mut ResponseHeader, headers: &HeaderMap) -> Result<()> {
    let old = response.headers.clone();
    for name in old
        .keys()
        .filter(|name| !old.get_all(*name).iter().eq(headers.get_all(*name)))
    {
        response.remove_header(name);
    }
    for name in headers
        .keys()
        .filter(|name| !old.get_all(*name).iter().eq(headers.get_all(*name)))
    {
        for value in headers.get_all(name) {
            response.append_header(name.clone(), value.clone())?;
        }
    }
    Ok(())
}
