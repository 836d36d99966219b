use super::*;
use State::{Collection, Resource, Unknown, Unmapped};

/// `read(T*) bind(DP)`.
fn text(needs: Option<Needs>) -> String {
    let Some(needs) = needs else {
        return "never".to_owned();
    };
    let one = |need: &Need| {
        let place = match need.subject {
            Target => "T",
            Parent => "P",
            Destination => "D",
            DestinationParent => "DP",
            Named => "N",
            NamedParent => "NP",
            LockRoot => "L",
        };
        let star = if need.scope == Tree { "*" } else { "" };
        let names: Vec<_> = need.privileges.iter().map(|leaf| leaf.name().local).collect();
        format!("{}({place}{star})", names.join("+"))
    };
    needs.iter().map(one).collect::<Vec<_>>().join(" ")
}

type Row = (&'static str, Method, Depth, Kind, State, State, &'static str);

// PV-1 to PV-33, each with its cases
#[test]
fn the_table() {
    use {Depth::Infinity as All, Depth::Zero as One, Kind::Plain};
    let rows: &[Row] = &[
        ("PV-1", Method::Get, One, Plain, Resource, Unmapped, "read(T)"),
        ("PV-1, A-24", Method::Head, One, Plain, Collection, Unmapped, "read(T*)"),
        ("PV-2", Method::Options, One, Plain, Collection, Unmapped, "read(T)"),
        ("PV-3", Method::Propfind, All, Plain, Collection, Unmapped, "read(T)"),
        (
            "PV-4",
            Method::Proppatch,
            One,
            Plain,
            Resource,
            Unmapped,
            "write-properties(T)",
        ),
        (
            "PV-4",
            Method::Proppatch,
            One,
            Kind::OwnerProperties,
            Resource,
            Unmapped,
            "write-properties+write-acl(T)",
        ),
        ("PV-5", Method::Put, One, Plain, Resource, Unmapped, "write-content(T)"),
        ("PV-6", Method::Put, One, Plain, Unmapped, Unmapped, "bind(P)"),
        (
            "A-13",
            Method::Put,
            One,
            Plain,
            Collection,
            Unmapped,
            "write-content(T) bind(P) unbind(T*)",
        ),
        (
            "EX-3",
            Method::Put,
            One,
            Plain,
            Unknown,
            Unmapped,
            "bind(P) write-content(T) unbind(T*)",
        ),
        (
            "PV-7",
            Method::Patch,
            One,
            Plain,
            Resource,
            Unmapped,
            "write-content(T)",
        ),
        ("PV-7", Method::Patch, One, Plain, Unmapped, Unmapped, "bind(P)"),
        ("PV-9", Method::Post, One, Plain, Resource, Unmapped, "write-content(T)"),
        (
            "PV-9",
            Method::Post,
            One,
            Plain,
            Collection,
            Unmapped,
            "write-content+bind(T)",
        ),
        (
            "PV-9",
            Method::Post,
            One,
            Plain,
            Unmapped,
            Unmapped,
            "write-content(T) bind(P)",
        ),
        ("PV-10", Method::Mkcol, One, Plain, Unmapped, Unmapped, "bind(P)"),
        ("PV-10", Method::Mkcalendar, One, Plain, Collection, Unmapped, "bind(P)"),
        ("PV-11", Method::Delete, All, Plain, Resource, Unmapped, "unbind(P)"),
        (
            "PV-11",
            Method::Delete,
            All,
            Plain,
            Collection,
            Unmapped,
            "unbind(P) unbind(T*)",
        ),
        (
            "PV-12",
            Method::Copy,
            All,
            Plain,
            Resource,
            Unmapped,
            "read(T) bind(DP)",
        ),
        (
            "PV-12",
            Method::Copy,
            All,
            Plain,
            Collection,
            Unmapped,
            "read(T*) bind(D*) bind(DP)",
        ),
        (
            "PV-12",
            Method::Copy,
            One,
            Plain,
            Collection,
            Unmapped,
            "read(T) bind(DP)",
        ),
        (
            "PV-13",
            Method::Copy,
            All,
            Plain,
            Resource,
            Resource,
            "read(T) write-properties+write-content(D)",
        ),
        (
            "PV-13",
            Method::Copy,
            All,
            Plain,
            Resource,
            Collection,
            "read(T) write-properties+write-content+bind(D) unbind(D*)",
        ),
        (
            "PV-13",
            Method::Copy,
            All,
            Plain,
            Collection,
            Collection,
            "read(T*) bind+unbind(D*) write-properties+write-content+bind(D)",
        ),
        (
            "PV-13",
            Method::Copy,
            One,
            Plain,
            Collection,
            Resource,
            "read(T) write-properties+write-content+bind+unbind(D)",
        ),
        (
            "PV-14",
            Method::Move,
            All,
            Plain,
            Resource,
            Unmapped,
            "unbind(P) read(T) bind(DP)",
        ),
        (
            "PV-14",
            Method::Move,
            All,
            Plain,
            Collection,
            Unmapped,
            "unbind(P) read+unbind(T*) bind(DP) bind(D*)",
        ),
        (
            "PV-15",
            Method::Move,
            All,
            Plain,
            Resource,
            Resource,
            "unbind(P) read(T) bind+unbind(DP) unbind(D)",
        ),
        (
            "PV-15",
            Method::Move,
            All,
            Plain,
            Resource,
            Collection,
            "unbind(P) read(T) bind+unbind(DP) unbind(D*)",
        ),
        (
            "PV-15",
            Method::Move,
            All,
            Plain,
            Collection,
            Collection,
            "unbind(P) read+unbind(T*) bind+unbind(DP) bind+unbind(D*)",
        ),
        (
            "PV-16",
            Method::Lock,
            One,
            Plain,
            Collection,
            Unmapped,
            "write-content(T)",
        ),
        (
            "PV-16",
            Method::Lock,
            All,
            Plain,
            Collection,
            Unmapped,
            "write-content(T*)",
        ),
        (
            "PV-16",
            Method::Lock,
            All,
            Plain,
            Resource,
            Unmapped,
            "write-content(T)",
        ),
        ("PV-17", Method::Lock, All, Plain, Unmapped, Unmapped, "bind(P)"),
        ("PV-19", Method::Unlock, One, Kind::ByCreator, Resource, Unmapped, ""),
        ("PV-20", Method::Unlock, One, Plain, Resource, Unmapped, "unlock(L)"),
        ("PV-21", Method::Acl, One, Plain, Resource, Unmapped, "write-acl(T)"),
        (
            "PV-22",
            Method::Report,
            One,
            Plain,
            Collection,
            Unmapped,
            "read(T) read(N)",
        ),
        (
            "RP-12",
            Method::Report,
            One,
            Kind::FreeBusy,
            Collection,
            Unmapped,
            "read-free-busy(T*)",
        ),
        (
            "RP-5",
            Method::Report,
            One,
            Kind::PrincipalsOfAcl,
            Collection,
            Unmapped,
            "read+read-acl(T) read(N)",
        ),
        (
            "PV-23",
            Method::Search,
            One,
            Plain,
            Collection,
            Unmapped,
            "read(T) read(N)",
        ),
        (
            "PV-24",
            Method::VersionControl,
            One,
            Plain,
            Resource,
            Unmapped,
            "write-properties(T)",
        ),
        (
            "PV-24",
            Method::VersionControl,
            One,
            Kind::Version,
            Unmapped,
            Unmapped,
            "write-properties(T) bind(P) read(N)",
        ),
        (
            "PV-24",
            Method::Checkout,
            One,
            Plain,
            Resource,
            Unmapped,
            "write-properties(T) read(N)",
        ),
        (
            "PV-25",
            Method::Update,
            One,
            Plain,
            Resource,
            Unmapped,
            "write-properties+write-content(T) read(N)",
        ),
        (
            "PV-26",
            Method::Label,
            One,
            Plain,
            Resource,
            Unmapped,
            "write-properties(T)",
        ),
        (
            "PV-27",
            Method::Merge,
            One,
            Plain,
            Collection,
            Unmapped,
            "write-content(T*) read(N)",
        ),
        (
            "PV-28",
            Method::Mkworkspace,
            One,
            Plain,
            Unmapped,
            Unmapped,
            "write-content+bind(P)",
        ),
        (
            "PV-29",
            Method::BaselineControl,
            One,
            Plain,
            Collection,
            Unmapped,
            "write-properties+write-content(T*) read(N)",
        ),
        (
            "PV-30",
            Method::Orderpatch,
            One,
            Plain,
            Collection,
            Unmapped,
            "write-properties(T)",
        ),
        (
            "PV-31",
            Method::Bind,
            One,
            Plain,
            Collection,
            Unmapped,
            "bind(T) read+write-acl(N)",
        ),
        (
            "PV-31",
            Method::Bind,
            One,
            Plain,
            Collection,
            Resource,
            "bind+unbind(T) read+write-acl(N)",
        ),
        (
            "PV-32",
            Method::Unbind,
            One,
            Plain,
            Collection,
            Collection,
            "unbind(T) unbind(D*)",
        ),
        (
            "PV-33",
            Method::Rebind,
            One,
            Plain,
            Collection,
            Unmapped,
            "unbind(NP) read+unbind(N*) bind(T) bind(D*)",
        ),
        ("M-8", Method::Trace, One, Plain, Resource, Unmapped, "never"),
        ("M-36", Method::Bmove, One, Plain, Unknown, Unknown, "never"),
    ];
    for (id, method, depth, kind, target, destination, expected) in rows {
        let operation = Operation {
            method: *method,
            depth: *depth,
            kind: *kind,
            sources: false,
        };
        let found = text(operation.needs(*target, *destination));
        assert_eq!(
            found, *expected,
            "{id} {method:?} {depth:?} {kind:?} {target:?} {destination:?}"
        );
    }
}

