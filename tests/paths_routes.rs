//! Which route a request belongs to: authority, longest prefix by whole segments, ancestors of routes, forms of the request
//! target (P-1, P-11, O-2, B-6, B-7, P-15).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::lab::{Lab, shared};
use support::wire::req;

// P-11: whole segments, longest prefix.
#[test]
fn the_longest_prefix_by_segments_wins() {
    each(
        [
            ("P-11 outer route", "/files/a", "/dav/a"),
            ("P-11 inner route", "/files/inner/a", "/elsewhere/a"),
            ("P-11 inner route, bare", "/files/inner", "/elsewhere/"),
            (
                "P-11 name that only starts like the inner route",
                "/files/innerx/a",
                "/dav/innerx/a",
            ),
            ("P-11 the prefix with its slash", "/files/", "/dav/"),
            ("P-11 the prefix without its slash", "/files", "/dav/"),
            ("P-11 encoded inner prefix", "/files/%69nner/a", "/elsewhere/a"),
            (
                "P-11 a folder named like the prefix",
                "/files/files/dav/a",
                "/dav/files/dav/a",
            ),
            ("P-11 deep prefix", "/deep/er/path/a", "/deeper/a"),
        ],
        |(name, target, expected)| {
            shared().pass_to(expected, &req(name, "GET", target));
        },
    );
}

#[test]
fn outside_every_route_nothing_exists() {
    each(
        [
            ("P-11 prefix is no string", "/filesx"),
            ("P-11 prefix is no string, below", "/filesx/a"),
            ("P-11 root", "/"),
            ("P-11 internal path", "/dav/a"),
            ("P-11 other case", "/Files/a"),
            ("P-11 ancestor", "/deep/er/"),
            ("P-11 sibling", "/deep/er/pathology/a"),
            ("P-6 a host in the path is a segment", "//dav.test/files/a"),
        ],
        |(name, target)| {
            shared().refuse(404, &req(name, "GET", target));
            shared().refuse(404, &req(&format!("{name}, written"), "PUT", target).body("x"));
        },
    );
    shared().settle();
}

// P-11: clients climb up to find out what there is.
#[test]
fn ancestors_of_a_route_are_answered_by_the_gateway() {
    each(
        [
            ("root", "/"),
            ("deep", "/deep/"),
            ("deep, no slash", "/deep"),
            ("deeper", "/deep/er/"),
        ],
        |(name, target)| {
            let answer = shared().refuse(
                207,
                &req(&format!("P-11 PROPFIND {name}"), "PROPFIND", target).with("Depth", "0"),
            );
            let path = if target.ends_with('/') {
                target.to_owned()
            } else {
                format!("{target}/")
            };
            assert!(
                answer.text().contains(&format!("href>{path}<")),
                "{name}: {}",
                answer.text()
            );
            assert!(
                answer.text().contains("collection"),
                "{name}: a collection: {}",
                answer.text()
            );
            assert!(answer.whole, "{name}");
            let answer = shared().refuse(200, &req(&format!("P-11 OPTIONS {name}"), "OPTIONS", target));
            assert!(answer.lists("Allow", "PROPFIND"), "{name}: {:?}", answer.headers);
            assert!(!answer.lists("Allow", "PUT"), "{name}: {:?}", answer.headers);
        },
    );
    shared().refuse(
        404,
        &req("P-11 Depth 1 on an ancestor", "PROPFIND", "/deep/").with("Depth", "1"),
    );
    shared().refuse(404, &req("P-11 no ancestor", "PROPFIND", "/deeper/").with("Depth", "0"));
    shared().refuse(404, &req("P-11 OPTIONS on no ancestor", "OPTIONS", "/deeper/"));
    shared().settle();
}

