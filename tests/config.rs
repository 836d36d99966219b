//! The configuration contract: examples load, broken files are refused with every error on its line, and the JSON Schema that
//! editors use agrees with the program about everything a schema can say.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use davgate::access::PrivilegeSet;
use davgate::backend::{APACHE, EMBEDDED, RADICALE};
use davgate::config::{compile, json_schema, load, load_rules};
use davgate::identity::{BackEndCredentials, Principal};
use davgate::policy::locking::StoreSettings;
use davgate::policy::method::Standing;
use davgate::policy::{
    Limits, LockSettings, Locking, LogTarget, MaxDepth, Method, MethodSet, OrphanLocks, RouteLocks, UnmappedLock,
};
use serde::Deserialize;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files of a directory, by name.
fn files(directory: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let paths = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"));
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths
        .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// What the schema says of a file, read by another YAML parser than the program's.
fn schema_accepts(validator: &jsonschema::Validator, text: &str) -> bool {
    serde_yaml::from_str::<Value>(text).is_ok_and(|value| validator.is_valid(&value))
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&json_schema()).unwrap()
}

/// The errors a broken file announces in its last lines: `# refused: LINE: text ... more text`.
fn announced(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# refused: "))
        .collect()
}

fn fits(error: &str, announced: &str) -> bool {
    let mut pieces = announced.split(" ... ");
    let first = pieces.next().unwrap_or_default();
    error.starts_with(&format!("broken.yaml:{first}")) && pieces.all(|piece| error.contains(piece))
}

fn refused_as_announced(directory: &str, by_schema: bool) -> usize {
    let validator = validator();
    let files = files(directory);
    for (name, text) in &files {
        let errors: Vec<String> = match compile(text, "broken.yaml") {
            Ok(_) => panic!("{name} was accepted"),
            Err(errors) => errors.lines().collect(),
        };
        let announced = announced(text);
        assert!(!announced.is_empty(), "{name} announces nothing; it gives {errors:#?}");
        assert_eq!(errors.len(), announced.len(), "{name}: {errors:#?}");
        for expected in announced {
            assert!(
                errors.iter().any(|error| fits(error, expected)),
                "{name}: no {expected:?} in {errors:#?}"
            );
        }
        if by_schema {
            assert!(!schema_accepts(&validator, text), "{name}: the schema accepts it");
        }
    }
    files.len()
}

#[test]
fn examples_are_valid_for_program_and_schema() {
    let validator = validator();
    let examples = files("config");
    assert!(examples.len() >= 3);
    // Their passwords are where they are used.
    for (name, text) in &examples {
        let loaded = load_rules(&root().join("config").join(name)).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        assert!(schema_accepts(&validator, text), "{name}");
    }
}

/// Who asks what rules do has no keys and no passwords.
#[test]
fn rules_are_read_without_keys_and_passwords() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("davgate.yaml");
    let text = "listeners:\n  - address: 127.0.0.1:0\n    tls: { certificate: a.pem, key: a.key, client_ca: ca.pem }\nidentity:\n  \
                basic: { htpasswd: users }\n  bearer: { issuer: i, audience: a, jwks_file: keys.json }\n  client_certificate: { user: \
                subject_cn }\nroutes:\n  - path: /\n    backend: { url: 'http://127.0.0.1/', credentials: { service: { user: a, \
                password_file: p } } }\n    access: [{ path: /**, allow: [read], to: authenticated }]\n";
    fs::write(&file, text).unwrap();
    assert!(load_rules(&file).is_ok_and(|loaded| loaded.warnings.is_empty()));
    assert_eq!(load(&file).unwrap_err().problems().len(), 6);
}

