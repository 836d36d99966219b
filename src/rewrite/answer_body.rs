//! The body of an answer, decoded and rewritten piece by piece. In: the bytes as the back end sends them. Out: the bytes for
//! the client, or the reason why the answer must be broken off: what went out before is no whole document then.

use std::sync::Arc;

use super::{
    body::{BodyError, BodyOptions, BodyRewriter},
    decode::{ContentDecoder, DecodeError},
    urls::{AnswerContext, AnswerUrls},
};

/// What becomes of the body of an answer.
pub enum BodyPlan {
    /// It passes byte for byte, or there is none.
    AsIs,
    /// It is swallowed: the answer has no body, whatever the back end sends.
    Empty,
    /// It goes through a [`Rewriting`].
    Rewrite(RewritePlan),
}

/// How a body is to be rewritten.
pub struct RewritePlan {
    pub(super) context: Arc<AnswerContext>,
    pub(super) decoder: Option<ContentDecoder>,
    pub(super) options: BodyOptions,
    /// Whether an answer without a body means nothing (a 207).
    pub(super) required: bool,
}

/// Why a body cannot be passed on: 502 if nothing was sent yet, else break off the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerBodyError {
    /// It does not follow its content coding.
    #[error(transparent)]
    Coding(#[from] DecodeError),
    /// It is no XML that can be passed on.
    #[error(transparent)]
    Xml(#[from] BodyError),
    /// A multistatus without a body.
    #[error("the back end's 207 answer has no body")]
    Missing,
}

impl AnswerBodyError {
    /// The name in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coding(DecodeError::Bomb) => "answer-bomb",
            Self::Coding(DecodeError::Malformed | DecodeError::Truncated) => "answer-coding",
            Self::Xml(BodyError::TooLarge { .. } | BodyError::UrlTooLong) => "answer-too-large",
            Self::Xml(BodyError::Malformed(_) | BodyError::ElementInUrl | BodyError::UnexpectedRoot) => "answer-xml",
            Self::Missing => "answer-missing",
        }
    }
}

impl RewritePlan {
    /// Begins with the body.
    pub fn start(self) -> Rewriting {
        let (filter, locks) = (self.context.filter.clone(), self.context.locks.clone());
        let mut body = BodyRewriter::new(AnswerUrls::new(self.context), self.options);
        if let Some(filter) = filter {
            body = body.filtered(filter);
        }
        if let Some(locks) = locks {
            body = body.with_locks(locks);
        }
        Rewriting {
            decoder: self.decoder,
            body,
            required: self.required,
            coded: false,
            any: false,
        }
    }
}

/// One body on its way.
pub struct Rewriting {
    decoder: Option<ContentDecoder>,
    body: BodyRewriter<AnswerUrls>,
    required: bool,
    /// Whether any byte came.
    coded: bool,
    /// Whether any byte of the document came.
    any: bool,
}

impl Rewriting {
    /// Takes the next bytes from the back end and appends to `out` what can go to the client, which may be nothing. After an error
    /// nothing more may be sent.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerBodyError> {
        self.coded |= !chunk.is_empty();
        let (body, any) = (&mut self.body, &mut self.any);
        let mut sink = |piece: &[u8]| {
            *any |= !piece.is_empty();
            body.push(piece, out).map_err(AnswerBodyError::Xml)
        };
        match &mut self.decoder {
            Some(decoder) => decoder.push(chunk, &mut sink),
            None => sink(chunk),
        }
    }

    /// Says that the body ends here, by its framing, and appends what is left. A body without a byte stays one, unless the answer
    /// needs a document.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), AnswerBodyError> {
        let (body, any) = (&mut self.body, &mut self.any);
        if let Some(decoder) = self.decoder.take().filter(|_| self.coded) {
            decoder.finish(&mut |piece: &[u8]| {
                *any |= !piece.is_empty();
                body.push(piece, out).map_err(AnswerBodyError::Xml)
            })?;
        }
        match (self.any, self.required) {
            (true, _) => Ok(self.body.finish(out)?),
            (false, true) => Err(AnswerBodyError::Missing),
            (false, false) => Ok(()),
        }
    }

    /// How many URLs were left out or replaced because they are not public.
    pub fn unmapped_hrefs(&self) -> u64 {
        self.body.unmapped_hrefs()
    }
}
