//! The privileges (RFC 3744 section 3, RFC 4791 section 6.1; A-1): ten leaves, which decisions are made of, and the names that
//! stand for some of them. In: a name, or a set. Out: the set, or its names.

use std::fmt;

use crate::rules::RuleSet;
use crate::xml::name::{CALDAV, ExpandedName};

/// A leaf: what one rule may grant and another deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Privilege {
    /// To read content and properties.
    Read,
    /// To read `DAV:current-user-privilege-set`.
    ReadCurrentUserPrivilegeSet,
    /// To learn when a calendar is busy, no more (RFC 4791 section 6.1.1).
    ReadFreeBusy,
    /// To read `DAV:acl`.
    ReadAcl,
    /// To change properties.
    WriteProperties,
    /// To change content.
    WriteContent,
    /// To add members.
    Bind,
    /// To remove members.
    Unbind,
    /// To change `DAV:acl`.
    WriteAcl,
    /// To remove locks of others.
    Unlock,
}

/// A set of leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PrivilegeSet(u16);

/// A privilege with a name of its own: a leaf, or an aggregate with what it contains (A-1, AE-4). None is abstract.
#[derive(Debug, PartialEq, Eq)]
pub struct Supported {
    /// The name in `DAV:` or CalDAV's namespace; its local part is the name in the configuration file.
    pub name: ExpandedName<'static>,
    /// The leaves it stands for: it holds if all of them do.
    pub stands_for: PrivilegeSet,
    /// For people, in English.
    pub description: &'static str,
    /// What it contains.
    pub contains: &'static [Supported],
}

use Privilege::{
    Bind, Read, ReadAcl, ReadCurrentUserPrivilegeSet, ReadFreeBusy, Unbind, Unlock, WriteAcl, WriteContent,
    WriteProperties,
};

const fn leaf(name: ExpandedName<'static>, privilege: Privilege, description: &'static str) -> Supported {
    Supported {
        name,
        stands_for: PrivilegeSet::of(&[privilege]),
        description,
        contains: &[],
    }
}

/// The tree of `DAV:supported-privilege-set` (section 3.1, AE-4). `read` is a leaf to decisions; its name stands for all it contains.
pub static SUPPORTED: Supported = Supported {
    name: ExpandedName::dav("all"),
    stands_for: PrivilegeSet::ALL,
    description: "Do everything",
    contains: &[
        Supported {
            name: ExpandedName::dav("read"),
            stands_for: PrivilegeSet::of(&[Read, ReadCurrentUserPrivilegeSet, ReadFreeBusy]),
            description: "Read content and properties",
            contains: &[
                leaf(
                    ExpandedName::dav("read-current-user-privilege-set"),
                    ReadCurrentUserPrivilegeSet,
                    "Read what one may do oneself",
                ),
                leaf(
                    ExpandedName::new(CALDAV, "read-free-busy"),
                    ReadFreeBusy,
                    "Learn when a calendar is busy",
                ),
            ],
        },
        leaf(ExpandedName::dav("read-acl"), ReadAcl, "Read the access control list"),
        Supported {
            name: ExpandedName::dav("write"),
            stands_for: PrivilegeSet::WRITE,
            description: "Change content, properties and members",
            contains: &[
                leaf(
                    ExpandedName::dav("write-properties"),
                    WriteProperties,
                    "Change properties",
                ),
                leaf(ExpandedName::dav("write-content"), WriteContent, "Change content"),
                leaf(ExpandedName::dav("bind"), Bind, "Add members to a collection"),
                leaf(ExpandedName::dav("unbind"), Unbind, "Remove members from a collection"),
            ],
        },
        leaf(
            ExpandedName::dav("write-acl"),
            WriteAcl,
            "Change the access control list",
        ),
        leaf(ExpandedName::dav("unlock"), Unlock, "Remove locks of others"),
    ],
};

impl Supported {
    /// This one and all that it contains, from the outside in.
    pub fn walk(&'static self) -> impl Iterator<Item = &'static Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            open.extend(next.contains.iter().rev());
            Some(next)
        })
    }
}

impl Privilege {
    /// The leaves, in the order of A-1.
    pub const ALL: [Self; 10] = [
        Read,
        ReadCurrentUserPrivilegeSet,
        ReadFreeBusy,
        ReadAcl,
        WriteProperties,
        WriteContent,
        Bind,
        Unbind,
        WriteAcl,
        Unlock,
    ];

    /// Its name (RFC 3744 section 3, RFC 4791 section 6.1.1).
    pub fn name(self) -> ExpandedName<'static> {
        match self {
            Read => ExpandedName::dav("read"),
            ReadCurrentUserPrivilegeSet => ExpandedName::dav("read-current-user-privilege-set"),
            ReadFreeBusy => ExpandedName::new(CALDAV, "read-free-busy"),
            ReadAcl => ExpandedName::dav("read-acl"),
            WriteProperties => ExpandedName::dav("write-properties"),
            WriteContent => ExpandedName::dav("write-content"),
            Bind => ExpandedName::dav("bind"),
            Unbind => ExpandedName::dav("unbind"),
            WriteAcl => ExpandedName::dav("write-acl"),
            Unlock => ExpandedName::dav("unlock"),
        }
    }
}

