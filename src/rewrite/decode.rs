//! Content codings of answers (RFC 9110 section 8.4.1; spec R-13), for back ends that compress although they were asked not to.
//! In: the coded body in pieces of any size. Out: the body in pieces of at most about half a MiB, given to a sink, so that a small
//! piece that unfolds to gigabytes never stands in memory. A body that is cut off or unfolds too far is an error.

use std::io::Write as _;

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

/// Deflate unfolds to at most 1032 times its size: this much input at once is about 500 KiB of output.
const GZIP_STEP: usize = 512;
/// The size of the pieces that the other decoders give out, in bytes.
const PIECE: usize = 64 * 1024;
/// How far a body may unfold. Listings of real servers reach 10 to 60.
const MAX_RATIO: u64 = 500;
/// Below this many bytes of output the ratio does not count.
const RATIO_FROM: u64 = 4 * 1024 * 1024;

/// Why a coded body cannot be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not what the coding's format allows, or something follows its end.
    #[error("the back end's answer does not follow its Content-Encoding")]
    Malformed,
    /// The body ends before the format says so.
    #[error("the back end's compressed answer is cut off")]
    Truncated,
    /// The body unfolds to more than 500 times its size.
    #[error("the back end's compressed answer unfolds to more than 500 times its size")]
    Bomb,
}

/// A body being decoded.
pub struct ContentDecoder {
    inner: Inner,
    consumed: u64,
    produced: u64,
}

enum Inner {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// `deflate` before it is known whether it has the zlib header it should have.
    DeflateHead(Vec<u8>),
    Deflate(Box<Decompress>, End),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>, End),
}

/// Whether the end of the compressed data was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Open,
    Seen,
}

impl ContentDecoder {
    /// A decoder for one content coding, by its name in any case: `gzip`, `x-gzip`, `deflate` or `br`. `None` for others, among
    /// them `identity` (there is nothing to decode) and lists of several.
    pub fn for_coding(name: &str) -> Option<Self> {
        let name = name.trim();
        let is = |coding: &str| name.eq_ignore_ascii_case(coding);
        let inner = if is("gzip") || is("x-gzip") {
            Inner::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
        } else if is("deflate") {
            Inner::DeflateHead(Vec::new())
        } else if is("br") {
            // Strict: no windows over 16 MiB.
            let (bytes, words, codes) = (
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            );
            Inner::Brotli(Box::new(BrotliState::new_strict(bytes, words, codes)), End::Open)
        } else {
            return None;
        };
        Some(Self {
            inner,
            consumed: 0,
            produced: 0,
        })
    }

    /// Decodes the next bytes and gives what they unfold to to `sink`, piece by piece.
    pub fn push<E, S>(&mut self, chunk: &[u8], sink: &mut S) -> Result<(), E>
    where
        E: From<DecodeError>,
        S: FnMut(&[u8]) -> Result<(), E>,
    {
        self.consumed += chunk.len() as u64;
        let Self {
            inner,
            consumed,
            produced,
        } = self;
        let give = &mut |piece: &[u8]| {
            *produced += piece.len() as u64;
            if *produced > RATIO_FROM && *produced / MAX_RATIO > *consumed {
                return Err(DecodeError::Bomb.into());
            }
            if piece.is_empty() { Ok(()) } else { sink(piece) }
        };
        let mut joined = Vec::new();
        let mut input = chunk;
        if let Inner::DeflateHead(head) = inner {
            head.extend_from_slice(chunk);
            let &[first, second, ..] = head.as_slice() else {
                return Ok(());
            };
            // Many servers send raw deflate; RFC 9110 asks clients to bear with it. RFC 1950 section 2.2 tells them apart.
            let zlib = first & 0x0F == 8 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31);
            joined = std::mem::take(head);
            *inner = Inner::Deflate(Box::new(Decompress::new(zlib)), End::Open);
        }
        if !joined.is_empty() {
            input = &joined;
        }
        match inner {
            Inner::DeflateHead(_) => Ok(()),
            Inner::Gzip(decoder) => {
                for mut step in input.chunks(GZIP_STEP) {
                    while !step.is_empty() {
                        let read = decoder.write(step).map_err(|_| DecodeError::Malformed)?;
                        step = step.get(read..).filter(|_| read > 0).ok_or(DecodeError::Malformed)?;
                    }
                    give(decoder.get_ref())?;
                    decoder.get_mut().clear();
                }
                Ok(())
            }
            Inner::Deflate(decoder, end) => inflate(decoder, end, input, give),
            Inner::Brotli(state, end) => unbrotli(state, end, input, give),
        }
    }

    /// Says that the body ends here.
    pub fn finish<E, S>(self, sink: &mut S) -> Result<(), E>
    where
        E: From<DecodeError>,
        S: FnMut(&[u8]) -> Result<(), E>,
    {
        match self.inner {
            Inner::Gzip(mut decoder) => {
                decoder.try_finish().map_err(|_| DecodeError::Truncated)?;
                if decoder.get_ref().is_empty() {
                    Ok(())
                } else {
                    sink(decoder.get_ref())
                }
            }
            Inner::Deflate(_, End::Seen) | Inner::Brotli(_, End::Seen) => Ok(()),
            Inner::DeflateHead(_) | Inner::Deflate(_, End::Open) | Inner::Brotli(_, End::Open) => {
                Err(DecodeError::Truncated.into())
            }
        }
    }
}

