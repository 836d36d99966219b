//! A server from a policy: back ends, listeners, the admin listener. In: a compiled policy. Runs until it is told to stop.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
};

use pingora::{
    apps::{HttpServerOptions, http_app::HttpServer},
    listeners::{L4BufferSettings, ListenerConfig, Listeners},
    prelude::Opt,
    proxy::http_proxy,
    server::{Server, configuration::ServerConf},
    services::{background::background_service, listening::Service},
};
use thiserror::Error;

use crate::{
    admin::{Guard, locks::LockDesk, service::AdminService},
    decide::Gate,
    embedded::{self, EmbeddedServer},
    identity::{Authenticator, OpenError, backend::Ask, settings::SourceSettings, watched::read_secret},
    locks::seal::SealKey,
    policy::{Listener, Location, Policy},
    store::{self, LockStore},
    telemetry::{
        lines::LineLog,
        locks::MeasuredStore,
        metrics::{Metrics, MetricsError},
    },
    tls::TlsError,
    url::{CanonicalPath, PublicPath},
};

use super::{
    door::Door,
    elsewhere::{Elsewhere, ElsewhereWatch},
    http2,
    identify::{AskBackEnd, AskNobody},
    identity_test::IdentityTest,
    release::Release,
    server::Gateway,
    store_watch::StoreWatch,
    tls,
    transact::Transactor,
    upstream::Upstream,
};

/// How long requests that are being served may go on once the server is told to stop, in seconds.
const GRACE: u64 = 5;

