//! A back end as pingora sees it. In: a route's back end. Out, for each request, a peer: one address and how long to wait.
//!
//! Names are resolved here, off the async threads and at most every ten seconds, because pingora's own resolution blocks and
//! panics. Of several addresses the one that last worked is used; [`Upstream::turn_from`] puts one that did not behind the others.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use pingora::{
    protocols::{ALPN, l4::socket::SocketAddr as PeerAddress},
    upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy},
};

use super::upstream_error::UpstreamError;
use crate::{
    policy::{BackEnd, Location, Timeouts},
    url::Scheme,
};

/// How long the addresses of a name are believed.
const BELIEVED: Duration = Duration::from_secs(10);
/// How long an unused connection is kept. Common servers close theirs after five seconds; being earlier than them avoids the
/// race in which a request that must not be sent twice meets a closing connection.
const IDLE: Duration = Duration::from_secs(4);

/// A back end and where it is reached. One per route, for the life of the policy.
#[derive(Debug)]
pub struct Upstream {
    place: Place,
    tls: bool,
    server_name: String,
    group_key: u64,
    timeouts: Timeouts,
}

#[derive(Debug)]
enum Place {
    /// The Unix domain socket of the embedded back end.
    Socket(String),
    /// An address that needs no resolution.
    Address(SocketAddr),
    /// A name and a port.
    Name(String, u16, Mutex<Addresses>),
    /// An embedded back end that is not running: nothing can be sent there.
    Nowhere,
}

/// What a name resolved to, the preferred address first.
#[derive(Debug, Default)]
struct Addresses {
    list: Vec<SocketAddr>,
    asked: Option<Instant>,
}

impl Upstream {
    /// The upstream for `backend`. `group_key` keeps its pooled connections apart from those of every other upstream; `socket`
    /// is where the embedded back end listens, and is not used for others.
    pub fn new(backend: &BackEnd, group_key: u64, socket: Option<&Path>) -> Self {
        let origin = backend.location.origin();
        let host = origin.authority.host();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let place = match &backend.location {
            Location::Embedded(_) => socket
                .and_then(Path::to_str)
                .map_or(Place::Nowhere, |path| Place::Socket(path.to_owned())),
            Location::Url(_) => {
                let port = origin.authority.port_or_default(origin.scheme);
                match bare.parse::<IpAddr>() {
                    Ok(ip) => Place::Address(SocketAddr::new(ip, port)),
                    Err(_) => Place::Name(bare.to_owned(), port, Mutex::default()),
                }
            }
        };
        Self {
            place,
            tls: origin.scheme == Scheme::Https,
            server_name: bare.to_owned(),
            group_key,
            timeouts: backend.timeouts,
        }
    }

    /// When to give up on it.
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Where it is now; nothing where it is no server on the network, or its name does not resolve.
    pub async fn addresses(&self) -> Vec<SocketAddr> {
        match &self.place {
            Place::Socket(_) | Place::Nowhere => Vec::new(),
            Place::Address(address) => vec![*address],
            Place::Name(name, port, addresses) => match self.resolve(name, *port, addresses).await {
                Ok(_) => locked(addresses).list.clone(),
                Err(_) => Vec::new(),
            },
        }
    }

    /// The same back end, if it is at `address`.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self {
            place: Place::Address(address),
            tls: self.tls,
            server_name: self.server_name.clone(),
            group_key: self.group_key,
            timeouts: self.timeouts,
        }
    }

    /// The peer for one request, whose answer may take `answer` between two reads.
    ///
    /// # Errors
    /// The name does not resolve within the connect timeout, or the embedded back end is not running.
    pub async fn peer(&self, answer: Duration) -> Result<HttpPeer, UpstreamError> {
        let address = match &self.place {
            Place::Socket(path) => {
                let peer = HttpPeer::new_uds(path, false, String::new()).map_err(|_| UpstreamError::Connect)?;
                return Ok(self.with_options(peer, answer));
            }
            Place::Address(address) => *address,
            Place::Name(name, port, addresses) => self.resolve(name, *port, addresses).await?,
            Place::Nowhere => return Err(UpstreamError::Connect),
        };
        // A name in clear text needs no server name, and pingora would keep connections apart by it for nothing.
        let server_name = if self.tls {
            self.server_name.clone()
        } else {
            String::new()
        };
        Ok(self.with_options(HttpPeer::new(address, self.tls, server_name), answer))
    }

    /// Says that connecting to `peer` failed. Returns how many addresses the back end has: as long as fewer were tried for a
    /// request, another [`Upstream::peer`] is worth while.
    pub fn turn_from(&self, peer: &HttpPeer) -> usize {
        let Place::Name(_, _, addresses) = &self.place else {
            return 1;
        };
        let mut known = locked(addresses);
        if let PeerAddress::Inet(failed) = &peer._address {
            // Only if it is still first: another request may have turned already.
            if known.list.first() == Some(failed) {
                known.list.rotate_left(1);
            }
        }
        known.list.len()
    }

    async fn resolve(&self, name: &str, port: u16, cell: &Mutex<Addresses>) -> Result<SocketAddr, UpstreamError> {
        {
            let mut known = locked(cell);
            let fresh = known.asked.is_some_and(|asked| asked.elapsed() < BELIEVED);
            if let (Some(first), true) = (known.list.first(), fresh) {
                return Ok(*first);
            }
            // This request asks; those that come meanwhile use what was true until now, if there is something.
            known.asked = (!known.list.is_empty()).then(Instant::now);
        }
        let found = tokio::time::timeout(self.timeouts.connect, tokio::net::lookup_host((name, port))).await;
        let mut known = locked(cell);
        if let Ok(Ok(found)) = found {
            known.learn(found.collect());
        }
        // Where the resolver fails, the old addresses are better than none.
        known.list.first().copied().ok_or(UpstreamError::Name)
    }

    fn with_options(&self, mut peer: HttpPeer, answer: Duration) -> HttpPeer {
        peer.group_key = self.group_key;
        let options = &mut peer.options;
        options.connection_timeout = Some(self.timeouts.connect);
        options.total_connection_timeout = Some(self.timeouts.connect);
        options.read_timeout = Some(answer);
        options.write_timeout = Some(self.timeouts.write);
        options.idle_timeout = Some(IDLE);
        options.alpn = ALPN::H1;
        options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
        peer
    }
}

