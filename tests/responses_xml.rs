//! XML answers over the wire: every URL of the server comes out in the public URL space, everything else as it was (spec 1.5 C-1 to
//! C-14, R-1 to R-13, P-14).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::shared;
use support::samples::{LOCKINFO, PROPFIND, lock_answer};
use support::wire::{Answer, req};

/// Sends a PROPFIND for `/files/NAME`, which the back end answers with these steps.
fn propfind(name: &str, steps: Vec<Step>) -> Answer {
    shared().backend.on(&format!("PROPFIND /dav/{name}"), steps);
    shared().ask(
        &req(name, "PROPFIND", format!("/files/{name}"))
            .with("Depth", "1")
            .xml(PROPFIND),
    )
}

/// What a client reads when the back end sends this multistatus.
fn through(name: &str, body: &str) -> String {
    let answer = propfind(name, multistatus(body));
    assert_eq!(answer.status, 207, "{name}: {}", answer.text());
    assert!(answer.whole, "{name}: the answer is complete");
    answer.text()
}

/// One response with this href and these properties.
fn response(href: &str, properties: &str) -> String {
    format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    )
}

// C-1, R-2 to R-8: forms of an href.
#[test]
fn response_hrefs_become_public_paths() {
    let back = shared().origin();
    each(
        [
            ("c1-path", "/dav/a/b", "/files/a/b"),
            ("c1-collection", "/dav/a/", "/files/a/"),
            ("c1-root", "/dav/", "/files/"),
            ("c1-absolute", &format!("{back}/dav/a"), "/files/a"),
            ("c1-entity", "/dav/a&amp;b", "/files/a&amp;b"),
            ("c1-number", "/d&#97;v/a", "/files/a"),
            ("c1-cdata", "<![CDATA[/dav/a]]>", "/files/a"),
            ("c1-blanks", "\n  /dav/a\n ", "/files/a"),
            ("c1-encoded", "/%64av/%61%20b", "/files/a%20b"),
            ("c1-utf8", "/dav/%c3%a9", "/files/%C3%A9"),
            ("c1-like-public", "/dav/files/a", "/files/files/a"),
            ("c1-like-internal", "/dav/dav/a", "/files/dav/a"),
            ("c1-semicolon", "/dav/a;b", "/files/a%3Bb"),
        ],
        |(name, href, expected)| {
            let got = through(name, &response(href, "<D:getetag>\"1\"</D:getetag>"));
            assert!(got.contains(&format!("href>{expected}<")), "{name}: {got}");
        },
    );
    // relative to the internal request URL.
    let got = through("c1/relative", &response("b.txt", ""));
    assert!(got.contains("href>/files/c1/b.txt<"), "{got}");
}

// R-9, P-14, P-11: what has no public URL is not shown.
#[test]
fn unmapped_responses_are_dropped() {
    each(
        [
            ("r9-outside", "/private/secret"),
            ("r9-no-segment", "/davx/secret"),
            ("r9-stranger", "http://evil.test/dav/secret"),
            ("r9-scheme-relative", "//evil.test/dav/secret"),
            ("r9-dots", "/dav/../secret"),
            ("r9-encoded-dots", "/dav/%2e%2e/secret"),
            ("r9-encoded-slash", "/dav/a%2fsecret"),
            ("r9-not-utf8", "/dav/%ffsecret"),
            ("r9-other-route", "/dav/inner/secret"),
        ],
        |(name, href)| {
            let body = response("/dav/good", "").replace(
            "</D:multistatus>",
            &format!("<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response></D:multistatus>"),
        );
            let got = through(name, &body);
            assert!(got.contains("href>/files/good<"), "{name}: the others stay: {got}");
            assert!(!got.contains("secret"), "{name}: {got}");
        },
    );
}

