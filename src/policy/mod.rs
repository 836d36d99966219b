//! The compiled configuration: what the file says, in the form in which decisions read it. Built once by `config`, never changed.

pub mod clients;
pub mod filter;
pub mod home;
pub mod limits;
pub mod locking;
pub mod method;
pub mod profile;
pub mod public_urls;
pub mod quota;
pub mod route;
pub mod sign;
pub mod sync_epoch;
pub mod table;
pub mod well_known;

use std::{net::SocketAddr, path::PathBuf};

pub use clients::{ClientBounds, Rate};
pub use filter::{Below, MethodFilter, MethodRule};
pub use home::HomePattern;
pub use limits::{Limits, MaxDepth};
pub use locking::{LockSettings, Locking, OrphanLocks, RouteLocks, UnmappedLock};
pub use method::{Method, MethodSet};
pub use profile::Profile;
pub use quota::Quota;
pub use route::{Acquisition, BackEnd, CollectionGet, Compress, DeadProperties, Location, Mode, Route, Timeouts};
pub use sync_epoch::{SyncEpoch, SyncEpochs};
pub use table::RouteTable;
pub use well_known::WellKnown;

use crate::{
    identity::{IdentitySettings, Secret},
    tls::TlsSettings,
};

/// Everything one process is told by its configuration file.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where clients connect.
    pub listeners: Vec<Listener>,
    /// The admin listener.
    pub admin: Option<AdminSettings>,
    /// Who may say who is asking; `None` where nobody does.
    pub identity: Option<IdentitySettings>,
    /// Where the access log goes.
    pub access_log: LogTarget,
    /// Where the audit log goes.
    pub audit_log: LogTarget,
    /// How much clients may have at once.
    pub clients: ClientBounds,
    /// Where locks are kept, and their bounds.
    pub locks: LockSettings,
    /// Where the well-known URLs lead.
    pub well_known: WellKnown,
    /// The routes in file order.
    pub routes: Vec<Route>,
}

/// The admin listener: metrics, health, and locks for whoever has the token.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// The address.
    pub address: SocketAddr,
    /// What administrators show as `Authorization: Bearer TOKEN`; `None`: locks are not shown there.
    pub token: Option<Secret>,
}

/// One address that clients connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address.
    pub address: SocketAddr,
    /// The files of its TLS; `None`: HTTP in the clear.
    pub tls: Option<TlsSettings>,
    /// Whether HTTP/2 is spoken there: with TLS to clients that choose it, in the clear to those that begin with it.
    pub http2: bool,
}

/// Where a log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard output.
    Stdout,
    /// Nowhere.
    Off,
    /// Appended to this file.
    File(PathBuf),
}
