//! The two-way prefix map: public prefix ↔ the back end's, by whole segments, exact inverses of each other.
//! Public and upstream paths are different types, so that one cannot be sent where the other belongs.

use std::fmt;

use super::{path::CanonicalPath, path_rules::fold_path};

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
    fold: bool,
    folder_data: Option<&'static str>,
}

impl PrefixMap {
    /// Maps `public` to `upstream`; both are collections, whether written with a slash or not.
    pub fn new(public: CanonicalPath, upstream: CanonicalPath) -> Self {
        Self {
            public: PublicPath(public.with_slash(true)),
            upstream: UpstreamPath(upstream.with_slash(true)),
            fold: false,
            folder_data: None,
        }
    }

    /// The same for a route that compares without letter case (`case: fold`, P-8): paths may come with a folded key or not,
    /// and leave with a folded one. What travels keeps its letters, but for the prefix, which has those of the configuration.
    pub fn folding(public: CanonicalPath, upstream: CanonicalPath) -> Self {
        Self {
            fold: true,
            ..Self::new(fold_path(public), fold_path(upstream))
        }
    }

    /// The same, where what has this name in a folder is the folder itself to rules (Z-11).
    pub fn with_folder_data(self, name: Option<&'static str>) -> Self {
        Self {
            folder_data: name,
            ..self
        }
    }

    /// The folder that `path` is, by the name of its data; `None`: it is nothing of that kind.
    pub fn folder_of(&self, path: &UpstreamPath) -> Option<UpstreamPath> {
        let name = self.folder_data?;
        let is_data = path.0.segments().last().is_some_and(|last| last == name);
        path.0.parent().filter(|_| is_data).map(UpstreamPath)
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
        self.rebase(&path.0, &self.public.0, &self.upstream.0).map(UpstreamPath)
    }

    /// The public path for one of the back end's; `None` outside the back end's prefix.
    pub fn to_public(&self, path: &UpstreamPath) -> Option<PublicPath> {
        self.rebase(&path.0, &self.upstream.0, &self.public.0).map(PublicPath)
    }

    fn rebase(&self, path: &CanonicalPath, from: &CanonicalPath, to: &CanonicalPath) -> Option<CanonicalPath> {
        if self.fold {
            fold_path(path.clone()).rebase(from, to)
        } else {
            path.rebase(from, to)
        }
    }

    /// What rules see: the key of a public path without the public prefix, `""` for the prefix itself. The path's key may be
    /// folded; the prefix has as many segments in either form, so the rest starts at the same segment.
    pub fn relative_key<'a>(&self, path: &'a PublicPath) -> &'a str {
        let depth = self.public.0.key().matches('/').count();
        let key = path.0.key();
        let key = key.match_indices('/').nth(depth);
        let key = key.and_then(|(at, _)| path.0.key().get(at..)).unwrap_or("");
        let folder = |name| key.strip_suffix(name)?.strip_suffix('/');
        self.folder_data.and_then(folder).unwrap_or(key)
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

    // P-8, P-9: letter case decides nothing, and what travels keeps it
    #[test]
    fn both_ways_folded() {
        let map = PrefixMap::folding(path("/Stra%C3%9Fe/"), path("/DAV/"));
        let exact = PrefixMap::new(path("/Stra%C3%9Fe/"), path("/DAV/"));
        for input in ["/Stra%C3%9Fe/A/b/", "/STRASSE/A/b/", "/strasse/A/b/"] {
            for given in [path(input), fold_path(path(input))] {
                let upstream = map.to_upstream(&PublicPath(given)).unwrap();
                assert_eq!(
                    (upstream.0.key(), upstream.to_string().as_str()),
                    ("/dav/a/b", "/DAV/A/b/")
                );
            }
        }
        for input in ["/DAV/A/b/", "/dav/A/b/"] {
            let public = map.to_public(&UpstreamPath(path(input))).unwrap();
            assert_eq!(
                (public.0.key(), public.to_string().as_str()),
                ("/strasse/a/b", "/Stra%C3%9Fe/A/b/")
            );
            assert_eq!(map.relative_key(&public), "/a/b");
        }
        assert_eq!(map.to_upstream(&PublicPath(path("/strassen/A"))), None);
        assert_eq!(exact.to_upstream(&PublicPath(path("/STRASSE/A"))), None);
        assert!(exact.to_upstream(&PublicPath(path("/Stra%C3%9Fe/A"))).is_some());
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
