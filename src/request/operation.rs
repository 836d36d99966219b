//! What a request does to resources, as privileges (RFC 3744 appendix B, RFC 4791 appendix A; PV-1 to PV-33). In: the method, what
//! head and body say of it, and what is at target and destination. Out: which privileges on which resources. One table, without
//! a default: a method that is not in it does not compile.

use crate::access::{Privilege, PrivilegeSet, Scope};
use crate::policy::Method;

use super::{Depth, State};

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// How deep; of COPY, LOCK and LABEL only.
    pub depth: Depth,
    /// What else of it changes the privileges.
    pub kind: Kind,
    /// Whether reading shows what is edited, and not what is shown to readers (Z-5).
    pub sources: bool,
}

/// What changes the privileges of a method; each means something for one method only, and nothing for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Plain,
    /// PROPPATCH of `owner`, `group` or `group-member-set` (PV-4).
    OwnerProperties,
    /// UNLOCK by whoever made the lock (PV-19).
    ByCreator,
    /// REPORT of `free-busy-query` (RP-12).
    FreeBusy,
    /// REPORT of `acl-principal-prop-set` (RP-5).
    PrincipalsOfAcl,
    /// VERSION-CONTROL with a `version` (PV-24).
    Version,
}

/// Which resource of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// T.
    Target,
    /// P, the collection that holds it.
    Parent,
    /// D; for BIND, UNBIND and REBIND the member that the segment names.
    Destination,
    /// DP, the collection that holds it.
    DestinationParent,
    /// Each resource that the body names: href, version, source, scope.
    Named,
    /// The collection that holds each of them.
    NamedParent,
    /// The resource that the lock is on, of which T may be a member.
    LockRoot,
}

/// Privileges that are needed on one resource, or on all of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Which resource.
    pub subject: Subject,
    /// How far.
    pub scope: Scope,
    /// What.
    pub privileges: PrivilegeSet,
}

/// Needs in the order in which they are judged; one for each resource and scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs(Vec<Need>);

use Privilege::{Bind, Read, ReadAcl, ReadFreeBusy, Unbind, Unlock, WriteAcl, WriteContent, WriteProperties};
use Scope::{Itself, Tree};
use Subject::{Destination, DestinationParent, LockRoot, Named, NamedParent, Parent, Target};

impl Operation {
    /// What it needs, with `target` at T and `destination` at D; `None` if it is never forwarded (M-8, M-36). An unknown state
    /// counts as all it could be, together (EX-3).
    pub fn needs(&self, target: State, destination: State) -> Option<Needs> {
        let mut needs = Needs::default();
        for target in target.possible() {
            for destination in destination.possible() {
                needs = self.add(needs, *target, *destination)?;
            }
        }
        Some(if self.sources { self.of_sources(needs) } else { needs })
    }

    /// Z-5: the source of a resource is for those who may write it, wherever it comes to be.
    fn of_sources(&self, mut needs: Needs) -> Needs {
        if matches!(self.method, Method::Get | Method::Head | Method::Copy | Method::Move) {
            let source = needs.0.iter_mut().filter(|need| need.subject == Target);
            for need in source.filter(|need| need.privileges.contains(PrivilegeSet::of(&[Read]))) {
                need.privileges = need.privileges.union(PrivilegeSet::of(&[WriteContent]));
            }
        }
        needs
    }

