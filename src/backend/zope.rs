//! Zope, and Plone on it.

use crate::policy::profile::{Profile, PublicUrls};

/// Zope.
pub static ZOPE: Profile = Profile {
    name: "zope",
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
    redirects_moved: true,
    ..ZOPE
};
