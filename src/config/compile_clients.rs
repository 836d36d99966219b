//! `clients`. In: its raw form. Out: how much clients may have at once.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::List;
use super::raw_clients::{RawClientBounds, RawRate};
use crate::policy::{ClientBounds, Rate};

/// What `raw` at `path` says.
pub fn compile(judge: &mut Judge, raw: Option<&RawClientBounds>, path: &KeyPath) -> ClientBounds {
    let default = ClientBounds::default();
    let Some(raw) = raw else { return default };
    let mut bound = |value: Option<u32>, key| value.map(|value| judge.count(Some(value), 1, &path.key(key)));
    let per_address = bound(raw.connections_per_address, "connections_per_address");
    let in_flight = bound(raw.in_flight, "in_flight");
    let idle = judge.time(raw.idle, default.idle, &path.key("idle"));
    if idle.subsec_nanos() > 0 {
        let problem = Problem::new(path.key("idle"), "is not a number of whole seconds");
        judge.refuse(problem.expected("a time such as 60s"));
    }
    let expected = "the addresses of proxies in front, such as 10.0.0.1 or 10.0.0.0/8";
    ClientBounds {
        connections: judge.count(raw.connections, default.connections, &path.key("connections")),
        per_address,
        head: judge.time(raw.head, default.head, &path.key("head")),
        idle,
        pace: judge.time(raw.pace, default.pace, &path.key("pace")),
        held: judge.size(raw.held, default.held, &path.key("held")),
        in_flight,
        rate: raw.rate.as_ref().and_then(|raw| rate(judge, raw, &path.key("rate"))),
        shared: networks(judge, raw.shared.as_ref(), &path.key("shared"), expected),
    }
}

fn rate(judge: &mut Judge, raw: &RawRate, path: &KeyPath) -> Option<Rate> {
    let at = path.key("requests");
    let requests = judge.required(raw.requests, &at, "a number of requests")?;
    let requests = NonZeroU32::new(judge.count(Some(requests), 1, &at))?;
    let at = path.key("per");
    let per = judge.required(raw.per, &at, "a time such as 1s or 1m")?;
    let per = judge.time(Some(per), Duration::from_secs(1), &at);
    let burst = judge.count(raw.burst, requests.get(), &path.key("burst"));
    if !per.is_zero() && per.checked_div(requests.get()).is_none_or(|every| every.is_zero()) {
        judge.refuse(Problem::new(path.clone(), "is more than one request a nanosecond").expected("fewer requests"));
        return None;
    }
    Some(Rate {
        requests,
        per,
        burst: NonZeroU32::new(burst)?,
    })
}

/// The networks of the list at `at`, each an address or one with a prefix length; none is everybody.
pub fn networks(judge: &mut Judge, list: Option<&List<String>>, at: &KeyPath, expected: &str) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (at, text) in judge.items(list, at) {
        let network = text
            .parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map(canonical);
        match network {
            Ok(network) if network.prefix_len() == 0 => {
                judge.refuse(Problem::new(at, format!("{text} is everybody")).expected(expected));
            }
            Ok(network) if network.addr() != network.network() => {
                let problem = Problem::new(at, format!("{text} has bits behind its prefix"));
                judge.refuse(problem.expected(network.trunc().to_string()));
            }
            Ok(network) => networks.push(network),
            Err(_) => judge.refuse(Problem::new(at, format!("{text:?} is no address or network")).expected(expected)),
        }
    }
    networks
}

/// An IPv4 network in the clothes of IPv6, as logs of a listener for both have it, is one of IPv4: so are the addresses it is compared with.
fn canonical(network: IpNet) -> IpNet {
    let mapped = |network: IpNet| {
        let IpNet::V6(six) = network else { return None };
        let length = six.prefix_len().checked_sub(96)?;
        Ipv4Net::new(six.addr().to_ipv4_mapped()?, length).ok()
    };
    mapped(network).map_or(network, IpNet::V4)
}
