//! Back ends that publish the attributes of their objects (Zope, Plone): the doors beside the method that lead to a method (spec Z-1,
//! Z-3, Z-17, Z-18, Z-20), and the calls of Subversion (PO-5).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

mod support;

use support::each;
use support::lab::Lab;
use support::wire::req;

const ROUTES: &str = r#"
  - name: plone
    hosts: [dav.test]
    path: /site/
    backend: { url: "http://@BACK@/plone/", profile: plone }
    methods: [web]
  - name: other
    hosts: [dav.test]
    path: /other/
    backend: { url: "http://@BACK@/other-in/", profile: apache }
    methods: [web]
  - name: same
    hosts: [dav.test]
    path: /same/
    backend: { url: "http://@BACK@/same/", profile: apache }
    methods: [web]
"#;

#[test]
fn no_method_by_another_door() {
    let lab = Lab::with_routes(ROUTES);
    each(
        [
            ("segment", "/site/page/DELETE"),
            ("segment, encoded", "/site/page/%44ELETE"),
            ("segment with a slash", "/site/page/PROPFIND/"),
            ("segment in the middle", "/site/PUT/page"),
            ("management", "/site/f/manage_delObjects?ids=x"),
            ("management in capitals", "/site/MANAGE_main"),
            (
                "virtual host",
                "/site/VirtualHostBase/http/evil.test:80/VirtualHostRoot/",
            ),
            ("virtual host prefix", "/site/_vh_x/page"),
        ],
        |(name, target)| {
            lab.refuse(404, &req(&format!("Z-3 {name}"), "GET", target));
            let post = req(&format!("Z-3 POST {name}"), "POST", target).with("Content-Type", "text/plain");
            lab.refuse(404, &post.body("x"));
        },
    );
    each(
        [
            "DELETE:method=1",
            "a=b&DELETE%3Amethod=1",
            "x:action=1",
            "x:method:string=1",
        ],
        |query| {
            let target = format!("/site/page?{query}");
            let answer = lab.refuse(400, &req(&format!("Z-3 {query}"), "GET", &target));
            assert!(answer.text().contains("query-calls-method"), "{}", answer.text());
        },
    );
    each(["text/xml", "application/xml; charset=utf-8", "Text/XML"], |kind| {
        let post = req(&format!("Z-20 {kind}"), "POST", "/site/page").with("Content-Type", kind);
        lab.refuse(
            415,
            &post.body("<methodCall><methodName>manage_delObjects</methodName></methodCall>"),
        );
    });
    // PO-5: on any kind of back end, unless its paths are the public ones
    each(["application/vnd.svn-skel", "Application/Vnd.SVN-Skel; x=1"], |kind| {
        let post = req(&format!("PO-5 {kind}"), "POST", "/other/!svn/me").with("Content-Type", kind);
        let answer = lab.refuse(415, &post.body("( create-txn )"));
        assert!(answer.text().contains("subversion-call"), "{}", answer.text());
    });
    lab.settle();
    let same = req("PO-5 fine", "POST", "/same/!svn/me").with("Content-Type", "application/vnd.svn-skel");
    drop(lab.pass(&same.body("( create-txn )")));
    each(
        [
            ("a page", "/site/page"),
            ("lower case", "/site/search"),
            ("a name like a method", "/site/page/DELETED"),
            ("a query", "/site/page?x:int=1&y=z:method"),
        ],
        |(name, target)| drop(lab.pass(&req(&format!("Z-3 fine {name}"), "GET", target))),
    );
    let form = req("Z-20 fine", "POST", "/site/page").with("Content-Type", "application/x-www-form-urlencoded");
    drop(lab.pass(&form.body("a=b")));
    drop(lab.pass(&req("Z-3 other back ends", "GET", "/other/page/DELETE?x:method=1")));
}
