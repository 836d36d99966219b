//! `listeners` and `admin`. In: their raw form. Out: addresses, no two the same, and the files of TLS; they are read here once, so
//! that all that is wrong with them is said with the rest.

use std::net::SocketAddr;

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw::{RawAdmin, RawClients, RawListener, RawTls};
use crate::policy::{AdminSettings, Listener};
use crate::tls::{self, ClientCertificates, TlsError, TlsSettings};

/// The listener that `raw` at `path` describes; `taken` are the addresses of those before it, and then its too.
pub fn compile(
    judge: &mut Judge,
    raw: &RawListener,
    path: &KeyPath,
    taken: &mut Vec<(SocketAddr, KeyPath)>,
) -> Option<Listener> {
    let tls = raw.tls.as_ref();
    let tls = tls.and_then(|raw| compile_tls(judge, raw, &path.key("tls")));
    let address = address(judge, raw.address.as_deref(), path, taken)?;
    let http2 = raw.http2.unwrap_or(raw.tls.is_some());
    Some(Listener { address, tls, http2 })
}

/// The address of a listener; `taken` are those before it, and then it too.
pub fn address(
    judge: &mut Judge,
    raw: Option<&str>,
    path: &KeyPath,
    taken: &mut Vec<(SocketAddr, KeyPath)>,
) -> Option<SocketAddr> {
    let at = path.key("address");
    let text = judge.required(raw, &at, "an IP address and a port, such as 0.0.0.0:8080")?;
    let address = judge.address(text, &at)?;
    // Port 0 is a free port, a new one each time.
    if let Some((_, other)) = taken.iter().find(|(other, _)| *other == address && address.port() != 0) {
        judge.refuse(Problem::new(at, format!("{address} is taken by {other}")).expected("another address"));
        return None;
    }
    taken.push((address, path.clone()));
    Some(address)
}

/// The admin listener that `raw` at `path` describes.
pub fn admin(
    judge: &mut Judge,
    raw: &RawAdmin,
    path: &KeyPath,
    taken: &mut Vec<(SocketAddr, KeyPath)>,
) -> Option<AdminSettings> {
    let token = raw.token_file.as_ref();
    let token = token.and_then(|file| judge.long_secret(file, &path.key("token_file")));
    let address = address(judge, raw.address.as_deref(), path, taken)?;
    Some(AdminSettings { address, token })
}

/// Refuses the source of identity at `path` where no listener asks for certificates: it could never name anybody.
pub fn refuse_unasked(judge: &mut Judge, listeners: &[Listener], path: &KeyPath) {
    let asks = |listener: &Listener| listener.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
    if !listeners.iter().any(asks) {
        let problem = Problem::new(path.clone(), "no listener asks clients for certificates");
        judge.refuse(problem.expected("tls.client_ca at a listener"));
    }
}

fn compile_tls(judge: &mut Judge, raw: &RawTls, path: &KeyPath) -> Option<TlsSettings> {
    let certificate = judge.required(raw.certificate.as_deref(), &path.key("certificate"), "a PEM file");
    let key = judge.required(raw.key.as_deref(), &path.key("key"), "a PEM file");
    let required = match raw.client_certificate {
        None | Some(RawClients::Required) => true,
        Some(RawClients::Optional) => false,
    };
    if raw.client_certificate.is_some() && raw.client_ca.is_none() {
        let problem = Problem::new(path.key("client_ca"), "missing, with client_certificate");
        judge.refuse(problem.expected("a PEM file with the authorities of clients' certificates"));
    }
    let settings = TlsSettings {
        certificate: judge.file(certificate?),
        key: judge.file(key?),
        clients: raw.client_ca.as_deref().map(|authorities| ClientCertificates {
            authorities: judge.file(authorities),
            required,
        }),
    };
    let errors = judge.reads_secrets.then(|| tls::open(&settings).err()).flatten();
    for error in errors.unwrap_or_default() {
        let key = match &error {
            TlsError::Certificate(_) => "certificate",
            TlsError::Key(_) => "key",
            TlsError::Authorities(_) => "client_ca",
        };
        error
            .lines()
            .into_iter()
            .for_each(|line| judge.refuse(Problem::new(path.key(key), line)));
    }
    Some(settings)
}
