//! From methods to privileges. In: who may use each method. Out: who gets each privilege, and which methods pass at all. Passes: a
//! method stays closed to whom it is closed: of the privileges it needs (RFC 3744 appendix B), one is its guard, and goes to
//! nobody who may not use the method.

use super::verdict::Config;
use super::who::{Estimate, Members, Who};
use super::{ByMethod, by_method};
use crate::cli::import::rules::Privileges;
use crate::policy::method::{Method, MethodSet};

const READING: [Method; 5] = [
    Method::Options,
    Method::Get,
    Method::Head,
    Method::Propfind,
    Method::Report,
];
const WRITING: [Method; 7] = [
    Method::Put,
    Method::Delete,
    Method::Mkcol,
    Method::Mkcalendar,
    Method::Copy,
    Method::Move,
    Method::Proppatch,
];
const LOCKING: [Method; 2] = [Method::Lock, Method::Unlock];
const CLASSES: [(&str, &[Method]); 3] = [("read", &READING), ("write", &WRITING), ("lock", &LOCKING)];
/// Those that pass only by their name, and that a Limit may name.
const BY_NAME: [Method; 3] = [Method::Post, Method::Patch, Method::Search];

/// Which privileges a method needs, and of which of them it is enough that they are not granted.
fn needs(method: Method) -> Option<(Privileges, Privileges)> {
    use Privileges as P;
    Some(match method {
        Method::Options | Method::Get | Method::Head | Method::Propfind | Method::Report | Method::Search => {
            (P::READ, P::READ)
        }
        // New names ask for the one, what exists for the other: so both are guards.
        Method::Put | Method::Lock | Method::Post | Method::Patch => {
            let both = P::WRITE_CONTENT.and(P::BIND);
            (both, both)
        }
        Method::Proppatch => (P::WRITE_PROPERTIES, P::WRITE_PROPERTIES),
        Method::Mkcol | Method::Mkcalendar => (P::BIND, P::BIND),
        Method::Delete => (P::UNBIND, P::UNBIND),
        Method::Copy => (P::ALL, P::BIND.and(P::WRITE_CONTENT)),
        Method::Move => (P::READ.and(P::BIND).and(P::UNBIND), P::UNBIND),
        _ => return None,
    })
}

/// The privileges of a place, and its methods.
#[derive(Debug)]
pub struct Leaves {
    /// Each privilege, to whom.
    pub granted: Vec<(Privileges, Who)>,
    /// What cannot be said.
    pub lost: Vec<String>,
    /// What the reader should know.
    pub remarks: Vec<String>,
    who: ByMethod,
    members: Members,
}

impl Leaves {
    /// What `config` comes to.
    pub fn of(config: &Config, universe: &[Method], named: &[Method], members: &Members) -> Self {
        let who = by_method(config, universe, members);
        let open: Vec<Method> = universe
            .iter()
            .copied()
            .filter(|method| who.get(method).is_some_and(|who| !who.is_nobody()))
            .collect();
        let mut leaves = Self {
            granted: Vec::new(),
            lost: Vec::new(),
            remarks: Vec::new(),
            who,
            members: members.clone(),
        };
        for leaf in Privileges::LEAVES {
            let of = |guards: bool| {
                let wanted = |method: &&Method| {
                    needs(**method).is_some_and(|(needs, guard)| if guards { guard.has(leaf) } else { needs.has(leaf) })
                };
                open.iter().filter(wanted).copied().collect::<Vec<_>>()
            };
            let guarded = of(true);
            let asked = if guarded.is_empty() { of(false) } else { guarded };
            let Some(who) = leaves.all_of(&asked) else { continue };
            if !who.is_nobody() {
                leaves.granted.push((leaf, who));
            }
        }
        // mod_dav has no MKCALENDAR: worth a word only where the file speaks of it.
        let told = |method: &&Method| **method != Method::Mkcalendar || named.contains(method);
        let told: Vec<Method> = open.iter().filter(told).copied().collect();
        leaves.compare(&told);
        leaves
    }

    /// Who may use all of `methods`; `None` for no methods.
    fn all_of(&self, methods: &[Method]) -> Option<Who> {
        let exactly = |who: &Who| Estimate {
            sure: who.clone(),
            may: who.clone(),
        };
        let all = methods.iter().filter_map(|method| self.who.get(method)).map(exactly);
        all.reduce(|before, who| before.and(&who, &self.members))
            .map(|who| who.sure)
    }

    fn granted(&self, leaf: Privileges) -> Who {
        let found = self.granted.iter().find(|(granted, _)| *granted == leaf);
        found.map(|(_, who)| who.clone()).unwrap_or_default()
    }

