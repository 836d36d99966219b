//! Bodies for explanations. In: a method that means nothing without an XML body, and the route. Out: a plain body that asks for no more
//! than the method does in any case, so that a question about rules need not bring one.

use crate::{
    policy::{Method, Route},
    xml::{
        name::{CALDAV, ExpandedName},
        report::known_reports,
    },
};

use super::super::body::DEPTH_0_REPORTS;

/// The body of a `method` on `path` (as it stands in a URL), and what it is in English; `None` where none is needed. `depth`: a Depth
/// other than 0 was said.
pub(super) fn body(method: Method, path: &str, route: &Route, depth: bool) -> Option<(String, &'static str)> {
    let href = path.replace('&', "&amp;");
    let dav = |root: &str, inner: String| format!("<D:{root} xmlns:D=\"DAV:\">{inner}</D:{root}>");
    Some(match method {
        Method::Proppatch => (
            dav(
                "propertyupdate",
                "<D:set><D:prop><x:a xmlns:x=\"urn:x\"/></D:prop></D:set>".to_owned(),
            ),
            "sets a property of no meaning",
        ),
        Method::Lock => (
            dav(
                "lockinfo",
                "<D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>".to_owned(),
            ),
            "asks for an exclusive lock",
        ),
        Method::Acl => (
            dav(
                "acl",
                "<D:ace><D:principal><D:all/></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>"
                    .to_owned(),
            ),
            "grants everybody read",
        ),
        Method::Report => {
            let name = report(route, depth);
            let text = format!("<r:{} xmlns:r=\"{}\"/>", name.local, name.namespace);
            (text, "asks for the first report that the route lets pass")
        }
        Method::Search => {
            let scope = format!("<D:from><D:scope><D:href>{href}</D:href><D:depth>1</D:depth></D:scope></D:from>");
            let search = format!("<D:basicsearch><D:select><D:allprop/></D:select>{scope}</D:basicsearch>");
            (dav("searchrequest", search), "searches the target")
        }
        Method::Update => (
            dav("update", format!("<D:version><D:href>{href}</D:href></D:version>")),
            "names the target as the version",
        ),
        Method::Merge => (
            dav("merge", format!("<D:source><D:href>{href}</D:href></D:source>")),
            "names the target as the source",
        ),
        Method::Label => (
            dav("label", "<D:set><D:label-name>a</D:label-name></D:set>".to_owned()),
            "sets a label",
        ),
        Method::Orderpatch => (
            dav(
                "orderpatch",
                "<D:order-member><D:segment>a</D:segment><D:position><D:first/></D:position></D:order-member>"
                    .to_owned(),
            ),
            "moves a member to the front",
        ),
        _ => return None,
    })
}

/// A report that the route lets pass, at the Depth that was said; one about reading rather than about busy times.
fn report(route: &Route, depth: bool) -> ExpandedName<'static> {
    const FREE_BUSY: ExpandedName<'static> = ExpandedName::new(CALDAV, "free-busy-query");
    let fits = |name: &&ExpandedName<'static>| !depth || !DEPTH_0_REPORTS.contains(name);
    let mut ranked: Vec<ExpandedName<'static>> = route.reports.iter().filter(fits).copied().collect();
    ranked.sort_by_key(|name| *name == FREE_BUSY);
    let first = ranked.first().or(route.reports.first());
    // Of a route without reports, any will be refused.
    first
        .or(known_reports().first())
        .copied()
        .unwrap_or(ExpandedName::dav("version-tree"))
}
