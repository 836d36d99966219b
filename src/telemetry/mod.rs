//! What the gateway tells about itself: one line a request, numbers, and its own log.

pub mod access;
pub mod clock;
pub mod log;
pub mod metrics;
