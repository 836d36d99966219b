//! The gateway that targets ask: some routes, and who asks. Compiled from a file like any other.

use std::sync::{Arc, OnceLock};

use davgate::{
    config,
    decide::{Gate, explain, privileges::Asker},
    policy::{Method, MethodSet, Policy},
    rewrite::answer::AnswerContext,
    url::{Authority, CanonicalPath, Origin, PublicPath, Scheme, UpstreamPath},
};
use http::HeaderValue;

const FILE: &str = r#"
listeners: [{ address: 127.0.0.1:8080 }]
identity:
  realm: Files
  basic: { htpasswd: users.htpasswd }
  groups: { editors: [ann] }
routes:
  - name: files
    path: /files/
    origins: ["https://pub.test"]
    backend: { url: "http://back:8081/dav/", profile: apache, aliases: ["http://dav.internal"] }
    methods:
      - { path: "/closed/**", allow: [read] }
      - { path: "/**", allow: [dav, POST, PATCH, SEARCH, VERSION-CONTROL, LABEL, UPDATE, MERGE, ORDERPATCH] }
    access:
      - { path: "/**/hid*/**", deny: [all], to: everyone }
      - { path: "/own/{user}/**", allow: [all], to: authenticated }
      - { path: "/**", allow: [read], to: everyone }
      - { path: "/**", allow: [write], to: "group:editors" }
    limits: { propfind_depth: infinity }
    reserved: [".git", "private*"]
    noroot: true
  - name: inner
    path: /files/inner/
    backend: { url: "http://back:8081/other/", profile: generic }
    methods: [dav]
  - name: open
    path: /open/
    hosts: [dav.test]
    case: fold
    encode_raw: true
    backend: { url: "http://[::1]:8082/", profile: radicale }
    methods: [dav, POST]
    limits: { propfind_depth: infinity }
  - name: told
    path: /told/
    backend: { url: "http://told:8083/x/y/", profile: zope }
    methods: [dav, POST]
    mode: report
    access:
      - { path: "/**", allow: [read], to: authenticated }
"#;

struct Site {
    policy: Policy,
    gate: Gate,
    askers: Vec<Asker>,
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        let policy = config::compile_rules(FILE, "fuzz.yaml")
            .unwrap_or_else(|errors| panic!("{errors}"))
            .policy;
        let gate = Gate::new(policy.routes.clone());
        let names = [None, Some("ann"), Some("bob")];
        let asker = |name| explain::asker(policy.identity.as_ref(), name, []).unwrap();
        let askers = names.map(asker).to_vec();
        Site { policy, gate, askers }
    })
}

/// The gate of the routes.
pub fn gate() -> &'static Gate {
    &site().gate
}

/// The whole file.
pub fn policy() -> &'static Policy {
    &site().policy
}

/// Nobody known; ann, who may write; bob.
pub fn askers() -> &'static [Asker] {
    &site().askers
}

/// The request `method /files/c/d` on the first route, whose answer is to be made public.
pub fn answer_context(method: Method) -> AnswerContext {
    let path = |text: &str| CanonicalPath::parse(text.as_bytes()).unwrap();
    AnswerContext {
        route: Arc::clone(&gate().routes()[0]),
        method,
        public: PublicPath(path("/files/c/d")),
        upstream: UpstreamPath(path("/dav/c/d")),
        public_origin: Origin {
            scheme: Scheme::Https,
            authority: Authority::parse("pub.test").unwrap(),
        },
        inner: vec![PublicPath(path("/files/inner/"))],
        allowed: MethodSet::all(),
        noroot: false,
        filter: None,
        locks: None,
        challenges: vec![HeaderValue::from_static("Basic realm=\"Files\"")],
        sync_epoch: None,
    }
}
