//! rclone serve webdav.

use crate::policy::{profile::Profile, sign::Sign};

/// rclone serve webdav.
pub static RCLONE: Profile = Profile {
    name: "rclone",
    title: "rclone serve webdav",
    signs: &[
        Sign::field("server", "rclone", 4),
        Sign::field(
            "allow",
            "OPTIONS, LOCK, DELETE, PROPPATCH, COPY, MOVE, UNLOCK, PROPFIND",
            2,
        ),
    ],
    start: &["locking: emulate", "dead_properties: discard"],
    makes_again: true,
    // It knows no entity tags there, and looks no further than the token of the lock.
    one_condition: true,
    ..Profile::PLAIN
};
