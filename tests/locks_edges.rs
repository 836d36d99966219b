//! Locks where plain rules meet something else: what may not be read, what broke off half-way, a store that is down, a back end that
//! hides what it has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::{Duration, Instant};

use support::backend::{Step, answer, multistatus};
use support::gateway::Gateway;
use support::lab::Lab;
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Answer, Client, Req, raw, req};

fn lock(name: &str, user: &str, path: &str) -> Req {
    req(name, "LOCK", path).by(user).with("Depth", "0").xml(LOCKINFO)
}

fn put(name: &str, user: &str, path: &str) -> Req {
    req(name, "PUT", path).by(user).body("text")
}

fn token(answer: &Answer) -> String {
    let value = answer
        .header("lock-token")
        .unwrap_or_else(|| panic!("{}", answer.text()));
    value.trim_matches(['<', '>']).to_owned()
}

/// The back end has a file with the entity tag `"e1"` there.
fn there(lab: &Lab, target: &str) {
    let found = multistatus(propfind_answer(target, target.ends_with('/')));
    lab.backend.on(&format!("PROPFIND {target}"), found);
}

// to whoever may write a resource and not read it, no answer tells whether a guess at its entity tag, or that of its state, was right
#[test]
fn entity_tags_of_what_is_hidden() {
    let rules =
        "access: [{ path: /drop/**, allow: [write], to: \"user:bob\" }, { path: /**, allow: [all], to: \"user:ann\" }]";
    let lab = Lab::with_users(&format!(
        "  - {{ name: e, path: /e/, backend: {{ url: \"http://@BACK@/e-in/\", profile: nginx }}, locking: emulate, {rules} }}\n  \
         - {{ name: o, path: /o/, backend: {{ url: \"http://@BACK@/o-in/\", profile: apache, credentials: {{ header: X-U }} }}, {rules} }}\n"
    ));
    for route in ["e", "o"] {
        let path = format!("/{route}/drop/a");
        there(&lab, &format!("/{route}-in/drop/a"));
        for (what, condition) in [
            ("right", "([\"e1\"])"),
            ("wrong", "([\"e2\"])"),
            ("not", "(Not [\"e1\"])"),
            ("beside", "(<urn:uuid:1>) ([\"e1\"])"),
            ("state", "(<http://sabre.io/ns/sync/5>)"),
            ("wrapped state", "(Not <urn:davgate:st:0:aHR0cDovL3g>)"),
            (
                "state of a folder",
                &format!("<http://dav.test/{route}/cal/> (<data:,5>)"),
            ),
        ] {
            for method in ["UNLOCK", "PUT", "DELETE", "PROPPATCH", "LOCK"] {
                let request = req(&format!("{route} {method} {what}"), method, &path)
                    .by("bob")
                    .with("If", condition);
                let request = match method {
                    "UNLOCK" => request.with("Lock-Token", "<urn:uuid:1>"),
                    "PUT" => request.body("x"),
                    "PROPPATCH" => request.xml(support::samples::PROPPATCH),
                    "LOCK" => request.with("Depth", "0").xml(LOCKINFO),
                    _ => request,
                };
                lab.refuse_for(412, "if-false", &request);
            }
        }
        // The twins: a token tells nothing; and who may read may compare.
        let own = put(&format!("{route} token"), "bob", &path).with("If", "(Not <DAV:no-lock>)");
        lab.pass(&own);
        lab.pass(&put(&format!("{route} reads"), "ann", &path).with("If", "([\"e1\"])"));
        lab.pass(&put(&format!("{route} state"), "ann", &path).with("If", "(Not <data:,5>)"));
    }
}

