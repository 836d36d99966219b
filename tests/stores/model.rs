//! Random operations by three users on a small tree: a store and the reference must agree after each. L-80, L-84, 4.4.

use davgate::{
    locks::{
        Claim, Lock, LockDepth, LockPath, Reach,
        table::{Effect, LockRefusal, NewLock, NewWrite, WriteId, WriteRefusal},
    },
    store::LockStore,
    xml::lockinfo::LockScope,
};

use crate::reference::{BACK_ENDS, PATHS, Reference};

const USERS: [&str; 3] = ["alice", "bob", "carol"];
/// Longer than any test.
const LONG: u64 = 3_600_000;

/// How many steps: DAVGATE_TEST_STEPS, or `default`.
pub fn steps(default: usize) -> usize {
    std::env::var("DAVGATE_TEST_STEPS").map_or(default, |text| text.parse().expect("DAVGATE_TEST_STEPS is a number"))
}

/// A sequence of numbers that its seed decides (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn path(&mut self, back_end: &str) -> LockPath {
        LockPath::stored(back_end, self.of(&PATHS)).unwrap()
    }

    fn claims(&mut self, back_end: &str, least: usize) -> Vec<Claim> {
        let count = least + self.below(3);
        let one = |chance: &mut Self| Claim {
            path: chance.path(back_end),
            reach: chance.of(&[Reach::Itself, Reach::Itself, Reach::Tree]),
        };
        (0..count).map(|_| one(self)).collect()
    }

    /// Tokens as a request of `user` may have them: its own, others', none, unknown ones.
    fn tokens(&mut self, locks: &[Lock], user: Option<&str>) -> Vec<String> {
        let mut tokens: Vec<String> = match self.below(3) {
            0 => Vec::new(),
            1 => locks
                .iter()
                .map(|lock| lock.token.clone())
                .filter(|_| self.one_in(2))
                .collect(),
            _ => {
                let own = locks.iter().filter(|lock| lock.creator.as_deref() == user);
                own.map(|lock| lock.token.clone()).collect()
            }
        };
        if self.one_in(8) {
            tokens.push("nobody's".to_owned());
        }
        tokens
    }
}

/// Without the times, which the reference does not know.
fn timeless(mut lock: Lock) -> Lock {
    assert!(lock.expires_at >= lock.created_at + lock.timeout, "{lock:?}");
    (lock.created_at, lock.expires_at) = (0, 0);
    lock
}

fn all_timeless(locks: Vec<Lock>) -> Vec<Lock> {
    locks.into_iter().map(timeless).collect()
}

fn plain(lock: Lock) -> Lock {
    Lock {
        created_at: 0,
        expires_at: 0,
        ..lock
    }
}

fn all_plain(locks: Vec<Lock>) -> Vec<Lock> {
    locks.into_iter().map(plain).collect()
}

fn refusal(refusal: LockRefusal) -> LockRefusal {
    match refusal {
        LockRefusal::Conflict(locks) => LockRefusal::Conflict(all_plain(locks)),
        LockRefusal::Locked(locks) => LockRefusal::Locked(all_plain(locks)),
        LockRefusal::Writing => LockRefusal::Writing,
        LockRefusal::TooMany => LockRefusal::TooMany,
    }
}

