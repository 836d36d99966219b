//! Who may do what where (RFC 3744): privileges, access control entries, and their evaluation. In: rules in file order, a principal
//! and a key relative to the route. Out: for each privilege whether it is granted, and by which rule. Nothing granted is denied.

pub mod ace;
pub mod acl;
pub mod bearing;
pub mod privilege;
pub mod verdict;

#[cfg(test)]
pub(crate) mod naive;

pub use ace::{Ace, Effect, Who};
pub use acl::{AccessOf, Acl, Scope};
pub use bearing::{Bearing, Considered};
pub use privilege::{Privilege, PrivilegeSet, Supported};
pub use verdict::{Refusal, Verdict};
