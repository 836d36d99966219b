//! The two-way prefix map: public prefix ↔ the back end's, by whole segments, exact inverses of each other.
//! Public and upstream paths are different types, so that one cannot be sent where the other belongs.

use std::fmt;

use super::path::CanonicalPath;

/// A path in the clients' URL space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPath(pub CanonicalPath);

/// A path in the back end's URL space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamPath(pub CanonicalPath);

impl fmt::Display for PublicPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UpstreamPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Public prefix and back-end prefix of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixMap {
    public: PublicPath,
    upstream: UpstreamPath,
}

impl PrefixMap {
    /// Maps `public` to `upstream`; both are collections, whether written with a slash or not.
    pub fn new(public: CanonicalPath, upstream: CanonicalPath) -> Self {
        Self {
            public: PublicPath(public.with_slash(true)),
            upstream: UpstreamPath(upstream.with_slash(true)),
        }
    }

    /// The public prefix, E.
    pub fn public(&self) -> &PublicPath {
        &self.public
    }

    /// The back end's prefix, I.
    pub fn upstream(&self) -> &UpstreamPath {
        &self.upstream
    }

    /// The back end's path for a public one; `None` outside the public prefix. The bare prefix becomes the collection.
    pub fn to_upstream(&self, path: &PublicPath) -> Option<UpstreamPath> {
        path.0.rebase(&self.public.0, &self.upstream.0).map(UpstreamPath)
    }

    /// The public path for one of the back end's; `None` outside the back end's prefix.
    pub fn to_public(&self, path: &UpstreamPath) -> Option<PublicPath> {
        path.0.rebase(&self.upstream.0, &self.public.0).map(PublicPath)
    }

    /// What rules see: the key of a public path without the public prefix, `""` for the prefix itself. The path's key may be
    /// folded; the prefix has as many segments in either form, so the rest starts at the same segment.
    pub fn relative_key<'a>(&self, path: &'a PublicPath) -> &'a str {
        let depth = self.public.0.key().matches('/').count();
        let key = path.0.key();
        key.match_indices('/')
            .nth(depth)
            .and_then(|(at, _)| key.get(at..))
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> CanonicalPath {
        CanonicalPath::parse(text.as_bytes()).unwrap()
    }

    // also where the back end has a folder of the public prefix's name
    #[test]
    fn both_ways() {
        let rows: &[(&str, &str, &str, Option<&str>)] = &[
            ("/files/", "/dav/", "/files/a%20b/", Some("/dav/a%20b/")),
            ("/files/", "/dav/", "/files", Some("/dav/")),
            ("/files/", "/dav/", "/files/files/x", Some("/dav/files/x")),
            ("/files/", "/", "/files/x", Some("/x")),
            ("/files/", "/", "/files/", Some("/")),
            ("/", "/dav/", "/x", Some("/dav/x")),
            ("/", "/", "/x/", Some("/x/")),
            ("/files/", "/dav/", "/filesx", None),
            ("/files/", "/dav/", "/", None),
            ("/a/b/", "/c/", "/a/b/c/b/a", Some("/c/c/b/a")),
        ];
        for (public, upstream, input, expected) in rows {
            let map = PrefixMap::new(path(public), path(upstream));
            let mapped = map.to_upstream(&PublicPath(path(input)));
            assert_eq!(
                mapped.as_ref().map(ToString::to_string).as_deref(),
                *expected,
                "{input}"
            );
            if let Some(mapped) = mapped {
                assert_eq!(map.to_public(&mapped).unwrap().0.key(), path(input).key());
            }
        }
        let map = PrefixMap::new(path("/a/b/"), path("/c/"));
        assert_eq!(map.relative_key(&PublicPath(path("/a/b/c/d"))), "/c/d");
        assert_eq!(map.relative_key(&PublicPath(path("/a/b"))), "");
    }

    proptest! {
        /// Public to upstream to public is the identity.
        #[test]
        fn identity(public in "(/[a-c]{1,2}){0,3}/", upstream in "(/[a-c]{1,2}){0,3}/", rest in "([a-cü %]{1,3}/){0,4}[a-c]?") {
            let map = PrefixMap::new(path(&public), path(&upstream));
            let mut full = public.clone();
            for part in rest.split_inclusive('/') {
                full.push_str(&part.replace('%', "%25").replace(' ', "%20").replace('ü', "%C3%BC"));
            }
            let full = PublicPath(path(&full));
            let there = map.to_upstream(&full).unwrap();
            prop_assert_eq!(map.to_public(&there).unwrap().to_string(), full.to_string());
        }
    }
}
