//! Rows for all sources together (O-5).

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;

use super::*;
use crate::identity::{
    UnsafeName,
    settings::{BackEndSettings, BasicSettings, BearerSettings, KeySource, Member},
};

const HASH: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const CERTIFICATE: &[u8] = include_bytes!("../../tests/data/identity/ann.der");
const NO_NAME: &[u8] = include_bytes!("../../tests/data/identity/nobody.der");
const SLASH: &[u8] = include_bytes!("../../tests/data/identity/slash.der");

/// A back end that knows `bob:secret`, or is down.
struct Bob {
    down: Mutex<bool>,
    asked: AtomicUsize,
}

#[async_trait]
impl Ask for Bob {
    async fn ask(&self, authorization: Option<&HeaderValue>) -> Option<StatusCode> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if *self.down.lock().unwrap() {
            return None;
        }
        let right =
            authorization.is_some_and(|value| *value == basic("bob", "secret") || *value == basic("BOB", "secret"));
        Some(if right {
            StatusCode::MULTI_STATUS
        } else {
            StatusCode::UNAUTHORIZED
        })
    }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

struct Lab {
    directory: tempfile::TempDir,
    bob: Arc<Bob>,
}

impl Lab {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("users"), format!("ann:{HASH}\n")).unwrap();
        let keys = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        std::fs::write(directory.path().join("keys"), keys).unwrap();
        let bob = Arc::new(Bob {
            down: Mutex::new(false),
            asked: AtomicUsize::new(0),
        });
        Self { directory, bob }
    }

    fn source(&self, name: &str) -> SourceSettings {
        let file = |name: &str| self.directory.path().join(name);
        match name {
            "basic" => SourceSettings::Basic(BasicSettings {
                htpasswd: file("users"),
            }),
            "back end" | "folding back end" => SourceSettings::BackEnd(BackEndSettings {
                verify: "/private/".to_owned(),
                cache: Duration::from_secs(60),
                fold: name == "folding back end",
            }),
            "certificate" => SourceSettings::ClientCertificate(CertificateUser::SubjectCn),
            "trusted" => SourceSettings::TrustedHeader(TrustedHeaderSettings {
                user: HeaderName::from_static("x-remote-user"),
                groups: Some(HeaderName::from_static("x-remote-groups")),
                from: vec!["10.0.0.0/8".parse().unwrap()],
            }),
            _ => SourceSettings::Bearer(BearerSettings {
                issuer: "issuer".to_owned(),
                audience: vec!["dav".to_owned()],
                keys: KeySource::File(file("keys")),
                user_claim: "sub".to_owned(),
                groups_claim: None,
                clock_skew: Duration::ZERO,
            }),
        }
    }

    fn open(&self, sources: &[&str]) -> Authenticator {
        let member = |name: &str| Member::User(name.to_owned());
        let settings = IdentitySettings {
            realm: "Files".to_owned(),
            sources: sources.iter().map(|name| self.source(name)).collect(),
            groups: BTreeMap::from([
                (
                    "editors".to_owned(),
                    vec![member("ann"), Member::Group("staff".to_owned())],
                ),
                ("staff".to_owned(), vec![member("bob")]),
            ]),
        };
        let asks: Arc<dyn Ask> = self.bob.clone();
        Authenticator::open(&settings, &asks).unwrap()
    }
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
    fields.iter().map(field).collect()
}

