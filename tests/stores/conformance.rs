//! What every store has to do, row by row; each row has a back end of its own.

use std::{sync::Arc, time::Duration};

use davgate::{
    locks::{
        Claim, Lock, LockDepth, LockPath,
        table::{Effect, LockRefusal, NewLock, NewWrite, WriteRefusal},
    },
    store::LockStore,
    xml::lockinfo::LockScope,
};

use LockDepth::{Infinity, Zero};
use LockScope::{Exclusive, Shared};

/// Operations at one back end, with what matters in a row.
struct Row<'a> {
    store: &'a dyn LockStore,
    back_end: String,
}

const LONG: u64 = 600_000;

impl Row<'_> {
    fn path(&self, path: &str) -> LockPath {
        LockPath::stored(&self.back_end, path).unwrap()
    }

    fn request(&self, user: &str, token: &str, path: &str, depth: LockDepth, scope: LockScope) -> NewLock {
        NewLock {
            token: token.to_owned(),
            root: self.path(path),
            collection: false,
            depth,
            scope,
            creator: format!("{user} at {}", self.back_end),
            owner: None,
            timeout: LONG,
            claims: Vec::new(),
            submitted: Vec::new(),
            most: 1000,
        }
    }

    async fn ask(&self, new: NewLock) -> Result<Lock, LockRefusal> {
        self.store.lock(new).await.unwrap()
    }

    async fn lock(&self, user: &str, token: &str, path: &str, depth: LockDepth) -> Result<Lock, LockRefusal> {
        self.ask(self.request(user, token, path, depth, Exclusive)).await
    }

    async fn share(&self, user: &str, token: &str, path: &str, depth: LockDepth) -> Result<Lock, LockRefusal> {
        self.ask(self.request(user, token, path, depth, Shared)).await
    }

    fn write(&self, user: Option<&str>, submitted: &[&str], claims: Vec<Claim>) -> NewWrite {
        NewWrite {
            claims,
            creator: user.map(|user| format!("{user} at {}", self.back_end)),
            submitted: submitted.iter().map(|token| (*token).to_owned()).collect(),
            relied_on: Vec::new(),
            time: LONG,
        }
    }

    /// Which locks keep `user` from a write; none: it is over at once.
    async fn barred(&self, user: Option<&str>, submitted: &[&str], claims: Vec<Claim>) -> Vec<String> {
        match self.store.begin(self.write(user, submitted, claims)).await.unwrap() {
            Ok(id) => {
                self.store.end(id, Vec::new()).await.unwrap();
                Vec::new()
            }
            Err(WriteRefusal::Locked(locks)) => tokens(&locks),
            Err(WriteRefusal::Changed) => panic!("nothing was relied on"),
        }
    }

    fn itself(&self, path: &str) -> Vec<Claim> {
        vec![Claim::itself(self.path(path))]
    }

    fn tree(&self, path: &str) -> Vec<Claim> {
        vec![Claim::tree(self.path(path))]
    }

    async fn surveyed(&self, claims: Vec<Claim>) -> Vec<String> {
        tokens(&self.store.survey(&claims).await.unwrap().locks)
    }
}

fn tokens(locks: &[Lock]) -> Vec<String> {
    locks.iter().map(|lock| lock.token.clone()).collect()
}

fn conflict(outcome: Result<Lock, LockRefusal>) -> Vec<String> {
    match outcome {
        Err(LockRefusal::Conflict(locks)) => tokens(&locks),
        other => panic!("{other:?}"),
    }
}

/// All rows against `store`.
pub async fn conforms(store: Arc<dyn LockStore>) {
    let row = |name: &str| Row {
        store: &*store,
        back_end: format!("http://{name}"),
    };
    store.ping().await.unwrap();
    exclusive_and_shared(row("scopes")).await;
    depths(row("depths")).await;
    neighbours(row("neighbours")).await;
    members_of_collections(row("members")).await;
    whose_token(row("tokens")).await;
    shared_helps_where_it_reaches(row("helps")).await;
    writes_keep_locks_out(row("writes")).await;
    what_was_relied_on(row("relied")).await;
    how_many(row("many")).await;
    time(row("time")).await;
    effects(row("effects")).await;
    noted_locks(row("noted")).await;
    texts(row("texts/ä \"x\"")).await;
    pages(row("pages")).await;
}

// L-55, L-57, RFC 4918 section 6.2
async fn exclusive_and_shared(row: Row<'_>) {
    row.lock("alice", "t1", "/a/", Zero).await.unwrap();
    assert_eq!(conflict(row.lock("bob", "t2", "/a/", Zero).await), ["t1"]);
    assert_eq!(conflict(row.lock("alice", "t2", "/a/", Zero).await), ["t1"]); // L-57
    assert_eq!(conflict(row.share("bob", "t2", "/a/", Zero).await), ["t1"]);
    row.share("alice", "s1", "/b/", Zero).await.unwrap();
    row.share("bob", "s2", "/b/", Zero).await.unwrap();
    assert_eq!(conflict(row.lock("carol", "t3", "/b/", Zero).await), ["s1", "s2"]);
}

