//! nginx with its dav and dav-ext modules.

use crate::policy::profile::Profile;

/// nginx with its dav and dav-ext modules.
pub static NGINX: Profile = Profile {
    name: "nginx",
    class_2: false,
    atomic_put: true,
    matches_slashes: true,
    keeps_kind: true,
    ..Profile::PLAIN
};
