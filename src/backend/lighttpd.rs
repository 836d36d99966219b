//! lighttpd with mod_webdav.

use crate::policy::{profile::Profile, sign::Sign};

/// lighttpd with mod_webdav.
pub static LIGHTTPD: Profile = Profile {
    name: "lighttpd",
    title: "lighttpd with mod_webdav",
    signs: &[
        Sign::field("allow", "PROPFIND, DELETE, MKCOL, PUT, MOVE, COPY", 2),
        Sign::field("server", "lighttpd", 1),
    ],
    // It forgets whose a lock is.
    start: &["locking: emulate"],
    // It keeps what is being uploaded under a temporary name, and refuses every Depth infinity.
    atomic_put: true,
    no_infinity: true,
    // Of two tokens in a list one is enough for it.
    one_condition: true,
    ..Profile::PLAIN
};
