//! Attempts to get at what the access rules keep, by another spelling of the path, by another resource that the request names, or by
//! what holds the resource (spec section 3). Each is refused before one byte reaches the back end, and has a twin that arrives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{answer, multistatus};
use support::people::{all_fail, all_fail_after_probe, attempt, by, lab};
use support::samples::{LOCKINFO, PROPPATCH};
use support::wire::{Answer, Req, req};

fn get(name: &str, target: &str) -> Req {
    by("bob", req(name, "GET", target))
}

fn put(name: &str, target: &str) -> Req {
    by("bob", req(name, "PUT", target).body("x"))
}

/// COPY or MOVE by bob.
fn brings(name: &str, method: &str, from: &str, to: &str) -> Req {
    by("bob", req(name, method, from).with("Destination", to))
}

// P-5, P-9: one key for all spellings of a path
#[test]
fn by_the_path() {
    let own = || get("", "/files/home/bob/x");
    let hidden = |name, target| attempt(get(name, target), 404, "", own(), "/dav/home/bob/x");
    let bad = |name, target, condition| attempt(get(name, target), 400, condition, own(), "/dav/home/bob/x");
    let write = |name, target| {
        let honest = put("", "/files/home/bob/x");
        attempt(put(name, target), 403, "need-privileges", honest, "/dav/home/bob/x")
    };
    all_fail(
        &lab(""),
        &[
            hidden("plainly", "/files/home/ann/x"),
            write("plainly, writing", "/files/home/ann/x"),
            hidden("encoded name", "/files/home/%61nn/x"),
            write("encoded folder, writing", "/files/%68ome/%61%6e%6E/x"),
            hidden("slashes", "//files//home//ann//x"),
            write("slashes, writing", "/files///home//ann/x"),
            bad("up", "/files/home/bob/../ann/x", "path-dot-segment"),
            bad("encoded up", "/files/home/bob/%2e%2E/ann/x", "path-dot-segment"),
            bad(
                "encoded slash",
                "/files/home/bob%2f..%2Fann/x",
                "path-encoded-separator",
            ),
            bad(
                "double encoded up",
                "/files/home/bob/%252e%252e/ann/x",
                "path-double-encoding",
            ),
            bad("overlong dots", "/files/home/bob/%c0%ae%c0%ae/ann/x", "path-not-utf8"),
            bad("overlong slash", "/files/home/bob%c0%afann", "path-not-utf8"),
            bad("backslash", "/files/home/bob%5c..%5Cann", "path-encoded-separator"),
            bad("NUL", "/files/home/ann%00/x", "path-control-character"),
            bad("fragment", "/files/home/bob/x#/../ann", "path-fragment"),
            hidden("parameters on the name", "/files/home/ann;bob/x"),
            bad("parameters and up", "/files/home/bob;/../ann/x", "path-dot-segment"),
            hidden("absolute form", "http://dav.test/files/home/ann/x"),
            bad("absolute form, other host", "http://other.test/files/home/bob/x", ""),
            bad("absolute form, user", "http://bob@dav.test/files/home/bob/x", ""),
            hidden("query", "/files/home/ann/x?/files/home/bob/x"),
            hidden("hidden folder", "/files/shared/hidden"),
            hidden("hidden folder, slash", "/files/shared/hidden/"),
            hidden("hidden folder, encoded", "/files/shared/%68%69dden/secret"),
            write("hidden folder, writing", "/files/shared/hidden/secret"),
            hidden("upper case", "/files/HOME/bob/x"),
            hidden("name in upper case", "/files/home/Bob/x"),
            hidden("all homes", "/files/home/"),
            hidden("root", "/files/"),
            hidden("name with a dot", "/files/home/bob./x"),
            hidden("name with a blank", "/files/home/bob%20/x"),
            hidden("name as pattern", "/files/home/*/x"),
            hidden("name as placeholder", "/files/home/%7Buser%7D/x"),
            hidden("upload folder, reading", "/files/drop/x"),
        ],
    );
}

