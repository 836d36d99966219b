//! Stock zlib under the name that flate2's `zlib-ng` feature links.
pub use libz_sys::*;
