use std::sync::Mutex;

use super::*;
use crate::{locks::LockDepth, policy::LogTarget, store::memory::MemoryStore, xml::lockinfo::LockScope};

/// A back end that says what it is told to, and remembers what it was asked.
struct Says(BackEndTold, Mutex<Vec<String>>);

#[async_trait]
impl Unlock for Says {
    async fn unlock(&self, lock: &Lock) -> BackEndTold {
        self.1.lock().unwrap().push(lock.token.clone());
        self.0.clone()
    }
}

struct Lab {
    desk: LockDesk,
    store: Arc<MemoryStore>,
    asked: Arc<Says>,
    audit: tempfile::TempDir,
    back_end: String,
}

impl Lab {
    /// A desk for `/files/` and `/other/`, both of which lead to `/dav/`.
    fn new(told: BackEndTold) -> Self {
        let routes = [
            Route::sample("/files/", &[], false),
            Route::sample("/other/", &[], false),
        ];
        let back_end = routes[0].backend.location.id();
        let audit = tempfile::tempdir().unwrap();
        let log = LineLog::open(&LogTarget::File(audit.path().join("audit.log"))).unwrap();
        let store = Arc::<MemoryStore>::default();
        let asked = Arc::new(Says(told, Mutex::default()));
        let unlock: Arc<dyn Unlock> = Arc::clone(&asked) as Arc<dyn Unlock>;
        let routes = routes.map(Arc::new);
        Self {
            desk: LockDesk::new(Arc::clone(&store) as Arc<dyn LockStore>, &routes, unlock, log),
            store,
            asked,
            audit,
            back_end,
        }
    }

    async fn put(&self, token: &str, path: &str, creator: Option<&str>) {
        let lock = Lock {
            token: token.to_owned(),
            root: LockPath::stored(&self.back_end, path).unwrap(),
            collection: path == "/dav/",
            depth: LockDepth::Infinity,
            scope: LockScope::Exclusive,
            creator: creator.map(str::to_owned),
            owner: Some("<o:owner xmlns:o='DAV:'> Ann\n <o:href>mailto:ann@example.org</o:href></o:owner>".to_owned()),
            timeout: 60_000,
            created_at: 0,
            expires_at: 0,
        };
        self.store.put(lock).await.unwrap();
    }

