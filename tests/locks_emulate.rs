//! LOCK, refresh and UNLOCK where the gateway locks, and what PROPFIND and OPTIONS tell of it (spec 4.5, 4.6, F-6). The back end hears
//! nothing of locks.
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
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Answer, Req, req};

const ROUTES: &str = r#"
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: nginx, credentials: { header: X-Remote-User } }
    locking: emulate
    hide_lock_owner: true
    reports: ["DAV:expand-property"]
    access:
      - { path: /kept/**, deny: [write], to: everyone }
      - { path: /ann/**, allow: [all], to: "user:ann" }
      - { path: /blind/**, allow: [all], to: "user:ann" }
      - { path: /blind/**, allow: [write], to: "user:bob" }
      - { path: /blind/**, deny: [all], to: everyone }
      - { path: /ann/shown/**, allow: [read, write-content], to: authenticated }
      - { path: /ann/**, deny: [all], to: everyone }
      - { path: /**, allow: [unlock], to: "user:root" }
      - { path: /**, allow: [read, write], to: authenticated }
  - name: names
    hosts: [dav.test]
    path: /names/
    backend: { url: "http://@BACK@/names-in/", profile: nginx, credentials: { header: X-Remote-User } }
    locking: emulate
    unmapped_lock: name-only
    access: [{ path: /**, allow: [all], to: authenticated }]
  - name: refused
    hosts: [dav.test]
    path: /refused/
    backend: { url: "http://@BACK@/refused-in/", profile: nginx, credentials: { header: X-Remote-User } }
    locking: emulate
    unmapped_lock: refuse
    access: [{ path: /**, allow: [all], to: authenticated }]
"#;

const SHARED: &str = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:shared/></D:lockscope>\
    <D:locktype><D:write/></D:locktype></D:lockinfo>";

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let configuration = format!(
            "listeners:\n  - address: @LISTEN@\nidentity:\n  trusted_header: {{ user: X-User, from: [127.0.0.1] }}\n\
             locks: {{ per_principal: 40, timeout: 10m, max_timeout: 1h }}\nroutes:\n{ROUTES}\n"
        );
        Lab::with_configuration(&configuration)
    })
}

fn lock(name: &str, user: &str, path: &str) -> Req {
    req(name, "LOCK", path).by(user).with("Depth", "0").xml(LOCKINFO)
}

fn token(answer: &Answer) -> String {
    let value = answer
        .header("Lock-Token")
        .unwrap_or_else(|| panic!("no token: {}", answer.text()));
    value
        .strip_prefix('<')
        .and_then(|value| value.strip_suffix('>'))
        .unwrap()
        .to_owned()
}

fn locked(name: &str, user: &str, path: &str) -> String {
    let answer = lab().ask(&lock(name, user, path));
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    token(&answer)
}

fn unlock(name: &str, user: &str, path: &str, token: &str) -> Req {
    req(name, "UNLOCK", path).by(user).with("Lock-Token", token)
}

fn discovery(name: &str, user: &str, path: &str, depth: &str, props: &str) -> String {
    let body = format!("<D:propfind xmlns:D=\"DAV:\">{props}</D:propfind>");
    let answer = lab().ask(&req(name, "PROPFIND", path).by(user).with("Depth", depth).xml(body));
    assert_eq!(answer.status, 207, "{name}: {}", answer.text());
    answer.text()
}

const NAMED: &str = "<D:prop><D:resourcetype/><D:lockdiscovery/><D:supportedlock/></D:prop>";

// L-58, L-67, L-70, L-9: 200, the token once in the header, and all that is known of the lock.
#[test]
fn an_existing_resource() {
    let lab = lab();
    let answer = lab.ask(&lock("new", "ann", "/files/a").with("Timeout", "Extend-1, Second-300"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = token(&answer);
    assert!(token.starts_with("urn:uuid:"), "{token}");
    let text = answer.text();
    for part in [
        "<D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:depth>0</D:depth>",
        ">me</D:owner><D:timeout>Second-300</D:timeout>",
        &format!("<D:locktoken><D:href>{token}</D:href></D:locktoken>"),
        "<D:lockroot><D:href>/files/a</D:href></D:lockroot>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let seen = lab.backend.at("/dav/a");
    assert!(seen.iter().all(|seen| seen.method == "PROPFIND"), "{seen:?}");
    assert!(!lab.backend.saw(&token));

    // L-55, L-57: it stands in the way, of its own creator too; the root is told.
    for user in ["bob", "ann"] {
        let name = format!("again {user}");
        let answer = lab.refuse_after_probe(423, &lock(&name, user, "/files/a"));
        assert!(answer.has_condition("no-conflicting-lock"), "{}", answer.text());
        assert!(answer.text().contains("<D:href>/files/a</D:href>"), "{}", answer.text());
    }
    // Its twin: another resource.
    locked("elsewhere", "bob", "/files/a2");
}

// L-67: no time, more than may be, less than may be.
#[test]
fn times() {
    let rows = [
        ("Infinite", "3600"),
        ("Second-1", "60"),
        ("Second-", "600"),
        ("Extend", "600"),
    ];
    each(rows.iter().enumerate(), |(at, (sent, granted))| {
        let request = lock(&format!("time {sent}"), "tim", &format!("/files/time-{at}"));
        let answer = lab().ask(&request.with("Timeout", sent));
        assert!(
            answer.text().contains(&format!("Second-{granted}<")),
            "{sent}: {}",
            answer.text()
        );
    });
}

// L-50 to L-53.
#[test]
fn refreshing() {
    let lab = lab();
    let token = locked("to refresh", "ann", "/files/r");
    let refresh = |name: &str, user: &str, path: &str, tokens: &str| {
        let request = req(name, "LOCK", path).by(user).with("Timeout", "Second-120");
        if tokens.is_empty() {
            request
        } else {
            request.with("If", tokens)
        }
    };
    let answer = lab.ask(&refresh("refresh", "ann", "/files/r", &format!("(<{token}>)")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.header("Lock-Token").is_none() && answer.text().contains("Second-120"),
        "{}",
        answer.text()
    );
    lab.refuse_for(400, "refresh-without-token", &refresh("without", "ann", "/files/r", ""));
    let two = format!("(<{token}>) (<urn:uuid:2>)");
    lab.refuse_for(
        400,
        "refresh-of-several-locks",
        &refresh("two", "ann", "/files/r", &two),
    );
    let one = format!("(<{token}>)");
    for (name, user, path, tokens) in [
        ("unknown", "ann", "/files/r", "(<urn:uuid:1>)"),
        ("elsewhere", "ann", "/files/r2", one.as_str()),
        ("somebody else", "bob", "/files/r", one.as_str()),
    ] {
        let answer = lab.refuse(412, &refresh(name, user, path, tokens));
        assert!(
            answer.has_condition("lock-token-matches-request-uri"),
            "{name}: {}",
            answer.text()
        );
    }
}

// L-63 to L-66.
#[test]
fn unlocking() {
    let lab = lab();
    let token = locked("to unlock", "ann", "/files/u");
    let coded = format!("<{token}>");
    lab.refuse(400, &req("no token", "UNLOCK", "/files/u").by("ann"));
    for (name, path, value) in [
        ("unknown", "/files/u", "<urn:uuid:1>"),
        ("not in scope", "/files/u2", coded.as_str()),
    ] {
        let answer = lab.refuse(409, &unlock(name, "ann", path, value));
        assert!(
            answer.has_condition("lock-token-matches-request-uri"),
            "{name}: {}",
            answer.text()
        );
    }
    let answer = lab.refuse(403, &unlock("by another", "bob", "/files/u", &coded));
    assert!(
        answer.has_condition("need-privileges") && answer.text().contains("unlock"),
        "{}",
        answer.text()
    );
    // L-63: no brackets; L-66: by whom it is granted.
    let answer = lab.ask(&unlock("by root", "root", "/files/u", &token));
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    lab.refuse(409, &unlock("once more", "ann", "/files/u", &coded));
    let token = locked("again", "bob", "/files/u");
    assert_eq!(lab.ask(&unlock("own", "bob", "/files/u", &token)).status, 204);
    assert!(
        lab.backend
            .requests()
            .iter()
            .all(|seen| seen.method != "UNLOCK" && seen.method != "LOCK")
    );
}

// L-51, L-56: of a collection, with all below.
#[test]
fn trees() {
    let lab = lab();
    let member = locked("member", "ann", "/files/tree/in/a");
    let whole = |name: &str| req(name, "LOCK", "/files/tree/").by("bob").xml(LOCKINFO);
    let answer = lab.refuse_after_probe(423, &whole("member is locked"));
    assert!(
        answer.text().contains("<D:href>/files/tree/in/a</D:href>"),
        "{}",
        answer.text()
    );
    assert_eq!(
        lab.ask(&unlock("member gone", "ann", "/files/tree/in/a", &member))
            .status,
        204
    );
    let answer = lab.ask(&whole("whole"));
    assert_eq!(answer.status, 200);
    let token = token(&answer);
    assert!(
        answer.text().contains("<D:depth>infinity</D:depth>"),
        "{}",
        answer.text()
    );
    let answer = lab.refuse_after_probe(423, &lock("below", "ann", "/files/tree/in/a"));
    assert!(
        answer.text().contains("<D:href>/files/tree/</D:href>"),
        "{}",
        answer.text()
    );
    let refresh = req("by a member", "LOCK", "/files/tree/in/a")
        .by("bob")
        .with("If", &format!("(<{token}>)"));
    assert_eq!(lab.ask(&refresh).status, 200);
    assert_eq!(
        lab.ask(&unlock("by a member, too", "bob", "/files/tree/in/a", &token))
            .status,
        204
    );
    // L-54
    lab.refuse(400, &whole("depth 1").with("Depth", "1"));
}

// L-55: shared beside shared, and nothing beside exclusive.
#[test]
fn shared() {
    let lab = lab();
    let share = |name: &str, user: &str| req(name, "LOCK", "/files/s").by(user).with("Depth", "0").xml(SHARED);
    assert_eq!(lab.ask(&share("one", "ann")).status, 200);
    assert_eq!(lab.ask(&share("two", "bob")).status, 200);
    lab.refuse_after_probe(423, &lock("exclusive", "ann", "/files/s"));
    // L-61
    let strange = LOCKINFO.replace("exclusive", "partial");
    lab.refuse(403, &req("partial", "LOCK", "/files/s").by("ann").xml(strange));
}

// L-59, L-60, L-81.
#[test]
fn what_is_not_there() {
    let lab = lab();
    let answer = lab.ask(&lock("made", "ann", "/files/missing"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.text().contains("Second-600"), "{}", answer.text());
    let made = lab
        .backend
        .at("/dav/missing")
        .into_iter()
        .find(|seen| seen.method == "PUT")
        .unwrap();
    assert_eq!(made.header("If-None-Match"), Some("*"));
    assert_eq!((made.body.len(), made.header("X-Remote-User")), (0, Some("ann")));
    lab.refuse_after_probe(423, &lock("made once", "bob", "/files/missing"));

    // The back end does not make it: its status, and no lock.
    lab.backend
        .on("PUT /dav/missing-full", answer_of("507 Insufficient Storage"));
    let answer = lab.ask(&lock("no room", "ann", "/files/missing-full"));
    assert_eq!((answer.status, answer.header("Lock-Token")), (507, None));
    lab.backend.on("PUT /dav/missing-full", answer_of("201 Created"));
    assert_eq!(lab.ask(&lock("room", "bob", "/files/missing-full")).status, 201);

    let answer = lab.refuse_after_probe(409, &lock("no parent", "ann", "/files/missing-folder/a"));
    assert!(answer.has_condition("lock-without-parent"), "{}", answer.text());
    let answer = lab.refuse_after_probe(403, &lock("refused", "ann", "/refused/missing"));
    assert!(answer.has_condition("lock-of-nothing"), "{}", answer.text());
    assert_eq!(lab.ask(&lock("refused, twin", "ann", "/refused/there")).status, 200);

    let answer = lab.ask(&lock("name", "ann", "/names/missing"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(
        lab.backend
            .at("/names-in/missing")
            .iter()
            .all(|seen| seen.method == "PROPFIND")
    );
    lab.refuse_after_probe(409, &lock("name, no parent", "ann", "/names/missing-folder/a"));
    lab.refuse_after_probe(423, &lock("name, taken", "bob", "/names/missing"));
}

// L-31: a lock on the collection keeps others from making members of it.
#[test]
fn a_locked_parent() {
    let lab = lab();
    let token = locked("parent", "ann", "/files/parent/");
    let answer = lab.refuse_after_probe(423, &lock("member", "bob", "/files/parent/missing"));
    assert!(answer.has_condition("lock-token-submitted"), "{}", answer.text());
    assert!(
        lab.backend
            .at("/dav/parent/missing")
            .iter()
            .all(|seen| seen.method == "PROPFIND")
    );
    let own = lock("own member", "ann", "/files/parent/missing").with("If", &format!("</files/parent/> (<{token}>)"));
    assert_eq!(lab.ask(&own).status, 201);
    // L-37: members that are there are free.
    locked("there", "bob", "/files/parent/a");
}

// L-62, L-68, A-33.
#[test]
fn who_may() {
    let lab = lab();
    let anonymous = req("anonymous", "LOCK", "/files/n").with("Depth", "0").xml(LOCKINFO);
    let answer = lab.refuse(403, &anonymous);
    assert!(answer.has_condition("need-privileges"), "{}", answer.text());
    lab.refuse(403, &lock("read only", "ann", "/files/kept/a"));
    for number in 0..40 {
        locked(&format!("many {number}"), "max", &format!("/files/many/{number}"));
    }
    let answer = lab.refuse_after_probe(403, &lock("too many", "max", "/files/many/41"));
    assert!(answer.has_condition("too-many-locks"), "{}", answer.text());
    locked("not too many", "moritz", "/files/many/41");
}

// L-82, L-83, F-6: what is asked for by name comes from the gateway, whatever the back end says.
#[test]
fn discovered() {
    let lab = lab();
    let token = locked("to discover", "ann", "/files/d/a");
    let body = |lock: &str| {
        let member = |path: &str, props: &str| {
            format!(
                "<D:response><D:href>{path}</D:href><D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 200 OK</D:status>\
                 </D:propstat><D:propstat><D:prop><D:supportedlock/>{lock}</D:prop><D:status>HTTP/1.1 404 Not Found</D:status>\
                 </D:propstat></D:response>"
            )
        };
        let folder = member("/dav/d/", "<D:resourcetype><D:collection/></D:resourcetype>");
        let files = member("/dav/d/a", "<D:resourcetype/>") + &member("/dav/d/b", "<D:resourcetype/>");
        format!("<D:multistatus xmlns:D=\"DAV:\">{folder}{files}</D:multistatus>")
    };
    lab.backend
        .on("PROPFIND /dav/d/", multistatus(body("<D:lockdiscovery/>")));
    let text = discovery("by ann", "ann", "/files/d/", "1", NAMED);
    let responses: Vec<&str> = text.split("</D:response>").collect();
    assert_eq!(responses.len(), 4, "{text}");
    assert!(
        !text.contains("404") && text.matches("<D:supportedlock xmlns").count() == 3,
        "{text}"
    );
    for (response, has) in responses.iter().zip([false, true, false]) {
        assert_eq!(response.contains("<D:activelock>"), has, "{text}");
        assert_eq!(response.matches("<D:propstat>").count(), 1, "{text}");
        assert!(
            has || response.contains("<D:lockdiscovery xmlns:D=\"DAV:\"/>"),
            "{text}"
        );
    }
    assert!(text.contains(&token) && text.contains(">me</D:owner>"), "{text}");
    assert!(
        text.contains("<D:lockroot><D:href>/files/d/a</D:href></D:lockroot>"),
        "{text}"
    );
    let text = discovery("by bob", "bob", "/files/d/", "1", NAMED);
    assert!(
        text.contains("<D:activelock>") && !text.contains(&token) && !text.contains("owner"),
        "{text}"
    );
    let text = discovery("by root", "root", "/files/d/", "1", NAMED);
    assert!(text.contains(&token), "{text}");
    // Nobody asked.
    let text = discovery("others", "ann", "/files/d/", "1", "<D:prop><D:resourcetype/></D:prop>");
    assert!(!text.contains("lock"), "{text}");
}

// L-82: of everything, and of the names; a member of what is locked with all below.
#[test]
fn discovered_unasked() {
    let lab = lab();
    let answer = lab.ask(&req("whole", "LOCK", "/files/e/").by("ann").xml(LOCKINFO));
    let token = token(&answer);
    let text = discovery("inherited", "ann", "/files/e/f", "0", "<D:allprop/>");
    assert!(
        text.contains(&token) && text.contains("<D:href>/files/e/</D:href>"),
        "{text}"
    );
    assert_eq!(text.matches("<D:propstat>").count(), 1, "{text}");
    let text = discovery("names", "ann", "/files/e/f", "0", "<D:propname/>");
    assert!(
        text.contains("<D:lockdiscovery xmlns:D=\"DAV:\"/><D:supportedlock xmlns:D=\"DAV:\"/></D:prop>"),
        "{text}"
    );
    assert!(!text.contains(&token), "{text}");
    let own = "<D:lockdiscovery><D:activelock><D:locktoken><D:href>urn:theirs</D:href></D:locktoken></D:activelock></D:lockdiscovery>";
    let theirs = propfind_answer("/dav/g", false).replace("<D:getetag>", &format!("{own}<D:getetag>"));
    lab.backend.on("PROPFIND /dav/g", multistatus(theirs));
    let text = discovery("not theirs", "ann", "/files/g", "0", "<D:allprop/>");
    assert!(
        !text.contains("urn:theirs") && text.contains("<D:lockdiscovery xmlns:D=\"DAV:\"/>"),
        "{text}"
    );
}

// A-35, C-3: a root that may not be read is not told.
#[test]
fn hidden_roots() {
    let lab = lab();
    let answer = lab.ask(&req("hidden root", "LOCK", "/files/ann/").by("ann").xml(LOCKINFO));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = discovery("seen below", "bob", "/files/ann/shown/a", "0", NAMED);
    assert!(text.contains("<D:activelock>") && !text.contains("lockroot"), "{text}");
    let answer = lab.refuse_after_probe(423, &lock("conflict", "bob", "/files/ann/shown/a"));
    assert!(
        answer.text().contains("<D:href>/files/ann/shown/a</D:href>"),
        "{}",
        answer.text()
    );
    assert!(
        !answer.text().contains("<D:href>/files/ann/</D:href>"),
        "{}",
        answer.text()
    );
}

// A-35: of what may not be read nobody is told that it is locked.
#[test]
fn hidden_locks() {
    let lab = lab();
    locked("hidden lock", "ann", "/files/blind/a");
    let answer = lab.refuse_after_probe(403, &lock("blind", "bob", "/files/blind/a"));
    assert!(answer.has_condition("need-privileges"), "{}", answer.text());
    assert!(!answer.text().contains("/blind/"), "{}", answer.text());
    locked("blind, free", "bob", "/files/blind/b");
}

// O-13, L-51: what else If says counts, too, when it names a lock to refresh.
#[test]
fn refreshing_on_conditions() {
    let lab = lab();
    let token = locked("to refresh", "ann", "/files/conditions");
    let refresh = |name: &str, condition: &str| req(name, "LOCK", "/files/conditions").by("ann").with("If", condition);
    for (name, condition) in [
        ("another version", format!("(<{token}> [\"other\"])")),
        ("not held", format!("(Not <{token}>)")),
    ] {
        let answer = lab.refuse_after_probe(412, &refresh(name, &condition));
        assert!(answer.has_condition("if-false"), "{name}: {}", answer.text());
    }
    assert_eq!(
        lab.ask(&refresh("this version", &format!("(<{token}> [\"e1\"])")))
            .status,
        200
    );
}

// 4.1: a lock holds on every way to a resource, also where the file writes the same directory in several ways.
#[test]
fn one_back_end_by_several_names() {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("a"), "a").unwrap();
    let directory = files.path().to_str().unwrap();
    let last = files.path().file_name().unwrap().to_str().unwrap();
    let names = [
        directory.to_owned(),
        format!("{directory}/"),
        format!("{directory}/."),
        format!("{directory}/../{last}"),
    ];
    let route = |(number, name): (usize, &String)| {
        format!("  - path: /{number}/\n    backend: {{ embedded: '{name}' }}\n    locking: emulate\n")
    };
    let routes: String = names.iter().enumerate().map(route).collect();
    let lab = Lab::with_users(&routes);
    let answer = lab.ask(&lock("of the first", "ann", "/0/a"));
    let own = format!("(<{}>)", token(&answer));
    for (number, name) in names.iter().enumerate() {
        let path = format!("/{number}/a");
        let put = |user: &str| req("write", "PUT", &path).by(user).body("b");
        assert_eq!(lab.ask(&put("bob")).status, 423, "{name}");
        assert_eq!(lab.ask(&put("ann").with("If", &own)).status, 204, "{name}");
    }
}

// L-83: class 2, and LOCK in Allow, although the back end has neither.
#[test]
fn announced() {
    let lab = lab();
    let options = [
        ("Allow", "GET,HEAD,PUT,DELETE,MKCOL,COPY,MOVE,PROPFIND,OPTIONS"),
        ("DAV", "1"),
    ];
    lab.backend.on("OPTIONS /dav/o", answer("200 OK", &options, ""));
    let answer = lab.ask(&req("options", "OPTIONS", "/files/o").by("ann"));
    assert_eq!(answer.header("DAV"), Some("1, 2"));
    assert!(
        answer.lists("Allow", "LOCK") && answer.lists("Allow", "UNLOCK"),
        "{:?}",
        answer.header("Allow")
    );
}

fn answer_of(status: &str) -> Vec<support::backend::Step> {
    answer(status, &[], "")
}
