//! rclone serve webdav.

use crate::policy::profile::Profile;

/// rclone serve webdav.
pub static RCLONE: Profile = Profile {
    name: "rclone",
    // It knows no entity tags there, and looks no further than the token of the lock.
    one_condition: true,
    ..Profile::PLAIN
};
