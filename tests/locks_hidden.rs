//! Locks whose roots not everybody may read (A-35, C-3, F-6): neither a refusal nor a listing names such a root, and of what is hidden
//! nobody is told that it is locked. Where the gateway locks and where the back end does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::LOCKINFO;
use support::wire::{Req, req};

/// `/ann/` is ann's own, but for `shown` in it; into `/box/` everybody may put things, and take them out, without seeing any.
const ACCESS: &str = r#"
    access:
      - { path: /ann/shown/**, allow: [read, write], to: authenticated }
      - { path: /ann/**, allow: [all], to: "user:ann" }
      - { path: /ann/**, deny: [all], to: everyone }
      - { path: /team/secret/shown/**, allow: [read, write], to: authenticated }
      - { path: /team/secret/**, deny: [all], to: "user:bob" }
      - { path: /box/**, allow: [read], to: "user:ann" }
      - { path: /box/**, allow: [write], to: authenticated }
      - { path: /box/**, deny: [all], to: everyone }
      - { path: /**, allow: [read, write], to: authenticated }
"#;

fn lab() -> Lab {
    let route = |name: &str, profile: &str, locking: &str| {
        format!(
            "  - name: {name}\n    path: /{name}/\n    backend: {{ url: 'http://@BACK@/{name}-in/', profile: {profile}, credentials: \
             {{ header: X-Remote-User }} }}\n    methods: [read, write, lock]\n    locking: {locking}\n    reports: \
             ['DAV:expand-property']{ACCESS}"
        )
    };
    Lab::with_users(&(route("own", "nginx", "emulate") + &route("seen", "generic", "observe")))
}

/// ann locks `path` of the route `route`; the token with its brackets.
fn locked(lab: &Lab, route: &str, path: &str, more: &[(&str, &str)]) -> String {
    let name = format!("ann locks {path} of {route}");
    let mut request = req(&name, "LOCK", format!("/{route}{path}")).by("ann").xml(LOCKINFO);
    for (key, value) in more {
        request = request.with(key, value);
    }
    let token = format!("urn:uuid:{}", path.replace('/', ""));
    if route == "seen" {
        let active = active(&token, &format!("/seen-in{path}"));
        let body = format!("<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>{active}</D:lockdiscovery></D:prop>");
        let headers = [
            ("Content-Type", "application/xml"),
            ("Lock-Token", &*format!("<{token}>")),
        ];
        lab.backend
            .on(&format!("LOCK /seen-in{path}"), answer("200 OK", &headers, body));
    }
    let answer = lab.ask(&request);
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    answer.header("Lock-Token").unwrap().to_owned()
}

fn active(token: &str, root: &str) -> String {
    format!(
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>infinity</D:depth>\
         <D:timeout>Second-600</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken><D:lockroot><D:href>{root}</D:href>\
         </D:lockroot></D:activelock>"
    )
}

/// The back end tells of this lock at `path`.
fn tells(lab: &Lab, path: &str, locks: &str) {
    let body = format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{path}</D:href><D:propstat><D:prop><D:resourcetype/>\
         <D:getetag>\"e1\"</D:getetag><D:lockdiscovery>{locks}</D:lockdiscovery></D:prop><D:status>HTTP/1.1 200 OK</D:status>\
         </D:propstat></D:response></D:multistatus>"
    );
    lab.backend.on(&format!("PROPFIND {path}"), multistatus(body));
}

fn hrefs(text: &str) -> Vec<&str> {
    let pieces = text.split("<D:href>").skip(1);
    pieces.filter_map(|piece| piece.split("</D:href>").next()).collect()
}

/// What bob tries on `/ROUTE/ann/shown/a`, which he may write.
fn attempts(route: &str) -> Vec<Req> {
    let path = format!("/{route}/ann/shown/a");
    let ask = |method: &str| req(&format!("{route} {method}"), method, path.clone()).by("bob");
    let to = format!("http://dav.test{path}");
    let from = format!("/{route}/free");
    vec![
        ask("PUT").body("x"),
        ask("DELETE"),
        ask("MOVE").with("Destination", &format!("http://dav.test/{route}/to")),
        ask("LOCK").with("Depth", "0").xml(LOCKINFO),
        req(&format!("{route} COPY onto"), "COPY", from)
            .by("bob")
            .with("Destination", &to),
    ]
}

// A-35, L-38, L-55: who may write below a locked folder that is hidden is told that it is locked, by the name that he knows.
#[test]
fn a_root_that_is_hidden() {
    let lab = lab();
    each(["own", "seen"], |route| {
        let token = locked(&lab, route, "/ann/", &[]);
        tells(
            &lab,
            "/seen-in/ann/",
            &active(token.trim_matches(['<', '>']), "/seen-in/ann/"),
        );
        tells(
            &lab,
            "/seen-in/ann/shown/a",
            &active(token.trim_matches(['<', '>']), "/seen-in/ann/"),
        );
        each(attempts(route), |request| {
            let answer = lab.refuse_after_probe(423, &request);
            let text = answer.text();
            let shown = String::from_utf8(request.target.clone()).unwrap();
            assert_eq!(hrefs(&text), [shown.as_str()], "{}: {text}", request.name);
            assert!(
                !text.contains("/ann/<") && !text.contains("-in/"),
                "{}: {text}",
                request.name
            );
        });
        // To whom the root is no secret it is told; and with her token it is as ever.
        let hers = req(&format!("{route} hers without"), "PUT", format!("/{route}/ann/shown/a"))
            .by("ann")
            .body("x");
        if route == "own" {
            let answer = lab.refuse_for(423, "lock-token-submitted", &hers);
            assert_eq!(hrefs(&answer.text()), ["/own/ann/"]);
        }
        let with = req(&format!("{route} hers"), "PUT", format!("/{route}/ann/shown/a"))
            .by("ann")
            .body("x");
        lab.pass(&with.with("If", &format!("</{route}/ann/> ({token})")));
    });
    lab.settle();
}

// A-35: of several roots only those are told that may be read.
#[test]
fn of_several_roots_those_that_may_be_read() {
    let lab = lab();
    let shared = LOCKINFO.replace("exclusive", "shared");
    for path in ["/own/team/", "/own/team/secret/"] {
        let request = req(&format!("shared {path}"), "LOCK", path).by("ann");
        let answer = lab.ask(&request.with("Depth", "infinity").xml(&shared));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let put = |name: &str, user: &str| req(name, "PUT", "/own/team/secret/shown/a").by(user).body("x");
    let answer = lab.refuse_for(423, "lock-token-submitted", &put("bob's", "bob"));
    assert_eq!(hrefs(&answer.text()), ["/own/team/"]);
    let answer = lab.refuse_for(423, "lock-token-submitted", &put("ann's", "ann"));
    assert_eq!(hrefs(&answer.text()), ["/own/team/", "/own/team/secret/"]);
}

// A-35: whether something is locked that he may not read, nobody learns by trying to write to it: as if he might not.
#[test]
fn what_is_hidden_and_locked() {
    let lab = lab();
    each(["own", "seen"], |route| {
        let token = locked(&lab, route, "/box/a", &[("Depth", "0")]);
        tells(
            &lab,
            "/seen-in/box/a",
            &active(token.trim_matches(['<', '>']), "/seen-in/box/a"),
        );
        let path = |name: &str| format!("/{route}/box/{name}");
        let ask = |method: &str, name: &str| req(&format!("{route} {method} {name}"), method, path(name)).by("bob");
        let onto = |name: &str| {
            let to = format!("http://dav.test{}", path(name));
            req(&format!("{route} COPY onto {name}"), "COPY", format!("/{route}/free"))
                .by("bob")
                .with("Destination", &to)
        };
        let tries = |name: &str| [ask("PUT", name).body("x"), ask("DELETE", name), onto(name)];
        each(tries("a"), |request| {
            let answer = lab.ask(&request);
            assert!(
                matches!(answer.status, 403 | 404),
                "{}: {}",
                request.name,
                answer.status
            );
            assert!(lab.backend.case(&request.name).is_empty(), "{}: went on", request.name);
            let text = answer.text();
            assert!(
                !text.contains("lock") && !text.contains("/box/a"),
                "{}: {text}",
                request.name
            );
        });
        tells(&lab, "/seen-in/box/b", "");
        each(tries("b"), |request| drop(lab.pass(&request)));
        // Who may read it is told.
        let hers = req(&format!("{route} ann"), "PUT", path("a")).by("ann").body("x");
        if route == "own" {
            lab.refuse_for(423, "lock-token-submitted", &hers);
        }
        lab.pass(
            &Req {
                name: format!("{route} ann, with it"),
                ..hers
            }
            .with("If", &format!("({token})")),
        );
    });
    lab.settle();
}

// A-35, F-6: a listing tells of the lock, not of its root, however it is asked for; its maker sees all.
#[test]
fn what_listings_tell() {
    let lab = lab();
    let named = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:lockdiscovery/></D:prop></D:propfind>";
    let expand = "<D:expand-property xmlns:D=\"DAV:\"><D:property name=\"lockdiscovery\"/></D:expand-property>";
    each(["own", "seen"], |route| {
        let token = locked(&lab, route, "/ann/", &[]);
        let bare = token.trim_matches(['<', '>']);
        let inside = format!("/{route}-in/ann/shown/a");

        let told = multistatus(format!(
            "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{inside}</D:href><D:propstat><D:prop><D:lockdiscovery>{}\
             </D:lockdiscovery></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>",
            active(bare, &format!("/{route}-in/ann/"))
        ));
        for method in ["PROPFIND", "REPORT"] {
            lab.backend.on(&format!("{method} {inside}"), told.clone());
        }
        for (method, body) in [
            ("PROPFIND", named),
            ("PROPFIND", "<D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>"),
            ("REPORT", expand),
        ] {
            let ask = |user: &str| {
                let name = format!("{route} {method} by {user}");
                let request = req(&name, method, format!("/{route}/ann/shown/a"))
                    .by(user)
                    .with("Depth", "0");
                let answer = lab.ask(&request.xml(body));
                assert_eq!(answer.status, 207, "{name}: {}", answer.text());
                answer.text()
            };
            let (his, hers) = (ask("bob"), ask("ann"));
            assert!(his.contains("activelock"), "{route} {method}: {his}");
            assert!(
                !his.contains("/ann/<") && !his.contains("-in/") && !his.contains(bare),
                "{route} {method}: {his}"
            );
            assert!(
                hers.contains(&format!("<D:href>/{route}/ann/</D:href>")),
                "{route} {method}: {hers}"
            );
            assert!(hers.contains(bare), "{route} {method}: {hers}");
        }
    });
}

// A-35, ERR-3: a 423 of the back end's own names no root that may not be read, but what was asked for.
#[test]
fn what_the_back_end_says() {
    let lab = lab();
    let body = |root: &str| {
        format!(
            "<D:error xmlns:D=\"DAV:\"><D:lock-token-submitted><D:href>/seen-in{root}</D:href></D:lock-token-submitted></D:error>"
        )
    };
    for (name, root) in [("hidden", "/ann/"), ("known", "/ann/shown/a")] {
        let kind = [("Content-Type", "application/xml")];
        lab.backend
            .on("PUT /seen-in/ann/shown/a", answer("423 Locked", &kind, body(root)));
        let answer = lab.ask(&req(name, "PUT", "/seen/ann/shown/a").by("bob").body("x"));
        assert_eq!(answer.status, 423, "{name}: {}", answer.text());
        assert_eq!(hrefs(&answer.text()), ["/seen/ann/shown/a"], "{name}");
    }
}
