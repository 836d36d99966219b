//! Who is asking. In: what a connection and a head prove. Out: a principal, or that there is none.

pub mod principal;

pub use principal::{Principal, UnsafeName};
