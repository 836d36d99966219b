//! The only room that knows pingora: the listener, the stages of a request in order, the two exchanges with a back end, and clients'
//! bodies. `run` makes a server of a policy.

mod ask;
pub mod connect;
pub mod context;
mod discard;
mod discover;
mod door;
pub mod downstream;
mod elsewhere;
mod emulate;
pub mod exchange;
mod fair;
mod http10;
mod http2;
pub mod identify;
mod identity_test;
pub mod incoming;
mod intent;
mod learn;
mod listing;
mod lock_view;
pub mod locking;
pub mod observe;
pub mod pace;
mod passage;
mod places;
mod proxy;
mod raced;
mod refusing;
mod relay;
mod release;
mod replacing;
mod respond;
mod room;
#[cfg(test)]
mod scripted;
pub mod serve;
pub mod server;
pub mod spool;
mod standing;
pub mod state_memory;
pub mod store_watch;
pub mod stream;
mod streams;
mod survey;
mod tell;
mod tls;
pub mod transact;
mod turns;
pub mod upstream;
pub mod upstream_error;
pub mod view;
pub mod watch;
mod wire;

pub use serve::{StartError, run};
