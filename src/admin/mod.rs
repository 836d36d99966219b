//! The admin listener: what a monitoring system asks. It belongs on an address that only the operator reaches.
//!
//! In: a method and a path. Out: an answer, made without I/O. [`service`] puts it on a socket.

pub mod service;

use crate::telemetry::metrics::Metrics;

/// The methods that are answered.
pub const ALLOW: &str = "GET, HEAD";
const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// An answer of the admin listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAnswer {
    /// 200, 404 or 405; with 405 goes `Allow` with the value [`ALLOW`].
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// What GET sends. HEAD sends its length only.
    pub body: String,
}

/// Answers a request. `path` comes without query and is compared as it is.
pub fn answer(method: &str, path: &str, metrics: &Metrics) -> AdminAnswer {
    let known = matches!(path, "/metrics" | "/healthz");
    match (method, path) {
        ("GET" | "HEAD", "/metrics") => AdminAnswer {
            status: 200,
            content_type: PROMETHEUS,
            body: metrics.render(),
        },
        ("GET" | "HEAD", "/healthz") => AdminAnswer {
            status: 200,
            content_type: TEXT,
            body: "ok\n".to_owned(),
        },
        _ if known => text(405, "only GET and HEAD\n"),
        _ => text(404, "here are /metrics and /healthz\n"),
    }
}

fn text(status: u16, body: &str) -> AdminAnswer {
    AdminAnswer {
        status,
        content_type: TEXT,
        body: body.to_owned(),
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
            ("GET", "/", 404, "here are /metrics and /healthz\n"),
            ("GET", "/metrics/", 404, "here are /metrics and /healthz\n"),
            ("POST", "/healthz", 405, "only GET and HEAD\n"),
            ("get", "/metrics", 405, "only GET and HEAD\n"),
            ("DELETE", "/elsewhere", 404, "here are /metrics and /healthz\n"),
        ];
        for (method, path, status, body) in rows {
            let got = answer(method, path, &metrics);
            assert_eq!((got.status, got.body.as_str()), (status, body), "{method} {path}");
        }
        let told = answer("GET", "/metrics", &metrics);
        assert_eq!((told.status, told.content_type), (200, PROMETHEUS));
        assert!(told.body.contains("davgate_build_info"));
    }
}
