//! The admin listener on pingora: the request's method, path and query in, the answer of [`super::answer`] or of the desk of locks out.
//! Request bodies are not read; a connection that brings one is closed after the answer.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;

use super::{
    AdminAnswer, Guard, answer,
    locks::{LOCKS, LockDesk},
};
use crate::telemetry::{locks::MeasuredStore, metrics::Metrics};

/// Serves the numbers and the locks of one process. Make it a service with `pingora::services::listening::Service::new`.
pub struct AdminService {
    /// The numbers.
    pub metrics: Arc<Metrics>,
    /// The lock store, which is asked how many locks it has.
    pub store: Arc<MeasuredStore>,
    /// What may be done with locks.
    pub desk: LockDesk,
    /// Who may do it.
    pub guard: Guard,
}

impl AdminService {
    async fn told(&self, session: &ServerSession) -> AdminAnswer {
        let request = session.req_header();
        let (method, path) = (request.method.as_str(), request.uri.path());
        if path == LOCKS || path.strip_prefix(LOCKS).is_some_and(|rest| rest.starts_with('/')) {
            let values = request.headers.get_all(header::AUTHORIZATION).iter();
            let values: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
            if let Err(refusal) = self.guard.admit(&values) {
                return refusal;
            }
            let client = session.client_addr().map(ToString::to_string).unwrap_or_default();
            let query = request.uri.query().unwrap_or_default();
            return self.desk.answer(method, path, query, &client).await;
        }
        if path == "/metrics" {
            self.store.take_stock().await;
        }
        answer(method, path, &self.metrics)
    }
}

#[async_trait]
impl ServeHttp for AdminService {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let with_body = session.req_header().method != http::Method::HEAD;
        let told = self.told(session).await;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(told.content_type));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(told.body.len()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = told.header {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if with_body {
            *response.body_mut() = told.body.into_bytes();
        }
        response
    }
}
