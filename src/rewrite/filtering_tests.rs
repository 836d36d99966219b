//! The filter, rule by rule: rows of what the back end says and what is left of it, in any pieces; and what must hold for any answer.

use super::super::{
    body::{BodyError, BodyOptions, BodyRewriter},
    context::{Mapped, Place, ResponseUrls},
    visibility::{Asked, Visibility},
};
use super::*;
use crate::{
    url::{CanonicalPath, PublicPath},
    xml::{guarded::GuardedSet, name::ExpandedName},
};
use std::sync::Arc;

#[path = "filtering_any_tests.rs"]
mod any;
#[path = "filtering_more_tests.rs"]
mod more;
#[path = "filtering_properties_tests.rs"]
mod properties;
#[path = "filtering_whole_tests.rs"]
mod whole;

/// Back end `/int/` is public `/pub/`.
#[derive(Clone)]
pub struct Urls;

impl ResponseUrls for Urls {
    fn map(&self, place: Place, url: &str) -> Mapped {
        let structural = place == Place::Structural;
        let path = url.strip_prefix("http://int").unwrap_or(url);
        match path.strip_prefix("/int/") {
            Some(rest) => Mapped::To(format!("/pub/{rest}")),
            None if path.contains(':') && !structural => Mapped::Unchanged,
            None if !path.starts_with('/') && !path.contains(':') => match structural {
                true => Mapped::To(format!("/pub/c/{path}")),
                false => Mapped::Unchanged,
            },
            None => Mapped::Outside,
        }
    }

    fn named(&self, url: &str) -> Named {
        match self.map(Place::Structural, url) {
            Mapped::To(public) => Named::Public(public_path(&public)),
            _ if url.contains("://") => Named::Elsewhere,
            Mapped::Unchanged | Mapped::Outside => Named::Outside,
        }
    }
}

pub fn public_path(path: &str) -> PublicPath {
    PublicPath(CanonicalPath::parse(path.as_bytes()).unwrap())
}

/// Everything is told by the names: `hid` is hidden with all below it but `own`, `noacl` and `nocups` keep that property, `unl` unlocks.
pub struct ByName;

impl Visibility for ByName {
    fn reads(&self, path: &PublicPath) -> bool {
        path.0.segments().last() == Some("own") || !path.0.segments().any(|segment| segment.starts_with("hid"))
    }
    fn reads_acl(&self, path: &PublicPath) -> bool {
        !path.0.key().contains("noacl")
    }
    fn reads_privileges(&self, path: &PublicPath) -> bool {
        !path.0.key().contains("nocups")
    }
    fn holds(&self, path: &PublicPath, privilege: ExpandedName<'_>) -> bool {
        path.0.key().contains("full") || privilege.is_dav("read")
    }
    fn unlocks(&self, root: &PublicPath) -> bool {
        root.0.key().contains("unl")
    }
    fn unlocks_from_above(&self, path: &PublicPath) -> bool {
        self.unlocks(path)
    }
    fn owns_lock(&self, token: &str) -> bool {
        token.starts_with("urn:mine")
    }
}

/// Nothing is kept from anybody.
pub struct Everything;

impl Visibility for Everything {
    fn reads(&self, _: &PublicPath) -> bool {
        true
    }
    fn reads_acl(&self, _: &PublicPath) -> bool {
        true
    }
    fn reads_privileges(&self, _: &PublicPath) -> bool {
        true
    }
    fn holds(&self, _: &PublicPath, _: ExpandedName<'_>) -> bool {
        true
    }
    fn unlocks(&self, _: &PublicPath) -> bool {
        true
    }
    fn unlocks_from_above(&self, _: &PublicPath) -> bool {
        true
    }
    fn owns_lock(&self, _: &str) -> bool {
        true
    }
}

pub fn asked(method: Method) -> Asked {
    Asked::new(method, public_path("/pub/c/"))
}

