//! The methods (section 1.1, M-1 to M-37): one closed list, case-sensitive, with what each is by nature. What is not on it is
//! unknown and never forwarded (M-40, M-41).

/// A rough kind, for metrics and for what a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// None allowed.
    None,
    /// The XML of this method, or nothing.
    Optional,
    /// The XML of this method.
    Required,
    /// Bytes that are the client's business; streamed.
    Opaque,
    /// Nothing; RFC 2518's `propertybehavior` is accepted and dropped.
    Dropped,
}

/// Whether a route lets a method pass without naming it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By its class.
    On,
    /// Only by its name.
    OptIn,
    /// Never.
    Off,
}

macro_rules! methods {
    ($($variant:ident $name:literal $standing:ident $body:ident,)*) => {
        /// A known method.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the variants are the methods' own names")]
        pub enum Method { $($variant,)* }

        impl Method {
            /// Every known method.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Reads a method token, exactly as written (M-40); `None` is unknown.
            pub fn parse(token: &str) -> Option<Self> {
                match token { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The token.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether a route lets it pass without naming it.
            pub fn standing(self) -> Standing {
                match self { $(Self::$variant => Standing::$standing,)* }
            }

            /// What its body may be.
            pub fn body_rule(self) -> BodyRule {
                match self { $(Self::$variant => BodyRule::$body,)* }
            }
        }
    };
}

methods! {
    Get "GET" On None,
    Head "HEAD" On None,
    Options "OPTIONS" On Optional,
    Put "PUT" On Opaque,
    Post "POST" OptIn Opaque,
    Patch "PATCH" OptIn Opaque,
    Delete "DELETE" On None,
    Trace "TRACE" Off None,
    Connect "CONNECT" Off None,
    Propfind "PROPFIND" On Optional,
    Proppatch "PROPPATCH" On Required,
    Mkcol "MKCOL" On Optional,
    Copy "COPY" On Dropped,
    Move "MOVE" On Dropped,
    Lock "LOCK" On Optional,
    Unlock "UNLOCK" On None,
    Report "REPORT" On Required,
    VersionControl "VERSION-CONTROL" OptIn Optional,
    Checkout "CHECKOUT" OptIn Optional,
    Checkin "CHECKIN" OptIn Optional,
    Uncheckout "UNCHECKOUT" OptIn Optional,
    Mkworkspace "MKWORKSPACE" OptIn Optional,
    Update "UPDATE" OptIn Required,
    Label "LABEL" OptIn Required,
    Merge "MERGE" OptIn Required,
    BaselineControl "BASELINE-CONTROL" OptIn Optional,
    Mkactivity "MKACTIVITY" OptIn Optional,
    Orderpatch "ORDERPATCH" OptIn Required,
    Acl "ACL" On Required,
    Mkredirectref "MKREDIRECTREF" Off Required,
    Updateredirectref "UPDATEREDIRECTREF" Off Required,
    Mkcalendar "MKCALENDAR" On Optional,
    Search "SEARCH" OptIn Required,
    Bind "BIND" Off Required,
    Unbind "UNBIND" Off Required,
    Rebind "REBIND" Off Required,
    Subscribe "SUBSCRIBE" Off Opaque,
    Unsubscribe "UNSUBSCRIBE" Off Opaque,
    Poll "POLL" Off Opaque,
    Notify "NOTIFY" Off Opaque,
    Bcopy "BCOPY" Off Opaque,
    Bmove "BMOVE" Off Opaque,
    Bdelete "BDELETE" Off Opaque,
    Bpropfind "BPROPFIND" Off Opaque,
    Bproppatch "BPROPPATCH" Off Opaque,
    XMsEnumatts "X-MS-ENUMATTS" Off Opaque,
    Purge "PURGE" Off Opaque,
    Query "QUERY" Off Opaque,
    Link "LINK" Off Opaque,
    Unlink "UNLINK" Off Opaque,
}

impl Method {
    /// Whether it is never forwarded.
    pub fn is_off(self) -> bool {
        self.standing() == Standing::Off
    }

    /// Whether it may be sent again when the back end's connection broke before any answer (B-100).
    pub fn is_safe(self) -> bool {
        matches!(
            self,
            Self::Get | Self::Head | Self::Options | Self::Propfind | Self::Report | Self::Search
        )
    }

    /// Whether its body streams through, unread. Every other method's request is held, and answered by the gateway's own
    /// exchange; OPTIONS too, whose XML (RFC 3253 section 3.2) is judged like any other, and GET: its answers are the long ones, of which
    /// pingora's way holds ten pieces for a client that takes none, the gateway's own one.
    pub fn streams(self) -> bool {
        matches!(self, Self::Head | Self::Put | Self::Post | Self::Patch)
    }
}

/// A set of methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodSet(u64);

impl MethodSet {
    /// The methods that make a server a DAV server: everything but those of the plain web and PUT, DELETE, PATCH.
    pub const DAV_ONLY: Self = {
        use Method::{Delete, Get, Head, Options, Patch, Post, Put};
        Self(!Self::of(&[Get, Head, Options, Post, Put, Delete, Patch]).0)
    };

    /// The class `read`.
    pub const READ: Self = {
        use Method::{Get, Head, Options, Propfind, Report};
        Self::of(&[Options, Get, Head, Propfind, Report])
    };

    /// The class `write`.
    pub const WRITE: Self = {
        use Method::{Copy, Delete, Mkcalendar, Mkcol, Move, Proppatch, Put};
        Self::of(&[Put, Delete, Mkcol, Mkcalendar, Copy, Move, Proppatch])
    };

    /// The class `lock`.
    pub const LOCK: Self = Self::of(&[Method::Lock, Method::Unlock]);

    /// The class `acl`.
    pub const ACL: Self = Self::of(&[Method::Acl]);

    /// The class `web`.
    pub const WEB: Self = {
        use Method::{Get, Head, Options, Post};
        Self::of(&[Options, Get, Head, Post])
    };

    /// The set of `methods`.
    pub const fn of(methods: &[Method]) -> Self {
        let mut bits = 0;
        let mut rest = methods;
        while let [first, tail @ ..] = rest {
            bits |= 1 << *first as u8;
            rest = tail;
        }
        Self(bits)
    }

    /// Every method.
    pub const fn all() -> Self {
        Self(u64::MAX)
    }

    /// What is in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this one and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether anything is in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether `method` is in it.
    pub const fn contains(self, method: Method) -> bool {
        self.0 & (1 << method as u8) != 0
    }

    /// Its methods, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.iter().copied().filter(move |m| self.contains(*m))
    }

    /// The value of an `Allow` header.
    pub fn allow(self) -> String {
        self.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // M-1 to M-37, M-40: names are exact, and every method is itself again
    #[test]
    fn names() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(*method));
            assert_eq!(Method::parse(&method.as_str().to_lowercase()), None);
            assert!(MethodSet::of(&[*method]).iter().eq([*method]));
        }
        assert_eq!(Method::parse("FOO"), None);
        assert!(Method::ALL.len() < 64);
    }

    // B-60 to B-69: what may hold XML is never streamed past the reader
    #[test]
    fn xml_is_held() {
        use Method::{Head, Patch, Post, Put};
        for method in Method::ALL.iter().filter(|method| !method.is_off()) {
            assert_eq!(
                method.streams(),
                [Head, Put, Post, Patch].contains(method),
                "{method:?}"
            );
            let xml = matches!(
                method.body_rule(),
                BodyRule::Optional | BodyRule::Required | BodyRule::Dropped
            );
            assert!(!(method.streams() && xml), "{method:?}");
        }
    }
}
