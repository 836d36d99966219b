use super::*;
use crate::config::compile as compile_file;
use crate::config::document;
use crate::identity::Principal;
use serde_json::json;
use std::path::Path;

/// A file whose only route has these rules; the first one is on line 7. Users and groups are anybody's a token names.
fn file(rules: &[&str]) -> String {
    let identity = "identity: { bearer: { issuer: i, audience: a, jwks_url: 'https://h/', groups_claim: g } }\n";
    let head = "listeners:\n  - address: 127.0.0.1:0\nroutes:\n  - path: /\n    backend: { url: http://127.0.0.1/ }\n    access:\n";
    let rules = rules.iter().map(|rule| format!("      - {rule}\n"));
    format!("{head}{}{identity}", rules.collect::<String>())
}

fn problems(rules: &[&str]) -> Vec<String> {
    match compile_file(&file(rules), "f") {
        Ok(_) => Vec::new(),
        Err(errors) => errors
            .lines()
            .map(|line| line.replace("routes[0].access", "access"))
            .collect(),
    }
}

#[test]
fn good_rules() {
    let text = file(&[
        r#"{ path: /**, deny: [write], to: "user:bob" }"#,
        r#"{ path: /public/**, allow: [read], to: everyone }"#,
        r#"{ path: "/home/{user}/**", allow: [all], to: authenticated }"#,
        r#"{ path: /drop/**, allow: [bind, read-free-busy], to: ["group:editors", "user:ann", anonymous] }"#,
        r#"{ path: "~^/x[0-9]+$", allow: [unlock, write-acl], to: "user:u\u0308" }"#,
    ]);
    let loaded = compile_file(&text, "f").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let acl = loaded.policy.routes[0].access.as_ref().unwrap();
    let shown: Vec<String> = acl
        .rules()
        .map(|(pattern, ace)| format!("{} {} {ace}", ace.line, pattern.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            "7 /** deny write to user:bob",
            "8 /public/** allow read to everyone",
            "9 /home/{user}/** allow all to authenticated",
            "10 /drop/** allow read-free-busy, bind to group:editors, user:ann, anonymous",
            "11 ~^/x[0-9]+$ allow write-acl, unlock to user:\u{fc}",
        ]
    );
    let bob = Principal::user("bob", [""; 0]).unwrap();
    assert!(
        acl.of(&bob)
            .judge("/home/bob/x", PrivilegeSet::named("read").unwrap())
            .is_granted()
    );
    assert!(!acl.of(&bob).judge("/home/bob/x", PrivilegeSet::WRITE).is_granted());
    let without =
        "listeners: [{ address: '127.0.0.1:0' }]\nroutes: [{ path: /, backend: { url: 'http://127.0.0.1' } }]\n";
    assert!(compile_file(without, "f").unwrap().policy.routes[0].access.is_none());
}

