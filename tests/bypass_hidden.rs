//! Attempts to learn of what may not be read, or to reach it, by methods that reach further than they seem to, by conditions, by nested
//! answers and by the look of a 404 (spec section 3). Each is refused, has a twin, and the back end hears nothing of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{answer, multistatus};
use support::people::{all_fail, attempt, brings, by, get, lab, put};
use support::samples::{LOCKINFO, PROPPATCH};
use support::wire::{Answer, req};

// O-7, O-11, PV-4, PV-20, PV-31: methods that reach further than they seem to
#[test]
fn by_the_method() {
    let row = |attack, status, condition, honest, arrives| attempt(attack, status, condition, honest, arrives);
    let patch = |name, target| by("bob", req(name, "PROPPATCH", target).xml(PROPPATCH));
    let search = |name, scope: &str| {
        let body = format!(
            "<searchrequest xmlns=\"DAV:\"><basicsearch><select><allprop/></select><from><scope><href>{scope}</href>\
             <depth>0</depth></scope></from></basicsearch></searchrequest>"
        );
        by("bob", req(name, "SEARCH", "/files/shared/").xml(body))
    };
    let unlock = |name, target| {
        by(
            "bob",
            req(name, "UNLOCK", target).with("Lock-Token", "<opaquelocktoken:1>"),
        )
    };
    let acl = "<acl xmlns=\"DAV:\"><ace><principal><all/></principal><grant><privilege><all/></privilege></grant></ace></acl>";
    let own = |honest| {
        row(
            get("override", "/files/home/ann/x").with("X-HTTP-Method-Override", "OPTIONS"),
            404,
            "",
            honest,
            "/dav/home/bob/x",
        )
    };
    all_fail(
        &lab(""),
        &[
            row(
                patch("PROPPATCH", "/files/home/ann/x"),
                403,
                "need-privileges",
                patch("", "/files/home/bob/x"),
                "/dav/home/bob/x",
            ),
            row(
                search("SEARCH in the hidden folder", "/files/shared/hidden/"),
                403,
                "need-privileges",
                search("", "/files/shared/other/"),
                "/dav/shared/",
            ),
            row(
                search("SEARCH elsewhere", "/files/home/ann/"),
                403,
                "need-privileges",
                search("", "/files/shared/other/"),
                "/dav/shared/",
            ),
            row(
                search("SEARCH up", "../home/ann/"),
                400,
                "url-in-body",
                search("", "other/"),
                "/dav/shared/",
            ),
            row(
                unlock("UNLOCK there", "/files/home/ann/x"),
                403,
                "need-privileges",
                unlock("", "/files/home/bob/x"),
                "/dav/home/bob/x",
            ),
            row(
                unlock("UNLOCK in the hidden folder", "/files/shared/hidden/x"),
                403,
                "need-privileges",
                unlock("", "/files/shared/x"),
                "/dav/shared/x",
            ),
            row(
                unlock("UNLOCK of what may only be read", "/files/public/x"),
                403,
                "need-privileges",
                unlock("", "/files/drop/x"),
                "/dav/drop/x",
            ),
            row(
                by(
                    "bob",
                    req(
                        "UNLOCK of what may not be written",
                        "UNLOCK",
                        "/files/shared/tree/kept/x",
                    )
                    .with("Lock-Token", "<urn:x>"),
                ),
                403,
                "need-privileges",
                by(
                    "ann",
                    req("", "UNLOCK", "/files/shared/tree/x").with("Lock-Token", "<urn:x>"),
                ),
                "/dav/shared/tree/x",
            ),
            row(
                by("bob", req("ACL", "ACL", "/files/shared/x").xml(acl)),
                403,
                "need-privileges",
                by("bob", req("", "ACL", "/files/home/bob/x").xml(acl)),
                "/dav/home/bob/x",
            ),
            row(
                by(
                    "bob",
                    req("BIND", "BIND", "/files/home/bob/").xml("<bind xmlns=\"DAV:\"/>"),
                ),
                405,
                "method-not-allowed",
                get("", "/files/home/bob/x"),
                "/dav/home/bob/x",
            ),
            row(
                by(
                    "bob",
                    req("MKCOL with a body", "MKCOL", "/files/home/ann/c/").xml("<x/>"),
                ),
                403,
                "need-privileges",
                by("bob", req("", "MKCOL", "/files/home/bob/c/")),
                "/dav/home/bob/c/",
            ),
            own(get("", "/files/home/bob/x").with("X-HTTP-Method-Override", "DELETE")),
            row(
                put("override by query", "/files/home/bob/x?_method=COPY"),
                400,
                "query-not-allowed",
                put("", "/files/home/bob/x"),
                "/dav/home/bob/x",
            ),
            row(
                by(
                    "bob",
                    req("old Destination", "COPY", "/files/home/bob/a").with("New-uri", "/files/home/ann/a"),
                ),
                400,
                "destination-missing",
                brings("", "COPY", "/files/home/bob/a", "/files/home/bob/b").with("New-uri", "/files/home/ann/a"),
                "/dav/home/bob/a",
            ),
            row(
                by("bob", req("OPTIONS", "OPTIONS", "/files/home/ann/")),
                404,
                "",
                by("bob", req("", "OPTIONS", "/files/home/bob/")),
                "/dav/home/bob/",
            ),
        ],
    );
}

