//! Whom `davgate locks` asks: the running gateway on its admin listener, or the Redis that has the locks. In: a method and a target. Out: what
//! the answer's JSON says.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::admin::locks::{BackEndTold, LockDesk, Unlock};
use crate::identity::Secret;
use crate::locks::Lock;
use crate::policy::locking::StoreSettings;
use crate::policy::{AdminSettings, Policy};
use crate::store;
use crate::telemetry::lines::LineLog;

/// How long an answer may take: the gateway may ask a back end for it.
const TIME: Duration = Duration::from_secs(60);
/// How large it may be: a page of locks.
const MAX_BYTES: usize = 64 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Nobody knows the lock.
    #[error("there is no such lock")]
    Unknown,
    /// The configuration has nobody to ask.
    #[error(
        "nobody can be asked: the locks are known to the running gateway alone; expected admin.address and admin.token_file in the file"
    )]
    Nobody,
    /// The gateway cannot be reached.
    #[error("the gateway does not answer on {0}: {1}; is it running with this file?")]
    Gateway(SocketAddr, String),
    /// It refused.
    #[error("the answer is {0}: {1}")]
    Refused(u16, String),
    /// It is no answer of the gateway's.
    #[error("the answer cannot be read: {0}")]
    Answer(#[from] serde_json::Error),
    /// This process cannot.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Somebody to ask.
pub struct Desk {
    runtime: Runtime,
    whom: Whom,
}

enum Whom {
    Gateway(SocketAddr, Secret),
    Redis(Box<LockDesk>),
}

impl Desk {
    /// Whom the configuration says: the gateway, if it runs; else the store, if more than the gateway can reach it. The latter is told in
    /// `err`.
    pub fn open(policy: Policy, err: &mut impl Write) -> Result<Self, DeskError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let shared = matches!(policy.locks.store, StoreSettings::Redis(_));
        if let Some(AdminSettings {
            address,
            token: Some(token),
        }) = &policy.admin
        {
            let address = reachable(*address);
            match runtime.block_on(TcpStream::connect(address)) {
                Ok(_) => {
                    let whom = Whom::Gateway(address, token.clone());
                    return Ok(Self { runtime, whom });
                }
                Err(cause) if !shared => return Err(DeskError::Gateway(address, cause.to_string())),
                Err(_) => {}
            }
        }
        if !shared {
            return Err(DeskError::Nobody);
        }
        writeln!(err, "davgate: no gateway was asked; this is what Redis says")?;
        let audit = LineLog::open(&policy.audit_log)?;
        let routes: Vec<_> = policy.routes.into_iter().map(Arc::new).collect();
        let opened = {
            let _inside = runtime.enter();
            store::open(&policy.locks.store)
        };
        let desk = LockDesk::new(opened, &routes, Arc::new(NoGateway), audit);
        let whom = Whom::Redis(Box::new(desk));
        Ok(Self { runtime, whom })
    }

    /// Asks for `target`.
    pub fn ask<T: DeserializeOwned>(&self, method: &str, target: &str) -> Result<T, DeskError> {
        let (status, body) = self.runtime.block_on(async {
            match &self.whom {
                Whom::Gateway(address, token) => fetch(*address, token, method, target)
                    .await
                    .map_err(|error| DeskError::Gateway(*address, error.to_string())),
                Whom::Redis(desk) => {
                    let (path, query) = target.split_once('?').unwrap_or((target, ""));
                    let answer = desk.answer(method, path, query, "cli").await;
                    Ok((answer.status, answer.body.into_bytes()))
                }
            }
        })?;
        match status {
            200 => Ok(serde_json::from_slice(&body)?),
            404 => Err(DeskError::Unknown),
            _ => Err(DeskError::Refused(status, error_in(&body))),
        }
    }
}

/// Where a listener on `address` is reached from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

async fn fetch(
    address: SocketAddr,
    token: &Secret,
    method: &str,
    target: &str,
) -> Result<(u16, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, address.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
        .body(Empty::<Bytes>::new())?;
    let answer = async {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await?;
        Ok((status, body.to_bytes().to_vec()))
    };
    tokio::time::timeout(TIME, answer).await?
}

/// What an answer says is wrong, in one line without control characters.
fn error_in(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let told = json.as_ref().and_then(|json| json.get("error")?.as_str());
    let told = told.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    told.trim().chars().filter(|c| !c.is_control()).take(300).collect()
}

/// No gateway, which alone knows how to reach back ends.
struct NoGateway;

#[async_trait]
impl Unlock for NoGateway {
    async fn unlock(&self, _lock: &Lock) -> BackEndTold {
        BackEndTold::NoGateway
    }
}
