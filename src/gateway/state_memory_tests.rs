//! What is remembered for reads, and what makes it void (EX-4).

use super::*;

fn place(text: &str) -> Place {
    Place(format!("http://back{text}"))
}

fn memory() -> (Arc<StateMemory>, Digest) {
    let memory = Arc::new(StateMemory::new(true));
    let words = memory.key.digest(&[b"who and where"]);
    (memory, words)
}

fn learn(memory: &Arc<StateMemory>, text: &str, words: Digest, state: State, now: Instant) {
    if let Some(asking) = memory.ask(place(text), now) {
        asking.answered(words, state);
    }
}

#[test]
fn for_two_seconds_what_is_there() {
    // EX-4
    let (memory, words) = memory();
    let (other, now) = (memory.key.digest(&[b"somebody else"]), Instant::now());
    for state in [State::Unmapped, State::Unknown] {
        learn(&memory, "/a", words, state, now);
        assert_eq!(memory.recall(&words, now), None, "{state:?}");
    }
    for state in [State::Resource, State::Collection] {
        learn(&memory, "/a", words, state, now);
        assert_eq!(memory.recall(&words, now + KEPT - Duration::from_nanos(1)), Some(state));
        assert_eq!(memory.recall(&words, now + KEPT), None);
        assert_eq!(memory.recall(&other, now), None);
    }
    learn(&memory, &"/x".repeat(LONGEST), other, State::Resource, now);
    assert_eq!(memory.recall(&other, now), None, "a very long path");
}

#[test]
fn writes_make_it_void() {
    // EX-4: at, above and below; also where the question or the answer is on its way when the write begins or ends.
    for (written, void) in [
        ("/a/b", true),
        ("/a", true),
        ("", true),
        ("/a/b/c", true),
        ("/a/bc", false),
        ("/a/c", false),
        ("/b", false),
    ] {
        let now = Instant::now();
        let expected = (!void).then_some(State::Resource);
        let write = |memory: &Arc<StateMemory>| memory.writing(vec![place("/z"), place(written)]);

        let (memory, words) = self::memory();
        learn(&memory, "/a/b", words, State::Resource, now);
        let writing = write(&memory);
        assert_eq!(memory.recall(&words, now), expected, "{written}: asked before");
        learn(&memory, "/a/b", words, State::Resource, now);
        assert_eq!(memory.recall(&words, now), expected, "{written}: asked meanwhile");
        drop(writing);
        learn(&memory, "/a/b", words, State::Resource, now);
        assert_eq!(
            memory.recall(&words, now),
            Some(State::Resource),
            "{written}: asked after"
        );

        let (memory, words) = self::memory();
        let asking = memory.ask(place("/a/b"), now).unwrap();
        drop(write(&memory));
        asking.answered(words, State::Resource);
        assert_eq!(memory.recall(&words, now), expected, "{written}: within the question");

        let writing = write(&memory);
        let asking = memory.ask(place("/a/b"), now).unwrap();
        drop(writing);
        asking.answered(words, State::Resource);
        assert_eq!(
            memory.recall(&words, now),
            expected,
            "{written}: ended within the question"
        );
    }
}

#[test]
fn bounded() {
    // EX-4
    let (memory, _) = memory();
    let now = Instant::now();
    let words = |number: usize| memory.key.digest(&[&number.to_be_bytes()]);
    for number in 0..=MOST {
        learn(&memory, "/a", words(number), State::Resource, now);
    }
    assert_eq!(memory.recall(&words(0), now), None);
    assert_eq!(memory.recall(&words(MOST), now), Some(State::Resource));
    drop(memory.ask(place("/a"), now));
    drop(memory.writing(vec![place("/b")]));
    let known = memory.known().unwrap();
    assert!(known.asking.is_empty() && known.writing.is_empty() && known.found.0.len() == MOST);
}

#[test]
fn not_where_others_write() {
    // EX-4
    let memory = Arc::new(StateMemory::new(false));
    let (words, now) = (memory.key.digest(&[b"a"]), Instant::now());
    assert!(memory.ask(place("/a"), now).is_none() && memory.writing(vec![place("/a")]).is_none());
    assert_eq!(memory.recall(&words, now), None);
}
