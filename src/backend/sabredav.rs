//! SabreDAV.

use crate::policy::{
    profile::{Conditions, Profile},
    sign::Sign,
};

/// SabreDAV.
pub static SABREDAV: Profile = Profile {
    name: "sabredav",
    title: "SabreDAV",
    signs: &[Sign::field("x-sabre-version", "", 4), Sign::page("sabredav.org/ns", 4)],
    keeps_owner: true,
    errors_from_base: true,
    one_condition: true,
    no_infinity: true,
    conditions: Conditions::HTTP,
    ..Profile::PLAIN
};
