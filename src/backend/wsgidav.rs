//! WsgiDAV.

use crate::policy::{profile::Profile, sign::Sign};

/// WsgiDAV.
pub static WSGIDAV: Profile = Profile {
    name: "wsgidav",
    title: "WsgiDAV",
    signs: &[Sign::field("server", "WsgiDAV", 4)],
    // It keeps the `#`.
    cuts_destination: true,
    ..Profile::PLAIN
};