/// `steps` random operations on `store`, which is empty, and on the reference.
pub async fn agree(store: &dyn LockStore, steps: usize, seed: u64) {
    let mut chance = Chance(seed);
    let mut model = Reference::default();
    let mut ids: Vec<WriteId> = Vec::new();
    let mut seen = [0_usize; 12];
    for step in 0..steps {
        let what = format!("seed {seed}, step {step}");
        let user = chance.of(&USERS);
        let back_end = if chance.one_in(5) { BACK_ENDS[1] } else { BACK_ENDS[0] };
        let token = if chance.one_in(10) || model.locks.is_empty() {
            "gone".to_owned()
        } else {
            chance.of(&model.locks).token
        };
        let time = if chance.one_in(12) { 0 } else { LONG };
        let operation = chance.below(13).saturating_sub(1);
        seen[operation] += 1;
        match operation {
            0..=2 => {
                let new = NewLock {
                    token: format!("urn:uuid:{seed}-{step}"),
                    root: chance.path(back_end),
                    collection: chance.one_in(2),
                    depth: chance.of(&[LockDepth::Zero, LockDepth::Infinity]),
                    scope: chance.of(&[LockScope::Exclusive, LockScope::Shared]),
                    creator: user.to_owned(),
                    owner: chance
                        .one_in(2)
                        .then(|| format!("<D:owner xmlns:D=\"DAV:\">Ö{step}</D:owner>")),
                    timeout: time,
                    claims: chance.claims(back_end, 0),
                    submitted: chance.tokens(&model.locks, Some(user)),
                    most: chance.of(&[2, 3, 100]),
                };
                let expected = model.lock(&new).map_err(refusal);
                let found = store.lock(new).await.unwrap();
                assert_eq!(found.map(timeless).map_err(refusal), expected.map(plain), "{what}");
            }
            3 => {
                let expected = model.refresh(back_end, &token, time).map(plain);
                let found = store.refresh(back_end, &token, time).await.unwrap();
                assert_eq!(found.map(timeless), expected, "{what}");
            }
            4 => {
                let expected = model.remove(back_end, &token).map(plain);
                assert_eq!(
                    store.remove(back_end, &token).await.unwrap().map(timeless),
                    expected,
                    "{what}"
                );
            }
            5 if chance.one_in(3) => {
                // As back ends grant them: without a known creator, or again under the token of another.
                let lock = Lock {
                    token: if chance.one_in(2) {
                        token
                    } else {
                        format!("opaquelocktoken:{step}")
                    },
                    root: chance.path(back_end),
                    collection: false,
                    depth: chance.of(&[LockDepth::Zero, LockDepth::Infinity]),
                    scope: chance.of(&[LockScope::Exclusive, LockScope::Shared]),
                    creator: chance.one_in(2).then(|| user.to_owned()),
                    owner: None,
                    timeout: time,
                    created_at: 0,
                    expires_at: 0,
                };
                model.put(lock.clone());
                assert_eq!(timeless(store.put(lock.clone()).await.unwrap()), lock, "{what}");
            }
            6 | 7 => {
                let creator = (!chance.one_in(6)).then(|| user.to_owned());
                let write = NewWrite {
                    claims: chance.claims(back_end, 1),
                    submitted: chance.tokens(&model.locks, creator.as_deref()),
                    relied_on: if chance.one_in(6) { vec![token] } else { Vec::new() },
                    creator,
                    time,
                };
                let expected = model.begin(&write);
                match store.begin(write.clone()).await.unwrap() {
                    Ok(id) => {
                        assert_eq!(expected, Ok(()), "{what}");
                        assert!(!ids.contains(&id), "{what}");
                        ids.push(id);
                        if time > 0 {
                            model.writes.push((id.0, write.claims, write.creator));
                        }
                    }
                    Err(WriteRefusal::Locked(locks)) => {
                        let locks = WriteRefusal::Locked(all_timeless(locks));
                        let expected = expected.unwrap_err();
                        let WriteRefusal::Locked(known) = expected else {
                            panic!("{what}: {locks:?}, not {expected:?}")
                        };
                        assert_eq!(locks, WriteRefusal::Locked(all_plain(known)), "{what}");
                    }
                    Err(WriteRefusal::Changed) => assert_eq!(expected, Err(WriteRefusal::Changed), "{what}"),
                }
            }
            8 if !ids.is_empty() => {
                let id = ids.swap_remove(chance.below(ids.len()));
                let mut effects = Vec::new();
                if chance.one_in(3) {
                    effects.push(Effect::Gone(chance.path(back_end)));
                }
                if chance.one_in(6) {
                    effects.push(Effect::GoneBelow(chance.path(back_end)));
                }
                model.end(id.0, &effects);
                store.end(id, effects).await.unwrap();
            }
            9 => {
                let claims = chance.claims(back_end, 0);
                let found = store.survey(&claims).await.unwrap();
                assert_eq!(all_timeless(found.locks), all_plain(model.survey(&claims)), "{what}");
            }
            10 => {
                let found = store.find(back_end, &token).await.unwrap();
                assert_eq!(found.map(timeless), model.find(back_end, &token).map(plain), "{what}");
            }
            _ => {
                let within = chance.one_in(2).then(|| chance.path(back_end));
                let (most, mut after, mut found) = (1 + chance.below(4), None, Vec::new());
                loop {
                    let page = store.list(within.as_ref(), after.as_deref(), most).await.unwrap();
                    assert!(page.found.locks.len() <= most, "{what}");
                    found.extend(all_timeless(page.found.locks));
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(found, all_plain(model.list(within.as_ref())), "{what}");
            }
        }
        // Writes that nobody ends would in time keep every lock from being granted.
        if ids.len() > 6 {
            let id = ids.remove(0);
            model.end(id.0, &[]);
            store.end(id, Vec::new()).await.unwrap();
        }
    }
    assert!(steps < 1000 || seen.iter().all(|count| *count > 0), "{seen:?}");
    let page = store.list(None, None, 1_000_000).await.unwrap();
    assert_eq!(
        all_timeless(page.found.locks),
        all_plain(model.list(None)),
        "at the end"
    );
}
