//! HTTP/1.0 clients: they know no chunks, so an answer without a length ends with the connection (RFC 9112 section 7). A module of
//! pingora, which sees every answer just before it is written.

use std::any::Any;

use async_trait::async_trait;
use http::{Method, StatusCode, Version, header};
use pingora::{
    Result,
    http::{RequestHeader, ResponseHeader},
    modules::http::{HttpModule, HttpModuleBuilder, Module},
};

/// Whether only the end of the connection tells this client where the answer ends.
pub(super) fn ends_with_connection(request: &RequestHeader, response: &ResponseHeader) -> bool {
    let bodiless = matches!(response.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    request.version < Version::HTTP_11
        && request.method != Method::HEAD
        && !bodiless
        && !response.headers.contains_key(header::CONTENT_LENGTH)
}

/// Builds a [`NoChunks`] for each request.
pub struct NoChunksBuilder;

impl HttpModuleBuilder for NoChunksBuilder {
    fn init(&self) -> Module {
        Box::new(NoChunks { wanted: false })
    }
}

/// Removes Transfer-Encoding from answers to HTTP/1.0 requests.
struct NoChunks {
    wanted: bool,
}

#[async_trait]
impl HttpModule for NoChunks {
    async fn request_header_filter(&mut self, request: &mut RequestHeader) -> Result<()> {
        self.wanted = request.version == Version::HTTP_10;
        Ok(())
    }

    async fn response_header_filter(&mut self, response: &mut ResponseHeader, _end: bool) -> Result<()> {
        if self.wanted {
            response.remove_header(&header::TRANSFER_ENCODING);
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
