//! What the fuzz targets do. In: the bytes of one input. Out: nothing, or a panic where something that is promised does not hold. A room
//! of davgate has a file here; `fuzz_targets/` only gives each a name. README.md says how they are run.

pub mod answer_head;
pub mod answer_xml;
pub mod back_end_answer;
pub mod coding;
pub mod config;
pub mod destination;
pub mod filter;
pub mod framing;
pub mod headers;
pub mod htpasswd;
pub mod if_header;
mod input;
pub mod jwt;
pub mod path;
pub mod record;
pub mod request;
pub mod request_xml;
pub mod seal;
mod site;
mod xml;

use std::alloc::System;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use cap::Cap;
use cpu_time::ThreadTime;

/// What one input may have allocated at any moment, beyond what was there before it.
const MEMORY: usize = 64 << 20;
/// What all inputs together may leave behind: caches that fill once, nothing that grows.
const LEFT_BEHIND: usize = 8 << 20;
/// After so many inputs everything is there that is made once.
const WARM: u64 = 1000;
/// What one input may take of a processor's time.
const TIME: Duration = Duration::from_secs(1);

#[global_allocator]
static MEMORY_IN_USE: Cap<System> = Cap::new(System, usize::MAX);
static INPUTS: AtomicU64 = AtomicU64::new(0);
static WARM_MEMORY: AtomicUsize = AtomicUsize::new(0);

/// Makes a program for libFuzzer of a function that is given each input.
#[macro_export]
macro_rules! target {
    ($check:path) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::within_bounds(data, $check));
    };
}

/// Gives `input` to `check`, and fails too when that takes more than a second, or too much memory, or keeps some. The time is the
/// processor's, so that a busy machine is no failure; what waits for ever is for `-timeout`.
pub fn within_bounds(input: &[u8], check: fn(&[u8])) {
    let before = MEMORY_IN_USE.allocated();
    let number = INPUTS.fetch_add(1, Ordering::Relaxed);
    if number == WARM {
        WARM_MEMORY.store(before, Ordering::Relaxed);
    } else if number > WARM {
        let warm = WARM_MEMORY.load(Ordering::Relaxed);
        assert!(before < warm + LEFT_BEHIND, "memory grows: {warm} bytes, now {before}");
    }
    // Above it an allocation fails, which ends the process.
    let _ = MEMORY_IN_USE.set_limit(before + MEMORY);
    let start = ThreadTime::now();
    check(input);
    let taken = start.elapsed();
    let _ = MEMORY_IN_USE.set_limit(usize::MAX);
    assert!(taken < TIME, "took {} ms", taken.as_millis());
}