/// What the example of two users says it does.
#[test]
fn two_users_have_what_is_theirs() {
    let loaded = load(&root().join("config/two-users.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    let acl = loaded.policy.routes[0].access.as_ref().unwrap();
    let ann = Principal::user("ann", ["team".to_owned(), "leads".to_owned()]).unwrap();
    let bob = Principal::user("bob", ["team".to_owned()]).unwrap();
    let nobody = Principal::anonymous();
    let rows: [(&str, &str, [bool; 3]); 12] = [
        ("", "read", [true, true, false]),
        ("/home", "read", [true, true, false]),
        ("/home", "bind", [false, false, false]),
        ("/home/ann", "read", [true, false, false]),
        ("/home/ann/x", "write-content", [true, false, false]),
        ("/home/bob/x", "read", [false, true, false]),
        ("/shared/x", "write-content", [true, true, false]),
        ("/shared/board", "read", [true, false, false]),
        ("/shared/board/x", "write-content", [true, false, false]),
        ("/drop", "bind", [true, true, false]),
        ("/drop", "read", [false, false, false]),
        ("/drop/x", "read", [false, false, false]),
    ];
    for (key, privilege, expected) in rows {
        let needed = PrivilegeSet::named(privilege).unwrap();
        let granted = [&ann, &bob, &nobody].map(|who| acl.of(who).judge(key, needed).is_granted());
        assert_eq!(granted, expected, "{privilege} of {key:?}");
    }
}

/// The YAML examples of a page that are whole files.
fn examples(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = text.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("```").map(|(block, _)| block.to_owned()));
    blocks.filter(|block| block.starts_with("listeners:")).collect()
}

#[test]
fn the_examples_of_the_readme_are_good() {
    let validator = validator();
    let examples = examples("README.md");
    assert!(examples.len() >= 3);
    for text in &examples {
        let loaded = compile(text, "README.md").unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{text}");
        assert!(schema_accepts(&validator, text), "{text}");
    }
}

#[test]
fn what_check_says_stands_in_the_readme() {
    let text = fs::read_to_string(root().join("tests/config/readme.yaml")).unwrap();
    let errors = compile(&text, "wrong.yaml").unwrap_err();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for error in errors.lines() {
        assert!(readme.lines().any(|line| line == error), "not in README.md: {error}");
    }
    let count = errors.problems().len();
    assert!(readme.contains(&format!("wrong.yaml: {count} errors")));
}

/// The keys of the configuration, from the schema.
fn keys(schema: &Value) -> Vec<String> {
    let objects = schema["$defs"].as_object().unwrap().values().chain([schema]);
    let properties = objects.filter_map(|object| object["properties"].as_object());
    properties.flat_map(|keys| keys.keys().cloned()).collect()
}

#[test]
fn the_readme_has_every_key() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let words: Vec<&str> = readme
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    let keys = keys(&json_schema());
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        assert!(words.contains(&key.as_str()), "README.md says nothing of {key}");
    }
}

/// The configuration inside the Kubernetes example.
#[test]
fn the_sidecar_is_configured_well() {
    let text = fs::read_to_string(root().join("deploy/kubernetes.yaml")).unwrap();
    let documents = serde_yaml::Deserializer::from_str(&text).map(|one| Value::deserialize(one).unwrap());
    let files: Vec<String> = documents
        .filter_map(|one| one["data"]["davgate.yaml"].as_str().map(str::to_owned))
        .collect();
    let [file] = files.as_slice() else {
        panic!("one configuration in deploy/kubernetes.yaml")
    };
    let loaded = compile(file, "davgate.yaml").unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.warnings, Vec::<String>::new());
    assert!(schema_accepts(&validator(), file));
}

/// What Cargo.toml names must be in the image that is built, or cargo does not begin.
#[test]
fn the_dockerfile_copies_what_cargo_needs() {
    let lines = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(root().join("deploy").join(name)).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut needed = vec!["Cargo.toml", "Cargo.lock", "src", "vendor"];
    needed.extend(manifest.contains("[[bench]]").then_some("benches"));
    needed.extend(manifest.contains("[[test]]").then_some("tests"));
    let (image, sent) = (lines("Dockerfile"), lines("Dockerfile.dockerignore"));
    for name in needed {
        let copied = |line: &String| line.starts_with("COPY ") && line.split(' ').any(|word| word == name);
        assert!(image.iter().any(copied), "{name} is not copied");
        assert!(sent.contains(&format!("!{name}")), "{name} is not sent to the builder");
    }
}

#[test]
fn files_of_a_wrong_shape_are_refused_by_program_and_schema() {
    assert!(refused_as_announced("tests/config/broken/shape", true) >= 20);
}

#[test]
fn files_that_mean_nothing_are_refused_by_the_program() {
    assert!(refused_as_announced("tests/config/broken/meaning", false) >= 10);
}

