//! Rows: which locks conflict, which bar a write, and how writes and locks keep each other out.

use super::*;

const BACK_END: &str = "http://back";
const EVER: u64 = 1_000_000;

fn path(path: &str) -> LockPath {
    LockPath::stored(BACK_END, path).unwrap()
}

/// `deep` or flat, `shared` or exclusive, as in `"deep shared"`.
fn new(user: &str, token: &str, root: &str, kind: &str) -> NewLock {
    NewLock {
        token: token.to_owned(),
        root: path(root),
        collection: false,
        depth: if kind.contains("deep") {
            LockDepth::Infinity
        } else {
            LockDepth::Zero
        },
        scope: if kind.contains("shared") {
            LockScope::Shared
        } else {
            LockScope::Exclusive
        },
        creator: user.to_owned(),
        owner: None,
        timeout: EVER,
        claims: Vec::new(),
        submitted: Vec::new(),
        most: 10,
    }
}

fn write(user: Option<&str>, submitted: &[&str], claims: &[Claim]) -> NewWrite {
    NewWrite {
        claims: claims.to_vec(),
        creator: user.map(str::to_owned),
        submitted: submitted.iter().map(|token| (*token).to_owned()).collect(),
        relied_on: Vec::new(),
        time: EVER,
    }
}

// L-55, L-56, L-57, L-80
#[test]
fn which_locks_conflict() {
    let rows = [
        // what is there, what is asked for, whether it is granted
        (("/a/", "flat"), ("/a/", "flat"), false),
        (("/a/", "flat"), ("/a/", "flat shared"), false),
        (("/a/", "flat shared"), ("/a/", "flat"), false),
        (("/a/", "flat shared"), ("/a/", "flat shared"), true),
        (("/a/", "flat"), ("/a/b/", "deep"), true),
        (("/a/", "deep"), ("/a/b/c/", "flat"), false),
        (("/a/", "deep shared"), ("/a/b/c/", "flat shared"), true),
        (("/a/", "deep shared"), ("/a/b/c/", "flat"), false),
        (("/a/b/c/", "flat"), ("/a/", "deep"), false),
        (("/a/b/c/", "flat"), ("/a/", "flat"), true),
        (("/a/b/c/", "flat shared"), ("/", "deep shared"), true),
        (("/a/", "deep"), ("/a0/", "deep"), true),
        (("/a/", "deep"), ("/ab/", "deep"), true),
        (("/", "deep"), ("/a/", "flat"), false),
    ];
    for ((held, its), (asked, kind), granted) in rows {
        for user in ["alice", "bob"] {
            let mut table = LockTable::default();
            table.lock(new("alice", "t1", held, its), 0).unwrap();
            let outcome = table.lock(new(user, "t2", asked, kind), 1);
            match outcome {
                Ok(lock) => assert!(granted && lock.expires_at == 1 + EVER, "{held} {its}, {asked} {kind}"),
                Err(LockRefusal::Conflict(locks)) => {
                    assert!(
                        !granted && locks.len() == 1 && locks[0].token == "t1",
                        "{held} {its}, {asked} {kind}"
                    );
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

/// What is written, by whom, with which tokens, and what is in the way.
type Row<'a> = (Claim, Option<&'a str>, &'a [&'a str], &'a [&'a str]);

// L-23, L-30 to L-34, L-37, L-39
#[test]
fn which_locks_bar_a_write() {
    let mut table = LockTable::default();
    table.lock(new("alice", "flat", "/c/", "flat"), 0).unwrap();
    table.lock(new("alice", "deep", "/d/", "deep"), 0).unwrap();
    table.lock(new("alice", "s1", "/s/", "deep shared"), 0).unwrap();
    table.lock(new("bob", "s2", "/s/", "flat shared"), 0).unwrap();
    let itself = |at: &str| Claim::itself(path(at));
    let tree = |at: &str| Claim::tree(path(at));
    let rows: [Row<'_>; 18] = [
        (itself("/c/"), Some("bob"), &[], &["flat"]),
        (itself("/c/m/"), Some("bob"), &[], &[]), // L-37
        (tree("/c/m/"), Some("bob"), &[], &[]),
        (itself("/c/"), Some("alice"), &[], &["flat"]),
        (itself("/c/"), Some("alice"), &["flat"], &[]),
        (itself("/c/"), Some("bob"), &["flat"], &["flat"]), // L-39
        (itself("/c/"), None, &["flat"], &["flat"]),
        (itself("/d/m/"), Some("bob"), &[], &["deep"]),
        (itself("/d/m/"), Some("alice"), &["deep"], &[]),
        (tree("/"), Some("alice"), &["deep"], &["flat", "s1", "s2"]),
        (tree("/"), Some("alice"), &["deep", "flat", "s1"], &[]),
        (itself("/"), Some("bob"), &[], &[]),
        (itself("/s/"), Some("bob"), &["s2"], &[]),
        (itself("/s/m/"), Some("bob"), &["s2"], &["s1"]),
        (tree("/s/"), Some("bob"), &["s2"], &["s1"]), // of what is below, s2 covers nothing
        (tree("/s/"), Some("alice"), &["s1"], &[]),
        (itself("/s/"), Some("carol"), &["s1", "s2"], &["s1", "s2"]),
        (itself("/e/"), None, &[], &[]),
    ];
    for (claim, user, submitted, barring) in rows {
        let outcome = table.begin(write(user, submitted, std::slice::from_ref(&claim)), 1);
        let found: Vec<String> = match outcome {
            Ok(id) => {
                assert!(table.end(id, &[]).is_empty());
                Vec::new()
            }
            Err(WriteRefusal::Locked(locks)) => locks.into_iter().map(|lock| lock.token).collect(),
            Err(WriteRefusal::Changed) => panic!("nothing was relied on"),
        };
        assert_eq!(found, barring, "{claim:?} by {user:?} with {submitted:?}");
    }
}

// L-84
#[test]
fn writes_and_locks_keep_each_other_out() {
    let mut table = LockTable::default();
    let id = table
        .begin(write(Some("bob"), &[], &[Claim::tree(path("/a/"))]), 0)
        .unwrap();
    assert_eq!(
        table.lock(new("alice", "t", "/a/b/", "flat"), 1),
        Err(LockRefusal::Writing)
    );
    table.lock(new("bob", "own", "/a/b/", "flat"), 1).unwrap();
    table.remove(BACK_END, "own").unwrap();
    table.end(id, &[]);
    table.lock(new("alice", "t", "/a/b/", "flat"), 1).unwrap();
    // What takes too long is forgotten.
    table.begin(write(None, &[], &[Claim::itself(path("/z/"))]), 0).unwrap();
    assert_eq!(
        table.lock(new("alice", "z", "/z/", "flat"), EVER - 1),
        Err(LockRefusal::Writing)
    );
    table.lock(new("alice", "z", "/z/", "flat"), EVER).unwrap();
}

// L-68, L-85
#[test]
fn what_has_ended_counts_for_nothing() {
    let mut table = LockTable::default();
    for token in ["a", "b"] {
        let most = NewLock {
            most: 2,
            ..new("alice", token, &format!("/{token}/"), "deep")
        };
        table.lock(most, 0).unwrap();
    }
    let third = NewLock {
        most: 2,
        ..new("alice", "c", "/c/", "flat")
    };
    assert_eq!(table.lock(third.clone(), EVER - 1), Err(LockRefusal::TooMany));
    assert!(table.refresh(BACK_END, "a", EVER, EVER - 1).is_some());
    assert_eq!(table.survey(&[Claim::tree(path("/"))], EVER).len(), 1);
    assert_eq!(
        (table.find(BACK_END, "b", EVER), table.refresh(BACK_END, "b", 1, EVER)),
        (None, None)
    );
    table.lock(third, EVER).unwrap();
    assert_eq!(table.len(), 2);
}

// L-4
#[test]
fn what_a_write_takes_away() {
    let mut table = LockTable::default();
    for root in ["/a/", "/a/b/", "/a/b/c/", "/a0/"] {
        table.lock(new("alice", root, root, "flat"), 0).unwrap();
    }
    let gone = |table: &mut LockTable, effect: Effect| -> Vec<String> {
        table
            .end(WriteId(0), &[effect])
            .into_iter()
            .map(|lock| lock.token)
            .collect()
    };
    assert_eq!(gone(&mut table, Effect::GoneBelow(path("/a/b/"))), ["/a/b/c/"]);
    assert_eq!(gone(&mut table, Effect::Gone(path("/a/"))), ["/a/", "/a/b/"]);
    assert_eq!(gone(&mut table, Effect::Gone(path("/"))), ["/a0/"]);
    assert!(table.is_empty());
}

// L-32, L-38: what a refusal costs does not grow with the locks below, and it names enough of them
#[test]
fn very_many_below() {
    let mut table = LockTable::default();
    for number in 0..20_000 {
        let lock = new("ann", &format!("urn:{number}"), &format!("/t/{number}/"), "shared");
        table.put(lock.into_lock(0));
    }
    let whole = [Claim::tree(path("/t/"))];
    let began = std::time::Instant::now();
    let Err(WriteRefusal::Locked(named)) = table.begin(write(Some("bob"), &[], &whole), 1) else {
        panic!("a write past locks");
    };
    assert_eq!(named.len(), MOST_NAMED);
    let Err(LockRefusal::Conflict(named)) = table.lock(new("bob", "urn:b", "/t/", "deep"), 1) else {
        panic!("a lock beside others");
    };
    assert_eq!(named.len(), MOST_NAMED);
    // Shared ones do not conflict; and one of one's own lets a write pass them all.
    table.lock(new("bob", "urn:b", "/t/", "deep shared"), 1).unwrap();
    table.begin(write(Some("bob"), &["urn:b"], &whole), 1).unwrap();
    assert!(
        began.elapsed() < std::time::Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}
