//! The program: arguments in, a command run, an exit code out.

use std::{error::Error, io, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use davgate::{
    cli::{
        self, demo::DemoArgs, detect::DetectArgs, explain::ExplainArgs, import::ImportArgs, locks::LocksCommand,
        schema::SchemaArgs, test::TestArgs,
    },
    gateway, telemetry,
};

/// A reverse proxy that understands WebDAV
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve what a configuration file says
    Run {
        /// The configuration file
        file: PathBuf,
    },
    /// Try it: a gateway in front of a folder, with what to type and what to expect
    Demo(DemoArgs),
    /// Look at a back end, and print the configuration to start from: 0 its kind is known, 3 it is not, 1 it cannot be asked
    Detect(DetectArgs),
    /// Say all that is wrong with a configuration file
    Check {
        /// The configuration file
        file: PathBuf,
        /// Ask the back ends and the lock store, too, whether they answer; without it no network is touched
        #[arg(long)]
        connect: bool,
    },
    /// Who has which lock, and the release of one: 0 done, 1 there is no such lock, 2 it could not be asked
    #[command(subcommand)]
    Locks(LocksCommand),
    /// Say what would become of a request, and why: 0 permitted, 1 refused, 3 it depends on what is there, 2 no answer
    Explain(ExplainArgs),
    /// Print what another server's file says as rules of a route: 0 all of it, 3 not all, 1 not readable
    #[command(subcommand)]
    Import(ImportArgs),
    /// Say whether a configuration does what a file expects of it: 0 it does, 1 not in all, 2 a file is wrong
    Test(TestArgs),
    /// Print the JSON Schema of the configuration file, or of another one
    Schema(SchemaArgs),
}

fn main() -> ExitCode {
    match execute(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("davgate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Run { file } => cli::run::run(&file, gateway::run),
        Command::Demo(args) => {
            telemetry::log::init()?;
            cli::demo::run(&args, gateway::run)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Detect(args) => Ok(cli::detect::detect(&args, &mut io::stdout(), &mut io::stderr())?),
        Command::Check { file, connect } => {
            let check = if connect {
                cli::check::connect
            } else {
                cli::check::check
            };
            Ok(check(&file, &mut io::stdout(), &mut io::stderr())?)
        }
        Command::Locks(command) => cli::locks::run(&command, &mut io::stdout(), &mut io::stderr()),
        Command::Explain(args) => Ok(cli::explain::run(&args, &mut io::stdout(), &mut io::stderr())?),
        Command::Import(args) => Ok(cli::import::import(&args, &mut io::stdout(), &mut io::stderr())?),
        Command::Test(args) => Ok(cli::test::run(&args, &mut io::stdout(), &mut io::stderr())?),
        Command::Schema(args) => {
            cli::schema::schema(args.of, &mut io::stdout())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
