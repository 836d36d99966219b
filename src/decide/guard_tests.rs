//! Rows for A-12: which condition holds which method to what was found.

use super::*;
use crate::backend::{APACHE, GENERIC, NGINX, RADICALE, SABREDAV, ZOPE};
use crate::{
    policy::Profile,
    request::{
        Depth,
        operation::{Kind, Operation},
    },
};

use State::{Collection, Resource, Unmapped};

const HERE: &str = "http://back/dav/a";

fn guard(
    profile: &Profile,
    method: Method,
    found: State,
    etag: Option<&str>,
    refused: &[State],
    own: Option<&str>,
) -> Option<Guard> {
    let found = Found {
        state: found,
        etag: etag.map(str::to_owned),
    };
    let own = own.map(|text| If::parse(text).unwrap());
    let race = Race { found: &found, refused };
    at_target(method, profile.conditions, race, own.as_ref(), HERE)
}

//
#[test]
fn what_holds() {
    use Method::{Delete, Lock, Merge, Put};
    let version = |etag: &str| Some(Guard::Version(etag.to_owned()));
    let weak = |etag: &str| Some(Guard::WeakVersion(etag.to_owned()));
    let (strong_tag, weak_tag) = (Some("\"1\""), Some("W/\"1\""));
    let all = &[Unmapped, Collection][..];
    for (name, got, expected) in [
        (
            "new",
            guard(&APACHE, Put, Unmapped, None, &[Resource], None),
            Some(Guard::Absent),
        ),
        (
            "new lock",
            guard(&APACHE, Lock, Unmapped, None, &[Resource], None),
            Some(Guard::Absent),
        ),
        (
            "nothing to delete",
            guard(&APACHE, Delete, Unmapped, None, &[Collection], None),
            None,
        ),
        (
            "strong",
            guard(&APACHE, Put, Resource, strong_tag, all, None),
            version("\"1\""),
        ),
        (
            "strong, deleted",
            guard(&SABREDAV, Delete, Resource, strong_tag, all, None),
            version("\"1\""),
        ),
        (
            "weak",
            guard(&APACHE, Put, Resource, weak_tag, all, None),
            weak("W/\"1\""),
        ),
        (
            "weak, and a token",
            guard(&APACHE, Put, Resource, weak_tag, all, Some("(<urn:t>)")),
            weak("W/\"1\""),
        ),
        (
            "weak, tagged",
            guard(
                &APACHE,
                Put,
                Resource,
                weak_tag,
                all,
                Some("<http://back/dav/a> (<urn:t>)"),
            ),
            weak("W/\"1\""),
        ),
        (
            "weak, deleted",
            guard(&APACHE, Delete, Resource, weak_tag, all, None),
            weak("W/\"1\""),
        ),
        (
            "weak, deleted, and a token",
            guard(&APACHE, Delete, Resource, weak_tag, all, Some("(<urn:t>)")),
            None,
        ),
        (
            "weak, of another",
            guard(
                &APACHE,
                Put,
                Resource,
                weak_tag,
                all,
                Some("<http://back/dav/b> (<urn:t>)"),
            ),
            None,
        ),
        (
            "weak, unfit for If",
            guard(&APACHE, Put, Resource, Some("W/\"a]\""), all, None),
            None,
        ),
        (
            "weak, no If with tags",
            guard(&SABREDAV, Put, Resource, weak_tag, all, None),
            None,
        ),
        (
            "weak, only gone matters",
            guard(&SABREDAV, Put, Resource, weak_tag, &[Unmapped], None),
            Some(Guard::Present),
        ),
        (
            "no tag, only gone matters",
            guard(&SABREDAV, Put, Resource, None, &[Unmapped], None),
            Some(Guard::Present),
        ),
        ("no tag", guard(&SABREDAV, Put, Resource, None, all, None), None),
        (
            "broken tag",
            guard(&APACHE, Put, Resource, Some("\"a\"b\""), all, None),
            None,
        ),
        (
            "folder",
            guard(&APACHE, Lock, Collection, None, &[Unmapped], None),
            Some(Guard::Present),
        ),
        (
            "folder, no star",
            guard(&RADICALE, Lock, Collection, None, &[Unmapped], None),
            None,
        ),
        (
            "another method",
            guard(&APACHE, Merge, Resource, strong_tag, all, None),
            None,
        ),
        (
            "deaf: nginx",
            guard(&NGINX, Put, Unmapped, None, &[Resource], None),
            None,
        ),
        ("deaf: Zope", guard(&ZOPE, Put, Resource, strong_tag, all, None), None),
        ("unknown", guard(&GENERIC, Put, Resource, strong_tag, all, None), None),
    ] {
        assert_eq!(got, expected, "{name}");
    }
}

// why a folder that was found needs to exist, and nothing more.
#[test]
fn a_collection_needs_what_a_file_needs() {
    for method in Method::ALL.iter().copied() {
        for depth in [Depth::Zero, Depth::Infinity] {
            for destination in [Unmapped, Resource, Collection] {
                let operation = Operation {
                    method,
                    depth,
                    kind: Kind::Plain,
                    sources: false,
                };
                let needs = |state| operation.needs(state, destination).unwrap_or_default();
                let whole = needs(Collection);
                for need in needs(Resource).iter() {
                    let covered = whole.iter().filter(|more| more.subject == need.subject);
                    let covered = covered.fold(crate::access::PrivilegeSet::of(&[]), |all, more| {
                        all.union(more.privileges)
                    });
                    assert_eq!(
                        covered.union(need.privileges),
                        covered,
                        "{method:?} {depth:?} {destination:?}"
                    );
                }
            }
        }
    }
}