impl Addresses {
    /// Takes over what the resolver says now. Addresses that were known keep their order, so that the one that worked stays first.
    fn learn(&mut self, found: Vec<SocketAddr>) {
        if found.is_empty() {
            return;
        }
        self.list.retain(|known| found.contains(known));
        for address in found {
            if !self.list.contains(&address) {
                self.list.push(address);
            }
        }
        self.asked = Some(Instant::now());
    }
}

/// Nothing panics while it holds the lock, and a list of addresses is never half written.
fn locked(cell: &Mutex<Addresses>) -> MutexGuard<'_, Addresses> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::GENERIC;
    use crate::url::{Authority, Origin};

    const SECOND: Duration = Duration::from_secs(1);

    fn upstream(url: &str) -> Upstream {
        let (scheme, authority) = url.split_once("://").unwrap();
        let backend = BackEnd {
            location: Location::Url(Origin {
                scheme: Scheme::parse(scheme).unwrap(),
                authority: Authority::parse(authority).unwrap(),
            }),
            profile: &GENERIC,
            credentials: crate::identity::BackEndCredentials::Pass,
            timeouts: Timeouts {
                connect: SECOND,
                read: SECOND,
                write: SECOND,
                long: SECOND,
            },
            aliases: Vec::new(),
            external_urls: false,
            sources: false,
            acquisition: crate::policy::Acquisition::Trust,
            elsewhere_allowed: false,
        };
        Upstream::new(&backend, 7, None)
    }

    // B-100: what pingora is told
    #[tokio::test]
    async fn peers() {
        let rows = [
            ("http://127.0.0.1:81", "127.0.0.1:81", false, ""),
            ("http://[::1]", "[::1]:80", false, ""),
            ("https://127.0.0.1", "127.0.0.1:443", true, "127.0.0.1"),
        ];
        for (url, address, tls, server_name) in rows {
            let peer = upstream(url).peer(SECOND * 9).await.unwrap();
            assert_eq!(peer._address.to_string(), address);
            assert_eq!(
                (peer.is_tls(), peer.sni.as_str(), peer.group_key),
                (tls, server_name, 7)
            );
            assert_eq!(peer.options.connection_timeout, Some(SECOND));
            assert_eq!(peer.options.read_timeout, Some(SECOND * 9));
            assert_eq!(peer.options.idle_timeout, Some(IDLE));
        }
    }

    // B-100: a name is asked for once in a while, and an address that fails goes behind the others
    #[tokio::test]
    async fn names() {
        let upstream = upstream("http://files.invalid:81");
        assert_eq!(upstream.peer(SECOND).await.unwrap_err(), UpstreamError::Name);
        let Place::Name(_, _, cell) = &upstream.place else {
            panic!()
        };
        let addresses = ["[::1]:81", "127.0.0.1:81"].map(|a| a.parse::<SocketAddr>().unwrap());
        locked(cell).learn(addresses.to_vec());
        let first = upstream.peer(SECOND).await.unwrap();
        assert_eq!(first._address.to_string(), "[::1]:81");
        assert_eq!(upstream.turn_from(&first), 2);
        assert_eq!(upstream.turn_from(&first), 2);
        let second = upstream.peer(SECOND).await.unwrap();
        assert_eq!(second._address.to_string(), "127.0.0.1:81");
        // The next resolution keeps the order, and one that fails keeps the addresses.
        locked(cell).learn(addresses.to_vec());
        locked(cell).asked = Instant::now().checked_sub(BELIEVED * 2);
        assert_eq!(
            upstream.peer(SECOND).await.unwrap()._address.to_string(),
            "127.0.0.1:81"
        );
    }

    // B-100: an embedded back end that is not running refuses
    #[tokio::test]
    async fn nowhere() {
        let mut backend = upstream("http://127.0.0.1:81");
        backend.place = Place::Nowhere;
        assert_eq!(backend.peer(SECOND).await.unwrap_err(), UpstreamError::Connect);
    }
}