#[test]
fn wrong_rules() {
    let known = "one of all, read, read-current-user-privilege-set, read-free-busy, read-acl, write, write-properties, \
                 write-content, bind, unbind, write-acl, unlock";
    let rows: &[(&str, &str)] = &[
        (
            "{ path: /, allow: [raed], to: everyone }",
            &format!("access[0].allow[0]: \"raed\" is no privilege; expected {known}; did you mean read?"),
        ),
        (
            "{ path: /, allow: [], to: everyone }",
            "access[0].allow: is empty; expected privileges, such as [read]",
        ),
        (
            "{ path: /, to: everyone }",
            "access[0]: has neither allow nor deny; expected one of them",
        ),
        (
            "{ path: /, allow: [read], deny: [write], to: everyone }",
            "access[0]: has both allow and deny; expected one of them; make it two rules",
        ),
        (
            "{ path: /, allow: [read] }",
            &format!("access[0].to: missing; expected {WHO}"),
        ),
        (
            "{ path: /, allow: [read], to: [] }",
            &format!("access[0].to: is empty; expected {WHO}"),
        ),
        (
            "{ path: /, allow: [read], to: [everyone, everyon] }",
            &format!("access[0].to[1]: \"everyon\" is nobody; expected {WHO}; did you mean everyone?"),
        ),
        (
            "{ path: /, allow: [read], to: bob }",
            &format!("access[0].to: \"bob\" is nobody; expected {WHO}"),
        ),
        (
            "{ path: /, allow: [read], to: 'role:bob' }",
            &format!("access[0].to: \"role:bob\" is nobody; expected {WHO}"),
        ),
        (
            "{ path: /, allow: [read], to: 'user:a/b' }",
            "access[0].to: no user has this name: the name holds a slash, a backslash or a control character",
        ),
        (
            "{ path: /, allow: [read], to: 'group:' }",
            "access[0].to: no group has this name: the name is empty or made of dots",
        ),
        (
            "{ path: /, allow: [read], to: 'user:{user}' }",
            "access[0].to: {user} stands in paths only; expected authenticated, and {user} in the path",
        ),
        (
            "{ path: /, allow: [read], to: { user: bob } }",
            "access[0].to: found a mapping; expected everyone, authenticated, anonymous, user:NAME, group:NAME or a list of them",
        ),
        (
            "{ path: '/home/{user}x', allow: [read], to: everyone }",
            "access[0].path: {user} must stand alone between slashes; expected a path such as /home/{user}/**",
        ),
        (
            "{ path: /, alow: [read], to: everyone }",
            "access[0].alow: unknown key; expected one of path, allow, deny, to; did you mean allow?",
        ),
        (
            "{ path: /, allow: read, to: everyone }",
            "access[0].allow: found a string; expected a list",
        ),
        (
            "{ path: /, allow: [GET], to: everyone }",
            &format!(
                "access[0].allow[0]: \"GET\" is no privilege but a method, which belongs into methods; expected {known}"
            ),
        ),
        (
            "{ path: /, allow: [read], to: 'user: bob' }",
            "access[0].to: no user has this name: it begins or ends with a blank; expected user:bob",
        ),
        (
            "{ path: '/home/{username}/', allow: [read], to: everyone }",
            "access[0].path: { and } stand in {user} only, the name of who is asking; expected that, or %7B and %7D",
        ),
        (
            "{ path: /home/{user}/, allow: [read], to: everyone }",
            "not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'; expected quotes around a value with { } [ ] \
             or commas in it, such as \"/home/{user}/**\"",
        ),
        (
            "{ allow: [read], to: everyone }",
            "access[0].path: missing; expected a path relative to the route, such as /shared/**",
        ),
    ];
    for (rule, expected) in rows {
        let found = problems(&[rule]);
        assert!(
            found.iter().any(|line| *line == format!("f:7: {expected}")),
            "{rule}: {found:#?}"
        );
        assert!(found.len() == 1 || rule.contains("alow"), "{rule}: {found:#?}");
    }
    let found = problems(&["{ path: a, allow: [x], to: y }", "{ path: /, deny: [z], to: everyone }"]);
    assert_eq!(found.len(), 4, "{found:#?}");
    let text = file(&[]).replace("access:\n", "access: []\n");
    let empty = compile_file(&text, "f").unwrap_err().to_string();
    assert!(
        empty.ends_with("access: is empty; expected rules, or the key left out for no access control"),
        "{empty}"
    );
}

#[test]
fn rules_that_never_decide() {
    let text = file(&[
        "{ path: /**, allow: [read], to: authenticated }",
        "{ path: /a/**, deny: [write], to: everyone }",
        "{ path: /a/b, allow: [read, bind], to: 'user:ann' }",
        "{ path: '/{user}', allow: [read], to: anonymous }",
        "{ path: /c, allow: [all, bind], to: [everyone, everyone] }",
        "{ path: /a/c, deny: [bind], to: anonymous }",
    ]);
    let found = compile_file(&text, "f").unwrap().warnings;
    assert_eq!(
        found,
        [
            "f:9: routes[0].access[2]: can never match: the rules on lines 7, 8 come first",
            "f:10: routes[0].access[3]: can never match: {user} is nobody where to is anonymous",
            "f:11: routes[0].access[4].allow[1]: bind is in the names before it",
            "f:11: routes[0].access[4].to[1]: everyone is here twice",
            "f:12: routes[0].access[5]: can never match: the rule on line 8 comes first",
        ]
    );
}

// A denial to a group that is misspelt would deny nothing.
#[test]
fn groups_that_are_not_there() {
    let groups = BTreeSet::from(["editors".to_owned()]);
    let keep = str::to_owned;
    let compiled = |groups: Option<&BTreeSet<String>>, to: &str| {
        let rule = json!([{ "path": "/", "deny": ["read"], "to": to }]);
        let raw: List<RawAccessRule> = serde_json::from_value(rule).unwrap();
        let mut judge = Judge::new(Path::new(""), Vec::new());
        let places = document::parse(b"{}", "", &mut judge.problems).unwrap();
        let context = Context {
            fold: &keep,
            ignore_case: false,
            places: &places,
            groups,
        };
        compile(&mut judge, &raw, &KeyPath::root().key("access"), &context);
        judge.problems.iter().map(Problem::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        compiled(Some(&groups), "group:edtiors"),
        ["access[0].to: no group is called \"edtiors\"; expected a group of identity.groups; did you mean editors?"]
    );
    assert!(compiled(Some(&groups), "group:editors").is_empty());
    assert!(compiled(None, "group:edtiors").is_empty());
    assert!(compiled(Some(&groups), "user:edtiors").is_empty());
}
