//! Sync tokens that end with a change of what their owner may see (spec F-9; RFC 6578): wrapped in answers, unwrapped in
//! requests. Every refused row has its twin.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::wire::{Answer, Req, req};

/// The back end's own token; `&` must be escaped in XML.
const OWN: &str = "http://back/sync?a&b=1";
const WRAPPED: &str = "urn:davgate:st:";

/// `ann` may read all, `bob` and the editors not what is hidden; `@RULE@` is one rule more, `@MODE@` the mode.
const ROUTES: &str = r#"
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    sync_epochs: true
    mode: @MODE@
    access: &rules
      - { path: "/d/hid*/**", deny: [read], to: ["user:bob", "group:editors"] }
@RULE@
      - { path: "/**", allow: [all], to: authenticated }
  - name: plain
    path: /plain/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access: *rules
"#;

fn lab_with(rule: &str, mode: &str) -> Lab {
    let routes = ROUTES.replace("@RULE@", rule).replace("@MODE@", mode);
    let identity = "trusted_header: { user: X-User, groups: X-Groups, from: [127.0.0.1] }";
    let lab = Lab::with_identity(identity, &routes);
    lab.backend.on("REPORT /dav/d", multistatus(listing()));
    lab.backend.on(
        "PROPFIND /dav/d",
        multistatus(property("<D:sync-token>urn:p</D:sync-token>")),
    );
    lab.backend.on("PUT /dav/d/a", answer("204 No Content", &[], ""));
    lab
}

fn lab() -> Lab {
    lab_with("", "enforce")
}

fn response(path: &str) -> String {
    format!(
        "<D:response><D:href>/dav/{path}</D:href><D:propstat><D:prop><D:getetag>\"1\"</D:getetag></D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )
}

fn listing() -> String {
    let token = OWN.replace('&', "&amp;");
    format!(
        "<D:multistatus xmlns:D=\"DAV:\">{}{}<D:sync-token>{token}</D:sync-token></D:multistatus>",
        response("d/a"),
        response("d/hid")
    )
}

fn property(properties: &str) -> String {
    format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/dav/d</D:href><D:propstat><D:prop>{properties}</D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    )
}

fn sync(name: &str, user: &str, token: &str) -> Req {
    let body = format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>\
         <D:prop><D:getetag/></D:prop></D:sync-collection>"
    );
    req(name, "REPORT", "/files/d").by(user).with("Depth", "0").xml(body)
}

fn put(name: &str, condition: &str) -> Req {
    req(name, "PUT", "/files/d/a").by("ann").with("If", condition).body("x")
}

