//! Zope, and Plone on it.

use crate::policy::{
    profile::{Profile, PublicUrls},
    sign::Sign,
};

const SIGNS: [Sign; 2] = [
    Sign::field("x-powered-by", "Zope", 4),
    Sign::field("www-authenticate", "realm=\"Zope\"", 2),
];

const PLONE_SIGNS: [Sign; 4] = [
    SIGNS[0],
    SIGNS[1],
    Sign::page("content=\"Plone", 4),
    Sign::page("\"error_type\": \"Unauthorized\"", 2),
];

/// Zope.
pub static ZOPE: Profile = Profile {
    name: "zope",
    title: "Zope",
    signs: &SIGNS,
    // Its own locks open to any token.
    start: &[
        "  urls: external",
        "# hosts: [dav.example.org]    # the names that links of pages may have; without, clients choose",
        "locking: emulate",
    ],
    reserved: &[
        "VirtualHostBase",
        "VirtualHostRoot",
        "_vh_*",
        "aq_*",
        "REQUEST",
        "manage_*",
    ],
    published: &[
        "HEAD",
        "GET",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "ACL",
        "REPORT",
        "SEARCH",
    ],
    bare_entity_tags: true,
    if_is_a_key: true,
    closes_after_head: true,
    owner_is_repr: true,
    half_quoted: true,
    public_urls: PublicUrls::VirtualHost,
    acquires: true,
    ..Profile::PLAIN
};

/// Plone.
pub static PLONE: Profile = Profile {
    name: "plone",
    title: "Plone",
    signs: &PLONE_SIGNS,
    redirects_moved: true,
    folder_data: Some("_data"),
    ..ZOPE
};