/// The name and groups that were found, or the refusal.
async fn found(
    sources: &Authenticator,
    peer: &str,
    certificate: Option<&[u8]>,
    fields: &[(&'static str, &str)],
) -> Result<String, Refusal> {
    let asking = Asking {
        peer: peer.parse().unwrap(),
        certificate,
        headers: &headers(fields),
    };
    let principal = sources.identify(&asking).await?;
    let name = principal.name().unwrap_or("nobody").to_owned();
    let groups: Vec<&str> = principal.groups().collect();
    Ok([&[name.as_str()], groups.as_slice()].concat().join(" "))
}

// O-5: whatever is presented must be right, and the first source that knows it decides
#[tokio::test]
async fn what_is_presented() {
    let lab = Lab::new();
    let all = lab.open(&["trusted", "certificate", "basic", "bearer", "back end"]);
    let (ann, wrong, bob) = (basic("ann", "secret"), basic("ann", "wrong"), basic("bob", "secret"));
    let blank = basic(" ann", "secret");
    let user = ("x-remote-user", "carl");
    type Fields<'a> = &'a [(&'static str, &'a str)];
    type Row<'a> = (&'a str, Option<&'a [u8]>, Fields<'a>, Result<&'a str, Refusal>);
    let rows: [Row; 23] = [
        ("192.0.2.1", None, &[], Ok("nobody")),
        ("192.0.2.1", None, &[("authorization", &ann)], Ok("ann editors")),
        ("192.0.2.1", None, &[("authorization", &bob)], Ok("bob editors staff")),
        ("192.0.2.1", None, &[("authorization", &wrong)], Err(Refusal::Password)),
        ("192.0.2.1", None, &[("authorization", &blank)], Err(Refusal::Blank)),
        (
            "192.0.2.1",
            None,
            &[("authorization", "Basic YW5u")],
            Err(credentials::Malformed::NoColon.into()),
        ),
        (
            "192.0.2.1",
            None,
            &[("authorization", &ann), ("authorization", &ann)],
            Err(credentials::Malformed::Several.into()),
        ),
        (
            "192.0.2.1",
            None,
            &[("authorization", "Digest username=\"ann\"")],
            Err(Refusal::Scheme),
        ),
        (
            "192.0.2.1",
            None,
            &[("authorization", "Bearer a.b.c")],
            Err(bearer::token::Refused::NoToken.into()),
        ),
        ("192.0.2.1", Some(CERTIFICATE), &[], Ok("ann editors")),
        (
            "192.0.2.1",
            Some(NO_NAME),
            &[],
            Err(client_certificate::Nobody::NoName.into()),
        ),
        ("192.0.2.1", Some(SLASH), &[], Err(UnsafeName::Character.into())),
        // The certificate's source stands before Basic; what is wrong beside it is still wrong.
        (
            "192.0.2.1",
            Some(CERTIFICATE),
            &[("authorization", &bob)],
            Ok("ann editors"),
        ),
        (
            "192.0.2.1",
            Some(CERTIFICATE),
            &[("authorization", &wrong)],
            Err(Refusal::Password),
        ),
        (
            "192.0.2.1",
            Some(NO_NAME),
            &[("authorization", &ann)],
            Err(client_certificate::Nobody::NoName.into()),
        ),
        // RM-14
        ("192.0.2.1", None, &[user], Ok("nobody")),
        ("192.0.2.1", None, &[user, ("authorization", &ann)], Ok("ann editors")),
        ("10.0.0.1", None, &[user], Ok("carl")),
        (
            "10.0.0.1",
            None,
            &[user, ("x-remote-groups", "staff")],
            Ok("carl editors staff"),
        ),
        (
            "10.0.0.1",
            Some(CERTIFICATE),
            &[user, ("authorization", &bob)],
            Ok("carl"),
        ),
        (
            "10.0.0.1",
            None,
            &[user, user],
            Err(trusted_header::Unclear::Several.into()),
        ),
        // RM-6
        (
            "10.0.0.1",
            None,
            &[("x-remote-user", "..")],
            Err(UnsafeName::NoName.into()),
        ),
        (
            "10.0.0.1",
            None,
            &[user, ("x-remote-groups", "/staff")],
            Err(UnsafeName::Character.into()),
        ),
    ];
    for (peer, certificate, fields, expected) in rows {
        let found = found(&all, peer, certificate, fields).await;
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{peer} {fields:?}");
    }
    assert!(all.private_headers().eq(["x-remote-user", "x-remote-groups"].iter()));
}

#[tokio::test]
async fn the_order_is_that_of_the_file() {
    let lab = Lab::new();
    let bob = basic("bob", "secret");
    for (sources, expected) in [
        (["certificate", "back end"], "ann editors"),
        (["back end", "certificate"], "bob editors staff"),
    ] {
        let found = found(
            &lab.open(&sources),
            "192.0.2.1",
            Some(CERTIFICATE),
            &[("authorization", &bob)],
        )
        .await;
        assert_eq!(found.as_deref(), Ok(expected), "{sources:?}");
    }
}

// A back end that takes names in any letter case must not give somebody two names.
#[tokio::test]
async fn names_in_another_case() {
    let lab = Lab::new();
    let other = basic("BOB", "secret");
    for (source, expected) in [("back end", "BOB"), ("folding back end", "bob editors staff")] {
        let all = lab.open(&[source]);
        for turn in ["asked", "remembered"] {
            let found = found(&all, "192.0.2.1", None, &[("authorization", &other)]).await;
            assert_eq!(found.as_deref(), Ok(expected), "{source} {turn}");
        }
    }
}

// Where no source reads Authorization it is the back end's; where one does, a scheme that none reads is wrong (A-37).
#[tokio::test]
async fn schemes_that_no_source_reads() {
    let lab = Lab::new();
    let rows = [
        (["trusted"], "Basic YW5u", Ok("nobody")),
        (["certificate"], "Digest x", Ok("nobody")),
        (["basic"], "Bearer abc", Err(Refusal::Scheme)),
        (["bearer"], "Basic YW5uOnNlY3JldA==", Err(Refusal::Scheme)),
        (["back end"], "Negotiate abc", Err(Refusal::Scheme)),
    ];
    for (sources, value, expected) in rows {
        let found = found(&lab.open(&sources), "192.0.2.1", None, &[("authorization", value)]).await;
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{sources:?} {value}");
    }
}

// ERR-4
#[tokio::test]
async fn refusals_have_a_status_and_challenges() {
    let lab = Lab::new();
    let all = lab.open(&["basic", "bearer"]);
    let token = Refusal::from(bearer::token::Refused::Expired);
    let [plain, after] = [all.challenges(None), all.challenges(Some(&token))];
    assert_eq!((plain.len(), after.len()), (2, 2));
    assert_ne!(plain, after);
    assert_eq!(all.challenges(Some(&Refusal::Password)), plain);
    let rows = [
        (Refusal::Password, 401, None),
        (token, 401, None),
        (Refusal::Scheme, 401, None),
        (Refusal::Blank, 401, None),
        (Refusal::Throttled(Duration::from_millis(1500)), 429, Some(2)),
        (Refusal::Throttled(Duration::from_secs(2)), 429, Some(2)),
        (Refusal::Unavailable("x"), 503, Some(5)),
    ];
    for (refusal, status, retry_after) in rows {
        assert_eq!(
            (refusal.status().as_u16(), refusal.retry_after()),
            (status, retry_after),
            "{refusal:?}"
        );
    }
}

#[tokio::test]
async fn failed_logins_are_slowed_down_where_they_fail() {
    let lab = Lab::new();
    let all = lab.open(&["basic"]);
    let right = basic("ann", "secret");
    let try_ = async |peer: &str, value: &str| found(&all, peer, None, &[("authorization", value)]).await;
    for number in 0..5 {
        assert_eq!(
            try_("192.0.2.1", &basic("ann", &number.to_string())).await,
            Err(Refusal::Password)
        );
    }
    assert!(matches!(
        try_("192.0.2.1", &basic("ANN", "x")).await,
        Err(Refusal::Throttled(_))
    ));
    // Even the right one has to wait there: or trying would go on at full speed.
    assert!(matches!(try_("192.0.2.1", &right).await, Err(Refusal::Throttled(_))));
    assert!(matches!(
        try_("192.0.2.1", &basic("ann", "x")).await,
        Err(Refusal::Throttled(_))
    ));
    assert_eq!(try_("192.0.2.1", &basic("eve", "x")).await, Err(Refusal::Password));
    assert_eq!(try_("192.0.2.2", &right).await.as_deref(), Ok("ann editors"));
    // Now that it is proved, it is right there too.
    assert_eq!(try_("192.0.2.1", &right).await.as_deref(), Ok("ann editors"));
    assert!(matches!(
        try_("192.0.2.1", &basic("ann", "x")).await,
        Err(Refusal::Throttled(_))
    ));
    // A wait ends.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(try_("192.0.2.1", &basic("ann", "x")).await, Err(Refusal::Password));
}

// a source that is silent makes no free tries at another
#[tokio::test]
async fn failed_logins_count_while_the_back_end_is_down() {
    let lab = Lab::new();
    for order in [["basic", "back end"], ["back end", "basic"]] {
        let all = lab.open(&order);
        *lab.bob.down.lock().unwrap() = true;
        let try_ = async |name: &str, password: &str| {
            found(&all, "192.0.2.1", None, &[("authorization", &basic(name, password))]).await
        };
        for number in 0..5 {
            let result = try_("ann", &number.to_string()).await;
            assert!(matches!(result, Err(Refusal::Unavailable(_))), "{order:?} {result:?}");
        }
        assert!(
            matches!(try_("ann", "x").await, Err(Refusal::Throttled(_))),
            "{order:?}"
        );
    }
    // Where nobody said that they are wrong, they are no failures.
    let all = lab.open(&["back end"]);
    for _ in 0..10 {
        let result = found(&all, "192.0.2.1", None, &[("authorization", &basic("bob", "x"))]).await;
        assert!(matches!(result, Err(Refusal::Unavailable(_))), "{result:?}");
    }
}

// many at once count as many
#[tokio::test]
async fn tries_at_once() {
    let lab = Lab::new();
    let all = lab.open(&["basic"]);
    let values: Vec<String> = (0..20).map(|number| basic("ann", &number.to_string())).collect();
    let tries = values.iter().map(|value| async {
        let fields = [("authorization", value.as_str())];
        found(&all, "192.0.2.1", None, &fields).await
    });
    let results = futures_util::future::join_all(tries).await;
    let wrong = results
        .iter()
        .filter(|result| **result == Err(Refusal::Password))
        .count();
    let waits = results
        .iter()
        .filter(|result| matches!(result, Err(Refusal::Throttled(_))))
        .count();
    assert_eq!((wrong, waits), (5, 15), "{results:?}");
}

#[tokio::test]
async fn a_changed_password_counts_at_once() {
    let lab = Lab::new();
    let all = lab.open(&["basic"]);
    let right = basic("ann", "secret");
    let fields = [("authorization", right.as_str())];
    assert!(found(&all, "192.0.2.1", None, &fields).await.is_ok());
    let other = "ann:$5$rounds=1000$abc$Mz4DiYKTnNKbZLo/mIp3d8Y4aQBhv3uhSwxLDy55/Y9\n";
    std::fs::write(lab.directory.path().join("users"), other).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(found(&all, "192.0.2.1", None, &fields).await, Err(Refusal::Password));
    std::fs::write(lab.directory.path().join("users"), "").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(found(&all, "192.0.2.1", None, &fields).await, Err(Refusal::Password));
}

#[tokio::test]
async fn the_back_end_is_asked_once() {
    let lab = Lab::new();
    let all = lab.open(&["basic", "back end"]);
    let bob = basic("bob", "secret");
    assert_eq!(all.self_test().await, Ok(()));
    for _ in 0..3 {
        let found = found(&all, "192.0.2.1", None, &[("authorization", &bob)]).await;
        assert_eq!(found.as_deref(), Ok("bob editors staff"));
    }
    // Twice for the test, once for bob, who is no failure of the file's.
    assert_eq!(lab.bob.asked.load(Ordering::SeqCst), 3);
    *lab.bob.down.lock().unwrap() = true;
    for (value, expected) in [
        (basic("ann", "secret"), Ok("ann editors")),
        (bob, Ok("bob editors staff")),
        (
            basic("bob", "wrong"),
            Err(Refusal::Unavailable("the back end cannot say who is right")),
        ),
    ] {
        let found = found(&all, "192.0.2.1", None, &[("authorization", &value)]).await;
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{value}");
    }
    assert!(all.self_test().await.is_err());
}

#[test]
fn what_cannot_be_opened() {
    let lab = Lab::new();
    std::fs::write(lab.directory.path().join("users"), "ann:secret\n").unwrap();
    std::fs::write(lab.directory.path().join("keys"), "{}").unwrap();
    let asks: Arc<dyn Ask> = lab.bob.clone();
    for (source, expected) in [
        ("basic", "/users:1: \"ann\": a plain password is not taken"),
        ("bearer", "/keys:1: is no JSON Web"),
    ] {
        let settings = IdentitySettings {
            realm: String::new(),
            sources: vec![lab.source(source)],
            groups: BTreeMap::new(),
        };
        let error = Authenticator::open(&settings, &asks).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn nothing_is_shown() {
    let lab = Lab::new();
    let all = lab.open(&["basic", "bearer", "trusted", "certificate", "back end"]);
    assert!(
        found(&all, "192.0.2.1", None, &[("authorization", &basic("ann", "secret"))])
            .await
            .is_ok()
    );
    let shown = format!("{all:?}");
    assert!(
        !shown.contains("secret:") && !shown.contains("$2y$") && !shown.contains("11qYAY"),
        "{shown}"
    );
}
