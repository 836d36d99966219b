//! Basic against an htpasswd file. In: a name and a password. Out: whether they belong together. The file is read again
//! when it changes; a name that is not in it costs what a name costs that is.

pub mod hash;
pub mod htpasswd;

use std::sync::Arc;

use super::{
    credentials::NameAndPassword,
    keyed::{Digest, Key},
    settings::BasicSettings,
    watched::{FileProblem, Watched},
};
use htpasswd::Users;

/// The users of an htpasswd file.
#[derive(Debug)]
pub struct PasswordFile {
    users: Watched<Users>,
}

impl PasswordFile {
    /// Opens the file.
    ///
    /// # Errors
    /// Why it cannot be used, with every line that is wrong.
    pub fn open(settings: &BasicSettings) -> Result<Self, FileProblem> {
        Ok(Self {
            users: Watched::open(&settings.htpasswd, htpasswd::parse)?,
        })
    }

    /// What stands for these credentials and the hash they are checked against; `None` for a name that is not in the
    /// file.
    pub fn fingerprint(&self, key: &Key, credentials: &NameAndPassword) -> Option<Digest> {
        let users = self.users.current();
        let hash = users.get(&credentials.name)?;
        Some(key.digest(&[
            b"file",
            credentials.name.as_bytes(),
            credentials.password.expose().as_bytes(),
            hash.text().as_bytes(),
        ]))
    }

    /// A check of `credentials`, to be run off the async threads: it takes as long as hashes are meant to take.
    pub fn check(&self, key: &Key, credentials: &NameAndPassword) -> Check {
        let users = self.users.current();
        let decoy = key.digest(&[b"decoy", credentials.name.as_bytes()]);
        Check {
            users,
            decoy,
            credentials: credentials.clone(),
        }
    }
}

#[cfg(test)]
impl PasswordFile {
    /// Looks at its file whenever it is asked.
    pub fn eager(self) -> Self {
        Self {
            users: self.users.eager(),
        }
    }
}

/// A check that waits to be run.
#[derive(Debug)]
pub struct Check {
    users: Arc<Users>,
    decoy: Digest,
    credentials: NameAndPassword,
}

impl Check {
    /// Whether name and password belong together: `Some` with the fingerprint that the check was made under. Blocks.
    pub fn run(&self, key: &Key) -> Option<Digest> {
        let password = self.credentials.password.expose();
        let Some(hash) = self.users.get(&self.credentials.name) else {
            // The same work as for a name that is there, so that time does not tell which names are. Which name is
            // mirrored depends on the asked name alone: asking again shows nothing new.
            let _ = self.users.decoy(&self.decoy).matches(password);
            return None;
        };
        hash.matches(password).then(|| {
            key.digest(&[
                b"file",
                self.credentials.name.as_bytes(),
                password.as_bytes(),
                hash.text().as_bytes(),
            ])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Secret;
    use std::time::Instant;

    fn credentials(name: &str, password: &str) -> NameAndPassword {
        NameAndPassword {
            name: name.to_owned(),
            password: Secret::new(password),
        }
    }

    fn file(text: &str) -> (tempfile::TempDir, PasswordFile) {
        let directory = tempfile::tempdir().unwrap();
        let htpasswd = directory.path().join("users");
        std::fs::write(&htpasswd, text).unwrap();
        let file = PasswordFile::open(&BasicSettings { htpasswd }).unwrap().eager();
        (directory, file)
    }

    const ANN: &str = "ann:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";

    // O-5
    #[test]
    fn name_and_password() {
        let (_directory, file) = file(ANN);
        let key = Key::random();
        let right = |name, password| file.check(&key, &credentials(name, password)).run(&key).is_some();
        assert!(right("ann", "secret"));
        for (name, password) in [
            ("ann", "Secret"),
            ("ann", ""),
            ("Ann", "secret"),
            ("bob", "secret"),
            ("", "secret"),
        ] {
            assert!(!right(name, password), "{name} {password}");
        }
    }

    #[test]
    fn fingerprints_change_with_every_part() {
        let (directory, file) = file(ANN);
        let key = Key::random();
        let of = |name, password| file.fingerprint(&key, &credentials(name, password));
        let first = of("ann", "secret");
        assert!(first.is_some());
        assert_eq!(first, of("ann", "secret"));
        assert_eq!(first, file.check(&key, &credentials("ann", "secret")).run(&key));
        assert_ne!(first, of("ann", "other"));
        assert_eq!(of("bob", "secret"), None);
        assert_ne!(first, file.fingerprint(&Key::random(), &credentials("ann", "secret")));
        // Another hash of the same password: what was proved under the old one is not proved any more.
        let other = "ann:$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.\n";
        std::fs::write(directory.path().join("users"), other).unwrap();
        let second = of("ann", "secret");
        assert!(second.is_some());
        assert_ne!(first, second);
    }

    // Time does not tell which names are in the file.
    #[test]
    fn unknown_names_cost_the_same() {
        let hash = bcrypt::hash("secret", 7).unwrap();
        let (_directory, file) = file(&format!("ann:{hash}\n"));
        let key = Key::random();
        let time = |name: &str| {
            let check = file.check(&key, &credentials(name, "wrong"));
            let start = Instant::now();
            assert!(check.run(&key).is_none());
            start.elapsed()
        };
        // In turn, and the fastest of each: other tests run beside this one, so that it may take some rounds until both had quiet.
        let (mut known, mut unknown) = (f64::MAX, f64::MAX);
        for round in 1.. {
            known = known.min(time("ann").as_secs_f64());
            unknown = unknown.min(time("bob").as_secs_f64());
            if round >= 25 && (0.5..2.0).contains(&(known / unknown)) {
                break;
            }
            assert!(round < 500, "known {known} s, unknown {unknown} s");
        }
    }
}
