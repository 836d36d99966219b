//! Names and passwords on the wire (O-5, A-30, A-36, RM-6, RM-13, RM-14): who gets in, and that nobody else's request reaches the
//! back end.
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
use support::identity::{IdentityLab, basic};
use support::wire::{Answer, Req, req};

const FILE: &str = r#"
identity:
  realm: Files
  basic: { htpasswd: @FILES@/users }
  groups: { editors: [bob, "group:staff"], staff: [carl] }
routes:
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access:
      - { path: /public/**, allow: [read], to: everyone }
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
      - { path: /shared/**, allow: [read, write], to: "group:editors" }
"#;

const ARGON2: &str = "carl:$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHQ$0YvBN0Sc/YbmfJzljfOHMRSJX/6JRQ0m/NBs2g2uhzs\n";
const SHA512: &str =
    "dora:$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.\n";

fn start() -> IdentityLab {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("users"), users()).unwrap();
    IdentityLab::with_files(files, "", FILE, |_| {})
}

fn users() -> String {
    [support::identity::USERS, ARGON2, SHA512].concat()
}

fn get(name: &str, path: &str, authorization: &str) -> Req {
    let request = req(name, "GET", path);
    if authorization.is_empty() {
        request
    } else {
        request.with("Authorization", authorization)
    }
}

/// A 401 as it must be: one challenge, no redirect, nothing of the request repeated (ERR-4).
fn challenged(answer: &Answer) {
    let challenges: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(challenges, [r#"Basic realm="Files", charset="UTF-8""#]);
    assert_eq!(answer.header("location"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

// O-5, RM-14: each kind of hash; the scheme in any letter case; what is presented must be right, even where all may read
#[test]
fn who_gets_in() {
    let lab = start();
    each(
        [
            ("bcrypt", "/files/home/ann/x", basic("ann", "secret")),
            ("sha-256", "/files/home/bob/x", basic("bob", "secret")),
            ("argon2", "/files/home/carl/x", basic("carl", "secret")),
            ("sha-512", "/files/home/dora/x", basic("dora", "secret")),
            (
                "scheme",
                "/files/home/ann/x",
                basic("ann", "secret").replace("Basic", "bASIC"),
            ),
            ("group", "/files/shared/x", basic("bob", "secret")),
            ("nested group", "/files/shared/x", basic("carl", "secret")),
            ("nobody", "/files/public/x", String::new()),
            ("anybody", "/files/public/x", basic("ann", "secret")),
        ],
        |(name, path, authorization)| {
            lab.lab.pass(&get(&format!("O-5 in {name}"), path, &authorization));
        },
    );
    each(
        [
            ("wrong password", "/files/home/ann/x", basic("ann", "Secret")),
            ("no such name", "/files/home/eve/x", basic("eve", "secret")),
            ("wrong, where all may read", "/files/public/x", basic("ann", "wrong")),
            (
                "other scheme",
                "/files/home/ann/x",
                "Digest username=\"ann\"".to_owned(),
            ),
            ("bearer", "/files/home/ann/x", "Bearer abc".to_owned()),
            ("no base64", "/files/home/ann/x", "Basic ?".to_owned()),
            ("no colon", "/files/home/ann/x", "Basic YW5u".to_owned()),
            // RM-6: no name of a path, of a segment, of nothing
            ("slash", "/files/home/ann/x", basic("ann/../bob", "secret")),
            ("dots", "/files/home/ann/x", basic("..", "secret")),
            ("empty", "/files/home/ann/x", basic("", "secret")),
            ("blank", "/files/home/ann/x", basic("ann ", "secret")),
            // A-30
            ("nobody", "/files/home/ann/x", String::new()),
        ],
        |(name, path, authorization)| {
            challenged(
                &lab.lab
                    .refuse(401, &get(&format!("O-5 out {name}"), path, &authorization)),
            );
        },
    );
    lab.lab.settle();
}

// A-30, A-32, A-33: who is known gets 404 or 403, never 401
#[test]
fn who_is_known_is_not_asked_again() {
    let lab = start();
    let ann = basic("ann", "secret");
    let answer = lab.lab.refuse(404, &get("A-32 hidden", "/files/home/bob/x", &ann));
    assert_eq!(answer.header("www-authenticate"), None);
    let put = get("A-33 write", "/files/home/bob/x", &ann).body("x");
    let answer = lab.lab.refuse(
        403,
        &Req {
            method: "PUT".to_owned(),
            ..put
        },
    );
    assert_eq!(answer.header("www-authenticate"), None);
    let put = get("A-33 twin", "/files/home/ann/x", &ann).body("x");
    lab.lab.pass(&Req {
        method: "PUT".to_owned(),
        ..put
    });
    let put = get("A-30 write", "/files/home/bob/x", "").body("x");
    challenged(&lab.lab.refuse(
        401,
        &Req {
            method: "PUT".to_owned(),
            ..put
        },
    ));
}

// A-36: who nobody is learns nothing of the body; who is somebody does
#[test]
fn identity_comes_before_the_body() {
    let lab = start();
    let propfind = |name: &str, path: &str| req(name, "PROPFIND", path).with("Depth", "0").xml("<broken");
    challenged(&lab.lab.refuse(401, &propfind("A-36 anonymous", "/files/home/ann/x")));
    let known = propfind("A-36 known", "/files/home/ann/x").with("Authorization", &basic("ann", "secret"));
    lab.lab.refuse(400, &known);
    let wrong = propfind("A-36 wrong", "/files/public/x").with("Authorization", &basic("ann", "wrong"));
    challenged(&lab.lab.refuse(401, &wrong));
    // O-8: Depth is judged after who asks.
    let depth = req("A-36 depth", "PROPFIND", "/files/home/ann/x").with("Depth", "7");
    challenged(&lab.lab.refuse(401, &depth));
    // O-6: the method filter is judged before.
    let patch = req("O-6 first", "PATCH", "/files/home/ann/x").body("x");
    lab.lab.refuse(405, &patch);
    let good = req("A-36 twin", "PROPFIND", "/files/home/ann/x").with("Depth", "0");
    lab.lab.pass(&good.with("Authorization", &basic("ann", "secret")));
}

// A changed file counts without a restart; a broken one leaves the last good one in use.
#[test]
fn the_file_is_read_again() {
    let lab = start();
    let users = lab.files.path().join("users");
    let ann = basic("ann", "secret");
    let seconds = || std::thread::sleep(Duration::from_millis(1200));
    lab.lab.pass(&get("reload before", "/files/home/ann/x", &ann));
    std::fs::write(&users, ARGON2).unwrap();
    seconds();
    // Within the minute in which a right password is not hashed again.
    lab.lab.refuse(401, &get("reload gone", "/files/home/ann/x", &ann));
    lab.lab
        .pass(&get("reload other", "/files/home/carl/x", &basic("carl", "secret")));
    std::fs::write(&users, "carl:plain\n").unwrap();
    seconds();
    lab.lab
        .pass(&get("reload broken", "/files/home/carl/x", &basic("carl", "secret")));
    std::fs::write(&users, self::users()).unwrap();
    seconds();
    lab.lab.pass(&get("reload back", "/files/home/ann/x", &ann));
    let errors = lab
        .lab
        .gateway
        .errors_with("the last good version stays in use")
        .join("\n");
    assert!(!errors.contains("plain\n") && !errors.contains("secret"), "{errors}");
}

// O-5: failed logins are slowed down; other names, and who is right already, are not
#[test]
fn failures_are_slowed_down() {
    let lab = start();
    let try_ = |name: &str, user: &str, password: &str| {
        let path = format!("/files/home/{user}/x");
        lab.lab.ask(&get(name, &path, &basic(user, password)))
    };
    assert_eq!(try_("right before", "ann", "secret").status, 200);
    for number in 0..5 {
        assert_eq!(try_("wrong", "ann", &number.to_string()).status, 401);
        assert_eq!(try_("wrong bob", "bob", &number.to_string()).status, 401);
    }
    let slow = try_("slowed down", "ann", "x");
    assert_eq!((slow.status, slow.header("retry-after")), (429, Some("1")));
    assert_eq!(slow.header("www-authenticate"), None);
    assert_eq!(try_("right all the same", "ann", "secret").status, 200);
    // Who never was right here waits like everybody, and then is let in.
    assert_eq!(try_("right too soon", "bob", "secret").status, 429);
    assert_eq!(try_("another", "carl", "secret").status, 200);
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(try_("right after a while", "bob", "secret").status, 200);
    // Many names from one address.
    let made_up = |number: u32| try_("made up", &format!("user{number}"), "x").status;
    let statuses: Vec<u16> = (0..30).map(made_up).collect();
    assert_eq!(statuses[..15], [401; 15], "{statuses:?}");
    assert_eq!(statuses[29], 429, "{statuses:?}");
    assert_eq!(try_("known all the same", "ann", "secret").status, 200);
    assert!(!lab.lab.backend.saw("X-Case: wrong") && !lab.lab.backend.saw("X-Case: made up"));
    // RM-18: names yes, passwords never
    let log = [lab.lab.gateway.lines(), lab.lab.gateway.errors()].concat().join("\n");
    assert!(
        !log.contains("secret") && !log.contains(basic("ann", "secret").as_str()),
        "{log}"
    );
    let metrics = support::wire::raw(lab.lab.gateway.admin, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").text();
    assert!(
        metrics.contains(r#"davgate_refusals_total{route="files",rule="O-5"}"#),
        "{metrics}"
    );
}
