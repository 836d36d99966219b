//! The real program: started with a configuration on a free port, ended with the test process.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Ends the gateway when the test process is gone, however it ended: `cat` sees the end of its input then. A gateway kept in a
/// static is never dropped, so `Drop` alone would leave it running.
const GUARD: &str = r#""$0" run "$1" & p=$!; exec >/dev/null 2>/dev/null; cat; kill -9 $p"#;

/// A running gateway.
pub struct Gateway {
    /// Public listener.
    pub address: SocketAddr,
    /// Admin listener, when the configuration uses the placeholder for it.
    pub admin: SocketAddr,
    guard: Child,
    output: Arc<Mutex<Vec<String>>>,
    errors: Arc<Mutex<Vec<String>>>,
    directory: TempDir,
}

impl Gateway {
    /// Starts the program. `configuration` is YAML in which `@LISTEN@` and `@ADMIN@` stand for the two addresses.
    pub fn start(configuration: &str) -> Gateway {
        Gateway::start_beside(configuration, &[])
    }

    /// As [`Gateway::start`], with these files (name and content) beside the configuration.
    pub fn start_beside(configuration: &str, files: &[(&str, String)]) -> Gateway {
        let (address, admin) = (free_address(), free_address());
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("davgate.yaml");
        let text = configuration
            .replace("@LISTEN@", &address.to_string())
            .replace("@ADMIN@", &admin.to_string());
        std::fs::write(&file, text).expect("the configuration can be written");
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content).expect("the file can be written");
        }
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, env!("CARGO_BIN_EXE_davgate")])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts the gateway");
        let ended = Arc::new(AtomicBool::new(false));
        let output = collect(guard.stdout.take().expect("stdout"), Arc::clone(&ended));
        let errors = collect(guard.stderr.take().expect("stderr"), Arc::new(AtomicBool::new(false)));
        let gateway = Gateway {
            address,
            admin,
            guard,
            output,
            errors,
            directory,
        };
        gateway.wait_until_ready(&ended, configuration.contains("@ADMIN@"));
        gateway
    }

    /// Starts the program with a listener and these routes (a YAML list, indented as it likes).
    pub fn with_routes(routes: &str) -> Gateway {
        Gateway::start(&format!(
            "listeners:\n  - address: @LISTEN@\nadmin: {{ address: '@ADMIN@' }}\nroutes:\n{routes}\n"
        ))
    }

    /// Where the configuration lies; relative files of a configuration are found beside it.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The lines on standard output so far that are of the access log.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.output.lock().expect("lines").clone();
        lines.into_iter().filter(|line| !is_of_audit(line)).collect()
    }

    /// The lines on standard output so far that are of the audit log.
    pub fn audit_lines(&self) -> Vec<String> {
        let lines = self.output.lock().expect("lines").clone();
        lines.into_iter().filter(|line| is_of_audit(line)).collect()
    }

    /// Waits until an audit log line holds `text` and returns it as JSON.
    pub fn audit_of(&self, text: &str) -> serde_json::Value {
        json(&await_line(text, || self.audit_lines()))
    }

    /// The lines on standard error so far.
    pub fn errors(&self) -> Vec<String> {
        self.errors.lock().expect("lines").clone()
    }

    /// Waits until a line on standard error holds `text` and returns all lines so far.
    pub fn errors_with(&self, text: &str) -> Vec<String> {
        await_line(text, || self.errors());
        self.errors()
    }

    /// Waits until an access log line holds `text` and returns it as JSON.
    pub fn log_of(&self, text: &str) -> serde_json::Value {
        json(&await_line(text, || self.lines()))
    }

    /// Waits for the public listener, and for the admin listener where there is one: they open one after the other.
    fn wait_until_ready(&self, ended: &AtomicBool, has_admin: bool) {
        let until = Instant::now() + Duration::from_secs(20);
        let mut waited_for = vec![self.address];
        waited_for.extend(has_admin.then_some(self.admin));
        while Instant::now() < until && !ended.load(Ordering::SeqCst) {
            waited_for.retain(|address| TcpStream::connect_timeout(address, Duration::from_millis(200)).is_err());
            if waited_for.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!(
            "the gateway did not start, {waited_for:?}:\n{}",
            self.errors().join("\n")
        );
    }
}

fn is_of_audit(line: &str) -> bool {
    line.starts_with(r#"{"log":"audit","#)
}

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).expect("a line of a log is JSON")
}

fn await_line(text: &str, lines: impl Fn() -> Vec<String>) -> String {
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        if let Some(line) = lines().into_iter().find(|line| line.contains(text)) {
            return line;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("no line of the log holds {text:?}; there is: {:#?}", lines());
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// An address below the range from which the system takes ports for outgoing connections, so that nothing else grabs it
/// between this look and the start of the gateway.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let seed = u16::try_from(std::process::id() % 199).unwrap_or_default() * 100;
    loop {
        let port = 10_000 + (seed + NEXT.fetch_add(1, Ordering::SeqCst)) % 20_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

fn collect(source: impl Read + Send + 'static, ended: Arc<AtomicBool>) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            shared.lock().expect("lines").push(line);
        }
        ended.store(true, Ordering::SeqCst);
    });
    lines
}
