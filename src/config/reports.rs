//! The names a file may use for REPORT bodies (RP-1 to RP-12). In: `DAV:sync-collection`, `sync-collection` or
//! `{DAV:}sync-collection`. Out: the expanded name. Others are never forwarded (RP-20), so naming one is an error.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::xml::name::{CALDAV, CARDDAV, DAV, ExpandedName};

/// The reports a route lets pass when it names none.
pub const ALL: [ExpandedName<'static>; 16] = [
    ExpandedName::dav("expand-property"),
    ExpandedName::dav("version-tree"),
    ExpandedName::dav("locate-by-history"),
    ExpandedName::dav("merge-preview"),
    ExpandedName::dav("compare-baseline"),
    ExpandedName::dav("latest-activity-version"),
    ExpandedName::dav("acl-principal-prop-set"),
    ExpandedName::dav("principal-match"),
    ExpandedName::dav("principal-property-search"),
    ExpandedName::dav("principal-search-property-set"),
    ExpandedName::dav("sync-collection"),
    ExpandedName::new(CALDAV, "calendar-query"),
    ExpandedName::new(CALDAV, "calendar-multiget"),
    ExpandedName::new(CALDAV, "free-busy-query"),
    ExpandedName::new(CARDDAV, "addressbook-query"),
    ExpandedName::new(CARDDAV, "addressbook-multiget"),
];

/// The name of a report, not yet looked up.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct ReportName(pub String);

impl JsonSchema for ReportName {
    fn schema_name() -> Cow<'static, str> {
        "ReportName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A REPORT body: DAV:sync-collection, sync-collection or {DAV:}sync-collection.",
            "enum": ALL.iter().flat_map(spellings).collect::<Vec<_>>(),
        })
    }
}

/// The report that `name` is, in any of its spellings.
pub fn look_up(name: &str) -> Option<ExpandedName<'static>> {
    ALL.into_iter()
        .find(|report| spellings(report).iter().any(|spelling| spelling == name))
}

/// The names of all reports, with a prefix and without.
pub fn names() -> [Vec<String>; 2] {
    ALL.iter()
        .map(spellings)
        .map(|[long, short, _]| (long, short))
        .collect::<(Vec<_>, Vec<_>)>()
        .into()
}

fn spellings(report: &ExpandedName<'static>) -> [String; 3] {
    let prefix = match report.namespace {
        CALDAV => "CALDAV:",
        CARDDAV => "CARDDAV:",
        _ => DAV,
    };
    let ExpandedName { namespace, local } = report;
    [
        format!("{prefix}{local}"),
        (*local).to_owned(),
        format!("{{{namespace}}}{local}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    // RP-20
    #[test]
    fn three_spellings_of_each_name() {
        let rows = [
            ("DAV:sync-collection", Some(ExpandedName::dav("sync-collection"))),
            ("sync-collection", Some(ExpandedName::dav("sync-collection"))),
            ("{DAV:}sync-collection", Some(ExpandedName::dav("sync-collection"))),
            (
                "CALDAV:calendar-query",
                Some(ExpandedName::new(CALDAV, "calendar-query")),
            ),
            (
                "{urn:ietf:params:xml:ns:carddav}addressbook-query",
                Some(ExpandedName::new(CARDDAV, "addressbook-query")),
            ),
            ("DAV:calendar-query", None),
            ("{svn:}log-report", None),
            ("SYNC-COLLECTION", None),
            ("", None),
        ];
        for (name, report) in rows {
            assert_eq!(look_up(name), report, "{name}");
        }
    }
}
