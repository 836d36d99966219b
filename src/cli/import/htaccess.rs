//! `davgate import htaccess FILE`. In: an .htaccess file, or sections of httpd's configuration. Out: `access:`, `methods:` and
//! `identity:`. Passes: what httpd 2.4 would surely grant. httpd judges methods, here it is privileges: a privilege is granted to
//! those who may use every method that it opens, and what is closed to everyone is left out of `methods:`.

mod known;
mod leaves;
mod lines;
mod places;
mod requires;
mod sections;
mod verdict;
mod who;

use std::collections::BTreeMap;

use self::leaves::Leaves;
use self::places::Place;
use self::sections::{Found, Reader, Section};
use self::verdict::Config;
use self::who::{Members, Who};
use super::rules::{Entry, Import, MethodRule, Principal, Privileges, Rule};
use super::{FormatError, paths};
use crate::policy::method::{Method, MethodSet};

/// The rules that say what `text` says. `root`: the URL path or directory that is the route's root. `read` reads a file of
/// groups.
pub fn import(text: &str, root: Option<&str>, read: &dyn Fn(&str) -> Option<String>) -> Result<Import, FormatError> {
    let directives = lines::parse(text)?;
    let virtual_hosts: Vec<usize> = directives
        .iter()
        .filter(|directive| directive.name == "virtualhost")
        .map(|directive| directive.line)
        .collect();
    if let [_, second, ..] = virtual_hosts.as_slice() {
        return Err(FormatError::new(
            *second,
            "a second virtual host; expected one, since each is a route of its own",
        ));
    }
    let directories = root.map(str::to_owned).or_else(|| common_directory(&directives));
    let base = Section {
        line: 1,
        text: String::new(),
        place: Place::whole(),
        rank: (0, 0, false, 0),
        config: Config::default(),
        lost: Vec::new(),
    };
    let mut reader = Reader {
        roots: (root.unwrap_or("/").to_owned(), directories.clone()),
        read,
        in_host: false,
        found: Found {
            sections: vec![base],
            ..Found::default()
        },
    };
    reader.walk(&directives, 0, MethodSet::all());
    let mut found = reader.found;
    let classes = |class| found.sections.iter().any(|section| section.rank.0 == class);
    if classes(1) && classes(3) && root.is_none() {
        return Err(FormatError::new(
            1,
            "holds Directory and Location sections; expected one kind, or --root where both begin with the same path",
        ));
    }
    if let (true, Some(directory)) = (classes(1), &directories) {
        found.notes.push(Entry::Remark(format!(
            "Paths are relative to {directory}, for a route in front of it."
        )));
    }
    Ok(emit(found))
}

/// The Directory section that holds all others.
fn common_directory(directives: &[lines::Directive]) -> Option<String> {
    fn collect<'a>(directives: &'a [lines::Directive], into: &mut Vec<&'a str>) {
        for directive in directives {
            if directive.name == "directory" {
                into.extend(directive.arguments.first().map(String::as_str));
            }
            collect(directive.inside.as_deref().unwrap_or_default(), into);
        }
    }
    let mut all = Vec::new();
    collect(directives, &mut all);
    let outer = |directory: &str| {
        let prefix = format!("{}/", directory.trim_end_matches('/'));
        all.iter()
            .all(|other| *other == directory || format!("{other}/").starts_with(&prefix))
    };
    all.iter()
        .find(|directory| outer(directory))
        .map(|directory| (*directory).to_owned())
}

