//! Groups of the file, and what a user is in by them. In: the lists of members, a user's name, and the groups
//! that a token or a trusted peer claims. Out: every group the user is in. Passes: nesting up to 32 deep; cycles end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::settings::Member;

/// How deep groups may lie in each other; what is deeper is not reached, so nobody gets in by it.
const MAX_DEPTH: usize = 32;

/// Who is in which group, by member.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// By user: the groups that list the user.
    of_users: HashMap<String, Vec<String>>,
    /// By group: the groups that list it.
    of_groups: HashMap<String, Vec<String>>,
}

impl Groups {
    /// The groups of the file: name and members.
    pub fn new(groups: &BTreeMap<String, Vec<Member>>) -> Self {
        let mut index = Self::default();
        for (group, members) in groups {
            for member in members {
                let (map, name) = match member {
                    Member::User(name) => (&mut index.of_users, name),
                    Member::Group(name) => (&mut index.of_groups, name),
                };
                map.entry(name.clone()).or_default().push(group.clone());
            }
        }
        index
    }

    /// Every group that `user` is in: those that list the user, those that are `claimed`, and those that list one of
    /// them.
    pub fn of(&self, user: &str, claimed: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = claimed.into_iter().collect();
        found.extend(self.of_users.get(user).into_iter().flatten().cloned());
        let mut new: Vec<String> = found.iter().cloned().collect();
        // The first level is the group itself.
        for _ in 1..MAX_DEPTH {
            let outer = new.iter().filter_map(|group| self.of_groups.get(group)).flatten();
            new = outer.filter(|group| !found.contains(*group)).cloned().collect();
            if new.is_empty() {
                break;
            }
            found.extend(new.iter().cloned());
        }
        found
    }

    /// The first group that lies in itself, if one does.
    pub fn cycle(groups: &BTreeMap<String, Vec<Member>>) -> Option<&str> {
        let index = Self::new(groups);
        groups.keys().map(String::as_str).find(|name| {
            let outer = index.of_groups.get(*name).into_iter().flatten().cloned();
            index.of("", outer).contains(*name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(rows: &[(&str, &[&str])]) -> BTreeMap<String, Vec<Member>> {
        let member = |text: &&str| match text.strip_prefix("group:") {
            Some(group) => Member::Group(group.to_owned()),
            None => Member::User((*text).to_owned()),
        };
        let row = |(name, members): &(&str, &[&str])| ((*name).to_owned(), members.iter().map(member).collect());
        rows.iter().map(row).collect()
    }

    // recursive, cycle-safe
    #[test]
    fn who_is_in_what() {
        let index = Groups::new(&groups(&[
            ("editors", &["alice", "bob", "group:admins"]),
            ("admins", &["root", "group:owners"]),
            ("owners", &["group:admins", "ann"]),
            ("staff", &["group:editors"]),
            ("alice", &["carl"]),
        ]));
        let rows: [(&str, &[&str], &[&str]); 7] = [
            ("alice", &[], &["editors", "staff"]),
            ("root", &[], &["admins", "editors", "owners", "staff"]),
            ("ann", &[], &["admins", "editors", "owners", "staff"]),
            ("nobody", &[], &[]),
            // A group's name is no user's.
            ("editors", &[], &[]),
            // What a token claims counts, and what lists it too.
            (
                "nobody",
                &["owners", "other"],
                &["admins", "editors", "other", "owners", "staff"],
            ),
            ("carl", &[], &["alice"]),
        ];
        for (user, claimed, expected) in rows {
            let found = index.of(user, claimed.iter().map(|name| (*name).to_owned()));
            assert!(found.iter().eq(expected), "{user} {claimed:?}: {found:?}");
        }
    }

    // max depth 32
    #[test]
    fn depth() {
        let names: Vec<String> = (1..=40).map(|level| format!("g{level:02}")).collect();
        let mut chain: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        chain.insert("g01".to_owned(), vec![Member::User("ann".to_owned())]);
        for pair in names.windows(2) {
            chain.insert(pair[1].clone(), vec![Member::Group(pair[0].clone())]);
        }
        let found = Groups::new(&chain).of("ann", []);
        assert!(found.contains("g32") && !found.contains("g33"), "{found:?}");
        assert_eq!(found.len(), 32);
    }

    #[test]
    fn cycles_are_found() {
        assert_eq!(Groups::cycle(&groups(&[("a", &["group:b"]), ("b", &["x"])])), None);
        let round = groups(&[("a", &["group:b"]), ("b", &["group:c"]), ("c", &["group:b"])]);
        assert_eq!(Groups::cycle(&round), Some("b"));
        assert_eq!(Groups::cycle(&groups(&[("a", &["group:a"])])), Some("a"));
    }
}