// names, not prefixes.
#[test]
fn prefixes_are_irrelevant() {
    each(
        [
            (
                "r1-default",
                "<multistatus xmlns=\"DAV:\"><response><href>/dav/a</href><status>HTTP/1.1 200 OK</status></response></multistatus>",
            ),
            (
                "r1-ns0",
                "<ns0:multistatus xmlns:ns0=\"DAV:\"><ns0:response><ns0:href>/dav/a</ns0:href><ns0:status>HTTP/1.1 200 OK</ns0:status></ns0:response></ns0:multistatus>",
            ),
            (
                "r1-redeclared",
                "<a:multistatus xmlns:a=\"DAV:\"><b:response xmlns:b=\"DAV:\"><c:href xmlns:c=\"DAV:\">/dav/a</c:href><b:status>HTTP/1.1 200 OK</b:status></b:response></a:multistatus>",
            ),
            (
                "r1-single-quotes",
                "<D:multistatus xmlns:D='DAV:' ><D:response ><D:href >/dav/a</D:href ><D:status>HTTP/1.1 200 OK</D:status></D:response></D:multistatus>",
            ),
        ],
        |(name, body)| {
            let got = through(name, body);
            assert!(
                got.contains("href>/files/a<") || got.contains("href >/files/a<") || got.contains("\">/files/a<"),
                "{name}: {got}"
            );
        },
    );
}

// C-1 to C-4, C-10, live properties.
#[test]
fn every_place_of_the_table_is_mapped() {
    let live = |property: &str| {
        response(
            "/dav/p",
            &format!("<D:{property}><D:href>/dav/x</D:href></D:{property}>"),
        )
    };
    each(
        [
            "owner",
            "group",
            "principal-URL",
            "current-user-principal",
            "checked-in",
            "version-history",
            "add-member",
            "group-membership",
        ],
        |property| {
            let got = through(&format!("live-{property}"), &live(property));
            assert!(
                got.contains("href>/files/x<") && !got.contains("/dav/"),
                "{property}: {got}"
            );
        },
    );
    let home = "<C:calendar-home-set xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:href>/dav/cal/</D:href></C:calendar-home-set>";
    assert!(through("live-home", &response("/dav/p", home)).contains("href>/files/cal/<"));
    let acl = "<D:acl><D:ace><D:principal><D:href>/dav/u/a</D:href></D:principal><D:grant/><D:inherited><D:href>/dav/</D:href>\
        </D:inherited></D:ace></D:acl>";
    let got = through("live-acl", &response("/dav/p", acl));
    assert!(
        got.contains("href>/files/u/a<") && got.contains("href>/files/<"),
        "{got}"
    );
    let parents = "<D:parent-set><D:parent><D:href>/dav/up/</D:href><D:segment>p</D:segment></D:parent></D:parent-set>";
    assert!(through("live-parent", &response("/dav/p", parents)).contains("href>/files/up/<"));
    let source = "<D:source><D:link><D:src>/dav/s</D:src><D:dst>/dav/d</D:dst></D:link></D:source>";
    let got = through("live-source", &response("/dav/p", source));
    assert!(got.contains(">/files/s<") && got.contains(">/files/d<"), "{got}");
    let nested = "<D:version-history><D:response><D:href>/dav/vh</D:href><D:propstat><D:prop><D:owner><D:href>/dav/u/a</D:href></D:owner>\
        </D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:version-history>";
    let got = through("c10-nested", &response("/dav/p", nested));
    assert!(
        got.contains("href>/files/vh<") && got.contains("href>/files/u/a<"),
        "{got}"
    );
    let several = "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/dav/a</D:href><D:href>/dav/b</D:href><D:status>HTTP/1.1 200 OK\
        </D:status><D:location><D:href>/dav/c</D:href></D:location></D:response></D:multistatus>";
    let got = through("c1-several", several);
    assert!(
        ["a", "b", "c"]
            .iter()
            .all(|name| got.contains(&format!("href>/files/{name}<"))),
        "{got}"
    );
    let error = "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/dav/a</D:href><D:status>HTTP/1.1 423 Locked</D:status><D:error>\
        <D:lock-token-submitted><D:href>/dav/lock</D:href></D:lock-token-submitted></D:error></D:response></D:multistatus>";
    assert!(through("c3-in-response", error).contains("href>/files/lock<"));
    // R-9 in a property: an internal URL outside the route is taken out, a foreign one stays.
    let got = through(
        "r9-property",
        &response("/dav/p", "<D:owner><D:href>/private/u</D:href></D:owner>"),
    );
    assert!(!got.contains("/private/"), "{got}");
    let got = through(
        "r4-property",
        &response("/dav/p", "<D:owner><D:href>http://other.test/dav/u</D:href></D:owner>"),
    );
    assert!(got.contains(">http://other.test/dav/u<"), "{got}");
    let got = through(
        "r3-property",
        &response("/dav/p", "<D:owner><D:href>mailto:a@dav.test</D:href></D:owner>"),
    );
    assert!(got.contains(">mailto:a@dav.test<"), "{got}");
    // an absolute URL in a property stays absolute, with the public authority.
    let absolute = format!("<D:owner><D:href>{}/dav/u</D:href></D:owner>", shared().origin());
    assert!(through("r7-absolute", &response("/dav/p", &absolute)).contains(">http://dav.test/files/u<"));
}

