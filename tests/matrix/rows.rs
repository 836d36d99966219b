//! The rows: every role, path, method and state, and where COPY and MOVE go.

use std::collections::BTreeMap;

use super::naive::{ROLES, Verdict};

/// What is at a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Unmapped,
    /// A file.
    Resource,
    /// A folder.
    Collection,
}

use State::{Collection, Resource, Unmapped};

/// All states.
pub const STATES: [State; 3] = [Unmapped, Resource, Collection];

/// One request, and what it finds.
#[derive(Clone, Debug)]
pub struct Row {
    /// The number of the role in [`ROLES`].
    pub role: usize,
    /// The method.
    pub method: &'static str,
    /// The key of the target, relative to the route.
    pub path: &'static str,
    /// What is there.
    pub target_state: State,
    /// The key of the Destination.
    pub destination: Option<&'static str>,
    /// What is there.
    pub destination_state: State,
}

impl Row {
    /// All states that target and Destination could be in.
    pub fn possible(&self) -> impl Iterator<Item = (State, State)> {
        STATES
            .into_iter()
            .flat_map(|target| STATES.into_iter().map(move |destination| (target, destination)))
    }

    /// For messages.
    pub fn name(&self) -> String {
        let role = match ROLES[self.role].0 {
            "" => "nobody",
            name => name,
        };
        let mut name = format!("{role}: {} {:?} ({:?})", self.method, self.path, self.target_state);
        if let Some(destination) = self.destination {
            name.push_str(&format!(" to {destination:?} ({:?})", self.destination_state));
        }
        name
    }
}

/// Methods with one resource.
const METHODS: &[&str] = &[
    "GET",
    "HEAD",
    "OPTIONS",
    "PROPFIND",
    "REPORT",
    "PROPPATCH",
    "PUT",
    "PATCH",
    "POST",
    "MKCOL",
    "MKCALENDAR",
    "DELETE",
    "LOCK",
    "UNLOCK",
    "ACL",
    "VERSION-CONTROL",
    "CHECKOUT",
    "CHECKIN",
    "UNCHECKOUT",
    "BASELINE-CONTROL",
    "MKWORKSPACE",
    "MKACTIVITY",
];

const PATHS: &[&str] = &[
    "",
    "/shared",
    "/shared/a",
    "/shared/hidden",
    "/shared/hidden/x",
    "/shared/frozen/f",
    "/shared/kept/k",
    "/home",
    "/home/ann",
    "/home/ann/n",
    "/home/bob/n",
    "/drop/d",
    "/public/p",
    "/archive/old",
    "/mixed",
    "/mixed/m.txt",
    "/else",
];

const SOURCES: &[&str] = &[
    "/shared",
    "/shared/a",
    "/shared/hidden/x",
    "/home/ann/n",
    "/public/p",
    "/archive/old",
    "/mixed/m.txt",
    "/else",
];

const DESTINATIONS: &[&str] = &[
    "/shared",
    "/shared/new",
    "/shared/hidden/new",
    "/shared/frozen/new",
    "/home/ann/new",
    "/drop/new",
    "/archive/new",
    "/mixed/new.txt",
    "/new",
];

/// Every row.
pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for role in 0..ROLES.len() {
        for method in METHODS {
            for path in PATHS {
                rows.extend(STATES.map(|target_state| Row {
                    role,
                    method,
                    path,
                    target_state,
                    destination: None,
                    destination_state: Unmapped,
                }));
            }
        }
        for method in ["COPY", "MOVE"] {
            for (path, destination) in ends() {
                for target_state in STATES {
                    rows.extend(STATES.map(|destination_state| Row {
                        role,
                        method,
                        path,
                        target_state,
                        destination: Some(destination),
                        destination_state,
                    }));
                }
            }
        }
    }
    // The root of a route is a collection, whatever a row would like, and its slash says so to PUT (B-97).
    rows.retain(|row| !row.path.is_empty() || (row.target_state == Collection && row.method != "PUT"));
    rows
}

/// The rows for a real server: of every role, method and verdict two, and only what mod_dav serves.
pub fn chosen(judge: impl Fn(&Row) -> Verdict) -> Vec<Row> {
    const SERVED: &[&str] = &[
        "GET",
        "HEAD",
        "OPTIONS",
        "PROPFIND",
        "PROPPATCH",
        "PUT",
        "MKCOL",
        "DELETE",
        "LOCK",
        "COPY",
        "MOVE",
    ];
    let mut groups: BTreeMap<(usize, &str, Verdict, &str), Vec<Row>> = BTreeMap::new();
    for row in rows()
        .into_iter()
        .filter(|row| SERVED.contains(&row.method) && !row.path.is_empty())
    {
        let state = match row.target_state {
            Unmapped => "unmapped",
            Resource | Collection => "mapped",
        };
        groups
            .entry((row.role, row.method, judge(&row), state))
            .or_default()
            .push(row);
    }
    let two = |rows: &Vec<Row>| {
        let mut places = vec![rows.len() / 3, rows.len() * 2 / 3];
        places.dedup();
        places.into_iter().map(|at| rows[at].clone()).collect::<Vec<_>>()
    };
    groups.values().flat_map(two).collect()
}

/// Sources and Destinations of which none holds the other: that is refused by no rule of access (B-34 to B-36).
fn ends() -> impl Iterator<Item = (&'static str, &'static str)> {
    let holds = |one: &str, other: &str| one == other || other.starts_with(&format!("{one}/"));
    let pairs = SOURCES
        .iter()
        .flat_map(|path| DESTINATIONS.iter().map(move |to| (*path, *to)));
    pairs.filter(move |(path, to)| !holds(path, to) && !holds(to, path))
}
