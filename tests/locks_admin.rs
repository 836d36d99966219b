//! Locks for administrators, on the wire: the admin listener, `davgate locks`, what is told of a release, and a gateway whose lock store is
//! not there yet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::gateway::Gateway;
use support::lab::Lab;
use support::wire::{Answer, Client, Req, raw, req};
use tempfile::TempDir;

const TOKEN: &str = "a-secret-of-administrators-0123456789";
const LOCK: &str = "<D:lockinfo xmlns:D='DAV:'><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
                    <D:owner>Ann Example</D:owner></D:lockinfo>";

/// A gateway that locks by itself in front of a directory, with its locks in the file `locks` beside its configuration.
struct Desk {
    gateway: Gateway,
    files: TempDir,
}

impl Desk {
    fn start(locks: &str) -> Desk {
        let files = tempfile::tempdir().unwrap();
        let text = format!(
            "listeners:\n  - address: @LISTEN@\nadmin: {{ address: '@ADMIN@', token_file: admin.token }}\nidentity:\n  trusted_header: \
             {{ user: X-User, from: [127.0.0.1] }}\nlocks: {{ store: file, path: {locks} }}\nroutes:\n  - name: files\n    path: /files/\n    \
             origins: ['https://dav.example.org']\n    backend: {{ embedded: '{}' }}\n    locking: emulate\n",
            files.path().display()
        );
        let gateway = Gateway::start_beside(&text, &[("admin.token", format!("{TOKEN}\n"))]);
        Desk { gateway, files }
    }

    fn ask(&self, request: &Req) -> Answer {
        let mut client = Client::connect(self.gateway.address);
        client.send(&request.bytes());
        client.answer(request.method == "HEAD")
    }

    fn put(&self, user: &str) -> u16 {
        self.ask(&req("put", "PUT", "/files/a.txt").body("x").by(user)).status
    }

    /// Locks `path` and says the token.
    fn lock(&self, user: &str, path: &str) -> String {
        let request = req("lock", "LOCK", path).with("Depth", "0").by(user).xml(LOCK);
        let mut answer = self.ask(&request);
        // The gateway listens before its file of locks is open.
        for _ in 0..50 {
            if answer.status != 503 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
            answer = self.ask(&request);
        }
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        let token = answer.header("Lock-Token").unwrap();
        token.trim_matches(['<', '>']).to_owned()
    }

    /// Asks the admin listener, as whoever has `authorization`.
    fn admin(&self, method: &str, target: &str, authorization: &str) -> Answer {
        raw(
            self.gateway.admin,
            format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{authorization}Connection: close\r\n\r\n").as_bytes(),
        )
    }

    fn file(&self) -> PathBuf {
        self.gateway.directory().join("davgate.yaml")
    }

