use super::*;
use crate::{locks::LockDepth, store::memory::MemoryStore, telemetry::metrics::Metrics, xml::lockinfo::LockScope};

fn new(token: &str, creator: &str) -> NewLock {
    NewLock {
        token: token.to_owned(),
        root: LockPath::stored("http://dav", "/a/").unwrap(),
        collection: false,
        depth: LockDepth::Zero,
        scope: LockScope::Exclusive,
        creator: creator.to_owned(),
        owner: None,
        timeout: 60_000,
        claims: Vec::new(),
        submitted: Vec::new(),
        most: 10,
    }
}

#[tokio::test]
async fn operations_are_counted_by_what_came_of_them() {
    let metrics = Metrics::new().unwrap();
    let inner = Arc::<MemoryStore>::default();
    let store = MeasuredStore::new(inner, &StoreSettings::Memory, metrics.lock_families().clone());
    store.lock(new("one", "ann")).await.unwrap().unwrap();
    store.lock(new("two", "bob")).await.unwrap().unwrap_err();
    assert_eq!(store.find("http://dav", "two").await, Ok(None));
    store.take_stock().await;
    let text = metrics.render();
    for line in [
        r#"davgate_lock_operations_total{operation="lock",result="done"} 1"#,
        r#"davgate_lock_operations_total{operation="lock",result="locked"} 1"#,
        r#"davgate_lock_operations_total{operation="find",result="absent"} 1"#,
        r#"davgate_lock_store_seconds_count{operation="lock"} 2"#,
        r#"davgate_lock_store_up{store="memory"} 1"#,
        r#"davgate_locks{store="memory"} 1"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
}

/// A store that is down, whatever one does.
#[derive(Debug)]
struct Closed;

fn closed<T>() -> Result<T, Down> {
    Err(Down("closed".to_owned()))
}

#[async_trait]
impl LockStore for Closed {
    async fn survey(&self, _: &[Claim]) -> Result<Found, Down> {
        closed()
    }
    async fn lock(&self, _: NewLock) -> Result<Result<Lock, LockRefusal>, Down> {
        closed()
    }
    async fn refresh(&self, _: &str, _: &str, _: u64) -> Result<Option<Lock>, Down> {
        closed()
    }
    async fn find(&self, _: &str, _: &str) -> Result<Option<Lock>, Down> {
        closed()
    }
    async fn remove(&self, _: &str, _: &str) -> Result<Option<Lock>, Down> {
        closed()
    }
    async fn put(&self, _: Lock) -> Result<Lock, Down> {
        closed()
    }
    async fn begin(&self, _: NewWrite) -> Result<Result<WriteId, WriteRefusal>, Down> {
        closed()
    }
    async fn end(&self, _: WriteId, _: Vec<Effect>) -> Result<(), Down> {
        closed()
    }
    async fn list(&self, _: Option<&LockPath>, _: Option<&str>, _: usize) -> Result<Page, Down> {
        closed()
    }
    async fn count(&self) -> Result<u64, Down> {
        closed()
    }
    async fn held(&self, _: &str) -> Result<u32, Down> {
        closed()
    }
    async fn ping(&self) -> Result<(), Down> {
        closed()
    }
}

// L-91
#[tokio::test]
async fn a_store_that_is_down_has_no_number_of_locks() {
    let metrics = Metrics::new().unwrap();
    let store = MeasuredStore::new(
        Arc::new(Closed),
        &StoreSettings::Memory,
        metrics.lock_families().clone(),
    );
    store.take_stock().await;
    store.ping().await.unwrap_err();
    let text = metrics.render();
    for line in [
        r#"davgate_lock_operations_total{operation="ping",result="down"} 1"#,
        r#"davgate_lock_store_up{store="memory"} 0"#,
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in\n{text}");
    }
    assert!(!text.contains("davgate_locks{"), "{text}");
}
