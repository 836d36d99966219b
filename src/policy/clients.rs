//! How much of the gateway clients may have at once, and how long they may take (B-17, B-101, B-102). It holds for all listeners and routes
//! together: it is judged before anybody knows which route is meant.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use ipnet::IpNet;

/// The bounds of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientBounds {
    /// Connections at once.
    pub connections: u32,
    /// Connections at once from one address; `None` is no bound.
    pub per_address: Option<u32>,
    /// How long the head of a request may take from its first byte, and the first byte of a connection.
    pub head: Duration,
    /// How long a connection may be idle between requests. Whole seconds.
    pub idle: Duration,
    /// The time over which a body must come with 1 KiB/s; an answer must be taken with as much over twice that time.
    pub pace: Duration,
    /// Bytes of bodies that are in memory at once, of all clients.
    pub held: u64,
    /// Requests of one principal at once; of who is nobody, of one address. `None` is no bound.
    pub in_flight: Option<u32>,
    /// Requests of one principal in a time; of who is nobody, of one address. `None` is no bound.
    pub rate: Option<Rate>,
    /// Addresses that stand for many clients, such as another proxy's: no bound of one address holds for them.
    pub shared: Vec<IpNet>,
}

/// So many requests in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The requests.
    pub requests: NonZeroU32,
    /// The time in which they may come, again and again.
    pub per: Duration,
    /// How many of them may come at once after a pause.
    pub burst: NonZeroU32,
}

impl Default for ClientBounds {
    fn default() -> Self {
        Self {
            connections: 4096,
            per_address: None,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            pace: Duration::from_secs(30),
            held: 64 << 20,
            in_flight: None,
            rate: None,
            shared: Vec::new(),
        }
    }
}

impl ClientBounds {
    /// What `address` counts as: an IPv6 client has a whole /64 to choose its address from, which is one. `None`: it is not counted.
    pub fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        if self.shared.iter().any(|network| network.contains(&address)) {
            return None;
        }
        Some(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(six) => {
                let network = u128::from(six) & (u128::MAX << 64);
                IpAddr::V6(network.into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-101: what one address is
    #[test]
    fn counted() {
        let bounds = ClientBounds {
            shared: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            ..ClientBounds::default()
        };
        for (address, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("2001:db8:1:2::", Some("2001:db8:1:2::")),
            ("2001:db8:1:3::", Some("2001:db8:1:3::")),
            ("10.1.2.3", None),
            ("::ffff:10.1.2.3", None),
            ("fd00::1", None),
        ] {
            let found = bounds.counted(address.parse().unwrap());
            assert_eq!(found, expected.map(|text| text.parse().unwrap()), "{address}");
        }
    }
}
