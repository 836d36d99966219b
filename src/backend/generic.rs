//! A server that nothing is known of.

use crate::policy::profile::Profile;

/// A server that keeps to the RFCs, as far as is known.
pub static GENERIC: Profile = Profile {
    name: "generic",
    title: "a server in general",
    ..Profile::PLAIN
};
