//! `davgate check`: alone, it is about the file and touches nothing else; with `--connect`, it asks the lock store and every back end, and
//! changes neither.
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
use std::path::Path;
use std::process::Command;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use std::time::{Duration, Instant};

use support::backend::{BackEnd, answer};
use support::gateway::Gateway;
use support::lab::Lab;
use support::wire::Client;
use tempfile::TempDir;

/// Somebody who counts connections and never says a word.
struct Silent {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Silent {
    fn start() -> Silent {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {});
            }
        });
        Silent { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// The files beside a configuration, by name.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("davgate.yaml"), text).unwrap();
    folder
}

/// Runs `davgate ARGUMENTS davgate.yaml` in `folder`: exit code, output, errors.
fn davgate(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_davgate"));
    command.current_dir(folder.path()).args(arguments).arg("davgate.yaml");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A file that names a Redis, a back end, one that proves passwords, and keys at a URL, which are all at `address`.
fn everything_at(address: SocketAddr, locks: &str) -> String {
    format!(
        "listeners: [{{ address: '127.0.0.1:1' }}]\naccess_log: logs/access.log\nidentity:\n  backend: {{ verify: /a/secret }}\n  \
         bearer: {{ issuer: i, audience: a, jwks_url: 'http://{address}/keys' }}\nlocks: {locks}\nroutes:\n  - path: /a/\n    backend: \
         {{ url: 'http://{address}/' }}\n    locking: emulate\n"
    )
}

#[test]
fn alone_it_touches_nothing() {
    let there = Silent::start();
    let redis = format!("{{ store: redis, url: 'redis://{}/0' }}", there.address);
    for locks in ["{ store: file, path: locks.redb }", redis.as_str()] {
        let folder = folder(&everything_at(there.address, locks));
        let began = Instant::now();
        let (code, out, err) = davgate(&folder, &["check"]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(out.contains("locks file ") || out.contains("locks redis "), "{out}");
        assert_eq!(names(folder.path()), ["davgate.yaml"], "{locks}");
        assert!(began.elapsed() < Duration::from_secs(5), "it waits for somebody");
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(there.connections(), 0);
    // The twin: whoever does connect is counted.
    drop(std::net::TcpStream::connect(there.address).unwrap());
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(there.connections(), 1);
}

// L-92: a store that is silent keeps nobody waiting for long, and what is not as it should be is an error, each with its name.
#[test]
fn with_connect_it_asks_the_store() {
    let (back_end, silent) = (BackEnd::start(), Silent::start());
    let text = |locks: &str| {
        format!(
            "listeners: [{{ address: '127.0.0.1:1' }}]\nidentity: {{ trusted_header: {{ user: X-User, from: [127.0.0.1] }} }}\nlocks: \
             {locks}\nroutes:\n  - {{ name: a, path: /a/, locking: emulate, backend: {{ url: 'http://{}/a-in/' }} }}\n",
            back_end.address
        )
    };
    let redis = |address: &str| text(&format!("{{ store: redis, url: 'redis://{address}/0' }}"));
    for (name, text, said) in [
        (
            "nobody there",
            redis("127.0.0.1:1"),
            "error: locks redis redis://127.0.0.1:1/0: the lock store does not answer",
        ),
        ("silent", redis(&silent.address.to_string()), "it takes more than 2 s"),
        (
            "no folder",
            text("{ store: file, path: state/locks.redb }"),
            "cannot be made",
        ),
    ] {
        let folder = folder(&text);
        let began = Instant::now();
        let (code, out, err) = davgate(&folder, &["check", "--connect"]);
        assert_eq!(code, 1, "{name}: {out} {err}");
        assert!(err.contains(said) && err.lines().count() == 1, "{name}: {err}");
        assert!(
            out.contains("route a: ") && out.contains("answers 200"),
            "{name}: {out}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{name}: {:?}",
            began.elapsed()
        );
        assert_eq!(names(folder.path()), ["davgate.yaml"], "{name}");
    }
    assert!(silent.connections() > 0);
    // The twin; the file is left to the gateway to make.
    let folder = folder(&text("{ store: file, path: locks.redb }"));
    let (code, out, err) = davgate(&folder, &["check", "--connect"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("locks.redb: will be made"), "{out}");
    assert_eq!(names(folder.path()), ["davgate.yaml"]);
}

#[test]
fn with_connect_it_asks_every_back_end_and_changes_nothing() {
    let back_end = BackEnd::start();
    let route =
        |name: &str, url: &str| format!("  - {{ name: {name}, path: /{name}/, backend: {{ url: '{url}' }} }}\n");
    let at = |path: &str| format!("http://{}/{path}/", back_end.address);
    let routes = [
        route("fine", &at("fine")),
        route("asks", &at("asks")),
        route("broken", &at("broken")),
        route("nowhere", "http://127.0.0.1:1/"),
    ];
    back_end.on(
        "/asks/",
        answer("401 Unauthorized", &[("WWW-Authenticate", "Basic realm=\"a\"")], ""),
    );
    back_end.on("/broken/", answer("503 Service Unavailable", &[], ""));
    let text = |routes: &[String]| {
        format!(
            "listeners: [{{ address: '127.0.0.1:1' }}]\nroutes:\n{}",
            routes.concat()
        )
    };
    let (code, out, err) = davgate(&folder(&text(&routes)), &["check", "--connect"]);
    assert_eq!(code, 1, "{out} {err}");
    for line in ["route fine: http://", "route asks: http://", "locks: in memory"] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let errors: Vec<&str> = err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(errors.len() == 2, "{err}");
    assert!(
        errors[0].contains("route broken: ") && errors[0].contains("503"),
        "{err}"
    );
    assert!(errors[1].contains("route nowhere: "), "{err}");
    let seen = back_end.requests();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(
        seen.iter().all(|seen| seen.method == "OPTIONS" && seen.body.is_empty()),
        "{seen:?}"
    );
    // The twin: only what is good.
    let (code, out, err) = davgate(&folder(&text(&routes[..2])), &["check", "--connect"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
}

/// The addresses of this machine that are not the loopback's.
fn own_addresses() -> Vec<std::net::IpAddr> {
    let own = if_addrs::get_if_addrs().unwrap();
    let mut own: Vec<_> = own.iter().map(if_addrs::Interface::ip).collect();
    own.retain(|ip| ip.is_ipv4() && !ip.is_loopback());
    own.sort();
    own.dedup();
    own
}

const ADMIN: &str = "admin: { address: '@ADMIN@' }\n";

/// A route to `back_end`, with more of `backend:`.
fn one_route(more: &str) -> String {
    format!(
        "listeners: [{{ address: '@LISTEN@' }}]\nroutes:\n  - {{ name: a, path: /a/, backend: {{ url: 'http://@BACK@/a-in/'{more} }} }}\n"
    )
}

// A back end that answers where others reach it: a warning for each address, without an error. On a machine that has no address but the
// loopback's nothing can be found; src/gateway/elsewhere_tests.rs tries that with addresses of the loopback.
#[test]
fn a_back_end_that_is_reached_past_the_gateway_is_told() {
    let (hidden, open) = (BackEnd::start(), BackEnd::on_all_of("0.0.0.0"));
    let own = own_addresses();
    for (back_end, more, warned) in [
        (&hidden, "", 0),
        (&open, "", own.len()),
        (&open, ", elsewhere: allow", 0),
    ] {
        let text = one_route(more).replace("@LISTEN@", "127.0.0.1:1");
        let text = text.replace("@BACK@", &back_end.address.to_string());
        let (code, out, err) = davgate(&folder(&text), &["check", "--connect"]);
        assert_eq!(code, 0, "{out} {err}");
        let lines: Vec<&str> = err.lines().collect();
        assert_eq!(lines.len(), warned, "{err}");
        for (line, ip) in lines.iter().zip(&own) {
            let found = format!(
                "warning: the back end http://{} answers on {ip}:{} too:",
                back_end.address,
                back_end.address.port()
            );
            assert!(line.starts_with(&found), "{line}");
        }
    }
    // Nobody was told who we are, and nothing was asked but what is there.
    for seen in open.requests() {
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("OPTIONS", "/a-in/"));
        assert_eq!(seen.header("authorization"), None);
    }
    // So says the gateway that runs.
    let text = format!("{ADMIN}{}", one_route("")).replace("@BACK@", &open.address.to_string());
    let lab = Lab::of(Gateway::start(&text), open);
    let line = format!(
        "davgate_back_end_elsewhere{{back_end=\"http://{}\"}} {}",
        lab.backend.address,
        own.len()
    );
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut client = Client::connect(lab.gateway.admin);
        client.send(b"GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n");
        let answer = client.answer(false).text();
        if answer.lines().any(|found| found == line) {
            break;
        }
        assert!(Instant::now() < until, "{line}: {answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
    for ip in own {
        lab.gateway.errors_with(&format!("answers on {ip}:"));
    }
}
