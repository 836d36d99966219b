//! Bodies and answers that many tests use: the default answers of the back end, and small well-formed request bodies.

use super::backend::{Step, answer, multistatus};

/// What a plain DAV server would answer. A path with `missing` in it does not exist; one that ends in `/` is a collection.
pub fn default_answer(method: &str, path: &str) -> Vec<Step> {
    let text = [("Content-Type", "text/plain"), ("ETag", "\"e1\"")];
    match method {
        _ if path.contains("missing") && !matches!(method, "PUT" | "MKCOL" | "LOCK") => {
            answer("404 Not Found", &[], "")
        }
        "GET" => answer("200 OK", &text, format!("content of {path}")),
        "HEAD" => answer("200 OK", &[text[0], text[1], ("Content-Length", "10")], ""),
        "PUT" | "MKCOL" | "MKCALENDAR" | "COPY" | "MOVE" => answer("201 Created", &[], ""),
        "DELETE" | "UNLOCK" => answer("204 No Content", &[], ""),
        "OPTIONS" => answer(
            "200 OK",
            &[("Allow", APACHE_ALLOW), ("DAV", APACHE_DAV), ("MS-Author-Via", "DAV")],
            "",
        ),
        "POST" if path.ends_with(HOME) => answer("200 OK", &text, home(path)),
        "LOCK" => answer(
            "200 OK",
            &[
                ("Content-Type", "application/xml"),
                ("Lock-Token", "<opaquelocktoken:b1>"),
            ],
            lock_answer(path, "me", "/dav/owner-text"),
        ),
        "PROPFIND" => multistatus(propfind_answer(path, path.ends_with('/'))),
        "PROPPATCH" | "REPORT" | "SEARCH" => multistatus(propfind_answer(path, false)),
        _ => answer("200 OK", &[], ""),
    }
}

/// What Zope is asked for where a resource is at home.
pub const HOME: &str = "/absolute_url_path";

/// What it answers of what is where its URL says.
fn home(path: &str) -> &str {
    path.trim_end_matches(HOME)
}

/// What mod_dav announces.
pub const APACHE_ALLOW: &str =
    "OPTIONS,GET,HEAD,POST,DELETE,TRACE,PROPFIND,PROPPATCH,COPY,MOVE,LOCK,UNLOCK,PUT,MKCOL,BIND";
/// The compliance classes of mod_dav.
pub const APACHE_DAV: &str = "1,2,<http://apache.org/dav/propset/fs/1>";

/// A multistatus about one resource.
pub fn propfind_answer(path: &str, collection: bool) -> String {
    let kind = if collection {
        "<D:resourcetype><D:collection/></D:resourcetype>"
    } else {
        "<D:resourcetype/>"
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{path}</D:href>\
         <D:propstat><D:prop>{kind}<D:getetag>\"e1\"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>\
         </D:response></D:multistatus>"
    )
}

/// The answer to LOCK: `DAV:prop` as root, with an owner that holds internal URLs (C-4 to C-7).
pub fn lock_answer(path: &str, owner: &str, owner_href: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:prop xmlns:D=\"DAV:\"><D:lockdiscovery><D:activelock>\
         <D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/></D:lockscope><D:depth>0</D:depth>\
         <D:owner>{owner}<D:href>{owner_href}</D:href></D:owner><D:timeout>Second-60</D:timeout>\
         <D:locktoken><D:href>opaquelocktoken:b1</D:href></D:locktoken>\
         <D:lockroot><D:href>{path}</D:href></D:lockroot></D:activelock></D:lockdiscovery></D:prop>"
    )
}

/// PROPFIND for one property.
pub const PROPFIND: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
    <D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/></D:prop></D:propfind>";
/// PROPPATCH of one dead property.
pub const PROPPATCH: &str = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><x:colour xmlns:x=\"urn:x\">red</x:colour>\
    </D:prop></D:set></D:propertyupdate>";
/// LOCK, exclusive write.
pub const LOCKINFO: &str = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>\
    <D:locktype><D:write/></D:locktype><D:owner>me</D:owner></D:lockinfo>";
/// ACL that grants everybody reading.
pub const ACL: &str = "<D:acl xmlns:D=\"DAV:\"><D:ace><D:principal><D:all/></D:principal>\
    <D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace></D:acl>";
/// REPORT version-tree.
pub const VERSION_TREE: &str = "<D:version-tree xmlns:D=\"DAV:\"><D:prop><D:getetag/></D:prop></D:version-tree>";
/// REPORT sync-collection.
pub const SYNC: &str = "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>http://dav.test/files/token/1</D:sync-token>\
    <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>";
/// REPORT calendar-query.
pub const CALENDAR_QUERY: &str = "<C:calendar-query xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:prop><D:getetag/></D:prop>\
    <C:filter><C:comp-filter name='VCALENDAR'/></C:filter></C:calendar-query>";

/// SEARCH below `/files/d/` for what has this property.
pub fn search(condition: &str) -> String {
    format!(
        "<D:searchrequest xmlns:D='DAV:'><D:basicsearch><D:select><D:prop><D:getetag/></D:prop></D:select><D:from><D:scope>\
         <D:href>/files/d/</D:href><D:depth>infinity</D:depth></D:scope></D:from><D:where><D:eq><D:prop>{condition}</D:prop>\
         <D:literal>1</D:literal></D:eq></D:where></D:basicsearch></D:searchrequest>"
    )
}

/// REPORT calendar-multiget of these members.
pub fn multiget(members: &[&str]) -> String {
    let hrefs: String = members
        .iter()
        .map(|member| format!("<D:href>{member}</D:href>"))
        .collect();
    format!(
        "<C:calendar-multiget xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:D='DAV:'><D:prop><D:getetag/></D:prop>{hrefs}\
         </C:calendar-multiget>"
    )
}
