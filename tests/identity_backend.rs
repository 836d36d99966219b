//! The back end as the one who knows (O-5): asked once per credential and time, believed only where it tells right from wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::backend::{BackEnd, answer};
use support::each;
use support::identity::{IdentityLab, basic, knows};
use support::wire::{Req, raw, req};

const FILE: &str = r#"
identity:
  backend: { verify: /files/private/@CACHE@ }
@MORE@
routes:
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: plone }
    access:
      - { path: /public/**, allow: [read], to: everyone }
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
"#;

fn start(cache: &str, more: &str, script: impl FnOnce(&BackEnd)) -> IdentityLab {
    IdentityLab::start("", &FILE.replace("@CACHE@", cache).replace("@MORE@", more), script)
}

fn get(name: &str, path: &str, authorization: &str) -> Req {
    req(name, "GET", path).with("Authorization", authorization)
}

/// How often the back end was asked with this Authorization at the place that knows.
fn asked(lab: &IdentityLab, authorization: &str) -> usize {
    let seen = lab.lab.backend.at("/dav/private/");
    seen.iter()
        .filter(|seen| seen.header("authorization") == Some(authorization))
        .count()
}

fn metric(lab: &IdentityLab, line: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        let text = raw(lab.lab.gateway.admin, b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").text();
        if text.lines().any(|told| told == line) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

// A question for each new credential, and none for the same within the minute
#[test]
fn asked_once_per_credential() {
    let (ann, bob) = (basic("ann", "their own"), basic("bob", "other"));
    let lab = start("", "", |back_end| knows(back_end, "/dav/private/", &[&ann, &bob]));
    for number in 0..10 {
        lab.lab.pass(&get(&format!("ann {number}"), "/files/home/ann/x", &ann));
    }
    assert_eq!((asked(&lab, &ann), asked(&lab, &bob)), (1, 0));
    lab.lab.pass(&get("bob", "/files/home/bob/x", &bob));
    assert_eq!((asked(&lab, &ann), asked(&lab, &bob)), (1, 1));
    // Another password of a known name is another credential, and is wrong.
    let wrong = basic("ann", "guess");
    for number in 0..3 {
        let answer = lab
            .lab
            .refuse(401, &get(&format!("wrong {number}"), "/files/public/x", &wrong));
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Basic realm="davgate", charset="UTF-8""#)
        );
    }
    assert_eq!(asked(&lab, &wrong), 3);
    lab.lab.refuse(404, &get("other's", "/files/home/bob/x", &ann));
    lab.lab.refuse(401, &req("nobody", "GET", "/files/home/ann/x"));
    // Nobody is a question that is not asked.
    let nobody = lab.lab.backend.at("/dav/private/");
    let nobody = nobody
        .iter()
        .filter(|seen| seen.header("authorization").is_none())
        .count();
    assert!(nobody <= 2, "only tests of the place: {nobody}");
    lab.lab.pass(&req("everybody", "GET", "/files/public/x"));
    // The question is harmless, and holds nothing else of the client's request.
    let question = lab.lab.backend.at("/dav/private/").pop().unwrap();
    assert_eq!(
        (question.method.as_str(), question.header("depth")),
        ("PROPFIND", Some("0"))
    );
    assert!(question.header("x-case").is_none(), "{question:?}");
    assert!(metric(&lab, r#"davgate_identity_source_usable{source="backend"} 1"#));
}

// After its time an answer counts no more; and who was right before is not slowed down by others' failures
#[test]
fn asked_again_after_a_while() {
    let ann = basic("ann", "their own");
    let lab = start(", cache: 1s", "", |back_end| knows(back_end, "/dav/private/", &[&ann]));
    lab.lab.pass(&get("first", "/files/home/ann/x", &ann));
    let guess = |number: u32| {
        let guess = basic("ann", &number.to_string());
        lab.lab.ask(&get("guess", "/files/home/ann/x", &guess)).status
    };
    assert_eq!([0, 1, 2, 3, 4, 5].map(guess), [401, 401, 401, 401, 401, 429]);
    std::thread::sleep(Duration::from_millis(1200));
    // The first wait is over; this failure begins one of two seconds.
    assert_eq!([6, 7].map(guess), [401, 429]);
    lab.lab.pass(&get("second", "/files/home/ann/x", &ann));
    assert_eq!(asked(&lab, &ann), 2);
    // A password that was changed: the old one counts for no more than its time.
    knows(&lab.lab.backend, "/dav/private/", &[]);
    lab.lab
        .backend
        .on(&format!("/dav/private/\n{ann}"), answer("401 Unauthorized", &[], ""));
    std::thread::sleep(Duration::from_millis(1200));
    let status = lab.lab.ask(&get("changed", "/files/home/ann/x", &ann)).status;
    assert_eq!(status, 401);
    assert!(lab.lab.backend.case("changed").is_empty());
}

// A place that lets everybody in proves nobody: 503, told by the metric and the log, tested at the start
#[test]
fn a_place_that_proves_nothing() {
    let ann = basic("ann", "secret");
    each(
        [
            ("open", "200 OK", "answers 200 OK without credentials"),
            ("login page", "302 Found", "answers 302 Found without credentials"),
            ("missing", "404 Not Found", "answers 404 Not Found without credentials"),
            ("down", "503 Service Unavailable", "does not answer"),
        ],
        |(name, status, reason)| {
            let lab = start("", "", |back_end| back_end.on("/dav/private/", answer(status, &[], "")));
            assert!(
                metric(&lab, r#"davgate_identity_source_usable{source="backend"} 0"#),
                "{name}"
            );
            let answer = lab.lab.refuse(503, &get(name, "/files/home/ann/x", &ann));
            assert!(answer.header("retry-after").is_some());
            let errors = lab.lab.gateway.errors_with(reason);
            let told: Vec<_> = errors.iter().filter(|line| line.contains(reason)).collect();
            assert_eq!(told.len(), 1, "{name}: {errors:#?}");
            // Who presents nothing is not concerned.
            lab.lab.pass(&req(&format!("{name}, nobody"), "GET", "/files/public/x"));
        },
    );
}

// Everybody who has any credentials: as bad
#[test]
fn a_place_that_believes_everybody() {
    // As many a back end does: 401 without credentials, 200 with any.
    let ann = basic("ann", "secret");
    let lab = start("", "", |back_end| {
        back_end.on("/dav/private/", answer("200 OK", &[], ""));
        back_end.on("/dav/private/\n", answer("401 Unauthorized", &[], ""));
    });
    lab.lab.refuse(503, &get("believes", "/files/home/ann/x", &ann));
    let errors = lab
        .lab
        .gateway
        .errors_with("answers 200 OK to made-up credentials")
        .join("\n");
    assert!(!errors.contains("Basic "), "{errors}");
}

// O-5: a file first, the back end for everybody else
#[test]
fn beside_a_file() {
    let (file, back) = (basic("ann", "secret"), basic("eve", "back"));
    let lab = start("", "  basic: { htpasswd: @FILES@/users }", |back_end| {
        knows(back_end, "/dav/private/", &[&back]);
    });
    lab.lab.pass(&get("file", "/files/home/ann/x", &file));
    lab.lab.pass(&get("back", "/files/home/eve/x", &back));
    lab.lab
        .refuse(401, &get("neither", "/files/public/x", &basic("eve", "x")));
}