    /// Runs `davgate`; `FILE` is the configuration. Exit code, standard output, standard error.
    fn davgate(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davgate"));
        for argument in arguments {
            match *argument {
                "FILE" => command.arg(self.file()),
                other => command.arg(other),
            };
        }
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn metric(&self, line: &str) -> bool {
        self.admin("GET", "/metrics", "")
            .text()
            .lines()
            .any(|told| told == line)
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[test]
fn who_has_what_is_told_to_administrators_only() {
    let desk = Desk::start("locks.redb");
    let token = desk.lock("ann", "/files/a.txt");
    for (authorization, status) in [(String::new(), 401), (bearer("wrong"), 401), (bearer(TOKEN), 200)] {
        for (method, target) in [("GET", "/locks"), ("GET", "/locks/x"), ("DELETE", "/locks/x?reason=r")] {
            let answer = desk.admin(method, target, &authorization);
            let unknown = status == 200 && target != "/locks";
            assert_eq!(answer.status, if unknown { 404 } else { status }, "{method} {target}");
            assert_eq!(answer.header("WWW-Authenticate").is_some(), status == 401);
            assert!(status == 200 || !answer.text().contains(&token), "{}", answer.text());
        }
    }
    let told: Value = serde_json::from_str(&desk.admin("GET", "/locks", &bearer(TOKEN)).text()).unwrap();
    let lock = &told["locks"][0];
    assert_eq!(
        (lock["user"].as_str(), lock["token"].as_str()),
        (Some("ann"), Some(&*token))
    );
    assert_eq!(lock["urls"][0]["url"], "https://dav.example.org/files/a.txt");
    assert_eq!(lock["owner"], "Ann Example");
    // Metrics and health are as open as ever.
    assert_eq!(desk.admin("GET", "/healthz", "").status, 200);
    assert!(desk.metric(r#"davgate_locks{store="file"} 1"#));
    assert!(desk.metric(r#"davgate_lock_store_up{store="file"} 1"#));
    assert!(desk.metric(r#"davgate_lock_operations_total{operation="lock",result="done"} 1"#));
}

#[test]
fn without_a_token_in_the_file_nobody_sees_locks() {
    let lab = Lab::with_routes("  - path: /\n    backend: { url: 'http://@BACK@/' }\n");
    let answer = raw(
        lab.gateway.admin,
        b"GET /locks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(answer.status, 403);
    assert!(
        answer.text().contains("admin.token_file is not configured"),
        "{}",
        answer.text()
    );
    let output = Command::new(env!("CARGO_BIN_EXE_davgate"))
        .args(["locks", "list"])
        .arg(lab.gateway.directory().join("davgate.yaml"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(
        text.contains("expected admin.address and admin.token_file in the file"),
        "{text}"
    );
}

#[test]
fn the_commands_of_the_readme_list_show_and_release() {
    let desk = Desk::start("locks.redb");
    let token = desk.lock("ann", "/files/a.txt");
    desk.lock("bob", "/files/b.txt");
    let (code, list, err) = desk.davgate(&["locks", "list", "FILE"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(
        lines[0].starts_with("https://dav.example.org/files/a.txt  ann  exclusive, until 20")
            && lines[0].ends_with(&token),
        "{list}"
    );
    let rows: [(&[&str], usize); 5] = [
        (&["--user", "bob"], 1),
        (&["--user", "carl"], 0),
        (&["--path", "/files/a.txt"], 1),
        (&["--path", "/files/"], 2),
        (&["--path", "/files/a.txt", "--user", "bob"], 0),
    ];
    for (arguments, count) in rows {
        let (code, list, err) = desk.davgate(&[&["locks", "list", "FILE"], arguments].concat());
        assert_eq!(
            (code, list.lines().count(), err.as_str()),
            (0, count, ""),
            "{arguments:?}"
        );
    }
    let (code, json, _) = desk.davgate(&["locks", "list", "FILE", "--json"]);
    assert_eq!(code, 0);
    assert!(
        json.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok_and(|lock| lock["token"].is_string()))
    );
    let (code, shown, _) = desk.davgate(&["locks", "show", "FILE", &format!("<{token}>")]);
    assert_eq!(code, 0);
    for line in [
        "user      ann",
        "scope     exclusive",
        "depth     0",
        "owner     Ann Example",
    ] {
        assert!(shown.lines().any(|told| told == line), "{line} in {shown}");
    }

    // What ann has locked, bob cannot write, and the log says by which rule; nothing in the folder has changed.
    assert_eq!(desk.put("bob"), 423);
    let line = desk.gateway.audit_of(r#""method":"PUT","path":"/files/a.txt""#);
    assert_eq!(
        (&line["status"], &line["verdict"]),
        (&423.into(), &"deny".into()),
        "{line}"
    );
    assert!(
        line["rule"].as_str().is_some_and(|rule| rule.starts_with("L-")),
        "{line}"
    );
    assert_eq!(std::fs::read(desk.files.path().join("a.txt")).unwrap(), b"");

    let (code, _, err) = desk.davgate(&["locks", "release", "FILE", "urn:uuid:nothing", "--reason", "none"]);
    assert_eq!((code, err.as_str()), (1, "davgate: there is no such lock\n"));
    let (code, _, err) = desk.davgate(&["locks", "release", "FILE", &token, "--reason", ""]);
    assert!(code == 2 && err.contains("reason is missing"), "{err}");
    assert_eq!(desk.put("bob"), 423);
    let (code, told, err) = desk.davgate(&["locks", "release", "FILE", &token, "--reason", "ann is on holiday"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        told.starts_with("released: https://dav.example.org/files/a.txt  ann") && told.contains("davgate's own"),
        "{told}"
    );
    assert!(matches!(desk.put("bob"), 200..=204));
    let line = desk.gateway.audit_of("release-lock");
    assert_eq!(
        (&line["by"], &line["user"], &line["reason"]),
        (&"admin".into(), &"ann".into(), &"ann is on holiday".into())
    );
    assert!(!line.to_string().contains(&token), "{line}");
}

// L-91: a store that is not there is no reason not to start, and is used as soon as it is there
#[test]
fn a_gateway_starts_without_its_store_and_heals() {
    let desk = Desk::start("state/locks.redb");
    assert_eq!(desk.put("ann"), 503);
    let line = desk.gateway.audit_of(r#""method":"PUT""#);
    assert_eq!(
        (&line["rule"], &line["status"]),
        (&"L-91".into(), &503.into()),
        "{line}"
    );
    assert!(!desk.files.path().join("a.txt").exists(), "the back end saw nothing");
    assert_eq!(
        desk.ask(&req("get", "GET", "/files/").by("ann")).status / 100,
        2,
        "reads go on"
    );
    desk.gateway.errors_with("the lock store does not answer");
    let answer = desk.admin("GET", "/locks", &bearer(TOKEN));
    assert_eq!(
        (answer.status, answer.header("Retry-After")),
        (503, Some("5")),
        "{}",
        answer.text()
    );
    assert!(desk.metric(r#"davgate_lock_store_up{store="file"} 0"#));
    // `check` touches nothing; `check --connect` says what is wrong, and then that it is right.
    let (code, out, err) = desk.davgate(&["check", "FILE"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("state/locks.redb\n"), "{out}");
    let (code, _, err) = desk.davgate(&["check", "--connect", "FILE"]);
    assert!(
        code == 1 && err.contains("error: locks file ") && err.contains("cannot be made"),
        "{err}"
    );

    std::fs::create_dir(desk.gateway.directory().join("state")).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while desk.put("ann") == 503 {
        assert!(Instant::now() < until, "it does not heal");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(desk.files.path().join("a.txt").exists());
    desk.lock("ann", "/files/a.txt");
    assert_eq!(desk.put("bob"), 423);
    assert!(desk.metric(r#"davgate_lock_store_up{store="file"} 1"#));
    let (code, out, err) = desk.davgate(&["check", "--connect", "FILE"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("locks.redb: is there\nroute files: the directory "),
        "{out}"
    );
}

/// What `check --connect` says of back ends, and that `check` asks none.
#[test]
fn back_ends_are_asked_when_it_is_wanted() {
    let routes = "  - { name: there, path: /there/, backend: { url: 'http://@BACK@/dav/' } }\n  - { name: gone, path: /gone/, backend: \
                  { url: 'http://127.0.0.1:1/' } }\n  - { name: lockless, path: /lockless/, backend: { url: 'http://@BACK@/lockless/' } }\n";
    let lab = Lab::with_routes(routes);
    lab.backend.on(
        "/lockless/",
        support::backend::answer("200 OK", &[("DAV", "1"), ("Allow", "GET")], ""),
    );
    let file = lab.gateway.directory().join("davgate.yaml");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_davgate"));
        let output = command.args(arguments).arg(&file).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, _, err) = run(&["check"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let (code, out, err) = run(&["check", "--connect"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("locks: in memory"), "{out}");
    assert!(
        out.contains("route there: http://") && out.contains("answers 200, DAV: 1,2"),
        "{out}"
    );
    assert!(
        err.contains("error: route gone: http://127.0.0.1:1 cannot be asked"),
        "{err}"
    );
    assert!(
        err.contains("error: route lockless: ") && err.contains("without class 2"),
        "{err}"
    );
}

/// A gateway that watches the locks of a back end, with more of its route.
fn observing(more: &str) -> (Lab, PathBuf) {
    let lab = Lab::with_configuration(&format!(
        "listeners:\n  - address: @LISTEN@\nadmin: {{ address: '@ADMIN@', token_file: '{}' }}\nidentity:\n  trusted_header: {{ user: X-User, \
         from: [127.0.0.1] }}\nroutes:\n  - path: /files/\n    access: [{{ path: /**, allow: [all], to: authenticated }}]\n    locking: \
         observe\n    backend: {{ url: 'http://@BACK@/dav/', profile: generic{more} }}\n",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/good/seal.key")
    ));
    let file = lab.gateway.directory().join("davgate.yaml");
    (lab, file)
}

fn release(file: &PathBuf) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_davgate"))
        .args(["locks", "release"])
        .arg(file)
        .args(["opaquelocktoken:b1", "--reason", "test"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

// L-66: where the back end has the lock, it is told to give it up, by the gateway's own account
#[test]
fn a_release_reaches_the_back_end_that_has_the_lock() {
    let password = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/good/service.password");
    let account = format!(", credentials: {{ service: {{ user: gateway, password_file: '{password}' }} }}");
    let (lab, file) = observing(&account);
    let locked = lab.ask(
        &req("lock", "LOCK", "/files/a.txt")
            .with("Depth", "0")
            .by("ann")
            .xml(LOCK),
    );
    assert_eq!(locked.status, 200, "{}", locked.text());
    let (code, told) = release(&file);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.starts_with("released: /files/a.txt  ann") && told.contains("the back end released it too"),
        "{told}"
    );
    let seen = lab.backend.requests();
    let unlocks: Vec<_> = seen.iter().filter(|seen| seen.method == "UNLOCK").collect();
    let [unlock] = unlocks.as_slice() else {
        panic!("{unlocks:?}")
    };
    assert_eq!(
        (unlock.target.as_str(), unlock.header("Lock-Token")),
        ("/dav/a.txt", Some("<opaquelocktoken:b1>"))
    );
    let expected = support::identity::basic("gateway", "not-a-real-password");
    assert_eq!(unlock.header("Authorization"), Some(expected.as_str()));
    let line = lab.gateway.audit_of("release-lock");
    assert_eq!(line["back_end_answer"], "the back end released it too", "{line}");
    assert_eq!(release(&file).0, Some(1), "it is gone");
}

// L-66: without an account there, nothing is sent, and it is said
#[test]
fn a_release_without_an_account_says_what_is_left() {
    let (lab, file) = observing("");
    lab.ask(
        &req("lock", "LOCK", "/files/a.txt")
            .with("Depth", "0")
            .by("ann")
            .xml(LOCK),
    );
    let (code, told) = release(&file);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the route has no backend.credentials.service"), "{told}");
    assert!(lab.backend.requests().iter().all(|seen| seen.method != "UNLOCK"));
}
