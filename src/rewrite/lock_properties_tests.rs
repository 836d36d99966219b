//! Rows of what the back end says of locks and what goes out instead, in any pieces; with a filter and without.

use super::super::{
    body::{BodyOptions, BodyRewriter},
    filtering::tests::{ByName, Urls},
    visibility::{Asked, Filter},
};
use super::*;
use crate::{
    policy::Method,
    url::CanonicalPath,
    xml::guarded::{Guarded, GuardedSet},
};

/// What is told of every resource, by status: `d` and `s` stand for the properties.
struct Values(Option<u16>);

impl LockValues for Values {
    fn value(&self, property: LockProperty, path: &PublicPath) -> Option<(u16, String)> {
        let element = match property {
            LockProperty::Discovery => format!("<d>{path}</d>"),
            LockProperty::Supported => "<s/>".to_owned(),
        };
        self.0.map(|status| {
            (
                if property == LockProperty::Discovery {
                    status
                } else {
                    200
                },
                element,
            )
        })
    }
}

fn rewritten(values: Option<u16>, wanted: [Wanted; 2], filter: Option<&Filter>, body: &str, size: usize) -> String {
    let properties = LockProperties {
        values: Arc::new(Values(values)),
        wanted,
    };
    let mut rewriter = BodyRewriter::new(Urls, BodyOptions::new("/pub/c/")).with_locks(properties);
    if let Some(filter) = filter {
        rewriter = rewriter.filtered(filter.clone());
    }
    let mut out = Vec::new();
    for piece in body.as_bytes().chunks(size) {
        rewriter.push(piece, &mut out).unwrap();
    }
    rewriter.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn propstat(status: &str, properties: &str) -> String {
    format!("<D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 {status}</D:status></D:propstat>")
}

fn response(inside: &str) -> String {
    format!("<D:response><D:href>/int/c/a</D:href>{inside}</D:response>")
}

fn multistatus(inside: &str) -> String {
    format!("<D:multistatus xmlns:D=\"DAV:\">{inside}</D:multistatus>")
}

const OWN: &str = "<D:lockdiscovery><D:activelock><D:lockroot><D:href>/int/c/a</D:href></D:lockroot></D:activelock></D:lockdiscovery>";

#[test]
fn in_place_of_the_back_ends() {
    // L-82, L-91, LM-D
    use Wanted::{Any, IfTold, Name, Named, No};
    let (ok, missing) = ("200 OK", "404 Not Found");
    let down = "503 Service Unavailable";
    let both = |first: &str, second: &str| propstat(ok, first) + &propstat(missing, second);
    let nested = |inside: &str| propstat(ok, &format!("<D:owner>{}</D:owner>", response(inside)));
    let (d, s) = ("<d>/pub/c/a</d>", "<s/>");
    let out_d = "<D:lockdiscovery xmlns:D=\"DAV:\"/>";
    for (name, values, wanted, inside, want) in [
        (
            "from 404 to 200",
            Some(200),
            [Named, Named],
            both("<x/>", "<D:lockdiscovery/><D:supportedlock/>"),
            propstat(ok, &format!("<x/>{d}{s}")),
        ),
        (
            "its own go",
            Some(200),
            [Named, No],
            propstat(ok, &format!("<x/>{OWN}<y/><D:supportedlock>z</D:supportedlock>")),
            propstat(ok, &format!("<x/><y/>{d}")),
        ),
        (
            "there was nothing else",
            Some(200),
            [Named, No],
            propstat(ok, OWN),
            propstat(ok, d),
        ),
        (
            "an empty prop",
            Some(200),
            [Any, Any],
            "<D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat>".to_owned(),
            propstat(ok, &format!("{d}{s}")),
        ),
        (
            "nothing found",
            Some(200),
            [Named, No],
            propstat(missing, "<x/><D:lockdiscovery/>"),
            propstat(missing, "<x/>") + &propstat(ok, d),
        ),
        (
            "the store is down",
            Some(503),
            [Named, Named],
            both("<x/>", OWN),
            propstat(ok, "<x/><s/>") + &propstat(down, d),
        ),
        (
            "the store is down, nobody named it",
            Some(503),
            [Any, Any],
            propstat(ok, "<x/>"),
            propstat(ok, "<x/><s/>"),
        ),
        (
            "nobody locks",
            None,
            [Named, No],
            propstat(ok, &format!("<x/>{OWN}")),
            propstat(ok, "<x/>") + &propstat(missing, out_d),
        ),
        (
            "nobody locks, there is more that is missing",
            None,
            [Named, No],
            both("<x/>", "<y/><D:lockdiscovery/>"),
            both("<x/>", &format!("<y/>{out_d}")),
        ),
        (
            "nobody locks nor asks",
            None,
            [Any, Any],
            propstat(ok, &format!("<x/>{OWN}")),
            propstat(ok, "<x/>"),
        ),
        (
            "names",
            Some(200),
            [Name, No],
            propstat(ok, "<x/>"),
            propstat(ok, &format!("<x/>{out_d}")),
        ),
        (
            "not wanted",
            Some(200),
            [No, No],
            propstat(ok, &format!("<x/>{OWN}")),
            propstat(ok, "<x/>"),
        ),
        (
            "not told",
            Some(200),
            [IfTold, IfTold],
            propstat(ok, "<x/>"),
            propstat(ok, "<x/>"),
        ),
        (
            "told, in the last place",
            Some(200),
            [IfTold, IfTold],
            both("<x/>", "<D:lockdiscovery/>"),
            propstat(ok, &format!("<x/>{d}")),
        ),
        (
            "told inside",
            Some(200),
            [IfTold, IfTold],
            nested(&both("<x/>", "<D:lockdiscovery/>")),
            nested(&propstat(ok, &format!("<x/>{d}"))).replace("/int/", "/pub/"),
        ),
        (
            "no properties",
            Some(200),
            [Named, Named],
            "<D:status>HTTP/1.1 404 Not Found</D:status>".to_owned(),
            { "<D:status>HTTP/1.1 404 Not Found</D:status>".to_owned() },
        ),
        (
            "not in a dead property",
            Some(200),
            [No, No],
            propstat(ok, "<x><D:lockdiscovery>t</D:lockdiscovery></x>"),
            propstat(ok, "<x><D:lockdiscovery>t</D:lockdiscovery></x>"),
        ),
    ] {
        let target = PublicPath(CanonicalPath::parse(b"/pub/c/").unwrap());
        let filter = Filter::new(Arc::new(ByName), Asked::new(Method::Propfind, target));
        let want = multistatus(&response(&want)).replace("<D:href>/int/c/a</D:href>", "<D:href>/pub/c/a</D:href>");
        let body = multistatus(&response(&inside));
        for size in [1, 7, 10_000] {
            for filter in [None, Some(&filter)] {
                let out = rewritten(values, wanted, filter, &body, size);
                assert_eq!(out, want, "{name}, pieces of {size}, filtered: {}", filter.is_some());
            }
        }
    }
}

#[test]
fn beside_what_a_filter_takes_out() {
    // L-82, F-5
    let target = PublicPath(CanonicalPath::parse(b"/pub/c/").unwrap());
    let mut asked = Asked::new(Method::Propfind, target);
    asked.named = GuardedSet::of(&[Guarded::Acl]);
    let filter = Filter::new(Arc::new(ByName), asked);
    let body = multistatus(&format!(
        "<D:response><D:href>/int/c/noacl</D:href>{}{}</D:response>",
        propstat("404 Not Found", "<D:lockdiscovery/>"),
        propstat("200 OK", "<D:acl/>")
    ));
    let want = multistatus(&format!(
        "<D:response><D:href>/pub/c/noacl</D:href>{}{}</D:response>",
        propstat("200 OK", "<d>/pub/c/noacl</d>"),
        propstat("403 Forbidden", "<D:acl/>")
    ));
    for size in [1, 10_000] {
        let out = rewritten(Some(200), [Wanted::Named, Wanted::No], Some(&filter), &body, size);
        assert_eq!(out, want, "pieces of {size}");
    }
}

#[test]
fn in_scope_of_its_prefix() {
    // L-82: what is put in stands beside the propstats, where a prefix of theirs may not be declared
    let told = |prefix: &str, declared: &str| {
        format!(
            "<{prefix}propstat{declared}><{prefix}prop><x/></{prefix}prop>\
             <{prefix}status>HTTP/1.1 404 Not Found</{prefix}status></{prefix}propstat>"
        )
    };
    for (prefix, declared) in [
        ("Q:", " xmlns:Q=\"DAV:\""),
        ("", " xmlns=\"DAV:\""),
        ("D:", " xmlns:D=\"DAV:\""),
    ] {
        let body = multistatus(&response(&told(prefix, declared)));
        let want = response(&(told(prefix, declared) + &propstat("200 OK", "<d>/pub/c/a</d>")));
        let want = multistatus(&want).replace("/int/", "/pub/");
        for size in [1, 10_000] {
            let out = rewritten(Some(200), [Wanted::Named, Wanted::No], None, &body, size);
            assert_eq!(out, want, "{prefix:?}, pieces of {size}");
        }
    }
}
