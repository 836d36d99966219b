//! What becomes of locks: by route, who decides about them; and for the whole process, where they are kept and what their bounds are.

use std::{path::PathBuf, time::Duration};

use super::Profile;

/// Who decides about the locks of a route (section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// The back end locks; the gateway sees to it that a lock is used only by the one who took it (LM-A, LM-B).
    Observe,
    /// The gateway locks; the back end hears nothing of it (LM-C).
    Emulate,
    /// Nobody: LOCK and UNLOCK are refused, class 2 is not told of (LM-D).
    Off,
}

/// What a lock of the back end is worth whose creator nobody knows (L-7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrphanLocks {
    /// It is somebody else's.
    Deny,
    /// The back end decides.
    Pass,
    /// It belongs to whoever submits its token first.
    Adopt,
}

/// What LOCK of a URL with nothing there does where the gateway locks (L-81).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnmappedLock {
    /// An empty resource is made.
    Create,
    /// The name is locked, and nothing is made.
    NameOnly,
    /// It is refused.
    Refuse,
}

/// What a route says of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteLocks {
    /// Who decides.
    pub locking: Locking,
    /// Locks of the back end without a known creator.
    pub orphans: OrphanLocks,
    /// LOCK of what is not there.
    pub unmapped: UnmappedLock,
    /// Make an empty resource for a back end that locks names without one (L-59).
    pub fix_locknull: bool,
}

impl RouteLocks {
    /// What holds where the file says nothing; `knows_users`: the back end sees who asks (LM-A), or only one account (LM-B).
    pub fn of(profile: &Profile, knows_users: bool) -> Self {
        Self {
            locking: if profile.class_2 {
                Locking::Observe
            } else {
                Locking::Off
            },
            orphans: if knows_users {
                OrphanLocks::Pass
            } else {
                OrphanLocks::Deny
            },
            unmapped: if profile.put_replaces {
                UnmappedLock::NameOnly
            } else {
                UnmappedLock::Create
            },
            fix_locknull: false,
        }
    }
}

/// Where locks are kept, and their bounds (L-67, L-68).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockSettings {
    /// Where they are kept.
    pub store: StoreSettings,
    /// How long a lock lasts whose client names no time.
    pub timeout: Duration,
    /// The shortest time.
    pub min_timeout: Duration,
    /// The longest time.
    pub max_timeout: Duration,
    /// How many locks one principal may hold.
    pub per_principal: u32,
    /// The file of the key that seals the creator's name into locks of back ends that keep their owner element (L-8).
    pub seal_key: Option<PathBuf>,
}

impl LockSettings {
    /// How long a lock lasts whose client wishes it to last `wished`; `None`: it names no time (L-67).
    pub fn granted(&self, wished: Option<Duration>) -> Duration {
        let wished = wished.unwrap_or(self.timeout);
        wished.min(self.max_timeout).max(self.min_timeout)
    }
}

impl Default for LockSettings {
    fn default() -> Self {
        Self {
            store: StoreSettings::Memory,
            timeout: Duration::from_secs(1800),
            min_timeout: Duration::from_secs(60),
            max_timeout: Duration::from_secs(86_400),
            per_principal: 1000,
            seal_key: None,
        }
    }
}

/// Where locks are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSettings {
    /// In this process; they end with it.
    Memory,
    /// In this file, of this process alone.
    File(PathBuf),
    /// In a Redis or Valkey, shared by several gateways.
    Redis(RedisSettings),
}

/// How to reach a Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://host:port/db`, or `rediss://` for TLS; without credentials.
    pub url: String,
    /// The user, where it is not the default one.
    pub user: Option<String>,
    /// The file that holds the password, on its first line.
    pub password_file: Option<PathBuf>,
    /// The authorities of its certificate: a PEM file. Without it, those of the system.
    pub ca: Option<PathBuf>,
    /// What the names of all keys begin with, so that several gateways may share one server without sharing locks.
    pub prefix: String,
}
