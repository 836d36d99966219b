//! What the gateway tells about itself: one line a request, one more where something was refused or written, numbers, and its own log.

pub mod access;
pub mod audit;
pub mod clock;
pub mod lines;
pub mod locks;
pub mod log;
pub mod metrics;
