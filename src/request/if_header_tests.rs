//! L-20, L-21, L-26: what an If header may be, and how it is written again.

use super::*;
use proptest::prelude::*;

/// L-20, L-26: what is read, and how it is written again.
#[test]
fn accepted() {
    let rows = [
        ("(<urn:a>)", "(<urn:a>)"),
        ("  ( <urn:a>\t[\"e\"] )  ", "(<urn:a> [\"e\"])"),
        ("(not <urn:a>)(NOT[W/\"e\"])", "(Not <urn:a>) (Not [W/\"e\"])"),
        (
            "</a> (<urn:a>) (<urn:b>) </b>(<urn:c>)",
            "</a> (<urn:a>) (<urn:b>) </b> (<urn:c>)",
        ),
        ("<http://h/a>(<DAV:no-lock>)", "<http://h/a> (<DAV:no-lock>)"),
        ("([\"\"])", "([\"\"])"),
    ];
    for (text, written) in rows {
        assert_eq!(If::parse(text).unwrap().to_string(), written, "{text}");
    }
}

/// B-46: entity tags without quotes, where a back end hands them out so; elsewhere they are malformed.
#[test]
fn bare_entity_tags() {
    for (text, written) in [
        ("(<urn:a> [ts9535.87])", Some("(<urn:a> [ts9535.87])")),
        ("([\"e\"])", Some("([\"e\"])")),
        ("([a b])", None),
        ("([a\"b])", None),
        ("([])", None),
        ("([a)(<urn:b>])", None),
        ("([a](<urn:b>)", None),
        ("([a", None),
    ] {
        let read = If::parse_with_bare_entity_tags(text).map(|read| read.to_string());
        assert_eq!(read.ok().as_deref(), written, "{text}");
    }
    assert_eq!(If::parse("([ts9535.87])"), Err(Malformed));
}

/// L-20, L-21: every way to be malformed.
#[test]
fn refused() {
    let lists = "(<urn:a>)".repeat(MAX_LISTS + 1);
    let conditions = format!("({})", "<urn:a>".repeat(MAX_CONDITIONS + 1));
    let tags: String = (0..=MAX_TAGS).map(|n| format!("</{n}>(<urn:a>)")).collect();
    let long = format!("(<urn:{}>)", "a".repeat(MAX_BYTES));
    let rows = [
        "",
        " ",
        "()",
        "(<urn:a>",
        "<urn:a>)",
        "(<urn:a)",
        "([\"e\")",
        "([e])",
        "([])",
        "([\"e\" ])",
        "([\"a]b\"])",
        "([\"\u{e9}\"])",
        "(<urn:a> [\"x)\"])",
        "</a> ([\"x])</b>(<urn:t>)([\"])",
        "(<urn: a>)",
        "(<>)",
        "(<urn:a>) x",
        "x (<urn:a>)",
        "(Not Not <urn:a>)",
        "(Not)",
        "(<urn:a>) </a> (<urn:b>)",
        "</a>",
        "</a> </b> (<urn:a>)",
        "</a> (<urn:a>) </b>",
        "<> (<urn:a>)",
        "<a> (<urn:a>)",
        "<//h/a> (<urn:a>)",
        "<1a:b> (<urn:a>)",
        "<u_n:b> (<urn:a>)",
        "<urn:> (<urn:a>)",
        "(<urn:a>),(<urn:b>)",
        &lists,
        &conditions,
        &tags,
        &long,
    ];
    for text in rows {
        assert_eq!(If::parse(text), Err(Malformed), "{text}");
    }
    let most: String = (0..MAX_TAGS).map(|n| format!("</{n}>(<urn:a>)")).collect();
    let longest = format!("(<urn:{}>)", "a".repeat(MAX_BYTES - "(<urn:>)".len()));
    for text in ["(<urn:a>)".repeat(MAX_LISTS), most, longest] {
        assert!(If::parse(&text).is_ok(), "{text}");
    }
}

// L-26: false whatever is there, only where each list wants what never is.
#[test]
fn false_whatever_is_there() {
    let never = |state: &State| matches!(state, State::Token(token) if token == "urn:n");
    for (text, expected) in [
        ("(<urn:n>)", true),
        ("(<urn:a>)", false),
        ("(Not <urn:n>)", false),
        ("(Not <urn:a>)", false),
        ("(<urn:a> <urn:n>)", true),
        ("(<urn:a> Not <urn:n>)", false),
        ("(<urn:n>) (<urn:a>)", false),
        ("(<urn:n>) (<urn:a> <urn:n>)", true),
    ] {
        assert_eq!(If::parse(text).unwrap().is_false(never), expected, "{text}");
    }
}

// L-20: what is written there must be read as one token again.
#[test]
fn tokens_that_can_stand_there() {
    for (token, expected) in [
        ("urn:a", true),
        ("1795311818", true),
        ("", false),
        ("a b", false),
        ("a>", false),
        ("<a", false),
        ("é", false),
    ] {
        assert_eq!(If::can_hold(token), expected, "{token}");
    }
}

proptest! {
    /// Any text: no panic; and what is accepted means the same when it is written and read again.
    #[test]
    fn round_trip(text in "[<>()\\[\\]\"/a:W not N\t]{0,40}") {
        if let Ok(parsed) = If::parse(&text) {
            prop_assert_eq!(If::parse(&parsed.to_string()), Ok(parsed));
        }
    }
}
