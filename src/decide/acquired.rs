//! Whether a resource is where its URL says (Z-10). Zope finds what is in a folder in all folders below it as well, so that `/public/private/x`
//! may be `/private/x`, which other rules are about. In: what the back end says of where a resource is at home. Out: whether that is
//! where it was asked for, and what is to be asked next.

use std::collections::BTreeMap;

use crate::{
    policy::Method,
    url::{CanonicalPath, UpstreamPath},
};

use super::Permit;

/// The name that is asked below a resource: Zope answers with the path of the object before it, from the root down to it.
pub const ASKED: &str = "absolute_url_path";
/// More bytes than an answer has whose path could be the right one.
pub const ANSWER_BYTES: usize = 64 * 1024;

/// Where a resource is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Where it was asked for.
    Here,
    /// In another folder, or nobody can say.
    Elsewhere,
    /// Nothing is there, or nothing that has a place of its own.
    Nothing,
}

/// What must be at home for a permit to hold: one of its resources, or the first above it that is there.
#[derive(Clone, Debug)]
pub struct AtHome {
    /// What is asked about.
    pub resource: UpstreamPath,
    /// Whether the back end takes the last name from no folder above, but has it as a new one: so do the methods that make something.
    own_name: bool,
}

/// What an answer leads to.
#[derive(Clone, Debug)]
pub enum Next {
    /// The resource is where its URL says.
    AtHome,
    /// It is another one.
    Acquired,
    /// This one above must be.
    Ask(AtHome),
}

impl AtHome {
    /// What must be at home for `permit`: what it names, in the request line and in Destination.
    pub fn of(permit: &Permit) -> Vec<Self> {
        if !permit.route().guards_homes() {
            return Vec::new();
        }
        let target = (permit.upstream(), !acts_on_what_is_there(permit.method()));
        let destination = permit.destination().map(|found| (&found.upstream, true));
        let resources = std::iter::once(target).chain(destination);
        resources
            .map(|(resource, own_name)| match permit.route().map.folder_of(resource) {
                // The data of a folder are at home where it is, and its name is not the last one.
                Some(folder) => Self {
                    resource: folder,
                    own_name: false,
                },
                None => Self {
                    resource: resource.clone(),
                    own_name,
                },
            })
            .collect()
    }

    /// What to do when it is at `home`. What is not there is found nowhere else either if what is above it is at home.
    pub fn found(self, home: Home, top: &UpstreamPath) -> Next {
        match home {
            Home::Here => Next::AtHome,
            Home::Elsewhere if !self.own_name => Next::Acquired,
            Home::Elsewhere | Home::Nothing => match self.resource.0.parent() {
                Some(above) if self.resource.0.key() != top.0.key() => Next::Ask(Self {
                    resource: UpstreamPath(above),
                    // The names before the last may come from anywhere.
                    own_name: false,
                }),
                // Nothing at all is there of the whole route: so nothing is found by way of it.
                _ if home == Home::Nothing => Next::AtHome,
                _ => Next::Acquired,
            },
        }
    }
}

/// What must stay where it is while `permit` is carried out: all that its URLs lead through, and what they name, each with whether this takes it
/// away itself. Nobody who only asks is in the way of another.
pub fn ways(permit: &Permit) -> BTreeMap<String, bool> {
    let takes_away = matches!(permit.method(), Method::Delete | Method::Move);
    let destination = permit.destination().map(|found| (&found.upstream, true));
    let mut ways = BTreeMap::new();
    let removes = takes_away || destination.is_some();
    if !(permit.route().guards_homes() || (permit.route().backend.profile.acquires && removes)) {
        return ways;
    }
    let back_end = permit.route().backend.location.id();
    for (resource, mut alone) in std::iter::once((permit.upstream(), takes_away)).chain(destination) {
        let mut place = Some(resource.0.clone());
        while let Some(path) = place {
            *ways.entry(format!("way {back_end}{}", path.key())).or_default() |= alone;
            (alone, place) = (false, path.parent());
        }
    }
    ways
}

