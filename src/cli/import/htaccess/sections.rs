//! The sections of a configuration and what each says about access. In: directives. Out: sections in the order in which httpd
//! lets them override each other, identity, comments. Passes: every line is read, ignored by name, or commented on.

use std::collections::BTreeSet;

use super::known::{SILENT, forbids, module, speaks};
use super::lines::Directive;
use super::places::{self, NoPlace, Place};
use super::verdict::{Config, Host, Require, Says};
use super::who::Members;
use crate::cli::import::rules::{Entry, Identity};
use crate::policy::method::{Method, MethodSet};

/// One place, and what is said about it.
#[derive(Clone, Debug)]
pub struct Section {
    /// Of its first line.
    pub line: usize,
    /// Its first line.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Larger overrides smaller: by kind, depth, whether it is of the virtual host, and place in the file.
    pub rank: (u8, usize, bool, usize),
    /// What.
    pub config: Config,
    /// Line, text and why.
    pub lost: Vec<(usize, String, String)>,
}

/// All that a file says.
#[derive(Debug, Default)]
pub struct Found {
    /// As they stand in the file; the first is what stands outside of all.
    pub sections: Vec<Section>,
    /// Passwords and groups.
    pub identity: Identity,
    /// Members of groups.
    pub members: Members,
    /// The file of groups, and whether it could be read.
    pub group_file: Option<(String, bool)>,
    /// Groups that rules name.
    pub groups: BTreeSet<String>,
    /// Methods that Limit names.
    pub named: Vec<Method>,
    /// Comments on the whole.
    pub notes: Vec<Entry<()>>,
}

/// What is needed on the way.
pub struct Reader<'a> {
    /// What stands for the route's root in URL paths, and in directories.
    pub roots: (String, Option<String>),
    /// Reads a file named in the configuration.
    pub read: &'a dyn Fn(&str) -> Option<String>,
    /// Inside a virtual host: it overrides the main server, wherever that stands.
    pub in_host: bool,
    /// What was found so far.
    pub found: Found,
}

