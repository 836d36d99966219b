//! The admin listener on pingora: the request's method and path in, the answer of [`super::answer`] out. Request bodies are
//! not read; a connection that brings one is closed after the answer.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderValue, Response, StatusCode, header};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;

use super::{ALLOW, answer};
use crate::telemetry::metrics::Metrics;

/// Serves the numbers of one process. Make it a service with `pingora::services::listening::Service::new`.
pub struct AdminService {
    metrics: Arc<Metrics>,
}

impl AdminService {
    /// Serves these numbers.
    pub fn new(metrics: Arc<Metrics>) -> AdminService {
        AdminService { metrics }
    }
}

#[async_trait]
impl ServeHttp for AdminService {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let request = session.req_header();
        let told = answer(request.method.as_str(), request.uri.path(), &self.metrics);
        let with_body = request.method != http::Method::HEAD;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = StatusCode::from_u16(told.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(told.content_type));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(told.body.len()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if told.status == 405 {
            headers.insert(header::ALLOW, HeaderValue::from_static(ALLOW));
        }
        if with_body {
            *response.body_mut() = told.body.into_bytes();
        }
        response
    }
}
