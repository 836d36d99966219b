//! Writes and the locks in their way (spec 4.3, 4.4): on the wire, where the gateway locks and where the back end does. Every refusal has
//! its twin, and of what is refused the back end sees nothing.
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
use support::lab::Lab;
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Client, Req, req};

const ROUTES: &str = r#"
  - name: plain
    path: /plain/
    backend: { url: "http://@BACK@/plain-in/", profile: nginx, timeouts: { connect: 1s, read: 2s, long: 2s } }
    methods: [read, write, lock, POST, PATCH]
    locking: emulate
  - name: held
    path: /held/
    backend: { url: "http://@BACK@/held-in/", profile: apache }
    locking: emulate
  - name: told
    path: /told/
    backend: { url: "http://@BACK@/told-in/", profile: nginx }
    locking: emulate
    mode: report
  - name: seen
    path: /seen/
    backend: { url: "http://@BACK@/seen-in/", profile: apache }
    locking: observe
"#;

fn lab() -> Lab {
    Lab::with_users(ROUTES)
}

/// `target` is there, as a file with the entity tag `"e1"`, or as a folder.
fn there(lab: &Lab, target: &str) {
    let found = multistatus(propfind_answer(target, target.ends_with('/')));
    lab.backend.on(&format!("PROPFIND {target}"), found);
}

fn nothing(lab: &Lab, target: &str) {
    lab.backend
        .on(&format!("PROPFIND {target}"), answer("404 Not Found", &[], ""));
}

/// Locks `path`, whose back-end path is `inside`, for `user`, and says with which token.
fn lock(lab: &Lab, user: &str, path: &str, inside: &str, depth: &str) -> String {
    there(lab, inside);
    let request = req(&format!("lock of {path}"), "LOCK", path)
        .by(user)
        .with("Depth", depth);
    let answer = lab.ask(&request.xml(LOCKINFO));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let token = answer.header("lock-token").expect("a token").to_owned();
    token.trim_matches(['<', '>']).to_owned()
}

fn put(name: &str, user: &str, path: &str) -> Req {
    req(name, "PUT", path).by(user).body("text")
}

fn with_if(request: Req, condition: &str) -> Req {
    request.with("If", condition)
}

/// Refused with 423 and these roots, and the back end saw nothing but questions.
fn locked(lab: &Lab, request: &Req, roots: &[&str]) {
    let answer = lab.refuse_after_probe(423, request);
    assert!(
        answer.has_condition("lock-token-submitted"),
        "{}: {}",
        request.name,
        answer.text()
    );
    let hrefs: String = roots.iter().map(|root| format!("<D:href>{root}</D:href>")).collect();
    assert!(
        answer
            .text()
            .contains(&format!("<D:lock-token-submitted>{hrefs}</D:lock-token-submitted>")),
        "{}: {}",
        request.name,
        answer.text()
    );
}

// L-30, L-38, L-39: a locked file, and whose token opens it. What goes on has no token of the gateway's (L-26).
#[test]
fn a_locked_file() {
    let lab = lab();
    let token = lock(&lab, "ann", "/plain/t", "/plain-in/t", "0");
    let own = format!("(<{token}>)");
    for method in ["PUT", "POST", "PATCH"] {
        let write = |name: &str, user: &str| req(&format!("{method} {name}"), method, "/plain/t").by(user).body("x");
        locked(&lab, &write("without", "bob"), &["/plain/t"]);
        locked(&lab, &write("without, own", "ann"), &["/plain/t"]);
        locked(&lab, &with_if(write("with hers", "bob"), &own), &["/plain/t"]);
        let (seen, _) = lab.pass(&with_if(write("with her own", "ann"), &own));
        assert_eq!(seen.header("if"), None, "{method}");
        assert!(
            !seen.headers.iter().any(|(_, value)| value.contains(&token)),
            "{method}"
        );
    }
    lab.pass(&put("beside it", "bob", "/plain/tt"));
    lab.pass(&req("read", "GET", "/plain/t").by("bob"));
    lab.settle();
}

