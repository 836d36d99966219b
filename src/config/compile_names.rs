//! Names in rules that nobody can have. In: the sources of identity and the compiled routes and groups. Out: a warning for each name
//! that no source can give anybody; such a rule is mostly a slip, and the file with the passwords may yet change.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use crate::access::{Acl, Who};
use crate::identity::basic::htpasswd;
use crate::identity::settings::{IdentitySettings, Member, SourceSettings};
use crate::identity::watched::read_once;
use crate::policy::Route;

/// So many names are told; the others are probably more of the same.
const TOLD: usize = 20;

/// Warns of names that nobody can have.
pub fn warn(judge: &mut Judge, identity: &IdentitySettings, path: &KeyPath, routes: &[(KeyPath, Route)]) {
    let Some(known) = Known::read(judge, identity) else {
        return;
    };
    let mut told = BTreeSet::new();
    let mut look = |judge: &mut Judge, name: &str, at: KeyPath| {
        if !known.has(name) && told.len() < TOLD && told.insert(name.to_owned()) {
            judge.warnings.push(known.problem(name, at));
        }
    };
    for (at, route) in routes {
        for (_, ace) in route.access.iter().flat_map(Acl::rules) {
            for who in &ace.to {
                if let Who::User(name) = who {
                    look(judge, name, at.key("access").item(ace.index).key("to"));
                }
            }
        }
    }
    for (group, members) in &identity.groups {
        for member in members {
            if let Member::User(name) = member {
                look(judge, name, path.key("groups").named(group));
            }
        }
    }
}

/// The names that the sources can give.
#[derive(Default)]
struct Known {
    /// Those of the password files.
    names: BTreeSet<String>,
    /// A back end gives any name in lower case.
    any_lower: bool,
}

impl Known {
    /// `None`: any name can be somebody's.
    fn read(judge: &Judge, identity: &IdentitySettings) -> Option<Self> {
        if identity.folds_names() {
            // Other spellings are refused.
            return None;
        }
        let mut known = Self::default();
        for source in &identity.sources {
            match source {
                SourceSettings::Basic(basic) => known.names.extend(names(judge, &basic.htpasswd)?),
                SourceSettings::BackEnd(back_end) if back_end.fold => known.any_lower = true,
                SourceSettings::BackEnd(_)
                | SourceSettings::Bearer(_)
                | SourceSettings::ClientCertificate(_)
                | SourceSettings::TrustedHeader(_) => return None,
            }
        }
        Some(known)
    }

    fn has(&self, name: &str) -> bool {
        self.names.contains(name) || (self.any_lower && name.to_lowercase() == name)
    }

    fn problem(&self, name: &str, at: KeyPath) -> Problem {
        let but = if self.any_lower {
            ", and identity.backend takes names in lower case"
        } else {
            ""
        };
        let problem = Problem::new(at, format!("nobody is called {name:?} in identity.basic.htpasswd{but}"));
        problem.did_you_mean(name, self.names.iter().map(String::as_str))
    }
}

/// The names in a password file; `None` where it is not read, or cannot be.
fn names(judge: &Judge, file: &Path) -> Option<Vec<String>> {
    let users = judge.reads_secrets.then(|| read_once(file, htpasswd::parse).ok())??;
    Some(users.names().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use crate::config::compile;

    const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

    fn warnings(sources: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("users"), format!("ann:{HASH}\nBob:{HASH}\n")).unwrap();
        let text = format!(
            "listeners: [{{ address: '127.0.0.1:0' }}]\nidentity:\n{sources}  groups: {{ team: [ann, Eve] }}\nroutes:\n  - path: /\n    \
             backend: {{ url: 'http://127.0.0.1/' }}\n    access:\n      - {{ path: /**, allow: [read], to: ['user:Ann', 'user:Bob'] }}\n"
        );
        let name = directory.path().join("f");
        let loaded = compile(&text, &name.display().to_string()).unwrap_or_else(|errors| panic!("{errors}"));
        let short = |line: &String| line.replace(&format!("{}:", name.display()), "");
        loaded.warnings.iter().map(short).collect()
    }

    #[test]
    fn names_that_nobody_can_have() {
        let basic = "  basic: { htpasswd: users }\n";
        assert_eq!(
            warnings(basic),
            [
                "4: identity.groups.team: nobody is called \"Eve\" in identity.basic.htpasswd",
                "9: routes[0].access[0].to: nobody is called \"Ann\" in identity.basic.htpasswd; did you mean ann?",
            ]
        );
        let both = warnings(&format!("{basic}  backend: {{ verify: /private/, case: fold }}\n"));
        assert_eq!(both.len(), 2, "{both:#?}");
        assert!(both[1].contains("htpasswd, and identity.backend takes names in lower case; did you mean ann?"));
        let token = "  bearer: { issuer: i, audience: a, jwks_url: 'https://h/' }\n";
        assert_eq!(warnings(&format!("{basic}{token}")), Vec::<String>::new());
    }
}