/// Whether a method has nothing to do where nothing is: what is found elsewhere is refused then, whatever the back end would make of it. Zope
/// takes the last name from other folders for browsers and HEAD; for the others not, unless it is an object that finds its members itself, as
/// its VirtualHostMonster does.
fn acts_on_what_is_there(method: Method) -> bool {
    use Method::{Copy, Delete, Get, Head, Move, Post, Propfind, Proppatch};
    matches!(method, Get | Head | Post | Propfind | Proppatch | Delete | Copy | Move)
}

/// What an answer with `status` and `body` says of a resource that the back end knows at `path`.
pub fn home(status: u16, body: &[u8], path: &CanonicalPath) -> Home {
    match status {
        200 => {
            let told = std::str::from_utf8(body).ok().map(str::trim);
            let told = told.map(|text| if text.is_empty() { "/" } else { text });
            let told = told.and_then(|text| CanonicalPath::parse(text.as_bytes()).ok());
            match told.is_some_and(|told| told.key() == path.key()) {
                true => Home::Here,
                false => Home::Elsewhere,
            }
        }
        // A redirect leads away from what is there no more.
        404 | 410 | 300..=399 => Home::Nothing,
        _ => Home::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> CanonicalPath {
        CanonicalPath::parse(text.as_bytes()).unwrap()
    }

    // Z-10
    #[test]
    fn where_it_is() {
        use Home::{Elsewhere, Here, Nothing};
        for (status, body, asked, expected) in [
            (200, "/pub/x", "/pub/x", Here),
            (200, "/pub/x\n", "/pub/x/", Here),
            (200, "/pub/a%20b", "/pub/a%20b", Here),
            (200, "/pub/%61", "/pub/a", Here),
            (200, "", "/", Here),
            (200, "/x", "/pub/x", Elsewhere),
            (200, "/pub/X", "/pub/x", Elsewhere),
            (200, "<html>", "/pub/x", Elsewhere),
            (200, "/pub/../pub/x", "/pub/x", Elsewhere),
            (200, "\u{0}", "/pub/x", Elsewhere),
            (404, "", "/pub/x", Nothing),
            (302, "", "/pub/x", Nothing),
            (403, "", "/pub/x", Elsewhere),
            (500, "/pub/x", "/pub/x", Elsewhere),
            (204, "/pub/x", "/pub/x", Elsewhere),
        ] {
            assert_eq!(
                home(status, body.as_bytes(), &path(asked)),
                expected,
                "{status} {body:?}"
            );
        }
    }

    // Z-10: a name that is not there counts only if the folder is there; the names before it may come from anywhere
    #[test]
    fn what_is_asked_next() {
        use Home::{Elsewhere, Here, Nothing};
        let top = UpstreamPath(path("/dav/"));
        for (resource, own_name, home, expected) in [
            ("/dav/a/b", true, Here, "at home"),
            ("/dav/a/b", true, Elsewhere, "/dav/a/"),
            ("/dav/a/b", false, Elsewhere, "acquired"),
            ("/dav/a/b", false, Nothing, "/dav/a/"),
            ("/dav/a", false, Nothing, "/dav/"),
            ("/dav/", false, Nothing, "at home"),
            ("/dav", true, Nothing, "at home"),
            ("/dav/", true, Elsewhere, "acquired"),
            ("/dav/", false, Here, "at home"),
        ] {
            let asked = AtHome {
                resource: UpstreamPath(path(resource)),
                own_name,
            };
            let next = match asked.found(home, &top) {
                Next::AtHome => "at home".to_owned(),
                Next::Acquired => "acquired".to_owned(),
                Next::Ask(above) => {
                    assert!(!above.own_name);
                    above.resource.to_string()
                }
            };
            assert_eq!(next, expected, "{resource} {own_name} {home:?}");
        }
    }
}