// EX-3: what is not known needs all that any of its states needs, and never less
#[test]
fn unknown_is_everything_together() {
    for method in Method::ALL {
        for depth in [Depth::Zero, Depth::Infinity] {
            let operation = Operation {
                method: *method,
                depth,
                kind: Kind::Plain,
                sources: false,
            };
            let Some(all) = operation.needs(Unknown, Unknown) else {
                assert!(method.is_off(), "{method:?}");
                continue;
            };
            assert!(all.iter().next().is_some(), "{method:?} needs nothing");
            for target in Unknown.possible() {
                for destination in Unknown.possible() {
                    for need in operation.needs(*target, *destination).unwrap().iter() {
                        let found = all
                            .iter()
                            .find(|other| (other.subject, other.scope) == (need.subject, need.scope));
                        assert!(
                            found.unwrap().privileges.contains(need.privileges),
                            "{method:?} {need:?}"
                        );
                    }
                }
            }
        }
    }
}

// Z-5: who may read may not read the source, nor take it where he may
#[test]
fn sources_are_for_writers() {
    for (method, target, expected) in [
        (Method::Get, Resource, "read+write-content(T)"),
        (Method::Head, Resource, "read+write-content(T)"),
        (Method::Get, Collection, "read+write-content(T*)"),
        (Method::Copy, Resource, "read+write-content(T) bind(DP)"),
        (Method::Move, Resource, "unbind(P) read+write-content(T) bind(DP)"),
        (Method::Propfind, Resource, "read(T)"),
        (Method::Put, Resource, "write-content(T)"),
        (Method::Delete, Resource, "unbind(P)"),
    ] {
        let operation = Operation {
            method,
            depth: Depth::Infinity,
            kind: Kind::Plain,
            sources: true,
        };
        assert_eq!(text(operation.needs(target, Unmapped)), expected, "{method:?}");
    }
}
