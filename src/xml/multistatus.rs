//! Multistatus bodies the gateway makes itself (RFC 4918 section 13): the answer to PROPFIND on what no back end has, a collection above a
//! route or a name that has nothing but locks, and to PROPPATCH where no back end is asked. In: the public URL and what is asked for. Out: a
//! 207 body. Live answers of back ends are rewritten elsewhere.

use percent_encoding::percent_decode_str;

use super::name::{DAV, ExpandedName};
use super::propfind::Propfind;
use super::writer::{DECLARATION, push_namespace, push_text};

const RESOURCETYPE: ExpandedName<'static> = ExpandedName::dav("resourcetype");
const DISPLAYNAME: ExpandedName<'static> = ExpandedName::dav("displayname");

/// The body of a 207 for one collection that has a `resourcetype` and a `displayname`, the last segment of `href`, and nothing else.
/// `href` is its public, path-absolute, percent-encoded URL. What is asked for and not there comes as 404 (RFC 4918 section 9.1).
pub fn collection_answer(href: &str, requested: &Propfind<'_>) -> String {
    let mut name = "<D:displayname>".to_owned();
    push_text(&mut name, &display_name(href));
    name.push_str("</D:displayname>");
    let kind = "<D:resourcetype><D:collection/></D:resourcetype>";
    property_answer(href, requested, &[(RESOURCETYPE, kind), (DISPLAYNAME, &name)])
}

/// The body of a 207 for one resource that has these properties and no others: names, and the elements as they are written where `D` is
/// the prefix of `DAV:`.
pub fn property_answer(href: &str, requested: &Propfind<'_>, properties: &[(ExpandedName<'_>, &str)]) -> String {
    let mut present = String::new();
    let mut missing = String::new();
    let mut push = |name| match properties.iter().find(|(known, _)| *known == name) {
        Some((_, element)) => present.push_str(element),
        None => push_empty(&mut missing, name),
    };
    match requested {
        Propfind::PropName => properties.iter().for_each(|(name, _)| push_empty(&mut present, *name)),
        Propfind::AllProp { include } => {
            properties.iter().for_each(|(name, _)| push(*name));
            let is_known = |name: &ExpandedName<'_>| properties.iter().any(|(known, _)| known == name);
            distinct(include).filter(|name| !is_known(name)).for_each(push);
        }
        Propfind::Prop(names) => distinct(names).for_each(push),
    }
    let mut out = format!("{DECLARATION}<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>");
    push_text(&mut out, href);
    out.push_str("</D:href>");
    // A response needs a propstat, even an empty one.
    if !present.is_empty() || missing.is_empty() {
        push_propstat(&mut out, &present, "200 OK");
    }
    if !missing.is_empty() {
        push_propstat(&mut out, &missing, "404 Not Found");
    }
    out.push_str("</D:response></D:multistatus>");
    out
}

/// The body of a 207 to a PROPPATCH (RFC 4918 section 9.2.1) of the resource at `href`, in public form, that changes these properties. Where
/// some are `protected` nothing is changed: these have 403, all others 424. Each is there once, in the order in which they first came.
pub fn change_answer(href: &str, changed: &[ExpandedName<'_>], protected: impl Fn(ExpandedName<'_>) -> bool) -> String {
    let (mut refused, mut others) = (String::new(), String::new());
    for name in distinct(changed) {
        push_empty(if protected(name) { &mut refused } else { &mut others }, name);
    }
    let mut out = format!("{DECLARATION}<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>");
    push_text(&mut out, href);
    out.push_str("</D:href>");
    if refused.is_empty() {
        // A response needs a propstat, even an empty one.
        push_propstat(&mut out, &others, "200 OK");
    } else {
        let why = "403 Forbidden</D:status><D:error><D:cannot-modify-protected-property/></D:error>";
        out.push_str(&format!(
            "<D:propstat><D:prop>{refused}</D:prop><D:status>HTTP/1.1 {why}</D:propstat>"
        ));
        if !others.is_empty() {
            push_propstat(&mut out, &others, "424 Failed Dependency");
        }
    }
    out.push_str("</D:response></D:multistatus>");
    out
}

fn push_propstat(out: &mut String, properties: &str, status: &str) {
    out.push_str("<D:propstat><D:prop>");
    out.push_str(properties);
    out.push_str("</D:prop><D:status>HTTP/1.1 ");
    out.push_str(status);
    out.push_str("</D:status></D:propstat>");
}

/// An empty element; `D` is the only prefix in scope, and there is no default namespace.
fn push_empty(out: &mut String, name: ExpandedName<'_>) {
    let prefix = match name.namespace {
        "" => "",
        DAV => "D:",
        "http://www.w3.org/XML/1998/namespace" => "xml:", // the one namespace that no other prefix may have
        _ => "x:",
    };
    out.push('<');
    out.push_str(prefix);
    out.push_str(name.local);
    if prefix == "x:" {
        out.push_str(" xmlns:x");
        push_namespace(out, name.namespace);
    }
    out.push_str("/>");
}