// L-55, L-56, L-80
async fn depths(row: Row<'_>) {
    row.lock("alice", "deep", "/a/b/", Infinity).await.unwrap();
    assert_eq!(conflict(row.lock("bob", "t", "/a/b/c/d/", Zero).await), ["deep"]);
    assert_eq!(conflict(row.lock("bob", "t", "/a/", Infinity).await), ["deep"]);
    row.lock("bob", "flat", "/a/", Zero).await.unwrap();
    assert_eq!(row.surveyed(row.itself("/a/b/c/")).await, ["deep"]);
    assert_eq!(row.surveyed(row.tree("/")).await, ["flat", "deep"]);
    assert_eq!(row.surveyed(row.itself("/")).await, Vec::<String>::new());
    row.lock("carol", "root", "/", Zero).await.unwrap();
    assert_eq!(
        conflict(row.lock("carol", "t", "/", Infinity).await),
        ["root", "flat", "deep"]
    );
}

// Paths are compared by whole segments; locks of one back end are not another's.
async fn neighbours(row: Row<'_>) {
    row.lock("alice", "t1", "/a/", Infinity).await.unwrap();
    for path in ["/a0/", "/a-/", "/a /", "/aa/", "/A/", "/a\u{1}/"] {
        row.lock("bob", path, path, Infinity).await.unwrap();
        assert_eq!(row.surveyed(row.tree(path)).await, [path]);
    }
    assert_eq!(row.surveyed(row.tree("/a/")).await, ["t1"]);
    let other = Row {
        store: row.store,
        back_end: format!("{}/more", row.back_end),
    };
    other.lock("bob", "t1", "/a/", Infinity).await.unwrap();
    assert_eq!(other.surveyed(other.tree("/")).await, ["t1"]);
    assert!(row.store.remove(&other.back_end, "t1").await.unwrap().is_some());
    assert!(row.store.find(&row.back_end, "t1").await.unwrap().is_some());
}

// L-31, L-37
async fn members_of_collections(row: Row<'_>) {
    row.lock("alice", "flat", "/c/", Zero).await.unwrap();
    assert_eq!(row.barred(Some("bob"), &[], row.itself("/c/")).await, ["flat"]);
    assert!(row.barred(Some("bob"), &[], row.itself("/c/member/")).await.is_empty());
    let mut new = row.request("bob", "new", "/c/new/", Zero, Exclusive);
    new.claims = row.itself("/c/");
    let refused = row.ask(new.clone()).await.unwrap_err();
    assert!(
        matches!(&refused, LockRefusal::Locked(locks) if tokens(locks) == ["flat"]),
        "{refused:?}"
    );
    new.creator = format!("alice at {}", row.back_end);
    new.submitted = vec!["flat".into()];
    row.ask(new).await.unwrap();
    // An existing member may be locked by anybody.
    row.lock("bob", "old", "/c/old/", Zero).await.unwrap();
}

// L-23, L-30, L-32, L-39
async fn whose_token(row: Row<'_>) {
    row.lock("alice", "t", "/a/b/", Infinity).await.unwrap();
    for claims in [
        row.itself("/a/b/"),
        row.itself("/a/b/c/"),
        row.tree("/a/"),
        row.tree("/a/b/c/"),
    ] {
        assert_eq!(row.barred(Some("alice"), &[], claims.clone()).await, ["t"]);
        assert_eq!(row.barred(Some("bob"), &["t"], claims.clone()).await, ["t"]); // L-39
        assert_eq!(row.barred(None, &["t"], claims.clone()).await, ["t"]);
        assert_eq!(row.barred(Some("alice"), &["other"], claims.clone()).await, ["t"]);
        assert!(row.barred(Some("alice"), &["other", "t"], claims).await.is_empty());
    }
    assert!(row.barred(Some("bob"), &[], row.itself("/a/")).await.is_empty());
    row.lock("bob", "u", "/a/x/", Zero).await.unwrap();
    assert_eq!(row.barred(Some("alice"), &["t"], row.tree("/a/")).await, ["u"]);
}