/// Each broken shape is one slip away from a file that both accept; so what they refuse is the slip.
#[test]
fn the_twin_of_the_broken_files_is_accepted() {
    let text = "listeners:\n  - address: 127.0.0.1:8080\nroutes:\n  - path: /files/\n    backend:\n      \
                url: http://127.0.0.1:8081/dav/\n";
    assert!(compile(text, "good.yaml").is_ok());
    assert!(schema_accepts(&validator(), text));
    let full = files("tests/config/good");
    for (name, text) in &full {
        let place = format!("tests/config/good/{name}");
        let loaded = compile(text, &place).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        assert!(schema_accepts(&validator(), text), "{name}");
    }
}

#[test]
fn several_errors_are_told_at_once_in_the_order_of_the_file() {
    let text = fs::read_to_string(root().join("tests/config/several.yaml")).unwrap();
    let errors = compile(&text, "broken.yaml").unwrap_err().to_string();
    let errors: Vec<&str> = errors.lines().collect();
    let announced = announced(&text);
    assert_eq!(errors.len(), announced.len(), "{errors:#?}");
    for (error, expected) in errors.iter().zip(announced) {
        assert!(fits(error, expected), "no {expected:?} in {errors:#?}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let shapes = [
        "http://dav:hunter2@h/",
        "http://dav:hunter2@h:99999/?#",
        "hunter2",
        "ftp://dav:hunter2@h/",
    ];
    for url in shapes {
        for key in ["url: ", "aliases: [", "profile: { password: ", "credentials: "] {
            let close = if key.ends_with('[') {
                "]"
            } else if key.contains('{') {
                " }"
            } else {
                ""
            };
            let text = format!(
                "listeners:\n  - address: 127.0.0.1:0\nroutes:\n  - path: /\n    backend:\n      {key}'{url}'{close}\n"
            );
            let errors = compile(&text, "broken.yaml").unwrap_err().to_string();
            assert!(!errors.contains("hunter2"), "{errors}");
        }
    }
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let files = files("tests/config");
    let told: Vec<&String> = files
        .iter()
        .filter(|(name, _)| name.starts_with("warnings"))
        .map(|(_, text)| text)
        .collect();
    assert!(told.len() >= 4);
    for text in told {
        let warnings = compile(text, "broken.yaml")
            .unwrap_or_else(|errors| panic!("{errors}"))
            .warnings;
        let announced = announced(text);
        assert_eq!(warnings.len(), announced.len(), "{warnings:#?}");
        for (warning, expected) in warnings.iter().zip(announced) {
            assert!(fits(warning, expected), "no {expected:?} in {warnings:#?}");
        }
    }
}

// 4.1, L-67, L-68: what the keys of locks mean, and what stands where a file says nothing
#[test]
fn what_files_say_of_locks() {
    let policy = |name: &str| load(&root().join("tests/config/good").join(name)).unwrap().policy;
    let seconds =
        |locks: &LockSettings| [locks.timeout, locks.min_timeout, locks.max_timeout].map(|time| time.as_secs());
    let good = root().join("tests/config/good");
    let file = policy("locks-file.yaml");
    assert_eq!(file.locks.store, StoreSettings::File(good.join("state/locks.redb")));
    assert_eq!(seconds(&file.locks), [600, 30, 43_200]);
    assert_eq!(
        (file.locks.per_principal, file.locks.seal_key),
        (100, Some(good.join("seal.key")))
    );
    let row = |locking, orphans, unmapped, fix_locknull| RouteLocks {
        locking,
        orphans,
        unmapped,
        fix_locknull,
    };
    let routes: Vec<RouteLocks> = file.routes.iter().map(|route| route.locks).collect();
    let expected = [
        row(Locking::Observe, OrphanLocks::Adopt, UnmappedLock::Create, true),
        row(Locking::Emulate, OrphanLocks::Pass, UnmappedLock::Refuse, false),
        row(Locking::Emulate, OrphanLocks::Pass, UnmappedLock::NameOnly, false),
        row(Locking::Off, OrphanLocks::Pass, UnmappedLock::Create, false),
        row(Locking::Observe, OrphanLocks::Deny, UnmappedLock::Create, false),
    ];
    assert_eq!(routes, expected);

    let redis = policy("locks-redis.yaml").locks;
    // The usual time follows the longest one.
    assert_eq!(seconds(&redis), [600, 60, 600]);
    let StoreSettings::Redis(redis) = redis.store else {
        panic!("a Redis")
    };
    assert_eq!(
        (redis.url.as_str(), redis.prefix.as_str()),
        ("rediss://redis.internal:6380/3", "files.example.org")
    );
    assert_eq!(
        (redis.user.as_deref(), redis.password_file),
        (Some("davgate"), Some(good.join("service.password")))
    );
    assert_eq!(redis.ca, Some(good.join("../../data/tls/ca.pem")));
    assert_eq!(policy("everything.yaml").locks, LockSettings::default());
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let errors = load(Path::new("no/such/file.yaml")).unwrap_err().to_string();
    assert!(errors.starts_with("no/such/file.yaml: cannot be read: "), "{errors}");
}

/// What every key of the fullest file means, and what stands where a file says nothing.
#[test]
fn what_files_mean() {
    let text = fs::read_to_string(root().join("tests/config/good/everything.yaml")).unwrap();
    let policy = compile(&text, "tests/config/good/everything.yaml").unwrap().policy;
    let listeners: Vec<String> = policy.listeners.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(
        listeners,
        ["0.0.0.0:8080", "[::1]:8080", "0.0.0.0:8443", "0.0.0.0:9443"]
    );
    let required = policy.listeners.iter().map(|one| {
        let tls = one.tls.as_ref()?;
        Some(tls.clients.as_ref().map(|clients| clients.required))
    });
    assert_eq!(
        required.collect::<Vec<_>>(),
        [None, None, Some(Some(true)), Some(Some(false))]
    );
    let http2 = policy.listeners.iter().map(|one| one.http2);
    assert_eq!(http2.collect::<Vec<_>>(), [false, true, true, true]);
    let admin = policy.admin.as_ref().unwrap();
    assert_eq!(admin.address, "127.0.0.1:9090".parse().unwrap());
    assert!(admin.token.is_some());
    assert_eq!(
        policy.access_log,
        LogTarget::File("tests/config/good/logs/access.log".into())
    );
    assert_eq!(
        policy.audit_log,
        LogTarget::File("tests/config/good/logs/audit.log".into())
    );
    let [files, deeper, team, named, other, stripped, _] = policy.routes.as_slice() else {
        panic!("seven routes")
    };
    assert!(matches!(files.backend.credentials, BackEndCredentials::Pass));
    for route in [deeper, team] {
        assert!(
            matches!(&route.backend.credentials, BackEndCredentials::Service(account) if account.user == "gateway")
        );
    }
    assert!(named.backend.elsewhere_allowed && !files.backend.elsewhere_allowed);
    assert!(matches!(&named.backend.credentials, BackEndCredentials::Header(name) if name == "x-remote-user"));
    let identity = policy.identity.as_ref().unwrap();
    assert_eq!(
        (identity.realm.as_str(), identity.sources.len(), identity.groups.len()),
        ("Files", 5, 2)
    );
    assert!(!format!("{policy:?}").contains("not-a-real-password"));
    let places: Vec<String> = policy
        .well_known
        .named()
        .map(|(name, place)| format!("{name} {place}"))
        .collect();
    assert_eq!(places, ["caldav /files/deeper/", "carddav /team/"]);

    assert_eq!((files.name.as_str(), files.line), ("files", 14));
    assert_eq!(files.hosts, ["dav.example.org", "[::1]", "192.0.2.1"]);
    assert_eq!(
        (files.map.public().to_string(), files.map.upstream().to_string()),
        ("/files/".into(), "/dav/".into())
    );
    assert_eq!(files.origins[1].to_string(), "http://dav.example.org:8080");
    assert_eq!(files.backend.location.origin().to_string(), "http://127.0.0.1:8081");
    assert_eq!((files.backend.profile, files.backend.external_urls), (&APACHE, false));
    assert_eq!(files.backend.aliases[0].to_string(), "http://dav.internal:8081");
    let times = files.backend.timeouts;
    assert_eq!(
        [times.connect, times.read, times.write, times.long].map(|time| time.as_millis()),
        [500, 60_000, 60_000, 3_600_000]
    );
    let limits = &files.limits;
    assert_eq!(
        (limits.body, limits.headers, limits.propfind_depth),
        (Some(10 << 30), 64_000, MaxDepth::Infinity)
    );
    assert_eq!(files.reports.len(), 4);
    assert!(files.path_rules.fold && files.path_rules.windows && files.path_rules.nfc && files.path_rules.encode_raw);
    assert_eq!(
        files.path_rules.reserved.len(),
        4,
        "two of the profile, two of the file"
    );
    assert!(files.noroot && files.pass_error_bodies && files.require_length && files.strict_override);
    let added: Vec<String> = files
        .added
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    assert_eq!(
        added,
        [
            "Strict-Transport-Security: max-age=31536000; includeSubDomains",
            "X-Frame-Options: DENY"
        ]
    );
    assert!(files.refuse_underscore && files.accepts_query(Method::Put) && !files.accepts_query(Method::Copy));

    // The file's rules, on keys relative to the route and folded as it says.
    let judged = |key: &str| {
        files
            .methods
            .judge(key)
            .map(|rule| (rule.index, rule.allowed.allow(), rule.body, rule.line))
    };
    let read = "GET, HEAD, OPTIONS, PROPFIND, REPORT".to_owned();
    assert_eq!(judged("/archive/x"), Some((0, read, None, 26)));
    assert_eq!(judged("/abc/inbox"), Some((1, "PUT, POST".into(), Some(1 << 20), 27)));
    assert_eq!(judged("/closed"), Some((2, String::new(), None, 28)));
    let everywhere = judged("/closed/x").unwrap();
    assert_eq!(everywhere.0, 3);
    for name in ["PUT", "LOCK", "ACL", "SEARCH", "MKCALENDAR", "PROPPATCH"] {
        assert!(everywhere.1.split(", ").any(|method| method == name), "{name}");
    }
    assert!(!everywhere.1.contains("POST"));

    assert_eq!(
        (deeper.name.as_str(), deeper.map.upstream().to_string()),
        ("dav.example.org/files/deeper/", "/".into())
    );
    assert_eq!(
        (deeper.backend.profile, deeper.backend.external_urls),
        (&RADICALE, true)
    );
    assert!(deeper.path_rules.no_delimiters_in_destination);
    assert_eq!(
        deeper.limits,
        Limits {
            propfind_depth: MaxDepth::Zero,
            ..Limits::default()
        }
    );
    assert_eq!(deeper.reports.len(), 16);
    assert!(deeper.methods.judge("/x").unwrap().allowed.contains(Method::Put));

    assert_eq!(other.name, "other.example.org/");
    assert_eq!(other.backend.profile, &EMBEDDED);
    assert_eq!(other.methods.judge("").unwrap().allowed, MethodSet::default());

    let lines = |route: &davgate::policy::Route| {
        let access = route.access.as_ref();
        access.map(|acl| acl.rules().map(|(_, ace)| ace.line).collect::<Vec<_>>())
    };
    assert_eq!(
        [files, deeper, other].map(lines),
        [None, Some(vec![65]), Some(vec![87, 88, 89])]
    );
    let homes = [files, named].map(|route| route.auto_home.as_ref().map(ToString::to_string));
    assert_eq!(homes, [None, Some("/{user}/".to_owned())]);
    let compressed = [files, stripped, other].map(|route| route.compress.map(|compress| compress.xml));
    assert_eq!(compressed, [Some(false), Some(true), None]);
    let quota = stripped.quota.map(|quota| (quota.bytes, quota.per.as_secs()));
    assert_eq!((quota, files.quota), (Some((10 << 30, 86_400)), None));
    assert!(stripped.unprefixed && !files.unprefixed);
    assert!(other.hide_lock_owner && !files.hide_lock_owner);
    assert!(other.public_options && !files.public_options);
}

// M-1 to M-16: what passes when a route names no methods.
#[test]
fn without_methods_read_write_and_lock_pass() {
    let text = "listeners: [{ address: '127.0.0.1:0' }]\nroutes: [{ path: /, backend: { url: 'http://127.0.0.1' } }]\n";
    let policy = compile(text, "good.yaml").unwrap().policy;
    let rule = policy.routes[0].methods.judge("/any/where").unwrap();
    let on: Vec<Method> = Method::ALL
        .iter()
        .copied()
        .filter(|m| m.standing() == Standing::On && *m != Method::Acl)
        .collect();
    assert_eq!(rule.allowed, MethodSet::of(&on));
    assert_eq!((rule.body, policy.access_log), (None, LogTarget::Stdout));
}

/// A later key of the contract is refused by its name, never accepted in silence.
#[test]
fn keys_of_later_versions_are_refused_by_name() {
    for key in ["hide", "spool"] {
        let errors = compile(&format!("routes: [{{ {key}: {{}} }}]\n"), "broken.yaml")
            .unwrap_err()
            .to_string();
        assert!(
            errors.contains(&format!("routes[0].{key}: ")) && errors.contains("not in this version"),
            "{errors}"
        );
    }
}