// P-8, P-9, RM-6: case and normal form, where the route folds them and where it does not
#[test]
fn by_letters() {
    let fold = |name, target| {
        attempt(
            get(name, target),
            404,
            "",
            get("", "/fold/SHARED/Other"),
            "/fold-in/SHARED/Other",
        )
    };
    let alias = |name, target| {
        attempt(
            get(name, target),
            400,
            "path-windows-alias",
            get("", "/fold/shared/x"),
            "/fold-in/shared/x",
        )
    };
    let lab = lab("");
    all_fail(
        &lab,
        &[
            fold("upper case", "/fold/shared/HIDDEN/secret"),
            fold("mixed case, encoded", "/fold/Shared/%48iDDen/secret"),
            fold(
                "long s is s",
                "/fold/\u{17f}hared/hidden".replace('\u{17f}', "%C5%BF").as_str(),
            ),
            alias("dot at the end", "/fold/shared/hidden./secret"),
            alias("blank at the end", "/fold/shared/hidden%20/secret"),
            alias("short name", "/fold/shared/HIDDEN~1/secret"),
            alias("stream", "/fold/shared/hidden::$DATA/secret"),
        ],
    );
    // Two spellings of one name have one entry in the rules, and only its own user.
    for spelling in ["j%C3%B6rg", "jo%CC%88rg"] {
        let target = format!("/files/home/{spelling}/x");
        lab.refuse(404, &get(&format!("{spelling} by bob"), &target));
        lab.pass(&by("j\u{f6}rg", req(&format!("{spelling} by himself"), "GET", &target)));
    }
}

// O-9, A-10, PV-12 to PV-15: the other end of COPY and MOVE is judged for its own privileges
#[test]
fn by_destination() {
    let copy = |name, to| {
        let honest = brings("", "COPY", "/files/home/bob/a", "http://dav.test/files/shared/a");
        attempt(
            brings(name, "COPY", "/files/home/bob/a", to),
            403,
            "need-privileges",
            honest,
            "/dav/home/bob/a",
        )
    };
    let elsewhere = |name, to, status, condition| {
        let honest = brings("", "MOVE", "/files/home/bob/a", "/files/home/bob/b");
        attempt(
            brings(name, "MOVE", "/files/home/bob/a", to),
            status,
            condition,
            honest,
            "/dav/home/bob/a",
        )
    };
    let from = |name, method, from, status, condition| {
        let honest = brings("", method, "/files/shared/a", "/files/home/bob/a");
        attempt(
            brings(name, method, from, "/files/home/bob/a"),
            status,
            condition,
            honest,
            "/dav/shared/a",
        )
    };
    all_fail(
        &lab(""),
        &[
            copy("to another's home", "http://dav.test/files/home/ann/a"),
            copy("by path alone", "/files/home/ann/a"),
            copy("encoded", "http://dav.test/files/home/%61nn/a"),
            copy("slashes", "http://dav.test/files//home//ann//a"),
            copy("as another's home", "http://dav.test/files/home/ann"),
            copy("as a home of nobody", "http://dav.test/files/home/zoe"),
            copy("into the hidden folder", "http://dav.test/files/shared/hidden/a"),
            copy("into what is kept", "http://dav.test/files/shared/tree/kept/a"),
            elsewhere("moving", "/files/home/ann/a", 403, "need-privileges"),
            elsewhere(
                "other host",
                "http://other.test/files/home/bob/b",
                502,
                "destination-elsewhere",
            ),
            elsewhere(
                "other route",
                "http://dav.test/named/home/bob/b",
                502,
                "destination-elsewhere",
            ),
            elsewhere(
                "back end's path",
                "http://dav.test/dav/home/ann/b",
                502,
                "destination-elsewhere",
            ),
            elsewhere("up", "http://dav.test/files/home/bob/../ann/b", 400, "path-dot-segment"),
            elsewhere("encoded up", "/files/home/bob/%2e%2e/ann/b", 400, "path-dot-segment"),
            elsewhere(
                "user info",
                "http://dav.test@other.test/files/home/bob/b",
                400,
                "destination-malformed",
            ),
            elsewhere(
                "network path",
                "//other.test/files/home/bob/b",
                400,
                "destination-malformed",
            ),
            from("out of another's home", "COPY", "/files/home/ann/a", 404, ""),
            from(
                "moving out of another's home",
                "MOVE",
                "/files/home/ann/a",
                403,
                "need-privileges",
            ),
            from(
                "out of the hidden folder",
                "COPY",
                "/files/shared/hidden/secret",
                404,
                "",
            ),
            from(
                "moving the hidden folder",
                "MOVE",
                "/files/shared/hidden/",
                403,
                "need-privileges",
            ),
            from("moving a home", "MOVE", "/files/home/bob", 403, "need-privileges"),
            from("what may only be put there", "COPY", "/files/drop/x", 404, ""),
        ],
    );
}