// L-24, L-27: a false If is 412, and before any lock; a true one without the token is 423.
#[test]
fn conditions() {
    let lab = lab();
    let token = lock(&lab, "ann", "/plain/t", "/plain-in/t", "0");
    for (name, target, condition) in [
        ("no lock", "/plain/t", "(<DAV:no-lock>)".to_owned()),
        ("another token", "/plain/t", "(<urn:uuid:x>)".to_owned()),
        ("not locked", "/plain/u", format!("(<{token}>)")),
        ("its negation", "/plain/t", format!("(Not <{token}>)")),
    ] {
        let answer = lab.refuse_for(412, "if-false", &with_if(put(name, "ann", target), &condition));
        assert!(!answer.text().contains("href"), "{name}");
    }
    let corrupt = "(<urn:uuid:x>) (Not <DAV:no-lock>)";
    locked(
        &lab,
        &with_if(put("corrupt", "ann", "/plain/t"), corrupt),
        &["/plain/t"],
    );
    lab.pass(&with_if(put("corrupt, not locked", "ann", "/plain/u"), corrupt));
    there(&lab, "/plain-in/new");
    let lock_new = |name: &str, condition: &str| {
        let request = req(name, "LOCK", "/plain/new").by("ann").with("Depth", "0");
        lab.ask(&with_if(request.xml(LOCKINFO), condition)).status
    };
    assert_eq!(lock_new("lock, false", "(<DAV:no-lock>)"), 412);
    assert_eq!(lock_new("lock, true", "(Not <DAV:no-lock>)"), 200);
    let tagged = format!("</plain/t> (<{token}>)");
    lab.pass(&with_if(put("tagged", "ann", "/plain/t"), &tagged));
    let read = |name, condition: &str| with_if(req(name, "GET", "/plain/t").by("bob"), condition);
    lab.refuse(412, &read("read, false", "(<DAV:no-lock>)"));
    lab.pass(&read("read, true", "(Not <DAV:no-lock>)"));
    lab.settle();
}

// L-26, L-86: an entity tag in If is compared by the gateway and, where the back end knows it, by the back end too.
#[test]
fn entity_tags() {
    let lab = lab();
    let token = lock(&lab, "ann", "/held/t", "/held-in/t", "0");
    let held = format!("(<{token}> [\"e1\"])");
    let (seen, _) = lab.pass(&with_if(put("the same", "ann", "/held/t"), &held));
    assert_eq!((seen.header("if"), seen.header("if-match")), (None, Some("\"e1\"")));
    let other = format!("(<{token}> [\"e2\"])");
    lab.refuse_after_probe(412, &with_if(put("another", "ann", "/held/t"), &other));
    let token = lock(&lab, "ann", "/plain/t", "/plain-in/t", "0");
    let (seen, _) = lab.pass(&with_if(
        put("no If-Match", "ann", "/plain/t"),
        &format!("(<{token}> [\"e1\"])"),
    ));
    assert_eq!((seen.header("if"), seen.header("if-match")), (None, None));
    nothing(&lab, "/plain-in/gone");
    lab.refuse_after_probe(412, &with_if(put("gone", "ann", "/plain/gone"), "([\"e1\"])"));
    lab.pass(&with_if(put("gone, negated", "ann", "/plain/gone"), "(Not [\"e1\"])"));
    // L-86: PROPFIND does not tell it, HEAD does, as nginx.
    let untold = propfind_answer("/plain-in/u", false).replace("<D:getetag>\"e1\"</D:getetag>", "");
    lab.backend.on("PROPFIND /plain-in/u", multistatus(untold));
    lab.backend
        .on("HEAD /plain-in/u", answer("200 OK", &[("ETag", "\"h1\"")], ""));
    lab.pass(&with_if(put("by HEAD", "ann", "/plain/u"), "([\"h1\"])"));
    lab.refuse_after_probe(412, &with_if(put("by HEAD, another", "ann", "/plain/u"), "([\"e1\"])"));
    // Nothing depends on it.
    let before = lab.backend.requests().len();
    lab.pass(&with_if(
        put("not asked", "ann", "/plain/t"),
        &format!("([\"e9\"]) (<{token}>)"),
    ));
    assert_eq!(lab.backend.requests().len(), before + 1);
}