impl Reader<'_> {
    /// Reads `directives` into section `at`; those for `methods` only where a Limit is around.
    pub fn walk(&mut self, directives: &[Directive], at: usize, methods: MethodSet) {
        for directive in directives {
            match &directive.inside {
                None => self.plain(directive, at, methods),
                Some(inside) => self.section(directive, inside, at, methods),
            }
        }
    }

    pub(super) fn lose(&mut self, at: usize, directive: &Directive, why: impl Into<String>) {
        if let Some(section) = self.found.sections.get_mut(at) {
            section.lost.push((directive.line, directive.text.clone(), why.into()));
        }
    }

    pub(super) fn unclear(&mut self, at: usize, directive: &Directive, why: &str) {
        self.lose(at, directive, why);
        if let Some(section) = self.found.sections.get_mut(at) {
            section.config.unclear = true;
        }
    }

    fn section(&mut self, directive: &Directive, inside: &[Directive], at: usize, methods: MethodSet) {
        let first = directive.arguments.first().map(String::as_str).unwrap_or_default();
        match directive.name.as_str() {
            "requireall" | "requireany" | "requirenone" => {
                if let Some(require) = self.require_block(directive, inside, at, methods) {
                    self.config(at, |config| config.requires.push(require));
                }
            }
            "limit" | "limitexcept" => {
                let methods = methods.intersection(self.limit(directive, at));
                self.walk(inside, at, methods);
            }
            "ifmodule" => match module(first) {
                Some(true) => self.walk(inside, at, methods),
                Some(false) => {}
                None if speaks(inside) => self.unclear(at, directive, "whether httpd has this module is not in the file, so nothing is granted; import the file without it"),
                None => self.walk(inside, at, methods),
            },
            "ifversion" | "ifdefine" | "if" | "elseif" | "else" if speaks(inside) => {
                self.unclear(at, directive, "what is inside depends on the request or on httpd itself, so nothing is granted around it; write rules for the case you mean");
            }
            "ifversion" | "ifdefine" | "if" | "elseif" | "else" => self.walk(inside, at, methods),
            "virtualhost" => {
                let around = std::mem::replace(&mut self.in_host, true);
                self.walk(inside, at, methods);
                self.in_host = around;
            }
            "location" | "locationmatch" | "directory" | "directorymatch" | "files" | "filesmatch" => {
                self.place(directive, inside, at, methods);
            }
            _ if speaks(inside) => self.unclear(at, directive, "rules know no such section, so nothing is granted around it"),
            _ => self.lose(at, directive, "rules know no such section"),
        }
    }

    fn place(&mut self, directive: &Directive, inside: &[Directive], at: usize, methods: MethodSet) {
        if !speaks(inside) {
            return self.walk(inside, at, methods);
        }
        let around = self
            .found
            .sections
            .get(at)
            .map_or_else(Place::whole, |section| section.place.clone());
        let regex = directive.name.ends_with("match") || directive.arguments.first().is_some_and(|first| first == "~");
        let path = directive.arguments.last().map(String::as_str).unwrap_or_default();
        let (urls, directories) = (self.roots.0.as_str(), self.roots.1.as_deref());
        let depth = path.split('/').filter(|name| !name.is_empty()).count();
        let (class, found) = match (directive.name.trim_end_matches("match"), regex) {
            ("location", false) => (3, places::location(path, urls)),
            ("location", true) => (3, places::location_match(path, urls)),
            ("files", false) => (2, places::files(path, &around)),
            ("files", true) => (2, places::files_match(path, &around)),
            (_, true) => (
                1,
                Err(NoPlace::Unclear(
                    "a regex over directories has no equivalent; write it as a path",
                )),
            ),
            (_, false) => match directories {
                Some(root) => (1, places::tree(path, root)),
                None => (
                    1,
                    Err(NoPlace::Unclear(
                        "which directory is the route's root is not in the file; say it with --root DIRECTORY",
                    )),
                ),
            },
        };
        let (place, unclear) = match found {
            Ok(place) => (place, None),
            Err(NoPlace::Outside) => {
                let remark = format!(
                    "line {}: {}: not below the route's root, left out",
                    directive.line, directive.text
                );
                return self.found.notes.push(Entry::Remark(remark));
            }
            Err(NoPlace::Unclear(why)) => (Place::whole(), Some(why)),
        };
        let number = self.found.sections.len();
        // Directories go by depth, then by their order; Files and Location by their order alone.
        let rank = if class == 1 {
            (class, depth, self.in_host, number)
        } else {
            (class, 0, self.in_host, number)
        };
        self.found.sections.push(Section {
            line: directive.line,
            text: directive.text.clone(),
            place,
            rank,
            config: Config::default(),
            lost: Vec::new(),
        });
        self.walk(inside, number, methods);
        if let Some(why) = unclear {
            let why = format!("{why}. Nothing is granted where it may apply");
            self.unclear(number, directive, &why);
        }
    }

    pub(super) fn config(&mut self, at: usize, change: impl FnOnce(&mut Config)) {
        if let Some(section) = self.found.sections.get_mut(at) {
            change(&mut section.config);
        }
    }

    pub(super) fn plain(&mut self, directive: &Directive, at: usize, limited: MethodSet) {
        let first = directive.arguments.first().cloned().unwrap_or_default();
        let host = |says| Host { methods: limited, says };
        let from: Vec<String> = directive
            .arguments
            .iter()
            .skip(1)
            .map(|word| word.to_lowercase())
            .collect();
        let all = from.iter().any(|word| word == "all");
        match directive.name.as_str() {
            "require" => {
                let require = self.require(directive, at, limited);
                if matches!(require, Require::One { negated: true, .. }) {
                    self.lose(at, directive, "not can only stand in RequireAll; httpd does not start with it, and it grants nothing");
                }
                self.config(at, |config| config.requires.push(require));
            }
            "order" => {
                let order: String = directive.arguments.concat().to_lowercase();
                let says = if order == "deny,allow" { Says::DenyThenAllow } else { Says::AllowThenDeny };
                if !["deny,allow", "allow,deny", "mutual-failure"].contains(&order.as_str()) {
                    self.unclear(at, directive, "expected allow,deny or deny,allow; nothing is granted");
                }
                self.config(at, |config| config.hosts.push(host(says)));
            }
            "allow" | "deny" => {
                if !all {
                    self.lose(at, directive, "it depends on the client's address or on variables of httpd; nothing is granted for it");
                }
                let says = if directive.name == "allow" { Says::Allow(all) } else { Says::Deny(all) };
                self.config(at, |config| config.hosts.push(host(says)));
            }
            "satisfy" => {
                let any = first.eq_ignore_ascii_case("any");
                self.config(at, |config| config.hosts.push(host(Says::SatisfyAny(any))));
            }
            "authmerging" if first.eq_ignore_ascii_case("off") => {}
            "authmerging" => self.unclear(at, directive, "it joins this section to others that are not all in the file; nothing is granted here. Write both in one section"),
            "authname" => self.found.identity.realm = Some(first),
            "authtype" if ["basic", "none"].contains(&first.to_lowercase().as_str()) => {}
            "authtype" => self.lose(at, directive, "identity has Basic, Bearer, certificates and trusted headers; passwords for another scheme cannot be taken over"),
            "authbasicprovider" if directive.arguments.iter().all(|name| name.eq_ignore_ascii_case("file")) => {}
            "authuserfile" => match &self.found.identity.htpasswd {
                Some(other) if *other != first => self.unclear(at, directive, "identity has one htpasswd file for all routes, and the users of another get in here; so nothing is granted. Join the files, and name the users"),
                _ => self.found.identity.htpasswd = Some(first),
            },
            "authgroupfile" => self.group_file(directive, &first, at),
            "include" | "includeoptional" => self.unclear(at, directive, "other files are not read, so nothing is granted around it; import them, or put their lines here"),
            "limitrequestbody" => self.lose(at, directive, "that is no rule; the route's key is limits: { body: ... }"),
            _ if forbids(directive) => {
                self.unclear(at, directive, "it refuses some requests by what they look like, so nothing is granted around it; write rules for the paths it is about");
            }
            name if SILENT.contains(&name) => {}
            _ => self.lose(at, directive, "not known as a directive about access; look whether it is one, such as a rewrite to [F]"),
        }
    }

    fn group_file(&mut self, directive: &Directive, name: &str, at: usize) {
        let text = (self.read)(name);
        let before = self.found.group_file.replace((name.to_owned(), text.is_some()));
        let other = before.filter(|(file, _)| *file != name);
        // What an unread file says of a group is not what this one says of it.
        if other.as_ref().is_some_and(|(_, read)| !read || text.is_none()) {
            return self.unclear(
                at,
                directive,
                "it is not the only file of groups, and not all of them can be read here; so nothing is granted. Join the files",
            );
        }
        let Some(text) = text else {
            return self.lose(
                at,
                directive,
                "the file cannot be read here; write its groups into identity: groups",
            );
        };
        let mut groups = Members::new();
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            if let Some((group, members)) = line.split_once(':') {
                let members = members.split_whitespace().map(str::to_owned);
                groups.entry(group.trim().to_owned()).or_default().extend(members);
            }
        }
        if other.is_some() && self.found.members != groups {
            return self.unclear(
                at,
                directive,
                "another file of groups is in use already, and identity has one list for all routes; so nothing is granted. Join the files",
            );
        }
        self.found.members = groups;
    }
}