    /// The table. Both states are known; were one not, it would count as a collection, of which most is needed.
    fn add(&self, needs: Needs, target: State, destination: State) -> Option<Needs> {
        let tree_of = |state| match state {
            State::Unmapped | State::Resource => Itself,
            State::Collection | State::Unknown => Tree,
        };
        let (whole, whole_destination) = (tree_of(target), tree_of(destination));
        // Only if T is a collection.
        let deep = if self.depth == Depth::Infinity { whole } else { Itself };
        Some(match self.method {
            // what a collection's page shows nobody can filter. A route with listings of its own asks as PROPFIND.
            Method::Get | Method::Head => needs.and(Target, whole, &[Read]),
            // Of the members of T, and of acl and current-user-privilege-set, the answer is filtered (F-1, F-5).
            Method::Options | Method::Propfind => needs.and(Target, Itself, &[Read]),
            Method::Proppatch => {
                let needs = needs.and(Target, Itself, &[WriteProperties]);
                needs.and_if(self.kind == Kind::OwnerProperties, Target, Itself, &[WriteAcl])
            }
            Method::Put => match target {
                State::Unmapped => needs.and(Parent, Itself, &[Bind]),
                State::Resource => needs.and(Target, Itself, &[WriteContent]),
                // some back ends replace all of it.
                State::Collection | State::Unknown => {
                    let needs = needs.and(Target, Itself, &[WriteContent]);
                    needs.and(Parent, Itself, &[Bind]).and(Target, Tree, &[Unbind])
                }
            },
            Method::Patch if target == State::Unmapped => needs.and(Parent, Itself, &[Bind]),
            Method::Patch => needs.and(Target, Itself, &[WriteContent]),
            Method::Post => {
                let needs = needs.and(Target, Itself, &[WriteContent]);
                let needs = needs.and_if(whole == Tree, Target, Itself, &[Bind]);
                // What is not there could only be made.
                needs.and_if(target == State::Unmapped, Parent, Itself, &[Bind])
            }
            Method::Mkcol | Method::Mkcalendar | Method::Mkredirectref => needs.and(Parent, Itself, &[Bind]),
            Method::Delete => {
                let needs = needs.and(Parent, Itself, &[Unbind]);
                needs.and_if(whole == Tree, Target, Tree, &[Unbind])
            }
            Method::Copy => {
                let needs = needs.and(Target, deep, &[Read]);
                // Members come to be below D, where other rules may hold than at its parent.
                let needs = needs.and_if(deep == Tree, Destination, Tree, &[Bind]);
                if destination == State::Unmapped {
                    return Some(needs.and(DestinationParent, Itself, &[Bind]));
                }
                let needs = needs.and(Destination, Itself, &[WriteContent, WriteProperties]);
                if whole == Itself && whole_destination == Itself {
                    return Some(needs);
                }
                // RFC 4918 section 9.8.4: members are replaced.
                let needs = needs.and(Destination, Itself, &[Bind]);
                needs.and(Destination, whole_destination, &[Unbind])
            }
            Method::Move => needs.and(Parent, Itself, &[Unbind]).moved(Target, target).arrived(
                Destination,
                DestinationParent,
                target,
                destination,
            ),
            Method::Lock if target == State::Unmapped => needs.and(Parent, Itself, &[Bind]),
            Method::Lock => needs.and(Target, deep, &[WriteContent]),
            Method::Unlock if self.kind == Kind::ByCreator => needs,
            Method::Unlock => needs.and(LockRoot, Itself, &[Unlock]),
            Method::Acl => needs.and(Target, Itself, &[WriteAcl]),
            // Whoever has the whole of read has read-free-busy (RFC 4791 section 6.1.1). The answer sums up all that is below, and nobody
            // can filter it.
            Method::Report if self.kind == Kind::FreeBusy => needs.and(Target, whole, &[ReadFreeBusy]),
            Method::Report => {
                let needs = needs.and(Target, Itself, &[Read]);
                let needs = needs.and_if(self.kind == Kind::PrincipalsOfAcl, Target, Itself, &[ReadAcl]);
                needs.and(Named, Itself, &[Read])
            }
            Method::Search => needs.and(Target, Itself, &[Read]).and(Named, Itself, &[Read]),
            Method::VersionControl => {
                let needs = needs.and(Target, Itself, &[WriteProperties]);
                if self.kind != Kind::Version {
                    return Some(needs);
                }
                needs.and(Parent, Itself, &[Bind]).and(Named, Itself, &[Read])
            }
            Method::Checkout | Method::Checkin => {
                needs
                    .and(Target, Itself, &[WriteProperties])
                    .and(Named, Itself, &[Read])
            }
            // RFC 3253 section 8.2: with a Depth, the members too.
            Method::Label => needs.and(
                Target,
                if self.depth == Depth::Zero { Itself } else { whole },
                &[WriteProperties],
            ),
            Method::Orderpatch | Method::Updateredirectref => needs.and(Target, Itself, &[WriteProperties]),
            Method::Uncheckout | Method::Update => {
                // Of a collection they change what it holds.
                let needs = needs.and(Target, whole, &[WriteContent, WriteProperties]);
                needs.and(Named, Itself, &[Read])
            }
            Method::Merge => needs.and(Target, whole, &[WriteContent]).and(Named, Itself, &[Read]),
            Method::Mkworkspace | Method::Mkactivity => needs.and(Parent, Itself, &[WriteContent, Bind]),
            Method::BaselineControl => {
                let needs = needs.and(Target, whole, &[WriteProperties, WriteContent]);
                needs.and(Named, Itself, &[Read])
            }
            Method::Bind => {
                let needs = needs.and(Target, Itself, &[Bind]);
                let needs = needs.and_if(destination != State::Unmapped, Target, Itself, &[Unbind]);
                needs.and(Named, Itself, &[Read, WriteAcl])
            }
            Method::Unbind => {
                let needs = needs.and(Target, Itself, &[Unbind]);
                needs.and_if(whole_destination == Tree, Destination, Tree, &[Unbind])
            }
            // Nobody asks what the source is: it counts as a collection.
            Method::Rebind => needs
                .and(NamedParent, Itself, &[Unbind])
                .moved(Named, State::Collection)
                .arrived(Destination, Target, State::Collection, destination),
            Method::Trace
            | Method::Connect
            | Method::Subscribe
            | Method::Unsubscribe
            | Method::Poll
            | Method::Notify
            | Method::Bcopy
            | Method::Bmove
            | Method::Bdelete
            | Method::Bpropfind
            | Method::Bproppatch
            | Method::XMsEnumatts
            | Method::Purge
            | Method::Query
            | Method::Link
            | Method::Unlink => return None,
        })
    }
}

