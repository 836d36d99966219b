//! The properties that need a privilege of their own (RFC 3744 sections 5.4 to 5.7): which of them a body asks for by name (F-5),
//! and whether a search or a query tries to select by them (F-12). In: a request body that fits its shape. Out: facts; what
//! they lead to is decided elsewhere.

use super::body::RequestBody;
use super::kind::BodyKind;
use super::name::ExpandedName;
use super::tree::Element;

/// A property that not everybody may read who may read the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guarded {
    /// `DAV:acl`: needs `read-acl`.
    Acl,
    /// `DAV:inherited-acl-set`: needs `read-acl`.
    InheritedAclSet,
    /// `DAV:current-user-privilege-set`: needs `read-current-user-privilege-set`.
    CurrentUserPrivilegeSet,
}

impl Guarded {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Acl, Self::InheritedAclSet, Self::CurrentUserPrivilegeSet];

    /// The local name in `DAV:`.
    pub fn local(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::InheritedAclSet => "inherited-acl-set",
            Self::CurrentUserPrivilegeSet => "current-user-privilege-set",
        }
    }

    /// The guarded property named `name`.
    pub fn of(name: ExpandedName<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|guarded| name.is_dav(guarded.local()))
    }

    fn bit(self) -> u8 {
        match self {
            Self::Acl => 1,
            Self::InheritedAclSet => 2,
            Self::CurrentUserPrivilegeSet => 4,
        }
    }
}

/// A set of guarded properties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuardedSet(u8);

impl GuardedSet {
    /// These.
    pub fn of(members: &[Guarded]) -> Self {
        Self(members.iter().fold(0, |bits, member| bits | member.bit()))
    }

    /// Adds `member`.
    pub fn insert(&mut self, member: Guarded) {
        self.0 |= member.bit();
    }

    /// Whether `member` is in it.
    pub fn contains(self, member: Guarded) -> bool {
        self.0 & member.bit() != 0
    }

