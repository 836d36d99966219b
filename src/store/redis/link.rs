//! The connection to a Redis or Valkey. In: an operation of the script and what it is about. Out: what the script answered, or [`Down`].
//! One connection carries all operations; when it fails, the next operation makes a new one, and reads the password anew.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ErrorKind, IntoConnectionInfo, RedisError, Script, TlsCertificates,
    aio::MultiplexedConnection,
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use crate::{policy::locking::RedisSettings, store::Down};

/// How long an operation may take (L-92).
const DEADLINE: Duration = Duration::from_secs(2);
/// How many operations may wait for their turn on the connection.
const WAITING: usize = 1024;
/// What the script keeps, in the order of its KEYS.
const KEYS: [&str; 6] = ["locks", "roots", "ends", "counts", "writes", "write_ends"];

/// The way to a server.
#[derive(Debug)]
pub struct Link {
    settings: RedisSettings,
    script: Script,
    keys: Vec<String>,
    began: Instant,
    connected: Mutex<Option<Connected>>,
    connections: AtomicU64,
}

/// A connection that worked when it was made.
#[derive(Clone, Debug)]
struct Connected {
    connection: MultiplexedConnection,
    number: u64,
    /// The server's time less that of `Link::began`, as of the last answer, in milliseconds.
    ahead: Arc<AtomicU64>,
}

/// What the script answered.
#[derive(Debug)]
pub struct Reply {
    /// The server's time, in milliseconds since 1970.
    pub now: u64,
    /// What became of the operation.
    pub outcome: String,
    /// The locks it speaks of, as `record` reads them.
    pub locks: Vec<String>,
    /// Whether it was asked for a second time: what the first one did is not known.
    pub again: bool,
}

enum Failed {
    /// No connection: nothing was sent.
    Unsent(RedisError),
    /// Whether the server did it is not known.
    Broken(RedisError),
    /// The script let it be, because its time was over by the clock of the server.
    Late,
    /// It takes too long.
    Slow,
    /// What came back is not an answer of the script.
    Garbled,
}

impl Link {
    /// The way to the server of `settings`; no connection is made yet.
    pub fn new(settings: RedisSettings) -> Self {
        // The braces make it one slot of a cluster.
        let keys = KEYS.map(|key| format!("{{{}}}:{key}", settings.prefix));
        Self {
            settings,
            script: Script::new(include_str!("locks.lua")),
            keys: keys.into(),
            began: Instant::now(),
            connected: Mutex::new(None),
            connections: AtomicU64::new(0),
        }
    }

    /// Carries out `operation` of the script, a second time if the connection broke or the time of the server had changed.
    ///
    /// # Errors
    /// [`Down`], after [`DEADLINE`] at most.
    pub async fn call(&self, operation: &str, ask: &serde_json::Value) -> Result<Reply, Down> {
        let until = Instant::now() + DEADLINE;
        let ask = ask.to_string();
        let mut failed = match self.attempt(operation, &ask, until).await {
            Ok(reply) => return Ok(reply),
            Err(failed) => failed,
        };
        if matches!(failed, Failed::Broken(_) | Failed::Late) {
            let unknown = matches!(failed, Failed::Broken(_));
            match self.attempt(operation, &ask, until).await {
                Ok(reply) => {
                    return Ok(Reply {
                        again: unknown,
                        ..reply
                    });
                }
                Err(second) => failed = second,
            }
        }
        Err(Down(match failed {
            Failed::Unsent(error) | Failed::Broken(error) => error.to_string(),
            Failed::Late => "it was too late by the server's clock".to_owned(),
            Failed::Slow => format!("it takes more than {} s", DEADLINE.as_secs()),
            Failed::Garbled => "its answer cannot be read".to_owned(),
        }))
    }

    async fn attempt(&self, operation: &str, ask: &str, until: Instant) -> Result<Reply, Failed> {
        let connected = timeout_at(until, self.connected()).await;
        let mut connected = connected.map_err(|_| Failed::Slow)?.map_err(Failed::Unsent)?;
        let last_moment = self
            .since(until)
            .saturating_add(connected.ahead.load(Ordering::Relaxed));
        let outcome = timeout_at(until, self.run(&mut connected, operation, last_moment, ask)).await;
        let outcome = outcome.unwrap_or(Err(Failed::Slow));
        // A server that was stopped may never answer on this connection, nor one to which packets are lost.
        if matches!(outcome, Err(Failed::Broken(_) | Failed::Slow | Failed::Garbled)) {
            let mut current = self.connected.lock().await;
            if current
                .as_ref()
                .is_some_and(|current| current.number == connected.number)
            {
                *current = None;
            }
        }
        outcome
    }

    /// The connection, made if there is none.
    async fn connected(&self) -> Result<Connected, RedisError> {
        let mut current = self.connected.lock().await;
        if let Some(connected) = &*current {
            return Ok(connected.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WAITING);
        let connection = client(&self.settings)?
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut connected = Connected {
            connection,
            number: self.connections.fetch_add(1, Ordering::Relaxed),
            ahead: Arc::default(),
        };
        // The server's time has to be known before anything that has a last moment.
        match self.run(&mut connected, "ping", 0, "{}").await {
            Ok(_) => {}
            Err(Failed::Unsent(error) | Failed::Broken(error)) => return Err(error),
            Err(Failed::Late | Failed::Slow | Failed::Garbled) => {
                return Err((ErrorKind::Parse, "what it says cannot be read").into());
            }
        }
        *current = Some(connected.clone());
        Ok(connected)
    }

    async fn run(
        &self,
        connected: &mut Connected,
        operation: &str,
        last_moment: u64,
        ask: &str,
    ) -> Result<Reply, Failed> {
        let sent = self.since(Instant::now());
        let mut invocation = self.script.prepare_invoke();
        for key in &self.keys {
            invocation.key(key);
        }
        invocation.arg(operation).arg(last_moment).arg(ask);
        let said: Vec<String> = invocation
            .invoke_async(&mut connected.connection)
            .await
            .map_err(Failed::Broken)?;
        let mut said = said.into_iter();
        let now: u64 = said.next().and_then(|now| now.parse().ok()).ok_or(Failed::Garbled)?;
        connected.ahead.store(now.saturating_sub(sent), Ordering::Relaxed);
        let outcome = said.next().ok_or(Failed::Garbled)?;
        if outcome == "late" {
            return Err(Failed::Late);
        }
        Ok(Reply {
            now,
            outcome,
            locks: said.collect(),
            again: false,
        })
    }

    /// Milliseconds from the beginning to `moment`.
    fn since(&self, moment: Instant) -> u64 {
        u64::try_from(moment.duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}

/// What makes connections as `settings` say.
fn client(settings: &RedisSettings) -> Result<Client, RedisError> {
    let info = settings.url.as_str().into_connection_info()?;
    let mut login = info.redis_settings().clone();
    if let Some(user) = &settings.user {
        login = login.set_username(user);
    }
    if let Some(file) = &settings.password_file {
        let text = String::from_utf8(read(file)?).unwrap_or_default();
        login = login.set_password(text.lines().next().unwrap_or_default());
    }
    let info = info.set_redis_settings(login);
    match &settings.ca {
        None => Client::open(info),
        Some(ca) => Client::build_with_tls(
            info,
            TlsCertificates {
                client_tls: None,
                root_cert: Some(read(ca)?),
            },
        ),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, RedisError> {
    std::fs::read(file).map_err(|error| {
        let what = format!("{}: {error}", file.display());
        (ErrorKind::InvalidClientConfig, "a file cannot be read", what).into()
    })
}
