//! Answers of the back end to the gateway's own questions: what is there, a listing, its locks (EX-1, A-24, L-1, L-7).

use davgate::xml::{
    activelock::{self, ActiveLock},
    lockdiscovery::{self, FoundLock},
    probe::{parse_listing, parse_probe},
};

use crate::xml;

/// `input`: the body of an answer.
pub fn check(input: &[u8]) {
    let (one, all) = (parse_probe(input), parse_listing(input));
    if let Some(one) = one {
        let all = all.expect("what is read as one is read as a listing");
        assert_eq!(all.first(), Some(&one));
        if let Some(etag) = &one.etag {
            assert!(!etag.is_empty());
        }
    }
    let discovered = lockdiscovery::parse_discovery(input).told();
    let answered = lockdiscovery::parse_answer(input);
    assert!(discovered.is_none() || answered.is_none(), "one document, two meanings");
    for found in discovered.into_iter().chain(answered).flatten() {
        told(&found);
    }
}

fn told(found: &FoundLock) {
    let lock = &found.lock;
    let ActiveLock { owner, token, root, .. } = lock;
    if let Some(owner) = owner {
        let is_mark = |node: roxmltree::Node<'_, '_>| {
            node.tag_name().namespace() == Some("urn:davgate:lock") && node.tag_name().name() == "by"
        };
        let document = xml::well_formed("an owner by itself", owner.as_bytes());
        let marked = |document: roxmltree::Document<'_>| document.descendants().any(is_mark);
        assert!(!document.is_some_and(marked), "a mark went out: {owner}");
    }
    assert!(token.as_ref().is_none_or(|token| !token.is_empty()), "an empty token");
    assert!(root.as_ref().is_none_or(|root| !root.is_empty()));
    // As the gateway tells it, it is read as the same.
    let told = lockdiscovery::parse_answer(activelock::lock_answer(lock).as_bytes()).unwrap_or_default();
    let [again] = told.as_slice() else { panic!("{told:?}") };
    let (owner, again) = (lock.owner.clone(), again.lock.clone());
    assert_eq!(ActiveLock { owner, ..again }, *lock);
}
