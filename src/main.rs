//! The program: arguments in, a command run, an exit code out.

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use davgate::cli;

/// A reverse proxy that understands WebDAV
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say all that is wrong with a configuration file
    Check {
        /// The configuration file
        file: PathBuf,
    },
    /// Print the JSON Schema of the configuration file
    Schema,
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Check { file } => cli::check::check(&file, &mut io::stdout(), &mut io::stderr()),
        Command::Schema => cli::schema::schema(&mut io::stdout()).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("davgate: {error}");
        ExitCode::FAILURE
    })
}
