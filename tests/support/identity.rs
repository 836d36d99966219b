//! Labs with identity: the files that sources name, a configuration around them, and what clients present.

use std::net::SocketAddr;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use tempfile::TempDir;

use super::backend::{BackEnd, answer};
use super::gateway::free_address;
use super::lab::Lab;

/// `ann` with `secret` (bcrypt), `bob` with `secret` (SHA-256 crypt), `carl` with `secret` (argon2id), all as cheap as can be.
pub const USERS: &str = concat!(
    "ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n",
    "bob:$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.\n",
);

/// A lab and the files its configuration names.
pub struct IdentityLab {
    /// The gateway and its back end.
    pub lab: Lab,
    /// The files.
    pub files: TempDir,
    /// The listener that `@TLS@` stands for.
    pub tls: SocketAddr,
}

impl IdentityLab {
    /// A gateway with this configuration without `listeners`; `@FILES@/` is a directory with `users` in it, `@DATA@/` that of the
    /// test data, `@BACK@` the back end, which answers by `script` first. `listeners`: further ones.
    pub fn start(listeners: &str, rest: &str, script: impl FnOnce(&BackEnd)) -> IdentityLab {
        let files = tempfile::tempdir().expect("a directory");
        std::fs::write(files.path().join("users"), USERS).expect("users");
        Self::with_files(files, listeners, rest, script)
    }

    /// As [`IdentityLab::start`], with other files.
    pub fn with_files(files: TempDir, listeners: &str, rest: &str, script: impl FnOnce(&BackEnd)) -> IdentityLab {
        let tls = free_address();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let text = format!("listeners:\n  - address: @LISTEN@\n{listeners}\nadmin: {{ address: '@ADMIN@' }}\n{rest}\n")
            .replace("@FILES@", &files.path().display().to_string())
            .replace("@DATA@", &data.display().to_string())
            .replace("@TLS@", &tls.to_string());
        IdentityLab {
            lab: Lab::with_script(&text, script),
            files,
            tls,
        }
    }
}

/// The Authorization of a name and a password.
pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// `back_end` knows these credentials at `path`, its own one, and says 401 to all others there.
pub fn knows(back_end: &BackEnd, path: &str, authorizations: &[&str]) {
    let challenge = [("WWW-Authenticate", "Basic realm=\"back\"")];
    back_end.on(path, answer("401 Unauthorized", &challenge, "no"));
    for authorization in authorizations {
        back_end.on(&format!("{path}\n{authorization}"), answer("200 OK", &[], "yes"));
    }
}
