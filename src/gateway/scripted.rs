//! For tests: a back end that plays a script on each connection, and keeps what it was sent.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Duration, sleep},
};

/// What the back end does next.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Reads one request: a head, and as much body as its Content-Length says.
    Read,
    /// Reads a head and leaves its body alone.
    ReadHead,
    /// Sends these bytes.
    Write(&'static str),
    /// Closes the connection. Without it, the connection stays open for good.
    Close,
    /// Waits for so many milliseconds.
    Wait(u64),
}

/// A running back end.
pub struct Scripted {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    seen: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Scripted {
    /// Plays the first script on the first connection, the second one on the second, and so on.
    pub async fn start(scripts: &'static [&'static [Step]]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            for (number, script) in scripts.iter().enumerate() {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(play(stream, script, number, Arc::clone(&log)));
            }
            std::future::pending::<()>().await;
        });
        Self { address, seen }
    }

    /// The requests as they were sent, each with the number of its connection.
    pub fn seen(&self) -> Vec<(usize, String)> {
        self.seen.lock().unwrap().clone()
    }

    /// On which connections requests came.
    pub fn connections(&self) -> Vec<usize> {
        self.seen().into_iter().map(|(number, _)| number).collect()
    }
}

async fn play(mut stream: TcpStream, script: &[Step], number: usize, log: Arc<Mutex<Vec<(usize, String)>>>) {
    for step in script {
        match step {
            Step::Read | Step::ReadHead => {
                let Some(mut request) = read_head(&mut stream).await else {
                    return;
                };
                let length = request
                    .lines()
                    .find_map(|line| {
                        line.to_ascii_lowercase()
                            .strip_prefix("content-length: ")
                            .map(str::to_owned)
                    })
                    .map_or(0, |length| length.parse().unwrap());
                if matches!(step, Step::Read) {
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).await.unwrap();
                    request.push_str(&String::from_utf8_lossy(&body));
                }
                log.lock().unwrap().push((number, request));
            }
            Step::Write(bytes) => stream.write_all(bytes.as_bytes()).await.unwrap(),
            Step::Close => return,
            Step::Wait(milliseconds) => sleep(Duration::from_millis(*milliseconds)).await,
        }
    }
    std::future::pending::<()>().await;
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}