// L-31, L-37: a locked folder keeps its list of members; what is in them may be written.
#[test]
fn a_locked_folder() {
    let lab = lab();
    let token = lock(&lab, "ann", "/plain/c/", "/plain-in/c/", "0");
    there(&lab, "/plain-in/c/old");
    nothing(&lab, "/plain-in/c/new");
    lab.pass(&put("old", "bob", "/plain/c/old"));
    locked(&lab, &put("new", "bob", "/plain/c/new"), &["/plain/c/"]);
    locked(&lab, &req("mkcol", "MKCOL", "/plain/c/d").by("bob"), &["/plain/c/"]);
    locked(&lab, &req("delete", "DELETE", "/plain/c/old").by("bob"), &["/plain/c/"]);
    let to = "http://dav.test/plain/c/copy";
    locked(
        &lab,
        &req("copy", "COPY", "/plain/x").by("bob").with("Destination", to),
        &["/plain/c/"],
    );
    let own = format!("</plain/c/> (<{token}>)");
    lab.pass(&with_if(put("new, own", "ann", "/plain/c/new"), &own));
    lab.pass(&with_if(req("mkcol, own", "MKCOL", "/plain/c/d").by("ann"), &own));
    lab.pass(&with_if(
        req("copy, own", "COPY", "/plain/x").by("ann").with("Destination", to),
        &own,
    ));
    lab.pass(&with_if(req("delete, own", "DELETE", "/plain/c/old").by("ann"), &own));
    lab.pass(&put("beside it", "bob", "/plain/d/new"));
    // A-12: what was found holds.
    lock(&lab, "ann", "/held/c/", "/held-in/c/", "0");
    there(&lab, "/held-in/c/old");
    let (seen, _) = lab.pass(&put("held", "bob", "/held/c/old"));
    assert_eq!(seen.header("if-match"), Some("\"e1\""));
    lab.settle();
}

// L-32 to L-34, L-38: what holds a lock of somebody's is neither deleted nor moved nor replaced; nothing goes on.
#[test]
fn what_holds_a_lock() {
    let lab = lab();
    let token = lock(&lab, "ann", "/plain/c/in/t", "/plain-in/c/in/t", "0");
    let to = |request: Req, path: &str| request.by("bob").with("Destination", &format!("http://dav.test{path}"));
    let root = ["/plain/c/in/t"];
    locked(&lab, &req("delete", "DELETE", "/plain/c/").by("bob"), &root);
    locked(&lab, &req("delete, own", "DELETE", "/plain/c/").by("ann"), &root);
    locked(&lab, &to(req("move", "MOVE", "/plain/c/"), "/plain/d/"), &root);
    locked(&lab, &to(req("onto", "COPY", "/plain/d/"), "/plain/c/"), &root);
    lab.pass(&to(req("copy", "COPY", "/plain/c/"), "/plain/d/"));
    lab.pass(&req("delete beside", "DELETE", "/plain/cc/").by("bob"));
    let own = format!("</plain/c/in/t> (<{token}>)");
    lab.pass(&with_if(req("delete with it", "DELETE", "/plain/c/").by("ann"), &own));
    // L-4: it went with the folder.
    lab.pass(&put("free again", "bob", "/plain/c/in/t"));
    lab.settle();
}

