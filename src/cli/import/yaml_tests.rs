//! What is printed reads back as what was meant.

use super::*;
use crate::cli::import::rules::Privileges;

#[test]
fn every_scalar_reads_back_as_itself() {
    let rows = [
        "alice",
        "/**",
        "/a/{user}/*",
        "user:bob",
        "user:a b",
        "user:a, b",
        "group:x]",
        "user:a:b",
        "user:a: b",
        "user:#x",
        "true",
        "No",
        "null",
        "~^/a$",
        "*",
        "12",
        "0x1f",
        "1e3",
        "",
        " ",
        "user:J\u{f6}rg",
        "a\"b",
        "a\\b",
        "a\nb",
        "a\u{85}b",
        "a\u{2028}b",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "- a",
        "a #b",
        "a: ",
        "user:",
        "a:,",
        "\u{1f600}",
        "\u{7f}",
        "\u{feff}x",
        "/a//b",
        "user:{x}",
        "'a'",
        "?a",
        "|",
        ">",
        "a\tb",
        "user:alice@example.org",
        "-",
        "user:-",
        "=",
        "<<",
        "\u{202e}abc",
    ];
    for text in rows {
        let yaml = format!("a: {{ b: {}, c: [{}, x] }}\n", scalar(text), scalar(text));
        let read: serde_yaml::Value = serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{yaml}: {error}"));
        assert_eq!(read["a"]["b"].as_str(), Some(text), "{yaml}");
        assert_eq!(read["a"]["c"][0].as_str(), Some(text), "{yaml}");
        assert_eq!(read["a"]["c"].as_sequence().unwrap().len(), 2, "{yaml}");
    }
}

#[test]
fn a_comment_stays_a_comment() {
    let text = "Require user a\n- { path: /**, allow: [read] }\r\u{85}\u{2028}x: y";
    let import = Import {
        access: vec![Entry::lost(1, text, "why\nnot: x")],
        ..Import::default()
    };
    let yaml = print(&import, "htaccess", "a\nb: c");
    let read: serde_yaml::Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(read.as_mapping().unwrap().len(), 1, "{yaml}");
    assert_eq!(read["access"].as_sequence().unwrap().len(), 1);
    assert_eq!(read["access"][0]["deny"][0], "all");
}

#[test]
fn rules_read_back() {
    let rule = |path: &str, allow, privileges, to| {
        Entry::Rule(Rule {
            path: path.to_owned(),
            allow,
            privileges,
            to,
        })
    };
    let import = Import {
        identity: Some(Identity {
            realm: Some("My: Files".to_owned()),
            htpasswd: Some("/etc/a b".to_owned()),
            groups: [("yes".to_owned(), vec!["a".to_owned(), "1".to_owned()])].into(),
        }),
        methods: vec![Entry::Rule(MethodRule {
            path: "/**".to_owned(),
            allow: vec!["read".to_owned(), "PUT".to_owned()],
        })],
        access: vec![
            rule("/{user}/**", true, Privileges::ALL, vec![Principal::Authenticated]),
            rule(
                "/x",
                false,
                Privileges::ALL,
                vec![Principal::User("a, b".to_owned()), Principal::Group("g".to_owned())],
            ),
            rule(
                "/",
                true,
                Privileges::BIND.and(Privileges::READ),
                vec![Principal::Everyone],
            ),
        ],
        ..Import::default()
    };
    let read: serde_yaml::Value = serde_yaml::from_str(&print(&import, "htaccess", "f")).unwrap();
    let expected = serde_yaml::from_str::<serde_yaml::Value>(
        "identity: { realm: 'My: Files', basic: { htpasswd: /etc/a b }, groups: { 'yes': [a, '1'] } }\n\
         methods: [ { path: /**, allow: [read, PUT] } ]\n\
         access:\n- { path: '/{user}/**', allow: [read, write], to: authenticated }\n\
         - { path: /x, deny: [all], to: ['user:a, b', 'group:g'] }\n- { path: /, allow: [read, bind], to: everyone }\n",
    )
    .unwrap();
    assert_eq!(read, expected);
}
