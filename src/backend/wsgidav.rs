//! WsgiDAV.

use crate::policy::profile::Profile;

/// WsgiDAV.
pub static WSGIDAV: Profile = Profile {
    name: "wsgidav",
    // It keeps the `#`.
    cuts_destination: true,
    ..Profile::PLAIN
};
