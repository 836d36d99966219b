use super::*;

/// Design section 4: rule paths.
#[test]
fn matches_relative_keys() {
    let rows: &[(&str, &str, &[&str], &[&str])] = &[
        ("root", "/", &[""], &["/a"]),
        ("everything", "/**", &["", "/a", "/a/b/c"], &[]),
        ("literal", "/a/b", &["/a/b"], &["/a", "/a/b/c", "/a/B", "/x/a/b"]),
        ("trailing slash says nothing", "/a/b/", &["/a/b"], &["/a/b/c"]),
        (
            "subtree and its top",
            "/archive/**",
            &["/archive", "/archive/x", "/archive/x/y"],
            &["", "/archives", "/x/archive"],
        ),
        ("one segment", "/home/*", &["/home/ann"], &["/home", "/home/ann/x"]),
        (
            "part of a segment",
            "/*.txt",
            &["/.txt", "/a.txt", "/a.b.txt"],
            &["/a.txt/b", "/a.txtx", "/d/a.txt"],
        ),
        (
            "two stars in a name",
            "/a*b*c",
            &["/abc", "/aXbYc", "/abbc"],
            &["/ab", "/acb", "/abcd"],
        ),
        (
            "depth in the middle",
            "/a/**/z",
            &["/a/z", "/a/b/z", "/a/z/z", "/a/b/c/z"],
            &["/a", "/a/b", "/z", "/a/z/b"],
        ),
        (
            "depth first",
            "/**/secret",
            &["/secret", "/a/secret", "/a/b/secret"],
            &["", "/secrets", "/secret/a"],
        ),
        (
            "depth twice",
            "/**/a/**/b",
            &["/a/b", "/x/a/y/b", "/a/a/b/b"],
            &["/b/a", "/a", "/a/b/c"],
        ),
        ("depth, then one at least", "/a/**/*", &["/a/b", "/a/b/c"], &["/a"]),
        (
            "percent-decoded",
            "/my%20files/%C3%A9",
            &["/my files/é"],
            &["/my%20files/%C3%A9"],
        ),
        ("raw text", "/my files/é", &["/my files/é"], &[]),
        ("NFC", "/e\u{301}*", &["/é", "/éa"], &["/ea"]),
        ("an encoded star is a name", "/%2A", &["/*"], &["/a", ""]),
        ("a percent sign in a name", "/100%25", &["/100%"], &["/100"]),
        ("star keeps characters whole", "/*é", &["/é", "/aé"], &["/ã"]),
        (
            "regex",
            "~^/[a-z]+(/.*)?$",
            &["/ab", "/ab/C"],
            &["", "/AB", "/ab1", "x/ab"],
        ),
        (
            "a regex is anchored in each branch",
            "~^/a|/b$",
            &["/a", "/b"],
            &["/ab", "/a/b", "/x/b"],
        ),
    ];
    for (name, pattern, matching, other) in rows {
        let compiled = PathPattern::parse(pattern).unwrap_or_else(|error| panic!("{name}: {error}"));
        for key in *matching {
            assert!(compiled.matches(key, None), "{name}: {pattern} should match {key:?}");
        }
        for key in *other {
            assert!(
                !compiled.matches(key, None),
                "{name}: {pattern} should not match {key:?}"
            );
        }
    }
}

// P-2, P-5: what no canonical path holds, no rule may name. The accepting twins are above.
#[test]
fn refuses_what_is_no_canonical_path() {
    use {PathError as P, PatternError as E};
    let rows: &[(&str, &str, E)] = &[
        ("empty", "", E::NotAPath),
        ("no slash", "archive/**", E::NotAPath),
        ("only a star", "**", E::NotAPath),
        ("requester", "/home/{user}/**", E::NoUserHere),
        ("other braces", "/home/{name}", E::Brace),
        ("backslash", r"/a\b", E::NotCanonical(P::EncodedSeparator)),
        ("query", "/a?b", E::Character('?')),
        ("fragment", "/a#b", E::Character('#')),
        ("control", "/a\tb", E::NotCanonical(P::ForbiddenCharacter)),
        ("encoded control", "/a%0Ab", E::NotCanonical(P::ControlCharacter)),
        ("encoded slash", "/a%2Fb", E::NotCanonical(P::EncodedSeparator)),
        ("encoded backslash", "/a%5cb", E::NotCanonical(P::EncodedSeparator)),
        ("NUL", "/a%00", E::NotCanonical(P::ControlCharacter)),
        ("dot", "/a/./b", E::NotCanonical(P::DotSegment)),
        ("dots", "/a/../b", E::NotCanonical(P::DotSegment)),
        ("encoded dots", "/a/%2e%2E/b", E::NotCanonical(P::DotSegment)),
        ("double slash", "/a//b", E::EmptySegment),
        ("double encoding", "/a%252Fb", E::NotCanonical(P::DoubleEncoding)),
        ("half an encoding", "/a%2", E::NotCanonical(P::MalformedPercent)),
        ("no hex", "/100%", E::NotCanonical(P::MalformedPercent)),
        ("not UTF-8", "/%FF", E::NotCanonical(P::NotUtf8)),
        ("part of a depth", "/a**", E::PartialDepth),
        ("regex without ends", "~/a", E::Unanchored),
        ("regex without end", "~^/a", E::Unanchored),
        ("unbalanced", "~^/a)(?:b$", E::Regex("unopened group".into())),
    ];
    for (name, pattern, error) in rows {
        assert_eq!(
            PathPattern::parse(pattern).err().as_ref(),
            Some(error),
            "{name}: {pattern}"
        );
    }
}

