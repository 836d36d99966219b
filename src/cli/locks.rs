//! `davgate locks`: who has which lock, and the release of one. In: the configuration file and what is wanted. Out: lines, or JSON with one
//! lock a line. Exit code 0 done, 1 there is no such lock, 2 it could not be asked.

mod desk;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use self::desk::{Desk, DeskError};
use crate::admin::lock_view::LockView;
use crate::admin::locks::{LockList, Released};
use crate::config::load;

/// Which of them.
#[derive(Debug, Subcommand)]
pub enum LocksCommand {
    /// List them, in the order of their paths
    List {
        /// Where to ask
        #[command(flatten)]
        asked: Asked,
        /// Only those of this path of a URL and of what is below it
        #[arg(long, value_name = "URLPATH")]
        path: Option<String>,
        /// Only those of this user
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Say all of one
    Show {
        /// Where to ask
        #[command(flatten)]
        asked: Asked,
        /// Its token, as `list` shows it
        token: String,
    },
    /// End one: its user may go on editing and will not be able to save over what others wrote
    Release {
        /// Where to ask
        #[command(flatten)]
        asked: Asked,
        /// Its token, as `list` shows it
        token: String,
        /// Why, for the audit log
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Whom to ask, and how to print.
#[derive(Debug, Args)]
pub struct Asked {
    /// The configuration file of the gateway
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// Print JSON, one lock a line
    #[arg(long)]
    pub json: bool,
}

/// Does what `command` says; what is printed goes to `out`, what is wrong to `err`.
///
/// # Errors
/// `out` or `err` cannot be written.
pub fn run(command: &LocksCommand, out: &mut impl Write, err: &mut impl Write) -> Result<ExitCode, Box<dyn Error>> {
    let (LocksCommand::List { asked, .. } | LocksCommand::Show { asked, .. } | LocksCommand::Release { asked, .. }) =
        command;
    let policy = match load(&asked.config) {
        Ok(loaded) => loaded.policy,
        Err(errors) => {
            writeln!(err, "{errors}")?;
            return Ok(ExitCode::from(2));
        }
    };
    let told = Desk::open(policy, err).and_then(|desk| tell(command, &desk, out));
    match told {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(DeskError::Unknown) => {
            writeln!(err, "davgate: there is no such lock")?;
            Ok(ExitCode::from(1))
        }
        Err(error) => {
            writeln!(err, "davgate: {error}")?;
            Ok(ExitCode::from(2))
        }
    }
}

fn tell(command: &LocksCommand, desk: &Desk, out: &mut impl Write) -> Result<(), DeskError> {
    match command {
        LocksCommand::List { asked, path, user } => {
            let mut query = String::from("?limit=1000");
            for (key, value) in [("path", path), ("user", user)] {
                if let Some(value) = value {
                    query += &format!("&{key}={}", encoded(value));
                }
            }
            let mut after = String::new();
            loop {
                let list: LockList = desk.ask("GET", &format!("/locks{query}{after}"))?;
                for lock in &list.locks {
                    print(out, lock, asked.json, line)?;
                }
                let Some(next) = list.next else { return Ok(()) };
                after = format!("&after={}", encoded(&next));
            }
        }
        LocksCommand::Show { asked, token } => {
            let lock: LockView = desk.ask("GET", &format!("/locks/{}", encoded(bare(token))))?;
            print(out, &lock, asked.json, paragraph)
        }
        LocksCommand::Release { asked, token, reason } => {
            let target = format!("/locks/{}?reason={}", encoded(bare(token)), encoded(reason));
            let released: Released = desk.ask("DELETE", &target)?;
            print(out, &released, asked.json, |told| {
                format!("released: {}\n{}", line(&told.released), told.back_end)
            })
        }
    }
}

fn print<T: serde::Serialize>(
    out: &mut impl Write,
    value: &T,
    json: bool,
    plain: impl Fn(&T) -> String,
) -> Result<(), DeskError> {
    let text = if json {
        serde_json::to_string(value)?
    } else {
        plain(value)
    };
    Ok(writeln!(out, "{text}")?)
}

/// A token as people copy it, with brackets or without.
fn bare(token: &str) -> &str {
    let inner = token.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.unwrap_or(token)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn place(lock: &LockView) -> &str {
    lock.urls.first().map_or(&lock.path, |url| &url.url)
}

fn line(lock: &LockView) -> String {
    let user = lock.user.as_deref().unwrap_or("(unknown)");
    let depth = if lock.depth == "0" { "" } else { ", with all below" };
    format!(
        "{}  {user}  {}{depth}, until {}  {}",
        place(lock),
        lock.scope,
        lock.until,
        lock.token
    )
}

fn paragraph(lock: &LockView) -> String {
    let mut text = format!("token     {}\n", lock.token);
    for url in &lock.urls {
        text += &format!("url       {} (route {})\n", url.url, url.route);
    }
    let rest = [
        ("back end", format!("{} {}", lock.back_end, lock.path)),
        ("user", lock.user.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("scope", lock.scope.clone()),
        ("depth", lock.depth.clone()),
        ("since", lock.since.clone()),
        ("until", format!("{} ({} s)", lock.until, lock.seconds_left)),
        ("owner", lock.owner.clone().unwrap_or_else(|| "nothing".to_owned())),
    ];
    let rest: Vec<String> = rest.iter().map(|(key, value)| format!("{key:<9} {value}")).collect();
    text + &rest.join("\n")
}