// R-10, C-5, C-6, C-11, C-14: data is nobody's URL.
#[test]
fn data_stays_as_it_is() {
    let back = shared().origin();
    each(
        [
            ("dead-text", format!("<x:p xmlns:x=\"urn:x\">/dav/a {back}/dav/b</x:p>")),
            (
                "dead-href",
                "<x:p xmlns:x=\"urn:x\"><D:href>/dav/a</D:href></x:p>".to_owned(),
            ),
            (
                "dead-deep",
                "<x:p xmlns:x=\"urn:x\"><D:owner><D:href>/dav/a</D:href></D:owner></x:p>".to_owned(),
            ),
            (
                "dead-response",
                "<x:p xmlns:x=\"urn:x\"><x:response><D:href>/dav/a</D:href></x:response></x:p>".to_owned(),
            ),
            ("dead-attribute", "<x:p xmlns:x=\"urn:x\" href=\"/dav/a\"/>".to_owned()),
            ("dead-displayname", "<D:displayname>/dav/a</D:displayname>".to_owned()),
            (
                "dead-resource-id",
                "<D:resource-id><D:href>/dav/a</D:href></D:resource-id>".to_owned(),
            ),
            ("dead-etag", "<D:getetag>\"/dav/a\"</D:getetag>".to_owned()),
            ("dead-sync-token", format!("<D:sync-token>{back}/dav/a</D:sync-token>")),
            (
                "dead-owner-name",
                "<owner xmlns=\"urn:x\"><D:href>/dav/a</D:href></owner>".to_owned(),
            ),
            (
                "dead-white-space",
                "<x:p xmlns:x=\"urn:x\" xml:lang=\"de\">  /dav/a\n &amp;&lt;é </x:p>".to_owned(),
            ),
            (
                "dead-cdata",
                "<x:p xmlns:x=\"urn:x\"><![CDATA[/dav/<a>]]></x:p>".to_owned(),
            ),
        ],
        |(name, property)| {
            let got = through(name, &response("/dav/p", &property));
            assert!(got.contains(&property), "{name}: {got}");
            assert!(got.contains("href>/files/p<"), "{name}: {got}");
        },
    );
    let description = response("/dav/p", "").replace(
        "</D:propstat>",
        "</D:propstat><D:responsedescription>/dav/a</D:responsedescription>",
    );
    assert!(through("description", &description).contains(">/dav/a<"));
}

