//! nginx with its dav and dav-ext modules.

use crate::policy::{profile::Profile, sign::Sign};

/// nginx with its dav and dav-ext modules.
pub static NGINX: Profile = Profile {
    name: "nginx",
    title: "nginx with its dav and dav-ext modules",
    signs: &[
        Sign::field("allow", "GET,HEAD,PUT,DELETE,MKCOL,COPY,MOVE,PROPFIND,OPTIONS", 2),
        Sign::field("server", "nginx", 1),
    ],
    start: &["locking: emulate", "dead_properties: discard"],
    class_2: false,
    atomic_put: true,
    matches_slashes: true,
    keeps_kind: true,
    ..Profile::PLAIN
};