    async fn ask(&self, method: &str, target: &str) -> (u16, serde_json::Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let answer = self.desk.answer(method, path, query, "192.0.2.1:4711").await;
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    async fn tokens(&self, query: &str) -> (Vec<String>, Option<String>) {
        let (status, body) = self.ask("GET", &format!("/locks{query}")).await;
        assert_eq!(status, 200, "{body}");
        let list: LockList = serde_json::from_value(body).unwrap();
        (list.locks.into_iter().map(|lock| lock.token).collect(), list.next)
    }
}

async fn three() -> Lab {
    let lab = Lab::new(BackEndTold::NotNeeded);
    lab.put("urn:uuid:1", "/dav/a b/", Some("ann")).await;
    lab.put("urn:uuid:2", "/dav/b/", Some("bob")).await;
    lab.put("urn:uuid:3", "/dav/c/", None).await;
    lab
}

#[tokio::test]
async fn a_lock_is_shown_as_it_is_for_everybody() {
    let lab = three().await;
    let (status, body) = lab.ask("GET", "/locks/urn%3Auuid%3A1").await;
    assert_eq!(status, 200);
    let view: LockView = serde_json::from_value(body).unwrap();
    assert_eq!((view.user.as_deref(), view.path.as_str()), (Some("ann"), "/dav/a%20b"));
    let urls: Vec<&str> = view.urls.iter().map(|url| url.url.as_str()).collect();
    assert_eq!(urls, ["/files/a%20b", "/other/a%20b"]);
    assert_eq!((view.depth.as_str(), view.scope.as_str()), ("infinity", "exclusive"));
    assert_eq!(view.owner.as_deref(), Some("Ann mailto:ann@example.org"));
    assert!(
        (50..=60).contains(&view.seconds_left) && view.since < view.until,
        "{view:?}"
    );
}

#[tokio::test]
async fn lists_are_selected_and_cut_into_pages() {
    let lab = three().await;
    let rows: [(&str, &[&str]); 7] = [
        ("", &["urn:uuid:1", "urn:uuid:2", "urn:uuid:3"]),
        ("?user=ann", &["urn:uuid:1"]),
        ("?user=nobody", &[]),
        ("?path=/files/b", &["urn:uuid:2"]),
        ("?path=/other/a%20b&user=ann", &["urn:uuid:1"]),
        ("?path=/other/a%2520b", &["urn:uuid:1"]),
        ("?path=/files/", &["urn:uuid:1", "urn:uuid:2", "urn:uuid:3"]),
    ];
    for (query, expected) in rows {
        assert_eq!(lab.tokens(query).await.0, expected, "{query}");
    }
    let (mut after, mut all) = (String::new(), Vec::new());
    loop {
        let (tokens, next) = lab.tokens(&format!("?limit=1{after}")).await;
        all.extend(tokens);
        let Some(next) = next else { break };
        let next = percent_encoding::utf8_percent_encode(&next, percent_encoding::NON_ALPHANUMERIC);
        after = format!("&after={next}");
    }
    assert_eq!(all, ["urn:uuid:1", "urn:uuid:2", "urn:uuid:3"]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let lab = three().await;
    let rows = [
        ("GET", "/locks?limit=0", 400, "limit is no number from 1 to 1000"),
        ("GET", "/locks?limit=1001", 400, "limit is no number from 1 to 1000"),
        (
            "GET",
            "/locks?path=files",
            400,
            "path is no path of a URL, such as /files/a",
        ),
        ("GET", "/locks?path=/elsewhere/", 400, "path is in no route"),
        ("GET", "/locks?after=x", 400, "after is none of mine"),
        (
            "GET",
            "/locks?usr=ann",
            400,
            "a parameter of the query is not known, or is there twice",
        ),
        (
            "GET",
            "/locks?user=a&user=b",
            400,
            "a parameter of the query is not known, or is there twice",
        ),
        ("GET", "/locks/urn:uuid:9", 404, "there is no such lock"),
        ("DELETE", "/locks/urn:uuid:9?reason=x", 404, "there is no such lock"),
        ("DELETE", "/locks", 405, "not a method of this"),
        ("POST", "/locks/urn:uuid:1", 405, "not a method of this"),
        (
            "DELETE",
            "/locks/urn:uuid:1",
            400,
            "reason is missing, or is not 1 to 200 printable characters",
        ),
        (
            "DELETE",
            "/locks/urn:uuid:1?reason=%0A",
            400,
            "reason is missing, or is not 1 to 200 printable characters",
        ),
    ];
    for (method, target, status, error) in rows {
        let told = lab.ask(method, target).await;
        assert_eq!(
            told,
            (status, serde_json::json!({ "error": error })),
            "{method} {target}"
        );
    }
    assert_eq!(lab.tokens("").await.0.len(), 3);
    assert_eq!(*lab.asked.1.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_release_is_told() {
    let lab = Lab::new(BackEndTold::Refused(403));
    lab.put("urn:uuid:2", "/dav/b/", Some("bob")).await;
    let (status, body) = lab.ask("DELETE", "/locks/urn:uuid:2?reason=bob%20has%20left").await;
    assert_eq!(
        (status, &body["back_end"]),
        (200, &serde_json::json!({ "refused": 403 }))
    );
    assert_eq!(body["released"]["token"], "urn:uuid:2");
    assert_eq!(lab.ask("GET", "/locks/urn:uuid:2").await.0, 404);
    assert_eq!(*lab.asked.1.lock().unwrap(), ["urn:uuid:2"]);
    let Lab { desk, audit, .. } = lab;
    // Dropped, the log is written.
    drop(desk);
    let text = std::fs::read_to_string(audit.path().join("audit.log")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("log", "audit"),
        ("client", "192.0.2.1:4711"),
        ("by", "admin"),
        ("action", "release-lock"),
        ("user", "bob"),
        ("path", "/dav/b"),
        ("url", "/files/b"),
        ("reason", "bob has left"),
    ] {
        assert_eq!(line[key], value, "{key} in {text}");
    }
    // RM-18
    assert!(!text.contains("urn:uuid"), "{text}");
}
