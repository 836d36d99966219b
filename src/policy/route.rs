//! One route: a public prefix, the back end behind it, and what may pass.

use std::{path::PathBuf, time::Duration};

use http::HeaderValue;

use super::{
    HomePattern, Limits, Locking, Method, MethodFilter, MethodRule, MethodSet, Profile, Quota, RouteLocks, SyncEpochs,
};
use crate::{
    access::Acl,
    identity::BackEndCredentials,
    url::{Authority, Origin, PathRules, PrefixMap, PublicPath},
    xml::name::ExpandedName,
};

/// One route of the configuration.
#[derive(Clone, Debug)]
pub struct Route {
    /// The name in logs and metrics.
    pub name: String,
    /// The host names it answers to, lower case, without port; empty is any.
    pub hosts: Vec<String>,
    /// Public prefix and back-end prefix.
    pub map: PrefixMap,
    /// The origins clients use; the first one stands in absolute URLs of answers.
    pub origins: Vec<Origin>,
    /// The server behind it.
    pub backend: BackEnd,
    /// Which methods pass where.
    pub methods: MethodFilter,
    /// Who may do what where; without it, this gateway has no access control of its own there.
    pub access: Option<Acl>,
    /// What answers GET of a collection.
    pub collection_get: CollectionGet,
    /// Whether rules refuse, or only tell what they would refuse.
    pub mode: Mode,
    /// How much a request may hold.
    pub limits: Limits,
    /// How much one principal may upload (B-96); `None` is no bound.
    pub quota: Option<Quota>,
    /// The REPORT bodies that pass (RP-20).
    pub reports: Vec<ExpandedName<'static>>,
    /// What route and profile add to the path algorithm (P-8).
    pub path_rules: PathRules,
    /// Accept `1,noroot` and `infinity,noroot` as Depth (B-20).
    pub noroot: bool,
    /// Hand HTML bodies of the back end's errors to clients (ERR-3).
    pub pass_error_bodies: bool,
    /// Answer OPTIONS without privileges and without the back end (PV-2).
    pub public_options: bool,
    /// What becomes of locks (section 4).
    pub locks: RouteLocks,
    /// What becomes of the properties that clients set.
    pub dead_properties: DeadProperties,
    /// Leave the owners of other people's locks out of answers (F-6).
    pub hide_lock_owner: bool,
    /// Wrap sync tokens, so that they end with a change of the rules (F-9); `None`: they stay as they are.
    pub sync_epochs: Option<SyncEpochs>,
    /// 411 for a PUT without Content-Length (B-93).
    pub require_length: bool,
    /// 400 for method override headers (B-50).
    pub strict_override: bool,
    /// 400 for headers with `_` in their name (B-13).
    pub refuse_underscore: bool,
    /// A proxy in front has taken the public prefix off every request (RM-2).
    pub unprefixed: bool,
    /// Whether answers are compressed for clients, and which (RM-17); `None`: none.
    pub compress: Option<Compress>,
    /// Where principals have homes that the gateway makes (RM-20); `None`: it makes none.
    pub auto_home: Option<HomePattern>,
    /// Header fields of every answer, as the file spells them (RM-16).
    pub added: Vec<(String, HeaderValue)>,
    /// Further methods whose URLs may carry a query (P-13).
    pub query: MethodSet,
    /// The line of the route in the file.
    pub line: usize,
}

impl Route {
    /// Whether the route's URL may carry a query under `method` (P-13).
    pub fn accepts_query(&self, method: Method) -> bool {
        use Method::{Get, Head, Options, Post, Propfind, Report};
        const ALWAYS: MethodSet = MethodSet::of(&[Get, Head, Post, Options, Propfind, Report]);
        ALWAYS.union(self.query).contains(method)
    }

    /// The methods that the gateway carries out itself, whatever the back end can (LM-C).
    pub fn own_methods(&self) -> MethodSet {
        match (self.locks.locking, self.dead_properties) {
            (Locking::Observe | Locking::Off, _) => MethodSet::default(),
            (Locking::Emulate, DeadProperties::Pass) => MethodSet::LOCK,
            (Locking::Emulate, DeadProperties::Discard) => MethodSet::LOCK.union(MethodSet::of(&[Method::Proppatch])),
        }
    }

