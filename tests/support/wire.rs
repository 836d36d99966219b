//! The client side: requests as bytes, answers parsed as strictly as a careful client would (RFC 9112).

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a client waits for an answer before the test fails.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// One answer as it came over the wire.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Status code; 0 when the connection ended before a status line.
    pub status: u16,
    /// Header lines in order, names as received.
    pub headers: Vec<(String, String)>,
    /// Body after removing the transfer coding.
    pub body: Vec<u8>,
    /// Whether the framing says that the body came completely.
    pub whole: bool,
    /// Interim answers (1xx) before this one.
    pub interim: Vec<u16>,
}

impl Answer {
    /// First value of the header `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, for assertions on XML.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the body is the `DAV:error` of ERR-1 with this condition.
    pub fn has_condition(&self, condition: &str) -> bool {
        let xml = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/xml"));
        xml && self.text().contains("error") && self.text().contains(&format!(":{condition}"))
    }

    /// Whether one of the comma-separated members of a header is `member`.
    pub fn lists(&self, name: &str, member: &str) -> bool {
        let mut values = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        values.any(|(_, value)| value.split(',').any(|part| part.trim() == member))
    }
}

/// One client connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, with deadlines on every read and write.
    pub fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).expect("the gateway accepts connections");
        stream.set_read_timeout(Some(DEADLINE)).expect("read deadline");
        stream.set_write_timeout(Some(DEADLINE)).expect("write deadline");
        stream.set_nodelay(true).expect("no delay");
        Client {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Sends bytes; an error is ignored, since a refusal may close the connection while we still send.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Sends the pieces with a pause between them, to cut messages where a parser may trip.
    pub fn send_pieces(&mut self, pieces: &[&[u8]], pause: Duration) {
        for piece in pieces {
            self.send(piece);
            std::thread::sleep(pause);
        }
    }

    /// Says that nothing more will be sent.
    pub fn half_close(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Reads one final answer. `head` says that no body follows whatever the headers say.
    pub fn answer(&mut self, head: bool) -> Answer {
        let mut interim = Vec::new();
        loop {
            let mut answer = self.read_head();
            if (100..200).contains(&answer.status) {
                interim.push(answer.status);
                continue;
            }
            answer.interim = interim;
            if answer.status != 0 {
                self.read_body(&mut answer, head);
            }
            return answer;
        }
    }

    /// Reads only the header of the next answer, interim or final.
    pub fn read_head(&mut self) -> Answer {
        let mut answer = Answer::default();
        let Some(end) = self.fill_until(b"\r\n\r\n") else {
            return answer;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end + 4);
        let mut lines = head.split("\r\n");
        answer.status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .unwrap_or(0);
        for line in lines {
            if let Some((name, value)) = line.split_once(':') {
                answer.headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        answer
    }

    /// Whether the peer says something within `wait`, or closes the connection; nothing is taken of it.
    pub fn hears_within(&mut self, wait: Duration) -> bool {
        let _ = self.stream.set_read_timeout(Some(wait));
        let heard = self.stream.peek(&mut [0]);
        let _ = self.stream.set_read_timeout(Some(DEADLINE));
        heard.is_ok()
    }

    /// Takes at most `most` bytes of what comes, with `pause` after each piece; says how many came.
    pub fn take_slowly(&mut self, most: usize, piece: usize, pause: Duration) -> usize {
        let mut space = vec![0; piece];
        let mut taken = std::mem::take(&mut self.buffer).len();
        while taken < most {
            match self.stream.read(&mut space) {
                Ok(0) | Err(_) => break,
                Ok(count) => taken += count,
            }
            std::thread::sleep(pause);
        }
        taken
    }

    /// Whether the peer closes the connection within `wait`; whatever it still sends is thrown away.
    pub fn closed_within(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let mut scratch = [0; 4096];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let _ = self.stream.set_read_timeout(Some(left));
            match self.stream.read(&mut scratch) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    return !matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    );
                }
            }
        }
    }

    fn read_body(&mut self, answer: &mut Answer, head: bool) {
        if head || answer.status == 204 || answer.status == 304 {
            answer.whole = true;
            return;
        }
        if answer
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
        {
            answer.whole = self.read_chunks(&mut answer.body).is_some();
        } else if let Some(length) = answer
            .header("content-length")
            .and_then(|value| value.parse::<usize>().ok())
        {
            while self.buffer.len() < length && self.fill() {}
            let take = length.min(self.buffer.len());
            answer.body = self.buffer.drain(..take).collect();
            answer.whole = answer.body.len() == length;
        } else {
            while self.fill() {}
            answer.body = std::mem::take(&mut self.buffer);
            answer.whole = true;
        }
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        loop {
            let end = self.fill_until(b"\r\n")?;
            let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
            self.buffer.drain(..end + 2);
            let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
            if size == 0 {
                let end = self.fill_until(b"\r\n")?;
                self.buffer.drain(..end + 2);
                return Some(());
            }
            while self.buffer.len() < size + 2 {
                if !self.fill() {
                    let have = size.min(self.buffer.len());
                    body.extend(self.buffer.drain(..have));
                    return None;
                }
            }
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
        }
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
                true
            }
        }
    }
}

