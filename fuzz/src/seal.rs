//! The seal on a lock that a back end keeps (L-8): it proves what it was made for and nothing else, and comes out of the owner element as it
//! went in.

use davgate::{
    locks::{LockPath, seal::SealKey},
    xml::{
        is_allowed,
        lock_mark::{Mark, marked},
    },
};

use crate::{input::Input, xml};

/// `input`: the principal, back end and path of the root, the seal and the time of a mark that was found, a line each; then a `lockinfo`.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let mut text = || std::str::from_utf8(input.line()).ok();
    let (Some(principal), Some(back_end), Some(path), Some(mac), Some(time)) = (text(), text(), text(), text(), text())
    else {
        return;
    };
    let Some(root) = LockPath::stored(back_end, path) else {
        return;
    };
    let time = time.parse().unwrap_or(7);
    let key = SealKey::new(b"one secret");
    let mark = key.mark(principal, &root, time);
    assert!(key.proves(&mark, &root));
    assert!(!SealKey::new(b"another secret").proves(&mark, &root));
    let found = Mark {
        mac: mac.to_owned(),
        ..mark.clone()
    };
    assert!(!key.proves(&found, &root) || found == mark, "nobody sealed {found:?}");
    others(&key, &mark, &root);
    written(&mark, input.rest());
}

/// What is cut differently, or is somebody else's, is not proved.
fn others(key: &SealKey, mark: &Mark, root: &LockPath) {
    let moved = |text: &str| LockPath::stored(&format!("{}{text}", root.back_end), root.path());
    let below = |text: &str| LockPath::stored(&root.back_end, &format!("{}{text}/", root.path()));
    for other in [moved("/"), moved("x"), below("x"), below("")].into_iter().flatten() {
        assert!(!key.proves(mark, &other), "{other:?}");
    }
    let principal = format!("{}x", mark.principal);
    assert!(!key.proves(
        &Mark {
            principal,
            ..mark.clone()
        },
        root
    ));
    assert!(!key.proves(
        &Mark {
            time: mark.time ^ 1,
            ..mark.clone()
        },
        root
    ));
    // What ends the name and begins the back end, or the other way round.
    if let Some((first, last)) = mark
        .principal
        .char_indices()
        .last()
        .map(|(at, last)| (&mark.principal[..at], last))
    {
        let other = LockPath::stored(&format!("{last}{}", root.back_end), root.path());
        let mark = Mark {
            principal: first.to_owned(),
            ..mark.clone()
        };
        assert!(other.is_none_or(|other| !key.proves(&mark, &other)), "cut differently");
    }
}

/// A body with a mark has one mark in each owner, and it says the same.
fn written(mark: &Mark, body: &[u8]) {
    let Some(bytes) = marked(body, mark) else { return };
    if !mark.principal.chars().all(is_allowed) {
        return;
    }
    let Some(document) = xml::well_formed("a marked body", &bytes) else {
        return;
    };
    let owners = document
        .root_element()
        .children()
        .filter(|node| xml::is_dav(node, "owner"));
    let mut count = 0;
    for owner in owners {
        count += 1;
        let is_mark = |node: &roxmltree::Node<'_, '_>| {
            node.tag_name().namespace() == Some("urn:davgate:lock") && node.tag_name().name() == "by"
        };
        let marks: Vec<_> = owner.descendants().filter(is_mark).collect();
        let [found] = marks.as_slice() else {
            panic!("{} marks in one owner", marks.len())
        };
        assert_eq!(found.attribute("p"), Some(mark.principal.as_str()));
        assert_eq!(found.attribute("mac"), Some(mark.mac.as_str()));
        assert_eq!(
            found.attribute("at").and_then(|time| time.parse().ok()),
            Some(mark.time)
        );
    }
    assert!(count > 0, "no owner");
}