// 4.4: for each resource at least one shared lock
async fn shared_helps_where_it_reaches(row: Row<'_>) {
    row.share("alice", "deep", "/a/", Infinity).await.unwrap();
    row.share("bob", "flat", "/a/", Zero).await.unwrap();
    assert!(row.barred(Some("bob"), &["flat"], row.itself("/a/")).await.is_empty());
    assert_eq!(row.barred(Some("bob"), &["flat"], row.itself("/a/b/")).await, ["deep"]);
    assert_eq!(row.barred(Some("bob"), &["flat"], row.tree("/a/")).await, ["deep"]);
    assert!(row.barred(Some("alice"), &["deep"], row.tree("/a/")).await.is_empty());
    assert_eq!(
        row.barred(Some("carol"), &["deep"], row.tree("/")).await,
        ["deep", "flat"]
    );
}

// L-84
async fn writes_keep_locks_out(row: Row<'_>) {
    let write = row.write(Some("alice"), &[], row.tree("/a/"));
    let id = row.store.begin(write.clone()).await.unwrap().unwrap();
    for path in ["/a/", "/a/b/"] {
        assert_eq!(row.lock("bob", "t", path, Zero).await, Err(LockRefusal::Writing));
    }
    assert_eq!(row.lock("bob", "t", "/", Infinity).await, Err(LockRefusal::Writing));
    row.lock("bob", "above", "/", Zero).await.unwrap();
    row.lock("alice", "own", "/a/", Zero).await.unwrap();
    row.store.end(id, Vec::new()).await.unwrap();
    row.lock("bob", "t", "/a/b/", Zero).await.unwrap();
    // Anonymous is nobody's own; what takes too long is forgotten.
    let mut short = row.write(None, &[], row.itself("/z/"));
    short.time = 1000;
    row.store.begin(short).await.unwrap().unwrap();
    assert_eq!(row.lock("bob", "z", "/z/", Zero).await, Err(LockRefusal::Writing));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    row.lock("bob", "z", "/z/", Zero).await.unwrap();
}

// L-84: conditions that were judged before the write was noted
async fn what_was_relied_on(row: Row<'_>) {
    row.lock("alice", "t", "/a/", Zero).await.unwrap();
    let mut write = row.write(Some("bob"), &[], row.itself("/b/"));
    write.relied_on = vec!["t".into()];
    let id = row.store.begin(write.clone()).await.unwrap().unwrap();
    row.store.end(id, Vec::new()).await.unwrap();
    row.store.remove(&row.back_end, "t").await.unwrap().unwrap();
    assert_eq!(row.store.begin(write).await.unwrap(), Err(WriteRefusal::Changed));
}

