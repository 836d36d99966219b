//! Who may use a method, as httpd 2.4 decides it (mod_authz_core, mod_access_compat). In: what a section says. Out: an estimate
//! of who. Passes: a directive limited to other methods is granted where all must agree and is silent where one is enough; a
//! negated one can only deny; a section that speaks of a method nowhere leaves it to everyone.

use super::who::{Estimate, Members};
use crate::cli::import::rules::Principal;
use crate::policy::method::{Method, MethodSet};

/// `Require`, and the blocks around it.
#[derive(Clone, Debug)]
pub enum Require {
    /// One directive.
    One {
        /// For these methods.
        methods: MethodSet,
        /// `Require not`.
        negated: bool,
        /// What it asks for.
        grants: Grants,
    },
    /// A block.
    Block {
        /// For these methods, if it is empty.
        methods: MethodSet,
        /// How its members count.
        kind: Block,
        /// Its members.
        members: Vec<Require>,
    },
}

/// What a `Require` asks for.
#[derive(Clone, Debug)]
pub enum Grants {
    /// A requester.
    To(Estimate),
    /// A method.
    Methods(MethodSet),
}

/// The kinds of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// `RequireAll`
    All,
    /// `RequireAny`
    Any,
    /// `RequireNone`
    None,
}

/// `Order`, `Allow`, `Deny`, `Satisfy`.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// For these methods.
    pub methods: MethodSet,
    /// What it says.
    pub says: Says,
}

/// What a directive of mod_access_compat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// `Order allow,deny`, and `mutual-failure`.
    AllowThenDeny,
    /// `Order deny,allow`, the default.
    DenyThenAllow,
    /// `Allow from all` (true) or from some.
    Allow(bool),
    /// `Deny from all` (true) or from some.
    Deny(bool),
    /// `Satisfy any` (true) or all.
    SatisfyAny(bool),
}

/// All that decides at a place.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// One is enough.
    pub requires: Vec<Require>,
    /// In order.
    pub hosts: Vec<Host>,
    /// Something here may take away what the rest grants.
    pub unclear: bool,
}

enum Outcome {
    Grants(Estimate),
    Denies(Estimate),
    Silent,
}

impl Config {
    /// Who may use `method`.
    pub fn who(&self, method: Method, members: &Members) -> Estimate {
        if self.unclear {
            return Estimate::unknown();
        }
        let login = self.login(method, members);
        let hosts: Vec<Says> = self
            .hosts
            .iter()
            .filter(|host| host.methods.contains(method))
            .map(|host| host.says)
            .collect();
        let any = hosts.iter().rev().find_map(|says| match says {
            Says::SatisfyAny(any) => Some(*any),
            Says::AllowThenDeny | Says::DenyThenAllow | Says::Allow(_) | Says::Deny(_) => None,
        });
        let host = host(&hosts);
        match (any, login) {
            (Some(true), login) => host.or(&login.unwrap_or_else(Estimate::nobody)),
            (Some(false) | None, Some(login)) => host.and(&login, members),
            (Some(false) | None, None) => host,
        }
    }

    /// `None`: nobody is asked for.
    fn login(&self, method: Method, members: &Members) -> Option<Estimate> {
        if self.requires.is_empty() {
            return None;
        }
        if !self.requires.iter().any(|require| require.methods().contains(method)) {
            return Some(Estimate::everyone());
        }
        match block(Block::Any, &self.requires, method, members) {
            Outcome::Grants(who) => Some(who),
            Outcome::Denies(_) | Outcome::Silent => Some(Estimate::nobody()),
        }
    }
}

impl Require {
    fn methods(&self) -> MethodSet {
        match self {
            Self::One { methods, .. } => *methods,
            Self::Block { methods, members, .. } if members.is_empty() => *methods,
            Self::Block { members, .. } => members
                .iter()
                .fold(MethodSet::default(), |sum, member| sum.union(member.methods())),
        }
    }

    fn outcome(&self, method: Method, all: bool, members: &Members) -> Outcome {
        if !self.methods().contains(method) {
            return if all {
                Outcome::Grants(Estimate::everyone())
            } else {
                Outcome::Silent
            };
        }
        match self {
            Self::One { negated, grants, .. } => {
                let who = match grants {
                    Grants::To(who) => who.clone(),
                    Grants::Methods(methods) if methods.contains(method) => Estimate::everyone(),
                    Grants::Methods(_) => Estimate::nobody(),
                };
                if *negated {
                    Outcome::Denies(who)
                } else {
                    Outcome::Grants(who)
                }
            }
            Self::Block {
                kind, members: inner, ..
            } => block(*kind, inner, method, members),
        }
    }
}

fn block(kind: Block, inner: &[Require], method: Method, members: &Members) -> Outcome {
    let (mut grants, mut denies): (Option<Estimate>, Option<Estimate>) = (None, None);
    for require in inner {
        match require.outcome(method, kind == Block::All, members) {
            Outcome::Grants(who) => {
                grants = Some(match grants {
                    None => who,
                    Some(before) if kind == Block::All => before.and(&who, members),
                    Some(before) => before.or(&who),
                });
            }
            Outcome::Denies(who) => denies = Some(denies.map_or(who.clone(), |before| before.or(&who))),
            Outcome::Silent => {}
        }
    }
    match (kind, grants, denies) {
        (Block::All, Some(grants), Some(denies)) => Outcome::Grants(grants.and(&denies.not(), members)),
        (Block::All | Block::Any, Some(grants), _) => Outcome::Grants(grants),
        (Block::All, None, Some(denies)) => Outcome::Denies(denies),
        // httpd does not start with a negated member where one is enough.
        (Block::Any, None, Some(_)) => Outcome::Grants(Estimate::nobody()),
        (Block::None, grants, denies) => {
            let unclear = denies.map(|_| Estimate::unknown());
            match (grants, unclear) {
                (Some(grants), Some(unclear)) => Outcome::Denies(grants.or(&unclear)),
                (Some(who), None) | (None, Some(who)) => Outcome::Denies(who),
                (None, None) => Outcome::Silent,
            }
        }
        (Block::All | Block::Any, None, None) if inner.is_empty() => Outcome::Grants(Estimate::nobody()),
        (Block::All | Block::Any, None, None) => Outcome::Silent,
    }
}

/// What addresses decide.
fn host(says: &[Says]) -> Estimate {
    let allow_first = says.iter().rev().find_map(|says| match says {
        Says::AllowThenDeny => Some(true),
        Says::DenyThenAllow => Some(false),
        Says::Allow(_) | Says::Deny(_) | Says::SatisfyAny(_) => None,
    });
    let of = |wanted: fn(&Says) -> Option<bool>| {
        let found: Vec<bool> = says.iter().filter_map(wanted).collect();
        match (found.is_empty(), found.contains(&true)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            // Some addresses: it depends.
            (false, false) => None,
        }
    };
    let allowed = of(|says| if let Says::Allow(all) = says { Some(*all) } else { None });
    let denied = of(|says| if let Says::Deny(all) = says { Some(*all) } else { None });
    let verdict = match (allow_first.unwrap_or(false), allowed, denied) {
        (true, Some(false), _) | (true, _, Some(true)) => Some(false),
        (true, Some(true), Some(false)) => Some(true),
        (true, ..) => None,
        (false, Some(true), _) | (false, _, Some(false)) => Some(true),
        (false, Some(false), Some(true)) => Some(false),
        (false, ..) => None,
    };
    match verdict {
        Some(true) => Estimate::these([Principal::Everyone]),
        Some(false) => Estimate::nobody(),
        None => Estimate::unknown(),
    }
}
