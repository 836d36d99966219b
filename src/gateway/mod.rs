//! The only room that knows pingora: the listener, the stages of a request in order, the two exchanges with a back end, and clients'
//! bodies. `run` makes a server of a policy.

pub mod context;
pub mod downstream;
pub mod exchange;
mod http10;
pub mod identify;
mod identity_test;
pub mod incoming;
pub mod lock_memory;
pub mod pace;
mod passage;
mod proxy;
mod relay;
mod respond;
#[cfg(test)]
mod scripted;
pub mod serve;
pub mod server;
pub mod spool;
pub mod stream;
mod tell;
mod tls;
pub mod transact;
pub mod upstream;
pub mod upstream_error;
pub mod view;

pub use serve::{StartError, run};
