//! Rows of the If header against locks and entity tags.

use super::*;
use crate::{locks::LockDepth, xml::lockinfo::LockScope};

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
        creator: Some("ann".to_owned()),
        owner: None,
        timeout: 1,
        created_at: 0,
        expires_at: 1,
    }
}

/// One word for the outcome of `header` on `/c/t`: it is locked by `urn:uuid:t`, `/c` to the bottom by `urn:uuid:c`, `/o` itself by
/// `urn:uuid:o`; `/c/t` has the entity tag `"1"`, `/gone` none, `/asked` is not asked yet.
fn outcome(header: &str, knows_tokens: bool) -> String {
    let header = If::parse(header).unwrap();
    let locks = [
        lock("urn:uuid:t", "/c/t/", LockDepth::Zero),
        lock("urn:uuid:c", "/c/", LockDepth::Infinity),
        lock("urn:uuid:o", "/o/", LockDepth::Zero),
    ];
    let tagged = ["/c", "/c/t", "/o", "/o/in", "/gone", "/asked"].map(|tag| (tag.to_owned(), at(&format!("{tag}/"))));
    let etags = HashMap::from([(at("/c/t/"), Some("W/\"1\"".to_owned())), (at("/gone/"), None)]);
    let comparison = Comparison {
        header: &header,
        target: &at("/c/t/"),
        tagged: &tagged,
        locks: &locks,
        etags: &etags,
        knows_tokens,
    };
    match comparison.outcome() {
        Outcome::Holds(reason) => format!("holds {} {}", reason.tokens.join(" "), reason.etag.unwrap_or_default())
            .trim()
            .to_owned(),
        Outcome::Fails => "fails".to_owned(),
        Outcome::Ask(places) => format!(
            "ask {}",
            places.iter().map(LockPath::path).collect::<Vec<_>>().join(" ")
        ),
        Outcome::Forward(rest) => format!("forward {rest}"),
    }
}

// L-24: lists, conditions, tags, negation, weak comparison.
#[test]
fn compared() {
    for (header, expected) in [
        ("(<urn:uuid:t>)", "holds urn:uuid:t"),
        ("(<urn:uuid:c>)", "holds urn:uuid:c"),
        ("(<urn:uuid:T>)", "fails"),
        ("(<urn:uuid:o>)", "fails"),
        ("(<urn:uuid:x>)", "fails"),
        ("(<urn:uuid:x>) (<urn:uuid:t>)", "holds urn:uuid:t"),
        ("(<urn:uuid:x> <urn:uuid:t>)", "fails"),
        ("(Not <urn:uuid:t>)", "fails"),
        ("(<urn:uuid:t> Not <urn:uuid:x>)", "holds urn:uuid:t"),
        ("</o> (<urn:uuid:o>)", "holds urn:uuid:o"),
        ("</o/in> (<urn:uuid:o>)", "fails"),
        ("</c> (<urn:uuid:t>)", "fails"),
        ("</c> (<urn:uuid:c>)", "holds urn:uuid:c"),
        ("</unknown> (<urn:uuid:c>)", "fails"),
        ("([\"1\"])", "holds  \"1\""),
        ("([W/\"1\"])", "holds  W/\"1\""),
        ("([\"2\"])", "fails"),
        ("(Not [\"2\"])", "holds"),
        ("(<urn:uuid:t> [\"1\"])", "holds urn:uuid:t \"1\""),
        ("</gone> ([\"1\"])", "fails"),
        ("</gone> (Not [\"1\"])", "holds"),
        ("</c/t> ([\"1\"])", "holds  \"1\""),
        // L-25
        ("(<DAV:no-lock>)", "fails"),
        ("(Not <DAV:no-lock>)", "holds"),
        ("(<urn:uuid:x>) (Not <DAV:no-lock>)", "holds"),
    ] {
        assert_eq!(outcome(header, true), expected, "{header}");
    }
}

// L-86: an entity tag is asked for only if the verdict depends on it.
#[test]
fn asked() {
    for (header, expected) in [
        ("</asked> ([\"1\"])", "ask /asked/"),
        ("</asked> (Not [\"1\"] [\"2\"])", "ask /asked/"),
        ("</asked> ([\"1\"] <urn:uuid:x>)", "fails"),
        ("</asked> ([\"1\"]) </c/t> (<urn:uuid:t>)", "holds urn:uuid:t"),
        ("</asked> ([\"1\"] <http://other>)", "ask /asked/"),
    ] {
        assert_eq!(outcome(header, true), expected, "{header}");
    }
}

// L-25: a token that is none of ours is the back end's to judge, or false where it judges none; what it gets holds no token of ours.
#[test]
fn foreign() {
    for (header, forwarded, alone) in [
        ("(<http://sync/1>)", "forward (<http://sync/1>)", "fails"),
        ("(Not <http://sync/1>)", "forward (Not <http://sync/1>)", "holds"),
        ("(<urn:uuid:t> <http://sync/1>)", "forward (<http://sync/1>)", "fails"),
        (
            "(<urn:uuid:t>) (<http://sync/1>)",
            "holds urn:uuid:t",
            "holds urn:uuid:t",
        ),
        ("(<urn:uuid:x> <http://sync/1>)", "fails", "fails"),
        (
            "</c> (<urn:uuid:x>) </o> (<urn:uuid:o> [\"1\"]) (<http://sync/1>)",
            "ask /o/",
            "ask /o/",
        ),
        (
            "</gone> ([\"1\"]) </o> (<urn:uuid:o> <http://sync/1>)",
            "forward </o> (<http://sync/1>)",
            "fails",
        ),
    ] {
        assert_eq!(outcome(header, true), forwarded, "{header}");
        assert_eq!(outcome(header, false), alone, "{header}");
    }
}
