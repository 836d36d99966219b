//! What a back end would take from another folder than the URL says is not there (spec Z-10): Zope finds what a folder holds in all folders
//! below it as well, so that a rule for `/private/` would not hold for `/public/private/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use support::backend::{BackEnd, Step, answer};
use support::each;
use support::lab::Lab;
use support::samples::{HOME, PROPFIND, PROPPATCH};
use support::wire::{Req, req};

const ROUTES: &str = r#"
  - name: guarded
    hosts: [dav.test]
    path: /dav/
    backend: { url: "http://@BACK@/site/", profile: zope }
    locking: off
  - name: trusted
    hosts: [dav.test]
    path: /trust/
    backend: { url: "http://@BACK@/site/", profile: zope, acquisition: trust }
    locking: off
  - name: ruled
    hosts: [dav.test]
    path: /ruled/
    backend: { url: "http://@BACK@/site/", profile: zope }
    locking: off
    access:
      - { path: /public/private/ruled/inside, deny: [unbind], to: everyone }
      - { path: /**, allow: [all], to: everyone }
  - name: pages
    hosts: [dav.test]
    path: /web/
    backend: { url: "http://@BACK@/site/", profile: plone }
    methods: [web]
  - name: plone
    hosts: [dav.test]
    path: /plone/
    backend: { url: "http://@BACK@/data/", profile: plone }
    locking: off
  - name: others
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/site/", profile: apache }
"#;

/// What a Zope with `/site/public/` and `/site/private/x` says below the first.
const AT_HOME_ELSEWHERE: [(&str, &str); 3] = [
    ("/site/public/private/ruled", "/site/private/ruled"),
    ("/site/public/private", "/site/private"),
    ("/site/public/private/x", "/site/private/x"),
];

fn script(back_end: &BackEnd) {
    for (asked, home) in AT_HOME_ELSEWHERE {
        let text = [("Content-Type", "text/plain")];
        back_end.on(&format!("POST {asked}{HOME}"), answer("200 OK", &text, home));
    }
    for nothing in [
        "/site/public/private/new",
        "/site/public/new",
        "/site/nowhere/new",
        "/site/nowhere",
    ] {
        back_end.on(&format!("POST {nothing}{HOME}"), answer("404 Not Found", &[], ""));
    }
    back_end.on(
        &format!("POST /site/public/moved{HOME}"),
        answer("302 Found", &[("Location", "/site/x")], ""),
    );
    back_end.on(
        &format!("POST /site/public/broken{HOME}"),
        answer("500 Oops", &[], "/site/public/broken"),
    );
    back_end.on(
        &format!("POST /site/public/barred{HOME}"),
        answer("403 Forbidden", &[], "/site/public/barred"),
    );
}

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let lab = Lab::with_routes(ROUTES);
        script(&lab.backend);
        lab
    })
}

/// A request of each kind for `path`, with what else it needs.
fn requests(name: &str, path: &str) -> Vec<Req> {
    let to = |name: &str, method, from: &str, to: &str| {
        req(name, method, from).with("Destination", to).with("Overwrite", "F")
    };
    let name = |method: &str| format!("{name} {method}");
    vec![
        req(&name("GET"), "GET", path),
        req(&name("HEAD"), "HEAD", path),
        req(&name("PROPFIND"), "PROPFIND", path)
            .with("Depth", "0")
            .xml(PROPFIND),
        req(&name("PUT"), "PUT", path).with("Content-Length", "0"),
        req(&name("DELETE"), "DELETE", path),
        to(&name("COPY from"), "COPY", path, "/dav/public/free"),
        to(&name("MOVE to"), "MOVE", "/dav/public/there", path),
    ]
}

// Z-10: whatever the last name is, the folders before it must be where the URL says
#[test]
fn what_is_elsewhere_is_not_there() {
    each(requests("elsewhere", "/dav/public/private/x"), |request| {
        let got = lab().refuse_after_probe(404, &request);
        assert_eq!(got.text(), "", "{}: like what is missing", request.name);
    });
    each(requests("new elsewhere", "/dav/public/private/new"), |request| {
        lab().refuse_after_probe(404, &request);
    });
    // A browser's method and HEAD find the last name elsewhere, too; the others do if it is such an object as VirtualHostMonster.
    let mut acting = requests("last name", "/dav/public/private");
    acting.retain(|request| !["PUT", "MOVE to"].iter().any(|making| request.name.ends_with(making)));
    acting.push(req("last name PROPPATCH", "PROPPATCH", "/dav/public/private").xml(PROPPATCH));
    each(acting, |request| {
        lab().refuse_after_probe(404, &request);
    });
    // Who cannot say where it is may be anybody.
    each(["broken", "barred"], |name| {
        lab().refuse_after_probe(404, &req(name, "GET", format!("/dav/public/{name}")));
    });
    lab().settle();
}

// EX-1: what is elsewhere takes no part in a verdict, so that no refusal tells what it is
#[test]
fn nothing_is_asked_of_what_is_elsewhere() {
    lab().refuse_after_probe(404, &req("ruled", "DELETE", "/ruled/public/private/ruled"));
    let asked = lab().backend.at("/site/public/private/ruled");
    assert!(asked.is_empty(), "{asked:?}");
    lab().pass(&req("ruled twin", "DELETE", "/ruled/public/free"));
}

// While a body comes, or another write has its turn, a folder may be taken away and the one above come to be found in its place.
#[test]
fn a_write_asks_again_before_it_goes_out() {
    let home = |path: &str| answer("200 OK", &[("Content-Type", "text/plain")], path);
    let slow = |name: &str, method: &str| {
        let path = format!("/site/public/own/{name}");
        let first = [home(&path), home(&format!("/site/own/{name}"))];
        lab().backend.on_each(&format!("POST {path}{HOME}"), first);
        req(&format!("slow {name}"), method, format!("/dav/public/own/{name}"))
    };
    lab()
        .backend
        .on(&format!("POST /site/public/own{HOME}"), home("/site/own"));
    each(
        [
            slow("a", "PUT").body("x"),
            slow("b", "PUT").body("x").chunked(),
            slow("c", "PUT").with("Content-Length", "0"),
            slow("d", "DELETE"),
            slow("f", "PROPPATCH").xml(PROPPATCH),
        ],
        |request| {
            lab().refuse_after_probe(404, &request);
        },
    );
}

// Nothing is taken away while a request goes through it: Zope would find what is above in its place
#[test]
fn folders_stay_while_something_goes_through_them() {
    let slowly = |path: &str| {
        let steps = [vec![Step::Pause(Duration::from_secs(1))], answer("200 OK", &[], "own")].concat();
        lab().backend.on(path, steps);
    };
    let remove = |name: &str, method: &str, path: &str| {
        let to = "/dav/public/gone";
        let request = req(name, method, path);
        match method {
            "DELETE" => request,
            _ => request.with("Destination", to).with("Overwrite", "F"),
        }
    };
    for (number, (method, path, waits)) in [
        ("DELETE", "/dav/way0/a/", true),
        ("DELETE", "/dav/way1/", true),
        ("MOVE", "/dav/way2/a/", true),
        ("DELETE", "/dav/way3/a/b", true),
        ("DELETE", "/dav/way4/c/", false),
        ("COPY", "/dav/way5/a/", false),
    ]
    .into_iter()
    .enumerate()
    {
        let (read, removal) = (
            format!("read {number}"),
            remove(&format!("removal {number}"), method, path),
        );
        slowly(&format!("GET /site/way{number}/a/b"));
        std::thread::scope(|scope| {
            let target = format!("/dav/way{number}/a/b");
            scope.spawn(move || lab().pass(&req(&read, "GET", target)));
            std::thread::sleep(Duration::from_millis(400));
            let began = Instant::now();
            lab().pass(&removal);
            let waited = began.elapsed() > Duration::from_millis(350);
            assert_eq!(waited, waits, "{method} {path}: {:?}", began.elapsed());
        });
    }
}

// Z-11: the data of a folder are where it is; to write them is to write the folder, which is another one here
#[test]
fn data_of_a_folder_that_is_elsewhere() {
    let text = [("Content-Type", "text/plain")];
    let asked = format!("POST /data/public/private{HOME}");
    lab().backend.on(&asked, answer("200 OK", &text, "/data/private"));
    for method in ["PUT", "GET"] {
        let name = format!("data elsewhere {method}");
        lab().refuse_after_probe(404, &req(&name, method, "/plone/public/private/_data"));
    }
    lab().pass(&req("data at home", "PUT", "/plone/open/_data").with("Content-Length", "0"));
}

// The twins: what is at home, and what is nowhere, which Zope's own answer tells
#[test]
fn what_is_at_home_passes() {
    each(requests("at home", "/dav/public/y"), |request| {
        lab().pass(&request);
    });
    each(requests("new", "/dav/public/new"), |request| {
        lab().pass(&request);
    });
    lab().pass(&req("nowhere", "GET", "/dav/nowhere/new"));
    lab().pass(
        &req("moved", "PROPFIND", "/dav/public/moved")
            .with("Depth", "0")
            .xml(PROPFIND),
    );
    lab().pass(&req("data", "GET", "/plone/public/_data"));
    assert_eq!(lab().backend.at(&format!("/data/public{HOME}")).len(), 1);
    // All methods but those of browsers look for the last name in its folder alone: it can be made there.
    lab().pass(&req("the same name", "MKCOL", "/dav/public/private"));
}

// Where it is not asked
#[test]
fn nobody_else_is_asked() {
    each(["/trust/", "/web/", "/files/"], |route| {
        lab().pass(&req(
            &format!("not asked {route}"),
            "GET",
            format!("{route}public/private/other"),
        ));
    });
    assert!(
        lab()
            .backend
            .at(&format!("/site/public/private/other{HOME}"))
            .is_empty()
    );
}

// O-5: who is nobody to the back end is asked by it, not told that nothing is there
#[test]
fn the_back_end_asks_who_it_is() {
    let wants = answer(
        "401 Unauthorized",
        &[("WWW-Authenticate", "Basic realm=\"Zope\"")],
        "who?",
    );
    lab().backend.on(&format!("POST /site/public/locked{HOME}"), wants);
    let got = lab().ask(&req("challenge", "GET", "/dav/public/locked"));
    assert_eq!(
        (got.status, got.header("www-authenticate")),
        (401, Some("Basic realm=\"Zope\""))
    );
    assert!(lab().backend.case("challenge").is_empty());
}

// EX-4: of reads it is remembered for a moment; no write rests on that
#[test]
fn it_is_remembered_for_reads() {
    let asked = || lab().backend.at(&format!("/site/public/often{HOME}")).len();
    for number in 0..3 {
        lab().pass(&req(&format!("often {number}"), "GET", "/dav/public/often"));
    }
    assert_eq!(asked(), 1);
    lab().pass(&req("often written", "PUT", "/dav/public/often").with("Content-Length", "0"));
    assert_eq!(asked(), 3);
    lab().pass(&req("often again", "GET", "/dav/public/often"));
    assert_eq!(asked(), 4);
}
