//! lighttpd with mod_webdav.

use crate::policy::profile::Profile;

/// lighttpd with mod_webdav.
pub static LIGHTTPD: Profile = Profile {
    name: "lighttpd",
    // It keeps what is being uploaded under a temporary name, and refuses every Depth infinity.
    atomic_put: true,
    no_infinity: true,
    // Of two tokens in a list one is enough for it.
    one_condition: true,
    ..Profile::PLAIN
};
