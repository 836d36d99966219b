//! The filter on locks, errors, reports and whole answers.

use super::*;
use crate::xml::multiget::{MemberAnswer, MemberStatus};

fn lock(parts: &str) -> String {
    format!("<D:lockdiscovery><D:activelock><D:depth>0</D:depth>{parts}</D:activelock></D:lockdiscovery>")
}

fn token(text: &str) -> String {
    format!("<D:locktoken><D:href>{text}</D:href></D:locktoken>")
}

fn root(url: &str) -> String {
    format!("<D:lockroot>{}</D:lockroot>", href(url))
}

#[test]
fn locks() {
    let owner = "<D:owner><D:href>mailto:u</D:href></D:owner>";
    let all = [owner, &token("urn:other"), &root("/int/c/a")].concat();
    let filter = || by_name(asked(Method::Propfind));
    let hiding = || Filter {
        hide_lock_owner: true,
        ..filter()
    };
    let at = |url: &str, parts: &str| member(url, &propstat(&lock(parts), "200 OK"));
    rows(&[
        (
            "F-6 another's",
            filter(),
            at("/int/c/a", &all),
            at("/pub/c/a", &[owner, &root("/pub/c/a")].concat()),
        ),
        (
            "F-6 owner hidden",
            hiding(),
            at("/int/c/a", &all),
            at("/pub/c/a", &root("/pub/c/a")),
        ),
        (
            "F-6 unlock on the root, not on the member",
            hiding(),
            at("/int/c/a", &[owner, &token("urn:other"), &root("/int/c/unl")].concat()),
            at("/pub/c/a", &[owner, &token("urn:other"), &root("/pub/c/unl")].concat()),
        ),
        (
            "F-6 unlock on the member, not on the root",
            filter(),
            at("/int/c/unl", &(token("urn:other") + &root("/int/c/a"))),
            at("/pub/c/unl", &root("/pub/c/a")),
        ),
        (
            "F-6 one's own",
            hiding(),
            at(
                "/int/c/a",
                &[owner, &token("\n urn:m<![CDATA[in]]>&#101; "), &root("/int/c/a")].concat(),
            ),
            at(
                "/pub/c/a",
                &[owner, &token("\n urn:m<![CDATA[in]]>&#101; "), &root("/pub/c/a")].concat(),
            ),
        ),
        (
            "F-6 two tokens are none of one's own",
            filter(),
            at("/int/c/a", &(token("urn:mine:1") + &token("urn:other"))),
            at("/pub/c/a", ""),
        ),
        (
            "F-6 no root (RFC 2518)",
            filter(),
            at("/int/c/a", &token("urn:other")),
            at("/pub/c/a", ""),
        ),
        (
            "F-6 no root, twin",
            filter(),
            at("/int/c/unl", &token("urn:other")),
            at("/pub/c/unl", &token("urn:other")),
        ),
        (
            "F-6 two roots",
            filter(),
            at(
                "/int/c/unl",
                &[token("urn:other"), root("/int/c/unl"), root("/int/c/unl2")].concat(),
            ),
            at("/pub/c/unl", &(root("/pub/c/unl") + &root("/pub/c/unl2"))),
        ),
        (
            "F-6 another's and one's own",
            filter(),
            at(
                "/int/c/a",
                &(token("urn:other") + "</D:activelock><D:activelock>" + &token("urn:mine")),
            ),
            at(
                "/pub/c/a",
                &("</D:activelock><D:activelock>".to_owned() + &token("urn:mine")),
            ),
        ),
        (
            "A-35 unlock on a root that is hidden",
            filter(),
            at("/int/c/a", &(token("urn:other") + &root("/int/hid/unl"))),
            at("/pub/c/a", ""),
        ),
        (
            "A-35 a root that is hidden",
            filter(),
            at("/int/c/a", &(token("urn:mine") + &root("/int/hid"))),
            at("/pub/c/a", &token("urn:mine")),
        ),
    ]);
    // C-7: the answer to LOCK.
    let filter = by_name(asked(Method::Lock));
    let prop = |parts: &str| format!("<D:prop xmlns:D=\"DAV:\">{}</D:prop>", lock(parts));
    for (name, before, after) in [
        (
            "C-7 new",
            token("urn:mine") + &root("/int/c/"),
            token("urn:mine") + &root("/pub/c/"),
        ),
        (
            "C-7 shared with another",
            token("urn:other") + &root("/int/c/"),
            root("/pub/c/"),
        ),
        ("C-7 A-35", token("urn:mine") + &root("/int/hid/"), token("urn:mine")),
    ] {
        assert_eq!(filtered(&filter, &prop(&before)), Ok(prop(&after)), "{name}");
    }
}

