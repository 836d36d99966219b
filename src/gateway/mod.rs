//! The only room that knows pingora: the listener, the stages of a request in order, the two exchanges with a back end, and clients'
//! bodies. `run` makes a server of a policy.

mod ask;
pub mod context;
pub mod downstream;
pub mod exchange;
mod http10;
pub mod identify;
mod identity_test;
pub mod incoming;
mod listing;
pub mod lock_memory;
pub mod pace;
mod passage;
mod proxy;
mod raced;
mod relay;
mod respond;
#[cfg(test)]
mod scripted;
pub mod serve;
pub mod server;
pub mod spool;
pub mod state_memory;
pub mod stream;
mod tell;
mod tls;
pub mod transact;
mod turns;
pub mod upstream;
pub mod upstream_error;
pub mod view;

pub use serve::{StartError, run};