    /// What passes at `path`: the methods that the filter lets pass and this kind of back end has, or the gateway in its place (LM-C, LM-D), and the rule that decided; `None`: no
    /// rule speaks of that path, and nothing passes.
    pub fn judge(&self, path: &PublicPath) -> (MethodSet, Option<&MethodRule>) {
        let rule = self.methods.judge(self.map.relative_key(path));
        let passes = rule.map(|rule| rule.allowed).unwrap_or_default();
        let there = self.backend.profile.methods;
        let there = match self.locks.locking {
            Locking::Observe => there,
            Locking::Emulate => there.union(self.own_methods()),
            Locking::Off => there.without(MethodSet::LOCK),
        };
        (passes.intersection(there), rule)
    }

    /// The same route without rules: every method that is ever forwarded passes, and nobody needs a privilege. Limits stay.
    pub fn opened(&self) -> Self {
        Self {
            methods: self.methods.opened(),
            access: None,
            ..self.clone()
        }
    }

    /// Whether what a request names must be where its URL says, since the back end would find it from other folders as well (Z-10). On a route
    /// for browsers alone that is how pages are made.
    pub fn guards_homes(&self) -> bool {
        self.backend.profile.acquires && self.backend.acquisition == Acquisition::Guard && self.speaks_dav()
    }

    /// Whether any rule lets a DAV method pass: if none does, the route shows no trace of WebDAV (Z-1).
    pub fn speaks_dav(&self) -> bool {
        self.methods
            .rules()
            .any(|(_, rule)| rule.allowed.intersects(MethodSet::DAV_ONLY))
    }
}

/// What answers GET and HEAD of a collection on a route with access control: nobody can filter what the back end shows there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CollectionGet {
    /// The back end, to whoever may read everything below.
    #[default]
    Pass,
    /// Nobody.
    Deny,
    /// The back end, to whoever may read everything below; the gateway, with what may be read, to others.
    Synthetic,
}

/// What becomes of the properties that clients set with PROPPATCH.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeadProperties {
    /// The back end decides.
    #[default]
    Pass,
    /// The gateway says that they are set, where they may be, and nothing is kept: for clients that cannot do without, in front of back
    /// ends that keep none.
    Discard,
}

/// Which answers of the back end's are compressed: files, and perhaps more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compress {
    /// Answers to PROPFIND, REPORT and SEARCH too, which may hold secrets beside what others wrote (BREACH).
    pub xml: bool,
}

/// What becomes of requests that `methods` or `access` refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are refused.
    #[default]
    Enforce,
    /// They pass, and it is told that they would have been refused.
    Report,
}

/// The server behind a route.
#[derive(Clone, Debug)]
pub struct BackEnd {
    /// Where it is.
    pub location: Location,
    /// What kind of server it is.
    pub profile: &'static Profile,
    /// Who it sees.
    pub credentials: BackEndCredentials,
    /// When to give up on it.
    pub timeouts: Timeouts,
    /// Other names it may use for itself in answers.
    pub aliases: Vec<Origin>,
    /// Whether it writes public URLs into its answers, not its own.
    pub external_urls: bool,
    /// Whether GET shows there what is edited, and not what is shown to readers (Z-5).
    pub sources: bool,
    /// What becomes of what it finds in another folder than the URL says.
    pub acquisition: Acquisition,
    /// Whether it may answer on other addresses of this machine, past the gateway.
    pub elsewhere_allowed: bool,
}

/// What becomes of resources that a back end would take from another folder than the URL says (Z-10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acquisition {
    /// They are not there.
    #[default]
    Guard,
    /// They pass: the back end does no such thing.
    Trust,
}

/// Where a back end is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A server on the network.
    Url(Origin),
    /// A directory that this process serves itself.
    Embedded(PathBuf),
}

