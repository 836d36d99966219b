//! Locks as the stores keep them: what is read is written and read as the same, whoever wrote it first (L-90).

use davgate::store::record;
use serde_json::Value;

/// `input`: the text of a lock.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(lock) = record::read(text) else { return };
    let written = record::write(&lock);
    assert_eq!(record::read(&written), Some(lock.clone()), "{written}");
    assert!(written.ends_with(&record::json(&lock)));
    nothing_is_lost(text, &record::json(&lock));
    assert!(lock.root.path().starts_with('/') && lock.root.path().ends_with('/'));
    assert!(lock.covers(&lock.root));
    for above in lock.root.ancestors() {
        assert!(lock.root.is_below(&above), "{:?} above {:?}", above, lock.root);
        assert!(!lock.covers(&above));
    }
    let [collection, member] = [true, false].map(|collection| lock.root.upstream(collection));
    assert_eq!(collection.is_some(), member.is_some());
    if let Some(path) = collection {
        assert!(path.0.slash());
    }
    let _ = (lock.is_live(lock.created_at), lock.remaining(lock.created_at));
}

/// What stands in the text stands in what is written of it.
fn nothing_is_lost(text: &str, written: &str) {
    let read = text.splitn(4, ' ').nth(3).unwrap_or_default();
    // What stands under keys that are none is not looked at, and may be no text.
    let Ok(read) = serde_json::from_str::<Value>(read) else {
        return;
    };
    let written: Value = serde_json::from_str(written).expect("JSON");
    for (key, value) in written.as_object().into_iter().flatten() {
        assert_eq!(read.get(key), Some(value), "{key}");
    }
    for key in ["creator", "owner"] {
        assert_eq!(
            read.get(key).filter(|value| !value.is_null()),
            written.get(key),
            "{key}"
        );
    }
}