fn emit(found: Found) -> Import {
    let Found {
        mut sections,
        identity,
        members,
        group_file: _,
        groups,
        named,
        mut notes,
    } = found;
    sections.sort_by_key(|section| std::cmp::Reverse(section.rank));
    let base_is_silent = |section: &Section| {
        section.rank.0 == 0 && section.config.requires.is_empty() && section.config.hosts.is_empty()
    };
    let mut import = Import::default();
    import.notes.append(&mut notes);
    let remark = Entry::Remark;
    import.notes.push(remark(
        "Read as httpd 2.4 does. What other files of httpd say about the same paths is not in it.".to_owned(),
    ));
    let unknown: Vec<&str> = groups
        .iter()
        .filter(|group| !members.contains_key(*group))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        import.notes.push(remark(format!(
            "Groups that identity: groups must hold: {}",
            unknown.join(", ")
        )));
    }
    let mut identity = identity;
    identity.groups = members.clone();
    if identity.htpasswd.is_some() || !identity.groups.is_empty() {
        if identity.htpasswd.as_ref().is_some_and(|file| !file.starts_with('/')) {
            import.notes.push(remark(
                "AuthUserFile is relative to httpd's ServerRoot; write its whole name.".to_owned(),
            ));
        }
        import.identity = Some(identity);
    }
    let universe = leaves::universe(&named);
    let speaking: Vec<&Section> = sections
        .iter()
        .filter(|section| !base_is_silent(section) || section.config.unclear)
        .collect();
    let leaves: Vec<Leaves> = (0..speaking.len())
        .map(|at| Leaves::of(&effective(&speaking, at), &universe, &named, &members))
        .collect();
    for lost in sections
        .iter()
        .filter(|section| base_is_silent(section) && !section.config.unclear)
        .flat_map(|section| &section.lost)
    {
        import.notes.push(Entry::lost(lost.0, lost.1.clone(), lost.2.clone()));
    }
    access(&speaking, &leaves, &mut import);
    methods(&speaking, &leaves, &mut import);
    if !speaking.iter().any(|section| section.place.root.is_none()) {
        import.access.push(Entry::Remark(
            "The file says nothing about other paths; they are denied here.".to_owned(),
        ));
    }
    import
}

/// What is in force at a section: what it does not say itself comes from the next one that it overrides.
fn effective(sections: &[&Section], at: usize) -> Config {
    let Some(section) = sections.get(at) else {
        return Config::default();
    };
    let mut config = section.config.clone();
    let below = sections.get(at + 1..).unwrap_or_default();
    let inherited = |speaks: fn(&Config) -> bool| {
        for other in below.iter().filter(|other| speaks(&other.config)) {
            if paths::covers(&other.place.path, &section.place.path) {
                return (Some(&other.config), false);
            }
            if paths::overlap(&other.place.path, &section.place.path) {
                return (None, true);
            }
        }
        (None, false)
    };
    if config.requires.is_empty() {
        let (from, unclear) = inherited(|config| !config.requires.is_empty());
        config.requires = from.map(|from| from.requires.clone()).unwrap_or_default();
        config.unclear |= unclear;
    }
    if config.hosts.is_empty() {
        let (from, unclear) = inherited(|config| !config.hosts.is_empty());
        config.hosts = from.map(|from| from.hosts.clone()).unwrap_or_default();
        config.unclear |= unclear;
    }
    // What takes away there may take away here too.
    config.unclear |= below
        .iter()
        .any(|other| other.config.unclear && paths::overlap(&other.place.path, &section.place.path));
    config
}

fn access(sections: &[&Section], leaves: &[Leaves], import: &mut Import) {
    for (at, (section, ours)) in sections.iter().zip(leaves).enumerate() {
        if !section.text.is_empty() {
            import
                .access
                .push(Entry::Remark(format!("{} (line {})", section.text, section.line)));
        }
        let mut lost: Vec<&(usize, String, String)> = section.lost.iter().collect();
        lost.sort();
        import
            .access
            .extend(lost.into_iter().map(|(line, text, why)| Entry::lost(*line, text, why)));
        let title = if section.text.is_empty() {
            "the file"
        } else {
            &section.text
        };
        import.access.extend(ours.remarks.iter().cloned().map(Entry::Remark));
        import
            .access
            .extend(ours.lost.iter().map(|why| Entry::lost(section.line, title, why)));
        let rules = rules(&section.place.path, &ours.granted);
        import.access.extend(rules.iter().cloned().map(Entry::Rule));
        let everyone = ours
            .granted
            .iter()
            .filter(|(_, who)| who.is_everyone())
            .fold(Privileges::NONE, |sum, (leaf, _)| sum.and(*leaf));
        let rest = Privileges::ALL.without(everyone);
        let hidden = sections
            .iter()
            .skip(at + 1)
            .any(|later| paths::overlap(&later.place.path, &section.place.path));
        if hidden && !rest.is_none() {
            import.access.push(Entry::Rule(Rule {
                path: section.place.path.clone(),
                allow: false,
                privileges: rest,
                to: vec![Principal::Everyone],
            }));
        }
    }
}