pub fn by_name(asked: Asked) -> Filter {
    Filter::new(Arc::new(ByName), asked)
}

pub fn run<'a>(filter: Option<Filter>, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<String, BodyError> {
    let mut rewriter = BodyRewriter::new(Urls, BodyOptions::new("/pub/c/"));
    if let Some(filter) = filter {
        rewriter = rewriter.filtered(filter);
    }
    let mut out = Vec::new();
    for piece in pieces {
        rewriter.push(piece, &mut out)?;
    }
    rewriter.finish(&mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

/// What is left of `document`: the same in all pairs of pieces and byte by byte, and well-formed.
pub fn filtered(filter: &Filter, document: &str) -> Result<String, BodyError> {
    let bytes = document.as_bytes();
    let whole = run(Some(filter.clone()), [bytes]);
    assert_eq!(
        run(Some(filter.clone()), bytes.chunks(1)),
        whole,
        "byte by byte: {document}"
    );
    for at in 0..=bytes.len() {
        let pieces = [&bytes[..at], &bytes[at..]];
        assert_eq!(run(Some(filter.clone()), pieces), whole, "cut at {at}: {document}");
    }
    if let Ok(whole) = &whole {
        let text = whole.split_once("?>").map_or(whole.as_str(), |(_, rest)| rest);
        crate::xml::reader::read(text, &Default::default()).unwrap_or_else(|error| panic!("{error}: {whole}"));
    }
    whole
}

fn multistatus(inner: &str) -> String {
    format!("<D:multistatus xmlns:D=\"DAV:\">{inner}</D:multistatus>")
}

fn href(url: &str) -> String {
    format!("<D:href>{url}</D:href>")
}

fn status(code: &str) -> String {
    format!("<D:status>HTTP/1.1 {code}</D:status>")
}

fn response(inner: &str) -> String {
    format!("<D:response>{inner}</D:response>")
}

fn failed(url: &str, code: &str) -> String {
    response(&(href(url) + &status(code)))
}

fn propstat(properties: &str, code: &str) -> String {
    format!("<D:propstat><D:prop>{properties}</D:prop>{}</D:propstat>", status(code))
}

fn member(url: &str, propstats: &str) -> String {
    response(&(href(url) + propstats))
}

fn ok(url: &str) -> String {
    member(url, &propstat("<D:getetag>e</D:getetag>", "200 OK"))
}

type Row<'a> = (&'a str, Filter, String, String);

