//! Radicale.

use crate::policy::{
    profile::{Conditions, Profile, PublicUrls},
    sign::Sign,
};

/// Radicale.
pub static RADICALE: Profile = Profile {
    name: "radicale",
    title: "Radicale",
    signs: &[
        Sign::field("www-authenticate", "Radicale", 4),
        Sign::field("dav", "calendar-access, addressbook, extended-mkcol", 2),
    ],
    class_2: false,
    reserved: &[".Radicale*"],
    cuts_destination: true,
    put_replaces: true,
    no_infinity: true,
    public_urls: PublicUrls::ScriptName,
    // It takes the `*` of If-Match for an entity tag.
    conditions: Conditions {
        present: false,
        ..Conditions::HTTP
    },
    ..Profile::PLAIN
};
