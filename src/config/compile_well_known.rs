//! `well_known`. In: its raw form, and the routes. Out: where the names lead; a path that no route serves is refused.

use super::error::{KeyPath, Problem};
use super::judge::Judge;
use super::raw_well_known::RawWellKnown;
use crate::policy::{Route, WellKnown};
use crate::url::PublicPath;

const EXPECTED: &str = "a public path of a route, such as /radicale/";

/// What `raw` at `path` describes; the names lead into `routes`.
pub fn compile(
    judge: &mut Judge,
    raw: Option<&RawWellKnown>,
    path: &KeyPath,
    routes: &[(KeyPath, Route)],
) -> WellKnown {
    let Some(raw) = raw else { return WellKnown::default() };
    if raw.caldav.is_none() && raw.carddav.is_none() && !judge.has_refused(path) {
        judge.refuse(Problem::new(path.clone(), "is empty").expected("caldav, carddav, or the key left out"));
    }
    WellKnown {
        caldav: place(judge, raw.caldav.as_deref(), &path.key("caldav"), routes),
        carddav: place(judge, raw.carddav.as_deref(), &path.key("carddav"), routes),
    }
}

fn place(judge: &mut Judge, text: Option<&str>, path: &KeyPath, routes: &[(KeyPath, Route)]) -> Option<PublicPath> {
    let text = text?;
    let refuse = |judge: &mut Judge, what: String| judge.refuse(Problem::new(path.clone(), what).expected(EXPECTED));
    if !text.starts_with('/') || text.contains(['?', '#']) {
        refuse(judge, format!("{text:?} is no path"));
        return None;
    }
    let place = PublicPath(judge.canonical(text, path)?);
    if place.0.segments().next() == Some(".well-known") {
        refuse(judge, format!("{text} leads to well-known URLs again"));
    } else if !judge.has_refused(&KeyPath::root().key("routes"))
        && !routes.iter().any(|(_, route)| route.map.to_upstream(&place).is_some())
    {
        refuse(judge, format!("no route serves {text}"));
    }
    Some(place)
}
