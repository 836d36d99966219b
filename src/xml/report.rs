//! REPORT (RFC 3253 section 3.6): the reports this gateway knows (RP-1 to RP-12) and their shapes. Which of them a route allows is
//! policy; a root that is not here is never forwarded (RP-20).

use super::href::HrefUse;
use super::name::{CALDAV, CARDDAV, ExpandedName};
use super::shape::{Content, Shape, caldav, carddav, dav};

const PROP: Shape = dav("prop", Content::PropertyNames);
const ALLPROP: Shape = dav("allprop", Content::Empty);
const PROPNAME: Shape = dav("propname", Content::Empty);
const MEMBER: Shape = dav("href", Content::Url(HrefUse::MultigetMember));

/// A property to expand holds the properties to expand below it.
static EXPANDED: [Shape; 1] = [dav("property", Content::Elements(&EXPANDED))];

static CALENDAR_COMPONENT_FILTER: [Shape; 4] = [
    caldav("is-not-defined", Content::Empty),
    caldav("time-range", Content::Empty),
    caldav(
        "prop-filter",
        Content::Elements(&[
            caldav("is-not-defined", Content::Empty),
            caldav("time-range", Content::Empty),
            caldav("text-match", Content::Text),
            caldav(
                "param-filter",
                Content::Elements(&[
                    caldav("is-not-defined", Content::Empty),
                    caldav("text-match", Content::Text),
                ]),
            ),
        ]),
    ),
    caldav("comp-filter", Content::Elements(&CALENDAR_COMPONENT_FILTER)),
];

static CALENDAR_FILTER: [Shape; 1] = [caldav("comp-filter", Content::Elements(&CALENDAR_COMPONENT_FILTER))];

static CALENDAR_QUERY: [Shape; 6] = [
    ALLPROP,
    PROPNAME,
    PROP,
    caldav("filter", Content::Elements(&CALENDAR_FILTER)),
    caldav("timezone", Content::Text),
    caldav("timezone-id", Content::Text),
];

const ADDRESSBOOK_QUERY: Content = Content::Elements(&[
    ALLPROP,
    PROPNAME,
    PROP,
    carddav(
        "filter",
        Content::Elements(&[carddav(
            "prop-filter",
            Content::Elements(&[
                carddav("is-not-defined", Content::Empty),
                carddav("text-match", Content::Text),
                carddav(
                    "param-filter",
                    Content::Elements(&[
                        carddav("is-not-defined", Content::Empty),
                        carddav("text-match", Content::Text),
                    ]),
                ),
            ]),
        )]),
    ),
    carddav("limit", Content::Elements(&[carddav("nresults", Content::Text)])),
]);

pub(super) static ROOTS: [Shape; 16] = [
    // RP-1
    dav("expand-property", Content::Elements(&EXPANDED)),
    // RP-2
    dav("version-tree", Content::Elements(&[PROP])),
    // RP-3
    dav(
        "locate-by-history",
        Content::Elements(&[
            dav(
                "version-history-set",
                Content::Elements(&[dav("href", Content::Url(HrefUse::VersionHistory))]),
            ),
            PROP,
        ]),
    ),
    // RP-4
    dav(
        "merge-preview",
        Content::Elements(&[dav(
            "source",
            Content::Elements(&[dav("href", Content::Url(HrefUse::MergeSource))]),
        )]),
    ),
    dav(
        "compare-baseline",
        Content::Elements(&[dav("href", Content::Url(HrefUse::Baseline))]),
    ),
    dav(
        "latest-activity-version",
        Content::Elements(&[dav("href", Content::Url(HrefUse::Activity))]),
    ),
    // RP-5
    dav("acl-principal-prop-set", Content::Elements(&[PROP])),
    // RP-6
    dav(
        "principal-match",
        Content::Elements(&[
            dav("principal-property", Content::PropertyNames),
            dav("self", Content::Empty),
            PROP,
        ]),
    ),
    // RP-7
    dav(
        "principal-property-search",
        Content::Elements(&[
            dav(
                "property-search",
                Content::Elements(&[PROP, dav("match", Content::Text)]),
            ),
            PROP,
            dav("apply-to-principal-collection-set", Content::Empty),
        ]),
    ),
    // RP-8
    dav("principal-search-property-set", Content::Empty),
    // RP-9: the token is opaque.
    dav(
        "sync-collection",
        Content::Elements(&[
            dav("sync-token", Content::Text),
            dav("sync-level", Content::Text),
            dav("limit", Content::Elements(&[dav("nresults", Content::Text)])),
            PROP,
        ]),
    ),
    // RP-10
    caldav("calendar-query", Content::Elements(&CALENDAR_QUERY)),
    carddav("addressbook-query", ADDRESSBOOK_QUERY),
    // RP-11
    caldav(
        "calendar-multiget",
        Content::Elements(&[ALLPROP, PROPNAME, PROP, MEMBER]),
    ),
    carddav(
        "addressbook-multiget",
        Content::Elements(&[ALLPROP, PROPNAME, PROP, MEMBER]),
    ),
    // RP-12
    caldav(
        "free-busy-query",
        Content::Elements(&[caldav("time-range", Content::Empty)]),
    ),
];

/// The reports this gateway can read and forward, RP-1 to RP-12.
pub fn known_reports() -> &'static [ExpandedName<'static>] {
    static NAMES: std::sync::LazyLock<Vec<ExpandedName<'static>>> =
        std::sync::LazyLock::new(|| ROOTS.iter().map(|shape| shape.name).collect());
    &NAMES
}

/// Whether the report names its members one by one, which needs the larger limit (spec 5.3).
pub fn is_multiget(name: ExpandedName<'_>) -> bool {
    name == ExpandedName::new(CALDAV, "calendar-multiget") || name == ExpandedName::new(CARDDAV, "addressbook-multiget")
}