// what is done to a collection is done to all it holds
#[test]
fn by_what_holds_it() {
    let lab = lab("");
    let row = |attack, status, honest, arrives| attempt(attack, status, "need-privileges", honest, arrives);
    let delete = |name, target| by("bob", req(name, "DELETE", target));
    let lock = |name, target, depth| by("bob", req(name, "LOCK", target).with("Depth", depth).xml(LOCKINFO));
    all_fail(
        &lab,
        &[
            row(
                delete("DELETE of the shared folder", "/files/shared/"),
                403,
                delete("", "/files/shared/a"),
                "/dav/shared/a",
            ),
            row(
                delete("DELETE of the root", "/files/"),
                403,
                delete("", "/files/home/bob/a"),
                "/dav/home/bob/a",
            ),
            row(
                delete("DELETE of a home", "/files/home/ann/"),
                403,
                delete("", "/files/home/bob/a/"),
                "/dav/home/bob/a/",
            ),
            row(
                brings(
                    "MOVE of the shared folder",
                    "MOVE",
                    "/files/shared",
                    "/files/home/bob/s",
                ),
                403,
                brings("", "MOVE", "/files/shared/a", "/files/home/bob/s"),
                "/dav/shared/a",
            ),
            row(
                put("PUT of a home", "/files/home/ann"),
                403,
                put("", "/files/home/bob/a"),
                "/dav/home/bob/a",
            ),
            row(
                by("bob", req("MKCOL of a home", "MKCOL", "/files/home/zoe/")),
                403,
                by("bob", req("", "MKCOL", "/files/home/bob/zoe/")),
                "/dav/home/bob/zoe/",
            ),
        ],
    );
    all_fail_after_probe(
        &lab,
        &[
            row(
                delete("DELETE of what holds it", "/files/shared/tree/"),
                403,
                delete("", "/files/shared/other/"),
                "/dav/shared/other/",
            ),
            row(
                brings("COPY of what holds it", "COPY", "/files/shared/", "/files/home/bob/s/"),
                403,
                brings("", "COPY", "/files/shared/other/", "/files/home/bob/s/"),
                "/dav/shared/other/",
            ),
            row(
                brings(
                    "COPY over what holds it",
                    "COPY",
                    "/files/home/bob/a/",
                    "/files/shared/tree/",
                ),
                403,
                brings("", "COPY", "/files/home/bob/a/", "/files/shared/other/"),
                "/dav/home/bob/a/",
            ),
            row(
                brings(
                    "MOVE of what holds it",
                    "MOVE",
                    "/files/shared/tree/",
                    "/files/home/bob/t/",
                ),
                403,
                brings("", "MOVE", "/files/shared/other/", "/files/home/bob/t/"),
                "/dav/shared/other/",
            ),
            //
            row(
                lock("LOCK of what holds it", "/files/shared/tree/", "infinity"),
                403,
                lock("", "/files/shared/tree/", "0"),
                "/dav/shared/tree/",
            ),
            row(
                put("PUT over what was uploaded", "/files/drop/there"),
                403,
                put("", "/files/drop/missing"),
                "/dav/drop/missing",
            ),
        ],
    );
}

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

// L-22, A-34: conditions are no way to ask about what may not be read
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

// a route may show the back end's own pages; then what is missing looks as the back end says
#[test]
fn error_pages_pass_where_the_route_says_so() {
    let backend = support::backend::BackEnd::start();
    backend.on(
        "/dav/nothing",
        answer("404 Not Found", &[("Content-Type", "text/html")], "page"),
    );
    let route = "  - path: /files/\n    backend: { url: \"http://@BACK@/dav/\" }\n    pass_error_bodies: true\n    access: [{ path: /**, allow: [read], to: everyone }]";
    let gateway = support::gateway::Gateway::with_routes(&route.replace("@BACK@", &backend.address.to_string()));
    let lab = support::lab::Lab::of(gateway, backend);
    assert_eq!(lab.ask(&req("page", "GET", "/files/nothing")).text(), "page");
}
