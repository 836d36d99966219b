//! Apache httpd with mod_dav.

use crate::policy::{
    profile::{Conditions, Profile},
    sign::Sign,
};

/// Apache httpd with mod_dav.
pub static APACHE: Profile = Profile {
    name: "apache",
    title: "Apache httpd with mod_dav",
    signs: &[
        Sign::field("dav", "apache.org/dav/propset", 4),
        Sign::field("server", "Apache", 1),
    ],
    reserved: &[".DAV", ".ht*"],
    atomic_put: true,
    lock_null: true,
    keeps_owner: true,
    // For about a second after a write its entity tags are weak.
    conditions: Conditions {
        weak_version: true,
        ..Conditions::HTTP
    },
    ..Profile::PLAIN
};
