//! The If header: what is printed is read as the same, and it holds exactly when it holds by the letter of RFC 4918 section 10.4 (L-20 to
//! L-26).

use std::collections::HashMap;

use davgate::{
    locks::{
        Lock, LockDepth, LockPath,
        condition::{Comparison, Outcome},
    },
    request::{If, if_header, if_header::State},
    xml::lockinfo::LockScope,
};

use crate::input::Input;

/// `input`: whether entity tags may be bare, whether the back end knows tokens, then the header.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let bare = *input.pick(&[false, true]);
    let knows_tokens = *input.pick(&[false, true]);
    let Some(text) = input.field() else { return };
    let read = |text: &str| match bare {
        true => If::parse_with_bare_entity_tags(text),
        false => If::parse(text),
    };
    let Ok(header) = read(text) else { return };
    if !bare {
        assert_eq!(If::parse_with_bare_entity_tags(text), Ok(header.clone()));
    }
    let written = header.to_string();
    assert!(written.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{written:?}");
    // The blanks of the one spelling may make it too long.
    if written.len() <= 8 << 10 {
        assert_eq!(read(&written), Ok(header.clone()), "{written}");
    }
    changed(&header);
    compared(&header, knows_tokens);
}

/// What replaces parts of it replaces those and no others.
fn changed(header: &If) {
    let tokens = header.tokens();
    let without = header.clone().without(&tokens);
    let left = without.tokens();
    assert!(left.iter().all(|token| token == if_header::NO_LOCK), "{left:?}");
    assert!(tokens.iter().all(|token| If::can_hold(token)));
    let same = header.clone().map_tokens(|_| Ok::<_, ()>(None));
    assert_eq!(same.as_ref(), Ok(header));
    let conditions = |header: &If| header.lists().iter().map(|list| list.conditions.len()).sum::<usize>();
    let apart = header.one_by_one();
    assert_eq!(
        (apart.lists().len(), conditions(&apart)),
        (conditions(header), conditions(header))
    );
    let tagged = header.clone().with_entity_tag("\"x\"");
    assert_eq!(conditions(&tagged), conditions(header) + header.lists().len());
}

fn at(path: &str) -> LockPath {
    LockPath::stored("b", path).unwrap()
}

fn lock(token: &str, root: &str, depth: LockDepth) -> Lock {
    Lock {
        token: token.to_owned(),
        root: at(root),
        collection: true,
        depth,
        scope: LockScope::Exclusive,
        creator: None,
        owner: None,
        timeout: 1,
        created_at: 0,
        expires_at: 1,
    }
}

/// The entity tag of what is at `path`.
fn entity_tag(path: &LockPath) -> Option<String> {
    match path.path() {
        "/c/t/" => Some("\"1\"".to_owned()),
        "/o/" => Some("W/\"2\"".to_owned()),
        _ => None,
    }
}

fn compared(header: &If, knows_tokens: bool) {
    let locks = [
        lock("urn:uuid:t", "/c/t/", LockDepth::Zero),
        lock("urn:uuid:c", "/c/", LockDepth::Infinity),
        lock("urn:uuid:o", "/o/", LockDepth::Zero),
    ];
    let tags = header.lists().iter().filter_map(|list| list.tag.clone());
    // A tag names what its last letters say.
    let place = |tag: &str| match tag.as_bytes().last() {
        Some(b'c') => at("/c/"),
        Some(b't') => at("/c/t/"),
        Some(b'o') => at("/o/"),
        _ => at("/gone/"),
    };
    let tagged: Vec<(String, LockPath)> = tags.map(|tag| (tag.clone(), place(&tag))).collect();
    let target = at("/c/t/");
    let mut etags = HashMap::new();
    let outcome = loop {
        let comparison = Comparison {
            header,
            target: &target,
            tagged: &tagged,
            locks: &locks,
            etags: &etags,
            knows_tokens,
        };
        match comparison.outcome() {
            Outcome::Ask(places) => {
                assert!(!places.is_empty());
                for place in places {
                    let tag = entity_tag(&place);
                    assert_eq!(etags.insert(place, tag), None, "asked twice");
                }
            }
            other => break other,
        }
    };
    let holds = by_the_letter(header, &locks, |tag| tag.map_or(target.clone(), place));
    match outcome {
        Outcome::Holds(_) => assert!(holds || knows_tokens, "{header}"),
        Outcome::Fails => assert!(!holds, "{header}"),
        Outcome::Forward(rest) => assert!(knows_tokens && !rest.lists().is_empty(), "{header}"),
        Outcome::Ask(_) => unreachable!(),
    }
}

/// Where nobody else knows tokens.
fn by_the_letter(header: &If, locks: &[Lock], place: impl Fn(Option<&str>) -> LockPath) -> bool {
    header.lists().iter().any(|list| {
        let place = place(list.tag.as_deref());
        list.conditions.iter().all(|condition| {
            let matches = match &condition.state {
                State::Token(token) => locks.iter().any(|lock| lock.token == *token && lock.covers(&place)),
                State::EntityTag(etag) => entity_tag(&place).is_some_and(|current| opaque(&current) == opaque(etag)),
            };
            matches != condition.not
        })
    })
}

fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}
