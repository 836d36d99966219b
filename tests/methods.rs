//! The method filter over the wire: every row of the method table with its default, method classes, rules per path, what no
//! route can switch on, unknown tokens, and override headers (spec 1.1, M-1 to M-43).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::each;
use support::lab::{Lab, shared};
use support::samples::{ACL, LOCKINFO, PROPFIND, PROPPATCH, VERSION_TREE};
use support::wire::{Client, Req, req};

/// A well-formed request of this method on `prefix`, with the headers and the body it needs.
fn proper(name: &str, method: &str, prefix: &str) -> Req {
    let target = format!(
        "{prefix}m{}{}",
        method.to_lowercase(),
        if method.starts_with("MK") { "/" } else { "" }
    );
    let request = req(name, method, target);
    let destination = format!("http://dav.test{prefix}to-{}", method.to_lowercase());
    match method {
        "PUT" | "PATCH" => request.body("x"),
        "POST" => request.with("Content-Type", "text/plain").body("x"),
        "COPY" | "MOVE" => request.with("Destination", &destination),
        "UNLOCK" => request.with("Lock-Token", "<opaquelocktoken:b1>"),
        "PROPFIND" => request.with("Depth", "0").xml(PROPFIND),
        "PROPPATCH" => request.xml(PROPPATCH),
        "LOCK" => request.xml(LOCKINFO),
        "REPORT" => request.xml(VERSION_TREE),
        "ACL" => request.xml(ACL),
        "UPDATE" => request.xml(format!(
            "<D:update xmlns:D='DAV:'><D:version><D:href>{prefix}v1</D:href></D:version></D:update>"
        )),
        "LABEL" => request.xml("<D:label xmlns:D='DAV:'><D:set><D:label-name>a</D:label-name></D:set></D:label>"),
        "MERGE" => request.xml(format!(
            "<D:merge xmlns:D='DAV:'><D:source><D:href>{prefix}a</D:href></D:source></D:merge>"
        )),
        "ORDERPATCH" => request.xml(
            "<D:orderpatch xmlns:D='DAV:'><D:order-member><D:segment>a</D:segment><D:position><D:first/></D:position>\
             </D:order-member></D:orderpatch>",
        ),
        "SEARCH" => request.xml(format!(
            "<D:searchrequest xmlns:D='DAV:'><D:basicsearch><D:select><D:allprop/></D:select><D:from><D:scope>\
             <D:href>{prefix}</D:href><D:depth>1</D:depth></D:scope></D:from></D:basicsearch></D:searchrequest>"
        )),
        "MKACTIVITY" | "MKWORKSPACE" | "VERSION-CONTROL" | "CHECKOUT" | "CHECKIN" | "UNCHECKOUT"
        | "BASELINE-CONTROL" | "MKCOL" | "MKCALENDAR" | "GET" | "HEAD" | "OPTIONS" | "DELETE" => request,
        _ => request,
    }
}

const READ: &[&str] = &["OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"];
const WRITE: &[&str] = &["PUT", "DELETE", "MKCOL", "MKCALENDAR", "COPY", "MOVE", "PROPPATCH"];
const LOCK: &[&str] = &["LOCK", "UNLOCK"];
const OPT_IN: &[&str] = &[
    "POST",
    "PATCH",
    "VERSION-CONTROL",
    "CHECKOUT",
    "CHECKIN",
    "UNCHECKOUT",
    "MKWORKSPACE",
    "UPDATE",
    "LABEL",
    "MERGE",
    "BASELINE-CONTROL",
    "MKACTIVITY",
    "ORDERPATCH",
    "SEARCH",
];
/// Known and never served: M-8, M-29, M-30, M-33 to M-36.
const NEVER: &[&str] = &[
    "TRACE",
    "MKREDIRECTREF",
    "UPDATEREDIRECTREF",
    "BIND",
    "UNBIND",
    "REBIND",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "POLL",
    "NOTIFY",
    "BCOPY",
    "BMOVE",
    "BDELETE",
    "BPROPFIND",
    "BPROPPATCH",
    "X-MS-ENUMATTS",
    "PURGE",
    "QUERY",
    "LINK",
    "UNLINK",
];