// L-4, L-5: locks go with what was moved or deleted, stay with what was not, and do not come along.
#[test]
fn what_becomes_of_locks() {
    let lab = lab();
    let token = lock(&lab, "ann", "/plain/a", "/plain-in/a", "0");
    let with = |request: Req, token: &str, on: &str| with_if(request, &format!("<{on}> (<{token}>)"));
    let gone = |name: &str| with(req(name, "DELETE", "/plain/a").by("ann"), &token, "/plain/a");
    lab.backend.on("DELETE /plain-in/a", answer("403 Forbidden", &[], ""));
    assert_eq!(lab.ask(&gone("refused there")).status, 403);
    locked(&lab, &put("still locked", "bob", "/plain/a"), &["/plain/a"]);
    let partly = "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/plain-in/a</D:href>\
                  <D:status>HTTP/1.1 403 Forbidden</D:status></D:response></D:multistatus>";
    lab.backend.on("DELETE /plain-in/a", multistatus(partly));
    assert_eq!(lab.ask(&gone("in part")).status, 207);
    locked(&lab, &put("still there", "bob", "/plain/a"), &["/plain/a"]);
    nothing(&lab, "/plain-in/a");
    assert_eq!(lab.ask(&gone("in part, but this")).status, 207);
    lab.pass(&put("not there", "bob", "/plain/a"));
    let token = lock(&lab, "ann", "/plain/m", "/plain-in/m", "0");
    let moved = req("moved", "MOVE", "/plain/m")
        .by("ann")
        .with("Destination", "http://dav.test/plain/n");
    lab.pass(&with(moved, &token, "/plain/m"));
    lab.pass(&put("at its old place", "bob", "/plain/m"));
    lab.pass(&put("at its new place", "bob", "/plain/n"));
}