// L-22, L-24: conditions are no way to ask about what may not be read
#[test]
fn by_conditions() {
    let tagged = |name, tag: &str| put(name, "/files/home/bob/x").with("If", tag);
    let row = |attack, status, condition| {
        let honest = tagged("", "</files/home/bob/y> ([\"e\"])");
        attempt(attack, status, condition, honest, "/dav/home/bob/x")
    };
    let lab = lab("");
    all_fail(
        &lab,
        &[
            row(
                tagged("entity tag of another's", "</files/home/ann/x> ([\"e\"])"),
                412,
                "if-false",
            ),
            row(
                tagged("entity tag, absolute", "<http://dav.test/files/home/ann/x> ([W/\"e\"])"),
                412,
                "if-false",
            ),
            row(
                tagged("entity tag, negated", "</files/home/ann/x> (Not [\"e\"])"),
                412,
                "if-false",
            ),
            row(
                tagged(
                    "entity tag in a later list",
                    "</files/home/bob/x> ([\"e\"]) </files/shared/hidden/x> (<urn:a> [\"e\"])",
                ),
                412,
                "if-false",
            ),
            row(
                tagged("encoded", "</files/shared/%68idden/x> ([\"e\"])"),
                412,
                "if-false",
            ),
            row(tagged("up", "</files/home/bob/../ann/x> ([\"e\"])"), 400, "if-header"),
            row(
                tagged("other host", "<http://other.test/files/home/ann/x> ([\"e\"])"),
                400,
                "if-header",
            ),
            row(
                tagged("back end's path", "</dav/home/ann/x> ([\"e\"])"),
                400,
                "if-header",
            ),
            row(
                tagged("stripped at the next hop", "</files/home/bob/x> ([\"e\"])").with("Connection", "If"),
                400,
                "connection-header",
            ),
        ],
    );
    // Whoever uploads to where he cannot read names the locks he holds there.
    let own_lock =
        put("a lock token tells nothing", "/files/drop/missing").with("If", "</files/drop/missing> (<urn:a>)");
    lab.pass_to("/dav/drop/missing", &own_lock);
}

