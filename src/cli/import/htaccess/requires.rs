//! `Require`, the blocks around it, and `Limit`. In: directives. Out: what a section requires. Passes: the requirements that rules
//! know; any other grants nobody anything, and is commented on.

use super::known::module;
use super::lines::Directive;
use super::sections::Reader;
use super::verdict::{Block, Grants, Require};
use super::who::Estimate;
use crate::cli::import::rules::Principal;
use crate::policy::method::{Method, MethodSet};

impl Reader<'_> {
    /// The methods of a Limit or LimitExcept. GET is HEAD too.
    pub(super) fn limit(&mut self, directive: &Directive, at: usize) -> MethodSet {
        if directive.arguments.iter().any(|name| is_variable(name)) {
            self.unclear(
                at,
                directive,
                "which methods these are is in a variable, so nothing is granted around it; write their names",
            );
        }
        let named = methods(&directive.arguments);
        self.found
            .named
            .extend(Method::ALL.iter().filter(|method| named.contains(**method)));
        if directive.name == "limit" {
            named
        } else {
            MethodSet::all().without(named)
        }
    }

    pub(super) fn require_block(
        &mut self,
        directive: &Directive,
        inside: &[Directive],
        at: usize,
        methods: MethodSet,
    ) -> Option<Require> {
        let kind = match directive.name.as_str() {
            "requireall" => Block::All,
            "requireany" => Block::Any,
            _ => Block::None,
        };
        let mut members = Vec::new();
        self.members(inside, kind, at, methods, &mut members);
        if members.is_empty() {
            self.lose(
                at,
                directive,
                "there is no Require in it; httpd does not start with it, and nothing is granted",
            );
        }
        Some(Require::Block { methods, kind, members })
    }

    fn members(
        &mut self,
        inside: &[Directive],
        kind: Block,
        at: usize,
        methods: MethodSet,
        members: &mut Vec<Require>,
    ) {
        for member in inside {
            match (member.name.as_str(), &member.inside) {
                ("require", None) => {
                    let require = self.require(member, at, methods);
                    if matches!(require, Require::One { negated: true, .. }) && kind != Block::All {
                        self.lose(
                            at,
                            member,
                            "not can only stand in RequireAll; httpd does not start with it, and it grants nothing",
                        );
                    }
                    members.push(require);
                }
                ("requireall" | "requireany" | "requirenone", Some(inner)) => {
                    members.extend(self.require_block(member, inner, at, methods));
                }
                ("limit" | "limitexcept", Some(inner)) => {
                    let methods = methods.intersection(self.limit(member, at));
                    self.members(inner, kind, at, methods, members);
                }
                ("ifmodule", Some(inner))
                    if module(member.arguments.first().map(String::as_str).unwrap_or_default()).is_some() =>
                {
                    if module(member.arguments.first().map(String::as_str).unwrap_or_default()) == Some(true) {
                        self.members(inner, kind, at, methods, members);
                    }
                }
                (_, Some(_)) => self.unclear(
                    at,
                    member,
                    "rules know no such section, so nothing is granted around it",
                ),
                (_, None) => self.plain(member, at, methods),
            }
        }
    }

    pub(super) fn require(&mut self, directive: &Directive, at: usize, limited: MethodSet) -> Require {
        let mut words = directive.arguments.iter().map(String::as_str);
        let mut kind = words.next().unwrap_or_default().to_lowercase();
        let negated = kind == "not";
        if negated {
            kind = words.next().unwrap_or_default().to_lowercase();
        }
        let names: Vec<&str> = words.collect();
        let named = |make: fn(String) -> Principal| Estimate::these(names.iter().map(|name| make((*name).to_owned())));
        let who = match (kind.as_str(), names.as_slice()) {
            ("all", [verdict]) if verdict.eq_ignore_ascii_case("granted") => Some(Estimate::everyone()),
            ("all", [verdict]) if verdict.eq_ignore_ascii_case("denied") => Some(Estimate::nobody()),
            ("valid-user", []) => Some(Estimate::these([Principal::Authenticated])),
            ("user", [_, ..]) => Some(named(Principal::User)),
            ("group", [_, ..]) => {
                self.found.groups.extend(names.iter().map(|name| (*name).to_owned()));
                Some(named(Principal::Group))
            }
            ("method", [_, ..]) if !names.iter().any(|name| is_variable(name)) => {
                let names: Vec<String> = directive.arguments.clone();
                return Require::One {
                    methods: limited,
                    negated,
                    grants: Grants::Methods(methods(&names)),
                };
            }
            _ => None,
        };
        let who = who.filter(|_| !names.iter().any(|name| is_variable(name)));
        if who.is_none() {
            let why = match kind.as_str() {
                "ip" | "host" | "forward-dns" | "local" => {
                    "it depends on the client's address, which rules do not know"
                }
                "env" | "expr" | "user" | "group" | "method" => "it depends on variables of httpd",
                "ssl" | "ssl-verify-client" => "it depends on the connection; listeners have their own keys for that",
                "dbm-group" | "dbd-group" | "ldap-group" | "ldap-user" | "ldap-dn" | "ldap-attribute"
                | "ldap-filter" | "ldap-search" | "dbd-login" | "dbd-logout" | "file-owner" | "file-group"
                | "dbm-file-group" => {
                    "who that is, only httpd can look up; name the users or groups in identity and in a rule"
                }
                _ => "rules know no such requirement",
            };
            self.lose(at, directive, format!("{why}; it grants nobody anything"));
        }
        Require::One {
            methods: limited,
            negated,
            grants: Grants::To(who.unwrap_or_else(Estimate::unknown)),
        }
    }
}

/// Whether it is a placeholder such as %{REMOTE_USER}, which depends on the request, or ${NAME}, which is defined elsewhere.
fn is_variable(name: &str) -> bool {
    name.contains("%{") || name.contains("${")
}

/// The methods of a list of names. Names are case-sensitive, as in httpd.
fn methods(names: &[String]) -> MethodSet {
    let mut found: Vec<Method> = names.iter().filter_map(|name| Method::parse(name)).collect();
    if found.contains(&Method::Get) || found.contains(&Method::Head) {
        found.extend([Method::Get, Method::Head]);
    }
    MethodSet::of(&found)
}
