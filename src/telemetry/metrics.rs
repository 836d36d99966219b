//! Numbers for a monitoring system, in the Prometheus text format.
//!
//! In: what became of each request. Out: counters, histograms and gauges with bounded labels: routes and rules come from the
//! configuration and the program, never from a client. A route's handle caches its children, so that an observation on the
//! hot path is an atomic addition without a look-up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Why the numbers cannot be set up.
pub use prometheus::Error as MetricsError;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use tracing_appender::non_blocking::ErrorCounter;

use super::access::Verdict;
use super::locks::LockFamilies;
use crate::policy::{Method, MethodSet};

/// From a cached answer to the longest COPY that a default configuration allows, in seconds.
const BUCKETS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 1800.0,
];
const CLASSES: usize = 5;
const STATUSES: usize = 6;
const VERDICTS: usize = 4;

/// The `route` label of what belongs to no route, such as a request target that cannot be read.
pub const NO_ROUTE: &str = "-";

/// Methods as the configuration groups them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodClass {
    /// OPTIONS GET HEAD PROPFIND REPORT SEARCH
    Read,
    /// PUT DELETE MKCOL MKCALENDAR COPY MOVE PROPPATCH
    Write,
    /// LOCK UNLOCK
    Lock,
    /// ACL
    Acl,
    /// Everything else.
    Other,
}

impl MethodClass {
    /// The class of a method; `None` is one that is not known.
    pub fn of(method: Option<Method>) -> MethodClass {
        let is_in = |class: MethodSet| method.is_some_and(|method| class.contains(method));
        if is_in(MethodSet::READ) || method == Some(Method::Search) {
            MethodClass::Read
        } else if is_in(MethodSet::WRITE) {
            MethodClass::Write
        } else if is_in(MethodSet::LOCK) {
            MethodClass::Lock
        } else if is_in(MethodSet::ACL) {
            MethodClass::Acl
        } else {
            MethodClass::Other
        }
    }

    fn label(self) -> &'static str {
        match self {
            MethodClass::Read => "read",
            MethodClass::Write => "write",
            MethodClass::Lock => "lock",
            MethodClass::Acl => "acl",
            MethodClass::Other => "other",
        }
    }
}

/// What became of one request.
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// The method's class.
    pub class: MethodClass,
    /// The status that was sent; 0 when the connection broke before one was.
    pub status: u16,
    /// What became of it.
    pub verdict: Verdict,
    /// From the request's header to the end of the answer.
    pub took: Duration,
    /// The part of it in which the back end was worked with, if it was.
    pub upstream: Option<Duration>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
}

/// All numbers of one process.
pub struct Metrics {
    registry: Registry,
    families: Families,
    in_flight: IntGauge,
    connections: IntGauge,
    log_dropped: IntGauge,
    identity: IntGaugeVec,
    elsewhere: IntGaugeVec,
    locks: LockFamilies,
    audit_dropped: IntGauge,
    logs: OnceLock<[Option<ErrorCounter>; 2]>,
    routes: Mutex<HashMap<String, Arc<RouteMetrics>>>,
}

#[derive(Clone)]
struct Families {
    requests: IntCounterVec,
    refusals: IntCounterVec,
    reported: IntCounterVec,
    seconds: HistogramVec,
    upstream_seconds: HistogramVec,
    bytes: IntCounterVec,
    unmapped: IntCounterVec,
}

/// The numbers of one route.
pub struct RouteMetrics {
    route: String,
    families: Families,
    requests: [OnceLock<IntCounter>; CLASSES * STATUSES * VERDICTS],
    seconds: Histogram,
    upstream_seconds: Histogram,
    bytes_in: IntCounter,
    bytes_out: IntCounter,
    unmapped: IntCounter,
}

