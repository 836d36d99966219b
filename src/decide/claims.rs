//! What a write changes, as claims that locks are held against (section 4.4; L-30 to L-37). In: the method. Out: which of the resources
//! of a request, how far, and when. One table, without a default: a method that is not in it does not compile.

use crate::{
    locks::Reach,
    policy::Method,
    request::{Depth, operation::Subject},
};

/// One of the resources that a method changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Which resource.
    pub subject: Subject,
    /// How far below.
    pub reach: Reach,
    /// Only where nothing is at the target: something is made (L-31).
    pub when_made: bool,
}

const fn part(subject: Subject, reach: Reach) -> Part {
    let when_made = false;
    Part {
        subject,
        reach,
        when_made,
    }
}

const TARGET: Part = part(Subject::Target, Reach::Itself);
const TARGET_TREE: Part = part(Subject::Target, Reach::Tree);
const PARENT: Part = part(Subject::Parent, Reach::Itself);
const PARENT_IF_MADE: Part = Part {
    when_made: true,
    ..PARENT
};
const DESTINATION_TREE: Part = part(Subject::Destination, Reach::Tree);
const DESTINATION_PARENT: Part = part(Subject::DestinationParent, Reach::Itself);
const NAMED_TREE: Part = part(Subject::Named, Reach::Tree);
const NAMED_PARENT: Part = part(Subject::NamedParent, Reach::Itself);

/// What `method` changes. `replaces`: PUT on a collection replaces it with all it holds.
pub(super) fn parts(method: Method, depth: Option<Depth>, replaces: bool) -> &'static [Part] {
    match method {
        Method::Get | Method::Head | Method::Options | Method::Propfind | Method::Report | Method::Search => &[],
        Method::Put if replaces => &[TARGET_TREE, PARENT_IF_MADE],
        Method::Put | Method::Patch | Method::Post => &[TARGET, PARENT_IF_MADE],
        Method::Proppatch | Method::Acl => &[TARGET],
        Method::Mkcol | Method::Mkcalendar | Method::Mkredirectref | Method::Mkworkspace | Method::Mkactivity => {
            &[TARGET, PARENT]
        }
        Method::Delete => &[TARGET_TREE, PARENT],
        Method::Move => &[TARGET_TREE, PARENT, DESTINATION_TREE, DESTINATION_PARENT],
        Method::Copy => &[DESTINATION_TREE, DESTINATION_PARENT],
        // L-35: of a new lock, only that it makes something; which locks conflict with it is another question (L-55 to L-57).
        Method::Lock => &[PARENT_IF_MADE],
        Method::Unlock => &[],
        // L-36: T is the collection, D the member.
        Method::Bind | Method::Unbind => &[TARGET, DESTINATION_TREE],
        Method::Rebind => &[TARGET, DESTINATION_TREE, NAMED_TREE, NAMED_PARENT],
        Method::Orderpatch | Method::Updateredirectref => &[TARGET],
        Method::VersionControl => &[TARGET, PARENT_IF_MADE],
        Method::Checkout | Method::Checkin => &[TARGET],
        Method::Label if depth.is_none_or(|depth| depth == Depth::Zero) => &[TARGET],
        // RFC 3253: of a collection they change what it holds.
        Method::Label | Method::Uncheckout | Method::Update | Method::Merge | Method::BaselineControl => &[TARGET_TREE],
        // Never forwarded.
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
        | Method::Unlink => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::MethodSet;

    /// `T* P` and the like; `P?` is the parent where something is made.
    fn told(method: Method) -> String {
        let word = |part: &Part| {
            let name = match part.subject {
                Subject::Target => "T",
                Subject::Parent => "P",
                Subject::Destination => "D",
                Subject::DestinationParent => "DP",
                Subject::Named => "N",
                Subject::NamedParent => "NP",
                Subject::LockRoot => "R",
            };
            let far = if part.reach == Reach::Tree { "*" } else { "" };
            let when = if part.when_made { "?" } else { "" };
            format!("{name}{far}{when}")
        };
        let parts: Vec<String> = parts(method, None, false).iter().map(word).collect();
        parts.join(" ")
    }

    #[test]
    fn table() {
        use Method::{Acl, Bind, Copy, Delete, Get, Lock, Mkcol, Move, Patch, Post, Propfind, Proppatch, Put, Rebind};
        for (rule, method, expected) in [
            ("reads change nothing", Get, ""),
            ("reads change nothing", Propfind, ""),
            ("L-30, L-31", Put, "T P?"),
            ("L-30, L-31", Patch, "T P?"),
            ("L-30, L-31", Post, "T P?"),
            ("L-30", Proppatch, "T"),
            ("L-30", Acl, "T"),
            ("L-31", Mkcol, "T P"),
            ("L-31", Method::Mkcalendar, "T P"),
            ("L-31", Lock, "P?"),
            ("L-32", Delete, "T* P"),
            ("L-33", Move, "T* P D* DP"),
            ("L-34", Copy, "D* DP"),
            ("L-35", Method::Unlock, ""),
            ("L-36", Bind, "T D*"),
            ("L-36", Method::Unbind, "T D*"),
            ("L-36", Rebind, "T D* N* NP"),
            ("L-36", Method::Orderpatch, "T"),
            ("a collection's versions", Method::Update, "T*"),
        ] {
            assert_eq!(told(method), expected, "{rule}: {}", method.as_str());
        }
        assert_eq!(parts(Method::Put, None, true)[0], TARGET_TREE, "A-13");
    }

    // Whatever changes something claims something, but for what speaks of a lock alone.
    #[test]
    fn every_write_claims() {
        for method in MethodSet::all().iter() {
            let none = parts(method, None, false).is_empty();
            if !method.is_off() {
                let expected = method.is_safe() || method == Method::Unlock;
                assert_eq!(none, expected, "{}", method.as_str());
            }
        }
    }
}
