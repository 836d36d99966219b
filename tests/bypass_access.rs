//! Attempts to get at what the access rules keep, by another spelling of the path, by the other end of COPY and MOVE, or by what holds
//! the resource (spec section 3). Each is refused before one byte reaches the back end, and has a twin that arrives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::people::{all_fail, all_fail_after_probe, attempt, brings, by, get, lab, put};
use support::samples::LOCKINFO;
use support::wire::req;

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
            bad(
                "absolute form, other host",
                "http://other.test/files/home/bob/x",
                "host",
            ),
            bad("absolute form, user", "http://bob@dav.test/files/home/bob/x", "host"),
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
