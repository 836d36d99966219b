//! SabreDAV.

use crate::policy::profile::{Conditions, Profile};

/// SabreDAV.
pub static SABREDAV: Profile = Profile {
    name: "sabredav",
    keeps_owner: true,
    one_condition: true,
    no_infinity: true,
    conditions: Conditions::HTTP,
    ..Profile::PLAIN
};