/// The token in an answer.
fn token(answer: &Answer) -> String {
    let text = answer.text();
    let token = text
        .split("<D:sync-token>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    token.unwrap_or_else(|| panic!("no token in {text}")).to_owned()
}

/// A token that this user gets.
fn given(lab: &Lab, user: &str) -> String {
    let (_, answer) = lab.pass(&sync(&format!("{user} begins"), user, ""));
    let token = token(&answer);
    assert!(token.starts_with(WRAPPED), "{token}");
    token
}

// F-9: there and back, and the same again by another process with the same rules.
#[test]
fn a_token_of_this_epoch() {
    let lab = lab();
    let first = given(&lab, "ann");
    assert!(!first.contains("back") && !first.contains("ann"), "{first}");
    let (seen, second) = lab.pass(&sync("ann goes on", "ann", &first));
    assert!(
        seen.text()
            .contains(&format!("<D:sync-token>{}</D:sync-token>", OWN.replace('&', "&amp;"))),
        "{}",
        seen.text()
    );
    assert_eq!(token(&second), first);
    // What is hidden is filtered in the same pass: to bob it is gone.
    let bob = given(&lab, "bob");
    let (_, told) = lab.pass(&sync("bob goes on", "bob", &bob));
    assert!(
        told.text().contains("/files/d/hid</D:href><D:status>HTTP/1.1 404"),
        "{}",
        told.text()
    );
    let replica = self::lab();
    let (seen, _) = replica.pass(&sync("elsewhere", "ann", &first));
    assert!(seen.text().contains("http://back/sync"), "{}", seen.text());
}

// F-9: what was given under other rules, to somebody else, or before there were epochs, does not count.
#[test]
fn tokens_of_other_epochs() {
    let lab = lab();
    let ann = given(&lab, "ann");
    let changed = lab_with(
        "      - { path: \"/d/new\", deny: [read], to: \"user:carl\" }",
        "enforce",
    );
    let reporting = lab_with("", "report");
    let in_group = |request: Req| request.with("X-Groups", "editors");
    let in_another = |request: Req| request.with("X-Groups", "guests");
    each(
        [
            ("rules changed", &changed, sync("rules changed", "ann", &ann)),
            ("mode changed", &reporting, sync("mode changed", "ann", &ann)),
            ("another user", &lab, sync("another user", "bob", &ann)),
            ("another group", &lab, in_group(sync("another group", "ann", &ann))),
            (
                "the back end's own",
                &lab,
                sync("the back end's own", "ann", "http://back/sync?a"),
            ),
            ("a URN", &lab, sync("a URN", "ann", "urn:uuid:1")),
            ("no epoch", &lab, sync("no epoch", "ann", "urn:davgate:st:Yg")),
            ("nothing", &lab, sync("nothing", "ann", "urn:davgate:st:a:")),
            ("no base64", &lab, sync("no base64", "ann", &format!("{ann}="))),
        ],
        |(name, lab, request)| {
            let before = lab.backend.requests().len();
            let refused = lab.refuse_for(403, "valid-sync-token", &request);
            assert!(
                refused.text().contains("<D:valid-sync-token/>"),
                "{name}: {}",
                refused.text()
            );
            assert_eq!(lab.backend.requests().len(), before, "{name}");
        },
    );
    // The twins.
    each(
        [
            (&lab, sync("it still counts", "ann", &ann)),
            (&lab, in_another(sync("a group that no rule names", "ann", &ann))),
            (&changed, sync("anew", "ann", "")),
            (&changed, sync("and on", "ann", &given(&changed, "ann"))),
            (&reporting, sync("in report mode", "ann", &given(&reporting, "ann"))),
        ],
        |(lab, request)| {
            lab.pass(&request);
        },
    );
    lab.settle();
}

// F-9, RFC 6578 section 5: in If, a sync token is one state token among others.
#[test]
fn tokens_in_if() {
    let lab = lab();
    let ann = given(&lab, "ann");
    let stale = given(
        &lab_with("      - { path: \"/n\", deny: [read], to: everyone }", "enforce"),
        "ann",
    );
    let back = lab.origin();
    each(
        [
            ("alone", format!("(<{ann}>)"), format!("(<{OWN}>)")),
            (
                "tagged, with others",
                format!("</files/d> (<{ann}> <urn:uuid:lock>) (Not <{ann}> [\"e\"])"),
                format!("<{back}/dav/d> (<{OWN}> <urn:uuid:lock>) (Not <{OWN}> [\"e\"])"),
            ),
            (
                "not wrapped",
                "(<http://back/sync/1>)".to_owned(),
                "(<http://back/sync/1>)".to_owned(),
            ),
            (
                "stale, or a lock",
                format!("(<{stale}>) (<urn:uuid:lock>)"),
                format!("(<{stale}>) (<urn:uuid:lock>)"),
            ),
            ("not stale", format!("(Not <{stale}>)"), format!("(Not <{stale}>)")),
        ],
        |(name, condition, expected)| {
            let (seen, _) = lab.pass(&put(name, &condition));
            assert_eq!(seen.header("if"), Some(expected.as_str()), "{name}");
        },
    );
    each(
        [
            ("malformed", 403, "valid-sync-token", "(<urn:davgate:st:x>)".to_owned()),
            (
                "malformed beside",
                403,
                "valid-sync-token",
                format!("(<{ann}>) (Not <urn:davgate:st:x:=>)"),
            ),
            (
                "what no If holds",
                403,
                "valid-sync-token",
                format!("(<{}YSBi>)", &ann[..ann.rfind(':').unwrap() + 1]),
            ),
            ("stale", 412, "if-false", format!("(<{stale}>)")),
            (
                "stale everywhere",
                412,
                "if-false",
                format!("(<{stale}> <urn:uuid:lock>) (<{ann}> <{stale}>)"),
            ),
        ],
        |(name, status, condition, header)| {
            lab.refuse_for(status, condition, &put(name, &header));
        },
    );
    lab.settle();
}

// F-9: which places of an answer hold tokens, and that no other is touched; whatever pieces they come in.
#[test]
fn tokens_in_answers() {
    let lab = lab();
    let find = |name: &str, path: &str| req(name, "PROPFIND", path).by("ann").with("Depth", "0");
    let (_, found) = lab.pass(&find("property", "/files/d"));
    assert!(token(&found).starts_with(WRAPPED));
    let of_property = token(&found);
    let body = format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{of_property}</D:sync-token><D:sync-level>1</D:sync-level>\
         <D:prop/></D:sync-collection>"
    );
    let (seen, _) = lab.pass(
        &req("it counts", "REPORT", "/files/d")
            .by("ann")
            .with("Depth", "0")
            .xml(body),
    );
    assert!(
        seen.text().contains("<D:sync-token>urn:p</D:sync-token>"),
        "{}",
        seen.text()
    );

    let untouched = [
        "<D:sync-token/>",
        "<D:sync-token> </D:sync-token>",
        "<x xmlns=\"urn:x\"><D:sync-token>a</D:sync-token></x>",
        "<sync-token xmlns=\"urn:x\">a</sync-token>",
    ];
    each(untouched, |properties| {
        lab.backend.on("PROPFIND /dav/d", multistatus(property(properties)));
        let (_, found) = lab.pass(&find(properties, "/files/d"));
        assert!(found.text().contains(properties), "{}", found.text());
    });
    // Without the option they stay, whatever is in them.
    for properties in [
        "<D:sync-token>urn:p</D:sync-token>",
        "<D:sync-token>a<b/></D:sync-token>",
    ] {
        lab.backend.on("PROPFIND /dav/d", multistatus(property(properties)));
        let (_, plain) = lab.pass(&find(&format!("plain {properties}"), "/plain/d"));
        assert!(plain.text().contains(properties), "{}", plain.text());
    }
    let header = answer("200 OK", &[("Sync-Token", "urn:h")], "");
    lab.backend.on("GET /dav/d/a", header);
    for (route, wrapped) in [("files", true), ("plain", false)] {
        let (_, got) = lab.pass(&req(&format!("header {route}"), "GET", format!("/{route}/d/a")).by("ann"));
        let token = got.header("sync-token").unwrap();
        assert_eq!(
            (token.starts_with(WRAPPED), token == "urn:h"),
            (wrapped, !wrapped),
            "{token}"
        );
    }

    let whole = lab.pass(&sync("whole", "ann", "")).1.text();
    let text = listing();
    let middle = text.find("sync?a").unwrap();
    let head = format!(
        "HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    let pause = || Step::Pause(Duration::from_millis(30));
    lab.backend.on(
        "REPORT /dav/d",
        vec![
            Step::Send(head.into_bytes()),
            Step::Send(text.as_bytes()[..middle].to_vec()),
            pause(),
            Step::Send(text.as_bytes()[middle..middle + 8].to_vec()),
            pause(),
            Step::Send(text.as_bytes()[middle + 8..].to_vec()),
        ],
    );
    assert_eq!(lab.pass(&sync("in pieces", "ann", "")).1.text(), whole);
}