/// Each row inside a multistatus. Who sees everything within the target gets what the mapping alone makes of it.
fn rows(rows: &[Row<'_>]) {
    for (name, filter, before, after) in rows {
        assert_eq!(filtered(filter, &multistatus(before)), Ok(multistatus(after)), "{name}");
        if !name.contains("beside") {
            let all = Filter {
                view: Arc::new(Everything),
                ..filter.clone()
            };
            let document = multistatus(before);
            assert_eq!(
                run(Some(all), [document.as_bytes()]),
                run(None, [document.as_bytes()]),
                "{name}: all"
            );
        }
    }
}

#[test]
fn responses() {
    let propfind = || by_name(asked(Method::Propfind));
    let search = || by_name(asked(Method::Search));
    let multiget = || {
        let mut asked = asked(Method::Report);
        asked.multiget = true;
        by_name(asked)
    };
    let two = |first: &str, second: &str| response(&(href(first) + &href(second) + &status("404 Not Found")));
    rows(&[
        ("F-1 hidden", propfind(), ok("/int/c/a") + &ok("/int/c/hid") + &ok("/int/c/b"), ok("/pub/c/a") + &ok("/pub/c/b")),
        ("F-1 A-22 below hidden", propfind(), ok("/int/c/hid/a") + &ok("/int/c/a"), ok("/pub/c/a")),
        (
            "A-22 a grant below hidden is not listed",
            propfind(),
            ok("/int/c/hid/own") + &ok("/int/c/a/hid/b/own") + &ok("/int/c/a/hid/own") + &ok("/int/c/a/b/own") + &ok("/int/c/own"),
            ok("/pub/c/a/b/own") + &ok("/pub/c/own"),
        ),
        ("A-22 but named by itself", multiget(), ok("/int/c/hid/own") + &ok("/int/c/hid/x"), ok("/pub/c/hid/own")),
        ("A-22 elsewhere", search(), ok("/int/hid/own"), ok("/pub/hid/own")),
        ("F-1 encoded", propfind(), ok("/int/c/%68i%64"), String::new()),
        ("F-1 entities and CDATA", propfind(), ok("/int/c/h&#105;d") + &ok("/int/c/h<![CDATA[i]]>d"), String::new()),
        ("F-1 relative", propfind(), ok("hid") + &ok("a"), ok("/pub/c/a")),
        ("F-1 absolute", propfind(), ok("http://int/int/c/hid"), String::new()),
        ("F-1 one of two", search(), two("/int/c/a", "/int/c/hid"), failed("/pub/c/a", "404 Not Found")),
        ("F-1 the first of two", search(), two("/int/c/hid", "/int/c/a"), failed("/pub/c/a", "404 Not Found")),
        ("F-1 both", search(), two("/int/c/hid", "/int/c/hid2"), String::new()),
        (
            "F-1 whose properties are these",
            search(),
            response(&(href("/int/c/a") + &href("/int/c/hid") + &propstat("<D:getetag/>", "200 OK"))),
            response(&(href("/pub/c/a") + "<D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")),
        ),
        ("F-1 href last", propfind(), response(&(propstat("", "200 OK") + &href("/int/c/hid"))), String::new()),
        (
            "F-2 unknown children",
            propfind(),
            ok("/int/c/hid") + "<D:sync-token>urn:t</D:sync-token><x xmlns=\"urn:x\"><y/></x><D:responsedescription>d</D:responsedescription>",
            "<D:sync-token>urn:t</D:sync-token><x xmlns=\"urn:x\"><y/></x><D:responsedescription>d</D:responsedescription>".to_owned(),
        ),
        ("F-3 above and beside", propfind(), ok("/int/") + &ok("/int/cx") + &ok("/int/c") + &ok("/int/c/a"), ok("/pub/c") + &ok("/pub/c/a")),
        ("F-3 not of other methods", search(), ok("/int/d") + &ok("/int/c/a"), ok("/pub/d") + &ok("/pub/c/a")),
        ("F-11 nothing left", search(), ok("/int/hid1") + &ok("/int/hid2"), String::new()),
        (
            "C-2 location",
            search(),
            response(&(href("/int/c/a") + &status("302 Found") + "<D:location><D:href>/int/hid</D:href></D:location>")),
            failed("/pub/c/a", "302 Found"),
        ),
        (
            "C-2 location, twin",
            search(),
            response(&(href("/int/c/a") + "<D:location><D:href>/int/b</D:href></D:location>")),
            response(&(href("/pub/c/a") + "<D:location><D:href>/pub/b</D:href></D:location>")),
        ),
    ]);
}

#[test]
fn the_target_stays() {
    // F-2: it was authorised, whatever the rules say of its members.
    let filter = Filter::new(Arc::new(ByName), Asked::new(Method::Propfind, public_path("/pub/hid/")));
    rows(&[("F-2", filter, ok("/int/hid/") + &ok("/int/hid/a"), ok("/pub/hid/"))]);
}

#[test]
fn failures() {
    use Method::{Copy, Delete, Lock, Move, Unlock};
    let error = "<D:error><D:lock-token-submitted><D:href>/int/c/hid/l</D:href></D:lock-token-submitted></D:error>";
    let told = |url: &str, code: &str| failed(url, code);
    for method in [Delete, Copy, Move, Lock, Unlock] {
        let on = || by_name(asked(method));
        let rows_of: &[Row<'_>] = &[
            (
                "F-4 visible",
                on(),
                told("/int/c/a", "423 Locked"),
                told("/pub/c/a", "423 Locked"),
            ),
            (
                "F-4 in the target",
                on(),
                told("/int/c/hid", "423 Locked"),
                told("/pub/c/", "423 Locked"),
            ),
            (
                "F-4 nearest",
                on(),
                told("/int/c/a/b/hid/x/y", "403 Forbidden"),
                told("/pub/c/a/b/", "403 Forbidden"),
            ),
            (
                "F-4 below hidden is hidden",
                on(),
                told("/int/c/a/hid/b/c", "424 Failed Dependency"),
                told("/pub/c/a/", "424 Failed Dependency"),
            ),
            (
                "F-4 A-22 a grant below hidden is no ancestor",
                on(),
                told("/int/c/a/hid/own/hid", "423 Locked"),
                told("/pub/c/a/", "423 Locked"),
            ),
            (
                "F-4 no error, no description",
                on(),
                response(
                    &(href("/int/c/a/hid")
                        + &status("423 Locked")
                        + error
                        + "<D:responsedescription>hid</D:responsedescription>"),
                ),
                told("/pub/c/a/", "423 Locked"),
            ),
            (
                "F-4 C-3 the error of what is visible",
                on(),
                response(&(href("/int/c/a") + &status("423 Locked") + error)),
                response(
                    &(href("/pub/c/a")
                        + &status("423 Locked")
                        + "<D:error><D:lock-token-submitted><D:href>/pub/c/</D:href></D:lock-token-submitted></D:error>"),
                ),
            ),
            (
                "F-4 many in one folder are told once",
                on(),
                told("/int/c/a/hid1", "423 Locked")
                    + &told("/int/c/a/hid2", "423 Locked")
                    + &told("/int/c/a/hid3", "403 Forbidden"),
                told("/pub/c/a/", "423 Locked") + &told("/pub/c/a/", "403 Forbidden"),
            ),
            (
                "F-4 many in one response",
                on(),
                response(&(href("/int/c/a/hid1") + &href("/int/c/a/hid2") + &href("/int/c/b") + &status("423 Locked"))),
                response(&(href("/pub/c/a/") + &href("/pub/c/b") + &status("423 Locked"))),
            ),
            (
                "F-4 propstats become a status",
                on(),
                member("/int/c/hid", &propstat("<D:lockdiscovery/>", "423 Locked")),
                told("/pub/c/", "423 Locked"),
            ),
            (
                "F-4 a success is dropped",
                on(),
                told("/int/c/hid", "204 No Content") + &told("/int/c/a", "423 Locked"),
                told("/pub/c/a", "423 Locked"),
            ),
            (
                "F-4 never empty",
                on(),
                told("/int/c/hid", "204 No Content"),
                told("/pub/c/", "204 No Content"),
            ),
        ];
        for (name, filter, before, after) in rows_of {
            assert_eq!(
                filtered(filter, &multistatus(before)),
                Ok(multistatus(after)),
                "{method:?} {name}"
            );
        }
    }
    let on = |method| by_name(asked(method).with_destination(public_path("/pub/hid-d/")));
    rows(&[
        (
            "F-4 the Destination was named",
            on(Copy),
            told("/int/hid-d/", "423 Locked"),
            told("/pub/hid-d/", "423 Locked"),
        ),
        (
            "F-4 below it",
            on(Move),
            told("/int/hid-d/x", "423 Locked"),
            told("/pub/hid-d/", "423 Locked"),
        ),
        (
            "F-4 elsewhere",
            on(Copy),
            told("/int/hid/x", "423 Locked"),
            told("/pub/c/", "423 Locked"),
        ),
    ]);
    assert_eq!(
        filtered(&by_name(asked(Delete)), &multistatus(&response(&status("423 Locked")))),
        Ok(multistatus(&told("/pub/c/", "423 Locked"))),
        "F-4 a failure without a URL"
    );
}