impl Needs {
    /// Each need.
    pub fn iter(&self) -> impl Iterator<Item = &Need> {
        self.0.iter()
    }

    fn and(mut self, subject: Subject, scope: Scope, privileges: &[Privilege]) -> Self {
        let privileges = PrivilegeSet::of(privileges);
        let known = self
            .0
            .iter_mut()
            .find(|need| need.subject == subject && need.scope == scope);
        match known {
            Some(need) => need.privileges = need.privileges.union(privileges),
            None => self.0.push(Need {
                subject,
                scope,
                privileges,
            }),
        }
        self
    }

    fn and_if(self, applies: bool, subject: Subject, scope: Scope, privileges: &[Privilege]) -> Self {
        if applies {
            self.and(subject, scope, privileges)
        } else {
            self
        }
    }

    /// PV-14: `source` is taken from where it is. Reading it is needed because rules follow paths.
    fn moved(self, source: Subject, state: State) -> Self {
        match state {
            State::Collection | State::Unknown => self.and(source, Tree, &[Read, Unbind]),
            State::Unmapped | State::Resource => self.and(source, Itself, &[Read]),
        }
    }

    /// PV-14, PV-15: what is `moved` comes to be at `place` in `parent`, instead of what was there.
    fn arrived(self, place: Subject, parent: Subject, moved: State, replaced: State) -> Self {
        let needs = self.and(parent, Itself, &[Bind]);
        let needs = needs.and_if(moved == State::Collection, place, Tree, &[Bind]);
        match replaced {
            State::Unmapped => needs,
            State::Resource => needs.and(parent, Itself, &[Unbind]).and(place, Itself, &[Unbind]),
            State::Collection | State::Unknown => needs.and(parent, Itself, &[Unbind]).and(place, Tree, &[Unbind]),
        }
    }
}

#[cfg(test)]
#[path = "operation_tests.rs"]
mod tests;
