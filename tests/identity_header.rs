//! A header that a proxy in front sets (RM-14, Q-10), several sources at once (O-5), and what the back end is told (A-37, A-38).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::identity::{IdentityLab, basic};
use support::wire::{Req, req};

/// One route for each kind of `backend.credentials`.
const ROUTES: &str = r#"
routes:
  - name: pass
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access: &rules
      - { path: /public/**, allow: [read], to: everyone }
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
      - { path: /shared/**, allow: [read], to: "group:editors" }
  - name: service
    hosts: [dav.test]
    path: /service/
    backend:
      url: "http://@BACK@/service/"
      profile: apache
      credentials: { service: { user: gateway, password_file: @FILES@/password } }
    access: *rules
  - name: header
    hosts: [dav.test]
    path: /header/
    backend: { url: "http://@BACK@/header/", profile: apache, credentials: { header: X-App-User } }
    access: *rules
"#;

fn start(identity: &str) -> IdentityLab {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("users"), support::identity::USERS).unwrap();
    std::fs::write(files.path().join("password"), "hunter2\n").unwrap();
    IdentityLab::with_files(files, "", &format!("identity:\n{identity}{ROUTES}"), |_| {})
}

const TRUSTED: &str = "  trusted_header: { user: X-Proxy-User, groups: X-Proxy-Groups, from: [127.0.0.1] }\n";
const NOT_US: &str = "  trusted_header: { user: X-Proxy-User, groups: X-Proxy-Groups, from: [10.0.0.1, '::1'] }\n";

fn get(name: &str, path: &str, fields: &[(&str, &str)]) -> Req {
    fields.iter().fold(req(name, "GET", path), |request, (name, value)| {
        request.with(name, value)
    })
}

// RM-14, Q-10: only listed peers are believed, and no copy of the header goes on
#[test]
fn a_listed_peer_names_the_user() {
    let lab = start(TRUSTED);
    each(
        [
            ("user", "/files/home/ann/x", vec![("X-Proxy-User", "ann")]),
            (
                "group",
                "/files/shared/x",
                vec![("X-Proxy-User", "ann"), ("x-proxy-groups", "a, editors")],
            ),
            ("empty", "/files/public/x", vec![("X-Proxy-User", "")]),
            // Spellings that a CGI back end would take for the same header are removed; here they are nothing.
            (
                "underscores",
                "/files/public/x",
                vec![("X_Proxy_User", "ann"), ("X-Proxy_User", "ann")],
            ),
        ],
        |(name, path, fields)| {
            let (seen, _) = lab.lab.pass(&get(&format!("trusted {name}"), path, &fields));
            let named = seen.headers.iter().filter(|(name, _)| {
                let name = name.to_ascii_lowercase().replace('_', "-");
                name.starts_with("x-proxy-") || name == "x-forwarded-user"
            });
            assert_eq!(named.count(), 0, "{seen:?}");
        },
    );
    each(
        [
            ("other's home", 404, "/files/home/bob/x", vec![("X-Proxy-User", "ann")]),
            ("no group", 404, "/files/shared/x", vec![("X-Proxy-User", "ann")]),
            ("underscores", 404, "/files/home/ann/x", vec![("X_Proxy_User", "ann")]),
            ("nobody", 404, "/files/home/ann/x", vec![]),
            // 403: nothing that a client sends would help (RFC 9110 section 15.5.2)
            (
                "twice",
                403,
                "/files/public/x",
                vec![("X-Proxy-User", "ann"), ("x-proxy-user", "bob")],
            ),
            ("no name", 403, "/files/public/x", vec![("X-Proxy-User", "../bob")]),
            (
                "group name",
                403,
                "/files/public/x",
                vec![("X-Proxy-User", "ann"), ("X-Proxy-Groups", "a/b")],
            ),
            // B-11: a client cannot take the proxy's word away, nor its own.
            (
                "connection",
                400,
                "/files/public/x",
                vec![("X-Proxy-User", "ann"), ("Connection", "X-Proxy-User")],
            ),
        ],
        |(name, status, path, fields)| {
            let answer = lab
                .lab
                .refuse(status, &get(&format!("trusted not {name}"), path, &fields));
            assert_eq!(answer.header("www-authenticate"), None, "{name}");
        },
    );
    lab.lab.settle();
}

#[test]
fn nobody_else_names_anybody() {
    let lab = start(NOT_US);
    let spoofs: [&[(&str, &str)]; 4] = [
        &[("X-Proxy-User", "ann")],
        &[
            ("X-Proxy-User", "ann"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("Forwarded", "for=10.0.0.1"),
        ],
        &[("X-Proxy-User", "ann"), ("X-Real-IP", "10.0.0.1")],
        &[("X-Proxy_User", "ann")],
    ];
    each(spoofs.iter().enumerate(), |(number, fields)| {
        lab.lab
            .refuse(404, &get(&format!("spoof {number}"), "/files/home/ann/x", fields));
        let (seen, _) = lab
            .lab
            .pass(&get(&format!("spoof public {number}"), "/files/public/x", fields));
        assert_eq!(seen.header("x-proxy-user"), None);
        assert_eq!(seen.header("x-proxy_user"), None);
    });
}

// O-5: the first source of the file that knows the requester says who it is; whatever is presented must be right
#[test]
fn several_sources() {
    const BASIC: &str = "  basic: { htpasswd: @FILES@/users }\n";
    let bob = basic("bob", "secret");
    let both = [("X-Proxy-User", "ann"), ("Authorization", bob.as_str())];
    for (order, mine, others) in [
        ([TRUSTED, BASIC].concat(), "ann", "bob"),
        ([BASIC, TRUSTED].concat(), "bob", "ann"),
    ] {
        let lab = start(&order);
        lab.lab.pass(&get("both mine", &format!("/files/home/{mine}/x"), &both));
        lab.lab
            .refuse(404, &get("both other", &format!("/files/home/{others}/x"), &both));
        lab.lab.pass(&get("header alone", "/files/home/ann/x", &both[..1]));
        lab.lab.pass(&get("password alone", "/files/home/bob/x", &both[1..]));
        let wrong = basic("bob", "wrong");
        let wrong = [("X-Proxy-User", "ann"), ("Authorization", wrong.as_str())];
        let answer = lab.lab.refuse(401, &get("one wrong", "/files/home/ann/x", &wrong));
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Basic realm="davgate", charset="UTF-8""#)
        );
        lab.lab.refuse(401, &get("nothing", "/files/home/ann/x", &[]));
    }
}

// A-37: what the back end sees of the requester; A-38: the account is nobody's whom no rule lets in
#[test]
fn what_the_back_end_is_told() {
    let lab = start("  basic: { htpasswd: @FILES@/users }\n  groups: { editors: [bob] }\n");
    let ann = basic("ann", "secret");
    let account = basic("gateway", "hunter2");
    let identity = |seen: &support::backend::Seen| {
        let one = |name| seen.all(name).join("|");
        (one("authorization"), one("x-app-user"), one("cookie"))
    };
    let fields = [
        ("Authorization", ann.as_str()),
        ("Cookie", "session=1"),
        ("X-App-User", "root"),
        ("X_App_User", "root"),
        // Some servers make `_` of every sign in the name of a CGI variable.
        ("X.App.User", "root"),
        ("X-App!User", "root"),
        ("X-Forwarded-User", "root"),
    ];
    each(
        [
            ("/files/home/ann/x", &fields[..], (ann.as_str(), "", "session=1")),
            ("/service/home/ann/x", &fields[..], (account.as_str(), "", "")),
            ("/header/home/ann/x", &fields[..], ("", "ann", "")),
            ("/files/public/x", &fields[1..], ("", "", "session=1")),
            ("/service/public/x", &fields[1..], (account.as_str(), "", "")),
            // Nobody has no name.
            ("/header/public/x", &fields[1..], ("", "", "")),
        ],
        |(path, fields, expected)| {
            let name = format!("A-37 {path} {}", fields.len());
            for method in ["GET", "PROPFIND"] {
                let mut request = get(&format!("{name} {method}"), path, fields).with("Depth", "0");
                request.method = method.to_owned();
                let (seen, _) = lab.lab.pass(&request);
                let (authorization, user, cookie) = identity(&seen);
                assert_eq!(
                    (authorization.as_str(), user.as_str(), cookie.as_str()),
                    expected,
                    "{name} {method}"
                );
                let others = ["x_app_user", "x.app.user", "x-app!user", "x-forwarded-user"];
                assert!(others.iter().all(|name| seen.header(name).is_none()), "{seen:?}");
            }
        },
    );
    let bob = basic("bob", "secret");
    for route in ["files", "service", "header"] {
        lab.lab.refuse(
            404,
            &get(
                &format!("A-38 {route}"),
                &format!("/{route}/home/ann/x"),
                &[("Authorization", &bob)],
            ),
        );
        lab.lab.refuse(
            401,
            &get(&format!("A-38 nobody {route}"), &format!("/{route}/home/ann/x"), &[]),
        );
        // A-37: Digest covers the public path; it is answered with the schemes that there are.
        let digest = [("Authorization", "Digest username=\"ann\"")];
        let answer = lab.lab.refuse(
            401,
            &get(&format!("A-37 digest {route}"), &format!("/{route}/public/x"), &digest),
        );
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
    }
    // The account's own challenge and cookies are not the client's.
    let cookie = [("Set-Cookie", "session=gateway; Path=/service/")];
    lab.lab
        .backend
        .on("/service/home/ann/c", support::backend::answer("200 OK", &cookie, "x"));
    let (_, answer) = lab.lab.pass(&get("A-38 cookie", "/service/home/ann/c", &fields[..1]));
    assert_eq!(answer.header("set-cookie"), None);
    let cookie = [("Set-Cookie", "session=ann; Path=/dav/")];
    let own = support::backend::answer("200 OK", &cookie, "x");
    lab.lab.backend.on("/dav/home/ann/c", own);
    let twin = get("A-38 cookie twin", "/files/home/ann/c", &fields[..1]);
    let (_, answer) = lab.lab.pass(&twin);
    assert!(answer.header("set-cookie").is_some());
    let challenge = [("WWW-Authenticate", "Basic realm=\"back\"")];
    for (place, path, status) in [
        ("/service/home/ann/no", "/service/home/ann/no", 502),
        ("/header/home/ann/no", "/header/home/ann/no", 502),
        ("/dav/home/ann/no", "/files/home/ann/no", 401),
    ] {
        lab.lab
            .backend
            .on(place, support::backend::answer("401 Unauthorized", &challenge, "x"));
        let answer = lab.lab.ask(&get("A-38 challenge", path, &fields[..1]));
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{path}");
    }
    let log = [lab.lab.gateway.lines(), lab.lab.gateway.errors()].concat().join("\n");
    assert!(!log.contains("hunter2") && !log.contains(&account), "{log}");
}