// P-1.
#[test]
fn forms_of_the_request_target() {
    let lab = shared();
    lab.pass_to(
        "/dav/abs",
        &req("P-1 absolute form", "GET", "http://dav.test/files/abs"),
    );
    lab.pass_to(
        "/dav/abs?x=1",
        &req("P-1 absolute form with a query", "GET", "http://dav.test/files/abs?x=1"),
    );
    each(
        [
            (
                "P-1 absolute form of another of our names",
                "GET",
                "http://dav2.test/files/a",
            ),
            ("P-1 absolute form of a stranger", "GET", "http://evil.test/files/a"),
            ("P-1 absolute form with userinfo", "GET", "http://me@dav.test/files/a"),
            ("P-1 authority form", "GET", "dav.test:80"),
            ("P-1 asterisk with GET", "GET", "*"),
            ("P-1 asterisk with PROPFIND", "PROPFIND", "*"),
            ("P-1 no slash", "GET", "files/a"),
            ("P-1 one slash after the scheme", "GET", "http:/files/a"),
            ("P-1 another scheme", "GET", "ftp://dav.test/files/a"),
        ],
        |(name, method, target)| {
            lab.refuse(400, &req(name, method, target));
        },
    );
    let answer = lab.refuse(200, &req("P-1 OPTIONS asterisk", "OPTIONS", "*"));
    assert!(answer.header("allow").is_some(), "{:?}", answer.headers);
    assert!(answer.header("dav").is_none(), "{:?}", answer.headers);
    lab.settle();
}

// O-2, B-6, B-7.
#[test]
fn the_authority_must_be_ours() {
    let lab = shared();
    each(
        [
            ("O-2 our name", "dav.test"),
            ("O-2 our other name", "dav2.test"),
            ("O-2 with a port", "dav.test:8080"),
            ("O-2 letter case", "DAV.Test"),
        ],
        |(name, host)| {
            lab.pass_to("/dav/host", &req(name, "GET", "/files/host").host(host));
        },
    );
    each(
        [
            ("B-7 a stranger", "evil.test"),
            ("B-7 our name as a prefix", "dav.test.evil.test"),
            ("B-7 our name as a suffix", "xdav.test"),
            ("B-7 the back end's address", "127.0.0.1"),
            ("B-7 IPv6", "[::1]"),
        ],
        |(name, host)| {
            lab.refuse(421, &req(name, "GET", "/files/host").host(host));
        },
    );
    lab.refuse(
        404,
        &req("O-2 our name, but no route there", "GET", "/ro/a").host("dav2.test"),
    );
    each(
        [
            ("B-6 path in Host", "dav.test/files"),
            ("B-6 userinfo in Host", "me@dav.test"),
            ("B-6 blank in Host", "dav.test evil.test"),
            ("B-6 list in Host", "dav.test, evil.test"),
            ("B-6 bad port", "dav.test:http"),
            ("B-6 no Host", ""),
        ],
        |(name, host)| {
            lab.refuse(400, &req(name, "GET", "/files/host").host(host));
        },
    );
    lab.refuse(
        400,
        &req("B-6 two Hosts", "GET", "/files/host").with("Host", "dav.test"),
    );
    lab.refuse(
        400,
        &req("B-6 two different Hosts", "GET", "/files/host").with("Host", "evil.test"),
    );
    lab.settle();
}

// A route on the root of the public name, and one without `hosts`: the smallest configuration.
#[test]
fn a_route_on_the_root_takes_everything() {
    let lab = Lab::with_routes("  - name: all\n    path: /\n    backend: { url: \"http://@BACK@/\" }");
    lab.pass_to("/", &req("root", "GET", "/"));
    lab.pass_to("/a/b/", &req("below the root", "GET", "/a//b/").host("any.test"));
    lab.refuse(400, &req("root does not widen P-5", "GET", "/../a"));
    let copy = req("root to root", "COPY", "/a").with("Destination", "http://dav.test/b");
    let (seen, _) = lab.pass(&copy);
    assert_eq!(
        seen.header("destination"),
        Some(format!("http://{}/b", seen.header("host").unwrap()).as_str())
    );
}

// Hosts choose between routes with the same path.
#[test]
fn hosts_choose_between_routes() {
    let lab = Lab::with_routes(
        r#"
  - { name: one, hosts: [one.test], path: /d/, backend: { url: "http://@BACK@/one/" } }
  - { name: two, hosts: [two.test], path: /d/, backend: { url: "http://@BACK@/two/" } }"#,
    );
    lab.pass_to("/one/x", &req("host one", "GET", "/d/x").host("one.test"));
    lab.pass_to("/two/x", &req("host two", "GET", "/d/x").host("two.test"));
    lab.refuse(421, &req("host three", "GET", "/d/x").host("three.test"));
}
