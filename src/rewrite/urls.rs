//! The URLs of an answer, made public. In: a URL as the back end wrote it, and the place it stands in. Out: the public
//! URL, or that it is none of ours, or that no client may know of it. Headers and XML bodies ask here alike.

use std::{borrow::Cow, sync::Arc};

use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

pub use super::context::Named;
use super::{
    context::{Mapped, Place, ResponseUrls},
    half_quoted,
    lock_properties::LockProperties,
    visibility::Filter,
};
use crate::{
    policy::{Method, MethodSet, Route, SyncEpoch},
    request::sync_token,
    url::{
        Authority, CanonicalPath, Origin, PublicPath, Reference, Target, UpstreamPath, path_rules::PathUse,
        reference::in_the_form_of,
    },
};

/// What URLs of real back ends hold raw although they must not: it means one thing only, and is read encoded (P-2 is for clients).
const RAW: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What the rewriting needs to know of the request that is answered.
#[derive(Clone, Debug)]
pub struct AnswerContext {
    /// The route of the request.
    pub route: Arc<Route>,
    /// Its method.
    pub method: Method,
    /// Its target, as clients see it.
    pub public: PublicPath,
    /// Its target, as the back end sees it.
    pub upstream: UpstreamPath,
    /// What stands in absolute URLs: the first of the route's origins, else scheme and Host of the request.
    pub public_origin: Origin,
    /// The public prefixes of other routes below this one's: what maps to there is theirs, and is not shown.
    pub inner: Vec<PublicPath>,
    /// What the method filter lets pass at the target.
    pub allowed: MethodSet,
    /// Leave the response for the target itself out of a multistatus (B-20).
    pub noroot: bool,
    /// What of the answer the principal may see; `None`: everything.
    pub filter: Option<Filter>,
    /// The lock properties that stand in place of the back end's; `None`: its own pass.
    pub locks: Option<LockProperties>,
    /// What a 401 of the gateway's own asks for (ERR-4); empty where whoever asks is known.
    pub challenges: Vec<HeaderValue>,
    /// What sync tokens are wrapped with (F-9); `None`: they go out as they are.
    pub sync_epoch: Option<SyncEpoch>,
}

impl AnswerContext {
    /// What `reference` names. A relative one is resolved against the URL of the request.
    pub fn name(&self, reference: &Reference<'_>) -> Named {
        match *reference {
            Reference::OtherScheme => Named::Elsewhere,
            Reference::Absolute { authority, target, .. } | Reference::NetworkPath { authority, target } => {
                if self.is_own(authority) {
                    self.place(&target)
                } else if authority.rsplit_once('@').is_some_and(|(_, host)| self.is_own(host)) {
                    // Userinfo is never ours (B-31), but the name behind it is.
                    Named::Outside
                } else {
                    Named::Elsewhere
                }
            }
            Reference::AbsolutePath(target) => self.place(&target),
            Reference::Relative(target) => match self.resolve(target.path) {
                Some(path) => self.place(&Target { path: &path, ..target }),
                None => Named::Outside,
            },
        }
    }

    /// The public URL for a header or a property, in the form that was found; `None`: clients may not know of it.
    pub fn public_url(&self, url: &str) -> Option<String> {
        let reference = Reference::parse(url);
        match self.name(&reference) {
            Named::Elsewhere => Some(url.to_owned()),
            Named::Public(path) => {
                let suffix = suffix(&reference);
                Some(in_the_form_of(&reference, &self.public_origin, &path.0, &suffix))
            }
            Named::Outside => None,
        }
    }

    /// The same where the answer tells of a resource by the way; `None` too when the requester may not know of it. A redirect
    /// and the place of what was made are what was asked for: there nothing is hidden.
    pub(super) fn seen_url(&self, url: &str) -> Option<String> {
        let hidden = match (self.name(&Reference::parse(url)), &self.filter) {
            (Named::Public(path), Some(filter)) => !filter.sees(&path) && !filter.is_destination(&path),
            (Named::Public(_) | Named::Elsewhere | Named::Outside, _) => false,
        };
        self.public_url(url).filter(|_| !hidden)
    }

