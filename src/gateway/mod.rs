//! The only room that knows pingora: back ends as peers, exchanges with them, and clients' bodies.

pub mod downstream;
pub mod exchange;
pub mod incoming;
pub mod pace;
#[cfg(test)]
mod scripted;
pub mod spool;
pub mod transact;
pub mod upstream;
pub mod upstream_error;
