//! Two clients of HTTP/2: one that speaks it well, and one that sends frames as it is told.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Request};

/// How long anything may take.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

/// A request: what is not said is left out.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    pub method: &'a str,
    /// In the form `/path?query`.
    pub target: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
    /// One DATA frame for each.
    pub body: Vec<&'a str>,
    /// Whether the body ends with an empty DATA frame.
    pub empty_end: bool,
    pub trailers: Vec<(&'static str, &'static str)>,
}

/// A request of `method` for `target`.
pub fn ask<'a>(method: &'a str, target: &'a str) -> Ask<'a> {
    Ask {
        method,
        target,
        ..Ask::default()
    }
}

impl<'a> Ask<'a> {
    pub fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn body(mut self, pieces: &[&'a str]) -> Self {
        self.body = pieces.to_vec();
        self
    }

    pub fn ends_empty(mut self) -> Self {
        self.empty_end = true;
        self
    }
}

/// A connection that speaks HTTP/2 well.
pub struct Peer {
    runtime: tokio::runtime::Runtime,
    send: h2::client::SendRequest<Bytes>,
    /// How requests begin: `http://dav.test`.
    origin: &'static str,
}

impl Peer {
    /// In the clear.
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(
            async move { tokio::net::TcpStream::connect(address).await.unwrap() },
            "http://dav.test",
        )
    }

    /// On what `connected` gives.
    pub fn over<S>(connected: impl Future<Output = S>, origin: &'static str) -> Self
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let send = runtime.block_on(async {
            let (send, connection) = h2::client::handshake(connected.await).await.unwrap();
            tokio::spawn(connection);
            send
        });
        Self { runtime, send, origin }
    }

    /// Sends a request and reads the answer; an error where the stream or the connection is ended.
    pub fn try_ask(&mut self, ask: &Ask) -> Result<Answer, h2::Error> {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(format!("{}{}", self.origin, ask.target));
        for (name, value) in &ask.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        let send = self.send.clone();
        let exchange = async {
            let mut send = send.ready().await?;
            let bodiless = ask.body.is_empty() && !ask.empty_end && ask.trailers.is_empty();
            let (answer, mut out) = send.send_request(request, bodiless)?;
            if !bodiless {
                let plain_end = !ask.empty_end && ask.trailers.is_empty();
                for (number, piece) in ask.body.iter().enumerate() {
                    let last = plain_end && number + 1 == ask.body.len();
                    // What is refused early is not waited for.
                    if out.send_data(Bytes::copy_from_slice(piece.as_bytes()), last).is_err() {
                        break;
                    }
                }
                if ask.empty_end {
                    out.send_data(Bytes::new(), true).ok();
                } else if !ask.trailers.is_empty() {
                    let mut trailers = HeaderMap::new();
                    for (name, value) in &ask.trailers {
                        trailers.insert(*name, value.parse().unwrap());
                    }
                    out.send_trailers(trailers).ok();
                }
            }
            let answer = answer.await?;
            let (head, mut body) = answer.into_parts();
            let mut text = Vec::new();
            while let Some(piece) = body.data().await {
                let piece = piece?;
                body.flow_control().release_capacity(piece.len())?;
                text.extend_from_slice(&piece);
            }
            Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: String::from_utf8_lossy(&text).into_owned(),
            })
        };
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, exchange).await })
            .expect("an answer in time")
    }

    /// The same, which is answered.
    pub fn ask(&mut self, ask: &Ask) -> Answer {
        self.try_ask(ask).unwrap_or_else(|error| panic!("{ask:?}: {error}"))
    }
}

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const PROTOCOL_ERROR: u32 = 1;
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut out = length[1..].to_vec();
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    // An integer with a prefix of seven bits (RFC 7541 section 5.1).
    if bytes.len() < 127 {
        out.push(u8::try_from(bytes.len()).unwrap());
    } else {
        out.push(127);
        let mut rest = bytes.len() - 127;
        while rest >= 128 {
            out.push(u8::try_from(rest % 128).unwrap() | 128);
            rest /= 128;
        }
        out.push(u8::try_from(rest).unwrap());
    }
    out.extend_from_slice(bytes);
}

/// Fields as literals that no table takes (RFC 7541 section 6.2.2).
pub fn fields(all: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in all {
        out.push(0);
        text(&mut out, name);
        text(&mut out, value);
    }
    out
}

/// A connection on which everything may be sent.
pub struct Raw(TcpStream);

impl Raw {
    /// Nothing is said yet.
    pub fn silent(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// With its opening.
    pub fn open(address: SocketAddr) -> Self {
        let mut raw = Self::silent(address);
        raw.send(PREFACE);
        raw.send(&frame(SETTINGS, 0, 0, &[]));
        raw
    }

    /// Whether the bytes could be sent.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// The next frame: kind, stream, payload; `None`: the connection has ended.
    pub fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).ok()?;
        Some((head[3], stream, payload))
    }

    /// How `stream` ends, or the connection: `Ok` with what it was answered, or the error code of RST_STREAM or GOAWAY; `None`: it is closed.
    pub fn end_of(&mut self, stream: u32) -> Option<Result<(), u32>> {
        let until = Instant::now() + DEADLINE;
        while Instant::now() < until {
            let (kind, of, payload) = self.next()?;
            match kind {
                HEADERS if of == stream => return Some(Ok(())),
                RST_STREAM if of == stream => return Some(Err(code(&payload))),
                GOAWAY => return Some(Err(code(&payload[4..]))),
                _ => {}
            }
        }
        panic!("no end of stream {stream}")
    }

    /// The error code of the GOAWAY that ends the connection; `None`: it is closed without one.
    pub fn goes_away(&mut self) -> Option<u32> {
        let until = Instant::now() + DEADLINE;
        while Instant::now() < until {
            let (kind, _, payload) = self.next()?;
            if kind == GOAWAY {
                return Some(code(&payload[4..]));
            }
        }
        panic!("the connection goes on")
    }

    /// Whether the connection is closed within `wait`, whatever comes before.
    pub fn closes_within(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        self.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut space = [0; 4096];
        let closed = loop {
            match self.0.read(&mut space) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) => {}
                Err(_) => break true,
            }
            if Instant::now() > until {
                break false;
            }
        };
        self.0.set_read_timeout(Some(DEADLINE)).unwrap();
        closed
    }
}

fn code(payload: &[u8]) -> u32 {
    u32::from_be_bytes(payload[..4].try_into().unwrap())
}