    /// The members, always in the same order.
    pub fn iter(self) -> impl Iterator<Item = Guarded> {
        Guarded::ALL.into_iter().filter(move |member| self.contains(*member))
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl RequestBody {
    /// The guarded properties that the body names: in `prop` or `include` at any place, and as `property` of expand-property (F-5).
    pub fn guarded_by_name(&self) -> GuardedSet {
        let mut found = GuardedSet::default();
        named_in(self.tree(), &mut found);
        found
    }

    /// Whether the answer may tell of `property`: it is named in `prop` or `include` at any place, or as `property` of expand-property, or
    /// everything is asked for.
    pub fn may_tell(&self, property: ExpandedName<'static>) -> bool {
        tells(self.tree(), property)
    }

    /// Whether a sync-collection report may begin anew, without a token (RFC 6578 section 3.4); `None` for every other body. Of several
    /// tokens any may be the one that the back end reads, and what counts as blank is up to it: only if none is blank, none begins anew.
    pub fn initial_sync(&self) -> Option<bool> {
        let sync = self.report_root()?.is_dav("sync-collection");
        sync.then(|| {
            let tokens = self.tree().named(ExpandedName::dav("sync-token"));
            let texts: Vec<String> = tokens.map(Element::trimmed_text).collect();
            texts.is_empty() || texts.iter().any(|text| text.trim().is_empty())
        })
    }

    /// Whether results are selected or ordered by a property that the client might not be allowed to see (F-12): those of
    /// [`Guarded`] and `lockdiscovery`, in `where` and `orderby` of a SEARCH, `property-search` of a principal search, and in the
    /// `prop-filter` of a calendar or address book query. Such a request is refused with 403.
    pub fn selects_by_guarded(&self) -> bool {
        match self.kind() {
            BodyKind::Search | BodyKind::Report => self.tree().elements().any(selects),
            BodyKind::Propfind | BodyKind::PropertyUpdate | BodyKind::LockInfo | BodyKind::Mkcol => false,
            BodyKind::Mkcalendar | BodyKind::Acl | BodyKind::Options | BodyKind::VersionControl => false,
            BodyKind::Checkout | BodyKind::Checkin | BodyKind::Uncheckout | BodyKind::Mkworkspace => false,
            BodyKind::Update | BodyKind::Label | BodyKind::Merge | BodyKind::BaselineControl => false,
            BodyKind::Mkactivity | BodyKind::Orderpatch | BodyKind::CopyMove => false,
        }
    }
}

/// The reader's depth limit bounds this recursion, and those below.
fn named_in(element: &Element, found: &mut GuardedSet) {
    let lists = element.name().is_dav("prop") || element.name().is_dav("include");
    for child in element.elements() {
        if lists {
            Guarded::of(child.name())
                .into_iter()
                .for_each(|guarded| found.insert(guarded));
        } else if child.name().is_dav("property")
            && let Some(local) = child.attribute("name")
        {
            // RFC 3253 section 3.8: without a namespace it is DAV:.
            let namespace = child.attribute("namespace").unwrap_or(super::name::DAV);
            let guarded = Guarded::of(ExpandedName::new(namespace, local));
            guarded.into_iter().for_each(|guarded| found.insert(guarded));
        }
        named_in(child, found);
    }
}

fn tells(element: &Element, property: ExpandedName<'static>) -> bool {
    let lists = element.name().is_dav("prop") || element.name().is_dav("include");
    element.elements().any(|child| {
        let by_attribute = || {
            let namespace = child.attribute("namespace").unwrap_or(super::name::DAV);
            child.name().is_dav("property")
                && child
                    .attribute("name")
                    .is_some_and(|local| ExpandedName::new(namespace, local) == property)
        };
        lists && child.name() == property || child.name().is_dav("allprop") || by_attribute() || tells(child, property)
    })
}

/// Whether `element`, or one in it, is a part of a request that selects, and names what must not select.
fn selects(element: &Element) -> bool {
    let name = element.name();
    if ["where", "orderby", "property-search", "filter"].contains(&name.local) {
        names_unselectable(element)
    } else {
        element.elements().any(selects)
    }
}

fn names_unselectable(element: &Element) -> bool {
    element.elements().any(|child| {
        let unselectable = Guarded::of(child.name()).is_some() || child.name().is_dav("lockdiscovery");
        let by_attribute = child.name().local == "prop-filter"
            && child.attribute("name").is_some_and(|name| {
                // The names of iCalendar and vCard have no letter case.
                name.eq_ignore_ascii_case("lockdiscovery")
                    || Guarded::ALL
                        .iter()
                        .any(|guarded| name.eq_ignore_ascii_case(guarded.local()))
            });
        unselectable || by_attribute || names_unselectable(child)
    })
}

impl Element {
    /// The value of the attribute `local` in no namespace.
    fn attribute(&self, local: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|attribute| attribute.namespace.is_empty() && &*attribute.local == local)?;
        Some(&found.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::body::parse;

    fn body(kind: BodyKind, text: &str) -> RequestBody {
        parse(kind, text.as_bytes(), Some(b"application/xml"), &Default::default()).unwrap()
    }

    #[test]
    fn asked_by_name() {
        use Guarded::{Acl, CurrentUserPrivilegeSet, InheritedAclSet};
        // F-5
        let rows: &[(&str, BodyKind, &str, &[Guarded])] = &[
            (
                "allprop",
                BodyKind::Propfind,
                "<propfind xmlns='DAV:'><allprop/></propfind>",
                &[],
            ),
            (
                "propname",
                BodyKind::Propfind,
                "<propfind xmlns='DAV:'><propname/></propfind>",
                &[],
            ),
            (
                "prop",
                BodyKind::Propfind,
                "<propfind xmlns='DAV:'><prop><acl/><getetag/><inherited-acl-set/></prop></propfind>",
                &[Acl, InheritedAclSet],
            ),
            (
                "include",
                BodyKind::Propfind,
                "<propfind xmlns='DAV:'><allprop/><include><current-user-privilege-set/></include></propfind>",
                &[CurrentUserPrivilegeSet],
            ),
            (
                "another namespace",
                BodyKind::Propfind,
                "<propfind xmlns='DAV:'><prop><acl xmlns='urn:x'/></prop></propfind>",
                &[],
            ),
            (
                "in a report",
                BodyKind::Report,
                "<D:sync-collection xmlns:D='DAV:'><D:sync-token/><D:prop><D:acl/></D:prop></D:sync-collection>",
                &[Acl],
            ),
            (
                "to be expanded, any level, with and without a namespace",
                BodyKind::Report,
                "<D:expand-property xmlns:D='DAV:'><D:property name='owner'><D:property name='acl' namespace='DAV:'/>\
                 </D:property><D:property name='current-user-privilege-set'/><D:property name='acl' namespace='urn:x'/>\
                 </D:expand-property>",
                &[Acl, CurrentUserPrivilegeSet],
            ),
            (
                "in a search",
                BodyKind::Search,
                "<searchrequest xmlns='DAV:'><basicsearch><select><prop><acl/></prop></select></basicsearch></searchrequest>",
                &[Acl],
            ),
        ];
        for (name, kind, text, want) in rows {
            assert_eq!(body(*kind, text).guarded_by_name(), GuardedSet::of(want), "{name}");
        }
    }

    #[test]
    fn sync_tokens() {
        // F-8
        for (text, want) in [
            (
                "<sync-collection xmlns='DAV:'><sync-token/></sync-collection>",
                Some(true),
            ),
            (
                "<sync-collection xmlns='DAV:'><sync-token> </sync-token></sync-collection>",
                Some(true),
            ),
            ("<sync-collection xmlns='DAV:'/>", Some(true)),
            (
                "<sync-collection xmlns='DAV:'><sync-token>&#160;</sync-token></sync-collection>",
                Some(true),
            ),
            (
                "<sync-collection xmlns='DAV:'><sync-token/><sync-token>a</sync-token></sync-collection>",
                Some(true),
            ),
            (
                "<sync-collection xmlns='DAV:'><sync-token>a</sync-token><sync-token/></sync-collection>",
                Some(true),
            ),
            (
                "<sync-collection xmlns='DAV:'><prop><sync-token>a</sync-token></prop></sync-collection>",
                Some(true),
            ),
            (
                "<sync-collection xmlns='DAV:'><sync-token>a</sync-token></sync-collection>",
                Some(false),
            ),
            ("<expand-property xmlns='DAV:'/>", None),
        ] {
            assert_eq!(body(BodyKind::Report, text).initial_sync(), want, "{text}");
        }
    }

    #[test]
    fn what_must_not_select() {
        // F-12
        let search = |inside: &str| {
            format!("<D:searchrequest xmlns:D='DAV:'><D:basicsearch>{inside}</D:basicsearch></D:searchrequest>")
        };
        let filter = |inside: &str| {
            format!(
                "<C:calendar-query xmlns:C='urn:ietf:params:xml:ns:caldav'><C:filter><C:comp-filter name='VEVENT'>{inside}\
                 </C:comp-filter></C:filter></C:calendar-query>"
            )
        };
        let principals = |property: &str| {
            format!(
                "<D:principal-property-search xmlns:D='DAV:'><D:property-search><D:prop>{property}</D:prop>\
                 <D:match>a</D:match></D:property-search></D:principal-property-search>"
            )
        };
        let by =
            |property: &str| format!("<D:where><D:not><D:like><D:prop>{property}</D:prop></D:like></D:not></D:where>");
        for (name, kind, text, want) in [
            ("where", BodyKind::Search, search(&by("<D:acl/>")), true),
            ("where, twin", BodyKind::Search, search(&by("<D:getetag/>")), false),
            (
                "where, tokens",
                BodyKind::Search,
                search(&by("<D:lockdiscovery/>")),
                true,
            ),
            (
                "where, dead",
                BodyKind::Search,
                search(&by("<acl xmlns='urn:x'/>")),
                false,
            ),
            (
                "orderby",
                BodyKind::Search,
                search("<D:orderby><D:order><D:prop><D:current-user-privilege-set/></D:prop></D:order></D:orderby>"),
                true,
            ),
            (
                "select",
                BodyKind::Search,
                search("<D:select><D:prop><D:acl/></D:prop></D:select>"),
                false,
            ),
            (
                "prop-filter",
                BodyKind::Report,
                filter("<C:prop-filter name='Inherited-Acl-Set'/>"),
                true,
            ),
            (
                "prop-filter, twin",
                BodyKind::Report,
                filter("<C:prop-filter name='SUMMARY'/>"),
                false,
            ),
            ("principals", BodyKind::Report, principals("<D:acl/>"), true),
            (
                "principals, twin",
                BodyKind::Report,
                principals("<D:displayname/>"),
                false,
            ),
        ] {
            assert_eq!(body(kind, &text).selects_by_guarded(), want, "{name}");
        }
    }
}
