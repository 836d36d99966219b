//! A back end whose GET shows what is edited (spec Z-5), as Zope's does on its WebDAV source port: that is for those who may write it, wherever
//! it comes to be, and for nobody's shared cache.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;

use support::backend::{answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{PROPFIND, propfind_answer};
use support::wire::{Req, req};

const ROUTES: &str = r#"
  - name: sources
    hosts: [dav.test]
    path: /src/
    backend: { url: "http://@BACK@/src-in/", profile: plone, sources: true, acquisition: trust, credentials: { header: X-Remote-User } }
    locking: off
    access:
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
      - { path: /**, allow: [all], to: "user:ed" }
      - { path: /**, allow: [read], to: authenticated }
  - name: shown
    hosts: [dav.test]
    path: /shown/
    backend: { url: "http://@BACK@/shown-in/", profile: plone, acquisition: trust, credentials: { header: X-Remote-User } }
    locking: off
    access:
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
      - { path: /**, allow: [read], to: authenticated }
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let lab = Lab::with_users(ROUTES);
        let cached = [("Cache-Control", "public, max-age=60"), ("Content-Type", "text/plain")];
        for path in ["/src-in/doc", "/shown-in/doc"] {
            lab.backend
                .on(&format!("GET {path}"), answer("200 OK", &cached, "text"));
            lab.backend
                .on(&format!("PROPFIND {path}"), multistatus(propfind_answer(path, false)));
        }
        lab
    })
}

/// What shows, or takes along, what is at `doc`.
fn reads(who: &str, route: &str) -> Vec<Req> {
    let name = |method: &str| format!("{who} {route} {method}");
    let home = format!("/{route}/home/{who}/missing");
    let doc = format!("/{route}/doc");
    vec![
        req(&name("GET"), "GET", &doc).by(who),
        req(&name("HEAD"), "HEAD", &doc).by(who),
        req(&name("COPY"), "COPY", &doc)
            .with("Destination", &home)
            .with("Overwrite", "F")
            .by(who),
    ]
}

// Z-5
#[test]
fn sources_are_for_writers() {
    each(reads("ann", "src"), |request| {
        let got = lab().refuse_after_probe(403, &request);
        let told = request.name.ends_with("HEAD") || got.text().contains("write-content");
        assert!(told, "{}: {}", request.name, got.text());
    });
    lab().settle();
    each(reads("ed", "src"), |request| {
        lab().pass(&request);
    });
    // The twin: what is shown is for readers.
    each(reads("ann", "shown"), |request| {
        lab().pass(&request);
    });
    // What tells of a resource and shows nothing of it needs no more than ever.
    let asks = req("ann asks", "PROPFIND", "/src/doc").with("Depth", "0").xml(PROPFIND);
    lab().pass(&asks.by("ann"));
}

// Z-5: and a cache that others share never has one
#[test]
fn sources_are_not_for_shared_caches() {
    let (_, got) = lab().pass(&req("uncached", "GET", "/src/doc").by("ed"));
    assert_eq!(got.header("cache-control"), Some("private"));
    let (_, got) = lab().pass(&req("cached", "GET", "/shown/doc").by("ann"));
    assert_eq!(got.header("cache-control"), Some("public, max-age=60"));
}
