//! Paths: the canonical form is one, and mapping it there and back changes nothing (P-2 to P-10, R-6).

use davgate::url::{
    CanonicalPath, PathRules, PrefixMap, PublicPath,
    path::MAX_SEGMENTS,
    path_rules::{PathUse, ReservedName},
};

use crate::input::Input;

/// Public and upstream prefixes.
const PREFIXES: [(&str, &str); 6] = [
    ("/files/", "/dav/"),
    ("/", "/"),
    ("/files/", "/"),
    ("/", "/dav/deep/"),
    ("/a/b/", "/a/"),
    ("/Stra%C3%9Fe/", "/%C3%A9/"),
];

/// `input`: which prefixes, which rules as bits, which use, then a path.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (public, upstream) = *input.pick(&PREFIXES);
    let rules = rules(input.byte());
    let used_as = *input.pick(&[PathUse::Target, PathUse::Destination]);
    let Ok(path) = CanonicalPath::parse(input.rest()) else {
        return;
    };
    is_canonical(&path);
    let Ok(path) = rules.apply(path, used_as) else { return };
    is_canonical(&path);
    let same = Some((path.key().to_owned(), path.to_string()));
    assert_eq!(again(&path, &rules, used_as), same, "no fixed point of the rules");
    if let Some(parent) = path.parent() {
        is_canonical(&parent);
        assert!(path.is_below(&parent));
    }

    let [public, upstream] = [public, upstream].map(|text| CanonicalPath::parse(text.as_bytes()).unwrap());
    let map = if rules.fold {
        PrefixMap::folding(public, upstream)
    } else {
        PrefixMap::new(public, upstream)
    };
    there_and_back(&map, &PublicPath(path));
}

fn rules(bits: u8) -> PathRules {
    PathRules {
        encode_raw: bits & 1 != 0,
        fold: bits & 2 != 0,
        windows: bits & 4 != 0,
        nfc: bits & 8 != 0,
        double_decode: bits & 16 != 0,
        no_delimiters_in_destination: bits & 32 != 0,
        reserved: match bits & 64 != 0 {
            true => vec![ReservedName::parse(".git"), ReservedName::parse("private*")],
            false => Vec::new(),
        },
    }
}

/// Key and wire form of what the wire form of `path` is read as.
fn again(path: &CanonicalPath, rules: &PathRules, used_as: PathUse) -> Option<(String, String)> {
    let read = CanonicalPath::parse(path.to_string().as_bytes()).ok()?;
    let read = rules.apply(read, used_as).ok()?;
    Some((read.key().to_owned(), read.to_string()))
}

fn is_canonical(path: &CanonicalPath) {
    let text = path.to_string();
    let key = path.key();
    assert!(text.starts_with('/') && text.is_ascii(), "{text}");
    assert!(!text.contains("//"), "{text}");
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#\\\"<>^`{|}".contains(&byte)),
        "{text}"
    );
    let lower = text.to_ascii_lowercase();
    for never in ["%2f", "%5c", "%00", "%0a", "%0d", "%7f"] {
        assert!(!lower.contains(never), "{text}");
    }
    assert!(
        !key.ends_with('/') && (key.is_empty() || key.starts_with('/')),
        "{key:?}"
    );
    assert!(!key.chars().any(|c| c.is_ascii_control() || c == '\\'), "{key:?}");
    let names: Vec<&str> = path.segments().collect();
    assert!(
        names
            .iter()
            .all(|name| !name.is_empty() && *name != "." && *name != ".."),
        "{key:?}"
    );
    let sent = text.split('/').filter(|part| !part.is_empty());
    assert_eq!(sent.count(), names.len(), "{text} {key:?}");
    let read = CanonicalPath::parse(text.as_bytes()).expect("the canonical form is one");
    assert_eq!(read.to_string(), text);
    assert_eq!(read.slash(), path.slash());
}

fn there_and_back(map: &PrefixMap, path: &PublicPath) {
    let there = map.to_upstream(path);
    assert_eq!(there.is_some(), path.0.starts_with(&map.public().0), "{path}");
    let Some(there) = there else { return };
    // What is as deep as it may be gets deeper where the prefix does.
    if there.0.segments().count() <= MAX_SEGMENTS {
        is_canonical(&there.0);
    }
    assert!(there.0.starts_with(&map.upstream().0), "{path} became {there}");
    let back = map.to_public(&there).expect("what was mapped can be mapped back");
    assert_eq!(back.0.key(), path.0.key(), "by way of {there}");
    assert_eq!(map.relative_key(&back), map.relative_key(path));
    // The prefix has the letters of the configuration afterwards, and is a collection.
    let (text, expected) = (back.to_string(), path.to_string());
    if expected.starts_with(&map.public().to_string()) {
        assert_eq!(text, expected);
    }
}
