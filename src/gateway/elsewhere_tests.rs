use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;
use crate::config;

/// Somebody who answers every connection on a free port of `ip` with these bytes.
fn server(ip: &str, answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((ip, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            drop(stream.read(&mut [0; 4096]));
            drop(stream.write_all(answer));
        }
    });
    port
}

const ANSWER: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

/// What is found of these back ends on a machine whose addresses, beside 127.0.0.1, are 127.0.0.2 and 127.0.0.3.
fn look(listener: &str, back_ends: &[String]) -> Vec<String> {
    let routes: String = (back_ends.iter().enumerate())
        .map(|(number, url)| format!("  - {{ name: r{number}, path: /{number}/, backend: {{ {url} }} }}\n"))
        .collect();
    let text = format!("listeners: [{{ address: '{listener}' }}]\nroutes:\n{routes}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("davgate.yaml");
    std::fs::write(&file, text).unwrap();
    let policy = config::load(&file).unwrap().policy;
    let upstreams = policy.routes.iter().zip(0..);
    let upstreams: Vec<Arc<Upstream>> = upstreams
        .map(|(route, number)| Arc::new(Upstream::new(&route.backend, number, None)))
        .collect();
    let mut elsewhere = Elsewhere::new(&policy, &upstreams, &Arc::new(Transactor::new()));
    elsewhere.own = || Ok(vec!["127.0.0.2:0".parse().unwrap(), "127.0.0.3:0".parse().unwrap()]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let found = runtime.block_on(elsewhere.look()).unwrap();
    found.iter().map(|exposed| exposed.address.to_string()).collect()
}

fn url(host: &str, port: u16) -> String {
    format!("url: 'http://{host}:{port}/dav/'")
}

#[test]
fn a_back_end_that_answers_everywhere_is_found_once_for_each_address() {
    let port = server("0.0.0.0", ANSWER);
    let found = [format!("127.0.0.2:{port}"), format!("127.0.0.3:{port}")];
    assert_eq!(look("127.0.0.1:1", &[url("127.0.0.1", port)]), found);
    assert_eq!(look("127.0.0.1:1", &[url("localhost", port)]), found);
    assert_eq!(
        look("127.0.0.1:1", &[url("127.0.0.1", port), url("127.0.0.1", port)]),
        found
    );
    // The address that the route itself names can be reached by others too.
    assert_eq!(look("127.0.0.1:1", &[url("127.0.0.2", port)]), found);
}

#[test]
fn what_nobody_else_reaches_is_not_found() {
    let port = server("127.0.0.1", ANSWER);
    assert!(look("127.0.0.1:1", &[url("127.0.0.1", port)]).is_empty());
    let everywhere = server("0.0.0.0", ANSWER);
    let allowed = format!("{}, elsewhere: allow", url("127.0.0.1", everywhere));
    assert!(look("127.0.0.1:1", &[allowed]).is_empty());
    let warned = format!("{}, elsewhere: warn", url("127.0.0.1", everywhere));
    assert_eq!(look("127.0.0.1:1", &[warned]).len(), 2);
    // Another machine: nothing is tried.
    assert!(look("127.0.0.1:1", &[url("192.0.2.77", everywhere)]).is_empty());
    let folder = tempfile::tempdir().unwrap();
    assert!(look("127.0.0.1:1", &[format!("embedded: '{}'", folder.path().display())]).is_empty());
}

#[test]
fn the_gateway_itself_is_not_taken_for_a_back_end() {
    let port = server("0.0.0.0", ANSWER);
    let back_end = [url("127.0.0.1", port)];
    assert_eq!(
        look(&format!("127.0.0.2:{port}"), &back_end),
        [format!("127.0.0.3:{port}")]
    );
    assert!(look(&format!("0.0.0.0:{port}"), &back_end).is_empty());
}

// Something listens, and is no HTTP server.
#[test]
fn what_does_not_answer_is_not_found() {
    let port = server("0.0.0.0", b"");
    assert!(look("127.0.0.1:1", &[url("127.0.0.1", port)]).is_empty());
}

#[test]
fn own_addresses_are_none_of_the_loopback() {
    for address in own_addresses().unwrap() {
        assert!(!address.ip().is_loopback() && address.port() == 0, "{address}");
    }
}
