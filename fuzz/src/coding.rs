//! Content codings of answers (R-13): however the bytes are cut, the same comes out, in small pieces.

use davgate::rewrite::decode::{ContentDecoder, DecodeError};

use crate::input::Input;

/// No piece that a decoder gives out is larger, in bytes.
const LARGEST_PIECE: usize = 1 << 20;

/// `input`: which coding, where the bytes are cut, then the bytes.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let name = *input.pick(&["gzip", "deflate", "br"]);
    let cut = usize::from(input.byte());
    let coded = input.rest();
    let whole = decode(name, &[coded]);
    let (first, second) = coded.split_at(cut.min(coded.len()));
    assert_eq!(decode(name, &[first, second]), whole, "cut at {cut}");
    let bytes: Vec<&[u8]> = coded.chunks(1).collect();
    assert_eq!(decode(name, &bytes), whole, "byte by byte");
}

/// Length and hash of what comes out, or why nothing whole does: which of the reasons may depend on the pieces.
fn decode(name: &str, pieces: &[&[u8]]) -> Option<(usize, u64)> {
    let mut decoder = ContentDecoder::for_coding(name)?;
    let (mut length, mut hash) = (0, 0xcbf2_9ce4_8422_2325_u64);
    let mut sink = |piece: &[u8]| {
        assert!(piece.len() <= LARGEST_PIECE, "{} bytes at once", piece.len());
        length += piece.len();
        for byte in piece {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok::<_, DecodeError>(())
    };
    for piece in pieces {
        decoder.push(piece, &mut sink).ok()?;
    }
    decoder.finish(&mut sink).ok()?;
    Some((length, hash))
}
