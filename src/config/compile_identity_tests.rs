//! Rows for `identity:`, its groups and `backend.credentials`: what a file means, and what is said of a wrong one.

use super::*;
use crate::config::compile;
use crate::identity::BackEndCredentials;
use crate::identity::settings::Member;
use crate::policy::Policy;

const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A directory with the files that configurations name.
fn lab() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("users", format!("ann:{HASH}\n")),
        ("old", "ann:$apr1$a$b\nbob:hunter2\n".to_owned()),
        ("keys", KEYS.to_owned()),
        ("no-keys", "{\"keys\": []}".to_owned()),
        ("password", "hunter2\n".to_owned()),
        ("two-lines", "hunter2\nhunter3\n".to_owned()),
    ] {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// The compiled file, or the messages without the directory; line 4 is that of `identity`, 8 that of `credentials`.
fn read(identity: &str, credentials: &str) -> Result<(Policy, Vec<String>), Vec<String>> {
    let directory = lab();
    let name = directory.path().join("c.yaml").display().to_string();
    let tls = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/");
    let tls = format!("{{ certificate: {tls}server.pem, key: {tls}server.key, client_ca: {tls}ca.pem }}");
    let text = format!(
        "listeners:\n  - {{ address: 127.0.0.1:0, tls: {tls} }}\n# one source or more\nidentity: {identity}\nroutes:\n  - path: /files/\n    \
         backend:\n      credentials: {credentials}\n      url: http://127.0.0.1:1/dav/\n    \
         access: [{{ path: /**, allow: [read], to: everyone }}]\n"
    );
    let text = text.replace("identity: -\n", "").replace("# one", "\n# one");
    let place = format!("{}/", directory.path().display());
    match compile(&text, &name) {
        Ok(loaded) => {
            let warnings = loaded.warnings.iter().map(|line| line.replace(&place, ""));
            Ok((loaded.policy, warnings.collect()))
        }
        Err(errors) => Err(errors.lines().map(|line| line.replace(&place, "")).collect()),
    }
}

fn identity(text: &str) -> IdentitySettings {
    let (policy, _) = read(text, "pass").unwrap_or_else(|errors| panic!("{text}: {errors:#?}"));
    policy.identity.unwrap()
}

#[test]
fn what_stands_where_the_file_says_nothing() {
    let (policy, _) = read("-", "pass").unwrap();
    assert!(policy.identity.is_none());
    let found = identity("{ basic: { htpasswd: users } }");
    assert_eq!(found.realm, "davgate");
    assert!(matches!(found.sources.as_slice(), [SourceSettings::Basic(basic)] if basic.htpasswd.ends_with("users")));
    let found = identity("{ bearer: { issuer: i, audience: a, jwks_url: 'https://id.example.org/keys' } }");
    let expected = BearerSettings {
        issuer: "i".to_owned(),
        audience: vec!["a".to_owned()],
        keys: KeySource::Url {
            url: "https://id.example.org/keys".to_owned(),
            refresh: Duration::from_secs(3600),
        },
        user_claim: "sub".to_owned(),
        groups_claim: None,
        clock_skew: Duration::from_secs(60),
    };
    assert_eq!(found.sources, [SourceSettings::Bearer(expected)]);
    let found = identity("{ backend: { verify: /files/private/ } }");
    let expected = BackEndSettings {
        verify: "/files/private/".to_owned(),
        cache: Duration::from_secs(60),
        fold: false,
    };
    assert_eq!(found.sources, [SourceSettings::BackEnd(expected)]);
}

#[test]
fn sources_stand_in_the_order_of_the_file() {
    let kinds = |text: &str| -> Vec<&'static str> {
        let kind = |source: &SourceSettings| match source {
            SourceSettings::Basic(_) => "basic",
            SourceSettings::Bearer(_) => "bearer",
            SourceSettings::ClientCertificate(_) => "client_certificate",
            SourceSettings::TrustedHeader(_) => "trusted_header",
            SourceSettings::BackEnd(_) => "backend",
        };
        identity(text).sources.iter().map(kind).collect()
    };
    let parts = [
        ("basic", "{ htpasswd: users }"),
        ("backend", "{ verify: /files/ }"),
        (
            "bearer",
            "{ issuer: i, audience: [a, b], jwks_file: keys, clock_skew: 0s }",
        ),
        ("trusted_header", "{ user: X-Remote-User, from: [10.0.0.0/8, '::1'] }"),
        ("client_certificate", "{ user: san_email }"),
    ];
    for turn in 0..parts.len() {
        let mut order = parts.to_vec();
        order.rotate_left(turn);
        let text: Vec<String> = order.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let expected: Vec<&str> = order.iter().map(|(key, _)| *key).collect();
        assert_eq!(kinds(&format!("{{ {} }}", text.join(", "))), expected);
    }
}