    /// A sync token as this client is to see it (F-9); `None`: as it is.
    pub(super) fn wrapped(&self, token: &str) -> Option<String> {
        let epoch = self.sync_epoch.as_ref().filter(|_| !token.is_empty())?;
        Some(sync_token::wrap(token, epoch))
    }

    /// The `href` of a response, where this kind of back end writes them so that they must be mended.
    fn repaired<'a>(&self, url: &'a str) -> Option<Cow<'a, str>> {
        let asked = if self.route.backend.external_urls {
            &self.public.0
        } else {
            &self.upstream.0
        };
        let mends = self.route.backend.profile.half_quoted;
        mends.then(|| half_quoted::repaired(url, asked))
    }

    /// What of the request `rest` names, where this kind of back end leaves out where its URLs begin: the target, or what is above it.
    fn without_base(&self, rest: &str) -> Option<PublicPath> {
        if !self.route.backend.profile.errors_from_base || rest.is_empty() {
            return None;
        }
        let named = Self::read(&format!("/{}", rest.trim_matches('/')))?;
        let all = std::iter::successors(Some(self.upstream.0.clone()), CanonicalPath::parent);
        let mut inside = all.map_while(|path| {
            self.route
                .map
                .to_public(&UpstreamPath(path.clone()))
                .map(|public| (path, public))
        });
        let found = inside.find(|(path, _)| path.key().ends_with(named.key()))?;
        Some(found.1)
    }

    /// The path as it is written in an answer; `None` when it has no one meaning (P-14).
    pub(super) fn read(path: &str) -> Option<CanonicalPath> {
        if path.is_empty() {
            return Some(CanonicalPath::root());
        }
        let escaped: Cow<'_, str> = utf8_percent_encode(path, RAW).into();
        CanonicalPath::parse(escaped.as_bytes()).ok()
    }

    /// Whether `host` is a name of the back end.
    pub(super) fn is_own_host(&self, host: &str) -> bool {
        self.own_origins()
            .any(|own| own.authority.host().eq_ignore_ascii_case(host))
    }

    fn own_origins(&self) -> impl Iterator<Item = Origin> + '_ {
        let backend = &self.route.backend;
        std::iter::once(backend.location.origin()).chain(backend.aliases.iter().cloned())
    }

    /// Whether `authority` is the back end's, or, where it writes public URLs, one of ours.
    fn is_own(&self, authority: &str) -> bool {
        let Some(authority) = Authority::parse(authority) else {
            return false;
        };
        let same = |origin: &Origin| origin.authority.same_as(&authority);
        self.own_origins().any(|own| same(&own))
            || self.route.backend.external_urls && (same(&self.public_origin) || self.route.origins.iter().any(same))
    }

    fn place(&self, target: &Target<'_>) -> Named {
        let map = &self.route.map;
        let public = Self::read(target.path).and_then(|path| {
            if self.route.backend.external_urls {
                map.to_upstream(&PublicPath(path.clone())).map(|_| path)
            } else {
                map.to_public(&UpstreamPath(path)).map(|public| public.0)
            }
        });
        public
            .and_then(|path| self.route.path_rules.apply(path, PathUse::Target).ok())
            .filter(|path| !self.inner.iter().any(|inner| path.starts_with(&inner.0)))
            .map_or(Named::Outside, |path| Named::Public(PublicPath(path)))
    }

    /// A relative path against the target of the request, in the space the back end writes in (RFC 3986 section 5.2); `None` when
    /// it leaves the root.
    fn resolve(&self, relative: &str) -> Option<String> {
        let base = if self.route.backend.external_urls {
            self.public.to_string()
        } else {
            self.upstream.to_string()
        };
        if relative.is_empty() {
            return Some(base);
        }
        let (directory, _) = base.rsplit_once('/')?;
        let mut segments: Vec<&str> = directory.split('/').skip(1).collect();
        for segment in relative.split('/') {
            match segment {
                "." => {}
                ".." => {
                    segments.pop()?;
                }
                name => segments.push(name),
            }
        }
        if relative == "." || relative == ".." || relative.ends_with("/.") || relative.ends_with("/..") {
            segments.push("");
        }
        Some(format!("/{}", segments.join("/")))
    }
}