    /// Says which methods are open to fewer here than there.
    fn compare(&mut self, open: &[Method]) {
        let mut fewer: Vec<&str> = Vec::new();
        for method in open {
            let Some((needs, _)) = needs(*method) else { continue };
            let wanted = Privileges::LEAVES.into_iter().filter(|leaf| needs.has(*leaf));
            let exactly = |who: Who| Estimate {
                sure: who.clone(),
                may: who,
            };
            let here = wanted
                .map(|leaf| exactly(self.granted(leaf)))
                .reduce(|before, who| before.and(&who, &self.members));
            if here.map(|here| here.sure).as_ref() != self.who.get(method) {
                fewer.push(method.as_str());
            }
        }
        if !fewer.is_empty() {
            self.lost.push(format!(
                "{}: open to more requesters in httpd than here, since other methods need the same privileges and are open to \
                 fewer (who may read may COPY and REPORT, too); to open them as httpd does, grant the privilege yourself",
                fewer.join(", ")
            ));
        }
        let free: Vec<&str> = WRITING
            .iter()
            .filter(|method| open.contains(method) && self.who.get(method).is_some_and(Who::is_everyone))
            .map(|method| method.as_str())
            .collect();
        let restricted = self.who.values().any(|who| !who.is_everyone());
        if restricted && !free.is_empty() {
            self.remarks.push(format!(
                "Careful: {} {} open to everyone in httpd, since Limit leaves methods that it does not name to everyone.",
                free.join(", "),
                if free.len() == 1 { "is" } else { "are" }
            ));
        }
    }

    /// The methods that are open to somebody, in the order of their classes; UNLOCK goes with LOCK.
    pub fn allowed(&self) -> Vec<Method> {
        let open = |method: &Method| {
            let asked = if *method == Method::Unlock {
                Method::Lock
            } else {
                *method
            };
            self.who.get(&asked).is_some_and(|who| !who.is_nobody())
        };
        READING
            .iter()
            .chain(&WRITING)
            .chain(&LOCKING)
            .chain(&BY_NAME)
            .copied()
            .filter(open)
            .collect()
    }

    /// Those of them that neither make nor delete.
    pub fn allowed_in_place(&self) -> Vec<Method> {
        let in_place =
            |method: &Method| READING.contains(method) || matches!(method, Method::Proppatch | Method::Search);
        self.allowed().into_iter().filter(in_place).collect()
    }

    /// Whether nobody may make or delete.
    pub fn makes_nothing(&self) -> bool {
        MAKING
            .iter()
            .all(|method| self.who.get(method).is_none_or(Who::is_nobody))
    }

    /// Whether all that may make and delete there, by `theirs`, may do so here: as far as that can be told.
    pub fn may_all_that(&self, theirs: &Self) -> bool {
        MAKING.iter().all(|method| {
            let leaf = if matches!(method, Method::Delete | Method::Move) {
                Privileges::UNBIND
            } else {
                Privileges::BIND
            };
            let they = theirs.granted(leaf);
            let exactly = |who: Who| Estimate {
                sure: who.clone(),
                may: who,
            };
            // Closed to everyone: the method filter sees to it.
            self.who.get(method).is_none_or(|who| {
                let others = exactly(they).and(&exactly(who.clone()).not(), &self.members);
                who.is_nobody() || others.may.is_nobody()
            })
        })
    }
}

/// The methods that make or delete names.
const MAKING: [Method; 7] = [
    Method::Put,
    Method::Mkcol,
    Method::Mkcalendar,
    Method::Copy,
    Method::Move,
    Method::Delete,
    Method::Lock,
];

/// All methods that rules can be about: those that pass by themselves, and those that pass by name and are `named`.
pub fn universe(named: &[Method]) -> Vec<Method> {
    let usual = READING.iter().chain(&WRITING).chain(&[Method::Lock]);
    usual
        .chain(BY_NAME.iter().filter(|method| named.contains(method)))
        .copied()
        .collect()
}

/// Whether these are the methods of a route without `methods:`.
pub fn is_default(methods: &[Method]) -> bool {
    MethodSet::of(methods)
        == CLASSES
            .iter()
            .fold(MethodSet::default(), |sum, (_, class)| sum.union(MethodSet::of(class)))
}

/// Names for `allow:`, with the classes where they fit.
pub fn names(methods: &[Method]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = methods.to_vec();
    for (name, class) in CLASSES {
        if class.iter().all(|method| rest.contains(method)) {
            names.push(name.to_owned());
            rest.retain(|method| !class.contains(method));
        }
    }
    names.extend(rest.iter().map(|method| method.as_str().to_owned()));
    if names.is_empty() {
        names.push("none".to_owned());
    }
    names
}