impl PrivilegeSet {
    /// Every leaf.
    pub const ALL: Self = Self::of(&Privilege::ALL);
    /// What `write` stands for.
    pub const WRITE: Self = Self::of(&[WriteProperties, WriteContent, Bind, Unbind]);

    /// The set of `privileges`.
    pub const fn of(privileges: &[Privilege]) -> Self {
        let mut bits = 0;
        let mut rest = privileges;
        while let [first, tail @ ..] = rest {
            bits |= 1 << *first as u8;
            rest = tail;
        }
        Self(bits)
    }

    /// What `name`, as the configuration file has it, stands for: a local name of the tree.
    pub fn named(name: &str) -> Option<Self> {
        let known = SUPPORTED.walk().find(|privilege| privilege.name.local == name);
        known.map(|privilege| privilege.stands_for)
    }

    /// What is in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this one and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether `privilege` is in it.
    pub const fn has(self, privilege: Privilege) -> bool {
        self.0 & (1 << privilege as u8) != 0
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its leaves, in the order of A-1.
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL.into_iter().filter(move |leaf| self.has(*leaf))
    }

    /// The privileges that whoever holds this set has, aggregates included: `DAV:current-user-privilege-set`.
    pub fn held(self) -> impl Iterator<Item = &'static Supported> {
        SUPPORTED
            .walk()
            .filter(move |privilege| self.contains(privilege.stands_for))
    }
}

impl RuleSet for PrivilegeSet {
    fn union(self, other: Self) -> Self {
        self.union(other)
    }

    fn without(self, other: Self) -> Self {
        self.without(other)
    }

    fn intersects(self, other: Self) -> bool {
        !self.intersection(other).is_empty()
    }
}

/// The fewest names, as in the configuration file: `read, write`; a leaf that has no name of its own by that of its aggregate.
impl fmt::Display for PrivilegeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = *self;
        let mut names = Vec::new();
        for privilege in SUPPORTED.walk() {
            let stands_for = privilege.stands_for;
            if self.contains(stands_for) && !left.intersection(stands_for).is_empty() {
                names.push(privilege.name.local);
                left = left.without(stands_for);
            }
        }
        names.extend(left.iter().map(|leaf| leaf.name().local));
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A-1, AE-4: the tree is the sum of its leaves, and every leaf is itself again
    #[test]
    fn tree() {
        for privilege in SUPPORTED.walk() {
            let inside = privilege.contains.iter().map(|inner| inner.stands_for);
            let sum = inside.fold(PrivilegeSet::default(), PrivilegeSet::union);
            assert!(privilege.stands_for.contains(sum), "{privilege:?}");
            let own = privilege.stands_for.without(sum);
            let expected = match privilege.name.local {
                "all" | "write" => PrivilegeSet::default(),
                "read" => PrivilegeSet::of(&[Read]),
                _ => privilege.stands_for,
            };
            assert_eq!(own, expected, "{privilege:?}");
            assert_eq!(PrivilegeSet::named(privilege.name.local), Some(privilege.stands_for));
        }
        assert_eq!(SUPPORTED.walk().count(), 12);
        assert!(PrivilegeSet::ALL.iter().eq(Privilege::ALL));
        for name in ["", "Read", "read-cups", "DAV:read", "none"] {
            assert_eq!(PrivilegeSet::named(name), None, "{name}");
        }
    }

    // an aggregate is held if all of it is
    #[test]
    fn held() {
        let named = |names: &[&str]| {
            let sets = names.iter().map(|name| PrivilegeSet::named(name).unwrap());
            sets.fold(PrivilegeSet::default(), PrivilegeSet::union)
        };
        let held = |set: PrivilegeSet| set.held().map(|privilege| privilege.name.local).collect::<Vec<_>>();
        assert_eq!(held(named(&["all"])).len(), 12);
        assert_eq!(
            held(named(&["write"]).without(named(&["write-content"]))),
            ["write-properties", "bind", "unbind"]
        );
        assert_eq!(
            held(named(&["read", "write-acl"])),
            ["read", "read-current-user-privilege-set", "read-free-busy", "write-acl"]
        );
        assert_eq!(held(named(&["read-free-busy"])), ["read-free-busy"]);
        assert!(held(PrivilegeSet::default()).is_empty());
    }

    #[test]
    fn fewest_names() {
        let rows = [
            (PrivilegeSet::ALL, "all"),
            (PrivilegeSet::named("read").unwrap(), "read"),
            (PrivilegeSet::of(&[Read]), "read"),
            (PrivilegeSet::of(&[ReadFreeBusy, Bind]), "read-free-busy, bind"),
            (PrivilegeSet::WRITE.union(PrivilegeSet::of(&[Unlock])), "write, unlock"),
            (PrivilegeSet::default(), ""),
        ];
        for (set, text) in rows {
            assert_eq!(set.to_string(), text);
        }
    }
}
