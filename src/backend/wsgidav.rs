//! WsgiDAV.

use crate::policy::profile::Profile;

/// WsgiDAV.
pub static WSGIDAV: Profile = Profile {
    name: "wsgidav",
    ..Profile::PLAIN
};
