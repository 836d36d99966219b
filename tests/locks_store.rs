//! A lock store that does not answer, seen by clients (spec 4.7): what a lock could protect is 503 and goes nowhere, reading goes on, and
//! when the store is there again, so is everything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use davgate::locks::{LockDepth, LockPath, table::NewLock};
use davgate::store::{LockStore, file::FileStore};
use davgate::xml::lockinfo::LockScope;
use support::backend::BackEnd;
use support::each;
use support::gateway::Gateway;
use support::lab::Lab;
use support::samples::{LOCKINFO, PROPPATCH, VERSION_TREE};
use support::wire::{Answer, Req, req};

const ROUTES: &str = r#"
  - name: own
    path: /own/
    backend: { url: "http://@BACK@/own-in/", profile: nginx, credentials: { header: X-Remote-User } }
    methods: [read, write, lock, POST, PATCH]
    locking: emulate
    access: [{ path: /**, allow: [all], to: authenticated }]
  - name: seen
    path: /seen/
    backend: { url: "http://@BACK@/seen-in/", profile: sabredav, credentials: { header: X-Remote-User } }
    methods: [read, write, lock, POST, PATCH]
    locking: observe
    access: [{ path: /**, allow: [read, write], to: authenticated }]
  - name: off
    path: /off/
    backend: { url: "http://@BACK@/off-in/", profile: nginx }
    locking: off
"#;

/// A gateway whose locks are where `locks` says.
fn lab(locks: &str) -> Lab {
    let trust = "identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }";
    Lab::with_configuration(&format!(
        "listeners:\n  - address: @LISTEN@\n{trust}\nlocks: {locks}\nroutes:\n{ROUTES}\n"
    ))
}

/// Somebody who takes connections and never says a word, as a stopped Redis.
fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {});
        }
    });
    address
}

/// What writes, in the route `route`.
fn writes(route: &str) -> Vec<Req> {
    let ask =
        |method: &str, path: &str| req(&format!("{route} {method}"), method, format!("/{route}/{path}")).by("ann");
    let to = format!("http://dav.test/{route}/to");
    let token = "<urn:uuid:1>";
    let mut refresh = ask("LOCK", "a").with("If", "(<urn:uuid:1>)");
    refresh.name.push_str(" refresh");
    let mut submitting = ask("PUT", "a").with("If", "(<urn:uuid:1>)").body("x");
    submitting.name.push_str(" with a token");
    vec![
        ask("PUT", "a").body("x"),
        submitting,
        ask("PATCH", "a").body("x"),
        ask("POST", "a").body("x"),
        ask("DELETE", "a"),
        ask("MKCOL", "missing/"),
        ask("COPY", "a").with("Destination", &to),
        ask("MOVE", "a").with("Destination", &to),
        ask("PROPPATCH", "a").xml(PROPPATCH),
        ask("LOCK", "a").with("Depth", "0").xml(LOCKINFO),
        refresh,
        ask("UNLOCK", "a").with("Lock-Token", token),
    ]
}

/// What reads, in the route `route`.
fn reads(route: &str) -> Vec<Req> {
    let ask =
        |method: &str, path: &str| req(&format!("{route} {method}"), method, format!("/{route}/{path}")).by("bob");
    vec![
        ask("GET", "a"),
        ask("HEAD", "a"),
        ask("OPTIONS", "a"),
        ask("PROPFIND", "a").with("Depth", "0").xml(wanted("<D:getetag/>")),
        ask("REPORT", "a").xml(VERSION_TREE),
    ]
}

fn wanted(properties: &str) -> String {
    format!("<D:propfind xmlns:D=\"DAV:\"><D:prop>{properties}</D:prop></D:propfind>")
}

/// 503 with a time after which to try again, and nothing for the back end.
fn down(lab: &Lab, request: &Req) -> Answer {
    let answer = lab.refuse_for(503, "lock-store-down", request);
    let again = answer.header("Retry-After").and_then(|value| value.parse::<u64>().ok());
    assert!(again.is_some_and(|seconds| seconds > 0), "{}: {again:?}", request.name);
    answer
}

// L-91: nobody listens where the locks are.
#[test]
fn down_for_writes_and_not_for_reads() {
    let lab = lab("{ store: redis, url: 'redis://127.0.0.1:1/0' }");
    each(["own", "seen"], |route| {
        each(writes(route), |request| drop(down(&lab, &request)));
        each(reads(route), |request| drop(lab.pass(&request)));
    });
    // What depends on a lock cannot be said without them.
    let conditional = req("a read on a condition", "GET", "/own/a").by("bob");
    down(&lab, &conditional.with("If", "(<urn:uuid:1>)"));
    // Where nobody locks, nobody is asked.
    lab.pass(&req("nobody locks", "PUT", "/off/a").by("ann").body("x"));
    lab.gateway.errors_with("the lock store does not answer");
    lab.settle();
}

// The accepting twin: with a store all of it passes or is about the lock that is not there.
#[test]
fn up_for_all() {
    let lab = lab("{ store: memory }");
    each(["own", "seen"], |route| {
        each(writes(route), |request| {
            let status = lab.ask(&request).status;
            let about_a_lock = request.headers.iter().any(|(_, value)| value.contains("urn:uuid:1"));
            let fits = status < 300 || about_a_lock && matches!(status, 409 | 412);
            assert!(fits, "{}: {status}", request.name);
            if request.name.ends_with("LOCK") {
                unlock(&lab, route);
            }
        });
        each(reads(route), |request| drop(lab.pass(&request)));
    });
    let conditional = req("a read on a condition", "GET", "/own/a").by("bob");
    lab.refuse(412, &conditional.with("If", "(<urn:uuid:1>)"));
}

/// Ends whatever lock ann has on `a`.
fn unlock(lab: &Lab, route: &str) {
    let find = req("find it", "PROPFIND", format!("/{route}/a"))
        .by("ann")
        .with("Depth", "0");
    let text = lab.ask(&find.xml(wanted("<D:lockdiscovery/>"))).text();
    let token = text
        .split("locktoken><D:href>")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    if let Some(token) = token {
        let end = req("end it", "UNLOCK", format!("/{route}/a")).by("ann");
        assert_eq!(lab.ask(&end.with("Lock-Token", &format!("<{token}>"))).status, 204);
    }
}

// L-91: a property that nobody can tell is 503 by itself; the others are told as ever. Of tokens none is shown.
#[test]
fn what_is_told_of_locks_meanwhile() {
    let lab = lab("{ store: redis, url: 'redis://127.0.0.1:1/0' }");
    let find = |route: &str, props: &str| {
        let ask = req("find", "PROPFIND", format!("/{route}/a"))
            .by("bob")
            .with("Depth", "0");
        let answer = lab.ask(&ask.xml(wanted(props)));
        assert_eq!(answer.status, 207, "{}", answer.text());
        answer.text()
    };
    let text = find("own", "<D:getetag/><D:lockdiscovery/><D:supportedlock/>");
    let propstats: Vec<&str> = text.split("</D:propstat>").collect();
    let with = |status: &str| propstats.iter().find(|propstat| propstat.contains(status)).copied();
    let (fine, missing) = (
        with("200 OK").unwrap_or_default(),
        with("503 Service Unavailable").unwrap_or_default(),
    );
    assert!(fine.contains("getetag") && fine.contains("lockentry"), "{text}");
    assert!(!fine.contains("lockdiscovery"), "{text}");
    assert!(missing.contains("<D:lockdiscovery xmlns:D=\"DAV:\"/>"), "{text}");
    let active = support::samples::lock_answer("/seen-in/a", "ann", "mailto:ann");
    let inside = active
        .split("<D:lockdiscovery>")
        .nth(1)
        .unwrap()
        .split("</D:lockdiscovery>")
        .next()
        .unwrap();
    let told = support::samples::propfind_answer("/seen-in/a", false).replace(
        "<D:getetag>",
        &format!("<D:lockdiscovery>{inside}</D:lockdiscovery><D:getetag>"),
    );
    lab.backend
        .on("PROPFIND /seen-in/a", support::backend::multistatus(told));
    let text = find("seen", "<D:getetag/><D:lockdiscovery/>");
    assert!(
        text.contains("activelock") && !text.contains("opaquelocktoken"),
        "{text}"
    );
}

// L-92: two seconds, for however many at once, and for whoever only reads none of them.
#[test]
fn slow_is_down() {
    let lab = lab(&format!("{{ store: redis, url: 'redis://{}/0' }}", silent()));
    let (shortest, longest) = (Duration::from_millis(1500), Duration::from_secs(8));
    std::thread::scope(|scope| {
        for number in 0..12 {
            let (lab, route) = (&lab, ["own", "seen"][number % 2]);
            scope.spawn(move || {
                let name = format!("slow {number}");
                let began = Instant::now();
                down(
                    lab,
                    &req(&name, "PUT", format!("/{route}/{number}")).by("ann").body("x"),
                );
                let took = began.elapsed();
                assert!(took > shortest && took < longest, "{name}: {took:?}");
            });
        }
        std::thread::sleep(Duration::from_millis(200));
        for request in reads("own") {
            let began = Instant::now();
            lab.pass(&request);
            let took = began.elapsed();
            assert!(took < shortest, "{} waits: {took:?}", request.name);
        }
    });
    let began = Instant::now();
    let request = req("a lock", "LOCK", "/own/a").by("ann").with("Depth", "0");
    down(&lab, &request.xml(LOCKINFO));
    assert!(began.elapsed() < longest, "{:?}", began.elapsed());
    lab.settle();
}

// L-91: who comes second waits for the file, and takes over with the locks that are in it; nothing is started anew.
#[test]
fn it_heals_with_all_locks() {
    let back_end = BackEnd::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locks.redb");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let holder = FileStore::new(path.clone());
    let new = NewLock {
        token: "urn:uuid:held".to_owned(),
        root: LockPath::stored(&format!("http://{}", back_end.address), "/own-in/held/").unwrap(),
        collection: false,
        depth: LockDepth::Zero,
        scope: LockScope::Exclusive,
        creator: "ann".to_owned(),
        owner: None,
        timeout: 600_000,
        claims: Vec::new(),
        submitted: Vec::new(),
        most: 10,
    };
    runtime.block_on(async {
        let until = Instant::now() + Duration::from_secs(10);
        while let Err(down) = holder.ping().await {
            assert!(Instant::now() < until, "{down}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        holder.lock(new).await.unwrap().unwrap();
    });
    let trust = "identity: { trusted_header: { user: X-User, from: [127.0.0.1] } }";
    let locks = format!("locks: {{ store: file, path: '{}' }}", path.display());
    let routes = ROUTES.replace("@BACK@", &back_end.address.to_string());
    let text = format!("listeners:\n  - address: @LISTEN@\n{trust}\n{locks}\nroutes:\n{routes}\n");
    let lab = Lab::of(Gateway::start(&text), back_end);
    let put = |name: &str, user: &str, target: &str| req(name, "PUT", target).by(user).body("x");
    down(&lab, &put("meanwhile", "bob", "/own/free"));
    down(&lab, &put("meanwhile, locked", "bob", "/own/held"));
    lab.gateway.errors_with("another process has it open");
    drop(holder);
    let until = Instant::now() + Duration::from_secs(20);
    while lab.ask(&put("again", "bob", "/own/other")).status == 503 {
        assert!(Instant::now() < until, "it does not heal");
        std::thread::sleep(Duration::from_millis(100));
    }
    lab.refuse_for(
        423,
        "lock-token-submitted",
        &put("afterwards, locked", "bob", "/own/held"),
    );
    lab.pass(&put("afterwards", "bob", "/own/free"));
    lab.pass(&put("afterwards, own", "ann", "/own/held").with("If", "(<urn:uuid:held>)"));
    lab.settle();
}
