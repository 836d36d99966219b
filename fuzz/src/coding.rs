//! Content codings of answers (R-13): however the bytes are cut, the same comes out, in small pieces; and what was coded comes out whole.

use std::io::Write;

use davgate::rewrite::decode::{ContentDecoder, DecodeError};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use crate::input::Input;

/// No piece that a decoder gives out is larger, in bytes.
const LARGEST_PIECE: usize = 1 << 20;

/// Codes bytes.
type Coder = fn(&[u8]) -> Vec<u8>;

/// `input`: which coding, where the bytes are cut, then the bytes: as they come, or yet to be coded.
pub fn check(input: &[u8]) {
    let codings: [(&str, Option<Coder>); 7] = [
        ("gzip", None),
        ("deflate", None),
        ("br", None),
        ("gzip", Some(gzip)),
        ("deflate", Some(zlib)),
        ("deflate", Some(raw_deflate)),
        ("br", Some(brotli)),
    ];
    let mut input = Input::new(input);
    let &(name, coder) = input.pick(&codings);
    let cut = usize::from(input.byte());
    let text = input.rest();
    let coded = coder.map(|coder| coder(text));
    let outcomes = in_pieces(name, coded.as_deref().unwrap_or(text), cut);
    if coded.is_some() {
        assert_eq!(outcomes, [Some(told(text)); 3], "{name}: something else came out");
        return;
    }
    // Whether brotli-decompressor sees that a stream is broken depends on how much of it is there at once.
    let seen = |out: &Option<(usize, u64)>| name != "br" || out.is_some();
    let mut outcomes = outcomes.into_iter().filter(seen);
    let first = outcomes.next();
    assert!(
        outcomes.all(|out| Some(out) == first),
        "{name}: the pieces matter, cut at {cut}"
    );
}

/// What comes out of one piece, of two and of many.
fn in_pieces(name: &str, coded: &[u8], cut: usize) -> [Option<(usize, u64)>; 3] {
    let (first, second) = coded.split_at(cut.min(coded.len()));
    let bytes: Vec<&[u8]> = coded.chunks(1).collect();
    [&[coded][..], &[first, second], &bytes].map(|pieces| decode(name, pieces))
}

/// Length and hash of what comes out, or why nothing whole does: which of the reasons may depend on the pieces.
fn decode(name: &str, pieces: &[&[u8]]) -> Option<(usize, u64)> {
    let mut decoder = ContentDecoder::for_coding(name)?;
    let mut out = (0, START);
    let mut sink = |piece: &[u8]| {
        assert!(piece.len() <= LARGEST_PIECE, "{} bytes at once", piece.len());
        out = more(out, piece);
        Ok::<_, DecodeError>(())
    };
    for piece in pieces {
        decoder.push(piece, &mut sink).ok()?;
    }
    decoder.finish(&mut sink).ok()?;
    Some(out)
}

const START: u64 = 0xcbf2_9ce4_8422_2325;

fn told(text: &[u8]) -> (usize, u64) {
    more((0, START), text)
}

fn more((length, hash): (usize, u64), piece: &[u8]) -> (usize, u64) {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    (length + piece.len(), piece.iter().fold(hash, step))
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
    coder.write_all(text).unwrap();
    coder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut coder = ZlibEncoder::new(Vec::new(), Compression::fast());
    coder.write_all(text).unwrap();
    coder.finish().unwrap()
}

fn raw_deflate(text: &[u8]) -> Vec<u8> {
    let mut coder = DeflateEncoder::new(Vec::new(), Compression::fast());
    coder.write_all(text).unwrap();
    coder.finish().unwrap()
}

fn brotli(text: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    brotli::CompressorWriter::new(&mut coded, 4096, 0, 16)
        .write_all(text)
        .unwrap();
    coded
}
