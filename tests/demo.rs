//! `davgate demo` as a newcomer meets it: every request that its guide suggests gets the answer that the guide promises, twice over, and
//! everything is as before afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use davgate::cli::demo::{Step, steps};

struct Demo {
    process: Child,
    guide: String,
    address: SocketAddr,
}

impl Demo {
    /// Starts the demo on a free port and reads its guide.
    fn start(dir: &Path, more: &[&str]) -> Demo {
        let mut process = Command::new(env!("CARGO_BIN_EXE_davgate"))
            .args(["demo", "--listen", "127.0.0.1:0", "--dir"])
            .arg(dir)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut guide = String::new();
        let mut lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
        while !guide.contains("Stop with") {
            let Some(Ok(line)) = lines.next() else {
                panic!("the guide ends early:\n{guide}")
            };
            guide.push_str(&line);
            guide.push('\n');
        }
        let (_, after) = guide.split_once("http://").expect("an address in the guide");
        let address = after.split('/').next().unwrap_or_default().parse().expect("an address");
        let demo = Demo {
            process,
            guide,
            address,
        };
        let start = Instant::now();
        while TcpStream::connect(demo.address).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "nobody listens on {}",
                demo.address
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The whole answer to a step, head and body.
fn ask(address: SocketAddr, step: &Step) -> String {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n",
        step.method, step.path
    );
    for (name, value) in step.headers {
        head.push_str(&format!(
            "{name}: {}\r\n",
            value.replace("{base}", &format!("http://{address}"))
        ));
    }
    let body = step.body.unwrap_or_default();
    if step.body.is_some() {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Every file below a directory with its content, in order.
fn files(dir: &Path) -> Vec<(String, String)> {
    let mut open = vec![dir.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn the_guide_keeps_its_promises() {
    let top = tempfile::tempdir().unwrap();
    let dir = top.path().join("demo files");
    let demo = Demo::start(&dir, &[]);
    let base = format!("http://{}", demo.address);
    let before = files(&dir);
    assert!(!before.is_empty(), "samples");
    for round in 1..=2 {
        for step in steps() {
            let command = step.command(&base);
            let answer = ask(demo.address, &step);
            let promised = format!("HTTP/1.1 {} ", step.status);
            assert!(
                answer.starts_with(&promised),
                "round {round}: {command} is promised {promised}\n{answer}"
            );
            if let Some(text) = step.holds {
                let held = answer.to_lowercase().contains(&text.to_lowercase());
                assert!(held, "round {round}: {command} is promised {text:?}\n{answer}");
            }
        }
        assert_eq!(files(&dir), before, "round {round}");
    }
    assert!(
        demo.guide.contains(&dir.display().to_string()),
        "it names the directory"
    );
}

#[test]
fn the_back_end_can_be_asked_directly() {
    let top = tempfile::tempdir().unwrap();
    std::fs::write(top.path().join("own.txt"), "own").unwrap();
    let demo = Demo::start(top.path(), &["--backend-listen", "127.0.0.1:0"]);
    let line = demo
        .guide
        .lines()
        .find(|line| line.starts_with("The back end without the gateway"));
    let (_, after) = line.expect("its address").split_once("http://").unwrap();
    let direct = after.split('/').next().unwrap_or_default().parse().unwrap();
    let get = Step {
        method: "GET",
        path: "/own.txt",
        headers: &[],
        body: None,
        status: 200,
        holds: None,
        shows: "",
    };
    assert!(ask(direct, &get).ends_with("\r\n\r\nown"));
    assert!(
        ask(
            demo.address,
            &Step {
                path: "/files/own.txt",
                ..get
            }
        )
        .ends_with("own")
    );
    assert_eq!(files(top.path()).len(), 1, "no samples among the files of others");
}

#[test]
fn the_printed_configuration_is_the_policy() {
    let top = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_davgate"))
        .args(["demo", "--print-config", "--dir"])
        .arg(top.path().join("files"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("path: /keep/**") && text.contains("127.0.0.1:8080"),
        "{text}"
    );
    assert!(!top.path().join("files").exists(), "it only prints");
    let file = top.path().join("davgate.yaml");
    std::fs::create_dir(top.path().join("files")).unwrap();
    std::fs::write(&file, text).unwrap();
    let check = Command::new(env!("CARGO_BIN_EXE_davgate"))
        .arg("check")
        .arg(&file)
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn what_stands_in_the_way_is_said() {
    let top = tempfile::tempdir().unwrap();
    let file = top.path().join("file");
    std::fs::write(&file, "").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let rows: [(&str, [&str; 4], &str); 3] = [
        (
            "a taken port",
            ["--listen", &address, "--dir", "files"],
            "choose another with --listen",
        ),
        (
            "a file",
            ["--listen", "127.0.0.1:0", "--dir", "file"],
            "expected a directory",
        ),
        (
            "not loopback",
            ["--listen", "127.0.0.1:0", "--backend-listen", "0.0.0.0:0"],
            "not a loopback address",
        ),
    ];
    for (name, arguments, want) in rows {
        let output = Command::new(env!("CARGO_BIN_EXE_davgate"))
            .arg("demo")
            .args(arguments)
            .current_dir(top.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(want), "{name}: {said}");
    }
}
