//! The admin listener: what a monitoring system asks, and locks for administrators. It belongs on an address that only the operator
//! reaches.
//!
//! In: a method and a path. Out: an answer. [`service`] puts it on a socket.

pub mod lock_view;
pub mod locks;
pub mod service;

use crate::{
    identity::{
        Secret,
        keyed::{Digest, Key},
    },
    telemetry::metrics::Metrics,
};

/// The methods that are answered where nothing else is said.
pub const ALLOW: &str = "GET, HEAD";
const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An answer of the admin listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAnswer {
    /// The status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// What GET sends. HEAD sends its length only.
    pub body: String,
    /// One more header field: its name and value.
    pub header: Option<(&'static str, &'static str)>,
}

/// Answers a request that is not about locks. `path` comes without query and is compared as it is.
pub fn answer(method: &str, path: &str, metrics: &Metrics) -> AdminAnswer {
    let known = matches!(path, "/metrics" | "/healthz");
    match (method, path) {
        ("GET" | "HEAD", "/metrics") => AdminAnswer {
            content_type: PROMETHEUS,
            ..text(200, &metrics.render())
        },
        ("GET" | "HEAD", "/healthz") => text(200, "ok\n"),
        _ if known => AdminAnswer {
            header: Some(("allow", ALLOW)),
            ..text(405, "only GET and HEAD\n")
        },
        _ => text(404, "here are /metrics, /healthz and /locks\n"),
    }
}

fn text(status: u16, body: &str) -> AdminAnswer {
    AdminAnswer {
        status,
        content_type: TEXT,
        body: body.to_owned(),
        header: None,
    }
}

/// Who may see locks and release them: whoever has the token of `admin.token_file`.
pub struct Guard {
    key: Key,
    token: Option<Digest>,
}

impl Guard {
    /// A guard that lets `token` pass; without one, nobody.
    pub fn new(token: Option<&Secret>) -> Self {
        let key = Key::random();
        let token = token.map(|token| key.digest(&[token.expose().as_bytes()]));
        Self { key, token }
    }

    /// Whether whoever sent these values of `Authorization` may pass; the answer, if not.
    ///
    /// # Errors
    /// 403 without a token in the configuration, 401 without the right one in the request.
    pub fn admit(&self, authorization: &[&[u8]]) -> Result<(), AdminAnswer> {
        let Some(token) = self.token else {
            return Err(text(
                403,
                "admin.token_file is not configured: locks are neither shown nor released here\n",
            ));
        };
        let presented = match authorization {
            [one] => one
                .split_at_checked(7)
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "))
                .map(|(_, presented)| presented.trim_ascii()),
            _ => None,
        };
        // What is compared are digests under a key that nobody knows: how long it takes tells nothing.
        match presented {
            Some(presented) if self.key.digest(&[presented]) == token => Ok(()),
            Some(_) | None => Err(AdminAnswer {
                header: Some(("www-authenticate", "Bearer realm=\"davgate admin\"")),
                ..text(401, "show the token of admin.token_file: Authorization: Bearer TOKEN\n")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let metrics = Metrics::new().unwrap();
        let rows = [
            ("GET", "/healthz", 200, "ok\n"),
            ("HEAD", "/healthz", 200, "ok\n"),
            ("GET", "/", 404, "here are /metrics, /healthz and /locks\n"),
            ("GET", "/metrics/", 404, "here are /metrics, /healthz and /locks\n"),
            ("POST", "/healthz", 405, "only GET and HEAD\n"),
            ("get", "/metrics", 405, "only GET and HEAD\n"),
            ("DELETE", "/elsewhere", 404, "here are /metrics, /healthz and /locks\n"),
        ];
        for (method, path, status, body) in rows {
            let got = answer(method, path, &metrics);
            assert_eq!((got.status, got.body.as_str()), (status, body), "{method} {path}");
        }
        let told = answer("GET", "/metrics", &metrics);
        assert_eq!((told.status, told.content_type), (200, PROMETHEUS));
        assert!(told.body.contains("davgate_build_info"));
    }

    #[test]
    fn only_the_token_passes() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let guard = Guard::new(Some(&secret));
        let rows: [(&[&[u8]], bool); 8] = [
            (&[b"Bearer 0123456789abcdef0123456789abcdef"], true),
            (&[b"bearer  0123456789abcdef0123456789abcdef "], true),
            (&[b"Bearer 0123456789abcdef0123456789abcdeF"], false),
            (&[b"Bearer 0123456789abcdef0123456789abcde"], false),
            (&[b"Basic 0123456789abcdef0123456789abcdef"], false),
            (&[b"Bearer"], false),
            (&[], false),
            (
                &[
                    b"Bearer 0123456789abcdef0123456789abcdef",
                    b"Bearer 0123456789abcdef0123456789abcdef",
                ],
                false,
            ),
        ];
        for (sent, passes) in rows {
            let refusal = guard.admit(sent).err().map(|answer| answer.status);
            assert_eq!(refusal, (!passes).then_some(401), "{sent:?}");
        }
        let closed = Guard::new(None);
        for sent in [&[b"Bearer ".as_slice()] as &[&[u8]], &[]] {
            assert_eq!(closed.admit(sent).unwrap_err().status, 403);
        }
    }
}