/// Refused with 405, an `Allow` that does not name the method, and nothing at the back end.
fn not_allowed(lab: &Lab, request: &Req) {
    let answer = lab.refuse(405, request);
    assert!(
        answer.header("allow").is_some(),
        "{}: ERR-4: 405 carries Allow",
        request.name
    );
    assert!(
        !answer.lists("Allow", &request.method),
        "{}: {:?}",
        request.name,
        answer.header("allow")
    );
}

// M-1 to M-16, M-31: on by default.
#[test]
fn a_route_without_methods_has_read_write_and_lock() {
    each(READ.iter().chain(WRITE).chain(LOCK), |&method| {
        let name = format!("default {method}");
        let (seen, _) = shared().pass(&proper(&name, method, "/files/"));
        assert_eq!(seen.method, method);
    });
    each(OPT_IN.iter().chain(&["ACL"]), |&method| {
        not_allowed(shared(), &proper(&format!("default no {method}"), method, "/files/"));
    });
    shared().settle();
}

// Opt-in rows: served where the route names them.
#[test]
fn opt_in_methods_are_served_where_they_are_named() {
    each(
        READ.iter().chain(WRITE).chain(LOCK).chain(OPT_IN).chain(&["ACL"]),
        |&method| {
            let (seen, _) = shared().pass(&proper(&format!("named {method}"), method, "/all/"));
            assert_eq!(seen.method, method);
        },
    );
}