/// Why a server could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: io::Error,
    },
    /// The directory of an embedded back end cannot be served.
    #[error("cannot serve the directory {}: {cause}", directory.display())]
    Embedded {
        /// The directory.
        directory: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The access log or the audit log cannot be opened.
    #[error("cannot open the access log or the audit log: {0}")]
    Logs(io::Error),
    /// A source of identity cannot be opened.
    #[error("identity: {0}")]
    Identity(#[from] OpenError),
    /// TLS cannot be offered.
    #[error("tls: {0}")]
    Tls(String),
    /// The key of the seal on locks cannot be read.
    #[error("locks.seal_key: {0}")]
    SealKey(String),
    /// The metrics cannot be set up.
    #[error("cannot set up the metrics: {0}")]
    Metrics(#[from] MetricsError),
}

impl StartError {
    fn tls(errors: Vec<TlsError>) -> Self {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Self::Tls(lines.join("\n"))
    }
}

/// What each connection has to read ahead, in bytes: pingora's own choice, eight times as much, is most of what an idle one costs. Larger
/// reads go past it.
const READ_BUFFER: usize = 8 * 1024;

/// Open files beside those of connections: listeners, logs, stores, spooled bodies.
const OTHER_FILES: u64 = 256;

/// Serves `policy` until the process gets SIGINT (at once), SIGTERM or SIGQUIT (after a moment for the requests being served).
///
/// # Errors
/// What stands in the way of starting; nothing is listened on then.
pub fn run(policy: Policy) -> Result<(), StartError> {
    // pingora would end the process without a word of which address it was.
    let addresses = policy.listeners.iter().map(|listener| &listener.address);
    for address in addresses.chain(policy.admin.as_ref().map(|admin| &admin.address)) {
        TcpListener::bind(address).map_err(|cause| StartError::Listen {
            address: *address,
            cause,
        })?;
    }
    open_files(policy.clients.connections);
    let embedded = Embedded::start(&policy)?;
    let upstreams = policy.routes.iter().zip(0..).map(|(route, number)| {
        let socket = embedded.socket(&route.backend.location);
        Arc::new(Upstream::new(&route.backend, number, socket))
    });
    let upstreams: Vec<Arc<Upstream>> = upstreams.collect();
    let transactor = Arc::new(Transactor::new());
    let authenticator = authenticator(&policy, &upstreams, &transactor)?;
    let elsewhere = Elsewhere::new(&policy, &upstreams, &transactor);
    let metrics = Arc::new(Metrics::new()?);
    let opened = store::open(&policy.locks.store);
    let store = MeasuredStore::new(opened, &policy.locks.store, metrics.lock_families().clone());
    let store = Arc::new(store);
    let logs = LineLog::open_two(&policy.access_log, &policy.audit_log).map_err(StartError::Logs)?;
    metrics.follow_logs(logs.0.dropped(), logs.1.dropped());
    let audit = logs.1.clone();

    let conf = ServerConf {
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        grace_period_seconds: Some(GRACE),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    };
    let seal_key = seal_key(policy.locks.seal_key.as_deref())?;
    let identity_test = authenticator.clone().filter(|one| one.asks_back_end());
    let mut server = Server::new_with_opt_and_conf(Opt::default(), conf);
    server.bootstrap();
    let gateway = Gateway::new(
        Gate::new(policy.routes).with_well_known(policy.well_known),
        upstreams.clone(),
        Arc::clone(&transactor),
        authenticator,
        Arc::clone(&metrics),
        logs,
        (Arc::clone(&store) as Arc<dyn LockStore>, policy.locks, seal_key),
    )
    .bounded(policy.clients.clone());
    let outside = gateway.outside();
    let head_size = gateway.gate().head_size();
    let routes = gateway.gate().routes().to_vec();
    let mut proxy = http_proxy(&server.configuration, gateway);
    // Else pingora refuses CONNECT itself, without `Allow` and without a word in the access log.
    let mut options = HttpServerOptions::default();
    options.allow_connect_method_proxying = true;
    http2::bound(&mut options, &policy.clients);
    proxy.server_options = Some(options);
    proxy.h2_options = Some(http2::options(head_size));
    let clear = policy
        .listeners
        .iter()
        .filter(|listener| listener.http2 && listener.tls.is_none());
    let clear = clear.map(|listener| listener.address).collect();
    let door = Door::new(proxy, policy.clients.clone(), head_size, outside).with_http2_at(clear);
    let mut listeners = Listeners::new();
    listeners.set_pre_tls_callback(door.entry());
    for Listener { address, tls, http2 } in &policy.listeners {
        let buffer = L4BufferSettings::default().read(READ_BUFFER);
        let mut listener = ListenerConfig::tcp(address.to_string()).l4_buffer(buffer);
        if let Some(settings) = tls {
            let settings = tls::settings(crate::tls::open(settings).map_err(StartError::tls)?, *http2);
            let settings = settings.map_err(|_| StartError::Tls(format!("cannot be offered on {address}")))?;
            listener = listener.tls(settings);
        }
        listeners.add_listener(listener);
    }
    server.add_service(Service::with_listeners("gateway".to_owned(), listeners, door));
    if let Some(authenticator) = identity_test {
        let metrics = Arc::clone(&metrics);
        let test = IdentityTest { authenticator, metrics };
        server.add_service(background_service("identity test", test));
    }
    server.add_service(background_service(
        "elsewhere",
        ElsewhereWatch {
            elsewhere,
            metrics: Arc::clone(&metrics),
        },
    ));
    server.add_service(background_service(
        "lock store",
        StoreWatch(Arc::clone(&store) as Arc<dyn LockStore>),
    ));
    if let Some(admin) = policy.admin {
        let release = Release {
            routes: routes.iter().cloned().zip(upstreams).collect(),
            transactor,
        };
        let desk = LockDesk::new(
            Arc::clone(&store) as Arc<dyn LockStore>,
            &routes,
            Arc::new(release),
            audit,
        );
        let app = HttpServer::new_app(AdminService {
            metrics,
            store: Arc::clone(&store),
            desk,
            guard: Guard::new(admin.token.as_ref()),
        });
        let mut service = Service::new("admin".to_owned(), app);
        service.add_tcp(&admin.address.to_string());
        server.add_service(service);
    }
    for Listener { address, tls, http2 } in &policy.listeners {
        tracing::info!(%address, tls = tls.is_some(), http2, "listening");
    }
    server.run(pingora::server::RunArgs::default());
    drop(embedded);
    Ok(())
}

/// As many open files as the system grants; a word where that is too few for so many `connections`, each with one to a back end.
fn open_files(connections: u32) {
    let needed = u64::from(connections).saturating_mul(2).saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(needed) {
        Ok(granted) if granted >= needed => {}
        Ok(granted) => tracing::warn!(
            granted,
            needed,
            "fewer open files are allowed than clients.connections can need: raise the limit (ulimit -n, LimitNOFILE=), or lower clients.connections"
        ),
        Err(error) => tracing::warn!(%error, "the number of open files could not be raised"),
    }
}

/// The key in `file` (L-8).
fn seal_key(file: Option<&Path>) -> Result<Option<SealKey>, StartError> {
    let read = |file: &Path| match read_secret(file) {
        Ok(secret) => Ok(SealKey::new(secret.expose().as_bytes())),
        Err(error) => Err(StartError::SealKey(error.lines().join("; "))),
    };
    file.map(read).transpose()
}

/// The sources of identity, opened.
fn authenticator(
    policy: &Policy,
    upstreams: &[Arc<Upstream>],
    transactor: &Arc<Transactor>,
) -> Result<Option<Arc<Authenticator>>, StartError> {
    let Some(settings) = &policy.identity else {
        return Ok(None);
    };
    let verify = settings.sources.iter().find_map(|source| match source {
        SourceSettings::BackEnd(settings) => Some(settings.verify.as_str()),
        _ => None,
    });
    let place = verify
        .and_then(|path| CanonicalPath::parse(path.as_bytes()).ok())
        .map(PublicPath);
    let mut found = None;
    for (route, upstream) in policy.routes.iter().zip(upstreams) {
        let target = place.as_ref().and_then(|place| route.map.to_upstream(place));
        let depth = route.map.public().0.segments().count();
        if let Some(target) = target
            && found.as_ref().is_none_or(|(deepest, _)| depth > *deepest)
        {
            let host = route.backend.location.origin().authority.to_string();
            let (transactor, upstream, target) = (Arc::clone(transactor), Arc::clone(upstream), target.to_string());
            found = Some((
                depth,
                AskBackEnd {
                    transactor,
                    upstream,
                    target,
                    host,
                },
            ));
        }
    }
    let asks: Arc<dyn Ask> = match found {
        Some((_, asks)) => Arc::new(asks),
        None => Arc::new(AskNobody),
    };
    Ok(Some(Arc::new(Authenticator::open(settings, &asks)?)))
}

/// The back ends inside this process, one for each directory.
#[derive(Default)]
struct Embedded(HashMap<PathBuf, EmbeddedServer>);

impl Embedded {
    fn start(policy: &Policy) -> Result<Self, StartError> {
        let mut servers = HashMap::new();
        for route in &policy.routes {
            if let Location::Embedded(directory) = &route.backend.location
                && !servers.contains_key(directory)
            {
                let server = embedded::spawn(directory).map_err(|cause| StartError::Embedded {
                    directory: directory.clone(),
                    cause,
                })?;
                servers.insert(directory.clone(), server);
            }
        }
        Ok(Self(servers))
    }

    fn socket(&self, location: &Location) -> Option<&std::path::Path> {
        match location {
            Location::Url(_) => None,
            Location::Embedded(directory) => self.0.get(directory).map(EmbeddedServer::socket_path),
        }
    }
}
