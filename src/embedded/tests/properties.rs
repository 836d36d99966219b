//! Dead properties of the embedded back end: RFC 4918 section 4, and where they go with their resource (sections 9.8.2 and 9.9.1).

use super::{Answer, EmbeddedServer, ask, serve};

/// PROPPATCH of one property, `urn:p` and this name, to this value; `None` removes it.
fn patch(server: &EmbeddedServer, path: &str, changes: &[(&str, Option<&str>)]) -> Answer {
    let change = |(name, value): &(&str, Option<&str>)| match value {
        Some(value) => format!("<D:set><D:prop><p:{name}>{value}</p:{name}></D:prop></D:set>"),
        None => format!("<D:remove><D:prop><p:{name}/></D:prop></D:remove>"),
    };
    let changes: String = changes.iter().map(change).collect();
    let body = format!("<D:propertyupdate xmlns:D='DAV:' xmlns:p='urn:p'>{changes}</D:propertyupdate>");
    ask(server, "PROPPATCH", path, "", body.as_bytes())
}

/// The text of the answer to a PROPFIND with Depth 0.
fn find(server: &EmbeddedServer, path: &str, what: &str) -> String {
    let body = format!("<D:propfind xmlns:D='DAV:' xmlns:p='urn:p'>{what}</D:propfind>");
    let found = ask(server, "PROPFIND", path, "Depth: 0\r\n", body.as_bytes());
    assert_eq!(found.status, 207, "{path}");
    String::from_utf8(found.body).unwrap()
}

/// Whether `path` has the property `urn:p` `colour` with this value.
fn has(server: &EmbeddedServer, path: &str, value: &str) -> bool {
    find(server, path, "<D:prop><p:colour/></D:prop>").contains(&format!(">{value}<"))
}

fn set(server: &EmbeddedServer, path: &str, value: &str) {
    let answer = patch(server, path, &[("colour", Some(value))]);
    assert_eq!(answer.status, 207, "{path}");
    assert!(has(server, path, value), "{path}");
}

fn to(path: &str, more: &str) -> String {
    format!("Destination: http://back.example{path}\r\n{more}")
}

// RFC 4918 section 4: what was set is found, each once, until it is removed.
#[test]
fn set_found_and_removed() {
    let (_dir, server) = serve();
    assert_eq!(ask(&server, "PUT", "/a", "", b"1").status, 201);
    let answer = patch(
        &server,
        "/a",
        &[("colour", Some("r&lt;d")), ("size", Some("<p:x>7</p:x>"))],
    );
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        text.contains("200 OK") && text.contains("colour") && !text.contains("r&lt;d"),
        "{text}"
    );
    let named = find(&server, "/a", "<D:prop><D:getcontentlength/><p:colour/></D:prop>");
    assert_eq!(named.matches("r&lt;d").count(), 1, "{named}");
    assert!(!named.contains("size"), "{named}");
    let all = find(&server, "/a", "<D:allprop/>");
    assert!(
        all.matches("r&lt;d").count() == 1 && all.contains(">7<") && all.contains("getetag"),
        "{all}"
    );
    let names = find(&server, "/a", "<D:propname/>");
    assert!(names.contains("colour") && !names.contains("r&lt;d"), "{names}");
    // A new body is the same resource.
    assert_eq!(ask(&server, "PUT", "/a", "", b"2").status, 204);
    assert!(has(&server, "/a", "r&lt;d"));
    assert_eq!(patch(&server, "/a", &[("colour", None), ("none", None)]).status, 207);
    let all = find(&server, "/a", "<D:allprop/>");
    assert!(!all.contains("colour") && all.contains(">7<"), "{all}");
    assert_eq!(patch(&server, "/none", &[("colour", Some("x"))]).status, 404);
}

