//! Options of a route and of its back end over the wire: public origins, names and URLs of the back end, file systems, letter case,
//! normal forms, queries, REPORT list (spec P-8, P-9, P-13, R-4, R-8, B-32, RP-20).
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
use support::wire::req;

const ROUTES: &str = r#"
  - name: origins
    hosts: [dav.test]
    origins: ["https://public.test", "http://dav.test"]
    path: /o/
    backend: { url: "http://@BACK@/o-in/", profile: apache, aliases: ["http://dav.internal:8081"] }
  - name: external
    hosts: [dav.test]
    path: /ext/
    backend: { url: "http://@BACK@/ext-in/", urls: external }
  - name: windows
    hosts: [dav.test]
    path: /win/
    backend: { url: "http://@BACK@/win-in/" }
    fs: windows
    case: fold
    methods:
      - { path: /Archive/**, allow: [read] }
      - { path: /**, allow: [read, write, lock] }
  - name: normal
    hosts: [dav.test]
    path: /nfc/
    backend: { url: "http://@BACK@/nfc-in/" }
    unicode: nfc
    query: [PUT]
  - name: radicale
    hosts: [dav.test]
    path: /rad/
    backend: { url: "http://@BACK@/rad-in/", profile: radicale }
    limits: { propfind_depth: infinity }
  - name: none
    hosts: [dav.test]
    path: /norep/
    backend: { url: "http://@BACK@/norep-in/" }
    reports: []
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_routes(ROUTES))
}

// B-32, R-7: every public origin is ours; the first one is shown.
#[test]
fn public_origins() {
    let lab = lab();
    for destination in ["https://public.test/o/b", "http://dav.test/o/b", "/o/b"] {
        let (seen, _) =
            lab.pass(&req(&format!("origin {destination}"), "COPY", "/o/a").with("Destination", destination));
        assert!(
            seen.header("destination").unwrap().ends_with("/o-in/b"),
            "{:?}",
            seen.headers
        );
    }
    lab.backend.on(
        "PUT /o-in/new",
        answer(
            "201 Created",
            &[("Location", &format!("{}/o-in/new", lab.origin()))],
            "",
        ),
    );
    let (_, got) = lab.pass(&req("origin Location", "PUT", "/o/new").body("x"));
    assert_eq!(got.header("location"), Some("https://public.test/o/new"));
}

// R-4: the back end may call itself by other names.
#[test]
fn aliases_of_the_back_end() {
    for (name, href) in [
        ("alias", "http://dav.internal:8081/o-in/x"),
        ("own", &format!("{}/o-in/x", lab().origin())),
        ("path", "/o-in/x"),
    ] {
        lab().backend.on(
            &format!("PROPFIND /o-in/{name}"),
            multistatus(propfind_answer(href, false)),
        );
        let (_, got) = lab().pass(
            &req(&format!("alias {name}"), "PROPFIND", format!("/o/{name}"))
                .with("Depth", "0")
                .xml(PROPFIND),
        );
        assert!(got.text().contains("href>/o/x<"), "{name}: {}", got.text());
    }
    lab().backend.on(
        "PROPFIND /o-in/other",
        multistatus(propfind_answer("http://other.internal/o-in/x", false)),
    );
    let (_, got) = lab().pass(
        &req("alias of nobody", "PROPFIND", "/o/other")
            .with("Depth", "0")
            .xml(PROPFIND),
    );
    assert!(!got.text().contains("o-in"), "{}", got.text());
}

// R-8: a back end that emits public URLs.
#[test]
fn external_urls_stay() {
    let body = propfind_answer("/ext/x", false).replace(
        "</D:multistatus>",
        "<D:response><D:href>/ext/ext-in/y</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response></D:multistatus>",
    );
    lab().backend.on("PROPFIND /ext-in/x", multistatus(body));
    let (seen, got) = lab().pass(&req("external", "PROPFIND", "/ext/x").with("Depth", "0").xml(PROPFIND));
    assert_eq!(seen.target, "/ext-in/x", "requests are mapped all the same");
    assert!(
        got.text().contains("href>/ext/x<") && got.text().contains("href>/ext/ext-in/y<"),
        "{}",
        got.text()
    );
}

// P-8, `fs: windows`.
#[test]
fn windows_names() {
    let names = [
        "a.", "a%20", "a:stream", "a::$DATA", "LONGNA~1", "con", "NUL.txt", "com1", "Lpt9.a.b", "aux%20.x",
    ];
    each(names, |name| {
        lab().refuse(400, &req(&format!("fs {name}"), "GET", format!("/win/{name}")));
        lab().refuse(400, &req(&format!("fs inside {name}"), "GET", format!("/win/{name}/b")));
    });
    each(["a.b", "a~b", "console", "nul_", "com10", "xcon"], |name| {
        lab().pass(&req(&format!("fs fine {name}"), "GET", format!("/win/{name}")));
    });
    lab().settle();
}

// P-9, `case: fold`: rules and comparisons fold, what is forwarded does not.
#[test]
fn letter_case_may_not_matter() {
    lab().refuse(405, &req("fold rule", "PUT", "/win/ARCHIVE/x").body("x"));
    lab().refuse(
        405,
        &req(
            "fold rule, sharp s does not break it",
            "PUT",
            "/win/archive/stra%C3%9Fe",
        )
        .body("x"),
    );
    lab().refuse_after_probe(
        403,
        &req("B-34 fold", "MOVE", "/win/Name").with("Destination", "http://dav.test/win/nAME"),
    );
    lab().pass_to(
        "/win-in/Name",
        &req("fold keeps the spelling", "PUT", "/win/Name").body("x"),
    );
    lab().settle();
}

// P-10, `unicode: nfc`; P-13, `query`.
#[test]
fn normal_form_and_query() {
    lab().pass_to("/nfc-in/%C3%A9", &req("nfc", "GET", "/nfc/e%CC%81"));
    lab().pass_to(
        "/nfc-in/a?add-member",
        &req("query PUT", "PUT", "/nfc/a?add-member").body("x"),
    );
    lab().refuse(400, &req("query DELETE", "DELETE", "/nfc/a?x"));
}

// Section 2.1, B-22, B-94: a back end that cuts names, reads no chunks and has no depth.
#[test]
fn radicale() {
    let lab = lab();
    each(["b;x", "b%3Bx", "b%3Fx", "b%23x"], |name| {
        let destination = format!("http://dav.test/rad/{name}");
        lab.refuse(
            400,
            &req(&format!("radicale {name}"), "MOVE", "/rad/a").with("Destination", &destination),
        );
    });
    lab.pass(&req("radicale target", "GET", "/rad/a;x"));
    let (seen, _) = lab.pass(&req("B-94 PUT", "PUT", "/rad/chunked").body("hello").chunked());
    assert_eq!(
        (seen.header("content-length"), seen.header("transfer-encoding")),
        (Some("5"), None)
    );
    let (seen, _) = lab.pass(
        &req("B-94 PROPFIND", "PROPFIND", "/rad/chunked")
            .with("Depth", "0")
            .xml(PROPFIND)
            .chunked(),
    );
    assert!(
        seen.header("content-length").is_some() && seen.header("transfer-encoding").is_none(),
        "{:?}",
        seen.headers
    );
    lab.refuse_after_probe(
        403,
        &req("B-22 radicale", "PROPFIND", "/rad/col/")
            .with("Depth", "infinity")
            .xml(PROPFIND),
    );
    let deep = lab
        .backend
        .requests()
        .into_iter()
        .filter(|seen| seen.target.starts_with("/rad-in/"));
    assert_eq!(
        deep.filter(|seen| seen.method == "PROPFIND" && seen.header("depth") == Some("infinity"))
            .count(),
        0
    );
    lab.settle();
}

// RP-20.
#[test]
fn a_route_may_have_no_reports() {
    lab().refuse_for(
        403,
        "supported-report",
        &req("no reports", "REPORT", "/norep/a").xml(support::samples::SYNC),
    );
    lab().pass(&req("reports by default", "REPORT", "/nfc/a").xml(support::samples::SYNC));
}
