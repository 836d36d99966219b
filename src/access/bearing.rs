//! What each entry of a list has to do with a question, for whoever asks why. In: a principal, a key, how far, and the privileges that
//! were asked for. Out: the entries in the order in which they are asked, each with what it decided, or why it did not. The verdict
//! itself is [`AccessOf`]'s; here it is only told.

use super::acl::{AccessOf, Scope};
use super::{Ace, PrivilegeSet};
use crate::rules::PathPattern;

/// What an entry has to do with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// It decides these.
    Decides(PrivilegeSet),
    /// It holds elsewhere.
    OtherPath,
    /// It holds for a part of what lies below the resource only, and a part is not enough.
    PartOfTree,
    /// It speaks to others.
    OtherAudience,
    /// It does not mention what is asked.
    NotMentioned,
    /// Entries before it have decided all that it mentions.
    TooLate,
}

/// An entry that was considered.
#[derive(Clone, Copy, Debug)]
pub struct Considered<'a> {
    /// Where it holds.
    pub pattern: &'a PathPattern,
    /// What it says.
    pub ace: &'a Ace,
    /// What it has to do with the question.
    pub bearing: Bearing,
}

impl<'a> AccessOf<'a> {
    /// Every entry that is considered to say which of `needed` is granted at `relative_key`, or, for a tree, strictly below it; in order, up
    /// to the one after which nothing is left to decide. Looks at every entry, unlike [`Self::judge`], whose verdict it tells.
    pub fn considered(&self, relative_key: &str, scope: Scope, needed: PrivilegeSet) -> Vec<Considered<'a>> {
        let verdict = match scope {
            Scope::Itself => self.judge(relative_key, needed),
            Scope::Tree => self.judge_below(relative_key, needed),
        };
        let decided_by = |ace: &Ace| {
            let by = |found: Option<&Ace>| found.is_some_and(|found| std::ptr::eq(found, ace));
            let leaves = verdict.leaves().filter(|(_, _, found)| by(*found));
            leaves.fold(PrivilegeSet::default(), |set, (leaf, _, _)| {
                set.union(PrivilegeSet::of(&[leaf]))
            })
        };
        let mut open = needed;
        let mut found = Vec::new();
        for (pattern, ace) in self.entries() {
            if open.is_empty() {
                break;
            }
            let decides = decided_by(ace);
            let bearing = if !decides.is_empty() {
                open = open.without(decides);
                Bearing::Decides(decides)
            } else {
                self.idle(pattern, ace, relative_key, scope, needed, open)
            };
            found.push(Considered { pattern, ace, bearing });
        }
        found
    }

    /// Why an entry does not decide.
    fn idle(
        &self,
        pattern: &PathPattern,
        ace: &Ace,
        relative_key: &str,
        scope: Scope,
        needed: PrivilegeSet,
        open: PrivilegeSet,
    ) -> Bearing {
        let holds = match scope {
            Scope::Itself => pattern.matches(relative_key, self.user()),
            Scope::Tree => pattern.may_match_below(relative_key, self.user()),
        };
        if !holds {
            Bearing::OtherPath
        } else if !ace.speaks_to(self.principal()) {
            Bearing::OtherAudience
        } else if needed.intersection(ace.privileges).is_empty() {
            Bearing::NotMentioned
        } else if open.intersection(ace.privileges).is_empty() || scope == Scope::Itself {
            Bearing::TooLate
        } else {
            Bearing::PartOfTree
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Acl, Effect, Privilege, Who};
    use crate::identity::Principal;

    const READ: PrivilegeSet = PrivilegeSet::of(&[Privilege::Read]);

    fn acl() -> Acl {
        let rule = |path: &str, effect, privileges, to: Who| {
            let ace = Ace {
                effect,
                privileges,
                to: vec![to],
                line: 0,
                index: 0,
            };
            (PathPattern::parse_for_users(path, str::to_owned, false).unwrap(), ace)
        };
        let ann = || Who::User("ann".to_owned());
        Acl::new(
            [vec![
                rule("/other/**", Effect::Allow, PrivilegeSet::ALL, ann()),
                rule("/a/**", Effect::Allow, PrivilegeSet::ALL, Who::User("bob".to_owned())),
                rule("/a/part/**", Effect::Allow, READ, ann()),
                rule(
                    "/a/**",
                    Effect::Deny,
                    PrivilegeSet::of(&[Privilege::Unbind]),
                    Who::Everyone,
                ),
                rule("/a/**", Effect::Allow, PrivilegeSet::of(&[Privilege::Unlock]), ann()),
                rule("/home/{user}/**", Effect::Allow, PrivilegeSet::ALL, Who::Authenticated),
                rule("/**", Effect::Allow, PrivilegeSet::WRITE.union(READ), ann()),
                rule("/**", Effect::Deny, PrivilegeSet::ALL, Who::Everyone),
            ]],
            false,
        )
    }

    fn told(key: &str, scope: Scope, needed: &[Privilege]) -> Vec<String> {
        let (acl, ann) = (acl(), Principal::user("ann", [""; 0]).unwrap());
        let found = acl.of(&ann).considered(key, scope, PrivilegeSet::of(needed));
        found
            .iter()
            .map(|one| match one.bearing {
                Bearing::Decides(set) => format!("decides {set}"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    // each leaf by its first rule; what comes after the last decision was never looked at
    #[test]
    fn at_a_resource() {
        assert_eq!(
            told("/a/x", Scope::Itself, &[Privilege::Read, Privilege::Unbind]),
            [
                "OtherPath",
                "OtherAudience",
                "OtherPath",
                "decides unbind",
                "NotMentioned",
                "OtherPath",
                "decides read"
            ]
        );
        assert_eq!(
            told("/home/ann/x", Scope::Itself, &[Privilege::Read])[5..],
            ["decides read"]
        );
        // Nobody grants it: every rule was looked at.
        assert_eq!(told("/a", Scope::Itself, &[Privilege::ReadAcl]).len(), 8);
    }

    // a grant of a part is none
    #[test]
    fn below_a_collection() {
        assert_eq!(
            told("/a", Scope::Tree, &[Privilege::Read]),
            [
                "OtherPath",
                "OtherAudience",
                "PartOfTree",
                "NotMentioned",
                "NotMentioned",
                "OtherPath",
                "decides read"
            ]
        );
        assert_eq!(told("/a", Scope::Tree, &[Privilege::Unbind])[3..], ["decides unbind"]);
    }
}
