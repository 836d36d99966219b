//! A second evaluator, written from the rules of the specification (A-1 to A-33, PV-1 to PV-30, O-6 to O-12) and knowing nothing of the
//! program: it walks rules from top to bottom and tries every name it can think of. In: a row. Out: permitted, or the status.

use std::cell::RefCell;
use std::collections::HashMap;

use super::rows::{Row, State};

/// A rule of `access`: path, `allow` or `deny`, privileges, to whom.
pub type Ace = (&'static str, &'static str, &'static str, &'static str);

/// The access rules of the matrix, in file order.
pub const ACCESS: &[Ace] = &[
    ("/shared/hidden/**", "deny", "all", "user:bob anonymous"),
    ("/shared/frozen/**", "deny", "write unlock", "everyone"),
    ("/shared/**", "allow", "read write", "group:editors"),
    ("/shared/**", "allow", "read", "authenticated"),
    ("/home/{user}/**", "allow", "all", "authenticated"),
    ("/drop/**", "allow", "bind", "authenticated"),
    ("/public/**", "allow", "read", "everyone"),
    ("/archive/**", "allow", "read write", "group:editors"),
    ("/mixed/*.txt", "allow", "read write-content", "authenticated"),
    ("/mixed", "allow", "read-free-busy unbind", "authenticated"),
    ("/**", "allow", "all", "group:admins"),
];

/// The method filter: path, and whether only reading passes there.
pub const METHODS: &[(&str, bool)] = &[("/archive/**", true), ("/shared/kept/**", true), ("/**", false)];

/// Who is asking: a name, "" for nobody, and the groups.
pub const ROLES: &[(&str, &[&str])] = &[
    ("", &[]),
    ("ann", &["editors"]),
    ("bob", &["editors"]),
    ("carl", &[]),
    ("root", &["admins"]),
];

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It passes.
    Permit,
    /// It is refused with this status.
    Refuse(u16),
}

/// A privilege that is needed: its name, on which resource, and whether on everything below it too.
type Need = (&'static str, &'static str, bool);

/// What a request needs, as the specification's table has it: `read(T*) bind(DP)`.
fn table(method: &str, target: State, destination: State) -> Vec<Need> {
    use State::{Collection as C, Resource as R, Unmapped as U};
    let text = match (method, target, destination) {
        // PV-1; A-24
        ("GET" | "HEAD", U | R, _) => "read(T)",
        ("GET" | "HEAD", C, _) => "read(T*)",
        // PV-2, PV-3, PV-22
        ("OPTIONS" | "PROPFIND" | "REPORT", ..) => "read(T)",
        // PV-4, PV-24, PV-30
        ("PROPPATCH" | "VERSION-CONTROL" | "CHECKOUT" | "CHECKIN", ..) => "write-properties(T)",
        // PV-5, PV-6; A-13
        ("PUT", U, _) => "bind(P)",
        ("PUT", R, _) => "write-content(T)",
        ("PUT", C, _) => "write-content(T) bind(P) unbind(T*)",
        // PV-7
        ("PATCH", U, _) => "bind(P)",
        ("PATCH", ..) => "write-content(T)",
        // PV-9; what is not there could only be made
        ("POST", U, _) => "write-content(T) bind(P)",
        ("POST", R, _) => "write-content(T)",
        ("POST", C, _) => "write-content(T) bind(T)",
        // PV-10
        ("MKCOL" | "MKCALENDAR", ..) => "bind(P)",
        // PV-11
        ("DELETE", U | R, _) => "unbind(P)",
        ("DELETE", C, _) => "unbind(P) unbind(T*)",
        // PV-12; what comes to be below D
        ("COPY", U | R, U) => "read(T) bind(DP)",
        ("COPY", C, U) => "read(T*) bind(DP) bind(D*)",
        // PV-13
        ("COPY", U | R, R) => "read(T) write-content(D) write-properties(D)",
        ("COPY", U | R, C) => "read(T) write-content(D) write-properties(D) bind(D) unbind(D*)",
        ("COPY", C, R) => "read(T*) write-content(D) write-properties(D) bind(D*) unbind(D)",
        ("COPY", C, C) => "read(T*) write-content(D) write-properties(D) bind(D*) unbind(D*)",
        // PV-14
        ("MOVE", U | R, U) => "unbind(P) bind(DP) read(T)",
        ("MOVE", C, U) => "unbind(P) bind(DP) read(T*) unbind(T*) bind(D*)",
        // PV-15
        ("MOVE", U | R, R) => "unbind(P) bind(DP) read(T) unbind(DP) unbind(D)",
        ("MOVE", U | R, C) => "unbind(P) bind(DP) read(T) unbind(DP) unbind(D*)",
        ("MOVE", C, R) => "unbind(P) bind(DP) read(T*) unbind(T*) bind(D*) unbind(DP) unbind(D)",
        ("MOVE", C, C) => "unbind(P) bind(DP) read(T*) unbind(T*) bind(D*) unbind(DP) unbind(D*)",
        // PV-16, PV-17
        ("LOCK", U, _) => "bind(P)",
        ("LOCK", R, _) => "write-content(T)",
        ("LOCK", C, _) => "write-content(T*)",
        // PV-19: judged apart
        ("UNLOCK", ..) => "",
        // PV-21
        ("ACL", ..) => "write-acl(T)",
        // PV-25, PV-29
        ("UNCHECKOUT" | "BASELINE-CONTROL", C, _) => "write-content(T*) write-properties(T*)",
        ("UNCHECKOUT" | "BASELINE-CONTROL", ..) => "write-content(T) write-properties(T)",
        // PV-28
        ("MKWORKSPACE" | "MKACTIVITY", ..) => "write-content(P) bind(P)",
        other => panic!("not in the table: {other:?}"),
    };
    let need = |word: &'static str| {
        let (privilege, subject) = word.trim_end_matches(')').split_once('(').unwrap();
        match subject.strip_suffix('*') {
            Some(subject) => (privilege, subject, true),
            None => (privilege, subject, false),
        }
    };
    text.split(' ').filter(|word| !word.is_empty()).map(need).collect()
}

