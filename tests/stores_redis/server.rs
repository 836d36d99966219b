//! A redis-server of the test's own, on a socket in a folder of its own, which goes with it.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use davgate::{
    policy::locking::RedisSettings,
    store::{LockStore, redis::RedisStore},
};
use tempfile::TempDir;

/// The program, `redis-server` or `valkey-server`, as DAVGATE_TEST_REDIS names it; `None`: what needs it is not run, and says so.
pub fn program() -> Option<String> {
    let program = std::env::var("DAVGATE_TEST_REDIS").ok();
    if program.is_none() {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        let line = format!("NOT RUN: {name}: DAVGATE_TEST_REDIS does not name a redis-server\n");
        std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).unwrap();
    }
    program
}

/// A server.
pub struct Server {
    child: Child,
    program: String,
    arguments: Vec<String>,
    pub place: TempDir,
}

impl Server {
    /// Starts one that keeps what it is told, with further arguments.
    pub async fn start(program: &str, arguments: &[&str]) -> Self {
        let place = TempDir::new().unwrap();
        let mut all: Vec<String> = [
            "--port",
            "0",
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ]
        .map(str::to_owned)
        .into();
        let socket = place.path().join("socket").display().to_string();
        all.extend(["--unixsocket".to_owned(), socket, "--dir".to_owned()]);
        all.push(place.path().display().to_string());
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let child = spawn(program, &all);
        let server = Self {
            child,
            program: program.to_owned(),
            arguments: all,
            place,
        };
        until_up(&server.store()).await;
        server
    }

    /// Starts a cluster of one server, on `port`.
    pub async fn start_cluster(program: &str, port: &str) -> Self {
        let mut server = Self::start(program, &[]).await;
        server.crash();
        drop(std::fs::remove_file(server.socket()));
        let more = ["--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes"];
        server.arguments.extend(more.map(str::to_owned));
        server.restart();
        // Its socket is there before it listens, and it listens before it has read its file.
        let began = Instant::now();
        while let Err(not_yet) = server.say(&["DBSIZE"]).await {
            assert!(began.elapsed() < Duration::from_secs(20), "{not_yet}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.say(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await.unwrap();
        until_up(&server.store()).await;
        server
    }

    pub fn socket(&self) -> PathBuf {
        self.place.path().join("socket")
    }

    pub fn settings(&self) -> RedisSettings {
        RedisSettings {
            url: format!("redis+unix://{}", self.socket().display()),
            user: None,
            password_file: None,
            ca: None,
            prefix: "davgate".to_owned(),
        }
    }

    /// A store, as another gateway would have it.
    pub fn store(&self) -> RedisStore {
        RedisStore::new(self.settings())
    }

    /// Ends it at once, as a crash does.
    pub fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again where it was.
    pub fn restart(&mut self) {
        self.child = spawn(&self.program, &self.arguments);
    }

    /// Stops it (`STOP`) or lets it go on (`CONT`).
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(done.unwrap().success());
    }

    /// Says something to it, and what it answers.
    pub async fn say(&self, words: &[&str]) -> redis::RedisResult<redis::Value> {
        let client = redis::Client::open(self.settings().url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query_async(&mut connection).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn spawn(program: &str, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command
        .spawn()
        .unwrap_or_else(|error| panic!("{program}, which DAVGATE_TEST_REDIS names: {error}"))
}

/// Waits until `store` answers.
pub async fn until_up(store: &dyn LockStore) {
    let began = Instant::now();
    while let Err(down) = store.ping().await {
        assert!(began.elapsed() < Duration::from_secs(20), "{down}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
