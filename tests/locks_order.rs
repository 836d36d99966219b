//! A write and a LOCK of somebody else's at the same time (L-84): one of them is first, and the other one knows of it. Where the gateway
//! locks; the back end takes its time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use support::backend::{Step, answer, multistatus};
use support::each;
use support::lab::Lab;
use support::samples::{LOCKINFO, propfind_answer};
use support::wire::{Answer, Client, Req, req};

const ROUTES: &str = r#"
  - name: files
    path: /files/
    backend: { url: "http://@BACK@/in/", profile: nginx }
    locking: emulate
"#;

fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::with_users(ROUTES))
}

/// The back end answers `key` with `status` after `time`.
fn slow(key: &str, time: Duration, status: &str) {
    let mut steps = vec![Step::Pause(time)];
    steps.extend(answer(status, &[], ""));
    lab().backend.on(key, steps);
}

/// `path` is there.
fn there(path: &str) {
    let found = multistatus(propfind_answer(path, path.ends_with('/')));
    lab().backend.on(&format!("PROPFIND {path}"), found);
}

fn put(name: &str, user: &str, path: &str) -> Req {
    req(name, "PUT", path).by(user).body("text")
}

fn lock(name: &str, user: &str, path: &str, depth: &str) -> Req {
    req(name, "LOCK", path).by(user).with("Depth", depth).xml(LOCKINFO)
}

/// The answer, and when it was there.
fn timed(request: &Req) -> (Answer, Instant) {
    (lab().ask(request), Instant::now())
}

/// Waits until the request of this name is at the back end.
fn arrived(name: &str) {
    let here = |seen: &[support::backend::Seen]| seen.iter().any(|seen| seen.header("x-case") == Some(name));
    assert!(lab().backend.wait_for(here), "{name} does not arrive");
}

// A LOCK comes while the write of another is at the back end: it is granted when that is over, and not before. A write of one's own, and
// one elsewhere, are not waited for.
#[test]
fn a_lock_waits_for_the_write() {
    let lab = lab();
    // The write and its target; who locks what, how deep; whether it waits.
    let rows = [
        ("PUT", "/files/w1", "bob", "/files/w1", "0", true),
        ("PUT", "/files/w2/a", "bob", "/files/w2/", "infinity", true),
        ("DELETE", "/files/w3/", "bob", "/files/w3/in/a", "0", true),
        ("MOVE", "/files/w4/a", "bob", "/files/w4/to", "0", true),
        ("COPY", "/files/w5/a", "bob", "/files/w5/to", "0", true),
        ("PUT", "/files/w6", "ann", "/files/w6", "0", false),
        ("PUT", "/files/w7/a", "bob", "/files/w7/b", "0", false),
        ("COPY", "/files/w8/a", "bob", "/files/w8/a", "0", false),
    ];
    each(rows, |(method, target, user, root, depth, waits)| {
        // Long enough for a LOCK that does not wait to be told from one that does, on a busy machine too.
        let time = Duration::from_millis(if waits { 1500 } else { 4000 });
        there(&root.replace("/files/", "/in/"));
        slow(
            &format!("{method} {}", target.replace("/files/", "/in/")),
            time,
            "204 No Content",
        );
        let name = format!("{method} before LOCK of {root}");
        let request = match method {
            "PUT" => put(&name, "ann", target),
            "DELETE" => req(&name, method, target).by("ann"),
            _ => {
                let to = target.replace("/a", "/to");
                req(&name, method, target)
                    .by("ann")
                    .with("Destination", &format!("http://dav.test{to}"))
            }
        };
        std::thread::scope(|scope| {
            let write = scope.spawn(|| timed(&request));
            arrived(&name);
            let (granted, locked_at) = timed(&lock(&format!("LOCK beside {name}"), user, root, depth));
            let (written, written_at) = write.join().unwrap();
            assert_eq!(
                (written.status, granted.status),
                (204, 200),
                "{name}: {}",
                granted.text()
            );
            // The answer is on its way to the client when the lock is granted; the clocks are those of two threads.
            let order = locked_at + Duration::from_millis(500) > written_at;
            assert_eq!(order, waits, "{name}");
        });
    });
    // What was locked is, and what was written before it counts no more.
    lab.refuse_for(423, "lock-token-submitted", &put("afterwards", "ann", "/files/w1"));
    lab.pass(&put("afterwards, elsewhere", "ann", "/files/w9"));
}

// The same with a body that is long in coming.
#[test]
fn a_lock_waits_for_the_body() {
    there("/in/b");
    let mut client = Client::connect(lab().gateway.address);
    client.send(
        b"PUT /files/b HTTP/1.1\r\nHost: dav.test\r\nX-User: ann\r\nX-Case: a body\r\nContent-Length: 8\r\n\r\nhalf",
    );
    std::thread::sleep(Duration::from_millis(400));
    std::thread::scope(|scope| {
        let locking = scope.spawn(|| timed(&lock("LOCK before the rest", "bob", "/files/b", "0")));
        std::thread::sleep(Duration::from_millis(1000));
        let rest_at = Instant::now();
        client.send(b"rest");
        assert!(client.answer(false).status < 300);
        let (granted, at) = locking.join().unwrap();
        assert_eq!(granted.status, 200, "{}", granted.text());
        assert!(at > rest_at);
    });
    let seen = lab().backend.case("a body");
    assert_eq!((seen.len(), seen[0].text().as_str()), (1, "halfrest"));
}