/// The evaluator, which remembers what it found out about trees.
#[derive(Default)]
pub struct Naive {
    trees: RefCell<HashMap<(usize, String, &'static str), bool>>,
    filtered: RefCell<HashMap<(String, &'static str), bool>>,
}

impl Naive {
    /// What becomes of the row (0.1).
    pub fn judge(&self, row: &Row) -> Verdict {
        let refused = || Verdict::Refuse(self.refusal(row));
        // O-6
        if !passes(row.method, row.path) {
            return Verdict::Refuse(405);
        }
        // PV-19, PV-20: the back end knows who made the lock; here, who could have
        if row.method == "UNLOCK" {
            let mut ways = vec![(row.path, "write-content"), (row.path, "unlock")];
            ways.extend(row.path.rsplit_once('/').map(|(parent, _)| (parent, "bind")));
            let passes = ways.iter().any(|(path, privilege)| granted(row.role, path, privilege));
            return if passes { Verdict::Permit } else { refused() };
        }
        // O-7: whatever is there
        let at_target = |need: &Need| need.1 == "T" || need.1 == "P";
        if !row.possible().any(|(t, d)| self.holds(row, t, d, at_target)) {
            return refused();
        }
        // O-9
        if row
            .destination
            .is_some_and(|destination| !passes(row.method, destination))
        {
            return Verdict::Refuse(405);
        }
        if !row.possible().any(|(t, d)| self.holds(row, t, d, |_| true)) {
            return refused();
        }
        // O-12
        if self.keeps_below(row) {
            return Verdict::Refuse(403);
        }
        if self.holds(row, row.target_state, row.destination_state, |_| true) {
            Verdict::Permit
        } else {
            refused()
        }
    }

    /// Whether target or Destination may not be read: then not even what the back end says of it is passed on.
    pub fn hides(&self, row: &Row) -> bool {
        let mut paths = std::iter::once(row.path).chain(row.destination);
        paths.any(|path| !granted(row.role, path, "read"))
    }

    ///
    fn refusal(&self, row: &Row) -> u16 {
        const SHOWS: &[&str] = &["GET", "HEAD", "PROPFIND", "REPORT", "SEARCH", "COPY", "OPTIONS"];
        if ROLES[row.role].0.is_empty() {
            401
        } else if SHOWS.contains(&row.method) && !granted(row.role, row.path, "read") {
            404
        } else {
            403
        }
    }

    /// Whether everything that the table asks for in these states is granted, of the needs that count.
    fn holds(&self, row: &Row, target: State, destination: State, counts: impl Fn(&Need) -> bool) -> bool {
        let needs = table(row.method, target, destination);
        needs
            .iter()
            .filter(|need| counts(need))
            .all(|(privilege, subject, tree)| {
                let place = match *subject {
                    "T" => Some(row.path),
                    "P" => parent(row.path),
                    "D" => row.destination,
                    "DP" => row.destination.and_then(parent),
                    other => panic!("{other}"),
                };
                place.is_some_and(|place| {
                    granted(row.role, place, privilege) && (!tree || self.granted_below(row.role, place, privilege))
                })
            })
    }

    /// every path that could be below, as far as names can be thought of.
    fn granted_below(&self, role: usize, key: &str, privilege: &'static str) -> bool {
        let known = (role, key.to_owned(), privilege);
        if let Some(found) = self.trees.borrow().get(&known) {
            return *found;
        }
        let found = below(key).iter().all(|path| granted(role, path, privilege));
        self.trees.borrow_mut().insert(known, found);
        found
    }

    /// O-12: a method that acts on all of a collection passes only if it passes everywhere below.
    fn keeps_below(&self, row: &Row) -> bool {
        let whole = row.target_state == State::Collection;
        let acts = ["DELETE", "MOVE", "COPY", "UNCHECKOUT", "BASELINE-CONTROL"].contains(&row.method);
        if whole && acts && self.keeps(row.path, row.method) {
            return true;
        }
        row.destination.is_some_and(|destination| {
            let replaced = row.destination_state == State::Collection;
            ((whole || replaced) && self.keeps(destination, row.method))
                || (replaced && self.keeps(destination, "DELETE"))
        })
    }

    /// Whether the method is kept from anything that could be below.
    fn keeps(&self, key: &str, method: &'static str) -> bool {
        let known = (key.to_owned(), method);
        if let Some(found) = self.filtered.borrow().get(&known) {
            return *found;
        }
        let found = below(key).iter().any(|path| !passes(method, path));
        self.filtered.borrow_mut().insert(known, found);
        found
    }
}

/// Every name that a rule has, and some that none has.
const NAMES: &[&str] = &[
    "shared", "hidden", "frozen", "kept", "home", "ann", "bob", "carl", "root", "drop", "public", "archive", "mixed",
    "m.txt", "zz",
];

/// Paths below `key`, up to three levels.
fn below(key: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut level = vec![key.to_owned()];
    for _ in 0..3 {
        level = level
            .iter()
            .flat_map(|path| NAMES.iter().map(move |name| format!("{path}/{name}")))
            .collect();
        all.extend(level.iter().cloned());
    }
    all
}

/// O-6: the first rule that matches.
fn passes(method: &str, key: &str) -> bool {
    const READING: &[&str] = &["OPTIONS", "GET", "HEAD", "PROPFIND", "REPORT"];
    let rule = METHODS.iter().find(|(path, _)| matches(path, key, ""));
    rule.is_some_and(|(_, reading)| !reading || READING.contains(&method))
}

/// the first entry that matches path and principal and mentions the privilege.
fn granted(role: usize, key: &str, privilege: &str) -> bool {
    let (user, groups) = ROLES[role];
    for (path, effect, privileges, to) in ACCESS {
        let speaks = to.split(' ').any(|who| match who.split_once(':') {
            Some(("user", name)) => user == name,
            Some(("group", name)) => groups.contains(&name),
            _ => who == "everyone" || (who == "authenticated") != user.is_empty(),
        });
        let mentions = privileges.split(' ').any(|name| match name {
            //
            "all" => true,
            "write" => ["write-properties", "write-content", "bind", "unbind"].contains(&privilege),
            "read" => ["read", "read-current-user-privilege-set", "read-free-busy"].contains(&privilege),
            _ => name == privilege,
        });
        if speaks && mentions && matches(path, key, user) {
            return *effect == "allow";
        }
    }
    false
}

/// Segment by segment; both begin with a slash, or are at their end.
fn matches(pattern: &str, key: &str, user: &str) -> bool {
    let Some((first, rest)) = cut(pattern) else {
        return key.is_empty();
    };
    if first == "**" {
        let mut left = key;
        loop {
            if matches(rest, left, user) {
                return true;
            }
            match cut(left) {
                Some((_, less)) => left = less,
                None => return false,
            }
        }
    }
    let Some((name, others)) = cut(key) else {
        return false;
    };
    let fits = match first.split_once('*') {
        Some((before, after)) => name.starts_with(before) && name.ends_with(after),
        None if first == "{user}" => !user.is_empty() && name == user,
        None => first == name,
    };
    fits && matches(rest, others, user)
}

/// The first segment, and what follows it.
fn cut(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    Some(path.split_at(path.find('/').unwrap_or(path.len())))
}

/// The collection that holds it; above the root of the route nothing is granted.
fn parent(key: &str) -> Option<&str> {
    key.rfind('/').map(|at| &key[..at])
}
