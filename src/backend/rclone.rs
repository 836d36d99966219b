//! rclone serve webdav.

use crate::policy::profile::Profile;

/// rclone serve webdav.
pub static RCLONE: Profile = Profile {
    name: "rclone",
    ..Profile::PLAIN
};
