//! What is told of a request when it is over: a line in the access log, one in the audit log, and the metrics.

use std::{
    net::SocketAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::header;
use pingora::{Error, http::RequestHeader, proxy::Session};

use crate::{
    decide::Denial,
    policy::Method,
    telemetry::{
        access::{AccessLine, Exchange, Verdict, escaped_target},
        audit::{self, AuditLine},
        lines::LineLog,
        metrics::{MethodClass, Metrics, Observation, RouteMetrics},
    },
};

use super::{context::Context, room::Room, server::Gateway};

/// Tells the requests of this process from those of any other.
static PROCESS: LazyLock<u64> = LazyLock::new(|| {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default().rotate_left(16) ^ u64::from(std::process::id())
});
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A new request id.
fn request_id() -> String {
    format!("{:016x}-{:x}", *PROCESS, NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// What is told of connections and requests that the gateway never saw.
#[derive(Clone)]
pub(super) struct Outside {
    /// All numbers.
    pub metrics: Arc<Metrics>,
    /// Those of no route.
    pub route: Arc<RouteMetrics>,
    /// The access log.
    pub access_log: LineLog,
    /// The audit log.
    pub audit_log: LineLog,
    /// The room for heads.
    pub room: Room,
}

impl Outside {
    /// Tells of the refusal of a connection from `client`, or of a request on it of whose head no more than `head` is known.
    pub fn tell(&self, client: Option<SocketAddr>, denial: &Denial, head: &[u8]) {
        let (request_id, time) = (request_id(), SystemTime::now());
        let client = client.map_or_else(String::new, |client| client.to_string());
        let line = head
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .find(|line| !line.is_empty());
        let mut words = line.unwrap_or_default().split(|byte| *byte == b' ');
        let method = words
            .next()
            .map_or_else(String::new, |word| String::from_utf8_lossy(word).into_owned());
        let path = escaped_target(words.next().unwrap_or_default());
        let (status, verdict, rule) = (denial.status(), Verdict::Deny, Some(denial.rule()));
        self.access_log.write(&AccessLine {
            time,
            request_id: &request_id,
            client: &client,
            method: &method,
            path: &path,
            host: None,
            route: None,
            status,
            verdict,
            rule,
            config_rule: None,
            reported_status: None,
            exchange: Exchange::Own,
            bytes_in: 0,
            bytes_out: 0,
            duration_ms: 0.0,
            upstream_ms: None,
            user_agent: None,
        });
        self.audit_log.write(&AuditLine {
            log: audit::KIND,
            time,
            request_id: &request_id,
            client: &client,
            principal: None,
            method: &method,
            path: &path,
            destination: None,
            route: None,
            status,
            verdict,
            rule,
            config_rule: None,
            reported_status: None,
        });
        self.route.observe(&Observation {
            class: MethodClass::of(None),
            status,
            verdict,
            took: Duration::ZERO,
            upstream: None,
            bytes_in: 0,
            bytes_out: 0,
        });
        self.route.refused(denial.rule());
    }
}

impl Gateway {
    /// What tells of connections and requests that never reach it.
    pub(super) fn outside(&self) -> Outside {
        Outside {
            metrics: Arc::clone(&self.metrics),
            route: Arc::clone(&self.outside),
            access_log: self.access_log.clone(),
            audit_log: self.audit_log.clone(),
            room: self.fair().room().clone(),
        }
    }

    /// Tells of a request that is over; `error` ended it early.
    pub(super) fn tell(&self, session: &Session, error: Option<&Error>, ctx: &mut Context) {
        ctx.upstream.end();
        let head = session.req_header();
        let text = |name: header::HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let status = session
            .response_written()
            .map_or(0, |response| response.status.as_u16());
        let verdict = if ctx.denial.is_some() {
            Verdict::Deny
        } else if ctx.failure.is_some() || (error.is_some() && !ctx.answered) {
            Verdict::Error
        } else if ctx.reported.is_some() {
            Verdict::Report
        } else {
            Verdict::Permit
        };
        let reported = ctx.reported.as_ref().filter(|_| verdict == Verdict::Report);
        let refusal = ctx.denial.as_ref().or(reported);
        let rule = refusal.map(Denial::rule).or(ctx.failure);
        let reported_status = reported.map(Denial::status);
        let config_rule = ctx.account.configured_rule(refusal);
        let request_id = request_id();
        let client = session.client_addr().map(ToString::to_string).unwrap_or_default();
        let path = match &ctx.account.path {
            Some(path) => path.to_string(),
            None => escaped_target(head.raw_path()),
        };
        let host = ctx.account.host.as_ref().map(ToString::to_string);
        let took = ctx.began.elapsed();
        let bytes = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (received, sent) = (session.body_bytes_read(), session.body_bytes_sent());
        self.access_log.write(&AccessLine {
            time: ctx.time,
            request_id: &request_id,
            client: &client,
            method: head.method.as_str(),
            path: &path,
            host: host.as_deref(),
            route: ctx.account.route.as_ref().map(|route| route.name.as_str()),
            status,
            verdict,
            rule,
            config_rule: config_rule.as_deref(),
            reported_status,
            exchange: ctx.exchange,
            bytes_in: bytes(received),
            bytes_out: bytes(sent),
            duration_ms: milliseconds(took),
            upstream_ms: ctx.upstream.spent().map(milliseconds),
            user_agent: text(header::USER_AGENT),
        });
        if refusal.is_some() || ctx.account.method.is_some_and(|method| !method.is_safe()) {
            self.audit_log.write(&AuditLine {
                log: audit::KIND,
                time: ctx.time,
                request_id: &request_id,
                client: &client,
                principal: ctx.account.principal.as_ref().and_then(|principal| principal.name()),
                method: head.method.as_str(),
                path: &path,
                destination: destination(head, ctx).as_deref(),
                route: ctx.account.route.as_ref().map(|route| route.name.as_str()),
                status,
                verdict,
                rule,
                config_rule: config_rule.as_deref(),
                reported_status,
            });
        }
        let route = ctx
            .account
            .route
            .as_ref()
            .and_then(|route| self.by_route.get(&route.name));
        let metrics = route.unwrap_or(&self.outside);
        metrics.observe(&Observation {
            class: MethodClass::of(ctx.account.method),
            status,
            verdict,
            took,
            upstream: ctx.upstream.spent(),
            bytes_in: bytes(received),
            bytes_out: bytes(sent),
        });
        if let Some(denial) = &ctx.denial {
            metrics.refused(denial.rule());
        } else if let Some(reported) = &ctx.reported {
            // Whatever the back end made of it.
            metrics.reported(reported.rule());
        }
    }
}

/// Where COPY and MOVE go, as far as it can be told: a request may be refused before its Destination is read.
fn destination(head: &RequestHeader, ctx: &Context) -> Option<String> {
    if !matches!(ctx.account.method, Some(Method::Copy | Method::Move)) {
        return None;
    }
    match &ctx.account.destination {
        Some(path) => Some(path.to_string()),
        None => head.headers.get("destination").map(|value| {
            let url = value.as_bytes();
            // Like any other URL with an authority, which may hold a password.
            let whole = if url.starts_with(b"//") { b"http:" } else { &b""[..] };
            escaped_target(&[whole, url].concat())
        }),
    }
}

fn milliseconds(time: Duration) -> f64 {
    // To the microsecond: more is noise in a log.
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
