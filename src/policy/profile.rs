//! What is asked of each kind of back end. Code asks for a habit by its name, never for a product; the answers, a file for each kind, are in
//! the room `backend`.

use super::{MethodSet, sign::Sign};

/// What one kind of back end needs or gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name in the configuration.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// By what it is known.
    pub signs: &'static [Sign],
    /// What a route in front of it begins with: lines of the configuration.
    pub start: &'static [&'static str],
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
    /// It puts no file in the place of a collection: COPY and MOVE are 409 then (RFC 4918 section 9.8.4).
    pub keeps_kind: bool,
    /// It answers MKCOL of a folder that is there as if it had made it (RFC 4918 section 9.3.1): asked for before (B-98).
    pub makes_again: bool,
    /// What is moved leaves a redirect behind, which answers every method at the old URL (P-15).
    pub redirects_moved: bool,
    /// Its connection serves nothing after an answer to HEAD: it closes it, or sends a body all the same.
    pub closes_after_head: bool,
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
    /// It tells the owner of a lock as the text of a Python value, `b'<D:href>...</D:href>'`, with prefixes that nothing declares (F-14).
    pub owner_is_repr: bool,
    /// It does not encode a URL of a multistatus that holds a `%` already, and some of them twice (Z-16).
    pub half_quoted: bool,
    /// URLs in the bodies of its errors are paths without a slash, from where its own URLs begin.
    pub errors_from_base: bool,
    /// How it learns the public URLs that it writes with `urls: external`.
    pub public_urls: PublicUrls,
    /// The name in every folder of what is the folder itself, as a document: whoever writes it changes the folder (Z-11).
    pub folder_data: Option<&'static str>,
    /// What a folder holds is found in all folders below it as well (Z-10).
    pub acquires: bool,
    /// What it can do at most, of the methods of section 1.1.
    pub methods: MethodSet,
}

/// How a back end that writes public URLs learns them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicUrls {
    /// From its own configuration; the URLs in requests are the back end's.
    Configured,
    /// From the target of each request, which Zope's VirtualHostMonster takes apart; all other URLs in requests are public (Z-17).
    VirtualHost,
    /// From the header field X-Script-Name of each request; all other URLs in requests have the public path (section 2.1).
    ScriptName,
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
    /// A server without habits, that nobody has looked at.
    pub const PLAIN: Self = Self {
        name: "",
        title: "a server",
        signs: &[],
        start: &[],
        reserved: &[],
        cuts_destination: false,
        atomic_put: false,
        published: &[],
        put_replaces: false,
        no_infinity: false,
        matches_slashes: false,
        keeps_kind: false,
        makes_again: false,
        redirects_moved: false,
        closes_after_head: false,
        bare_entity_tags: false,
        lock_null: false,
        class_2: true,
        keeps_owner: false,
        one_condition: false,
        if_is_a_key: false,
        // Not of the unknown: many servers take a condition and do not look at it.
        conditions: Conditions::NONE,
        owner_is_repr: false,
        half_quoted: false,
        errors_from_base: false,
        public_urls: PublicUrls::Configured,
        folder_data: None,
        acquires: false,
        methods: MethodSet::all(),
    };
}