// F-10: hidden members of nested answers
#[test]
fn by_expansion() {
    let lab = lab("");
    let member = |path: &str, inner: &str| {
        format!(
            "<D:response><D:href>/dav/shared/{path}</D:href><D:propstat><D:prop><D:version-history>{inner}</D:version-history></D:prop>\
             <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    let nested = member("hidden/secret", "text") + &member("seen", "");
    let body = format!(
        "<D:multistatus xmlns:D=\"DAV:\">{}{}</D:multistatus>",
        member("x", &nested),
        member("hidden/more", "")
    );
    lab.backend.on("REPORT /dav/shared/x", multistatus(&body));
    let expand = "<expand-property xmlns=\"DAV:\"><property name=\"version-history\"/></expand-property>";
    let ask = |user: &str| {
        let request = by(
            user,
            req(&format!("expand-property by {user}"), "REPORT", "/files/shared/x"),
        );
        lab.pass(&request.with("Depth", "0").xml(expand)).1.text()
    };
    let (bob, root) = (ask("bob"), ask("root"));
    assert!(
        !bob.contains("hidden") && !bob.contains("text") && bob.contains("/files/shared/seen"),
        "{bob}"
    );
    assert!(
        root.contains("/files/shared/hidden/secret") && root.contains("/files/shared/hidden/more"),
        "{root}"
    );
}

// F-6: who makes or refreshes a lock is told its token, without `unlock`; another's is told nobody, whatever he says that he knows
#[test]
fn by_lock_tokens() {
    let lab = lab("");
    let (mine, other) = ("opaquelocktoken:mine", "opaquelocktoken:other");
    let lock = |token: &str| {
        format!(
            "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:shared/></D:lockscope><D:depth>0</D:depth>\
             <D:locktoken><D:href>{token}</D:href></D:locktoken><D:lockroot><D:href>/dav/shared/x</D:href></D:lockroot></D:activelock>"
        )
    };
    let discovery = format!("<D:lockdiscovery>{}{}</D:lockdiscovery>", lock(mine), lock(other));
    let locked = format!("<D:prop xmlns:D=\"DAV:\">{discovery}</D:prop>");
    let xml = ("Content-Type", "application/xml");
    let target = "/files/shared/x";
    lab.backend.on(
        "LOCK /dav/shared/x",
        answer("200 OK", &[xml, ("Lock-Token", "<opaquelocktoken:mine>")], &locked),
    );
    let made = lab.pass(&by("bob", req("LOCK", "LOCK", target).xml(LOCKINFO))).1.text();
    assert!(made.contains(mine) && !made.contains(other), "{made}");
    lab.backend.on("LOCK /dav/shared/x", answer("200 OK", &[xml], &locked));
    let refreshed = lab
        .pass(&by(
            "bob",
            req("refresh", "LOCK", target).with("If", "(<opaquelocktoken:mine>)"),
        ))
        .1
        .text();
    assert!(refreshed.contains(mine) && !refreshed.contains(other), "{refreshed}");
    let found = format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/dav/shared/x</D:href><D:propstat><D:prop>{discovery}</D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    );
    lab.backend.on("PROPFIND /dav/shared/x", multistatus(found));
    let ask = |user: &str| {
        let request = by(user, req(&format!("PROPFIND by {user}"), "PROPFIND", target));
        lab.pass(&request.with("Depth", "0").with("If", "(<opaquelocktoken:other>)"))
            .1
            .text()
    };
    let (bob, ann) = (ask("bob"), ask("ann"));
    assert!(bob.contains(mine) && !bob.contains(other), "{bob}");
    assert!(
        !ann.contains(mine) && !ann.contains(other) && ann.contains("activelock"),
        "{ann}"
    );
}

// what is hidden, whether it is there or not, and what is not there where one may read, are answered alike to the last byte
#[test]
fn hidden_is_as_missing() {
    let lab = lab("");
    let page = [
        ("Content-Type", "text/html"),
        ("Server", "Apache/2.4"),
        ("ETag", "\"e1\""),
        ("X-Inner", "1"),
        ("Date", "x"),
    ];
    lab.backend.on(
        "/dav/shared/nothing",
        answer("404 Not Found", &page, "<html>/dav/shared/nothing</html>"),
    );
    let search = "<searchrequest xmlns=\"DAV:\"><basicsearch><select><allprop/></select><from><scope><href>/files/shared/nothing\
        </href><depth>0</depth></scope></from></basicsearch></searchrequest>";
    for method in ["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT", "SEARCH", "COPY"] {
        let ask = |target: &str| {
            let request = by("bob", req(&format!("{method} {target}"), method, target));
            lab.ask(&match method {
                "REPORT" => request.xml("<expand-property xmlns=\"DAV:\"/>"),
                "SEARCH" => request.xml(search),
                "PROPFIND" => request.with("Depth", "1"),
                "COPY" => request.with("Destination", "/files/home/bob/x").with("Depth", "0"),
                _ => request,
            })
        };
        let whole = |answer: Answer| {
            let mut headers = answer.headers;
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
            headers.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
            headers.sort();
            (answer.status, headers, answer.body)
        };
        let missing = whole(ask("/files/shared/nothing"));
        assert_eq!(
            lab.backend.case(&format!("{method} /files/shared/nothing")).len(),
            1,
            "{method}"
        );
        assert_eq!(missing.0, 404, "{method}");
        let before = lab.backend.byte_count();
        for target in [
            "/files/shared/hidden/secret",
            "/files/shared/hidden/missing",
            "/files/shared/hidden/",
            "/files/home/ann/x",
        ] {
            assert_eq!(whole(ask(target)), missing, "{method} {target}");
        }
        assert_eq!(
            lab.backend.byte_count(),
            before,
            "{method}: the back end was asked, which takes time"
        );
    }
    // The twin: where it may be read, what is there is shown.
    lab.pass_to(
        "/dav/shared/hidden/secret",
        &by("root", req("root", "GET", "/files/shared/hidden/secret")),
    );
}

// error pages of the back end do not tell one from the other either
#[test]
fn error_pages_tell_nothing() {
    let backend = support::backend::BackEnd::start();
    backend.on(
        "/dav/nothing",
        answer("404 Not Found", &[("Content-Type", "text/html")], "page"),
    );
    let route = "  - path: /files/\n    backend: { url: \"http://@BACK@/dav/\" }\n    pass_error_bodies: true\n    access: [{ path: /**, allow: [read], to: everyone }]";
    let gateway = support::gateway::Gateway::with_routes(&route.replace("@BACK@", &backend.address.to_string()));
    let lab = support::lab::Lab::of(gateway, backend);
    let answer = lab.ask(&req("page", "GET", "/files/nothing"));
    assert_eq!((answer.status, answer.text().as_str()), (404, ""));
}