/// Query and fragment of a reference.
fn suffix(reference: &Reference<'_>) -> String {
    match reference {
        Reference::OtherScheme => String::new(),
        Reference::Absolute { target, .. }
        | Reference::NetworkPath { target, .. }
        | Reference::AbsolutePath(target)
        | Reference::Relative(target) => target.suffix(),
    }
}

/// Methods that act on a whole tree and answer with what they could not do (RFC 4918 sections 9.6.1, 9.8.5, 9.9.4 and 9.10.3).
fn tells_of_failures(method: Method) -> bool {
    use Method::{Copy, Delete, Lock, Move, Unlock};
    matches!(method, Delete | Copy | Move | Lock | Unlock)
}

/// Methods that tell of other resources than their target.
fn lists(method: Method) -> bool {
    matches!(method, Method::Propfind | Method::Report | Method::Search)
}

/// The mapping for the body of one answer.
#[derive(Clone, Debug)]
pub struct AnswerUrls(Arc<AnswerContext>);

impl AnswerUrls {
    /// The mapping for the answer to the request of `context`.
    pub fn new(context: Arc<AnswerContext>) -> Self {
        Self(context)
    }
}

impl ResponseUrls for AnswerUrls {
    fn map(&self, place: Place, url: &str) -> Mapped {
        if place == Place::SyncToken {
            return match self.0.wrapped(url) {
                Some(wrapped) => Mapped::To(wrapped),
                None => Mapped::Unchanged,
            };
        }
        let repaired = self.0.repaired(url).filter(|_| place == Place::Structural);
        let reference = Reference::parse(repaired.as_deref().unwrap_or(url));
        if place == Place::Structural {
            // Deliberately also what names another server or scheme: a response is about a resource of the route.
            return match self.0.name(&reference) {
                Named::Public(path) => Mapped::To(format!("{path}{}", suffix(&reference))),
                // F-4: here a response tells of a failure, and an answer without one of success.
                Named::Elsewhere | Named::Outside if tells_of_failures(self.0.method) => {
                    Mapped::To(self.0.public.to_string())
                }
                Named::Elsewhere | Named::Outside => Mapped::Outside,
            };
        }
        if let (Place::Error, Reference::Relative(target)) = (place, &reference)
            && let Some(path) = self.0.without_base(target.path)
        {
            return Mapped::To(path.to_string());
        }
        if self.0.route.backend.external_urls || matches!(reference, Reference::Relative(_)) {
            return Mapped::Unchanged;
        }
        match self.0.name(&reference) {
            Named::Elsewhere => Mapped::Unchanged,
            Named::Public(path) => {
                let suffix = suffix(&reference);
                Mapped::To(in_the_form_of(&reference, &self.0.public_origin, &path.0, &suffix))
            }
            Named::Outside => Mapped::Outside,
        }
    }

    fn shows(&self, public: &str) -> bool {
        let path = public.split(['?', '#']).next().unwrap_or(public);
        let rules = &self.0.route.path_rules;
        let Some(path) = AnswerContext::read(path).and_then(|path| rules.apply(path, PathUse::Target).ok()) else {
            return true;
        };
        if path.key() == self.0.public.0.key() {
            return !self.0.noroot;
        }
        // O-6: what may not be asked at a resource is not told of it elsewhere either. A failure is never left out (F-4).
        !lists(self.0.method) || self.0.route.judge(&PublicPath(path)).0.contains(self.0.method)
    }

    fn wraps_sync_tokens(&self) -> bool {
        self.0.sync_epoch.is_some()
    }

    fn named(&self, url: &str) -> Named {
        let repaired = self.0.repaired(url);
        self.0.name(&Reference::parse(repaired.as_deref().unwrap_or(url)))
    }
}

#[cfg(test)]
#[path = "urls_tests.rs"]
pub(super) mod tests;