/// Sends raw bytes on a fresh connection and reads one answer.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut client = Client::connect(address);
    client.send(bytes);
    client.answer(bytes.starts_with(b"HEAD "))
}

/// A request to be built: the name of the case travels as `X-Case`, so that the back end can be asked whether it came.
#[derive(Debug, Clone)]
pub struct Req {
    /// Name of the case; unique within one test file.
    pub name: String,
    /// Method, sent as it is.
    pub method: String,
    /// Request target, sent as it is (bytes, so that raw UTF-8 and rubbish can be sent).
    pub target: Vec<u8>,
    /// `Host` value; empty = no Host line.
    pub host: String,
    /// Further header lines, in order.
    pub headers: Vec<(String, String)>,
    /// Body; `None` = no Content-Length line at all.
    pub body: Option<Vec<u8>>,
    /// Whether the body is sent chunked instead of with Content-Length.
    pub chunked: bool,
    /// Whether it is sent in HTTP/1.0, on a connection that is to stay open; never chunked then.
    pub old: bool,
}

/// A request with the default host of the tests.
pub fn req(name: &str, method: &str, target: impl AsRef<[u8]>) -> Req {
    Req {
        name: name.to_owned(),
        method: method.to_owned(),
        target: target.as_ref().to_vec(),
        host: "dav.test".to_owned(),
        headers: Vec::new(),
        body: None,
        chunked: false,
        old: false,
    }
}

impl Req {
    /// Adds a header line.
    pub fn with(mut self, name: &str, value: &str) -> Req {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Says who asks, in a lab that was made with [`super::lab::Lab::with_users`]; empty is nobody.
    pub fn by(self, user: &str) -> Req {
        if user.is_empty() {
            self
        } else {
            self.with("X-User", user)
        }
    }

    /// Replaces the Host value.
    pub fn host(mut self, host: &str) -> Req {
        host.clone_into(&mut self.host);
        self
    }

    /// Adds a body, sent with Content-Length.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Req {
        self.body = Some(body.as_ref().to_vec());
        self
    }

    /// Adds an XML body with its media type.
    pub fn xml(self, body: impl AsRef<[u8]>) -> Req {
        self.with("Content-Type", "application/xml; charset=\"utf-8\"")
            .body(body)
    }

    /// Sends the body chunked.
    pub fn chunked(mut self) -> Req {
        self.chunked = true;
        self
    }

    /// Sends it in HTTP/1.0.
    pub fn old(mut self) -> Req {
        self.old = true;
        self
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    /// The bytes on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} ", self.method).into_bytes();
        out.extend_from_slice(&self.target);
        out.extend_from_slice(if self.old { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
        if self.old && !self.has("connection") {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        if !self.host.is_empty() {
            out.extend_from_slice(format!("Host: {}\r\n", self.host).as_bytes());
        }
        out.extend_from_slice(format!("X-Case: {}\r\n", self.name).as_bytes());
        for (name, value) in &self.headers {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        match &self.body {
            Some(body) if self.chunked && !self.old => {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for piece in body.chunks(1000) {
                    out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                    out.extend_from_slice(piece);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n\r\n");
            }
            Some(body) => {
                out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                out.extend_from_slice(body);
            }
            None => out.extend_from_slice(b"\r\n"),
        }
        out
    }
}
