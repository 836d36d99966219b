//! The filter on whole answers, with the mapping of a real route.

use super::*;
use crate::{
    rewrite::{
        answer::{AnswerContext, BadAnswer, BodyPlan, rewrite},
        urls::tests::{PLAIN, context_on, path, route},
    },
    url::PrefixMap,
};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

/// What goes out of a 207 with `document` on the route `/files/` in front of `/dav/`, target `/files/c/d`.
fn through(context: AnswerContext, document: &str) -> String {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    let Ok(BodyPlan::Rewrite(plan)) = rewrite(&Arc::new(context), 207, &mut headers) else {
        panic!("not rewritten")
    };
    let mut rewriting = plan.start();
    let mut out = Vec::new();
    rewriting.push(document.as_bytes(), &mut out).unwrap();
    rewriting.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn context(method: Method) -> AnswerContext {
    let mut context = context_on(route(PLAIN), method);
    context.filter = Some(by_name(Asked::new(method, context.public.clone())));
    context
}

#[test]
fn a_real_route() {
    let hidden = [
        "/dav/c/d/hid",
        "http://back:8081/dav/c/d/%68id",
        "HTTP://DAV.internal:80/dav/c/d//hid/x",
        "d/hid?q",
        "//back:8081/dav/c/d/hid#f",
    ];
    let shown = ["/dav/c/d", "http://back:8081/dav/c/d/a", "d/b", "/dav/c/d/a/"];
    let list = |urls: &[&str]| urls.iter().map(|url| ok(url)).collect::<String>();
    // F-1, R-4, R-5
    assert_eq!(
        through(
            context(Method::Propfind),
            &multistatus(&(list(&hidden) + &list(&shown)))
        ),
        multistatus(&list(&["/files/c/d", "/files/c/d/a", "/files/c/d/b", "/files/c/d/a/"]))
    );
    // F-3
    assert_eq!(
        through(
            context(Method::Propfind),
            &multistatus(&list(&["/dav/", "/dav/c/", "/dav/c/dd", "/dav/x"]))
        ),
        multistatus("")
    );
    // F-4: of what has no public URL too.
    for method in [Method::Delete, Method::Lock, Method::Unlock] {
        assert_eq!(
            through(context(method), &multistatus(&failed("/other/x", "423 Locked"))),
            multistatus(&failed("/files/c/d", "423 Locked")),
            "{method:?}"
        );
    }
    // B-20
    let mut noroot = context(Method::Propfind);
    noroot.noroot = true;
    assert_eq!(
        through(noroot, &multistatus(&list(&shown))),
        multistatus(&list(&["/files/c/d/a", "/files/c/d/b", "/files/c/d/a/"]))
    );
}

#[test]
fn letter_case_and_public_urls() {
    // P-8: what is hidden is hidden in every letter case where the route has none.
    let mut folding = context(Method::Propfind);
    let route = Arc::make_mut(&mut folding.route);
    route.path_rules.fold = true;
    route.map = PrefixMap::folding(path("/files/"), path("/dav/"));
    assert_eq!(
        through(folding, &multistatus(&(ok("/DAV/C/d/HID") + &ok("/dav/c/D/A")))),
        multistatus(&ok("/files/c/D/A"))
    );
    // R-8, C-3: a back end that writes public URLs.
    let mut external = context(Method::Delete);
    Arc::make_mut(&mut external.route).backend.external_urls = true;
    let error = |url: &str| {
        multistatus(&response(
            &(href("/files/c/d/a") + &status("423 Locked") + "<D:error>" + &href(url) + "</D:error>"),
        ))
    };
    assert_eq!(through(external.clone(), &error("/files/c/d/hid")), error("/files/c/d"));
    assert_eq!(through(external, &error("/files/c/d/b")), error("/files/c/d/b"));
}

#[test]
fn what_cannot_be_filtered() {
    // F-15
    use Method::{Get, Propfind, Proppatch, Report, Search};
    let plan = |method, media: Option<&'static str>, status, free_busy, filtered: bool| {
        let mut context = context_on(route(PLAIN), method);
        let mut asked = asked(method);
        asked.free_busy = free_busy;
        context.filter = filtered.then(|| by_name(asked));
        let mut headers = HeaderMap::new();
        if let Some(media) = media {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        }
        rewrite(&Arc::new(context), status, &mut headers)
    };
    for (method, media, status, free_busy, refused) in [
        (Propfind, Some("text/html"), 200, false, true),
        (Propfind, Some("text/plain"), 200, false, true),
        (Propfind, None, 204, false, true),
        (Propfind, Some("application/xml"), 200, false, false),
        (Propfind, Some("text/plain"), 207, false, false),
        (Propfind, Some("text/html"), 404, false, false),
        (Search, Some("application/json"), 200, false, true),
        (Report, Some("text/calendar"), 200, false, true),
        (Report, Some("text/calendar"), 200, true, false),
        (Proppatch, Some("text/plain"), 200, false, true),
        (Proppatch, None, 204, false, false),
        (Get, Some("text/plain"), 200, false, false),
    ] {
        let got = plan(method, media, status, free_busy, true);
        assert_eq!(
            matches!(got, Err(BadAnswer::NotXml)),
            refused,
            "{method:?} {media:?} {status}"
        );
        let got = plan(method, media, status, free_busy, false);
        assert!(
            !matches!(got, Err(BadAnswer::NotXml)),
            "{method:?} {media:?} {status}: without a filter"
        );
    }
    assert!(matches!(
        plan(Propfind, Some("text/xml"), 207, false, true),
        Ok(BodyPlan::Rewrite(_))
    ));
}
