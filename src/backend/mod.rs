//! Kinds of back end: what each of them needs or gets wrong, as data, a file each. In: a name of the configuration. Out: its [`Profile`].
//! What the questions mean stands in `policy/profile.rs`; that the answers are right is tested against the real servers.

mod apache;
mod embedded;
mod generic;
mod lighttpd;
mod nginx;
mod radicale;
mod rclone;
mod sabredav;
mod wsgidav;
mod zope;

pub use apache::APACHE;
pub use embedded::EMBEDDED;
pub use generic::GENERIC;
pub use lighttpd::LIGHTTPD;
pub use nginx::NGINX;
pub use radicale::RADICALE;
pub use rclone::RCLONE;
pub use sabredav::SABREDAV;
pub use wsgidav::WSGIDAV;
pub use zope::{PLONE, ZOPE};

use crate::policy::Profile;

/// Every kind that is known.
pub static ALL: [&Profile; 11] = [
    &APACHE, &NGINX, &LIGHTTPD, &ZOPE, &PLONE, &RADICALE, &SABREDAV, &WSGIDAV, &RCLONE, &GENERIC, &EMBEDDED,
];

/// The kind with this name.
pub fn look_up(name: &str) -> Option<&'static Profile> {
    ALL.into_iter().find(|profile| profile.name == name)
}
