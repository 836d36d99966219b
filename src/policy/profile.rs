//! What each kind of back end needs or gets wrong, as data. Code asks for a habit by its name, never for a product.

use super::{Method, MethodSet};

/// The kinds of back end that davgate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Apache httpd with mod_dav.
    Apache,
    /// nginx with its dav and dav-ext modules.
    Nginx,
    /// Zope.
    Zope,
    /// Plone on Zope.
    Plone,
    /// Radicale.
    Radicale,
    /// SabreDAV.
    Sabredav,
    /// A server that keeps to the RFCs, as far as is known.
    Generic,
    /// The back end inside this program.
    Embedded,
}

/// The habits of one kind of back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Names that belong to the server itself: `name` or `name*` (P-8).
    pub reserved: &'static [&'static str],
    /// It cuts names off at `;`, `?` and `#` in a Destination (section 2.1).
    pub cuts_destination: bool,
    /// It writes an upload to a temporary name and renames it at the end, so that an upload that breaks leaves nothing:
    /// such a body is streamed, any other is spooled to a file first and then sent with its length (B-91, B-94).
    pub atomic_put: bool,
    /// It takes any attribute of an object for a page: `GET /page/DELETE`, `?DELETE:method=1` and XML-RPC reach what the method
    /// filter forbids, unless they are refused as what they are (Z-3, Z-20).
    /// These are the names of such attributes; empty for all that have none.
    pub published: &'static [&'static str],
    /// A PUT on a collection replaces it with all it holds; others refuse it.
    pub put_replaces: bool,
    /// It reads a Depth infinity PROPFIND as something else: never forward one (B-22).
    pub no_infinity: bool,
    /// It refuses a Destination that ends in a slash when the target does not, and the other way round (B-38), and a MKCOL without
    /// one (P-7).
    pub matches_slashes: bool,
    /// It hands out entity tags without quotes, which clients send back so (B-46).
    pub bare_entity_tags: bool,
    /// To PROPFIND, a URL that is locked and has nothing yet (RFC 2518 section 7.4) looks like a resource without entity tag and date,
    /// which all others have.
    pub lock_null: bool,
    /// It has locks that can be relied on (class 2).
    pub class_2: bool,
    /// It keeps the owner of a lock as the XML that it was, elements and attributes included (L-8).
    pub keeps_owner: bool,
    /// Of a list in If it reads one condition (L-26).
    pub one_condition: bool,
    /// If is one token to it, of the lock that is in the way: it looks at nothing else there, and refuses whatever makes something and has
    /// an If, unless the collection is locked; then it must have one (L-26).
    pub if_is_a_key: bool,
    /// The conditions that it evaluates, on a write, before it writes.
    pub conditions: Conditions,
    /// What it can do at most, of the methods of section 1.1.
    pub methods: MethodSet,
}

/// Conditions that a back end evaluates. What it does not, the gateway makes up for by keeping writes apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `If-None-Match: *`.
    pub absent: bool,
    /// `If-Match: *`.
    pub present: bool,
    /// `If-Match` with a strong entity tag.
    pub version: bool,
    /// `If` with an entity tag, weak ones too, and with several conditions in a list.
    pub weak_version: bool,
}

impl Conditions {
    /// None of them.
    pub const NONE: Self = Self {
        absent: false,
        present: false,
        version: false,
        weak_version: false,
    };

    /// Those of RFC 9110.
    pub const HTTP: Self = Self {
        absent: true,
        present: true,
        version: true,
        weak_version: false,
    };
}

impl Profile {
    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apache => "apache",
            Self::Nginx => "nginx",
            Self::Zope => "zope",
            Self::Plone => "plone",
            Self::Radicale => "radicale",
            Self::Sabredav => "sabredav",
            Self::Generic => "generic",
            Self::Embedded => "embedded",
        }
    }

    /// What is known of this kind of back end.
    pub fn habits(self) -> Habits {
        use Method::{Copy, Delete, Get, Head, Lock, Mkcol, Move, Options, Post, Propfind, Proppatch, Put, Unlock};
        const CLASS_2: MethodSet = MethodSet::of(&[
            Options, Get, Head, Post, Put, Delete, Propfind, Proppatch, Mkcol, Copy, Move, Lock, Unlock,
        ]);
        let plain = Habits {
            reserved: &[],
            cuts_destination: false,
            atomic_put: false,
            published: &[],
            put_replaces: false,
            no_infinity: false,
            matches_slashes: false,
            bare_entity_tags: false,
            lock_null: false,
            class_2: true,
            keeps_owner: false,
            one_condition: false,
            if_is_a_key: false,
            // Not of the unknown: many servers take a condition and do not look at it.
            conditions: Conditions::NONE,
            methods: MethodSet::all(),
        };
        match self {
            Self::Apache => Habits {
                reserved: &[".DAV", ".ht*"],
                atomic_put: true,
                lock_null: true,
                keeps_owner: true,
                // For about a second after a write its entity tags are weak.
                conditions: Conditions {
                    weak_version: true,
                    ..Conditions::HTTP
                },
                ..plain
            },
            Self::Nginx => Habits {
                class_2: false,
                atomic_put: true,
                matches_slashes: true,
                ..plain
            },
            Self::Zope | Self::Plone => Habits {
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
                ..plain
            },
            Self::Radicale => Habits {
                class_2: false,
                reserved: &[".Radicale*"],
                cuts_destination: true,
                put_replaces: true,
                no_infinity: true,
                // It takes the `*` of If-Match for an entity tag.
                conditions: Conditions {
                    present: false,
                    ..Conditions::HTTP
                },
                ..plain
            },
            Self::Sabredav => Habits {
                keeps_owner: true,
                one_condition: true,
                no_infinity: true,
                conditions: Conditions::HTTP,
                ..plain
            },
            Self::Generic => plain,
            Self::Embedded => Habits {
                atomic_put: true,
                conditions: Conditions::HTTP,
                methods: CLASS_2,
                ..plain
            },
        }
    }
}