// L-68
async fn how_many(row: Row<'_>) {
    let new = |token: &str, timeout: u64| {
        let mut new = row.request("alice", token, &format!("/{token}/"), Zero, Exclusive);
        (new.most, new.timeout) = (2, timeout);
        new
    };
    row.ask(new("t1", LONG)).await.unwrap();
    row.ask(new("short", 1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    // What has ended is not counted, by whoever asks first.
    let creator = format!("alice at {}", row.back_end);
    assert_eq!(row.store.held(&creator).await.unwrap(), 1);
    row.ask(new("t2", LONG)).await.unwrap();
    assert_eq!(row.ask(new("t3", LONG)).await, Err(LockRefusal::TooMany));
    row.lock("bob", "t4", "/4/", Zero).await.unwrap();
    row.store.remove(&row.back_end, "t1").await.unwrap().unwrap();
    row.ask(new("t3", LONG)).await.unwrap();
}

// L-85, L-94, RFC 4918 section 9.10.2
async fn time(row: Row<'_>) {
    let mut new = row.request("alice", "t", "/a/", Zero, Exclusive);
    // Long enough for a machine that stops now and then.
    new.timeout = 1500;
    let lock = row.ask(new.clone()).await.unwrap();
    assert_eq!(lock.expires_at, lock.created_at + 1500);
    let found = row.store.survey(&row.itself("/a/")).await.unwrap();
    assert!(found.now >= lock.created_at && found.now < lock.expires_at);
    let longer = row.store.refresh(&row.back_end, "t", 3000).await.unwrap().unwrap();
    assert_eq!((longer.created_at, longer.timeout), (lock.created_at, 3000));
    assert!(longer.expires_at >= lock.created_at + 3000 && longer.expires_at <= lock.created_at + 4500);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    assert_eq!(row.surveyed(row.itself("/a/")).await, ["t"]);
    tokio::time::sleep(Duration::from_millis(1700)).await;
    assert!(row.surveyed(row.itself("/a/")).await.is_empty());
    assert_eq!(row.store.find(&row.back_end, "t").await.unwrap(), None);
    assert_eq!(row.store.refresh(&row.back_end, "t", LONG).await.unwrap(), None);
    assert_eq!(row.store.remove(&row.back_end, "t").await.unwrap(), None);
    assert!(row.barred(Some("bob"), &[], row.itself("/a/")).await.is_empty());
    row.lock("bob", "u", "/a/", Zero).await.unwrap();
}

// L-4, L-85
async fn effects(row: Row<'_>) {
    for path in ["/a/", "/a/b/", "/a/b/c/", "/a0/"] {
        row.lock("alice", path, path, Zero).await.unwrap();
    }
    let all: Vec<&str> = vec!["/a/", "/a/b/", "/a/b/c/"];
    let id = row
        .store
        .begin(row.write(Some("alice"), &all, row.tree("/a/")))
        .await
        .unwrap()
        .unwrap();
    row.store
        .end(id, vec![Effect::GoneBelow(row.path("/a/b/"))])
        .await
        .unwrap();
    assert_eq!(row.surveyed(row.tree("/")).await, ["/a/", "/a/b/", "/a0/"]);
    let id = row
        .store
        .begin(row.write(Some("alice"), &all, row.tree("/a/")))
        .await
        .unwrap()
        .unwrap();
    row.store.end(id, vec![Effect::Gone(row.path("/a/"))]).await.unwrap();
    assert_eq!(row.surveyed(row.tree("/")).await, ["/a0/"]);
    row.lock("bob", "t", "/a/b/", Infinity).await.unwrap();
}

// L-1, L-7
async fn noted_locks(row: Row<'_>) {
    let lock = Lock {
        token: "opaquelocktoken:1".into(),
        root: row.path("/a/"),
        collection: true,
        depth: Infinity,
        scope: Exclusive,
        creator: None,
        owner: None,
        timeout: LONG,
        created_at: 7,
        expires_at: 7,
    };
    let noted = row.store.put(lock.clone()).await.unwrap();
    assert_eq!(noted.expires_at, noted.created_at + LONG);
    assert_eq!(row.store.find(&row.back_end, &lock.token).await.unwrap(), Some(noted));
    assert_eq!(
        row.barred(Some("alice"), &[&lock.token], row.itself("/a/b/")).await,
        [&*lock.token]
    );
    let known = Lock {
        creator: Some(format!("alice at {}", row.back_end)),
        root: row.path("/b/"),
        ..lock.clone()
    };
    row.store.put(known).await.unwrap();
    assert!(row.surveyed(row.tree("/a/")).await.is_empty());
    assert!(
        row.barred(Some("alice"), &[&lock.token], row.itself("/b/c/"))
            .await
            .is_empty()
    );
}

// 4.1: the owner is kept as it was written
async fn texts(row: Row<'_>) {
    let owner = format!(
        "<o xmlns=\"DAV:\">\u{1F512} \\ / \" ' \u{7f}\n\t&amp; {}</o>",
        "long ".repeat(2000)
    );
    for (token, path) in [
        ("t1", "/ä/日本 \"x\"/"),
        ("t2", "/100%/{}[]/"),
        ("t\"'\\3", "/\u{1F512}/"),
    ] {
        let mut new = row.request("jürgen \"x\"", token, path, Infinity, Shared);
        (new.owner, new.collection) = (Some(owner.clone()), true);
        let lock = row.ask(new.clone()).await.unwrap();
        assert_eq!(lock, new.into_lock(lock.created_at));
        assert_eq!(row.store.find(&row.back_end, token).await.unwrap(), Some(lock));
        assert!(
            row.barred(Some("jürgen \"x\""), &[token], row.itself(path))
                .await
                .is_empty()
        );
    }
}

async fn pages(row: Row<'_>) {
    for number in 0..7 {
        row.share("alice", &format!("t{number}"), &format!("/p/{}/", number / 2), Zero)
            .await
            .unwrap();
    }
    row.lock("alice", "else", "/q/", Zero).await.unwrap();
    let within = row.path("/p/");
    let page = row.store.list(Some(&within), None, 3).await.unwrap();
    assert_eq!(tokens(&page.found.locks), ["t0", "t1", "t2"]);
    // The lock where the next page begins may be gone by then.
    row.store.remove(&row.back_end, "t2").await.unwrap().unwrap();
    let page = row.store.list(Some(&within), page.next.as_deref(), 2).await.unwrap();
    assert_eq!(tokens(&page.found.locks), ["t3", "t4"]);
    let page = row.store.list(Some(&within), page.next.as_deref(), 2).await.unwrap();
    assert_eq!(
        (tokens(&page.found.locks), page.next),
        (vec!["t5".to_owned(), "t6".to_owned()], None)
    );
    let page = row.store.list(Some(&within), Some("nonsense"), 2).await.unwrap();
    assert_eq!((page.found.locks, page.next), (Vec::new(), None));
    let one = row.store.list(Some(&row.path("/p/1/")), None, 10).await.unwrap();
    assert_eq!(tokens(&one.found.locks), ["t3"]);
}
