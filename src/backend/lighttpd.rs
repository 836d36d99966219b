//! lighttpd with mod_webdav.

use crate::policy::profile::Profile;

/// lighttpd with mod_webdav.
pub static LIGHTTPD: Profile = Profile {
    name: "lighttpd",
    // It keeps what is being uploaded under a temporary name, and refuses every Depth infinity.
    atomic_put: true,
    no_infinity: true,
    ..Profile::PLAIN
};