#[test]
fn errors() {
    // C-3, A-35
    let error = |url: &str| {
        format!(
            "<D:error xmlns:D=\"DAV:\"><D:no-conflicting-lock><D:href>{url}</D:href></D:no-conflicting-lock></D:error>"
        )
    };
    for (name, before, after) in [
        ("hidden", "/int/hid", "/pub/c/"),
        ("hidden, absolute", "http://int/int/hid/x", "/pub/c/"),
        ("hidden, relative", "hid", "/pub/c/"),
        ("hidden, encoded", "/int/%68&#105;d", "/pub/c/"),
        ("visible", "/int/x", "/pub/x"),
        ("another server", "http://elsewhere/hid", "http://elsewhere/hid"),
        ("the Destination", "/int/hid-d", "/pub/c/"),
    ] {
        let filter = by_name(asked(Method::Copy).with_destination(public_path("/pub/hid-d")));
        assert_eq!(filtered(&filter, &error(before)), Ok(error(after)), "{name}");
    }
}

#[test]
fn synchronisation() {
    let sync = |start| {
        let mut asked = asked(Method::Report);
        asked.sync = Some(start);
        by_name(asked)
    };
    let gone = |url: &str| failed(url, "404 Not Found");
    let token = "<D:sync-token>urn:t</D:sync-token>";
    let more = failed("/pub/c/", "507 Insufficient Storage");
    rows(&[
        (
            "F-8 changed",
            sync(SyncStart::Token),
            ok("/int/c/hid") + &ok("/int/c/a"),
            gone("/pub/c/hid") + &ok("/pub/c/a"),
        ),
        (
            "F-8 changed, first time",
            sync(SyncStart::Initial),
            ok("/int/c/hid") + &ok("/int/c/a"),
            ok("/pub/c/a"),
        ),
        (
            "F-8 removed and hidden",
            sync(SyncStart::Token),
            gone("/int/c/hid"),
            String::new(),
        ),
        (
            "F-8 removed",
            sync(SyncStart::Token),
            gone("/int/c/a"),
            gone("/pub/c/a"),
        ),
        (
            "F-8 the 507 of the target",
            sync(SyncStart::Initial),
            ok("/int/c/hid") + &more.replace("/pub/", "/int/") + token,
            more.clone() + token,
        ),
        (
            "F-8 another status",
            sync(SyncStart::Token),
            failed("/int/c/hid", "403 Forbidden"),
            gone("/pub/c/hid"),
        ),
        (
            "F-8 one of two",
            sync(SyncStart::Token),
            response(&(href("/int/c/hid") + &href("/int/c/a") + &status("404 Not Found"))),
            gone("/pub/c/a"),
        ),
    ]);
}

#[test]
fn expansion() {
    let nested = |inside: &str| propstat(&format!("<D:version-history>{inside}</D:version-history>"), "200 OK");
    let other = |inside: &str| propstat(&format!("<members xmlns=\"urn:x\"><y>{inside}</y></members>"), "200 OK");
    let mut expand = asked(Method::Report);
    expand.expands = true;
    expand.named = GuardedSet::of(&[Guarded::Acl]);
    let expand = || by_name(expand.clone());
    let acl = propstat("<D:acl><D:ace/></D:acl>", "200 OK");
    let forbidden = propstat("<D:acl/>", "403 Forbidden");
    let find = || by_name(asked(Method::Propfind));
    rows(&[
        (
            "F-10 inside",
            expand(),
            member("/int/c/a", &nested(&(ok("/int/hid") + &ok("/int/b")))),
            member("/pub/c/a", &nested(&ok("/pub/b"))),
        ),
        (
            "F-10 the element stays",
            expand(),
            member("/int/c/a", &nested(&ok("/int/hid"))),
            member("/pub/c/a", &nested("")),
        ),
        (
            "F-10 two levels",
            expand(),
            member(
                "/int/c/a",
                &nested(&member("/int/b", &nested(&(ok("/int/hid") + &ok("/int/d"))))),
            ),
            member("/pub/c/a", &nested(&member("/pub/b", &nested(&ok("/pub/d"))))),
        ),
        (
            "F-10 F-5 inside, not outside",
            expand(),
            member("/int/c/a", &(acl.clone() + &nested(&member("/int/noacl", &acl)))),
            member("/pub/c/a", &(acl.clone() + &nested(&member("/pub/noacl", &forbidden)))),
        ),
        (
            "F-10 F-5 outside, not inside",
            expand(),
            member("/int/c/noacl", &(acl.clone() + &nested(&member("/int/a", &acl)))),
            member("/pub/c/noacl", &(nested(&member("/pub/a", &acl)) + &forbidden)),
        ),
        (
            "F-10 hidden outside",
            expand(),
            member("/int/c/hid", &nested(&ok("/int/b"))),
            String::new(),
        ),
        (
            "F-10 F-3 inside may be anywhere",
            find(),
            member("/int/c/a", &nested(&ok("/int/b"))),
            member("/pub/c/a", &nested(&ok("/pub/b"))),
        ),
    ]);
    // A property nobody knows: data, unless it is expanded.
    let before = multistatus(&member("/int/c/a", &other(&(ok("/int/hid") + &ok("/int/b")))));
    let want = multistatus(&member("/pub/c/a", &other(&ok("/pub/b"))));
    assert_eq!(filtered(&expand(), &before), Ok(want), "C-10");
    let want = before.replace("<D:href>/int/c/a", "<D:href>/pub/c/a");
    assert_eq!(filtered(&find(), &before), Ok(want), "R-10");
    // Nor is there any property in which a response of something hidden could stand.
    for (open, close) in [
        ("<D:reftarget>", "</D:reftarget>"),
        ("<D:source><D:link><D:src/>", "</D:link></D:source>"),
        ("<D:lockdiscovery>", "</D:lockdiscovery>"),
        (
            "<D:lockdiscovery><D:activelock><D:lockroot>",
            "</D:lockroot></D:activelock></D:lockdiscovery>",
        ),
        ("<D:current-user-privilege-set>", "</D:current-user-privilege-set>"),
    ] {
        let at = |a: &str, inside: &str| multistatus(&member(a, &propstat(&[open, inside, close].concat(), "200 OK")));
        let before = at("/int/c/a", &(ok("/int/hid") + &ok("/int/b")));
        assert_eq!(
            filtered(&expand(), &before),
            Ok(at("/pub/c/a", &ok("/pub/b"))),
            "C-10 {open}"
        );
    }
}

