//! A recording HTTP/1.1 back end: keeps every byte and every request, answers like a DAV server or as a test scripted it.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::samples;

/// One request as the back end read it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method token.
    pub method: String,
    /// Request target as received.
    pub target: String,
    /// Header lines in order, names as received.
    pub headers: Vec<(String, String)>,
    /// Body without its transfer coding, as far as it came.
    pub body: Vec<u8>,
    /// Whether the body ended as its framing promised.
    pub whole: bool,
}

impl Seen {
    /// First value of the header `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values of the header `name`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One step of a scripted answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// As the first one: answer without reading the body.
    Early,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Wait.
    Pause(Duration),
    /// Close the connection, whatever was promised.
    Close,
}

/// A scripted answer from its bytes; the connection stays open.
pub fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    let mut out = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-length"))
    {
        out.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    vec![Step::Send(out)]
}

/// A 207 with this body.
pub fn multistatus(body: impl AsRef<[u8]>) -> Vec<Step> {
    answer(
        "207 Multi-Status",
        &[("Content-Type", "application/xml; charset=\"utf-8\"")],
        body,
    )
}

#[derive(Default)]
struct Record {
    bytes: Vec<Vec<u8>>,
    requests: Vec<Seen>,
    /// What is played one after the other; the last one stays.
    scripts: HashMap<String, VecDeque<Vec<Step>>>,
}

/// The back end; it listens until the test process ends.
pub struct BackEnd {
    /// Where it listens.
    pub address: SocketAddr,
    record: Arc<Mutex<Record>>,
}

impl BackEnd {
    /// Starts listening on a free port of 127.0.0.1.
    pub fn start() -> BackEnd {
        BackEnd::on_all_of("127.0.0.1")
    }

    /// Starts listening on a free port of these addresses of this machine: one, or `0.0.0.0`. It is reached on 127.0.0.1.
    pub fn on_all_of(ip: &str) -> BackEnd {
        let listener = TcpListener::bind((ip, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let record = Arc::new(Mutex::new(Record::default()));
        let shared = Arc::clone(&record);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let record = Arc::clone(&shared);
                std::thread::spawn(move || Connection::new(stream, record).serve());
            }
        });
        BackEnd { address, record }
    }

    /// Scripts the answer for `METHOD /path` or, for every method, `/path` (internal path without query); `/path`, a line break
    /// and an Authorization come before both.
    pub fn on(&self, key: &str, steps: Vec<Step>) {
        self.on_each(key, [steps]);
    }

    /// As [`BackEnd::on`], for one request after the other; the last answer stays.
    pub fn on_each(&self, key: &str, answers: impl IntoIterator<Item = Vec<Step>>) {
        self.lock()
            .scripts
            .insert(key.to_owned(), answers.into_iter().collect());
    }

    /// Every request so far, in the order of their headers.
    pub fn requests(&self) -> Vec<Seen> {
        self.lock().requests.clone()
    }

    /// Requests that carried `X-Case: name`.
    pub fn case(&self, name: &str) -> Vec<Seen> {
        self.requests()
            .into_iter()
            .filter(|seen| seen.header("x-case") == Some(name))
            .collect()
    }

    /// Requests for this internal path, query included.
    pub fn at(&self, target: &str) -> Vec<Seen> {
        self.requests()
            .into_iter()
            .filter(|seen| seen.target == target)
            .collect()
    }

    /// Whether these bytes arrived on any connection, in whatever disguise.
    pub fn saw(&self, needle: &str) -> bool {
        let record = self.lock();
        record
            .bytes
            .iter()
            .any(|bytes| memchr::memmem::find(bytes, needle.as_bytes()).is_some())
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.lock().bytes.len()
    }

    /// How many bytes arrived in all.
    pub fn byte_count(&self) -> usize {
        self.lock().bytes.iter().map(Vec::len).sum()
    }

    /// Waits until a request of this case has come completely or was given up, at most three seconds.
    pub fn wait_for(&self, check: impl Fn(&[Seen]) -> bool) -> bool {
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            if check(&self.requests()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().expect("no test panics while it holds the record")
    }
}

/// The next of several answers.
fn next(answers: &mut VecDeque<Vec<Step>>) -> Option<Vec<Step>> {
    if answers.len() > 1 {
        answers.pop_front()
    } else {
        answers.front().cloned()
    }
}

