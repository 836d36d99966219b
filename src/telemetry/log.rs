//! The program's own log: what is wrong with the gateway itself, for the person who runs it. One line an event, to stderr.
//!
//! In: the environment variable `DAVGATE_LOG` (`error`, `warn`, `info`, `debug`, or directives such as
//! `info,davgate::gateway=debug`). Out: a global subscriber. Requests are told in the access log, not here.
//!
//! pingora's own log is capped at `warn`: it names every request, and at `trace` it panics on a header that is not UTF-8.

use std::io::IsTerminal;

use tracing::Level;
use tracing::metadata::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterFn, ParseError};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;
use tracing_subscriber::util::TryInitError;

/// The variable that sets what is logged.
pub const VARIABLE: &str = "DAVGATE_LOG";
const DEFAULT: &str = "info";

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The variable does not hold what it should.
    #[error(
        "{VARIABLE} is {value:?}: {cause}; expected a level (error, warn, info, debug) or target=level pairs with commas"
    )]
    Filter {
        /// What it holds.
        value: String,
        /// What is wrong with it.
        cause: ParseError,
    },
    /// It was set up before.
    #[error("the log is set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// Sets up the log as `DAVGATE_LOG` says.
///
/// # Errors
/// See [`LogError`].
pub fn init() -> Result<(), LogError> {
    init_with(std::env::var(VARIABLE).ok().as_deref().unwrap_or(DEFAULT))
}

fn init_with(directives: &str) -> Result<(), LogError> {
    let filter = filter(directives)?;
    let colour = std::io::stderr().is_terminal();
    tracing_subscriber::registry()
        .with(filter)
        .with(FilterFn::new(|meta| is_told(meta.target(), *meta.level())))
        .with(fmt::layer().with_writer(std::io::stderr).with_ansi(colour))
        .try_init()?;
    // The filters above decide after the arguments of a `log::trace!` have been evaluated, and pingora's panic there.
    if log::max_level() > log::LevelFilter::Debug {
        log::set_max_level(log::LevelFilter::Debug);
    }
    Ok(())
}

fn filter(directives: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(directives)
        .map_err(|cause| LogError::Filter {
            value: directives.to_owned(),
            cause,
        })
}

/// The cap on pingora, whatever the variable says.
fn is_told(target: &str, level: Level) -> bool {
    !target.starts_with("pingora") || level <= Level::WARN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pingora_is_capped_and_others_are_not() {
        let rows = [
            ("pingora_core", Level::TRACE, false),
            ("pingora_proxy", Level::INFO, false),
            ("pingora_proxy", Level::WARN, true),
            ("pingora_proxy", Level::ERROR, true),
            ("davgate::gateway", Level::TRACE, true),
            ("davgate::gateway", Level::INFO, true),
        ];
        for (target, level, want) in rows {
            assert_eq!(is_told(target, level), want, "{target} {level}");
        }
    }

    #[test]
    fn directives() {
        for good in ["", "info", "debug", "warn,davgate::gateway=debug"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        let error = filter("davgate=loud").unwrap_err().to_string();
        assert!(error.starts_with("DAVGATE_LOG is \"davgate=loud\": "), "{error}");
    }

    /// The only test that may set the process-wide subscriber.
    #[test]
    fn arguments_of_trace_lines_are_never_evaluated() {
        init_with("trace,pingora_core=trace").unwrap();
        assert_eq!(log::max_level(), log::LevelFilter::Debug);
        log::trace!(target: "pingora_core", "{}", String::from_utf8(vec![0xff]).unwrap());
        assert!(matches!(init_with("info"), Err(LogError::Twice(_))));
    }
}
