//! The terms of a lock: how long, how many, how deep, and which requests it concerns (L-35, L-36, L-67, L-68, L-87), where the gateway locks
//! and where the back end does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::time::Duration;

use support::backend::{answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Answer, Req, req};

const ROUTES: &str = r#"
  - name: own
    path: /own/
    backend: { url: "http://@BACK@/own-in/", profile: nginx }
    methods: [read, write, lock, ORDERPATCH]
    locking: emulate
  - name: seen
    path: /seen/
    backend: { url: "http://@BACK@/seen-in/", profile: generic }
    locking: observe
"#;

/// A gateway with these settings of `locks`, empty for none.
fn lab(locks: &str) -> Lab {
    let trust = "identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }";
    let locks = if locks.is_empty() {
        String::new()
    } else {
        format!("locks: {locks}\n")
    };
    Lab::with_configuration(&format!(
        "listeners:\n  - address: @LISTEN@\n{trust}\n{locks}routes:\n{ROUTES}\n"
    ))
}

fn lock(name: &str, user: &str, path: &str) -> Req {
    req(name, "LOCK", path).by(user).with("Depth", "0").xml(LOCKINFO)
}

/// Locks `path` for `user`, and says the token with its brackets.
fn locked(lab: &Lab, user: &str, path: &str) -> String {
    let answer = lab.ask(&lock(&format!("{user} locks {path}"), user, path));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.header("Lock-Token").unwrap().to_owned()
}

fn unlock(user: &str, path: &str, token: &str) -> Req {
    req(&format!("{user} unlocks {path}"), "UNLOCK", path)
        .by(user)
        .with("Lock-Token", token)
}

fn put(name: &str, user: &str, path: &str) -> Req {
    req(name, "PUT", path).by(user).body("text")
}

fn seconds(answer: &Answer) -> String {
    let text = answer.text();
    let told = text
        .split("<D:timeout>Second-")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    told.unwrap_or_default().to_owned()
}

/// What the back end answers to a LOCK that makes one with this token.
fn grants(lab: &Lab, path: &str, token: &str) {
    let headers = [("Content-Type", "application/xml"), ("Lock-Token", token)];
    lab.backend.on(&format!("LOCK {path}"), answer("200 OK", &headers, ""));
}

// L-67, without a word in the file: half an hour, from a minute to a day; a refresh is held to the same.
#[test]
fn how_long() {
    let lab = lab("");
    let rows = [
        ("", "1800"),
        ("Infinite", "86400"),
        ("Second-4294967295", "86400"),
        ("Second-4294967296", "86400"),
        ("Second-86401", "86400"),
        ("Second-86400", "86400"),
        ("Second-3600", "3600"),
        ("Second-60", "60"),
        ("Second-59", "60"),
        ("Second-0", "60"),
        ("Forever, Second-100", "100"),
        ("Second-100, Infinite", "100"),
        ("-", "1800"),
        ("Second-1x", "1800"),
    ];
    each(rows.into_iter().enumerate(), |(number, (sent, granted))| {
        let with = |request: Req| {
            if sent.is_empty() {
                request
            } else {
                request.with("Timeout", sent)
            }
        };
        let path = format!("/own/time{number}");
        let answer = lab.ask(&with(lock("new", "ann", &path)));
        assert_eq!((answer.status, seconds(&answer).as_str()), (200, granted), "{sent}");
        let token = answer.header("Lock-Token").unwrap().to_owned();
        let refresh = req("refresh", "LOCK", &path)
            .by("ann")
            .with("If", &format!("({token})"));
        let answer = lab.ask(&with(refresh));
        assert_eq!(
            (answer.status, seconds(&answer).as_str()),
            (200, granted),
            "refresh {sent}"
        );
        grants(&lab, &format!("/seen-in/time{number}"), &format!("<urn:uuid:{number}>"));
        let (seen, _) = lab.pass(&with(lock(
            &format!("seen {number}"),
            "ann",
            &format!("/seen/time{number}"),
        )));
        assert_eq!(seen.all("timeout"), [format!("Second-{granted}")], "{sent}");
    });
}

// L-67, L-85: when its time is over, a lock is none, for anybody; one that was refreshed in time is still there.
#[test]
fn until_it_ends() {
    let lab = lab("{ min_timeout: 1s }");
    let brief = |name: &str, path: &str| {
        let answer = lab.ask(&lock(name, "ann", path).with("Timeout", "Second-4"));
        assert_eq!(
            (answer.status, seconds(&answer).as_str()),
            (200, "4"),
            "{}",
            answer.text()
        );
        answer.header("Lock-Token").unwrap().to_owned()
    };
    let (ends, stays) = (brief("brief", "/own/ends"), brief("longer", "/own/stays"));
    lab.refuse_for(423, "lock-token-submitted", &put("in time", "bob", "/own/ends"));
    let refresh =
        |name: &str, path: &str, token: &str| req(name, "LOCK", path).by("ann").with("If", &format!("({token})"));
    assert_eq!(lab.ask(&refresh("refreshed", "/own/stays", &stays)).status, 200);
    std::thread::sleep(Duration::from_millis(4300));
    lab.refuse_for(423, "lock-token-submitted", &put("still held", "bob", "/own/stays"));
    lab.refuse_for(
        412,
        "lock-token-matches-request-uri",
        &refresh("too late", "/own/ends", &ends),
    );
    lab.refuse_for(
        409,
        "lock-token-matches-request-uri",
        &unlock("ann", "/own/ends", &ends),
    );
    let find = req("find", "PROPFIND", "/own/ends").by("ann").with("Depth", "0");
    assert!(!lab.ask(&find).text().contains("activelock"));
    lab.refuse_for(
        412,
        "if-false",
        &put("hers", "ann", "/own/ends").with("If", &format!("({ends})")),
    );
    lab.pass(&put("free", "bob", "/own/ends"));
    locked(&lab, "bob", "/own/ends");
    lab.settle();
}

