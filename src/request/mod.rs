//! Facts: what a request says, read once and without judging policy. Malformed is an error, absent and legal is `None`.

pub mod body_kind;
pub mod depth;
pub mod framing;
pub mod if_header;
pub mod locate;
pub mod lock_token;
pub mod operation;
pub mod position;
pub mod published;
pub mod single;
pub mod state;
pub mod sync_token;
pub mod timeout;

pub use depth::Depth;
pub use if_header::If;
pub use locate::{LocateError, Located, Neighbourhood};
pub use lock_token::LockToken;
pub use operation::Operation;
pub use position::Position;
pub use state::State;