/// The steps of an answer to HEAD: whatever follows the header would be taken for the next answer.
fn without_body(steps: Vec<Step>) -> Vec<Step> {
    let cut = |step| match step {
        Step::Send(mut bytes) => {
            let end = memchr::memmem::find(&bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
            bytes.truncate(end);
            Step::Send(bytes)
        }
        other => other,
    };
    steps.into_iter().map(cut).collect()
}

/// What is kept of each connection, so that uploads of many megabytes do not fill the memory.
const KEPT: usize = 1 << 20;

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    record: Arc<Mutex<Record>>,
    number: usize,
}

impl Connection {
    fn new(stream: TcpStream, record: Arc<Mutex<Record>>) -> Connection {
        let number = {
            let mut record = record.lock().expect("record");
            record.bytes.push(Vec::new());
            record.bytes.len() - 1
        };
        let _ = stream.set_nodelay(true);
        Connection {
            stream,
            buffer: Vec::new(),
            record,
            number,
        }
    }

    fn serve(mut self) {
        while let Some(seen) = self.read_head() {
            let path = seen.target.split('?').next().unwrap_or_default().to_owned();
            let (index, script) = {
                let mut record = self.record.lock().expect("record");
                record.requests.push(seen.clone());
                let authorization = seen.header("authorization").unwrap_or_default();
                let keys = [
                    format!("{path}\n{authorization}"),
                    format!("{} {path}", seen.method),
                    path.clone(),
                ];
                let key = keys.iter().find(|key| record.scripts.contains_key(*key));
                let script = key.and_then(|key| record.scripts.get_mut(key)).and_then(next);
                (record.requests.len() - 1, script)
            };
            if let Some([Step::Early, steps @ ..]) = script.as_deref() {
                self.play(steps.to_vec());
                while self.fill() {}
                return;
            }
            if seen.header("expect").is_some() && self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_err() {
                return;
            }
            let whole = self.read_body(&seen, index).is_some();
            if let Some(request) = self.record.lock().expect("record").requests.get_mut(index) {
                request.whole = whole;
            }
            let steps = script.unwrap_or_else(|| samples::default_answer(&seen.method, &path));
            let steps = if seen.method == "HEAD" {
                without_body(steps)
            } else {
                steps
            };
            if !whole || !self.play(steps) {
                return;
            }
        }
    }

    /// Plays the steps; false when the connection is to be closed.
    fn play(&mut self, steps: Vec<Step>) -> bool {
        for step in steps {
            match step {
                Step::Send(bytes) => {
                    if self.stream.write_all(&bytes).is_err() {
                        return false;
                    }
                }
                Step::Pause(time) => std::thread::sleep(time),
                Step::Early => {}
                Step::Close => return false,
            }
        }
        true
    }

    fn read_head(&mut self) -> Option<Seen> {
        let end = self.fill_until(b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end + 4);
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let method = words.next()?.to_owned();
        let target = words.next().unwrap_or_default().to_owned();
        let split = |line: &str| {
            line.split_once(':')
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        };
        Some(Seen {
            method,
            target,
            headers: lines.filter_map(split).collect(),
            body: Vec::new(),
            whole: false,
        })
    }

    fn read_body(&mut self, seen: &Seen, index: usize) -> Option<()> {
        if seen.header("transfer-encoding").is_some() {
            loop {
                let end = self.fill_until(b"\r\n")?;
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
                self.take(size, index)?;
                let end = self.fill_until(b"\r\n")?;
                self.buffer.drain(..end + 2);
                if size == 0 {
                    return Some(());
                }
            }
        }
        let length = seen
            .header("content-length")
            .map_or(Some(0), |value| value.parse().ok())?;
        self.take(length, index)
    }

    fn take(&mut self, length: usize, index: usize) -> Option<()> {
        let mut missing = length;
        while missing > 0 {
            if self.buffer.is_empty() && !self.fill() {
                return None;
            }
            let piece: Vec<u8> = self.buffer.drain(..missing.min(self.buffer.len())).collect();
            missing -= piece.len();
            if let Some(request) = self.record.lock().expect("record").requests.get_mut(index) {
                request.body.extend_from_slice(&piece);
            }
        }
        Some(())
    }

    fn fill_until(&mut self, mark: &[u8]) -> Option<usize> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.buffer, mark) {
                return Some(at);
            }
            if !self.fill() {
                return None;
            }
        }
    }

    fn fill(&mut self) -> bool {
        let mut chunk = [0; 16384];
        match self.stream.read(&mut chunk) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&chunk[..count]);
                let mut record = self.record.lock().expect("record");
                if let Some(bytes) = record.bytes.get_mut(self.number).filter(|bytes| bytes.len() < KEPT) {
                    bytes.extend_from_slice(&chunk[..count]);
                }
                true
            }
        }
    }
}