// L-84, L-93: while a write is under way nobody else gets a lock there; when it ends, however it ends, it is over or runs out.
#[test]
fn a_write_under_way() {
    let lab = lab();
    there(&lab, "/plain-in/t");
    let ask = |name: &str, user: &str| {
        let request = req(name, "LOCK", "/plain/t").by(user).with("Depth", "0").xml(LOCKINFO);
        lab.ask(&request)
    };
    // The back end has all of it and does not answer, and the client goes away.
    lab.backend
        .on("PUT /plain-in/t", vec![Step::Pause(Duration::from_secs(30))]);
    let mut slow = Client::connect(lab.gateway.address);
    let head = "PUT /plain/t HTTP/1.1\r\nHost: dav.test\r\nX-User: ann\r\nContent-Length: 4\r\n\r\nfull";
    slow.send(head.as_bytes());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(ask("while it lasts", "bob").status, 423);
    drop(slow);
    // Sent, and nobody knows what became of it: it runs out after connect + read + 5 s.
    std::thread::sleep(Duration::from_millis(8500));
    let answer = ask("afterwards", "bob");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

// L-84: a write is under way for as long as the back end says that it is at it, and so is one whose body was long in coming.
#[test]
fn a_write_that_takes_long() {
    let lab = lab();
    there(&lab, "/plain-in/long");
    let mut steps = Vec::new();
    for _ in 0..15 {
        steps.push(Step::Send(b"HTTP/1.1 102 Processing\r\n\r\n".to_vec()));
        steps.push(Step::Pause(Duration::from_secs(1)));
    }
    steps.extend(answer("204 No Content", &[], ""));
    lab.backend.on("DELETE /plain-in/long", steps);
    let mut slow = Client::connect(lab.gateway.address);
    slow.send(&req("long", "DELETE", "/plain/long").by("ann").bytes());
    // It was thought to take no more than connect + long + 5 s; LOCK waits for 5 s.
    std::thread::sleep(Duration::from_secs(5));
    let ask = |name: &str| {
        let request = req(name, "LOCK", "/plain/long").by("bob").with("Depth", "0");
        lab.ask(&request.xml(LOCKINFO)).status
    };
    assert_eq!(ask("while it lasts"), 423);
    assert_eq!(slow.answer(false).status, 204);
    assert_eq!(ask("afterwards"), 200);
}

// L-84: what the back end has answered is over.
#[test]
fn a_write_that_is_over() {
    let lab = lab();
    there(&lab, "/plain-in/t");
    for (number, status) in ["204 No Content", "500 Internal Server Error", "412 Precondition Failed"]
        .iter()
        .enumerate()
    {
        lab.backend.on("PUT /plain-in/t", answer(status, &[], ""));
        lab.ask(&put(&format!("write {number}"), "ann", "/plain/t"));
        let name = format!("lock {number}");
        let request = req(&name, "LOCK", "/plain/t")
            .by("bob")
            .with("Depth", "0")
            .xml(LOCKINFO);
        let answer = lab.ask(&request);
        assert_eq!(answer.status, 200, "{status}: {}", answer.text());
        let token = answer.header("lock-token").unwrap().to_owned();
        let unlock = req(&format!("un{name}"), "UNLOCK", "/plain/t")
            .by("bob")
            .with("Lock-Token", &token);
        assert_eq!(lab.ask(&unlock).status, 204);
    }
}

// L-93: a proxy before the back end that has given up on a write says nothing of what becomes of it.
#[test]
fn a_write_that_somebody_gave_up_on() {
    let lab = lab();
    let ask = |name: &str, path: &str| {
        let request = req(name, "LOCK", path).by("bob").with("Depth", "0").xml(LOCKINFO);
        lab.ask(&request).status
    };
    for (number, (status, expected)) in [
        ("504 Gateway Timeout", 423),
        ("502 Bad Gateway", 423),
        ("503 Service Unavailable", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let inside = format!("/plain-in/up{number}");
        let path = format!("/plain/up{number}");
        there(&lab, &inside);
        lab.backend.on(&format!("PUT {inside}"), answer(status, &[], ""));
        lab.ask(&put(status, "ann", &path));
        assert_eq!(ask(&format!("after {status}"), &path), expected, "{status}");
    }
}

// O-14 in report mode: told, and let through; a false If is refused all the same.
#[test]
fn report_mode() {
    let lab = lab();
    let token = lock(&lab, "ann", "/told/t", "/told-in/t", "0");
    lab.pass(&put("told-of", "bob", "/told/t").with("User-Agent", "told-of"));
    let line = lab.gateway.log_of("told-of");
    assert_eq!((&line["verdict"], &line["rule"]), (&"report".into(), &"L-38".into()));
    assert_eq!(line["reported_status"], 423);
    lab.refuse(412, &with_if(put("false", "bob", "/told/t"), "(<DAV:no-lock>)"));
    lab.pass(&with_if(put("own", "ann", "/told/t"), &format!("(<{token}>)")).with("User-Agent", "of-her"));
    assert_eq!(lab.gateway.log_of("of-her")["verdict"], "permit");
}

/// A back end's LOCK of `/seen-in/t`.
fn granted(token: &str) -> Vec<Step> {
    let body = format!(
        "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>{}</D:lockdiscovery></D:prop>",
        active(token)
    );
    answer(
        "200 OK",
        &[("Lock-Token", &format!("<{token}>")), ("Content-Type", "text/xml")],
        &body,
    )
}

fn active(token: &str) -> String {
    format!(
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>0</D:depth>\
         <D:timeout>Second-600</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken></D:activelock>"
    )
}

/// What the back end says of the locks on `/seen-in/t`.
fn discovered(locks: &str) -> Vec<Step> {
    multistatus(format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/seen-in/t</D:href><D:propstat><D:prop><D:lockdiscovery>{locks}\
         </D:lockdiscovery></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    ))
}

// L-6, L-39: over a back end that locks and sees one user, a token opens a lock to its creator alone; a lock that the back end has
// forgotten is none.
#[test]
fn observed() {
    let lab = lab();
    let token = "opaquelocktoken:1";
    lab.backend.on("LOCK /seen-in/t", granted(token));
    let request = req("lock", "LOCK", "/seen/t")
        .by("ann")
        .with("Depth", "0")
        .xml(LOCKINFO);
    assert_eq!(lab.ask(&request).status, 200);
    lab.backend.on("PROPFIND /seen-in/t", discovered(&active(token)));
    let stolen = "(<opaquelocktoken:1>)";
    locked(&lab, &with_if(put("with hers", "bob", "/seen/t"), stolen), &["/seen/t"]);
    let (seen, _) = lab.pass(&with_if(put("with her own", "ann", "/seen/t"), stolen));
    assert_eq!(seen.header("if"), Some(stolen));
    lab.backend.on("PROPFIND /seen-in/t", discovered(""));
    lab.pass(&put("unlocked there", "bob", "/seen/t"));
}