// It waits for five seconds, and no longer; when it has gone, nothing of it is left.
#[test]
fn a_lock_does_not_wait_for_ever() {
    there("/in/long");
    slow("PUT /in/long", Duration::from_secs(12), "204 No Content");
    std::thread::scope(|scope| {
        let write = scope.spawn(|| timed(&put("a long PUT", "ann", "/files/long")).0);
        arrived("a long PUT");
        let began = Instant::now();
        let refused = lab().refuse_after_probe(423, &lock("LOCK in vain", "bob", "/files/long", "0"));
        let waited = began.elapsed();
        assert!(
            waited > Duration::from_secs(4) && waited < Duration::from_secs(12),
            "{waited:?}"
        );
        assert!(refused.has_condition("no-conflicting-lock"), "{}", refused.text());
        assert_eq!(write.join().unwrap().status, 204);
    });
    slow("PUT /in/long", Duration::ZERO, "204 No Content");
    lab().pass(&put("no lock is left", "carl", "/files/long"));
    assert_eq!(lab().ask(&lock("LOCK again", "bob", "/files/long", "0")).status, 200);
}

// The other way round: a write comes while a LOCK makes its resource. The lock is first, so the write goes nowhere.
#[test]
fn a_write_meets_the_lock() {
    let lab = lab();
    slow("PUT /in/missing-made", Duration::from_millis(1500), "201 Created");
    let making = || {
        lab.backend
            .at("/in/missing-made")
            .iter()
            .any(|seen| seen.method == "PUT")
    };
    std::thread::scope(|scope| {
        let locking = scope.spawn(|| lab.ask(&lock("LOCK that makes", "ann", "/files/missing-made", "0")));
        assert!(lab.backend.wait_for(|_| making()), "the resource is not made");
        for method in ["PUT", "DELETE"] {
            let write = req(&format!("{method} beside LOCK"), method, "/files/missing-made").by("bob");
            let write = if method == "PUT" { write.body("text") } else { write };
            let answer = lab.refuse_for(423, "lock-token-submitted", &write);
            assert!(answer.text().contains("/files/missing-made<"), "{}", answer.text());
        }
        lab.pass(&put("PUT elsewhere", "bob", "/files/other"));
        let granted = locking.join().unwrap();
        assert_eq!(granted.status, 201, "{}", granted.text());
        let own = granted.header("Lock-Token").unwrap().to_owned();
        slow("PUT /in/missing-made", Duration::ZERO, "204 No Content");
        lab.pass(&put("PUT of its own", "ann", "/files/missing-made").with("If", &format!("({own})")));
    });
    // A LOCK that makes nothing keeps nobody away.
    slow(
        "PUT /in/missing-not",
        Duration::from_millis(500),
        "507 Insufficient Storage",
    );
    assert_eq!(
        lab.ask(&lock("LOCK that fails", "ann", "/files/missing-not", "0"))
            .status,
        507
    );
    slow("PUT /in/missing-not", Duration::ZERO, "201 Created");
    lab.pass(&put("PUT after it", "bob", "/files/missing-not"));
    lab.settle();
}

// One after the other, in whatever order they come: between a LOCK and its UNLOCK nobody else's write reaches the back end.
#[test]
fn no_write_within_a_lock() {
    let lab = lab();
    there("/in/busy");
    slow("PUT /in/busy", Duration::from_millis(20), "204 No Content");
    let end = Instant::now() + Duration::from_secs(4);
    let count = || {
        lab.backend
            .at("/in/busy")
            .iter()
            .filter(|seen| seen.method == "PUT")
            .count()
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = ["bob", "carl"]
            .into_iter()
            .map(|user| {
                scope.spawn(move || {
                    let mut stored = 0;
                    while Instant::now() < end {
                        match lab.ask(&put("busy", user, "/files/busy")).status {
                            204 => stored += 1,
                            423 => {}
                            other => panic!("{user}: {other}"),
                        }
                        std::thread::sleep(Duration::from_millis(15));
                    }
                    stored
                })
            })
            .collect();
        let mut held = 0;
        while Instant::now() < end {
            let granted = lab.ask(&lock("busy LOCK", "ann", "/files/busy", "0"));
            if granted.status == 200 {
                held += 1;
                let before = count();
                std::thread::sleep(Duration::from_millis(60));
                assert_eq!(count(), before, "a write passed a lock");
                let unlock = req("busy UNLOCK", "UNLOCK", "/files/busy").by("ann");
                let token = granted.header("Lock-Token").unwrap();
                assert_eq!(lab.ask(&unlock.with("Lock-Token", token)).status, 204);
            }
        }
        let stored: u32 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        assert!(held > 0 && stored > 0, "{held} locks, {stored} writes");
    });
}