// L-84, B-91: an upload that breaks off is over, and keeps nobody from locking
#[test]
fn an_upload_that_breaks_off() {
    let lab = Lab::with_users(
        "  - { name: e, path: /e/, backend: { url: \"http://@BACK@/e-in/\", profile: nginx }, locking: emulate }\n",
    );
    there(&lab, "/e-in/a");
    let mut client = Client::connect(lab.gateway.address);
    let head = "PUT /e/a HTTP/1.1\r\nHost: dav.test\r\nX-Case: half\r\nX-User: bob\r\nContent-Length: 100\r\n\r\nsome";
    client.send(head.as_bytes());
    assert!(lab.backend.wait_for(|seen| seen.iter().any(|one| one.body == b"some")));
    lab.refuse_after_probe(423, &lock("while it comes", "ann", "/e/a"));
    drop(client);
    let began = Instant::now();
    let answer = lab.ask(&lock("after it", "ann", "/e/a"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    // The twin: the back end has all of it, and may be at it still.
    lab.backend.on("PUT /e-in/b", vec![Step::Pause(Duration::from_secs(7))]);
    there(&lab, "/e-in/b");
    let mut client = Client::connect(lab.gateway.address);
    client.send(&put("whole", "bob", "/e/b").bytes());
    assert!(
        lab.backend
            .wait_for(|seen| seen.iter().any(|one| one.target == "/e-in/b" && one.whole))
    );
    drop(client);
    lab.refuse_after_probe(423, &lock("meanwhile", "ann", "/e/b"));
}

// L-91: where the back end locks and nobody is known, nobody's locks are at stake, and nothing waits for the store
#[test]
fn a_store_that_nobody_needs() {
    let configuration = |identity: &str| {
        format!(
            "listeners:\n  - address: @LISTEN@\n{identity}locks: {{ store: redis, url: \"redis://127.0.0.1:1/\" }}\nroutes:\n  \
             - {{ name: o, path: /o/, backend: {{ url: \"http://@BACK@/o-in/\", profile: apache }}, locking: observe }}\n"
        )
    };
    let open = Lab::with_configuration(&configuration(""));
    let requests = || {
        [
            put("put", "", "/o/a"),
            req("delete", "DELETE", "/o/a"),
            req("move", "MOVE", "/o/a").with("Destination", "/o/b"),
            put("conditional", "", "/o/a").with("If", "(<urn:uuid:1>)"),
        ]
    };
    for request in requests() {
        open.pass(&request);
    }
    // The twin: somebody might own what the store knows.
    let known = Lab::with_configuration(&configuration(
        "identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }\n",
    ));
    for request in requests() {
        known.refuse_for(503, "lock-store-down", &request);
    }
}

fn nothing(lab: &Lab, target: &str) {
    lab.backend
        .on(&format!("PROPFIND {target}"), answer("404 Not Found", &[], ""));
}

/// The back end tells of this lock at `target`, or of none.
fn tells(lab: &Lab, target: &str, token: Option<&str>) {
    let lock = token.map_or_else(String::new, |token| {
        format!(
            "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>infinity</D:depth>\
             <D:timeout>Second-600</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken></D:activelock>"
        )
    });
    let known = format!("<D:lockdiscovery>{lock}</D:lockdiscovery><D:getetag>");
    let body = propfind_answer(target, target.ends_with('/')).replace("<D:getetag>", &known);
    lab.backend.on(&format!("PROPFIND {target}"), multistatus(body));
}

/// Ann has locked `path` at the back end, which knows it as `inside`.
fn locked(lab: &Lab, path: &str, inside: &str, token: &str) {
    tells(lab, inside, None);
    let headers = [("Content-Type", "application/xml"), ("Lock-Token", token)];
    lab.backend
        .on(&format!("LOCK {inside}"), answer("200 OK", &headers, ""));
    lab.pass(&req(&format!("lock {path}"), "LOCK", path).by("ann").xml(LOCKINFO));
    tells(lab, inside, Some(token.trim_matches(['<', '>'])));
}

// L-3: that a member is not there says nothing of the lock on its folder
#[test]
fn an_unlock_by_a_member_that_is_not_there() {
    let lab = Lab::with_users(
        "  - { name: o, path: /o/, backend: { url: \"http://@BACK@/o-in/\", profile: generic, credentials: { header: X-U } }, \
         locking: observe, access: [{ path: /**, allow: [all], to: authenticated }] }\n",
    );
    locked(&lab, "/o/dir/", "/o-in/dir/", "<urn:lock:dir>");
    nothing(&lab, "/o-in/dir/none");
    lab.backend.on("UNLOCK /o-in/dir/none", answer("409 Conflict", &[], ""));
    let unlock = req("by a member", "UNLOCK", "/o/dir/none").by("ann");
    assert_eq!(lab.ask(&unlock.with("Lock-Token", "<urn:lock:dir>")).status, 409);
    lab.refuse_after_probe(423, &put("still locked", "bob", "/o/dir/a"));
}

// L-59: the empty resource is made under the lock: a LOCK that is refused leaves nothing behind
#[test]
fn nothing_is_made_for_a_refused_lock() {
    let lab = Lab::with_users(
        "  - { name: n, path: /n/, fix_locknull: true, backend: { url: \"http://@BACK@/n-in/\", profile: apache } }\n",
    );
    let puts = |path: &str| {
        let seen = lab.backend.at(path);
        seen.into_iter().filter(|seen| seen.method == "PUT").collect::<Vec<_>>()
    };
    for status in ["412 Precondition Failed", "423 Locked", "507 Insufficient Storage"] {
        let code = &status[..3];
        let inside = format!("/n-in/missing-{code}");
        lab.backend.on(&format!("LOCK {inside}"), answer(status, &[], ""));
        let request = lock(&format!("refused {code}"), "bob", &format!("/n/missing-{code}")).with("If", "([\"e9\"])");
        assert_eq!(lab.ask(&request).status.to_string(), code);
        assert!(puts(&inside).is_empty(), "{code}");
    }
    let headers = [("Content-Type", "application/xml"), ("Lock-Token", "<urn:lock:n>")];
    lab.backend.on("LOCK /n-in/missing", answer("200 OK", &headers, ""));
    assert_eq!(lab.ask(&lock("granted", "bob", "/n/missing")).status, 201);
    let made = puts("/n-in/missing");
    assert_eq!((made.len(), made[0].header("if")), (1, Some("(<urn:lock:n>)")));
    // It cannot be made: the name is locked all the same.
    lab.backend
        .on("LOCK /n-in/missing-full", answer("200 OK", &headers, ""));
    lab.backend
        .on("PUT /n-in/missing-full", answer("507 Insufficient Storage", &[], ""));
    assert_eq!(lab.ask(&lock("a name", "bob", "/n/missing-full")).status, 200);
}

// L-81: what was made for a lock that is not granted after all is taken away, if nobody can have written there
#[test]
fn what_was_made_is_taken_away() {
    let backend = support::backend::BackEnd::start();
    let configuration = format!(
        "listeners:\n  - address: @LISTEN@\nadmin: {{ address: '@ADMIN@', token_file: admin.token }}\nidentity: {{ trusted_header: \
         {{ user: X-User, from: [127.0.0.1] }} }}\nroutes:\n  \
         - {{ name: a, path: /a/, backend: {{ url: \"http://{0}/a-in/\", profile: apache }}, locking: emulate }}\n  \
         - {{ name: n, path: /n/, backend: {{ url: \"http://{0}/n-in/\", profile: nginx }}, locking: emulate }}\n",
        backend.address
    );
    let secret = "a-secret-of-administrators-0123456789";
    let gateway = Gateway::start_beside(&configuration, &[("admin.token", format!("{secret}\n"))]);
    let lab = Lab::of(gateway, backend);
    for (name, taken) in [("a", true), ("n", false)] {
        let (path, inside) = (format!("/{name}/missing"), format!("/{name}-in/missing"));
        let mut made = vec![Step::Pause(Duration::from_secs(2))];
        made.extend(answer("201 Created", &[("ETag", "\"v1\"")], ""));
        lab.backend.on(&format!("PUT {inside}"), made);
        let mut client = Client::connect(lab.gateway.address);
        client.send(&lock(&format!("{name} making"), "ann", &path).bytes());
        assert!(
            lab.backend
                .wait_for(|seen| seen.iter().any(|one| one.method == "PUT" && one.target == inside))
        );
        let admin = |method: &str, target: &str| {
            let head = format!(
                "{method} {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\r\n"
            );
            raw(lab.gateway.admin, head.as_bytes())
        };
        let list = admin("GET", "/locks").text();
        let at = list.find("urn:uuid:").unwrap_or_else(|| panic!("{list}"));
        assert_eq!(
            admin("DELETE", &format!("/locks/{}?reason=test", &list[at..at + 45])).status / 100,
            2
        );
        let answer = client.answer(false);
        assert!(
            answer.status == 503 && answer.header("lock-token").is_none(),
            "{}",
            answer.text()
        );
        let seen = lab.backend.at(&inside);
        let gone = seen.iter().find(|seen| seen.method == "DELETE");
        assert_eq!(
            gone.and_then(|seen| seen.header("if-match")),
            taken.then_some("\"v1\""),
            "{name}"
        );
        assert_eq!(gone.is_some(), taken, "{name}");
    }
}

// L-81: a name that is locked is told of to whoever asks for it, and to nobody as a member
#[test]
fn a_locked_name() {
    let lab = Lab::with_users(
        "  - { name: n, path: /n/, backend: { url: \"http://@BACK@/n-in/\", profile: nginx }, locking: emulate, unmapped_lock: name-only, \
         access: [{ path: /shut/**, deny: [read], to: \"user:bob\" }, { path: /**, allow: [read, write], to: authenticated }] }\n",
    );
    let find = |name: &str, user: &str, path: &str| lab.ask(&req(name, "PROPFIND", path).by(user).with("Depth", "0"));
    assert_eq!(find("before", "ann", "/n/missing").status, 404);
    let made = lab.ask(&lock("name", "ann", "/n/missing"));
    assert_eq!(made.status, 201, "{}", made.text());
    let token = token(&made);
    let own = find("own", "ann", "/n/missing");
    let text = own.text();
    assert_eq!(own.status, 207, "{text}");
    assert!(text.contains(&token) && text.contains("<D:lockentry>"), "{text}");
    assert!(
        text.contains("<D:href>/n/missing</D:href>") && !text.contains("getetag"),
        "{text}"
    );
    let others = find("others", "bob", "/n/missing");
    assert!(
        others.text().contains("activelock") && !others.text().contains(&token),
        "{}",
        others.text()
    );
    let named = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/><D:lockdiscovery/></D:prop></D:propfind>";
    let named = lab
        .ask(
            &req("named", "PROPFIND", "/n/missing")
                .by("ann")
                .with("Depth", "0")
                .xml(named),
        )
        .text();
    assert!(
        named.contains("<D:resourcetype/></D:prop><D:status>HTTP/1.1 404") && !named.contains("lockentry"),
        "{named}"
    );
    let folder = lab.ask(&req("folder", "PROPFIND", "/n/").by("ann").with("Depth", "1"));
    assert!(!folder.text().contains("/n/missing"), "{}", folder.text());
    // Nothing of it to whoever may not read there, nor once it is unlocked.
    assert_eq!(lab.ask(&lock("shut", "ann", "/n/shut/missing")).status / 100, 2);
    let hidden = find("hidden", "bob", "/n/shut/missing");
    assert_eq!((hidden.status, hidden.text().as_str()), (404, ""));
    let unlock = req("unlock", "UNLOCK", "/n/missing")
        .by("ann")
        .with("Lock-Token", &format!("<{token}>"));
    assert_eq!(lab.ask(&unlock).status, 204);
    assert_eq!(find("after", "ann", "/n/missing").status, 404);
}

// L-93: what a LOCK was to make may come to pass while nobody knows: no other's lock is granted into it, unless the back end looks itself
#[test]
fn a_resource_that_may_be_made_later() {
    let lab = Lab::with_users(
        "  - { name: n, path: /n/, backend: { url: \"http://@BACK@/n-in/\", profile: nginx }, locking: emulate }\n  \
         - { name: a, path: /a/, backend: { url: \"http://@BACK@/a-in/\", profile: apache }, locking: emulate }\n",
    );
    let breaks = || vec![Step::Close];
    for (name, later) in [("n", 423), ("a", 201)] {
        let (path, inside) = (format!("/{name}/missing"), format!("/{name}-in/missing"));
        lab.backend.on(&format!("PUT {inside}"), breaks());
        assert_eq!(lab.ask(&lock(&format!("{name} breaks"), "ann", &path)).status, 502);
        let made = answer("201 Created", &[], "");
        lab.backend.on(&format!("PUT {inside}"), made);
        let other = lab.ask(&lock(&format!("{name} other"), "bob", &path));
        assert_eq!(other.status, later, "{name}: {}", other.text());
        if later == 423 {
            let own = lab.ask(&lock(&format!("{name} own"), "ann", &path));
            assert_eq!(own.status, 201, "{name}: {}", own.text());
        }
    }
}

// L-6, P-9: a lock on a name that a client wrote in the other normal form stands, though nothing is at the composed one
#[test]
fn a_lock_on_a_decomposed_name() {
    let lab = Lab::with_users(
        "  - { name: o, path: /o/, backend: { url: \"http://@BACK@/o-in/\", profile: sabredav }, locking: observe }\n",
    );
    let (path, inside) = ("/o/u%CC%88.txt", "/o-in/u%CC%88.txt");
    locked(&lab, path, inside, "<urn:lock:u>");
    nothing(&lab, "/o-in/%C3%BC.txt");
    lab.refuse_after_probe(423, &put("locked", "bob", path));
    // The twin: it has ended there.
    tells(&lab, inside, None);
    lab.pass(&put("ended", "bob", path));
}
