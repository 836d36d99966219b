//! The audit log: a line for every refusal and every request that may write, whatever became of it, and never a secret in one (RM-18).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{BackEnd, answer};
use support::each;
use support::gateway::Gateway;
use support::lab::Lab;
use support::wire::req;

/// Alice may write in `/files/`, and her password is `secret`; everybody may read.
fn lab(more: &str) -> Lab {
    let backend = BackEnd::start();
    let users = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/good/users.htpasswd");
    let gateway = Gateway::start(&format!(
        r#"
listeners: [{{ address: '@LISTEN@' }}]
admin: {{ address: '@ADMIN@' }}
{more}
identity: {{ basic: {{ htpasswd: {users} }} }}
routes:
  - name: files
    path: /files/
    backend: {{ url: "http://{}/dav/", profile: apache }}
    access:
      - {{ path: /fixed/**, deny: [write], to: everyone }}
      - {{ path: /**, allow: [read], to: everyone }}
      - {{ path: /**, allow: [all], to: "user:alice" }}
"#,
        backend.address
    ));
    Lab::of(gateway, backend)
}

const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";

// A-30, A-31, O-5, O-6
#[test]
fn a_line_for_each_refusal_and_each_write() {
    let lab = lab("");
    lab.backend
        .on("PUT /dav/full", answer("507 Insufficient Storage", &[], ""));
    let by_alice = |method: &str, path: &str| req(path, method, format!("/files{path}")).with("Authorization", ALICE);
    let to = |path: &str| format!("http://dav.test/files{path}?token=hush");
    lab.pass(&by_alice("PUT", "/written").body("x"));
    lab.ask(&by_alice("PUT", "/full").body("x"));
    lab.pass(&by_alice("MOVE", "/moved").with("Destination", "/files/%61/b"));
    lab.refuse(403, &by_alice("DELETE", "/fixed/kept"));
    lab.refuse(
        403,
        &by_alice("COPY", "/copied").with("Destination", "/files/fixed/new"),
    );
    lab.refuse(
        403,
        &by_alice("MOVE", "/fixed/moved").with("Destination", "/files/elsewhere"),
    );
    lab.refuse(400, &by_alice("COPY", "/queried").with("Destination", &to("/new")));
    lab.refuse(401, &req("nobody", "PUT", "/files/nobody").body("x"));
    lab.refuse(
        401,
        &req("wrong", "GET", "/files/wrong").with("Authorization", "Basic YWxpY2U6bWlzdGFrZQ=="),
    );
    lab.refuse(405, &by_alice("POST", "/posted").body("x"));
    lab.refuse(400, &req("path", "GET", "/files/bad%2fpath"));
    let (alice, null) = (serde_json::json!("alice"), serde_json::Value::Null);
    // Path, who, status, verdict, rule, place in the file, destination.
    let rows = [
        ("/written", &alice, 201, "permit", None, Some("access[2]"), None),
        ("/full", &alice, 507, "permit", None, Some("access[2]"), None),
        ("/moved", &alice, 201, "permit", None, None, Some("/files/a/b")),
        (
            "/fixed/kept",
            &alice,
            403,
            "deny",
            Some("A-31"),
            Some("access[0]"),
            None,
        ),
        (
            "/copied",
            &alice,
            403,
            "deny",
            Some("A-31"),
            Some("access[0]"),
            Some("/files/fixed/new"),
        ),
        (
            "/fixed/moved",
            &alice,
            403,
            "deny",
            Some("A-31"),
            Some("access[0]"),
            Some("/files/elsewhere"),
        ),
        ("/queried", &alice, 400, "deny", Some("B-31"), None, Some("/files/new")),
        ("/nobody", &null, 401, "deny", Some("A-30"), None, None),
        ("/wrong", &null, 401, "deny", Some("O-5"), None, None),
        ("/posted", &alice, 405, "deny", Some("O-6"), Some("methods[0]"), None),
        ("/bad%2fpath", &null, 400, "deny", Some("P-5"), None, None),
    ];
    each(rows, |(path, who, status, verdict, rule, place, destination)| {
        let line = lab.gateway.audit_of(&format!("\"path\":\"/files{path}\""));
        let told = [
            &line["principal"],
            &line["status"],
            &line["verdict"],
            &line["rule"],
            &line["destination"],
        ];
        let wanted = [
            who.clone(),
            status.into(),
            verdict.into(),
            rule.into(),
            destination.into(),
        ];
        assert_eq!(
            told,
            [&wanted[0], &wanted[1], &wanted[2], &wanted[3], &wanted[4]],
            "{line}"
        );
        if let Some(place) = place {
            assert!(line["config_rule"].as_str().unwrap().contains(place), "{line}");
        }
        let access = lab.gateway.log_of(&format!("\"path\":\"/files{path}\""));
        assert_eq!(line["request_id"], access["request_id"], "one id in both logs");
        assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
    });
}

// What only reads and is let through is no matter of the audit log.
#[test]
fn no_line_for_what_only_reads() {
    let lab = lab("");
    lab.pass(&req("reads", "GET", "/files/read"));
    lab.pass(&req("lists", "PROPFIND", "/files/listed").with("Depth", "0"));
    lab.refuse(401, &req("then", "PUT", "/files/then").body("x"));
    lab.gateway.audit_of("/files/then");
    let lines = lab.gateway.audit_lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

// RM-18
#[test]
fn no_secret_is_told() {
    let lab = lab("");
    let secret = "5ecret";
    let write = |name: &str, method: &str| {
        req(name, method, format!("/files/{name}"))
            .with("Authorization", ALICE)
            .with("Cookie", &format!("session={secret}"))
            .with("User-Agent", secret)
            .with("X-Token", secret)
    };
    lab.pass(
        &write("put", "PUT")
            .with("If", &format!("(<urn:{secret}>)"))
            .body(secret),
    );
    lab.pass(&write("unlock", "UNLOCK").with("Lock-Token", &format!("<urn:{secret}>")));
    for destination in [
        format!("http://u:{secret}@dav.test/files/x"),
        format!("//u:{secret}@dav.test/files/x"),
        format!("/files/x?{secret}"),
        format!("/files/x#{secret}"),
        format!("http://dav.test/files/x?{secret}"),
    ] {
        lab.ask(&write("copy", "COPY").with("Destination", &destination));
    }
    lab.ask(
        &req("bearer", "PUT", "/files/bearer")
            .with("Authorization", &format!("Bearer {secret}"))
            .body("x"),
    );
    lab.ask(
        &req("basic", "PUT", format!("/files/basic?{secret}"))
            .with("Authorization", "Basic NWVjcmV0OjVlY3JldA==")
            .body("x"),
    );
    lab.ask(&req("form", "PUT", format!("http://u:{secret}@dav.test/files/%zz?{secret}")).body("x"));
    lab.ask(&req("end", "PUT", "/files/end").body("x"));
    lab.gateway.audit_of("/files/end");
    let lines = lab.gateway.audit_lines();
    assert!(lines.len() >= 10, "{lines:#?}");
    each(&lines, |line| {
        for hidden in [secret, "YWxpY2U6c2VjcmV0", "NWVjcmV0"] {
            assert!(!line.contains(hidden), "{line}");
        }
    });
}

#[test]
fn a_file_of_its_own_or_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.log");
    let lab = lab(&format!("audit_log: {}", file.display()));
    lab.refuse(401, &req("filed", "PUT", "/files/filed").body("x"));
    lab.gateway.log_of("/files/filed");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while !std::fs::read_to_string(&file).unwrap().contains("/files/filed") && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(std::fs::read_to_string(&file).unwrap().contains(r#"{"log":"audit","#));
    assert!(lab.gateway.audit_lines().is_empty());
    let silent = self::lab("audit_log: off");
    silent.refuse(401, &req("silent", "PUT", "/files/silent").body("x"));
    silent.gateway.log_of("/files/silent");
    assert!(silent.gateway.audit_lines().is_empty());
}