#[test]
fn groups_of_the_file() {
    let found =
        identity("{ basic: { htpasswd: users }, groups: { editors: [alice, 'group:admins'], admins: ['user:root'] } }");
    let user = |name: &str| Member::User(name.to_owned());
    let editors = vec![user("alice"), Member::Group("admins".to_owned())];
    let expected = [
        ("admins".to_owned(), vec![user("root")]),
        ("editors".to_owned(), editors),
    ];
    assert!(found.groups.into_iter().eq(expected));
}

#[test]
fn warnings() {
    let text = "{ basic: { htpasswd: users }, groups: { a: ['group:b'], b: ['group:a'] } }";
    let (_, warnings) = read(text, "pass").unwrap_or_else(|errors| panic!("{errors:#?}"));
    let expected = "c.yaml:5: identity.groups.a: lies in itself";
    assert!(
        matches!(warnings.as_slice(), [one] if one.starts_with(expected)),
        "{warnings:#?}"
    );
}

// one name in two spellings: a rule about the other one would be about nobody
#[test]
fn names_that_nobody_has() {
    let text = |sources: &str, name: &str| {
        format!("{{ {sources}backend: {{ verify: /files/, case: fold }}, groups: {{ a: [{name}, 'group:a'] }} }}")
    };
    let errors = read(&text("", "Ann"), "pass").unwrap_err();
    let expected = "identity.groups.a: \"Ann\" is nobody: identity.backend takes names in lower case; expected \"ann\"";
    assert!(
        matches!(errors.as_slice(), [one] if one.ends_with(expected)),
        "{errors:#?}"
    );
    assert!(read(&text("", "ann"), "pass").is_ok());
    assert!(read(&text("basic: { htpasswd: users }, ", "Ann"), "pass").is_ok());
    let deny = |name: &str| {
        let rule = format!("{{ path: /**, deny: [read], to: 'user:{name}' }}");
        let more = format!(
            "pass\n      url: http://127.0.0.1:2/\n    access: [{rule}]\n  - path: /b/\n    backend:\n      profile: generic"
        );
        read("{ backend: { verify: /files/, case: fold } }", &more)
    };
    let errors = deny("Ann").unwrap_err();
    assert!(
        matches!(errors.as_slice(), [one] if one.contains("access: \"Ann\" is nobody")),
        "{errors:#?}"
    );
    assert!(deny("ann").is_ok());
}

// whose passwords go where
#[test]
fn the_back_end_that_is_asked() {
    let hosts = |other: &str| {
        let more = format!(
            "pass\n      url: http://127.0.0.1:2/\n    hosts: [a.test]\n    \
             access: [{{ path: /**, allow: [read], to: everyone }}]\n  - path: /files/\n    hosts: [b.test]\n    backend:\n      \
             profile: {other}"
        );
        read("{ backend: { verify: /files/private/ } }", &more)
            .unwrap_or_else(|errors| panic!("{errors:#?}"))
            .1
    };
    let warnings = hosts("generic");
    assert!(
        matches!(warnings.as_slice(), [one] if one.contains("identity.backend.verify: is in routes of several hosts")),
        "{warnings:#?}"
    );
}

