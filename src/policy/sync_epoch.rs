//! When what somebody may see of a route became what it is (F-9). In: the route's rules and who asks. Out: an epoch, which is another
//! one after every change of the rules, and of what of the principal the rules speak of. It is the same for all replicas with the same
//! configuration, and tells nothing of the rules.

use std::{collections::BTreeSet, fmt};

use super::{Method, MethodFilter, Mode};
use crate::{
    access::{Ace, Acl, Effect, ace::Who},
    identity::{Principal, fingerprint::Fingerprint},
};

/// What begins all that is hashed here: so nothing else that is hashed comes to an epoch.
const PURPOSE: &[u8] = b"davgate sync epoch 1";

/// The state of the rules of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncEpochs {
    rules: Fingerprint,
    /// The groups that rules name: to be in another one changes nothing.
    groups: BTreeSet<String>,
}

/// What one principal meets of them; written as a word of letters and digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncEpoch(Fingerprint);

impl SyncEpochs {
    /// The state of `access` and `methods`, which both keep members out of answers; `mode` says whether they do, `fold` how paths are
    /// compared. Lines and comments of the file do not count.
    pub fn of(access: &Acl, methods: &MethodFilter, mode: Mode, fold: bool) -> Self {
        let mut parts: Vec<String> = vec![
            match mode {
                Mode::Enforce => "enforce".to_owned(),
                Mode::Report => "report".to_owned(),
            },
            if fold { "fold" } else { "sensitive" }.to_owned(),
        ];
        let mut groups = BTreeSet::new();
        for (pattern, ace) in access.rules() {
            let Ace { effect, to, .. } = ace;
            parts.push("access".to_owned());
            parts.push(pattern.as_str().to_owned());
            parts.push(match effect {
                Effect::Allow => format!("allow {}", ace.privileges),
                Effect::Deny => format!("deny {}", ace.privileges),
            });
            parts.extend(to.iter().map(Who::to_string));
            groups.extend(to.iter().filter_map(|who| match who {
                Who::Group(name) => Some(name.clone()),
                Who::Everyone | Who::Authenticated | Who::Anonymous | Who::User(_) => None,
            }));
        }
        for (pattern, rule) in methods.rules() {
            let allowed = Method::ALL.iter().filter(|method| rule.allowed.contains(**method));
            parts.push("methods".to_owned());
            parts.push(pattern.as_str().to_owned());
            parts.extend(allowed.map(|method| method.as_str().to_owned()));
        }
        let parts = parts.iter().map(String::as_bytes);
        Self {
            rules: Fingerprint::of(std::iter::once(PURPOSE).chain(parts)),
            groups,
        }
    }

    /// The epoch of `principal`: of its name, and of its groups as far as rules name them.
    pub fn for_principal(&self, principal: &Principal) -> SyncEpoch {
        let name = principal
            .name()
            .map_or([&b"nobody"[..], b""], |name| [b"user", name.as_bytes()]);
        let groups = principal.groups().filter(|group| self.groups.contains(*group));
        let parts = [PURPOSE, self.rules.as_bytes()].into_iter().chain(name);
        SyncEpoch(Fingerprint::of(parts.chain(groups.map(str::as_bytes))))
    }
}

impl fmt::Display for SyncEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::PrivilegeSet,
        policy::{MethodRule, MethodSet},
        rules::PathPattern,
    };

    type Rule<'a> = (&'a str, Effect, &'a str, &'a [Who]);

    fn epochs(rules: &[Rule<'_>], methods: &[Method], mode: Mode, fold: bool, line: usize) -> SyncEpochs {
        let ace = |(path, effect, privilege, to): &Rule<'_>| {
            let ace = Ace {
                effect: *effect,
                privileges: PrivilegeSet::named(privilege).unwrap(),
                to: to.to_vec(),
                line,
                index: 0,
            };
            (PathPattern::parse_for_users(path, str::to_owned, fold).unwrap(), ace)
        };
        let rule = MethodRule {
            allowed: MethodSet::of(methods),
            body: None,
            line,
            index: 0,
        };
        let filter = MethodFilter::new(vec![(PathPattern::parse("/**").unwrap(), rule)]);
        SyncEpochs::of(
            &Acl::new([rules.iter().map(ace).collect::<Vec<_>>()], fold),
            &filter,
            mode,
            fold,
        )
    }

    const ALL: [Method; 2] = [Method::Get, Method::Report];

    fn simple(rules: &[Rule<'_>]) -> SyncEpochs {
        epochs(rules, &ALL, Mode::Enforce, false, 1)
    }

    fn user(name: &str, groups: &[&str]) -> Principal {
        Principal::user(name, groups.iter().copied()).unwrap()
    }

    // F-9: whatever changes what may be seen changes the epoch, and nothing else does.
    #[test]
    fn changes_of_rules() {
        let (ann, bob) = (Who::User("ann".to_owned()), Who::User("bob".to_owned()));
        let (ann, bob, both) = ([ann.clone()], [bob.clone()], [ann, bob]);
        let first: Rule = ("/a/**", Effect::Allow, "read", &ann);
        let second: Rule = ("/**", Effect::Deny, "read", &bob);
        let rules = [first, second];
        let before = simple(&rules);
        assert_eq!(before, simple(&rules), "the same again");
        assert_eq!(before, epochs(&rules, &ALL, Mode::Enforce, false, 9), "other lines");
        for (name, changed) in [
            ("order", simple(&[second, first])),
            ("one less", simple(&[first])),
            ("path", simple(&[("/b/**", Effect::Allow, "read", &ann), second])),
            ("effect", simple(&[("/a/**", Effect::Deny, "read", &ann), second])),
            ("privilege", simple(&[("/a/**", Effect::Allow, "write", &ann), second])),
            ("whom", simple(&[("/a/**", Effect::Allow, "read", &both), second])),
            ("methods", epochs(&rules, &[Method::Get], Mode::Enforce, false, 1)),
            ("mode", epochs(&rules, &ALL, Mode::Report, false, 1)),
            ("case", epochs(&rules, &ALL, Mode::Enforce, true, 1)),
        ] {
            assert_ne!(before.rules, changed.rules, "{name}");
            let [one, other] = [&before, &changed].map(|epochs| epochs.for_principal(&user("ann", &[])));
            assert_ne!(one, other, "{name}");
        }
    }

    // F-9: a token is its principal's own, and is over when that is in other groups.
    #[test]
    fn changes_of_principals() {
        let to = [Who::Group("editors".to_owned()), Who::Group("guests".to_owned())];
        let epochs = simple(&[("/**", Effect::Allow, "read", &to)]);
        let epoch = |name: &str, groups: &[&str]| epochs.for_principal(&user(name, groups));
        let ann = epoch("ann", &["editors"]);
        assert_eq!(ann, epoch("ann", &["editors"]));
        assert_eq!(ann, epoch("ann", &["editors", "named by no rule"]));
        let nobody = epochs.for_principal(&Principal::anonymous());
        for other in [
            epoch("ann", &[]),
            epoch("ann", &["guests"]),
            epoch("ann", &["editors", "guests"]),
            epoch("bob", &["editors"]),
            nobody,
        ] {
            assert_ne!(ann, other);
        }
        assert_ne!(nobody, epoch("nobody", &[]));
    }
}
