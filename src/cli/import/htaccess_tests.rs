//! What imported configurations let whom do, by httpd's documentation of the same directives.

use super::super::evaluator_tests::{Asking, Printed};
use super::super::golden;
use super::*;

const ANYBODY: Asking = Asking {
    user: None,
    groups: &[],
};

fn user(name: &'static str) -> Asking<'static> {
    Asking {
        user: Some(name),
        groups: &[],
    }
}

fn member(name: &'static str, groups: &'static [&'static str]) -> Asking<'static> {
    Asking {
        user: Some(name),
        groups,
    }
}

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(format!("{}/tests/import/{name}", env!("CARGO_MANIFEST_DIR"))).ok()
}

fn imported(text: &str) -> Import {
    import(text, None, &read).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn rows(text: &str, rows: &[(Asking, &str, &str, bool)]) {
    let printed = Printed::of(&imported(text));
    for (who, path, operation, expected) in rows {
        assert_eq!(
            printed.allows(*who, path, operation),
            *expected,
            "{who:?} {operation} {path}\n{text}\n{}",
            printed.text()
        );
    }
}

/// Each row: directives, and who may GET a file.
fn who_may_get(table: &[(&str, &[Asking], &[Asking])]) {
    for (text, may, may_not) in table {
        let printed = Printed::of(&imported(text));
        for (who, expected) in may
            .iter()
            .map(|who| (who, true))
            .chain(may_not.iter().map(|who| (who, false)))
        {
            assert_eq!(
                printed.allows(*who, "/a/b", "GET"),
                expected,
                "{who:?}\n{text}\n{}",
                printed.text()
            );
        }
    }
}

#[test]
fn goldens() {
    for (name, lost) in [("share", 0), ("blocks", 4), ("httpd", 3)] {
        let import = imported(&read(&format!("{name}.htaccess")).unwrap());
        golden(&import, "htaccess", &format!("{name}.htaccess"));
        assert_eq!(import.lost(), lost, "{name}");
    }
}

#[test]
fn require() {
    let (alice, bob, editor) = (user("alice"), user("bob"), member("zoe", &["editors"]));
    who_may_get(&[
        ("Require all granted", &[ANYBODY, alice], &[]),
        ("Require all denied", &[], &[ANYBODY, alice]),
        ("REQUIRE All Granted", &[ANYBODY], &[]),
        ("Require valid-user", &[alice], &[ANYBODY]),
        ("Require user alice", &[alice], &[bob, ANYBODY]),
        ("Require user alice bob", &[alice, bob], &[editor]),
        (
            "Require user \"dave smith\"",
            &[user("dave smith")],
            &[user("dave"), user("smith")],
        ),
        ("Require user alice\nRequire user bob", &[alice, bob], &[editor]),
        ("Require group editors", &[editor], &[alice, ANYBODY]),
        ("Require group a editors", &[editor, member("x", &["a"])], &[alice]),
        ("Require user alice \\\nbob", &[bob], &[editor]),
        ("Require ip 10.0.0.1", &[], &[ANYBODY, alice]),
        ("Require ip 10.0.0.1\nRequire user alice", &[alice], &[bob]),
        ("Require host example.org", &[], &[ANYBODY]),
        ("Require local", &[], &[ANYBODY]),
        ("Require env TRUSTED", &[], &[ANYBODY]),
        ("Require expr %{REMOTE_USER} == 'a'", &[], &[alice]),
        ("Require user %{env:X}", &[], &[alice, user("%{env:X}")]),
        ("Require ldap-group cn=x", &[], &[alice]),
        ("Require method GET", &[ANYBODY], &[]),
        ("Require method PUT", &[], &[ANYBODY]),
        ("Require not user bob", &[], &[alice, bob, ANYBODY]),
        ("Require valid-user\nRequire not user bob", &[alice], &[ANYBODY]),
        ("Require unheard-of x", &[], &[alice]),
        ("Require", &[], &[alice]),
        ("", &[], &[alice, ANYBODY]),
    ]);
}

#[test]
fn blocks() {
    let (alice, bob, editor) = (user("alice"), user("bob"), member("zoe", &["editors"]));
    let all = |inside: &str| format!("<RequireAll>\n{inside}\n</RequireAll>");
    let any = |inside: &str| format!("<RequireAny>\n{inside}\n</RequireAny>");
    let none = |inside: &str| format!("<RequireNone>\n{inside}\n</RequireNone>");
    let table: Vec<(String, Vec<Asking>, Vec<Asking>)> = vec![
        (
            all("Require valid-user\nRequire not user bob"),
            vec![alice, editor],
            vec![bob, ANYBODY],
        ),
        (
            all("Require all granted\nRequire not user bob"),
            vec![alice, ANYBODY],
            vec![bob],
        ),
        (
            all("Require all granted\nRequire not ip 10.0.0.1"),
            vec![],
            vec![alice, ANYBODY],
        ),
        (
            all("Require all granted\nRequire not group editors"),
            vec![alice, ANYBODY],
            vec![editor],
        ),
        (
            all("Require user alice bob\nRequire not user bob"),
            vec![alice],
            vec![bob],
        ),
        (all("Require not user bob"), vec![], vec![alice, bob, ANYBODY]),
        (all("Require valid-user\nRequire ip 10.0.0.1"), vec![], vec![alice]),
        (
            all("Require group a\nRequire group b"),
            vec![],
            vec![member("x", &["a", "b"]), member("x", &["a"])],
        ),
        (
            all("Require valid-user\nRequire group editors"),
            vec![editor],
            vec![alice],
        ),
        (
            all("Require user alice\nRequire group editors"),
            vec![],
            vec![alice, editor],
        ),
        (
            any("Require ip 10.0.0.1\nRequire user alice"),
            vec![alice],
            vec![bob, ANYBODY],
        ),
        (any("Require all denied\nRequire user alice"), vec![alice], vec![bob]),
        (
            any("Require not user bob\nRequire user alice"),
            vec![alice],
            vec![bob, ANYBODY],
        ),
        (
            all(&format!(
                "Require all granted\n{}",
                none("Require user bob\nRequire group editors")
            )),
            vec![alice, ANYBODY],
            vec![bob, editor],
        ),
        (
            all(&format!("Require valid-user\n{}", none("Require ip 10.0.0.1"))),
            vec![],
            vec![alice],
        ),
        (none("Require user bob"), vec![], vec![alice, bob]),
        (
            all(&any("Require user alice\nRequire user bob")),
            vec![alice, bob],
            vec![editor],
        ),
        (any(&all("Require user alice\nRequire all denied")), vec![], vec![alice]),
        (
            any(&format!(
                "{}\n{}",
                all("Require valid-user\nRequire not user bob"),
                all("Require group editors\nRequire ip 1.2.3.4")
            )),
            vec![alice],
            vec![bob, ANYBODY],
        ),
        (
            any(&format!(
                "{}\nRequire user bob",
                all("Require valid-user\nRequire not user bob")
            )),
            vec![alice, bob],
            vec![ANYBODY],
        ),
        (
            any(&format!(
                "{}\n{}",
                all("Require valid-user\nRequire not user bob"),
                all("Require valid-user\nRequire not user alice")
            )),
            vec![editor],
            vec![ANYBODY],
        ),
        (
            format!("{}\nRequire user bob", all("Require user alice")),
            vec![alice, bob],
            vec![editor],
        ),
        (all(""), vec![], vec![alice]),
        (all(&format!("Require valid-user\n{}", all(""))), vec![], vec![alice]),
        (
            all(&format!("Require valid-user\n{}", any("Require not user bob"))),
            vec![],
            vec![alice, bob],
        ),
        (
            format!(
                "<IfModule mod_authz_core.c>\n{}\n</IfModule>\n<IfModule !mod_authz_core.c>\nDeny from all\n</IfModule>",
                all("Require user alice")
            ),
            vec![alice],
            vec![bob],
        ),
        (
            "<IfModule mod_foo.c>\nRequire all granted\n</IfModule>\nRequire user alice".to_owned(),
            vec![],
            vec![alice, bob],
        ),
        (
            "<If \"%{HTTP_HOST} == 'x'\">\nRequire all denied\n</If>\nRequire all granted".to_owned(),
            vec![],
            vec![alice],
        ),
        ("AuthMerging And\nRequire all granted".to_owned(), vec![], vec![alice]),
        (
            "RewriteRule secret - [F]\nRequire all granted".to_owned(),
            vec![],
            vec![alice],
        ),
        (
            "RewriteRule a b [L]\nRequire all granted".to_owned(),
            vec![alice],
            vec![],
        ),
        (
            "Include other.conf\nRequire all granted".to_owned(),
            vec![],
            vec![alice],
        ),
    ];
    for (text, may, may_not) in &table {
        who_may_get(&[(text, may, may_not)]);
    }
}

#[test]
fn addresses_and_satisfy() {
    let alice = user("alice");
    who_may_get(&[
        ("Order allow,deny\nAllow from all", &[ANYBODY], &[]),
        ("Order deny,allow\nDeny from all", &[], &[ANYBODY, alice]),
        ("Deny from all", &[], &[ANYBODY]),
        ("Order allow,deny", &[], &[ANYBODY]),
        ("Order deny,allow", &[ANYBODY], &[]),
        ("Order allow,deny\nAllow from all\nDeny from 1.2.3.4", &[], &[ANYBODY]),
        ("Order deny,allow\nAllow from all\nDeny from 1.2.3.4", &[ANYBODY], &[]),
        ("Order deny,allow\nDeny from all\nAllow from 10.0.0.1", &[], &[ANYBODY]),
        ("Order allow,deny\nAllow from env=x", &[], &[ANYBODY]),
        (
            "Order allow,deny\nAllow from all\nRequire valid-user",
            &[alice],
            &[ANYBODY],
        ),
        ("Deny from all\nRequire valid-user", &[], &[alice]),
        ("Deny from all\nRequire valid-user\nSatisfy any", &[alice], &[ANYBODY]),
        (
            "Deny from all\nAllow from 10.0.0.1\nRequire valid-user\nSatisfy Any",
            &[alice],
            &[ANYBODY],
        ),
        (
            "Order allow,deny\nAllow from all\nRequire valid-user\nSatisfy any",
            &[alice, ANYBODY],
            &[],
        ),
        ("Require valid-user\nSatisfy any", &[alice, ANYBODY], &[]),
        ("Require valid-user\nSatisfy all", &[alice], &[ANYBODY]),
        ("Deny from all\nSatisfy any", &[], &[ANYBODY]),
    ]);
}

#[test]
fn limits() {
    let (alice, bob) = (user("alice"), user("bob"));
    // Methods that a Limit does not name are free.
    rows(
        "<Limit GET>\nRequire user alice\n</Limit>",
        &[
            (alice, "/a", "GET", true),
            (bob, "/a", "GET", false),
            (ANYBODY, "/a", "HEAD", false),
            (ANYBODY, "/a", "PUT", true),
            (ANYBODY, "/a", "DELETE", true),
        ],
    );
    rows(
        "<Limit HEAD>\nRequire user alice\n</Limit>",
        &[
            (alice, "/a", "GET", true),
            (bob, "/a", "GET", false),
            (bob, "/a", "PUT", true),
        ],
    );
    rows(
        "<LimitExcept GET OPTIONS PROPFIND REPORT>\nRequire user alice\n</LimitExcept>",
        &[
            (ANYBODY, "/a", "GET", true),
            (ANYBODY, "/a", "HEAD", true),
            (ANYBODY, "/a", "PROPFIND", true),
            (ANYBODY, "/a", "PUT", false),
            (ANYBODY, "/a", "PUT+", false),
            (bob, "/a", "MKCOL", false),
            (bob, "/a", "MOVE:/b", false),
            (bob, "/a", "LOCK", false),
            (alice, "/a", "PUT", true),
            (alice, "/a", "MKCOL", true),
            (alice, "/a", "MOVE:/b", true),
            (alice, "/a", "COPY=:/b", true),
            (alice, "/a", "PROPPATCH", true),
            (alice, "/a", "DELETE/", true),
            (alice, "/a", "POST", false),
        ],
    );
    rows(
        "<LimitExcept GET OPTIONS PROPFIND REPORT>\nRequire all denied\n</LimitExcept>",
        &[
            (ANYBODY, "/a", "GET", true),
            (alice, "/a", "PUT", false),
            (alice, "/a", "LOCK", false),
            (alice, "/a", "DELETE", false),
        ],
    );
    // Reading is one privilege: what is open to fewer decides.
    rows(
        "<LimitExcept GET>\nRequire valid-user\n</LimitExcept>",
        &[
            (ANYBODY, "/a", "GET", false),
            (alice, "/a", "GET", true),
            (ANYBODY, "/a", "PROPFIND", false),
            (alice, "/a", "PUT", true),
        ],
    );
    rows(
        "Require valid-user\n<Limit DELETE>\nRequire user alice\n</Limit>",
        // Both Requires are about DELETE, and one is enough.
        &[(bob, "/a", "DELETE", true), (ANYBODY, "/a", "DELETE", false)],
    );
    rows(
        "<Limit DELETE>\nRequire user alice\n</Limit>\n<LimitExcept DELETE>\nRequire valid-user\n</LimitExcept>",
        &[
            (bob, "/a", "GET", true),
            (bob, "/a", "PUT", true),
            (bob, "/a", "PUT+", true),
            (bob, "/a", "DELETE", false),
            (bob, "/a", "MOVE:/b", false),
            (alice, "/a", "DELETE", true),
            (alice, "/a", "MOVE:/b", true),
            (ANYBODY, "/a", "GET", false),
        ],
    );
    rows(
        "<Limit PUT>\nRequire user alice\n</Limit>\n<LimitExcept PUT>\nRequire valid-user\n</LimitExcept>",
        // A copy makes what PUT makes, but httpd lets bob copy; one privilege is both here.
        &[
            (bob, "/a", "PUT", false),
            (bob, "/a", "PUT+", false),
            (bob, "/a", "COPY:/b", false),
            (bob, "/a", "GET", true),
            (bob, "/a", "DELETE", true),
        ],
    );
    rows(
        "<Limit GET POST>\nRequire user alice\n</Limit>\n<LimitExcept GET POST>\nRequire all denied\n</LimitExcept>",
        &[
            (alice, "/a", "GET", true),
            (alice, "/a", "POST", true),
            (bob, "/a", "POST", false),
            (alice, "/a", "PUT", false),
            (alice, "/a", "PROPFIND", false),
        ],
    );
    // Nested: what both name.
    rows(
        "<LimitExcept GET HEAD>\n<Limit PUT GET DELETE>\nRequire user alice\n</Limit>\n</LimitExcept>",
        &[
            (ANYBODY, "/a", "GET", true),
            (bob, "/a", "PUT", false),
            (alice, "/a", "PUT", true),
            (bob, "/a", "DELETE", false),
            (ANYBODY, "/a", "PROPPATCH", true),
        ],
    );
    // In RequireAll, what is limited to other methods is granted; in RequireAny it is silent.
    rows(
        "<RequireAll>\nRequire valid-user\n<Limit PUT>\nRequire user alice\n</Limit>\n</RequireAll>",
        &[
            (bob, "/a", "GET", true),
            (bob, "/a", "PUT", false),
            (alice, "/a", "PUT", true),
            (ANYBODY, "/a", "GET", false),
        ],
    );
    rows(
        "<RequireAny>\nRequire user alice\n<Limit GET HEAD OPTIONS PROPFIND REPORT>\nRequire valid-user\n</Limit>\n</RequireAny>",
        &[
            (bob, "/a", "GET", true),
            (bob, "/a", "PUT", false),
            (alice, "/a", "PUT", true),
        ],
    );
    rows(
        "<RequireAny>\nRequire method GET HEAD OPTIONS PROPFIND REPORT\nRequire user alice\n</RequireAny>",
        &[
            (ANYBODY, "/a", "GET", true),
            (ANYBODY, "/a", "PUT", false),
            (alice, "/a", "PUT", true),
        ],
    );
    rows(
        "<Limit PUT DELETE>\nOrder deny,allow\nDeny from all\n</Limit>\nRequire valid-user",
        &[
            (alice, "/a", "GET", true),
            (alice, "/a", "PUT", false),
            (alice, "/a", "DELETE", false),
            (alice, "/a", "MKCOL", true),
        ],
    );
    rows(
        "<Limit put>\nRequire user alice\n</Limit>",
        // Names of methods are case-sensitive: nobody sends this one.
        &[(bob, "/a", "PUT", true)],
    );
}

#[test]
fn places() {
    let (alice, admin, archivist) = (user("alice"), user("admin"), user("archivist"));
    rows(
        &read("httpd.htaccess").unwrap(),
        &[
            (ANYBODY, "/a", "GET", false),
            (alice, "/a", "GET", true),
            (alice, "/a", "PUT+", true),
            (alice, "/", "PROPFIND", true),
            (ANYBODY, "/public/a", "GET", true),
            (ANYBODY, "/public", "PROPFIND", true),
            // Without a Limit around it, all granted is about PUT as well, and one Require is enough.
            (ANYBODY, "/public/a", "PUT", true),
            (ANYBODY, "/old/a", "GET", false),
            (alice, "/old/a", "GET", false),
            (archivist, "/old/a", "GET", true),
            (archivist, "/old/a", "PUT+", true),
            (alice, "/old/a", "PUT+", false),
            (alice, "/old", "MKCOL", false),
            (alice, "/old", "DELETE/", false),
        ],
    );
    rows(
        &read("blocks.htaccess").unwrap(),
        &[
            (alice, "/a", "GET", true),
            (user("bob"), "/a", "GET", false),
            (member("x", &["banned"]), "/a", "GET", false),
            (alice, "/secret.txt", "GET", false),
            (alice, "/d/secret.txt", "GET", false),
            (admin, "/d/secret.txt", "GET", true),
            (admin, "/d/secret.txt", "PROPPATCH", true),
            (alice, "/d/secret.txt", "PUT+", false),
            (alice, "/d/secret.txt", "DELETE", false),
            (alice, "/d/secret.txt2", "GET", true),
            (admin, "/.htaccess", "GET", false),
            (alice, "/d/.htpasswd", "PUT+", false),
            (alice, "/d/x.ht", "PUT+", true),
        ],
    );
    let nested = "<Location />\nRequire valid-user\n</Location>\n<Location /a>\nRequire user alice\n</Location>\n\
                  <Location \"/a/b\">\nRequire user admin\n</Location>\n";
    rows(
        nested,
        &[
            (admin, "/x", "GET", true),
            (admin, "/a/x", "GET", false),
            (alice, "/a/x", "GET", true),
            (alice, "/a/b/x", "GET", false),
            (admin, "/a/b/x", "GET", true),
            (admin, "/a/b/x", "PUT+", true),
            (admin, "/ab", "GET", true),
            (admin, "/a", "MKCOL", false),
            (alice, "/a/b", "MKCOL", false),
            (alice, "/a/b", "DELETE/", false),
        ],
    );
    // The later Location wins.
    rows(
        "<Location /a>\nRequire all denied\n</Location>\n<Location />\nRequire all granted\n</Location>",
        &[(ANYBODY, "/a/x", "GET", true)],
    );
    rows(
        "<Location /a>\nRequire all denied\n</Location>\n<Location />\nSatisfy all\n</Location>",
        // Its own Satisfy, the other's Require: only where that one covers it.
        &[(ANYBODY, "/a/x", "GET", false), (ANYBODY, "/x", "GET", false)],
    );
    rows(
        "Require all granted\n<Files *.key>\nRequire all denied\n</Files>\n<LocationMatch ^/p(/|$)>\nRequire user alice\n</LocationMatch>\n",
        &[
            (ANYBODY, "/x", "GET", true),
            (ANYBODY, "/x.key", "GET", false),
            (ANYBODY, "/d/x.key", "PUT+", false),
            (ANYBODY, "/p/x", "GET", false),
            (alice, "/p/x", "GET", true),
            (ANYBODY, "/pp", "GET", true),
        ],
    );
    for unclear in [
        "LocationMatch \"\\.php$\"",
        "Location /a?b",
        "DirectoryMatch ^/srv",
        "Files a[bc]",
        "FilesMatch ^a|b$",
        "FilesMatch a(?=b)",
        "Proxy *",
    ] {
        let name = unclear.split(' ').next().unwrap();
        let text = format!("Require all granted\n<{unclear}>\nRequire all denied\n</{name}>");
        rows(&text, &[(ANYBODY, "/x", "GET", false)]);
        assert!(imported(&text).lost() > 0, "{text}");
    }
    for (regex, inside, outside) in [
        (r"\.(key|pem)$", "/d/x.pem", "/d/x.pem2"),
        ("^secret", "/secret1", "/asecret"),
        ("a.b", "/xaxbx", "/xa/bx"),
        ("^[a-c]$", "/b", "/d"),
        ("(?i)key$", "/a.KEY", "/a.keys"),
    ] {
        let text = format!("Require all granted\n<FilesMatch {regex}>\nRequire all denied\n</FilesMatch>");
        rows(
            &text,
            &[(ANYBODY, inside, "GET", false), (ANYBODY, outside, "GET", true)],
        );
    }
}

#[test]
fn the_root_of_the_route() {
    let text = "<Location /dav>\nRequire user alice\n</Location>\n<Location /dav/x>\nRequire all granted\n</Location>\n\
                <Location /other>\nRequire all granted\n</Location>";
    let printed = Printed::of(&import(text, Some("/dav/"), &read).unwrap());
    assert!(printed.allows(user("alice"), "/a", "GET"), "{}", printed.text());
    assert!(!printed.allows(ANYBODY, "/a", "GET"));
    assert!(printed.allows(ANYBODY, "/x/a", "GET"));
    assert!(!printed.allows(ANYBODY, "/other/a", "GET"));
}

#[test]
fn groups_of_a_file() {
    let text =
        "AuthGroupFile share.groups\n<RequireAll>\nRequire group editors\nRequire user alice carol\n</RequireAll>";
    let import = imported(text);
    assert_eq!(import.lost(), 0);
    assert_eq!(import.identity.as_ref().unwrap().groups["editors"], ["alice", "bob"]);
    rows(
        text,
        &[
            (user("alice"), "/a", "GET", true),
            (user("carol"), "/a", "GET", false),
            (member("bob", &["editors"]), "/a", "GET", false),
        ],
    );
    assert_eq!(imported("AuthGroupFile missing\nRequire group editors").lost(), 1);
}

/// What the users of one file may says nothing of the users of another; nor do groups of the same name.
#[test]
fn files_of_other_users_and_groups() {
    let (alice, editor) = (user("alice"), member("zoe", &["editors"]));
    let section = |path: &str, inside: &str| format!("<Location {path}>\n{inside}\n</Location>\n");
    let users = |file: &str| format!("AuthUserFile {file}\nRequire valid-user");
    let groups = |file: &str| format!("AuthGroupFile {file}\nRequire group editors");
    for (a, b, who, expected) in [
        (users("/etc/a"), users("/etc/b"), alice, false),
        (users("/etc/a"), users("/etc/a"), alice, true),
        (groups("nowhere"), groups("share.groups"), editor, false),
        (groups("share.groups"), groups("nowhere"), editor, false),
        (groups("nowhere"), groups("nowhere"), editor, true),
        (groups("share.groups"), groups("share.groups"), editor, true),
    ] {
        let text = section("/a", &a) + &section("/b", &b);
        rows(&text, &[(who, "/a/x", "GET", true), (who, "/b/x", "GET", expected)]);
    }
}

/// The virtual host overrides the main server, wherever it stands in the file.
#[test]
fn virtual_hosts_come_last() {
    let granted = "<Location /a>\nRequire all granted\n</Location>\n";
    let denied = "<Location /a>\nRequire all denied\n</Location>\n";
    for (host, server, expected) in [(denied, granted, false), (granted, denied, true)] {
        let host = format!("<VirtualHost *:80>\n{host}</VirtualHost>\n");
        rows(&[server, &host].concat(), &[(ANYBODY, "/a/x", "GET", expected)]);
        rows(&[&host, server].concat(), &[(ANYBODY, "/a/x", "GET", expected)]);
    }
}

#[test]
fn what_refuses_for_other_reasons_grants_nothing() {
    for (line, expected) in [
        ("AllowMethods GET", false),
        ("AllowMethods reset", true),
        ("SSLRequireSSL", false),
        ("SSLRequire %{SSL_CIPHER_USEKEYSIZE} >= 128", false),
        ("SSLVerifyClient require", false),
        ("SSLVerifyClient none", true),
        ("Dav Off", false),
        ("Dav On", true),
    ] {
        let text = format!("<Location /a>\n{line}\nRequire all granted\n</Location>");
        rows(&text, &[(ANYBODY, "/a/x", "PUT", expected)]);
    }
}

#[test]
fn variables_are_not_guessed() {
    let all = |member: &str| format!("<RequireAll>\nRequire all granted\n{member}\n</RequireAll>");
    let limits = |name: &str| {
        format!(
            "<LimitExcept {name}>\nRequire all granted\n</LimitExcept>\n<Limit {name}>\nRequire all denied\n</Limit>"
        )
    };
    let alice = user("alice");
    who_may_get(&[
        (&all("Require not user ${BAD}"), &[], &[ANYBODY, alice]),
        (&all("Require not user bob"), &[alice], &[user("bob")]),
        (&all("Require not method ${BAD}"), &[], &[ANYBODY, alice]),
        (&all("Require not method PUT"), &[ANYBODY, alice], &[]),
        (&limits("${METHODS}"), &[], &[ANYBODY, alice]),
        (&limits("PUT"), &[ANYBODY, alice], &[]),
        ("Require user ${GOOD}", &[], &[ANYBODY, alice]),
    ]);
}

// httpd compares bytes
#[test]
fn letters_of_a_regex_are_ascii() {
    let text = "Require all denied\n<FilesMatch \"^\\w+\\d$\">\nRequire all granted\n</FilesMatch>";
    rows(
        text,
        &[
            (ANYBODY, "/a1", "GET", true),
            (ANYBODY, "/\u{e4}1", "GET", false),
            (ANYBODY, "/a\u{661}", "GET", false),
        ],
    );
}

#[test]
fn other_formats_are_refused() {
    let rows = [
        ("<Limit GET>\nRequire valid-user\n", 1, "not closed"),
        ("Require valid-user\n</Limit>\n", 2, "closes nothing"),
        ("<Limit GET\n", 1, "no >"),
        ("Require user \"a\n", 1, "quote"),
        ("[section]\n", 1, "directive of httpd"),
        ("user: .+\n", 1, "directive of httpd"),
        (
            "<VirtualHost a>\n</VirtualHost>\n<VirtualHost b>\n</VirtualHost>",
            3,
            "virtual host",
        ),
        (
            "<Directory /a>\nRequire all granted\n</Directory>\n<Location /a>\nRequire all denied\n</Location>",
            1,
            "one kind",
        ),
    ];
    for (text, line, problem) in rows {
        let error = import(text, None, &read).unwrap_err();
        assert_eq!(error.line, line, "{text}");
        assert!(error.problem.contains(problem), "{}", error.problem);
    }
}

/// A small piece of configuration, and httpd's own way of judging it.
enum Piece {
    Require(&'static str, bool),
    Block(&'static str, Vec<Piece>),
    Limit(&'static str, &'static [&'static str], Vec<Piece>),
}

const LISTS: &[&[&str]] = &[
    &["GET", "HEAD"],
    &["PUT"],
    &["GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"],
    &["DELETE", "MOVE", "PROPPATCH"],
    &["MKCOL", "MKCALENDAR", "COPY", "LOCK", "PUT"],
];

struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn pieces(&mut self, depth: usize, all: bool) -> Vec<Piece> {
        (0..1 + self.below(3))
            .map(|_| match self.below(if depth == 0 { 4 } else { 7 }) {
                0..=3 => {
                    let what = [
                        "all granted",
                        "all denied",
                        "valid-user",
                        "user alice",
                        "user bob alice",
                        "group g",
                        "group h",
                        "ip 10.0.0.1",
                        "method GET PUT",
                    ];
                    Piece::Require(what[self.below(what.len())], all && self.below(3) == 0)
                }
                4 => Piece::Block(
                    ["RequireAll", "RequireAny"][self.below(2)],
                    self.pieces(depth - 1, false),
                ),
                5 => Piece::Block("RequireAll", self.pieces(depth - 1, true)),
                _ => Piece::Limit(
                    ["Limit", "LimitExcept"][self.below(2)],
                    LISTS[self.below(LISTS.len())],
                    self.pieces(depth - 1, all),
                ),
            })
            .collect()
    }
}

fn written(pieces: &[Piece]) -> String {
    let block =
        |name: &str, arguments: &str, inside: &[Piece]| format!("<{name}{arguments}>\n{}</{name}>\n", written(inside));
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Require(what, negated) => format!("Require {}{what}\n", if *negated { "not " } else { "" }),
            Piece::Block(name, inside) => block(name, "", inside),
            Piece::Limit(name, list, inside) => block(name, &format!(" {}", list.join(" ")), inside),
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Granted,
    Denied,
    Neutral,
}

#[derive(Clone, Copy)]
struct World<'a> {
    who: Asking<'a>,
    near: bool,
    method: &'static str,
}

fn limited(name: &str, list: &[&str], method: &str) -> bool {
    list.contains(&method) == (name == "Limit")
}

/// Whether anything in there is about the method: `section->limited` of httpd.
fn about(pieces: &[Piece], method: &str) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Require(..) => true,
        Piece::Block(_, inside) => about(inside, method),
        Piece::Limit(name, list, inside) => limited(name, list, method) && about(inside, method),
    })
}

/// The members of a block with Limits taken away, each with whether it is about the method.
fn flat<'a>(pieces: &'a [Piece], method: &str, inside_limit: bool, into: &mut Vec<(&'a Piece, bool)>) {
    for piece in pieces {
        match piece {
            Piece::Limit(name, list, inside) => flat(inside, method, inside_limit && limited(name, list, method), into),
            Piece::Block(_, inside) => into.push((piece, inside_limit && about(inside, method))),
            Piece::Require(..) => into.push((piece, inside_limit)),
        }
    }
}

fn judge(pieces: &[Piece], all: bool, world: World) -> Status {
    let mut members = Vec::new();
    flat(pieces, world.method, true, &mut members);
    let mut verdict = Status::Neutral;
    for (member, applies) in members {
        let status = match member {
            _ if !applies => {
                if all {
                    Status::Granted
                } else {
                    Status::Neutral
                }
            }
            Piece::Block(name, inside) => judge(inside, *name == "RequireAll", world),
            Piece::Require(what, negated) => {
                let words: Vec<&str> = what.split(' ').collect();
                let granted = match words[0] {
                    "all" => words[1] == "granted",
                    "valid-user" => world.who.user.is_some(),
                    "user" => world.who.user.is_some_and(|user| words[1..].contains(&user)),
                    "group" => world.who.groups.contains(&words[1]),
                    "ip" => world.near,
                    "method" => ["GET", "HEAD", "PUT"].contains(&world.method),
                    other => panic!("{other}"),
                };
                match (granted, negated) {
                    (true, false) => Status::Granted,
                    (false, true) => Status::Neutral,
                    _ => Status::Denied,
                }
            }
            Piece::Limit(..) => unreachable!(),
        };
        verdict = match (all, verdict, status) {
            (_, before, Status::Neutral) => before,
            (true, Status::Denied, _) | (true, _, Status::Denied) => Status::Denied,
            (false, Status::Granted, _) | (false, _, Status::Granted) => Status::Granted,
            (_, _, status) => status,
        };
    }
    verdict
}

// What is granted is granted by httpd, from every address.
#[test]
fn nothing_is_granted_that_httpd_refuses() {
    const OPERATIONS: &[(&str, &str)] = &[
        ("GET", "GET"),
        ("HEAD", "HEAD"),
        ("OPTIONS", "OPTIONS"),
        ("PROPFIND", "PROPFIND"),
        ("REPORT", "REPORT"),
        ("PUT", "PUT"),
        ("PUT+", "PUT"),
        ("DELETE", "DELETE"),
        ("MKCOL", "MKCOL"),
        ("MKCALENDAR", "MKCALENDAR"),
        ("COPY:/z", "COPY"),
        ("COPY=:/z", "COPY"),
        ("MOVE:/z", "MOVE"),
        ("PROPPATCH", "PROPPATCH"),
        ("LOCK", "LOCK"),
        ("LOCK+", "LOCK"),
    ];
    let asking: Vec<Asking> = vec![
        ANYBODY,
        user("alice"),
        user("bob"),
        member("bob", &["g"]),
        member("carol", &["h"]),
        member("alice", &["g", "h"]),
        user("dave"),
    ];
    let mut choices = Choices(11);
    let (mut granted, mut kept) = (0_u32, 0_u32);
    for _ in 0..15 {
        let pieces = choices.pieces(3, false);
        let text = written(&pieces);
        let printed = Printed::of(&imported(&text));
        for who in &asking {
            for (operation, method) in OPERATIONS {
                let there = [false, true].into_iter().all(|near| {
                    let world = World {
                        who: *who,
                        near,
                        method,
                    };
                    !about(&pieces, method) || judge(&pieces, false, world) == Status::Granted
                });
                let here = printed.allows(*who, "/a", operation);
                granted += u32::from(there);
                kept += u32::from(there && here);
                assert!(there || !here, "{who:?} {operation}\n{text}\n{}", printed.text());
            }
        }
    }
    assert!(kept * 10 > granted * 6, "{kept} of {granted}");
}