// every wrong identity, by line and key, beside its good twin above
#[test]
fn what_is_wrong() {
    let bearer = |rest: &str| format!("{{ bearer: {{ issuer: i, audience: a, {rest} }} }}");
    let trusted = |rest: &str| format!("{{ trusted_header: {{ user: X-User, {rest} }} }}");
    let groups = |rest: &str| format!("{{ basic: {{ htpasswd: users }}, groups: {{ {rest} }} }}");
    let rows: Vec<(String, &[&str])> = vec![
        (
            "{ realm: Files }".to_owned(),
            &["identity: has no source; expected basic, bearer"],
        ),
        (
            "{ basic: { htpasswd: users }, realm: \"a\\nb\" }".to_owned(),
            &["identity.realm: is no realm; expected ASCII"],
        ),
        (
            "{ basic: {} }".to_owned(),
            &["identity.basic.htpasswd: missing; expected a file"],
        ),
        (
            "{ basic: { htpaswd: users } }".to_owned(),
            &["did you mean htpasswd?", "identity.basic.htpasswd: missing"],
        ),
        (
            "{ basic: { htpasswd: none } }".to_owned(),
            &["identity.basic.htpasswd: none: cannot be read: "],
        ),
        (
            "{ basic: { htpasswd: old } }".to_owned(),
            &[
                "old:1: \"ann\": apr1 (MD5) is not taken; expected bcrypt",
                "old:2: \"bob\": a plain password is not taken",
            ],
        ),
        (
            "{ bearer: { jwks_file: keys } }".to_owned(),
            &["bearer.issuer: missing", "bearer.audience: missing"],
        ),
        (
            bearer("user_claim: name"),
            &["bearer.jwks_file: missing; expected a file with the issuer's keys; or jwks_url"],
        ),
        (
            bearer("jwks_file: keys, jwks_url: 'https://h/'"),
            &["bearer.jwks_url: stands beside jwks_file"],
        ),
        (
            bearer("jwks_file: keys, refresh: 1h"),
            &["bearer.refresh: stands beside jwks_file"],
        ),
        (
            bearer("jwks_file: no-keys"),
            &["bearer.jwks_file: no-keys: has no key for RS256"],
        ),
        (
            bearer("jwks_file: keys, clock_skew: 11m"),
            &["bearer.clock_skew: is more than 10m"],
        ),
        (
            bearer("jwks_file: keys, user_claim: ''"),
            &["bearer.user_claim: is empty"],
        ),
        (
            "{ bearer: { issuer: i, audience: [], jwks_file: keys } }".to_owned(),
            &["bearer.audience: is empty"],
        ),
        (
            bearer("jwks_url: 'http://id.example.org/?key=hunter2'"),
            &["bearer.jwks_url: is no URL for keys; expected https"],
        ),
        (
            bearer("jwks_url: 'http://localhost.example.org/'"),
            &["bearer.jwks_url: is no URL for keys; expected https"],
        ),
        (
            bearer("jwks_url: 'http://localhost@example.org/'"),
            &["bearer.jwks_url: is no URL for keys; expected https"],
        ),
        (
            "{ client_certificate: {} }".to_owned(),
            &["client_certificate.user: missing"],
        ),
        (
            "{ client_certificate: { user: subject } }".to_owned(),
            &["expected one of subject_cn, san_email, san_dns, san_uri"],
        ),
        (trusted("from: []"), &["trusted_header.from: is empty"]),
        (trusted("groups: X-Groups"), &["trusted_header.from: missing"]),
        (
            trusted("from: [10.0.0.1/8]"),
            &["trusted_header.from[0]: 10.0.0.1/8 has bits behind its prefix; expected 10.0.0.0/8"],
        ),
        (
            trusted("from: [0.0.0.0/0, '::/0']"),
            &["from[0]: 0.0.0.0/0 is everybody", "from[1]: ::/0 is everybody"],
        ),
        (
            trusted("from: [proxy.example.org]"),
            &["from[0]: \"proxy.example.org\" is no address or network"],
        ),
        (
            trusted("from: [10.0.0.1], groups: x-user"),
            &["trusted_header.groups: is the header of the user"],
        ),
        (
            "{ trusted_header: { user: Cookie, from: [10.0.0.1] } }".to_owned(),
            &["user: Cookie has a meaning of its own"],
        ),
        (
            "{ trusted_header: { user: X_User, from: [10.0.0.1] } }".to_owned(),
            &["user: \"X_User\" is no name of a header"],
        ),
        ("{ backend: {} }".to_owned(), &["identity.backend.verify: missing"]),
        (
            "{ backend: { verify: /other/ } }".to_owned(),
            &["identity.backend.verify: is in no route"],
        ),
        (
            "{ backend: { verify: /files/../x } }".to_owned(),
            &["identity.backend.verify: "],
        ),
        (
            "{ backend: { verify: /files/, cache: 1h } }".to_owned(),
            &["identity.backend.cache: is more than 10m"],
        ),
        (
            groups("editors: ['group:admin'], admins: []"),
            &["groups.editors[0]: there is no group \"admin\"; expected a group of \
            this file; did you mean admins?"],
        ),
        (groups("'a/b': []"), &["\"a/b\" is no name of a group"]),
        (
            groups("editors: ['', 'group:..', 'role:x']"),
            &[
                "editors[0]: \"\" is no member",
                "editors[1]: \"group:..\" is no member",
                "editors[2]: \"role:x\" is no member; expected NAME",
            ],
        ),
    ];
    for (text, expected) in rows {
        let errors = read(&text, "pass").err().unwrap_or_else(|| panic!("{text}: accepted"));
        assert_eq!(errors.len(), expected.len(), "{text}: {errors:#?}");
        for (error, expected) in errors.iter().zip(expected) {
            assert!(
                error.starts_with("c.yaml:5: identity") && error.contains(expected),
                "{text}:\n{error}\nnot {expected}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
    // With a claim for groups, a member may be a group that only tokens name.
    identity(
        "{ bearer: { issuer: i, audience: a, jwks_file: keys, groups_claim: g }, groups: { editors: ['group:x'] } }",
    );
    identity("{ bearer: { issuer: i, audience: a, jwks_url: 'http://127.0.0.1:8080/keys?a=b' } }");
    identity("{ bearer: { issuer: i, audience: a, jwks_url: 'http://[::1]/keys' } }");
}

// A-37
#[test]
fn credentials_of_back_ends() {
    let of = |credentials: &str| {
        let (policy, _) = read("{ basic: { htpasswd: users } }", credentials).unwrap_or_else(|e| panic!("{e:#?}"));
        policy.routes[0].backend.credentials.clone()
    };
    assert!(matches!(of("pass"), BackEndCredentials::Pass));
    assert!(matches!(of("{ header: X-Remote-User }"), BackEndCredentials::Header(name) if name == "x-remote-user"));
    let service = of("{ service: { user: dav, password_file: password } }");
    assert!(matches!(&service, BackEndCredentials::Service(account)
        if account.user == "dav" && account.password.expose() == "hunter2"));
    assert!(!format!("{service:?}").contains("hunter2"));
    // Whatever is in the environment of every test run.
    let service = of("{ service: { user: dav, password_env: PATH } }");
    assert!(matches!(&service, BackEndCredentials::Service(account) if account.password.expose().contains("bin")));

    let rows = [
        (
            "passs",
            "credentials: found another word; expected pass, or a mapping with service or header",
        ),
        ("hunter2", "credentials: found another word"),
        ("7", "credentials: found a number; expected pass, or a mapping"),
        ("{}", "credentials: is empty; expected service or header"),
        (
            "{ header: X-User, service: { user: a, password_file: password } }",
            "credentials.header: stands beside service",
        ),
        ("{ header: Host }", "credentials.header: Host has a meaning of its own"),
        (
            "{ heder: X-User }",
            "credentials.heder: unknown key; expected service or header; did you mean header?",
        ),
        (
            "{ service: { user: dav } }",
            "service.password_file: missing; expected a file with the password; or password_env",
        ),
        ("{ service: { password_file: password } }", "service.user: missing"),
        (
            "{ service: { user: 'a:b', password_file: password } }",
            "service.user: is no user name",
        ),
        (
            "{ service: { user: dav, password_file: none } }",
            "service.password_file: none: cannot be read",
        ),
        (
            "{ service: { user: dav, password_file: two-lines } }",
            "password_file: two-lines: holds more than one line",
        ),
        (
            "{ service: { user: dav, password_env: NO_SUCH_NAME_HERE } }",
            "password_env: the environment variable NO_SUCH",
        ),
        (
            "{ service: { user: dav, password: hunter2 } }",
            "service.password: unknown key; expected one of user, password_file",
        ),
    ];
    for (text, expected) in rows {
        let errors = read("{ basic: { htpasswd: users } }", text)
            .err()
            .unwrap_or_else(|| panic!("{text}: accepted"));
        assert!(
            errors[0].starts_with("c.yaml:9: routes[0].backend.credentials"),
            "{errors:#?}"
        );
        assert!(errors[0].contains(expected), "{text}: {errors:#?}");
        assert!(!errors.concat().contains("hunter"), "{errors:#?}");
    }
    let errors = read("-", "{ header: X-User }").unwrap_err();
    assert!(
        errors[0].contains("credentials.header: nobody says who is asking; expected identity"),
        "{errors:#?}"
    );
}
