//! Locks that the back end keeps (LM-A, LM-B): whose they are, how they are learned, and what answers tell of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::backend::{BackEnd, Step, answer, multistatus};
use support::gateway::Gateway;
use support::lab::Lab;
use support::samples::LOCKINFO;
use support::wire::{Answer, Req, req};

const ROUTES: &str = r#"
  - name: pass
    hosts: [dav.test]
    path: /pass/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    access: [{ path: /boss/**, allow: [all], to: "user:ann" }, { path: /**, allow: [read, write], to: authenticated }]
  - name: one
    hosts: [dav.test]
    path: /one/
    orphan_locks: deny
    backend: { url: "http://@BACK@/one-in/", profile: sabredav, credentials: { header: X-Remote-User } }
    access: [{ path: /**, allow: [all], to: "user:root" }, { path: /**, allow: [read, write], to: authenticated }]
  - name: adopt
    hosts: [dav.test]
    path: /adopt/
    orphan_locks: adopt
    backend: { url: "http://@BACK@/adopt-in/", profile: generic, credentials: { header: X-Remote-User } }
    access: [{ path: /**, allow: [read, write], to: authenticated }]
  - name: fresh
    hosts: [dav.test]
    path: /null/
    fix_locknull: true
    backend: { url: "http://@BACK@/null-in/", profile: apache }
    access: [{ path: /**, allow: [read, write], to: authenticated }]
"#;

const TOKEN: &str = "opaquelocktoken:b1";
const SUBMITTED: (&str, &str) = ("If", "(<opaquelocktoken:b1>)");
const NAMED: (&str, &str) = ("Lock-Token", "<opaquelocktoken:b1>");

fn active(token: &str, owner: &str) -> String {
    format!(
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>infinity</D:depth>\
         <D:owner>{owner}</D:owner><D:timeout>Second-600</D:timeout><D:locktoken><D:href>{token}</D:href></D:locktoken>\
         </D:activelock>"
    )
}

/// The back end tells of these locks at `path`.
fn tells(lab: &Lab, path: &str, locks: &str) {
    let body = format!(
        "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{path}</D:href><D:propstat><D:prop><D:resourcetype/>\
         <D:getetag>\"e1\"</D:getetag><D:lockdiscovery>{locks}</D:lockdiscovery></D:prop><D:status>HTTP/1.1 200 OK</D:status>\
         </D:propstat></D:response></D:multistatus>"
    );
    lab.backend.on(&format!("PROPFIND {path}"), multistatus(body));
}

fn locked(token: &str, body: &str) -> Vec<Step> {
    let headers = [("Content-Type", "application/xml"), ("Lock-Token", token)];
    answer("200 OK", &headers, body)
}

fn with(name: &str, method: &str, target: &str, user: &str, (key, value): (&str, &str)) -> Req {
    req(name, method, target).by(user).with(key, value)
}

/// What arrived at the back end of a request of this name, other than questions.
fn arrived(lab: &Lab, name: &str) -> usize {
    let seen = lab.backend.case(name);
    seen.iter().filter(|seen| seen.method != "PROPFIND").count()
}

/// Refused with this status and condition, and the back end saw nothing of the request itself.
fn refused(lab: &Lab, request: &Req, (method, path): (&str, &str), status: u16, condition: &str) -> Answer {
    let count = || lab.backend.at(path).iter().filter(|seen| seen.method == method).count();
    let before = count();
    let answer = lab.ask(request);
    assert_eq!(answer.status, status, "{}: {}", request.name, answer.text());
    assert!(answer.has_condition(condition), "{}", answer.text());
    assert_eq!(count(), before, "{method} {path} went on");
    answer
}

// L-1 to L-3, L-9, L-10, L-67: whoever locked may write, refresh and unlock, and sees a whole answer
#[test]
fn by_its_creator() {
    let lab = Lab::with_users(ROUTES);
    // Zope: a token without brackets, and an owner that is not namespace-well-formed.
    let broken = "<d:prop xmlns:d=\"DAV:\"><d:lockdiscovery><d:activelock><d:owner>b'<D:href>x</D:href>'</d:owner>";
    lab.backend.on("LOCK /dav/a", locked(TOKEN, broken));
    let lock = with(
        "lock",
        "LOCK",
        "/pass/a",
        "bob",
        ("Timeout", "Extend, Second-99999999, Infinite"),
    );
    let (seen, made) = lab.pass(&lock.with("Depth", "0").xml(LOCKINFO));
    assert_eq!(seen.header("timeout"), Some("Second-86400"));
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(made.header("lock-token"), Some("<opaquelocktoken:b1>"));
    let text = made.text();
    for part in [
        "<D:depth>0</D:depth>",
        "<D:timeout>Second-86400</D:timeout>",
        "<D:locktoken><D:href>opaquelocktoken:b1</D:href></D:locktoken>",
        "<D:lockroot><D:href>/pass/a</D:href></D:lockroot>",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("b'"), "{text}");
    let (seen, put) = lab.pass(&with("own put", "PUT", "/pass/a", "bob", SUBMITTED).body("x"));
    assert_eq!((put.status, seen.header("if")), (201, Some("(<opaquelocktoken:b1>)")));
    let refreshed = format!(
        "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>{}</D:lockdiscovery></D:prop>",
        active(TOKEN, "x")
    );
    lab.backend
        .on("LOCK /dav/a", locked("<opaquelocktoken:b1>", &refreshed));
    let (_, again) = lab.pass(&with("refresh", "LOCK", "/pass/a", "bob", SUBMITTED));
    assert_eq!((again.status, again.header("lock-token")), (200, None));
    assert!(again.text().contains("Second-600</D:timeout>"), "{}", again.text());
    assert_eq!(
        lab.pass(&with("unlock", "UNLOCK", "/pass/a", "bob", NAMED)).1.status,
        204
    );
}

// L-39, L-52, L-65, L-66: with its token or without, a stranger does nothing to what somebody else has locked
#[test]
fn by_a_stranger() {
    let lab = Lab::with_users(ROUTES);
    for (target, path) in [("/pass/boss/a", "/dav/boss/a"), ("/one/a", "/one-in/a")] {
        tells(&lab, path, &active(TOKEN, "ann"));
        lab.pass(&req(&format!("lock {path}"), "LOCK", target).by("ann").xml(LOCKINFO));
    }
    let (target, path) = ("/one/a", "/one-in/a");
    let named = |method, key| with(&format!("bob's {method}"), method, target, "bob", key);
    for (request, method, status, condition) in [
        (named("PUT", SUBMITTED).body("x"), "PUT", 423, "lock-token-submitted"),
        (
            named("PUT", ("X-Nothing", "1")).body("x"),
            "PUT",
            423,
            "lock-token-submitted",
        ),
        (named("DELETE", SUBMITTED), "DELETE", 423, "lock-token-submitted"),
        (
            named("MOVE", SUBMITTED).with("Destination", "/one/b"),
            "MOVE",
            423,
            "lock-token-submitted",
        ),
        (
            named("LOCK", SUBMITTED).xml(LOCKINFO),
            "LOCK",
            423,
            "no-conflicting-lock",
        ),
        (named("LOCK", SUBMITTED), "LOCK", 412, "lock-token-matches-request-uri"),
        (named("UNLOCK", NAMED), "UNLOCK", 403, "need-privileges"),
    ] {
        refused(&lab, &request, (method, path), status, condition);
    }
    // The accepting twins: who made it, and who may unlock what others made, on whose behalf the back end hears of it.
    let put = lab
        .pass(&with("ann's PUT", "PUT", target, "ann", SUBMITTED).body("x"))
        .1;
    assert_eq!(put.status, 201);
    let (seen, freed) = lab.pass(&with("root's UNLOCK", "UNLOCK", target, "root", NAMED));
    assert_eq!((freed.status, seen.header("x-remote-user")), (204, Some("ann")));
    tells(&lab, path, "");
    assert_eq!(lab.pass(&named("PUT", ("X-Nothing", "1")).body("x")).1.status, 201);
}

// L-64, L-7: a token that nobody knows
#[test]
fn of_no_lock() {
    let lab = Lab::with_users(ROUTES);
    let unlock = |name: &str| with(name, "UNLOCK", "/pass/a", "bob", NAMED);
    tells(&lab, "/dav/a", &active("opaquelocktoken:other", "x"));
    let gone = "lock-token-matches-request-uri";
    refused(&lab, &unlock("not there"), ("UNLOCK", "/dav/a"), 409, gone);
    let refresh = with("no such lock", "LOCK", "/pass/a", "bob", SUBMITTED);
    refused(&lab, &refresh, ("LOCK", "/dav/a"), 412, gone);
    // There, and whose it is nobody knows: the back end, which sees bob, decides.
    tells(&lab, "/dav/a", &active(TOKEN, "x"));
    assert_eq!(lab.pass(&unlock("there")).1.status, 204);
    // L-50, L-53
    for (name, tokens) in [("none", None), ("two", Some("(<urn:uuid:1> <urn:uuid:2>)"))] {
        let refresh = req(name, "LOCK", "/pass/a").by("bob");
        let refresh = match tokens {
            Some(tokens) => refresh.with("If", tokens),
            None => refresh,
        };
        let before = arrived(&lab, name);
        assert_eq!((lab.ask(&refresh).status, arrived(&lab, name)), (400, before), "{name}");
    }
}

// L-7: after a restart; `deny` where the back end sees one account or cannot tell, `adopt` where the file says so
#[test]
fn of_an_orphan() {
    let lab = Lab::with_users(ROUTES);
    tells(&lab, "/one-in/a", &active(TOKEN, "x"));
    let put = |name: &str, target: &str, user: &str| with(name, "PUT", target, user, SUBMITTED).body("x");
    for user in ["ann", "bob"] {
        let request = put(&format!("{user} denied"), "/one/a", user);
        refused(&lab, &request, ("PUT", "/one-in/a"), 423, "lock-token-submitted");
    }
    let token = "urn:uuid:5";
    tells(&lab, "/adopt-in/a", &active(token, "x"));
    let put = |name: &str, user: &str| with(name, "PUT", "/adopt/a", user, ("If", "(<urn:uuid:5>)")).body("x");
    assert_eq!(lab.pass(&put("first", "bob")).1.status, 201);
    let second = put("second", "ann");
    refused(&lab, &second, ("PUT", "/adopt-in/a"), 423, "lock-token-submitted");
    assert_eq!(lab.pass(&put("first again", "bob")).1.status, 201);
}

// L-7, L-39: a token that is not known to be the requester's never goes on: back ends look neither at whose a lock is, nor all of them at
// which resource a list speaks of
#[test]
fn of_a_token_that_is_not_ones_own() {
    let lab = Lab::with_users(ROUTES);
    let by = |name: &str, method, target: &str, conditions: &str| {
        let request = with(name, method, target, "bob", ("If", conditions));
        if method == "PUT" { request.body("x") } else { request }
    };
    let sent = |request: &Req| lab.pass(request).0.header("if").map(str::to_owned);
    let never = Some("(<DAV:no-lock>)".to_owned());
    // Not on what the list speaks of.
    tells(&lab, "/one-in/free", "");
    let tagged = by(
        "tagged",
        "DELETE",
        "/one/dir/",
        "<http://dav.test/one/free> (<opaquelocktoken:b1>)",
    );
    assert!(sent(&tagged).unwrap().ends_with("/one-in/free> (<DAV:no-lock>)"));
    let elsewhere = by("to a locked one", "MOVE", "/one/free", "(<opaquelocktoken:b1>)").with("Destination", "/one/to");
    assert_eq!(sent(&elsewhere), never);
    // The back end does not say.
    for (number, said) in ["<!DOCTYPE x><x/>", "<x/>", "", &"<x>".repeat(2000)]
        .into_iter()
        .enumerate()
    {
        let path = format!("mute{number}");
        lab.backend.on(&format!("PROPFIND /one-in/{path}"), multistatus(said));
        assert_eq!(
            sent(&by(&path, "PUT", &format!("/one/{path}"), SUBMITTED.1)),
            never,
            "{said:.20}"
        );
    }
    // A lock of the folder, whose root the back end does not tell.
    for name in ["x", "y"] {
        tells(&lab, &format!("/one-in/c/{name}"), &active(TOKEN, "x"));
        let put = by(name, "PUT", &format!("/one/c/{name}"), SUBMITTED.1);
        if name == "x" {
            refused(&lab, &put, ("PUT", "/one-in/c/x"), 423, "lock-token-submitted");
        } else {
            assert_eq!(sent(&put), never);
        }
    }
    // LOCK beside a lock of nobody knows whom.
    let shared = LOCKINFO.replace("exclusive", "shared");
    for (target, path) in [("/one/d", "/one-in/d"), ("/pass/d", "/dav/d")] {
        tells(&lab, path, &active(TOKEN, "x"));
        let lock = with(target, "LOCK", target, "bob", SUBMITTED).xml(&shared);
        refused(&lab, &lock, ("LOCK", path), 423, "no-conflicting-lock");
    }
    // L-6: a time that cannot be is none.
    let long = active("urn:uuid:long", "x").replace("Second-600", "Second-18446744073709551615");
    let long = format!("<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>{long}</D:lockdiscovery></D:prop>");
    lab.backend.on("LOCK /one-in/long", locked("<urn:uuid:long>", &long));
    let long = lab.ask(&req("long", "LOCK", "/one/long").by("bob").xml(LOCKINFO));
    assert!(long.text().contains("Second-86400<"), "{}", long.text());
    // The accepting twins: a sync token, and one's own.
    let sync = "(<http://sabre.io/ns/sync/5>)";
    assert_eq!(sent(&by("sync", "PUT", "/one/free", sync)).as_deref(), Some(sync));
    tells(&lab, "/one-in/own", "");
    lab.backend.on("LOCK /one-in/own", locked("<urn:uuid:own>", ""));
    lab.pass(&req("own", "LOCK", "/one/own").by("bob").xml(&shared));
    let own = "(<urn:uuid:own>)";
    assert_eq!(sent(&by("with it", "PUT", "/one/own", own)).as_deref(), Some(own));
    // L-1: what is answered to LOCK makes nobody the creator of somebody else's lock.
    lab.backend.on("LOCK /one-in/own", locked("<urn:uuid:own>", ""));
    let again = lab.ask(&req("taken over", "LOCK", "/one/own").by("ann").xml(&shared));
    assert_eq!(again.status, 502, "{}", again.text());
}

// F-6, L-7, L-65: a lock whose root the back end does not tell may be one of a folder above: who may unlock below it neither sees its token
// nor ends it
#[test]
fn of_a_root_that_is_not_told() {
    let lab = Lab::with_users(ROUTES);
    for path in ["/dav/", "/dav/boss/", "/dav/boss/a", "/dav/boss/b"] {
        tells(&lab, path, &active("urn:uuid:above", "x"));
    }
    let shown = |name: &str, path: &str| {
        let answer = lab.ask(&req(name, "PROPFIND", path).by("ann").with("Depth", "0"));
        assert!(answer.text().contains("activelock"), "{}", answer.text());
        answer.text().contains("urn:uuid:")
    };
    assert!(!shown("not known", "/pass/boss/a"));
    for (target, path) in [("/one/up/x", "/one-in/up/x"), ("/one/up/y", "/one-in/up/y")] {
        tells(&lab, "/one-in/up/", &active(TOKEN, "x"));
        tells(&lab, path, &active(TOKEN, "x"));
        let put = with(target, "PUT", target, "bob", SUBMITTED).body("x");
        let answer = refused(&lab, &put, ("PUT", path), 423, "lock-token-submitted");
        assert!(answer.text().contains("/one/up/<"), "{}", answer.text());
    }
    // The accepting twin: one whose root is known.
    tells(&lab, "/dav/boss/b", &active("urn:uuid:b", "x"));
    lab.backend.on("LOCK /dav/boss/b", locked("<urn:uuid:b>", ""));
    lab.pass(&req("bob's", "LOCK", "/pass/boss/b").by("root").xml(LOCKINFO));
    assert!(shown("known", "/pass/boss/b"));
}

// L-7, L-8: a back end that tells nobody of tokens (SabreDAV): a token that nobody knows may be that of the lock that is there
#[test]
fn of_one_with_an_untold_token() {
    let lab = Lab::with_users(ROUTES);
    let untold = active("", "x");
    tells(&lab, "/one-in/a", &untold);
    let put = |name: &str, user: &str, token: &str| {
        let conditions = format!("(<{token}>)");
        with(name, "PUT", "/one/a", user, ("If", &conditions)).body("x")
    };
    let refuse = |name: &str, user: &str, token: &str| {
        let request = put(name, user, token);
        refused(&lab, &request, ("PUT", "/one-in/a"), 423, "lock-token-submitted")
    };
    refuse("whoever", "bob", TOKEN);
    // Nobody says that it is gone.
    let unlock = with("to unlock it", "UNLOCK", "/one/a", "bob", NAMED);
    refused(&lab, &unlock, ("UNLOCK", "/one-in/a"), 403, "need-privileges");
    // Once its creator is known, what else is submitted is no token of it: the back end judges that.
    lab.pass(&req("lock it", "LOCK", "/one/a").by("bob").xml(LOCKINFO));
    assert_eq!(lab.pass(&put("its creator", "bob", TOKEN)).1.status, 201);
    refuse("a stranger", "ann", TOKEN);
    assert_eq!(
        lab.pass(&put("its creator, made up", "bob", "urn:uuid:9")).1.status,
        201
    );
}

// L-59: an empty resource first, where nothing is
#[test]
fn of_nothing() {
    let lab = Lab::with_users(ROUTES);
    let lock = |name: &str, target: &str| req(name, "LOCK", target).by("bob").with("Depth", "0").xml(LOCKINFO);
    assert_eq!(lab.pass(&lock("there", "/null/a")).1.status, 200);
    assert!(lab.backend.at("/null-in/a").iter().all(|seen| seen.method != "PUT"));
    let made = lab.ask(&lock("not there", "/null/missing"));
    let seen = lab.backend.at("/null-in/missing");
    let put = seen.iter().find(|seen| seen.method == "PUT").expect("a PUT");
    assert_eq!(
        (made.status, put.header("if-none-match"), &put.body[..]),
        (201, Some("*"), &b""[..])
    );
    assert!(seen.iter().any(|seen| seen.method == "LOCK"));
    // L-31: but not in a folder that somebody else has locked.
    tells(&lab, "/null-in/dir/", &active("urn:uuid:dir", "x"));
    lab.backend.on("LOCK /null-in/dir/", locked("<urn:uuid:dir>", ""));
    lab.pass(
        &req("a folder", "LOCK", "/null/dir/")
            .by("ann")
            .with("Depth", "0")
            .xml(LOCKINFO),
    );
    let there = ("PUT", "/null-in/dir/missing");
    refused(
        &lab,
        &lock("in it", "/null/dir/missing"),
        there,
        423,
        "lock-token-submitted",
    );
}

/// A gateway before `back_end` with a key for seals, and room for two locks each.
fn sealing(back_end: &BackEnd) -> Gateway {
    let identity = "identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }";
    let locks = "locks: { seal_key: seal, per_principal: 2 }";
    let text = format!("listeners: [{{ address: '@LISTEN@' }}]\n{identity}\n{locks}\nroutes:{ROUTES}");
    let text = text.replace("@BACK@", &back_end.address.to_string());
    Gateway::start_beside(&text, &[("seal", "0123456789abcdef0123456789abcdef".to_owned())])
}

// L-8, L-68: who made a lock is known after a restart, and told nobody
#[test]
fn of_a_sealed_one() {
    let back_end = BackEnd::start();
    let first = sealing(&back_end);
    let mut lab = Lab::of(first, back_end);
    let lock = |name: &str, target: &str| req(name, "LOCK", target).by("bob").xml(LOCKINFO);
    let (seen, made) = lab.pass(&lock("sealed", "/one/a"));
    let sent = seen.text();
    assert!(!made.text().contains("urn:davgate:lock"), "{}", made.text());
    let owner = sent
        .split_once("owner>")
        .and_then(|(_, rest)| rest.split_once("</"))
        .unwrap()
        .0;
    assert!(
        owner.contains("urn:davgate:lock") && owner.contains("\"bob\""),
        "{sent}"
    );
    lab.backend.on("LOCK /one-in/b", locked("<urn:uuid:2>", ""));
    lab.backend.on("LOCK /one-in/c", locked("<urn:uuid:3>", ""));
    lab.pass(&lock("the second", "/one/b"));
    refused(
        &lab,
        &lock("the third", "/one/c"),
        ("LOCK", "/one-in/c"),
        403,
        "too-many-locks",
    );

    // Everything is forgotten.
    lab.gateway = sealing(&lab.backend);
    tells(&lab, "/one-in/a", &active(TOKEN, owner));
    let shown = lab.ask(&req("shown", "PROPFIND", "/one/a").by("ann").with("Depth", "0"));
    assert!(
        shown.text().contains("activelock") && !shown.text().contains("urn:davgate:lock"),
        "{}",
        shown.text()
    );
    let put = |name: &str, user: &str| with(name, "PUT", "/one/a", user, SUBMITTED).body("x");
    refused(
        &lab,
        &put("ann's", "ann"),
        ("PUT", "/one-in/a"),
        423,
        "lock-token-submitted",
    );
    assert_eq!(lab.pass(&put("bob's", "bob")).1.status, 201);
    // The seal of another lock proves nothing.
    tells(&lab, "/one-in/d", &active("urn:uuid:4", owner));
    let elsewhere = with("elsewhere", "PUT", "/one/d", "bob", ("If", "(<urn:uuid:4>)")).body("x");
    refused(&lab, &elsewhere, ("PUT", "/one-in/d"), 423, "lock-token-submitted");
}

// L-26: a back end that reads one condition of a list gets one in each, once all were found true
#[test]
fn of_several_conditions() {
    let lab = Lab::with_users(ROUTES);
    tells(&lab, "/one-in/a", &active(TOKEN, "x"));
    lab.pass(&req("lock it", "LOCK", "/one/a").by("bob").xml(LOCKINFO));
    let put = |name: &str, etag: &str| {
        let conditions = format!("(<opaquelocktoken:b1> [\"{etag}\"])");
        with(name, "PUT", "/one/a", "bob", ("If", &conditions)).body("x")
    };
    let seen = lab.pass(&put("true", "e1")).0;
    assert_eq!(seen.header("if"), Some("(<opaquelocktoken:b1>) ([\"e1\"])"));
    refused(&lab, &put("false", "e2"), ("PUT", "/one-in/a"), 412, "if-false");
}