#[test]
fn other_roots() {
    let (find, report) = (by_name(asked(Method::Propfind)), by_name(asked(Method::Report)));
    let merge = |url: &str| {
        format!(
            "<D:merge-preview-report xmlns:D=\"DAV:\"><D:update-preview>{url}</D:update-preview></D:merge-preview-report>"
        )
    };
    let before = merge("<D:target><D:href>/int/hid</D:href></D:target>");
    assert_eq!(
        filtered(&report, &before),
        Ok("<D:merge-preview-report xmlns:D=\"DAV:\"><D:update-preview/></D:merge-preview-report>".to_owned()),
        "C-13 RP-4"
    );
    let visible = |name: &str| merge(&format!("<D:target><D:href>/{name}/a</D:href></D:target>"));
    assert_eq!(
        filtered(&report, &visible("int")),
        Ok(visible("pub")),
        "C-13 RP-4, twin"
    );
    let names = "<D:principal-search-property-set xmlns:D=\"DAV:\"><D:x/></D:principal-search-property-set>";
    assert_eq!(filtered(&report, names), Ok(names.to_owned()), "RP-8");
    for (name, filter, document) in [
        ("a page", &find, "<html><a href='/hid'/></html>"),
        ("no namespace", &find, "<multistatus><response/></multistatus>"),
        ("a property", &find, "<prop xmlns='DAV:'/>"),
        ("a report to PROPFIND", &find, names),
        ("subversion", &report, "<S:log-report xmlns:S='svn:'/>"),
    ] {
        assert_eq!(
            filtered(filter, document),
            Err(BodyError::UnexpectedRoot),
            "F-15 {name}"
        );
    }
    let options = BodyOptions {
        success: false,
        ..BodyOptions::new("/pub/c/")
    };
    let mut rewriter = BodyRewriter::new(Urls, options).filtered(find);
    let mut out = Vec::new();
    assert_eq!(
        rewriter.push(b"<exception/>", &mut out),
        Ok(()),
        "F-15 is about success"
    );
}

#[test]
fn added_responses() {
    // F-7
    let answer = |href: &str, status| MemberAnswer {
        href: href.to_owned(),
        status,
    };
    let mut filter = by_name(asked(Method::Report));
    filter.answers = vec![
        answer("/pub/c/x&y", MemberStatus::NotFound),
        answer("/pub/c/z", MemberStatus::Forbidden),
    ];
    let added = failed("/pub/c/x&amp;y", "404 Not Found") + &failed("/pub/c/z", "403 Forbidden");
    let plain = |text: &str| text.replace("<D:", "<").replace("</D:", "</");
    for (name, before, after) in [
        (
            "at the end",
            multistatus(&ok("/int/c/a")),
            multistatus(&(ok("/pub/c/a") + &added)),
        ),
        ("to nothing", multistatus(""), multistatus(&added)),
        (
            "to an empty tag",
            "<D:multistatus xmlns:D=\"DAV:\" />".to_owned(),
            multistatus(&added).replace("DAV:\">", "DAV:\" >"),
        ),
        (
            "without prefixes",
            "<multistatus xmlns=\"DAV:\"/>".to_owned(),
            format!("<multistatus xmlns=\"DAV:\">{}</multistatus>", plain(&added)),
        ),
        (
            "not to an error",
            "<error xmlns=\"DAV:\"/>".to_owned(),
            "<error xmlns=\"DAV:\"/>".to_owned(),
        ),
    ] {
        let filter = match before.contains("error") {
            true => Filter {
                asked: asked(Method::Put),
                ..filter.clone()
            },
            false => filter.clone(),
        };
        assert_eq!(filtered(&filter, &before), Ok(after), "F-7 {name}");
    }
}
