//! The filter on properties that need a privilege of their own (F-5).

use super::*;

#[test]
fn properties() {
    let acl = |href: &str| format!("<D:acl><D:ace><D:principal><D:href>{href}</D:href></D:principal></D:ace></D:acl>");
    let etag = "<D:getetag>e</D:getetag>";
    let cups = |inside: &str| format!("<D:current-user-privilege-set>{inside}</D:current-user-privilege-set>");
    let privilege = |name: &str| format!("<D:privilege><D:{name}/></D:privilege>");
    let named = |method| {
        let mut asked = asked(method);
        asked.named = GuardedSet::of(&Guarded::ALL);
        by_name(asked)
    };
    let all = || by_name(asked(Method::Propfind));
    let empty = propstat("", "200 OK").replace("<D:prop></D:prop>", "<D:prop/>");
    for method in [Method::Propfind, Method::Report, Method::Search] {
        rows(&[
            (
                "F-5 by name",
                named(method),
                member("/int/c/noacl", &propstat(&(acl("/int/p/u") + etag), "200 OK")),
                member(
                    "/pub/c/noacl",
                    &(propstat(etag, "200 OK") + &propstat("<D:acl/>", "403 Forbidden")),
                ),
            ),
            (
                "F-5 by name, twin",
                named(method),
                member("/int/c/a", &propstat(&(acl("/int/p/u") + etag), "200 OK")),
                member("/pub/c/a", &propstat(&(acl("/pub/p/u") + etag), "200 OK")),
            ),
        ]);
    }
    rows(&[
        (
            "F-5 alone: its propstat goes",
            named(Method::Propfind),
            member("/int/c/noacl", &propstat("<D:inherited-acl-set><D:href>/int/c</D:href></D:inherited-acl-set>", "200 OK")),
            member("/pub/c/noacl", &propstat("<D:inherited-acl-set/>", "403 Forbidden")),
        ),
        (
            "F-5 merged with a 403 that is there",
            named(Method::Propfind),
            member(
                "/int/c/noacl",
                &(propstat(&acl("/int/u"), "200 OK") + &propstat("<D:x/>", "403 Forbidden") + &propstat("<D:y/>", "404 Not Found")),
            ),
            member("/pub/c/noacl", &(propstat("<D:x/><D:acl/>", "403 Forbidden") + &propstat("<D:y/>", "404 Not Found"))),
        ),
        (
            "F-5 merged with an empty 403",
            named(Method::Propfind),
            member(
                "/int/c/noacl",
                &(propstat(&acl("/int/u"), "200 OK") + &propstat("", "403 Forbidden").replace("<D:prop></D:prop>", "<D:prop />")),
            ),
            member("/pub/c/noacl", &propstat("<D:acl/>", "403 Forbidden").replace("<D:prop>", "<D:prop >")),
        ),
        (
            "F-5 already 403",
            named(Method::Propfind),
            member("/int/c/noacl", &propstat("<D:acl>why</D:acl>", "403 Forbidden")),
            member("/pub/c/noacl", &propstat("<D:acl/>", "403 Forbidden")),
        ),
        (
            "F-5 not told whether it is there",
            named(Method::Propfind),
            member("/int/c/noacl", &propstat("<D:acl/>", "404 Not Found")),
            member("/pub/c/noacl", &propstat("<D:acl/>", "403 Forbidden")),
        ),
        (
            "F-5 other prefixes",
            named(Method::Propfind),
            "<response xmlns=\"DAV:\"><href>/int/c/noacl</href><propstat><prop><z:acl xmlns:z=\"DAV:\"/></prop>\
             <status>HTTP/1.1 200 OK</status></propstat></response>"
                .to_owned(),
            "<response xmlns=\"DAV:\"><href>/pub/c/noacl</href><propstat><prop><acl/></prop><status>HTTP/1.1 403 Forbidden</status>\
             </propstat></response>"
                .to_owned(),
        ),
        (
            "F-5 allprop",
            all(),
            member("/int/c/noacl", &propstat(&(etag.to_owned() + &acl("/int/u")), "200 OK")),
            member("/pub/c/noacl", &propstat(etag, "200 OK")),
        ),
        (
            "F-5 propname, nothing left",
            all(),
            member("/int/c/noacl-nocups", &propstat("<D:acl/><D:current-user-privilege-set/>", "200 OK")),
            member("/pub/c/noacl-nocups", &empty),
        ),
        (
            "F-5 read-cups",
            named(Method::Propfind),
            member("/int/c/nocups", &propstat(&cups(&privilege("read")), "200 OK")),
            member("/pub/c/nocups", &propstat("<D:current-user-privilege-set/>", "403 Forbidden")),
        ),
        (
            "F-5 narrowed",
            named(Method::Propfind),
            member("/int/c/a", &propstat(&cups(&(privilege("all") + &privilege("read") + &privilege("write"))), "200 OK")),
            member("/pub/c/a", &propstat(&cups(&privilege("read")), "200 OK")),
        ),
        (
            "F-5 narrowed, twin",
            named(Method::Propfind),
            member("/int/c/full", &propstat(&cups(&(privilege("all") + &privilege("read"))), "200 OK")),
            member("/pub/c/full", &propstat(&cups(&(privilege("all") + &privilege("read"))), "200 OK")),
        ),
        (
            "F-5 privileges in odd places",
            all(),
            member("/int/c/a", &propstat(&cups("<D:write/><D:privilege><D:read/><D:all/></D:privilege><D:privilege/>"), "200 OK")),
            member("/pub/c/a", &propstat(&cups("<D:privilege/>"), "200 OK")),
        ),
        (
            "F-5 another namespace is another property",
            all(),
            member("/int/c/noacl", &propstat("<acl xmlns=\"urn:x\">v</acl>", "200 OK")),
            member("/pub/c/noacl", &propstat("<acl xmlns=\"urn:x\">v</acl>", "200 OK")),
        ),
        (
            "F-5 what was set tells nothing",
            named(Method::Proppatch),
            member("/int/c/noacl", &propstat("<D:acl/>", "403 Forbidden")),
            member("/pub/c/noacl", &propstat("<D:acl/>", "403 Forbidden")),
        ),
    ]);
    // The href comes last: nobody knows whose privileges these are while they are read, but at the end whose ACL.
    let late = |url: &str, properties: &str| multistatus(&response(&(propstat(properties, "200 OK") + &href(url))));
    assert_eq!(
        filtered(
            &all(),
            &late("/int/c/full", &(acl("/int/u") + &cups(&privilege("read"))))
        ),
        Ok(late("/pub/c/full", &(acl("/pub/u") + &cups(""))))
    );
    assert_eq!(
        filtered(&all(), &late("/int/c/noacl", &(acl("/int/u") + etag))),
        Ok(late("/pub/c/noacl", etag))
    );
}