impl Metrics {
    /// An empty set of numbers.
    ///
    /// # Errors
    /// Two families have the same name, or a name is not legal: a mistake in this file.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok(family)
        };
        let histogram = |name: &str, help: &str| -> Result<HistogramVec, prometheus::Error> {
            let family = HistogramVec::new(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()), &["route"])?;
            registry.register(Box::new(family.clone()))?;
            Ok(family)
        };
        let gauge = |opts: Opts| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::with_opts(opts)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let families = Families {
            requests: counter(
                "davgate_requests_total",
                "Requests answered.",
                &["route", "method_class", "status_class", "verdict"],
            )?,
            refusals: counter(
                "davgate_refusals_total",
                "Requests refused, by the rule that did.",
                &["route", "rule"],
            )?,
            reported: counter(
                "davgate_reported_total",
                "Requests let through in report mode, by the rule that would have refused them.",
                &["route", "rule"],
            )?,
            seconds: histogram(
                "davgate_request_seconds",
                "From the request's header to the end of the answer.",
            )?,
            upstream_seconds: histogram("davgate_upstream_seconds", "Time spent working with the back end.")?,
            bytes: counter(
                "davgate_bytes_total",
                "Bytes of bodies, as the client sees them.",
                &["route", "direction"],
            )?,
            unmapped: counter(
                "davgate_unmapped_hrefs_total",
                "URLs in answers that lie outside the back end's prefix and were left out.",
                &["route"],
            )?,
        };
        let in_flight = gauge(Opts::new("davgate_in_flight", "Requests being worked on."))?;
        let connections = gauge(Opts::new(
            "davgate_connections",
            "Connections of clients that are open.",
        ))?;
        let log_dropped = gauge(Opts::new(
            "davgate_access_log_dropped_lines",
            "Access log lines lost to a full queue since start.",
        ))?;
        let identity = IntGaugeVec::new(
            Opts::new(
                "davgate_identity_source_usable",
                "Whether a source of identity can say who is right; 0 is 503 for those who need it.",
            ),
            &["source"],
        )?;
        registry.register(Box::new(identity.clone()))?;
        let elsewhere = IntGaugeVec::new(
            Opts::new(
                "davgate_back_end_elsewhere",
                "On how many addresses of this machine, other than the loopback's, the back end answers past the gateway.",
            ),
            &["back_end"],
        )?;
        registry.register(Box::new(elsewhere.clone()))?;
        let audit_dropped = gauge(Opts::new(
            "davgate_audit_log_dropped_lines",
            "Audit log lines lost to a full queue since start.",
        ))?;
        let build = Opts::new("davgate_build_info", "The version that runs; always 1.")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        gauge(build)?.set(1);
        let locks = LockFamilies::new(&registry)?;
        Ok(Metrics {
            families,
            locks,
            in_flight,
            connections,
            log_dropped,
            identity,
            elsewhere,
            audit_dropped,
            logs: OnceLock::new(),
            routes: Mutex::default(),
            registry,
        })
    }

    /// The handle of a route; keep it with the route. The same name gives the same handle.
    pub fn route(&self, name: &str) -> Arc<RouteMetrics> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            routes
                .entry(name.to_owned())
                .or_insert_with(|| Arc::new(RouteMetrics::new(name, self.families.clone()))),
        )
    }

    /// The numbers of the lock store.
    pub fn lock_families(&self) -> &LockFamilies {
        &self.locks
    }

    /// Tells whether `source`, a key of `identity`, can say who is right.
    pub fn identity_source(&self, source: &'static str, usable: bool) {
        self.identity.with_label_values(&[source]).set(i64::from(usable));
    }

    /// Tells on how many addresses the back end at this origin answers past the gateway.
    pub fn back_end_elsewhere(&self, back_end: &str, addresses: i64) {
        self.elsewhere.with_label_values(&[back_end]).set(addresses);
    }

    /// Counts a request as being worked on until the value is dropped.
    pub fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts a connection of a client until the value is dropped.
    pub fn connected(&self) -> InFlight {
        self.connections.inc();
        InFlight(self.connections.clone())
    }

    /// How many requests are being worked on.
    pub fn in_flight(&self) -> i64 {
        self.in_flight.get()
    }

    /// Reports how many lines access log and audit log lost. What was given first stays.
    pub fn follow_logs(&self, access: Option<ErrorCounter>, audit: Option<ErrorCounter>) {
        self.logs.set([access, audit]).ok();
    }

    /// All numbers in the Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        let gauges = [&self.log_dropped, &self.audit_dropped];
        for (log, gauge) in self.logs.get().into_iter().flatten().zip(gauges) {
            let dropped = log.as_ref().map_or(0, ErrorCounter::dropped_lines);
            gauge.set(i64::try_from(dropped).unwrap_or(i64::MAX));
        }
        let mut out = Vec::new();
        // Writing into memory does not fail, and a family without children writes nothing.
        TextEncoder::new().encode(&self.registry.gather(), &mut out).ok();
        String::from_utf8(out).unwrap_or_default()
    }
}

/// A request that is being worked on, or a connection; see [`Metrics::enter`] and [`Metrics::connected`].
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl RouteMetrics {
    fn new(route: &str, families: Families) -> RouteMetrics {
        RouteMetrics {
            requests: std::array::from_fn(|_| OnceLock::new()),
            seconds: families.seconds.with_label_values(&[route]),
            upstream_seconds: families.upstream_seconds.with_label_values(&[route]),
            bytes_in: families.bytes.with_label_values(&[route, "in"]),
            bytes_out: families.bytes.with_label_values(&[route, "out"]),
            unmapped: families.unmapped.with_label_values(&[route]),
            route: route.to_owned(),
            families,
        }
    }

    /// Counts one request that has been answered.
    pub fn observe(&self, seen: &Observation) {
        let (status_at, status) = status_class(seen.status);
        let (verdict_at, verdict) = verdict(seen.verdict);
        let at = (seen.class as usize * STATUSES + status_at) * VERDICTS + verdict_at;
        if let Some(slot) = self.requests.get(at) {
            slot.get_or_init(|| {
                let labels = [self.route.as_str(), seen.class.label(), status, verdict];
                self.families.requests.with_label_values(&labels)
            })
            .inc();
        }
        self.seconds.observe(seen.took.as_secs_f64());
        if let Some(upstream) = seen.upstream {
            self.upstream_seconds.observe(upstream.as_secs_f64());
        }
        self.bytes_in.inc_by(seen.bytes_in);
        self.bytes_out.inc_by(seen.bytes_out);
    }

    /// Counts a refusal under the name of its rule, which the program chose.
    pub fn refused(&self, rule: &'static str) {
        self.families
            .refusals
            .with_label_values(&[self.route.as_str(), rule])
            .inc();
    }

    /// Counts a refusal that was only told, under the name of its rule.
    pub fn reported(&self, rule: &'static str) {
        let labels = [self.route.as_str(), rule];
        self.families.reported.with_label_values(&labels).inc();
    }

    /// Counts URLs that were left out of an answer.
    pub fn unmapped_hrefs(&self, count: u64) {
        self.unmapped.inc_by(count);
    }
}