// C-4 to C-7.
#[test]
fn lock_answers() {
    let lab = shared();
    lab.backend.on(
        "LOCK /dav/l1",
        answer(
            "200 OK",
            &[
                ("Content-Type", "application/xml"),
                ("Lock-Token", "<opaquelocktoken:b1>"),
            ],
            lock_answer("/dav/l1", "me /dav/me", "/dav/me"),
        ),
    );
    // L-9: the owner is the client's own, whatever the back end has made of it.
    let owner = "<D:owner>you /dav/you<D:href>/dav/you</D:href></D:owner>";
    let body = LOCKINFO.replace("<D:owner>me</D:owner>", owner);
    let (_, got) = lab.pass(&req("C-7 LOCK", "LOCK", "/files/l1").xml(body));
    assert_eq!(got.header("lock-token"), Some("<opaquelocktoken:b1>"));
    let text = got.text();
    assert!(text.contains("lockroot><D:href>/files/l1<"), "{text}");
    assert!(
        text.contains("<D:owner xmlns:D=\"DAV:\">you /dav/you<D:href>/dav/you</D:href></D:owner>"),
        "{text}"
    );
    assert!(
        text.contains("<D:locktoken><D:href>opaquelocktoken:b1</D:href>"),
        "{text}"
    );
    let inner = lock_answer("/dav/l2", "me", "/dav/me");
    let discovery = &inner[inner.find("<D:lockdiscovery>").unwrap()..inner.find("</D:prop>").unwrap()];
    let text = through("l2", &response("/dav/l2", discovery));
    assert!(
        text.contains("lockroot><D:href>/files/l2<") && text.contains("me<D:href>/dav/me</D:href></D:owner>"),
        "{text}"
    );
    // A token that is a URL stays a token.
    let url_token = discovery.replace("opaquelocktoken:b1", "http://127.0.0.1/dav/token");
    assert!(through("l3", &response("/dav/l3", &url_token)).contains(">http://127.0.0.1/dav/token<"));
}

// C-1 at 424, C-3 at top level, C-8.
#[test]
fn xml_of_every_status_is_mapped() {
    let xml = [("Content-Type", "text/xml; charset=\"utf-8\"")];
    let body = response("/dav/s1", "<x:a xmlns:x=\"urn:x\"/>").replace("200 OK", "403 Forbidden");
    let got = propfind("s1", answer("424 Failed Dependency", &xml, body));
    assert_eq!(got.status, 424);
    assert!(got.text().contains("href>/files/s1<"), "{}", got.text());
    each(
        [
            ("s2", "423 Locked", "lock-token-submitted"),
            ("s3", "409 Conflict", "no-uid-conflict"),
        ],
        |(name, status, condition)| {
            let body = format!(
                "<D:error xmlns:D=\"DAV:\"><D:{condition}><D:href>/dav/locked</D:href></D:{condition}></D:error>"
            );
            shared()
                .backend
                .on(&format!("DELETE /dav/{name}"), answer(status, &xml, body));
            let got = shared().ask(&req(&format!("C-3 {name}"), "DELETE", format!("/files/{name}")));
            assert_eq!(got.status.to_string(), status[..3]);
            if condition == "lock-token-submitted" {
                assert!(got.text().contains("href>/files/locked<"), "{}", got.text());
            }
        },
    );
    let body = "<D:options-response xmlns:D=\"DAV:\"><D:workspace-collection-set><D:href>/dav/ws/</D:href></D:workspace-collection-set>\
        </D:options-response>";
    shared().backend.on("OPTIONS /dav/s4", answer("200 OK", &xml, body));
    let (_, got) = shared().pass(
        &req("C-8", "OPTIONS", "/files/s4").xml("<D:options xmlns:D='DAV:'><D:workspace-collection-set/></D:options>"),
    );
    assert!(got.text().contains("href>/files/ws/<"), "{}", got.text());
    let partial = response("/dav/s5", "").replace("200 OK", "507 Insufficient Storage");
    assert!(
        through("s5", &partial).contains("507"),
        "a truncated report keeps its mark"
    );
}
