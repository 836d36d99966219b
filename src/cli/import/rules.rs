//! What an import ends in: rules with comments between them, in order. In: what a reader of a foreign file found. Out: values
//! that `yaml` prints.

use std::collections::BTreeMap;

/// Whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// Anybody.
    Everyone,
    /// Anybody with a name.
    Authenticated,
    /// Anybody without a name.
    Anonymous,
    /// One name.
    User(String),
    /// The members of a group.
    Group(String),
}

impl Principal {
    /// Whether somebody may be both. A group may hold any user.
    pub fn overlaps(&self, other: &Self) -> bool {
        use Principal::{Anonymous, Authenticated, Everyone, Group, User};
        match (self, other) {
            (Everyone, _) | (_, Everyone) | (Anonymous, Anonymous) => true,
            (Anonymous, Authenticated | User(_) | Group(_)) | (Authenticated | User(_) | Group(_), Anonymous) => false,
            (User(ours), User(theirs)) => ours == theirs,
            (Authenticated | Group(_), Authenticated | Group(_) | User(_)) | (User(_), Authenticated | Group(_)) => {
                true
            }
        }
    }
}

/// Whether somebody may be in both lists.
pub fn overlap(ours: &[Principal], theirs: &[Principal]) -> bool {
    ours.iter().any(|our| theirs.iter().any(|their| our.overlaps(their)))
}

/// A set of the privileges that files of other servers can speak of (RFC 3744 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Privileges(u8);

impl Privileges {
    /// None.
    pub const NONE: Self = Self(0);
    /// GET, PROPFIND, REPORT and the like.
    pub const READ: Self = Self(1);
    /// PROPPATCH.
    pub const WRITE_PROPERTIES: Self = Self(2);
    /// PUT and LOCK on what exists.
    pub const WRITE_CONTENT: Self = Self(4);
    /// New members of a collection.
    pub const BIND: Self = Self(8);
    /// Members taken out of a collection.
    pub const UNBIND: Self = Self(16);
    /// All but reading.
    pub const WRITE: Self = Self(30);
    /// Both.
    pub const ALL: Self = Self(31);
    /// One by one.
    pub const LEAVES: [Self; 5] = [
        Self::READ,
        Self::WRITE_PROPERTIES,
        Self::WRITE_CONTENT,
        Self::BIND,
        Self::UNBIND,
    ];

    /// What is in either.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this one and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in it.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The names, with `write` for its four.
    pub fn names(self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if self.has(Self::READ) {
            names.push("read");
        }
        if self.has(Self::WRITE) {
            names.push("write");
            return names;
        }
        let leaves = ["write-properties", "write-content", "bind", "unbind"];
        let held = Self::LEAVES.iter().skip(1).zip(leaves);
        names.extend(held.filter(|(leaf, _)| self.has(**leaf)).map(|(_, name)| name));
        names
    }
}

/// One line of `access:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The path pattern, relative to the route.
    pub path: String,
    /// `allow:` or `deny:`.
    pub allow: bool,
    /// What.
    pub privileges: Privileges,
    /// To whom.
    pub to: Vec<Principal>,
}

/// One line of `methods:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodRule {
    /// The path pattern, relative to the route.
    pub path: String,
    /// Names and classes.
    pub allow: Vec<String>,
}

/// A rule, or a comment in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<T> {
    /// A rule.
    Rule(T),
    /// What the reader of the rules should know.
    Remark(String),
    /// Something of the file that is not in the rules.
    Lost {
        /// Counted from 1.
        line: usize,
        /// The line as it stands in the file.
        text: String,
        /// Why there is no equivalent, and what to do.
        why: String,
    },
}

impl<T> Entry<T> {
    /// Something of the file that is not in the rules.
    pub fn lost(line: usize, text: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Lost {
            line,
            text: text.into(),
            why: why.into(),
        }
    }
}

/// Where passwords and groups are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// What the browser shows.
    pub realm: Option<String>,
    /// A file of passwords.
    pub htpasswd: Option<String>,
    /// Names and members.
    pub groups: BTreeMap<String, Vec<String>>,
}

/// All that was read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// How the file was read: comments at the top, and what belongs to no rule.
    pub notes: Vec<Entry<()>>,
    /// `identity:`, where the file speaks of it.
    pub identity: Option<Identity>,
    /// `methods:`; empty leaves the key out.
    pub methods: Vec<Entry<MethodRule>>,
    /// `access:`; never left out.
    pub access: Vec<Entry<Rule>>,
}

impl Import {
    /// How many things of the file have no equivalent.
    pub fn lost(&self) -> usize {
        count(&self.notes) + count(&self.methods) + count(&self.access)
    }
}

fn count<T>(entries: &[Entry<T>]) -> usize {
    entries
        .iter()
        .filter(|entry| matches!(entry, Entry::Lost { .. }))
        .count()
}
