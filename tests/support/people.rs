//! People: users with passwords, and one gateway where each has a home, and where a shared folder holds a hidden one.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::backend::BackEnd;
use super::each;
use super::gateway::Gateway;
use super::lab::Lab;
use super::wire::{Answer, Req, req};

/// Everybody who has a password; it is the name and `-pw`. The last is called as a group is.
pub const USERS: [&str; 6] = ["ann", "bob", "root", "j\u{f6}rg", "a b", "editors"];

/// `identity:`; further sources may follow.
const IDENTITY: &str = r#"
identity:
  realm: Files
  basic: { htpasswd: users }
  groups: { editors: [ann, bob, group:admins], admins: [root] }
"#;

/// The rules of every route: homes, a shared folder with a hidden one and a kept one in it, an upload-only folder.
pub const ACCESS: &str = r#"
    access:
      - { path: /shared/hidden/**, allow: [all], to: "group:admins" }
      - { path: /shared/hidden/**, deny: [all], to: everyone }
      - { path: /shared/tree/kept/**, deny: [write], to: everyone }
      - { path: /shared/**, allow: [read, write], to: "group:editors" }
      - { path: /drop/**, allow: [bind], to: authenticated }
      - { path: "/home/{user}/**", allow: [all], to: authenticated }
      - { path: /public/**, allow: [read], to: everyone }
"#;

/// The routes; `@ACCESS@` is [`ACCESS`].
const ROUTES: &str = r#"
routes:
  - name: files
    hosts: [dav.test]
    path: /files/
    backend: { url: "http://@BACK@/dav/", profile: apache }
    methods: [dav, SEARCH]
    limits: { propfind_depth: infinity }
    reports: ["DAV:expand-property"]@ACCESS@
  - name: folded
    hosts: [dav.test]
    path: /fold/
    case: fold
    fs: windows
    backend: { url: "http://@BACK@/fold-in/", profile: apache }@ACCESS@
  - name: named
    hosts: [dav.test]
    path: /named/
    backend: { url: "http://@BACK@/named-in/", profile: apache, credentials: { header: X-Remote-User } }@ACCESS@
"#;

/// A gateway with those users and routes. `more` are further lines of `identity:`.
pub fn lab(more: &str) -> Lab {
    let backend = BackEnd::start();
    let line = |user: &&str| format!("{user}:{}\n", bcrypt::hash(format!("{user}-pw"), 4).expect("a hash"));
    let users = USERS.iter().map(line).collect();
    let text = format!("listeners: [{{ address: '@LISTEN@' }}]\n{IDENTITY}{more}{ROUTES}")
        .replace("@ACCESS@", ACCESS)
        .replace("@BACK@", &backend.address.to_string());
    let gateway = Gateway::start_beside(&text, &[("users", users)]);
    Lab::of(gateway, backend)
}

/// The request with the user's name and password.
pub fn by(user: &str, request: Req) -> Req {
    with_basic(format!("{user}:{user}-pw"), request)
}

/// The request with these bytes as Basic credentials.
pub fn with_basic(plain: impl AsRef<[u8]>, request: Req) -> Req {
    request.with("Authorization", &format!("Basic {}", STANDARD.encode(plain)))
}

/// GET by bob.
pub fn get(name: &str, target: &str) -> Req {
    by("bob", req(name, "GET", target))
}

/// PUT by bob.
pub fn put(name: &str, target: &str) -> Req {
    by("bob", req(name, "PUT", target).body("x"))
}

/// COPY or MOVE by bob.
pub fn brings(name: &str, method: &str, from: &str, to: &str) -> Req {
    by("bob", req(name, method, from).with("Destination", to))
}

/// One attempt to get at what is somebody else's, and the honest request most like it.
pub struct Attempt {
    /// The attempt; its name says what is tried.
    pub attack: Req,
    /// The status of the refusal.
    pub status: u16,
    /// The condition in its body; empty, and the answer has no body: what may not be read is as bare as what is not there, and what
    /// the listener cannot read is answered by status alone.
    pub condition: &'static str,
    /// The twin.
    pub honest: Req,
    /// The target with which the twin arrives.
    pub arrives: &'static str,
}

/// An attempt, in one line.
pub fn attempt(attack: Req, status: u16, condition: &'static str, honest: Req, arrives: &'static str) -> Attempt {
    Attempt {
        attack,
        status,
        condition,
        honest,
        arrives,
    }
}

/// Every attempt is refused as it says, without one byte for the back end; every twin arrives, once.
pub fn all_fail(lab: &Lab, attempts: &[Attempt]) {
    each(attempts, |row| {
        let before = lab.backend.byte_count();
        let answer = lab.refuse(row.status, &row.attack);
        says(row, &answer);
        assert_eq!(
            lab.backend.byte_count(),
            before,
            "{}: the back end was asked",
            row.attack.name
        );
        tells_nothing(&row.attack.name, &answer);
        let mut honest = row.honest.clone();
        honest.name = format!("{}, twin", row.attack.name);
        lab.pass_to(row.arrives, &honest);
    });
    lab.settle();
}

/// As [`all_fail`], but the verdict may wait for what is there: nothing but such questions reaches the back end.
pub fn all_fail_after_probe(lab: &Lab, attempts: &[Attempt]) {
    each(attempts, |row| {
        let before = lab.backend.requests().len();
        let answer = lab.refuse_after_probe(row.status, &row.attack);
        says(row, &answer);
        let asked = lab.backend.requests().split_off(before);
        let harmless = asked
            .iter()
            .all(|seen| seen.method == "PROPFIND" && seen.header("depth") == Some("0"));
        assert!(harmless, "{}: {asked:?}", row.attack.name);
        tells_nothing(&row.attack.name, &answer);
        let mut honest = row.honest.clone();
        honest.name = format!("{}, twin", row.attack.name);
        lab.pass_to(row.arrives, &honest);
    });
}

fn says(row: &Attempt, answer: &Answer) {
    let right = match row.condition {
        "" => answer.body.is_empty(),
        condition => answer.has_condition(condition),
    };
    assert!(right, "{}: {}", row.attack.name, answer.text());
}

/// No refusal names what only others may know, or shows an entity tag of it.
fn tells_nothing(name: &str, answer: &Answer) {
    let text = answer.text();
    for secret in ["hidden", "secret", "/home/ann", "e1"] {
        assert!(!text.contains(secret), "{name}: {text}");
    }
    assert!(
        answer.header("etag").is_none() && answer.header("location").is_none(),
        "{name}"
    );
    let challenged = answer
        .headers
        .iter()
        .any(|(key, _)| key.eq_ignore_ascii_case("www-authenticate"));
    assert_eq!(challenged, answer.status == 401, "{name}: {:?}", answer.headers);
}
