//! One access control entry (RFC 3744 section 5.5). In: what a rule says. Out: whether it speaks to a principal.

use std::fmt;

use super::privilege::PrivilegeSet;
use crate::identity::Principal;

/// What an entry does with its privileges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They are granted.
    Allow,
    /// They are denied.
    Deny,
}

/// Whom an entry speaks to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// Known or not.
    Everyone,
    /// Whoever is known.
    Authenticated,
    /// Whoever is not.
    Anonymous,
    /// One user, by exact name.
    User(String),
    /// Whoever is in a group, by exact name.
    Group(String),
}

/// An entry; where it holds is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ace {
    /// Whether it grants or denies.
    pub effect: Effect,
    /// What.
    pub privileges: PrivilegeSet,
    /// To whom: whoever is one of these.
    pub to: Vec<Who>,
    /// The line of the rule in the configuration file, from 1.
    pub line: usize,
    /// Its number in the route's list, from 0.
    pub index: usize,
}

impl Who {
    /// Whether `principal` is meant.
    pub fn means(&self, principal: &Principal) -> bool {
        match self {
            Self::Everyone => true,
            Self::Authenticated => !principal.is_anonymous(),
            Self::Anonymous => principal.is_anonymous(),
            Self::User(name) => principal.name() == Some(name),
            Self::Group(name) => principal.is_in(name),
        }
    }
}

impl Ace {
    /// Whether it speaks to `principal`.
    pub fn speaks_to(&self, principal: &Principal) -> bool {
        self.to.iter().any(|who| who.means(principal))
    }
}

/// As in the configuration file.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Authenticated => f.write_str("authenticated"),
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Group(name) => write!(f, "group:{name}"),
        }
    }
}

/// As in the configuration file, without its path: `deny write to user:bob`.
impl fmt::Display for Ace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        let to: Vec<String> = self.to.iter().map(Who::to_string).collect();
        write!(f, "{effect} {} to {}", self.privileges, to.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn who_is_meant() {
        let nobody = Principal::anonymous();
        let ann = Principal::user("ann", ["editors"]).unwrap();
        let editors = Principal::user("editors", [""; 0]).unwrap();
        let user = |name: &str| Who::User(name.to_owned());
        let group = |name: &str| Who::Group(name.to_owned());
        let rows = [
            (Who::Everyone, [true, true, true]),
            (Who::Authenticated, [false, true, true]),
            (Who::Anonymous, [true, false, false]),
            (user("ann"), [false, true, false]),
            (user("Ann"), [false, false, false]),
            (user("editors"), [false, false, true]),
            (user("*"), [false, false, false]),
            (group("editors"), [false, true, false]),
            (group("ann"), [false, false, false]),
        ];
        for (who, expected) in rows {
            assert_eq!([&nobody, &ann, &editors].map(|one| who.means(one)), expected, "{who}");
        }
    }

    #[test]
    fn as_in_the_file() {
        let ace = Ace {
            effect: Effect::Deny,
            privileges: PrivilegeSet::WRITE,
            to: vec![Who::User("bob".to_owned()), Who::Group("guests".to_owned())],
            line: 1,
            index: 0,
        };
        assert_eq!(ace.to_string(), "deny write to user:bob, group:guests");
        let nobody = Principal::anonymous();
        assert!(!ace.speaks_to(&nobody) && ace.speaks_to(&Principal::user("bob", [""; 0]).unwrap()));
    }
}