// Sections 9.8.2, 9.8.3, 9.9.1, 9.6: they go where their resource goes.
#[test]
fn they_go_with_the_resource() {
    let (_dir, server) = serve();
    for (method, path) in [("MKCOL", "/c"), ("MKCOL", "/c/d"), ("PUT", "/c/d/f"), ("PUT", "/c.txt")] {
        assert_eq!(ask(&server, method, path, "", b"").status, 201, "{path}");
        set(&server, path, path);
    }
    let tree = |at: &str, value: &str| {
        ["", "/d", "/d/f"].map(|below| has(&server, &format!("{at}{below}"), &format!("{value}{below}")))
    };
    assert_eq!(ask(&server, "COPY", "/c", &to("/copy/", ""), b"").status, 201);
    assert_eq!(tree("/copy", "/c"), [true; 3], "COPY");
    assert_eq!(tree("/c", "/c"), [true; 3], "COPY leaves the source as it is");
    assert_eq!(ask(&server, "MOVE", "/c", &to("/new%20name", ""), b"").status, 201);
    assert_eq!(tree("/new%20name", "/c"), [true; 3], "MOVE");
    assert!(has(&server, "/c.txt", "/c.txt"), "not below what was moved");
    // What comes to the old name has none of them.
    assert_eq!(ask(&server, "MKCOL", "/c", "", b"").status, 201);
    assert!(!has(&server, "/c", "/c"));
    assert_eq!(
        ask(&server, "COPY", "/copy", &to("/c", "Depth: 0\r\n"), b"").status,
        204
    );
    assert!(has(&server, "/c", "/c"), "COPY with Depth 0");
    // What is overwritten takes its own away with it.
    assert_eq!(patch(&server, "/c.txt", &[("other", Some("gone"))]).status, 207);
    assert_eq!(ask(&server, "COPY", "/copy/d/f", &to("/c.txt", ""), b"").status, 204);
    let all = find(&server, "/c.txt", "<D:allprop/>");
    assert!(all.contains(">/c/d/f<") && !all.contains("gone"), "{all}");
    assert_eq!(ask(&server, "DELETE", "/copy", "", b"").status, 204);
    assert_eq!(ask(&server, "MKCOL", "/copy", "", b"").status, 201);
    assert_eq!(ask(&server, "MKCOL", "/copy/d", "", b"").status, 201);
    assert!(
        !has(&server, "/copy", "/c") && !has(&server, "/copy/d", "/c/d"),
        "DELETE"
    );
}

// A file that went by other ways leaves nothing to one that comes to its name.
#[test]
fn nothing_is_left_to_a_new_file() {
    let (dir, server) = serve();
    assert_eq!(ask(&server, "PUT", "/a", "", b"1").status, 201);
    set(&server, "/a", "red");
    std::fs::remove_file(dir.path().join("a")).unwrap();
    assert_eq!(ask(&server, "PUT", "/a", "", b"1").status, 201);
    assert!(!has(&server, "/a", "red"));
}

// Section 9.2.1: 507, and of one request all or nothing.
#[test]
fn there_is_an_end_to_it() {
    let (_dir, server) = serve();
    assert_eq!(ask(&server, "PUT", "/a", "", b"1").status, 201);
    let big = "x".repeat(40_000);
    set(&server, "/a", "red");
    assert!(
        String::from_utf8(patch(&server, "/a", &[("one", Some(&big))]).body)
            .unwrap()
            .contains("200 OK")
    );
    let answer = patch(&server, "/a", &[("colour", None), ("two", Some(&big))]);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        text.contains("507") && text.contains("424") && !text.contains("200 OK"),
        "{text}"
    );
    assert!(has(&server, "/a", "red"), "nothing of it was done");
    // Less is always possible.
    let answer = patch(&server, "/a", &[("one", Some("x"))]);
    assert!(String::from_utf8(answer.body).unwrap().contains("200 OK"));
}

// dav-server says that it removes these and does not: so they cannot be set.
#[test]
fn live_properties_are_not_kept() {
    let (_dir, server) = serve();
    assert_eq!(ask(&server, "PUT", "/a", "", b"1").status, 201);
    let body =
        b"<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><p xmlns='urn:p'>v</p><D:displayname>n</D:displayname>\
        </D:prop></D:set></D:propertyupdate>";
    let text = String::from_utf8(ask(&server, "PROPPATCH", "/a", "", body).body).unwrap();
    assert!(
        text.contains("403") && text.contains("424") && !text.contains("200 OK"),
        "{text}"
    );
    assert!(!find(&server, "/a", "<D:allprop/>").contains(">v<"));
}
