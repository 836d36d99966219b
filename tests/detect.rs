//! `davgate detect`: what it prints of a back end is a configuration that davgate takes, with the profile of its kind; and nothing is changed
//! there. The signs themselves are tested against the real servers (`tests/run detect`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::process::{Command, Output};

use davgate::{backend, config::compile, policy::Locking};
use support::backend::{BackEnd, answer};
use support::each;

fn detect(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_davgate");
    Command::new(program).arg("detect").args(arguments).output().unwrap()
}

/// A back end that answers OPTIONS of `/dav/` with these header fields.
fn saying(fields: &[(&str, &str)]) -> (BackEnd, String) {
    let back_end = BackEnd::start();
    back_end.on("OPTIONS /dav/", answer("200 OK", fields, ""));
    back_end.on("GET /dav/", answer("200 OK", &[], "a page"));
    let url = format!("http://{}/dav/", back_end.address);
    (back_end, url)
}

#[test]
fn a_configuration_to_start_from() {
    each(
        [
            (
                "apache",
                "DAV",
                "1,2,<http://apache.org/dav/propset/fs/1>",
                Locking::Observe,
            ),
            ("nginx", "Server", "nginx/1.22.1", Locking::Off),
            ("lighttpd", "Server", "lighttpd/1.4.69", Locking::Observe),
            (
                "radicale",
                "DAV",
                "1, 3, calendar-access, addressbook, extended-mkcol",
                Locking::Off,
            ),
            ("sabredav", "X-Sabre-Version", "1.8.12", Locking::Observe),
            ("wsgidav", "Server", "WsgiDAV/4.4.0 Cheroot/11.1.2", Locking::Observe),
            ("rclone", "Server", "rclone/v1.66", Locking::Observe),
            ("zope", "X-Powered-By", "Zope (www.zope.dev), Python", Locking::Observe),
        ],
        |(profile, field, value, locking)| {
            let classes = if field == "DAV" || profile == "nginx" {
                ""
            } else {
                "1, 2"
            };
            let (back_end, url) = saying(&[(field, value), ("DAV", classes)]);
            let told = detect(&[&url]);
            let text = String::from_utf8(told.stdout).unwrap();
            assert_eq!(told.status.code(), Some(0), "{text}");
            let loaded = compile(&text, "printed.yaml").unwrap_or_else(|errors| panic!("{errors}\n{text}"));
            let route = &loaded.policy.routes[0];
            assert_eq!(route.backend.profile, backend::look_up(profile).unwrap(), "{text}");
            assert_eq!(route.locks.locking, locking, "{profile}: {text}");
            assert_eq!(
                (route.map.public().to_string(), loaded.warnings.len()),
                ("/dav/".to_owned(), usize::from(profile == "zope"))
            );
            let methods: Vec<String> = back_end.requests().into_iter().map(|seen| seen.method).collect();
            assert_eq!(methods, ["OPTIONS", "PROPFIND", "GET"]);
        },
    );
}

// The stronger sign counts: a server in front of another says its own name, too.
#[test]
fn what_says_more_counts() {
    let (_back_end, url) = saying(&[("Server", "nginx"), ("X-Sabre-Version", "4.1")]);
    assert!(String::from_utf8_lossy(&detect(&[&url]).stdout).contains("profile: sabredav"));
    let (back_end, url) = saying(&[("X-Powered-By", "Zope")]);
    back_end.on(
        "GET /dav/",
        answer(
            "200 OK",
            &[],
            "<meta name=\"generator\" content=\"Plone - https://plone.org/\">",
        ),
    );
    assert!(String::from_utf8_lossy(&detect(&[&url]).stdout).contains("profile: plone"));
}

#[test]
fn what_is_not_known_is_told() {
    let (_back_end, url) = saying(&[("Server", "other: [")]);
    let told = detect(&[&url]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(3), "{text}");
    assert!(
        text.contains("shows nothing by which it is known") && text.contains("profile: generic"),
        "{text}"
    );
    assert!(compile(&text, "printed.yaml").is_ok(), "{text}");
    for (url, expected) in [
        ("http://127.0.0.1:1/", "cannot be asked"),
        ("ftp://h/", "not an http or https URL"),
        ("not a url\": {", "not an http or https URL"),
    ] {
        let told = detect(&[url]);
        let error = String::from_utf8(told.stderr).unwrap();
        assert_eq!(
            (told.status.code(), told.stdout.as_slice()),
            (Some(1), &b""[..]),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
}

// Who must say who he is can be looked at as somebody.
#[test]
fn with_an_account() {
    let back_end = BackEnd::start();
    let wants = answer(
        "401 Unauthorized",
        &[("WWW-Authenticate", "Basic realm=\"Radicale - Password Required\"")],
        "",
    );
    for asked in ["OPTIONS /", "PROPFIND /", "GET /"] {
        back_end.on(asked, wants.clone());
    }
    let url = format!("http://{}/", back_end.address);
    let text = String::from_utf8(detect(&[&url]).stdout).unwrap();
    assert!(
        text.contains("profile: radicale") && text.contains("# It asks who is there"),
        "{text}"
    );
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "secret\n").unwrap();
    detect(&[&url, "--user", "ann", "--password-file", file.to_str().unwrap()]);
    let seen = back_end.requests().pop().unwrap();
    assert_eq!(seen.header("authorization"), Some("Basic YW5uOnNlY3JldA=="));
}
