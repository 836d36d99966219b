//! Whether a back end answers on an address of this machine that others may reach: whoever comes there is bound by no rule. In: routes, and
//! where the gateway listens. Out: who answers where, for `check --connect`; while the server runs, a warning and a gauge.
//!
//! A back end on another machine is not tried, since who reaches it cannot be seen from here.

use std::{
    collections::BTreeMap,
    fmt::{self, Display, Formatter},
    io,
    net::{IpAddr, SocketAddr, SocketAddrV6},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use http::HeaderMap;
use pingora::{server::ShutdownWatch, services::background::BackgroundService};
use tokio::{task::JoinSet, time::timeout};

use super::{
    transact::{HeldBody, Outgoing, Transactor},
    upstream::Upstream,
};
use crate::{
    policy::{Method, Policy, Route},
    telemetry::metrics::Metrics,
};

/// How long a back end may take to answer. It is on this machine.
const TIME: Duration = Duration::from_secs(3);
/// Between two looks while the server runs.
const PERIOD: Duration = Duration::from_secs(600);

/// A back end that answers where others may reach it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// Its origin, as the route names it.
    pub back_end: String,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Display for Exposed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { back_end, address } = self;
        write!(
            f,
            "the back end {back_end} answers on {address} too: whoever reaches that address goes past every rule. Let it listen on \
             127.0.0.1 only, or keep others away with a firewall and say elsewhere: allow"
        )
    }
}

/// What is tried: a back end, at an address other than the loopback's.
struct Trial {
    back_end: String,
    upstream: Upstream,
    address: SocketAddr,
    request: Outgoing,
}

/// Looks for back ends elsewhere.
pub struct Elsewhere {
    /// A route for each back end that is to be looked for, and how it is reached.
    back_ends: Vec<(Route, Arc<Upstream>)>,
    /// The addresses of this machine, with port 0, or what is the matter with them.
    own: fn() -> io::Result<Vec<SocketAddr>>,
    /// Where the gateway itself listens.
    listeners: Vec<SocketAddr>,
    transactor: Arc<Transactor>,
}

impl Elsewhere {
    /// For the back ends of `policy`, which `upstreams` reach, in the order of its routes.
    pub fn new(policy: &Policy, upstreams: &[Arc<Upstream>], transactor: &Arc<Transactor>) -> Self {
        let mut back_ends: Vec<(Route, Arc<Upstream>)> = Vec::new();
        for (route, upstream) in policy.routes.iter().zip(upstreams) {
            let id = route.backend.location.id();
            if !route.backend.elsewhere_allowed && back_ends.iter().all(|(other, _)| other.backend.location.id() != id)
            {
                back_ends.push((route.clone(), Arc::clone(upstream)));
            }
        }
        let listeners = policy.listeners.iter().map(|listener| listener.address);
        Self {
            back_ends,
            own: own_addresses,
            listeners: listeners
                .chain(policy.admin.as_ref().map(|admin| admin.address))
                .collect(),
            transactor: Arc::clone(transactor),
        }
    }

    /// Looks once. Nothing is said to a back end but OPTIONS, without credentials.
    ///
    /// # Errors
    /// The addresses of this machine cannot be told.
    pub async fn look(&self) -> io::Result<Vec<Exposed>> {
        let own = (self.own)()?;
        let mut trials = JoinSet::new();
        for (route, upstream) in &self.back_ends {
            for trial in self.trials(route, upstream, &own).await {
                let transactor = Arc::clone(&self.transactor);
                trials.spawn(async move {
                    let answer = timeout(TIME, transactor.send(&trial.upstream, &trial.request)).await;
                    let answered = matches!(answer, Ok(Ok(_)));
                    answered.then_some(Exposed {
                        back_end: trial.back_end,
                        address: trial.address,
                    })
                });
            }
        }
        let mut found: Vec<Exposed> = trials.join_all().await.into_iter().flatten().collect();
        found.sort();
        Ok(found)
    }

    async fn trials(&self, route: &Route, upstream: &Upstream, own: &[SocketAddr]) -> Vec<Trial> {
        let known = upstream.addresses().await;
        let here = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified() || own.iter().any(|one| one.ip() == ip);
        let Some(port) = known.iter().find(|known| here(known.ip())).map(SocketAddr::port) else {
            return Vec::new();
        };
        let origin = route.backend.location.origin();
        let ours = |address: &SocketAddr| {
            let same = |one: &SocketAddr| one.ip() == address.ip() || one.ip().is_unspecified();
            self.listeners.iter().any(|one| one.port() == port && same(one))
        };
        let with_port = |mut address: SocketAddr| {
            address.set_port(port);
            address
        };
        let trial = |address: SocketAddr| Trial {
            back_end: origin.to_string(),
            upstream: upstream.at(address),
            address,
            request: Outgoing {
                method: Method::Options,
                target: route.map.upstream().to_string(),
                headers: HeaderMap::new(),
                host: origin.authority.to_string(),
                body: HeldBody::None,
            },
        };
        let addresses = own.iter().copied().map(with_port);
        addresses.filter(|address| !ours(address)).map(trial).collect()
    }
}

/// The addresses of this machine that are not the loopback's, with port 0.
fn own_addresses() -> io::Result<Vec<SocketAddr>> {
    let mut found = Vec::new();
    for interface in if_addrs::get_if_addrs()? {
        let address = match interface.ip() {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => {
                SocketAddrV6::new(ip, 0, 0, interface.index.unwrap_or(0)).into()
            }
            ip => SocketAddr::new(ip, 0),
        };
        if !address.ip().is_loopback() && !found.contains(&address) {
            found.push(address);
        }
    }
    Ok(found)
}

/// Looks at the start and every ten minutes. What is new is a warning.
pub struct ElsewhereWatch {
    /// What is looked for.
    pub elsewhere: Elsewhere,
    /// Where the number is told.
    pub metrics: Arc<Metrics>,
}

#[async_trait]
impl BackgroundService for ElsewhereWatch {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let mut known = Vec::new();
        loop {
            match self.elsewhere.look().await {
                Ok(found) => {
                    for exposed in found.iter().filter(|exposed| !known.contains(*exposed)) {
                        tracing::warn!("{exposed}");
                    }
                    self.tell(&found);
                    known = found;
                }
                Err(error) => {
                    tracing::warn!(%error, "the addresses of this machine cannot be told: whether back ends answer there is not known")
                }
            }
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                _ = shutdown.changed() => return,
            }
        }
    }
}

impl ElsewhereWatch {
    fn tell(&self, found: &[Exposed]) {
        let back_ends = self.elsewhere.back_ends.iter();
        let mut counts: BTreeMap<String, i64> = back_ends
            .map(|(route, _)| (route.backend.location.origin().to_string(), 0))
            .collect();
        for exposed in found {
            *counts.entry(exposed.back_end.clone()).or_default() += 1;
        }
        for (back_end, count) in counts {
            self.metrics.back_end_elsewhere(&back_end, count);
        }
    }
}

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod tests;