// P-8: a route that folds case folds its rules with the same function.
#[test]
fn folds_literals_and_regexes() {
    let fold = |text: &str| text.to_lowercase();
    for pattern in ["/Archive/*.TXT", "~^/Archive/.*\\.TXT$"] {
        let folded = PathPattern::parse_folded(pattern, fold, true).unwrap();
        assert!(folded.matches("/archive/a.txt", None), "{pattern}");
        assert!(
            !PathPattern::parse(pattern).unwrap().matches("/archive/a.txt", None),
            "{pattern}"
        );
    }
}

// P-9: keys are in NFC and folded, so what stands in a regex and is not would match nothing, and deny nothing.
#[test]
fn regexes_are_in_the_form_of_keys() {
    let decomposed = PathPattern::parse("~^/u\u{308}/.*$").unwrap();
    assert!(decomposed.matches("/\u{fc}/a", None));
    let fold = crate::url::path_rules::fold_case;
    let parse = |text, ignore_case| PathPattern::parse_folded(text, fold, ignore_case);
    let refused = PatternError::Folded('\u{df}', "ss".to_owned());
    assert_eq!(parse("~^/stra\u{df}e/.*$", true).err(), Some(refused));
    assert!(parse("~^/\u{dc}/.*$", true).unwrap().matches("/\u{fc}/a", None));
}

// The requester's name is one whole segment and never a pattern.
#[test]
fn the_requesters_name() {
    let parse = |text| PathPattern::parse_for_users(text, str::to_owned, false);
    let rows: &[(&str, &str, Option<&str>, bool)] = &[
        ("/home/{user}/**", "/home/ann/x", Some("ann"), true),
        ("/home/{user}/**", "/home/ann", Some("ann"), true),
        ("/home/{user}/**", "/home/anna", Some("ann"), false),
        ("/home/{user}/**", "/home/ann", None, false),
        ("/home/{user}", "/home/ann", Some("*"), false),
        ("/home/{user}", "/home/*", Some("*"), true),
        ("/home/{user}", "/home/a/b", Some("a/b"), false),
        ("/home/{user}", "/home", Some(""), false),
        ("/home/{user}", "/home/{user}", Some("ann"), false),
        ("/home/{user}", "/home/{user}", Some("{user}"), true),
        ("/home/%7Buser%7D", "/home/{user}", None, true),
        ("/{user}/to/{user}", "/ann/to/ann", Some("ann"), true),
        ("/{user}/to/{user}", "/ann/to/bob", Some("ann"), false),
        ("/{user}/", "/ann", Some("ann"), true),
    ];
    for (text, key, user, matches) in rows {
        assert_eq!(
            parse(text).unwrap().matches(key, *user),
            *matches,
            "{text} {key} {user:?}"
        );
    }
    for text in ["/home/{user}x", "/home/{user}*/**", "~^/home/{user}/.*$", "/%20{user}"] {
        assert_eq!(parse(text).unwrap_err(), PatternError::PartialUser, "{text}");
    }
    assert_eq!(parse("/home/{name}").unwrap_err(), PatternError::Brace);
    assert!(parse("/{user}").unwrap().names_user() && !parse("/**").unwrap().names_user());
}

#[test]
fn knows_what_covers_what() {
    let rows: &[(&str, &str, bool)] = &[
        ("/a", "/**", true),
        ("/**", "/**", true),
        ("/**", "/a/**", false),
        ("/a/b/**", "/a/**", true),
        ("/a", "/a/**", true),
        ("/a/**", "/a", false),
        ("/a/**", "/a/*", false),
        ("/a/*", "/a/**/*", true),
        ("/a/x*", "/a/*", true),
        ("/a/*x", "/a/x*", false),
        ("/a/x*y", "/*/x*", true),
        ("/**/a/**", "/**", true),
        ("/**/a", "/**/b", false),
        ("/{user}", "/*", true),
        ("/{user}", "/{user}", true),
        ("/{user}/x", "/{user}/**", true),
        ("/{user}", "/**/*", true),
        ("/{user}", "/a*", false),
        ("/{user}", "/a", false),
        ("/a", "/{user}", false),
        ("/*", "/{user}", false),
        ("~^/a$", "/**", true),
        ("~^/a$", "~^/a$", true),
        ("~^/a$", "/a", false),
        ("/a", "~^/a$", false),
    ];
    for (narrow, wide, covered) in rows {
        let [ours, theirs] =
            [narrow, wide].map(|text| PathPattern::parse_for_users(text, str::to_owned, false).unwrap());
        assert_eq!(ours.is_covered_by(&theirs), *covered, "{narrow} by {wide}");
    }
}

#[test]
fn many_stars_cost_a_product_not_a_power() {
    let pattern = PathPattern::parse(&format!("{}/z", "/**/a*a*a*a".repeat(20))).unwrap();
    let started = std::time::Instant::now();
    assert!(!pattern.matches(&format!("/{}", "a".repeat(200)).repeat(100), None));
    assert!(started.elapsed().as_secs() < 20, "took {:?}", started.elapsed());
}