// L-68: so many for each, in all routes together; what is over makes room, and a refresh needs none.
#[test]
fn how_many() {
    let lab = lab("{ per_principal: 2, min_timeout: 1s }");
    let first = locked(&lab, "ann", "/own/n1");
    let brief = lab.ask(&lock("brief", "ann", "/own/n2").with("Timeout", "Second-4"));
    assert_eq!(brief.status, 200);
    for path in ["/own/n3", "/own/n3/"] {
        let answer = lab.refuse_after_probe(403, &lock(&format!("one more at {path}"), "ann", path));
        assert!(answer.has_condition("too-many-locks"), "{}", answer.text());
    }
    // Nothing is made for a lock that is not granted.
    let answer = lab.refuse_after_probe(403, &lock("of nothing", "ann", "/own/missing"));
    assert!(answer.has_condition("too-many-locks"), "{}", answer.text());
    assert!(
        lab.backend
            .at("/own-in/missing")
            .iter()
            .all(|seen| seen.method == "PROPFIND")
    );
    lab.refuse_for(403, "too-many-locks", &lock("at the back end", "ann", "/seen/n3"));
    locked(&lab, "bob", "/own/n3");
    grants(&lab, "/seen-in/n4", "<urn:uuid:n4>");
    lab.pass(&lock("at the back end, bob", "bob", "/seen/n4"));
    lab.refuse_for(403, "too-many-locks", &lock("bob's third", "bob", "/seen/n5"));
    let refresh = req("refresh", "LOCK", "/own/n1")
        .by("ann")
        .with("If", &format!("({first})"));
    assert_eq!(lab.ask(&refresh).status, 200);
    assert_eq!(lab.ask(&unlock("ann", "/own/n1", &first)).status, 204);
    locked(&lab, "ann", "/own/n6");
    std::thread::sleep(Duration::from_millis(4300));
    locked(&lab, "ann", "/own/n7");
    lab.settle();
}

// L-87, L-54: a depth is kept as it was asked for, and on a file reaches nothing else.
#[test]
fn how_deep() {
    let lab = lab("");
    for (number, depth) in [Some("infinity"), None, Some("0")].into_iter().enumerate() {
        let path = format!("/own/deep{number}");
        let request = req(&format!("deep {number}"), "LOCK", &path).by("ann").xml(LOCKINFO);
        let answer = lab.ask(&match depth {
            Some(depth) => request.with("Depth", depth),
            None => request,
        });
        let told = format!("<D:depth>{}</D:depth>", depth.unwrap_or("infinity"));
        assert!(
            answer.status == 200 && answer.text().contains(&told),
            "{}",
            answer.text()
        );
        let find = req("find", "PROPFIND", &path).by("bob").with("Depth", "0");
        assert!(lab.ask(&find).text().contains(&told), "{told}");
        lab.refuse_for(
            423,
            "lock-token-submitted",
            &put(&format!("on it {number}"), "bob", &path),
        );
        lab.pass(&put(&format!("beside it {number}"), "bob", &format!("{path}x")));
    }
    let bad = req("deep 1", "LOCK", "/own/deep9")
        .by("ann")
        .with("Depth", "1")
        .xml(LOCKINFO);
    lab.refuse(400, &bad);
}

// L-35: UNLOCK and refresh are about the lock that they name, whatever else is locked around it.
#[test]
fn of_the_named_lock_alone() {
    let lab = lab("");
    let hers = locked(&lab, "ann", "/own/c/a");
    let his = locked(&lab, "bob", "/own/c/");
    let refresh = req("refresh", "LOCK", "/own/c/a")
        .by("ann")
        .with("If", &format!("({hers})"));
    assert_eq!(lab.ask(&refresh).status, 200);
    assert_eq!(lab.ask(&unlock("ann", "/own/c/a", &hers)).status, 204);
    // Nor does it end another one.
    lab.refuse_for(
        423,
        "lock-token-submitted",
        &req("make", "MKCOL", "/own/c/new/").by("ann"),
    );
    lab.refuse_for(409, "lock-token-matches-request-uri", &unlock("bob", "/own/c/a", &his));
    assert_eq!(lab.ask(&unlock("bob", "/own/c/", &his)).status, 204);
    lab.pass(&req("make, free", "MKCOL", "/own/c/new/").by("ann"));
    lab.settle();
}

// L-36, L-37: the order of a collection is part of it.
#[test]
fn of_the_order_of_a_collection() {
    let lab = lab("");
    lab.backend
        .on("PROPFIND /own-in/o/", multistatus(propfind_answer("/own-in/o/", true)));
    let token = locked(&lab, "ann", "/own/o/");
    let order = |name: &str, user: &str, path: &str| {
        req(name, "ORDERPATCH", path).by(user).xml(
            "<D:orderpatch xmlns:D=\"DAV:\"><D:order-member><D:segment>a</D:segment><D:position><D:first/></D:position>\
             </D:order-member></D:orderpatch>",
        )
    };
    lab.refuse_for(423, "lock-token-submitted", &order("ordered", "bob", "/own/o/"));
    lab.refuse_for(423, "lock-token-submitted", &order("ordered without", "ann", "/own/o/"));
    lab.pass(&order("ordered by her", "ann", "/own/o/").with("If", &format!("({token})")));
    lab.pass(&order("another", "bob", "/own/p/"));
    lab.settle();
}
