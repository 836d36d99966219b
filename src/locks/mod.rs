//! Locks (RFC 4918 sections 6 and 7), pure: what a lock is, which locks concern a resource, which conflict, which a request has satisfied.
//! No I/O and no clock: `store` keeps them and knows the time.

pub mod claim;
pub mod condition;
mod index;
pub mod lock;
pub mod seal;
pub mod near;
pub mod table;

pub use claim::{Claim, Creator, Reach};
pub use lock::{Lock, LockDepth, LockPath};
pub use near::Near;