/// Index and label of a status; 0 and what is no status are `none`.
fn status_class(status: u16) -> (usize, &'static str) {
    match status / 100 {
        1 => (1, "1xx"),
        2 => (2, "2xx"),
        3 => (3, "3xx"),
        4 => (4, "4xx"),
        5 => (5, "5xx"),
        _ => (0, "none"),
    }
}

fn verdict(verdict: Verdict) -> (usize, &'static str) {
    match verdict {
        Verdict::Permit => (0, "permit"),
        Verdict::Deny => (1, "deny"),
        Verdict::Error => (2, "error"),
        Verdict::Report => (3, "report"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observation(class: MethodClass, status: u16, verdict: Verdict) -> Observation {
        Observation {
            class,
            status,
            verdict,
            took: Duration::from_millis(3),
            upstream: Some(Duration::from_millis(2)),
            bytes_in: 10,
            bytes_out: 20,
        }
    }

    #[test]
    fn every_family_is_told() {
        let metrics = Metrics::new().unwrap();
        let files = metrics.route("files");
        files.observe(&observation(MethodClass::Read, 207, Verdict::Permit));
        files.observe(&observation(MethodClass::Read, 207, Verdict::Permit));
        metrics
            .route("files")
            .observe(&observation(MethodClass::Write, 405, Verdict::Deny));
        metrics.route(NO_ROUTE).observe(&Observation {
            upstream: None,
            ..observation(MethodClass::Other, 0, Verdict::Error)
        });
        files.refused("method-not-allowed");
        files.reported("A-31");
        files.unmapped_hrefs(3);
        metrics.identity_source("backend", false);
        let working = metrics.enter();
        let text = metrics.render();
        for line in [
            r#"davgate_requests_total{method_class="read",route="files",status_class="2xx",verdict="permit"} 2"#,
            r#"davgate_requests_total{method_class="write",route="files",status_class="4xx",verdict="deny"} 1"#,
            r#"davgate_requests_total{method_class="other",route="-",status_class="none",verdict="error"} 1"#,
            r#"davgate_refusals_total{route="files",rule="method-not-allowed"} 1"#,
            r#"davgate_reported_total{route="files",rule="A-31"} 1"#,
            r#"davgate_request_seconds_bucket{route="files",le="0.005"} 3"#,
            r#"davgate_request_seconds_count{route="files"} 3"#,
            r#"davgate_upstream_seconds_count{route="-"} 0"#,
            r#"davgate_bytes_total{direction="in",route="files"} 30"#,
            r#"davgate_bytes_total{direction="out",route="files"} 60"#,
            r#"davgate_unmapped_hrefs_total{route="files"} 3"#,
            r#"davgate_identity_source_usable{source="backend"} 0"#,
            "davgate_in_flight 1",
            "davgate_access_log_dropped_lines 0",
            concat!(r#"davgate_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
        }
        drop(working);
        assert_eq!(metrics.in_flight(), 0);
    }

    /// Each combination has a counter of its own: the index into the cache is right.
    #[test]
    fn no_two_label_sets_share_a_counter() {
        let metrics = Metrics::new().unwrap();
        let route = metrics.route("r");
        let classes = ["GET", "PUT", "LOCK", "ACL", "BREW"].map(|name| MethodClass::of(Method::parse(name)));
        for class in classes {
            for status in [0, 100, 200, 300, 400, 500] {
                for verdict in [Verdict::Permit, Verdict::Deny, Verdict::Error, Verdict::Report] {
                    route.observe(&observation(class, status, verdict));
                }
            }
        }
        let text = metrics.render();
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("davgate_requests_total{"))
            .collect();
        assert_eq!(lines.len(), CLASSES * STATUSES * VERDICTS);
        assert!(lines.iter().all(|line| line.ends_with(" 1")));
    }

    #[test]
    fn classes() {
        for (method, want) in [
            ("PROPFIND", MethodClass::Read),
            ("MKCALENDAR", MethodClass::Write),
            ("UNLOCK", MethodClass::Lock),
            ("ACL", MethodClass::Acl),
            ("get", MethodClass::Other),
            ("POST", MethodClass::Other),
        ] {
            assert_eq!(MethodClass::of(Method::parse(method)), want, "{method}");
        }
    }
}
