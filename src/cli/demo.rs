//! `davgate demo`: the gateway in front of the embedded back end, with a policy that shows what it does.
//!
//! In: an address and a directory. Out: a running gateway, and a guide on standard output: requests to try and the answers to
//! expect ([`steps`]), and how to mount it. The policy is a configuration file like any other; `--print-config` prints it.

mod files;
mod steps;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use crate::config::{self, ConfigErrors};
use crate::embedded;
use crate::policy::Policy;

pub use steps::{Step, steps};

/// What the arguments of `davgate demo` say.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Where clients connect; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The directory to serve; made when missing
    #[arg(long, value_name = "DIR", default_value = "davgate-demo-files")]
    pub dir: PathBuf,
    /// Serve the same directory without the gateway on this loopback address, to compare; locks are not shared
    #[arg(long, value_name = "ADDRESS")]
    pub backend_listen: Option<SocketAddr>,
    /// Print the configuration and stop
    #[arg(long)]
    pub print_config: bool,
}

/// Why the demo could not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The directory cannot be used.
    #[error("{}: {cause}; expected a directory that can be written to (--dir)", dir.display())]
    Directory {
        /// Which.
        dir: PathBuf,
        /// What is wrong with it.
        cause: io::Error,
    },
    /// An address cannot be listened on.
    #[error("{address}: {cause}; choose another with {option}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// The argument that sets it.
        option: &'static str,
        /// What is wrong with it.
        cause: io::Error,
    },
    /// The directory's name cannot stand in a configuration file.
    #[error("the configuration does not compile: {0}")]
    Config(#[from] ConfigErrors),
    /// The gateway stopped.
    #[error("{0}")]
    Gateway(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Standard output is closed.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

/// Prints the guide and runs the demo until it is stopped. `serve` runs a gateway with a policy.
///
/// # Errors
/// See [`DemoError`].
pub fn run<E>(args: &DemoArgs, serve: impl FnOnce(Policy) -> Result<(), E>) -> Result<(), DemoError>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let unusable = |cause| DemoError::Directory {
        dir: args.dir.clone(),
        cause,
    };
    let dir = std::path::absolute(&args.dir).map_err(unusable)?;
    if args.print_config {
        io::stdout().write_all(configuration(args.listen, &dir).as_bytes())?;
        return Ok(());
    }
    files::prepare(&dir).map_err(unusable)?;
    let listen = free(args.listen).map_err(|cause| DemoError::Address {
        address: args.listen,
        option: "--listen",
        cause,
    })?;
    let loaded = config::compile(&configuration(listen, &dir), "demo.yaml")?;
    let direct = args
        .backend_listen
        .map(|address| listen_directly(&dir, address))
        .transpose()?;
    let text = guide(listen, &dir, direct.as_ref().map(|(_, address)| *address));
    io::stdout()
        .write_all(text.as_bytes())
        .and_then(|()| io::stdout().flush())?;
    serve(loaded.policy).map_err(|cause| DemoError::Gateway(cause.into()))
}

/// A listener of the back end itself. It lives as long as the value.
fn listen_directly(dir: &Path, address: SocketAddr) -> Result<(embedded::EmbeddedServer, SocketAddr), DemoError> {
    let server = embedded::spawn(dir).map_err(|cause| DemoError::Directory {
        dir: dir.to_owned(),
        cause,
    })?;
    let bound = server.also_listen(address).map_err(|cause| DemoError::Address {
        address,
        option: "--backend-listen",
        cause,
    })?;
    Ok((server, bound))
}

/// The address with its port chosen, once it is clear that it can be listened on: said here, the reason is readable.
fn free(address: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(address)?.local_addr()
}

/// The demo's policy as the text of a configuration file.
pub fn configuration(listen: SocketAddr, dir: &Path) -> String {
    // A JSON string is a YAML string.
    let dir = serde_json::Value::from(dir.to_string_lossy());
    format!(
        r#"# The policy of `davgate demo`. Save it as davgate.yaml and start it with: davgate run davgate.yaml

listeners:
  - address: "{listen}"

access_log: off              # stdout: one JSON line a request
audit_log: off

routes:
  - name: files
    path: /files/            # what clients see; the back end has the same files under /
    backend:
      embedded: {dir}
    methods:                 # the first rule that matches decides
      - {{ path: /archive/**, allow: [read] }}
      - {{ path: /keep/**, allow: [read, lock, PUT, MKCOL, COPY, PROPPATCH] }}   # nothing leaves: no DELETE, no MOVE
      - {{ path: /**, allow: [read, write, lock] }}
    limits:
      body: 1GiB
"#
    )
}

/// What is printed when the demo starts. `direct`: where the back end listens without the gateway, if it does.
pub fn guide(listen: SocketAddr, dir: &Path, direct: Option<SocketAddr>) -> String {
    let base = format!("http://{listen}");
    let mut out = format!(
        "davgate demo\n  {base}/files/ shows the files in {}\n  the back end behind it serves them under /, so every URL is mapped both ways\n\n",
        dir.display()
    );
    if !listen.ip().is_loopback() {
        out.push_str("Warning: everyone who can reach this address can read and change these files.\n\n");
    }
    out.push_str("Try these in order, and expect these answers:\n\n");
    for step in steps() {
        out.push_str(&format!(
            "  {}\n    -> {}: {}\n",
            step.command(&base),
            step.status_line(),
            step.shows
        ));
    }
    if let Some(direct) = direct {
        out.push_str(&format!(
            "\nThe back end without the gateway: http://{direct}/ (no policy, locks of its own)\n"
        ));
    }
    out.push_str(&format!(
        "\nMount it:\n  \
           GNOME     gio mount dav://{listen}/files/\n  \
           davfs2    sudo mount -t davfs {base}/files/ /mnt\n  \
           macOS     Finder, Go, Connect to Server: {base}/files/\n  \
           Windows   net use Z: {base}/files/\n\n\
         The policy as a file: davgate demo --print-config\nStop with Ctrl-C.\n\n"
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen() -> SocketAddr {
        "127.0.0.1:8080".parse().unwrap()
    }

    #[test]
    fn the_policy_compiles_without_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["plain", "with space: and #", "q\"uote"] {
            let dir = dir.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            let loaded = config::compile(&configuration(listen(), &dir), "demo.yaml").unwrap();
            assert!(loaded.warnings.is_empty(), "{name}: {:?}", loaded.warnings);
            let location = &loaded.policy.routes[0].backend.location;
            assert_eq!(*location, crate::policy::Location::Embedded(dir), "{name}");
        }
    }

    #[test]
    fn the_guide_names_every_command_and_answer() {
        let guide = guide(listen(), Path::new("/srv/files"), None);
        for step in steps() {
            assert!(guide.contains(&step.command("http://127.0.0.1:8080")));
            assert!(guide.contains(step.shows));
        }
        assert!(guide.contains("/srv/files") && !guide.contains("Warning"));
        assert!(super::guide("0.0.0.0:80".parse().unwrap(), Path::new("/srv/files"), None).contains("Warning"));
    }

    #[test]
    fn a_taken_address_is_said_before_anything_starts() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(free(taken.local_addr().unwrap()).is_err());
        assert_ne!(free("127.0.0.1:0".parse().unwrap()).unwrap().port(), 0);
    }
}
