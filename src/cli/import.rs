//! `davgate import KIND FILE`: what other servers' files say, as `access:` and `methods:` rules of a route. In: the file. Out:
//! YAML on standard output; exit code 0 when all was translated, 3 when something was not, 1 when the file cannot be read or is
//! not of its format. Passes: nothing that is guessed. What has no equivalent becomes a comment, and is denied, not granted.

pub mod htaccess;
mod paths;
pub mod radicale_rights;
mod rules;
pub mod yaml;

#[cfg(test)]
mod evaluator_tests;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
pub use rules::{Entry, Identity, Import, MethodRule, Principal, Privileges, Rule};

/// The exit code when something in the file has no equivalent.
pub const INCOMPLETE: u8 = 3;

/// What to import, and from where.
#[derive(Debug, Subcommand)]
pub enum ImportArgs {
    /// The rights file of Radicale 2 and 3 (and of 1, where its patterns have ^ and $)
    RadicaleRights {
        /// The rights file
        file: PathBuf,
    },
    /// An .htaccess file, or sections of httpd's configuration, read as httpd 2.4 does
    Htaccess {
        /// The file
        file: PathBuf,
        /// The URL path (Location) or directory (Directory) that is the route's root
        #[arg(long)]
        root: Option<String>,
    },
}

/// The file is not of the format it is said to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FormatError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what is expected.
    pub problem: String,
}

impl FormatError {
    fn new(line: usize, problem: impl Into<String>) -> Self {
        Self {
            line,
            problem: problem.into(),
        }
    }
}

/// Imports what `args` names; the rules go to `out`, errors to `err`.
pub fn import(args: &ImportArgs, out: &mut impl Write, err: &mut impl Write) -> io::Result<ExitCode> {
    let (kind, file) = match args {
        ImportArgs::RadicaleRights { file } => ("radicale-rights", file),
        ImportArgs::Htaccess { file, .. } => ("htaccess", file),
    };
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => {
            writeln!(err, "{}: {error}", file.display())?;
            return Ok(ExitCode::from(1));
        }
    };
    let imported = match args {
        ImportArgs::RadicaleRights { .. } => radicale_rights::import(&text),
        ImportArgs::Htaccess { root, .. } => {
            // A relative name starts at the file's directory.
            let directory = file.parent().unwrap_or(Path::new(""));
            htaccess::import(&text, root.as_deref(), &|name| read(&directory.join(name)).ok())
        }
    };
    let imported = match imported {
        Ok(imported) => imported,
        Err(error) => {
            writeln!(err, "{}:{}: {}", file.display(), error.line, error.problem)?;
            return Ok(ExitCode::from(1));
        }
    };
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    write!(out, "{}", yaml::print(&imported, kind, &name))?;
    match imported.lost() {
        0 => Ok(ExitCode::SUCCESS),
        lost => {
            writeln!(
                err,
                "{}: {lost} {} no equivalent; see the comments marked with !",
                file.display(),
                if lost == 1 { "thing has" } else { "things have" }
            )?;
            Ok(ExitCode::from(INCOMPLETE))
        }
    }
}

/// More is no file of rights.
const MAX_FILE: u64 = 16 << 20;

fn read(file: &Path) -> io::Result<String> {
    if std::fs::metadata(file)?.len() > MAX_FILE {
        return Err(io::Error::other("larger than 16 MiB; expected a file of rules"));
    }
    let text = std::fs::read_to_string(file)?;
    if text.contains('\0') {
        return Err(io::Error::other("holds a NUL byte; expected text"));
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Compares what is printed with the file beside the sample; `DAVGATE_BLESS=1` writes it anew.
#[cfg(test)]
fn golden(import: &Import, kind: &str, name: &str) {
    let file = format!("{}/tests/import/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let printed = yaml::print(import, kind, name);
    if std::env::var_os("DAVGATE_BLESS").is_some() {
        std::fs::write(&file, &printed).unwrap();
    }
    assert_eq!(printed, std::fs::read_to_string(&file).unwrap_or_default(), "{file}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        let rows: [(&[u8], u8); 5] = [
            (b"Require valid-user\n", 0),
            (b"\xef\xbb\xbfRequire valid-user\n", 0),
            (b"Require ip 10.0.0.1\n", INCOMPLETE),
            (b"<Limit GET>\n", 1),
            (b"Require user \xff\n", 1),
        ];
        for (text, expected) in rows {
            std::fs::write(&file, text).unwrap();
            let args = ImportArgs::Htaccess {
                file: file.clone(),
                root: None,
            };
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = import(&args, &mut out, &mut err).unwrap();
            assert_eq!(code, ExitCode::from(expected), "{}", String::from_utf8_lossy(text));
            assert_eq!(out.is_empty(), expected == 1);
            assert_eq!(err.is_empty(), expected == 0);
        }
        let missing = ImportArgs::RadicaleRights {
            file: directory.path().join("missing"),
        };
        let code = import(&missing, &mut Vec::new(), &mut Vec::new()).unwrap();
        assert_eq!(code, ExitCode::from(1));
    }
}