fn inflate<E: From<DecodeError>>(
    decoder: &mut Decompress,
    end: &mut End,
    mut input: &[u8],
    give: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut piece = vec![0; PIECE.min(input.len().saturating_mul(8).max(1024))];
    while *end == End::Open {
        let (read, written) = (decoder.total_in(), decoder.total_out());
        let status = decoder
            .decompress(input, &mut piece, FlushDecompress::None)
            .map_err(|_| DecodeError::Malformed)?;
        let read = usize::try_from(decoder.total_in() - read).unwrap_or(usize::MAX);
        let written = usize::try_from(decoder.total_out() - written).unwrap_or(usize::MAX);
        input = input.get(read..).unwrap_or_default();
        give(piece.get(..written).unwrap_or_default())?;
        match status {
            Status::StreamEnd => *end = End::Seen,
            Status::Ok | Status::BufError if read == 0 && written == 0 => break,
            Status::Ok | Status::BufError => {}
        }
    }
    if input.is_empty() {
        Ok(())
    } else {
        Err(DecodeError::Malformed.into())
    }
}

fn unbrotli<E: From<DecodeError>>(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    end: &mut End,
    input: &[u8],
    give: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut piece = vec![0; PIECE.min(input.len().saturating_mul(8).max(1024))];
    let (mut available, mut offset) = (input.len(), 0);
    while *end == End::Open {
        let (mut room, mut written, mut total) = (piece.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut available,
            &mut offset,
            input,
            &mut room,
            &mut written,
            &mut piece,
            &mut total,
            state,
        );
        give(piece.get(..written).unwrap_or_default())?;
        match result {
            BrotliResult::ResultSuccess => *end = End::Seen,
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput => break,
            BrotliResult::ResultFailure => return Err(DecodeError::Malformed.into()),
        }
    }
    if available == 0 {
        Ok(())
    } else {
        Err(DecodeError::Malformed.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn coded(coding: &str, text: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "zlib" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "raw" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            _ => {
                let mut out = Vec::new();
                brotli::BrotliCompress(&mut &text[..], &mut out, &brotli::enc::BrotliEncoderParams::default()).unwrap();
                out
            }
        }
    }

    fn decode(coding: &str, body: &[u8], step: usize) -> Result<Vec<u8>, DecodeError> {
        let mut decoder = ContentDecoder::for_coding(coding).unwrap();
        let mut out = Vec::new();
        let mut sink = |piece: &[u8]| {
            assert!(piece.len() <= 1024 * 1024, "a piece of {}", piece.len());
            out.extend_from_slice(piece);
            Ok(())
        };
        for chunk in body.chunks(step) {
            decoder.push(chunk, &mut sink)?;
        }
        decoder.finish(&mut sink)?;
        Ok(out)
    }

    const CODINGS: [(&str, &str); 4] = [("gzip", "gzip"), ("zlib", "deflate"), ("raw", "deflate"), ("br", "br")];

    // R-13
    #[test]
    fn every_coding_in_any_pieces() {
        let text: Vec<u8> = (0..3000)
            .flat_map(|n| format!("<D:href>/a/{n}</D:href>").into_bytes())
            .collect();
        for (format, coding) in CODINGS {
            let body = coded(format, &text);
            for step in [1, 2, 7, 513, 65536] {
                assert_eq!(
                    decode(coding, &body, step).as_deref(),
                    Ok(text.as_slice()),
                    "{format} {step}"
                );
            }
        }
    }

    // R-13, B-100: a body that is cut off never looks whole.
    #[test]
    fn truncated_at_every_byte() {
        for (format, coding) in CODINGS {
            let body = coded(
                format,
                b"<D:multistatus xmlns:D=\"DAV:\"><D:response/><D:response/></D:multistatus>",
            );
            for end in 0..body.len() {
                assert!(decode(coding, &body[..end], 16).is_err(), "{format} cut at {end}");
            }
            assert!(decode(coding, &body, 16).is_ok(), "{format}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        for (format, coding) in CODINGS {
            let mut body = coded(format, &b"text ".repeat(50));
            body.extend_from_slice(b"garbage after the end");
            assert!(decode(coding, &body, 5).is_err(), "{format} with a tail");
            assert!(
                decode(coding, b"\xff\xff\xff\xffno such format", 3).is_err(),
                "{format} garbage"
            );
        }
    }

    #[test]
    fn several_gzip_members() {
        let body = [coded("gzip", b"one "), coded("gzip", b"two")].concat();
        for step in [1, 10, 1000] {
            assert_eq!(decode("gzip", &body, step).as_deref(), Ok(b"one two".as_slice()));
        }
    }

    #[test]
    fn bombs() {
        let zeros = vec![0; 16 * 1024 * 1024];
        for (format, coding) in CODINGS {
            let mut body = coded(format, &zeros);
            assert_eq!(decode(coding, &body, usize::MAX), Err(DecodeError::Bomb), "{format}");
            // The twin: as large, but not as dense.
            body = coded(format, &b"0123456789abcdef".repeat(128 * 1024));
            assert!(decode(coding, &body, usize::MAX).is_ok(), "{format}");
        }
    }

    #[test]
    fn names() {
        for good in ["gzip", "GZIP", " x-gzip ", "deflate", "br", "BR"] {
            assert!(ContentDecoder::for_coding(good).is_some(), "{good}");
        }
        for other in ["", "identity", "zstd", "compress", "gzip, br"] {
            assert!(ContentDecoder::for_coding(other).is_none(), "{other}");
        }
    }

    #[test]
    fn may_cross_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<ContentDecoder>();
    }
}
