//! `davgate run FILE`: serve what a configuration file says. In: the file. Out: a server until it is stopped, or every error of the file.

use std::{error::Error, io, path::Path, process::ExitCode};

use crate::{config, policy::Policy, telemetry};

/// Loads `file` and serves it with `serve`. Warnings are logged; errors are printed all at once, as `check` does.
///
/// # Errors
/// The log cannot be set up, or the server cannot start.
pub fn run<E: Error + 'static>(
    file: &Path,
    serve: impl FnOnce(Policy) -> Result<(), E>,
) -> Result<ExitCode, Box<dyn Error>> {
    telemetry::log::init()?;
    match config::load(file) {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                tracing::warn!("{warning}");
            }
            serve(loaded.policy)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(_) => Ok(super::check::check(file, &mut io::stderr(), &mut io::stderr())?),
    }
}