/// One to three rules for each set of privileges that goes to the same.
fn rules(path: &str, granted: &[(Privileges, Who)]) -> Vec<Rule> {
    let mut groups: Vec<(Privileges, &Who)> = Vec::new();
    for (leaf, who) in granted {
        match groups.iter_mut().find(|(_, known)| *known == who) {
            Some((privileges, _)) => *privileges = privileges.and(*leaf),
            None => groups.push((*leaf, who)),
        }
    }
    let mut rules = Vec::new();
    for (privileges, who) in groups {
        for (allow, to) in [(true, &who.first), (false, &who.except), (true, &who.then)] {
            if !to.is_empty() {
                rules.push(Rule {
                    path: path.to_owned(),
                    allow,
                    privileges,
                    to: to.iter().cloned().collect(),
                });
            }
        }
    }
    rules
}

/// Making and deleting is judged at the parent. Where others may do that there than here, the method filter has to keep them
/// from it; it does not know who asks, so it keeps everyone from it.
fn methods(sections: &[&Section], leaves: &[Leaves], import: &mut Import) {
    let mut entries: Vec<Entry<MethodRule>> = Vec::new();
    let mut plain = true;
    for (at, (section, ours)) in sections.iter().zip(leaves).enumerate() {
        if let Some(root) = &section.place.root {
            let parent = match root.rsplit_once('/') {
                Some((parent, _)) if !root.starts_with('~') && !root.contains("**") => {
                    if parent.is_empty() {
                        "/".to_owned()
                    } else {
                        parent.to_owned()
                    }
                }
                _ => "/**".to_owned(),
            };
            let around = || {
                sections
                    .iter()
                    .zip(leaves)
                    .enumerate()
                    .filter(|(other, (section, _))| *other != at && paths::overlap(&section.place.path, &parent))
                    .map(|(_, (_, leaves))| leaves)
            };
            if around().any(|theirs| !ours.may_all_that(theirs)) {
                entries.push(Entry::lost(
                    section.line,
                    &section.text,
                    format!(
                        "making and deleting {root} itself is judged at its parent, where it is allowed to others than here; so it \
                         is refused to everyone, and with it PUT, LOCK, COPY and MOVE"
                    ),
                ));
                entries.push(Entry::Rule(rule(root, &ours.allowed_in_place())));
                plain = false;
                if *root == section.place.path {
                    continue;
                }
            } else if !ours.makes_nothing() && !around().any(|theirs| theirs.may_all_that(ours)) {
                entries.push(Entry::lost(
                    section.line,
                    &section.text,
                    format!(
                        "making and deleting {root} itself is judged at its parent, and not allowed to all who may here"
                    ),
                ));
            }
        }
        let allowed = ours.allowed();
        plain &= leaves::is_default(&allowed) || (allowed.is_empty() && section.place.root.is_none());
        entries.push(Entry::Rule(rule(&section.place.path, &allowed)));
    }
    if plain {
        // Every path has what a route without `methods:` has.
        entries.retain(|entry| !matches!(entry, Entry::Rule(_)));
    }
    let lost: Vec<Entry<MethodRule>> = entries;
    if lost.iter().any(|entry| matches!(entry, Entry::Rule(_))) {
        import.methods = lost;
    } else {
        // Without a rule there is no list for a comment to stand in.
        import.notes.extend(lost.into_iter().filter_map(|entry| match entry {
            Entry::Lost { line, text, why } => Some(Entry::Lost { line, text, why }),
            Entry::Rule(_) | Entry::Remark(_) => None,
        }));
    }
}

fn rule(path: &str, methods: &[Method]) -> MethodRule {
    MethodRule {
        path: path.to_owned(),
        allow: leaves::names(methods),
    }
}

/// Who may use each method.
type ByMethod = BTreeMap<Method, Who>;

fn by_method(config: &Config, universe: &[Method], members: &Members) -> ByMethod {
    universe
        .iter()
        .map(|method| (*method, config.who(*method, members).sure))
        .collect()
}

#[cfg(test)]
#[path = "htaccess_tests.rs"]
mod tests;