// Off rows: 405 on every route, even on one that allows all there is.
#[test]
fn some_methods_are_never_served() {
    each(["/files/", "/all/", "/web/", "/closed/"], |prefix| {
        for &method in NEVER {
            not_allowed(
                shared(),
                &proper(&format!("never {method} on {prefix}"), method, prefix),
            );
        }
    });
    // M-8: decided before the path is looked at.
    not_allowed(shared(), &req("M-8 TRACE on a bad path", "TRACE", "/files/../x"));
    not_allowed(shared(), &req("M-8 CONNECT", "CONNECT", "dav.test:80"));
    let line = shared().gateway.log_of("dav.test:80");
    assert_eq!((&line["status"], &line["rule"]), (&405.into(), &"O-6".into()), "{line}");
    // M-8: what follows CONNECT is no request.
    let mut client = Client::connect(shared().gateway.address);
    client.send(b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n");
    client.send(&req("after CONNECT", "GET", "/files/after-connect").bytes());
    assert_eq!(client.answer(false).status, 405);
    assert!(client.closed_within(Duration::from_secs(3)));
    shared().settle();
    assert!(shared().backend.case("after CONNECT").is_empty());
}

// M-37, M-40, M-41: exact tokens only.
#[test]
fn unknown_tokens_get_501() {
    each(
        [
            "put",
            "Put",
            "propfind",
            "PropFind",
            "get",
            "delete",
            "lock",
            "FOO",
            "PROPFINDX",
            "XPUT",
            "GET2",
            "DO_PUT",
            "PUT-",
            "M-SEARCH",
            "trace",
            "X+Y",
            "HTTP",
            "PROPFIND_",
            "__CLASS__",
        ],
        |method| {
            for prefix in ["/files/", "/all/"] {
                shared().refuse(
                    501,
                    &req(&format!("M-37 {method} on {prefix}"), method, format!("{prefix}a")).with("Depth", "0"),
                );
            }
        },
    );
    shared().settle();
}

#[test]
fn classes_hold_what_they_say() {
    each(READ, |&method| {
        shared().pass(&proper(&format!("read class {method}"), method, "/ro/"));
    });
    each(WRITE.iter().chain(LOCK).chain(OPT_IN).chain(&["ACL"]), |&method| {
        not_allowed(shared(), &proper(&format!("read class no {method}"), method, "/ro/"));
    });
    each(
        READ.iter()
            .chain(WRITE)
            .chain(LOCK)
            .filter(|&&method| method != "OPTIONS"),
        |&method| {
            not_allowed(shared(), &proper(&format!("none {method}"), method, "/closed/"));
        },
    );
    each(
        READ.iter().chain(WRITE).chain(LOCK).chain(OPT_IN).chain(&["ACL"]),
        |&method| {
            let request = proper(&format!("web {method}"), method, "/web/");
            match method {
                "GET" | "HEAD" | "POST" => drop(shared().pass(&request)),
                "OPTIONS" => drop(shared().refuse(200, &request)),
                _ => not_allowed(shared(), &request),
            }
        },
    );
    shared().settle();
}

// First match decides, on canonical segments.
#[test]
fn rules_per_path() {
    let lab = shared();
    let put = |name: &str, target: &str| req(name, "PUT", target).body("x");
    lab.pass_to("/rules-in/a", &put("rules: elsewhere", "/rules/a"));
    lab.pass(&req("rules: archive may be read", "GET", "/rules/archive/a"));
    lab.pass(
        &req("rules: archive deep", "PROPFIND", "/rules/archive/a/b")
            .with("Depth", "0")
            .xml(PROPFIND),
    );
    each(
        [
            ("rules: archive", "/rules/archive/a"),
            ("rules: archive itself", "/rules/archive"),
            ("rules: archive with a slash", "/rules/archive/"),
            ("rules: archive deep down", "/rules/archive/a/b/c"),
            ("rules: archive encoded", "/rules/%61rchive/a"),
            ("rules: archive with slashes", "/rules//archive//a"),
        ],
        |(name, target)| {
            not_allowed(lab, &put(name, target));
            not_allowed(lab, &req(&format!("{name}, deleted"), "DELETE", target));
        },
    );
    lab.pass(&put("rules: archive is a whole segment", "/rules/archives/a"));
    lab.pass(&put("rules: archive deeper is another", "/rules/x/archive/a"));
    lab.pass(&put("rules: one segment", "/rules/inbox/a"));
    not_allowed(lab, &req("rules: only PUT there", "GET", "/rules/inbox/a"));
    not_allowed(lab, &put("rules: two segments", "/rules/inbox/a/b"));
    lab.settle();
}

// COPY and MOVE are judged at both ends.
#[test]
fn copy_and_move_are_judged_at_both_ends() {
    let lab = shared();
    let go = |name: &str, method: &str, from: &str, to: &str| {
        req(name, method, format!("/rules/{from}")).with("Destination", &format!("http://dav.test/rules/{to}"))
    };
    drop(lab.pass(&go("ends: both free", "MOVE", "a", "b")));
    lab.refuse(405, &go("ends: into the archive", "COPY", "a", "archive/b"));
    lab.refuse(405, &go("ends: move into the archive", "MOVE", "a", "archive/b"));
    lab.refuse(405, &go("ends: into the archive, encoded", "MOVE", "a", "%61rchive/b"));
    lab.refuse(405, &go("ends: out of the archive", "MOVE", "archive/b", "a"));
    lab.refuse(405, &go("ends: into the inbox", "COPY", "a", "inbox/deep/b"));
    lab.settle();
}

// M-42, B-50.
#[test]
fn override_headers_are_never_honoured() {
    each(
        ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"],
        |header| {
            let request = proper(&format!("M-42 {header}"), "POST", "/all/").with(header, "DELETE");
            let (seen, _) = shared().pass(&request);
            assert_eq!((seen.method.as_str(), seen.header(header)), ("POST", None), "{header}");
            let request = proper(&format!("M-42 {header} on GET"), "GET", "/ro/").with(header, "PUT");
            let (seen, _) = shared().pass(&request);
            assert_eq!((seen.method.as_str(), seen.header(header)), ("GET", None), "{header}");
            shared().refuse(
                400,
                &proper(&format!("B-50 strict {header}"), "GET", "/strict/").with(header, "PUT"),
            );
            // The real method decides, not the one in the header.
            not_allowed(
                shared(),
                &proper(&format!("M-42 {header} frees nothing"), "PUT", "/ro/").with(header, "GET"),
            );
        },
    );
    let (seen, _) = shared().pass(
        &req("M-42 query", "POST", "/all/a?_method=DELETE")
            .with("Content-Type", "text/plain")
            .body("x"),
    );
    assert_eq!(seen.method, "POST");
    shared().settle();
}
