//! Who is asking. In: what a connection and a head prove. Out: a principal, or that there is none.

pub mod authenticator;
pub mod backend;
pub mod basic;
pub mod bearer;
pub mod challenge;
pub mod claim;
pub mod client_certificate;
pub mod credentials;
pub mod fingerprint;
pub mod groups;
pub mod keyed;
pub mod outbound;
pub mod passwords;
pub mod principal;
pub mod proved;
pub mod refusal;
pub mod secret;
pub mod settings;
pub mod throttle;
pub mod trusted_header;
pub mod watched;

pub use authenticator::{Asking, Authenticator, OpenError};
pub use principal::{Principal, UnsafeName};
pub use refusal::Refusal;
pub use secret::Secret;
pub use settings::{BackEndCredentials, IdentitySettings};
