//! The streaming exchange: a request that pingora forwards while it comes (GET, HEAD, PUT, POST, PATCH). In: a permit. Out: what pingora's
//! callbacks need to carry it out.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use pingora::proxy::Session;

use crate::{
    decide::{Cleared, permit::PermittedBody},
    policy::Method,
    rewrite::answer_body::Rewriting,
    telemetry::access::Exchange,
};

use super::{context::Context, server::Gateway};

/// A request that pingora forwards.
pub struct Streaming {
    /// What is forwarded.
    pub permit: Arc<Cleared>,
    /// Its header fields for the back end.
    pub headers: HeaderMap,
    /// The bytes of its body that have come.
    pub received: u64,
    /// The most that may come.
    pub limit: Option<u64>,
    /// How many addresses of the back end accepted no connection.
    pub refused: usize,
    /// The answer's body, where it is not passed as it comes.
    pub answer: AnswerBody,
}

/// What happens to the body of an answer that streams.
pub enum AnswerBody {
    /// It passes.
    AsIs,
    /// It is left out.
    Empty,
    /// It is rewritten.
    Rewrite(Box<Rewriting>),
}

impl Gateway {
    /// Prepares an exchange that pingora carries out.
    pub(super) fn stream(&self, session: &Session, ctx: &mut Context, permit: Cleared) {
        let client = &session.req_header().headers;
        let mut headers = self.fields(&permit, client);
        let uploads = matches!(permit.method(), Method::Put | Method::Post | Method::Patch);
        if uploads {
            // One number in one spelling, or chunks: never what the client wrote.
            let length = client
                .get(header::CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
            if client.contains_key(header::TRANSFER_ENCODING) {
                headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            } else {
                headers.insert(header::CONTENT_LENGTH, length.unwrap_or_default().into());
            }
            if client.contains_key(header::EXPECT) {
                headers.insert(header::EXPECT, HeaderValue::from_static("100-continue"));
            }
        }
        ctx.exchange = Exchange::Stream;
        ctx.stream = Some(Streaming {
            limit: match permit.body() {
                PermittedBody::Stream(limit) => *limit,
                PermittedBody::None | PermittedBody::Xml(_) | PermittedBody::Spool(_) | PermittedBody::Answered(_) => {
                    None
                }
            },
            permit: Arc::new(permit),
            headers,
            received: 0,
            refused: 0,
            answer: AnswerBody::AsIs,
        });
    }
}