/// The last segment, decoded where it is UTF-8 that XML can hold.
fn display_name(href: &str) -> String {
    let segment = href.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let decoded = percent_decode_str(segment).decode_utf8().ok();
    match decoded.filter(|text| text.chars().all(super::characters::is_allowed)) {
        Some(text) if text.is_empty() => "/".to_owned(),
        Some(text) => text.into_owned(),
        None => segment.to_owned(),
    }
}

/// The names without repetitions, in order.
fn distinct<'n>(names: &'n [ExpandedName<'n>]) -> impl Iterator<Item = ExpandedName<'n>> {
    let mut seen = std::collections::HashSet::new();
    names.iter().copied().filter(move |name| seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4918 sections 9.2, 9.2.1, 16
    #[test]
    fn change_answers() {
        let [a, b] = ["a", "b"].map(|local| ExpandedName::new("urn:ab", local));
        let etag = ExpandedName::dav("getetag");
        let protected = |name: ExpandedName<'_>| name == etag;
        let propstat = |inside: &str, status: &str| {
            format!("<D:propstat><D:prop>{inside}</D:prop><D:status>HTTP/1.1 {status}</D:propstat>")
        };
        let [told_a, told_b] = ["a", "b"].map(|local| format!("<x:{local} xmlns:x=\"urn:ab\"/>"));
        let forbidden = "403 Forbidden</D:status><D:error><D:cannot-modify-protected-property/></D:error>";
        for (name, changed, expected) in [
            ("none", vec![], propstat("", "200 OK</D:status>")),
            (
                "in their order, once",
                vec![b, a, b],
                propstat(&format!("{told_b}{told_a}"), "200 OK</D:status>"),
            ),
            ("one that is protected", vec![etag], propstat("<D:getetag/>", forbidden)),
            (
                "all or nothing",
                vec![a, etag, b],
                propstat("<D:getetag/>", forbidden)
                    + &propstat(&format!("{told_a}{told_b}"), "424 Failed Dependency</D:status>"),
            ),
        ] {
            let answer = change_answer("/f/a&b", &changed, protected);
            let begin = format!("{DECLARATION}<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/f/a&amp;b</D:href>");
            assert_eq!(
                answer,
                format!("{begin}{expected}</D:response></D:multistatus>"),
                "{name}"
            );
        }
    }

    #[test]
    fn collection_answers() {
        let own = "<D:resourcetype><D:collection/></D:resourcetype><D:displayname>a b</D:displayname>";
        let ok = |inside: &str| {
            format!("<D:propstat><D:prop>{inside}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
        };
        let not_found = |inside: &str| {
            format!("<D:propstat><D:prop>{inside}</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>")
        };
        let foreign = "<x:y xmlns:x='urn:a\"b'/><D:getetag/><z/><xml:lang/>";
        let names = vec![
            ExpandedName::new("urn:a\"b", "y"),
            ExpandedName::dav("getetag"),
            ExpandedName::new("", "z"),
            ExpandedName::new("http://www.w3.org/XML/1998/namespace", "lang"),
        ];
        for (name, requested, expected) in [
            ("allprop", Propfind::without_body(), ok(own)),
            ("propname", Propfind::PropName, ok("<D:resourcetype/><D:displayname/>")),
            (
                "prop",
                Propfind::Prop(vec![DISPLAYNAME]),
                ok("<D:displayname>a b</D:displayname>"),
            ),
            ("no prop", Propfind::Prop(vec![]), ok("")),
            ("unknown ones", Propfind::Prop(names.clone()), not_found(foreign)),
            (
                "both, twice",
                Propfind::Prop([vec![DISPLAYNAME, DISPLAYNAME], names.clone(), names.clone()].concat()),
                ok("<D:displayname>a b</D:displayname>") + &not_found(foreign),
            ),
            (
                "include",
                Propfind::AllProp {
                    include: [vec![RESOURCETYPE], names].concat(),
                },
                ok(own) + &not_found(foreign),
            ),
        ] {
            let answer = collection_answer("/p&q/a%20b/", &requested);
            let expected = format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/p&amp;q/a%20b/</D:href>\
                 {expected}</D:response></D:multistatus>"
            );
            assert_eq!(answer, expected, "{name}");
            assert!(
                crate::xml::reader::read(answer.split_once("?>").unwrap().1, &Default::default()).is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn display_names() {
        for (href, expected) in [
            ("/", "/"),
            ("/a", "a"),
            ("/a/%C3%A9/", "é"),
            ("/%FF/", "%FF"),
            ("/%01/", "%01"),
        ] {
            assert_eq!(display_name(href), expected, "{href}");
        }
    }
}
