//! Answers that are compressed on their way to the client (RM-17). In: a request on a route with `compress`. Out: its answer, coded if client and
//! answer let it. A module of pingora, which sees head and body of an answer just before they are written: so no stage before knows of
//! codings.

use std::any::Any;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Version, header};
use pingora::{
    Error, ErrorType, Result,
    http::ResponseHeader,
    modules::http::{HttpModule, HttpModuleBuilder, Module},
    proxy::Session,
};

use crate::{
    decide::Permit,
    policy::Method,
    rewrite::compress::{Asked, Gzip},
};

use super::respond::replace;

/// Builds a [`Compressing`] for each request.
pub struct CompressingBuilder;

impl HttpModuleBuilder for CompressingBuilder {
    fn init(&self) -> Module {
        Box::new(Compressing {
            asked: None,
            head: false,
            gzip: None,
        })
    }
}

/// Compresses what was asked for so.
struct Compressing {
    asked: Option<Asked>,
    head: bool,
    gzip: Option<Gzip>,
}

/// From now on the answer on `session` is the back end's to `permit`.
pub(super) fn may_compress(session: &mut Session, permit: &Permit) {
    let Some(settings) = permit.route().compress else {
        return;
    };
    let request = session.req_header();
    let chunks = request.version > Version::HTTP_10;
    let asked = Asked::new(settings, permit.method(), &request.headers, chunks);
    if let Some(compressing) = session.downstream_modules_ctx.get_mut::<Compressing>() {
        compressing.asked = Some(asked);
        compressing.head = permit.method() == Method::Head;
    }
}

#[async_trait]
impl HttpModule for Compressing {
    async fn response_header_filter(&mut self, response: &mut ResponseHeader, _end: bool) -> Result<()> {
        if response.status.is_informational() {
            return Ok(());
        }
        let Some(asked) = self.asked.take() else { return Ok(()) };
        let mut headers = response.headers.clone();
        if asked.prepare(response.status.as_u16(), &mut headers) && !self.head {
            // Nobody knows its length yet.
            headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            self.gzip = Some(Gzip::default());
        }
        replace(response, &headers)
    }

    fn response_body_filter(&mut self, body: &mut Option<Bytes>, end: bool) -> Result<()> {
        let Some(gzip) = &mut self.gzip else { return Ok(()) };
        let piece = body.take().filter(|piece| !piece.is_empty());
        let coded = piece
            .map_or(Ok(Vec::new()), |piece| gzip.push(&piece))
            .and_then(|mut out| {
                if end {
                    out.extend(gzip.finish()?);
                }
                Ok(out)
            });
        let coded = coded.map_err(|error| Error::because(ErrorType::InternalError, "compressing", error))?;
        if end {
            self.gzip = None;
        }
        *body = Some(Bytes::from(coded)).filter(|coded| !coded.is_empty());
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