impl Location {
    /// Which back end it is, the same for every route to it, whether its port is written or meant: what locks are kept by (section 4.1).
    pub fn id(&self) -> String {
        match self {
            Self::Url(Origin { scheme, authority }) if authority.port() == Some(scheme.default_port()) => {
                format!("{}://{}", scheme.as_str(), authority.host())
            }
            Self::Url(origin) => origin.to_string(),
            Self::Embedded(directory) => format!("embedded:{}", directory.display()),
        }
    }

    /// The origin the back end believes in: its URL's, or a fixed name for the embedded one.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Url(origin) => origin.clone(),
            Self::Embedded(_) => Origin {
                scheme: crate::url::Scheme::Http,
                authority: Authority::embedded(),
            },
        }
    }
}

/// When to give up on a back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected.
    pub connect: Duration,
    /// Between two reads, once the request is sent.
    pub read: Duration,
    /// Between two writes.
    pub write: Duration,
    /// In place of `read` for COPY, MOVE and DELETE.
    pub long: Duration,
}

impl Timeouts {
    /// How long to wait for the answer to `method`.
    pub fn answer(&self, method: Method) -> Duration {
        match method {
            Method::Copy | Method::Move | Method::Delete => self.long,
            _ => self.read,
        }
    }
}

#[cfg(test)]
impl Route {
    /// A route with defaults, for tests: `path` for clients, `/dav/` at the back end, everything allowed.
    pub fn sample(path: &str, hosts: &[&str], fold: bool) -> Self {
        use super::MethodRule;
        use crate::rules::PathPattern;
        let [public, upstream] = [path, "/dav/"].map(|text| crate::url::CanonicalPath::parse(text.as_bytes()).unwrap());
        let rule = MethodRule {
            allowed: MethodSet::all(),
            body: None,
            line: 1,
            index: 0,
        };
        Self {
            name: path.to_owned(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            map: if fold {
                PrefixMap::folding(public, upstream)
            } else {
                PrefixMap::new(public, upstream)
            },
            origins: Vec::new(),
            backend: BackEnd {
                location: Location::Embedded(PathBuf::from("files")),
                profile: &Profile::PLAIN,
                credentials: BackEndCredentials::Pass,
                timeouts: Timeouts {
                    connect: Duration::from_secs(1),
                    read: Duration::from_secs(1),
                    write: Duration::from_secs(1),
                    long: Duration::from_secs(1),
                },
                aliases: Vec::new(),
                external_urls: false,
                sources: false,
                acquisition: Acquisition::Trust,
                elsewhere_allowed: false,
            },
            methods: MethodFilter::new(vec![(PathPattern::parse("/**").unwrap(), rule)]),
            access: None,
            collection_get: CollectionGet::default(),
            mode: Mode::Enforce,
            limits: Limits::default(),
            quota: None,
            reports: Vec::new(),
            path_rules: PathRules {
                fold,
                ..PathRules::default()
            },
            noroot: false,
            pass_error_bodies: false,
            public_options: false,
            locks: RouteLocks::of(&Profile::PLAIN, true),
            dead_properties: DeadProperties::Pass,
            hide_lock_owner: false,
            sync_epochs: None,
            require_length: false,
            strict_override: false,
            refuse_underscore: false,
            unprefixed: false,
            compress: None,
            auto_home: None,
            added: Vec::new(),
            query: MethodSet::default(),
            line: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Scheme;

    // 4.1: one back end has one name.
    #[test]
    fn name_of_a_back_end() {
        for (scheme, authority, expected) in [
            (Scheme::Http, "b.test", "http://b.test"),
            (Scheme::Http, "B.test:80", "http://b.test"),
            (Scheme::Https, "b.test:443", "https://b.test"),
            (Scheme::Http, "b.test:443", "http://b.test:443"),
            (Scheme::Http, "[::1]:80", "http://[::1]"),
            (Scheme::Http, "b.test:8080", "http://b.test:8080"),
        ] {
            let authority = Authority::parse(authority).unwrap();
            assert_eq!(Location::Url(Origin { scheme, authority }).id(), expected);
        }
    }
}
